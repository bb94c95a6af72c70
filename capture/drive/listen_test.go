package drive

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestListenReportsItsCallsInOrder(t *testing.T) {
	for _, host := range loopbacks(t) {
		var r record
		l := listen(t, ListenOptions{Host: host}, r.report)
		c, err := Dial(context.Background(), to(l.Addr), nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		l.Close()
		want := "socket setsockopt bind listen accept( )accept close close"
		if !reuseAddress {
			want = "socket bind listen accept( )accept close close"
		}
		if got := r.names(Server); got != want {
			t.Errorf("calls are %s\nwant %s", got, want)
		}
		for _, call := range r.all() {
			switch {
			case call.Name == "listen" && call.Args != "backlog 1":
				t.Errorf("listen with %s, nc's is 1", call.Args)
			case call.Name == "accept" && call.Phase == Return && (call.Remote != c.Local() || call.Local != l.Addr):
				t.Errorf("accept returned %v at %v", call.Remote, call.Local)
			}
		}
		c.Close()
	}
}

func TestListenOnAll(t *testing.T) {
	l := listen(t, ListenOptions{}, nil)
	if l.Addr.Addr() != netip.IPv4Unspecified() {
		t.Errorf("no host listens on %v, as nc it should on 0.0.0.0", l.Addr)
	}
	at := l.Reachable()
	if len(at) == 0 || at[len(at)-1] != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.Addr.Port()) {
		t.Errorf("reachable at %v, want loopback last", at)
	}
	for _, a := range at {
		if !a.Addr().Is4() {
			t.Errorf("reachable at %v, though it listens on IPv4", a)
		}
	}
	if len(loopbacks(t)) < 2 {
		return
	}
	l = listen(t, ListenOptions{Family: IPv6}, nil)
	if l.Addr.Addr() != netip.IPv6Unspecified() {
		t.Errorf("-6 listens on %v", l.Addr)
	}
	c, err := Dial(context.Background(), DialOptions{Host: "127.0.0.1", Port: port(l.Addr)}, nil)
	if err != nil {
		t.Skipf("IPv6 sockets here take no IPv4 clients: %v", err)
	}
	defer c.Close()
	s, err := l.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Remote() != c.Local() || s.Local() != c.Remote() {
		t.Errorf("the server says %v to %v, on the wire it is %v to %v", s.Remote(), s.Local(), c.Local(), c.Remote())
	}
}

func TestListenAddressInUse(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	var r record
	_, err := Listen(context.Background(), ListenOptions{Host: "127.0.0.1", Port: port(l.Addr)}, r.report)
	wantName(t, err, "EADDRINUSE")
	if hint := Hint(err); !strings.Contains(hint, "another program holds port "+port(l.Addr)) {
		t.Errorf("hint %q", hint)
	}
	if got := r.names(Server); !strings.HasSuffix(got, "bind=EADDRINUSE close") {
		t.Errorf("calls are %s", got)
	}
}

func TestListenAgainWhileInTimeWait(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	client, server := pairOf(t, l, nil)
	server.Close() // the server closes first, and so keeps TIME-WAIT
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Fatal("the client does not learn of it")
	}
	client.Close()
	l.Close()
	again, err := Listen(context.Background(), ListenOptions{Host: "127.0.0.1", Port: port(l.Addr)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestListenElsewhere(t *testing.T) {
	_, err := Listen(context.Background(), ListenOptions{Host: "192.0.2.250", Port: "0"}, nil) // RFC 5737
	wantName(t, err, "EADDRNOTAVAIL")
	if !strings.Contains(Hint(err), "192.0.2.250 is not an address of this machine") {
		t.Errorf("hint %q", Hint(err))
	}
	for _, p := range []string{"", "-1", "65536", "no-such-service-here"} {
		if _, err := Listen(context.Background(), ListenOptions{Port: p}, nil); err == nil {
			t.Errorf("port %q is taken", p)
		}
	}
}

func TestListenTriesOneAddressAfterAnother(t *testing.T) {
	l := listen(t, ListenOptions{Host: "here", lookup: lookupOf("192.0.2.250", "127.0.0.1")}, nil)
	if l.Addr.Addr() != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("listens on %v", l.Addr)
	}
}

func TestBindDoesNotListen(t *testing.T) {
	if !reuseAddress {
		t.Skip("net binds and listens in one")
	}
	l, err := Bind(context.Background(), ListenOptions{Host: "127.0.0.1", Port: "0"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Dial(context.Background(), to(l.Addr), nil)
	wantName(t, err, "ECONNREFUSED")
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	c, err := Dial(context.Background(), to(l.Addr), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestAcceptIsInterruptedAndGoesOn(t *testing.T) {
	var r record
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, r.report)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := l.Accept(ctx)
		done <- err
	}()
	r.awaitEntry(t, Server, "accept")
	cancel()
	wantInterrupted(t, within(t, "ending accept", done))
	_, err := l.Accept(ctx)
	wantInterrupted(t, err)

	for range 3 { // several clients one after another
		client, server := pairOf(t, l, nil)
		client.Close()
		server.Close()
	}
}

func TestAcceptGivesUpAfterWait(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1", Wait: 20 * time.Millisecond}, nil)
	_, err := l.Accept(context.Background())
	wantName(t, err, "ETIMEDOUT")
}

func TestCloseWakesAccept(t *testing.T) {
	var r record
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, r.report)
	done := make(chan error, 1)
	go func() {
		_, err := l.Accept(context.Background())
		done <- err
	}()
	r.awaitEntry(t, Server, "accept")
	l.Close()
	if err := within(t, "accept on a closed listener", done); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept returns %v", err)
	}
	if _, err := l.Accept(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after Close returns %v", err)
	}
	if !slices.ContainsFunc(r.all(), func(c Call) bool { return c.Name == "close" && c.Args == "the listening socket" }) {
		t.Errorf("Close does not say what it closes: %+v", r.all())
	}
}
