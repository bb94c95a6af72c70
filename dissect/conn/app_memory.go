package conn

import "tcpsee/dissect"

// What layer 7 puts aside, and what it may.

// appWork is what one direction has put aside.
type appWork struct {
	buf     []byte // in order, not yet understood
	scanned int    // bytes of buf in which no end of a head begins
	held    []heldPart
	bytes   int // that held costs
	charged int // of the budget
}

// heldPart is a segment that came before its turn.
type heldPart struct {
	seq    dissect.Seq
	length int
	frame  place
	data   []byte // nil where it need not be looked at
}

// appBudget is what all apps of a Tracker may put aside together, and what
// they use in turn. Its zero value has DefaultAppMemory.
type appBudget struct {
	Limit   int    // bytes; 0 is DefaultAppMemory
	Quiet   bool   // make no descriptions
	Refused uint64 // times that something was not put together for want of memory

	names *lookups // learns what DNS answers tell; nil where nobody asks

	used     int
	troubles int      // apps that have one
	spares   [][]byte // for copies of segments that come too early
	work     *appWork // the last one that was given back, empty
	frame    place    // of the segment that is read
	notes    [appNotes]string
	n        int
	more     int // notes that found no room
}

// giveUp forgets what was put aside: it is too much, or memory has run out.
func (a *app) giveUp(side Side) {
	d := &a.dirs[side]
	a.drop(d)
	if d.mode == modeTyped || d.mode == modeStart {
		d.mode = modePlain
		return
	}
	a.lose(d)
}

// keep puts bytes aside, and reports whether there is room for them.
func (a *app) keep(d *appDir, data []byte) bool {
	w := a.workOf(d)
	want := len(w.buf) + len(data)
	if want > appBufferLimit {
		return false
	}
	if want > cap(w.buf) {
		size := min(max(2*cap(w.buf), want, 256), appBufferLimit)
		if !a.charge(w, size-cap(w.buf)) {
			return false
		}
		bigger := make([]byte, len(w.buf), size)
		copy(bigger, w.buf)
		w.buf = bigger
	}
	w.buf = append(w.buf, data...)
	return true
}

func (a *app) workOf(d *appDir) *appWork {
	if d.work == nil {
		if d.work = a.budget.work; d.work == nil {
			d.work = new(appWork)
		}
		a.budget.work = nil
	}
	return d.work
}

// dropWork gives back what a direction has put aside.
func (a *app) dropWork(d *appDir) {
	w := d.work
	a.budget.used -= w.charged
	clear(w.held)
	*w = appWork{held: w.held[:0]}
	d.work, a.budget.work = nil, w
}

// charge takes n bytes of the budget.
func (a *app) charge(w *appWork, n int) bool {
	limit := a.budget.Limit
	if limit == 0 {
		limit = DefaultAppMemory
	}
	if a.budget.used+n > limit {
		a.budget.Refused++
		return false
	}
	a.budget.used += n
	w.charged += n
	return true
}

// drop forgets the bytes of a direction that are in order.
func (a *app) drop(d *appDir) {
	w := d.work
	if w == nil {
		return
	}
	a.budget.used -= cap(w.buf)
	w.charged -= cap(w.buf)
	w.buf, w.scanned = nil, 0
	if len(w.held) == 0 {
		a.dropWork(d)
	}
}

// release gives back what was put aside.
func (a *app) release() {
	if a.trouble != nil {
		a.trouble = nil
		a.budget.troubles--
	}
	for i := range a.dirs {
		if a.dirs[i].work != nil {
			a.dropWork(&a.dirs[i])
		}
	}
}
