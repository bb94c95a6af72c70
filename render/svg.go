package render

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// Measures of the SVG ladder, in its own units: pixels at normal size.
const (
	svgWidth    = 1000
	svgLeft     = 250 // the client's lane
	svgRight    = 800 // the server's
	svgNumber   = 50  // where a frame's number ends, or left of that
	svgTime     = 128 // where its time ends
	svgLine     = 17  // height of a line of text
	svgGap      = 15  // below an arrow
	svgSlant    = 18  // that an arrow falls from lane to lane
	svgColumns  = 66  // of text between the lanes
	svgMargin   = 20
	svgEdge     = 6    // left of the numbers
	svgColumn   = 7.83 // width of a column of monospaced text at svgFont
	svgFont     = 13
	svgVerdict  = 118 // columns of the text below
	svgTextFont = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"
	svgMonoFont = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
)

// NewSVG returns a Renderer that writes one connection to w, when it is
// closed, as a standalone SVG picture of its ladder: no script, no reference
// to anything outside, fonts by family. It draws o.Conn, else the first
// connection.
func NewSVG(w io.Writer, o Options) Renderer {
	return newDiagram(w, o, func(b []byte, d *diagram, r *conn.Record) []byte {
		p := svgPicture{o: &d.o, g: &d.g}
		b = append(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"...)
		return p.draw(b, r, strokesOf(r, d.folds, &d.o, &d.g, ladderPreview), d.remarks(r, &d.g))
	})
}

// svgPicture draws one record.
type svgPicture struct {
	o      *Options
	g      *glyphs
	number int    // where frames' numbers end
	left   int    // how much the picture is wider on the left: there are long numbers or times
	id     string // makes the ids of this picture its own
	inline bool   // stands in a page, which has the text below itself
	b      []byte
	y      float64
	shown  [2]string
	since  [2]float64 // where the present state of a lane begins
	lanes  []byte     // drawn below the rest
}

func (p *svgPicture) put(format string, args ...any) { p.b = fmt.Appendf(p.b, format+"\n", args...) }

// draw appends the picture to b.
func (p *svgPicture) draw(b []byte, r *conn.Record, strokes []stroke, remarks []string) []byte {
	p.b, p.y = nil, 24
	p.measure(strokes)
	p.head(r)
	top := p.y
	p.since = [2]float64{top, top}
	p.shown = [2]string{"", ""}
	words := ladder{whole: whole{o: *p.o}, g: *p.g}
	words.o.Width = ladderOptions
	for i := range strokes {
		p.stroke(&strokes[i], &words)
	}
	p.y += 6
	p.closeLane(conn.Client)
	p.closeLane(conn.Server)
	if !p.inline {
		p.foot(r, remarks)
	}
	return p.wrap(b, r)
}

// measure makes room for numbers and times.
func (p *svgPicture) measure(strokes []stroke) {
	number, at := 0, 0
	for i := range strokes {
		number = max(number, len(strokes[i].numbered()))
		at = max(at, len(strokes[i].time(wideTime)))
	}
	p.number = min(svgNumber, svgTime-int(math.Ceil(float64(at+1)*svgColumn)))
	p.left = max(0, int(math.Ceil(float64(number)*svgColumn))+svgEdge-p.number)
}

// wrap puts the picture between its first and last tag.
func (p *svgPicture) wrap(b []byte, r *conn.Record) []byte {
	h := int(p.y) + svgMargin
	title := recordTitle(r, p.o, p.g)
	desc := strings.Join(verdictLines(r, p.g), " ")
	if desc == "" {
		desc = "A sequence diagram of its segments."
	}
	b = fmt.Appendf(b, `<svg xmlns="http://www.w3.org/2000/svg" class="ladder" viewBox="%d 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="%st %sd" font-family="%s" font-size="%d">`+"\n",
		-p.left, svgWidth+p.left, h, svgWidth+p.left, h, p.id, p.id, svgText(svgMonoFont), svgFont)
	b = fmt.Appendf(b, "<title id=\"%st\">%s</title>\n<desc id=\"%sd\">%s</desc>\n", p.id, svgText(title), p.id, svgText(desc))
	if !p.inline {
		b = fmt.Appendf(b, "<rect class=\"paper\" x=\"%d\" width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", -p.left, svgWidth+p.left, h)
	}
	b = append(b, p.lanes...)
	b = append(b, p.b...)
	return append(b, "</svg>\n"...)
}

func (p *svgPicture) head(r *conn.Record) {
	if !p.inline {
		p.put(`<text x="%d" y="%g" font-family="%s" font-size="17" font-weight="bold" fill="#111111">%s</text>`, svgMargin-p.left, p.y, svgText(svgTextFont),
			svgText(recordTitle(r, p.o, p.g)))
		if files := recordFiles(r, p.o, p.g); files != "" {
			for _, part := range wrapText("Files: "+files+".", svgVerdict, 0) {
				p.y += svgLine + 2
				p.put(`<text x="%d" y="%g" font-family="%s" fill="#222222">%s</text>`, svgMargin-p.left, p.y, svgText(svgTextFont), svgText(part))
			}
		}
		p.y += 34
	}
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		x := laneX(side)
		p.put(`<text class="end" x="%d" y="%g" text-anchor="middle" font-weight="bold" fill="#111111">%s</text>`, x, p.y, svgText(endName(r, p.o, side, p.g)))
		p.put(`<text class="end" x="%d" y="%g" text-anchor="middle" fill="#444444">%s</text>`, x, p.y+svgLine, svgText(endAddress(r, side, p.g)))
	}
	p.y += svgLine + 12
	when := newRowTimes(p.o)
	p.put(`<text class="number" x="%d" y="%g" text-anchor="end" fill="#444444">#</text>`, p.number, p.y+2)
	p.put(`<text class="time" x="%d" y="%g" text-anchor="end" fill="#444444">%s</text>`, svgTime, p.y+2, svgText(when.head()))
}

