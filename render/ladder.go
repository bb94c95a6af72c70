package render

import (
	"io"
	"strings"

	"tcpsee/dissect/conn"
)

// Measures of a ladder, in columns.
const (
	ladderNumber   = 3 // at least, of a frame's number
	ladderDigits   = 7 // at most
	ladderMaxInner = 110
	ladderMargin   = 3  // between a lane and the text beside it
	ladderOptions  = 90 // width from which options are shown
	ladderPreview  = 60 // columns of payload at most
)

// ladder draws one connection as a sequence diagram.
type ladder struct {
	whole
	out output
	g   glyphs

	short  bool // the states' short names
	when   rowTimes
	number int // columns of a frame's number, and of its file's tag
	time   int // columns of a time, with what marks one that is not the capture's
	client int // where the client's state begins
	lane   int // the client's lane
	inner  int // columns between the lanes
	state  int
	shown  [2]conn.State
	stated [2]bool
	row    line
	path   conn.Path
}

// NewLadder returns a Renderer that draws one connection to w, when it is
// closed, as a sequence diagram: a lane for each end with its states beside
// it, time downwards, arrows that slant where the handshake shows how long a
// segment travels. It draws o.Conn, else the first connection. Of o, Width,
// Color, ASCII, NoPayload, Absolute, Hex, Full, Time, Conn, Checksums, Files,
// Interface and ProcessName count.
func NewLadder(w io.Writer, o Options) Renderer {
	return &ladder{whole: newWhole(o), out: newOutput(w), g: newGlyphs(o.ASCII)}
}

// measure places the columns for a record.
func (l *ladder) measure(r *conn.Record) {
	tag := fileTagWidth(&l.o)
	l.number = ladderNumber - min(tag, ladderNumber-1)
	for i := range r.Events {
		l.number = max(l.number, len(itoa(int(r.Events[i].Frame))))
	}
	l.number = min(l.number, ladderDigits)
	if tag > 0 {
		l.number += tag + 1
	}
	w := l.o.Width
	if w == 0 {
		w = DefaultWidth
	}
	w = max(w, MinWidth)
	l.state = stateFull
	if l.short = w < wideStates; l.short {
		l.state = stateShort
	}
	l.when = newRowTimes(&l.o)
	l.time = len("~") + l.when.width(w)
	l.client = l.number + 1 + l.time + 1
	l.lane = l.client + l.state + 1
	l.inner = min(w-l.lane-2-1-l.state, ladderMaxInner)
	l.o.Width = l.lane + l.inner + 3 + l.state
}

func (l *ladder) Event(e *conn.Event) error {
	l.add(e)
	return l.out.err
}

// Flush writes nothing: a ladder is drawn when all is known.
func (l *ladder) Flush() error { return l.out.err }

func (l *ladder) Close() error {
	r, err := l.pick()
	if err != nil {
		return err
	}
	l.draw(r, strokesOf(r, l.folds, &l.o, &l.g, ladderPreview))
	return l.out.flush()
}

// draw draws a record from head to verdict.
func (l *ladder) draw(r *conn.Record, strokes []stroke) {
	l.measure(r)
	l.path = r.Path()
	l.shown, l.stated = [2]conn.State{}, [2]bool{}
	l.head(r)
	for i := range strokes {
		l.stroke(&strokes[i])
	}
	l.rule(l.corner("┴", "+"))
	l.foot(r)
}

// corner gives a character, or what stands for it in ASCII.
func (l *ladder) corner(s, ascii string) string {
	if l.g.ascii {
		return ascii
	}
	return s
}

func (l *ladder) bar() string { return l.g.bar }

// put draws a line of text from the left edge, wrapped.
func (l *ladder) put(text, colour string) {
	hang := 0
	if !strings.HasPrefix(text, " ") {
		hang = 2
	}
	for _, s := range wrapText(text, l.o.Width, hang) {
		l.row.reset(l.o.Width)
		l.paint(s, colour)
		l.emit()
	}
}

func (l *ladder) emit() { l.out.buf = l.row.end(l.out.buf) }

func (l *ladder) paint(s, colour string) {
	if l.o.Color && colour != "" {
		l.row.sgr(colour)
		defer l.row.sgr(sgrReset)
	}
	l.row.text(s)
}

