package render

import (
	"io"
	"strconv"
	"strings"
	"time"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// Limits of the graph.
const (
	graphBins  = 1024 // stretches of time that a direction is kept in
	maxGraphs  = 256  // connections that are kept at once; of further ones nothing is drawn
	graphRows  = 24   // of one direction's plot, at most
	graphLeast = 10   // and at least
	graphQuiet = 3    // the part of the time that a plot has to show
	graphAxis  = 9    // columns of the numbers at the left
	graphEnd   = 7    // of the names at the right: " window"
)

// graph draws the sequence numbers of each direction over time, as tcptrace
// made known: what was sent, what was acknowledged and what the window allowed.
type graph struct {
	sheet
	o     Options
	g     glyphs
	plots map[int64]*plot
	order []int64
	left  uint64 // connections of which nothing was kept
	empty uint64 // connections that sent no data
	notes []string
}

// NewGraph returns a Renderer that draws the time-sequence plots of each
// connection to w when it ends. Memory does not grow with a connection's
// length: the longer it is, the coarser its time. Of o, Width, Color, ASCII
// and Conn count.
func NewGraph(w io.Writer, o Options) Renderer {
	return &graph{sheet: newSheet(w, &o), o: o, g: newGlyphs(o.ASCII), plots: make(map[int64]*plot)}
}

// plot is what is kept of a connection.
type plot struct {
	time      timeBins
	bins      [2][]plotBin // by sender of the data
	high      [2]int64     // the next sequence number of each, which does not wrap
	known     [2]bool
	ack       [2]int64 // what was acknowledged of each, last
	edge      [2]int64 // and how far its peer's window lets it go
	acked     [2]bool
	unscaled  [2]bool   // the scale of that window is not known
	sent      [2]uint64 // bytes of data
	again     [2]uint64 // segments sent again
	last      time.Duration
	news      [2]time.Duration // when the data of each was sent or acknowledged last
	end, base [2]int64         // of the plot: the highest number, the lowest
}

// plotBin is a stretch of time of one direction. Ranges are empty where the
// second number is not above the first.
type plotBin struct {
	data    [2]int64 // sequence numbers that were sent
	again   [2]int64 // and those that were sent again
	sack    [2]int64 // that were acknowledged out of turn
	ack     int64    // with acked: acknowledged at the end of the stretch
	edge    int64
	acked   bool
	stopped bool // the window was zero
}

func (g *graph) Event(e *conn.Event) error {
	switch {
	case e.Type == conn.TypeCapture && e.Capture != nil:
		g.notes = captureNotes(e.Capture, &g.g)
	case g.o.Conn != 0 && e.Conn != g.o.Conn:
	case e.Type == conn.TypeSegment && e.Packet != nil:
		g.segment(e)
	case e.Type == conn.TypeEnd && e.Connection != nil:
		g.end(e.Connection)
	}
	return g.out.settle()
}

func (g *graph) Flush() error { return g.out.flush() }

// Close draws what has not ended, and what the capture held beside it.
func (g *graph) Close() error {
	for _, n := range g.order {
		if p := g.plots[n]; p != nil {
			g.draw(p, "connection "+strconv.FormatInt(n, 10))
		}
	}
	g.order = nil
	clear(g.plots)
	if g.empty > 0 {
		g.note(0, "Not drawn: "+plural(g.empty, "connection")+" without data.", "")
	}
	if g.left > 0 {
		g.note(0, "Not drawn: "+plural(g.left, "connection")+", for no more than "+itoa(maxGraphs)+" are kept at once; --conn N draws one.", "")
	}
	for _, n := range g.notes {
		g.note(0, n, "")
	}
	g.left, g.empty, g.notes = 0, 0, nil
	return g.out.flush()
}

func (g *graph) segment(e *conn.Event) {
	p := g.plots[e.Conn]
	if p == nil {
		if len(g.plots) >= maxGraphs {
			return
		}
		p = &plot{time: timeBins{limit: graphBins}}
		g.plots[e.Conn] = p
		g.order = append(g.order, e.Conn)
	}
	p.add(e)
}

func (g *graph) end(c *conn.Connection) {
	p := g.plots[c.Number]
	if p == nil {
		g.left++
		return
	}
	delete(g.plots, c.Number)
	if len(g.order) > 2*maxGraphs {
		kept := g.order[:0]
		for _, n := range g.order {
			if g.plots[n] != nil {
				kept = append(kept, n)
			}
		}
		g.order = kept
	}
	title := "connection " + strconv.FormatInt(c.Number, 10) + ": " + safeText(c.Client.String(), &g.g) + " to " + safeText(c.Server.String(), &g.g)
	if c.Verdict.Outcome != "" {
		title += ", " + outcomeText(&c.Verdict, &g.g)
	}
	g.draw(p, title)
}

// unwrap gives a sequence number that does not wrap, close to another.
func unwrap(n uint32, near int64) int64 { return near + int64(int32(n-uint32(near))) }

// at gives the stretch of time of a direction.
func (p *plot) at(d time.Duration, side conn.Side) *plotBin {
	i, doublings := p.time.index(d)
	for range doublings {
		for s := range p.bins {
			p.bins[s] = mergePlot(p.bins[s])
		}
	}
	for len(p.bins[side]) <= i {
		p.bins[side] = append(p.bins[side], plotBin{})
	}
	return &p.bins[side][i]
}

func mergePlot(bins []plotBin) []plotBin {
	n := (len(bins) + 1) / 2
	for i := range n {
		b := bins[2*i]
		if 2*i+1 < len(bins) {
			o := &bins[2*i+1]
			widen(&b.data, o.data[0], o.data[1])
			widen(&b.again, o.again[0], o.again[1])
			widen(&b.sack, o.sack[0], o.sack[1])
			if o.acked {
				b.ack, b.edge, b.acked = o.ack, o.edge, true
			}
			b.stopped = b.stopped || o.stopped
		}
		bins[i] = b
	}
	return bins[:n]
}

// widen makes a range hold another.
func widen(r *[2]int64, from, to int64) {
	switch {
	case to <= from:
	case r[1] <= r[0]:
		*r = [2]int64{from, to}
	default:
		r[0], r[1] = min(r[0], from), max(r[1], to)
	}
}

// add takes a segment.
func (p *plot) add(e *conn.Event) {
	side, tcp := e.From&1, &e.Packet.TCP
	p.last = max(p.last, e.Delta) // where time goes back, the picture stays
	length := int64(tcp.Len)
	if tcp.Flags.Has(dissect.SYN) {
		length++
	}
	if tcp.Flags.Has(dissect.FIN) {
		length++
	}
	if length > 0 && e.Kind != conn.KindRST {
		from := unwrap(e.Seq, p.high[side])
		if !p.known[side] {
			from = int64(e.Seq)
			p.known[side], p.base[side] = true, from
			p.high[side] = from
		}
		b := p.at(p.last, side)
		to := from + length
		p.sent[side] += e.SentBytes()
		if e.SentAgain() {
			p.again[side]++
			widen(&b.again, from, to)
		} else {
			widen(&b.data, from, to)
		}
		p.base[side] = min(p.base[side], from)
		p.high[side] = max(p.high[side], to)
		p.news[side] = p.last
		p.end[side] = max(p.end[side], to)
	}
	if tcp.Flags.Has(dissect.ACK) && e.Kind != conn.KindRST {
		p.acknowledge(e, side.Other())
	}
}

// acknowledge takes what a segment says of its peer's data.
func (p *plot) acknowledge(e *conn.Event, of conn.Side) {
	if !p.known[of] {
		return
	}
	ack := unwrap(e.Ack, p.high[of])
	b := p.at(p.last, of)
	if !p.acked[of] || ack > p.ack[of] {
		p.news[of] = p.last
	}
	p.ack[of], p.edge[of], p.acked[of] = ack, ack+int64(e.Window), true
	p.unscaled[of] = p.unscaled[of] || !e.ScaleKnown
	b.ack, b.edge, b.acked = p.ack[of], p.edge[of], true
	b.stopped = b.stopped || e.Labels.Has(conn.ZeroWindow)
	tcp := &e.Packet.TCP
	var o dissect.Options
	if ts := tcp.Options; len(ts) > 10 && (len(ts) != 12 || be32(ts) != timestampsOnly) {
		tcp.ParseOptions(&o)
	}
	base := uint32(tcp.Ack) - e.Ack
	for _, s := range o.SACK[:o.NumSACK] {
		from := unwrap(uint32(s.Left)-base, p.high[of])
		if to := unwrap(uint32(s.Right)-base, p.high[of]); to <= p.high[of] {
			widen(&b.sack, max(from, p.base[of]), to)
		}
	}
}

// draw draws the directions that sent data.
func (g *graph) draw(p *plot, title string) {
	if p.sent[conn.Client]+p.sent[conn.Server] == 0 {
		g.empty++
		return
	}
	g.note(0, title, sgrBold)
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		if p.sent[side] > 0 {
			g.direction(p, side)
		}
	}
}