func laneX(side conn.Side) int {
	if side == conn.Client {
		return svgLeft
	}
	return svgRight
}

// stateFill is the colour of a lane in a state: grey before, green while the
// connection is open, yellow while it closes. Its name stands beside it.
func stateFill(state string) string {
	switch state {
	case "ESTABLISHED":
		return "#117a55"
	case "SYN-SENT", "SYN-RECEIVED":
		return "#2a6fb0"
	case "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT":
		return "#a86a00"
	}
	return "#6b6b6b"
}

// closeLane draws a lane from where its state began down to here.
func (p *svgPicture) closeLane(side conn.Side) {
	p.lanes = fmt.Appendf(p.lanes, "<line class=\"lane\" x1=\"%d\" y1=\"%g\" x2=\"%d\" y2=\"%g\" stroke=\"%s\" stroke-width=\"5\"/>\n",
		laneX(side), p.since[side], laneX(side), p.y, stateFill(p.shown[side]))
	p.since[side] = p.y
}

// state draws an end's new state beside its lane.
func (p *svgPicture) state(s *stroke, side conn.Side, y float64) {
	before := p.shown[side]
	now := s.changes(side, &p.shown)
	if now == "" {
		return
	}
	p.shown[side] = before
	keep := p.y
	p.y = y
	p.closeLane(side)
	p.y = keep
	p.shown[side] = now
	x, anchor := svgLeft-10, "end"
	if side == conn.Server {
		x, anchor = svgRight+10, "start"
	}
	p.put(`<text class="state" x="%d" y="%g" text-anchor="%s" font-weight="bold" fill="%s">%s</text>`, x, y+4, anchor, stateFill(now), svgText(now))
}

func (p *svgPicture) stroke(s *stroke, words *ladder) {
	switch s.kind {
	case strokeNote:
		p.note(s)
		return
	case strokeCall:
		p.call(s)
		return
	}
	lines := words.contents(s, svgColumns)
	p.y += float64(svgLine * len(lines))
	from, to := p.y, p.y
	if s.kind == strokeSegment && s.arrives > s.leaves {
		to += svgSlant
	}
	p.stamp(s, p.y)
	for i, t := range lines {
		p.text(s, t, from, to, len(lines)-1-i, i == 0)
	}
	p.arrow(s, from, to)
	if s.kind == strokeSegment {
		p.state(s, s.event.From, from)
		p.state(s, s.event.From.Other(), to)
	}
	p.y = to + svgGap
}

// stamp writes a stroke's frame and time at the left edge.
func (p *svgPicture) stamp(s *stroke, y float64) {
	if n := s.numbered(); n != "" {
		p.put(`<text class="number" x="%d" y="%g" text-anchor="end" fill="#444444">%s</text>`, p.number, y+4, n)
	}
	if at := s.time(wideTime); at != "" {
		p.put(`<text class="time" x="%d" y="%g" text-anchor="end" fill="#444444">%s</text>`, svgTime, y+4, at)
	}
}

func svgColour(s *stroke) string {
	if s.kind != strokeSegment {
		return "#8a3f8f"
	}
	switch s.event.Kind {
	case conn.KindSYN, conn.KindSYNACK:
		return "#117a55"
	case conn.KindData:
		return "#0b6aa8"
	case conn.KindFIN:
		return "#8f5b00"
	case conn.KindRST:
		return "#b3380b"
	}
	return "#333333"
}

