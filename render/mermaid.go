package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// NewMermaid returns a Renderer that writes one connection to w, when it is
// closed, as a sequence diagram for Mermaid (https://mermaid.js.org): a line
// for each segment, notes for the states. It draws o.Conn, else the first
// connection.
func NewMermaid(w io.Writer, o Options) Renderer { return newDiagram(w, o, mermaidWords.draw) }

var mermaidWords = sequenceWords{
	begin:  beginMermaid,
	stroke: appendMermaidStroke,
	state: func(b []byte, side conn.Side, now string) []byte {
		place := [...]string{conn.Client: "left", conn.Server: "right"}[side]
		return fmt.Appendf(b, "    Note %s of %s: %s\n", place, laneID(side), mermaidText(now))
	},
	end: func(b []byte, verdict, remarks []string) []byte {
		for _, t := range append(slices.Clip(verdict), remarks...) {
			b = fmt.Appendf(b, "    Note over C,S: %s\n", mermaidLines(t))
		}
		return b
	},
}

func beginMermaid(b []byte, title string, lanes [2]lane) []byte {
	b = fmt.Appendf(b, "sequenceDiagram\n    accTitle: %s\n", mermaidText(title))
	for side, l := range lanes {
		name := mermaidText(l.name)
		if l.address != "" {
			name += "<br/>" + mermaidText(l.address)
		}
		b = fmt.Appendf(b, "    participant %s as %s\n", laneID(conn.Side(side)), name)
	}
	// Mermaid cuts off titles that are wider than the diagram.
	return fmt.Appendf(b, "    Note over C,S: %s\n", mermaidLines(title))
}

func appendMermaidStroke(b []byte, s *stroke) []byte {
	text := mermaidText(s.tagged())
	from, to := "C", "S"
	if s.dir == pointsLeft {
		from, to = to, from
	}
	switch s.kind {
	case strokeNote:
		return fmt.Appendf(b, "    Note over C,S: %s\n", text)
	case strokeCall:
		return fmt.Appendf(b, "    Note over %s: %s\n", laneID(s.side), text)
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

// mermaidLines is mermaidText for a note. Mermaid neither breaks lines nor
// makes room for them.
func mermaidLines(s string) string {
	var parts []string
	for _, part := range wrapText(s, mermaidColumns, 0) {
		parts = append(parts, mermaidText(strings.TrimSpace(part)))
	}
	return strings.Join(parts, "<br/>")
}

// mermaidColumns are those of a line of a note.
const mermaidColumns = 44

// mermaidWord keeps the word "end", which closes a block, from standing alone.
func mermaidWord(s string) string {
	if strings.EqualFold(strings.TrimSpace(s), "end") {
		return "#8203;" + s
	}
	return s
}
