package conn

import (
	"slices"

	"tcpsee/dissect"
)

// early puts aside a segment that begins off bytes after what is next.
func (a *app) early(side Side, off int, seq dissect.Seq, payload []byte, length int, frame place) string {
	d := &a.dirs[side]
	part := heldPart{seq: seq, length: length, frame: frame}
	if !a.spoke {
		a.spoke, a.first = true, side
	}
	if d.skip < 0 || d.mode == modePlain { // nothing will be read of it: order does not matter
		a.plain(payload)
		d.next = seq.Add(length)
		return a.describe(payload)
	}
	if int64(off+length) > d.skip {
		part.data = payload
	}
	if !a.hold(d, part) {
		// No room: what is missing is taken for lost.
		a.budget.n, a.budget.more = 0, 0
		for d.work != nil && len(d.work.held) > 0 {
			a.hole(side)
			a.drain(side)
		}
		if off := int64(seq.Diff(d.next)); off > 0 {
			a.gap(side, off)
			d.next = seq
		}
		if old := int(d.next.Diff(seq)); old < length {
			a.budget.frame = frame
			a.take(side, payload, length, old)
		}
	}
	return a.describe(payload)
}

// hold puts a part in its place, and reports whether there was room for it.
func (a *app) hold(d *appDir, p heldPart) bool {
	w := a.workOf(d)
	i, found := slices.BinarySearchFunc(w.held, p.seq, func(h heldPart, s dissect.Seq) int { return int(h.seq.Diff(s)) })
	if found && w.held[i].length >= p.length {
		return true
	}
	cost := heldCost + len(p.data)
	if len(w.buf)+w.bytes+cost > appBufferLimit || !a.charge(w, cost) {
		if len(w.held) == 0 && len(w.buf) == 0 {
			a.dropWork(d)
		}
		return false
	}
	w.bytes += cost
	p.data = a.budget.copy(p.data)
	w.held = slices.Insert(w.held, i, p)
	return true
}

// drain reads what was put aside and is next now. Its frame is that of the last
// part that it took.
func (a *app) drain(side Side) {
	d := &a.dirs[side]
	for d.work != nil && len(d.work.held) > 0 {
		w := d.work
		p := w.held[0]
		old := int(d.next.Diff(p.seq))
		if old < 0 {
			return
		}
		a.unhold(d)
		if old < p.length {
			a.budget.frame = max(a.budget.frame, p.frame)
			a.take(side, p.data, p.length, old)
		}
		a.budget.spare(p.data)
	}
}

// unhold forgets the first part that was put aside.
func (a *app) unhold(d *appDir) {
	w := d.work
	cost := heldCost + len(w.held[0].data)
	w.held = slices.Delete(w.held, 0, 1)
	w.bytes -= cost
	w.charged -= cost
	a.budget.used -= cost
	if len(w.held) == 0 && len(w.buf) == 0 {
		a.dropWork(d)
	}
}

// hole passes over what is missing before the first part that was put aside, with
// which reading goes on: the segment at hand may be another end's.
func (a *app) hole(side Side) {
	d := &a.dirs[side]
	to := d.work.held[0].seq
	a.budget.frame = d.work.held[0].frame
	if n := int64(to.Diff(d.next)); n > 0 {
		a.gap(side, n)
		d.next = to
	}
}

// What is kept for the next segments that come too early.
const (
	maxSpares = 16
	spareSize = 2 << 10 // bytes of each, about one packet
)

// copy returns a copy of a segment's payload, nil for nil.
func (b *appBudget) copy(data []byte) []byte {
	n := len(b.spares)
	if n == 0 || len(data) == 0 || len(data) > spareSize {
		return slices.Clone(data)
	}
	s := b.spares[n-1]
	b.spares = b.spares[:n-1]
	return append(s[:0], data...)
}

// spare takes back what copy returned, once nobody reads it any more.
func (b *appBudget) spare(data []byte) {
	if len(data) > 0 && len(data) <= spareSize && len(b.spares) < maxSpares {
		b.spares = append(b.spares, data)
	}
}
