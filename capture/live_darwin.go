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

// Live captures on one interface through /dev/bpf (bpf(4)).
//
// This file was compiled and never run: it is written after the manual page.
//
// Next belongs to one goroutine; Stats, Findings, SetFilter, SetSnapLen,
// SetDeadline and Close may be called from any.
type Live struct {
	name  string
	link  LinkType
	file  *os.File
	raw   syscall.RawConn
	iface []Interface

	buf    []byte
	frames []Frame
	other  batchMemory // that was lent, or to be used when the above is

	given   atomic.Uint64
	dropped atomic.Uint64

	mu     sync.Mutex
	closed bool
	filter []Instruction
	snap   int
}

// batchMemory is what a batch lies in.
type batchMemory struct {
	buf    []byte
	frames []Frame
}

// maxBPFDevices is how many /dev/bpf devices are tried; macOS makes more of
// them as they are used.
const maxBPFDevices = 256

// bpfBufferBytes is the most that macOS gives a device (debug.bpf_maxbufsize).
const bpfBufferBytes = 512 << 10

// OpenLive begins to capture. There is no capture of all interfaces at once
// on this system: one must be named. Without the right to capture the error
// is a *PermissionError, for an interface that is not there an
// *UnknownInterfaceError.
func OpenLive(o LiveOptions) (*Live, error) {
	if err := checkFilter(o.Filter); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	if o.all() {
		return nil, fmt.Errorf("capture on all interfaces: %w: name one interface, lo0 for this machine's own traffic", ErrNoLiveCapture)
	}
	on, err := findInterface(o.Interface)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	fd, err := openBPF(on.Name)
	if err != nil {
		return nil, err
	}
	l := &Live{name: on.Name, filter: o.Filter, snap: o.snapLen()}
	if err := l.setUp(fd, o); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("capture on %s: %w", on.Name, err)
	}
	l.file = os.NewFile(uintptr(fd), "bpf device")
	if l.raw, err = l.file.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("capture on %s: %w", on.Name, err), l.file.Close())
	}
	l.iface = []Interface{{Name: on.Name, Index: on.Index, Link: l.link, SnapLen: l.snap}}
	return l, nil
}

// openBPF opens the first device that is free.
func openBPF(name string) (int, error) {
	op := "capture on " + name
	for i := range maxBPFDevices {
		path := fmt.Sprintf("/dev/bpf%d", i)
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		switch {
		case err == nil:
			return fd, nil
		case errors.Is(err, unix.EBUSY):
		case errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM):
			return -1, &PermissionError{
				Op:      op,
				Missing: "root or the right to open /dev/bpf*",
				Hint:    "capturing needs root, or access to /dev/bpf*: run it as sudo tcpsee …",
				Err:     err,
			}
		default:
			return -1, fmt.Errorf("%s: open %s: %w", op, path, err)
		}
	}
	return -1, fmt.Errorf("%s: all %d bpf devices are in use", op, maxBPFDevices)
}

// setUp gives the device everything it needs; the filter comes before the
// interface, so that it is in force for the first packet, and once more when
// the link type is known.
func (l *Live) setUp(fd int, o LiveOptions) error {
	reject := []Instruction{{Op: opClassRet, K: 0}}
	if err := setBPFFilter(fd, reject); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	size := uint32(min(o.bufferBytes(), bpfBufferBytes))
	if err := bpfIoctl(fd, unix.BIOCSBLEN, unsafe.Pointer(&size)); err != nil {
		return fmt.Errorf("set buffer length: %w", err)
	}
	var ifreq [32]byte // struct ifreq: the name in the first 16 bytes
	copy(ifreq[:15], l.name)
	if err := bpfIoctl(fd, unix.BIOCSETIF, unsafe.Pointer(&ifreq)); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	on := uint32(1)
	if err := bpfIoctl(fd, unix.BIOCIMMEDIATE, unsafe.Pointer(&on)); err != nil {
		return fmt.Errorf("ask for immediate delivery: %w", err)
	}
	if o.Promiscuous {
		if err := bpfIoctl(fd, unix.BIOCPROMISC, nil); err != nil {
			return fmt.Errorf("switch to promiscuous mode: %w", err)
		}
	}
	var dlt uint32
	if err := bpfIoctl(fd, unix.BIOCGDLT, unsafe.Pointer(&dlt)); err != nil {
		return fmt.Errorf("ask for the link type: %w", err)
	}
	// The values that macOS gives (0, 1, 9, 12, 105, 127) mean the same in
	// the registry of link types.
	l.link = LinkType(dlt)
	if err := bpfIoctl(fd, unix.BIOCGBLEN, unsafe.Pointer(&size)); err != nil {
		return fmt.Errorf("ask for the buffer length: %w", err)
	}
	l.buf = make([]byte, size) // reads must be of exactly this size
	prog, err := l.program()
	if err != nil {
		return err
	}
	if err := setBPFFilter(fd, prog); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	return nil
}

