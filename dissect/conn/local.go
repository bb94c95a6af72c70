package conn

import "net/netip"

// Listener is a socket of this machine that listens on a port.
type Listener struct {
	Addr          netip.Addr // unspecified for every address
	Waiting, Room uint32     // connections that wait to be accepted, and how many may: one more fills the queue (listen(2))
}

// maxHeard is how many connections at once something is remembered of that the
// local system said.
const maxHeard = 1024

// heard is what the local system says of the port that a connection was
// refused at, or that did not answer.
type heard struct {
	boundTo       netip.Addr
	full          bool
	waiting, room uint32
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
	if !mine || len(list) == 0 {
		return
	}
	h := heard{boundTo: list[0].Addr}
	for _, l := range list {
		if l.Addr.IsUnspecified() && (l.Addr.Is6() || l.Addr.Is4() == server.Addr().Is4()) || l.Addr == server.Addr() {
			h = heard{full: l.Waiting > l.Room, waiting: l.Waiting, room: l.Room}
			break
		}
		if l.Addr.IsLoopback() {
			h.boundTo = l.Addr
		}
	}
	if h.boundTo.IsValid() != s.labels.Has(Refused) || again && !h.full {
		return
	}
	if t.heard == nil {
		t.heard = make(map[int64]heard)
	}
	if len(t.heard) < maxHeard {
		t.heard[int64(e.number.get())] = h
	}
}
