package drive

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"syscall"
	"testing"
	"time"
)

func TestOwned(t *testing.T) {
	at := netip.MustParseAddrPort
	var o owned
	o.add(at("127.0.0.1:4000"), at("127.0.0.1:3000"), whose{})
	o.add(at("0.0.0.0:4001"), at("10.0.0.1:80"), whose{}) // after a connect that failed
	o.add(at("0.0.0.0:8080"), netip.AddrPort{}, whose{})
	o.add(at("[::]:9090"), netip.AddrPort{}, whose{})
	o.add(at("[fe80::1%eth0]:5000"), at("[fe80::2%eth0]:80"), whose{})
	o.add(at("127.0.0.1:0"), at("127.0.0.1:1"), whose{}) // says nothing
	for _, c := range []struct {
		local, remote string
		want          bool
	}{
		{"127.0.0.1:4000", "127.0.0.1:3000", true},
		{"[::ffff:127.0.0.1]:4000", "127.0.0.1:3000", true},
		{"127.0.0.1:3000", "127.0.0.1:4000", false},
		{"127.0.0.1:4000", "127.0.0.1:3001", false},
		{"10.0.0.9:4001", "10.0.0.1:80", true},
		{"10.0.0.9:4001", "10.0.0.2:80", false},
		{"192.168.1.1:8080", "10.0.0.1:999", true},
		{"[::1]:8080", "[::1]:999", false},
		{"[::1]:9090", "[::1]:999", true},
		{"127.0.0.1:9090", "127.0.0.1:999", true},
		{"[fe80::1]:5000", "[fe80::2]:80", true},
		{"127.0.0.1:0", "127.0.0.1:1", false},
	} {
		if got := o.owns(at(c.local), at(c.remote)); got != c.want {
			t.Errorf("owns(%s, %s) is %v", c.local, c.remote, got)
		}
	}
}

func TestOwnedIsBounded(t *testing.T) {
	local := netip.MustParseAddr("10.0.0.1")
	end := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 80)
	}
	var o owned
	const extra = 10
	for i := range maxOwnedPairs + extra {
		o.add(netip.AddrPortFrom(local, 4000), end(i), whose{})
	}
	if len(o.pairs) != maxOwnedPairs || len(o.order) != maxOwnedPairs {
		t.Errorf("remembers %d pairs in %d places", len(o.pairs), len(o.order))
	}
	from := netip.AddrPortFrom(local, 4000)
	if o.owns(from, end(extra-1)) || !o.owns(from, end(extra)) || !o.owns(from, end(maxOwnedPairs+extra-1)) {
		t.Error("forgets others than the oldest")
	}
}

func TestPending(t *testing.T) {
	at := netip.MustParseAddrPort
	var o owned
	o.connecting(at("10.0.0.1:80"), 1)
	o.connecting(at("10.0.0.1:80"), 1)
	o.connecting(at("10.0.0.1:80"), -1)
	o.connecting(at("0.0.0.0:3000"), 1)
	o.connecting(at("10.0.0.2:80"), -1)
	for addr, want := range map[string]bool{"10.0.0.1:80": true, "127.0.0.1:3000": true, "10.0.0.2:80": false} {
		if o.isPending(at(addr)) != want {
			t.Errorf("%s is pending: %v", addr, !want)
		}
	}
	o.connecting(at("10.0.0.1:80"), -1)
	if o.isPending(at("10.0.0.1:80")) {
		t.Error("pending after the last return")
	}
}

// TestWireCall sends a call through the tracer's pipe and back.
func TestWireCall(t *testing.T) {
	c := Call{
		Name: "send", Syscall: "write", Phase: Return, End: Client, Time: time.Unix(1, 2), Took: 3, FD: 4,
		Local: netip.MustParseAddrPort("[::1]:5"), Remote: netip.MustParseAddrPort("10.0.0.1:6"),
		Args: "<7> bytes", Data: []byte("\x00\xff\n"), N: 3, Err: syscall.Errno(11), PID: 8, Program: "n\xc3c",
		Closing: Closing{Linger0: true, Unread: 9},
	}
	var pipe bytes.Buffer
	newWireWriter(&pipe).send(wireMessage{Kind: wireCall, Call: toWire(c)})
	var got []Call
	w := newWrapped(WrapOptions{}, func(c Call) { got = append(got, c) })
	w.receive(&pipe, make(chan wireMessage, 1))
	c.Program = "n\ufffdc" // JSON has no bytes that are not UTF-8
	if len(got) != 1 || !reflect.DeepEqual(got[0], c) {
		t.Errorf("got  %+v\nwant %+v", got, c)
	}
	if _, err := w.Wait(); !errors.Is(err, errTracerEnded) {
		t.Errorf("ended with %v", err)
	}
}

// FuzzWire feeds the receiving end whatever a tracer might say.
func FuzzWire(f *testing.F) {
	f.Add([]byte(`{"k":"held","p":7}{"k":"call","c":{"n":"connect","h":1,"t":1,"f":3,"r":"127.0.0.1:3000"}}` +
		`{"k":"own","l":"127.0.0.1:4000","r":"127.0.0.1:3000"}{"k":"exit","s":3}{"k":"gone"}`))
	f.Add([]byte(`{"k":"refused","s":127,"e":2,"t":"x"}`))
	f.Add([]byte(`{"k":"call"}{"k":"exit"}{"k":"exit"}{`))
	f.Fuzz(func(t *testing.T, said []byte) {
		w := newWrapped(WrapOptions{Notice: func(string) {}}, func(Call) {})
		started := make(chan wireMessage, 1)
		w.receive(bytes.NewReader(said), started)
		<-started
		_, _ = w.Wait()
	})
}
