package conn

import (
	"encoding/binary"
	"math/bits"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// What makes a packet a second copy of one: the same TCP header with its options
// and the same IP identification, within so many frames and so short a time. The
// checksum stands for the payload only where no network card has yet to finish
// it.
const (
	twinFrames = 64
	twinWithin = 10 * time.Millisecond // with an IPv4 identification
	twinCloser = time.Millisecond      // without: only the TCP header tells
	twinSets   = 128
	twinBurst  = 100 * time.Microsecond // copies at one place come that soon after each other
	twinCopies = 3                      // of each packet, at one place

	lenStamped = 12 // of options that are timestamps alone, padded in front (RFC 7323, appendix A)
)

// Where both ends of a path were captured, a packet's copy comes as late as the
// path is long, or as the clocks are apart, and many others stand between.
const (
	twinApart   = time.Second            // where something shows that it is the same packet, or another place
	twinFirst   = 150 * time.Millisecond // where only the TCP header does: no time-out is so short (RFC 6298, section 2.4; Linux: 200 ms)
	twinFarSets = 1 << 14                // one MiB, made when the first such copy comes, or a second file
)

// point is what tells where a packet was captured: the hop limit that it had
// left in the upper half, and below file, interface and direction, of which the
// higher bits are folded.
type point uint16

// Parts of a point.
const (
	pointPlace     point = 1<<8 - 1 // all but the hop limit
	pointFile      point = 7 << 5
	pointInterface point = 7 << 2
	pointDirection point = 3 // a capture.Direction
)

func (p point) hops() uint8 { return uint8(p >> 8) }

func pointOf(p *dissect.Packet) point {
	f := p.Frame
	where := f.File ^ f.File>>3
	n := where<<5 | (f.Interface^f.Interface>>3)&7<<2 | int(directionOf(f))
	return point(p.IP.HopLimit)<<8 | point(n)&pointPlace
}

// directionOf returns a frame's direction, which Linux's cooked headers say
// where the file does not.
func directionOf(f *capture.Frame) capture.Direction {
	const kindSLL, kindSLL2, outgoing = 1, 10, 4 // of octets, and packet(7)'s PACKET_OUTGOING
	at := kindSLL
	switch {
	case f.Direction != capture.DirectionUnknown:
		return f.Direction
	case f.Link == capture.LinkSLL2:
		at = kindSLL2
	case f.Link != capture.LinkSLL:
		return capture.DirectionUnknown
	}
	switch {
	case len(f.Data) <= at || f.Data[at] > outgoing || f.Data[at] == outgoing-1: // for another host
		return capture.DirectionUnknown
	case f.Data[at] == outgoing:
		return capture.DirectionOut
	}
	return capture.DirectionIn
}

// twins remembers the last packets, to tell one that was captured twice from
// one that was sent twice. Each has one of twinSets places, which remember
// their last four: of twinFrames packets the one in question is forgotten once
// in some six hundred times.
type twins struct {
	near [twinSets]twinSet
	far  []twinSet // in place of near from when packets of two places were seen; nil before
	held []held    // round trips that wait for their ACK's copy; nil before there is one
}

type twinSet [4]twin // a cache line

type twin struct {
	print uint32
	frame uint32 // lower half of its place
	at    clock48
	point point // where it was captured first
}

// seen remembers the segment, and reports whether it is a copy of one that it
// remembers.
func (t *twins) seen(s *segment) bool {
	c := &s.p.TCP
	h, l := bits.Mul64(uint64(s.seq)<<32|uint64(s.ack), 0x9e3779b97f4a7c15)
	print := h ^ l ^ optionsPrint(c.Options)
	h, l = bits.Mul64(print^uint64(s.win)<<48^uint64(c.Checksum)<<32^uint64(s.flags)<<16^uint64(s.p.IP.ID)^uint64(s.len)<<20, 0xd6e8feb86659fd93)
	print = h ^ l ^ s.e.number.get()<<1 ^ uint64(s.from)
	this := twin{uint32(print), uint32(s.t.places.at()), clockOf(s.now), pointOf(s.p)}
	s.print, s.point = this.print, this.point
	near := &t.near[print>>(64-7)]
	if t.far == nil {
		if near.met(s, &this) {
			return true
		}
		near.add(&this)
		return false
	}
	far := &t.far[print>>(64-14)]
	if far.met(s, &this) || near.met(s, &this) {
		return true
	}
	far.add(&this)
	return false
}

// met reports whether the segment is a copy of one in the set, and notes that.
func (set *twinSet) met(s *segment, this *twin) bool {
	for i := range set {
		if x := &set[i]; x.print == this.print && s.likely(x, this) {
			s.first, s.copied = x.point, s.ago(x)
			x.frame, x.at = this.frame, this.at
			return true
		}
	}
	return false
}

func (set *twinSet) add(this *twin) {
	set[3], set[2], set[1], set[0] = set[2], set[1], set[0], *this
}

// apart makes room for the packets of a whole path.
func (t *twins) apart() {
	if t.far == nil {
		t.far = make([]twinSet, twinFarSets)
	}
}

// repeat takes from a copy what later segments are judged by, where packets are
// captured in two places and their order is not sure.
func (s *segment) repeat() {
	s.classify()
	e, b := s.e, s.b
	s.unseen()
	e.flags.put(flagKeep0<<s.from, s.shape&(isPlain|belowNext) == isPlain|belowNext && s.len <= 1)
	switch {
	case s.shape&(isPlain|isEmpty|atNext|ackSame|windowZero) == isPlain|isEmpty|atNext|ackSame:
		// An ACK may stand before what it acknowledges.
		b.dups[s.from] |= dupTold
		if s.shape&windowSame != 0 {
			b.dups[s.from].copied()
		}
	case s.shape&(isPlain|hasAck) == isPlain|hasAck && e.flags.of(flagAcked0, s.from) && after(s.ack, e.ack[s.from]):
		// Its original was overtaken by an older segment: this is the last word.
		e.ack[s.from], e.window[s.from] = s.ack, s.win
		b.dups[s.from] = 0
	}
}

// optionsPrint tells options apart, for seen to stir on.
func optionsPrint(o []byte) (print uint64) {
	const odd = 0x9e3779b97f4a7c15
	if len(o) == lenStamped {
		return binary.LittleEndian.Uint64(o[4:]) * odd
	}
	for ; len(o) >= 8; o = o[8:] {
		print = (print ^ binary.LittleEndian.Uint64(o)) * odd
	}
	if len(o) >= 4 {
		print = (print ^ uint64(binary.LittleEndian.Uint32(o))) * odd
		o = o[4:]
	}
	for _, b := range o { // none, unless they are cut off
		print = (print ^ uint64(b)) * odd
	}
	return print
}

// likely reports whether a segment equal to x is the same one, captured again.
func (s *segment) likely(x, this *twin) bool {
	if s.isRepeated(x, this) {
		return false
	}
	if this.frame-x.frame <= twinFrames && s.likelyNear(x) {
		return true
	}
	if !s.likelyFar(x, this) {
		return false
	}
	s.t.twins.apart()
	return true
}

// ago returns how long before the segment x was captured, or after it.
func (s *segment) ago(x *twin) time.Duration {
	d := s.now - x.at.near(s.now)
	return time.Duration(max(d, -d))
}

// numbered reports whether the segment has an identification, which its sender
// changes when it sends the same bytes again. IPv6 has none, and in IPv4 it may
// be 0 where a datagram must not be fragmented (RFC 6864, section 4.1).
func (s *segment) numbered() bool { return s.p.IP.Version == 4 && s.p.IP.ID != 0 }

// isRepeated reports whether a segment equal to x, and captured at the same
// place, is one of so many, so far apart, that a program sends them as they are:
// a capture has each packet a few times at most, and nearly at once.
func (s *segment) isRepeated(x, this *twin) bool {
	if x.point != this.point || s.e.body == 0 || s.ago(x) < twinBurst {
		return false
	}
	b := s.t.bodies.at(s.e.body)
	if b.ledger == 0 {
		return false
	}
	l := s.t.ledgers.at(b.ledger)
	copies := l.counts[DuplicateCapture]
	if sent := b.segments[0] + b.segments[1] - copies; copies >= twinCopies*sent {
		l.marks |= markEqual
	}
	return l.marks&markEqual != 0
}

func (s *segment) likelyNear(x *twin) bool {
	after := s.ago(x)
	if s.numbered() {
		return after <= twinWithin
	}
	if after > twinCloser || s.complained(x) {
		return false
	}
	if s.e.flags.has(flagDoubled) {
		return true
	}
	// Duplicate ACKs are equal too, and RSTs that answer different packets:
	// without an identification only those of a connection whose other packets
	// come twice are copies.
	if !s.carries() {
		return false
	}
	return !s.heardSince(x)
}

// carries reports whether the segment takes sequence numbers.
func (s *segment) carries() bool { return s.len > 0 || s.flags&(dissect.SYN|dissect.FIN) != 0 }

// likelyFar reports whether the segment is x, captured at another place of its
// path: a place that shows, or one that the other packets of the connection
// have shown. What was sent again from one place within a tick of its sender's
// timestamps, and with the same identification, is taken for a copy.
func (s *segment) likelyFar(x, this *twin) bool {
	after := s.ago(x)
	if after > twinApart {
		return false
	}
	elsewhere := x.point != this.point
	if this.frame-x.frame > twinFrames && after <= twinWithin && (x.point^this.point)&pointPlace == 0 {
		return false // so many frames in so short a time are no path's, but may be a flood's
	}
	if s.numbered() && elsewhere {
		return true
	}
	if s.complained(x) {
		return false
	}
	if s.e.flags.has(flagDoubled) {
		return elsewhere || s.numbered() || s.carries() && s.stamped()
	}
	return after <= twinFirst && s.carries() && (elsewhere || s.flags&dissect.SYN != 0) && !s.heardSince(x)
}

// stamped reports whether the segment has a timestamp, which tells it from one
// that was sent a while later.
func (s *segment) stamped() bool {
	_, _, ok := timestamps(s.p.TCP.Options)
	return ok
}

// complained reports whether an ICMP error about the connection came after x: it
// makes its sender send at once again.
func (s *segment) complained(x *twin) bool {
	if s.e.body == 0 {
		return false
	}
	b := s.t.bodies.at(s.e.body)
	if b.ledger == 0 {
		return false
	}
	l := s.t.ledgers.at(b.ledger)
	return l.icmpCount > 0 && uint32(s.t.places.at()-s.e.frame(l.icmpFrame)) < uint32(s.t.places.at())-x.frame
}

// heardSince reports whether the other end has sent something after x: only that
// makes a sender send again so soon.
func (s *segment) heardSince(x *twin) bool {
	e := s.e
	switch {
	case uint32(e.frame(e.lastFrame)) == x.frame:
		return false // nobody has sent
	case e.body == 0:
		return e.tail.by() == s.to
	}
	heard, at := s.t.bodies.at(e.body).seen[s.to].near(s.now), x.at.near(s.now)
	if heard == at {
		return e.tail.by() == s.to
	}
	return heard > at && heard <= s.now // else the capture holds the packets themselves twice, later
}
