package conn

import (
	"net/netip"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Limits of what is remembered of questions and answers.
const (
	maxLookups   = 64               // DNS messages that may yet belong to a connection
	lookupWithin = 10 * time.Second // before a connection's SYN
)

// Lookup is a DNS message: a question for the address of a name, or its answer.
type Lookup struct {
	dissect.DNS
	Src, Dst netip.AddrPort
}

// lookups remembers questions for addresses and their answers, which come
// before the connection that they were asked for.
type lookups struct {
	seen [maxLookups]*looked
	next int
	last capture.Stamp // of the newest
	told *Lookup       // an answer over TCP
}

// looked is a message. But for given it is not changed any more: events that
// point to it may be drawn later.
type looked struct {
	Lookup
	at     capture.Stamp
	frame  int64
	file   int
	packet *keptPacket // nil where the frame is too long to keep
	given  bool        // an event was made
}

// lookup takes a packet that may be a DNS message.
func (t *Tracker) lookup(p *dissect.Packet) {
	var m dissect.DNS
	if !dissect.ParseDNS(p.Payload, &m) || !tellsAddress(&m) {
		return
	}
	x := &looked{Lookup: Lookup{DNS: m, Src: p.Src(), Dst: p.Dst()}, at: p.Frame.Time, frame: p.Frame.Number, file: p.Frame.File, packet: keep(p)}
	n := &t.asked
	n.seen[n.next] = x
	n.next = (n.next + 1) % maxLookups
	n.last = x.at
	if len(x.Answers) > 0 {
		t.event(TypeName).DNS = &x.Lookup
	}
	if t.options.Live && x.Response && x.Code != 0 {
		t.failed(x)
	}
}

// tellsAddress reports whether a message is about the address of a name.
func tellsAddress(m *dissect.DNS) bool {
	return len(m.Answers) > 0 || m.Type == dissect.DNSTypeA || m.Type == dissect.DNSTypeAAAA
}

// read takes an answer that came over TCP. It stands before no connection, but
// tells names.
func (n *lookups) read(b []byte) {
	var m dissect.DNS
	if dissect.ParseDNS(b, &m) && len(m.Answers) > 0 {
		n.told = &Lookup{DNS: m}
	}
}

// newest gives the messages, from the last one back.
func (n *lookups) newest(yield func(*looked) bool) {
	for i := range n.seen {
		if x := n.seen[(n.next+maxLookups-1-i)%maxLookups]; x == nil || !yield(x) {
			return
		}
	}
}

// lookedUp gives out, before a connection's first segment, the question and
// the answer that told its client where the server is.
func (t *Tracker) lookedUp(r *recentConn) {
	n := &t.asked
	if t.now.Sub(n.last) > lookupWithin {
		return
	}
	for x := range n.newest {
		if x.given || !x.Response || x.at > t.now || t.now.Sub(x.at) > lookupWithin || !x.tells(r.server.Addr()) || !forWhom(x.Dst.Addr(), r.client.Addr()) {
			continue
		}
		t.asAsked(x, r)
		return
	}
}

// tells reports whether an answer gives an address.
func (x *looked) tells(a netip.Addr) bool {
	for i := range x.Answers {
		if x.Answers[i].Addr == a && !x.Answers[i].Pointer {
			return true
		}
	}
	return false
}

// forWhom reports whether an answer to one address may have been awaited by a
// program that connects from another: a resolver on this machine is asked over
// loopback, and mDNS answers go to all.
func forWhom(asker, client netip.Addr) bool {
	return asker == client || asker.IsLoopback() || asker.IsMulticast()
}

// failed gives out an answer that no connection will come of.
func (t *Tracker) failed(x *looked) { t.asAsked(x, &recentConn{first: x.at}) }

// asAsked gives out an answer, and its question first.
func (t *Tracker) asAsked(x *looked, r *recentConn) {
	for q := range t.asked.newest {
		if !q.Response && !q.given && q.ID == x.ID && q.Type == x.Type && q.at <= x.at &&
			strings.EqualFold(q.Name, x.Name) && q.Src == x.Dst && q.file == x.file {
			t.giveLookup(q, r)
			break
		}
	}
	t.giveLookup(x, r)
}

// giveLookup makes the event of a DNS message.
func (t *Tracker) giveLookup(x *looked, r *recentConn) {
	ev := t.event(TypeDNS)
	ev.Conn, ev.Client, ev.Server = r.conn, r.client, r.server
	ev.Time, ev.Frame, ev.File = x.at, x.frame, x.file
	ev.Since, ev.Delta = x.at.Sub(t.start), x.at.Sub(r.first)
	ev.DNS = &x.Lookup
	if x.packet != nil {
		ev.Packet = &x.packet.packet
	}
	x.given = true
}

// stayed names the program that went on when the other one had closed and got an
// RST for it; "" where that is not known. t.facts has been filled.
func (t *Tracker) stayed(c *Connection) string {
	f := &t.facts
	if t.options.Program == nil || t.options.Brief || f.rst == 0 || f.fin[f.rstBy] == 0 {
		return ""
	}
	two := [2]netip.AddrPort{Client: c.Client, Server: c.Server}
	return t.options.Program(two[f.rstBy.Other()], two[f.rstBy])
}
