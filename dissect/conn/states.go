package conn

import (
	"tcpsee/capture"
	"tcpsee/dissect"
)

// The states of both ends are those of RFC 9293, section 3.3.2, as a bystander
// can tell them. A segment shows its sender's state at once. It changes its
// receiver's where it is sure to arrive; where it was seen leaving this
// machine the receiver is unknown until it answers.

// states sets both ends' states after the segment.
func (s *segment) states() {
	e := s.e
	from, to := e.state(s.from), e.state(s.to)
	if e.self() {
		s.to = s.from
	}
	from = s.sender(from)
	if e.self() {
		from = s.receiver(from)
		s.to = 1 - s.from
		e.pair.set(0, uint8(from))
		e.pair.set(1, uint8(from))
		return
	}
	after := s.receiver(to)
	if after != to && !s.arrives() {
		after = StateUnknown
	}
	e.pair.set(s.from, uint8(from))
	e.pair.set(s.to, uint8(after))
}

// arrives reports whether nothing can be lost between the capture and the
// receiver, as far as the frame tells. A frame that was seen leaving may be
// lost; files that do not say where they were captured are taken at their
// word.
func (s *segment) arrives() bool {
	return s.p.Frame.Direction != capture.DirectionOut || s.p.IP.Src == s.p.IP.Dst || s.p.IP.Dst.IsLoopback()
}

// sender returns the state of the end that sent the segment, after st.
func (s *segment) sender(st State) State {
	e, f := s.e, s.flags
	switch {
	case s.clears():
		return st
	case f&dissect.RST != 0:
		return StateClosed
	case f.Has(dissect.SYN | dissect.ACK):
		if st <= StateSynSent || st == StateSynReceived {
			return StateSynReceived
		}
		return st
	case f&dissect.SYN != 0:
		if st <= StateListen {
			return StateSynSent
		}
		return st
	case f&(dissect.ACK|dissect.FIN) == 0 && s.len == 0, s.isOlder():
		return st
	}
	st = s.provenBySending(st)
	// What it acknowledges has arrived.
	if e.flags.of(flagFin0, s.to) && f&dissect.ACK != 0 && !after(s.behindFin(), s.ack) {
		st = finArrived(st)
	}
	if f&dissect.FIN != 0 {
		st = finSent(st, f&dissect.ACK != 0 && e.flags.of(flagFin0, s.to) && !e.flags.of(flagFin0, s.from) && after(s.behindFin(), s.ack))
	}
	return st
}

// isOlder reports whether the segment was sent before the SYN to which its sender
// waits for the answer, by a connection with the same ports: its number is none
// that comes after that SYN.
func (s *segment) isOlder() bool {
	return s.before[s.from] == StateSynSent && s.flags&(dissect.SYN|dissect.RST) == 0 &&
		s.e.flags.of(flagSyn0, s.from) && s.seq-s.e.base[s.from]-1 >= widestPart
}

// provenBySending returns what an end must be in to send a segment that is
// neither SYN nor RST, after st.
func (s *segment) provenBySending(st State) State {
	e := s.e
	switch st {
	case StateSynSent: // it has the SYN-ACK
		return StateEstablished
	case StateSynReceived:
		// Before the handshake's last ACK only Fast Open lets it send (RFC 7413, section 4.2.2).
		if (s.len > 0 || s.flags&dissect.FIN != 0) && !e.flags.has(flagTFOData) ||
			e.flags.of(flagAcked0, s.to) && after(e.ack[s.to], e.base[s.from]) {
			return StateEstablished
		}
	case StateUnknown, StateListen:
		return s.provenAnew()
	}
	return st
}

// provenAnew returns the state of a sender that nothing was known of.
func (s *segment) provenAnew() State {
	e := s.e
	if s.challenges() {
		return StateUnknown
	}
	if !e.flags.of(flagFin0, s.from) {
		return StateEstablished
	}
	// Its own FIN is out. It is sent again only where no ACK of it has come.
	switch {
	case s.answeredFin():
		return StateLastAck
	case s.flags&dissect.FIN != 0 || s.b.finAcked[s.from] == 0:
		return StateFinWait1
	case s.heardAck():
		return StateFinWait2
	}
	return StateUnknown
}

