package conn

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// run gives a script's frames to a tracker and each event to f, and then what
// is left.
func run(t testing.TB, tracker *Tracker, script string, f func(*Event)) {
	t.Helper()
	frames, err := segtest.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	var d dissect.Decoder
	var p dissect.Packet
	for i := range frames {
		d.Decode(&frames[i], &p)
		events := tracker.Add(&p)
		for i := range events {
			f(&events[i])
		}
	}
	for e := range tracker.Left() {
		f(e)
	}
}

// summary is an event in a few words.
func summary(e *Event) string {
	switch e.Type {
	case TypeSegment:
		return fmt.Sprintf("%d: #%d %v", e.Frame, e.Conn, e.Kind)
	case TypeEnd:
		return fmt.Sprintf("end #%d %v", e.Conn, e.Connection.Verdict.Outcome)
	case TypeNeighbour:
		return fmt.Sprintf("%d: #%d neighbour %v", e.Frame, e.Conn, e.Neighbour.Target)
	case TypeICMP:
		return fmt.Sprintf("%d: #%d icmp %d/%d", e.Frame, e.Conn, e.ICMP.Type, e.ICMP.Code)
	case TypeWait:
		return "wait " + e.Text
	}
	return fmt.Sprint("type ", e.Type)
}

func TestOrderOfEvents(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"ports used again", `
			> S 0:0(0)
			< R. 0:0(0) ack 1
			iss 9000 9500
			> S 0:0(0)`, `
			1: #1 SYN
			2: #1 RST
			end #1 refused
			3: #2 SYN
			end #2 no-answer`},
		{"closed ones leave after two minutes", `
			> S 0:0(0)
			< R. 0:0(0) ack 1
			conn 10.0.0.3:1 10.0.0.4:2
			100 > S 0:0(0)
			121 > S 0:0(0)
			122 > S 0:0(0)`, `
			1: #1 SYN
			2: #1 RST
			3: #2 SYN
			end #1 refused
			4: #2 SYN
			5: #2 SYN
			end #2 no-answer`},
		{"a late segment keeps it", `
			> S 0:0(0)
			< R. 0:0(0) ack 1
			100 < R. 0:0(0) ack 1
			conn 10.0.0.3:1 10.0.0.4:2
			121 > S 0:0(0)
			221 > S 0:0(0)`, `
			1: #1 SYN
			2: #1 RST
			3: #1 RST
			4: #2 SYN
			end #1 refused
			5: #2 SYN
			end #2 no-answer`},
		{"ARP before the SYN", `
			arp who-has 10.0.0.2 tell 10.0.0.1
			arp reply 10.0.0.2 is-at 02:00:00:00:00:02
			arp who-has 10.9.9.9 tell 10.9.9.8
			> S 0:0(0)
			arp who-has 10.0.0.1 tell 10.0.0.2`, `
			1: #1 neighbour 10.0.0.2
			2: #1 neighbour 10.0.0.2
			4: #1 SYN
			5: #1 neighbour 10.0.0.1
			3: #0 neighbour 10.9.9.9
			wait nobody answers for 10.9.9.9: asked once, no answer came. Is the address right, and that machine on?
			end #1 no-answer`},
		{"ARP and no TCP at all", `
			arp who-has 10.0.0.2 tell 10.0.0.1
			+1 arp who-has 10.0.0.2 tell 10.0.0.1
			+1 arp who-has 10.0.0.2 tell 10.0.0.1`, `
			1: #0 neighbour 10.0.0.2
			2: #0 neighbour 10.0.0.2
			3: #0 neighbour 10.0.0.2
			wait nobody answers for 10.0.0.2: asked 3 times, no answer came. Is the address right, and that machine on?`},
		{"what a client asks for after its connection is another's", `
			> S 0:0(0)
			< R. 0:0(0) ack 1
			arp who-has 10.0.0.79 tell 10.0.0.1
			+1 arp who-has 10.0.0.79 tell 10.0.0.1
			+1 arp who-has 10.0.0.79 tell 10.0.0.1`, `
			1: #1 SYN
			2: #1 RST
			3: #0 neighbour 10.0.0.79
			4: #0 neighbour 10.0.0.79
			5: #0 neighbour 10.0.0.79
			wait nobody answers for 10.0.0.79: asked 3 times, no answer came. Is the address right, and that machine on?
			end #1 refused`},
		{"what was asked in vain opens no way", `
			arp who-has 10.0.0.79 tell 10.0.0.1
			+1 > S 0:0(0)
			arp who-has 10.0.0.78 tell 10.0.0.1`, `
			2: #1 SYN
			3: #1 neighbour 10.0.0.78
			1: #0 neighbour 10.0.0.79
			wait nobody answers for 10.0.0.79: asked once, no answer came. Is the address right, and that machine on?
			wait nobody answers for 10.0.0.78: asked once, no answer came. Is the address right, and that machine on?
			end #1 no-answer`},
		{"the gateway is asked for by the connection that comes", `
			> S 0:0(0)
			< R. 0:0(0) ack 1
			+14 arp who-has 10.0.0.254 tell 10.0.0.1
			arp reply 10.0.0.254 is-at 02:00:00:00:00:02
			conn 10.0.0.1:2 10.1.0.2:2
			+0.1 > S 0:0(0)
			arp who-has 10.0.0.253 tell 10.0.0.1
			arp reply 10.0.0.253 is-at 02:00:00:00:00:03`, `
			1: #1 SYN
			2: #1 RST
			3: #2 neighbour 10.0.0.254
			4: #2 neighbour 10.0.0.254
			5: #2 SYN
			6: #2 neighbour 10.0.0.253
			7: #2 neighbour 10.0.0.253
			end #1 refused
			end #2 no-answer`},
		{"who has refused is gone when asked twice in vain", `
			> S 0:0(0)
			< R. 0:0(0) ack 1
			+9 arp who-has 10.0.0.2 tell 10.0.0.1
			+1 arp who-has 10.0.0.2 tell 10.0.0.1`, `
			1: #1 SYN
			2: #1 RST
			3: #1 neighbour 10.0.0.2
			4: #1 neighbour 10.0.0.2
			wait nobody answers for 10.0.0.2: asked twice, no answer came. Is the address right, and that machine on?
			end #1 refused`},
		{"who answers the SYN is there", `
			arp who-has 10.0.0.2 tell 10.0.0.1
			+1 arp who-has 10.0.0.2 tell 10.0.0.1
			> S 0:0(0)
			< R. 0:0(0) ack 1
			conn 10.0.0.3:1 10.0.0.4:2
			+121 > S 0:0(0)`, `
			1: #1 neighbour 10.0.0.2
			2: #1 neighbour 10.0.0.2
			3: #1 SYN
			4: #1 RST
			end #1 refused
			5: #2 SYN
			end #2 no-answer`},
		{"whether an address is free is no question for a connection", `
			arp who-has 10.0.0.1 tell 0.0.0.0
			> S 0:0(0)`, `
			2: #1 SYN
			end #1 no-answer`},
		{"an ICMP error belongs to what it quotes", `
			> S 0:0(0)
			icmp from 10.0.0.9 unreachable host`, `
			1: #1 SYN
			2: #1 icmp 3/1
			end #1 unreachable`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			run(t, New(Options{Limits: Limits{Kept: -1}}), tt.script, func(e *Event) { got = append(got, summary(e)) })
			if want := strings.Join(lines(tt.want), "\n"); strings.Join(got, "\n") != want {
				t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), want)
			}
		})
	}
}

