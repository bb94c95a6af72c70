package conn

import (
	"math/bits"
	"time"

	"tcpsee/dissect"
)

// What makes a packet a second copy of one: the same bytes of TCP header and
// the same IP identification, within so many frames and so short a time.
const (
	twinFrames = 64
	twinWithin = 10 * time.Millisecond // with an IPv4 identification
	twinCloser = time.Millisecond      // without: only the TCP header tells
	twinSlots  = 256
)

// twins remembers the last packets, to tell one that was captured twice from
// one that was sent twice.
type twins [twinSlots]twin

type twin struct {
	print uint64
	frame int64
	at    int64
}

// seen remembers the segment, and reports whether it is a copy of one that it
// remembers.
func (t *twins) seen(s *segment) bool {
	c := &s.p.TCP
	h, l := bits.Mul64(uint64(s.seq)<<32|uint64(s.ack), 0x9e3779b97f4a7c15)
	print := h ^ l
	h, l = bits.Mul64(print^uint64(s.win)<<48^uint64(c.Checksum)<<32^uint64(s.flags)<<16^uint64(s.p.IP.ID)^uint64(s.len)<<20, 0xd6e8feb86659fd93)
	print = h ^ l ^ s.e.number.get()<<1 ^ uint64(s.from)
	x := &t[print>>(64-8)]
	again := x.print == print && s.p.Frame.Number-x.frame <= twinFrames && s.likely(time.Duration(s.now-x.at))
	*x = twin{print, s.p.Frame.Number, s.now}
	return again
}

// repeat takes from a copy what later segments are judged by, where packets are
// captured in two places and their order is not sure.
func (s *segment) repeat() {
	s.classify()
	e, b := s.e, s.b
	s.unseen()
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

// likely reports whether an equal packet so shortly after is the same one.
func (s *segment) likely(after time.Duration) bool {
	if after < 0 {
		after = -after
	}
	if s.p.IP.Version == 4 && s.p.IP.ID != 0 {
		return after <= twinWithin
	}
	if after > twinCloser {
		return false
	}
	// Duplicate ACKs are equal too: without an identification only those of
	// a connection whose other packets come twice are copies.
	if s.len == 0 && s.flags&(dissect.SYN|dissect.FIN|dissect.RST) == 0 {
		return s.e.flags.has(flagDoubled)
	}
	return true
}
