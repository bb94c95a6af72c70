package main

import (
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// callsWithin is how soon after the last segment of a connection the calls come
// that end with it: connect() that fails, recv() that returns 0, close().
const callsWithin = 2 * time.Millisecond

// verdicts holds what became of connections whose socket calls are drawn too,
// until those are: a verdict is the last that is said.
type verdicts struct {
	held []conn.Event
	all  []*conn.Connection // of held; more than that are for use again
}

// hold keeps a verdict. What it points to belongs to the tracker.
func (v *verdicts) hold(e *conn.Event) {
	n := len(v.held)
	if n == len(v.all) {
		v.all = append(v.all, new(conn.Connection))
	}
	*v.all[n] = *e.Connection
	v.held = append(v.held, *e)
	v.held[n].Connection = v.all[n]
}

// release gives the verdicts of which over is true to show, in their order.
func (v *verdicts) release(over func(e *conn.Event) bool, show func(e *conn.Event)) {
	kept := 0
	for i := range v.held {
		if over(&v.held[i]) {
			show(&v.held[i])
			continue
		}
		v.held[kept], v.held[i] = v.held[i], v.held[kept]
		v.all[kept], v.all[i] = v.all[i], v.all[kept]
		kept++
	}
	v.held = v.held[:kept]
}

// endedBefore is of verdicts whose calls would have come before t.
func endedBefore(t capture.Stamp) func(verdict *conn.Event) bool {
	return func(verdict *conn.Event) bool { return t.Sub(verdict.Time) > callsWithin }
}

// judged shows a verdict that was held, with what the calls have told since.
func (l *loop) judged(e *conn.Event) {
	l.tracker.Renew(e)
	l.show(e)
}

// showWithCalls shows an event where socket calls are among them.
func (l *loop) showWithCalls(e *conn.Event) {
	if e.Type == conn.TypeVerdict {
		l.ends.hold(e)
		return
	}
	if e.First {
		l.ends.release(func(verdict *conn.Event) bool { return verdict.Conn != e.Conn }, l.judged)
	}
	l.show(e)
	if e.Type == conn.TypeCall && e.Call.Name == "close" {
		l.ends.release(func(verdict *conn.Event) bool { return verdict.Conn == e.Conn }, l.judged)
	}
}
