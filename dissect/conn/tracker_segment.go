package conn

import (
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
	winWas   uint32 // the sender's window before, scaled where that is known; set by classify
	flags    dissect.Flags
	now      int64
	heard    capture.Stamp // when the connection's segment before came
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
	print    uint32        // of twins
	point    point         // where it was captured
	first    point         // with DuplicateCapture: where it was captured first
	copied   time.Duration // and how long ago that, or its copy before, was
	origin   point         // where what rtt counts from was captured
	ended    bool          // it is an RST that its receiver takes
	seenAll  bool          // it begins below next, and each byte of its payload was seen before
	silent   time.Duration // with RST: how long its sender had not been heard, 0 where it never was
	otherISS bool          // it is a SYN-ACK, and one with another number answered the same SYN before
	issWas   uint32        // with otherISS: that number
	recut    bool          // its bytes were captured elsewhere in segments of another size
}

// since returns how long ago c was; a time that lies ahead is long ago.
func (s *segment) since(c clock48) time.Duration {
	d := s.now - c.near(s.now)
	if d < 0 {
		return 1<<63 - 1
	}
	return time.Duration(d)
}

// clockSpan is how far apart two times may be of which one is a clock48.
const clockSpan = 1<<47 - 1

// lasted returns how long ago c was, 0 where the connection is so old that the
// clock does not tell.
func (s *segment) lasted(c clock48) time.Duration {
	if s.p.Frame.Time.Sub(s.e.first) > clockSpan {
		return 0
	}
	return time.Duration(max(s.now-c.near(s.now), 0))
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
	s.shape, s.labels, s.rtt, s.rto, s.dupNum, s.silent = 0, 0, 0, 0, 0, 0
	s.role, s.isNew, s.ended, s.echoed, s.seenAll, s.otherISS, s.recut = false, false, false, false, false, false, false
	s.origin, s.copied = 0, 0
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
	if int(e.file) != p.Frame.File {
		e.tail |= tailSpread
	}
	s.before = [2]State{e.state(0), e.state(1)}
	s.heard = e.last
	if s.p.Frame.Time < s.heard && s.goesBack() {
		t.wentBack(s)
	}
	if p.Problem != dissect.ProblemNone && s.unmeasured() {
		t.passOver(s)
		return
	}
	if s.beginsLate() {
		t.beginLate(s)
	}
	t.setBases(s)
	twin := t.twins.seen(s)
	if e.body != 0 {
		s.b = t.bodies.at(e.body)
		twin = twin || s.b.side != 0 && s.isPieces()
	}
	if twin || t.plodding || !t.shortCut(s) {
		if e.body == 0 {
			t.standIn(s)
		}
		if twin {
			t.double(s)
			return
		}
		t.judge(s)
	}
	if s.rtt > 0 && e.flags.has(flagDoubled) {
		t.await(s)
	}
	if e.body != 0 && !s.labels.Has(OutsideWindow) {
		if t.options.Measures {
			t.measure(s)
		}
		t.payload(s)
	}
	if !t.options.NoSegments {
		t.give(s)
	}
	t.afterwards(s)
}

// double takes a segment that was captured twice.
func (t *Tracker) double(s *segment) {
	s.labels = s.labels.With(DuplicateCapture)
	t.grow(s)
	if s.len > 0 || s.flags&(dissect.SYN|dissect.FIN) != 0 {
		s.e.flags.set(flagDoubled)
	}
	s.repeat()
	t.count(s)
	t.arrive(s)
	if t.options.Measures {
		g := t.gauges.at(s.e.body)
		g.listen(s)
		g.roundTrip(s.from, s.rtt)
	}
	if !t.options.NoSegments {
		t.give(s)
	}
}

// judge takes a segment by all the rules.
func (t *Tracker) judge(s *segment) {
	t.choose(s)
	t.settleLeaps(s)
	t.startAgain(s)
	t.label(s)
	t.differ(s)
	if s.e.body == 0 && (!s.isOpening() || t.crowded(s.e)) {
		t.grow(s)
	}
	t.follow(s)
	if s.labels&wiresharkLabels != 0 && !s.legible() {
		s.labels &^= wiresharkLabels
		s.dupNum = 0
	}
	t.count(s)
}

// shortCut takes a segment that most connections have, and to which no rule
// applies, and reports whether it is one.
func (t *Tracker) shortCut(s *segment) bool {
	if s.e.body == 0 {
		return t.opens(s)
	}
	if s.smooth() {
		t.glide(s)
		return true
	}
	return t.closes(s)
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
