package render

import (
	"strconv"
	"strings"

	"tcpsee/dissect"
)

// Measures of the diagrams of headers.
const (
	diagramBits   = 32 // a row, as RFC 791 began to draw them
	diagramNarrow = 16 // a row where 32 find no room
	diagramWidth  = 2*diagramBits + 1
	diagramIndent = 4
	maxDiagram    = 64 // rows of one header

	maxDiagramMeaning = 24 // columns; what is longer stands in the table alone
)

// bitCell is a field in the diagram of a header.
type bitCell struct {
	names     []string // the longest first
	values    []string // the one with more words first
	bit, bits int
	bytes     []byte // of a field that takes more than one row
	sep       string // between those, and after how many of them
	every     int
}

// diagramOf gives the fields of a header that its standard draws as rows of
// bits; nothing for other headers.
func diagramOf(p *dissect.Packet, l *dissect.LayerFields) []bitCell {
	switch l.Kind {
	case dissect.LayerEthernet, dissect.LayerIPv4, dissect.LayerIPv6, dissect.LayerTCP:
	default:
		return nil
	}
	data := layerBytes(p, l)
	fields := dissect.Smallest(l.Fields)
	cells := make([]bitCell, 0, len(fields)+1)
	end := 0
	for _, f := range fields {
		cells = append(cells, cellOf(f, data, l.Kind))
		end = max(end, f.Bit+f.Bits)
	}
	if rest := l.Length*8 - end; rest > 0 {
		cells = append(cells, bitCell{names: []string{"not captured"}, bit: end, bits: rest})
	}
	return cells
}

// layerBytes gives what was captured of a header.
func layerBytes(p *dissect.Packet, l *dissect.LayerFields) []byte {
	data := p.Frame.Data
	if l.Joined {
		data = p.Joined
	}
	from := min(max(l.Offset, 0), len(data))
	return data[from:min(from+max(l.Length, 0), len(data))]
}

func cellOf(f dissect.Field, data []byte, kind dissect.LayerKind) bitCell {
	c := bitCell{names: cellNames(f.Name), bit: f.Bit, bits: f.Bits}
	if f.Meaning != "" && len(f.Meaning) <= maxDiagramMeaning && f.Meaning != "bytes" {
		c.values = append(c.values, f.Value+" ("+f.Meaning+")")
	}
	if f.Name == "kind" { // of a TCP option
		if n, err := strconv.ParseUint(f.Value, 10, 8); err == nil {
			c.values = append(c.values, f.Value+" ("+optionName(uint8(n))+")")
		}
	}
	c.values = append(c.values, f.Value)
	if f.Bits > diagramNarrow && f.Bit%8 == 0 && f.Bits%8 == 0 {
		c.bytes = data[min(f.Bit/8, len(data)):min((f.Bit+f.Bits)/8, len(data))]
		c.sep, c.every = " ", 1
		switch {
		case kind == dissect.LayerEthernet:
			c.sep = ":"
		case kind == dissect.LayerIPv6 && f.Bits == 128:
			c.sep, c.every = ":", 2
		}
	}
	return c
}

// cellNames gives the names of a field, the longest first.
func cellNames(name string) []string {
	if short := shortFieldName(name); short != "" {
		return []string{name, short}
	}
	return []string{name}
}

// shortFieldName is what a field is called where its name finds no room.
func shortFieldName(name string) string {
	switch name {
	case "version":
		return "ver"
	case "header length":
		return "IHL"
	case "differentiated services":
		return "DSCP"
	case "data offset":
		return "offset"
	case "reserved":
		return "rsvd"
	case "don't fragment":
		return "DF"
	case "more fragments":
		return "MF"
	case "acknowledgment number":
		return "acknowledgment"
	case "time to live":
		return "TTL"
	case "destination address":
		return "destination"
	case "source address":
		return "source"
	}
	return ""
}

// bitRow is one row of a diagram: for each of its bits, the cell.
type bitRow []int

