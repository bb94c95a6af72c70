package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tcpsee/capture"
	"tcpsee/capture/drive"
)

// parts are what a child may be.
var parts = map[string]func() any{
	"confined": confinedPart,
	"reader":   readerPart,
	"seccomp":  seccompPart,
	"names":    namesPart,
	"ordinary": ordinaryPart,
	"mapped":   mappedPart,
	"driver":   driverPart,
}

// TestPart is no test of its own: it is where children begin.
func TestPart(t *testing.T) {
	part := parts[os.Getenv(asPart)]
	if part == nil {
		return
	}
	if err := json.NewEncoder(os.Stdout).Encode(part()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// nobody is an ordinary user in these tests.
const nobody = 65534

// child is a part that runs.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
}

// startPart starts this binary as a part. Where nobody can get to the binary
// it is started from a place where they can.
func startPart(t *testing.T, part string, env []string, attr *syscall.SysProcAttr) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(openBinary(t), "-test.run=^TestPart$")}
	c.cmd.Env = append([]string{asPart + "=" + part, "PATH=" + os.Getenv("PATH")}, env...)
	c.cmd.SysProcAttr, c.cmd.Stderr = attr, os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.in.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

// openBinary copies the test binary to where every user may start it.
func openBinary(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "tcpsee-rights-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "part")
	in, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

// line reads one line of the child's.
func (c *child) line() string {
	c.t.Helper()
	s, err := c.lines.ReadString('\n')
	if err != nil {
		c.t.Fatalf("the child ended: %v", err)
	}
	return strings.TrimSpace(s)
}

// result reads what the child ends with.
func (c *child) result(v any) {
	c.t.Helper()
	if s := c.line(); json.Unmarshal([]byte(s), v) != nil {
		c.t.Fatalf("the child says %q", s)
	}
}

// threads returns a field of the status of every thread.
func threads(t *testing.T, pid int, field string) map[string]string {
	t.Helper()
	list, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(list) == 0 {
		t.Fatalf("threads of %d: %v, %v", pid, list, err)
	}
	got := make(map[string]string)
	for _, path := range list {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that ended
		}
		for l := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(l, field+":"); ok {
				got[path] = strings.Join(strings.Fields(v), " ")
			}
		}
	}
	return got
}

// checkStatus compares fields of the status of every thread.
func checkStatus(t *testing.T, pid int, want map[string]string) {
	t.Helper()
	for field, value := range want {
		for path, got := range threads(t, pid, field) {
			if got != value {
				t.Errorf("%s: %s is %q, want %q", path, field, got, value)
			}
		}
	}
}

const noCapability = "0000000000000000"

// haveLandlock skips where the kernel has none, or less than wanted.
func haveLandlock(t *testing.T, abi int) {
	t.Helper()
	if v := landlockABI(); v < abi {
		t.Skipf("needs Landlock %d, and this kernel has %d", abi, v)
	}
}

// confinedResult is what a confined process could do.
type confinedResult struct {
	Failed   string // what went wrong before confine
	Open     map[string]string
	Frames   int
	Dropped  uint64
	Filtered bool
	Made     string
	Dial     string
	Answered bool
}

