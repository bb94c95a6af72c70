package conn

import "tcpsee/dissect"

// Most segments are the next one, or its ACK, of a connection that is open
// both ways and in which nothing is odd. For these no rule fits, no state
// changes, and what follow and count do comes down to a few stores. A test
// holds that both ways give the same.

// What an entry's flags must and must not have.
const (
	smoothNeeds = flagKnown0 | flagKnown1 | flagBase0 | flagBase1 | flagAcked0 | flagAcked1 | flagSynAck | flagHandshake
	smoothLacks = closingLacks | flagFin0 | flagFin1
)

// smooth reports whether the segment is one of those.
func (s *segment) smooth() bool {
	e := s.e
	if s.flags&(dissect.SYN|dissect.FIN|dissect.RST|dissect.ACK) != dissect.ACK || e.flags&(smoothNeeds|smoothLacks) != smoothNeeds ||
		e.pair != established || s.seq != e.next[s.from] || s.win == 0 || e.self() || after(s.ack, s.b.maxAck[s.to]) {
		return false
	}
	if s.len == 0 {
		return s.ack != e.ack[s.from]
	}
	return s.len > 1 && s.len <= ethernetMSS && after(s.end, e.ack[s.to]) && !fillsWindow(s)
}

// glide does for a smooth segment what follow and count do for all.
func (t *Tracker) glide(s *segment) {
	e, b, d := s.e, s.b, s.from
	if s.len > 0 {
		s.shape = occupies // that is all that track asks for
	}
	t.track(s)
	now := clockOf(s.now)
	inOrder := s.seq == b.maxAck[d]
	if s.len > 0 {
		e.next[d] = s.end
		b.nextTime[d] = now
	}
	if inOrder {
		b.maxAck[d] = e.next[d]
	}
	if s.ack != e.ack[d] {
		b.dups[d] = 0
	}
	e.flags &^= flagEarly0 << d
	e.window[d], e.ack[d] = s.win, s.ack
	b.seen[d] = now
	e.last = s.p.Frame.Time
	ref := e.frameRef(t.places.at())
	e.lastFrame = ref
	e.tail.setBy(d)
	b.segments[d]++
	if s.len == 0 {
		e.complete |= completeACK
	} else {
		e.complete |= completeData
		b.bytes[d].add(uint64(s.len))
		if b.dataFirst[d] == 0 {
			b.dataFirst[d] = ref
		}
		b.dataLast[d], b.lastData[d] = ref, now
	}
	if b.ledger != 0 {
		l := t.ledgers.at(b.ledger)
		l.zeroWindow[d] = 0
		l.heardOf(s, ref)
	}
}
