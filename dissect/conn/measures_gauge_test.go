package conn

import (
	"slices"
	"testing"
	"time"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// measured follows a script and returns its connection and its segments.
func measured(t *testing.T, script string) (Connection, []Event) {
	t.Helper()
	tracker := New(Options{Measures: true})
	var (
		d    dissect.Decoder
		p    dissect.Packet
		c    Connection
		rows []Event
	)
	for _, f := range segtest.MustFrames(t, script) {
		d.Decode(&f, &p)
		rows = append(rows, tracker.Add(&p)...)
	}
	for _, e := range tracker.End() {
		if e.Type == TypeEnd {
			c = *e.Connection
		}
	}
	return c, rows
}

func TestConnectionMeasures(t *testing.T) {
	c, rows := measured(t, `
		0.000 > S 0:0(0) win 64240 <mss 1460,nop,wscale 0>
		0.010 < S. 0:0(0) ack 1 win 1000 <mss 1460,nop,wscale 0>
		0.012 > . ack 1
		0.020 > P. 1:401(400)
		0.030 < . ack 401 win 1000
		0.040 > P. 401:901(500)
		0.050 > P. 901:1151(250)
		0.070 < . ack 1151 win 2000
		2.070 > P. 1151:1251(100)
		2.370 > P. 1151:1251(100)
		2.380 < . ack 1251 win 2000
		2.400 < P. 1:11(10) ack 1251
		2.404 > . ack 11`)
	const ms = time.Millisecond
	m := &c.Measures
	// The server acknowledged SYN, 400 bytes, then two segments of which the
	// newest counts; what was sent twice says nothing.
	if want := (RoundTrips{3, 10 * ms, 40 * ms / 3, 20 * ms}); m.RTT[Server] != want {
		t.Errorf("round trips to the server %+v, want %+v", m.RTT[Server], want)
	}
	if want := (RoundTrips{2, 2 * ms, 3 * ms, 4 * ms}); m.RTT[Client] != want {
		t.Errorf("round trips to the client %+v, want %+v", m.RTT[Client], want)
	}
	if want := [2]time.Duration{300 * ms, 0}; m.RTO != want {
		t.Errorf("time-outs %v, want %v", m.RTO, want)
	}
	if want := [2]uint32{750, 10}; m.InFlight != want {
		t.Errorf("in flight %v, want %v", m.InFlight, want)
	}
	if want := (WindowUse{750, 1000}); m.Window[Client] != want {
		t.Errorf("window used %v, want %v", m.Window[Client], want)
	}
	if share, ok := m.Window[Client].Share(); !ok || share != .75 {
		t.Errorf("share %v %v", share, ok)
	}
	if m.Silence != 2*time.Second || m.SilenceEnd != 9 {
		t.Errorf("silence of %v before %d", m.Silence, m.SilenceEnd)
	}
	if g, ok := c.Goodput(Client); !ok || int(g) != 1250*1000/2404 {
		t.Errorf("goodput %v %v of %d bytes", g, ok, c.Unique[Client])
	}
	for i, want := range map[int]time.Duration{9: 300 * ms, 8: 0} {
		if rows[i].RTO != want {
			t.Errorf("row %d was sent again after %v, want %v", i+1, rows[i].RTO, want)
		}
	}
}

// TestWaits has each kind of wait once.
func TestWaits(t *testing.T) {
	c, _ := measured(t, `
		0.000 > S 0:0(0) win 1000 <mss 1460>
		0.010 < S. 0:0(0) ack 1 win 1000 <mss 1460>
		0.012 > . ack 1
		1.012 > P. 1:101(100)
		1.032 < . ack 101 win 1000
		1.532 < P. 1:11(10) ack 101
		1.534 > . ack 11
		1.734 < P. 11:21(10) ack 101
		2.034 < P. 11:21(10) ack 101
		2.036 > . ack 21 win 0
		2.336 > . ack 21 win 1000
		2.836 > F. 101:101(0) ack 21
		2.846 < F. 21:21(0) ack 102
		2.848 > . ack 22`)
	const ms = time.Millisecond
	want := []Waited{
		{WaitFirst, Client, 1000 * ms}, {WaitAnswer, Server, 500 * ms}, {WaitClose, Client, 500 * ms}, {WaitWindow, Client, 300 * ms},
		{WaitResend, Server, 300 * ms}, {WaitMore, Server, 200 * ms}, {WaitACK, Server, 30 * ms}, {WaitClose, Server, 10 * ms},
		{WaitACK, Client, 8 * ms},
	}
	got := c.Measures.Longest(nil)
	if !slices.Equal(got, want) {
		t.Errorf("waited\n%v, want\n%v", got, want)
	}
	sum := time.Duration(0)
	for _, w := range got {
		sum += w.Time
	}
	if all := c.Last.Sub(c.First); sum != all {
		t.Errorf("waited %v in %v", sum, all)
	}
	if m := &c.Measures; m.SilenceWait != WaitFirst || m.SilenceFor != Client {
		t.Errorf("the longest silence was for %s", m.SilenceWait.What(m.SilenceFor))
	}
}

// Of a SYN the time-out is known before there is anything else.
func TestMeasuresOfSYNs(t *testing.T) {
	c, rows := measured(t, "0 > S 0:0(0)\n1 > S 0:0(0)\n3 > S 0:0(0)")
	if rows[1].RTO != time.Second || rows[2].RTO != 2*time.Second {
		t.Errorf("SYNs again after %v and %v", rows[1].RTO, rows[2].RTO)
	}
	if _, ok := c.Goodput(Client); ok {
		t.Error("a connection without data has a goodput")
	}
}

// Nothing is measured where nobody asks, and a scale that is not known makes no
// share of the window.
func TestMeasuresUnasked(t *testing.T) {
	tracker := New(Options{})
	var d dissect.Decoder
	var p dissect.Packet
	for _, f := range segtest.MustFrames(t, opened3+"> P. 1(10)\n< . ack 11") {
		d.Decode(&f, &p)
		tracker.Add(&p)
	}
	for _, e := range tracker.End() {
		if e.Type == TypeEnd && e.Connection.Measures != (Measures{}) {
			t.Errorf("%+v", e.Connection.Measures)
		}
	}
	if len(tracker.gauges) != 0 {
		t.Error("there are gauges")
	}
	c, _ := measured(t, "> P. 1(10) ack 5 win 9\n< . 5 ack 11 win 9\n> P. 11(10) ack 5 win 9")
	if _, ok := c.Measures.Window[Client].Share(); ok {
		t.Error("a window of unknown scale has a share")
	}
}

// TestMeasuresOfOpenings are those of connections that are not established, or
// were so late.
func TestMeasuresOfOpenings(t *testing.T) {
	const syns = `
		0.000 > S 0:0(0) win 64240 <mss 1460>
		1.000 > S 0:0(0) win 64240 <mss 1460>
		3.000 > S 0:0(0) win 64240 <mss 1460>`
	const day = 24 * time.Hour
	for _, x := range []struct {
		name, script string
		silence      time.Duration
		end          int64
		rto          [2]time.Duration
		irtt         time.Duration
	}{
		{"one SYN", "0.000 > S 0:0(0) win 64240", 0, 0, [2]time.Duration{}, 0},
		{"two SYNs", "0.000 > S 0:0(0) win 64240\n1.000 > S 0:0(0) win 64240", time.Second, 2, [2]time.Duration{time.Second}, 0},
		{"three SYNs", syns, 2 * time.Second, 3, [2]time.Duration{2 * time.Second}, 0},
		{"refused late", syns + "\n3.010 < R. 0:0(0) ack 1 win 0", 2 * time.Second, 3, [2]time.Duration{2 * time.Second}, 0},
		{"refused", "0.000 > S 0:0(0) win 64240\n0.500 < R. 0:0(0) ack 1 win 0", time.Second / 2, 2, [2]time.Duration{}, 0},
		{"answered late", syns + "\n3.010 < S. 0:0(0) ack 1 win 1000\n3.011 > . ack 1 win 1000", 2 * time.Second, 3, [2]time.Duration{2 * time.Second}, 11 * time.Millisecond},
		{"answered", "0.000 > S 0:0(0) win 64240\n0.500 < S. 0:0(0) ack 1 win 1000\n0.501 > . ack 1 win 1000", time.Second / 2, 2, [2]time.Duration{}, 501 * time.Millisecond},
		{"answered twice", "0.000 > S 0:0(0) win 64240\n0.010 < S. 0:0(0) ack 1 win 1000\n1.010 < S. 0:0(0) ack 1 win 1000\n1.011 > . ack 1 win 1000", time.Second, 3, [2]time.Duration{0, time.Second}, 1011 * time.Millisecond},
		{"after days", "0.000 > S 0:0(0) win 64240\n345600 < S. 0:0(0) ack 1 win 1000\n345601 > . ack 1 win 1000", 4 * day, 2, [2]time.Duration{}, 0},
		{"between days", `
			0.000 > S 0:0(0) win 64240
			0.010 < S. 0:0(0) ack 1 win 1000
			0.011 > . ack 1 win 1000
			345600 > P. 1:11(10) ack 1
			864000 > P. 1:11(10) ack 1
			864001 < . ack 11 win 1000`, 6 * day, 5, [2]time.Duration{6 * day}, 11 * time.Millisecond},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, _ := measured(t, x.script)
			m := &c.Measures
			if m.Silence != x.silence || m.SilenceEnd != x.end {
				t.Errorf("silence of %v before %d, want %v before %d", m.Silence, m.SilenceEnd, x.silence, x.end)
			}
			if m.RTO != x.rto {
				t.Errorf("time-outs %v, want %v", m.RTO, x.rto)
			}
			if c.IRTT != x.irtt {
				t.Errorf("handshake took %v, want %v", c.IRTT, x.irtt)
			}
		})
	}
}

