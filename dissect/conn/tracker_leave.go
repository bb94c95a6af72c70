package conn

import "tcpsee/capture"

// leavers are the closed connections in the order in which they closed: each
// leaves when the linger has passed since its last segment. They stand in
// blocks, so that there is memory for as many as there are, and none is moved.
type leavers struct {
	blocks []*[leaversBlock]leaver
	spare  *[leaversBlock]leaver // nil for none
	head   int                   // place of the first one in the first block
	n      int
	due    capture.Stamp // at of the first one
}

const leaversBlock = 512

type leaver struct {
	at     capture.Stamp // when it is looked at again
	entry  uint32
	number uint32 // lower half of the connection's number: an entry may belong to another by then
}

func (l *leavers) len() int { return l.n }

// at returns the i-th of them, from 0.
func (l *leavers) at(i int) *leaver {
	i += l.head
	return &l.blocks[i/leaversBlock][i%leaversBlock]
}

func (l *leavers) push(x leaver) {
	if l.head+l.n == len(l.blocks)*leaversBlock {
		if l.spare == nil {
			l.spare = new([leaversBlock]leaver)
		}
		l.blocks, l.spare = append(l.blocks, l.spare), nil
	}
	l.n++
	*l.at(l.n - 1) = x
	if l.n == 1 {
		l.due = x.at
	}
}

// pop takes the first one out. There must be one.
func (l *leavers) pop() leaver {
	x := *l.at(0)
	l.head++
	l.n--
	if l.head == leaversBlock {
		l.spare, l.head = l.blocks[0], 0
		l.blocks = append(l.blocks[:0], l.blocks[1:]...)
	}
	if l.n > 0 {
		l.due = l.at(0).at
	}
	return x
}

// keep drops those for which is is false.
func (l *leavers) keep(is func(leaver) bool) {
	kept := 0
	for i := range l.n {
		if x := *l.at(i); is(x) {
			*l.at(kept) = x
			kept++
		}
	}
	l.n = kept
	used := (l.head + kept + leaversBlock - 1) / leaversBlock
	clear(l.blocks[used:])
	l.blocks = l.blocks[:used]
	if kept > 0 {
		l.due = l.at(0).at
	}
}

// closed puts a connection among those that leave.
func (t *Tracker) closed(n uint32, e *entry) {
	if e.flags.has(flagQueued) {
		return
	}
	e.flags.set(flagQueued)
	if e.tail&tailPlaced != 0 { // it was closed before, and went on (see goOn)
		return
	}
	e.tail |= tailPlaced
	l := &t.leaving
	if l.len() >= 2*t.options.Limits.Connections {
		// Half of them at least are no more.
		l.keep(func(x leaver) bool { return t.waits(x) != nil })
	}
	l.push(leaver{at: e.last + capture.Stamp(t.options.Limits.Linger), entry: n, number: uint32(e.number.get())})
}

// waits returns the connection that is to leave, nil where it has left, or is not
// closed any more: then it has lost its place.
func (t *Tracker) waits(x leaver) *entry {
	e := t.entries.at(x.entry)
	switch {
	case uint32(e.number.get()) != x.number:
		return nil
	case !e.flags.has(flagQueued):
		e.tail &^= tailPlaced
		return nil
	}
	return e
}

// keeps reports whether so few closed connections wait to leave that none need.
func (t *Tracker) keeps() bool {
	return t.leaving.len() <= t.options.Limits.Kept
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
		if l.len() == 0 || !t.now.Known() || t.now <= l.due || t.keeps() {
			return
		}
		x := l.pop()
		e := t.waits(x)
		if e == nil {
			continue
		}
		if t.lapsed(e) {
			t.depart(x.entry, e)
			continue
		}
		x.at = e.last + capture.Stamp(t.options.Limits.Linger)
		l.push(x)
	}
}

// maxTroubled is how many records there may be of what is amiss with connections,
// each some 450 bytes; or half as many as Limits.Connections, where that is more.
// A connection has none as a rule, and two at most. For one more a connection
// leaves as for Limits.Connections.
const maxTroubled = 1 << 16

// troubled is how many such records there are.
func (t *Tracker) troubled() int {
	return int(t.ledgers.used) - len(t.ledgers.free) + t.budget.troubles
}

// makeRoom ends connections while too many have something amiss.
func (t *Tracker) makeRoom() {
	for range leaveAtOnce {
		if t.troubled() <= max(maxTroubled, t.options.Limits.Connections/2) {
			return
		}
		t.evict()
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
		t.depart(n, e)
	}
}

// closedFirst takes the connection that has been closed for longest from among
// those that leave.
func (t *Tracker) closedFirst() (uint32, *entry) {
	l := &t.leaving
	for l.len() > 0 {
		x := l.pop()
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
		if e.number == (count40{}) {
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
	describeEnd(ev, t.summary(e), t.start)
}

// depart ends a connection, whose ports may be used again.
func (t *Tracker) depart(n uint32, e *entry) {
	hash, gone := t.hashes(n, e)
	t.gone.add(gone)
	t.endAt(hash, n, e)
}

// end gives out a connection's TypeEnd event and forgets it.
func (t *Tracker) end(n uint32, e *entry) { t.endAt(t.table.hash(t.keyIn(n, e)), n, e) }

// endAt is end for a connection with that hash in the table.
func (t *Tracker) endAt(hash uint64, n uint32, e *entry) {
	t.tell(e)
	t.table.remove(hash, n)
	delete(t.heard, int64(e.number.get()))
	if t.trails != nil {
		delete(t.trails, int64(e.number.get()))
	}
	t.forget(n, e)
}

// filling is how a Connection is filled.
type filling uint8

const (
	filledWhole   filling = iota // by summarize
	filledScanned                // by summarizeScanned
	filledClosed                 // by summarizeClosed
)

// connection returns a Connection to fill; those of one call differ. It is
// empty, unless it was filled last as it is to be now, and not wholly.
func (t *Tracker) connection(how filling) *Connection {
	n := t.endsOut
	if n == len(t.ends) {
		t.ends, t.filled = append(t.ends, new(Connection)), append(t.filled, how)
	}
	c := t.ends[n]
	if how == filledWhole || t.filled[n] != how {
		*c = Connection{}
		t.filled[n] = how
	}
	t.endsOut++
	return c
}

// summary says what is known of a connection.
func (t *Tracker) summary(e *entry) (c *Connection) {
	t.vouch(e)
	switch {
	case t.scanned(e):
		c = t.connection(filledScanned)
		e.summarizeScanned(c, t.placed(e), t.backlog(e))
		e.measureOpening(c, t.options.Measures)
		t.nameSilence(c)
	case t.closedWell(e):
		c = t.connection(filledClosed)
		t.summarizeClosed(c, e)
	default:
		c = t.connection(filledWhole)
		t.summarize(c, e)
	}
	return c
}

// forget gives back all that a connection has.
func (t *Tracker) forget(n uint32, e *entry) {
	if e.body != 0 {
		b := t.bodies.at(e.body)
		if b.ledger != 0 {
			t.dropHoles(t.ledgers.at(b.ledger))
			if odd := t.ledgers.at(b.ledger).odd; odd != 0 {
				t.odds.put(odd)
			}
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
	t.odds = slab[oddities]{}
	clear(t.trails)
	clear(t.heard)
	t.apps, t.sides, t.noSides, t.pending, t.hand = nil, nil, nil, 0, 0
	t.holes, t.noHoles, t.passing = nil, nil, 0
	t.budget.used, t.budget.troubles = 0, 0
	t.rest = rest{}
}