const noCell = -1

// diagram draws the rows of a header.
func (s *stack) diagram(cells []bitCell, l *dissect.LayerFields, data []byte) {
	bits, indent := diagramBits, diagramIndent
	switch {
	case s.width < diagramWidth:
		bits = diagramNarrow
	case s.width < diagramWidth+diagramIndent:
		indent = 0
	}
	d := drawing{stack: s, cells: cells, bits: bits, indent: indent, colour: layerColour(l.OSI), data: data}
	d.fill()
	d.ruler()
	for i := range d.rows {
		d.border(i)
		d.row(i)
	}
	d.border(len(d.rows))
}

// drawing is a diagram while it is drawn.
type drawing struct {
	*stack
	cells  []bitCell
	rows   []bitRow
	bits   int // a row
	indent int
	colour string
	data   []byte // the header, as far as captured
}

// fill says which cell each bit belongs to.
func (d *drawing) fill() {
	for i, c := range d.cells {
		last := min(c.bit+c.bits, maxDiagram*d.bits)
		for b := c.bit; b < last; b++ {
			for len(d.rows) <= b/d.bits {
				r := make(bitRow, d.bits)
				for k := range r {
					r[k] = noCell
				}
				d.rows = append(d.rows, r)
			}
			d.rows[b/d.bits][b%d.bits] = i
		}
	}
}

// cellAt is the cell of a bit, noCell outside of the header.
func (d *drawing) cellAt(row, bit int) int {
	if row < 0 || row >= len(d.rows) || bit < 0 || bit >= d.bits {
		return noCell
	}
	return d.rows[row][bit]
}

// ruler numbers the bits.
func (d *drawing) ruler() {
	for _, unit := range []int{10, 1} {
		l := &d.sheet.row
		l.reset(d.width)
		d.paint(sgrGrey)
		for b := range d.bits {
			if unit == 10 && b%10 != 0 {
				continue
			}
			l.to(d.indent + 2*b + 1)
			l.bytes([]byte{'0' + byte(b/unit%10)})
		}
		d.unpaint(sgrGrey)
		d.emit()
	}
}

// border draws what stands above row r.
func (d *drawing) border(r int) {
	l := &d.sheet.row
	l.reset(d.width)
	l.to(d.indent)
	d.paint(d.colour)
	flat := func(b int) bool { return d.cellAt(r-1, b) != d.cellAt(r, b) }
	wall := func(row, b int) bool { return d.cellAt(row, b-1) != d.cellAt(row, b) }
	if r > 0 && r < len(d.rows) && d.cellAt(r-1, 0) == d.cellAt(r, d.bits-1) {
		return // one field from edge to edge
	}
	for b := 0; b <= d.bits; b++ {
		left, right := flat(b-1), flat(b)
		l.repeat(d.corner(left, right, wall(r-1, b), wall(r, b)), 1)
		if b < d.bits {
			if right {
				l.repeat(d.g.dash, 1)
			} else {
				l.ascii(" ")
			}
		}
	}
	d.unpaint(d.colour)
	d.emit()
}

// corner is what stands where lines meet.
func (d *drawing) corner(left, right, up, down bool) string {
	if d.g.ascii {
		switch {
		case left || right:
			return "+"
		case up || down:
			return "|"
		}
		return " "
	}
	i := 0
	for k, on := range [...]bool{left, right, up, down} {
		if on {
			i |= 1 << k
		}
	}
	return [...]string{" ", "─", "─", "─", "│", "┘", "└", "┴", "│", "┐", "┌", "┬", "│", "┤", "├", "┼"}[i]
}

// piece is the part of a cell that stands in one row.
type piece struct {
	cell, from, bits int
}

func (d *drawing) pieces(r int) []piece {
	out := make([]piece, 0, d.bits)
	for b := 0; b < d.bits; b++ {
		c := d.cellAt(r, b)
		if c == noCell {
			break
		}
		if n := len(out); n > 0 && out[n-1].cell == c {
			out[n-1].bits++
			continue
		}
		out = append(out, piece{c, b, 1})
	}
	return out
}