// TestMeasuresOfCrossing: both ends of a simultaneous open acknowledge at once,
// and speak later.
func TestMeasuresOfCrossing(t *testing.T) {
	c, rows := measured(t, `
		0.000 > S 0:0(0) win 1000
		0.001 < S 0:0(0) win 1000
		0.010 > S. 0:0(0) ack 1 win 1000
		0.011 < S. 0:0(0) ack 1 win 1000
		0.100 > P. 1:8(7) ack 1 win 1000
		0.120 < . ack 8 win 1000`)
	const ms = time.Millisecond
	if c.IRTT != 11*ms {
		t.Errorf("handshake took %v", c.IRTT)
	}
	for i, want := range []time.Duration{0, 0, 9 * ms, 11 * ms, 0, 20 * ms} {
		if rows[i].RTT != want {
			t.Errorf("row %d: round trip %v, want %v", i+1, rows[i].RTT, want)
		}
	}
}

// TestFragmentsAreNotOffloaded: a segment larger than the MSS was on the wire
// where IP cut it.
func TestFragmentsAreNotOffloaded(t *testing.T) {
	for _, frames := range [][]int64{nil, {4, 5}} {
		w, tracker := newTraffic(), New(Options{Quiet: true})
		client, server := v4(0x0a000001, 40000), v4(0x0a000002, 80)
		tracker.Add(w.packet(client, server, 0, 0, dissect.SYN, 0, 1000))
		p := w.packet(server, client, 0, 1, dissect.SYN|dissect.ACK, 0, 1000)
		p.TCP.Options = []byte{2, 4, 0x05, 0xb4} // MSS 1460
		tracker.Add(p)
		tracker.Add(w.packet(client, server, 1, 1, dissect.ACK, 0, 1000))
		p = w.packet(client, server, 1, 1, dissect.ACK, 4000, 1000)
		p.Fragments = frames
		events := tracker.Add(p)
		if got := events[0].Labels.Has(Offloaded); got != (frames == nil) {
			t.Errorf("fragments %v: offloaded is %v", frames, got)
		}
	}
}

