package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// DefaultBacklog is what OpenBSD's nc and the lessons' Python servers give to
// listen(2): one. Linux then completes the handshakes of two clients that are
// not accepted yet, and leaves the next ones without an answer.
const DefaultBacklog = 1

// ListenOptions says what to wait for.
type ListenOptions struct {
	Host          string        // a name or an address of this machine; empty is 0.0.0.0 as with nc, or :: with IPv6
	Port          string        // a number, or the name of a service; 0 lets the kernel choose
	Family        Family        // nc -4, -6
	Backlog       int           // 0 is DefaultBacklog; negative is a backlog of none
	Wait          time.Duration // how long one Accept may take; 0 is for ever, as with nc
	NoDelay       bool          // TCP_NODELAY on what is accepted
	ReceiveBuffer int           // SO_RCVBUF in bytes of what is accepted; 0 is the kernel's
	Underway      *Underway     // is told of calls that are on their way to the Reporter; may be nil

	lookup lookupFunc
}

// Listener waits for connections.
type Listener struct {
	Addr netip.AddrPort // what it is bound to

	options   ListenOptions
	s         *sock
	t         *tracer
	closeOnce sync.Once
	closeErr  error
}

// Bind makes the socket and binds it; the port is held from now on and no
// connection is taken before Listen. Of several addresses of a name the first
// that can be bound is used, as nc does.
//
// An empty host is 0.0.0.0, IPv4 alone, as with OpenBSD's nc; with IPv6 it is
// ::, which on Linux takes IPv4 clients as well unless net.ipv6.bindv6only
// says otherwise.
func Bind(ctx context.Context, o ListenOptions, report Reporter) (*Listener, error) {
	port, err := portNumber(ctx, o.Port, 0)
	if err != nil {
		return nil, err
	}
	addrs := []netip.Addr{wildcard(o.Family)}
	if o.Host != "" {
		t := &tracer{report: report, under: o.Underway, end: Server, fd: -1}
		if addrs, err = resolve(ctx, t, o.lookup, o.Host, o.Family); err != nil {
			return nil, err
		}
	}
	var failures []error
	for _, a := range addrs {
		l, err := bindListener(netip.AddrPortFrom(a, port), o, report)
		if err == nil {
			return l, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func bindListener(at netip.AddrPort, o ListenOptions, report Reporter) (*Listener, error) {
	t := &tracer{report: report, under: o.Underway, end: Server, fd: -1}
	s, err := openReported(t, familyOf(at.Addr()))
	if err != nil {
		return nil, err
	}
	l := &Listener{options: o, s: s, t: t}
	// So that a server can be started again while a connection of its last run
	// is in TIME-WAIT. Windows means something else by it; there it is left out.
	if reuseAddress {
		if err := t.whole("setsockopt", "SO_REUSEADDR on", s.setReuseAddress); err != nil {
			_ = l.Close()
			return nil, &OpError{Call: "setsockopt", Err: err}
		}
	}
	if o.ReceiveBuffer > 0 {
		// Before listen: the window scale is settled in the handshake.
		if err := setReceiveBuffer(s, t, o.ReceiveBuffer); err != nil {
			_ = l.Close()
			return nil, err
		}
	}
	if err := t.whole("bind", at.String(), func() error { return s.bind(at, true) }); err != nil {
		_ = l.Close()
		return nil, &OpError{Call: "bind", Addr: at, Err: err}
	}
	l.Addr = s.local()
	t.local = l.Addr
	return l, nil
}

// Listen begins to take connections: from now on the kernel answers SYNs.
func (l *Listener) Listen() error {
	backlog := l.options.Backlog
	switch {
	case backlog == 0:
		backlog = DefaultBacklog
	case backlog < 0:
		backlog = 0
	}
	err := l.t.whole("listen", fmt.Sprintf("backlog %d", backlog), func() error { return l.s.listen(backlog) })
	if err != nil {
		// Two sockets with SO_REUSEADDR may be bound to one port; the second
		// fails here.
		return &OpError{Call: "listen", Addr: l.Addr, Err: err}
	}
	return nil
}

// Listen binds and listens in one step.
func Listen(ctx context.Context, o ListenOptions, report Reporter) (*Listener, error) {
	l, err := Bind(ctx, o, report)
	if err != nil {
		return nil, err
	}
	if err := l.Listen(); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Accept waits for the next client. Cancelling ctx ends it at once with
// ErrInterrupted; the listener can be used further. Several clients one after
// another (nc -k) are several calls of Accept.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	return l.acceptNotify(ctx, func() {})
}

// acceptNotify is Accept, and calls entered when the call's entry has been
// reported.
func (l *Listener) acceptNotify(ctx context.Context, entered func()) (*Conn, error) {
	inner, cancel := ctx, context.CancelFunc(func() {})
	if l.options.Wait > 0 {
		inner, cancel = context.WithTimeout(ctx, l.options.Wait)
	}
	defer cancel()
	began := l.t.entry(Call{Name: "accept"})
	entered()
	s, err := l.accept(inner)
	if err != nil && inner.Err() != nil {
		err = contextError(ctx, l.options.Wait)
	}
	if err != nil {
		l.t.returned(Call{Name: "accept", Err: err}, began)
		return nil, &OpError{Call: "accept", Addr: l.Addr, Err: err}
	}
	t := &tracer{report: l.t.report, under: l.options.Underway, end: Server, fd: s.fd, local: s.local(), remote: s.remote()}
	t.returned(Call{Name: "accept", Args: t.remote.String()}, began)
	c := newConn(s, t)
	if l.options.NoDelay {
		if err := setNoDelay(s, t); err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	return c, nil
}

// accept waits for a client until ctx ends.
func (l *Listener) accept(ctx context.Context) (*sock, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if !l.s.ready() {
		return nil, net.ErrClosed
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		l.s.interrupt()
	})
	s, err := l.s.accept()
	if !stop() {
		<-woken
		l.s.resume()
	}
	return s, err
}

// Close stops listening, and wakes what waits in Accept. Clients that the
// kernel has let in and that were not accepted are reset by it. It may be
// called again.
func (l *Listener) Close() error {
	l.closeOnce.Do(func() {
		if err := l.t.whole("close", listeningSocket, l.s.close); err != nil {
			l.closeErr = &OpError{Call: "close", Addr: l.Addr, Err: err}
		}
	})
	return l.closeErr
}

// Reachable lists what a client may type to reach the listener: its own
// address, or, where it listens on all, each of this machine, those that only
// this machine can use (loopback) last. Behind address translation the
// outside knows others.
func (l *Listener) Reachable() []netip.AddrPort {
	if !l.Addr.Addr().IsUnspecified() {
		return []netip.AddrPort{l.Addr}
	}
	known, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var outside, inside []netip.AddrPort
	for _, k := range known {
		p, err := netip.ParsePrefix(k.String())
		if err != nil {
			continue
		}
		a := p.Addr().Unmap()
		switch at := netip.AddrPortFrom(a, l.Addr.Port()); {
		case a.Is6() && l.Addr.Addr().Is4(), a.IsLinkLocalUnicast() && a.Is6():
			// Not listened on, or of no use without a zone.
		case a.IsLoopback():
			inside = append(inside, at)
		default:
			outside = append(outside, at)
		}
	}
	return append(outside, inside...)
}
