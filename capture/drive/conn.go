package drive

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// readSize is how much one recv asks for and one send carries at most, in
// bytes: what OpenBSD's nc uses.
const readSize = 16 << 10

// Conn is an established connection. One goroutine may receive while another
// sends. It is a net.Conn, so that TLS can be laid over it.
type Conn struct {
	s *sock
	t *tracer

	interrupted atomic.Bool
	linger0     atomic.Bool
	closeOnce   sync.Once
	closeErr    error
}

var _ net.Conn = (*Conn)(nil)

func newConn(s *sock, t *tracer) *Conn { return &Conn{s: s, t: t} }

// Local returns the address of this end.
func (c *Conn) Local() netip.AddrPort { return c.t.local }

// Remote returns the address of the other end.
func (c *Conn) Remote() netip.AddrPort { return c.t.remote }

// End returns which end this is, Client or Server.
func (c *Conn) End() string { return c.t.end }

// recv makes one recv call, which waits for bytes. No bytes and no error are
// the end of the stream: the other end's FIN.
func (c *Conn) recv(p []byte) (int, error) {
	return c.recvAfter(c.recvEntry(p), p)
}

func (c *Conn) recvEntry(p []byte) time.Time {
	return c.t.entry(Call{Name: "recv", Args: fmt.Sprintf("up to %s", byteCount(len(p)))})
}

// recvAfter is recv without its Entry, which was reported at began.
func (c *Conn) recvAfter(began time.Time, p []byte) (int, error) {
	n, err := c.s.recv(p)
	n, err = max(n, 0), c.ended(err)
	r := Call{Name: "recv", N: n, Err: err}
	if err == nil {
		r.Args, r.Data = byteCount(n), c.copyOf(p[:n])
	}
	c.t.returned(r, began)
	if err != nil {
		return n, &OpError{Call: "recv", Addr: c.t.remote, Err: err}
	}
	return n, nil
}

// send makes as many send calls as p takes and returns how much was taken.
func (c *Conn) send(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		part := p[sent:min(len(p), sent+readSize)]
		data := c.copyOf(part)
		began := c.t.entry(Call{Name: "send", Args: byteCount(len(part)), Data: data})
		n, err := c.s.send(part)
		n, err = max(n, 0), c.ended(err)
		r := Call{Name: "send", Args: byteCount(n), N: n, Err: err}
		if n > 0 && data != nil {
			r.Data = data[:n:n]
		}
		c.t.returned(r, began)
		sent += n
		if err != nil {
			return sent, &OpError{Call: "send", Addr: c.t.remote, Err: err}
		}
	}
	return sent, nil
}

// interrupt ends calls that wait, and those to come, with ErrInterrupted.
func (c *Conn) interrupt() {
	c.interrupted.Store(true)
	c.s.interrupt()
}

// resume takes interrupt back.
func (c *Conn) resume() {
	c.interrupted.Store(false)
	c.s.resume()
}

// ended says of a call that ended early whether interrupt was why.
func (c *Conn) ended(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && c.interrupted.Load() {
		return ErrInterrupted
	}
	return err
}

// copyOf copies p for a report, if there are reports.
func (c *Conn) copyOf(p []byte) []byte {
	if c.t.report == nil || len(p) == 0 {
		return nil
	}
	return append([]byte(nil), p...)
}

func byteCount(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// Read receives, as one recv call; the end of the stream is io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.recv(p)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, err
}

// Write sends all of p, as send calls of at most 16 KiB.
func (c *Conn) Write(p []byte) (int, error) { return c.send(p) }

// CloseWrite says that no more will be sent: shutdown(SHUT_WR), a FIN. Bytes
// can still be received (RFC 9293, section 3.6: half-close).
func (c *Conn) CloseWrite() error {
	if err := c.t.whole("shutdown", "SHUT_WR", c.s.shutdownWrite); err != nil {
		return &OpError{Call: "shutdown", Addr: c.t.remote, Err: err}
	}
	return nil
}

// ResetOnClose makes Close throw the connection away with RST and no FIN
// (SO_LINGER with a time of 0 s).
func (c *Conn) ResetOnClose() error {
	if err := c.t.whole("setsockopt", "SO_LINGER on, 0 s", c.s.setResetOnClose); err != nil {
		return &OpError{Call: "setsockopt", Addr: c.t.remote, Err: err}
	}
	c.linger0.Store(true)
	return nil
}

// Close closes the connection: a FIN, or RST where received bytes were not
// read. It may be called again, and wakes what waits in Read or Write.
func (c *Conn) Close() error {
	c.closeOnce.Do(func() {
		closing := Closing{Linger0: c.linger0.Load(), Unread: c.s.unread()}
		if err := c.t.wholeCall(Call{Name: "close", Args: closing.args(), Closing: closing}, c.s.close); err != nil {
			c.closeErr = &OpError{Call: "close", Addr: c.t.remote, Err: err}
		}
	})
	return c.closeErr
}

// TCPInfo asks the kernel for its own view of the connection. It must be
// called before Close. Systems other than Linux give an error that says so.
func (c *Conn) TCPInfo() (TCPInfo, error) {
	info, err := c.s.tcpInfo()
	if err != nil {
		return TCPInfo{}, fmt.Errorf("ask the kernel about the connection: %w", err)
	}
	return info, nil
}

// LocalAddr is Local as net.Conn wants it.
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.t.local) }

// RemoteAddr is Remote as net.Conn wants it.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.t.remote) }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(at time.Time) error {
	if err := c.s.setReadDeadline(at); err != nil {
		return err
	}
	return c.s.setWriteDeadline(at)
}

// SetReadDeadline says when a waiting Read gives up.
func (c *Conn) SetReadDeadline(at time.Time) error { return c.s.setReadDeadline(at) }

// SetWriteDeadline says when a waiting Write gives up.
func (c *Conn) SetWriteDeadline(at time.Time) error { return c.s.setWriteDeadline(at) }
