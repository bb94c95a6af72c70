package render

import (
	"encoding/base64"
	"strconv"
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// pageData writes the data of a page as JSON, in pieces, for it may be long. Text that comes again is written
// once and named by its number. All text in it is safe for a screen; the page
// shows it as text, never as markup.
type pageData struct {
	o       *Options
	more    int // connections that were seen, and that the page does not hold
	g       *glyphs
	put     func([]byte) // takes a piece
	b       []byte       // the next
	texts   map[string]int
	list    []string
	shapes  map[string]int
	forms   []dissect.LayerFields // what each shape is made of
	terms   map[string]bool
	ordered []string
}

// gather finds the words that a page explains, in the order in which they come.
func (d *pageData) gather(records []*conn.Record) {
	d.terms = map[string]bool{}
	for s := conn.StateUnknown; s <= conn.StateTimeWait; s++ {
		d.term(s.String())
	}
	for _, r := range records {
		if r.End != nil {
			d.term(string(r.End.Verdict.Outcome))
		}
		sk := newSketch(r, d.o, d.g, 0)
		for i := range r.Events {
			d.words(&sk, &r.Events[i])
		}
	}
}

// words finds those of one row.
func (d *pageData) words(sk *sketch, e *conn.Event) {
	switch {
	case !drawable(e):
	case e.Type == conn.TypeSegment:
		d.term(e.Kind.String())
		for l := e.Labels; l != 0; l &= l - 1 {
			d.term(lowestLabel(l).String())
		}
	case e.Type == conn.TypeCall:
		d.term(safeName(e.Call.Name, maxCallName, d.g) + "()")
	default:
		s, _ := sk.strokeOf(e)
		d.term(s.word)
	}
}

// spill hands on what has been written, once there is enough of it.
func (d *pageData) spill() {
	if len(d.b) >= outputChunk {
		d.put(d.b)
		d.b = d.b[:0]
	}
}

// encode writes the data, once their words have been gathered.
func (d *pageData) encode(records []*conn.Record) {
	d.texts, d.shapes = map[string]int{}, map[string]int{}
	d.b = append(d.b, `{"version":1,"kinds":[`...)
	for k := conn.KindOther; k <= conn.KindRST; k++ {
		d.item(k != conn.KindOther, k.String())
	}
	d.b = append(d.b, `],"states":[`...)
	for s := conn.StateUnknown; s <= conn.StateTimeWait; s++ {
		d.item(s != conn.StateUnknown, s.String())
	}
	d.b = append(d.b, `],"labels":[`...)
	for l := conn.Label(0); l <= conn.TimeWait; l++ {
		d.item(l > 0, l.String())
	}
	when := newRowTimes(d.o)
	d.b = append(d.b, ']')
	d.key("times", when.head())
	d.b = append(d.b, `,"timeLegend":`...)
	d.b = appendStrings(d.b, timeLegend[:])
	if len(d.o.Files) > 1 {
		d.b = append(d.b, `,"files":[`...)
		for i, name := range shortNames(d.o.Files) {
			d.item(i > 0, safeName(name, maxName, d.g))
		}
		d.b = append(d.b, ']')
	}
	if d.more > 0 {
		d.b = append(d.b, `,"more":`...)
		d.b = appendUint(d.b, uint64(d.more))
	}
	d.b = append(d.b, `,"conns":[`...)
	for i, r := range records {
		if i > 0 {
			d.b = append(d.b, ',')
		}
		d.record(r)
		d.spill()
	}
	d.b = append(d.b, `],"shapes":[`...)
	d.writeShapes()
	d.b = append(d.b, `],"glossary":{`...)
	d.writeGlossary()
	d.b = append(d.b, `},"texts":`...)
	d.b = appendStrings(d.b, d.list)
	d.put(append(d.b, '}'))
}

func (d *pageData) item(more bool, s string) {
	if more {
		d.b = append(d.b, ',')
	}
	d.b = appendJSONString(d.b, s)
}

func (d *pageData) term(s string) {
	if s != "" && !d.terms[s] {
		d.terms[s] = true
		d.ordered = append(d.ordered, s)
	}
}

// text gives the number of a text.
func (d *pageData) text(s string) int {
	n, ok := d.texts[s]
	if !ok {
		n = len(d.list)
		d.texts[s] = n
		d.list = append(d.list, s)
	}
	return n
}

func (d *pageData) key(name, value string) {
	d.b = appendJSONString(appendKey(d.b, name), value)
}

// record writes one connection.
func (d *pageData) record(r *conn.Record) {
	d.b = appendIntValue(d.b, `{"n":`, r.Number)
	d.key("title", recordTitle(r, d.o, d.g))
	if files := recordFiles(r, d.o, d.g); files != "" {
		d.key("files", files)
	}
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		d.key(side.String(), endAddress(r, side, d.g))
		d.key(side.String()+"Name", endName(r, d.o, side, d.g))
	}
	base := r.Base()
	d.b = append(d.b, `,"base":`...)
	if base.Known() {
		d.b = appendJSONString(d.b, strconv.FormatInt(int64(base), 10)) // more digits than a number of JavaScript has
	} else {
		d.b = append(d.b, "null"...)
	}
	if p := r.Path(); p.Known {
		d.b = append(d.b, `,"path":[`...)
		d.b = strconv.AppendInt(d.b, int64(p.ToClient), 10)
		d.b = strconv.AppendInt(append(d.b, ','), int64(p.ToServer), 10)
		d.b = append(d.b, ']')
		d.key("pathNote", slantNote(p, d.g))
	}
	d.b = appendIntValue(d.b, `,"missed":`, r.Missed)
	d.b = appendStrings(appendKey(d.b, "verdict"), verdictLines(r, d.g))
	if c := r.End; c != nil {
		d.ending(c)
	}
	d.b = append(d.b, `,"events":[`...)
	sk := newSketch(r, d.o, d.g, ladderPreview)
	first := true
	for i := range r.Events {
		if s, ok := sk.strokeOf(&r.Events[i]); ok {
			if !first {
				d.b = append(d.b, ',')
			}
			first = false
			sk.place(&s, &r.Events[i])
			d.event(&s)
			d.spill()
		}
	}
	d.b = append(d.b, `]}`...)
}

