package render

import (
	"strconv"
	"strings"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// Columns that an arrow keeps for itself.
const (
	tailFree   = 2  // beside what may be left out: a preview of the payload, options
	minPreview = 12 // columns of payload that options leave alone
	maxLine    = 60 // bytes of text that are worth a line
	kindWidth  = 8
	maxMore    = 600 // of what the line below a row holds, wrapped

	frameDigits = 5 // of a frame's length
)

// direction is where an arrow points.
type direction int8

const (
	pointsNowhere direction = iota
	pointsRight             // from client to server
	pointsLeft
)

func directionOf(from conn.Side) direction {
	if from == conn.Client {
		return pointsRight
	}
	return pointsLeft
}

// begin begins a row: number, time, layer.
func (t *timeline) begin(frame int64, at capture.Stamp, layer byte) {
	l := &t.row
	l.reset(t.lay.width)
	var buf [24]byte
	used := 0
	if frame > 0 {
		b := strconv.AppendInt(buf[:0], frame, 10)
		if room := t.lay.pair - 5; len(b) > room { // the last digits say most
			b = b[len(b)-room:]
		}
		l.to(t.lay.number - len(b))
		l.bytes(b)
		used = l.col
	}
	used = max(used, t.lay.number)
	b := t.when.append(buf[:0], at, t.lay.pair-used-1)
	l.to(t.lay.pair - len(b))
	l.bytes(b)
	if t.lay.layer >= 0 {
		l.to(t.lay.layer)
		l.bytes([]byte{layer})
	}
	l.to(t.lay.client)
}

// segmentRow draws a segment.
func (t *timeline) segmentRow(v *connView, e *conn.Event) {
	t.when.stamp(e.Time)
	t.begin(e.Frame, e.Time, layerOf(e))
	t.state(v, e, conn.Client)
	t.row.to(t.lay.arrow)
	t.fileTag(e)
	t.tag(e.Conn)
	t.segmentContent(e)
	t.arrow(directionOf(e.From), kindColour(e.Kind), e.Kind.String(), t.lay.server-1)
	t.row.to(t.lay.server)
	t.state(v, e, conn.Server)
	if t.lay.sum {
		t.sum(e.Packet)
	}
	if t.lay.layers {
		t.layerColumns(e)
	}
	t.emit()
	t.overflow()
	t.dump(e.Packet)
}

// layerOf is the highest layer at work in a segment.
func layerOf(e *conn.Event) byte {
	switch {
	case e.Packet.TCP.Len == 0:
		return '4'
	case strings.HasPrefix(e.App, "TLS"):
		return '6'
	}
	return '7'
}

// state writes an end's state where it changed, or was not written for long.
func (t *timeline) state(v *connView, e *conn.Event, side conn.Side) {
	now := e.States[side]
	if v.unwritten[side]++; v.shown[side] == now && v.unwritten[side] < stateEvery {
		t.row.repeat(t.g.bar, 1)
		return
	}
	t.row.ascii(t.lay.stateName(now))
	v.shown[side], v.unwritten[side] = now, 0
}

// tag writes the connection's number where there are several.
func (t *timeline) tag(n int64) {
	if !t.multi {
		return
	}
	col := t.row.col + t.lay.tag
	if n > 0 {
		c := connColour(n)
		t.paint(c)
		t.row.text(tagText(n, t.lay.tag-1, &t.g))
		t.unpaint(c)
	}
	t.row.to(col)
}

// tagText is a connection's number in at most width columns: "c2", "1024".
func tagText(n int64, width int, g *glyphs) string {
	s := "c" + strconv.FormatInt(n, 10)
	if len(s) <= width {
		return s
	}
	if s = s[1:]; len(s) <= width {
		return s
	}
	return g.ellipsis + s[len(s)-width+textWidth(g.ellipsis):]
}

// arrow draws t.content on an arrow that ends before the column end. word is
// the part of it that has the colour.
func (t *timeline) arrow(d direction, colour, word string, end int) {
	l := &t.row
	switch d {
	case pointsRight:
		l.repeat(t.g.dash, 2)
	case pointsLeft:
		l.text(t.g.left)
		l.repeat(t.g.dash, 1)
	default:
		l.to(l.col + 2)
	}
	l.to(l.col + 1)
	c := t.content.buf
	if len(c) >= len(word) {
		t.paint(colour)
		l.wide(c[:len(word)], len(word))
		t.unpaint(colour)
		c = c[len(word):]
	}
	l.wide(c, t.content.col-len(word))
	l.to(l.col + 1)
	switch d {
	case pointsRight:
		l.repeat(t.g.dash, end-1-l.col)
		l.text(t.g.right)
	case pointsLeft:
		l.repeat(t.g.dash, end-l.col)
	}
}

// room is how many columns of content an arrow takes that begins at the
// row's present column and ends before end, with one column of its own behind.
func (t *timeline) room(end int) int { return end - t.row.col - 3 - 2 }

// segmentContent puts into t.content what stands on a segment's arrow, and
// into t.more what must be said and has no room there.
func (t *timeline) segmentContent(e *conn.Event) {
	c, tcp := &t.content, &e.Packet.TCP
	room := t.room(t.lay.server - 1)
	c.reset(room)
	t.more.reset(maxMore)
	c.ascii(e.Kind.String())
	if tcp.Len > 0 {
		c.ascii(" ")
		c.bytes(strconv.AppendInt(t.scratch[:0], int64(tcp.Len), 10))
		c.ascii(" B")
	}
	nums := t.numbers(e)
	if c.col < kindWidth && kindWidth+len(nums) <= room {
		c.to(kindWidth)
	}
	for s := range strings.FieldsSeq(nums) {
		t.must(s)
	}
	for s := e.Labels; s != 0; s &= s - 1 {
		l := lowestLabel(s)
		if l == conn.TimeWait || l == conn.Refused {
			continue // the states beside it say so, and the verdict
		}
		t.must(l.String())
		if l == conn.DupAck {
			t.must("#" + itoa(e.DupAckNum))
		}
	}
	if t.bad != "" {
		t.must(t.bad)
	}
	shown := tcp.Len > 0 && !t.o.NoPayload && !t.lay.layers
	if t.lay.extras {
		t.options(e, room-(tailFree-1), shown)
	}
	if shown {
		t.preview(e, room-(tailFree-1))
	}
}

// must puts a token on the arrow, or where it has no room into the line below.
func (t *timeline) must(s string) {
	c := &t.content
	if t.more.col > 0 || c.col+1+len(s) > c.limit {
		c = &t.more
	}
	if c.col > 0 {
		c.ascii(" ")
	}
	c.ascii(s)
}

// overflow draws what had no room on the arrow.
func (t *timeline) overflow() {
	if t.more.col == 0 {
		return
	}
	col := min(t.lay.arrow+3, t.lay.width-t.more.col)
	t.note(max(col, t.lay.client), string(t.more.buf), "")
}

// numbers returns " seq=… ack=…", as far as the segment's kind asks for them.
func (t *timeline) numbers(e *conn.Event) string {
	tcp := &e.Packet.TCP
	seq, ack := e.Seq, e.Ack
	if t.o.Absolute {
		seq, ack = uint32(tcp.Seq), uint32(tcp.Ack)
	}
	hasAck := tcp.Flags.Has(dissect.ACK)
	b := t.scratch[:0]
	probe := e.Labels.Has(conn.KeepAlive) || e.Labels.Has(conn.ZeroWindowProbe) // they are what they are by their number
	if !hasAck || probe || !(e.Kind == conn.KindACK || e.Kind == conn.KindRST && e.SeqSeen) {
		b = strconv.AppendUint(append(b, " seq="...), uint64(seq), 10)
	}
	if hasAck {
		b = strconv.AppendUint(append(b, " ack="...), uint64(ack), 10)
	}
	t.scratch = b
	return string(b)
}

// options puts the window and the options on the arrow that find room there
// beside layer 7. What is worth reading in full comes before them, where it
// finds room without them.
func (t *timeline) options(e *conn.Event, limit int, payload bool) {
	c := &t.content
	if payload {
		b, w := t.appendPayload(t.scratch[:0], e, limit-c.col-1)
		t.scratch = b[:0]
		switch {
		case !t.readable(e) && !named(e.App):
			limit -= min(w, minPreview) + 1
		case !t.readable(e) || t.more.col == 0 && !t.cut(e, limit-c.col-1):
			limit -= w + 1
		}
	}
	for s := range strings.FieldsSeq(optionsText(e)) {
		if c.col+1+len(s) > limit {
			return
		}
		c.ascii(" ")
		c.ascii(s)
	}
}

// optionsText gives window and options, the telling ones first.
func optionsText(e *conn.Event) string {
	tcp := &e.Packet.TCP
	var o dissect.Options
	tcp.ParseOptions(&o)
	b := strconv.AppendUint(append(make([]byte, 0, 64), "win="...), uint64(e.Window), 10)
	if o.Has&dissect.HasMSS != 0 {
		b = strconv.AppendUint(append(b, " mss="...), uint64(o.MSS), 10)
	}
	if o.Has&dissect.HasSACKPermitted != 0 {
		b = append(b, " sackOK"...)
	}
	if o.Has&dissect.HasWindowScale != 0 {
		b = strconv.AppendUint(append(b, " wscale="...), uint64(o.WindowScale), 10)
	}
	base := tcp.Ack - dissect.Seq(e.Ack)
	for i, s := range o.SACK[:o.NumSACK] {
		if i == 0 {
			b = append(b, " sack="...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(s.Left-base), 10)
		b = strconv.AppendUint(append(b, '-'), uint64(s.Right-base), 10)
	}
	if o.Has&dissect.HasFastOpen != 0 {
		b = append(b, " tfo"...)
	}
	if o.Has&dissect.HasMPTCP != 0 {
		b = append(b, " mptcp"...)
	}
	return string(b)
}

// sum writes the bytes of each layer behind the row.
func (t *timeline) sum(p *dissect.Packet) {
	s := sizesOf(p)
	if !s.ok {
		return
	}
	b := t.scratch[:0]
	if p.Content == dissect.ContentTCP || p.Content == dissect.ContentUDP {
		b = strconv.AppendInt(b, int64(s.l7), 10)
		b = strconv.AppendInt(append(b, '+'), int64(s.l4), 10)
		b = append(b, '+')
	}
	l3 := s.l3
	l2 := s.l2
	switch p.Content {
	case dissect.ContentNeighbour:
		l3, l2 = neighbourSizes(p, s)
	case dissect.ContentICMP:
		b = strconv.AppendInt(b, int64(l3-int(p.IP.Header)), 10)
		b = append(b, '+')
		l3 = int(p.IP.Header)
	}
	b = strconv.AppendInt(b, int64(l3), 10)
	b = strconv.AppendInt(append(b, '+'), int64(l2), 10)
	b = append(b, '=')
	frame := strconv.Itoa(s.frame)
	for pad := frameDigits - len(frame); pad > 0 && len(b)+len(frame) < sumWidth; pad-- {
		b = append(b, ' ')
	}
	b = append(b, frame...)
	t.scratch = b
	t.row.to(max(t.lay.width-len(b), t.lay.after))
	t.row.bytes(b)
}

// neighbourSizes gives the bytes of the message and of what is around it.
func neighbourSizes(p *dissect.Packet, s sizes) (message, around int) {
	for i := range min(p.NumLayers, len(p.Layers)) {
		switch p.Layers[i].Kind {
		case dissect.LayerARP:
			message += int(p.Layers[i].Length)
		}
	}
	if message == 0 {
		message = p.IP.Total
	}
	return message, s.frame - message
}

// layerColumns writes each layer's part of a segment in its column.
func (t *timeline) layerColumns(e *conn.Event) {
	s := sizesOf(e.Packet)
	l := &t.row
	col := t.lay.after
	if n := e.Packet.TCP.Len; n > 0 {
		l.to(col)
		b := strconv.AppendInt(t.scratch[:0], int64(n), 10)
		l.bytes(b)
		if !t.o.NoPayload {
			b, w := t.appendPayload(b[:0], e, t.lay.l7-len(b)-1)
			l.to(l.col + 1)
			l.wide(b, w)
			t.scratch = b[:0]
		}
	}
	col += t.lay.l7 + 2
	l.to(col)
	t.fitWords(itoa(int(e.Packet.TCP.Header))+" "+optionsText(e), widthL4)
	col += widthL4 + 2
	l.to(col)
	t.fitWords(itoa(int(e.Packet.IP.Header))+hopText(e.Packet), widthL3)
	col += widthL3 + 2
	if s.ok {
		t.rightAligned(itoa(s.l2), col+widthL2)
		t.rightAligned(itoa(s.frame), t.lay.width)
	}
}

func hopText(p *dissect.Packet) string {
	if p.IP.Version == 6 {
		return " hop " + itoa(int(p.IP.HopLimit))
	}
	return " ttl " + itoa(int(p.IP.HopLimit))
}

// fitWords writes the words that find room.
func (t *timeline) fitWords(s string, width int) {
	for i, w := range strings.Fields(s) {
		if i > 0 {
			if len(w)+1 > width {
				return
			}
			t.row.ascii(" ")
			width--
		}
		t.row.ascii(w)
		width -= len(w)
	}
}

func (t *timeline) rightAligned(s string, end int) {
	t.row.to(end - textWidth(s))
	t.row.text(s)
}