// direction draws one plot: its head, its rows, the axis of time.
func (g *graph) direction(p *plot, side conn.Side) {
	text := "from the " + side.String() + ": " + bytesText(p.sent[side])
	if n := p.again[side]; n > 0 {
		text += ", " + plural(n, "segment") + " sent again"
	}
	g.note(2, text, "")
	cols := g.width - graphAxis - 2 - graphEnd
	rows := min(max(g.width/6, graphLeast), graphRows)
	c := newCanvas(cols, rows, g.g.ascii)
	lo, hi := p.base[side], p.end[side]
	window := g.windowFits(p, side, lo, &hi)
	last, quiet := p.last, false
	if p.news[side] < last/graphQuiet { // a long silence at the end would leave no room for the rest
		last, quiet = p.news[side]+p.news[side]/16, true
	}
	c.scale(lo, hi, last)
	marks := c.plot(p, side, window)
	ends := g.ends(c, p, side, window)
	for r := range rows {
		g.row.reset(g.width)
		label := ""
		switch r {
		case 0:
			label = axisText(hi)
		case rows / 2:
			label = axisText(lo + (hi-lo)*int64((rows-1-r)*c.tall)/int64(rows*c.tall-1))
		case rows - 1:
			label = axisText(lo)
		}
		g.row.to(graphAxis - textWidth(label))
		g.row.ascii(label)
		g.row.to(graphAxis + 1)
		g.row.repeat(g.g.bar, 1)
		c.appendRow(&g.row, r, g.color)
		g.row.ascii(ends[r])
		g.emit()
	}
	g.timeAxis(last, cols)
	if quiet {
		g.note(graphAxis+2, "nothing new after that, until "+spanText(p.last, &g.g), "")
	}
	g.legend(marks, window, p.unscaled[side])
}