func TestCapEvictsTheClosedFirst(t *testing.T) {
	tracker := New(Options{Limits: Limits{Connections: 2}})
	var got []string
	run(t, tracker, `
		conn 10.0.0.1:1 10.0.0.9:80
		> S 0:0(0)
		conn 10.0.0.2:1 10.0.0.9:80
		> S 0:0(0)
		< R. 0:0(0) ack 1
		conn 10.0.0.3:1 10.0.0.9:80
		> S 0:0(0)`, func(e *Event) {
		if e.Type == TypeEnd {
			got = append(got, summary(e))
		}
	})
	if want := "[end #2 refused end #1 no-answer end #3 no-answer]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
	if s := tracker.Stats(); s.Evicted != 1 || s.Connections != 3 || s.Open != 0 {
		t.Errorf("%+v", s)
	}
}

// Whether closed connections have left or stay must not show in the labels of
// those that use their ports again.
func TestLeavingDoesNotChangeLabels(t *testing.T) {
	const script = `
		> S 0:0(0)
		< S. 0:0(0) ack 1
		> . ack 1
		> F. 1:1(0)
		< F. 1:1(0) ack 2
		> . ack 2
		conn 10.0.0.7:1 10.0.0.8:2
		%s > S 0:0(0)
		conn 10.0.0.1:40000 10.0.0.2:80
		iss 90000 95000
		+.1 > S 0:0(0)
		< S. 0:0(0) ack 1
		> . ack 1`
	labels := func(after string) (out []string) {
		run(t, New(Options{Limits: Limits{Kept: -1}}), fmt.Sprintf(script, after), func(e *Event) {
			if e.Type == TypeSegment {
				out = append(out, fmt.Sprint(e.Conn, e.Kind, e.Labels))
			}
		})
		return out
	}
	if stay, leave := labels("5"), labels("500"); fmt.Sprint(stay) != fmt.Sprint(leave) {
		t.Errorf("labels\n%v\nand where the first has left\n%v", stay, leave)
	}
}