// confinedPart captures on loopback, confines itself, and tries what it should
// and what it should not be able to do.
func confinedPart() any {
	var r confinedResult
	live, err := capture.OpenLive(capture.LiveOptions{Interface: "lo", Filter: nil})
	if err != nil {
		return confinedResult{Failed: err.Error()}
	}
	lc := net.ListenConfig{}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return confinedResult{Failed: err.Error()}
	}
	dir := os.Getenv("TCPSEE_TEST_DIR")
	early, err := os.Create(filepath.Join(dir, "early"))
	if err != nil {
		return confinedResult{Failed: err.Error()}
	}
	locked := make(chan struct{}) // threads that were there before change too
	for range 3 {
		go func() {
			runtime.LockOSThread()
			<-locked
		}()
	}
	answered := make(chan bool, 1)
	go func() { // a thread that waits in a system call
		c, err := l.Accept()
		if err == nil {
			_, err = c.Write([]byte("hello"))
			c.Close()
		}
		answered <- err == nil
	}()
	time.Sleep(20 * time.Millisecond)
	if err := confine(confinement{write: []string{dir}}); err != nil {
		return confinedResult{Failed: err.Error()}
	}
	fmt.Println(l.Addr())
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the parent has looked at this process, and connected
	r.Answered = <-answered
	r.Frames = capturedFrames(live)
	r.Filtered = live.SetFilter([]capture.Instruction{{Op: unix.BPF_RET | unix.BPF_K, K: 0}}) == nil
	r.Dropped = live.Stats().Dropped
	_, err = early.WriteString("still open")
	r.Open = map[string]string{"early write": text(err)}
	for name, f := range forbiddenOpens(dir) {
		r.Open[name] = text(f())
	}
	made, err := os.OpenFile(filepath.Join(dir, "late"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err == nil {
		_, err = made.WriteString("made")
		made.Close()
	}
	r.Made = text(err)
	_, err = net.DialTimeout("tcp", l.Addr().String(), time.Second)
	r.Dial = text(err)
	return r
}

// forbiddenOpens are what a confined process has not been told it may do.
func forbiddenOpens(dir string) map[string]func() error {
	return map[string]func() error{
		"open /etc/passwd": func() error { return opened(os.Open("/etc/passwd")) },
		"open early":       func() error { return opened(os.Open(filepath.Join(dir, "early"))) },
		"list dir":         func() error { _, err := os.ReadDir(dir); return err },
		"remove early":     func() error { return os.Remove(filepath.Join(dir, "early")) },
		"list /proc":       func() error { _, err := os.ReadDir("/proc/self/fd"); return err },
		"open tty":         func() error { return opened(os.OpenFile("/dev/tty", os.O_RDWR, 0)) },
		"make elsewhere":   func() error { return opened(os.Create(filepath.Join(dir, "..", "elsewhere"))) },
		"start a program":  func() error { return exec.Command("/bin/true").Run() },
		"become root":      func() error { return syscall.Setuid(0) },
		"packet socket": func() error {
			_, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
			return err
		},
	}
}

func opened(f *os.File, err error) error {
	if err == nil {
		f.Close()
	}
	return err
}

// text is an error in a word.
func text(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, fs.ErrPermission):
		return "refused"
	}
	return err.Error()
}

// capturedFrames counts the frames that come within a second.
func capturedFrames(l *capture.Live) int {
	_ = l.SetDeadline(time.Now().Add(time.Second))
	n := 0
	for {
		fs, err := l.Next()
		for i := range fs {
			if len(fs[i].Data) > 0 {
				n++
			}
		}
		if err != nil || n > 5 {
			return n
		}
	}
}

// sharedDir is a directory that nobody may write to.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tcpsee-files-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return dir
}

// confineChild starts a confined child and looks at it.
func confineChild(t *testing.T, env []string, attr *syscall.SysProcAttr, want map[string]string) confinedResult {
	t.Helper()
	c := startPart(t, "confined", env, attr)
	at, err := netip.ParseAddrPort(c.line())
	if err != nil {
		t.Fatal(err)
	}
	checkStatus(t, c.cmd.Process.Pid, want)
	conn, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	if err != nil || string(b) != "hello" {
		t.Errorf("read %q, %v", b, err)
	}
	conn.Close()
	fmt.Fprintln(c.in)
	var r confinedResult
	c.result(&r)
	return r
}

