package conn

import "tcpsee/dissect"

// A SYN may be met by a SYN-ACK that answers another one (RFC 9293, section
// 3.5, figure 8), and by two with different numbers: of two machines, or of one
// that has forgotten the first. Before the handshake's ACK the newest counts,
// until that ACK says which one its sender has taken; after it none does, unless
// the client acknowledges it in turn.

// odd returns the oddities of a connection, and makes them where it has none.
func (t *Tracker) odd(b *body) *oddities {
	l := t.ledger(b)
	if l.odd == 0 {
		l.odd, _ = t.odds.take()
	}
	return t.odds.at(l.odd)
}

// oddOf returns them, nil where there are none.
func (t *Tracker) oddOf(b *body) *oddities {
	if b.ledger == 0 {
		return nil
	}
	if n := t.ledgers.at(b.ledger).odd; n != 0 {
		return t.odds.at(n)
	}
	return nil
}

// rivals are what is known of SYN-ACKs beside the one that counts.
type rivals struct {
	unfit     uint32   // frame of the first one that acknowledges another SYN; 0 is none
	unfits    uint32   // how many do
	unfitAck  uint32   // number that the first acknowledges
	taken     bool     // the client went on with it
	first     answered // with other: the first one that answers the SYN
	other     uint32   // frame of the newest one with another number; 0 is none
	others    uint32   // how many there are
	otherISS  uint32   // that number
	otherHops uint8    // hop limit
	otherLink linkAddress
	again     bool // the SYN was sent again between the first and other
	adopted   bool // the client went on with other
	chosen    bool // the client has acknowledged one of them
}

// answered is a SYN-ACK.
type answered struct {
	iss    uint32
	at     clock48 // zero where that is not known
	window uint16
	mss    kilo
	scale  uint8
	hops   uint8
	link   linkAddress
}

// linkAddress is the address of Ethernet that a frame came from; zero is not
// known.
type linkAddress [6]byte

// linkOf returns that of a frame, zero where it has none.
func linkOf(p *dissect.Packet) (a linkAddress) {
	const source = 6
	if p.NumLayers > 0 && p.Layers[0].Kind == dissect.LayerEthernet && !p.Layers[0].Joined {
		if at := int(p.Layers[0].Offset) + source; at+len(a) <= len(p.Frame.Data) {
			copy(a[:], p.Frame.Data[at:])
		}
	}
	return a
}

// links remembers where the last SYN-ACKs came from, in case another one comes.
type links [64]struct {
	conn uint32 // lower half of the connection's number
	from linkAddress
}

func (l *links) note(s *segment) {
	n := uint32(s.e.number.get())
	x := &l[n%uint32(len(l))]
	x.conn, x.from = n, linkOf(s.p)
}

func (l *links) of(e *entry) linkAddress {
	n := uint32(e.number.get())
	if x := &l[n%uint32(len(l))]; x.conn == n {
		return x.from
	}
	return linkAddress{}
}

// isAnswer reports whether the segment is a SYN-ACK of the server.
func (s *segment) isAnswer() bool {
	return s.flags&(dissect.SYN|dissect.RST|dissect.ACK) == dissect.SYN|dissect.ACK && s.from != s.e.client()
}

// answersAnother reports whether the segment is a SYN-ACK that acknowledges
// another SYN than the client's: one that is not in SND.UNA < SEG.ACK =< SND.NXT,
// so that the client sends RST (RFC 9293, section 3.10.7.3).
func (s *segment) answersAnother() bool {
	e := s.e
	return s.isAnswer() && e.flags.of(flagSyn0, s.to) && e.flags.of(flagKnown0, s.to) && !e.flags.has(flagHandshake|flagCrossed) && !e.self() &&
		(!after(s.ack, e.base[s.to]) || after(s.ack, e.next[s.to]))
}

// unfitSYN takes such a one. It opens nothing, unless the client acknowledges it
// all the same.
func (t *Tracker) unfitSYN(s *segment) {
	x := &t.odd(s.b).rivals
	if x.unfits++; x.unfit == 0 {
		x.unfit, x.unfitAck = s.e.frameRef(t.places.at()), s.ack
	}
}

// meetsACK reports whether the segment is the RST with which a server that waits
// for the handshake's ACK meets one of another number (RFC 9293, section
// 3.10.7.4).
func (s *segment) meetsACK() bool {
	e := s.e
	return s.flags&dissect.ACK == 0 && s.from != e.client() && e.flags.has(flagSynAck) && !e.flags.has(flagHandshake|flagCrossed) &&
		e.flags.of(flagAcked0, s.to) && s.seq == e.ack[s.to] && s.seq != e.base[s.from]+1 && s.seq != e.base[s.from]
}

// countAnew makes a SYN-ACK the one that numbers count from, where another
// number was known before.
func (s *segment) countAnew() {
	e := s.e
	s.otherISS = e.flags.of(flagSyn0, s.from) && e.flags.has(flagSynAck) && !e.flags.has(flagHandshake|flagCrossed)
	s.issWas = e.base[s.from]
	e.base[s.from] = s.seq
	if s.otherISS {
		e.flags &^= flagKnown0 << s.from // nothing is missing before it, and nothing is sent again
	}
}

