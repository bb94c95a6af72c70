package conn

import (
	"net/netip"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// summarize fills c and t.facts with what is known of a connection, and has it
// judged.
func (t *Tracker) summarize(c *Connection, e *entry) {
	t.facts = facts{}
	f := &t.facts
	b := t.bodyOf(e)
	e.summarize(c, t.placed(e))
	f.replaced = t.replacing
	f.files = fileFacts{&t.places, t.options.Files, e.tail&tailSpread != 0}
	f.first, f.last = e.frame(1), e.frame(e.lastFrame)
	if e.flags.has(flagHandshake) {
		c.IRTT = time.Duration(b.irtt.bits())
	}
	c.HalfRTT = e.halves(b)
	for d := range 2 {
		t.summarizeEnd(c, e, b, d)
	}
	t.summarizeOpening(e, b)
	t.summarizeTimes(e, b)
	t.summarizeLabels(c, e, b)
	t.summarizeTrouble(c, e, b)
	t.summarizeMeasures(c, e, b)
	if f.until = t.now; f.until.Sub(e.last) >= day { // rather captures of several days, put together
		f.until = capture.NoTime
	}
	t.addresses(c, f)
	h := t.heard[c.Number]
	f.boundTo, f.full, f.waiting, f.room = h.boundTo, h.full, h.waiting, h.room
	f.mine, f.own, f.listens, f.udp = h.mine, h.own, h.listens, h.udp
	f.gaveUp = t.driven.left == c.Number
	if t.driven.conn == c.Number {
		f.callError, f.callName = t.driven.errName, t.driven.errCall
	}
	if e.body != 0 {
		if a := t.appOf(e); a != nil {
			for d := range 2 {
				x := &a.dirs[e.side(d)]
				a.missed[e.side(d)] = x.known && e.missed(b, d, x.next)
			}
			f.app = a.facts()
			c.App = f.app.name
		}
	}
	f.stayed = t.stayed(c)
	c.Verdict = judge(c, f, t.options.Brief)
}

// placed says where a connection's first and last frame are.
type placed struct {
	first, last int64
	lastFile    int
}

// placed gives it for an entry.
func (t *Tracker) placed(e *entry) placed {
	first, last := e.frame(1), e.frame(e.lastFrame)
	if !t.places.several() {
		return placed{int64(first), int64(last), int(e.file)}
	}
	x := placed{lastFile: int(e.file)}
	_, x.first = t.places.frame(first)
	if file, number := t.places.frame(last); number != 0 {
		x.lastFile, x.last = file, number
	}
	return x
}

// summarize fills what stands in every entry.
func (e *entry) summarize(c *Connection, at placed) {
	client := e.client()
	c.Number, c.File = int64(e.number.get()), int(e.file)
	c.Inferred, c.Told = e.flags.has(flagInferred), e.tail&tailTold != 0
	c.First, c.Last = e.first, e.last
	if c.Last < c.First && c.Last.Known() { // they changed places on their way into the capture
		c.Last = c.First
	}
	c.FirstFrame, c.LastFrame, c.LastFile = at.first, at.last, at.lastFile
	c.Completeness, c.SYNs = e.complete, uint32(e.syns)
	c.States = [2]State{e.state(client), e.state(1 - client)}
	c.Client, c.Server = e.endpoint(client), e.endpoint(1-client)
	c.ISS = [2]dissect.Seq{seqOf(e.base[client]), seqOf(e.base[1-client])}
	c.ISSKnown = [2]bool{e.flags.of(flagSyn0, client), e.flags.of(flagSyn0, 1-client)}
}

// bodyOf returns a connection's body, or a stand-in.
func (t *Tracker) bodyOf(e *entry) *body {
	if e.body != 0 {
		return t.bodies.at(e.body)
	}
	s := segment{e: e, t: t}
	t.standIn(&s)
	return s.b
}

// summarizeEnd fills what direction d has sent.
func (t *Tracker) summarizeEnd(c *Connection, e *entry, b *body, d int) {
	f, side := &t.facts, e.side(d)
	c.Segments[side] = uint64(b.segments[d])
	c.Bytes[side] = b.bytes[d].get()
	c.Unique[side] = t.unique(e, b, d)
	f.dataFirst[side], f.dataLast[side] = e.frame(b.dataFirst[d]), e.frame(b.dataLast[d])
	f.fin[side], f.finAcked[side] = e.frame(b.fin[d]), e.frame(b.finAcked[d])
	f.outstanding[side] = e.inFlight(d)
	f.unseen[side] = t.unseen(e, b, d)
	if e.flags.of(flagAcked0, d) && e.flags.of(flagBase0, 1-d) && !e.flags.of(flagEarly0, d) {
		f.acked[side] = uint32(max(int32(e.ack[d]-e.base[1-d]-1), 0))
	}
	if e.leavesGap(b, d) {
		f.missing[side] = f.outstanding[side]
	}
	if e.last.Known() {
		f.newestAt[side] = capture.Stamp(b.nextTime[d].near(int64(e.last)))
	}
	f.lastDataAt[side] = capture.NoTime
	if b.dataLast[d] != 0 && e.last.Known() {
		f.lastDataAt[side] = capture.Stamp(b.lastData[d].near(int64(e.last)))
	}
}

// leavesGap reports whether a gap was left before the last byte of direction d
// that is known, and nobody has acknowledged what lies in it.
func (e *entry) leavesGap(b *body, d int) bool {
	return after(e.next[d], b.maxAck[d]) && !(e.flags.of(flagAcked0, 1-d) && after(e.ack[1-d], b.maxAck[d]))
}

// missed reports whether bytes of direction d from a number on, beyond one that
// may be its FIN, were acknowledged: they came, and the capture does not have them.
func (e *entry) missed(b *body, d int, from dissect.Seq) bool {
	n := uint32(from) + 1
	return !e.self() && e.flags.of(flagKnown0, d) && (after(b.maxAck[d], n) || e.flags.of(flagAcked0, 1-d) && after(e.ack[1-d], n))
}

// allSeen reports whether no numbers tell of bytes of direction d that were not
// captured.
func (t *Tracker) allSeen(e *entry, b *body, d int) bool {
	return t.unseen(e, b, d) == 0 && !(e.leavesGap(b, d) && e.inFlight(d) > 0)
}

// unseen returns how many bytes direction d has sent, as its own numbers and the
// other end's acknowledgements prove, where none of them was captured.
func (t *Tracker) unseen(e *entry, b *body, d int) uint32 {
	if b.dataFirst[d] != 0 || !e.flags.of(flagSyn0, d) || e.flags.has(flagReset) {
		return 0
	}
	n := int32(0)
	strays := b.ledger != 0 && (t.ledgers.at(b.ledger).stray.frame != 0 || t.ledgers.at(b.ledger).cleared != 0)
	if e.flags.of(flagKnown0, d) && !strays {
		n = int32(e.next[d] - e.base[d] - 1)
	}
	if e.flags.of(flagAcked0, 1-d) {
		n = max(n, int32(e.ack[1-d]-e.base[d]-1))
	}
	if e.flags.of(flagFin0, d) {
		n--
	}
	return uint32(max(n, 0))
}

// summarizeOpening fills how the connection began.
func (t *Tracker) summarizeOpening(e *entry, b *body) {
	f := &t.facts
	f.synLast, f.synAck = e.frame(e.synLast), e.frame(e.synAck)
	if e.syns > 0 {
		f.synFirst, f.synHops = e.frame(1), e.hops[e.client()]
	}
	if b.ledger != 0 {
		if l := t.ledgers.at(b.ledger); l.began != 0 {
			f.synFirst, f.beganAt = e.frame(l.began), capture.Stamp(l.beganAt.near(int64(e.last)))
		}
	}
	f.synAcks = uint32(e.synAcks)
	if !e.flags.has(flagHandshake) {
		f.siblings = t.served.at(e)
	}
	f.handshake = e.frame(b.handshake)
	f.simultaneous, f.fastOpen = e.flags.has(flagCrossed), e.flags.has(flagTFOData)
	f.illegible = !e.flags.has(flagBase0 | flagBase1)
	f.noAck = !e.flags.of(flagAcked0, e.client())
	f.midstream = !e.flags.of(flagSyn0, 0) && !e.flags.of(flagSyn0, 1)
	f.lastBy = e.side(e.tail.by())
	f.finOrder = Client
	if f.fin[Client] == 0 || f.fin[Server] != 0 && f.fin[Server] < f.fin[Client] {
		f.finOrder = Server
	}
}

// began is when the first SYN came, or what was the first of a connection that
// began then.
func (f *facts) began(first capture.Stamp) capture.Stamp {
	if f.beganAt != 0 {
		return f.beganAt
	}
	return first
}

// summarizeTimes fills when the connection was established, and ended.
func (t *Tracker) summarizeTimes(e *entry, b *body) {
	f := &t.facts
	f.establishedAt, f.endedAt = capture.NoTime, capture.NoTime
	if !e.last.Known() {
		return
	}
	switch {
	case !e.flags.has(flagHandshake):
		if e.syns > 0 {
			f.synLastAt = capture.Stamp(e.synTime.near(int64(e.last)))
		}
	case e.syns == 1: // else nothing tells when the last SYN was
		f.establishedAt = f.began(e.first) + capture.Stamp(b.irtt.bits())
	}
	if f.fin[Client] != 0 || f.fin[Server] != 0 || e.flags.has(flagReset) {
		f.endedAt = capture.Stamp(b.ended.near(int64(e.last)))
	}
}

// summarizeLabels fills the counts of labels.
func (t *Tracker) summarizeLabels(c *Connection, e *entry, b *body) {
	switch {
	case e.body == 0:
		for l, n := range e.openingLabels() {
			c.LabelCounts[l] += uint32(n)
		}
	case b.ledger != 0:
		c.LabelCounts = t.ledgers.at(b.ledger).counts
	default:
		b.once.Each(func(l Label) { c.LabelCounts[l] = 1 })
	}
}

// summarizeTrouble fills what the ledger knows.
func (t *Tracker) summarizeTrouble(c *Connection, e *entry, b *body) {
	f := &t.facts
	if e.body == 0 {
		c.Retransmits = [2]uint64{uint64(max(e.syns, 1) - 1), uint64(max(e.synAcks, 1) - 1)}
		if e.flags.has(flagReset) {
			f.rst, f.rstBy, f.rstTook = f.last, e.side(e.resetBy()), true
		}
		return
	}
	if b.ledger == 0 {
		return
	}
	l := t.ledgers.at(b.ledger)
	if l.rst != 0 {
		t.settleClosings(e)
		if l.bare {
			f.outstanding[e.side(1-int(l.rstBy))] = l.owed
		}
	}
	for d := range 2 {
		side := e.side(d)
		c.Retransmits[side] = l.resends[d]
		f.zeroWindow[side] = e.frame(l.zeroWindow[d])
		f.probes[side], f.inVain[side] = l.probes[d], l.inVain[d]
		f.keeps[side], f.keepFrame[side] = l.keeps[d], e.frame(l.keepFrame[d])
		f.unheard[side], f.unheardLast[side], f.answered[side] = l.unheard[d], e.frame(l.unheardLast[d]), e.frame(l.answered[d])
		if (f.outstanding[side] > 0 || f.fin[side] != 0 && f.finAcked[side] == 0) && l.again[d] > 0 &&
			!(e.flags.of(flagAcked0, 1-d) && after(e.ack[1-d], l.againSeq[d])) {
			f.resendsAtEnd[side] = l.again[d]
			f.resendBytes[side] = l.againBytes[d]
			f.resendFrame[side] = e.frame(l.againFrame[d])
			f.heardSince[side] = e.frame(l.since[d])
		}
	}
	f.closing[e.side(0)], f.closing[e.side(1)] = l.closing[0], l.closing[1]
	if l.odd != 0 {
		t.summarizeOdd(e, t.odds.at(l.odd))
	}
	f.older, f.cleared = e.frame(l.older), e.frame(l.cleared)
	if l.rst != 0 {
		f.rst, f.rstBy = e.frame(l.rst), e.side(int(l.rstBy))
		f.rstTook, f.rstBare, f.silent = l.rstTook, l.bare, time.Duration(l.silent.bits())
		f.refusal, f.turnedBack = l.answers && c.Segments[f.rstBy.Other()] == 0, l.turnedBack
	}
	t.summarizeStray(c, e, b, l)
	t.summarizeBack(c, e, l)
	if l.icmpCount > 0 {
		addr := func(a [16]byte) netip.Addr { // of the tunnel's family, which may not be the connection's
			if l.icmpVersion == 4 {
				return netip.AddrFrom16(a).Unmap()
			}
			return netip.AddrFrom16(a)
		}
		f.icmp = icmpFact{frame: e.frame(l.icmpFrame), version: l.icmpVersion, kind: l.icmpType, code: l.icmpCode,
			mtu: l.icmpMTU, from: addr(l.icmpFrom), count: l.icmpCount}
		if l.icmpVia != [16]byte{} {
			f.icmp.via = addr(l.icmpVia)
		}
	}
}
