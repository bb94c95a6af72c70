package render

import "tcpsee/dissect"

// Measures of the dump of bytes.
const (
	dumpRow    = 16 // bytes a line
	dumpNarrow = 8  // where 16 find no room
	dumpNames  = 104
	maxDump    = 4096 // bytes of one packet, unless everything is asked for
)

// byteSpan is a run of bytes that belong to one field.
type byteSpan struct {
	from, to int // to is not part of it
	layer    int // index of the span's part in the legend
	name     string
}

// dumpPart is an entry of the legend.
type dumpPart struct {
	osi      int
	name     string
	from, to int
	payload  bool // behind the last header
	hidden   bool // not shown
}

// bytes draws all bytes of a packet, and of the datagram that it completed.
func (s *stack) bytes(p *dissect.Packet, layers []dissect.LayerFields) {
	s.dump(p, layers, p.Frame.Data, false)
	if p.Joined != nil {
		s.dump(p, layers, p.Joined, true)
	}
}

// partsOf says which bytes belong to which layer, in order and without gaps.
func partsOf(p *dissect.Packet, layers []dissect.LayerFields, size int, joined bool) []dumpPart {
	d := dumpParts{size: size}
	var own *dissect.LayerFields // the packet's last header among these bytes
	for i := range layers {
		l := &layers[i]
		switch {
		case l.Joined != joined || l.Kind == dissect.LayerFrame:
			continue
		case l.Kind == dissect.LayerTrailer:
			d.payload(p, own)
		case !l.Quoted:
			own = l
		}
		d.add(l.OSI, l.Name, l.Offset, l.Offset+l.Length)
	}
	d.payload(p, own)
	name := "other bytes"
	if len(p.Fragments) > 0 {
		name = "fragment"
	}
	d.add(2, name, d.at, size)
	return d.parts
}

// dumpParts are parts while they are put in order.
type dumpParts struct {
	parts    []dumpPart
	at, size int
}

// add appends a part, and one before it where bytes were left out.
func (d *dumpParts) add(osi int, name string, from, to int) {
	from, to = min(max(from, d.at), d.size), min(to, d.size)
	if to <= from {
		return
	}
	if from > d.at {
		d.parts = append(d.parts, dumpPart{osi: 2, name: "other bytes", from: d.at, to: from})
	}
	d.parts = append(d.parts, dumpPart{osi: osi, name: name, from: from, to: to})
	d.at = to
}

// payload appends what the packet carries behind its last header.
func (d *dumpParts) payload(p *dissect.Packet, own *dissect.LayerFields) {
	if own == nil {
		return
	}
	osi, name, n := own.OSI, "payload", len(p.Payload)
	switch {
	case len(p.Fragments) > 0 && !own.Joined:
		return // in the datagram that was put together
	case p.Content == dissect.ContentTCP:
		osi, name, n = 7, "data", len(p.TCP.Payload)
	case p.Content == dissect.ContentFragment:
		name = "fragment"
	case p.Content == dissect.ContentICMP && p.ICMP.Error:
		name = "quoted data"
	case own.OSI == 4:
		osi, name = 7, "data"
	}
	end := own.Offset + own.Length + n
	before := len(d.parts)
	d.add(osi, name, d.at, end)
	for i := range d.parts[before:] {
		d.parts[before+i].payload = true
	}
}

// spansOf names every byte after the field that it belongs to.
func spansOf(parts []dumpPart, layers []dissect.LayerFields, joined bool) []byteSpan {
	var spans []byteSpan
	for k, part := range parts {
		at := part.from
		add := func(name string, from, to int) {
			from, to = max(from, at), min(to, part.to)
			if to <= from {
				if n := len(spans); n > 0 && spans[n-1].layer == k && from <= at && name != "" {
					spans[n-1].name += ", " + name
				}
				return
			}
			if from > at {
				spans = append(spans, byteSpan{at, from, k, part.name})
			}
			spans = append(spans, byteSpan{from, to, k, name})
			at = to
		}
		for i := range layers {
			l := &layers[i]
			if l.Joined != joined || l.Offset != part.from || l.Name != part.name {
				continue
			}
			for _, f := range dissect.Ungrouped(l.Fields) {
				if f.Bits > 0 {
					add(f.Name, l.Offset+f.Bit/8, l.Offset+(f.Bit+f.Bits+7)/8)
				}
			}
		}
		if at < part.to {
			spans = append(spans, byteSpan{at, part.to, k, part.name})
		}
	}
	return spans
}

