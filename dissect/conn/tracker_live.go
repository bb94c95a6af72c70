package conn

import (
	"fmt"
	"net/netip"
	"time"

	"tcpsee/capture"
)

// The times after which is looked what is awaited, while silence lasts. What was
// said of it is not said again.
const (
	firstWait = 3 * time.Second
	maxWait   = 60 * time.Second
)

// silence is how long nothing has come.
type silence struct {
	last capture.Stamp // when something did
	next time.Duration // after it, when that is said
	said string        // of it
}

func (s *silence) heard(at capture.Stamp) { *s = silence{last: at, next: firstWait} }

// driven is what the socket calls tell.
type driven struct {
	listening netip.AddrPort
	listens   bool
	accepted  bool // accept() has come back since
	remote    netip.AddrPort
	connects  capture.Stamp // when connect() to remote was called last
	conn      int64         // the connection that the last call was about
	last      capture.Stamp
	errName   string
	errCall   string
	left      int64 // the connection whose socket was closed last while its SYN had no answer
}

// Call takes a socket call of an end that is driven or traced. at is when it
// happened by the clock that stamps frames.
func (t *Tracker) Call(c *Call, at capture.Stamp) []Event {
	t.begin(at)
	ev := t.event(TypeCall)
	ev.Time, ev.Since, ev.From, ev.Call = at, at.Sub(t.start), c.From, c
	ev.Client, ev.Server = c.Local, c.Remote
	if c.From == Server {
		ev.Client, ev.Server = ev.Server, ev.Client
	}
	d := &t.driven
	d.last = at
	if c.Remark != "" {
		ev.Type, ev.Text, ev.Call = TypeRemark, c.Remark, nil
	}
	switch {
	case c.Name == "listen" && c.Phase != PhaseEntry && c.Error == "":
		d.listening, d.listens, d.accepted = c.Local, true, false
	case (c.Name == "accept" || c.Name == "accept4") && c.Phase != PhaseEntry && c.Error == "":
		d.accepted = true
	case c.Name == "connect" && c.Remote.IsValid():
		d.remote = c.Remote
		if c.Phase != PhaseReturn {
			d.connects = at
		}
	case c.Name == "close" && !c.Shared && c.Remote == (netip.AddrPort{}) && c.From == Server:
		d.listens = false
	}
	t.socketClosed(c, at)
	if e := t.concerned(c); e != nil {
		client := e.client()
		ev.Conn = int64(e.number.get())
		ev.Client, ev.Server = e.endpoint(client), e.endpoint(1-client)
		ev.Delta = at.Sub(e.first)
		if c.Error != "" && c.Result != "" {
			d.conn, d.errName, d.errCall = ev.Conn, c.Result, c.Name
		}
		if c.Name == "close" && e.unanswered() {
			d.left = ev.Conn
		}
		ev.States = [2]State{e.state(client), e.state(1 - client)}
		ev.Before = ev.States
	}
	return t.events
}

// listensAt reports whether a call has said that a server listens there.
func (d *driven) listensAt(a netip.AddrPort) bool {
	return d.listens && d.listening.Port() == a.Port() &&
		(!d.listening.Addr().IsValid() || d.listening.Addr().IsUnspecified() || d.listening.Addr().Unmap() == a.Addr())
}

// concerned returns the connection that a call is about, nil where none is
// known yet.
func (t *Tracker) concerned(c *Call) *entry {
	if !c.Local.IsValid() || !c.Remote.IsValid() {
		return t.latestWith(c.Remote)
	}
	k, _ := keyOfPair(endsOf(c))
	return t.inNetwork(0, &k, !c.Local.Addr().Unmap().Is4()) // a socket's own packets carry no tag
}

// latestWith returns the connection that began last and has that endpoint.
func (t *Tracker) latestWith(remote netip.AddrPort) *entry {
	n := &t.around
	for i := range n.recent {
		r := &n.recent[(n.next+maxRecent-1-i)%maxRecent]
		if r.conn == 0 || !remote.IsValid() || remote != r.server && remote != r.client {
			continue
		}
		k, _ := keyOfPair(r.client, r.server)
		if e := t.inNetwork(r.network, &k, !r.client.Addr().Is4()); e != nil {
			if remote == t.driven.remote && e.first < t.driven.connects {
				return nil // an earlier one: this one has sent nothing
			}
			return e
		}
	}
	return nil
}

