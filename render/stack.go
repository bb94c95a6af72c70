package render

import (
	"io"
	"strconv"
	"strings"
	"time"

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
	maxFieldValue  = 400
	maxTextLines   = 16 // of layer 7
	maxTextColumns = 4000
)

// NewStack returns a Renderer that draws each packet to w with all that is
// known of it: the fields of each layer from 7 to 1 with their values and
// meanings, the headers as their RFCs draw them, and every byte. Of o, Width,
// Color, ASCII, Conn, NoPayload, Files and Interface count.
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
	layers := fieldsOf(p)
	s.place(layers)
	s.heading(e)
	s.upper(e)
	for i := len(layers) - 1; i >= 0; i-- {
		s.layer(e, &layers[i])
	}
	s.physical(e)
	s.bytes(p, layers)
}

// fieldsOf gives the headers of a packet as far as their bytes are there: of a
// packet that was kept, some may have been left out.
func fieldsOf(p *dissect.Packet) []dissect.LayerFields {
	for i := range min(p.NumLayers, len(p.Layers)) {
		l, data := &p.Layers[i], p.Frame.Data
		if l.Joined {
			data = p.Joined
		}
		if int(l.Offset)+int(l.Length) > len(data) {
			q := *p
			q.NumLayers = i
			return q.Fields()
		}
	}
	return p.Fields()
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
	if s.width < wideStates {
		c.value = c.name + stackName - 4
		c.about = 0 // behind the value
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

// upper draws layers 7 to 5.
func (s *stack) upper(e *conn.Event) {
	p := e.Packet
	tls := strings.HasPrefix(e.App, "TLS")
	switch {
	case p.Content != dissect.ContentTCP:
		s.title(7, "", "")
	case p.TCP.Len == 0:
		s.title(7, "", "nothing: this segment carries no data")
	case tls:
		s.title(7, "", plural(uint64(p.TCP.Len), "byte")+", encrypted")
	default:
		what := plural(uint64(p.TCP.Len), "byte")
		if n := len(p.TCP.Payload); n < p.TCP.Len {
			what += ", " + count(uint64(n)) + " of them captured"
		}
		name := ""
		if e.App != "" {
			name = safeName(e.App, s.width-cardValue, &s.g)
		}
		s.title(7, name, what)
		s.text(e)
	}
	if tls {
		s.title(6, safeName(e.App, s.width-cardValue, &s.g), "")
	} else {
		s.title(6, "", "")
	}
	s.title(5, "", "")
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
	text := plural(uint64(l.Length), "byte")
	if l.Length > 0 {
		text += ": " + rangeText(l.Offset, l.Length)
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
	if l.Kind == dissect.LayerTCP && e.Type == conn.TypeSegment {
		s.inPlace(e)
	}
}

// fields draws the lines of fields, those of their parts indented below.
func (s *stack) fields(l *dissect.LayerFields, fields []dissect.Field, deep int) {
	for i := range fields {
		f := &fields[i]
		name := f.Name
		if f.Computed() {
			name = "[" + name + "]"
		}
		s.field(placeText(l.Offset, f.Bit, f.Bits), strings.Repeat("  ", deep)+name, f.Value, f.Meaning)
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
	l.text(safeName(name, stackName-1, &s.g))
	l.to(max(c.value, l.col+1))
	at := l.col
	value, meaning = safeName(value, maxFieldValue, &s.g), safeText(meaning, &s.g)
	if meaning != "" && c.about > 0 && at+textWidth(value)+2 <= c.about && c.about+textWidth(meaning) <= s.width {
		l.text(value)
		l.to(c.about)
		l.text(meaning)
		s.emit()
		return
	}
	if meaning != "" {
		if value != "" {
			value += "  "
		}
		value += meaning
	}
	for i, t := range wrapText(value, s.width-at, 0) {
		if i > 0 {
			s.emit()
			l.reset(s.width)
			l.to(at)
		}
		l.text(t)
	}
	s.emit()
}

// inPlace adds what a segment's header does not say, and its connection does.
func (s *stack) inPlace(e *conn.Event) {
	tcp := &e.Packet.TCP
	s.note(s.cols.name, "as a part of its connection:", sgrGrey)
	add := func(name, value, meaning string) { s.field("", name, value, meaning) }
	add("connection", strconv.FormatInt(e.Conn, 10), "")
	add("kind", e.Kind.String(), "")
	base := "from the initial sequence number"
	if e.SeqSeen {
		base = "from the first number seen"
	}
	add("relative sequence number", utoa(e.Seq), base)
	next := e.Seq + uint32(tcp.Len)
	if tcp.Flags.Has(dissect.SYN) {
		next++
	}
	if tcp.Flags.Has(dissect.FIN) {
		next++
	}
	add("next sequence number", utoa(next), "of this sender")
	if tcp.Flags.Has(dissect.ACK) {
		add("relative acknowledgment", utoa(e.Ack), "everything before it has arrived")
	}
	add("segment length", itoa(tcp.Len), "bytes of data")
	window := "bytes"
	if !e.ScaleKnown && !tcp.Flags.Has(dissect.SYN) {
		window = "bytes, if it is not scaled: the handshake was not seen"
	} else if tcp.Window > 0 && e.Window > uint32(tcp.Window) {
		window = "bytes: " + itoa(int(tcp.Window)) + " times " + utoa(e.Window/uint32(tcp.Window))
	}
	add("calculated window", utoa(e.Window), window)
	add("bytes in flight", utoa(e.InFlight), "sent by this end and not acknowledged")
	s.timing(e, add)
	if e.Labels != 0 {
		var names []string
		e.Labels.Each(func(l conn.Label) { names = append(names, l.String()) })
		add("labels", strings.Join(names, ", "), "")
		if e.Labels.Has(conn.DupAck) {
			add("duplicate ACK", "#"+itoa(e.DupAckNum), "")
		}
	}
	for _, side := range []conn.Side{conn.Client, conn.Server} {
		now, before := e.States[side].String(), e.Before[side].String()
		if now != before {
			now = before + ", then " + now
		}
		add("state of the "+side.String(), now, "")
	}
}

func (s *stack) timing(e *conn.Event, add func(name, value, meaning string)) {
	if e.Time.Known() {
		add("time in the connection", string(appendSecondsJSON(nil, e.Delta)), "seconds since its first row")
	}
	if e.RTT > 0 {
		add("round trip of this ACK", string(appendSecondsJSON(nil, e.RTT)), "seconds since what it acknowledges")
	}
	if e.IRTT > 0 {
		add("initial round trip", string(appendSecondsJSON(nil, e.IRTT)), "seconds, of the handshake")
	}
}

// physical draws the card of the frame.
func (s *stack) physical(e *conn.Event) {
	f := e.Packet.Frame
	name := ""
	if s.o.Interface != nil {
		name = safeName(s.o.Interface(f), maxName, &s.g)
	}
	s.title(1, name, plural(uint64(max(f.OrigLen, 0)), "byte")+" on the wire")
	add := func(name, value, meaning string) { s.field("", name, value, meaning) }
	add("frame number", strconv.FormatInt(f.Number, 10), "")
	if f.Interface >= 0 {
		add("interface", itoa(f.Interface), name)
	}
	add("encapsulation", f.Link.String(), "link type "+itoa(int(f.Link)))
	s.arrival(f, e, add)
	captured := "bytes"
	if len(f.Data) < f.OrigLen {
		captured = "bytes: the rest was cut off"
	}
	add("length on the wire", itoa(f.OrigLen), "bytes")
	add("captured length", itoa(len(f.Data)), captured)
	add("direction", [...]string{"not recorded", "in", "out"}[min(f.Direction, capture.DirectionOut)], "")
	if f.Checksums != capture.ChecksumsUnsaid {
		add("checksums", [...]string{"", "left to the network card", "verified by the network card"}[min(f.Checksums, capture.ChecksumsVerified)], "")
	}
	if f.Dropped > 0 {
		add("lost just before", count(f.Dropped), "packets")
	}
	if n := len(e.Packet.Fragments); n > 0 {
		add("put together from", strings.Trim(evidenceText(e.Packet.Fragments, &s.g), " ()"), "frames")
	}
	var names []string
	for i := range min(e.Packet.NumLayers, len(e.Packet.Layers)) {
		names = append(names, e.Packet.Layers[i].Kind.String())
	}
	add("protocols", strings.Join(names, ", "), "")
	if e.Packet.Problem != dissect.ProblemNone {
		add("not followed further", e.Packet.Problem.String(), "")
	}
	for _, c := range f.Comments {
		add("comment", c, "")
	}
}

func (s *stack) arrival(f *capture.Frame, e *conn.Event, add func(name, value, meaning string)) {
	if !f.Time.Known() {
		add("arrival time", "not recorded", "")
		return
	}
	add("arrival time", f.Time.Time().Format("2006-01-02 15:04:05.000000000"), "UTC")
	add("since the epoch", string(appendSecondsJSON(nil, time.Duration(f.Time))), "seconds since 1970")
	if e.Time.Known() {
		add("since the capture began", string(appendSecondsJSON(nil, e.Since)), "seconds")
	}
}