// secondSYN takes a SYN-ACK with another number than the one before, while the
// handshake is not complete.
func (t *Tracker) secondSYN(s *segment) {
	e, b, d := s.e, s.b, s.from
	x := &t.odd(b).rivals
	if x.other == 0 {
		x.first = answered{iss: s.issWas, window: e.window[d], mss: e.mss[d], scale: uint8(e.scale(d)), hops: e.hops[d], link: t.links.of(e)}
		if e.tail.by() == d {
			x.first.at = clockOf(t.time(s.heard))
		}
	}
	x.other, x.otherISS, x.otherHops, x.otherLink = e.frameRef(t.places.at()), s.seq, s.p.IP.HopLimit, linkOf(s.p)
	x.others++
	x.again = e.synLast > e.synAck
	t.forgetSent(b, d)
}

// forgetSent forgets what direction d has outstanding.
func (t *Tracker) forgetSent(b *body, d int) {
	if b.side == 0 {
		return
	}
	q := &t.sides[b.side-1].list[d]
	t.pending -= q.len()
	*q = queue{items: q.items[:0]}
}

// choose looks which of several SYN-ACKs the client acknowledges.
func (t *Tracker) choose(s *segment) {
	e, b, d := s.e, s.b, s.to
	odd := t.oddOf(b)
	if odd == nil || e.flags.has(flagHandshake|flagCrossed) || s.from != e.client() || s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.ACK {
		return
	}
	x := &odd.rivals
	switch {
	case x.unfit != 0 && !e.flags.has(flagSynAck) && s.ack == e.base[d]+1: // the SYN that it answers is another than was captured
		x.taken = true
		e.flags.set(flagSynAck)
		e.synAck, e.synAcks = x.unfit, uint8(min(x.unfits, 255))
	case x.other == 0 || x.chosen:
	case s.ack == e.base[d]+1:
		x.chosen, x.adopted = true, true
		e.hops[d] = x.otherHops
	case s.ack == x.first.iss+1:
		x.chosen = true
		e.base[d], e.next[d], b.maxAck[d] = x.first.iss, s.ack, s.ack
		e.window[d], e.mss[d] = x.first.window, x.first.mss
		if !e.flags.has(flagUnscaled) {
			e.setScale(d, int(x.first.scale))
		}
		if x.first.at != (clock48{}) {
			b.seen[d], b.nextTime[d] = x.first.at, x.first.at
		}
	}
}

// isForeignSYN reports whether the segment is a SYN-ACK with another number than
// the one that the client's ACK has answered: it opens nothing.
func (s *segment) isForeignSYN() bool {
	e := s.e
	return s.flags.Has(dissect.SYN|dissect.ACK) && s.flags&dissect.RST == 0 && e.flags.has(flagHandshake) &&
		!e.flags.has(flagCrossed) && s.from != e.client() && e.flags.of(flagSyn0, s.from) && e.base[s.from] != s.seq
}

// foreignSYN takes such a one: it changes nothing that was agreed upon. With the
// same number as the last it is that, sent again.
func (t *Tracker) foreignSYN(s *segment) {
	x := &t.odd(s.b).rivals
	if x.other == 0 {
		x.first = answered{iss: s.e.base[s.from], hops: s.e.hops[s.from], link: t.links.of(s.e)}
	}
	if x.other != 0 && x.otherISS == s.seq {
		s.labels = s.labels&^(1<<LostSegment) | 1<<Retransmission
		x.others--
	}
	x.other, x.otherISS, x.otherHops, x.otherLink = s.e.frameRef(t.places.at()), s.seq, s.p.IP.HopLimit, linkOf(s.p)
	x.others++
	x.chosen, x.adopted, x.again = true, false, s.e.synLast > s.e.synAck
}

// newestISS is the number of the last SYN-ACK of direction d, or SYN.
func (t *Tracker) newestISS(e *entry, d int) uint32 {
	if e.body != 0 && d != e.client() {
		if odd := t.oddOf(t.bodies.at(e.body)); odd != nil && odd.rivals.other != 0 {
			return odd.rivals.otherISS
		}
	}
	return e.base[d]
}

// adopt makes the number of a SYN-ACK that came too late the one that counts,
// where the client acknowledges it right away: to the client it was the first.
func (s *segment) adopt() {
	e := s.e
	if s.from != e.client() || s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.ACK {
		return
	}
	odd := s.t.oddOf(s.b)
	if odd == nil {
		return
	}
	if x := &odd.rivals; x.other != 0 && s.ack == x.otherISS+1 {
		e.base[s.to], e.next[s.to], s.b.maxAck[s.to], x.adopted = x.otherISS, s.ack, s.ack, true
	}
}

// isOthers reports whether an RST goes on where a SYN-ACK left off that opened
// nothing: it is not of this connection.
func (s *segment) isOthers() bool {
	odd := s.t.oddOf(s.b)
	if odd == nil {
		return false
	}
	x := &odd.rivals
	return x.other != 0 && !x.adopted && s.seq == x.otherISS+1 && s.seq != s.e.ack[s.to]
}
