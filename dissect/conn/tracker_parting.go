package conn

import "tcpsee/capture"

// Parting is a connection that has left, and of which no more was seen than its
// opening: its TypeEnd event can be made of it later, and by another goroutine.
type Parting struct {
	Before   int // how many events of the same call come before it
	entry    entry
	at       placed
	start    capture.Stamp
	backlog  bool
	measures bool // Options.Measures
}

// Part has such connections given by Partings, in place of events, where
// Options.Brief says that what is known of them is enough.
func (t *Tracker) Part(on bool) { t.parts = on }

// Partings returns those of the last call of Add or Rest. They are valid until
// the next call of any method.
func (t *Tracker) Partings() []Parting { return t.partings }

// part gives out a connection as a Parting, and reports whether that can be.
func (t *Tracker) part(e *entry) bool {
	if !t.parts || !t.scanned(e) {
		return false
	}
	n := len(t.partings)
	if n == cap(t.partings) {
		t.partings = append(t.partings, Parting{})
	}
	t.partings = t.partings[:n+1]
	x := &t.partings[n]
	x.Before, x.entry, x.at, x.start, x.backlog, x.measures = len(t.events), *e, t.placed(e), t.start, t.backlog(e), t.options.Measures
	return true
}

// Event fills ev, and c to which it points, with what a TypeEnd event says. Both
// must be empty, or have been filled by this method.
func (x *Parting) Event(ev *Event, c *Connection) {
	ev.Type = TypeEnd
	x.entry.summarizeScanned(c, x.at, x.backlog)
	x.entry.measureOpening(c, x.measures)
	describeEnd(ev, c, x.start)
}
