//go:build (linux || darwin) && !netdrive

package drive

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	errTimedOut  = unix.ETIMEDOUT
	reuseAddress = true
)

func errnoName(e syscall.Errno) string { return unix.ErrnoName(e) }

// sock is a TCP socket. It is blocking until it is connected or listens, as
// connect blocks in the kernel; then it is non-blocking and Go's poller waits
// for it, which is what lets Ctrl-C end a waiting recv, send or accept. (nc's
// sockets are non-blocking too, with poll(2) around them.)
type sock struct {
	fd  int
	f   *os.File        // once it is non-blocking
	raw syscall.RawConn // of f

	closed atomic.Bool
}

// openSocket makes a socket: IPPROTO_TCP spelled out, so that no preload or
// setting turns it into MPTCP.
func openSocket(f Family) (*sock, error) {
	domain := unix.AF_INET
	if f == IPv6 {
		domain = unix.AF_INET6
	}
	fd, err := streamSocket(domain)
	if err != nil {
		return nil, err
	}
	return &sock{fd: fd}, nil
}

// poll hands the descriptor to Go's poller.
func (s *sock) poll() error {
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return err
	}
	s.f = os.NewFile(uintptr(s.fd), "socket")
	raw, err := s.f.SyscallConn()
	s.raw = raw
	return err
}

// control runs f on the descriptor while it cannot be closed.
func (s *sock) control(f func(fd int) error) error {
	if s.raw == nil {
		return f(s.fd)
	}
	var err error
	if e := s.raw.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return e
	}
	return err
}

func (s *sock) setInt(level, option, value int) error {
	return s.control(func(fd int) error { return unix.SetsockoptInt(fd, level, option, value) })
}

func (s *sock) setReuseAddress() error       { return s.setInt(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }
func (s *sock) setReceiveBuffer(n int) error { return s.setInt(unix.SOL_SOCKET, unix.SO_RCVBUF, n) }
func (s *sock) setNoDelay() error            { return s.setInt(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) }

func (s *sock) setResetOnClose() error {
	return s.control(func(fd int) error {
		return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0})
	})
}

func (s *sock) shutdownWrite() error {
	return s.control(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) })
}

// bind binds to at; passive or not makes no difference here.
func (s *sock) bind(at netip.AddrPort, _ bool) error {
	sa, err := sockaddr(at)
	if err != nil {
		return err
	}
	return unix.Bind(s.fd, sa)
}

func (s *sock) local() netip.AddrPort  { return s.name(unix.Getsockname) }
func (s *sock) remote() netip.AddrPort { return s.name(unix.Getpeername) }

func (s *sock) name(ask func(int) (unix.Sockaddr, error)) netip.AddrPort {
	var at netip.AddrPort
	_ = s.control(func(fd int) error {
		sa, err := ask(fd)
		if err == nil {
			at = addrPort(sa)
		}
		return err
	})
	return at
}

// cancelRetry is how often a cancelled connect is woken again, for the rare
// case that the first time came before the call.
const cancelRetry = 5 * time.Millisecond

// connect blocks in connect(2) until it is answered or ctx ends. A shutdown of
// a socket in SYN-SENT ends the call, and sends nothing.
func (s *sock) connect(ctx context.Context, to netip.AddrPort) error {
	sa, err := sockaddr(to)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	returned, woken := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		for {
			_ = unix.Shutdown(s.fd, unix.SHUT_RDWR)
			select {
			case <-returned:
				return
			case <-time.After(cancelRetry):
			}
		}
	})
	err = unix.Connect(s.fd, sa)
	if err == unix.EINTR {
		err = s.awaitConnect()
	}
	close(returned)
	if !stop() {
		<-woken
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return s.poll()
}

// awaitConnect waits for the end of a connect that a signal interrupted: it
// goes on without us (connect(2), EINTR).
func (s *sock) awaitConnect() error {
	for {
		p := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}
		if _, err := unix.Poll(p, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return err
		}
		n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return err
		}
		if n != 0 {
			return syscall.Errno(n)
		}
		_, err = unix.Getpeername(s.fd)
		return err
	}
}

