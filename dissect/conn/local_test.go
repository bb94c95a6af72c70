package conn

import (
	"net/netip"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// What the local system says of a port makes a guess a fact.
func TestLocalSockets(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	const refusal = "> S 0:0(0)\n< R. #0 ack 1"
	const silence = "> S 0:0(0)\n+1 > S 0:0(0)\n+2 > S 0:0(0)"
	const others = "conn 10.0.0.3:9 10.0.0.2:80\n> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\nconn 10.0.0.1:40000 10.0.0.2:80\n"
	tests := []struct {
		name, script string
		mine         bool
		list         []Listener
		detail, says string
	}{
		{"bound to localhost", refusal, true, []Listener{{Addr: local}}, detailLocalOnly, "only at 127.0.0.1"},
		{"bound to another address", refusal, true, []Listener{{Addr: netip.MustParseAddr("10.0.0.3")}}, detailElsewhere, "only at 10.0.0.3"},
		{"open by now", refusal, true, []Listener{{Addr: netip.IPv4Unspecified()}}, "", "a program listens on port 80 there by now"},
		{"open for UDP", refusal, true, []Listener{{Addr: netip.IPv4Unspecified(), UDP: true}}, detailUDP, "no program listens on TCP's port 80, but one has UDP's: those are two ports"},
		{"open for UDP, and bound to localhost", refusal, true, []Listener{{Addr: netip.IPv4Unspecified(), UDP: true}, {Addr: local}}, detailLocalOnly, "only at 127.0.0.1"},
		{"silent, and open for UDP", silence, true, []Listener{{Addr: netip.IPv4Unspecified(), UDP: true}}, detailUDP, "port 80 is UDP's alone"},
		{"silent, and open for both", silence, true, []Listener{{Addr: netip.IPv4Unspecified(), UDP: true}, {Addr: netip.IPv4Unspecified(), Room: 1}}, "", "and a program listens on its port 80."},
		{"nothing there", refusal, true, nil, "", "this machine answered the SYN with RST after 1.0 ms. no program on this machine listens on port 80 of 10.0.0.2."},
		{"another machine's", refusal, false, []Listener{{Addr: local}}, "", "10.0.0.2 is up, and answered the SYN with RST after 1.0 ms. no program there listens"},
		{"queue full", silence, true, []Listener{{Addr: netip.IPv4Unspecified(), Waiting: 2, Room: 1}}, detailBacklog, "2 connections with port 80 wait to be accepted, and the program allowed 1"},
		{"queue full at an IPv6 socket for both", silence, true, []Listener{{Addr: netip.IPv6Unspecified(), Waiting: 1, Room: 0}}, detailBacklog, "1 connection with port 80 waits"},
		{"queue not full", silence, true, []Listener{{Addr: netip.IPv4Unspecified(), Waiting: 1, Room: 1}}, "", "nothing came back: 10.0.0.2 is this machine, and a program listens on its port 80. neither"},
		{"queue not full, among others' handshakes", others + silence, true, []Listener{{Addr: netip.IPv4Unspecified(), Room: 1}}, "", "and a program listens on its port 80."},
		{"queue of another address", silence, true, []Listener{{Addr: local, Waiting: 2, Room: 1}}, "", "10.0.0.2 is this machine, and no program listens on its port 80. a closed port"},
		{"no listener", silence, true, nil, "", "and no program listens on its port 80."},
		{"to itself", "conn 10.0.0.2:9 10.0.0.2:80\n" + silence, true, []Listener{{Addr: netip.IPv4Unspecified(), Room: 1}}, "", "perhaps this machine's own firewall"},
		{"another machine's silence", silence, false, nil, "", "or no machine has the address 10.0.0.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			tr := New(Options{Listening: func(at netip.AddrPort) ([]Listener, bool) {
				asked++
				if at.Port() != 80 {
					t.Errorf("asked for %v", at)
				}
				return tt.list, tt.mine
			}})
			var v Verdict
			run(t, tr, tt.script, func(e *Event) {
				if e.Type == TypeEnd {
					v = e.Connection.Verdict
				}
			})
			if all := v.Text + " " + v.Meaning; v.Detail != tt.detail || !strings.Contains(all, tt.says) {
				t.Errorf("%q: %s\nwant %q: %s", v.Detail, all, tt.detail, tt.says)
			}
			if asked == 0 {
				t.Error("nobody was asked")
			}
			if len(tr.heard) != 0 {
				t.Errorf("%d are remembered after the end", len(tr.heard))
			}
		})
	}
}