func (d *pageData) ending(c *conn.Connection) {
	d.key("app", safeName(c.App, maxName, d.g))
	d.key("outcome", safeName(string(c.Verdict.Outcome), maxName, d.g))
	d.b = appendFrames(appendKey(d.b, "evidence"), c.Verdict.Evidence)
	d.b = appendIntValue(d.b, `,"duration":`, int64(c.Last.Sub(c.First)))
	d.b = appendIntValue(d.b, `,"irtt":`, int64(c.IRTT))
	for _, v := range [...]struct {
		key string
		two [2]uint64
	}{{"segments", c.Segments}, {"bytes", c.Bytes}, {"resent", c.Retransmits}} {
		d.b = append(appendKey(d.b, v.key), '[')
		d.b = appendUint(d.b, v.two[0])
		d.b = appendUint(append(d.b, ','), v.two[1])
		d.b = append(d.b, ']')
	}
	d.measured(c)
}

// Bits that say more of an event.
const (
	pageHasAck = 1 << iota
	pageShowSeq
	pageAgain
	pageHandshake
	pageCut // less of the frame is here than was captured
)

// event writes one row as an array. The page's script names its places.
func (d *pageData) event(s *stroke) {
	e := s.event
	d.b = appendIntValue(d.b, `[`, int64(s.kind))
	if s.file == "" {
		d.num(e.Frame)
	} else { // which counts in one of several files
		d.b = append(strconv.AppendInt(append(d.b, `,[`...), e.Frame, 10), ',')
		d.b = append(strconv.AppendInt(d.b, int64(e.File), 10), ']')
	}
	d.when(s)
	if s.kind != strokeSegment {
		from := int64(0)
		if s.dir == pointsLeft || s.kind == strokeCall && s.side == conn.Server || e.Type == conn.TypeWait {
			from = 1 // of a wait: that it is no row which times count from
		}
		d.num(from)
		d.num(int64(d.text(strings.TrimSpace(s.text()))))
		d.frame(e.Packet)
		d.comments(e.Packet)
		d.b = append(d.b, ']')
		return
	}
	d.num(int64(e.From))
	d.num(int64(d.text(s.payload)))
	d.num(int64(e.Kind))
	d.num(int64(e.Labels))
	d.num(int64(e.DupAckNum))
	d.num(int64(e.States[0]))
	d.num(int64(e.States[1]))
	d.num(int64(e.Before[0]))
	d.num(int64(e.Before[1]))
	d.num(int64(d.flags(s)))
	t := &e.Packet.TCP
	for _, v := range [...]int64{int64(e.Seq), int64(t.Len), int64(e.Ack), int64(e.Window), int64(e.InFlight), int64(e.RTT)} {
		d.num(v)
	}
	d.num(int64(d.text(safeText(e.Sentence(), d.g))))
	d.num(int64(d.text(safeText(d.o.app(e), d.g))))
	d.sack(e)
	d.frame(e.Packet)
	d.num(int64(d.text(strings.TrimSpace(s.bad + " " + strings.Join(s.extra, " ")))))
	d.comments(e.Packet)
	d.b = append(d.b, ']')
}

