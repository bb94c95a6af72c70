package render

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"tcpsee/dissect/conn"
)

// tableRows is how many connections are kept until the end, so that the table
// can be fitted to them. From the next one on the columns stay as they are, and
// each row is written when its connection ends.
const tableRows = 1000

// summary writes one row a connection.
type summary struct {
	out    output
	o      Options
	g      glyphs
	width  int
	rows   [][]string // kept so far
	colour []string   // of the kept rows' verdicts
	number []int64    // and their connections
	file   []int      // and the files that these began in
	files  []string   // what files are called, once a row has asked
	table  *plainTable
	csv    []connectionColumns // of FormatCSV
	sorted *ordered            // with Options.Sort: everything waits here for the end
	total  totals
	left   uint64 // connections that are not among those asked for
	course *courses
	last   conn.Connection // with course: the one that ended last
	notes  []string
	ended  bool

	written map[int64]bool // live, with Only: connections that have their row, and are still followed
}

// totals add up what the rows say.
type totals struct {
	connections, segments, bytes, retransmits uint64
	known                                     [len(outcomes)]uint64 // by place in outcomes
	others                                    map[conn.Outcome]uint64
}

// NewSummary returns a Renderer that writes a table of connections to w, one
// row when each has ended, and what they add up to. Of o, Width, Format,
// Color, ASCII, Conn, Files, Sort and Only count. Up to a thousand rows wait for the
// end, so that the table fits them, and are in the order of the connections'
// numbers, or with several Files file by file; further ones are written as
// connections end. With Sort all wait. Live, each row is written when its
// connection has closed.
// Where there is one connection only, its course in time follows, and what was
// measured of it.
func NewSummary(w io.Writer, o Options) Renderer {
	s := &summary{out: newOutput(w), o: o, g: newGlyphs(o.ASCII), total: totals{others: map[conn.Outcome]uint64{}}}
	s.width = newLayout(&o).width
	if order := orderBy(o.Sort); order != nil {
		s.sorted = &ordered{order: order, limit: maxSorted}
	}
	if o.Format == FormatText {
		s.course = newCourses()
	}
	if s.streams() && len(o.Only) > 0 {
		s.written = make(map[int64]bool)
	}
	switch o.Format {
	case FormatMarkdown:
		s.out.buf = appendMarkdownHead(s.out.buf, len(o.Files) > 1)
	case FormatCSV:
		s.csv = newConnectionColumns()
		s.out.buf = appendCSVHead(s.out.buf, ConnectionColumns())
	}
	return s
}

func (s *summary) Event(e *conn.Event) error {
	switch {
	case e.Type == conn.TypeCapture && e.Capture != nil:
		s.notes = captureNotes(e.Capture, &s.g)
	case s.o.Conn != 0 && s.o.Conn != e.Conn:
	case e.Type == conn.TypeSegment && s.course != nil:
		s.course.add(e)
	case e.Type == conn.TypeVerdict && e.Connection != nil && s.streams():
		s.closed(e.Connection)
	case e.Type == conn.TypeEnd && e.Connection != nil:
		s.end(e.Connection)
	}
	return s.out.settle()
}

// needs leaves segments out once there is more than one connection, and then
// the measures too where they have no columns.
func (s *summary) needs() Needs {
	var n Needs
	if s.streams() {
		n = NeedsVerdicts
	}
	if s.course != nil && !s.course.several {
		n |= NeedsSegments | NeedsMeasures
	}
	if s.csv != nil {
		n |= NeedsMeasures
	}
	return n
}

func (s *summary) Flush() error { return s.out.flush() }

