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
	tests := []struct {
		name, script string
		mine         bool
		list         []Listener
		detail, says string
	}{
		{"bound to localhost", refusal, true, []Listener{{Addr: local}}, detailLocalOnly, "only at 127.0.0.1"},
		{"bound to another address", refusal, true, []Listener{{Addr: netip.MustParseAddr("10.0.0.3")}}, detailElsewhere, "only at 10.0.0.3"},
		{"open after all", refusal, true, []Listener{{Addr: netip.IPv4Unspecified()}}, "", "no program"},
		{"nothing there", refusal, true, nil, "", "no program"},
		{"another machine's", refusal, false, []Listener{{Addr: local}}, "", "no program"},
		{"queue full", silence, true, []Listener{{Addr: netip.IPv4Unspecified(), Waiting: 2, Room: 1}}, detailBacklog, "2 connections with port 80 wait to be accepted, and the program allowed 1"},
		{"queue full at an IPv6 socket for both", silence, true, []Listener{{Addr: netip.IPv6Unspecified(), Waiting: 1, Room: 0}}, detailBacklog, "1 connection with port 80 waits"},
		{"queue not full", silence, true, []Listener{{Addr: netip.IPv4Unspecified(), Waiting: 1, Room: 1}}, "", "nothing came back"},
		{"queue of another address", silence, true, []Listener{{Addr: local, Waiting: 2, Room: 1}}, "", "nothing came back"},
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