// maxScriptNumber is the largest whole number that JavaScript is sure to keep.
const maxScriptNumber = 1<<53 - 1

// when writes the nanoseconds since the first row, for the places of rows, and
// the time to show.
func (d *pageData) when(s *stroke) {
	switch at := int64(s.at); {
	case !s.known:
		d.b = append(d.b, `,null`...)
	case at > maxScriptNumber || at < -maxScriptNumber:
		d.b = append(strconv.AppendInt(append(d.b, `,"`...), at, 10), '"')
	default:
		d.num(at)
	}
	d.b = appendJSONString(append(d.b, ','), s.time(wideTime))
}

func (d *pageData) num(v int64) { d.b = strconv.AppendInt(append(d.b, ','), v, 10) }

func (d *pageData) flags(s *stroke) int {
	f := 0
	if s.event.Packet.TCP.Flags.Has(dissect.ACK) {
		f |= pageHasAck
	}
	for _, t := range s.tokens {
		if strings.HasPrefix(t, "seq=") {
			f |= pageShowSeq
		}
	}
	if s.again {
		f |= pageAgain
	}
	if s.event.Handshake {
		f |= pageHandshake
	}
	return f
}

// sack writes the ranges that a segment says have arrived, relative.
func (d *pageData) sack(e *conn.Event) {
	var o dissect.Options
	t := &e.Packet.TCP
	t.ParseOptions(&o)
	base := t.Ack - dissect.Seq(e.Ack)
	d.b = append(d.b, ',', '[')
	for i, s := range o.SACK[:o.NumSACK] {
		if i > 0 {
			d.b = append(d.b, ',')
		}
		d.b = appendUint(d.b, uint64(s.Left-base))
		d.b = appendUint(append(d.b, ','), uint64(s.Right-base))
	}
	d.b = append(d.b, ']')
}

// comments writes the numbers of what others say of a packet, where they do.
func (d *pageData) comments(p *dissect.Packet) {
	n := 0
	othersComments(p, func(c string) bool {
		if n++; n > maxComments {
			return false
		}
		if n == 1 {
			d.b = append(d.b, ',', '[')
		} else {
			d.b = append(d.b, ',')
		}
		d.b = strconv.AppendInt(d.b, int64(d.text(cutMiddle(safeText(clipBytes(c, 4*maxCommentWidth), d.g), maxCommentWidth, d.g))), 10)
		return true
	})
	if n > 0 {
		d.b = append(d.b, ']')
	}
}

// frame writes a packet's bytes and layers: link type, length on the wire,
// length captured, bytes, bytes put together, where the payload begins in
// those that come last, its length here, interface, layers.
func (d *pageData) frame(p *dissect.Packet) {
	if p == nil || p.Frame == nil {
		d.b = append(d.b, `,null`...)
		return
	}
	data, joined := framePart(p, d.o.NoPayload)
	at, n := payloadAt(p), len(p.Payload)
	data, joined = data[:min(len(data), maxPageFrame)], joined[:min(len(joined), maxPageFrame)]
	last := data
	if p.Joined != nil {
		last = joined
	}
	n = max(0, min(n, len(last)-at))
	d.b = appendIntValue(d.b, `,[`, int64(p.Frame.Link))
	d.num(int64(p.Frame.OrigLen))
	d.num(int64(len(p.Frame.Data)))
	d.b = append(d.b, ',', '"')
	d.b = base64.StdEncoding.AppendEncode(d.b, data)
	d.b = append(d.b, '"', ',', '"')
	d.b = base64.StdEncoding.AppendEncode(d.b, joined)
	d.b = append(d.b, '"')
	d.num(int64(at))
	d.num(int64(n))
	name := ""
	if d.o.Interface != nil {
		name = safeName(d.o.Interface(p.Frame), maxName, d.g)
	}
	d.num(int64(d.text(name)))
	whole := *p
	whole.NumLayers = layersIn(p)
	for _, l := range whole.Fields() {
		l.Fields = dissect.Ungrouped(l.Fields)
		d.layer(&l)
	}
	d.b = append(d.b, ']')
}

