package render

import (
	"strings"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// foldAfter is how many rows of a run of bulk data are drawn.
const foldAfter = 10

// run is a stretch of data in one direction and its acknowledgements.
type run struct {
	active      bool
	from        conn.Side // who sends the data
	rows        int       // drawn
	segments    uint64    // folded
	bytes       [2]uint64 // of payload, folded, by sender
	labels      [32]uint32
	first, last int64 // frames folded
}

func (r *run) reset() { *r = run{} }

// fold reports whether a segment is not drawn because it is one of many.
func (t *timeline) fold(v *connView, e *conn.Event) bool {
	if t.o.Live || t.o.Full {
		return false
	}
	r := &v.run
	quiet := v.last.Known() && e.Time.Known() && e.Time.Sub(v.last) >= firstGap
	v.last = e.Time
	if quiet || !bulk(e) || r.active && e.Kind == conn.KindData && e.From != r.from {
		t.endRun(v)
	}
	if !bulk(e) {
		return false
	}
	if !r.active {
		if e.Kind != conn.KindData {
			return false
		}
		r.active, r.from = true, e.From
	}
	if r.rows < foldAfter {
		r.rows++
		return false
	}
	if r.segments == 0 {
		r.first = e.Frame
	}
	r.last = e.Frame
	r.segments++
	r.bytes[e.From&1] += uint64(max(e.Packet.TCP.Len, 0))
	for s := e.Labels; s != 0; s &= s - 1 {
		r.labels[lowestLabel(s)]++
	}
	v.shown = e.States
	t.last = laterOf(t.last, e.Time)
	return true
}

func laterOf(a, b capture.Stamp) capture.Stamp {
	if b.Known() {
		return b
	}
	return a
}

// bulk reports whether a segment is one of those that a run is made of.
func bulk(e *conn.Event) bool {
	if e.States != e.Before || e.Handshake {
		return false
	}
	return e.Kind == conn.KindData || e.Kind == conn.KindACK
}

// endRun says what a run holds that was not drawn, and ends it.
func (t *timeline) endRun(v *connView) {
	r := &v.run
	if r.segments > 0 {
		t.foldLine(v)
	}
	r.reset()
}

func (t *timeline) foldLine(v *connView) {
	r := &v.run
	var b strings.Builder
	if t.multi {
		b.WriteString(tagText(v.number, t.lay.tag-1, &t.g) + " ")
	}
	b.WriteString(t.g.ellipsis + " " + plural(r.segments, "segment"))
	for _, s := range [...]conn.Side{r.from, r.from.Other()} {
		if r.bytes[s] > 0 {
			b.WriteString(", " + bytesText(r.bytes[s]) + " from the " + s.String())
		}
	}
	for i, n := range r.labels {
		if n > 0 {
			b.WriteString(", " + plural(uint64(n), conn.Label(i).String()))
		}
	}
	b.WriteString(" folded; --full shows them")
	t.note(t.lay.client, b.String(), sgrGrey)
}
