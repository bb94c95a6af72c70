package conn

import "time"

// Measures are the numbers of a connection that take more than its entry and
// body (Options.Measures). Arrays are by Side.
type Measures struct {
	// RTT is how long each end took to acknowledge what the other had sent, as
	// seen at the place of the capture: from there to that end and back. SYN
	// and FIN take part; what was sent more than once only where a timestamp
	// tells which copy was meant (RFC 6298, section 3).
	RTT [2]RoundTrips
	// RTO is the longest that each end waited before it sent the same bytes
	// again because nothing had come; 0 where it never did.
	RTO [2]time.Duration
	// InFlight is the most that each end had sent and not seen acknowledged, in
	// bytes.
	InFlight [2]uint32
	// Window is the most that each end used of the other's window.
	Window [2]WindowUse
	// Silence is the longest time between two segments, and SilenceEnd the
	// frame of the second one; 0 where there are no two.
	Silence    time.Duration
	SilenceEnd int64
	// SilenceFile is the index of the file of that frame, and SilenceFileName
	// what to call it where it is not Connection.File, else "".
	SilenceFile     int
	SilenceFileName string
	// SilenceWait and SilenceFor say what that frame was waited for, where there are two.
	SilenceWait Wait
	SilenceFor  Side
	// Waits is how long the connection waited, by Wait and by the Side that it
	// waited for: the times between its segments, but for those that a
	// keep-alive or a packet that was captured twice ended.
	Waits [waitCount][2]time.Duration
}

// RoundTrips sums up the round trips that one end's ACKs showed.
type RoundTrips struct {
	Count          uint32        // of ACKs that showed one; where it is 0 the others are
	Min, Mean, Max time.Duration // Mean is the sum divided by Count
}

// WindowUse is how much of a window was in use.
type WindowUse struct {
	Bytes  uint32 // in flight
	Window uint32 // the other end's window at that moment, scaled; 0 where none was ever known
}

// Share returns Bytes as a part of Window, from 0; over 1 where an end sent
// more than it was allowed to. ok is false where the window is not known.
func (w WindowUse) Share() (share float64, ok bool) {
	if w.Window == 0 {
		return 0, false
	}
	return float64(w.Bytes) / float64(w.Window), true
}

// Goodput returns the bytes of payload that an end sent, each once, for every
// second of the connection (RFC 2647, section 3.17). ok is false where the
// connection has no duration or the end sent nothing.
func (c *Connection) Goodput(s Side) (bytesPerSecond float64, ok bool) {
	d := c.Last.Sub(c.First)
	if !c.First.Known() || !c.Last.Known() || d <= 0 || c.Unique[s] == 0 {
		return 0, false
	}
	return float64(c.Unique[s]) / d.Seconds(), true
}

// gauge is what Measures are made from: 200 bytes without a pointer, which a
// connection with a body has besides where Options.Measures asks for it. Then a
// connection's third segment gives it a body at the latest: what two did stands
// in its entry. Arrays are by direction.
type gauge struct {
	sum         [2]uint64 // of round trips, in nanoseconds
	least, most [2]int64  // in nanoseconds
	count       [2]uint32
	inFlight    [2]uint32
	used, room  [2]uint32
	silence     int64  // in nanoseconds
	ended       uint32 // frame that ended the silence
	awaited     Wait   // what that was
	of          uint8  // by its direction
	waits       pauses
}

// StopMeasuring leaves Connection.Measures empty from now on, but for RTO.
func (t *Tracker) StopMeasuring() { t.options.Measures, t.gauges = false, nil }

// gauges are those of all bodies, by their number.
type gauges []*[slabPage]gauge

// at returns the gauge of body n.
func (g *gauges) at(n uint32) *gauge {
	page := int(n-1) / slabPage
	for len(*g) <= page {
		*g = append(*g, new([slabPage]gauge))
	}
	return &(*g)[page][(n-1)%slabPage]
}

