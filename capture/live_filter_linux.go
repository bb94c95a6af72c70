package capture

import (
	"errors"

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

// attach is attachFilter for a Live that is open, with the program as it is to
// be; l.mu is held.
func (l *Live) attach() error {
	var attached error
	err := l.control(func(fd int) { attached = attachFilter(fd, l.program()) })
	return errors.Join(err, attached)
}

// snapNow returns the snap length in force.
func (l *Live) snapNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.snap
}
