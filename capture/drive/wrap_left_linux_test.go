//go:build amd64 || arm64

package drive

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWrapIgnored: what was ignored before is ignored in the command, as far as
// that can be known, and nothing else: as without us. More than what the script
// ignores may be: make has its children ignore signal 32.
func TestWrapIgnored(t *testing.T) {
	grep := program(t, "grep")
	for trap, least := range map[string]uint64{
		"":             0,
		"HUP":          1, // nohup
		"INT QUIT":     6, // & in a script
		"HUP INT QUIT": 7,
	} {
		script := `exec "$@"`
		if trap != "" {
			script = "trap '' " + trap + "; " + script
		}
		ignored := func(env []string, args ...string) uint64 {
			cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, args...)...)
			cmd.Env = append(os.Environ(), env...)
			out, err := cmd.Output()
			_, digits, _ := strings.Cut(string(out), "SigIgn:\t")
			set, perr := strconv.ParseUint(strings.TrimSpace(digits), 16, 64)
			if err := errors.Join(err, perr); err != nil {
				t.Fatalf("%q ignored, %v: %v: %q", trap, args, err, out)
			}
			return set
		}
		want := ignored(nil, grep, "SigIgn", "/proc/self/status")
		if want&7 != least {
			t.Fatalf("%q ignored: the shell passes on %x", trap, want)
		}
		for _, noTrace := range []string{"", "1"} {
			got := ignored([]string{innerVariable + "=1", noTraceVariable + "=" + noTrace}, os.Args[0], grep, "SigIgn", "/proc/self/status")
			if got != want {
				t.Errorf("%q ignored, tracing %v: %x, want %x", trap, noTrace == "", got, want)
			}
		}
	}
}

// pythonDaemon puts itself into the background as daemon(3) does, or only
// leaves a child, and listens, or not, until it is killed.
const pythonDaemon = `
import os, signal, socket, sys, time
if os.fork():
    os._exit(4)
if "apart" in sys.argv:
    os.setsid()
if "listen" in sys.argv:
    time.sleep(0.1)
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
signal.pause()
`

// TestWrapBackground: of a command that has put itself into the background what
// it left is told, whether that serves, and when it has ended; what a shell
// leaves behind & serves nobody.
func TestWrapBackground(t *testing.T) {
	for _, noTrace := range []bool{false, true} {
		for _, c := range []struct {
			args   []string
			serves bool
		}{
			{[]string{"apart", "listen"}, true},
			{[]string{"apart"}, false},
			{[]string{"listen"}, false},
			{nil, false},
		} {
			x := begin(t, WrapOptions{NoTrace: noTrace}, append([]string{program(t, "python3"), "-c", pythonDaemon}, c.args...)...)
			x.end(t)
			left := x.w.Left()
			if x.status != 4 || len(left) != 1 || !strings.HasPrefix(left[0].Program, "python") || x.w.Serves() != c.serves {
				t.Fatalf("%v, untraced %v: status %d, left %v, serves %v", c.args, noTrace, x.status, left, x.w.Serves())
			}
			if isClosed(x.w.Done()) {
				t.Errorf("%v, untraced %v: said to be done", c.args, noTrace)
			}
			if err := unix.Kill(left[0].PID, unix.SIGKILL); err != nil {
				t.Errorf("%v: %v", left, err)
			}
			select {
			case <-x.w.Done():
			case <-time.After(wrapPatience):
				t.Fatalf("%v, untraced %v: the end of what was left is not seen", c.args, noTrace)
			}
			if left := x.w.Left(); len(left) > 0 || x.w.Serves() != c.serves {
				t.Errorf("%v, untraced %v: after its end there is left %v, serves %v", c.args, noTrace, left, x.w.Serves())
			}
		}
	}
}

// TestWrapLeavesTerminal: children of a command that led the session of its own
// terminal live on, as they do where a shell's leads it, and what they write
// there still comes while they are followed.
func TestWrapLeavesTerminal(t *testing.T) {
	traceable(t)
	python := program(t, "python3")
	users, err := openTerminal(WrapOptions{TTY: os.Stdin})
	if err != nil {
		t.Skip(err)
	}
	defer users.end()
	x := begin(t, WrapOptions{TTY: users.slave}, python, "-c", pythonDaemon, "listen")
	x.end(t)
	left := x.w.Left()
	if x.status != 4 || len(left) != 1 {
		t.Fatalf("status %d, left %v", x.status, left)
	}
	if err := unix.Kill(left[0].PID, unix.SIGHUP); err != nil { // what others send comes
		t.Error(err)
	}
	select {
	case <-x.w.Done():
	case <-time.After(wrapPatience):
		t.Error("SIGHUP does not come any more")
	}

	out := &awaited{}
	x = begin(t, WrapOptions{TTY: users.slave, TTYOutput: out}, python, "-c", strings.Replace(pythonDaemon, "signal.pause()", `time.sleep(0.5); print("still here", flush=True); signal.pause()`, 1), "apart", "listen")
	x.end(t)
	if !x.w.Serves() {
		t.Fatalf("left %v, and serves nobody", x.w.Left())
	}
	if !out.await(0, "still here") {
		t.Errorf("what is written later does not come: %q", out.from(0))
	}
	for _, c := range x.w.Left() {
		_ = unix.Kill(c.PID, unix.SIGKILL)
	}
	<-x.w.Done()
}

// TestChildThatEndsBeforeItsBirthIsTold: on a busy machine the tracer may hear of a
// child's whole life before its parent's word of it, while what is left of it still
// has a number. It is none that runs.
func TestChildThatEndsBeforeItsBirthIsTold(t *testing.T) {
	t0 := &tracing{tasks: make(map[int]*task), procs: make(map[int]*process), early: make(map[int]bool)}
	child := os.Getpid() // it is there
	names := func() (list []int) {
		for _, c := range t0.family.list() {
			list = append(list, c.PID)
		}
		return list
	}
	t0.task(child) // its first stop
	if got := names(); len(got) != 1 {
		t.Fatalf("a child that runs: %v", got)
	}
	t0.ended(child, 0)
	t0.birth(child)
	if got := names(); len(got) != 0 || len(t0.tasks) != 0 || len(t0.early) != 0 {
		t.Errorf("after its end: %v, %d threads, %d early", got, len(t0.tasks), len(t0.early))
	}
	t0.birth(child) // another of that number, told of in time
	t0.task(child)
	t0.ended(child, 0)
	if got := names(); len(got) != 0 || len(t0.early) != 0 {
		t.Errorf("after the other's end: %v, %d early", got, len(t0.early))
	}
}