func TestMeasures(t *testing.T) {
	var rtt []time.Duration
	var c Connection
	run(t, New(Options{}), `
		0.000 > S 0:0(0) win 64000 <mss 1000,nop,wscale 2>
		0.030 < S. 0:0(0) ack 1 win 64000 <mss 1000,nop,wscale 3>
		0.040 > . ack 1 win 100
		0.100 > P. 1:101(100)
		0.130 < . ack 101
		0.200 > P. 101:201(100)
		0.600 > P. 101:201(100)
		0.630 < . ack 201
		0.700 < P. 1:51(50) ack 201
		0.710 < P. 51:101(50) ack 201
		0.720 > . ack 101`, func(e *Event) {
		switch e.Type {
		case TypeSegment:
			rtt = append(rtt, e.RTT)
			switch e.Frame {
			case 3:
				if !e.Handshake || e.IRTT != 40*time.Millisecond || e.HalfRTT != [2]time.Duration{30 * time.Millisecond, 10 * time.Millisecond} || e.Window != 400 {
					t.Errorf("handshake %v, IRTT %v, halves %v, window %d", e.Handshake, e.IRTT, e.HalfRTT, e.Window)
				}
			case 7:
				if e.InFlight != 100 {
					t.Errorf("%d bytes in flight", e.InFlight)
				}
			}
		case TypeEnd:
			c = *e.Connection
		}
	})
	ms := time.Millisecond
	// The ACK of what was sent twice says nothing (Karn).
	if want := []time.Duration{0, 30 * ms, 10 * ms, 0, 30 * ms, 0, 0, 0, 0, 0, 10 * ms}; fmt.Sprint(rtt) != fmt.Sprint(want) {
		t.Errorf("round trips %v, want %v", rtt, want)
	}
	if c.Bytes != [2]uint64{300, 100} || c.Unique != [2]uint64{200, 100} || c.Segments != [2]uint64{6, 5} || c.Retransmits != [2]uint64{1, 0} {
		t.Errorf("bytes %v, unique %v, segments %v, retransmits %v", c.Bytes, c.Unique, c.Segments, c.Retransmits)
	}
	if c.Completeness != 15 || c.IRTT != 40*ms || c.LabelCount(Retransmission) != 1 || c.SYNs != 1 {
		t.Errorf("completeness %d, IRTT %v, %d retransmissions, %d SYNs", c.Completeness, c.IRTT, c.LabelCount(Retransmission), c.SYNs)
	}
}

