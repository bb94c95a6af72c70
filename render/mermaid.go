package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// NewMermaid returns a Renderer that writes one connection to w, when it is
// closed, as a sequence diagram for Mermaid (https://mermaid.js.org): a line
// for each segment, notes for the states. It draws o.Conn, else the first
// connection.
func NewMermaid(w io.Writer, o Options) Renderer { return newDiagram(w, o, drawMermaid) }

// mermaidPreview is how many columns of payload stand on an arrow.
const mermaidPreview = 40

func drawMermaid(b []byte, d *diagram, r *conn.Record) []byte {
	line := func(format string, args ...any) { b = fmt.Appendf(b, format+"\n", args...) }
	line("sequenceDiagram")
	line("    accTitle: %s", mermaidText(recordTitle(r, &d.o, &d.g)))
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		name := mermaidText(endName(r, &d.o, side, &d.g))
		if a := endAddress(r, side, &d.g); a != "" {
			name += "<br/>" + mermaidText(a)
		}
		line("    participant %s as %s", mermaidID(side), name)
	}
	var shown [2]string
	strokes := strokesOf(r, &d.o, &d.g, mermaidPreview)
	for i := range strokes {
		s := &strokes[i]
		b = appendMermaidStroke(b, s)
		for _, side := range [...]conn.Side{conn.Client, conn.Server} {
			if now := s.changes(side, &shown); now != "" {
				place := "left"
				if side == conn.Server {
					place = "right"
				}
				line("    Note %s of %s: %s", place, mermaidID(side), mermaidText(now))
			}
		}
	}
	for _, t := range verdictLines(r, &d.g) {
		line("    Note over C,S: %s", mermaidText(t))
	}
	for _, t := range d.remarks(r, &d.g) {
		line("    %%%% %s", mermaidText(t))
	}
	return b
}

func mermaidID(side conn.Side) string {
	if side == conn.Client {
		return "C"
	}
	return "S"
}

func appendMermaidStroke(b []byte, s *stroke) []byte {
	text := mermaidText(s.plain())
	from, to := "C", "S"
	if s.dir == pointsLeft {
		from, to = to, from
	}
	switch s.kind {
	case strokeNote:
		return fmt.Appendf(b, "    Note over C,S: %s\n", text)
	case strokeCall:
		return fmt.Appendf(b, "    Note over %s: %s\n", mermaidID(s.side), text)
	case strokeICMP, strokeNeighbour:
		return fmt.Appendf(b, "    %s-->>%s: %s\n", from, to, text)
	}
	arrow := "->>"
	switch {
	case s.event.Kind == conn.KindRST:
		arrow = "-x"
	case s.again:
		arrow = "-->>"
	}
	return fmt.Appendf(b, "    %s%s%s: %s\n", from, arrow, to, text)
}

// mermaidText escapes text for Mermaid, the one place where that is done:
// everything but letters, digits and a few harmless signs becomes an entity,
// for a semicolon ends a statement, a number sign begins an entity, and
// markup, directives and comments are read inside of text.
func mermaidText(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError || r < 0x20:
			b.WriteByte(' ')
		case r >= '0' && r <= '9', r|0x20 >= 'a' && r|0x20 <= 'z', r == ' ' && i > 0,
			strings.ContainsRune("=.,()/?!'", r), r == ':' && i > 0, r == '-' && (i == 0 || s[i-1] != '-'), r > 0xa0:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return mermaidWord(b.String())
}

// mermaidWord keeps the word "end", which closes a block, from standing alone.
func mermaidWord(s string) string {
	if strings.EqualFold(strings.TrimSpace(s), "end") {
		return "#8203;" + s
	}
	return s
}
