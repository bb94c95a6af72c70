package conn

import (
	"encoding/binary"
	"math/bits"
	"time"

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

	lenStamped = 12 // of options that are timestamps alone, padded in front (RFC 7323, appendix A)
)

// twins remembers the last packets, to tell one that was captured twice from
// one that was sent twice. Each has one of twinSets places, which remember
// their last four: of twinFrames packets the one in question is forgotten once
// in some six hundred times.
type twins [twinSets][4]twin // a place is a cache line

type twin struct {
	print uint32
	frame uint32 // lower half of its place
	at    int64
}

// seen remembers the segment, and reports whether it is a copy of one that it
// remembers.
func (t *twins) seen(s *segment) bool {
	c := &s.p.TCP
	h, l := bits.Mul64(uint64(s.seq)<<32|uint64(s.ack), 0x9e3779b97f4a7c15)
	print := h ^ l ^ optionsPrint(c.Options)
	h, l = bits.Mul64(print^uint64(s.win)<<48^uint64(c.Checksum)<<32^uint64(s.flags)<<16^uint64(s.p.IP.ID)^uint64(s.len)<<20, 0xd6e8feb86659fd93)
	print = h ^ l ^ s.e.number.get()<<1 ^ uint64(s.from)
	set := &t[print>>(64-7)]
	this := twin{uint32(print), uint32(s.t.places.at()), s.now}
	for i := range set {
		if x := &set[i]; x.print == this.print && this.frame-x.frame <= twinFrames && s.likely(x) {
			*x = this
			return true
		}
	}
	set[3], set[2], set[1], set[0] = set[2], set[1], set[0], this
	return false
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
func (s *segment) likely(x *twin) bool {
	after := time.Duration(s.now - x.at)
	if after < 0 {
		after = -after
	}
	if s.p.IP.Version == 4 && s.p.IP.ID != 0 {
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
	if s.len == 0 && s.flags&(dissect.SYN|dissect.FIN) == 0 {
		return false
	}
	return !s.heardSince(x)
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
	heard := s.t.bodies.at(e.body).seen[s.to].near(s.now)
	if heard == x.at {
		return e.tail.by() == s.to
	}
	return heard > x.at && heard <= s.now // else the capture holds the packets themselves twice, later
}
