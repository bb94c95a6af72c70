package capture

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// gate is where a goroutine waits for a packet socket: an epoll(7) instance of
// its own, which Go's network poller watches in the socket's place. While the
// gate is shut the socket wakes nobody. The kernel wakes a process for each
// block of a ring, or each packet, also one that sleeps, or has another one
// still to read: at a thousand times a second that costs more than reading.
type gate struct {
	socket   int // not the gate's own
	file     *os.File
	raw      syscall.RawConn
	patience atomic.Int64 // see Live.SetPatience

	// Of the goroutine that waits.
	ready func() bool    // whether there is something to read, or to report
	full  func() float64 // the part of the buffer that waits to be read
	poll  func(uintptr) bool
	shut  bool
	came  bool          // something has, since it was shut last
	rest  time.Duration // for how long it is shut
	err   error
}

// newGate makes an open gate before a socket, which is to be closed after it.
func newGate(socket int, ready func() bool, full func() float64) (*gate, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	g := &gate{socket: socket, ready: ready, full: full, shut: true}
	g.poll = g.look
	if err := unix.SetNonblock(fd, true); err != nil { // else Go's poller leaves it alone
		unix.Close(fd)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	g.file = os.NewFile(uintptr(fd), "epoll")
	if g.raw, err = g.file.SyscallConn(); err == nil {
		err = g.set(false)
	}
	if err == nil {
		// A file that the poller does not take has no deadlines.
		err = g.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		g.file.Close()
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return g, nil
}

// set shuts or opens the gate.
func (g *gate) set(shut bool) (err error) {
	if shut == g.shut {
		return nil
	}
	op := unix.EPOLL_CTL_ADD
	if shut {
		op = unix.EPOLL_CTL_DEL
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(g.socket)}
	if cerr := g.raw.Control(func(fd uintptr) { err = unix.EpollCtl(int(fd), op, g.socket, &e) }); cerr != nil {
		return cerr
	}
	if err == nil {
		g.shut = shut
	}
	return err
}

// wait returns when ready says yes, or with an error after the deadline or
// close.
func (g *gate) wait() error {
	if err := g.raw.Read(g.poll); err != nil {
		return err
	}
	return g.err
}

// look asks ready, with patience at its time: what comes after something came
// is left to gather first. It leaves an open gate before it says no.
func (g *gate) look(uintptr) bool {
	if g.ready() {
		g.came = true
		return true
	}
	if d := time.Duration(g.patience.Load()); d > 0 && g.came && g.set(true) == nil {
		g.came = false
		g.sleep(d)
		if g.ready() {
			g.came = true
			return true
		}
	}
	if !g.shut {
		return false
	}
	if g.err = g.set(false); g.err != nil {
		return true
	}
	return g.ready()
}

// restFull is how full the buffer may get while a gate is shut: beyond, it is
// shut for half as long the next time.
const restFull = 0.25

// restSteps is in how many steps the time grows to all of the patience.
const restSteps = 16

// sleep sleeps, for as long as patience at most, and for less while that lets
// too much gather.
func (g *gate) sleep(patience time.Duration) {
	time.Sleep(g.rest)
	switch full := g.full(); {
	case full > restFull:
		g.rest /= 2
	case full < restFull/2:
		g.rest = max(2*g.rest, patience/restSteps)
	}
	g.rest = min(g.rest, patience)
}

func (g *gate) close() error {
	if g == nil {
		return nil
	}
	return g.file.Close()
}
