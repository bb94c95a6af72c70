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
	older  recentConn // of live captures: the last to be seen that had begun before
}

type asked struct {
	dissect.Neighbour
	at       capture.Stamp
	gap      time.Duration // since the frame before
	frame    int64
	file     int
	place    place
	packet   *keptPacket // nil where the frame is too long to keep
	of       recentConn  // that the event, where given, stands in
	given    bool        // an event was made
	answered bool
	told     bool // that nobody answers was said, or is a verdict's to say, or the address spoke afterwards
	spoke    bool // the address did, before
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
	x := asked{Neighbour: p.Neighbour, at: p.Frame.Time, gap: p.Frame.Time.Sub(t.before), frame: p.Frame.Number, file: p.Frame.File, place: t.places.at()}
	if x.Reply {
		for i := range n.seen {
			if q := &n.seen[i]; !q.Reply && q.Target == x.Sender {
				q.answered = true
			}
		}
	}
	r := t.belongs(&x)
	if r == nil {
		r = n.answers(&x)
	}
	if r == nil && t.options.Live {
		r = &recentConn{first: p.Frame.Time}
	}
	if r != nil {
		ev := t.giveNeighbour(&x, r)
		ev.Packet = p
	}
	if len(n.seen) == maxNeighbours {
		n.seen = append(n.seen[:0], n.seen[1:]...)
	}
	x.packet = keep(p)
	n.seen = append(n.seen, x)
}

// belongs returns the connection, of those that began last, that a neighbour
// packet belongs to: it has the address that the packet is about at one end. One
// that still goes on may have the asker there too, which then looks for its way
// to the other; after the end the asker may want whatever else.
func (t *Tracker) belongs(x *asked) *recentConn {
	n := &t.around
	var closed, asker *recentConn
	for i := range n.recent {
		r := &n.recent[(n.next+maxRecent-1-i)%maxRecent]
		if r.conn == 0 {
			continue
		}
		about, asks := r.has(x.Target), r.has(x.Sender)
		switch {
		case !about && !asks:
		case t.goesOn(r) && about:
			return r
		case about && closed == nil:
			closed = r
		case !about && asker == nil && t.goesOn(r):
			asker = r
		}
	}
	if closed != nil {
		return closed
	}
	return asker
}

// has reports whether a is an end of the connection.
func (r *recentConn) has(a netip.Addr) bool { return r.client.Addr() == a || r.server.Addr() == a }

// goesOn reports whether a connection is remembered and not closed.
func (t *Tracker) goesOn(r *recentConn) bool {
	k, _ := keyOfPair(r.client, r.server)
	e := t.inNetwork(r.network, &k, !r.client.Addr().Is4())
	return e != nil && int64(e.number.get()) == r.conn && !e.flags.has(flagQueued)
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
	x.given, x.of = true, *r
	return ev
}

// announce gives out, before a connection's first segment, the neighbour
// packets about its ends.
func (t *Tracker) announce(s *segment) {
	n := &t.around
	r := &n.older
	if s.flags&dissect.SYN != 0 {
		r = &n.recent[n.next]
		n.next = (n.next + 1) % maxRecent
	} else if !t.options.Live {
		return
	}
	e := s.e
	*r = recentConn{conn: int64(e.number.get()), first: e.first, network: t.network()}
	r.client, r.server = s.p.Src(), s.p.Dst()
	if s.from != e.client() {
		r.client, r.server = r.server, r.client
	}
	if r == &n.older {
		return
	}
	t.lookedUp(r)
	for i := range n.seen {
		// What was asked for in vain opened no way to this connection.
		x := &n.seen[i]
		if !x.given && (r.has(x.Target) || r.has(x.Sender) && x.answered || n.answers(x) != nil) {
			t.giveNeighbour(x, r)
		}
	}
}

// answers returns the connection of the question that a reply is to, where an
// event was made of that: that of a router's address names neither end. It is
// nil for none.
func (n *neighbours) answers(x *asked) *recentConn {
	if !x.Reply {
		return nil
	}
	for i := len(n.seen) - 1; i >= 0; i-- {
		if q := &n.seen[i]; !q.Reply && q.given && q.Target == x.Target && q.at <= x.at {
			return &q.of
		}
	}
	return nil
}

// addresses fills whether the server's link address was asked for in vain. What
// was asked before the SYN is no matter of it: that has found its way, so that
// the answer was not captured, or the question was somebody else's.
func (t *Tracker) addresses(c *Connection, f *facts) {
	for i := range t.around.seen {
		x := &t.around.seen[i]
		if x.Reply || x.answered || x.Target != c.Server.Addr() || x.place < f.synFirst {
			continue
		}
		f.unresolved = x.Target
		f.asked = append(f.asked, x.place)
		f.files.spread = f.files.spread || x.file != c.File
	}
}

