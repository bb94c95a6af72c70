package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestDialReportsItsCallsInOrder(t *testing.T) {
	for _, host := range loopbacks(t) {
		t.Run(host, func(t *testing.T) {
			var r record
			l := listen(t, ListenOptions{Host: host}, nil)
			c, err := Dial(context.Background(), to(l.Addr), r.report)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			if got, want := r.names(Client), "socket bind connect( )connect close"; got != want {
				t.Errorf("calls are %s\nwant %s", got, want)
			}
			var last time.Time
			for _, call := range r.all() {
				if call.Time.Before(last) {
					t.Errorf("%s %v comes before the call before it", call.Name, call.Phase)
				}
				last = call.Time
				if call.Name == "connect" && (call.Local != c.Local() || call.Remote != l.Addr || call.Args != l.Addr.String()) {
					t.Errorf("connect %v from %v to %v (%s)", call.Phase, call.Local, call.Remote, call.Args)
				}
			}
		})
	}
}

func TestBindSaysTheLocalPortBeforeAnythingIsSent(t *testing.T) {
	for _, host := range loopbacks(t) {
		l := listen(t, ListenOptions{Host: host}, nil)
		p, err := Prepare(context.Background(), to(l.Addr), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Bind(0)
		if err != nil {
			t.Fatal(err)
		}
		bound := a.Local
		if bound.Port() == 0 || bound.Addr() != netip.MustParseAddr(host) {
			t.Errorf("bound to %v on the way to %v", bound, l.Addr)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		if _, err := l.Accept(ctx); err == nil {
			t.Error("the server has a client before connect")
		}
		cancel()
		c, err := a.Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if c.Local() != bound {
			t.Errorf("connected from %v, bound to %v", c.Local(), bound)
		}
		s, err := l.Accept(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if s.Remote() != bound || s.Local() != l.Addr {
			t.Errorf("the server sees %v to %v", s.Remote(), s.Local())
		}
		c.Close()
		s.Close()
	}
}

func TestDialTakesSourceAddressAndPort(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	free := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	o := to(l.Addr)
	o.Source, o.SourcePort = "127.0.0.1", port(free.Addr)
	if _, err := Dial(context.Background(), o, nil); ErrName(err) != "EADDRINUSE" {
		t.Errorf("a port in use: %v", err)
	}
	free.Close()
	c, err := Dial(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Local() != free.Addr {
		t.Errorf("connected from %v, want %v", c.Local(), free.Addr)
	}
	o.Source, o.SourcePort = "192.0.2.250", "" // RFC 5737: no address of this machine
	_, err = Dial(context.Background(), o, nil)
	wantName(t, err, "EADDRNOTAVAIL")
	if hint := Hint(err); !strings.Contains(hint, "192.0.2.250 is not an address of this machine") {
		t.Errorf("hint %q", hint)
	}
	o.Source = "::1"
	if _, err = Dial(context.Background(), o, nil); err == nil {
		t.Error("a local address of the other family is taken")
	}
}

func TestDialRefused(t *testing.T) {
	for _, host := range loopbacks(t) {
		l := listen(t, ListenOptions{Host: host}, nil)
		l.Close()
		var r record
		_, err := Dial(context.Background(), to(l.Addr), r.report)
		wantName(t, err, "ECONNREFUSED")
		if got, want := r.names(Client), "socket bind connect( )connect=ECONNREFUSED close"; got != want {
			t.Errorf("calls are %s\nwant %s", got, want)
		}
		if !strings.Contains(err.Error(), "connect "+l.Addr.String()) {
			t.Errorf("error %q does not say what was tried", err)
		}
		if !strings.Contains(Hint(err), port(l.Addr)) {
			t.Errorf("hint %q", Hint(err))
		}
	}
}

// lookupOf answers every name with the same addresses.
func lookupOf(addrs ...string) lookupFunc {
	return func(context.Context, string, string) ([]netip.Addr, error) {
		var found []netip.Addr
		for _, a := range addrs {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}
}

func TestDialTriesOneAddressAfterAnother(t *testing.T) {
	if len(loopbacks(t)) < 2 {
		t.Skip("needs ::1")
	}
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil) // and nothing on ::1
	var r record
	c, err := Dial(context.Background(), DialOptions{Host: "localhost", Port: port(l.Addr), lookup: lookupOf("::1", "127.0.0.1")}, r.report)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := "resolve( )resolve socket bind connect( )connect=ECONNREFUSED close socket bind connect( )connect"
	if got := r.names(Client); got != want {
		t.Errorf("calls are %s\nwant %s", got, want)
	}
	if args := r.all()[1].Args; args != "localhost: ::1, 127.0.0.1" {
		t.Errorf("resolved %q", args)
	}
	if c.Remote() != l.Addr {
		t.Errorf("connected to %v", c.Remote())
	}
}

func TestPrepareOrdersAndFiltersAddresses(t *testing.T) {
	lookup := lookupOf("::1", "::ffff:127.0.0.1", "127.0.0.1", "::1")
	for _, test := range []struct {
		family Family
		want   string
	}{
		{AnyFamily, "[::1]:80 127.0.0.1:80"},
		{IPv4, "127.0.0.1:80"},
		{IPv6, "[::1]:80"},
	} {
		p, err := Prepare(context.Background(), DialOptions{Host: "localhost", Port: "http", Family: test.family, lookup: lookup}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range p.Targets {
			got = append(got, a.String())
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("family %d: %s, want %s", test.family, s, test.want)
		}
	}
	for source, want := range map[string]string{"127.0.0.9": "[127.0.0.1:80]", "::1": "[[::1]:80]"} {
		p, err := Prepare(context.Background(), DialOptions{Host: "localhost", Port: "80", Source: source, lookup: lookup}, nil)
		if err != nil || fmt.Sprint(p.Targets) != want {
			t.Errorf("from %s: %+v, %v, want %s", source, p, err, want)
		}
	}
	if _, err := Prepare(context.Background(), DialOptions{Host: "::1", Port: "80", Source: "127.0.0.1"}, nil); err == nil || !strings.Contains(err.Error(), "of another family") {
		t.Errorf("from IPv4 to IPv6: %v", err)
	}
	for _, c := range []struct {
		host   string
		family Family
		hint   string
	}{
		{"::1", IPv4, "leave -4 out: ::1 is an address of IPv6"},
		{"127.1", IPv6, "leave -6 out: 127.1 is an address of IPv4"},
	} {
		_, err := Prepare(context.Background(), DialOptions{Host: c.host, Port: "80", Family: c.family}, nil)
		if got := Hint(err); ErrName(err) != "EAI_NONAME" || got != c.hint {
			t.Errorf("%s: %v, hint %q, want %q", c.host, err, got, c.hint)
		}
	}
}

// TestAddressesInFigures: what getaddrinfo(3), and so nc, takes for an address asks
// no name server.
func TestAddressesInFigures(t *testing.T) {
	asked := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	for host, want := range map[string]string{
		"127.1": "127.0.0.1", "10.257": "10.0.1.1", "192.168.260": "192.168.1.4", "2130706433": "127.0.0.1", "0": "0.0.0.0",
		"0x7f.1": "127.0.0.1", "010.0.0.9": "8.0.0.9", "::ffff:10.1.2.3": "10.1.2.3", "fe80::1%lo": "fe80::1%lo",
		"256.1": "", "1.2.3.4.5": "", "127.": "", "08.1": "", "4294967296": "", "cafe": "", "0x": "",
	} {
		p, err := Prepare(context.Background(), DialOptions{Host: host, Port: "80", lookup: asked}, nil)
		switch {
		case want == "" && ErrName(err) != "EAI_NONAME":
			t.Errorf("%s: %v", host, err)
		case want != "" && (err != nil || p.Targets[0].Addr() != netip.MustParseAddr(want)):
			t.Errorf("%s: %+v, %v, want %s", host, p, err, want)
		}
	}
}

// TestNoAddressOfTheFamily: net has a word of its own where /etc/hosts knows a name
// by addresses of the other family only.
func TestNoAddressOfTheFamily(t *testing.T) {
	other := func(context.Context, string, string) ([]netip.Addr, error) {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: "localhost"}
	}
	_, err := Prepare(context.Background(), DialOptions{Host: "localhost", Port: "80", Family: IPv6, lookup: other}, nil)
	wantName(t, err, "EAI_NONAME")
	if !strings.Contains(Hint(err), "getent ahosts localhost") && !strings.Contains(Hint(err), "nslookup localhost") {
		t.Errorf("%v: hint %q", err, Hint(err))
	}
}

func TestPrepareRefusesWhatIsNoDestination(t *testing.T) {
	for _, o := range []DialOptions{
		{Host: "", Port: "80"},
		{Host: "127.0.0.1", Port: ""},
		{Host: "127.0.0.1", Port: "0"},
		{Host: "127.0.0.1", Port: "65536"},
		{Host: "127.0.0.1", Port: "-1"},
		{Host: "127.0.0.1", Port: "no-such-service-here"},
		{Host: "127.0.0.1", Port: "80", SourcePort: "70000"},
	} {
		if _, err := Prepare(context.Background(), o, nil); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	p, err := Prepare(context.Background(), DialOptions{Host: "127.0.0.1", Port: "80"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{-1, 1} {
		if _, err := p.Bind(i); err == nil {
			t.Errorf("target %d of 1 is bound", i)
		}
	}
}

func TestNameNotFound(t *testing.T) {
	var r record
	gone := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	_, err := Dial(context.Background(), DialOptions{Host: "nosuchname.invalid", Port: "80", lookup: gone}, r.report)
	wantName(t, err, "EAI_NONAME")
	if !strings.Contains(Hint(err), "nosuchname.invalid") {
		t.Errorf("hint %q", Hint(err))
	}
	if got, want := r.names(Client), "resolve( )resolve=EAI_NONAME"; got != want {
		t.Errorf("calls are %s, want %s", got, want)
	}
	silent := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}
	}
	_, err = Dial(context.Background(), DialOptions{Host: "example.invalid", Port: "80", lookup: silent}, nil)
	wantName(t, err, "EAI_AGAIN")
}

func TestResolveIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	slow := func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := Dial(ctx, DialOptions{Host: "slow.invalid", Port: "80", lookup: slow}, nil)
	wantInterrupted(t, err)
}

// fullListener is a listener whose backlog is full, so that the next client's
// SYN gets no answer.
func fullListener(t *testing.T) *Listener {
	t.Helper()
	l := listen(t, ListenOptions{Host: "127.0.0.1", Backlog: -1}, nil)
	for range 4 {
		o := to(l.Addr)
		o.Wait = 100 * time.Millisecond
		c, err := Dial(context.Background(), o, nil)
		if err != nil {
			wantName(t, err, "ETIMEDOUT")
			return l
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this system's backlog does not fill up")
	return nil
}

func TestConnectIsInterruptedAtOnce(t *testing.T) {
	l := fullListener(t)
	var r record
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := Dial(ctx, to(l.Addr), r.report)
		done <- err
	}()
	r.awaitEntry(t, Client, "connect")
	time.Sleep(10 * time.Millisecond) // let it block
	cancel()
	wantInterrupted(t, within(t, "ending connect", done))
	if got, want := r.names(Client), "socket bind connect( )connect=EINTR close"; got != want {
		t.Errorf("calls are %s\nwant %s", got, want)
	}
}

func TestConnectIsInterruptedBeforeItBegins(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	p, err := Prepare(ctx, to(l.Addr), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Bind(0)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = a.Connect(ctx)
	wantInterrupted(t, err)
}

func TestConnectGivesUpAfterWait(t *testing.T) {
	l := fullListener(t)
	o := to(l.Addr)
	o.Wait = 30 * time.Millisecond
	_, err := Dial(context.Background(), o, nil)
	wantName(t, err, "ETIMEDOUT")
	if errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "gave up after 30ms") {
		t.Errorf("error %q", err)
	}
}

func TestBindAvoidsConnectingToItself(t *testing.T) {
	// Every port of the kernel's choice may meet the destination by chance; it
	// is made certain here by asking for it.
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	l.Close()
	o := to(l.Addr)
	for range 50 {
		p, err := Prepare(context.Background(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Bind(0)
		if err != nil {
			t.Fatal(err)
		}
		if a.Local == a.Remote {
			t.Fatalf("bound to the destination itself, %v", a.Local)
		}
		a.Close()
		a.Close()
	}
}

func TestAttemptIsUsedOnce(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	p, err := Prepare(context.Background(), to(l.Addr), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Bind(0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a.Close() // leaves the connection alone
	if _, err := a.Connect(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("connecting again: %v", err)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Error(err)
	}
}