func (s *sock) listen(backlog int) error {
	if err := unix.Listen(s.fd, backlog); err != nil {
		return err
	}
	return s.poll()
}

// ready reports whether the socket listens or is connected.
func (s *sock) ready() bool { return s.f != nil }

// accept waits for a client. One that went away before it was taken is passed
// over.
func (s *sock) accept() (*sock, error) {
	var nfd int
	var err error
	e := s.raw.Read(func(fd uintptr) bool {
		for {
			nfd, err = acceptSocket(int(fd))
			if err != unix.EINTR && err != unix.ECONNABORTED {
				return err != unix.EAGAIN
			}
		}
	})
	if err = s.waitError(e, err); err != nil {
		return nil, err
	}
	a := &sock{fd: nfd}
	if err := a.poll(); err != nil {
		_ = a.close()
		return nil, err
	}
	return a, nil
}

func (s *sock) recv(p []byte) (int, error) {
	var n int
	var err error
	e := s.raw.Read(func(fd uintptr) bool {
		for {
			n, _, err = unix.Recvfrom(int(fd), p, 0)
			if err != unix.EINTR {
				return err != unix.EAGAIN
			}
		}
	})
	return n, s.waitError(e, err)
}

func (s *sock) send(p []byte) (int, error) {
	var n int
	var err error
	e := s.raw.Write(func(fd uintptr) bool {
		for {
			n, err = unix.SendmsgN(int(fd), p, nil, nil, noSignal)
			if err != unix.EINTR {
				return err != unix.EAGAIN
			}
		}
	})
	return n, s.waitError(e, err)
}

// hangup waits until the connection is gone in both directions, without
// reading from it, and returns the error that ended it, if any.
func (s *sock) hangup() error {
	var err error
	e := s.raw.Read(func(fd uintptr) bool {
		p := []unix.PollFd{{Fd: int32(fd)}} // POLLERR and POLLHUP are always told
		if _, perr := unix.Poll(p, 0); perr != nil && perr != unix.EINTR {
			err = perr
			return true
		}
		if p[0].Revents == 0 {
			return false
		}
		if n, serr := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); serr == nil && n != 0 {
			err = syscall.Errno(n)
		}
		return true
	})
	return s.waitError(e, err)
}

// waitError returns why a call failed: waiting for it (the poller's word), or
// the call itself.
func (s *sock) waitError(wait, call error) error {
	switch {
	case wait != nil && s.closed.Load():
		return net.ErrClosed // the poller's own error for it cannot be named
	case wait != nil:
		return wait
	}
	return call
}

// interrupt ends waiting calls, and those to come, until resume.
func (s *sock) interrupt() { _ = s.f.SetDeadline(time.Unix(1, 0)) }
func (s *sock) resume()    { _ = s.f.SetDeadline(time.Time{}) }

func (s *sock) setReadDeadline(at time.Time) error  { return s.f.SetReadDeadline(at) }
func (s *sock) setWriteDeadline(at time.Time) error { return s.f.SetWriteDeadline(at) }

func (s *sock) close() error {
	s.closed.Store(true)
	if s.f != nil {
		return s.f.Close()
	}
	return unix.Close(s.fd)
}

func sockaddr(a netip.AddrPort) (unix.Sockaddr, error) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, nil
	}
	sa := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		n, err := zoneIndex(zone)
		if err != nil {
			return nil, err
		}
		sa.ZoneId = n
	}
	return sa, nil
}

func zoneIndex(zone string) (uint32, error) {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	ifi, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("zone %q is no interface of this machine", zone)
	}
	return uint32(ifi.Index), nil
}

// addrPort reads a socket address; IPv4 inside IPv6, as a socket on :: gives
// it, is the IPv4 that stands on the wire.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		a := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && a.Is6() {
			zone := strconv.FormatUint(uint64(sa.ZoneId), 10)
			if ifi, err := net.InterfaceByIndex(int(sa.ZoneId)); err == nil {
				zone = ifi.Name
			}
			a = a.WithZone(zone)
		}
		return netip.AddrPortFrom(a, uint16(sa.Port))
	}
	return netip.AddrPort{}
}
