package conn

import "tcpsee/dissect"

// follow takes the segment into what is known of the connection.
func (t *Tracker) follow(s *segment) {
	e, b := s.e, s.b
	if e.flags.has(flagStray) {
		s.adopt()
	}
	if s.shape&beyondNext != 0 || s.labels.Has(OutsideWindow) {
		t.leaps(s)
	}
	if s.labels.Has(OutsideWindow) { // which its receiver drops, ACK and window and all
		e.complete |= s.completeness()
		e.flags.set(flagStray)
		return
	}
	if !s.isSettled() {
		t.change(s)
	}
	if s.isForeignSYN() { // whose numbers and window are another machine's
		e.complete |= s.completeness()
		return
	}
	clears := s.clears()
	if clears { // the older connection's numbers tell nothing of the new one's
		e.flags &^= flagKnown0 << s.to
	}
	// What its sender has sent.
	known := e.flags.of(flagKnown0, s.from)
	probe := s.labels.Has(ZeroWindowProbe) && s.shape&atNext != 0
	if (probe || s.shape&atNext == 0) && e.body != 0 {
		t.unseenBefore(s, probe)
	}
	if e.body != 0 {
		t.track(s)
		t.goesPast(s)
	}
	if !probe && !clears {
		inOrder := !known || s.seq == b.maxAck[s.from]
		if !known || after(s.end, e.next[s.from]) {
			e.flags.put(flagKnown0<<s.from, !s.isBlank(known))
			e.next[s.from] = s.end
			b.nextTime[s.from] = clockOf(s.now)
		}
		if inOrder {
			b.maxAck[s.from] = e.next[s.from]
		}
	}
	// What its sender has said.
	if s.labels.Has(DupAck) {
		b.dups[s.from].add()
		s.dupNum = b.dups[s.from].n()
	} else if s.shape&ackSame == 0 {
		b.dups[s.from] = 0
	}
	if s.flags&(dissect.RST|dissect.ACK) == dissect.RST && b.ledger != 0 {
		if l := s.t.ledgers.at(b.ledger); l.rst == 0 {
			l.owed = e.inFlight(s.to) // which its acknowledgement number would tell
		}
	}
	e.window[s.from] = s.win
	e.ack[s.from] = s.ack
	e.flags.put(flagAcked0<<s.from, s.flags&dissect.ACK != 0)
	if s.labels.Has(ZeroWindowProbeAck) && e.flags.of(flagKeep0, s.to) {
		e.flags &^= flagProbe0 << s.to // answered
	}
	e.flags.put(flagKeep0<<s.from, s.shape&(isPlain|belowNext) == isPlain|belowNext && s.len <= 1)
	e.flags.put(flagProbe0<<s.from, s.labels.Has(ZeroWindowProbe))
	e.flags.put(flagEarly0<<s.from, s.flags&dissect.SYN != 0)
	b.seen[s.from] = clockOf(s.now)
	e.complete |= s.completeness()
}

// isBlank reports whether the segment's number is 0 and stands for nothing: in
// an RST that answers a segment without ACK (RFC 9293, section 3.10.7.1), and in
// an ACK far from what its sender has sent, as middleboxes forge them. Near to
// that, or where the other end expects it, 0 is a number like any other.
func (s *segment) isBlank(known bool) bool {
	e := s.e
	switch {
	case s.end != 0 || known && s.seq-e.next[s.from] <= farOutside || e.flags.of(flagAcked0, s.to) && s.seq == e.ack[s.to]:
		return false
	case s.flags&dissect.RST != 0:
		return true
	}
	return known && s.shape&(isPlain|isEmpty) == isPlain|isEmpty
}

// startAgain lets a SYN with the number of the one before start over: what its
// sender has sent past a gap does not count any more, for the SYN's own labels
// neither.
func (t *Tracker) startAgain(s *segment) {
	e, b := s.e, s.b
	if s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN && after(e.next[s.from], b.maxAck[s.from]) && !s.isForeignSYN() {
		e.next[s.from] = b.maxAck[s.from]
		t.startOver(b, s.from)
	}
}

// revive takes back an RST whose sender goes on as if it had not sent it: it
// came from somebody else. Both ends are again what they were before it.
func (s *segment) revive() {
	e := s.e
	if s.before[s.from] != StateClosed || s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.ACK ||
		!e.flags.of(flagKnown0, s.from) || s.b.ledger == 0 {
		return
	}
	fresh := int32(s.seq-e.next[s.from]) >= -1
	if !e.flags.has(flagReset) { // the RST was not taken, and its number stands for nothing
		fresh = fresh || e.flags.of(flagAcked0, s.to) && !after(e.ack[s.to], s.end)
	}
	if !fresh {
		s.revivePeer()
		return
	}
	l := s.t.ledgers.at(s.b.ledger)
	if l.rst == 0 || int(l.rstBy) != s.from {
		s.revivePeer()
		return
	}
	l.goOn(s)
	e.pair.set(s.from, uint8(l.rstWas[s.from]))
	if s.before[s.to] == StateClosed {
		e.pair.set(s.to, uint8(l.rstWas[s.to]))
	}
}

