//go:build !(linux || darwin) || netdrive

package drive

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// reuseAddress: Windows lets a server start again without it, and with it
// would let two programs share a port.
const reuseAddress = false

// sock stands on Go's net package, where the system's own calls are not used,
// with the package's extras (keep-alive, TCP_NODELAY, MPTCP) switched off. A
// port is bound when net dials or listens; what is reported as bind finds a
// free one and lets go of it until then. It has been compiled for Windows, and
// run on Linux only (build tag netdrive).
type sock struct {
	fd      int // -1: net does not say
	family  Family
	at      netip.AddrPort
	noDelay bool
	buffer  int // SO_RCVBUF; 0 is the system's
	l       *net.TCPListener
	c       *net.TCPConn
}

func openSocket(f Family) (*sock, error) { return &sock{fd: -1, family: f}, nil }

func (s *sock) network() string {
	if s.family == IPv6 {
		return "tcp6"
	}
	return "tcp4"
}

func (s *sock) setReuseAddress() error { return nil }

func (s *sock) setReceiveBuffer(n int) error {
	s.buffer = n
	return nil
}

func (s *sock) setNoDelay() error {
	s.noDelay = true
	if s.c != nil {
		return cause(s.c.SetNoDelay(true))
	}
	return nil
}

func (s *sock) setResetOnClose() error { return cause(s.c.SetLinger(0)) }
func (s *sock) shutdownWrite() error   { return cause(s.c.CloseWrite()) }

// unread is not known here.
func (s *sock) unread() int { return 0 }

// bind listens at once for a passive socket: net has no bind of its own. For
// an active one it finds a free port.
func (s *sock) bind(at netip.AddrPort, passive bool) error {
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), s.network(), at.String())
	if err != nil {
		return cause(err)
	}
	s.at = l.Addr().(*net.TCPAddr).AddrPort()
	if passive {
		s.l = l.(*net.TCPListener)
		return nil
	}
	return l.Close()
}

func (s *sock) local() netip.AddrPort {
	if s.c != nil {
		return unmapped(s.c.LocalAddr())
	}
	return netip.AddrPortFrom(s.at.Addr().Unmap(), s.at.Port())
}

func (s *sock) remote() netip.AddrPort { return unmapped(s.c.RemoteAddr()) }

func unmapped(a net.Addr) netip.AddrPort {
	at := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

func (s *sock) connect(ctx context.Context, to netip.AddrPort) error {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(s.at), KeepAlive: -1}
	d.SetMultipathTCP(false)
	c, err := d.DialContext(ctx, s.network(), to.String())
	if err != nil {
		return cause(err)
	}
	s.c = c.(*net.TCPConn)
	return s.settle()
}

// settle takes back what net sets on its own.
func (s *sock) settle() error {
	if s.buffer > 0 {
		_ = s.c.SetReadBuffer(s.buffer)
	}
	return cause(s.c.SetNoDelay(s.noDelay))
}

func (s *sock) listen(int) error { return nil }

func (s *sock) ready() bool { return s.l != nil || s.c != nil }

func (s *sock) accept() (*sock, error) {
	c, err := s.l.AcceptTCP()
	if err != nil {
		return nil, cause(err)
	}
	a := &sock{fd: -1, family: s.family, c: c, buffer: s.buffer}
	return a, a.settle()
}

func (s *sock) recv(p []byte) (int, error) {
	n, err := s.c.Read(p)
	if errors.Is(err, io.EOF) {
		return 0, nil
	}
	return n, cause(err)
}

func (s *sock) send(p []byte) (int, error) {
	n, err := s.c.Write(p)
	return n, cause(err)
}

// hangup waits until it is interrupted: net cannot wait without reading.
func (s *sock) hangup() error {
	raw, err := s.c.SyscallConn()
	if err != nil {
		return err
	}
	return cause(raw.Read(func(uintptr) bool { return false }))
}

func (s *sock) interrupt() { s.setDeadline(time.Unix(1, 0)) }
func (s *sock) resume()    { s.setDeadline(time.Time{}) }

func (s *sock) setDeadline(at time.Time) {
	if s.l != nil {
		_ = s.l.SetDeadline(at)
		return
	}
	_ = s.c.SetDeadline(at)
}

func (s *sock) setReadDeadline(at time.Time) error  { return s.c.SetReadDeadline(at) }
func (s *sock) setWriteDeadline(at time.Time) error { return s.c.SetWriteDeadline(at) }

func (s *sock) close() error {
	switch {
	case s.c != nil:
		return cause(s.c.Close())
	case s.l != nil:
		return cause(s.l.Close())
	}
	return nil
}

// cause takes net's wrapping off: the system's error number, or what ended
// the wait.
func cause(err error) error {
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	}
	return err
}
