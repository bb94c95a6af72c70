package render

import (
	"io"
	"net/netip"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// Limits and measures of the timeline.
const (
	maxViews    = 4096            // connections whose last states are remembered
	maxHeld     = 64              // rows that wait for the first segment
	maxHeldData = 4 << 10         // bytes of a held call's data
	stateEvery  = 20              // rows after which unchanged states are written again
	firstGap    = time.Second     // a silence that is drawn, once
	longGap     = 5 * time.Second // a silence that is always drawn
)

// timeline draws one row an event.
type timeline struct {
	sheet
	o   Options
	lay layout
	g   glyphs

	views   map[int64]*connView
	oldest  []int64 // keys of views, in the order in which they came
	held    []heldEvent
	began   bool   // something is drawn: nothing waits any more
	headed  bool   // the heads of the columns are drawn
	carded  bool   // the first card is drawn
	called  bool   // a socket call was drawn
	closing bool   // no more events come
	multi   bool   // there is more than one connection
	hinted  bool   // it was said that Enter sends
	gapped  bool   // a silence was drawn
	sized   bool   // the size of a data segment was said
	moved   bool   // the columns' heads stand elsewhere than the columns
	bad     string // which checksums of the segment being drawn are
	when    rowTimes
	named   []netip.AddrPort // ends whose programs the introduction at hand has named
	seenAt  string           // where connections were seen, as it was said last

	content line   // what stands on the arrow
	more    line   // what did not find room there
	scratch []byte // a token
}

// connView is what is remembered of a connection that is drawn.
type connView struct {
	number    int64
	shown     [2]conn.State
	unwritten [2]int // rows since the states were written
	last      capture.Stamp
	run       run
	begun     bool    // a segment of it was drawn
	told      string  // the verdict, where it has been drawn
	named     [2]bool // whose program has been named
	asked     int     // rows at which it was asked for again
}

// NewTimeline returns a Renderer that draws the default view to w: one row an
// event, in time, each connection between its two ends.
func NewTimeline(w io.Writer, o Options) Renderer {
	t := &timeline{
		sheet: newSheet(w, &o), o: o, lay: newLayout(&o), g: newGlyphs(o.ASCII),
		views: make(map[int64]*connView), when: newRowTimes(&o),
	}
	return t
}

// Resize places the columns anew. Their heads, and the states, stand above the
// next row again.
func (t *timeline) Resize(width int) {
	t.o.Width = width
	lay := newLayout(&t.o)
	if lay == t.lay {
		return
	}
	t.lay, t.width = lay, lay.width
	t.moved = t.headed
	for _, v := range t.views {
		v.unwritten = [2]int{stateEvery, stateEvery}
	}
}

func (t *timeline) Event(e *conn.Event) error {
	if t.o.Conn != 0 && e.Conn != t.o.Conn && e.Type != conn.TypeCapture {
		return t.out.err
	}
	if t.prelude(e) && t.hold(e) {
		return t.out.err
	}
	t.draw(e)
	return t.out.settle()
}

// prelude reports whether nothing has been introduced yet, so that an event may
// have to wait for what it comes before. Rows of no connection may stand above
// the first card.
func (t *timeline) prelude(e *conn.Event) bool {
	return !t.began || !t.carded && (len(t.held) > 0 || e.Type == conn.TypeDNS && e.Conn != 0)
}

func (t *timeline) Flush() error {
	if t.o.Live {
		t.release(nil)
	}
	return t.out.flush()
}

func (t *timeline) Close() error {
	t.closing = true
	t.release(nil)
	for _, n := range t.oldest {
		if v := t.views[n]; v != nil {
			t.endRun(v)
		}
	}
	return t.out.flush()
}

// draw draws one event.
func (t *timeline) draw(e *conn.Event) {
	switch e.Type {
	case conn.TypeSegment:
		t.segment(e)
	case conn.TypeICMP:
		t.view(e)
		t.headsAgain(e)
		t.gap(e)
		t.lost(e)
		t.icmpRow(e)
	case conn.TypeNeighbour:
		t.view(e)
		t.headsAgain(e)
		t.gap(e)
		t.lost(e)
		t.neighbourRow(e)
	case conn.TypeDNS:
		t.view(e)
		t.gap(e)
		t.lookupRow(e)
	case conn.TypeCall:
		t.view(e)
		t.callRow(e)
	case conn.TypeRemark:
		t.view(e)
		t.note(t.lay.client, safeText(e.Text, &t.g), "")
	case conn.TypeWait:
		text := t.g.gap + "  " + safeText(e.Text, &t.g)
		if t.multi && e.Conn > 0 {
			text = tagText(e.Conn, t.lay.tag-1, &t.g) + "  " + text
		}
		t.note(t.lay.client, text, "")
	case conn.TypeVerdict:
		t.verdict(e)
	case conn.TypeEnd:
		t.end(e)
	case conn.TypeCapture:
		if e.Capture != nil {
			for _, s := range captureNotes(e.Capture, &t.g) {
				t.note(0, s, "")
			}
		}
	}
	t.when.passed(e)
}

func (t *timeline) segment(e *conn.Event) {
	v := t.view(e)
	t.headsAgain(e)
	if e.Packet == nil {
		return
	}
	if !v.begun {
		v.begun = true
		t.openAlready(e)
	}
	if t.bad = ""; t.o.Checksums {
		t.bad = badChecksums(e.Packet)
	}
	if t.fold(v, e) {
		return
	}
	t.gap(e)
	t.lost(e)
	t.segmentRow(v, e)
	t.comments(e.Packet)
	if e.Handshake {
		t.handshakeLine(e)
	}
	if e.Packet.TCP.Len > 0 && !t.sized && !t.lay.sum && !t.lay.layers {
		t.sizeLine(e.Packet)
	}
	if t.o.Verbose {
		if s := e.Sentence(); s != "" {
			t.note(t.lay.client, safeText(s, &t.g), sgrGrey)
		}
	}
	t.nameLate(v, e)
}

// view returns what is remembered of the event's connection, and introduces
// the connection where it is new. Events of no connection have none.
func (t *timeline) view(e *conn.Event) *connView {
	if e.Conn == 0 {
		if !t.headed && !t.carded && e.Type != conn.TypeCall && e.Type != conn.TypeRemark && e.Type != conn.TypeWait { // calls stand at their end's side, and need no head
			t.heads(e)
		}
		t.began = true
		return nil
	}
	if v := t.views[e.Conn]; v != nil {
		return v
	}
	if len(t.views) >= maxViews {
		t.forget(t.oldest[0])
	}
	v := &connView{number: e.Conn, last: capture.NoTime}
	v.unwritten = [2]int{stateEvery, stateEvery}
	if len(t.oldest) > 2*maxViews { // what ended is still in the list
		t.oldest = compactOrder(t.oldest, t.views)
	}
	t.views[e.Conn] = v
	t.oldest = append(t.oldest, e.Conn)
	t.named = t.named[:0]
	defer func() { v.introduced(e, t.named) }()
	if !t.carded {
		t.card(e)
		t.heads(e)
		t.began, t.carded = true, true
		return v
	}
	t.multi = true
	t.shortCard(e)
	return v
}

// headsAgain draws the heads of columns that have moved.
func (t *timeline) headsAgain(e *conn.Event) {
	if t.moved {
		t.moved = false
		t.heads(e)
	}
}

func compactOrder(order []int64, views map[int64]*connView) []int64 {
	kept := order[:0]
	for _, n := range order {
		if views[n] != nil {
			kept = append(kept, n)
		}
	}
	return kept
}

// forget ends what is remembered of a connection.
func (t *timeline) forget(n int64) {
	if v := t.views[n]; v != nil {
		t.endRun(v)
		delete(t.views, n)
	}
	for len(t.oldest) > 0 && t.views[t.oldest[0]] == nil {
		t.oldest = t.oldest[1:]
	}
}

// gap draws a silence before e.
func (t *timeline) gap(e *conn.Event) {
	if !t.when.last.Known() || !e.Time.Known() || !t.began {
		return
	}
	d := e.Time.Sub(t.when.last)
	if d < firstGap {
		return
	}
	hint := !t.hinted && typed(e)
	if d < longGap && t.gapped && !hint {
		return
	}
	t.gapped = true
	text := t.g.gap + "  " + spanText(d, &t.g) + ", no packet"
	if hint {
		t.hinted = true
		text += ": typing stays local, Enter sends"
	}
	t.note(t.lay.client, text, sgrGrey)
}

// openAlready says of a connection's first segment that others came before it.
func (t *timeline) openAlready(e *conn.Event) {
	if e.SeqSeen && !e.AnswersUnseenSYN() {
		t.note(t.lay.client, openAlready, "")
	}
}

// lost says what the capture lost just before e.
func (t *timeline) lost(e *conn.Event) {
	if s := lostBefore(e); s != "" {
		t.note(t.lay.client, t.g.gap+"  "+s, "")
	}
}

// typed reports whether a segment looks like a line that somebody typed.
func typed(e *conn.Event) bool {
	if e.Type != conn.TypeSegment || e.Kind != conn.KindData || e.Packet == nil {
		return false
	}
	p := e.Packet.TCP.Payload
	if len(p) == 0 || p[len(p)-1] != '\n' || len(p) > 200 {
		return false
	}
	for _, c := range p {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// handshakeLine says how long the handshake took, and where the sequence
// numbers began.
func (t *timeline) handshakeLine(e *conn.Event) {
	s := "handshake complete"
	if e.IRTT > 0 {
		s += " in " + spanText(e.IRTT, &t.g)
	}
	iss := ""
	if tcp := &e.Packet.TCP; !e.SeqSeen && !e.AckSeen {
		mine, other := uint32(tcp.Seq)-e.Seq, uint32(tcp.Ack)-e.Ack
		if e.From == conn.Server {
			mine, other = other, mine
		}
		if t.o.Absolute {
			iss = "ISS "
		} else {
			iss = "seq=0 is ISS "
		}
		iss += utoa(mine) + "|" + utoa(other)
	}
	switch {
	case iss == "":
		t.note(t.lay.client, s, "")
	case t.lay.client+textWidth(s)+2+len(iss) <= t.lay.width:
		t.note(t.lay.client, s+"; "+iss, "")
	default:
		t.note(t.lay.client, s+";", "")
		t.note(t.lay.client, iss, "")
	}
}

// sizeLine says what a data segment is on the wire, layer by layer.
func (t *timeline) sizeLine(p *dissect.Packet) {
	s := sizesOf(p)
	if !s.ok {
		return
	}
	t.sized = true
	text := "L2 " + itoa(s.l2) + " + L3 " + itoa(s.l3) + " + L4 " + itoa(s.l4) + " + L7 " + itoa(s.l7) + " = " + itoa(s.frame) + " bytes"
	if lead := "on the wire: "; t.lay.client+len(lead)+len(text) <= t.lay.width {
		text = lead + text
	}
	t.note(t.lay.client, text, "")
}