// recordTitle names a connection, and when it began.
func recordTitle(r *conn.Record, o *Options, g *glyphs) string {
	s := "no connection"
	if r.Number > 0 {
		s = "connection " + count(uint64(r.Number))
	}
	for i := range r.Events {
		e := &r.Events[i]
		if e.File >= 0 && e.File < len(o.Files) && e.Frame > 0 {
			s += " in " + safeName(baseName(o.Files[e.File]), maxName, g)
			break
		}
	}
	if b := r.Base(); b.Known() {
		s += ", from " + b.Time().Format("2006-01-02 15:04:05.000000") + " UTC"
	}
	return s
}

// endName names one end: the program where that is known.
func endName(r *conn.Record, o *Options, side conn.Side, g *glyphs) string {
	a := r.Client
	if side == conn.Server {
		a = r.Server
	}
	name := side.String()
	if o.ProcessName != nil && a.IsValid() {
		if p := safeName(o.ProcessName(a), maxName, g); p != "" {
			name += " " + p
		}
	}
	return name
}

// endAddress is an end's address and port.
func endAddress(r *conn.Record, side conn.Side, g *glyphs) string {
	a := r.Client
	if side == conn.Server {
		a = r.Server
	}
	switch {
	case !a.IsValid():
		return ""
	case a.Port() == 0:
		return safeText(a.Addr().String(), g)
	}
	return safeText(a.String(), g)
}

func (l *ladder) head(r *conn.Record) {
	l.put(recordTitle(r, &l.o, &l.g), sgrBold)
	if files := recordFiles(r, &l.o, &l.g); files != "" {
		l.put("files  "+files, "")
	}
	l.pair(endName(r, &l.o, conn.Client, &l.g), endName(r, &l.o, conn.Server, &l.g),
		spaces[:l.number-1]+"#"+spaces[:l.client-1-l.number-len(l.when.head())]+l.when.head())
	l.pair(endAddress(r, conn.Client, &l.g), endAddress(r, conn.Server, &l.g), "")
	l.rule(l.corner("┬", "+"))
}

// pair writes something of each end: the client's at its states, the server's
// up to the right edge; in two lines where they do not fit into one.
func (l *ladder) pair(client, server, lead string) {
	l.row.reset(l.o.Width)
	l.row.ascii(lead)
	l.row.to(l.client)
	l.row.text(client)
	if l.row.col+2+textWidth(server) > l.o.Width {
		l.emit()
		l.row.reset(l.o.Width)
	}
	l.row.to(l.o.Width - textWidth(server))
	l.row.text(server)
	l.emit()
}

// rule draws a line with the ends of both lanes.
func (l *ladder) rule(end string) {
	l.row.reset(l.o.Width)
	l.row.to(l.lane)
	l.row.repeat(end, 1)
	l.row.to(l.lane + 1 + l.inner)
	l.row.repeat(end, 1)
	l.emit()
}

// begin begins a line: frame, time, the client's state, the client's lane.
func (l *ladder) begin(s *stroke, part linePart) {
	l.row.reset(l.o.Width)
	if n := s.frameOn(part); n != "" {
		l.row.ascii(s.file)
		n = n[max(0, len(n)-l.number+l.row.col):] // the last digits say most
		l.row.to(l.number - len(n))
		l.row.ascii(n)
	}
	if t := s.timeOn(part, l.time); t != "" {
		l.row.to(l.client - 1 - len(t))
		l.row.ascii(t)
	}
	l.row.to(l.client)
	l.states(s, part, conn.Client)
	l.row.to(l.lane)
	l.row.repeat(l.bar(), 1)
}

// finish ends a line: the server's lane and state.
func (l *ladder) finish(s *stroke, part linePart) {
	l.row.to(l.lane + 1 + l.inner)
	l.row.repeat(l.bar(), 1)
	l.row.to(l.lane + 3 + l.inner)
	l.states(s, part, conn.Server)
	l.emit()
}

// linePart says which line of a stroke is drawn.
type linePart uint8

const (
	partFirst  linePart = 1 << iota // where it leaves
	partLast                        // where it arrives
	partMiddle linePart = 0
	partOnly            = partFirst | partLast
)

// near reports whether the place of the capture is nearer to where the stroke
// leaves.
func (s *stroke) near() bool { return s.at-s.leaves <= s.arrives-s.at }

// frameOn gives the frame's number on the line that has its time.
func (s *stroke) frameOn(part linePart) string {
	if part == partOnly || s.near() && part == partFirst || !s.near() && part == partLast {
		return s.frame()
	}
	return ""
}

