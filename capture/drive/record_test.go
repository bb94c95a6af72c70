package drive

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once.
const patience = 5 * time.Second

// record collects calls.
type record struct {
	mu    sync.Mutex
	calls []Call
}

func (r *record) report(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
}

func (r *record) all() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Call(nil), r.calls...)
}

// names writes the calls of one end (of both where it is "") in order: "bind"
// for a whole call, "connect(" for an entry, ")connect" for a return, with the
// error's name behind it.
func (r *record) names(end string) string {
	var s []string
	for _, c := range r.all() {
		if end != "" && c.End != end {
			continue
		}
		name := c.Name
		switch c.Phase {
		case Entry:
			name += "("
		case Return:
			name = ")" + name
		}
		if c.Err != nil {
			name += "=" + ErrName(c.Err)
		}
		s = append(s, name)
	}
	return strings.Join(s, " ")
}

// await waits until a call is recorded that is as wanted.
func (r *record) await(t *testing.T, what string, is func(Call) bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, c := range r.all() {
			if is(c) {
				return
			}
		}
	}
	t.Fatalf("%s: not reported; calls: %s", what, r.names(""))
}

func (r *record) awaitEntry(t *testing.T, end, name string) {
	t.Helper()
	r.await(t, end+" enters "+name, func(c Call) bool { return c.End == end && c.Name == name && c.Phase == Entry })
}

// loopbacks are the addresses to test on; ::1 is left out where there is none.
func loopbacks(t *testing.T) []string {
	t.Helper()
	l, err := Listen(context.Background(), ListenOptions{Host: "::1", Port: "0"}, nil)
	if err != nil {
		t.Logf("no IPv6 here: %v", err)
		return []string{"127.0.0.1"}
	}
	l.Close()
	return []string{"127.0.0.1", "::1"}
}

// listen listens on a port of host that the kernel chooses.
func listen(t *testing.T, o ListenOptions, r Reporter) *Listener {
	t.Helper()
	if o.Port == "" {
		o.Port = "0"
	}
	l, err := Listen(context.Background(), o, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// pair connects two ends.
func pair(t *testing.T, host string, report Reporter) (client, server *Conn) {
	t.Helper()
	return pairOf(t, listen(t, ListenOptions{Host: host}, report), report)
}

func pairOf(t *testing.T, l *Listener, report Reporter) (client, server *Conn) {
	t.Helper()
	client, err := Dial(context.Background(), to(l.Addr), report)
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

func to(a netip.AddrPort) DialOptions {
	return DialOptions{Host: a.Addr().String(), Port: port(a)}
}

func port(a netip.AddrPort) string {
	s := a.String()
	return s[strings.LastIndexByte(s, ':')+1:]
}

// soon returns what f returns, or fails the test if that takes too long.
func soon[T any](t *testing.T, what string, f func() T) T {
	t.Helper()
	c := make(chan T, 1)
	go func() { c <- f() }()
	return within(t, what, c)
}

func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s takes too long", what)
		panic("unreachable")
	}
}

func wantName(t *testing.T, err error, name string) {
	t.Helper()
	if ErrName(err) != name {
		t.Fatalf("error %v is %q, want %q", err, ErrName(err), name)
	}
}

func wantInterrupted(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrInterrupted) || !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want ErrInterrupted", err)
	}
}
