package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestE2ERightsGivenUp looks at every process of every command that captures,
// under sudo, once it captures: the user's ids, no capability and no new
// privileges, but for the name helper's two capabilities, and for the wrapped
// command and its tracer, to which neither Landlock nor no_new_privs reaches.
func TestE2ERightsGivenUp(t *testing.T) {
	for _, c := range []struct {
		args  []string
		ready string
	}{
		{[]string{"watch", "port", "3000"}, "Ctrl-C ends"},
		{[]string{"listen", "3000"}, "Ctrl-C ends"},
		{[]string{"connect", "127.0.0.1", "4000"}, "handshake complete"},
		{[]string{"run", "nc.openbsd", "127.0.0.1", "4000"}, "handshake complete"},
	} {
		t.Run(c.args[0], func(t *testing.T) {
			t.Parallel()
			needsOf(t, []string{"nc.openbsd"})
			l := newLab(t)
			l.listener(l.client, "4000", "nc.openbsd", "-l", "127.0.0.1", "4000")
			p := l.start(l.client, append([]string{"env", "SUDO_UID=65534", "SUDO_GID=65534", builtBinary(t)}, c.args...)...)
			p.err.await(t, c.ready)
			awaitConfined(t, p.cmd.Process.Pid)
			var kinds []string
			for _, pid := range append([]int{p.cmd.Process.Pid}, childrenOf(t, p.cmd.Process.Pid)...) {
				kinds = append(kinds, checkRights(t, pid, p.cmd.Process.Pid))
			}
			want := []string{"main", "helper"}
			if c.args[0] == "run" {
				want = append(want, "wrapped")
			}
			for _, kind := range want {
				if !slices.Contains(kinds, kind) {
					t.Errorf("there are %v, want %v", kinds, want)
				}
			}
			p.signal(t, syscall.SIGTERM)
			over(t, p)
		})
	}
}

// awaitConfined waits until a process and its name helper have given up what
// they will: listen says what to type a moment before.
func awaitConfined(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		confined := 0
		for _, p := range append([]int{pid}, childrenOf(t, pid)...) {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
			if strings.Contains(string(b), "NoNewPrivs:\t1") {
				confined++
			}
		}
		if confined >= 2 {
			return
		}
	}
}

// checkRights checks one process, and says what it is.
func checkRights(t *testing.T, pid, root int) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534", "CapEff": noCapability, "CapPrm": noCapability}
	kind := "tracer"
	switch {
	case pid == root:
		kind = "main"
		want["NoNewPrivs"], want["CapBnd"] = "1", noCapability
	case strings.Contains(string(b), namesWord):
		kind = "helper"
		const two = "0000000000080004"
		want["CapEff"], want["CapPrm"], want["NoNewPrivs"], want["Seccomp"] = two, two, "1", "2"
		checkDescriptors(t, pid)
	case strings.HasPrefix(string(b), "nc."):
		kind = "wrapped"
		want["NoNewPrivs"], want["Seccomp"] = "0", "0"
	}
	checkStatus(t, pid, want)
	if t.Failed() {
		t.Logf("that is the %s: %q", kind, b)
	}
	return kind
}

// TestE2ERightsOfTracer: with file capabilities no thread of the tracer of an
// ordinary user's command, nor the command, has any. The command belongs to
// the same user and may write the tracer's memory.
func TestE2ERightsOfTracer(t *testing.T) {
	for _, flags := range [][]string{nil, {"--no-trace"}} {
		t.Run(strings.Join(flags, ""), func(t *testing.T) {
			t.Parallel()
			needsOf(t, []string{"setpriv"})
			l := newLab(t)
			// env in between: what setpriv itself executes has had all
			// capabilities before, and gains none by those of the file.
			args := append(append(ordinaryUser("env"), l.capable(), "run"), flags...)
			p := l.start(l.client, append(args, "sh", "-c", "echo up; exec sleep 600")...)
			p.out.await(t, "up\n")
			awaitConfined(t, p.cmd.Process.Pid)
			tracers := 0
			for _, pid := range childrenOf(t, p.cmd.Process.Pid) {
				checkStatus(t, pid, map[string]string{"Uid": "65534 65534 65534 65534", "CapPrm": noCapability, "CapEff": noCapability, "CapInh": noCapability, "CapAmb": noCapability})
				b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				if strings.HasPrefix(string(b), "tcpsee: tracer") {
					tracers++
				}
			}
			if tracers != 1 {
				t.Errorf("there are %d tracers", tracers)
			}
			p.signal(t, syscall.SIGTERM)
			if status := p.end(t); status != 128+int(syscall.SIGTERM) {
				t.Errorf("status %d\n%s", status, p.err)
			}
		})
	}
}