// answeredFin reports whether the sender had acknowledged its peer's FIN when it
// sent its own, or did so with it.
func (s *segment) answeredFin() bool {
	b := s.b
	return b.finAcked[s.to] != 0 && b.fin[s.from] != 0 && b.finAcked[s.to] <= b.fin[s.from]
}

// heardAck reports whether the ACK of the sender's FIN has arrived for sure: it
// came no later than the peer's FIN, which the segment acknowledges.
func (s *segment) heardAck() bool {
	e, b := s.e, s.b
	return e.flags.of(flagFin0, s.to) && s.flags&dissect.ACK != 0 && !after(s.behindFin(), s.ack) &&
		b.finAcked[s.from] != 0 && b.finAcked[s.from] <= b.fin[s.to]
}

// behindFin is the sequence number behind the FIN that the receiver has sent:
// what it sent last, unless something went further (see goesPast).
func (s *segment) behindFin() uint32 {
	if s.b.ledger != 0 && s.b.fin[s.to] != 0 {
		if l := s.t.ledgers.at(s.b.ledger); l.marks&(markFin0<<s.to) != 0 {
			return l.finEnd[s.to]
		}
	}
	return s.e.next[s.to]
}

// goesPast keeps where the sender's FIN lies before a segment goes further:
// data after it, which no end sends that keeps to the rules, or an RST that
// nobody takes.
func (t *Tracker) goesPast(s *segment) {
	if s.e.flags.of(flagFin0, s.from) && s.b.fin[s.from] != 0 && after(s.end, s.e.next[s.from]) {
		if l := t.ledger(s.b); l.marks&(markFin0<<s.from) == 0 {
			l.finEndsAt(s.from, s.e.next[s.from])
		}
	}
}

// finEndsAt keeps the number behind direction d's FIN.
func (l *ledger) finEndsAt(d int, end uint32) {
	l.finEnd[d], l.marks = end, l.marks|markFin0<<d
}

// finSent returns the state of an end after it sent FIN. Where it had not seen
// the peer's, the two cross (RFC 9293, section 3.6).
func finSent(st State, crosses bool) State {
	switch st {
	case StateUnknown, StateSynSent, StateSynReceived, StateEstablished:
		return StateFinWait1
	case StateCloseWait:
		if crosses {
			return StateClosing
		}
		return StateLastAck
	}
	return st
}

// finAcked returns the state of an end after its FIN was acknowledged.
func finAcked(st State) State {
	switch st {
	case StateFinWait1:
		return StateFinWait2
	case StateClosing:
		return StateTimeWait
	case StateLastAck:
		return StateClosed
	}
	return st
}

// finArrived returns the state of an end after its peer's FIN arrived.
func finArrived(st State) State {
	switch st {
	case StateSynReceived, StateEstablished:
		return StateCloseWait
	case StateFinWait1:
		return StateClosing
	case StateFinWait2:
		return StateTimeWait
	}
	return st
}

// receiver returns the state of the end that gets the segment, after st.
func (s *segment) receiver(st State) State {
	e, f := s.e, s.flags
	switch {
	case f&dissect.RST != 0:
		switch {
		case s.clears():
			if st == StateSynReceived { // RFC 9293, section 3.5, figure 8
				return StateListen
			}
		case s.resets(st):
			s.ended = true
			return StateClosed
		}
		return st
	case f&(dissect.SYN|dissect.ACK) == dissect.SYN:
		if st == StateSynSent && !s.isAgain() { // both open at once (RFC 9293, section 3.5)
			return StateSynReceived
		}
		return st
	case f&dissect.ACK == 0:
		return st
	case f&dissect.SYN != 0:
		if (st == StateSynSent || st == StateSynReceived) && after(s.ack, e.base[s.to]) && !s.answersAnother() {
			return StateEstablished
		}
		return st
	}
	// The segment's ACK first, then its FIN (RFC 9293, section 3.10.7.4).
	if st == StateSynReceived && after(s.ack, e.base[s.to]) && !after(s.ack, e.next[s.to]) {
		st = StateEstablished
	}
	if e.flags.of(flagFin0, s.to) && !after(s.behindFin(), s.ack) {
		st = finAcked(st)
	}
	if f&dissect.FIN != 0 && s.shape&beyondNext == 0 && !after(s.seq, s.contiguous()) {
		st = finArrived(st)
	}
	return st
}

