package conn

import (
	"time"

	"tcpsee/dissect"
)

// track follows what is outstanding and when it was sent.
func (t *Tracker) track(s *segment) {
	b := s.b
	if o := s.outstanding(); o != nil && s.flags&dissect.ACK != 0 {
		q := &o.list[s.to]
		before := q.len()
		copied := int64(sentAgain)
		if q.repeats {
			if _, echo, ok := timestamps(s.p.TCP.Options); ok {
				copied = q.echoed(s.ack, echo)
			}
		}
		at := q.acked(s.ack)
		t.pending -= before - q.len()
		if at == sentAgain && before != q.len() {
			at, s.echoed = copied, copied != sentAgain
		}
		if at != sentAgain {
			s.rtt, s.origin = time.Duration(max(s.now-at, 0)), q.where
		}
	}
	if s.shape&occupies != 0 && !s.answersCrossing() {
		x := sent{seq: s.seq, end: s.end, at: s.now, again: s.resent(), point: s.point}
		if x.again {
			s.ambiguous()
		}
		x.stamp, _, x.stamped = timestamps(s.p.TCP.Options)
		t.remember(b, s.from, x)
	}
	if o := s.outstanding(); o != nil && o.list[0].len() == 0 && o.list[1].len() == 0 {
		t.dropSide(b)
	}
}

// answersCrossing reports whether the segment is a SYN-ACK of a simultaneous
// open. It repeats its sender's SYN, and the other end's SYN-ACK answers that:
// its own round trip would last until somebody speaks.
func (s *segment) answersCrossing() bool {
	return s.labels.Has(SimultaneousOpen) && s.flags&dissect.ACK != 0
}

// resendLabels are those of segments that carry what was sent before.
const resendLabels = 1<<Retransmission | 1<<FastRetransmission | 1<<SpuriousRetransmission

// resent reports whether the segment carries what was sent before. Its label does
// not always say so: out-of-order goes by the time alone (see reordered), and
// keep-alive by the number. That of a last byte which was not acknowledged is no
// keep-alive: those come when all is.
func (s *segment) resent() bool {
	if s.labels.Has(OutsideWindow) {
		return false
	}
	return s.labels&resendLabels != 0 || s.seenAll && (s.labels.Has(OutOfOrder) || s.labels.Has(KeepAlive) && s.isOwed())
}

// isOwed reports whether the other end has not acknowledged the segment's last
// byte, though it has acknowledged something.
func (s *segment) isOwed() bool {
	return s.e.flags.of(flagAcked0, s.to) && after(s.end, s.e.ack[s.to])
}

// ambiguous marks what the segment sends again: an acknowledgement of it does
// not say which copy it answers (Karn's rule, RFC 6298, section 3). It notes
// how long ago the last copy was sent.
func (s *segment) ambiguous() {
	o := s.outstanding()
	if o == nil {
		return
	}
	last := o.list[s.from].resend(s.seq, s.end)
	if last != sentAgain {
		s.rto = time.Duration(max(s.now-last, 0))
	}
}

// handshake looks whether the segment completes the handshake, and how long
// that took.
func (t *Tracker) handshake(s *segment) {
	e, b := s.e, s.b
	if e.flags.has(flagHandshake) || !e.flags.has(flagSynAck) {
		return
	}
	if e.flags.has(flagCrossed) {
		if e.state(0) == StateEstablished && e.state(1) == StateEstablished {
			e.flags.set(flagHandshake)
			b.handshake = e.frameRef(t.places.at())
			if d := s.p.Frame.Time.Sub(e.first); e.syns == 1 && d <= clockSpan {
				b.irtt = durationOf(int64(d)) // from the client's SYN, as ever
			}
		}
		return
	}
	if s.from != e.client() || s.flags&(dissect.SYN|dissect.RST|dissect.ACK) != dissect.ACK ||
		!e.flags.of(flagSyn0, s.to) || !after(s.ack, e.base[s.to]) || after(s.ack, e.next[s.to]) {
		return
	}
	e.flags.set(flagHandshake)
	s.role = true
	b.handshake = e.frameRef(t.places.at())
	if e.syns == 0 {
		return
	}
	syn, synAck := e.synTime.near(s.now), b.seen[s.to].near(s.now)
	if b.irtt.bits() == 0 {
		b.irtt = durationOf(int64(s.lasted(e.synTime)))
	}
	e.synTime = durationOf(synAck - syn)
	if t.sentUnasked(s) {
		e.synTime = durationOf(halvesUnknown)
	}
}