// Tick tells the time while nothing arrives, so that silence can be said.
func (t *Tracker) Tick(now capture.Stamp) []Event {
	t.begin(now)
	t.leave()
	s := &t.silence
	if !t.options.Live {
		return t.events
	}
	if !s.last.Known() {
		s.heard(now)
	}
	if now.Sub(s.last) < s.next {
		return t.events
	}
	s.next = min(s.next*2, s.next+maxWait)
	ev := t.event(TypeWait)
	ev.Time, ev.Since = now, now.Sub(t.start)
	ev.Text = t.awaited(ev)
	if ev.Text == s.said {
		return t.events[:len(t.events)-1]
	}
	s.said = ev.Text
	return t.events
}

// awaited says what nothing has come of, and fills ev with the connection.
func (t *Tracker) awaited(ev *Event) string {
	n := &t.around
	r := &n.recent[(n.next+maxRecent-1)%maxRecent]
	if r.conn == 0 {
		r = &n.older
	}
	var e *entry
	if r.conn != 0 {
		k, _ := keyOfPair(r.client, r.server)
		e = t.inNetwork(r.network, &k, !r.client.Addr().Is4())
	}
	switch {
	case e == nil && r.conn == 0:
		return t.nothingYet()
	case e == nil:
		return "nothing more has come"
	}
	c := e.client()
	ev.Conn, ev.Client, ev.Server = int64(e.number.get()), e.endpoint(c), e.endpoint(1-c)
	ev.States = [2]State{e.state(c), e.state(1 - c)}
	ev.Before = ev.States
	switch {
	case e.flags.has(flagQueued), e.unanswered() && t.reported(e):
		if text := t.askedSince(e.last); text != "" {
			ev.Conn, ev.Client, ev.Server = 0, netip.AddrPort{}, netip.AddrPort{}
			ev.States = [2]State{}
			ev.Before = ev.States
			return text
		}
		return "nothing more has come"
	case e.self() && e.flags.has(flagSynAck):
		return "the socket is connected to itself: nobody else will answer"
	case e.oneWay():
		d := e.tail.by()
		if e.flags.of(flagSyn0, d) && e.state(d) >= StateEstablished {
			return fmt.Sprintf("only what the %s sends is captured: whether the %s answers cannot be seen", e.side(d), e.side(1-d))
		}
		return fmt.Sprintf("nothing of the %s was captured: it is silent, or what it sends does not pass here", e.side(1-d))
	case !e.flags.has(flagSynAck) && e.syns > 0:
		text := fmt.Sprintf("%s, no answer yet", plural(uint32(e.syns), "SYN"))
		if h := t.heard[ev.Conn]; h.full {
			text += fmt.Sprintf(": the server's queue is full (%d in it, listen() was told %d)", h.waiting, h.room)
		}
		return text
	case e.flags.has(flagSynAck) && !e.flags.has(flagHandshake):
		return "the SYN-ACK is not acknowledged yet"
	case t.driven.listensAt(e.endpoint(1-c)) && !t.driven.accepted:
		return "waiting for the server to accept"
	}
	for d := range 2 {
		if n := e.inFlight(d); n > 0 {
			return fmt.Sprintf("%s of the %s not acknowledged yet", plural(n, "byte"), e.side(d))
		}
	}
	return "both ends are silent"
}

// oneWay reports whether one direction alone was captured so far, though its
// sender has heard of the other: it acknowledges something.
func (e *entry) oneWay() bool {
	d := e.tail.by()
	return !e.flags.of(flagKnown0, 1-d) && e.flags.of(flagAcked0, d)
}

// unanswered reports whether nothing but SYNs of the client has come.
func (e *entry) unanswered() bool { return e.syns > 0 && !e.flags.has(flagSynAck) }

// reported reports whether an ICMP error has spoken of the connection.
func (t *Tracker) reported(e *entry) bool {
	if e.body == 0 {
		return false
	}
	n := t.bodies.at(e.body).ledger
	return n != 0 && t.ledgers.at(n).icmpCount > 0
}

// nothingYet says what is awaited before the first connection.
func (t *Tracker) nothingYet() string {
	if text := t.askedSince(capture.NoTime); text != "" {
		return text
	}
	if text := t.onlyDatagrams(); text != "" {
		return text
	}
	if t.driven.listens {
		return fmt.Sprintf("nothing has arrived on port %d", t.driven.listening.Port())
	}
	return "nothing has arrived"
}

// askedSince says which address was asked for last, and since when in vain; it
// is "" for none.
func (t *Tracker) askedSince(since capture.Stamp) string {
	asked := 0
	var whom netip.Addr
	for i := range t.around.seen {
		if x := &t.around.seen[i]; !x.Reply && !x.answered && x.at > since {
			if x.Target != whom {
				asked, whom = 0, x.Target
			}
			asked++
		}
	}
	if asked == 0 {
		return ""
	}
	return fmt.Sprintf("%s for the link address of %s, no answer yet", plural(uint32(asked), "question"), whom)
}
