package conn

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Limits of what is remembered of neighbour packets.
const (
	maxNeighbours = 64 // that were seen and may yet belong to a connection
	maxRecent     = 16 // connections that a neighbour packet may belong to

	maxNeighbourFrame = 2048 // bytes of a frame that is remembered with them; longer ones are not
)

// neighbours remembers questions for link addresses and their answers, which
// come before the connection that asks.
type neighbours struct {
	seen   []asked // oldest first
	recent [maxRecent]recentConn
	next   int
}

type asked struct {
	dissect.Neighbour
	at       capture.Stamp
	gap      time.Duration // since the frame before
	frame    int64
	file     int
	packet   *keptPacket // nil where the frame is too long to keep
	given    bool        // an event was made
	answered bool
}

// keptPacket is a packet that outlives its frame.
type keptPacket struct {
	packet dissect.Packet
	frame  capture.Frame
	data   []byte
}

// keep copies a packet. Its memory is not used again: an event that points to it
// may be drawn later.
func keep(p *dissect.Packet) *keptPacket {
	if len(p.Frame.Data) > maxNeighbourFrame {
		return nil
	}
	k := new(keptPacket)
	k.data = append(k.data[:0], p.Frame.Data...)
	k.frame = *p.Frame
	k.frame.Data, k.frame.Comments = k.data, slices.Clone(p.Frame.Comments)
	var d dissect.Decoder
	d.Decode(&k.frame, &k.packet)
	return k
}

// recentConn is a connection that began not long ago.
type recentConn struct {
	conn           int64
	client, server netip.AddrPort
	first          capture.Stamp
	network        uint64 // see split
}

// neighbour takes ARP or neighbour discovery.
func (t *Tracker) neighbour(p *dissect.Packet) {
	if !p.Neighbour.Reply && p.Neighbour.Sender.IsUnspecified() {
		return // whether its own new address is free (RFC 4862, section 5.4; RFC 5227): silence is right
	}
	n := &t.around
	x := asked{Neighbour: p.Neighbour, at: p.Frame.Time, gap: p.Frame.Time.Sub(t.before), frame: p.Frame.Number, file: p.Frame.File}
	if x.Reply {
		for i := range n.seen {
			if q := &n.seen[i]; !q.Reply && q.Target == x.Sender {
				q.answered = true
			}
		}
	}
	for i := range n.recent {
		if r := &n.recent[(n.next+maxRecent-1-i)%maxRecent]; r.conn != 0 && x.concerns(r.client.Addr(), r.server.Addr()) {
			ev := t.giveNeighbour(&x, r)
			ev.Packet = p
			break
		}
	}
	if !x.given && (t.options.Live || n.answers(&x)) {
		ev := t.giveNeighbour(&x, &recentConn{first: p.Frame.Time})
		ev.Packet = p
	}
	if len(n.seen) == maxNeighbours {
		n.seen = append(n.seen[:0], n.seen[1:]...)
	}
	x.packet = keep(p)
	n.seen = append(n.seen, x)
}

// concerns reports whether a neighbour packet asks for or tells about one of
// two addresses.
func (x *asked) concerns(a, b netip.Addr) bool {
	return x.Target == a || x.Target == b || x.Sender == a || x.Sender == b
}

// giveNeighbour makes the event of a neighbour packet.
func (t *Tracker) giveNeighbour(x *asked, r *recentConn) *Event {
	ev := t.event(TypeNeighbour)
	ev.Conn, ev.Client, ev.Server = r.conn, r.client, r.server
	ev.Time, ev.Frame, ev.File = x.at, x.frame, x.file
	ev.Since, ev.Delta, ev.SinceFrame = x.at.Sub(t.start), x.at.Sub(r.first), x.gap
	ev.Neighbour = x.Neighbour
	if x.packet != nil {
		ev.Packet = &x.packet.packet
	}
	x.given = true
	return ev
}

// announce gives out, before a connection's first segment, the neighbour
// packets about its ends.
func (t *Tracker) announce(s *segment) {
	if s.flags&dissect.SYN == 0 {
		return
	}
	n := &t.around
	e := s.e
	r := &n.recent[n.next]
	n.next = (n.next + 1) % maxRecent
	*r = recentConn{conn: int64(e.number.get()), first: e.first, network: t.network()}
	r.client, r.server = s.p.Src(), s.p.Dst()
	if s.from != e.client() {
		r.client, r.server = r.server, r.client
	}
	t.lookedUp(r)
	for i := range n.seen {
		if x := &n.seen[i]; !x.given && (x.concerns(r.client.Addr(), r.server.Addr()) || n.answers(x)) {
			t.giveNeighbour(x, r)
		}
	}
}

