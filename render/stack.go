package render

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// stack draws packets whole: each layer as a card, from 7 to 1, and all bytes.
type stack struct {
	sheet
	o     Options
	g     glyphs
	drawn bool
	notes []string
	cols  stackColumns
}

// stackColumns are where the columns of the fields' table begin.
type stackColumns struct {
	place int // columns of where a field stands
	name  int // where its name begins
	value int
	about int // where its meaning begins
}

// Measures of the table of fields.
const (
	stackIndent    = 2
	stackName      = 27 // columns of a field's name
	stackValue     = 18 // of its value, where the meaning is in line
	stackValueLess = 12 // the same, where the picture is narrower than stackWide
	stackWide      = 100
	stackAbout     = 16 // columns that a meaning needs, to begin beside its value
	maxFieldName   = 34
	maxFieldValue  = 400
	maxTextLines   = 16 // of layer 7
	maxTextColumns = 4000
)

// NewStack returns a Renderer that draws each packet to w with all that is
// known of it: the fields of each layer from 7 to 1 with their values and
// meanings, the headers as their RFCs draw them, and every byte. Of o, Width,
// Color, ASCII, Conn, NoPayload, Full, Files and Interface count.
func NewStack(w io.Writer, o Options) Renderer { return newStack(w, o) }

func newStack(w io.Writer, o Options) *stack {
	return &stack{sheet: newSheet(w, &o), o: o, g: newGlyphs(o.ASCII)}
}

// DrawPacket draws the packet of e as NewStack does. Events that have none are
// left out.
func DrawPacket(w io.Writer, o Options, e *conn.Event) error {
	s := newStack(w, o)
	s.packet(e)
	return s.out.flush()
}

func (s *stack) needs() Needs { return NeedsAll | NeedsDetail }

func (s *stack) Event(e *conn.Event) error {
	switch {
	case e.Type == conn.TypeCapture && e.Capture != nil:
		s.notes = captureNotes(e.Capture, &s.g)
	case s.o.Conn == 0 || e.Conn == s.o.Conn:
		s.packet(e)
	}
	return s.out.settle()
}

func (s *stack) Flush() error { return s.out.flush() }

func (s *stack) Close() error {
	for _, n := range s.notes {
		s.note(0, n, "")
	}
	s.notes = nil
	return s.out.flush()
}

// packet draws one packet.
func (s *stack) packet(e *conn.Event) {
	p := e.Packet
	if p == nil || p.Frame == nil {
		return
	}
	if s.drawn {
		s.blank()
	}
	s.drawn = true
	layers := fieldsOf(e, &s.o)
	s.place(layers)
	s.heading(e)
	s.upper(e, layers)
	for i := len(layers) - 1; i >= 0; i-- {
		s.layer(e, &layers[i])
	}
	s.bytes(p, layers)
}

// fieldsOf gives all that is known of the packet of an event.
func fieldsOf(e *conn.Event, o *Options) []dissect.LayerFields {
	var iface capture.Interface
	if o.Interface != nil && e.Packet != nil && e.Packet.Frame != nil {
		iface.Name = o.Interface(e.Packet.Frame)
	}
	return e.Fields(iface)
}

// place sets the columns of the table, from the longest place of a field.
func (s *stack) place(layers []dissect.LayerFields) {
	longest := len("bytes")
	for i := range layers {
		longest = max(longest, longestPlace(&layers[i], layers[i].Fields))
	}
	c := &s.cols
	c.place = longest
	c.name = stackIndent + longest + 2
	c.value = c.name + stackName
	c.about = c.value + stackValue
	switch {
	case s.width < wideStates:
		c.value = c.name + stackName - 4
		c.about = c.value + 2
	case s.width < stackWide:
		c.about = c.value + stackValueLess
	}
}

func longestPlace(l *dissect.LayerFields, fields []dissect.Field) int {
	n := 0
	for _, f := range fields {
		n = max(n, len(placeText(l.Offset, f.Bit, f.Bits)), longestPlace(l, f.Parts))
	}
	return n
}

// placeText says which bytes of the frame a field takes: "34-35", or with the
// bits inside of them, from 0: "46:4-6".
func placeText(offset, bit, bits int) string {
	if bits <= 0 {
		return ""
	}
	first, last := offset+bit/8, offset+(bit+bits-1)/8
	from, to := bit%8, (bit+bits-1)%8
	switch {
	case from == 0 && to == 7 && first == last:
		return itoa(first)
	case from == 0 && to == 7:
		return itoa(first) + "-" + itoa(last)
	case first == last && from == to:
		return itoa(first) + ":" + itoa(from)
	case first == last:
		return itoa(first) + ":" + itoa(from) + "-" + itoa(to)
	}
	return itoa(first) + ":" + itoa(from) + "-" + itoa(last) + ":" + itoa(to)
}