// windowFits reports whether the window's edge is in the picture, and makes
// room for it where it does not push the data down too far.
func (g *graph) windowFits(p *plot, side conn.Side, lo int64, hi *int64) bool {
	if p.unscaled[side] {
		return false
	}
	top, least := int64(0), int64(-1)
	for _, b := range p.bins[side] {
		if b.acked {
			top = max(top, b.edge)
			if least < 0 || b.edge < least {
				least = b.edge
			}
		}
	}
	if top > 0 && top-lo <= 2*(*hi-lo) {
		*hi = max(*hi, top)
	}
	return least >= 0 && least <= *hi
}

func axisText(n int64) string {
	if n < 0 {
		return "0"
	}
	if n < 1_000_000 {
		return count(uint64(n))
	}
	return strings.TrimSuffix(bytesText(uint64(n)), "B")
}

// ends names the lines where they end, at the right.
func (g *graph) ends(c *canvas, p *plot, side conn.Side, window bool) []string {
	ends := make([]string, c.rows)
	put := func(n int64, name string) {
		r := c.rows - 1 - c.dotRow(n)/c.tall
		if r < 0 || r >= c.rows {
			return
		}
		for _, at := range [...]int{r, r - 1, r + 1} {
			if at >= 0 && at < c.rows && ends[at] == "" {
				ends[at] = " " + name
				return
			}
		}
	}
	if p.acked[side] {
		put(p.ack[side], "ACK")
		if window && p.edge[side] <= c.hi {
			put(p.edge[side], "window")
		}
	}
	return ends
}

// timeAxis draws the line below the plot and its numbers.
func (g *graph) timeAxis(last time.Duration, cols int) {
	l := &g.row
	l.reset(g.width)
	l.to(graphAxis + 1)
	corner := "└"
	if g.g.ascii {
		corner = "+"
	}
	l.text(corner)
	l.repeat(g.g.dash, cols)
	g.emit()
	l.reset(g.width)
	l.to(graphAxis + 2)
	l.ascii("0 s")
	half := spanText(last/2, &g.g)
	l.to(graphAxis + 2 + cols/2 - textWidth(half)/2)
	l.text(half)
	end := spanText(last, &g.g)
	l.to(graphAxis + 2 + cols - textWidth(end))
	l.text(end)
	g.emit()
}

// legend explains what is drawn.
func (g *graph) legend(marks marks, window, unscaled bool) {
	parts := []string{"relative sequence numbers over time", "the line below is what was acknowledged"}
	switch {
	case unscaled:
		parts = append(parts, "no window: its scale is not known")
	case window:
		parts = append(parts, "the one above how far the window goes")
	default:
		parts = append(parts, "the window ends above the picture")
	}
	if marks.again {
		parts = append(parts, "R sent again")
	}
	if marks.sack {
		parts = append(parts, "S acknowledged out of turn")
	}
	if marks.stopped {
		parts = append(parts, "Z zero window")
	}
	g.note(graphAxis+2, strings.Join(parts, "; "), sgrGrey)
}