// answers reports whether a reply is to a question that an event was made of:
// that of a router's address names neither end of the connection.
func (n *neighbours) answers(x *asked) bool {
	if !x.Reply {
		return false
	}
	for i := range n.seen {
		if q := &n.seen[i]; !q.Reply && q.given && q.Target == x.Target && q.at <= x.at {
			return true
		}
	}
	return false
}

// addresses fills whether the server's link address was asked for in vain.
func (t *Tracker) addresses(c *Connection, f *facts) {
	for i := range t.around.seen {
		x := &t.around.seen[i]
		if x.Reply || x.answered || x.Target != c.Server.Addr() {
			continue
		}
		f.unresolved = x.Target
		f.asked = append(f.asked, x.frame)
	}
}

// unanswered gives out what was asked in vain and belongs to no connection:
// where nobody has the address, no SYN is ever sent.
func (t *Tracker) unanswered() {
	n := &t.around
	for i := range n.seen {
		x := &n.seen[i]
		if x.Reply || x.answered || x.given && !t.options.Live {
			continue
		}
		times := 0
		for j := range n.seen {
			if y := &n.seen[j]; !y.Reply && y.Target == x.Target {
				times++
				if !y.given {
					t.giveNeighbour(y, &recentConn{first: y.at})
				}
				y.answered = true // said once
			}
		}
		ev := t.event(TypeWait)
		ev.Time, ev.Since = t.now, t.now.Sub(t.start)
		ev.Text = fmt.Sprintf("nobody answers for %s: asked %s, no answer came. Is the address right, and that machine on?", x.Target, plural(uint32(times), "time"))
	}
}

// icmp takes an ICMP error that quotes a TCP segment.
func (t *Tracker) icmp(p *dissect.Packet) {
	m := &p.ICMP
	if !m.Error || !m.QuotedTCP {
		return
	}
	k, from := keyOfPair(m.QuotedSrc, m.QuotedDst)
	n, e := t.lookUp(t.hash(&k), &k, !m.QuotedSrc.Addr().Is4())
	var none *absent
	first := false
	if e == nil {
		none, first = t.missing(p)
	}
	ev := t.event(TypeICMP)
	ev.Time, ev.Frame, ev.File = p.Frame.Time, p.Frame.Number, p.Frame.File
	ev.Since, ev.SinceFrame = p.Frame.Time.Sub(t.start), p.Frame.Time.Sub(t.before)
	ev.ICMP, ev.ICMPFrom, ev.Packet = *m, p.IP.Src, p
	ev.Client, ev.Server = m.QuotedSrc, m.QuotedDst
	if none != nil {
		ev.Conn, ev.From = none.number, Client
	}
	if first {
		t.endMissing(none, p)
	}
	if e == nil {
		return
	}
	s := &t.seg
	*s = segment{e: e, t: t, number: n, from: from, to: 1 - from, p: p, now: t.nanos}
	if e.body == 0 {
		t.standIn(s)
		t.grow(s)
	} else {
		s.b = t.bodies.at(e.body)
	}
	l := t.ledger(s.b)
	l.icmpFrame = e.frameRef(p.Frame.Number)
	l.icmpVersion, l.icmpType, l.icmpCode, l.icmpMTU = m.Version, m.Type, m.Code, m.MTU
	l.icmpFrom = p.IP.Src.As16()
	l.icmpCount++
	c := e.client()
	ev.Conn, ev.Client, ev.Server = int64(e.number.get()), e.endpoint(c), e.endpoint(1-c)
	ev.From = e.side(from)
	ev.Delta = p.Frame.Time.Sub(e.first)
	ev.Inferred = e.flags.has(flagInferred)
	ev.States = [2]State{e.state(c), e.state(1 - c)}
	ev.Before = ev.States
	if t.options.Live && l.icmpCount == 1 && e.unanswered() { // a file has the rest at hand
		t.sayVerdict(e)
	}
}

// keyOfPair gives the key of two addresses with ports, and what set returns.
func keyOfPair(src, dst netip.AddrPort) (k key, from int) {
	a, b := src.Addr(), dst.Addr()
	from = k.set(&a, &b, src.Port(), dst.Port())
	return k, from
}
