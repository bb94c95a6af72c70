package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Live captures on one interface of this machine, or on all of them.
//
// It reads a packet socket (packet(7)) in one of two ways. Where the kernel
// times the blocks of a TPACKET_V3 ring with high-resolution timers (Linux
// 6.18 and later) it is the ring, whose packets reach the caller within about
// a millisecond, at little cost. Older kernels count in ticks of up to 4 ms,
// and hand a block over after up to two of them: there, and where the ring
// cannot be had, it is recvmmsg(2) with a large buffer, which is prompt and
// costs more. Either way the filter is in force before the first packet, as
// the socket is given its protocol last, by bind.
//
// Next belongs to one goroutine; Stats, Findings, SetFilter, SetSnapLen,
// SetDeadline and Close may be called from any. The kernel's copies of what
// goes out over loopback are left out, since each of them also comes in.
// There, Direction is DirectionIn: what is seen has arrived.
type Live struct {
	name   string // as asked for, for messages
	all    bool
	fd     int      // the packet socket
	file   *os.File // the same
	raw    syscall.RawConn
	gate   *gate
	reader packetReader

	// Of the goroutine that calls Next.
	frames     []Frame
	other      []Frame // that were lent, or to be used when they are
	interfaces []Interface
	known      map[interfaceKey]int
	lastKey    interfaceKey
	lastIndex  int
	pollErr    error
	ended      error  // what Next goes on returning
	pending    uint64 // drops not yet attached to a frame

	given   atomic.Uint64
	dropped atomic.Uint64
	gone    atomic.Bool // the interface was removed

	mu         sync.Mutex
	closed     bool
	busy       bool // Next runs, or its frames are in use
	lent       bool // frames are in use that it gave out before
	freed      bool
	filter     []Instruction
	snap       int
	ownPrelude bool // our own filter drops loopback's outgoing copies
	findings   []Fault
	downWatch  *time.Timer
	going      bool // downWatch has seen that the interface was removed
}

// packetReader is one of the two ways to read a packet socket. Its methods
// belong to the goroutine that calls Next, but free.
type packetReader interface {
	// ready reports whether a batch can be taken. It never waits. The error
	// is one that the socket reports.
	ready(fd int) (bool, error)
	// many reports, after ready has said yes, whether there is more than wakes
	// a reader at a time.
	many() bool
	// batch adds the frames of the next batch to l.
	batch(l *Live)
	// release gives the memory of the last batch back.
	release()
	// lend keeps the memory of the last batch, until reclaim, which may be
	// called while the others are.
	lend()
	reclaim()
	// left reports whether there is a batch to take after the socket is closed.
	left() bool
	// backlog is the part of the buffer that waits to be read, 0 to 1.
	backlog(fd int) float64
	// lasts is the time in which the buffer fills, after such a batch.
	lasts(batch []Frame) time.Duration
	// method describes the way in a few words.
	method() string
	// free releases what is mapped.
	free()
}

// interfaceKey tells interfaces apart, and frames of one interface that
// begin differently.
type interfaceKey struct {
	index int32
	link  LinkType
}

const (
	// maxLiveInterfaces is how many interfaces a capture of all of them
	// tells apart; frames of further ones have Interface -1.
	maxLiveInterfaces = 1 << 16

	// maxLiveFindings is how many findings a capture keeps, the first ones.
	maxLiveFindings = 1000

	// downPoll is how often is looked whether an interface that is down has
	// come back or was removed.
	downPoll = 250 * time.Millisecond

	// lastBlock is how long after an interface was removed its last packets may
	// be on their way: longer than the kernel keeps a block of the ring.
	lastBlock = 20 * time.Millisecond
)

// OpenLive begins to capture. It is in force when it returns: a packet that
// is sent afterwards is seen. Without the right to capture the error is a
// *PermissionError, for an interface that is not there an
// *UnknownInterfaceError. It needs root or CAP_NET_RAW, and only while
// opening: all of that can be dropped afterwards.
func OpenLive(o LiveOptions) (*Live, error) { return openLive(o, preferRing()) }

