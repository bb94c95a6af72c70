package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a new pseudo-terminal of 24 rows by 80.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	fd := int(user.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	return user, program
}

// onTerminal starts a command with its three streams on a terminal; what it
// prints comes in out, and say types.
func onTerminal(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	user, tty := openTerminal(t)
	defer tty.Close()
	p := &program{cmd: cmd, in: user, out: newOutput(), err: newOutput(), done: make(chan error, 1)}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "TERM=xterm", "LC_ALL=C.UTF-8")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := user.Read(b)
			_, _ = p.out.Write(b[:n])
			if err != nil {
				break
			}
		}
		p.done <- cmd.Wait()
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return p
}

// TestStep presses keys: a row at a time, back, and away.
func TestStep(t *testing.T) {
	p := onTerminal(t, tcpsee("replay", "--step", "--color", "never", "../../testdata/s01-chat.pcap"))
	p.out.await(t, "0 shown")
	if strings.Contains(p.out.String(), "SYN-SENT") {
		t.Errorf("a row before a key:\n%s", p.out)
	}
	p.say(t, " ")
	p.out.await(t, "1 shown")
	p.say(t, "\r")
	p.out.await(t, "2 shown")
	if strings.Contains(p.out.String(), "handshake complete") {
		t.Errorf("more rows than keys:\n%s", p.out)
	}
	shown := len(p.out.String())
	p.say(t, "b")
	p.out.await(t, clearScreen)
	p.say(t, "  ")
	p.out.await(t, "3 shown")
	again := p.out.String()[shown:]
	if n := strings.Count(again, "SYN-ACK "); n != 1 {
		t.Errorf("the row that was gone back over is drawn %d times:\n%s", n, again)
	}
	p.say(t, "q")
	if status := p.end(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if strings.Contains(p.out.String(), "closed by") {
		t.Errorf("goes on after q:\n%s", p.out)
	}
}

// TestStepInterrupted: Ctrl-C is a byte while a key is awaited, and a signal
// while rows keep the capture's time. Both are a clean end.
func TestStepInterrupted(t *testing.T) {
	for _, flags := range [][]string{{"--step"}, {"--speed", "0.01"}} {
		p := onTerminal(t, tcpsee(append([]string{"replay", "../../testdata/s01-chat.pcap"}, flags...)...))
		if flags[0] == "--step" {
			p.out.await(t, "0 shown")
		} else {
			p.out.await(t, "SYN-SENT")
		}
		p.say(t, "\x03")
		if status := p.end(t); status != 0 {
			t.Errorf("%v: exit status %d\n%s", flags, status, p.out)
		}
	}
}

// TestPager: the picture goes through PAGER where it goes to a terminal, and a
// pager that is left early is no error.
func TestPager(t *testing.T) {
	for _, c := range []struct {
		pager, flag, want string
		paged             bool
	}{
		{"sed s/^/paged:/", "--color=never", "closed by the client", true},
		{"head -n1", "--color=never", "connection 1", false},
		{"sed s/^/paged:/", "--no-pager", "closed by the client", false},
		{"no-such-pager", "--color=never", "closed by the client", false},
	} {
		cmd := tcpsee("replay", c.flag, "../../testdata/s01-chat.pcap")
		cmd.Env = append(cmd.Env, "PAGER="+c.pager)
		p := onTerminal(t, cmd)
		if status := p.end(t); status != 0 {
			t.Errorf("%s: exit status %d\n%s", c.pager, status, p.out)
		}
		if got := p.out.String(); !strings.Contains(got, c.want) || strings.Contains(got, "paged:") != c.paged {
			t.Errorf("PAGER=%q %s:\n%s", c.pager, c.flag, got)
		}
	}
}

// TestFaultIsToldOnce: the picture tells of a fault in a file, and the error
// tells it again only where the picture went elsewhere.
func TestFaultIsToldOnce(t *testing.T) {
	whole, err := os.ReadFile("../../testdata/s01-chat.pcap")
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.pcap")
	if err := os.WriteFile(broken, whole[:700], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pager           string
		flags           []string
		pictured, error int
	}{
		{"", []string{"--no-pager", "--view", "timeline"}, 1, 0},
		{"", []string{"--no-pager", "--view", "ladder"}, 1, 0},
		{"", []string{"--no-pager", "--view", "summary"}, 1, 0},
		{"sed s/^/paged:/", nil, 1, 1},
		{"", []string{"--quiet"}, 0, 1},
		{"", []string{"-o", "csv"}, 0, 1},
	} {
		cmd := tcpsee(append([]string{"replay", broken}, c.flags...)...)
		cmd.Env = append(cmd.Env, "PAGER="+c.pager)
		p := onTerminal(t, cmd)
		if status := p.end(t); status != exitFailure {
			t.Errorf("%v: exit status %d", c.flags, status)
		}
		out := p.out.String()
		if n, m := strings.Count(out, "could not be read whole"), strings.Count(out, "error: "); n != c.pictured || m != c.error {
			t.Errorf("%v: told %d times in the picture and %d times as the error, want %d and %d:\n%s", c.flags, n, m, c.pictured, c.error, out)
		}
	}
}
