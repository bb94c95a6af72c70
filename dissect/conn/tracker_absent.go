package conn

import (
	"net/netip"

	"tcpsee/dissect"
)

// absent is a connection of which no segment was ever sent, since nobody
// answers for the address: the system tells itself so by ICMP.
type absent struct {
	number         int64
	client, server netip.AddrPort
}

// missing returns the connection that an ICMP error to oneself is about, of
// which no segment was seen and whose server's link address was asked for in
// vain. Its questions are given out; first is whether it is new.
func (t *Tracker) missing(p *dissect.Packet) (a *absent, first bool) {
	m := &p.ICMP
	self := p.IP.Src == m.QuotedSrc.Addr()
	if !self || m.Version == 4 && m.Type != icmpUnreachable || m.Version == 6 && m.Type != icmp6Unreachable {
		return nil, false
	}
	if t.absent.number != 0 && t.absent.client == m.QuotedSrc && t.absent.server == m.QuotedDst {
		return &t.absent, false
	}
	if !t.around.inVain(m.QuotedDst.Addr()) {
		return nil, false
	}
	t.stats.Connections++
	t.absent = absent{t.stats.Connections, m.QuotedSrc, m.QuotedDst}
	r := &recentConn{conn: t.absent.number, client: m.QuotedSrc, server: m.QuotedDst, first: p.Frame.Time}
	for i := range t.around.seen {
		x := &t.around.seen[i]
		if x.Reply || x.answered || x.Target != m.QuotedDst.Addr() {
			continue
		}
		if x.at.Known() && x.at < r.first {
			r.first = x.at
		}
		if !x.given {
			t.giveNeighbour(x, r)
		}
	}
	return &t.absent, true
}

// inVain reports whether an address was asked for and nobody answered.
func (n *neighbours) inVain(a netip.Addr) bool {
	for i := range n.seen {
		if x := &n.seen[i]; !x.Reply && !x.answered && x.Target == a {
			return true
		}
	}
	return false
}

// endMissing gives out what became of a connection that never was.
func (t *Tracker) endMissing(a *absent, p *dissect.Packet) {
	c := t.connection(filledWhole)
	c.Number, c.Client, c.Server = a.number, a.client, a.server
	c.First, c.Last, c.FirstFrame, c.LastFrame = p.Frame.Time, p.Frame.Time, p.Frame.Number, p.Frame.Number
	c.File, c.LastFile = p.Frame.File, p.Frame.File
	m := &p.ICMP
	t.facts = facts{icmp: icmpFact{frame: t.places.at(), version: m.Version, kind: m.Type, code: m.Code, from: p.IP.Src, count: 1}}
	t.facts.files = fileFacts{places: &t.places, names: t.options.Files}
	t.addresses(c, &t.facts)
	for i := range t.around.seen {
		x := &t.around.seen[i]
		if len(t.facts.asked) > 0 && x.place == t.facts.asked[0] {
			c.First, c.FirstFrame, c.File = x.at, x.frame, x.file
		}
		if !x.Reply && x.Target == a.server.Addr() {
			x.answered = true // said now
		}
	}
	c.Verdict = judge(c, &t.facts, t.options.Brief)
	describeEnd(t.event(TypeEnd), c, t.start)
}