// text writes one line above an arrow, turned as the arrow is.
func (p *svgPicture) text(s *stroke, t string, from, to float64, above int, first bool) {
	x := float64(svgLeft+svgRight) / 2
	y := (from+to)/2 - 5 - float64(above*svgLine)
	turn := ""
	if to != from {
		a := math.Atan2(to-from, svgRight-svgLeft) * 180 / math.Pi
		if s.dir == pointsLeft {
			a = -a
		}
		turn = fmt.Sprintf(` transform="rotate(%.2f %g %g)"`, a, x, y)
	}
	rest, ok := strings.CutPrefix(t, s.word)
	if !first || !ok {
		p.put(`<text class="what" x="%g" y="%g" text-anchor="middle" fill="#222222"%s>%s</text>`, x, y, turn, svgText(t))
		return
	}
	p.put(`<text class="what" x="%g" y="%g" text-anchor="middle" fill="#222222"%s><tspan class="kind" font-weight="bold" fill="%s">%s</tspan>%s</text>`, x, y, turn,
		svgColour(s), svgText(s.word), svgText(rest))
}

// arrow draws the line and its head.
func (p *svgPicture) arrow(s *stroke, from, to float64) {
	x1, x2, back := float64(svgLeft+4), float64(svgRight-4), -10.0
	if s.dir == pointsLeft {
		x1, x2, back = x2, x1, 10
	}
	if s.kind == strokeICMP { // does not come from the end
		x1 += (x2 - x1) * 0.12
		p.put(`<path d="M%g %gl8 8m0 -8l-8 8" stroke="%s" stroke-width="2" fill="none"/>`, x1-4, from-4, svgColour(s))
	}
	dash := ""
	switch {
	case s.again:
		dash = ` stroke-dasharray="9 4"`
	case s.kind != strokeSegment:
		dash = ` stroke-dasharray="3 4"`
	}
	p.put(`<line class="arrow" x1="%g" y1="%g" x2="%g" y2="%g" stroke="%s" stroke-width="1.6"%s/>`, x1, from, x2+back/2, to, svgColour(s), dash)
	p.put(`<path class="head" d="M%g %gl%g -5v10z" fill="%s"/>`, x2, to, back, svgColour(s))
}

func (p *svgPicture) note(s *stroke) {
	p.y += svgLine
	text := strings.Join(s.tokens, " ")
	if s.gap {
		for _, side := range [...]conn.Side{conn.Client, conn.Server} {
			p.put(`<path class="paper" d="M%d %gh12v6h-12z" fill="#ffffff"/>`, laneX(side)-6, p.y-7)
		}
		text = p.g.gap + "  " + text + "  " + p.g.gap
	}
	for i, t := range wrapText(text, svgColumns, 0) {
		if i > 0 {
			p.y += svgLine
		}
		p.put(`<text class="note" x="%d" y="%g" text-anchor="middle" font-style="italic" fill="#555555">%s</text>`, (svgLeft+svgRight)/2, p.y, svgText(t))
	}
	p.y += svgGap - 4
}

func (p *svgPicture) call(s *stroke) {
	x, anchor := svgLeft+12, "start"
	if s.side == conn.Server {
		x, anchor = svgRight-12, "end"
	}
	for i, t := range wrapText(s.text(), svgColumns, 0) {
		p.y += svgLine
		if i == 0 {
			p.stamp(s, p.y-4)
		}
		p.put(`<text class="call" x="%d" y="%g" text-anchor="%s" fill="#8a3f8f">%s</text>`, x, p.y, anchor, svgText(t))
	}
	p.y += svgGap - 6
}

// foot writes what became of the connection.
func (p *svgPicture) foot(r *conn.Record, remarks []string) {
	p.y += 12
	for i, t := range append(verdictLines(r, p.g), remarks...) {
		weight := ""
		if i == 0 {
			weight = ` font-weight="bold"`
		}
		for _, part := range wrapText(t, svgVerdict, 0) {
			p.y += svgLine + 2
			p.put(`<text x="%d" y="%g" font-family="%s"%s fill="#222222">%s</text>`, svgMargin-p.left, p.y, svgText(svgTextFont), weight, svgText(part))
		}
	}
}

// svgText escapes text for XML and HTML, in content and in quoted attributes:
// the one place where that is done. Characters that XML does not allow become
// U+FFFD (XML 1.0, section 2.2).
func svgText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\t' || r == '\n':
			b.WriteRune(r)
		case r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0xfffe || r == 0xffff:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
