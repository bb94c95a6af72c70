package conn

import (
	"net/netip"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// segment is the segment at hand, as the rules see it.
type segment struct {
	p        *dissect.Packet
	t        *Tracker
	e        *entry
	b        *body // the entry's, or a stand-in
	number   uint32
	from, to int // directions
	seq, ack uint32
	end      uint32 // behind its last byte, SYN or FIN
	len      int
	win      uint16
	flags    dissect.Flags
	now      int64
	shape    shape
	labels   Labels
	before   [2]State // by direction
	role     bool     // it completes the handshake
	rtt      time.Duration
	rto      time.Duration // since its bytes were sent before
	echoed   bool          // rtt is from the timestamp that it echoes
	isNew    bool          // the connection's first
	dupNum   int
	app      string
	ended    bool // it is an RST that its receiver takes
}

// since returns how long ago c was; a time that lies ahead is long ago.
func (s *segment) since(c clock48) time.Duration {
	d := s.now - c.near(s.now)
	if d < 0 {
		return 1<<63 - 1
	}
	return time.Duration(d)
}

// outstanding returns what the connection has outstanding, nil for nothing.
func (s *segment) outstanding() *outstanding {
	if s.b.side == 0 {
		return nil
	}
	return s.t.sides[s.b.side-1]
}

// reset begins a segment. It sets each field: to clear them all first, or to
// copy, costs more than the rest of some segments.
func (s *segment) reset(p *dissect.Packet) {
	c := &p.TCP
	s.p, s.flags, s.len, s.win = p, c.Flags, c.Len, c.Window
	s.seq, s.ack = uint32(c.Seq), uint32(c.Ack)
	s.end = s.seq + uint32(s.len)
	if s.flags&(dissect.SYN|dissect.FIN) != 0 {
		s.end++
	}
	s.shape, s.labels, s.rtt, s.rto, s.dupNum = 0, 0, 0, 0, 0
	s.role, s.isNew, s.ended, s.echoed = false, false, false, false
	if s.app != "" {
		s.app = ""
	}
}

// segment takes a TCP segment.
func (t *Tracker) segment(p *dissect.Packet) {
	t.stats.Segments++
	s := &t.seg
	s.reset(p)
	s.now = t.nanos
	t.find(s)
	e := s.e
	s.before = [2]State{e.state(0), e.state(1)}
	before := e.last
	t.setBases(s)
	twin := t.twins.seen(s)
	if e.body == 0 && !twin && !t.plodding && t.opens(s) {
		if t.options.Measures && e.body != 0 {
			t.measure(s, before)
		}
		if !t.options.NoSegments {
			t.give(s)
		}
		t.afterwards(s)
		return
	}
	if e.body != 0 {
		s.b = t.bodies.at(e.body)
	} else {
		t.standIn(s)
	}
	if twin {
		if s.len > 0 || s.flags&(dissect.SYN|dissect.FIN) != 0 {
			e.flags.set(flagDoubled)
		}
		s.labels = s.labels.With(DuplicateCapture)
		t.grow(s)
		s.repeat()
		t.count(s)
		if !t.options.NoSegments {
			t.give(s)
		}
		return
	}
	if e.body != 0 && s.smooth() && !t.plodding {
		t.glide(s)
		if t.options.Measures {
			t.measure(s, before)
		}
		t.payload(s)
		if !t.options.NoSegments {
			t.give(s)
		}
		return
	}
	t.label(s)
	t.differ(s)
	if e.body == 0 && !s.isOpening() {
		t.grow(s)
	}
	t.follow(s)
	if s.labels&wiresharkLabels != 0 && !s.legible() {
		s.labels &^= wiresharkLabels
		s.dupNum = 0
	}
	t.count(s)
	if t.options.Measures && e.body != 0 {
		t.measure(s, before)
	}
	t.payload(s)
	if !t.options.NoSegments {
		t.give(s)
	}
	t.afterwards(s)
}

// opens takes a segment that an opening has as a rule, and reports whether it is
// one.
func (t *Tracker) opens(s *segment) bool {
	s.b = &t.scratch // which nobody reads
	switch s.flags & (dissect.SYN | dissect.FIN | dissect.RST | dissect.ACK) {
	case dissect.SYN:
		return t.knock(s)
	case dissect.SYN | dissect.ACK:
		return t.answer(s)
	case dissect.ACK:
		return t.accept(s)
	case dissect.RST | dissect.ACK:
		return t.refuse(s)
	}
	return false
}

// find sets the connection that the segment belongs to, and makes one where it
// is the first.
func (t *Tracker) find(s *segment) {
	if t.again(s) {
		return
	}
	c := t.met(s.p)
	k, h := &c.key, c.hash
	s.from, s.to = c.from, 1-c.from
	v6 := !s.p.IP.Src.Is4()
	s.number, s.e = t.lookUp(h, k, v6)
	var reused bool
	if s.e == nil {
		reused = s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN && t.gone.has(c.gone)
	} else {
		reused = s.startsAnew()
		if !reused && !t.lapsed(s.e) {
			t.latest.set(s)
			return
		}
		t.end(s.number, s.e)
	}
	if t.table.n >= t.options.Limits.Connections {
		t.evict()
	}
	s.number, s.e = t.entries.take()
	t.settle(s.number)
	t.table.insert(h, s.number)
	t.latest.set(s)
	t.stats.Connections++
	e := s.e
	e.addrs, e.ports = k.addrs, k.ports
	e.number.add(uint64(t.stats.Connections))
	e.firstFrame.add(uint64(s.p.Frame.Number))
	e.first, e.last = s.p.Frame.Time, s.p.Frame.Time
	e.file = uint16(s.p.Frame.File)
	e.setScale(0, scaleUnknown)
	e.setScale(1, scaleUnknown)
	e.flags.put(flagIPv6, v6)
	s.isNew = true
	if reused {
		e.flags.set(flagReused)
		s.labels = s.labels.With(PortReuse)
	}
	t.whoIsClient(s)
	if s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN && t.driven.listensAt(s.p.Dst()) {
		e.pair.set(s.to, uint8(StateListen))
	}
	t.announce(s)
}

// latest is the connection of the segment before: often the next one is of the
// same.
type latest struct {
	number       uint32 // of its entry; 0 is none
	from         int
	src, dst     netip.Addr
	sport, dport uint16
}

func (l *latest) set(s *segment) {
	l.number, l.from = s.number, s.from
	l.src, l.dst, l.sport, l.dport = s.p.IP.Src, s.p.IP.Dst, s.p.TCP.SrcPort, s.p.TCP.DstPort
}

// again sets the connection where it is the same as that of the segment
// before, and reports whether it is.
func (t *Tracker) again(s *segment) bool {
	l, p := &t.latest, s.p
	if l.number == 0 || s.flags&dissect.SYN != 0 || t.split != nil && t.split.of[l.number] != t.split.now {
		return false
	}
	switch {
	case p.TCP.SrcPort == l.sport && p.TCP.DstPort == l.dport && p.IP.Src == l.src && p.IP.Dst == l.dst:
		s.from = l.from
	case p.TCP.SrcPort == l.dport && p.TCP.DstPort == l.sport && p.IP.Src == l.dst && p.IP.Dst == l.src:
		s.from = 1 - l.from
	default:
		return false
	}
	s.to = 1 - s.from
	s.number, s.e = l.number, t.entries.at(l.number)
	return !t.lapsed(s.e)
}

// startsAnew reports whether a segment on a known address pair begins another
// connection: a SYN whose sequence number is not the one that its sender began
// with.
func (s *segment) startsAnew() bool {
	return s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN &&
		s.e.flags.of(flagBase0, s.from) && s.e.base[s.from] != s.seq
}

// wellKnown is the first port that is not assigned by IANA to servers
// (RFC 6335, section 6).
const wellKnown = 1024

// whoIsClient says which end of a new connection is the client: who sends SYN,
// who gets SYN-ACK; else the end with the higher port where that tells
// something.
func (t *Tracker) whoIsClient(s *segment) {
	client := s.from
	switch src, dst := s.p.TCP.SrcPort, s.p.TCP.DstPort; {
	case s.e.self():
	case s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN:
	case s.flags.Has(dissect.SYN | dissect.ACK):
		client = s.to
	default:
		s.e.flags.set(flagInferred)
		if (src < wellKnown) != (dst < wellKnown) && src < dst || (src < wellKnown) == (dst < wellKnown) && src < dst {
			client = s.to
		}
	}
	s.e.flags.put(flagClientHi, client == 1)
}

// setBases sets where relative numbers count from: SYNs say it, else it is
// chosen so that the first number seen is 1.
func (t *Tracker) setBases(s *segment) {
	e := s.e
	if !e.flags.of(flagBase0, s.from) {
		e.flags.set(flagBase0 << s.from)
		e.base[s.from] = s.seq
		if s.flags&dissect.SYN == 0 {
			e.base[s.from]--
		}
	}
	if s.flags&dissect.ACK != 0 && !e.flags.of(flagBase0, s.to) {
		e.flags.set(flagBase0 << s.to)
		e.base[s.to] = s.ack - 1
	}
	if s.flags&dissect.SYN == 0 {
		return
	}
	if s.flags&dissect.ACK != 0 && e.base[s.from] != s.seq {
		// Another SYN-ACK than the first one: numbers count anew.
		s.labels = s.labels.With(PortReuse)
		e.base[s.from] = s.seq
	}
	if e.base[s.from] == s.seq {
		e.flags.set(flagSyn0 << s.from)
	}
}

// isOpening reports whether the segment is one of those that a connection may
// begin with and whose traces fit into an entry alone: the client's SYNs, the
// server's SYN-ACKs, an RST that ends it.
func (s *segment) isOpening() bool {
	e, client := s.e, s.from == s.e.client()
	if s.len > 0 || e.flags.has(flagReset|flagCrossed) || e.self() || s.flags&dissect.FIN != 0 {
		return false
	}
	switch {
	case s.flags&dissect.RST != 0:
		return e.syns > 0 && (client && s.labels == 0 || s.labels == 1<<Refused)
	case s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN:
		return client && (s.isNew || e.syns > 0) && s.labels&^(1<<Retransmission|1<<PortReuse) == 0
	case s.flags.Has(dissect.SYN | dissect.ACK):
		return !client && e.syns > 0 && s.labels&^(1<<Retransmission) == 0
	}
	return false
}

// standIn makes a body for a connection that has none, as far as its entry
// tells.
func (t *Tracker) standIn(s *segment) {
	b, e := &t.scratch, s.e
	*b = body{maxAck: e.next}
	s.b = b
	if s.isNew {
		return
	}
	c := e.client()
	b.nextTime[c], b.nextTime[1-c] = clockOf(t.time(e.first)), clockOf(t.time(e.last))
	b.seen[c], b.seen[1-c] = e.synTime, clockOf(t.time(e.last))
	b.segments[c], b.segments[1-c] = uint32(e.syns), uint32(e.synAcks)
	if e.flags.has(flagReset) {
		b.ended = clockOf(t.time(e.last))
		if by := e.resetBy(); by == c {
			b.seen[by] = b.ended
			b.segments[by]++
		} else {
			b.segments[by]++
		}
	}
}

// resetBy returns which direction's RST ended a connection without body.
func (e *entry) resetBy() int {
	if e.flags.has(flagRefused) {
		return 1 - e.client()
	}
	return e.client()
}

func (t *Tracker) time(s capture.Stamp) int64 {
	if s.Known() {
		return int64(s)
	}
	return 0
}

// grow gives a connection a body.
func (t *Tracker) grow(s *segment) {
	e := s.e
	if e.body != 0 {
		return
	}
	n, b := t.newBody()
	*b = *s.b
	e.body, s.b = n, b
	if s.isNew {
		return
	}
	c := e.client()
	if e.flags.has(flagReset) {
		l := t.ledger(b)
		l.rst, l.rstBy, l.rstState = e.lastFrame, uint8(e.resetBy()), e.stateBeforeReset()
	}
	if e.syns > 1 || e.synAcks > 1 {
		t.ledger(b).resends = [2]uint64{}
		t.ledger(b).resends[c] = uint64(max(e.syns, 1) - 1)
		t.ledger(b).resends[1-c] = uint64(max(e.synAcks, 1) - 1)
	}
	for l, n := range e.openingLabels() {
		for range n {
			t.countLabel(b, l)
		}
	}
	for d := range 2 { // SYNs that are not acknowledged
		if e.flags.of(flagKnown0, d) && !(e.flags.of(flagAcked0, 1-d) && !after(e.next[d], e.ack[1-d])) {
			at := b.nextTime[d].near(s.now)
			if d == c && e.syns > 1 || d != c && e.synAcks > 1 {
				at = sentAgain
			}
			t.remember(b, d, sent{seq: e.base[d], end: e.next[d], at: at})
		}
	}
}

// newBody returns an empty body and its number.
func (t *Tracker) newBody() (uint32, *body) {
	n, b := t.bodies.take()
	if t.options.Measures {
		*t.gauges.at(n) = gauge{}
	}
	return n, b
}

// openingLabels gives the labels that the segments of a connection without
// body had, and how often.
func (e *entry) openingLabels() func(func(Label, int) bool) {
	return func(yield func(Label, int) bool) {
		again := int(max(e.syns, 1)-1) + int(max(e.synAcks, 1)-1)
		if again > 0 && !yield(Retransmission, again) {
			return
		}
		if e.flags.has(flagReused) && !yield(PortReuse, 1) {
			return
		}
		if e.flags.has(flagRefused) {
			yield(Refused, 1)
		}
	}
}

// stateBeforeReset is the state of the end that a connection without body
// reset.
func (e *entry) stateBeforeReset() State {
	switch {
	case e.flags.has(flagRefused):
		return StateSynSent
	case e.synAcks > 0:
		return StateSynReceived
	}
	return StateUnknown
}

// follow takes the segment into what is known of the connection.
func (t *Tracker) follow(s *segment) {
	e, b := s.e, s.b
	if !s.isSettled() {
		t.change(s)
	}
	if e.body != 0 {
		t.track(s)
	}
	// What its sender has sent.
	if s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN && after(e.next[s.from], b.maxAck[s.from]) {
		e.next[s.from] = b.maxAck[s.from] // it starts over: what was sent past a gap does not count
	}
	known := e.flags.of(flagKnown0, s.from)
	probe := s.labels.Has(ZeroWindowProbe) && s.shape&atNext != 0
	if !probe {
		inOrder := !known || s.seq == b.maxAck[s.from]
		if !known || after(s.end, e.next[s.from]) {
			e.next[s.from] = s.end
			b.nextTime[s.from] = clockOf(s.now)
			// The number of an RST that answers a segment without ACK is 0 and
			// stands for nothing (RFC 9293, section 3.10.7.1).
			e.flags.put(flagKnown0<<s.from, s.end != 0 || s.flags&dissect.RST == 0)
		}
		if inOrder {
			b.maxAck[s.from] = e.next[s.from]
		}
	}
	// What its sender has said.
	if s.labels.Has(DupAck) {
		b.dups[s.from].add()
		s.dupNum = b.dups[s.from].n()
	} else if s.ack != e.ack[s.from] {
		b.dups[s.from] = 0
	}
	e.window[s.from] = s.win
	e.ack[s.from] = s.ack
	e.flags.put(flagAcked0<<s.from, s.flags&dissect.ACK != 0)
	if s.labels.Has(ZeroWindowProbeAck) && e.flags.of(flagKeep0, s.to) {
		e.flags &^= flagProbe0 << s.to // answered
	}
	e.flags.put(flagKeep0<<s.from, s.shape&(isPlain|belowNext) == isPlain|belowNext && s.len <= 1)
	e.flags.put(flagProbe0<<s.from, s.labels.Has(ZeroWindowProbe))
	e.flags.put(flagEarly0<<s.from, s.flags&dissect.SYN != 0)
	b.seen[s.from] = clockOf(s.now)
	e.complete |= s.completeness()
}

// revive takes back an RST whose sender goes on as if it had not sent it: it
// came from somebody else.
func (s *segment) revive() {
	e := s.e
	if s.before[s.from] != StateClosed || s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.ACK ||
		!e.flags.of(flagKnown0, s.from) || s.b.ledger == 0 {
		return
	}
	fresh := int32(s.seq-e.next[s.from]) >= -1
	if !e.flags.has(flagReset) { // the RST was not taken, and its number stands for nothing
		fresh = fresh || e.flags.of(flagAcked0, s.to) && !after(e.ack[s.to], s.end)
	}
	if !fresh {
		return
	}
	l := s.t.ledgers.at(s.b.ledger)
	if l.rst == 0 || int(l.rstBy) != s.from {
		return
	}
	l.rst, l.stray = 0, l.rst
	e.flags &^= flagReset | flagQueued
	e.pair.set(s.from, uint8(StateEstablished))
	if e.state(s.to) == StateClosed {
		e.pair.set(s.to, uint8(StateEstablished))
	}
}

// unseen moves the mark of what may be acknowledged, after an ACK of what was
// not seen.
func (s *segment) unseen() {
	if s.shape&ackBeyond == 0 {
		return
	}
	e, b := s.e, s.b
	if after(e.next[s.to], b.maxAck[s.to]) {
		b.maxAck[s.to] = e.next[s.to]
		return
	}
	b.dups[s.to] = dupTold | dupAsked
}

// established is the pair of states between opening and closing.
const established = nibbles(StateEstablished | StateEstablished<<4)

// isSettled reports whether the segment can change no state: both ends are
// established, and it is nothing but data or ACK.
func (s *segment) isSettled() bool {
	e := s.e
	return e.pair == established && s.shape&isPlain != 0 && s.shape&hasAck != 0 &&
		e.flags&(flagHandshake|flagFin0|flagFin1|flagReset|flagStray|flagCrossed) == flagHandshake
}

// change follows what a segment does to the connection as such: states,
// opening, closing.
func (t *Tracker) change(s *segment) {
	s.states()
	if s.timeWaits() >= 0 {
		s.labels = s.labels.With(TimeWait)
	}
	if s.e.flags&(flagHandshake|flagCrossed) == flagHandshake && s.flags&(dissect.SYN|dissect.RST) == 0 {
		s.markEnd() // opening is over
		s.revive()
		return
	}
	t.open(s)
	s.mark()
	if s.e.body != 0 {
		t.handshake(s)
	}
	t.firstRoundTrip(s)
	s.revive()
	t.ask(s)
}

// mark sets the flags that the segment's control bits and labels are about.
func (s *segment) mark() {
	e := s.e
	if s.flags&dissect.RST != 0 {
		if !e.flags.has(flagReset | flagFin0 | flagFin1) {
			s.b.ended = clockOf(s.now)
		}
		if s.ended {
			e.flags.set(flagReset)
		}
	}
	if s.labels.Has(SimultaneousOpen) {
		e.flags.set(flagCrossed)
	}
	if s.labels.Has(Refused) {
		e.flags.set(flagRefused)
	}
	s.markEnd()
}

// markEnd sets those of them that closing is about.
func (s *segment) markEnd() {
	e := s.e
	if s.flags&dissect.FIN != 0 && s.flags&dissect.RST == 0 {
		if !e.flags.has(flagReset | flagFin0 | flagFin1) {
			s.b.ended = clockOf(s.now)
		}
		e.flags.set(flagFin0 << s.from)
	}
	e.flags.put(flagStray, s.isStray())
	if s.labels.Has(HalfClose) {
		e.flags.set(flagHalfClose)
	}
}

// isStray reports whether the segment is a SYN to, or an RST not taken by, an
// end that is past its opening.
func (s *segment) isStray() bool {
	if s.before[s.to] < StateEstablished {
		return false
	}
	return s.flags&dissect.RST != 0 && !s.ended || s.flags&(dissect.SYN|dissect.RST) == dissect.SYN && s.before[s.from] >= StateEstablished
}

// open follows the opening: SYN options, times and frames of the handshake.
func (t *Tracker) open(s *segment) {
	e := s.e
	fromClient := s.from == e.client()
	if s.flags&dissect.SYN != 0 && s.flags&dissect.RST == 0 {
		o := readSYNOptions(s.p.TCP.Options)
		s.synOptions(&o)
	}
	switch {
	case s.flags&dissect.RST != 0:
	case s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN:
		if !e.flags.has(flagHandshake) {
			if s.labels.Has(Retransmission) && s.e.body == 0 {
				s.rto = time.Duration(max(s.now-e.synTime.near(s.now), 0))
			}
			e.synTime = clockOf(s.now)
		}
		if !fromClient {
			break
		}
		e.synLast = e.frameRef(s.p.Frame.Number)
		if e.syns < 255 {
			e.syns++
		}
		if s.len > 0 {
			e.flags.set(flagTFOData)
			e.flags.put(flagTFO, fastOpenCookie(s.p.TCP.Options))
		}
	case s.flags&dissect.SYN != 0:
		if e.syns == 1 && e.synAcks == 0 && !fromClient {
			s.rtt = time.Duration(max(s.now-e.synTime.near(s.now), 0))
		}
		if e.synAck == 0 {
			e.synAck = e.frameRef(s.p.Frame.Number)
		}
		if !fromClient && e.synAcks < 255 {
			e.synAcks++
		}
		e.flags.set(flagSynAck)
	}
}

// synOptions takes the options of a SYN or SYN-ACK that the other end needs.
func (s *segment) synOptions(o *synOptions) {
	e := s.e
	if o.hasMSS {
		e.mss[s.from] = kiloOf(o.mss)
	}
	switch {
	case e.flags.has(flagUnscaled):
	case o.hasScale:
		e.setScale(s.from, min(int(o.scale), scaleMax))
	case !s.cut() && e.scale(s.from) == scaleUnknown: // both ends must offer it (RFC 7323, section 2.2)
		e.flags.set(flagUnscaled)
		e.setScale(0, 0)
		e.setScale(1, 0)
	}
}

// cut reports whether the capture does not hold all of the header.
func (s *segment) cut() bool {
	n := s.p.NumLayers
	return n > 0 && s.p.Layers[n-1].Length < s.p.TCP.Header
}

// legible reports whether the options were captured and make sense: they may
// change what a segment means (SACK, D-SACK, MPTCP), and Wireshark says nothing
// of one whose options it cannot read.
func (s *segment) legible() bool {
	if s.cut() {
		return false
	}
	v, ok := option(s.p.TCP.Options, optionSACK)
	return !ok || len(v) > 0
}

// completeness returns what a segment adds to Wireshark's tcp.completeness.
func (s *segment) completeness() uint8 {
	var c uint8
	switch s.flags & (dissect.SYN | dissect.ACK) {
	case dissect.SYN:
		c = completeSYN
		if s.len > 0 && fastOpenCookie(s.p.TCP.Options) {
			c |= completeData
		}
	case dissect.SYN | dissect.ACK:
		c = completeSYNACK
	case dissect.ACK:
		c = completeACK
		if s.len > 0 {
			c = completeData
		}
	}
	if s.flags.Has(dissect.FIN | dissect.ACK) {
		c |= completeFIN
	}
	if s.flags&dissect.RST != 0 {
		c |= completeRST
	}
	return c
}

// The bits of Connection.Completeness.
const (
	completeSYN uint8 = 1 << iota
	completeSYNACK
	completeACK
	completeData
	completeFIN
	completeRST
)
