package render

import (
	"strings"

	"tcpsee/dissect/conn"
)

// foldAfter is how many rows of a run of bulk data are drawn. Where no more
// than foldLeast follow they are drawn too.
const (
	foldAfter = 10
	foldLeast = 3
)

// run is a stretch of data in one direction and its acknowledgements.
type run struct {
	active   bool
	from     conn.Side // who sends the data
	rows     int       // drawn
	segments uint64    // folded
	bytes    [2]uint64 // of payload, folded, by sender
	labels   [32]uint32
	kept     []byte // the first of the folded rows, drawn
}

// fold reports whether a segment is not drawn because it is one of many.
func (t *timeline) fold(v *connView, e *conn.Event) bool {
	if t.o.Live || t.o.Full {
		return false
	}
	r := &v.run
	quiet := v.last.Known() && e.Time.Known() && e.Time.Sub(v.last) >= firstGap
	v.last = e.Time
	one := bulk(e) && t.bad == ""
	if quiet || !one || r.active && e.Kind == conn.KindData && e.From != r.from {
		t.endRun(v)
	}
	if !one {
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
	if r.segments < foldLeast {
		t.keepRow(v, e)
	}
	r.segments++
	r.bytes[e.From&1] += uint64(max(e.Packet.TCP.Len, 0))
	for s := e.Labels; s != 0; s &= s - 1 {
		r.labels[lowestLabel(s)]++
	}
	return true
}

// bulk reports whether a segment is one of those that a run is made of.
func bulk(e *conn.Event) bool {
	if e.States != e.Before || e.Handshake || commented(e.Packet) || lostBefore(e) != "" {
		return false
	}
	return e.Kind == conn.KindData || e.Kind == conn.KindACK
}

// endRun says what a run holds that was not drawn, and ends it.
func (t *timeline) endRun(v *connView) {
	r := &v.run
	switch {
	case r.segments > foldLeast:
		t.foldLine(v)
	case r.segments > 0:
		t.out.buf = append(t.out.buf, r.kept...)
	}
	*r = run{kept: r.kept[:0]}
}

// keepRow draws a row that is folded, and keeps it in case it turns out that
// there are few.
func (t *timeline) keepRow(v *connView, e *conn.Event) {
	start := len(t.out.buf)
	t.segmentRow(v, e)
	v.run.kept = append(v.run.kept, t.out.buf[start:]...)
	t.out.buf = t.out.buf[:start]
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
			b.WriteString(", " + labelCount(uint64(n), conn.Label(i)))
		}
	}
	b.WriteString(" folded; --full shows them")
	t.note(t.lay.client, b.String(), sgrGrey)
}