// sentUnasked reports whether the server has sent its SYN-ACK again though no SYN
// asked for it: the last of them came late after the SYN, and the ACK answers any
// of them (Karn's rule, RFC 6298, section 3).
func (t *Tracker) sentUnasked(s *segment) bool {
	odd := t.oddOf(s.b)
	return s.e.synAcks > s.e.syns && (odd == nil || !odd.rivals.chosen)
}

// firstRoundTrip takes the time from the last SYN to the first segment that
// acknowledges anything, which is the handshake's round trip where it was not
// captured whole.
func (t *Tracker) firstRoundTrip(s *segment) {
	if s.b.irtt.bits() == 0 && s.e.synTime != (clock48{}) && s.flags&(dissect.SYN|dissect.ACK) == dissect.ACK &&
		!s.e.flags.has(flagHandshake) {
		s.b.irtt = durationOf(int64(s.lasted(s.e.synTime)))
	}
}

// halvesUnknown stands for how long the SYN-ACK took where nothing tells which of
// several the ACK answers.
const halvesUnknown = 1<<48 - 1

// halves returns how long the SYN-ACK and its ACK took.
func (e *entry) halves(b *body) [2]time.Duration {
	if !e.flags.has(flagHandshake) || e.flags.has(flagCrossed) || b.irtt.bits() == 0 || e.synTime.bits() == halvesUnknown {
		return [2]time.Duration{}
	}
	out := e.synTime.bits()
	return [2]time.Duration{time.Duration(out), time.Duration(max(b.irtt.bits()-out, 0))}
}

// inFlight returns the bytes that a direction has sent and not seen
// acknowledged; SYN and FIN do not count.
func (e *entry) inFlight(d int) uint32 {
	if !e.flags.of(flagKnown0, d) {
		return 0
	}
	low := e.base[d] + 1
	switch {
	case e.flags.of(flagAcked0, 1-d):
		// Numbers behind 2 GiB seem to lie before the first one.
		if far := after(low, e.next[d]); after(e.ack[1-d], low) || far && e.next[d]-e.ack[1-d] <= widestPart {
			low = e.ack[1-d]
		}
	case e.flags.has(flagReset | flagHandshake): // the peer's last segment had no ACK
		return 0
	}
	n := int32(e.next[d] - low)
	if e.flags.of(flagFin0, d) {
		n--
	}
	return uint32(max(n, 0))
}

// scaled returns a segment's window in bytes.
func (s *segment) scaled() (window uint32, known bool) {
	scale := s.e.scale(s.from)
	switch {
	case s.flags&dissect.SYN != 0:
		return uint32(s.win), true
	case scale == scaleUnknown:
		return uint32(s.win), false
	}
	return uint32(s.win) << scale, true
}

// remember puts a segment among those that are outstanding.
func (t *Tracker) remember(b *body, d int, x sent) {
	if b.side == 0 {
		if n := len(t.noSides); n > 0 {
			b.side = t.noSides[n-1]
			t.noSides = t.noSides[:n-1]
		} else {
			t.sides = append(t.sides, new(outstanding))
			b.side = uint32(len(t.sides))
		}
	}
	q := &t.sides[b.side-1].list[d]
	if q.len() >= maxOutstanding || t.pending >= maxOutstandingTotal {
		t.stats.Forgotten++
		return
	}
	if q.push(x) {
		t.stats.Forgotten++
		return
	}
	t.pending++
}

// dropSide recycles what held a connection's outstanding segments.
func (t *Tracker) dropSide(b *body) {
	if b.side == 0 {
		return
	}
	o := t.sides[b.side-1]
	for d := range o.list {
		t.pending -= o.list[d].len()
		items, late := o.list[d].items[:0], o.list[d].late[:0]
		if cap(items) > keepOutstanding {
			items = nil
		}
		if cap(late) > keepOutstanding {
			late = nil
		}
		o.list[d] = queue{items: items, late: late}
	}
	t.noSides = append(t.noSides, b.side)
	b.side = 0
}