// idle returns for how long nothing of the connection had come, 0 where that is
// not known. Where time goes back it is below 0.
func (s *segment) idle() time.Duration {
	if s.isNew {
		return 0
	}
	return s.p.Frame.Time.Sub(s.heard)
}

// opened begins the gauge of a connection that gets a body, with what its entry
// tells of the segments before.
func (g *gauge) opened(e *entry) {
	*g = gauge{}
	if e.twoSegments() {
		g.silence, g.ended = int64(max(e.last.Sub(e.first), 0)), e.lastFrame
		g.awaited, g.of = e.secondWait(), uint8(e.tail.by())
		g.waits.add(g.awaited, int(g.of), g.silence)
	}
	if !e.flags.has(flagDoubled) { // else it may have been captured elsewhere than the SYN
		g.roundTrip(1-e.client(), e.firstAnswer())
	}
}

// crowded reports whether a connection without body has had two segments or
// more, so that its entry cannot keep what Measures need of another one.
func (t *Tracker) crowded(e *entry) bool {
	return t.options.Measures && int(e.syns)+int(e.synAcks) > 1
}

// twoSegments reports whether a connection without body has had two segments,
// which came at first and at last.
func (e *entry) twoSegments() bool {
	n := int(e.syns) + int(e.synAcks)
	if e.flags.has(flagReset) {
		n++
	}
	return n == 2 && e.first.Known() && e.last.Known()
}

// secondWait is what the first of two segments waited for.
func (e *entry) secondWait() Wait {
	switch {
	case e.syns == 2 || e.synAcks == 2:
		return WaitResend
	case e.flags.has(flagReset):
		return WaitClose
	}
	return WaitACK
}

// firstAnswer returns how long the SYN-ACK took of a connection of which a SYN and
// a SYN-ACK are all that was seen, 0 where they are not.
func (e *entry) firstAnswer() time.Duration {
	if e.syns != 1 || e.synAcks != 1 || !e.twoSegments() || e.last.Sub(e.first) > clockSpan {
		return 0
	}
	return time.Duration(max(int64(e.last)-e.synTime.near(int64(e.last)), 0))
}

// secondSYN returns how long the client waited before it sent its SYN again, 0
// where it did not send it twice.
func (e *entry) secondSYN() time.Duration {
	if e.syns != 2 || !e.first.Known() || !e.last.Known() || e.last.Sub(e.first) > clockSpan {
		return 0
	}
	return time.Duration(max(e.synTime.near(int64(e.last))-int64(e.first), 0))
}

// listen takes the time since the segment before.
func (g *gauge) listen(s *segment) {
	w, of := g.waits.ends(s)
	if d := int64(s.idle()); d > 0 {
		if g.waits.add(w, of, d); d > g.silence {
			g.silence, g.ended = d, s.e.frameRef(s.t.places.at())
			g.awaited, g.of = w, uint8(of)
		}
	}
	g.waits.heard(s)
}

// measure reads the gauge, after the segment was followed.
func (t *Tracker) measure(s *segment) {
	e, g := s.e, t.gauges.at(s.e.body)
	g.listen(s)
	if s.role && g.count[s.to] == 0 && e.syns == 1 && e.synAcks == 1 {
		g.roundTrip(s.to, e.halves(s.b)[0]) // the SYN-ACK came before there was a gauge
	}
	g.roundTrip(s.from, s.rtt)
	if s.len == 0 {
		return
	}
	n := e.inFlight(s.from)
	g.inFlight[s.from] = max(g.inFlight[s.from], n)
	if w, known := e.offered(s.to); known && w > 0 &&
		uint64(n)*uint64(g.room[s.from]) >= uint64(g.used[s.from])*uint64(w) {
		g.used[s.from], g.room[s.from] = n, w
	}
}

// roundTripLimit is from when an ACK that came without a second sending is not
// the first one: by then the sender would have sent again (RFC 6298, section
// 2.5), and so there was another, which was not captured.
const roundTripLimit = time.Minute

