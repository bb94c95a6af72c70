package drive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// DialOptions says which connection to open.
type DialOptions struct {
	Host          string        // a name or an address
	Port          string        // a number from 1 to 65535, or the name of a service
	Family        Family        // nc -4, -6
	Source        string        // nc -s: local address or name; empty leaves it to the kernel
	SourcePort    string        // nc -p: local port; empty leaves it to the kernel
	Wait          time.Duration // nc -w: how long one connect may take; 0 is as long as the kernel tries
	NoDelay       bool          // TCP_NODELAY: Nagle's algorithm off
	ReceiveBuffer int           // SO_RCVBUF in bytes, a small one for a small window; 0 is the kernel's
	Underway      *Underway     // is told of calls that are on their way to the Reporter; may be nil

	lookup lookupFunc
}

// Plan is a resolved destination: its addresses in the order in which they are
// to be tried.
type Plan struct {
	Targets []netip.AddrPort // at least one

	options    DialOptions
	sources    []netip.Addr
	sourcePort uint16
	report     Reporter
}

// Prepare resolves the destination and says what will be tried. It sends
// nothing but questions to a name server.
func Prepare(ctx context.Context, o DialOptions, report Reporter) (*Plan, error) {
	if o.Host == "" {
		return nil, errors.New("no host given")
	}
	port, err := portNumber(ctx, o.Port, 1)
	if err != nil {
		return nil, err
	}
	p := &Plan{options: o, report: report}
	if o.SourcePort != "" {
		if p.sourcePort, err = portNumber(ctx, o.SourcePort, 1); err != nil {
			return nil, fmt.Errorf("local port: %w", err)
		}
	}
	t := &tracer{report: report, under: o.Underway, end: Client, fd: -1}
	if o.Source != "" {
		if p.sources, err = resolve(ctx, t, o.lookup, o.Source, o.Family); err != nil {
			return nil, fmt.Errorf("local address: %w", err)
		}
	}
	addrs, err := resolve(ctx, t, o.lookup, o.Host, o.Family)
	if err != nil {
		return nil, err
	}
	var unlike error // of the first that cannot be reached from the local address
	for _, a := range addrs {
		to := netip.AddrPortFrom(a, port)
		if _, err := p.source(to); err != nil {
			unlike = cmp.Or(unlike, err)
			continue
		}
		p.Targets = append(p.Targets, to)
	}
	if len(p.Targets) == 0 {
		return nil, unlike
	}
	return p, nil
}

// Attempt is a socket that is bound and not yet connected.
type Attempt struct {
	Local  netip.AddrPort // the port is certain; the address is the one that the route gives
	Remote netip.AddrPort

	s    *sock
	t    *tracer
	wait time.Duration
}

// selfTries is how often Bind looks for another port when the kernel's choice
// would make the socket connect to itself (a simultaneous open with one end).
const selfTries = 8

// Bind makes the socket for Targets[i] and binds its local port. Nothing is
// sent. The caller connects or closes what it returns.
func (p *Plan) Bind(i int) (*Attempt, error) {
	if i < 0 || i >= len(p.Targets) {
		return nil, fmt.Errorf("target %d of %d", i, len(p.Targets))
	}
	for try := 1; ; try++ {
		a, err := p.bind(p.Targets[i])
		if err != nil || p.sourcePort != 0 || a.Local != a.Remote || try == selfTries {
			return a, err
		}
		a.Close()
	}
}

func (p *Plan) bind(to netip.AddrPort) (*Attempt, error) {
	from, err := p.source(to)
	if err != nil {
		return nil, err
	}
	t := &tracer{report: p.report, under: p.options.Underway, end: Client, fd: -1, remote: to}
	s, err := openReported(t, familyOf(to.Addr()))
	if err != nil {
		return nil, err
	}
	a := &Attempt{Remote: to, s: s, t: t, wait: p.options.Wait}
	if err := p.setOptions(s, t); err != nil {
		a.Close()
		return nil, err
	}
	// nc binds only where -s or -p ask for it and leaves the rest to connect.
	// Here the port must be known before the capture's filter is set.
	// Linux gives out no port that is in TIME-WAIT this way, so that about
	// 28,000 connections can be opened in a minute before it says EADDRINUSE.
	if err := t.whole("bind", from.String(), func() error { return s.bind(from, false) }); err != nil {
		a.Close()
		return nil, &OpError{Call: "bind", Addr: from, Err: err}
	}
	a.Local = s.local()
	if a.Local.Addr().IsUnspecified() {
		a.Local = netip.AddrPortFrom(routeSource(to), a.Local.Port())
	}
	t.local = a.Local
	return a, nil
}