// contiguous is the sequence number up to which all that the sender has sent
// was seen.
func (s *segment) contiguous() uint32 {
	if !s.e.flags.of(flagKnown0, s.from) {
		return s.seq
	}
	return s.b.maxAck[s.from]
}

// isAgain reports whether the segment begins before what its sender has sent.
func (s *segment) isAgain() bool { return s.shape&behindNext != 0 }

// resets reports whether an RST ends the connection at the end that gets it:
// in SYN-SENT it must acknowledge the SYN, else its number must be the next
// that is expected (RFC 9293, sections 3.5.3 and 3.10.7.4; RFC 5961,
// section 3). Bytes under way are taken to arrive first.
func (s *segment) resets(st State) bool {
	e := s.e
	if st == StateSynSent {
		return s.flags&dissect.ACK != 0 && after(s.ack, e.base[s.to]) && !after(s.ack, e.next[s.to])
	}
	if !e.flags.of(flagAcked0, s.to) {
		if e.flags&(flagSyn0|flagSyn1) == flagSyn0|flagSyn1 && e.flags.of(flagKnown0, s.from) { // what comes after the SYN
			return after(s.seq, e.base[s.from]) && !after(s.seq, e.next[s.from])
		}
		return true // nobody knows what it expects
	}
	if !e.flags.of(flagKnown0, s.from) {
		return s.seq == e.ack[s.to]
	}
	if s.isOthers() {
		return false
	}
	return !after(e.ack[s.to], s.seq) && !after(s.seq, s.highest())
}

// highest is the sequence number behind all that was sent and acknowledged.
func (s *segment) highest() uint32 {
	n := s.e.next[s.from]
	if s.e.flags.of(flagAcked0, s.to) && after(s.e.ack[s.to], n) {
		return s.e.ack[s.to]
	}
	return n
}

// challenges reports whether the segment is an ACK in the middle of nothing: it
// answers a SYN with an ACK that does not acknowledge it (RFC 5961, section 4).
func (s *segment) challenges() bool {
	e := s.e
	return s.flags&(dissect.SYN|dissect.RST|dissect.FIN|dissect.ACK) == dissect.ACK && s.len == 0 &&
		e.flags.of(flagSyn0, s.to) && !e.flags.of(flagSyn0, s.from) && !e.flags.has(flagSynAck) &&
		s.before[s.from] <= StateListen && s.before[s.to] == StateSynSent && s.ack != e.base[s.to]+1
}

// clears reports whether the segment is the RST with which an end that waits for
// the answer to its SYN meets an ACK of an older connection, or a SYN-ACK that
// answers another SYN: the other end forgets that one, and the SYN is sent again
// (RFC 9293, section 3.5, figure 8, and section 3.5.1).
func (s *segment) clears() bool {
	e := s.e
	return s.flags&(dissect.SYN|dissect.RST) == dissect.RST && s.before[s.from] == StateSynSent &&
		(s.flags&dissect.ACK == 0 || e.flags.of(flagSyn0, s.to)) && !e.flags.has(flagSynAck|flagReset) && e.flags.of(flagAcked0, s.to) &&
		s.seq == e.ack[s.to] && s.seq != e.base[s.from]+1
}

// timeWaits returns the direction of the end that begins TIME-WAIT with this
// segment, −1 for none.
func (s *segment) timeWaits() int {
	for d := range 2 {
		if s.e.state(d) == StateTimeWait && s.before[d] != StateTimeWait {
			return d
		}
	}
	return -1
}