// roundTrip takes what an ACK of direction d showed; 0 is nothing.
func (g *gauge) roundTrip(d int, rtt time.Duration) {
	if rtt <= 0 || rtt >= roundTripLimit {
		return
	}
	g.sum[d] += uint64(rtt)
	if g.count[d] == 0 || int64(rtt) < g.least[d] {
		g.least[d] = int64(rtt)
	}
	g.most[d] = max(g.most[d], int64(rtt))
	g.count[d]++
}

// offered is the window that direction d sent last, in bytes. It is not known
// where its scale is not.
func (e *entry) offered(d int) (window uint32, known bool) {
	scale := e.scale(d)
	if scale == scaleUnknown || !e.flags.of(flagKnown0, d) {
		return 0, false
	}
	if e.flags.of(flagEarly0, d) { // a SYN's window is not scaled (RFC 7323, section 2.2)
		return uint32(e.window[d]), true
	}
	return uint32(e.window[d]) << scale, true
}

// summarizeMeasures fills c.Measures.
func (t *Tracker) summarizeMeasures(c *Connection, e *entry, b *body) {
	if e.body == 0 {
		e.measureOpening(c, t.options.Measures)
		t.nameSilence(c)
		return
	}
	if b.ledger != 0 {
		l := t.ledgers.at(b.ledger)
		for d := range 2 {
			c.Measures.RTO[e.side(d)] = time.Duration(l.waited[d])
		}
	}
	if !t.options.Measures {
		return
	}
	m, g := &c.Measures, t.gauges.at(e.body)
	for d := range 2 {
		side := e.side(d)
		if n := g.count[d]; n > 0 {
			m.RTT[side] = RoundTrips{n, time.Duration(g.least[d]), time.Duration(g.sum[d] / uint64(n)), time.Duration(g.most[d])}
		}
		m.InFlight[side] = g.inFlight[d]
		m.Window[side] = WindowUse{g.used[d], g.room[d]}
		for w := range m.Waits {
			m.Waits[w][side] = time.Duration(g.waits.spent[w][d].bits())
		}
	}
	if g.silence > 0 {
		m.SilenceWait, m.SilenceFor = g.awaited, e.side(int(g.of))
	}
	t.facts.silenceEnd = e.frame(g.ended)
	m.Silence, m.SilenceFile = time.Duration(g.silence), c.File
	if file, number := t.places.frame(e.frame(g.ended)); number != 0 {
		if m.SilenceEnd = number; t.places.several() {
			m.SilenceFile = file
		}
	}
	t.nameSilence(c)
}

// nameSilence gives the name of the file that the silence ended in.
func (t *Tracker) nameSilence(c *Connection) {
	if m := &c.Measures; m.Silence > 0 && m.SilenceFile != c.File {
		m.SilenceFileName = (&fileFacts{names: t.options.Files}).call(m.SilenceFile)
	}
}

// measureOpening fills what is known of a connection without body. What it sets
// does not depend on what c held.
func (e *entry) measureOpening(c *Connection, all bool) {
	m := &c.Measures
	m.RTO = [2]time.Duration{Client: e.secondSYN()}
	m.Silence, m.SilenceEnd, m.SilenceFile, m.SilenceFileName = 0, 0, 0, ""
	m.SilenceWait, m.SilenceFor, m.Waits = WaitNone, Client, [waitCount][2]time.Duration{}
	m.RTT = [2]RoundTrips{}
	if d := e.firstAnswer(); all && d > 0 && d < roundTripLimit {
		m.RTT[Server] = RoundTrips{1, d, d, d}
	}
	if all && e.twoSegments() && e.last > e.first {
		m.Silence, m.SilenceEnd, m.SilenceFile = e.last.Sub(e.first), c.LastFrame, c.LastFile
		m.SilenceWait, m.SilenceFor = e.secondWait(), e.side(e.tail.by())
		m.Waits[m.SilenceWait][m.SilenceFor] = m.Silence
	}
}