func (p *Plan) setOptions(s *sock, t *tracer) error {
	if p.options.ReceiveBuffer > 0 {
		if err := setReceiveBuffer(s, t, p.options.ReceiveBuffer); err != nil {
			return err
		}
	}
	if p.options.NoDelay {
		return setNoDelay(s, t)
	}
	return nil
}

// source returns what to bind: the address asked for, or the wildcard of to's
// family, so that the kernel picks the address when it knows the route.
func (p *Plan) source(to netip.AddrPort) (netip.AddrPort, error) {
	if p.options.Source == "" {
		return netip.AddrPortFrom(wildcard(familyOf(to.Addr())), p.sourcePort), nil
	}
	for _, a := range p.sources {
		if a.Is4() == to.Addr().Is4() {
			return netip.AddrPortFrom(a, p.sourcePort), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("local address %s is of another family than %s", p.options.Source, to.Addr())
}

func wildcard(f Family) netip.Addr {
	if f == IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// routeSource returns the address that the kernel would send from: connecting
// a UDP socket looks up the route and sends nothing. Where there is no route
// it is the wildcard, and connect says why.
func routeSource(to netip.AddrPort) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return wildcard(familyOf(to.Addr()))
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// Connect sends the SYN and waits for the answer, in the caller's goroutine.
// Cancelling ctx ends it at once with ErrInterrupted. Where it fails the
// socket has been closed.
func (a *Attempt) Connect(ctx context.Context) (*Conn, error) {
	if a.s == nil {
		return nil, &OpError{Call: "connect", Addr: a.Remote, Err: net.ErrClosed}
	}
	inner, cancel := ctx, context.CancelFunc(func() {})
	if a.wait > 0 {
		inner, cancel = context.WithTimeout(ctx, a.wait)
	}
	defer cancel()
	args := a.Remote.String()
	began := a.t.entry(Call{Name: "connect", Args: args})
	err := a.s.connect(inner, a.Remote)
	if inner.Err() != nil && err != nil {
		err = contextError(ctx, a.wait)
	}
	if err == nil {
		a.Local = a.s.local()
		a.t.local = a.Local
	}
	a.t.returned(Call{Name: "connect", Args: args, Err: err}, began)
	if err != nil {
		a.Close()
		return nil, &OpError{Call: "connect", Addr: a.Remote, Err: err}
	}
	s := a.s
	a.s = nil
	return newConn(s, a.t), nil
}

// Close gives up an attempt that was not connected. It may be called again.
func (a *Attempt) Close() {
	if a.s == nil {
		return
	}
	s := a.s
	a.s = nil
	_ = a.t.whole("close", "", s.close)
}

// Dial opens a connection in one step: the addresses are tried one after
// another, as nc does, and the first that answers is used. The error holds
// that of each address.
func Dial(ctx context.Context, o DialOptions, report Reporter) (*Conn, error) {
	p, err := Prepare(ctx, o, report)
	if err != nil {
		return nil, err
	}
	var failures []error
	for i := range p.Targets {
		a, err := p.Bind(i)
		if err == nil {
			var c *Conn
			if c, err = a.Connect(ctx); err == nil {
				return c, nil
			}
		}
		failures = append(failures, err)
		if errors.Is(err, ErrInterrupted) {
			break
		}
	}
	return nil, errors.Join(failures...)
}

// openReported makes a socket and reports it.
func openReported(t *tracer, f Family) (*sock, error) {
	var s *sock
	args := "AF_INET, SOCK_STREAM"
	if f == IPv6 {
		args = "AF_INET6, SOCK_STREAM"
	}
	err := t.whole("socket", args, func() (err error) {
		s, err = openSocket(f)
		if err == nil {
			t.fd = s.fd
		}
		return err
	})
	if err != nil {
		return nil, &OpError{Call: "socket", Err: err}
	}
	return s, nil
}

func setReceiveBuffer(s *sock, t *tracer, n int) error {
	err := t.whole("setsockopt", fmt.Sprintf("SO_RCVBUF %d", n), func() error { return s.setReceiveBuffer(n) })
	if err != nil {
		return &OpError{Call: "setsockopt", Err: err}
	}
	return nil
}

func setNoDelay(s *sock, t *tracer) error {
	if err := t.whole("setsockopt", "TCP_NODELAY on", s.setNoDelay); err != nil {
		return &OpError{Call: "setsockopt", Err: err}
	}
	return nil
}
