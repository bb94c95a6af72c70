package conn

import "tcpsee/capture"

// Most connections of a scan are a SYN, and an RST that refuses it or nothing.
// What label, follow and count do for these two segments comes down to a few
// stores, and what a table says of such a connection stands in its entry. A
// test holds that both ways give the same.

// What the flags of an entry must and must not have that is to be refused, but
// for those by direction.
const refusedLacks = flagSynAck | flagHandshake | flagReset | flagStray | flagQueued | flagCrossed | flagFin0 | flagFin1 |
	flagKeep0 | flagKeep1 | flagProbe0 | flagProbe1 | flagTFO | flagTFOData | flagHalfClose

// knock takes a SYN that is a connection's first segment, and nothing else, and
// reports whether it is that.
func (t *Tracker) knock(s *segment) bool {
	e, d := s.e, s.from
	if !s.isNew || s.len > 0 || s.labels != 0 && !s.reuses() || e.pair != 0 || e.self() {
		return false
	}
	o := readSYNOptions(s.p.TCP.Options)
	if o.cookie {
		return false
	}
	e.pair.set(d, uint8(StateSynSent))
	s.synOptions(&o)
	now := clockOf(s.now)
	e.synTime, e.synLast, e.syns = now, e.frameRef(t.places.at()), 1
	t.ask(s)
	e.hops[d] = s.p.IP.HopLimit
	e.next[d] = s.end
	e.window[d], e.ack[d] = s.win, s.ack
	e.flags.set((flagKnown0 | flagEarly0) << d)
	e.complete |= completeSYN
	t.count(s)
	return true
}

// reuses reports whether a segment has one label, that of ports that are used
// again, and keeps it.
func (s *segment) reuses() bool { return s.labels == 1<<PortReuse && s.legible() }

// refuse takes an RST with ACK that answers the SYN of such a connection, and
// reports whether it does.
func (t *Tracker) refuse(s *segment) bool {
	e, d, to := s.e, s.from, s.to
	by := (flagKnown0 | flagAcked0 | flagSyn0 | flagEarly0) << d
	needs := (flagKnown0 | flagBase0 | flagSyn0 | flagEarly0) << to
	if s.len > 0 || s.labels != 0 ||
		e.flags&(needs|by|refusedLacks|flagAcked0<<to) != needs || d == e.client() || e.syns == 0 || t.crowded(e) ||
		s.before[to] != StateSynSent || s.before[d] != StateUnknown || e.self() ||
		s.ack != e.base[to]+1 || s.ack != e.next[to] {
		return false
	}
	s.labels, s.ended = 1<<Refused, true
	e.pair.set(d, uint8(StateClosed))
	after := StateClosed
	if !s.arrives() {
		after = StateUnknown
	}
	e.pair.set(to, uint8(after))
	e.flags.set(flagReset | flagRefused | flagAcked0<<d)
	t.ask(s)
	e.hops[d] = s.p.IP.HopLimit
	e.next[d] = s.end
	e.flags.put(flagKnown0<<d, s.end != 0)
	e.window[d], e.ack[d] = s.win, s.ack
	e.complete |= completeACK | completeRST
	t.count(s)
	return true
}

// scanned reports whether all that a table shows of a connection stands in its
// entry, but for backlog.
func (t *Tracker) scanned(e *entry) bool {
	if e.body != 0 || !t.options.Brief || t.plodding || e.flags.has(flagHandshake|flagCrossed|flagFin0|flagFin1) ||
		!e.flags.has(flagSyn0|flagSyn1) || len(t.heard) > 0 || t.driven.conn != 0 || t.driven.left != 0 || len(t.around.seen) > 0 {
		return false
	}
	return e.state(0) < StateEstablished || e.state(1) < StateEstablished
}

// backlog reports whether others were connected to the server of a connection
// that was not established, though it had the time to be.
func (t *Tracker) backlog(e *entry) bool {
	if t.served.at(e) == 0 {
		return false
	}
	client := e.client()
	return !e.last.Known() || !hasty(uint32(e.syns), capture.Stamp(e.synTime.near(int64(e.last))), t.now, patience(e.endpoint(client), e.endpoint(1-client)))
}

// summarizeScanned is summarize for a scanned connection. What it sets does not
// depend on what c held, where that was set by it too.
func (e *entry) summarizeScanned(c *Connection, at placed, backlog bool) {
	e.summarize(c, at)
	c.Segments = [2]uint64{uint64(e.syns), uint64(e.synAcks)}
	c.Retransmits = [2]uint64{uint64(max(e.syns, 1) - 1), uint64(max(e.synAcks, 1) - 1)}
	c.LabelCounts[Retransmission] = uint32(c.Retransmits[0] + c.Retransmits[1])
	c.LabelCounts[PortReuse] = uint32(e.flags / flagReused & 1)
	c.LabelCounts[Refused] = uint32(e.flags / flagRefused & 1)
	reset := e.flags.has(flagReset)
	by := e.side(e.resetBy())
	if reset {
		c.Segments[by]++
	}
	v := &c.Verdict
	v.Detail, v.By, v.HasBy = "", Client, false
	switch {
	case e.synAck != 0:
		v.Outcome = OutcomeHalfOpen
		if reset {
			v.Detail, v.By, v.HasBy = detailAbandoned, by, true
		}
	case reset && by == Server:
		v.Outcome, v.By, v.HasBy = OutcomeRefused, Server, true
	default:
		v.Outcome = OutcomeNoAnswer
		if c.Segments[Server] > 0 {
			v.Detail = detailStale
		} else if backlog {
			v.Detail = detailBacklog
		}
	}
}