func checkConfined(t *testing.T, r confinedResult) {
	t.Helper()
	if r.Failed != "" {
		t.Fatal(r.Failed)
	}
	if r.Frames == 0 || !r.Filtered || !r.Answered {
		t.Errorf("capture and connections go on: %+v", r)
	}
	for what, got := range r.Open {
		want := "refused"
		if what == "early write" {
			want = "done"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	if r.Made != "done" {
		t.Errorf("make a file in the folder for saving: %s", r.Made)
	}
	if landlockABI() >= 4 && r.Dial != "refused" {
		t.Errorf("connect: %s", r.Dial)
	}
}

func TestConfineUnderSudo(t *testing.T) {
	needRights(t)
	haveLandlock(t, 1)
	dir := sharedDir(t)
	id := strconv.Itoa(nobody)
	r := confineChild(t, []string{"SUDO_UID=" + id, "SUDO_GID=" + id, "TCPSEE_TEST_DIR=" + dir}, nil, map[string]string{
		"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534", "Groups": id,
		"CapInh": noCapability, "CapPrm": noCapability, "CapEff": noCapability, "CapBnd": noCapability, "CapAmb": noCapability,
		"NoNewPrivs": "1",
	})
	checkConfined(t, r)
	st, err := os.Stat(filepath.Join(dir, "late"))
	if err != nil || st.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("the file belongs to %+v, %v", st, err)
	}
}

func TestConfinePlainRoot(t *testing.T) {
	needRights(t)
	haveLandlock(t, 1)
	dir := t.TempDir()
	r := confineChild(t, []string{"TCPSEE_TEST_DIR=" + dir}, nil, map[string]string{
		"Uid": "0 0 0 0", "CapInh": noCapability, "CapPrm": noCapability, "CapEff": noCapability,
		"CapBnd": noCapability, "CapAmb": noCapability, "NoNewPrivs": "1",
	})
	// Root without a capability may still set its number to its own.
	delete(r.Open, "become root")
	checkConfined(t, r)
}

// TestConfineWithoutRoot is an ordinary user with the capability to capture,
// as a file capability gives it.
func TestConfineWithoutRoot(t *testing.T) {
	needRights(t)
	haveLandlock(t, 1)
	dir := sharedDir(t)
	r := confineChild(t, []string{"TCPSEE_TEST_DIR=" + dir}, &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: nobody, Gid: nobody},
		AmbientCaps: []uintptr{unix.CAP_NET_RAW},
	}, map[string]string{
		"Uid": "65534 65534 65534 65534", "CapInh": noCapability, "CapPrm": noCapability, "CapEff": noCapability,
		"CapAmb": noCapability, "NoNewPrivs": "1",
	})
	checkConfined(t, r)
}

// needRights skips where this process is not root with the capabilities that
// the tests give away.
func needRights(t *testing.T) {
	t.Helper()
	const all = 1<<unix.CAP_NET_RAW | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETPCAP | namesCapabilities
	if have, err := ownCapabilities(); os.Geteuid() != 0 || err != nil || have&all != all {
		t.Skip("needs root and its capabilities")
	}
}

// readerPart reads a file as replay does: opened, then confined.
func readerPart() any {
	r := map[string]string{}
	f, err := os.Open(os.Getenv("TCPSEE_TEST_FILE"))
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	if err := confine(confinement{read: []string{"/proc/version", "/etc"}}); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	b, err := io.ReadAll(f)
	r["read"] = string(b) + text(err)
	r["again"] = text(opened(os.Open(os.Getenv("TCPSEE_TEST_FILE"))))
	r["told file"] = text(opened(os.Open("/proc/version")))
	r["told folder"] = text(opened(os.Open("/etc/passwd")))
	r["write there"] = text(opened(os.OpenFile("/etc/passwd", os.O_WRONLY, 0)))
	_, err = net.Listen("tcp4", "127.0.0.1:0")
	r["listen"] = text(err)
	return r
}