// askedAgain is how often an address that has spoken must be asked for in vain,
// before it is said that it is gone: the capture may end before the answer.
const askedAgain = 2

// unanswered gives out what was asked in vain and is no matter of a verdict:
// where nobody has the address, no SYN is ever sent.
func (t *Tracker) unanswered() {
	t.vouchAll()
	n := &t.around
	for i := range n.seen {
		x := &n.seen[i]
		if x.Reply || x.answered || x.told {
			continue
		}
		asked := 0
		for j := i; j < len(n.seen); j++ {
			if y := &n.seen[j]; x.alike(y) {
				asked++
				y.told = true // once
			}
		}
		if x.spoke && asked < askedAgain {
			continue
		}
		for j := i; j < len(n.seen); j++ {
			if y := &n.seen[j]; x.alike(y) && !y.given {
				t.giveNeighbour(y, &recentConn{first: y.at})
			}
		}
		ev := t.event(TypeWait)
		ev.Time, ev.Since = t.now, t.now.Sub(t.start)
		ev.Text = fmt.Sprintf("nobody answers for %s: asked %s, no answer came. Is the address right, and that machine on?", x.Target, times(asked))
	}
}

// alike reports whether y asks in vain for the same address.
func (x *asked) alike(y *asked) bool { return !y.Reply && !y.answered && y.Target == x.Target }

// vouchAll vouches for the ends of all connections that are left.
func (t *Tracker) vouchAll() {
	open := false
	for i := range t.around.seen {
		x := &t.around.seen[i]
		open = open || !x.Reply && !x.answered && !x.told
	}
	for i := uint32(1); open && i <= t.entries.used; i++ {
		if e := t.entries.at(i); e.number != (count40{}) {
			t.vouch(e)
		}
	}
}

// vouch marks what was asked in vain, as far as a connection shows that there
// is somebody after all, or its verdict says that there is not.
func (t *Tracker) vouch(e *entry) {
	waits := e.unanswered() && !e.flags.has(flagReset) // for the server
	for i := range t.around.seen {
		x := &t.around.seen[i]
		if x.Reply || x.answered || x.told {
			continue
		}
		for d := range 2 {
			if x.Target == e.endpoint(d).Addr() {
				silent := waits && d != e.client()
				x.told = x.told || silent || x.at <= e.last
				x.spoke = x.spoke || !silent
			}
		}
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
	if m.Lost() {
		t.noteICMP(e, n, from, p)
	}
	c := e.client()
	ev.Conn, ev.Client, ev.Server = int64(e.number.get()), e.endpoint(c), e.endpoint(1-c)
	ev.From = e.side(from)
	ev.Delta = p.Frame.Time.Sub(e.first)
	ev.Inferred = e.flags.has(flagInferred)
	ev.States = [2]State{e.state(c), e.state(1 - c)}
	ev.Before = ev.States
	if t.options.Live && m.Lost() && e.unanswered() && e.tail&tailTold == 0 { // a file has the rest at hand
		t.sayVerdict(e)
	}
}

// noteICMP keeps of an ICMP error what its connection's verdict tells.
func (t *Tracker) noteICMP(e *entry, n uint32, from int, p *dissect.Packet) {
	m := &p.ICMP
	s := &t.seg
	*s = segment{e: e, t: t, number: n, from: from, to: 1 - from, p: p, now: t.nanos}
	if e.body == 0 {
		t.standIn(s)
		t.grow(s)
	} else {
		s.b = t.bodies.at(e.body)
	}
	l := t.ledger(s.b)
	l.icmpFrame = e.frameRef(t.places.at())
	if int(e.file) != p.Frame.File {
		e.tail |= tailSpread
	}
	if l.icmpFrom != p.IP.Src.As16() || l.icmpVersion != m.Version || l.icmpType != m.Type || l.icmpCode != m.Code {
		l.icmpCount = 0
	}
	l.icmpVersion, l.icmpType, l.icmpCode, l.icmpMTU = m.Version, m.Type, m.Code, m.MTU
	l.icmpFrom, l.icmpVia = p.IP.Src.As16(), [16]byte{}
	if m.QuotedVia.IsValid() {
		l.icmpVia = m.QuotedVia.As16()
	}
	l.icmpCount++
}

// keyOfPair gives the key of two addresses with ports, and what set returns.
func keyOfPair(src, dst netip.AddrPort) (k key, from int) {
	a, b := src.Addr(), dst.Addr()
	from = k.set(&a, &b, src.Port(), dst.Port())
	return k, from
}
