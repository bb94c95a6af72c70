package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// NewPlantUML returns a Renderer that writes one connection to w, when it is
// closed, as a sequence diagram for PlantUML (https://plantuml.com). It draws
// o.Conn, else the first connection.
func NewPlantUML(w io.Writer, o Options) Renderer { return newDiagram(w, o, drawPlantUML) }

func drawPlantUML(b []byte, d *diagram, r *conn.Record) []byte {
	line := func(format string, args ...any) { b = fmt.Appendf(b, format+"\n", args...) }
	line("@startuml")
	line("title %s", plantText(recordTitle(r, &d.o, &d.g)))
	line("hide footbox")
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		name := plantText(endName(r, &d.o, side, &d.g))
		if a := endAddress(r, side, &d.g); a != "" {
			name += `\n` + plantText(a)
		}
		line(`participant "%s" as %s`, name, mermaidID(side))
	}
	var shown [2]string
	strokes := strokesOf(r, &d.o, &d.g, mermaidPreview)
	for i := range strokes {
		s := &strokes[i]
		b = appendPlantStroke(b, s)
		for _, side := range [...]conn.Side{conn.Client, conn.Server} {
			if now := s.changes(side, &shown); now != "" {
				line("hnote over %s : %s", mermaidID(side), plantText(now))
			}
		}
	}
	if lines := verdictLines(r, &d.g); len(lines) > 0 {
		line("note over C, S")
		for _, t := range lines {
			for _, part := range wrapText(t, DefaultWidth, 0) {
				line("%s", plantText(strings.TrimSpace(part)))
			}
		}
		line("end note")
	}
	for _, t := range d.remarks(r, &d.g) {
		line("' %s", plantText(t))
	}
	line("@enduml")
	return b
}

func appendPlantStroke(b []byte, s *stroke) []byte {
	text := plantText(s.plain())
	from, to := "C", "S"
	if s.dir == pointsLeft {
		from, to = to, from
	}
	switch s.kind {
	case strokeNote:
		if s.gap {
			return fmt.Appendf(b, "...%s...\n", plantText(strings.Join(s.tokens, " ")))
		}
		return fmt.Appendf(b, "note over C, S : %s\n", text)
	case strokeCall:
		return fmt.Appendf(b, "note over %s : %s\n", mermaidID(s.side), text)
	case strokeICMP:
		return fmt.Appendf(b, "%s <--x %s : %s\n", to, from, text)
	case strokeNeighbour:
		return fmt.Appendf(b, "%s --> %s : %s\n", from, to, text)
	}
	arrow := "->"
	switch {
	case s.event.Kind == conn.KindRST:
		arrow = "->x"
	case s.again:
		arrow = "-->"
	}
	return fmt.Appendf(b, "%s %s %s : %s\n", from, arrow, to, text)
}

// plantText escapes text for PlantUML, the one place where that is done: what
// is not a letter, a digit or a harmless sign is written as <U+XXXX>, which
// PlantUML replaces after it has read markup, includes and escapes.
func plantText(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError || r < 0x20:
			b.WriteByte(' ')
		case r >= '0' && r <= '9', r|0x20 >= 'a' && r|0x20 <= 'z', r == ' ' && i > 0, r == '=' && i > 0,
			strings.ContainsRune(",()?", r) && i > 0, r == '.' && i > 0 && s[i-1] != '.', r == ':' && i > 0,
			r == '-' && i > 0 && s[i-1] != '-', r > 0xa0 && r <= 0xffff:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}