// ledger returns the ledger of a connection, and makes one where it has none.
func (t *Tracker) ledger(b *body) *ledger {
	if b.ledger == 0 {
		n, l := t.ledgers.take()
		b.once.Each(func(x Label) { l.counts[x] = 1 })
		b.ledger = n
		return l
	}
	return t.ledgers.at(b.ledger)
}

// countLabel counts a label.
func (t *Tracker) countLabel(b *body, l Label) {
	if b.ledger == 0 && !b.once.Has(l) {
		b.once = b.once.With(l)
		return
	}
	t.ledger(b).counts[l]++
}

// count counts the segment.
func (t *Tracker) count(s *segment) {
	e, b := s.e, s.b
	e.last = s.p.Frame.Time
	ref := e.frameRef(t.places.at())
	e.lastFrame = ref
	e.tail.setBy(s.from)
	if e.body == 0 {
		return
	}
	d := s.from
	b.segments[d]++
	for l := s.labels; l != 0; {
		x := Label(trailing(l))
		l &^= 1 << x
		t.countLabel(b, x)
	}
	if s.len > 0 {
		if !s.labels.Has(DuplicateCapture) { // it was sent once
			b.bytes[d].add(uint64(s.len))
		}
		if s.labels.Has(OutsideWindow) {
			return
		}
		if s.flags&dissect.RST == 0 { // its text is for people (RFC 9293, section 3.5.3)
			if b.dataFirst[d] == 0 {
				b.dataFirst[d] = ref
			}
			b.dataLast[d] = ref
			b.lastData[d] = clockOf(s.now)
		}
	}
	if s.labels.Has(DuplicateCapture) {
		return
	}
	if b.fin[d] == 0 && s.closesItsSide() {
		b.fin[d] = ref
		if b.ledger != 0 {
			t.ledgers.at(b.ledger).finEndsAt(d, s.end)
		}
	}
	if o := s.to; b.fin[o] != 0 && b.finAcked[o] == 0 && s.flags&dissect.ACK != 0 && !after(s.behindFin(), s.ack) {
		b.finAcked[o] = ref
	}
	if s.labels&(resendLabels|1<<ZeroWindow|1<<ZeroWindowProbe|1<<KeepAlive|1<<ChallengeAck) != 0 || b.ledger != 0 || s.flags&dissect.RST != 0 {
		t.trouble(s, ref)
	}
}

// heardOf notes a segment, which answers zero-window probes, while the other end
// sends its oldest bytes again and again, and what its sender seems to have heard.
func (l *ledger) heardOf(s *segment, ref uint32) {
	l.inVain[s.to] = 0
	if l.again[s.to] >= resendsStuck {
		l.since[s.to] = ref
	}
	l.hears(s, ref)
}

