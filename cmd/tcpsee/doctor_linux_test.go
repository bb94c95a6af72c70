package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
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
			return "", fs.ErrNotExist
		},
		exists: func(name string) bool { _, ok := files[name]; return ok || name == "/proc/self/exe" },
	}
}

func TestDoctorJudges(t *testing.T) {
	denied := fmt.Errorf("open: %w", &capture.PermissionError{Op: "capture on lo", Missing: "root or the capability CAP_NET_RAW", Hint: "sudo", Err: unix.EPERM})
	docker := map[string]string{"/.dockerenv": ""}
	first := func(d diagnosis, _ string) diagnosis { return d }
	nosuid := otherMachine(false, nil)
	nosuid.nosuid = true
	new617 := otherMachine(false, map[string]string{"/sys/kernel/security/lsm": "capability,yama"})
	new617.release = "6.17.0"
	tracer := otherMachine(true, map[string]string{"/proc/sys/kernel/yama/ptrace_scope": "2"})
	tracer.caps = 1 << unix.CAP_SYS_PTRACE
	scope := func(n string) machine {
		return otherMachine(false, map[string]string{"/proc/sys/kernel/yama/ptrace_scope": n})
	}
	sysctl := func(name, value string) machine {
		return otherMachine(false, map[string]string{"/proc/sys/" + name: value})
	}
	for _, c := range []struct {
		name    string
		got     diagnosis
		ability ability
		text    string // a part of it
		remedy  string // a part of it, empty where there is none
	}{
		{"root captures", first(otherMachine(true, nil).captureDiagnosis("ring", nil)), abilityOK, "root", ""},
		{"capability", first(otherMachine(false, nil).captureDiagnosis("ring", nil)), abilityOK, "CAP_NET_RAW", ""},
		{"user", first(otherMachine(false, nil).captureDiagnosis("", denied)), abilityMissing, "CAP_NET_RAW", "sudo setcap cap_net_raw+ep /opt/tcpsee"},
		{"nosuid", first(nosuid.captureDiagnosis("", denied)), abilityMissing, "CAP_NET_RAW", "sudo setcap cap_net_raw+ep /usr/local/bin/tcpsee"},
		{"root in a container", first(otherMachine(true, docker).captureDiagnosis("", denied)), abilityMissing, "CAP_NET_RAW", "--cap-add NET_RAW"},
		{"sandbox", first(otherMachine(true, nil).captureDiagnosis("", unix.EAFNOSUPPORT)), abilityMissing, "not supported", ""},

		{"namespaces", otherMachine(false, nil).namespaces(nil), abilityOK, "without root", ""},
		{"Ubuntu", sysctl("kernel/apparmor_restrict_unprivileged_userns", "1").namespaces(errProbe), abilityMissing, "AppArmor", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		{"old Debian", sysctl("kernel/unprivileged_userns_clone", "0").namespaces(unix.EPERM), abilityMissing, "ordinary users", "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
		{"none", sysctl("user/max_user_namespaces", "0").namespaces(unix.ENOSPC), abilityMissing, "none may be made", "sudo sysctl -w user.max_user_namespaces"},
		{"container", otherMachine(false, docker).namespaces(unix.EPERM), abilityMissing, "container", "--cap-add NET_RAW"},
		{"other", otherMachine(false, nil).namespaces(unix.EPERM), abilityMissing, "operation not permitted", ""},

		{"Landlock 7", otherMachine(false, nil).confinement(7), abilityOK, "Landlock 7", ""},
		{"Landlock 2", otherMachine(false, nil).confinement(2), abilityLimited, "Landlock 2", ""},
		{"no Landlock", otherMachine(false, nil).confinement(0), abilityMissing, "5.13", ""},
		{"Landlock off", new617.confinement(0), abilityMissing, "not switched on", "lsm=landlock,capability,yama"},

		{"own names", otherMachine(false, nil).names(helloSeccomp, nil), abilityLimited, "your own", "sudo"},
		{"all names", otherMachine(true, nil).names(helloAll|helloSeccomp|helloTrace, nil), abilityOK, "end at once", ""},
		{"no names", otherMachine(true, nil).names(0, errors.New("no proc")), abilityMissing, "no proc", ""},

		{"no yama", otherMachine(false, nil).tracing(), abilityOK, "socket calls", ""},
		{"yama 1", scope("1").tracing(), abilityOK, "socket calls", ""},
		{"yama 2", scope("2").tracing(), abilityMissing, "kept for root", "ptrace_scope=1"},
		{"yama 2 and root", tracer.tracing(), abilityOK, "socket calls", ""},
		{"yama 3", scope("3").tracing(), abilityMissing, "until the next start", ""},
	} {
		if c.got.ability != c.ability || !strings.Contains(c.got.text, c.text) ||
			!strings.Contains(c.got.remedy, c.remedy) || (c.remedy == "") != (c.got.remedy == "") {
			t.Errorf("%s: %+v", c.name, c.got)
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
