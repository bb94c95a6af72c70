package render

import (
	"math/bits"

	"tcpsee/dissect"
)

// DumpMode is which bytes of a packet stand under its row.
type DumpMode uint8

// The bytes that a row can have under it, as tcpdump's -X and -XX have them.
const (
	DumpNone   DumpMode = iota
	DumpPacket          // from the network layer on
	DumpFrame           // the link header too
)

// Measures of the bytes under a row.
const (
	maxRowDump = 256 // bytes of one packet, unless nothing is to be folded
	dumpOffset = len("0x0000:  ")
)

// dumpWidth is how many columns a line of n bytes takes.
func dumpWidth(n int) int { return dumpOffset + n/2*5 + 1 + n }

// rowDump is what the lines of one packet's bytes have in common.
type rowDump struct {
	data []byte // of the frame, up to the last byte that is drawn
	base int    // where the offsets count from
	l4   int    // where the layers begin; those that are not there begin at the end
	l7   int
	end  int // behind layer 7
}

// dumpOf finds the parts of a packet. Fragments that were put together are
// drawn as what this frame holds of them.
func dumpOf(p *dissect.Packet, mode DumpMode) (d rowDump, ok bool) {
	if p == nil || p.Frame == nil || len(p.Frame.Data) == 0 {
		return d, false
	}
	d.data = p.Frame.Data
	d.base, d.l4, d.l7, d.end = len(d.data), len(d.data), len(d.data), len(d.data)
	for i := range min(p.NumLayers, len(p.Layers)) {
		l := p.Layers[i]
		if l.Joined {
			continue
		}
		switch at := int(l.Offset); {
		case l.Kind == dissect.LayerARP || l.Kind.OSI() == 3:
			d.base = min(d.base, at)
		case l.Kind == dissect.LayerTCP:
			d.l4, d.l7 = at, at+int(l.Length)
			d.end = min(d.l7+len(p.TCP.Payload), len(d.data))
		}
	}
	if mode == DumpFrame || d.base == len(d.data) {
		d.base = 0
	}
	return d, true
}

// osi is the layer that a byte belongs to.
func (d *rowDump) osi(at int) int {
	switch {
	case at >= d.end && d.end < len(d.data):
		return 2 // padding
	case at >= d.l7:
		return 7
	case at >= d.l4:
		return 4
	}
	return 3
}

// dump draws a packet's bytes under its row: hexadecimal in pairs, and as
// text, with their distance from the first.
func (t *timeline) dump(p *dissect.Packet) {
	if t.o.Dump == DumpNone {
		return
	}
	d, ok := dumpOf(p, t.o.Dump)
	if !ok {
		return
	}
	n := dumpRow
	if t.lay.width < dumpWidth(dumpRow) {
		n = dumpNarrow
	}
	to := len(d.data)
	if t.o.NoPayload {
		to = min(to, d.l7)
	}
	last := to
	if !t.o.Full {
		last = min(to, d.base+maxRowDump)
	}
	col := min(t.lay.client, t.lay.width-dumpWidth(n))
	for at := d.base; at < last; at += n {
		t.dumpLine(&d, at, min(at+n, last), n, col)
	}
	switch left := uint64(to - last); {
	case left > 0:
		t.note(col+dumpOffset, t.g.ellipsis+" "+plural(left, "byte")+" more; --full shows them", sgrGrey)
	case to < len(d.data):
		t.note(col+dumpOffset, t.g.ellipsis+" "+plural(uint64(len(d.data)-to), "byte")+" of payload left out", sgrGrey)
	}
}

// dumpLine draws the bytes from from to to, n of them in a full line.
func (t *timeline) dumpLine(d *rowDump, from, to, n, col int) {
	l := &t.row
	l.reset(t.lay.width)
	l.to(col)
	at := from - d.base
	l.ascii("0x")
	for shift := max(12, (bits.Len(uint(at))-1)&^3); shift >= 0; shift -= 4 {
		l.bytes([]byte{hexDigits[at>>shift&15]})
	}
	l.ascii(":")
	l.to(col + dumpOffset - 1)
	osi := -1
	for i := from; i < to; i++ {
		if (i-from)%2 == 0 {
			l.ascii(" ")
		}
		osi = t.dumpColour(osi, d.osi(i))
		l.bytes([]byte{hexDigits[d.data[i]>>4], hexDigits[d.data[i]&15]})
	}
	t.dumpColour(osi, -1)
	l.to(col + dumpOffset + n/2*5 + 1)
	osi = -1
	for i := from; i < to; i++ {
		c := d.data[i]
		if c < 0x20 || c >= 0x7f {
			c = '.'
		}
		osi = t.dumpColour(osi, d.osi(i))
		l.bytes([]byte{c})
	}
	t.dumpColour(osi, -1)
	t.emit()
}

// dumpColour changes from one layer's colour to another's; -1 is none.
func (t *timeline) dumpColour(from, to int) int {
	if from != to && from >= 0 {
		t.unpaint(layerColour(from))
	}
	if from != to && to >= 0 {
		t.paint(layerColour(to))
	}
	return to
}
