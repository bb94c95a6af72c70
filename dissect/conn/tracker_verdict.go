package conn

import "tcpsee/capture"

// sayVerdict gives out a TypeVerdict event for a connection of which all is
// said: both FINs are acknowledged, or an RST or an ICMP error came. Who watches
// need not wait until it leaves, and from one end, where nobody sees the last
// ACK arrive, would wait for long.
func (t *Tracker) sayVerdict(e *entry) {
	if !t.options.Verdicts {
		return
	}
	ev := t.event(TypeVerdict)
	describeEnd(ev, t.summary(e), t.start)
	e.tail |= tailTold
}

// Renew judges the connection of a TypeVerdict event that was not shown yet once
// more, where it is still there: socket calls have been told since.
func (t *Tracker) Renew(ev *Event) {
	k, _ := keyOfPair(ev.Client, ev.Server)
	if e := t.inNetwork(0, &k, !ev.Client.Addr().Is4()); e != nil && int64(e.number.get()) == ev.Conn {
		ev.Connection = t.summary(e)
	}
}

// describeEnd fills an event that carries a connection as it is now, in a
// capture that began at start.
func describeEnd(ev *Event, c *Connection, start capture.Stamp) {
	ev.Conn, ev.Client, ev.Server, ev.Inferred = c.Number, c.Client, c.Server, c.Inferred
	ev.Time, ev.Frame, ev.File = c.Last, c.LastFrame, c.LastFile
	ev.Since, ev.Delta = c.Last.Sub(start), c.Last.Sub(c.First)
	ev.States, ev.Before, ev.IRTT, ev.HalfRTT = c.States, c.States, c.IRTT, c.HalfRTT
	ev.Connection = c
}