func TestClientIsInferred(t *testing.T) {
	for _, tt := range []struct {
		script   string
		client   uint16
		inferred bool
	}{
		{"conn 10.0.0.1:50000 10.0.0.2:443\n< P. 1:9(8)", 50000, true},
		{"conn 10.0.0.1:443 10.0.0.2:50000\n> P. 1:9(8)", 50000, true},
		{"conn 10.0.0.1:50000 10.0.0.2:3000\n> P. 1:9(8)", 50000, true},
		{"conn 10.0.0.1:80 10.0.0.2:443\n> P. 1:9(8)", 443, true},
		{"conn 10.0.0.1:1167 10.0.0.2:20000\n< P. 1:9(8)", 1167, true}, // old systems give clients ports from 1024
		{"conn 10.0.0.1:3389 10.0.0.2:2466\n> P. 1:9(8)", 2466, true},
		{"conn 10.0.0.1:923 10.0.0.2:2049\n> P. 1:9(8)", 923, true}, // NFS's clients have ports below 1024
		{"conn 10.0.0.1:0 10.0.0.2:179\n> P. 1:9(8)", 0, true},
		{"conn 10.0.0.1:40001 10.0.0.2:40000\n< P. 1:9(8)", 40001, true},
		{"conn 10.0.0.1:22 10.0.0.2:50000\n> S 0:0(0)", 22, false},
		{"conn 10.0.0.1:22 10.0.0.2:50000\n< S. 0:0(0) ack 1", 22, false},
	} {
		run(t, New(Options{}), tt.script, func(e *Event) {
			if e.Type == TypeSegment && (e.Client.Port() != tt.client || e.Inferred != tt.inferred) {
				t.Errorf("%q: client %v, inferred %v", tt.script, e.Client, e.Inferred)
			}
		})
	}
}

func TestCallsAndSilence(t *testing.T) {
	tracker := New(Options{Live: true})
	at := func(s float64) capture.Stamp { return segtest.Start + capture.Stamp(s*1e9) }
	server := netip.MustParseAddrPort("10.0.0.2:80")
	client := netip.MustParseAddrPort("10.0.0.1:40000")
	wait := func(s float64, want string) {
		t.Helper()
		var got string
		for _, e := range tracker.Tick(at(s)) {
			if e.Type == TypeWait {
				got = e.Text
			}
		}
		if got != want {
			t.Errorf("after %v s: %q, want %q", s, got, want)
		}
	}
	wait(0, "")
	tracker.Call(&Call{Name: "listen", From: Server, Local: server}, at(0.5))
	wait(2.9, "")
	wait(3, "nothing has arrived on port 80")
	wait(5, "")
	wait(6, "")                                                                          // nothing new to say
	tracker.Call(&Call{Name: "close", From: Server, Local: server, Shared: true}, at(7)) // a child's copy

	frames := segtest.MustFrames(t, "10 > S 0:0(0)\n11 > S 0:0(0)\n20 < S. 0:0(0) ack 1\n> . ack 1")
	var d dissect.Decoder
	var p dissect.Packet
	add := func(i int) Event { d.Decode(&frames[i], &p); return tracker.Add(&p)[0] }
	if e := add(0); e.States != [2]State{StateSynSent, StateListen} {
		t.Errorf("states %v: the server is known to listen", e.States)
	}
	add(1)
	wait(13, "")
	wait(14.5, "2 SYNs, no answer yet")
	add(2)
	add(3)
	wait(24, "waiting for the server to accept")
	events := tracker.Call(&Call{Name: "accept", From: Server, Local: server, Remote: client, Result: "4"}, at(25))
	if e := events[0]; e.Type != TypeCall || e.Conn != 1 || e.Server != server {
		t.Errorf("call %+v", e)
	}
	said := tracker.Call(&Call{From: Server, Local: server, Remote: client, Remark: "received"}, at(25.5))
	if e := said[0]; e.Type != TypeRemark || e.Conn != 1 || e.Text != "received" || e.Call != nil {
		t.Errorf("remark %+v", e)
	}
	wait(29, "both ends are silent")
	if events := tracker.Call(&Call{Name: "close", From: Client, Local: client, Remote: server}, at(30)); events[0].Conn != 1 {
		t.Errorf("close is about connection %d", events[0].Conn)
	}
}

// TestGivesUpEarly: who closes the socket before an answer can have come is told
// to wait longer, and not to capture for longer.
func TestGivesUpEarly(t *testing.T) {
	for _, c := range []struct {
		name, next string
	}{{"close", "give it more time"}, {"getsockopt", "capture for some seconds more"}} {
		tracker := New(Options{Live: true, Verdicts: true})
		frames := segtest.MustFrames(t, "10 > S 0:0(0)")
		var d dissect.Decoder
		var p dissect.Packet
		d.Decode(&frames[0], &p)
		tracker.Add(&p)
		tracker.Call(&Call{Name: c.name, Remote: netip.MustParseAddrPort("10.0.0.2:80")}, segtest.Start+capture.Stamp(10.3*1e9))
		for _, e := range tracker.End() {
			if v := e.Connection; e.Type == TypeEnd && (v.Verdict.Outcome != OutcomeNoAnswer || !strings.Contains(v.Verdict.NextStep, c.next)) {
				t.Errorf("after %s(): %+v", c.name, v.Verdict)
			}
		}
	}
}