// heading says which packet it is.
func (s *stack) heading(e *conn.Event) {
	f := e.Packet.Frame
	t := "frame " + strconv.FormatInt(f.Number, 10)
	if e.File >= 0 && e.File < len(s.o.Files) {
		t += " in " + safeName(baseName(s.o.Files[e.File]), maxName, &s.g)
	}
	if e.Conn > 0 {
		t += ", connection " + strconv.FormatInt(e.Conn, 10)
	}
	if e.Type == conn.TypeSegment {
		t += ": " + e.Kind.String() + " from the " + e.From.String()
	}
	switch {
	case e.Type == conn.TypeICMP:
		t += ": ICMP error"
		if m := icmpMeaning(&e.ICMP); m != "" {
			t += ", " + m
		}
	case e.Packet.Content == dissect.ContentFragment:
		t += ": a fragment; the others hold the rest of its packet"
	}
	s.note(0, t, sgrBold)
	if e.Type == conn.TypeSegment {
		if about := e.Sentence(); about != "" {
			s.note(stackIndent, safeText(about, &s.g), "")
		}
	}
}

// title draws the first line of a card.
func (s *stack) title(osi int, name, text string) {
	l := &s.row
	l.reset(s.width)
	s.paint(layerColour(osi))
	l.ascii(" " + osiName(osi))
	s.unpaint(layerColour(osi))
	l.to(cardValue)
	if name != "" {
		text = strings.TrimSuffix(name+"  "+text, "  ")
	}
	if text == "" {
		text = s.g.none
	}
	for i, t := range wrapText(text, s.width-cardValue, 0) {
		if i > 0 {
			s.emit()
			l.reset(s.width)
			l.to(cardValue)
		}
		l.text(t)
	}
	s.emit()
}

// osiName is number and name of an OSI layer.
func osiName(n int) string {
	if n < 1 || n > 7 {
		n = 2
	}
	return [...]string{"1 physical", "2 data link", "3 network", "4 transport", "5 session", "6 presentation", "7 application"}[n-1]
}

// layerColour is the colour of an OSI layer in cards and dump.
func layerColour(n int) string {
	switch n {
	case 7, 6:
		return sgrCyan
	case 4:
		return sgrGreen
	case 3:
		return sgrYellow
	case 2:
		return sgrViolet
	}
	return sgrGrey
}

// upper draws layers 7 to 5, and those below that the packet does not have.
func (s *stack) upper(e *conn.Event, layers []dissect.LayerFields) {
	has := func(osi int) bool {
		return slices.ContainsFunc(layers, func(l dissect.LayerFields) bool { return l.OSI == osi })
	}
	p := e.Packet
	tls := strings.HasPrefix(e.App, "TLS")
	switch {
	case p.Content != dissect.ContentTCP && p.Problem == dissect.ProblemTruncated:
		s.title(7, "", "not known: the capture cut the packet off within its headers")
	case p.Content != dissect.ContentTCP && has(4) && len(p.Payload) > 0:
		s.title(7, "", plural(uint64(len(p.Payload)), "byte"))
	case p.Content != dissect.ContentTCP:
		s.title(7, "", "")
	case p.Problem == dissect.ProblemFragment:
		s.title(7, "", "not known: a first fragment, cut off")
	case p.TCP.Len == 0:
		s.title(7, "", "nothing: this segment carries no data")
	case tls:
		s.title(7, "", plural(uint64(p.TCP.Len), "byte")+", encrypted")
	default:
		what := plural(uint64(p.TCP.Len), "byte")
		if n := len(p.TCP.Payload); n == 0 {
			what += ", not captured"
		} else if n < p.TCP.Len {
			what += ", " + count(uint64(n)) + " of them captured"
		}
		name := ""
		if e.App != "" {
			name = safeName(s.o.app(e), s.width-cardValue, &s.g)
		}
		s.title(7, name, what)
		s.text(e)
	}
	if tls {
		s.title(6, safeName(s.o.app(e), s.width-cardValue, &s.g), "")
	} else {
		s.title(6, "", "")
	}
	for _, osi := range [...]int{5, 4, 3} {
		if !has(osi) {
			s.title(osi, "", "")
		}
	}
}

// text draws what layer 7 holds, where it is text, a line of it a line.
func (s *stack) text(e *conn.Event) {
	p := e.Packet.TCP.Payload
	if s.o.NoPayload || len(p) == 0 || !mostlyText(p) {
		return
	}
	p = p[:min(len(p), maxTextColumns)]
	for i := 0; len(p) > 0; i++ {
		if i == maxTextLines {
			s.note(s.cols.name, s.g.ellipsis+" "+plural(uint64(len(p)), "more byte")+" of text", sgrGrey)
			return
		}
		n := len(p)
		for j, c := range p {
			if c == '\n' {
				n = j + 1
				break
			}
		}
		b, w := appendQuoted(nil, p[:n], s.width-s.cols.name, &s.g)
		s.row.reset(s.width)
		s.row.to(s.cols.name)
		s.row.wide(b, w)
		s.emit()
		p = p[n:]
	}
}

