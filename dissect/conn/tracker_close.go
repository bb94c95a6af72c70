package conn

import "tcpsee/dissect"

// Most connections close with a FIN each way and the ACKs of these. For them,
// as for what opens a connection, no rule fits, and what follow and count do
// comes down to a few stores. A test holds that both ways give the same.

// closingLacks is what the flags of an entry must not have that closes as it
// should. What they must have is what smooth segments need.
const closingLacks = flagKeep0 | flagKeep1 | flagProbe0 | flagProbe1 | flagReset | flagStray | flagQueued | flagCrossed | flagDoubled

// closes takes a FIN, or an ACK, without data, of a connection that was opened
// and in which nothing is odd, and reports whether it is that.
func (t *Tracker) closes(s *segment) bool {
	e, b, d, to := s.e, s.b, s.from, s.to
	fin := s.flags&dissect.FIN != 0
	if s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.ACK || s.len > 0 || e.flags&(smoothNeeds|closingLacks) != smoothNeeds ||
		s.seq != e.next[d] || s.seq != b.maxAck[d] || s.win == 0 || b.ledger != 0 || after(s.ack, b.maxAck[to]) || e.self() ||
		!fin && s.ack == e.ack[d] || fin && e.flags.of(flagFin0, d) || s.before[d] < StateEstablished ||
		s.before[to] < StateEstablished && s.before[to] != StateUnknown {
		return false
	}
	// Both ends' states: see sender and receiver.
	all := !after(e.next[to], s.ack) // it acknowledges all, and with that the FIN if there was one
	mine, other := s.before[d], s.before[to]
	if all && e.flags.of(flagFin0, to) {
		mine, other = finArrived(mine), finAcked(other)
	}
	if fin {
		mine, other = finSent(mine, e.flags.of(flagFin0, to) && !all), finArrived(other)
	}
	if other != s.before[to] && !s.arrives() {
		other = StateUnknown
	}
	if mine == StateTimeWait && s.before[d] != StateTimeWait || other == StateTimeWait && s.before[to] != StateTimeWait {
		if b.once.Has(TimeWait) {
			return false
		}
		s.labels, b.once = 1<<TimeWait, b.once.With(TimeWait)
	}
	e.pair.set(d, uint8(mine))
	e.pair.set(to, uint8(other))
	now, ref := clockOf(s.now), e.frameRef(t.places.at())
	if fin {
		s.shape = occupies // that is all that track asks for
	}
	t.track(s)
	if fin {
		if !e.flags.has(flagFin0 | flagFin1) {
			b.ended = now
		}
		e.flags.set(flagFin0 << d)
		e.complete |= completeFIN
		if b.fin[d] == 0 {
			b.fin[d] = ref
		}
		e.next[d], b.maxAck[d], b.nextTime[d] = s.end, s.end, now
	}
	if all && b.fin[to] != 0 && b.finAcked[to] == 0 {
		b.finAcked[to] = ref
	}
	if s.ack != e.ack[d] {
		b.dups[d] = 0
	}
	e.flags &^= flagEarly0 << d
	e.window[d], e.ack[d] = s.win, s.ack
	e.complete |= completeACK
	b.seen[d] = now
	b.segments[d]++
	e.last, e.lastFrame = s.p.Frame.Time, ref
	e.tail.setBy(d)
	return true
}
