package render

import (
	"fmt"
	"io"
	"strings"

	"tcpsee/dissect/conn"
)

// NewMarkdown returns a Renderer that writes a report of one connection to w,
// when it is closed: what became of it, a table of its segments, and the
// ladder as text. It draws o.Conn, else the first connection.
func NewMarkdown(w io.Writer, o Options) Renderer { return newDiagram(w, o, drawMarkdown) }

// Measures of a report.
const (
	reportPreview = 60 // columns of payload in the table
	reportWidth   = 80 // columns of the ladder
)

func drawMarkdown(b []byte, d *diagram, r *conn.Record) []byte {
	line := func(format string, args ...any) { b = fmt.Appendf(b, format+"\n", args...) }
	title := recordTitle(r, &d.o, &d.g)
	line("# %s\n", markdownText(opening(title)))
	line("%s to %s.\n", markdownText(endName(r, &d.o, conn.Client, &d.g)+" "+endAddress(r, conn.Client, &d.g)),
		markdownText(endName(r, &d.o, conn.Server, &d.g)+" "+endAddress(r, conn.Server, &d.g)))
	for _, t := range verdictLines(r, &d.g) {
		line("%s\n", markdownText(t))
	}
	if files := recordFiles(r, &d.o, &d.g); files != "" {
		line("Files: %s.\n", markdownText(files))
	}
	when := newRowTimes(&d.o)
	line("| # | %s | From | Segment | Payload | Client | Server |", opening(when.head()))
	line("|--:|--------:|------|---------|---------|--------|--------|")
	var shown [2]string
	strokes := strokesOf(r, d.folds, &d.o, &d.g, reportPreview)
	for i := range strokes {
		b = appendReportRow(b, &strokes[i], &shown)
	}
	line("\n%s", "```text")
	o := d.o
	o.Width, o.Color = reportWidth, false
	l := ladder{whole: whole{o: o, Kept: d.Kept}, g: newGlyphs(o.ASCII)}
	l.draw(r, strokes)
	b = append(b, fenceSafe(l.out.buf)...)
	line("%s", "```")
	for _, t := range d.remarks(r, &d.g) {
		line("\n%s", markdownText(t))
	}
	return b
}

func opening(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func appendReportRow(b []byte, s *stroke, shown *[2]string) []byte {
	from := ""
	switch {
	case s.kind == strokeCall:
		from = s.side.String()
	case s.kind == strokeSegment:
		from = s.event.From.String()
	case s.kind == strokeICMP && s.event.ICMPFrom.IsValid():
		from = s.event.ICMPFrom.String()
	}
	text := s.text()
	if s.kind == strokeNote {
		text = strings.Join(s.tokens, " ")
		if s.gap {
			text += ", nothing"
		}
	}
	client, server := s.changes(conn.Client, shown), s.changes(conn.Server, shown)
	return fmt.Appendf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", s.numbered(), s.time(wideTime), markdownText(from), markdownText(text), markdownText(s.payload),
		client, server)
}

// markdownText escapes text for Markdown and the HTML that may stand in it,
// the one place where that is done: every sign that could begin markup, a
// link, a table's cell or an entity stands for itself.
func markdownText(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '\n' || r == '\r':
			b.WriteByte(' ')
		case r == ':' && strings.HasPrefix(s[i:], "://"): // no address becomes a link by itself
			b.WriteString("&#58;")
		case r == '@':
			b.WriteString("&#64;")
		case r == '.' && strings.HasSuffix(strings.ToLower(s[:i]), "www"):
			b.WriteString("&#46;")
		case strings.ContainsRune("\\`*_{}[]()#+!|~$^", r), strings.ContainsRune("-=.", r) && i == 0:
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fenceSafe keeps text from closing the fence that it stands in.
func fenceSafe(b []byte) []byte {
	return []byte(strings.ReplaceAll(string(b), "```", "'''"))
}