// TestCallsBeforeTheSYN: what is called on a socket that has no local port yet is
// about the connection that it begins, and not about an earlier one to the same
// server.
func TestCallsBeforeTheSYN(t *testing.T) {
	tracker := New(Options{Live: true})
	at := func(s float64) capture.Stamp { return segtest.Start + capture.Stamp(s*1e9) }
	frames := segtest.MustFrames(t, "10 > S 0:0(0)\n+0.1 < R. 0:0(0) ack 1\n20 > S 100000:100000(0)\n+0.1 < R. 0:0(0) ack 100001")
	var d dissect.Decoder
	var p dissect.Packet
	call := func(s float64, phase Phase, result string, want int64) {
		t.Helper()
		c := Call{Name: "connect", Phase: phase, Remote: netip.MustParseAddrPort("10.0.0.2:80"), Result: result}
		if got := tracker.Call(&c, at(s))[0].Conn; got != want {
			t.Errorf("connect() at %v s is about connection %d, want %d", s, got, want)
		}
	}
	call(9.9, PhaseEntry, "", 0)
	for i := range frames {
		if i == 2 {
			call(10.2, PhaseReturn, "ECONNREFUSED", 1)
			call(11, PhaseEntry, "", 0)
			call(12, PhaseReturn, "EADDRNOTAVAIL", 0) // and nothing was sent
			call(19.9, PhaseEntry, "", 0)
		}
		d.Decode(&frames[i], &p)
		tracker.Add(&p)
	}
	call(20.2, PhaseReturn, "ECONNREFUSED", 2)
}

