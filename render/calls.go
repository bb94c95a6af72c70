package render

import (
	"bytes"
	"cmp"
	"slices"

	"tcpsee/dissect/conn"
)

// callRow draws a socket call at the side of the end that made it.
func (t *timeline) callRow(e *conn.Event) {
	c := e.Call
	if c == nil {
		return
	}
	t.called = true
	at := t.when.told(e)
	if t.closing { // no frame will come to count from
		t.when.stamp(at)
	}
	t.begin(0, at, '5')
	right := t.lay.right()
	if c.Phase != conn.PhaseEntry && c.Error != "" {
		t.failedCall(c, right)
		return
	}
	left := t.callStart(c.From)
	text, w := t.callText(c, right-left-t.multiTag())
	if c.From == conn.Server {
		t.row.to(max(left, right-w-t.multiTag()))
	}
	t.tag(e.Conn)
	t.row.wide(text, w)
	t.emit()
}

// callStart is the column from which a call of an end may be drawn. The
// server's keep out of the client's column, so that a long one is not taken for
// the client's.
func (t *timeline) callStart(from conn.Side) int {
	if from == conn.Server {
		return max(t.row.col, t.lay.arrow)
	}
	return t.row.col
}

func (t *timeline) multiTag() int {
	if t.multi {
		return t.lay.tag
	}
	return 0
}

// failedCall draws a call that came back with an error: its name in the column
// of the state, what it means on the row, and below where it has more to say.
func (t *timeline) failedCall(c *conn.Call, right int) {
	name := safeName(c.Result, maxCallName, &t.g)
	text := safeName(c.Name, maxCallName, &t.g) + "() fails: " + safeText(c.Error, &t.g)
	start := max(t.lay.arrow, t.row.col+textWidth(name)+1)
	room := right - start
	if c.From == conn.Server {
		room = right - t.callStart(c.From) - textWidth(name) - 1
	}
	lines := wrapText(text, max(room, minFailed), 2)
	if c.From == conn.Server {
		wide := 0
		for _, l := range lines {
			wide = max(wide, textWidth(l))
		}
		start = max(t.callStart(c.From), right-wide-1-textWidth(name))
		t.row.to(start)
		t.row.text(lines[0])
		t.row.to(start + wide + 1)
	}
	t.paint(sgrRed)
	t.row.text(name)
	t.unpaint(sgrRed)
	if c.From == conn.Client {
		t.row.to(start)
		t.row.text(lines[0])
	}
	t.emit()
	for _, l := range lines[1:] {
		t.note(start, l, "")
	}
}

// minFailed is the least width in columns of what a failed call means.
const minFailed = 20

// maxCallName is how many columns of a call's name are shown.
const maxCallName = 20

// callText says what was called, and what came of it, in at most limit
// columns: `connect()`, `accept() returns 127.0.0.1:37602`, `send("Hello\n") = 6`.
func (t *timeline) callText(c *conn.Call, limit int) ([]byte, int) {
	var l line
	l.reset(limit)
	l.text(safeName(c.Name, maxCallName, &t.g))
	l.ascii("(")
	result := ""
	switch {
	case c.Phase == conn.PhaseReturn:
		result = " returns"
		if c.Result != "" {
			result += " " + safeName(c.Result, limit/2, &t.g)
		}
	case c.Phase == conn.PhaseWhole && c.Result != "":
		result = " = " + safeName(c.Result, limit/2, &t.g)
	}
	if c.Phase == conn.PhaseReturn {
		l.ascii(")")
		l.text(result)
		if len(c.Data) > 0 && !saidBefore(c) {
			l.ascii(" ")
			t.callData(&l, c.Data, limit-l.col)
		}
		return l.buf, l.col
	}
	room := limit - l.col - 1 - textWidth(result)
	if len(c.Data) > 0 && !t.o.NoPayload {
		t.callData(&l, c.Data, room)
	} else if args := safeName(c.Args, max(room, 0), &t.g); textWidth(args) <= room {
		l.text(args)
	}
	l.ascii(")")
	l.text(result)
	return l.buf, l.col
}

