package conn

import (
	"net/netip"

	"tcpsee/capture"
)

// Listener is a socket of this machine that listens on a port.
type Listener struct {
	Addr          netip.Addr // unspecified for every address
	UDP           bool       // it waits for datagrams: TCP's port with that number is another
	Waiting, Room uint32     // connections that wait to be accepted, and how many may: one more fills the queue (listen(2))
}

// socketClosed keeps what the local system said of a socket that an end has closed
// at a time. The last that is said before the end's RST tells why that was sent:
// of a socket that several processes have, only the last close is one of the
// connection.
func (t *Tracker) socketClosed(c *Call, at capture.Stamp) {
	if c.Name != "close" || c.Shared || c.Phase == PhaseEntry || c.Error != "" || !c.Local.IsValid() || !c.Remote.IsValid() {
		return
	}
	x := closedSocket{at: at, closing: c.Closing}
	x.local, x.remote = endsOf(c)
	k, d := keyOfPair(x.local, x.remote)
	e := t.inNetwork(0, &k, !x.local.Addr().Is4())
	if e == nil || e.body == 0 || at > e.last {
		t.shut.add(x) // its frames are still on their way, its RST at least
		return
	}
	t.keepClosing(e, d, c.Closing)
}

func (t *Tracker) keepClosing(e *entry, d int, c Closing) {
	b := t.bodies.at(e.body)
	if b.ledger != 0 || c != (Closing{}) {
		t.ledger(b).closing[d] = c
	}
}

// settleClosings gives a connection what was said of its sockets before its last
// frame was there. The connection has a body.
func (t *Tracker) settleClosings(e *entry) {
	for i := range t.shut.ring {
		x := &t.shut.ring[i]
		k, d := keyOfPair(x.local, x.remote)
		if x.at == 0 || x.at < e.first || x.at > e.last || !e.is(&k) {
			continue
		}
		t.keepClosing(e, d, x.closing)
		*x = closedSocket{}
	}
}

// maxClosings is how many closed sockets are remembered whose frames are still
// to come.
const maxClosings = 64

// closings remembers the last of these, oldest first from next on.
type closings struct {
	ring []closedSocket
	next int
}

type closedSocket struct {
	at            capture.Stamp // 0 where it was told
	local, remote netip.AddrPort
	closing       Closing
}

func (c *closings) add(x closedSocket) {
	if len(c.ring) < maxClosings {
		c.ring = append(c.ring, x)
		return
	}
	c.ring[c.next] = x
	c.next = (c.next + 1) % maxClosings
}

// endsOf returns the endpoints of a call's socket, as its packets have them.
func endsOf(c *Call) (local, remote netip.AddrPort) {
	return netip.AddrPortFrom(c.Local.Addr().Unmap(), c.Local.Port()), netip.AddrPortFrom(c.Remote.Addr().Unmap(), c.Remote.Port())
}

// maxHeard is how many connections at once something is remembered of that the
// local system said.
const maxHeard = 1024

// heard is what the local system says of the port that a connection was
// refused at, or that did not answer.
type heard struct {
	boundTo       netip.Addr
	mine          bool // it did not answer, and is at an address of this machine
	own           bool // it was refused, and is at an address of this machine
	listens       bool // a program listens there, by now where it was refused
	full          bool
	waiting, room uint32
	udp           bool // nobody listens there, and a socket of UDP has a port with that number
}

// ask asks the local system about the server's port, where the segment is a
// refusal or a SYN that had to be sent again.
func (t *Tracker) ask(s *segment) {
	again := s.e.syns > 1 && s.from == s.e.client() && !s.e.flags.has(flagSynAck)
	if t.options.Listening == nil || !s.labels.Has(Refused) && !again {
		return
	}
	e := s.e
	server := e.endpoint(1 - e.client())
	list, mine := t.options.Listening(server)
	if !mine {
		return
	}
	h := heard{mine: again, own: !again}
	for _, l := range list {
		if l.UDP {
			h.udp = true
			continue
		}
		if l.Addr.IsUnspecified() && (l.Addr.Is6() || l.Addr.Is4() == server.Addr().Is4()) || l.Addr == server.Addr() {
			h = heard{mine: again, own: !again, listens: true, full: l.Waiting > l.Room, waiting: l.Waiting, room: l.Room}
			break
		}
		if !again && (!h.boundTo.IsValid() || l.Addr.IsLoopback()) {
			h.boundTo = l.Addr
		}
	}
	number := int64(e.number.get())
	if again && t.heard[number].full && !h.full || t.options.Brief && !again && !h.boundTo.IsValid() && !h.udp && !h.listens {
		return
	}
	if t.heard == nil {
		t.heard = make(map[int64]heard)
	}
	if len(t.heard) < maxHeard {
		t.heard[number] = h
	}
}
