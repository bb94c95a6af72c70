package conn

import (
	"tcpsee/capture"
	"tcpsee/dissect"
)

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
		return e.syns > 0 && (client && s.labels == 0 && s.resets(s.before[s.to]) || s.labels == 1<<Refused)
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
	n, b := t.newBody(e)
	*b = *s.b
	e.body, s.b = n, b
	if s.isNew {
		return
	}
	c := e.client()
	if e.flags.has(flagReset) {
		l := t.ledger(b)
		l.rst, l.rstBy = e.lastFrame, uint8(e.resetBy())
		l.rstWas[1-l.rstBy] = e.stateBeforeReset()
		l.rstHops, l.rstTook, l.rstHeard = e.hops[l.rstBy], true, b.segments[1-l.rstBy]
	}
	if e.syns > 1 || e.synAcks > 1 {
		t.ledger(b).resends = [2]uint64{}
		t.ledger(b).resends[c] = uint64(max(e.syns, 1) - 1)
		t.ledger(b).waited[c] = int64(e.secondSYN())
		t.ledger(b).resends[1-c] = uint64(max(e.synAcks, 1) - 1)
	}
	for l, n := range e.openingLabels() {
		for range n {
			t.countLabel(b, l)
		}
	}
	for d := range 2 { // SYNs that are not acknowledged
		if e.flags.of(flagKnown0, d) && !(e.flags.of(flagAcked0, 1-d) && !after(e.next[d], e.ack[1-d])) {
			x := sent{seq: e.base[d], end: e.next[d], at: b.nextTime[d].near(s.now)}
			switch {
			case d == c && e.syns > 1:
				x.at, x.again = e.synTime.near(s.now), true
			case d != c && e.synAcks > 1:
				x.at = sentAgain
			}
			if d == s.from && s.labels.Has(DuplicateCapture) {
				x.point = s.first
			}
			t.remember(b, d, x)
		}
	}
}

// newBody returns an empty body for a connection, and its number.
func (t *Tracker) newBody(e *entry) (uint32, *body) {
	n, b := t.bodies.take()
	if t.options.Measures {
		t.gauges.at(n).opened(e)
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
