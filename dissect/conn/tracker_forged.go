package conn

import "tcpsee/dissect"

// An RST with a number that fits ends the connection at the end that gets it,
// whoever sent it. Where the end in whose name it came goes on, somebody else
// did: that end knows of nothing, and the other one answers what still comes
// with an RST without ACK, for it has no such connection any more (RFC 9293,
// section 3.10.7.1).

// stray is what a ledger knows of an RST whose sender went on.
type stray struct {
	frame uint32 // of the RST; 0 is none
	goes  uint32 // its sender's next segment
	next  uint32 // what its sender would have sent next, when it came
	heard uint32 // segments that the other end had sent by then
	by    uint8  // its direction
	hops  uint8  // its hop limit
	took  bool   // its number fitted
	bare  uint32 // an RST without ACK of the other end, for which the connection was over; 0 is none
}

// hopsApart is by how much the hop limits of segments that one machine sent may
// differ on arrival, as ways through a network do.
const hopsApart = 4

// farApart reports whether two hop limits are hardly those of one machine. 0 is
// not known.
func farApart(a, b uint8) bool {
	return a != 0 && b != 0 && (a > b && a-b > hopsApart || b > a && b-a > hopsApart)
}

// resetCame notes in the ledger what may matter of an RST that is the first.
func (l *ledger) resetCame(s *segment) {
	l.rstHops, l.rstTook, l.rstHeard = s.p.IP.HopLimit, s.ended, s.b.segments[s.to]
	if x := &l.stray; x.frame != 0 && x.took && int(x.by) == s.to && l.bare && !s.livedOn(l) {
		x.bare = l.rst
	}
}

// livedOn reports whether the sender of an RST without ACK has shown that it did
// not take the one before: it has closed, or has acknowledged what came after
// that. What else it seems to have sent since may have been on its way already.
func (s *segment) livedOn(l *ledger) bool {
	return s.b.segments[s.from] > l.stray.heard+1 && (s.b.fin[s.from] != 0 || after(s.e.next[s.to]-l.owed, l.stray.next))
}

// statesBefore notes what both ends were before an RST: one that another RST
// had closed is what it was before that.
func (l *ledger) statesBefore(s *segment) {
	for d, st := range s.before {
		if st != StateClosed {
			l.rstWas[d] = st
		}
	}
}

// goOn makes the first RST a stray, since its sender goes on with this segment.
func (l *ledger) goOn(s *segment) {
	l.stray = stray{frame: l.rst, goes: s.e.frameRef(s.t.places.at()), next: s.e.next[s.from], heard: l.rstHeard,
		by: uint8(s.from), hops: l.rstHops, took: l.rstTook}
	l.rst = 0
	s.e.flags &^= flagReset | flagQueued
}

// reviveAnswer is revive for a SYN that was refused, or met by an RST that the
// client did not take, and then answered with SYN-ACK. Where it was not sent
// again meanwhile, the RST was not the server's.
func (s *segment) reviveAnswer() {
	e := s.e
	if s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.SYN|dissect.ACK ||
		!e.flags.has(flagRefused) && e.flags.has(flagReset) || s.b.ledger == 0 || s.from == e.client() {
		return
	}
	l := s.t.ledgers.at(s.b.ledger)
	if l.rst == 0 || int(l.rstBy) != s.from {
		return
	}
	asked := e.synLast > l.rst
	if l.goOn(s); asked {
		l.stray = stray{}
	}
	e.hops[s.from] = s.p.IP.HopLimit
}

// revivePeer takes back that an RST has ended the connection at the end that
// got it, since that end goes on too.
func (s *segment) revivePeer() {
	if s.b.ledger != 0 {
		if x := &s.t.ledgers.at(s.b.ledger).stray; x.frame != 0 && int(x.by) == s.to && !s.e.flags.has(flagReset) {
			s.e.pair.set(s.from, uint8(s.t.ledgers.at(s.b.ledger).rstWas[s.from]))
		}
	}
}
