package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sudo is how an ordinary user of a lab calls the real sudo(8), which drops
// most of the environment.
func (l *lab) sudo(ns string, env ...string) []string {
	l.t.Helper()
	needsOf(l.t, []string{"sudo"}, []string{"setpriv"})
	rules := "Defaults env_reset,secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\nroot ALL=(ALL:ALL) ALL\n#65534 ALL=(ALL) NOPASSWD: ALL\n"
	if err := os.WriteFile("/etc/netns/"+ns+"/sudoers", []byte(rules), 0o440); err != nil {
		l.t.Fatal(err)
	}
	// It looks for the machine's own name, and would wait for DNS.
	hosts, name := "/etc/netns/"+ns+"/hosts", ""
	b, err := os.ReadFile(hosts)
	if err == nil {
		name, err = os.Hostname()
	}
	if err == nil {
		err = os.WriteFile(hosts, append(b, "127.0.1.1 "+name+"\n"...), 0o644)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return append(append(ordinaryUser("env"), env...), "sudo")
}

// product finds the process of tcpsee below another, without its helper.
func product(t *testing.T, below int) int {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		for _, pid := range childrenOf(t, below) {
			exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
			cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if filepath.Base(exe) == "tcpsee" && !bytes.Contains(cmdline, []byte(namesWord)) {
				return pid
			}
		}
	}
	t.Fatalf("no tcpsee below %d", below)
	return 0
}

// sshServer stands in for one with two sessions, in the first of which a
// command runs.
const sshServer = `
import ctypes, socket, subprocess, sys
ctypes.CDLL(None).prctl(15, b"sshd", 0, 0, 0)
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("10.9.0.1", 22)); s.listen(2)
sessions = [s.accept() for _ in range(2)]
sys.exit(subprocess.call(sys.argv[1:]))`