// timeOn gives the time that a line shows in at most width columns: the
// captured one, or with a tilde the one that follows from it.
func (s *stroke) timeOn(part linePart, width int) string {
	switch {
	case part == partMiddle:
		return ""
	case part == partOnly, s.near() && part == partFirst, !s.near() && part == partLast:
		if s.when.mode == TimeClock { // below each other
			width -= len("~")
		}
		return s.time(width)
	case part == partFirst:
		return s.guessed(s.leaves-s.at, width)
	}
	return s.guessed(s.arrives-s.at, width)
}

// states writes an end's state beside the line that changes it.
func (l *ladder) states(s *stroke, part linePart, side conn.Side) {
	if s.kind != strokeSegment {
		return
	}
	if mine := s.event.From == side; mine && part&partFirst == 0 || !mine && part&partLast == 0 {
		return
	}
	now := s.event.States[side]
	if l.stated[side] && l.shown[side] == now {
		return
	}
	l.shown[side], l.stated[side] = now, true
	l.row.ascii((&layout{short: l.short}).stateName(now))
}

func (l *ladder) stroke(s *stroke) {
	switch s.kind {
	case strokeSegment, strokeICMP, strokeNeighbour:
		l.arrow(s)
	case strokeCall:
		l.call(s)
	case strokeNote:
		l.noteStroke(s)
	}
}

// noteStroke draws what stands between the lanes without an arrow.
func (l *ladder) noteStroke(s *stroke) {
	text := strings.Join(s.tokens, " ")
	if dots := l.g.gap + "  "; s.gap && 2*textWidth(dots)+textWidth(text) <= l.inner-2 {
		text = dots + text + "  " + l.g.gap
	} else if s.gap && textWidth(dots)+textWidth(text) <= l.inner-2 {
		text = dots + text
	}
	blank := &stroke{kind: strokeNote}
	for _, t := range wrapText(text, l.inner-2, 0) {
		l.begin(blank, partMiddle)
		l.row.to(l.lane + 1 + (l.inner-textWidth(t))/2)
		l.paint(t, sgrGrey)
		l.finish(blank, partMiddle)
	}
}

// call draws a socket call at its end's lane.
func (l *ladder) call(s *stroke) {
	lines := wrapText(s.text(), l.inner-4, 0)
	for i, t := range lines {
		part := partMiddle
		if i == 0 {
			part = partOnly
		}
		l.begin(s, part)
		col := l.lane + 3
		if s.side == conn.Server {
			col = l.lane + l.inner - 1 - textWidth(t)
		}
		l.row.to(col)
		l.paint(t, sgrViolet)
		l.finish(s, part)
	}
}

// foot says what became of the connection and how to read the picture.
func (l *ladder) foot(r *conn.Record) {
	if r.End != nil {
		if head := verdictHead(&r.End.Verdict, &l.g); head != "" {
			l.put(head, outcomeColour(r.End.Verdict.Outcome))
		}
		for _, s := range verdictRest(&r.End.Verdict, &l.g) {
			l.put("  "+s, "")
		}
	}
	if s := pathNote(l.path, l.o.Time, &l.g); s != "" {
		l.put(s, sgrGrey)
	}
	for _, s := range l.remarks(r, &l.g) {
		l.put(s, sgrGrey)
	}
}

// verdictRest gives what a verdict means and what to try.
func verdictRest(v *conn.Verdict, g *glyphs) []string {
	var out []string
	if s := safeText(v.Meaning, g); s != "" {
		if failed(v.Outcome) {
			s = "It means: " + s
		}
		out = append(out, s)
	}
	if s := safeText(v.NextStep, g); s != "" {
		out = append(out, "Try: "+s)
	}
	return out
}

// pathNote says what the times of a ladder are.
func pathNote(p conn.Path, mode TimeMode, g *glyphs) string {
	if !p.Known || mode == TimeDelta {
		return slantNote(p, g)
	}
	return "Times are of the capture, " + capturedAt(p) + "; with ~ they follow from the handshake's round trip of " + spanText(p.RoundTrip, g) + ", half each way."
}

// slantNote says where the slant of arrows comes from.
func slantNote(p conn.Path, g *glyphs) string {
	if !p.Known {
		return ""
	}
	return "Captured " + capturedAt(p) + ". Arrows slant by half of the handshake's round trip of " + spanText(p.RoundTrip, g) + "."
}

// capturedAt says where on the way between the ends a capture was taken.
func capturedAt(p conn.Path) string {
	switch near := p.RoundTrip / 40; {
	case p.ToClient <= near:
		return "at the client"
	case p.ToServer <= near:
		return "at the server"
	}
	return "between the two ends"
}