func TestConfineNeedsNoRight(t *testing.T) {
	haveLandlock(t, 4)
	dir := t.TempDir()
	file := filepath.Join(dir, "lesson")
	if err := os.WriteFile(file, []byte("bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	var attr *syscall.SysProcAttr
	if os.Geteuid() == 0 {
		attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		for d := dir; d != "/tmp" && d != "/"; d = filepath.Dir(d) {
			_ = os.Chmod(d, 0o755)
		}
	}
	c := startPart(t, "reader", []string{"TCPSEE_TEST_FILE=" + file}, attr)
	var r map[string]string
	c.result(&r)
	want := map[string]string{"read": "bytesdone", "again": "refused", "told file": "done", "told folder": "done", "write there": "refused", "listen": r["listen"]}
	for k, v := range want {
		if r[k] != v {
			t.Errorf("%s: %q, want %q", k, r[k], v)
		}
	}
	if len(r) != len(want) {
		t.Errorf("got %v", r)
	}
}

// mappedPart says what becomeUser did.
func mappedPart() any {
	err := confine(confinement{})
	return map[string]string{"confine": text(err), "uid": strconv.Itoa(os.Getuid())}
}

// TestConfineInUserNamespace: the user who called sudo does not exist there,
// and only capabilities can be given up.
func TestConfineInUserNamespace(t *testing.T) {
	c := exec.Command(openBinary(t), "-test.run=^TestPart$")
	c.Env = []string{asPart + "=mapped", "SUDO_UID=1234", "SUDO_GID=1234"}
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.Output()
	if err != nil && len(out) == 0 {
		t.Skipf("needs user namespaces: %v", err)
	}
	if got, want := strings.TrimSpace(string(out)), `{"confine":"done","uid":"0"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSudoAccount(t *testing.T) {
	for _, c := range []struct {
		uid, gid string
		want     int
		err      bool
		nobody   bool
	}{
		{"1000", "100", 1000, false, false},
		{"", "", 0, false, true},
		{"0", "0", 0, false, true},
		{"-1", "100", 0, true, false},         // would be "leave as it is"
		{"4294967295", "100", 0, true, false}, // the same, unsigned
		{"1000", "4294967295", 0, true, false},
		{"1000", "", 0, true, false},
		{"root", "0", 0, true, false},
		{"99999999999", "1", 0, true, false},
	} {
		t.Setenv("SUDO_UID", c.uid)
		t.Setenv("SUDO_GID", c.gid)
		got, err := sudoAccount()
		if got.uid != c.want || errors.Is(err, errNoAccount) != c.nobody || (err != nil) != (c.err || c.nobody) {
			t.Errorf("%q, %q: %+v, %v", c.uid, c.gid, got, err)
		}
	}
}

// TestConfineRefusesUnknownUser: a SUDO_UID that makes no sense must not leave
// root root.
func TestConfineRefusesUnknownUser(t *testing.T) {
	needRights(t)
	c := startPart(t, "mapped", []string{"SUDO_UID=-1", "SUDO_GID=-1"}, nil)
	var r map[string]string
	c.result(&r)
	if !strings.Contains(r["confine"], "give up root") {
		t.Errorf("got %v", r)
	}
}

// driverPart connects as the driver does, before and after it is confined to
// one port.
func driverPart() any {
	r := map[string]string{}
	ports := strings.Split(os.Getenv("TCPSEE_TEST_PORTS"), ",")
	plan, err := drive.Prepare(background(), drive.DialOptions{Host: "127.0.0.1", Port: ports[0]}, func(drive.Call) {})
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	other, err := drive.Prepare(background(), drive.DialOptions{Host: "127.0.0.1", Port: ports[1]}, func(drive.Call) {})
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	bound, err := plan.Bind(0)
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	if err := becomeUser(); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	out, err := os.Create(filepath.Join(os.Getenv("TCPSEE_TEST_DIR"), "out"))
	r["output"] = text(err)
	if err := confine(confinement{connect: []uint16{plan.Targets[0].Port()}, bind: []uint16{0}}); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	_, err = out.WriteString("row")
	r["write"] = text(err)
	connect := func(a *drive.Attempt, err error) string {
		if err != nil {
			return text(err)
		}
		c, err := a.Connect(background())
		if err == nil {
			err = c.Close()
		}
		return text(err)
	}
	r["first"] = connect(bound, nil)
	r["next"] = connect(plan.Bind(0))
	r["other port"] = connect(other.Bind(0))
	return r
}

// TestConfineTheDriver: connections to the port that was asked for go on.
func TestConfineTheDriver(t *testing.T) {
	haveLandlock(t, 4)
	dir := t.TempDir()
	env := []string{"TCPSEE_TEST_DIR=" + dir}
	if os.Geteuid() == 0 {
		dir = sharedDir(t)
		id := strconv.Itoa(nobody)
		env = []string{"TCPSEE_TEST_DIR=" + dir, "SUDO_UID=" + id, "SUDO_GID=" + id}
	}
	var ports []string
	for range 2 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	c := startPart(t, "driver", append(env, "TCPSEE_TEST_PORTS="+strings.Join(ports, ",")), nil)
	var r map[string]string
	c.result(&r)
	want := map[string]string{"output": "done", "write": "done", "first": "done", "next": "done", "other port": "refused"}
	for k, v := range want {
		if r[k] != v {
			t.Errorf("%s: %q, want %q: %v", k, r[k], v, r)
		}
	}
	st, err := os.Stat(filepath.Join(dir, "out"))
	if err != nil || os.Geteuid() == 0 && st.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("the output belongs to %+v, %v", st, err)
	}
}
