//go:build amd64 || arm64

package drive

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is the wrapped command's own terminal (pty(7)) and its connection
// to the user's. A nil one does nothing.
type terminal struct {
	user   *os.File
	out    io.Writer
	master *os.File
	slave  *os.File

	mu       sync.Mutex
	begun    bool
	ended    bool
	restored bool
	before   *term.State
	winch    chan os.Signal
	wake     [2]int // a pipe: closing its write end stops the input
	running  sync.WaitGroup
	last     atomic.Bool // the command has ended: what is there now is the last
	drained  chan struct{}
}

// Where the command has ended and children of it still hold its terminal,
// this long without output is taken for the end.
const (
	terminalSilence = 50 * time.Millisecond
	terminalRest    = 1 << 20 // bytes, after which it is not waited for: more than a terminal holds
)

const terminalBuffer = 16 << 10

// openTerminal makes a terminal with the settings and the size of the user's.
func openTerminal(o WrapOptions) (*terminal, error) {
	mfd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/ptmx: %w", err)
	}
	t := &terminal{user: o.TTY, out: o.TTYOutput, wake: [2]int{-1, -1}, drained: make(chan struct{})}
	t.master = os.NewFile(uintptr(mfd), "/dev/ptmx")
	if t.out == nil {
		t.out = o.TTY
	}
	if err := t.openSlave(mfd); err != nil {
		t.master.Close()
		return nil, err
	}
	if o.User != nil {
		// Programs that open their terminal by its name need it to be theirs.
		_ = t.slave.Chown(int(o.User.UID), -1)
	}
	return t, nil
}

func (t *terminal) openSlave(mfd int) error {
	if err := unix.IoctlSetPointerInt(mfd, unix.TIOCSPTLCK, 0); err != nil {
		return fmt.Errorf("unlock the terminal: %w", err)
	}
	n, err := unix.IoctlGetInt(mfd, unix.TIOCGPTN)
	if err != nil {
		return fmt.Errorf("number of the terminal: %w", err)
	}
	name := fmt.Sprintf("/dev/pts/%d", n)
	// TIOCGPTPEER needs no /dev/pts, or has the right one (Linux 4.13).
	sfd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(mfd), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	fd := int(sfd)
	if errno != 0 {
		if fd, err = unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err != nil {
			return fmt.Errorf("open %s: %w", name, err)
		}
	}
	t.slave = os.NewFile(uintptr(fd), name)
	if settings, err := unix.IoctlGetTermios(int(t.user.Fd()), unix.TCGETS); err == nil {
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, settings)
	}
	t.copySize()
	return nil
}

// copySize gives the command's terminal the size of the user's; the kernel
// sends SIGWINCH where it changes.
func (t *terminal) copySize() {
	if size, err := unix.IoctlGetWinsize(int(t.user.Fd()), unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(int(t.master.Fd()), unix.TIOCSWINSZ, size)
	}
}

// closeSlave leaves the terminal to the command alone, so that its end is
// seen.
func (t *terminal) closeSlave() {
	if t != nil && t.slave != nil {
		t.slave.Close()
		t.slave = nil
	}
}

// begin switches the user's terminal to raw mode and starts copying.
func (t *terminal) begin() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begun || t.ended {
		return nil
	}
	if err := unix.Pipe2(t.wake[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	before, err := term.MakeRaw(int(t.user.Fd()))
	if err != nil {
		return fmt.Errorf("switch the terminal to raw mode: %w", err)
	}
	t.before, t.begun = before, true
	t.winch = make(chan os.Signal, 1)
	signal.Notify(t.winch, syscall.SIGWINCH)
	t.copySize()
	t.running.Add(2)
	go func() {
		defer t.running.Done()
		for range t.winch {
			t.copySize()
		}
	}()
	go func() {
		defer t.running.Done()
		t.input()
	}()
	go func() {
		defer close(t.drained)
		t.output()
	}()
	return nil
}

// input copies what is typed. It leaves what is typed after the end to others.
func (t *terminal) input() {
	buf := make([]byte, terminalBuffer)
	fds := []unix.PollFd{{Fd: int32(t.user.Fd()), Events: unix.POLLIN}, {Fd: int32(t.wake[0]), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return
		}
		if fds[1].Revents != 0 {
			return
		}
		if fds[0].Revents == 0 {
			continue
		}
		n, err := unix.Read(int(t.user.Fd()), buf)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
		case err != nil || n == 0:
			return // the user's terminal is gone
		default:
			if _, err := t.master.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// output copies what the command writes, until nobody holds its terminal, or
// the command has ended and there is silence.
func (t *terminal) output() {
	buf := make([]byte, terminalBuffer)
	fds := []unix.PollFd{{Fd: int32(t.master.Fd()), Events: unix.POLLIN}}
	rest := terminalRest
	for rest > 0 {
		last := t.last.Load()
		n, err := unix.Poll(fds, int(terminalSilence/time.Millisecond))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil, n == 0 && last:
			return
		case n == 0:
			continue
		}
		k, err := unix.Read(int(t.master.Fd()), buf)
		if k > 0 {
			_, _ = t.out.Write(buf[:k])
		}
		if last {
			rest -= k
		}
		if err != nil && err != unix.EINTR && err != unix.EAGAIN || k == 0 && err == nil {
			return // EIO: nobody holds the other end
		}
	}
}

// giveBack gives the user the terminal back, and still writes there what comes
// from the command's.
func (t *terminal) giveBack() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restore()
}

// restore ends the input, and sets the user's terminal as it was.
func (t *terminal) restore() {
	if !t.begun || t.restored {
		return
	}
	t.restored = true
	signal.Stop(t.winch)
	close(t.winch)
	unix.Close(t.wake[1])
	t.running.Wait()
	unix.Close(t.wake[0])
	_ = term.Restore(int(t.user.Fd()), t.before)
}

// drain waits until what the command has written is written, and gives the
// user the terminal back.
func (t *terminal) drain() {
	if t == nil {
		return
	}
	t.mu.Lock()
	begun := t.begun
	t.mu.Unlock()
	if begun {
		t.last.Store(true)
		<-t.drained
	}
	t.end()
}

// end gives everything back. It may be called again.
func (t *terminal) end() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	t.closeSlave()
	if t.begun {
		t.restore()
		t.last.Store(true)
		<-t.drained
	}
	t.master.Close()
}