func (s *stack) dump(p *dissect.Packet, layers []dissect.LayerFields, data []byte, joined bool) {
	parts := partsOf(p, layers, len(data), joined)
	if len(parts) == 0 {
		return
	}
	title := "bytes"
	if joined {
		title = "the datagram's bytes, put together"
	}
	s.note(1, title, sgrBold)
	s.legend(parts)
	if s.o.NoPayload {
		for i := range parts {
			parts[i].hidden = parts[i].payload
		}
	}
	n := dumpRow
	if s.width < 8+3*dumpRow+2+dumpRow {
		n = dumpNarrow
	}
	shown := len(data)
	if !s.o.Full {
		shown = min(shown, maxDump)
	}
	var spans []byteSpan
	if s.width >= dumpNames {
		spans = spansOf(parts, layers, joined)
	}
	for at := 0; at < shown; at += n {
		s.dumpLine(data, parts, spans, at, min(at+n, shown), n)
	}
	if shown < len(data) {
		s.note(stackIndent, s.g.ellipsis+" "+plural(uint64(len(data)-shown), "byte")+" more; --full shows them", sgrGrey)
	}
}

// legend says which bytes each layer has.
func (s *stack) legend(parts []dumpPart) {
	l := &s.row
	l.reset(s.width)
	l.to(stackIndent)
	for i, p := range parts {
		text := itoa(p.osi) + " " + p.name + " " + rangeText(p.from, p.to-p.from)
		if i > 0 {
			if l.col+3+len(text) > s.width {
				s.emit()
				l.reset(s.width)
				l.to(stackIndent)
			} else {
				l.ascii(" | ")
			}
		}
		s.paint(layerColour(p.osi))
		l.ascii(text)
		s.unpaint(layerColour(p.osi))
	}
	s.emit()
}

// dumpLine draws one line of bytes. A bar stands where a layer begins; wide
// pictures name the fields that begin in the line.
func (s *stack) dumpLine(data []byte, parts []dumpPart, spans []byteSpan, from, to, n int) {
	l := &s.row
	l.reset(s.width)
	l.to(stackIndent)
	l.bytes(appendDigits(nil, uint64(from), 5))
	l.to(stackIndent + 6)
	text := l.col + 3*n + 1
	part := 0
	for part < len(parts) && parts[part].to <= from {
		part++
	}
	s.paint(layerColour(parts[part].osi))
	for i := from; i < to; i++ {
		if i == parts[part].to && part+1 < len(parts) {
			s.unpaint(layerColour(parts[part].osi))
			part++
			s.paint(layerColour(parts[part].osi))
		}
		sep := byte(' ')
		if i == parts[part].from && i > 0 {
			sep = '|'
		}
		if parts[part].hidden {
			l.bytes([]byte{sep, '.', '.'})
		} else {
			l.bytes([]byte{sep, hexDigits[data[i]>>4], hexDigits[data[i]&15]})
		}
	}
	s.unpaint(layerColour(parts[part].osi))
	l.to(text + 1)
	for i := from; i < to; i++ {
		c := data[i]
		if c < 0x20 || c >= 0x7f || hiddenByte(parts, i) {
			c = '.'
		}
		l.bytes([]byte{c})
	}
	if s.width >= dumpNames {
		l.to(text + 1 + n + 2)
		s.fieldNames(spans, from, to)
	}
	s.emit()
}

func hiddenByte(parts []dumpPart, at int) bool {
	for _, p := range parts {
		if at >= p.from && at < p.to {
			return p.hidden
		}
	}
	return false
}

// fieldNames writes the names of the fields that begin in a line of the dump,
// as many as find room.
func (s *stack) fieldNames(spans []byteSpan, from, to int) {
	l := &s.row
	first := true
	for _, sp := range spans {
		if sp.from < from || sp.from >= to {
			continue
		}
		name := safeName(sp.name, maxFieldValue, &s.g)
		sep := ", "
		if first {
			sep = ""
		}
		if l.col+len(sep)+textWidth(name)+textWidth(s.g.ellipsis) > s.width {
			l.text(s.g.ellipsis)
			return
		}
		l.ascii(sep)
		l.text(name)
		first = false
	}
}