// TestSilenceAfterTheEnd holds that a question that nobody answers is said where
// the last connection is over.
func TestSilenceAfterTheEnd(t *testing.T) {
	tracker := New(Options{Live: true})
	var got []Event
	run(t, tracker, `
		> S 0:0(0)
		< R. 0:0(0) ack 1
		arp who-has 10.0.0.79 tell 10.0.0.1
		+1 arp who-has 10.0.0.79 tell 10.0.0.1`, func(e *Event) {
		if e.Type == TypeNeighbour {
			got = append(got, *e)
		}
	})
	if len(got) != 2 || got[0].Conn != 0 || got[1].Conn != 0 {
		t.Errorf("%d questions, %+v", len(got), got)
	}
	tracker = New(Options{Live: true})
	frames := segtest.MustFrames(t, "> S 0:0(0)\n< R. 0:0(0) ack 1\narp who-has 10.0.0.79 tell 10.0.0.1\n+1 arp who-has 10.0.0.79 tell 10.0.0.1")
	var d dissect.Decoder
	var p dissect.Packet
	for i := range frames {
		d.Decode(&frames[i], &p)
		tracker.Add(&p)
	}
	events := tracker.Tick(segtest.Start + capture.Stamp(4.5*1e9))
	if want := "2 questions for the link address of 10.0.0.79, no answer yet"; len(events) != 1 || events[0].Text != want || events[0].Conn != 0 {
		t.Errorf("%+v, want %q", events, want)
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	w, tracker := newTraffic(), New(Options{Quiet: true})
	client, server := v4(0x0a000001, 40000), v4(0x0a000002, 80)
	tracker.Add(w.packet(client, server, 0, 0, dissect.SYN, 0, 1000))
	tracker.Add(w.packet(server, client, 0, 1, dissect.SYN|dissect.ACK, 0, 1000))
	seq := uint32(1)
	step := func() {
		for range 3 {
			tracker.Add(w.packet(server, client, seq, 1, dissect.ACK, 1000, 1000))
			seq += 1000
		}
		tracker.Add(w.packet(server, client, seq-1000, 1, dissect.ACK, 1000, 1000)) // again
		tracker.Add(w.packet(client, server, 1, seq, dissect.ACK, 0, 1000))
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations in five segments", n)
	}
}

// TestUnmeasured holds that a segment whose length cannot be known has the kind
// that its flags say, gets no label, and says nothing of the ones after it.
func TestUnmeasured(t *testing.T) {
	const script = `
		> S 0:0(0) win 1000
		< S. 0:0(0) ack 1 win 1000
		> . 1:1(0) ack 1
		> P. 1:101(100) ack 1
		> P. 1:101(100) ack 1
		< . 1:1(0) ack 101`
	const fifth, ipFlags, dataOffset = 4, 14 + 6, 14 + 20 + 12
	tests := []struct {
		name   string
		damage func(*capture.Frame)
	}{
		{"first fragment, cut off", func(f *capture.Frame) {
			f.Data[ipFlags] |= 0x20
			f.Data = f.Data[:len(f.Data)-1]
		}},
		{"first fragment, in the options", func(f *capture.Frame) {
			f.Data[ipFlags] |= 0x20
			f.Data[dataOffset] |= 0xf0
			f.Data = f.Data[:dataOffset+10]
		}},
		{"header longer than the datagram", func(f *capture.Frame) {
			f.Data[14+3] = 40 // of which TCP has 20 bytes
			f.Data[dataOffset] |= 0xf0
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, err := segtest.Parse(script)
			if err != nil {
				t.Fatal(err)
			}
			tt.damage(&frames[fifth])
			tracker := New(Options{})
			var (
				d dissect.Decoder
				p dissect.Packet
			)
			for i := range frames {
				d.Decode(&frames[i], &p)
				for _, e := range tracker.Add(&p) {
					if i == fifth && (e.Kind != KindACK || e.Conn != 1) {
						t.Errorf("frame %d: connection %d, %v", e.Frame, e.Conn, e.Kind)
					}
					if e.Labels != 0 {
						t.Errorf("frame %d: %v", e.Frame, e.Labels)
					}
				}
			}
			for e := range tracker.Left() {
				c := e.Connection
				if c.Segments[0]+c.Segments[1] != uint64(len(frames)) {
					t.Errorf("%d segments counted", c.Segments)
				}
			}
		})
	}
}

// TestICMPThatLosesNothing holds that a redirect and a source quench stand
// beside their connection and say nothing of its end.
func TestICMPThatLosesNothing(t *testing.T) {
	const typeAt = 14 + 20 // behind Ethernet and IPv4
	for _, kind := range []byte{4, 5} {
		for _, live := range []bool{false, true} {
			tracker := New(Options{Live: live})
			var (
				d   dissect.Decoder
				p   dissect.Packet
				got []string
			)
			for _, f := range segtest.MustFrames(t, "> S 0:0(0)\nicmp from 10.0.0.9 unreachable host") {
				if f.Number == 2 {
					f.Data[typeAt] = kind
				}
				d.Decode(&f, &p)
				for _, e := range tracker.Add(&p) {
					got = append(got, summary(&e))
				}
			}
			for e := range tracker.Left() {
				got = append(got, summary(e))
			}
			want := fmt.Sprintf("1: #1 SYN|2: #1 icmp %d/1|end #1 no-answer", kind)
			if s := strings.Join(got, "|"); s != want {
				t.Errorf("live %v: %s, want %s", live, s, want)
			}
		}
	}
}

// TestTroubledAreBounded holds that connections of which more is kept than of
// others leave for each other, and that this is counted.
func TestTroubledAreBounded(t *testing.T) {
	tracker, from := New(Options{Quiet: true, Brief: true}), newTraffic()
	const more = 1000
	server := v4(0, 80)
	ends := 0
	add := func(n int, seq uint32) {
		for _, e := range tracker.Add(from.packet(v4(uint32(n)+1, 1024), server, seq, 1, dissect.ACK, 1, time.Microsecond)) {
			if e.Type == TypeEnd {
				ends++
			}
		}
		if tracker.troubled() > maxTroubled+1 {
			t.Fatalf("connection %d: %d are troubled", n, tracker.troubled())
		}
	}
	for n := range maxTroubled + more {
		add(n, 1)
		add(n, 10) // with a gap before it
	}
	if s := tracker.Stats(); s.Evicted < more-1 || int(s.Evicted) != ends || s.Open+ends != maxTroubled+more {
		t.Errorf("%d ends, %+v", ends, s)
	}
}
