package conn

// Most connections open with a SYN, the SYN-ACK that answers it, and the ACK
// that completes the handshake. For the second and the third, as for the SYN
// (see knock), no rule fits, and what follow and count do comes down to a few
// stores. A test holds that both ways give the same.

// openingLacks is what the flags of an entry must not have on which nothing odd
// has happened yet.
const openingLacks = flagReset | flagStray | flagQueued | flagCrossed | flagFin0 | flagFin1 | flagHandshake |
	flagKeep0 | flagKeep1 | flagProbe0 | flagProbe1 | flagTFO | flagTFOData | flagHalfClose | flagRefused

// answer takes a SYN-ACK that answers the SYNs of a connection of which nothing
// else was seen, and reports whether it does.
func (t *Tracker) answer(s *segment) bool {
	e, d, to := s.e, s.from, s.to
	has := (flagKnown0|flagBase0|flagSyn0|flagEarly0)<<to | (flagBase0|flagSyn0)<<d
	lacks := openingLacks | flagSynAck | flagAcked0<<to | (flagKnown0|flagAcked0|flagEarly0)<<d
	if s.len > 0 || s.labels != 0 ||
		e.flags&(has|lacks) != has || d == e.client() || e.syns == 0 || e.synAcks != 0 || t.crowded(e) ||
		s.before[to] != StateSynSent || s.before[d] > StateListen || e.self() ||
		s.ack != e.base[to]+1 || s.ack != e.next[to] {
		return false
	}
	e.pair.set(d, uint8(StateSynReceived))
	after := StateEstablished
	if !s.arrives() {
		after = StateUnknown
	}
	e.pair.set(to, uint8(after))
	o := readSYNOptions(s.p.TCP.Options)
	s.synOptions(&o)
	if e.syns == 1 {
		s.rtt = s.lasted(e.synTime)
	}
	if e.synAck == 0 {
		e.synAck = e.frameRef(t.places.at())
	}
	e.synAcks = 1
	e.hops[d] = s.p.IP.HopLimit
	t.links.note(s)
	e.next[d] = s.end
	e.window[d], e.ack[d] = s.win, s.ack
	e.flags.set(flagSynAck | (flagKnown0|flagAcked0|flagEarly0)<<d)
	e.complete |= completeSYNACK
	t.count(s)
	return true
}

// accept takes an ACK of such a SYN-ACK, which completes the handshake, and
// reports whether it is that.
func (t *Tracker) accept(s *segment) bool {
	e, d, to := s.e, s.from, s.to
	has := flagKnown0 | flagKnown1 | flagBase0 | flagBase1 | flagSyn0 | flagSyn1 | flagEarly0 | flagEarly1 | flagSynAck | flagAcked0<<to
	if s.len > 0 || s.labels != 0 ||
		e.flags&(has|openingLacks|flagAcked0<<d) != has || d != e.client() || e.syns != 1 || e.synAcks != 1 ||
		s.before[to] != StateSynReceived || s.before[d] != StateEstablished && s.before[d] != StateUnknown || e.self() ||
		s.seq != e.next[d] || s.ack != e.next[to] || s.ack != e.base[to]+1 || s.win == 0 ||
		e.ack[to] != e.next[d] || t.pending >= maxOutstandingTotal {
		return false
	}
	n, b := t.newBody(e)
	e.body, s.b = n, b
	now, syn, synAck := clockOf(s.now), e.synTime, clockOf(t.time(e.last))
	if e.flags.has(flagReused) {
		b.once = b.once.With(PortReuse)
	}
	b.maxAck = e.next
	b.segments = [2]uint32{1, 1}
	b.nextTime[d], b.nextTime[to] = clockOf(t.time(e.first)), synAck
	b.seen[d], b.seen[to] = now, synAck
	s.rtt = s.lasted(synAck)
	after := StateEstablished
	if !s.arrives() {
		after = StateUnknown
	}
	e.pair.set(d, uint8(StateEstablished))
	e.pair.set(to, uint8(after))
	e.flags.set(flagHandshake | flagAcked0<<d)
	e.flags &^= flagEarly0 << d
	s.role = true
	b.handshake = e.frameRef(t.places.at())
	b.irtt = durationOf(int64(s.lasted(syn)))
	e.synTime = durationOf(synAck.near(s.now) - syn.near(s.now))
	e.window[d], e.ack[d] = s.win, s.ack
	e.complete |= completeACK
	t.count(s)
	return true
}