// A queue that was full while a SYN went unanswered is what is told, though it
// has emptied since.
func TestQueueThatWasFull(t *testing.T) {
	waiting := uint32(2)
	tr := New(Options{Listening: func(netip.AddrPort) ([]Listener, bool) {
		waiting--
		return []Listener{{Addr: netip.IPv4Unspecified(), Waiting: waiting, Room: 0}}, true
	}})
	var v Verdict
	run(t, tr, "> S 0:0(0)\n+1 > S 0:0(0)\n+2 > S 0:0(0)", func(e *Event) {
		if e.Type == TypeEnd {
			v = e.Connection.Verdict
		}
	})
	if waiting != 0 || v.Detail != detailBacklog || !strings.Contains(v.Text, "1 connection with port 80 waits") {
		t.Errorf("asked until %d wait; %q: %s", waiting, v.Detail, v.Text)
	}
}

// TestFullQueueIsSaidWhileItLasts: who waits is told why, before the end.
func TestFullQueueIsSaidWhileItLasts(t *testing.T) {
	tr := New(Options{Live: true, Listening: func(netip.AddrPort) ([]Listener, bool) {
		return []Listener{{Addr: netip.IPv4Unspecified(), Waiting: 2, Room: 1}}, true
	}})
	var d dissect.Decoder
	var p dissect.Packet
	for _, f := range segtest.MustFrames(t, "> S 0:0(0)\n+1 > S 0:0(0)\n+2 > S 0:0(0)") {
		d.Decode(&f, &p)
		tr.Add(&p)
	}
	const want = "3 SYNs, no answer yet: the server's queue is full (2 in it, listen() was told 1)"
	said := 0
	for s := range 60 {
		for _, e := range tr.Tick(segtest.Start + capture.Stamp(4+s)*1e9) {
			if e.Type == TypeWait {
				if said++; e.Text != want {
					t.Errorf("%q, want %q", e.Text, want)
				}
			}
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
}

// TestAwaited: a silence is told with what is awaited, and by whom, as far as
// the capture shows that.
func TestAwaited(t *testing.T) {
	const opened = "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1 ack 1\n"
	const itself = "conn 127.0.0.1:4000 127.0.0.1:4000\niss 1000 1000\n> S 0:0(0)\n> S. 0:0(0) ack 1\n> . 1 ack 1\n"
	for script, want := range map[string]string{
		"> S 0:0(0)":                    "1 SYN, no answer yet",
		"> S 0:0(0)\n< S. 0:0(0) ack 1": "the SYN-ACK is not acknowledged yet",
		opened:                          "both ends are silent",
		opened + "> P. 1:7(6) ack 1":    "6 bytes of the client not acknowledged yet",
		itself:                          "the socket is connected to itself: nobody else will answer",
		itself + "> P. 1:7(6) ack 1":    "the socket is connected to itself: nobody else will answer",
		// A filter for one direction.
		"> S 0:0(0)\n> . 1 ack 1\n> P. 1:7(6) ack 1": "only what the client sends is captured: whether the server answers cannot be seen",
		"< S. 0:0(0) ack 1":                          "nothing of the client was captured: it is silent, or what it sends does not pass here",
		"< S. 0:0(0) ack 1\n< P. 1:7(6) ack 5":       "only what the server sends is captured: whether the client answers cannot be seen",
		"> P. 1:7(6) ack 5":                          "nothing of the server was captured: it is silent, or what it sends does not pass here",
	} {
		tr := New(Options{Live: true})
		var d dissect.Decoder
		var p dissect.Packet
		for _, f := range segtest.MustFrames(t, script) {
			d.Decode(&f, &p)
			tr.Add(&p)
		}
		var got string
		for _, e := range tr.Tick(segtest.Start + 4e9) {
			if e.Type == TypeWait {
				got = e.Text
			}
		}
		if got != want {
			t.Errorf("after\n%s\nit says %q, want %q", script, got, want)
		}
	}
}

// TestSocketClosed: what is said of a socket when it is closed makes the reason
// for its RST a fact, whether it is said before the frames are there or after.
func TestSocketClosed(t *testing.T) {
	const script = "> S 0:0(0)\n+.001 < S. 0:0(0) ack 1\n+.001 > . ack 1\n+.001 > P. 1:7(6) ack 1\n+.001 < . ack 7\n+.001 < R. 1:1(0) ack 7"
	client, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	type said struct {
		before int     // which frame is not there yet
		at     float64 // ms
		call   Call
	}
	of := func(from Side, c Closing) Call {
		if from == Client {
			return Call{Name: "close", From: Client, Local: client, Remote: server, Closing: c}
		}
		return Call{Name: "close", From: Server, Local: server, Remote: client, Closing: c}
	}
	linger, unread := Closing{Linger0: true}, Closing{Unread: 6}
	failed := of(Server, linger)
	failed.Error = "Bad file descriptor"
	other := of(Server, linger)
	other.Name = "shutdown"
	mapped := of(Server, unread)
	mapped.Local = netip.AddrPortFrom(netip.AddrFrom16(server.Addr().As16()), server.Port())
	for _, c := range []struct {
		name   string
		calls  []said
		detail string
	}{
		{"nothing", nil, detailAfterData},
		{"in order", []said{{5, 4.5, of(Server, linger)}}, detailLinger0},
		{"before any frame is there", []said{{0, 4.5, of(Server, unread)}}, detailUnread},
		{"while the handshake is", []said{{2, 4.5, of(Server, unread)}}, detailUnread},
		{"after the RST", []said{{6, 4.5, of(Server, unread)}}, detailUnread},
		{"of an IPv6 socket that carries IPv4", []said{{5, 4.5, mapped}}, detailUnread},
		{"of another process first", []said{{4, 3.5, of(Server, unread)}, {5, 4.5, of(Server, Closing{})}}, detailAfterData},
		{"the same, early", []said{{0, 3.5, of(Server, unread)}, {0, 4.5, of(Server, Closing{})}}, detailAfterData},
		{"the other end", []said{{5, 4.5, of(Client, linger)}}, detailAfterData},
		{"of the ports' last connection", []said{{0, -3, of(Server, linger)}}, detailAfterData},
		{"of their next", []said{{6, 9, of(Server, linger)}}, detailAfterData},
		{"that failed", []said{{5, 4.5, failed}}, detailAfterData},
		{"another call", []said{{5, 4.5, other}}, detailAfterData},
	} {
		frames := segtest.MustFrames(t, script)
		tr := New(Options{Live: true, Verdicts: true})
		var d dissect.Decoder
		var p dissect.Packet
		var first, last Verdict
		say := func(i int) {
			for j := range c.calls {
				if x := &c.calls[j]; x.before == i {
					tr.Call(&x.call, segtest.Start+capture.Stamp(x.at*1e6))
				}
			}
		}
		var told Event
		for i := range frames {
			say(i)
			d.Decode(&frames[i], &p)
			for _, e := range tr.Add(&p) {
				if e.Type == TypeVerdict {
					told, first = e, e.Connection.Verdict
				}
			}
		}
		say(len(frames))
		tr.Renew(&told)
		for _, e := range tr.End() {
			if e.Type == TypeEnd {
				last = e.Connection.Verdict
			}
		}
		if last.Detail != c.detail || told.Connection.Verdict.Detail != c.detail {
			t.Errorf("%s: %s at first, %s renewed, %s at the end; want %s", c.name, first.Detail, told.Connection.Verdict.Detail, last.Detail, c.detail)
		}
	}
}

// TestClosingsAreBounded: what is said of sockets of which no frame comes is
// forgotten, the oldest first.
func TestClosingsAreBounded(t *testing.T) {
	tr := New(Options{Live: true})
	for i := range 3*maxClosings + 1 {
		tr.Call(&Call{Name: "close", Local: v4(0x0a000001, uint16(1000+i)), Remote: v4(0x0a000002, 80), Closing: Closing{Unread: uint32(i)}}, segtest.Start)
	}
	oldest := uint32(3 * maxClosings)
	for _, x := range tr.shut.ring {
		oldest = min(oldest, x.closing.Unread)
	}
	if len(tr.shut.ring) != maxClosings || oldest != 2*maxClosings+1 {
		t.Errorf("%d are remembered, the oldest of them %d", len(tr.shut.ring), oldest)
	}
}