// layersIn counts the headers whose bytes were kept: a limit may have cut the
// frame.
func layersIn(p *dissect.Packet) int {
	for i := range min(p.NumLayers, len(p.Layers)) {
		l := &p.Layers[i]
		b := p.Frame.Data
		if l.Joined {
			b = p.Joined
		}
		if int(l.Offset+l.Length) > len(b) {
			return i
		}
	}
	return min(p.NumLayers, len(p.Layers))
}

// payloadAt is where the payload begins, in the frame or in what was put
// together.
func payloadAt(p *dissect.Packet) int {
	at := 0
	if len(p.Payload) > 0 {
		for i := range min(p.NumLayers, len(p.Layers)) {
			at = int(p.Layers[i].Offset + p.Layers[i].Length)
		}
	}
	return at
}

// framePart gives the bytes of a packet that may be shown: its frame, and what
// was put together from fragments, without the payload where that is left out.
func framePart(p *dissect.Packet, noPayload bool) (data, joined []byte) {
	data, joined = p.Frame.Data, p.Joined
	if !noPayload || len(p.Payload) == 0 {
		return data, joined
	}
	at := payloadAt(p)
	if joined != nil {
		return nil, joined[:min(at, len(joined))]
	}
	return data[:min(at, len(data))], nil
}

// layer writes a header: its shape, where it is, and its fields' values.
func (d *pageData) layer(l *dissect.LayerFields) {
	d.b = appendIntValue(d.b, `,[`, d.shape(l))
	d.num(int64(l.Offset))
	d.num(int64(l.Length))
	joined := int64(0)
	if l.Joined {
		joined = 1
	}
	d.num(joined)
	for i := range l.Fields {
		d.value(&l.Fields[i])
	}
	d.b = append(d.b, ']')
}

// value writes a field's value: a number as it is, hexadecimal as a string,
// the rest as the negative number, less one, of its text; with its meaning
// behind a line feed in the text, or beside it.
func (d *pageData) value(f *dissect.Field) {
	d.b = append(d.b, ',')
	value, meaning := safeText(f.Value, d.g), safeText(f.Meaning, d.g)
	if n, err := strconv.ParseUint(value, 10, 32); err == nil && meaning == "" {
		d.b = appendUint(d.b, n)
		return
	}
	if strings.HasPrefix(value, "0x") {
		if meaning == "" {
			d.b = appendJSONString(d.b, value)
			return
		}
		d.b = appendJSONString(append(d.b, '['), value)
		d.num(int64(d.text(meaning)))
		d.b = append(d.b, ']')
		return
	}
	d.b = strconv.AppendInt(d.b, -1-int64(d.text(value+"\n"+meaning)), 10)
}

// shape gives the number of a header's shape: its name and its fields' names
// and places.
func (d *pageData) shape(l *dissect.LayerFields) int {
	key := make([]byte, 0, 256)
	key = append(key, l.Name...)
	for i := range l.Fields {
		f := &l.Fields[i]
		key = append(append(key, '\n'), f.Name...)
		key = strconv.AppendInt(append(key, ' '), int64(f.Bit), 10)
		key = strconv.AppendInt(append(key, ' '), int64(f.Bits), 10)
	}
	n, ok := d.shapes[string(key)]
	if !ok {
		n = len(d.forms)
		d.shapes[string(key)] = n
		d.forms = append(d.forms, *l)
	}
	return n
}

func (d *pageData) writeShapes() {
	for i := range d.forms {
		l := &d.forms[i]
		if i > 0 {
			d.b = append(d.b, ',')
		}
		d.b = appendJSONString(append(d.b, '['), safeText(l.Name, d.g))
		d.num(int64(l.OSI))
		for j := range l.Fields {
			f := &l.Fields[j]
			d.b = append(d.b, ',')
			d.b = appendJSONString(d.b, safeText(f.Name, d.g))
			d.num(int64(f.Bit))
			d.num(int64(f.Bits))
		}
		d.b = append(d.b, ']')
	}
}

func (d *pageData) writeGlossary() {
	first := true
	for _, t := range d.ordered {
		e, ok := conn.Explain(t)
		if !ok {
			continue
		}
		if !first {
			d.b = append(d.b, ',')
		}
		first = false
		d.b = appendJSONString(d.b, safeText(t, d.g))
		d.b = append(d.b, ':')
		d.b = appendStrings(d.b, []string{e.Term, e.Title, e.Text, e.RFC})
	}
}
