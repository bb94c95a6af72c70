package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asNobody makes a command run as an ordinary user, from a copy of this
// program that such a user may run.
func asNobody(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	needRoot(t)
	cmd.Path = openBinary(t)
	dir := filepath.Dir(cmd.Path)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd.Args[0], cmd.Dir = cmd.Path, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// TestRunIsolated: an ordinary user runs a pair of programs in namespaces of
// its own, sees what they do, and gets their exit status.
func TestRunIsolated(t *testing.T) {
	python := needTool(t, "/usr/bin/python3", "/usr/local/bin/python3")
	if err := asNobody(t, tcpsee("__probe")).Run(); err == nil {
		t.Skip("this user may capture without namespaces")
	}
	pair := `import os, socket
l = socket.socket(); l.bind(("127.0.0.1", 3000)); l.listen(1)
c = socket.create_connection(("127.0.0.1", 3000)); s, _ = l.accept()
c.sendall(b"Hello"); s.recv(5); c.close(); s.close()
open("made", "w").write(os.environ.get("TCPSEE_ISOLATED", "unset"))
os._exit(99)`
	cmd := asNobody(t, tcpsee("run", "--isolated", "--width", "120", "--", python, "-c", pair))
	p := start(t, cmd)
	status := p.end(t)
	if strings.Contains(p.err.String(), errNotIsolated.Error()) {
		t.Skip("this system does not let users have namespaces")
	}
	if status != 99 {
		t.Errorf("exit status %d, want that of the command, 99", status)
	}
	inOrder(t, p.err.String(), "connection 1 on lo", "── SYN ", `"Hello"`, "closed by the client")
	inOrder(t, p.err.String(), "listen(backlog 1)", "accept() returns", "close()") // by call: on a busy machine these rows come late
	b, err := os.ReadFile(filepath.Join(cmd.Dir, "made"))
	if err != nil || string(b) != "unset" {
		t.Errorf("the command wrote %q, %v", b, err)
	}
	if st, err := os.Stat(filepath.Join(cmd.Dir, "made")); err == nil && st.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("its file belongs to user %d", st.Sys().(*syscall.Stat_t).Uid)
	}
}

// TestIsolatedEnds: what waits outside and what runs in the namespaces end together,
// also by a signal that neither can heed.
func TestIsolatedEnds(t *testing.T) {
	if err := tcpsee("run", "--isolated", "true").Run(); err != nil {
		t.Skip("this system has no namespaces for us")
	}
	for _, inner := range []bool{false, true} {
		p := start(t, tcpsee("run", "--isolated", "sh", "-c", "echo ready; sleep 60"))
		p.out.await(t, "ready")
		all := childrenOf(t, p.cmd.Process.Pid)
		if len(all) < 2 {
			t.Fatalf("only %d processes run inside", len(all))
		}
		want := -1
		if inner {
			want = 128 + int(syscall.SIGKILL)
			if err := syscall.Kill(all[0], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		} else {
			p.signal(t, syscall.SIGKILL)
		}
		if status := p.end(t); status != want {
			t.Errorf("exit status %d, want %d\n%s", status, want, p.err)
		}
		for _, pid := range all {
			awaitEnd(t, pid)
		}
	}
}

// TestRunNotIsolated: where no namespace may be made it is said what allows it.
func TestRunNotIsolated(t *testing.T) {
	unshare := needTool(t, "unshare")
	needRoot(t)
	inside := exec.Command(unshare, "--user", "--map-root-user", "sh", "-c",
		"echo 0 >/proc/sys/user/max_user_namespaces || exit 77; exec \"$@\"", "sh")
	cmd := tcpsee("run", "--isolated", "true")
	inside.Args, inside.Env = append(inside.Args, cmd.Args...), cmd.Env
	p := start(t, inside)
	switch status := p.end(t); {
	case status == 77 || strings.Contains(p.err.String(), "unshare failed"):
		t.Skip("a namespace in which none may be made cannot be had here")
	case status != exitRun || !strings.Contains(p.err.String(), "sudo sysctl -w user.max_user_namespaces="):
		t.Errorf("exit status %d\n%s", status, p.err)
	}
}