// trouble writes into the ledger what a verdict may want to know.
func (t *Tracker) trouble(s *segment, ref uint32) {
	l, d := t.ledger(s.b), s.from
	if s.resent() {
		l.resends[d]++
		if s.labels&(1<<Retransmission|1<<KeepAlive) != 0 && int64(s.rto) > l.waited[d] {
			l.waited[d] = int64(s.rto)
		}
		if l.again[d] > 0 && l.againSeq[d] == s.seq {
			l.again[d]++
		} else if (s.len > 0 || s.flags&dissect.FIN != 0) && !s.behindStuck(l) {
			l.again[d], l.againSeq[d], l.againBytes[d], l.since[d] = 1, s.seq, 0, 0
		}
		if s.len > 0 || l.againSeq[d] == s.seq { // not a FIN behind what is stuck
			l.againBytes[d], l.againFrame[d] = max(l.againBytes[d], uint32(s.len)), ref
		}
	}
	switch {
	case s.labels.Has(ZeroWindow):
		if l.zeroWindow[d] == 0 {
			l.zeroWindow[d] = ref
		}
	case s.win > 0 && s.flags&dissect.RST == 0:
		l.zeroWindow[d] = 0
	}
	l.heardOf(s, ref)
	l.asksForRoom(s)
	l.keepsAlive(s, ref)
	switch {
	case s.labels.Has(ChallengeAck) && s.before[s.to] == StateSynSent:
		l.older = ref
	case s.clears():
		l.cleared = ref
	case s.flags&dissect.RST != 0 && (l.rst == 0 || s.ended && !l.rstTook): // what ends it, rather than what nobody took
		l.bare, l.silent = s.flags&dissect.ACK == 0, durationOf(int64(s.silent))
		l.rst, l.rstBy = ref, uint8(d)
		l.statesBefore(s)
		l.answers = s.isNew && answersUnseen(&s.p.TCP)
		if s.meetsACK() {
			odd := t.odd(s.b)
			odd.unfitACK, odd.unfitACKs = ref, s.seq-s.e.base[d]
		}
		l.turnedBack = l.answers && t.turnedBack(s)
		l.resetCame(s)
	case s.flags&dissect.RST != 0 && int(l.rstBy) != d && farApart(s.e.hops[d], s.p.IP.HopLimit):
		if odd := t.odd(s.b); odd.otherRST == 0 {
			odd.otherRST, odd.otherBy, odd.otherHops = ref, uint8(d), [2]uint8{s.e.hops[d], s.p.IP.HopLimit}
		}
	}
}

// hears counts the rounds in which an end has sent again what the other end had
// acknowledged before. Whatever else it sends shows that it has heard that.
func (l *ledger) hears(s *segment, ref uint32) {
	e, d := s.e, s.from
	switch acked := e.flags.of(flagAcked0, s.to) && !after(s.end, e.ack[s.to]); {
	case s.len == 0 && s.flags&(dissect.SYN|dissect.FIN) == 0:
	case !s.resent() || !acked:
		l.unheard[d], l.answered[d] = 0, 0
	case l.unheard[d] == 0 || after(l.unheardSeq[d], s.seq):
		l.unheard[d], l.unheardSeq[d], l.unheardLast[d], l.answered[d] = 1, s.seq, ref, 0
	case s.seq == l.unheardSeq[d]:
		l.unheard[d]++
		l.unheardLast[d] = ref
	}
	if l.unheard[s.to] > 0 && s.flags&dissect.ACK != 0 && s.flags&dissect.RST == 0 {
		l.answered[s.to] = ref
	}
}

// behindStuck reports whether a segment that is sent again lies behind another
// that was, and has not been acknowledged since.
func (s *segment) behindStuck(l *ledger) bool {
	d, e := s.from, s.e
	return l.again[d] > 0 && after(s.seq, l.againSeq[d]) && e.flags.of(flagAcked0, s.to) && !after(e.ack[s.to], l.againSeq[d])
}

// asksForRoom counts zero-window probes, and those that nothing answers. A window
// that was never open is closed since the SYN-ACK.
func (l *ledger) asksForRoom(s *segment) {
	e, d := s.e, s.from
	if s.labels.Has(ZeroWindowProbe) {
		l.probes[d]++
		l.inVain[d]++
	}
	switch {
	case e.synAck == 0 || l.zeroWindow[0]|l.zeroWindow[1] != 0:
	case d == e.client() && s.labels.Has(ZeroWindowProbe):
		l.zeroWindow[s.to] = e.synAck
	case d != e.client() && s.flags&dissect.RST != 0 && s.winWas == 0 && int(s.b.segments[d]) == int(e.synAcks)+1:
		l.zeroWindow[d] = e.synAck
	}
}

// keepsAlive counts keep-alives that nothing answers. An RST answers none: it
// ends the connection because of them.
func (l *ledger) keepsAlive(s *segment, ref uint32) {
	d := s.from
	switch {
	case s.labels.Has(KeepAlive) && !s.resent():
		l.keeps[d]++
		l.keepFrame[d] = ref
		l.keeps[s.to] = 0
	case s.flags&dissect.RST == 0:
		l.keeps = [2]uint32{}
	}
}