// An ACK that comes after a minute, with nothing sent again, was not the first.
func TestRoundTripsWithoutTheirACK(t *testing.T) {
	c, _ := measured(t, "0.0 > S 0:0(0)\n+.01 < S. 0:0(0) ack 1\n+.01 > . ack 1\n> P. 1:2(1)\n+.01 < P. 1:2(1)\n+60 > P. 2:3(1)\n+.01 < . ack 3")
	if r := c.Measures.RTT[Client]; r.Count != 1 || r.Max != 10*time.Millisecond {
		t.Errorf("round trips to the client: %+v", r)
	}
}

// TestRoundTripOfOpening: the SYN-ACK shows a round trip whatever follows it.
func TestRoundTripOfOpening(t *testing.T) {
	const ms = time.Millisecond
	want := RoundTrips{1, 10 * ms, 10 * ms, 10 * ms}
	for _, rest := range []string{
		"",
		"0.011 > R 1:1(0)",
		"0.0101 < S. 0:0(0) ack 1 win 1000 id 7", // captured twice
		"1.000 > S 0:0(0) win 64240",
		"1.010 < S. 0:0(0) ack 1 win 1000\n2.010 < S. 0:0(0) ack 1 win 1000",
		"1.010 < S. 0:0(0) ack 1 win 1000\n1.012 > . ack 1",
	} {
		c, rows := measured(t, "0.000 > S 0:0(0) win 64240\n0.010 < S. 0:0(0) ack 1 win 1000 id 7\n"+rest)
		if rows[1].RTT != 10*ms || c.Measures.RTT[Server] != want {
			t.Errorf("with %q: %v on the SYN-ACK, %+v of the connection", rest, rows[1].RTT, c.Measures.RTT[Server])
		}
	}
}

