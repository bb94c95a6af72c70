package main

import (
	"net/netip"
	"os"
	"testing"
	"time"
)

func TestQuestionRoundTrip(t *testing.T) {
	for _, q := range []question{
		{1, ends{netip.MustParseAddrPort("127.0.0.1:3000"), netip.MustParseAddrPort("10.9.0.2:65535")}},
		{1<<32 - 1, ends{netip.MustParseAddrPort("[::1]:1"), netip.MustParseAddrPort("[2001:db8::2]:443")}},
	} {
		b := q.append(nil)
		got, ok := parseQuestion(b)
		if !ok || got != q {
			t.Errorf("%+v became %+v, %v", q, got, ok)
		}
		if _, ok := parseQuestion(b[:len(b)-1]); ok {
			t.Error("a short question is taken")
		}
	}
}

func TestFoundRoundTrip(t *testing.T) {
	f := found{id: 7, pid: 4121, name: "nc"}
	if got, ok := parseFound(f.append(nil)); !ok || got != f {
		t.Errorf("%+v became %+v, %v", f, got, ok)
	}
	long, ok := parseFound(found{pid: 1, name: "a name of more than fifteen bytes"}.append(nil))
	if !ok || long.name != "a name of more "[:maxCommand] {
		t.Errorf("got %+v, %v", long, ok)
	}
}

// FuzzFound: the helper is believed no more than a packet.
func FuzzFound(f *testing.F) {
	f.Add(found{id: 1, pid: 4121, name: "nc"}.append(nil))
	f.Add([]byte("\x01\x00\x00\x00\xff\xff\xff\xff\xff0123456789abcde"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := parseFound(b)
		if !ok {
			return
		}
		if a.pid < 0 || len(a.name) > maxCommand {
			t.Errorf("%+v", a)
		}
		for _, r := range processName(a.name, a.pid) {
			if r < 0x20 || r == 0x7f {
				t.Errorf("%q has a control character", processName(a.name, a.pid))
			}
		}
	})
}

func TestProcessName(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"nc", "nc[4121]"},
		{"", "[4121]"},
		{"a\nb\x1b[2J", `a?b\x1b[2J[4121]`},
		{"0123456789abcdefgh", "0123456789abcde[4121]"},
	} {
		if got := processName(c.name, 4121); got != c.want {
			t.Errorf("%q is written %q, want %q", c.name, got, c.want)
		}
	}
}

// silent makes a client whose helper never answers.
func silent(t *testing.T) *names {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return newNames(w, func() error { return nil })
}

// TestNamesDoNotHang: a helper that is silent, or does not read, costs one
// short wait, and what is kept is bounded.
func TestNamesDoNotHang(t *testing.T) {
	n := silent(t)
	server := netip.MustParseAddrPort("127.0.0.1:3000")
	for i := range 2 * maxNames {
		n.tokens, n.slow = namesBurst, time.Now() // as if time had passed, and the first wait was over
		client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(i >> 16), 1}), uint16(i))
		if got := n.lookup(client, server); got != "" {
			t.Fatalf("got %q", got)
		}
	}
	if len(n.known) > maxNames || len(n.order) > maxNames {
		t.Errorf("%d names are kept", len(n.known))
	}
	if len(n.byID) > maxNames {
		t.Errorf("%d questions are open", len(n.byID))
	}
}

func TestNamesAreAskedForSparingly(t *testing.T) {
	n := silent(t)
	for i := range 10 * namesBurst {
		n.lookup(netip.AddrPortFrom(netip.IPv6Loopback(), uint16(i)), netip.AddrPortFrom(netip.IPv6Loopback(), 80))
	}
	if n.id > 2*namesBurst+namesRate {
		t.Errorf("%d questions at once", n.id)
	}
}

func TestNamesLearn(t *testing.T) {
	n := silent(t)
	a, b := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:3000")
	n.lookup(a, b)
	n.lookup(b, a)
	n.learn(found{id: 1, pid: 4121, name: "nc"})
	n.learn(found{id: 2})
	n.learn(found{id: 99, pid: 1, name: "nobody asked"})
	mapped := netip.MustParseAddrPort("[::ffff:127.0.0.1]:40000")
	if name, other := n.lookup(mapped, b), n.lookup(b, mapped); name != "nc[4121]" || other != "" {
		t.Errorf("got %q and %q", name, other)
	}
	n.known[ends{a, b}].at = time.Now().Add(-2 * namedFor)
	n.lookup(a, b)
	n.learn(found{id: n.id}) // the process has ended since
	if got := n.lookup(a, b); got != "nc[4121]" {
		t.Errorf("a process that has ended is %q", got)
	}
}