// openLive is OpenLive with the way to read chosen.
func openLive(o LiveOptions, ring bool) (*Live, error) {
	if err := checkFilter(o.Filter); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	l := &Live{
		name:   AnyInterface,
		all:    o.all(),
		known:  make(map[interfaceKey]int),
		filter: o.Filter,
		snap:   o.snapLen(),
	}
	var on InterfaceInfo
	if !l.all {
		var err error
		if on, err = findInterface(o.Interface); err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
		l.name = on.Name
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, socketError(l.name, err)
	}
	if err := l.setUp(fd, o, on, ring); err != nil {
		if l.reader != nil {
			l.reader.free()
		}
		unix.Close(fd)
		return nil, fmt.Errorf("capture on %s: %w", l.name, err)
	}
	if err := l.own(fd); err != nil {
		return nil, errors.Join(fmt.Errorf("capture on %s: %w", l.name, err), l.Close())
	}
	if !l.all {
		l.interfaceAt(int32(on.Index), on.Link)
	}
	return l, nil
}

// socketError says why there is no packet socket.
func socketError(name string, err error) error {
	op := "capture on " + name
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return &PermissionError{
			Op:      op,
			Missing: "root or the capability CAP_NET_RAW",
			Hint: "capturing needs root or CAP_NET_RAW: run it as sudo tcpsee …, " +
				"or once sudo setcap cap_net_raw+ep \"$(command -v tcpsee)\"",
			Err: err,
		}
	}
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return fmt.Errorf("%s: this kernel or sandbox has no packet sockets: %w", op, err)
	}
	return fmt.Errorf("%s: packet socket: %w", op, err)
}

// setUp gives the socket everything it needs, and its protocol last.
func (l *Live) setUp(fd int, o LiveOptions, on InterfaceInfo, ring bool) error {
	l.ownPrelude = l.all
	if on.Loopback && unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1) != nil {
		l.ownPrelude = true // before Linux 4.20
	}
	if err := attachFilter(fd, l.program()); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return fmt.Errorf("ask for auxiliary data: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("ask for time stamps: %w", err)
	}
	if o.Promiscuous && !l.all {
		mreq := unix.PacketMreq{Ifindex: int32(on.Index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
			return fmt.Errorf("switch to promiscuous mode: %w", err)
		}
	}
	if ring {
		if r, err := newRingReader(fd, o.bufferBytes(), l.snap); err == nil {
			l.reader = r
		}
	}
	if l.reader == nil {
		r, err := newRecvReader(fd, o.bufferBytes(), l.snap)
		if err != nil {
			return err
		}
		l.reader = r
	}
	// An interface that is down makes the socket report ENETDOWN once, and
	// is captured on as soon as it comes up.
	addr := unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: on.Index}
	if err := unix.Bind(fd, &addr); err != nil && !errors.Is(err, unix.ENETDOWN) {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// own takes the descriptor, and puts the gate before it.
func (l *Live) own(fd int) (err error) {
	l.fd, l.file = fd, os.NewFile(uintptr(fd), "packet socket")
	if l.raw, err = l.file.SyscallConn(); err != nil {
		return err
	}
	l.gate, err = newGate(fd, func() bool {
		ok, err := l.reader.ready(fd)
		l.pollErr = err
		return ok || err != nil
	}, func() bool { return l.reader.many() }, func() float64 { return l.reader.backlog(fd) })
	return err
}

// networkOrder returns a 16-bit number as packet sockets want it.
func networkOrder(v uint16) uint16 {
	b := [2]byte{byte(v >> 8), byte(v)}
	return *(*uint16)(unsafe.Pointer(&b))
}

// control runs f with the descriptor, which stays open meanwhile.
func (l *Live) control(f func(fd int)) error {
	return l.raw.Control(func(fd uintptr) { f(int(fd)) })
}

// SetDeadline makes Next return an error that wraps
// os.ErrDeadlineExceeded when t has come; the zero time takes that back. A
// Next that waits is woken.
func (l *Live) SetDeadline(t time.Time) error {
	if l.gone.Load() {
		return nil // Next has its own reason to wake up
	}
	return l.gate.file.SetReadDeadline(t)
}

// SetPatience sets for how long packets may wait after others were read, so
// that many are read at once: who need not see them at once spares the time
// that waking up takes. It must be a small part of the time in which the
// kernel's buffer fills. 0, as at first, is none.
func (l *Live) SetPatience(d time.Duration) { l.gate.patience.Store(int64(d)) }

// Backlog returns which part of the kernel's buffer waits to be read, from 0
// to 1. Like Interfaces it must not be called while Next runs.
func (l *Live) Backlog() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0
	}
	return l.reader.backlog(l.fd) // which is closed later than l.closed says
}