// mostlyText reports whether bytes read as text.
func mostlyText(p []byte) bool {
	odd := 0
	for _, c := range p[:min(len(p), 512)] {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c >= 0x7f {
			odd++
		}
	}
	return odd*8 <= min(len(p), 512)
}

// layer draws the card of one header.
func (s *stack) layer(e *conn.Event, l *dissect.LayerFields) {
	length := l.Length
	if !l.Quoted {
		length = headerLength(e.Packet, l.Kind, length)
	}
	text := plural(uint64(length), "byte")
	if length > 0 {
		text += ": " + rangeText(l.Offset, length)
	}
	if length > l.Length {
		text += ", " + itoa(l.Length) + " of them captured"
	}
	if l.Kind == dissect.LayerFrame {
		s.physical(e, l)
		return
	}
	if l.Joined {
		text += " of the datagram that was put together"
	}
	s.title(l.OSI, l.Name, text)
	if d := diagramOf(e.Packet, l); len(d) > 0 {
		s.diagram(d, l, layerBytes(e.Packet, l))
	}
	s.fields(l, l.Fields, 0)
	if missing := l.Length - coveredBytes(l); missing > 0 {
		s.note(s.cols.name, plural(uint64(missing), "byte")+" of it not captured", sgrGrey)
	}
}

// physical draws the card of the frame.
func (s *stack) physical(e *conn.Event, l *dissect.LayerFields) {
	f, name := e.Packet.Frame, ""
	if s.o.Interface != nil {
		name = safeName(s.o.Interface(f), maxName, &s.g)
	}
	s.title(l.OSI, name, plural(uint64(max(f.OrigLen, 0)), "byte")+" on the wire")
	s.fields(l, l.Fields, 0)
}

// fields draws the lines of fields, those of their parts indented below.
func (s *stack) fields(l *dissect.LayerFields, fields []dissect.Field, deep int) {
	noted := false
	for i := range fields {
		f := &fields[i]
		name := strings.Repeat("  ", deep) + f.Name
		if f.Computed() && f.Group {
			if !noted {
				s.note(s.cols.name, "in [ ]: computed from what was seen of the connection; in no byte of the packet", sgrGrey)
			}
			noted = true
			s.note(s.cols.name, "["+f.Name+"]", sgrGrey)
			s.fields(l, f.Parts, 1)
			continue
		}
		if f.Computed() && deep == 0 && l.Kind != dissect.LayerFrame { // of that no byte is on the wire
			name = "[" + name + "]"
		}
		s.field(placeText(l.Offset, f.Bit, f.Bits), name, f.Value, f.Meaning)
		s.fields(l, f.Parts, deep+1)
	}
}

// rangeText gives "34 to 65", "34".
func rangeText(offset, length int) string {
	if length == 1 {
		return itoa(offset)
	}
	return itoa(offset) + " to " + itoa(offset+length-1)
}

// coveredBytes is how far into its header the fields of a layer reach.
func coveredBytes(l *dissect.LayerFields) int {
	n := 0
	for _, f := range l.Fields {
		n = max(n, (f.Bit+f.Bits+7)/8)
	}
	return n
}

// field draws one line of the table.
func (s *stack) field(place, name, value, meaning string) {
	l, c := &s.row, &s.cols
	l.reset(s.width)
	l.to(stackIndent + c.place - len(place))
	s.paint(sgrGrey)
	l.ascii(place)
	s.unpaint(sgrGrey)
	l.to(c.name)
	l.text(safeName(name, maxFieldName, &s.g))
	l.to(max(c.value, l.col+1))
	value, meaning = safeName(value, maxFieldValue, &s.g), safeText(meaning, &s.g)
	if textWidth(value) <= s.width-l.col {
		l.text(value)
	} else {
		for i, t := range wrapText(value, s.width-l.col, 0) {
			if i > 0 {
				s.emit()
				l.reset(s.width)
				l.to(c.value)
			}
			l.text(t)
		}
	}
	s.about(value, meaning)
	s.emit()
}

// about writes what a value means: in a column of its own, or behind a value
// that reaches into it. What finds no room there goes on below.
func (s *stack) about(value, meaning string) {
	l, c := &s.row, &s.cols
	if meaning == "" {
		return
	}
	from := l.col
	if value != "" {
		from += 2
	}
	if s.width >= wideStates {
		from = max(from, c.about)
	}
	room := s.width - from
	if textWidth(meaning) <= room {
		l.to(from)
		l.text(meaning)
		return
	}
	if room < stackAbout {
		s.emit()
		l.reset(s.width)
		from = c.about
	}
	var words []string
	for _, word := range strings.Split(meaning, " ") {
		words = append(words, wrapText(word, s.width-c.about, 0)...)
	}
	for _, word := range words {
		if w := textWidth(word); from > c.about && from+w > s.width {
			s.emit()
			l.reset(s.width)
			from = c.about
		}
		l.to(from)
		l.text(word)
		from = l.col + 1
	}
}