// unseen moves the mark of what may be acknowledged, after an ACK of what was
// not seen.
func (s *segment) unseen() {
	if s.shape&ackBeyond == 0 {
		return
	}
	e, b := s.e, s.b
	if after(e.next[s.to], b.maxAck[s.to]) {
		b.maxAck[s.to] = e.next[s.to]
		return
	}
	b.dups[s.to] = dupTold | dupAsked
}

// established is the pair of states between opening and closing.
const established = nibbles(StateEstablished | StateEstablished<<4)

// isSettled reports whether the segment can change no state: both ends are
// established, and it is nothing but data or ACK.
func (s *segment) isSettled() bool {
	e := s.e
	return e.pair == established && s.shape&isPlain != 0 && s.shape&hasAck != 0 &&
		e.flags&(flagHandshake|flagFin0|flagFin1|flagReset|flagStray|flagCrossed) == flagHandshake
}

// change follows what a segment does to the connection as such: states,
// opening, closing.
func (t *Tracker) change(s *segment) {
	s.revive()
	s.states()
	if s.timeWaits() >= 0 {
		s.labels = s.labels.With(TimeWait)
	}
	if s.e.flags&(flagHandshake|flagCrossed) == flagHandshake && s.flags&(dissect.SYN|dissect.RST) == 0 {
		s.markEnd() // opening is over
		return
	}
	t.open(s)
	s.mark()
	if s.e.body != 0 {
		t.handshake(s)
	}
	t.firstRoundTrip(s)
	s.reviveAnswer()
	t.ask(s)
}

// mark sets the flags that the segment's control bits and labels are about.
func (s *segment) mark() {
	e := s.e
	if s.flags&dissect.RST != 0 {
		if s.b.segments[s.from] > 0 {
			s.silent = s.since(s.b.seen[s.from])
		}
		if !e.flags.has(flagReset | flagFin0 | flagFin1) {
			s.b.ended = clockOf(s.now)
		}
		if s.ended {
			e.flags.set(flagReset)
		}
	}
	if s.labels.Has(SimultaneousOpen) {
		e.flags.set(flagCrossed)
	}
	if s.labels.Has(Refused) {
		e.hops[s.from] = s.p.IP.HopLimit
		e.flags.set(flagRefused)
	}
	s.markEnd()
}

// markEnd sets those of them that closing is about.
func (s *segment) markEnd() {
	e := s.e
	if s.closesItsSide() {
		if !e.flags.has(flagReset | flagFin0 | flagFin1) {
			s.b.ended = clockOf(s.now)
		}
		e.flags.set(flagFin0 << s.from)
	}
	e.flags.put(flagStray, s.isStray())
	if s.labels.Has(HalfClose) {
		e.flags.set(flagHalfClose)
	}
}

// closesItsSide reports whether the segment has a FIN that counts: not in an
// RST, which goes before it, nor in what an older connection has sent, nor at an
// end that waits for the answer to its SYN, or was refused (RFC 9293, section
// 3.10.7.4).
func (s *segment) closesItsSide() bool {
	if s.flags&(dissect.RST|dissect.FIN) != dissect.FIN {
		return false
	}
	e, st := s.e, s.before[s.to]
	switch {
	case s.flags&dissect.SYN != 0:
		return true
	case s.isOlder():
		return false
	case st == StateSynSent: // what acknowledges the SYN comes from an end that has answered it, be it that the answer was captured before the SYN, or not at all
		return s.flags&dissect.ACK != 0 && s.ack != e.base[s.to] && s.ack-e.base[s.to] <= e.next[s.to]-e.base[s.to]
	}
	return st != StateClosed || e.flags.has(flagSynAck|flagHandshake) || !e.flags.of(flagSyn0, s.to)
}

// isStray reports whether the segment is a SYN to, or an RST not taken by, an
// end that is past its opening.
func (s *segment) isStray() bool {
	if s.before[s.to] < StateEstablished {
		return false
	}
	return s.flags&dissect.RST != 0 && !s.ended || s.flags&(dissect.SYN|dissect.RST) == dissect.SYN && s.before[s.from] >= StateEstablished
}

