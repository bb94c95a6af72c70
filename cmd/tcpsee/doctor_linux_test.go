package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"tcpsee/capture"
)

// otherMachine is one whose /proc and /sys hold what files says.
func otherMachine(root bool, files map[string]string) machine {
	return machine{root: root, exe: "/opt/tcpsee", release: "6.1.0-13-amd64",
		read: func(name string) (string, error) {
			if s, ok := files[name]; ok {
				return s, nil
			}
			if name == "/proc/self/uid_map" { // outside of user namespaces
				return "0 0 4294967295", nil
			}
			return "", fs.ErrNotExist
		},
		exists: func(name string) bool { _, ok := files[name]; return ok || name == "/proc/self/exe" },
	}
}

func TestDoctorJudges(t *testing.T) {
	denied := fmt.Errorf("open: %w", &capture.PermissionError{Op: "capture on lo", Missing: "root or the capability CAP_NET_RAW", Hint: "sudo", Err: unix.EPERM})
	docker := map[string]string{"/.dockerenv": ""}
	nosuid := otherMachine(false, nil)
	nosuid.nosuid = true
	new617 := otherMachine(false, map[string]string{"/sys/kernel/security/lsm": "capability,yama"})
	new617.release = "6.17.0"
	mapped := otherMachine(true, map[string]string{"/proc/self/uid_map": "         0       1000          1"})
	foreign := mapped
	foreign.caps = 1 << unix.CAP_NET_RAW
	user, root, contained := otherMachine(false, nil), otherMachine(true, nil), otherMachine(true, docker)
	sysctl := func(name, value string) machine {
		return otherMachine(false, map[string]string{"/proc/sys/" + name: value})
	}
	scope := func(n string) machine { return sysctl("kernel/yama/ptrace_scope", n) }
	noProc := user
	noProc.exists = func(string) bool { return false }
	const refused = "this system does not allow tracing (ptrace: operation not permitted)"
	env := func(user string) func(string) string {
		return func(name string) string { return map[string]string{"SUDO_USER": user}[name] }
	}
	for _, c := range []struct {
		name    string
		got     diagnosis
		ability ability
		text    string // a part of it
		remedy  string // a part of it, empty where there is none
	}{
		{"user's session", user.session(env(""), false), abilityOK, "an ordinary user", ""},
		{"root's", root.session(env(""), true), abilityOK, "root, over ssh: its own packets are left out", ""},
		{"sudo's", root.session(env("alice"), false), abilityOK, "root by sudo for alice", ""},
		{"a namespace's", mapped.session(env(""), false), abilityOK, "root of a user namespace", ""},
		{"a container's", contained.session(env(""), false), abilityOK, "root, in a container: what is seen is the container's network", ""},
		{"systemd's container", otherMachine(true, map[string]string{"/run/systemd/container": "lxc"}).session(env(""), false), abilityOK, "in a container", ""},

		{"root captures", root.captureDiagnosis(nil), abilityOK, "this is root, and gives that up", ""},
		{"capability", user.captureDiagnosis(nil), abilityOK, "CAP_NET_RAW", ""},
		{"user", user.captureDiagnosis(denied), abilityMissing, "CAP_NET_RAW", "sudo setcap cap_net_raw+ep /opt/tcpsee"},
		{"nosuid", nosuid.captureDiagnosis(denied), abilityMissing, "CAP_NET_RAW", "sudo setcap cap_net_raw+ep /usr/local/bin/tcpsee"},
		{"root without the right", root.captureDiagnosis(denied), abilityMissing, "CAP_NET_RAW", "give this root CAP_NET_RAW"},
		{"root in a container", contained.captureDiagnosis(denied), abilityMissing, "CAP_NET_RAW", "--cap-add NET_RAW"},
		{"root of a namespace", mapped.captureDiagnosis(nil), abilityOK, "sees the network of that alone", ""},
		{"and of another's network", foreign.captureDiagnosis(denied), abilityMissing, "not that of this user namespace", "unshare -rn"},
		{"sandbox", root.captureDiagnosis(unix.EAFNOSUPPORT), abilityMissing, "not supported", ""},

		{"namespaces", user.namespaces(nil), abilityOK, "without root", ""},
		{"Ubuntu", sysctl("kernel/apparmor_restrict_unprivileged_userns", "1").namespaces(errProbe), abilityMissing, "AppArmor", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		{"old Debian", sysctl("kernel/unprivileged_userns_clone", "0").namespaces(unix.EPERM), abilityMissing, "ordinary users", "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
		{"none", sysctl("user/max_user_namespaces", "0").namespaces(unix.ENOSPC), abilityMissing, "none may be made", "sudo sysctl -w user.max_user_namespaces"},
		{"container", otherMachine(false, docker).namespaces(unix.EPERM), abilityMissing, "container", "--cap-add NET_RAW"},
		{"other", user.namespaces(unix.EPERM), abilityMissing, "operation not permitted", ""},

		{"Landlock 7", user.confinement(7), abilityOK, "Landlock 7: files and TCP are out of reach", ""},
		{"Landlock 2", user.confinement(2), abilityLimited, "TCP is from Linux 6.7 on", ""},
		{"no Landlock", user.confinement(0), abilityMissing, "5.13", ""},
		{"Landlock off", new617.confinement(0), abilityMissing, "not switched on", "lsm=landlock,capability,yama"},

		{"own names", user.names(helloSeccomp, nil), abilityLimited, "your own processes only, as long as they live", "sudo /opt/tcpsee watch"},
		{"all names", root.names(helloAll|helloSeccomp|helloTrace, nil), abilityOK, "all users, those too that end at once", ""},
		{"a namespace's names", mapped.names(helloAll|helloSeccomp, nil), abilityOK, "processes of this user namespace", ""},
		{"a weak root's", root.names(helloSeccomp, nil), abilityLimited, "it lacks CAP_SYS_PTRACE", ""},
		{"a container's", contained.names(helloSeccomp, nil), abilityLimited, "it lacks CAP_SYS_PTRACE", "--cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH"},
		{"without seccomp", root.names(helloAll, nil), abilityOK, "not limited by seccomp", ""},
		{"no names", root.names(0, errors.New("no proc")), abilityMissing, "no proc", ""},
		{"no names without proc", noProc.names(0, errors.New("no such file")), abilityMissing, "/proc is not mounted: processes cannot be named", "mount -t proc"},

		{"traced", scope("2").tracing("", nil), abilityOK, "can be shown", ""},
		{"no yama", user.tracing(refused, nil), abilityMissing, refused + ": a wrapped command's packets are drawn", ""},
		{"yama 2", scope("2").tracing(refused, nil), abilityMissing, "kept for root", "sudo sysctl -w kernel.yama.ptrace_scope=1"},
		{"yama 3", scope("3").tracing(refused, nil), abilityMissing, "until the next start", ""},
		{"traced in a container", contained.tracing(refused, nil), abilityMissing, "not allowed in this container", "--cap-add SYS_PTRACE"},
		{"no proc", noProc.tracing("", errors.New("no such file")), abilityMissing, "/proc is not mounted", "mount -t proc"},
		{"no tracer", user.tracing("", errors.New("exec format error")), abilityMissing, "cannot start a command: exec format error", ""},
	} {
		if c.got.ability != c.ability || !strings.Contains(c.got.text, c.text) ||
			!strings.Contains(c.got.remedy, c.remedy) || (c.remedy == "") != (c.got.remedy == "") {
			t.Errorf("%s: %+v", c.name, c.got)
		}
	}
}

// TestDoctorTells draws the whole of what an ordinary user and a user of sudo
// read, as a window of 80 columns folds it.
func TestDoctorTells(t *testing.T) {
	denied := &capture.PermissionError{Op: "capture on lo", Missing: "root or the capability CAP_NET_RAW", Hint: "sudo", Err: unix.EPERM}
	none := func(string) string { return "" }
	sudo := func(name string) string { return map[string]string{"SUDO_USER": "alice"}[name] }
	ubuntu := otherMachine(false, map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"})
	for _, c := range []struct {
		name string
		facts
		can  bool
		want string
	}{
		{"stock Debian", facts{machine: otherMachine(false, nil), env: none, captured: denied, landlock: 2, ready: helloSeccomp}, true, `
ok       system       Linux 6.1.0-13-amd64 on GOARCH
ok       session      an ordinary user
missing  capture      not allowed: it takes root or the capability CAP_NET_RAW
                      try: sudo setcap cap_net_raw+ep /opt/tcpsee
                           (once; or sudo before each command)
ok       namespaces   allowed: tcpsee demo is live without root
limited  confinement  Landlock 2: files are out of reach of what parses packets,
                      TCP is from Linux 6.7 on
limited  names        your own processes only, as long as they live
                      try: sudo /opt/tcpsee watch …
                           (with sudo those of all users are named)
ok       tracing      socket calls of a wrapped command can be shown
`},
		{"Ubuntu", facts{machine: ubuntu, env: none, captured: denied, isolated: errProbe, landlock: 7, ready: helloSeccomp}, false, `
ok       system       Linux 6.1.0-13-amd64 on GOARCH
ok       session      an ordinary user
missing  capture      not allowed: it takes root or the capability CAP_NET_RAW
                      try: sudo setcap cap_net_raw+ep /opt/tcpsee
                           (once; or sudo before each command)
missing  namespaces   restricted by AppArmor, as Ubuntu does since 23.10: tcpsee
                      demo is not live without the right to capture
                      try: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
                           (for all programs; the right to capture is the
                           smaller step)
ok       confinement  Landlock 7: files and TCP are out of reach of what parses
                      packets
limited  names        your own processes only, as long as they live
                      try: sudo /opt/tcpsee watch …
                           (with sudo those of all users are named)
ok       tracing      socket calls of a wrapped command can be shown
`},
		{"sudo of a user that is gone", facts{machine: otherMachine(true, nil), env: sudo, ssh: true, sudo: errors.New("user 1000: no such user"), method: "ring of 64 blocks of 256 KiB", landlock: 7, ready: helloAll | helloSeccomp | helloTrace}, true, `
ok       system       Linux 6.1.0-13-amd64 on GOARCH
ok       session      root by sudo for alice, over ssh: its own packets are left
                      out of the picture (--ssh draws them)
ok       capture      allowed: this is root, and gives that up as soon as the
                      capture is open
missing  sudo         no command that captures starts: user 1000: no such user
                      try: env -u SUDO_UID -u SUDO_GID … stays root
ok       reading      ring of 64 blocks of 256 KiB
ok       namespaces   allowed: tcpsee demo is live without root
ok       confinement  Landlock 7: files and TCP are out of reach of what parses
                      packets
ok       names        processes of all users, those too that end at once
ok       tracing      socket calls of a wrapped command can be shown
`},
	} {
		list := c.diagnoses()
		var b strings.Builder
		if err := writeDiagnoses(&b, list, 80); err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(strings.TrimPrefix(c.want, "\n"), "GOARCH", runtime.GOARCH); b.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, &b, want)
		}
		if canCapture(list) != c.can {
			t.Errorf("%s: can capture: %v", c.name, !c.can)
		}
	}
}

// TestAdviceOf: every refusal of the right to capture carries what the doctor
// advises, with the command as it was typed.
func TestAdviceOf(t *testing.T) {
	nosuid := otherMachine(false, nil)
	nosuid.nosuid = true
	for _, c := range []struct {
		machine
		want []string
	}{
		{otherMachine(false, nil), []string{"sudo ", " watch 'port 3000'\n", "or, once and for all users: sudo setcap cap_net_raw+ep /opt/tcpsee\n", "tcpsee doctor says"}},
		{nosuid, []string{"sudo ", "sudo install -m 755 /opt/tcpsee /usr/local/bin/tcpsee && sudo setcap"}},
		{otherMachine(true, nil), []string{"give this root CAP_NET_RAW"}},
		{otherMachine(true, map[string]string{"/.dockerenv": ""}), []string{"docker run --cap-add NET_RAW"}},
	} {
		got := c.advice([]string{"watch", "port 3000"})
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("no %q in %q", w, got)
			}
		}
		if strings.Contains(got, "(once;") {
			t.Errorf("said twice: %q", got)
		}
	}
}