// Close writes the table, as far as it is not written yet, and its foot.
func (s *summary) Close() error {
	if s.ended {
		return s.out.flush()
	}
	s.ended = true
	if s.sorted != nil {
		s.sorted.cut()
		for _, c := range s.sorted.list {
			s.add(c)
		}
	}
	switch s.o.Format {
	case FormatCSV:
		return s.out.flush()
	case FormatText:
		if s.table == nil && len(s.rows) > 0 {
			if s.sorted == nil {
				s.byNumber()
			}
			t := newPlainTable(s.rows, s.width, &s.g)
			var err error
			if s.out.buf, err = appendTable(s.out.buf, t, s.rows, s.colour); err != nil && s.out.err == nil {
				s.out.err = err
			}
		}
	}
	if s.o.Format == FormatMarkdown {
		s.out.buf = append(s.out.buf, '\n')
	}
	for _, line := range append(s.foot(), s.notes...) {
		if s.o.Format == FormatMarkdown {
			s.out.buf = append(append(s.out.buf, escapeMarkdown(line)...), "\n\n"...)
			continue
		}
		for _, l := range wrapText(line, s.width, 2) {
			s.out.buf = append(append(s.out.buf, l...), '\n')
		}
	}
	if s.course != nil && s.total.connections == 1 {
		s.out.buf = s.course.append(s.out.buf, s.width, &s.g)
		s.out.buf = appendMeasured(s.out.buf, &s.last, s.width, &s.g)
	}
	return s.out.flush()
}

// streams reports whether rows are written as connections close.
func (s *summary) streams() bool {
	return s.o.Live && s.o.Format == FormatText && s.sorted == nil
}

// maxWritten is how many connections that have their row already are
// remembered where not every one gets a row. One that is forgotten gets another
// row when it leaves.
const maxWritten = 1 << 16

// closed writes the row of a connection that is still followed.
func (s *summary) closed(c *conn.Connection) {
	if s.hasRow(c) || !selected(c, s.o.Only) {
		return
	}
	if s.written != nil {
		if len(s.written) >= maxWritten {
			clear(s.written)
		}
		s.written[c.Number] = true
	}
	s.add(c)
}

// hasRow reports whether a connection's row was written when it closed.
func (s *summary) hasRow(c *conn.Connection) bool {
	return c.Told && s.streams() && (s.written == nil || s.written[c.Number])
}

// Resize fits the columns of rows to come to another width. Where rows were
// written their heads come again.
func (s *summary) Resize(width int) {
	o := Options{Width: width}
	if w := newLayout(&o).width; w != s.width {
		s.width = w
		if s.streams() {
			s.table = nil
		}
	}
}

// foot is what the rows add up to, and what is not among them.
func (s *summary) foot() []string {
	lines := []string{s.total.text(&s.g)}
	if s.left > 0 {
		lines = append(lines, "Left out, not "+safeText(strings.Join(s.o.Only, " or "), &s.g)+": "+plural(s.left, "connection")+".")
	}
	if s.sorted != nil && s.sorted.left > 0 {
		lines = append(lines, "Not listed: "+count(s.sorted.left)+" of them, for no more than "+count(maxSorted)+" can be sorted.")
	}
	return lines
}

// byNumber sorts the rows that were kept, those of each file together.
func (s *summary) byNumber() {
	order := make([]int, len(s.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.file[a], s.file[b]), cmp.Compare(s.number[a], s.number[b]))
	})
	rows, colour := make([][]string, len(order)), make([]string, len(order))
	for i, k := range order {
		rows[i], colour[i] = s.rows[k], s.colour[k]
	}
	s.rows, s.colour = rows, colour
}

// end takes a connection that has ended.
func (s *summary) end(c *conn.Connection) {
	if !selected(c, s.o.Only) {
		s.left++
		return
	}
	s.total.add(c)
	if s.course != nil && !s.course.several {
		s.last = *c
	}
	if s.hasRow(c) {
		delete(s.written, c.Number)
		return
	}
	if s.sorted != nil {
		s.sorted.add(c)
		return
	}
	s.add(c)
}