// open follows the opening: SYN options, times and frames of the handshake.
func (t *Tracker) open(s *segment) {
	e := s.e
	fromClient := s.from == e.client()
	switch {
	case s.isForeignSYN():
		t.foreignSYN(s)
		return
	case s.otherISS:
		t.secondSYN(s)
	}
	if s.flags&dissect.SYN != 0 && s.flags&dissect.RST == 0 {
		if e.hops[s.from] == 0 {
			e.hops[s.from] = s.p.IP.HopLimit
		}
		o := readSYNOptions(s.p.TCP.Options)
		s.synOptions(&o)
	}
	switch {
	case s.flags&dissect.RST != 0:
	case s.labels.Has(UnacceptableAck):
		t.unfitSYN(s)
	case s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN:
		if !e.flags.has(flagHandshake) {
			if s.labels.Has(Retransmission) && s.e.body == 0 {
				s.rto = s.lasted(e.synTime)
			}
			e.synTime = clockOf(s.now)
		}
		if !fromClient {
			break
		}
		e.synLast = e.frameRef(t.places.at())
		if e.syns < 255 {
			e.syns++
		}
		if s.len > 0 {
			e.flags.set(flagTFOData)
			e.flags.put(flagTFO, fastOpenCookie(s.p.TCP.Options))
		}
	case s.flags&dissect.SYN != 0:
		t.links.note(s)
		if e.syns == 1 && e.synAcks == 0 && !fromClient {
			s.rtt = s.lasted(e.synTime)
		}
		if e.synAck == 0 {
			e.synAck = e.frameRef(t.places.at())
		}
		if !fromClient && e.synAcks < 255 {
			e.synAcks++
		}
		e.flags.set(flagSynAck)
	}
}

// synOptions takes the options of a SYN or SYN-ACK that the other end needs.
func (s *segment) synOptions(o *synOptions) {
	e := s.e
	if o.hasMSS {
		e.mss[s.from] = kiloOf(o.mss)
	}
	switch {
	case e.flags.has(flagUnscaled):
	case o.hasScale:
		e.setScale(s.from, min(int(o.scale), scaleMax))
	case !s.cut() && e.scale(s.from) == scaleUnknown: // both ends must offer it (RFC 7323, section 2.2)
		e.flags.set(flagUnscaled)
		e.setScale(0, 0)
		e.setScale(1, 0)
	}
}

// cut reports whether the capture does not hold all of the header.
func (s *segment) cut() bool {
	n := s.p.NumLayers
	return n > 0 && s.p.Layers[n-1].Length < s.p.TCP.Header
}

// unmeasured reports whether it is not known how long the segment is: the rest
// of its datagram is missing, or its header is longer than that. Wireshark, too,
// judges nothing by such a one.
func (s *segment) unmeasured() bool {
	return s.p.Problem == dissect.ProblemFragment || s.p.Problem == dissect.ProblemMalformed && s.cut()
}

// passOver counts and gives a segment that says nothing sure of its connection.
func (t *Tracker) passOver(s *segment) {
	if s.e.body != 0 {
		s.b = t.bodies.at(s.e.body)
	} else {
		t.standIn(s)
		t.grow(s)
	}
	s.labels = 0 // of a new connection as well
	t.count(s)
	if t.options.Measures {
		t.gauges.at(s.e.body).listen(s)
	}
	if !t.options.NoSegments {
		t.give(s)
	}
}

// legible reports whether the options were captured and make sense: they may
// change what a segment means (SACK, D-SACK, MPTCP), and Wireshark says nothing
// of one whose options it cannot read.
func (s *segment) legible() bool {
	if s.cut() {
		return false
	}
	v, ok := option(s.p.TCP.Options, optionSACK)
	return !ok || len(v) > 0
}

// completeness returns what a segment adds to Wireshark's tcp.completeness.
func (s *segment) completeness() uint8 {
	var c uint8
	switch s.flags & (dissect.SYN | dissect.ACK) {
	case dissect.SYN:
		c = completeSYN
		if s.len > 0 { // Fast Open's, or without its cookie
			c |= completeData
		}
	case dissect.SYN | dissect.ACK:
		c = completeSYNACK
	case dissect.ACK:
		c = completeACK
		if s.len > 0 {
			c = completeData
		}
	}
	if s.flags.Has(dissect.FIN | dissect.ACK) {
		c |= completeFIN
	}
	if s.flags&dissect.RST != 0 {
		c |= completeRST
	}
	return c
}

// The bits of Connection.Completeness.
const (
	completeSYN uint8 = 1 << iota
	completeSYNACK
	completeACK
	completeData
	completeFIN
	completeRST
)