// program returns the filter as the kernel is to have it.
func (l *Live) program() ([]Instruction, error) {
	if l.filter == nil {
		return cutTo(nil, l.snap), nil
	}
	prog, err := localize(l.filter, l.link)
	if err != nil {
		return nil, err
	}
	return cutTo(prog, l.snap), nil
}

// setBPFFilter attaches a program, which also empties the device's buffer.
func setBPFFilter(fd int, prog []Instruction) error {
	raw := make([]unix.BpfInsn, len(prog))
	for i, in := range prog {
		raw[i] = unix.BpfInsn{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	p := unix.BpfProgram{Len: uint32(len(raw)), Insns: &raw[0]}
	return bpfIoctl(fd, unix.BIOCSETF, unsafe.Pointer(&p))
}

// bpfIoctl is ioctl(2) with a pointer.
func bpfIoctl(fd int, request uint, arg unsafe.Pointer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
	if errno != 0 {
		return errno
	}
	return nil
}

// attach is setBPFFilter for a Live that is open, with the program as it is to
// be; l.mu is held.
func (l *Live) attach() error {
	prog, err := l.program()
	if err != nil {
		return err
	}
	var attached error
	err = l.raw.Control(func(fd uintptr) { attached = setBPFFilter(int(fd), prog) })
	return errors.Join(err, attached)
}

// SetPatience does nothing: the kernel gathers packets for as long as it was
// told when the capture was opened.
func (l *Live) SetPatience(time.Duration) {}

// SetDeadline makes Next return an error that wraps
// os.ErrDeadlineExceeded when t has come; the zero time takes that back.
func (l *Live) SetDeadline(t time.Time) error { return l.file.SetReadDeadline(t) }

// Backlog is not known on this system: it returns 0.
func (l *Live) Backlog() float64 { return 0 }

// Waiting is not known on this system: it returns false.
func (l *Live) Waiting() bool { return false }

// Lasts is not known on this system: it assumes little.
func (l *Live) Lasts() time.Duration { return 10 * time.Millisecond }

// Method says in a few words how packets are read, for diagnosis.
func (l *Live) Method() string {
	return fmt.Sprintf("bpf device with a buffer of %d KiB", len(l.buf)>>10)
}

// Interfaces lists the interface.
func (l *Live) Interfaces() []Interface { return l.iface }

// Stats counts frames given out, and packets that the kernel had no room for.
func (l *Live) Stats() Stats {
	return Stats{Frames: l.given.Load(), Dropped: l.dropped.Load()}
}

// Findings is empty on this system.
func (l *Live) Findings() []Fault { return nil }

// Next waits for packets and returns a batch of them; see Source.
func (l *Live) Next() ([]Frame, error) {
	for {
		n, err := l.file.Read(l.buf)
		if l.isClosed() {
			return nil, io.EOF
		}
		if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.EIO) {
			return nil, fmt.Errorf("capture on %s: %w", l.name, ErrInterfaceGone)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("capture on %s: %w", l.name, err)
		}
		l.frames = splitBPF(l.frames[:0], l.buf[:n], l.link)
		if len(l.frames) == 0 {
			continue
		}
		first := int64(l.given.Load()) + 1
		for i := range l.frames {
			l.frames[i].Number = first + int64(i)
		}
		l.frames[0].Dropped = l.countDrops()
		l.given.Add(uint64(len(l.frames)))
		return l.frames, nil
	}
}

// Lend lets the frames that Next gave out last stay as they are while Next is
// called again, until Reclaim. One batch can be lent at a time.
func (l *Live) Lend() {
	if l.other.buf == nil {
		l.other.buf = make([]byte, len(l.buf))
	}
	l.buf, l.frames, l.other = l.other.buf, l.other.frames, batchMemory{l.buf, l.frames}
}

// Reclaim ends the use of the frames that were lent. It may be called while
// Next runs.
func (l *Live) Reclaim() {}

// countDrops asks for the running count of drops and returns what is new.
func (l *Live) countDrops() uint64 {
	var st unix.BpfStat
	err := l.raw.Control(func(fd uintptr) {
		if bpfIoctl(int(fd), unix.BIOCGSTATS, unsafe.Pointer(&st)) != nil {
			st = unix.BpfStat{}
		}
	})
	before := l.dropped.Load()
	if err != nil || uint64(st.Drop) <= before {
		return 0
	}
	l.dropped.Store(uint64(st.Drop))
	return uint64(st.Drop) - before
}

func (l *Live) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close ends the capture and wakes a Next that waits, which returns io.EOF.
func (l *Live) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	return l.file.Close()
}
