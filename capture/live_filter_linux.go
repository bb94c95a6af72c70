package capture

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// program returns the filter as the kernel is to have it; l.mu is held, or
// nobody else has l yet.
func (l *Live) program() []Instruction {
	prog := cutTo(l.filter, l.snap)
	if !l.ownPrelude {
		return prog
	}
	// A packet that goes out over loopback comes in again.
	const (
		ldWordAbs = 0x20
		jumpEqual = 0x15
		adOffset  = 0xfffff000 // SKF_AD_OFF of linux/filter.h
		adPktType = adOffset + 4
		adHaType  = adOffset + 28
	)
	return append([]Instruction{
		{Op: ldWordAbs, K: adPktType},
		{Op: jumpEqual, K: unix.PACKET_OUTGOING, Jf: 3},
		{Op: ldWordAbs, K: adHaType},
		{Op: jumpEqual, K: unix.ARPHRD_LOOPBACK, Jf: 1},
		{Op: opClassRet, K: 0},
	}, prog...)
}

// attachFilter puts a program in place of the one before, atomically.
func attachFilter(fd int, prog []Instruction) error {
	raw := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		raw[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog)
}

// SetFilter changes the filter; nil lets everything through. Packets that
// the kernel took before, by the filter before, still come.
func (l *Live) SetFilter(prog []Instruction) error {
	if err := checkFilter(prog); err != nil {
		return fmt.Errorf("capture on %s: %w", l.name, err)
	}
	return l.refilter(func() { l.filter = prog })
}

// SetSnapLen changes how many bytes of a frame are kept; 0 is MaxSnapLen. A
// capture that was opened to keep few may keep less than that of the longest.
func (l *Live) SetSnapLen(n int) error {
	return l.refilter(func() { l.snap = LiveOptions{SnapLen: n}.snapLen() })
}

// refilter makes a change and attaches the program that comes of it. After
// an error the change is undone.
func (l *Live) refilter(change func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	filter, snap := l.filter, l.snap
	change()
	if err := l.attach(l.program()); err != nil {
		l.filter, l.snap = filter, snap
		return fmt.Errorf("capture on %s: attach filter: %w", l.name, err)
	}
	return nil
}

// attach is attachFilter for a Live that is open.
func (l *Live) attach(prog []Instruction) error {
	err := unix.EBADF
	if cerr := l.control(func(fd int) { err = errnoOf(attachFilter(fd, prog)) }); cerr != nil {
		return cerr
	}
	if err == 0 {
		return nil
	}
	return err
}

// errnoOf returns the number of a system call's error, 0 for none.
func errnoOf(err error) unix.Errno {
	var e unix.Errno
	if err != nil && !errors.As(err, &e) {
		e = unix.EINVAL
	}
	return e
}

// snapNow returns the snap length in force.
func (l *Live) snapNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.snap
}