// TestHalvesOfHandshake: a SYN-ACK that is sent again because its ACK is late
// answers no SYN, and tells nothing of the way.
func TestHalvesOfHandshake(t *testing.T) {
	const ms = time.Millisecond
	for _, x := range []struct {
		script string
		want   [2]time.Duration
	}{
		{"0.000 > S 0:0(0) win 64240\n0.010 < S. 0:0(0) ack 1 win 1000\n0.014 > . ack 1", [2]time.Duration{10 * ms, 4 * ms}},
		{"0.000 > S 0:0(0) win 64240\n0.010 < S. 0:0(0) ack 1 win 1000\n1.000 > S 0:0(0) win 64240\n" +
			"1.011 < S. 0:0(0) ack 1 win 1000\n1.016 > . ack 1", [2]time.Duration{11 * ms, 5 * ms}},
		{"0.000 > S 0:0(0) win 64240\n0.010 < S. 0:0(0) ack 1 win 1000\n1.010 < S. 0:0(0) ack 1 win 1000\n1.014 > . ack 1", [2]time.Duration{}},
	} {
		c, rows := measured(t, x.script)
		if got := rows[len(rows)-1].HalfRTT; got != x.want || c.HalfRTT != x.want {
			t.Errorf("%s\ngives %v and %v, want %v", x.script, got, c.HalfRTT, x.want)
		}
	}
}

// TestMeasuresOfNothing: what was not there has no time, and no end, whichever of
// the addresses is the higher one.
func TestMeasuresOfNothing(t *testing.T) {
	for _, ends := range []string{"conn 10.0.0.1:1000 10.0.0.2:80\n", "conn 10.0.0.2:1000 10.0.0.1:80\n"} {
		c, _ := follow(t, ends+"< R. #0:#0(0) ack 1")
		if m := &c[0].Measures; m.SilenceWait != WaitNone || m.SilenceFor != Client {
			t.Errorf("of one segment: waited for %q of the %s", m.SilenceWait, m.SilenceFor)
		}
		run(t, New(Options{Detail: true}), ends+"< . 5:5(0) ack 9\n+1 < F. 4:4(0) ack 9", func(e *Event) {
			if e.Type == TypeSegment && e.Frame == 2 && (!e.Labels.Has(Retransmission) || e.Detail.Repeats != 0 || e.Detail.RepeatTime != 0) {
				t.Errorf("sent again, and not seen before: %v, %v after frame %d", e.Labels, e.Detail.RepeatTime, e.Detail.Repeats)
			}
		})
	}
}

// What is in flight is told where an end has sent more than 2 GiB as well.
func TestInFlightOfLongConnection(t *testing.T) {
	const script = `
		0 > S 0:0(0)
		< S. 0:0(0) ack 1
		> . ack 1
		3 > P. 1500000001:1500000101(100) ack 1
		< . ack 1500000101
		6 > P. 3000000001:3000000101(100) ack 1
		< . ack 3000000101
		> P. 3000000101:3000000201(100) ack 1`
	var last uint32
	run(t, New(Options{}), script, func(e *Event) {
		if e.Type == TypeSegment {
			last = e.InFlight
		}
	})
	if last != 100 {
		t.Errorf("%d bytes are in flight, want 100", last)
	}
}
