package conn

// closedNow gives out a TypeVerdict event where the segment at hand has closed
// the connection at both ends: who watches need not wait until it leaves.
func (t *Tracker) closedNow(s *segment) {
	if !t.options.Verdicts || over(s.before[0]) && over(s.before[1]) || !over(s.e.state(0)) || !over(s.e.state(1)) {
		return
	}
	ev := t.event(TypeVerdict)
	c := t.connection()
	t.summarize(c, s.e)
	t.describeEnd(ev, c)
}

// over reports whether a state is one in which no data can move any more.
func over(s State) bool { return s == StateClosed || s == StateTimeWait }

// describeEnd fills an event that carries a connection as it is now.
func (t *Tracker) describeEnd(ev *Event, c *Connection) {
	ev.Conn, ev.Client, ev.Server, ev.Inferred = c.Number, c.Client, c.Server, c.Inferred
	ev.Time, ev.Frame, ev.File = c.Last, c.LastFrame, c.File
	ev.Since, ev.Delta = c.Last.Sub(t.start), c.Last.Sub(c.First)
	ev.States, ev.Before, ev.IRTT, ev.HalfRTT = c.States, c.States, c.IRTT, c.HalfRTT
	ev.Connection = c
}
