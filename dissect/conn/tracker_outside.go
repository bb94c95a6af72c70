package conn

import (
	"time"

	"tcpsee/dissect"
)

// A receiver leaves out what lies outside its window, and answers with an ACK of
// what it expects (RFC 9293, section 3.10.7.4). Bytes that lie so far outside
// that no sender can have come there are of another connection with the same
// ports, or forged: they count for nothing here, and what lies between is not
// lost. Where there was time to come there, the sender's next segment tells.

const (
	farOutside  = 16 << 20 // bytes beyond the window, or before the first byte, that are more than reordering or a short gap in a capture makes
	bytesPerUs  = 1250     // what a fast sender (10 Gbit/s) may have sent since the receiver was heard, though neither was captured
	widestPart  = 1 << 30  // the largest window there is (RFC 7323, section 2.3), where its scale is not known
	freshEnough = 1 << 30  // bytes sent, after which numbers before the first one may be of the next round
)

// leap is a segment far ahead of what its sender had sent.
type leap struct {
	frame uint32 // 0 is none that is not settled
	next  uint32 // what its sender would have sent
	seq   uint32
	end   uint32
	len   uint32 // of its payload
	hops  uint8
	held  bool // it was left out
}

// outsiders are what is known of segments far outside the window.
type outsiders struct {
	leap  [2]leap // by direction
	frame uint32  // the first one that was one; 0 is none
	count uint32
	by    uint8 // its direction
	hops  uint8
	next  uint32 // what was expected
	seq   uint32 // what came

	apart  [2]uint32 // by how much the newest one's beginning and its end lie beyond what was expected
	due    uint32    // which was that
	inStep uint32    // how many lie as far beyond as the one before, though its sender went on in between
}

// outside reports whether the segment's bytes lie so far outside the receiver's
// window, or before the connection's first byte, that they are none of its.
func outside(s *segment) bool {
	e := s.e
	if s.flags&(dissect.SYN|dissect.RST) != 0 || s.len <= 1 || !e.flags.has(flagHandshake) || e.self() || !s.p.Frame.Time.Known() {
		return false
	}
	if s.shape&behindNext != 0 && int32(s.seq-e.base[s.from]) < -farOutside {
		return e.flags.of(flagSyn0, s.from) && s.b.bytes[s.from].get() < freshEnough
	}
	return s.shape&beyondNext != 0 && s.ahead() > farOutside+s.reach()
}

// ahead is by how much the segment begins beyond the receiver's window, as far
// as that is known; 0 where it does not.
func (s *segment) ahead() int64 {
	e := s.e
	if !e.flags.of(flagAcked0, s.to) {
		return 0
	}
	room := uint32(widestPart)
	if e.scale(s.to) != scaleUnknown {
		room = e.lastWindow(s.to)
	}
	edge := e.ack[s.to] + room
	if after(e.next[s.from], edge) {
		edge = e.next[s.from]
	}
	return max(int64(int32(s.seq-edge)), 0)
}

// reach is how many bytes the sender may have sent since the receiver was heard.
func (s *segment) reach() int64 {
	d := s.since(s.b.seen[s.to])
	if d > time.Hour {
		d = time.Hour
	}
	return int64(d/time.Microsecond) * bytesPerUs
}

// leaps notes a segment that may be such a one, once its label is known: where
// there was time to come there, it counts until its sender goes on from before.
func (t *Tracker) leaps(s *segment) {
	held := s.labels.Has(OutsideWindow)
	if !held && (s.len == 0 || s.shape&beyondNext == 0 || !s.e.flags.has(flagHandshake) || s.ahead() <= farOutside) {
		return
	}
	o, l := &t.odd(s.b).outside, t.ledger(s.b)
	x := leap{s.e.frameRef(t.places.at()), s.e.next[s.from], s.seq, s.end, uint32(s.len), s.p.IP.HopLimit, held}
	if held {
		o.take(&x, s.from)
		l.repeated[s.from] += uint64(x.len) // these are no bytes of the stream
	}
	if s.shape&beyondNext != 0 {
		o.leap[s.from] = x
	}
}

// take counts one that counts for nothing.
func (o *outsiders) take(x *leap, d int) {
	apart := [2]uint32{x.seq - x.next, x.end - x.next}
	if o.count > 0 && uint8(d) == o.by && x.next != o.due && (apart[0] == o.apart[0] || apart[1] == o.apart[1]) {
		o.inStep++
	}
	o.apart, o.due = apart, x.next
	if o.count++; o.frame == 0 {
		o.frame, o.by, o.hops, o.next, o.seq = x.frame, uint8(d), x.hops, x.next, x.seq
	}
}

// settleLeaps looks whether the segment tells if a leap was one of its sender.
func (t *Tracker) settleLeaps(s *segment) {
	e, b, d := s.e, s.b, s.from
	odd := t.oddOf(b)
	if odd == nil {
		return
	}
	o, l := &odd.outside, t.ledgers.at(b.ledger)
	for d := range o.leap {
		if x := &o.leap[d]; x.held && e.next[d] != x.next {
			x.frame = 0 // its sender has gone on from before
		}
	}
	if x := &o.leap[s.to]; x.frame != 0 && s.flags&dissect.ACK != 0 && after(s.ack, x.taken()) && !after(s.ack, x.end) {
		o.follows(s, l, s.to)
	}
	x := &o.leap[d]
	switch {
	case x.frame == 0:
	case s.seq == x.end:
		o.follows(s, l, d)
	case x.held || s.seq != x.next && s.len == 0 || after(s.seq, x.next) || x.next-s.seq > farOutside || after(e.ack[s.to], x.next):
	default:
		o.take(x, d)
		l.repeated[d] += uint64(x.len)
		e.next[d] = x.next
		if after(b.maxAck[d], x.next) {
			b.maxAck[d] = x.next
		}
		t.startOver(b, d)
		t.forgetSent(b, d)
		x.frame = 0
	}
}

// taken is the number from which an ACK shows that the receiver has taken the
// leap: one that was left out may be forged, and some ACK of what lies before it
// then be of bytes that were sent and not captured.
func (x *leap) taken() uint32 {
	if x.held {
		return x.seq
	}
	return x.next
}

// follows takes a leap of direction d for what its sender has sent.
func (o *outsiders) follows(s *segment, l *ledger, d int) {
	x := &o.leap[d]
	if x.held {
		l.repeated[d] -= uint64(x.len)
		s.e.next[d], s.b.maxAck[d] = x.end, x.end
		if o.count--; o.frame == x.frame {
			o.frame = 0
		}
	}
	x.frame = 0
}