// TestDoctorAsNobody: an ordinary user is told what grants the right, and the
// status says whether anything can be captured.
func TestDoctorAsNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become an ordinary user")
	}
	c := exec.Command(openBinary(t), "doctor")
	c.Env = []string{asCommand + "=1", "PATH=" + os.Getenv("PATH"), "HOME=/"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := c.Output()
	text := string(out)
	if strings.Contains(text, "processes cannot be named") {
		t.Errorf("the helper does not start:\n%s", text)
	}
	if !strings.Contains(text, "missing  capture") || !strings.Contains(text, "setcap cap_net_raw+ep") {
		t.Errorf("%v:\n%s", err, text)
	}
	isolated := strings.Contains(text, "ok       namespaces")
	if isolated != (err == nil) {
		t.Errorf("namespaces allowed: %v, and the status: %v", isolated, err)
	}
}

func TestAdviceForCapture(t *testing.T) {
	err := fmt.Errorf("watch: %w", &capture.PermissionError{Op: "capture on lo", Missing: "root", Hint: "sudo", Err: unix.EPERM})
	got := adviceFor(err)
	if os.Geteuid() == 0 {
		if !strings.Contains(got, "CAP_NET_RAW") {
			t.Errorf("root is told %q", got)
		}
		return
	}
	exe, _ := os.Executable()
	if !strings.HasPrefix(got, "sudo ") || !strings.Contains(got, filepath.Base(exe)) {
		t.Errorf("got %q", got)
	}
}
