package conn

import "tcpsee/capture"

// leavers are the closed connections in the order in which they closed: each
// leaves when the linger has passed since its last segment.
type leavers struct {
	items []leaver
	head  int
}

type leaver struct {
	at     capture.Stamp // when it is looked at again
	entry  uint32
	number uint32 // lower half of the connection's number: an entry may belong to another by then
}

func (l *leavers) push(x leaver) {
	if l.head > 1024 && l.head > len(l.items)/4 {
		n := copy(l.items, l.items[l.head:])
		l.items, l.head = l.items[:n], 0
	}
	l.items = append(l.items, x)
}

// closed puts a connection among those that leave.
func (t *Tracker) closed(n uint32, e *entry) {
	if e.flags.has(flagQueued) {
		return
	}
	e.flags.set(flagQueued)
	l := &t.leaving
	if len(l.items)-l.head >= 2*t.options.Limits.Connections {
		// Half of them at least are no more.
		kept := l.items[:0]
		for _, x := range l.items[l.head:] {
			if t.waits(x) != nil {
				kept = append(kept, x)
			}
		}
		l.items, l.head = kept, 0
	}
	l.push(leaver{at: e.last + capture.Stamp(t.options.Limits.Linger), entry: n, number: uint32(e.number.get())})
}

// waits returns the connection that is to leave, nil where it has left.
func (t *Tracker) waits(x leaver) *entry {
	e := t.entries.at(x.entry)
	if !e.flags.has(flagQueued) || uint32(e.number.get()) != x.number {
		return nil
	}
	return e
}

// keeps reports whether so few closed connections wait to leave that none need.
func (t *Tracker) keeps() bool {
	return len(t.leaving.items)-t.leaving.head <= t.options.Limits.Kept
}

// lapsed reports whether a connection has been closed and silent for so long
// that a segment is not its own any more.
func (t *Tracker) lapsed(e *entry) bool {
	return e.flags.has(flagQueued) && t.now.Known() && t.now.Sub(e.last) > t.options.Limits.Linger && !t.keeps()
}

// leaveAtOnce is how many connections leave in one call at most, so that a
// jump in time does not make one call's events many.
const leaveAtOnce = 16

// leave ends connections whose linger is over.
func (t *Tracker) leave() {
	l := &t.leaving
	for range leaveAtOnce {
		if l.head == len(l.items) || !t.now.Known() || t.now <= l.items[l.head].at || t.keeps() {
			return
		}
		x := l.items[l.head]
		l.head++
		e := t.waits(x)
		if e == nil {
			continue
		}
		if t.lapsed(e) {
			t.gone.add(t.keyIn(x.entry, e))
			t.end(x.entry, e)
			continue
		}
		x.at = e.last + capture.Stamp(t.options.Limits.Linger)
		l.push(x)
	}
}

// evictLook is how many entries an eviction compares where none is closed.
const evictLook = 8

// evict ends a connection to make room: the one that closed first, else, of the
// next few in the order in which they lie, the one that has been silent for
// longest.
func (t *Tracker) evict() {
	n, e := t.closedFirst()
	if e == nil {
		n, e = t.silentLongest()
	}
	if e != nil {
		t.stats.Evicted++
		t.gone.add(t.keyIn(n, e))
		t.end(n, e)
	}
}

// closedFirst takes the connection that has been closed for longest from among
// those that leave.
func (t *Tracker) closedFirst() (uint32, *entry) {
	l := &t.leaving
	for l.head < len(l.items) {
		x := l.items[l.head]
		l.head++
		if e := t.waits(x); e != nil {
			return x.entry, e
		}
	}
	return 0, nil
}

// silentLongest looks at the next few entries.
func (t *Tracker) silentLongest() (number uint32, oldest *entry) {
	for looked, steps := 0, uint32(0); looked < evictLook && steps < t.entries.used; steps++ {
		t.hand = t.hand%t.entries.used + 1
		e := t.entries.at(t.hand)
		if e.number == (count48{}) {
			continue // free
		}
		looked++
		if oldest == nil || e.last < oldest.last {
			number, oldest = t.hand, e
		}
	}
	return number, oldest
}

// tell gives out a connection's TypeEnd event.
func (t *Tracker) tell(e *entry) {
	if t.part(e) {
		return
	}
	ev := t.event(TypeEnd)
	c := t.connection()
	t.summarize(c, e)
	describeEnd(ev, c, t.start)
}

// end gives out a connection's TypeEnd event and forgets it.
func (t *Tracker) end(n uint32, e *entry) {
	t.tell(e)
	t.table.remove(t.table.hash(t.keyIn(n, e)), n)
	delete(t.heard, int64(e.number.get()))
	if t.trails != nil {
		delete(t.trails, int64(e.number.get()))
	}
	t.forget(n, e)
}

// connection returns a Connection to fill; those of one call differ.
func (t *Tracker) connection() *Connection {
	if t.endsOut == len(t.ends) {
		t.ends = append(t.ends, new(Connection))
	}
	c := t.ends[t.endsOut]
	*c = Connection{}
	t.endsOut++
	return c
}

// forget gives back all that a connection has.
func (t *Tracker) forget(n uint32, e *entry) {
	if e.body != 0 {
		b := t.bodies.at(e.body)
		if b.ledger != 0 {
			t.ledgers.put(b.ledger)
		}
		t.dropSide(b)
		if int(e.body) <= len(t.apps) {
			if a := t.apps[e.body-1]; a != nil {
				a.release()
				t.apps[e.body-1] = nil
			}
		}
		t.bodies.put(e.body)
	}
	*e = entry{}
	t.entries.put(n)
	if t.latest.number == n {
		t.latest.number = 0
	}
}

// clear forgets all connections.
func (t *Tracker) clear() {
	t.table, t.latest, t.leaving = newTable(), latest{}, leavers{}
	t.entries, t.bodies, t.ledgers, t.gauges = slab[entry]{}, slab[body]{}, slab[ledger]{}, nil
	clear(t.trails)
	clear(t.heard)
	t.apps, t.sides, t.noSides, t.pending, t.hand = nil, nil, nil, 0, 0
	t.budget.used = 0
	t.rest = rest{}
}