// add writes a row, or keeps it until the table can be fitted.
func (s *summary) add(c *conn.Connection) {
	switch s.o.Format {
	case FormatCSV:
		s.out.buf = appendCSVRow(s.out.buf, s.csv, c, s.o.Files, &s.g)
		return
	case FormatMarkdown:
		row := summaryRow(c, &s.g)
		if row[fileColumn] = s.fileCell(c); len(s.o.Files) < 2 {
			row = slices.Delete(row, fileColumn, fileColumn+1)
		}
		s.out.buf = appendMarkdownRow(s.out.buf, row)
		return
	}
	colour := ""
	if s.o.Color {
		colour = outcomeColour(c.Verdict.Outcome)
	}
	if s.table != nil {
		s.out.buf = s.table.appendConnection(s.out.buf, c, s.fileCell(c), colour)
		return
	}
	row := summaryRow(c, &s.g)
	row[fileColumn] = s.fileCell(c)
	if len(s.rows) < tableRows && !s.streams() {
		s.rows = append(s.rows, row)
		s.colour = append(s.colour, colour)
		s.number = append(s.number, c.Number)
		s.file = append(s.file, c.File)
		return
	}
	s.table = newPlainTable(append(s.rows, row), s.width, &s.g)
	s.table.reserve(s.width)
	s.out.buf = s.table.appendHead(s.out.buf)
	for i, r := range s.rows {
		s.out.buf = s.table.appendRow(s.out.buf, r, s.colour[i])
	}
	s.rows, s.colour, s.number, s.file = nil, nil, nil, nil
	s.out.buf = s.table.appendRow(s.out.buf, row, colour)
}

func (t *totals) add(c *conn.Connection) {
	t.connections++
	t.segments += c.Segments[0] + c.Segments[1]
	t.bytes += c.Bytes[0] + c.Bytes[1]
	t.retransmits += c.Retransmits[0] + c.Retransmits[1]
	if i := placeOf(c.Verdict.Outcome); i >= 0 {
		t.known[i]++
	} else {
		t.others[c.Verdict.Outcome]++
	}
}

// outcomes gives how many connections came to what.
func (t *totals) outcomes() map[conn.Outcome]uint64 {
	all := maps.Clone(t.others)
	for i, n := range t.known {
		if n > 0 {
			all[outcomes[i]] = n
		}
	}
	return all
}

// text gives the totals as one line.
func (t *totals) text(g *glyphs) string {
	var parts []string
	var names []conn.Outcome
	all := t.outcomes()
	for o := range all {
		names = append(names, o)
	}
	slices.SortFunc(names, func(a, b conn.Outcome) int {
		if all[a] != all[b] {
			if all[a] > all[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a), string(b))
	})
	for _, o := range names {
		name := safeName(string(o), maxName, g)
		if name == "" {
			name = "without a verdict"
		}
		parts = append(parts, count(all[o])+" "+name)
	}
	s := plural(t.connections, "connection")
	if len(parts) > 0 {
		s += ": " + strings.Join(parts, ", ")
	}
	return s + ". " + plural(t.segments, "segment") + ", " + bytesText(t.bytes) + ", " + plural(t.retransmits, "retransmission") + "."
}

// column is one of the table's columns.
type column struct {
	name    string
	keep    int  // the higher, the longer it stays in a narrow table
	right   bool // numbers
	address bool // may be cut
	least   int  // columns that it takes where rows to come are not known
}

// keepAlways marks columns without which a row says nothing.
const keepAlways = 9

// fileColumn is where among summaryColumns the file stands.
const fileColumn = 1

// summaryColumns are the columns of the table, in order. That of the file is
// there where there are several only.
var summaryColumns = [...]column{
	{name: "#", keep: keepAlways, right: true, least: 9},
	{name: "file", keep: keepAlways, address: true, least: 20},
	{name: "start UTC", keep: 2, least: 12},
	{name: "client", keep: keepAlways, address: true, least: 21},
	{name: "server", keep: keepAlways, address: true, least: 21},
	{name: "layer 7", keep: 5, least: 7},
	{name: "seen", keep: 1, least: 6},
	{name: "handshake", keep: 4, right: true, least: 9},
	{name: "sent", keep: 7, right: true, least: 8},
	{name: "received", keep: 8, right: true, least: 8},
	{name: "resent", keep: 6, right: true, least: 6},
	{name: "lasted", keep: 3, right: true, least: 9},
	{name: "verdict", keep: keepAlways, least: 16},
}

// summaryRow gives a connection's cells, safe for a terminal.
func summaryRow(c *conn.Connection, g *glyphs) []string {
	row := make([]string, len(summaryColumns))
	for i := range row {
		row[i] = string(appendCell(nil, i, c, g))
	}
	return row
}

// maxApp is how many columns of layer 7's name are shown.
const maxApp = 12
