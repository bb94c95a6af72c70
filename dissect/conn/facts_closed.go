package conn

import (
	"time"

	"tcpsee/capture"
)

// Most connections that leave were opened and closed as they should be. Of
// these a table asks little, and summarizeClosed fills it without gathering the
// facts that a sentence is made from. A test holds that it is the same.

// closedWell reports whether summarizeClosed tells what a table shows of a
// connection.
func (t *Tracker) closedWell(e *entry) bool {
	const needs = flagHandshake | flagFin0 | flagFin1 | flagSyn0 | flagSyn1
	if e.body == 0 || !t.options.Brief || t.options.Measures || t.plodding || e.flags&(needs|flagCrossed|flagReset) != needs ||
		e.syns != 1 || len(t.heard) > 0 || t.driven.conn != 0 || e.self() || !e.first.Known() || !e.last.Known() {
		return false
	}
	b, a := t.bodies.at(e.body), t.appOf(e)
	return b.ledger == 0 && b.fin[0] != 0 && b.fin[1] != 0 && (a == nil || a.untroubled(b.fin[e.client()] < b.fin[1-e.client()]))
}

// appOf returns what reads a connection's layer 7, nil where there is nothing to
// read. The connection has a body.
func (t *Tracker) appOf(e *entry) *app {
	if int(e.body) <= len(t.apps) {
		return t.apps[e.body-1]
	}
	return nil
}

// untroubled reports whether layer 7 has nothing to say of a connection that was
// closed, and first by its client or not (see application).
func (a *app) untroubled(clientFirst bool) bool {
	if a.trouble != nil || a.status >= 400 {
		return false
	}
	if a.proto != protoHTTP { // a ClientHello may have no answer, or one that the client did not like
		return a.tongues[Client] != tongueHello || a.tongues[Server] != tongueNone && !a.halfTLS()
	}
	var f appFacts
	a.unfinished(&f)
	return a.requests <= a.responses && !f.incomplete && f.bodyMissing == 0 && f.answerCut == 0 && !f.chunksCut && f.headAt == 0 && !(f.unmeasured && clientFirst == (a.requester == Client))
}

// summarizeClosed is summarize for such a connection. What it sets does not
// depend on what c held, where that was set by it too.
func (t *Tracker) summarizeClosed(c *Connection, e *entry) {
	b, client := t.bodies.at(e.body), e.client()
	server := 1 - client
	e.summarize(c, t.placed(e))
	c.IRTT, c.HalfRTT = time.Duration(b.irtt.bits()), e.halves(b)
	c.Segments = [2]uint64{uint64(b.segments[client]), uint64(b.segments[server])}
	c.Bytes = [2]uint64{b.bytes[client].get(), b.bytes[server].get()}
	c.Unique = c.Bytes
	c.App = ""
	if a := t.appOf(e); a != nil {
		c.App = a.name()
	}
	c.LabelCounts = [labelCount]uint32{}
	for l := b.once; l != 0; l &= l - 1 {
		c.LabelCounts[trailing(l)] = 1
	}
	v := &c.Verdict
	v.Outcome, v.Detail, v.By, v.HasBy = OutcomeClosed, "", Client, true
	first, second := client, server // to send FIN
	if b.fin[server] < b.fin[client] {
		v.By, first, second = Server, server, client
	}
	switch {
	case b.finAcked[0] != 0 && b.finAcked[1] != 0 && b.finAcked[first] > b.fin[second]:
		v.Detail, v.HasBy = detailSimultaneous, false
	case v.By == Server && b.dataFirst[0] == 0 && b.dataFirst[1] == 0:
		began, ended := e.first+capture.Stamp(b.irtt.bits()), capture.Stamp(b.ended.near(int64(e.last)))
		if began != 0 && ended.Sub(began) >= idleAfter && t.allSeen(e, b, 0) && t.allSeen(e, b, 1) {
			v.Detail = detailIdle
		}
	}
}
