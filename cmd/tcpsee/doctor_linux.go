package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tcpsee/capture"
	"tcpsee/capture/drive"
)

// probeTime is how long a probe may take.
const probeTime = 5 * time.Second

// machine is what the doctor looks at. Tests have others.
type machine struct {
	root    bool
	caps    uint64
	read    func(string) (string, error) // a file of /proc or /sys
	exists  func(string) bool
	exe     string // as it is typed
	nosuid  bool   // the program lies where file capabilities have no effect
	release string
}

// thisMachine is the one that tcpsee runs on.
func thisMachine() machine {
	m := machine{root: os.Geteuid() == 0, exe: ownCommand(),
		read: func(name string) (string, error) {
			b, err := os.ReadFile(name)
			return strings.TrimSpace(string(b)), err
		},
		exists: func(name string) bool { _, err := os.Stat(name); return err == nil },
	}
	m.caps, _ = ownCapabilities()
	if path, err := os.Executable(); err == nil {
		var st unix.Statfs_t
		m.nosuid = unix.Statfs(path, &st) == nil && st.Flags&unix.ST_NOSUID != 0
		m.exe = quoted(path)
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.release = unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// setting reads a number below /proc/sys; ok is false where there is none.
func (m machine) setting(name string) (int, bool) {
	s, err := m.read("/proc/sys/" + name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// container reports whether this looks like one.
func (m machine) container() bool {
	if m.exists("/.dockerenv") || m.exists("/run/.containerenv") {
		return true
	}
	s, err := m.read("/run/systemd/container")
	return err == nil && s != ""
}

// inUserNamespace reports whether root is so of a user namespace alone, which
// maps fewer users than the first one does (user_namespaces(7)).
func (m machine) inUserNamespace() bool {
	s, err := m.read("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(s), " ") != "0 0 4294967295"
}

// foreign reports of one who may not capture, and has CAP_NET_RAW, that this is
// so in a user namespace to which the network does not belong.
func (m machine) foreign() bool {
	return m.root && m.inUserNamespace() && m.caps&(1<<unix.CAP_NET_RAW) != 0
}

// facts are what the doctor has found out of this system. Tests have others.
type facts struct {
	machine
	env       func(string) string
	ssh       bool   // an ancestor of this process is an ssh server
	sudo      error  // why this cannot become who called sudo; nil where it can
	method    string // how packets are read
	captured  error  // of trying to capture
	isolated  error  // of trying that in namespaces of one's own
	landlock  int    // its version
	ready     hello  // of the helper that names processes
	nameless  error  // why there is none
	untraced  string // why a wrapped command is not traced; empty where it is
	unstarted error  // why none is started
}

// systemDiagnoses is all that depends on this system.
func systemDiagnoses() []diagnosis { return thisSystem().diagnoses() }

// thisSystem tries everything once.
func thisSystem() *facts {
	f := &facts{machine: thisMachine(), env: os.Getenv, ssh: underSSH(), landlock: landlockABI(), isolated: probeIsolated()}
	if _, err := sudoAccount(); err != nil && !errors.Is(err, errNoAccount) {
		f.sudo = err
	}
	f.method, f.captured = openLoopback()
	f.ready, f.nameless = askHelper()
	f.untraced, f.unstarted = tryTracing()
	return f
}

// diagnoses judges the facts.
func (f *facts) diagnoses() []diagnosis {
	list := []diagnosis{{subject: "system", text: fmt.Sprintf("Linux %s on %s", f.release, runtime.GOARCH)}, f.session(f.env, f.ssh), f.captureDiagnosis(f.captured)}
	if f.root && f.sudo != nil {
		list = append(list, diagnosis{ability: abilityMissing, subject: "sudo", text: fmt.Sprintf("no command that captures starts: %v", f.sudo), remedy: "env -u SUDO_UID -u SUDO_GID … stays root"})
	}
	if f.method != "" {
		list = append(list, diagnosis{subject: "reading", text: f.method})
	}
	return append(list, f.namespaces(f.isolated), f.confinement(f.landlock), f.names(f.ready, f.nameless), f.tracing(f.untraced, f.unstarted))
}

// tryTracing has this program wrapped, and ends it before it begins.
func tryTracing() (missing string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	w, err := drive.Wrap(drive.WrapOptions{Command: []string{exe}}, nil)
	if err != nil {
		return "", err
	}
	return w.Missing(), w.Close()
}

// openLoopback tries to capture, and returns how packets are read.
func openLoopback() (method string, err error) {
	name := "lo"
	if list, err := capture.Interfaces(); err == nil {
		for _, i := range list {
			if i.Loopback {
				name = i.Name
			}
		}
	}
	live, err := capture.OpenLive(capture.LiveOptions{Interface: name})
	if err != nil {
		return "", err
	}
	return live.Method(), live.Close()
}

// captureDiagnosis is about the right to capture.
func (m machine) captureDiagnosis(err error) diagnosis {
	d := diagnosis{subject: subjectCapture}
	var denied *capture.PermissionError
	switch {
	case err == nil && m.root && m.inUserNamespace():
		d.text = "allowed: this is root of a user namespace, and sees the network of that alone"
	case err == nil && m.root:
		d.text = "allowed: this is root, and gives that up as soon as the capture is open"
	case err == nil:
		d.text = "allowed without root: this program has CAP_NET_RAW"
	case errors.As(err, &denied) && m.foreign():
		d.ability, d.text = abilityMissing, "not allowed: the network is not that of this user namespace"
		d.remedy, d.remark = m.grant()
	case errors.As(err, &denied):
		d.ability, d.text = abilityMissing, "not allowed: it takes "+denied.Missing
		if d.remedy, d.remark = m.grant(); !m.root && d.remark == "" {
			d.remark = "once; or sudo before each command"
		}
	default:
		d.ability, d.text = abilityMissing, err.Error()
	}
	return d
}

// grant is the one command that allows to capture, and a remark on it.
func (m machine) grant() (command, remark string) {
	switch {
	case m.foreign():
		return "unshare -rn …", "the rights of a user namespace are over networks of its own; over the machine's has sudo, outside"
	case m.root && m.container():
		return "docker run --cap-add NET_RAW …: root in this container lacks CAP_NET_RAW", ""
	case m.root:
		return "give this root CAP_NET_RAW: whatever started it took it away", ""
	case m.nosuid:
		return "sudo install -m 755 " + m.exe + " /usr/local/bin/tcpsee && sudo setcap cap_net_raw+ep /usr/local/bin/tcpsee", "no capability works where it lies now"
	}
	return "sudo setcap cap_net_raw+ep " + m.exe, ""
}

// remarked is a command with a remark on it, if there is one.
func remarked(command, remark string) string {
	if remark == "" {
		return command
	}
	return command + " (" + remark + ")"
}

// captureAdvice is what an error says that needs the right to capture.
func captureAdvice() string {
	return thisMachine().advice(os.Args[1:])
}

// advice is what is told of a command with these arguments.
func (m machine) advice(args []string) string {
	grant := remarked(m.grant())
	if m.root {
		return grant
	}
	return sudoCommand(args) + "\nor, once and for all users: " + grant + "\ntcpsee doctor says what else this machine allows"
}

// errProbe is what went wrong in the namespaces, and not in making them.
var errProbe = errors.New("no capturing in them")

// probeIsolated tries to capture in namespaces of one's own, as a process that
// gives up its rights before it makes them: the doctor needs its own still.
func probeIsolated() error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	return runProbe(ctx, nil, probeWord, probeInsideWord)
}

// probeInside makes the namespaces as runIsolated does.
func probeInside() error {
	if err := ownNamespaces(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	err := runProbe(ctx, inOwnNamespaces(), probeWord)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %w", errProbe, err)
	}
	return err
}

// runProbe runs this program, and returns what it says went wrong.
func runProbe(ctx context.Context, attr *syscall.SysProcAttr, args ...string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Args[0] = "tcpsee"
	cmd.SysProcAttr = attr
	cmd.WaitDelay = time.Second // for a process of a process that was killed
	var said bytes.Buffer
	cmd.Stderr = &said
	err = cmd.Run()
	if first, _, _ := strings.Cut(strings.TrimPrefix(said.String(), "error: "), "\n"); err != nil && first != "" {
		return fmt.Errorf("%s (%w)", first, err)
	}
	return err
}

// probe is what runs there.
func probe() error {
	if err := loopbackUp(); err != nil {
		return err
	}
	_, err := openLoopback()
	return err
}

// namespaces is about capturing without any right, in namespaces of one's own.
func (m machine) namespaces(err error) diagnosis {
	d := diagnosis{subject: subjectIsolated}
	if err == nil {
		d.text = "allowed: tcpsee demo is live without root"
		return d
	}
	d.ability = abilityMissing
	if n, ok := m.setting("kernel/apparmor_restrict_unprivileged_userns"); ok && n != 0 && !m.root {
		d.text = "restricted by AppArmor, as Ubuntu does since 23.10: tcpsee demo is not live without the right to capture"
		d.remedy, d.remark = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", "for all programs; the right to capture is the smaller step"
		return d
	}
	if n, ok := m.setting("kernel/unprivileged_userns_clone"); ok && n == 0 && !m.root {
		d.text, d.remedy = "switched off for ordinary users", "sudo sysctl -w kernel.unprivileged_userns_clone=1"
		return d
	}
	if n, ok := m.setting("user/max_user_namespaces"); ok && n == 0 {
		d.text, d.remedy = "switched off: none may be made", "sudo sysctl -w user.max_user_namespaces=15000"
		return d
	}
	d.text = fmt.Sprintf("not allowed: %v", err)
	if m.container() {
		d.text = "not allowed in this container"
		if !errors.Is(err, errNotIsolated) {
			d.text += fmt.Sprintf(": %v", err)
		}
		d.remedy = "docker run --cap-add NET_RAW …: with the right to capture they are not needed"
	}
	return d
}

// confinement is about what is taken from the process that parses packets.
func (m machine) confinement(abi int) diagnosis {
	d := diagnosis{subject: "confinement"}
	switch {
	case abi >= landlockNet:
		d.text = fmt.Sprintf("Landlock %d: files and TCP are out of reach of what parses packets", abi)
	case abi > 0:
		d.ability = abilityLimited
		d.text = fmt.Sprintf("Landlock %d: files are out of reach of what parses packets, TCP is from Linux 6.7 on", abi)
	default:
		d.ability, d.text = abilityMissing, "no Landlock (Linux 5.13 and later): capabilities are dropped all the same"
		if s, err := m.read("/sys/kernel/security/lsm"); err == nil && !strings.Contains(s, "landlock") && m.newerThan(5, 13) {
			d.text = "Landlock is not switched on: capabilities are dropped all the same"
			d.remedy = "add lsm=landlock," + s + " to the kernel's command line"
		}
	}
	return d
}

// landlockNet is the version of Landlock that knows TCP.
const landlockNet = 4

// newerThan compares the kernel's version.
func (m machine) newerThan(major, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(m.release, "%d.%d", &a, &b); err != nil {
		return false
	}
	return a > major || a == major && b >= minor
}

// askHelper starts the name helper to hear what it can do.
func askHelper() (hello, error) {
	n, err := startNames(namesOptions{})
	if err != nil {
		return 0, err
	}
	ready, err := n.wait()
	_ = n.close()
	return ready, err
}

const mountProc = "sudo mount -t proc proc /proc"

// names is about naming processes.
func (m machine) names(ready hello, err error) diagnosis {
	d := diagnosis{subject: "names"}
	if err != nil && !m.exists("/proc/self/exe") {
		d.ability, d.text, d.remedy = abilityMissing, "/proc is not mounted: processes cannot be named", mountProc
		return d
	}
	if err != nil {
		d.ability, d.text = abilityMissing, "processes cannot be named: "+err.Error()
		return d
	}
	switch {
	case ready&helloAll != 0 && m.root && m.inUserNamespace():
		d.text = "processes of this user namespace"
	case ready&helloAll != 0:
		d.text = "processes of all users"
	case m.root:
		d.ability, d.text = abilityLimited, "this root's own processes only, for it lacks CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH"
		if m.container() {
			d.remedy = "docker run --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH …"
		}
	default:
		d.ability, d.text = abilityLimited, "your own processes only"
		d.remedy, d.remark = "sudo "+m.exe+" watch …", "with sudo those of all users are named"
	}
	if ready&helloTrace != 0 {
		d.text += ", those too that end at once"
	} else {
		d.text += ", as long as they live"
	}
	if ready&helloSeccomp == 0 {
		d.text += "; the helper that looks is not limited by seccomp here"
	}
	return d
}

// tracing is about seeing a wrapped command's socket calls (ptrace(2)): missing
// says why they are not, and err why no command is started.
func (m machine) tracing(missing string, err error) diagnosis {
	d := diagnosis{subject: "tracing", text: "socket calls of a wrapped command can be shown"}
	if err == nil && missing == "" {
		return d
	}
	d.ability = abilityMissing
	const without = ": a wrapped command's packets are drawn, not its socket calls"
	switch scope, ok := m.setting("kernel/yama/ptrace_scope"); {
	case !m.exists("/proc/self/exe"):
		d.text, d.remedy = "/proc is not mounted: run cannot start its tracer", mountProc
	case err != nil:
		d.text = "run cannot start a command: " + err.Error()
	case ok && scope >= 3:
		d.text = "switched off until the next start (ptrace_scope 3)" + without
	case ok && scope == 2:
		d.text, d.remedy = "kept for root (ptrace_scope 2)"+without, "sudo sysctl -w kernel.yama.ptrace_scope=1"
	case m.container():
		d.text, d.remedy = "not allowed in this container"+without, "docker run --cap-add SYS_PTRACE …"
	default:
		d.text = missing + without
	}
	return d
}

// session is about who runs this, and over what.
func (m machine) session(env func(string) string, ssh bool) diagnosis {
	d := diagnosis{subject: "session"}
	var words []string
	switch user := env("SUDO_USER"); {
	case m.root && user != "":
		words = append(words, "root by sudo for "+user)
	case m.root && m.inUserNamespace():
		words = append(words, "root of a user namespace")
	case m.root:
		words = append(words, "root")
	default:
		words = append(words, "an ordinary user")
	}
	if ssh {
		words = append(words, "over ssh: its own packets are left out of the picture (--ssh draws them)")
	}
	if m.container() {
		words = append(words, "in a container: what is seen is the container's network")
	}
	d.text = strings.Join(words, ", ")
	return d
}
