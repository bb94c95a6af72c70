package conn

import (
	"time"

	"tcpsee/dissect"
)

// Where both ends of a path were captured, an ACK is seen at its sender first,
// half a round trip before it reaches the place from which the time counts, and
// the two clocks may be apart. A round trip is then told by one place: the one
// that captured first what is acknowledged. It stands on that copy of the ACK
// which was captured there.

// maxHeld is how many ACKs' round trips wait for a copy, 24 bytes each, made
// when the first one does. A new one takes the place of an older one.
const maxHeld = 1 << 12

// held is a round trip that waits for a copy of its ACK.
type held struct {
	at     int64 // when what is acknowledged was sent; 0 is none
	print  uint32
	entry  uint32 // number of the connection's
	origin point
}

// await holds back what an ACK says of a round trip that began elsewhere.
func (t *Tracker) await(s *segment) {
	same, known := t.samePlace(s)
	if !known || same {
		return
	}
	if !s.echoed {
		if t.twins.held == nil {
			t.twins.held = make([]held, maxHeld)
		}
		t.twins.held[s.print%maxHeld] = held{s.now - int64(s.rtt), s.print, s.number, s.origin}
	}
	s.rtt, s.echoed = 0, false
}

// arrive takes from a copy what it says of round trips and of the path.
func (t *Tracker) arrive(s *segment) {
	if a, b := s.first.hops(), s.point.hops(); a != b || s.copied > twinCloser {
		l := t.ledger(s.b)
		if l.lags[s.from] = l.lags[s.from] || s.copied > twinCloser; a != b {
			l.hops[s.from] = max(l.hops[s.from], a, b)
		}
	}
	if s.flags.Has(dissect.SYN|dissect.ACK) && !s.e.flags.has(flagHandshake) {
		s.b.seen[s.from] = clockOf(s.now) // the last copy is the one at the client's end
	}
	if t.twins.held == nil {
		return
	}
	h := &t.twins.held[s.print%maxHeld]
	if h.print != s.print || h.entry != s.number || h.at == 0 {
		return
	}
	s.origin = h.origin
	if same, known := t.samePlace(s); same && known {
		s.rtt = time.Duration(max(s.now-h.at, 0))
		*h = held{}
	}
}

// samePlace reports whether the segment was captured where that was which it
// acknowledges. known is false where nothing tells.
func (t *Tracker) samePlace(s *segment) (same, known bool) {
	here, there := s.point, s.origin
	if there == 0 {
		return false, false
	}
	if (here^there)&pointFile != 0 {
		return false, t.lagging(s) // else one capture goes on in another file
	}
	if (here^there)&pointInterface != 0 {
		return false, true
	}
	if a, b := here&pointDirection, there&pointDirection; a != 0 && b != 0 {
		return a != b, true // where one end's segments go out, the other's come in
	}
	if s.b.ledger == 0 {
		return false, false
	}
	// A packet has more hops left near its sender than near the other end.
	l := t.ledgers.at(s.b.ledger)
	mine, other := l.hops[s.from], l.hops[s.to]
	if mine == 0 && s.flags.Has(dissect.SYN|dissect.ACK) {
		mine = here.hops() // the first one, at its sender
	}
	if mine != 0 && other != 0 {
		return (here.hops() == mine) != (there.hops() == other), true
	}
	// Else the place near its sender is the one that has it first.
	return s.labels.Has(DuplicateCapture), t.lagging(s)
}

// lagging reports whether copies come so late in both directions that a path
// lies between the places. Of a SYN-ACK's direction none can be known yet.
func (t *Tracker) lagging(s *segment) bool {
	if s.b.ledger == 0 {
		return false
	}
	l := t.ledgers.at(s.b.ledger)
	return l.lags[s.to] && (l.lags[s.from] || s.flags.Has(dissect.SYN|dissect.ACK))
}