// TestE2ESudo is the first minute under sudo, in an ssh session: both sessions
// of the user are left out, what is saved is the user's, and the command that
// runs has the user's rights and none of our confinement.
func TestE2ESudo(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"}, []string{"nc.openbsd"})
	l := newLab(t)
	data, saved := l.dir+"/x.ndjson", l.dir+"/x.pcapng"
	command := append([]string{"python3", "-c", sshServer}, l.sudo(l.client, "SSH_CONNECTION=10.9.0.254 1 10.9.0.1 22")...)
	p := l.listener(l.client, "22", append(command, builtBinary(t), "watch", "-o", data, "-w", saved, "port", "22", "or", "port", "3000")...)
	session := l.start(l.router, "nc.openbsd", client4, "22")
	l.start(l.router, "nc.openbsd", client4, "22")
	p.err.await(t, "2 ssh sessions from 10.9.0.254 left out (--ssh draws them) · Ctrl-C ends")
	session.say(t, "typed\n")
	over(t, l.start(l.client, "nc.openbsd", "127.0.0.1", "3000"))
	p.out.await(t, "refused (")
	if err := syscall.Kill(product(t, p.cmd.Process.Pid), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := p.end(t); status != 0 || strings.Contains(p.out.String(), "port 22") || !strings.Contains(p.out.String(), "of ssh sessions") {
		t.Errorf("status %d\n%s%s", status, p.out, p.err)
	}
	for _, file := range []string{data, saved} {
		if st, err := os.Stat(file); err != nil || st.Sys().(*syscall.Stat_t).Uid != nobody || st.Size() == 0 {
			t.Errorf("%s: %+v, %v", file, st, err)
		}
	}
	replays(t, saved)
}

// TestE2ESudoInTmux: under sudo in tmux, whose server is no child of the ssh
// server's, the sessions are left out as well, and so are those that begin later,
// where their port was not asked for.
func TestE2ESudoInTmux(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"}, []string{"nc.openbsd"})
	l := newLab(t)
	server := l.listener(l.client, "22", "python3", "-c", sshServer, "sh", "-c", "echo both; sleep 60")
	for range 2 {
		l.start(l.router, "nc.openbsd", client4, "22")
	}
	server.out.await(t, "both")
	for _, c := range []struct{ env, says string }{
		{"SSH_CONNECTION=10.9.0.254 1 10.9.0.1 22", "2 ssh sessions from 10.9.0.254 left out"},
		{"SSH_CONNECTIONS=none", "ICMP, ARP · Ctrl-C ends"},
	} {
		p := l.start(l.client, append(l.sudo(l.client, c.env), builtBinary(t), "watch", "--duration", "1ms")...)
		if status := p.end(t); status != 0 || !strings.Contains(p.err.String(), c.says) {
			t.Errorf("with %s: status %d\n%s", c.env, status, p.err)
		}
	}
	sudo := l.sudo(l.client, "SSH_CONNECTION=10.9.0.254 1 10.9.0.1 22")
	for _, c := range []struct {
		filter string
		drawn  bool
	}{{"tcp", false}, {"port 22 or port 3000", true}} {
		p := l.start(l.client, append(sudo, builtBinary(t), "watch", c.filter)...)
		p.err.await(t, "2 ssh sessions from 10.9.0.254 left out")
		over(t, l.start(l.router, "nc.openbsd", "-z", client4, "22")) // the next terminal
		over(t, l.start(l.client, "nc.openbsd", "127.0.0.1", "3000"))
		p.out.await(t, "refused (")
		if err := syscall.Kill(product(t, p.cmd.Process.Pid), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if status := p.end(t); status != 0 || strings.Contains(p.out.String(), "port 22") != c.drawn {
			t.Errorf("%s: status %d\n%s", c.filter, status, p.out)
		}
	}
}

// TestE2ESudoRun: a command that sudo's PATH does not have, and what a command
// that it has may do.
func TestE2ESudoRun(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	tool := l.dir + "/a-tool"
	script := "#!/bin/sh\nid -u; grep NoNewPrivs /proc/self/status; cat /etc/hostname >/dev/null && echo read; echo made >" + l.dir + "/made; exit 3\n"
	if err := os.WriteFile(tool, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	sudo := l.sudo(l.client, "PATH="+os.Getenv("PATH")+":"+l.dir)
	p := l.start(l.client, append(sudo, builtBinary(t), "run", "a-tool")...)
	if status := p.end(t); status != 127 || !strings.Contains(p.err.String(), `sudo env "PATH=$PATH"`) {
		t.Errorf("status %d\n%s", status, p.err)
	}
	p = l.start(l.client, append(sudo, "env", "PATH="+os.Getenv("PATH")+":"+l.dir, builtBinary(t), "run", "a-tool")...)
	if status := p.end(t); status != 3 || p.out.String() != "65534\nNoNewPrivs:\t0\nread\n" {
		t.Errorf("status %d\n%s%s", status, p.out, p.err)
	}
	if st, err := os.Stat(l.dir + "/made"); err != nil || st.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("what it made: %+v, %v", st, err)
	}
	p = l.start(l.client, append(sudo, builtBinary(t), "run", "--isolated", "sh", "-c", "echo made >"+l.dir+"/isolated; exit 4")...)
	switch status := p.end(t); {
	case strings.Contains(p.err.String(), errNotIsolated.Error()):
		t.Logf("no namespaces for users here: %s", p.err)
	case status != 4:
		t.Errorf("status %d\n%s", status, p.err)
	default:
		if st, err := os.Stat(l.dir + "/isolated"); err != nil || st.Sys().(*syscall.Stat_t).Uid != nobody {
			t.Errorf("what it made: %+v, %v", st, err)
		}
	}
}

// TestE2ELowPort is S11: an ordinary user's port below 1024 is a call that
// fails, and no packet; sudo's listen says what its right was for.
func TestE2ELowPort(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"nc.openbsd"})
	l := newLab(t)
	p := l.start(l.client, append(ordinaryUser(l.capable()), "listen", "80")...)
	status := p.end(t)
	inOrder(t, p.err.String(), "bind 0.0.0.0:80: permission denied", "ports below 1024 are kept for root")
	if status != 1 || strings.Contains(p.err.String(), "── SYN") {
		t.Errorf("status %d\n%s", status, p.err)
	}
	p = l.start(l.client, append(l.sudo(l.client), builtBinary(t), "listen", "80")...)
	p.err.await(t, "Ctrl-C ends")
	if !strings.Contains(p.err.String(), "ports below 1024 are root's: without sudo bind() fails") {
		t.Error(p.err)
	}
	c := l.start(l.client, "nc.openbsd", "-N", "127.0.0.1", "80")
	p.err.await(t, "handshake complete")
	c.in.Close()
	p.in.Close()
	over(t, c, p)
	if !strings.Contains(p.err.String(), "closed by the") {
		t.Error(p.err)
	}
}