// row draws the fields of a row: their names, upright those of single bits,
// their values, and where fields are no whole bytes every bit.
func (d *drawing) row(r int) {
	parts := d.pieces(r)
	lines, bitwise := 1, false
	texts := make([][]string, len(parts))
	for i, p := range parts {
		texts[i] = d.texts(r, p)
		lines = max(lines, len(texts[i]))
		bitwise = bitwise || d.cells[p.cell].bits%8 != 0
	}
	for n := range lines {
		d.textLine(parts, func(i int) string {
			if n < len(texts[i]) {
				return texts[i][n]
			}
			return ""
		})
	}
	if bitwise {
		d.textLine(parts, func(i int) string { return d.bitText(r, parts[i]) })
	}
}

func (d *drawing) textLine(parts []piece, text func(i int) string) {
	l := &d.sheet.row
	l.reset(d.width)
	l.to(d.indent)
	wall := func() {
		d.paint(d.colour)
		l.repeat(d.g.bar, 1)
		d.unpaint(d.colour)
	}
	for i, p := range parts {
		wall()
		end := d.indent + 2*(p.from+p.bits)
		t := text(i)
		l.to(l.col + (end-l.col-textWidth(t))/2)
		l.text(t)
		l.to(end)
	}
	wall()
	d.emit()
}

// texts gives the lines of a piece.
func (d *drawing) texts(r int, p piece) []string {
	c := &d.cells[p.cell]
	room := 2*p.bits - 1
	if c.bits == 1 {
		name := c.names[len(c.names)-1]
		var upright []string
		for i := range min(len(name), 3) {
			upright = append(upright, name[i:i+1])
		}
		return upright
	}
	first := r*d.bits+p.from == c.bit
	if p.bits == c.bits {
		return []string{fitting(c.names, room, &d.g), d.value(c, room)}
	}
	done := (r*d.bits + p.from - c.bit) / 8
	part := ""
	if n := len(c.bytes); done < n {
		part = groupedHex(c.bytes[done:min(done+p.bits/8, n)], c.sep, c.every)
	}
	if !first {
		return []string{safeText(part, &d.g)}
	}
	names := c.names
	if len(c.values) > 0 {
		names = append([]string{c.names[0] + " " + c.values[len(c.values)-1]}, names...)
	}
	return []string{fitting(names, room, &d.g), part}
}

// value gives the value of a field that stands in one piece.
func (d *drawing) value(c *bitCell, room int) string {
	for _, v := range c.values {
		if v = safeName(v, maxFieldValue, &d.g); textWidth(v) <= room {
			return v
		}
	}
	if hexed := groupedHex(c.bytes, c.sep, max(c.every, 1)); len(hexed) <= room {
		return hexed
	}
	return ""
}

// fitting gives the longest of names that finds room.
func fitting(names []string, room int, g *glyphs) string {
	for _, n := range names {
		if n = safeName(n, maxFieldValue, g); textWidth(n) <= room {
			return n
		}
	}
	return cutColumns(safeName(names[len(names)-1], maxFieldValue, g), room)
}

// groupedHex writes bytes in hexadecimal, with sep after every few of them.
func groupedHex(p []byte, sep string, every int) string {
	var b strings.Builder
	for i, c := range p {
		if i > 0 && i%every == 0 {
			b.WriteString(sep)
		}
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

// bitText gives the bits of a piece, each below its number.
func (d *drawing) bitText(r int, p piece) string {
	var b strings.Builder
	for i := range p.bits {
		if i > 0 {
			b.WriteByte(' ')
		}
		at := r*d.bits + p.from + i
		switch {
		case at/8 >= len(d.data):
			b.WriteByte('?')
		default:
			b.WriteByte('0' + d.data[at/8]>>(7-at%8)&1) // the bits of a byte, highest first
		}
	}
	return b.String()
}
