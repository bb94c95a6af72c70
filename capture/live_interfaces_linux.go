package capture

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// lastWords returns nil while packets of an interface that was removed are
// still to be read, then ErrInterfaceGone. The socket may have to say first, in
// place of a packet, that the interface went down.
func (l *Live) lastWords() error {
	more := false
	err := l.control(func(fd int) {
		err := error(unix.ENETDOWN)
		for errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.EINTR) {
			more, err = l.reader.ready(fd)
		}
	})
	if err == nil && more {
		return nil
	}
	l.ended = fmt.Errorf("capture on %s: %w", l.name, ErrInterfaceGone)
	return l.ended
}

// wentDown notes that the interface is down, and has somebody look for its
// return or its end.
func (l *Live) wentDown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.findings) < maxLiveFindings {
		l.findings = append(l.findings, Fault{
			File:   l.name,
			Frames: int64(l.given.Load()),
			Offset: -1,
			Reason: "the interface went down: nothing is seen until it is up again",
			Err:    unix.ENETDOWN,
		})
	}
	if l.downWatch == nil && !l.closed {
		l.downWatch = time.AfterFunc(downPoll, l.watchDown)
	}
}

// watchDown runs every now and then while the interface is down: of its
// removal the socket itself says nothing more.
func (l *Live) watchDown() {
	gone, up := false, false
	err := l.control(func(fd int) { gone, up = interfaceState(fd) })
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil || l.closed:
	case gone && !l.going: // the last packets may lie in a block that the kernel has not closed yet
		l.going = true
		l.downWatch.Reset(lastBlock)
	case gone:
		l.gone.Store(true)
		_ = l.gate.file.SetReadDeadline(time.Unix(1, 0)) // fails only after Close
	case up:
		l.downWatch = nil
	default:
		l.downWatch.Reset(downPoll)
	}
}

// interfaceState asks a bound socket about its interface. After the removal
// of an interface its sockets are bound to number -1.
func interfaceState(fd int) (gone, up bool) {
	sa, err := unix.Getsockname(fd)
	ll, ok := sa.(*unix.SockaddrLinklayer)
	if err != nil || !ok {
		return false, false
	}
	name, err := interfaceName(fd, int32(ll.Ifindex))
	if err != nil {
		return true, false
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr) != nil {
		return false, false
	}
	return false, ifr.Uint16()&unix.IFF_UP != 0
}

// interfaceName asks for the name of an interface, in the network namespace
// of the socket.
func interfaceName(fd int, index int32) (string, error) {
	ifr, err := unix.NewIfreq("")
	if err != nil {
		return "", err
	}
	ifr.SetUint32(uint32(index))
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFNAME, ifr); err != nil {
		return "", err
	}
	return ifr.Name(), nil
}

// interfaceAt returns the place of an interface in Interfaces, where it is
// entered when it is new; -1 when there are too many.
func (l *Live) interfaceAt(index int32, link LinkType) int {
	key := interfaceKey{index, link}
	if key == l.lastKey {
		return l.lastIndex
	}
	at, ok := l.known[key]
	if !ok {
		if len(l.interfaces) >= maxLiveInterfaces {
			return -1
		}
		name := l.name
		if l.all {
			name = fmt.Sprintf("if%d", index) // gone before it could be named
			_ = l.control(func(fd int) {
				if n, err := interfaceName(fd, index); err == nil {
					name = n
				}
			})
		}
		at = len(l.interfaces)
		l.interfaces = append(l.interfaces, Interface{
			Name: name, Index: int(index), Link: link, SnapLen: l.snapNow(),
		})
		l.known[key] = at
	}
	l.lastKey, l.lastIndex = key, at
	return at
}
