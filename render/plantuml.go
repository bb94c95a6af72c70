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
func NewPlantUML(w io.Writer, o Options) Renderer { return newDiagram(w, o, plantWords.draw) }

var plantWords = sequenceWords{
	begin:  beginPlantUML,
	stroke: appendPlantStroke,
	state: func(b []byte, side conn.Side, now string) []byte {
		return fmt.Appendf(b, "hnote over %s : %s\n", laneID(side), plantText(now))
	},
	end: endPlantUML,
}

func beginPlantUML(b []byte, title string, lanes [2]lane) []byte {
	b = fmt.Appendf(b, "@startuml\ntitle %s\nhide footbox\n", plantText(title))
	for side, l := range lanes {
		name := plantText(l.name)
		if l.address != "" {
			name += `\n` + plantText(l.address)
		}
		b = fmt.Appendf(b, "participant \"%s\" as %s\n", name, laneID(conn.Side(side)))
	}
	return b
}

func endPlantUML(b []byte, verdict, remarks []string) []byte {
	if len(verdict) > 0 {
		b = append(b, "note over C, S\n"...)
		for _, t := range verdict {
			for _, part := range wrapText(t, DefaultWidth, 0) {
				b = fmt.Appendf(b, "%s\n", plantText(strings.TrimSpace(part)))
			}
		}
		b = append(b, "end note\n"...)
	}
	if len(remarks) > 0 {
		b = append(b, "footer\n"...)
		for _, t := range remarks {
			for _, part := range wrapText(t, DefaultWidth, 0) {
				b = fmt.Appendf(b, "%s\n", plantText(strings.TrimSpace(part)))
			}
		}
		b = append(b, "endfooter\n"...)
	}
	return append(b, "@enduml\n"...)
}

func appendPlantStroke(b []byte, s *stroke) []byte {
	text := plantText(s.tagged())
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
		return fmt.Appendf(b, "note over %s : %s\n", laneID(s.side), text)
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