// saidBefore reports whether the bytes of a call that returns stood where it
// began: what is sent is known then, what is received is not.
func saidBefore(c *conn.Call) bool { return c.Phase == conn.PhaseReturn && c.Name == "send" }

// callData puts what was sent or received into l, in at most limit columns.
func (t *timeline) callData(l *line, p []byte, limit int) {
	var b []byte
	var w int
	switch {
	case t.o.NoPayload:
	case t.o.Hex:
		b, w = appendBuffer(nil, p, limit, &t.g)
	default:
		b, w = appendQuoted(nil, p, limit, &t.g)
	}
	l.wide(b, w)
}

// heldEvent is an event that waits for the first segment, so that the card can
// stand above it.
type heldEvent struct{ e conn.Event }

// hold keeps an event that comes before there is anything to introduce, and
// reports whether it did. Whatever comes after the first segment is drawn at
// once, and so is a segment, behind what was held.
func (t *timeline) hold(e *conn.Event) bool {
	switch e.Type {
	case conn.TypeCall, conn.TypeRemark, conn.TypeNeighbour, conn.TypeDNS, conn.TypeWait, conn.TypeICMP:
		if e.Type == conn.TypeICMP && e.Conn != 0 {
			t.release(e)
			return false
		}
		if len(t.held) < maxHeld {
			t.held = append(t.held, copyEvent(e))
			return true
		}
		t.release(nil)
	case conn.TypeSegment:
		t.release(e)
	default:
		t.release(nil)
	}
	return false
}

func copyEvent(e *conn.Event) heldEvent {
	h := heldEvent{*e}
	if e.Call != nil {
		c := *e.Call
		c.Data = bytes.Clone(c.Data[:min(len(c.Data), maxHeldData)])
		h.e.Call = &c
	}
	if e.DNS != nil {
		l := *e.DNS
		l.Answers = slices.Clone(l.Answers)
		h.e.DNS = &l
	}
	if e.Packet != nil {
		p := *e.Packet
		p.Payload, p.Joined, p.TCP.Payload, p.TCP.Options = nil, nil, nil, nil
		p.Fragments = slices.Clone(p.Fragments)
		if p.Frame != nil {
			f := *p.Frame
			f.Data, f.Comments = bytes.Clone(f.Data[:min(len(f.Data), maxHeldData)]), nil
			p.Frame = &f
		}
		h.e.Packet = &p
	}
	return h
}

// release draws what was held, behind the card of the connection that first,
// or else one of those, belongs to.
func (t *timeline) release(first *conn.Event) {
	held := t.held
	if len(held) == 0 {
		return
	}
	slices.SortStableFunc(held, byTime)
	card := first
	for i := range held {
		if held[i].e.Frame > 0 {
			t.when.stamp(held[i].e.Time)
		}
		if h := &held[i].e; first == nil && (card == nil || card.Conn == 0) && (h.Conn > 0 || card == nil && h.Client.IsValid()) {
			card = h
		}
	}
	if first != nil && first.Frame > 0 {
		t.when.stamp(first.Time)
	}
	if card != nil {
		t.view(card)
	}
	t.held = nil
	for i := range held {
		t.draw(&held[i].e)
	}
}

// byTime orders events that were held: what is asked in vain is told later than
// it happened. Events without a time stay where they are.
// Of two frames, which processors may have stamped a little apart, the first is
// the one that came first.
func byTime(a, b heldEvent) int {
	if a.e.Frame > 0 && b.e.Frame > 0 && a.e.File == b.e.File {
		return cmp.Compare(a.e.Frame, b.e.Frame)
	}
	if !a.e.Time.Known() || !b.e.Time.Known() || a.e.Type == conn.TypeWait || b.e.Type == conn.TypeWait {
		return 0
	}
	return cmp.Compare(a.e.Time, b.e.Time)
}

// calls reports whether socket calls are known when the card is drawn.
func (t *timeline) calls(e *conn.Event) bool {
	return t.called || e.Type == conn.TypeCall || slices.ContainsFunc(t.held, func(h heldEvent) bool { return h.e.Type == conn.TypeCall })
}
