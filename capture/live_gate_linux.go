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
	many  func() bool    // whether that is more than comes at once
	full  func() float64 // the part of the buffer that waits to be read
	poll  func(uintptr) bool
	shut  bool
	came  bool          // something has, since it was shut last
	rest  time.Duration // for how long it is shut
	idle  time.Time     // when there was nothing last
	brisk int           // times in a row that there was nothing again soon
	err   error
}

// newGate makes an open gate before a socket, which is to be closed after it.
func newGate(socket int, ready, many func() bool, full func() float64) (*gate, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	g := &gate{socket: socket, ready: ready, many: many, full: full, shut: true}
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

// Where there was something to read briskAfter times in a row within briskTime
// of each other, what comes next is left to gather for briskRest, even without
// patience: to be woken costs more than to read a block, and who sees packets
// within a millisecond sees them soon enough. A block that is full is handed
// over at once, and on loopback one is full after 50 µs.
const (
	briskAfter = 8
	briskTime  = 500 * time.Microsecond
	briskRest  = time.Millisecond
)

// look asks ready, with patience at its time: what comes after something came
// is left to gather first. It leaves an open gate before it says no.
func (g *gate) look(uintptr) bool {
	if g.ready() {
		g.came = true
		return true
	}
	if d := g.gathers(); d > 0 && g.came && g.set(true) == nil {
		g.came = false
		g.sleep(d)
		if g.ready() {
			g.came = true
			if !g.many() {
				g.brisk = 0
			}
			return true
		}
		g.brisk = 0
	}
	if !g.shut {
		return false
	}
	if g.err = g.set(false); g.err != nil {
		return true
	}
	return g.ready()
}

// gathers returns for how long to let packets gather, now that there are none.
func (g *gate) gathers() time.Duration {
	if d := time.Duration(g.patience.Load()); d > 0 {
		return d
	}
	if g.brisk < briskAfter {
		now := time.Now()
		if g.brisk++; now.Sub(g.idle) > briskTime {
			g.brisk = 0
		}
		g.idle, g.rest = now, briskRest
		return 0
	}
	return briskRest
}

// restFull is how full the buffer may get while a gate is shut: beyond, it is
// shut for half as long the next time.
const restFull = 0.25

// restSteps is in how many steps the time grows to all of the patience.
const restSteps = 16

// sleep sleeps, for as long as patience at most, and for less while that lets
// too much gather.
func (g *gate) sleep(patience time.Duration) {
	g.rest = min(g.rest, patience)
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
