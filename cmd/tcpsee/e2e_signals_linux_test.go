package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestE2EEnded: each command that waits for something is ended by Ctrl-C, by
// Ctrl-\, by SIGTERM and by the end of its terminal: at once, with the right status, with
// no process left, and with files that can be read.
func TestE2EEnded(t *testing.T) {
	needsOf(t, []string{"nc.openbsd"}, []string{"setsid"})
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.listener(l.client, "4000", "nc.openbsd", "-l", "-k", "127.0.0.1", "4000")
			for i, c := range []struct {
				args   []string
				ready  string // on standard error
				typed  string
				status int
				saves  bool
			}{
				{[]string{"watch", "port", "4000"}, "Ctrl-C ends", "", 0, true},
				{[]string{"listen", "3001"}, "accept()", "", 0, true},
				{[]string{"connect", "127.0.0.1", "4000"}, "handshake complete", "hello\n", 0, true},
				{[]string{"run", "nc.openbsd", "127.0.0.1", "4000"}, "handshake complete", "hello\n", 128 + int(sig), true},
				{[]string{"run", "--no-trace", "nc.openbsd", "127.0.0.1", "4000"}, "", "", 128 + int(sig), true},
				{[]string{"demo", "--step"}, "accept()", "\n\n\n", 0, true},
				{[]string{"replay", "-"}, "", "", 0, false},
				{[]string{"replay", "--quiz", "-"}, "", "", 0, false},
			} {
				file := fmt.Sprintf("%s/%d.pcapng", l.dir, i)
				args := append([]string{"setsid", builtBinary(t), c.args[0]}, c.args[1:]...)
				if c.saves {
					args = append(args[:3:3], append([]string{"-w", file}, c.args[1:]...)...)
				}
				p := l.start(l.client, args...)
				if c.typed != "" {
					p.say(t, c.typed)
				}
				p.err.await(t, c.ready)
				if c.ready == "" { // it says nothing before it waits
					awaitSettled(p)
				}
				children := childrenOf(t, p.cmd.Process.Pid)
				p.signal(t, sig)
				if status := p.end(t); status != c.status {
					t.Errorf("%v: status %d, want %d\n%s%s", c.args, status, c.status, p.out, p.err)
				}
				for _, pid := range children {
					awaitEnd(t, pid)
				}
				if c.saves {
					replays(t, file)
				}
				if strings.Contains(p.err.String(), "panic") || strings.Contains(p.err.String(), "goroutine ") {
					t.Error(p.err)
				}
			}
		})
	}
}

// TestE2EEndedLookup: Ctrl-C while a name server does not answer is an end like
// any other, and no failure.
func TestE2EEndedLookup(t *testing.T) {
	l := newLab(t)
	if err := os.WriteFile("/etc/netns/"+l.client+"/resolv.conf", []byte("nameserver 10.9.0.77\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"connect", "nosuch.example", "80"}, {"connect", "-s", "nosuch.example", "127.0.0.1", "80"}, {"listen", "nosuch.example", "80"}} {
		p := l.start(l.client, append([]string{builtBinary(t)}, args...)...)
		awaitSettled(p)
		p.signal(t, syscall.SIGINT)
		if status := p.end(t); status != 0 || strings.Contains(p.err.String(), "error:") {
			t.Errorf("%v: status %d\n%s", args, status, p.err)
		}
	}
}

// TestE2EPassed: signals that mean nothing to run come to the command, traced or
// not, and one that the command ignores ends nobody.
func TestE2EPassed(t *testing.T) {
	needsOf(t, []string{"setsid"})
	l := newLab(t)
	const script = `for s in USR1 USR2 ALRM WINCH; do trap "echo got $s" $s; done; trap "" INT; echo ready; while :; do sleep 0.05; done`
	for _, flags := range [][]string{nil, {"--no-trace"}} {
		args := append([]string{"setsid", builtBinary(t), "run"}, flags...)
		p := l.start(l.client, append(args, "sh", "-c", script)...)
		p.out.await(t, "ready")
		p.signal(t, syscall.SIGINT)
		for name, sig := range map[string]syscall.Signal{"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "ALRM": syscall.SIGALRM, "WINCH": syscall.SIGWINCH} {
			p.signal(t, sig)
			p.out.await(t, "got "+name)
		}
		p.signal(t, syscall.SIGTERM)
		if status := p.end(t); status != 128+int(syscall.SIGTERM) {
			t.Errorf("%v: status %d", flags, status)
		}
	}
}

// TestE2EBackground: a server that puts itself into the background is followed
// there, and left alone at Ctrl-C.
func TestE2EBackground(t *testing.T) {
	needsOf(t, []string{"setsid"}, []string{"nginx"}, []string{"nc.openbsd"})
	l := newLab(t)
	conf := l.dir + "/nginx.conf"
	text := fmt.Sprintf("pid %s/nginx.pid; error_log %[1]s/nginx.err; events {}\nhttp { access_log off; server { listen 127.0.0.1:8090; location / { return 200 hi; } } }\n", l.dir)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{nil, {"--no-trace"}} {
		args := append([]string{"setsid", builtBinary(t), "run"}, flags...)
		p := l.start(l.client, append(args, "nginx", "-c", conf)...)
		p.err.await(t, "followed until Ctrl-C: nginx[")
		l.start(l.client, "sh", "-c", `printf 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' | nc.openbsd 127.0.0.1 8090`).end(t)
		p.err.await(t, "HTTP 200 OK")
		p.signal(t, syscall.SIGINT)
		if status := p.end(t); status != 0 || !strings.Contains(p.err.String(), "still running: nginx[") {
			t.Errorf("%v: status %d\n%s", flags, status, p.err)
		}
		b, err := os.ReadFile(l.dir + "/nginx.pid")
		pid := 0
		if _, bad := fmt.Sscan(string(b), &pid); err != nil || bad != nil || syscall.Kill(pid, syscall.SIGTERM) != nil {
			t.Fatalf("nginx has not stayed: %q, %v", b, err)
		}
		awaitEnd(t, pid)
	}
}

// awaitSettled waits until a program is confined, or has had the time for it.
func awaitSettled(p *program) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if status, _ := readStatus(p.cmd.Process.Pid); strings.Contains(status, "NoNewPrivs:\t1") {
			time.Sleep(100 * time.Millisecond) // the wrapped command is released after that
			return
		}
	}
}

// readStatus reads a process's status.
func readStatus(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return string(b), err
}