// Lasts returns in which time the kernel's buffer fills, about, if all goes on
// as while the last batch came. Like Interfaces it must not be called while
// Next runs.
func (l *Live) Lasts() time.Duration { return l.reader.lasts(l.frames) }

// Method says in a few words how packets are read, for diagnosis.
func (l *Live) Method() string { return l.reader.method() }

// Interfaces lists the interface, or those of which frames were seen, each
// once for every link type that its frames have.
func (l *Live) Interfaces() []Interface { return l.interfaces }

// Stats counts frames given out, and packets that the kernel had no room
// for. The latter are counted when Next reaches the place where they are
// missing, the rest at Close.
func (l *Live) Stats() Stats {
	return Stats{Frames: l.given.Load(), Dropped: l.dropped.Load()}
}

// Findings tells when the interface was down. Offset is -1: there is no file.
func (l *Live) Findings() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Fault(nil), l.findings...)
}

// Next waits for packets and returns a batch of them, at the latest a few
// milliseconds after the first of them came. See Source. On an interface
// that is down it waits; when the interface is removed it ends with
// ErrInterfaceGone. After Close it returns what the kernel had handed over by
// then, and ends with io.EOF.
func (l *Live) Next() ([]Frame, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	for {
		if err := l.wait(); err != nil && !l.hasLeft() {
			return nil, l.leave(err)
		}
		l.reader.batch(l)
		if len(l.frames) > 0 {
			l.number()
			return l.frames, nil
		}
		l.reader.release()
	}
}

// enter ends the use of the batch before and marks the memory as in use.
func (l *Live) enter() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = l.frames[:0]
	if l.freed {
		return io.EOF
	}
	if l.ended != nil && !l.closed {
		return l.ended
	}
	l.busy = true
	l.reader.release()
	return nil
}

// hasLeft reports whether there is a batch to take after Close.
func (l *Live) hasLeft() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed && l.reader.left()
}

// leave is how Next ends with an error.
func (l *Live) leave(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	if !l.closed {
		return err
	}
	if !l.lent {
		l.unmap()
	}
	return io.EOF
}

// unmap frees the reader's memory, once; l.mu is held and no frame in use.
func (l *Live) unmap() {
	if !l.freed {
		l.freed = true
		l.busy = false
		l.reader.free()
	}
}

// number gives the frames of a batch their numbers.
func (l *Live) number() {
	n := int64(l.given.Load())
	for i := range l.frames {
		l.frames[i].Number = n + 1 + int64(i)
	}
	l.given.Add(uint64(len(l.frames)))
}

// lost notes packets that the kernel dropped before the next frame.
func (l *Live) lost(n uint64) {
	l.dropped.Add(n)
	l.pending += n
}

// wait returns nil when a batch can be taken.
func (l *Live) wait() error {
	for {
		l.pollErr = nil
		if err := l.gate.wait(); err != nil {
			if l.gone.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
				return l.lastWords()
			}
			return fmt.Errorf("capture on %s: %w", l.name, err)
		}
		switch {
		case l.pollErr == nil:
			return nil
		case errors.Is(l.pollErr, unix.ENETDOWN):
			l.wentDown()
		case errors.Is(l.pollErr, unix.EINTR):
		default:
			return fmt.Errorf("capture on %s: %w", l.name, l.pollErr)
		}
	}
}

// Close ends the capture and wakes a Next that waits, which returns io.EOF.
// Frames that Next gave out stay as they are until Next is called again.
func (l *Live) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	if l.downWatch != nil {
		l.downWatch.Stop()
	}
	l.mu.Unlock()
	if l.raw != nil {
		_ = l.control(l.lastAccount)
	}
	err := errors.Join(l.gate.close(), l.file.Close()) // the first waits for Next to notice
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.busy && !l.lent {
		l.unmap()
	}
	return err
}

// lastAccount counts the drops that no frame came after, and lets nothing
// more in: memory that is still mapped keeps the socket alive.
func (l *Live) lastAccount(fd int) {
	_ = attachFilter(fd, []Instruction{{Op: opClassRet, K: 0}}) // an embellishment
	if _, ring := l.reader.(*ringReader); ring {
		l.dropped.Add(takeDrops(fd))
	} else if total := takeDrops(fd); total > l.dropped.Load() {
		l.dropped.Store(total)
	}
}

// takeDrops returns the packets that the kernel had no room for since the
// last time it was asked.
func takeDrops(fd int) uint64 {
	st, err := unix.GetsockoptTpacketStatsV3(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0
	}
	return uint64(st.Drops)
}
