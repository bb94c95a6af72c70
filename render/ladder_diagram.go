package render

import (
	"io"
	"strings"

	"tcpsee/dissect/conn"
)

// diagram draws one connection when it is closed.
type diagram struct {
	whole
	out  output
	g    glyphs
	draw func(b []byte, d *diagram, r *conn.Record) []byte
}

func newDiagram(w io.Writer, o Options, draw func([]byte, *diagram, *conn.Record) []byte) *diagram {
	return &diagram{whole: newWhole(o), out: newOutput(w), g: newGlyphs(o.ASCII), draw: draw}
}

func (d *diagram) Event(e *conn.Event) error {
	d.add(e)
	return d.out.err
}

// Flush writes nothing: a diagram is drawn when all is known.
func (d *diagram) Flush() error { return d.out.err }

func (d *diagram) Close() error {
	r, err := d.pick()
	if err != nil {
		return err
	}
	d.out.buf = d.draw(d.out.buf, d, r)
	return d.out.flush()
}

// lines gives what stands on a stroke as plain text: what must be said, and
// the payload.
func (s *stroke) plain() string {
	t := s.text()
	if s.gap {
		t = "after " + strings.Join(s.tokens, " ")
	} else if s.kind == strokeNote {
		t = strings.Join(s.tokens, " ")
	}
	if s.payload != "" {
		t += " " + s.payload
	}
	return t
}

// verdictLines gives a verdict in lines of text, none where there is no end.
func verdictLines(r *conn.Record, g *glyphs) []string {
	if r.End == nil {
		return nil
	}
	var out []string
	if head := verdictHead(&r.End.Verdict, g); head != "" {
		out = append(out, head)
	}
	return append(out, verdictRest(&r.End.Verdict, g)...)
}

// changes gives the state that a side is in after a stroke, "" where the
// stroke does not change it. shown keeps what was told before.
func (s *stroke) changes(side conn.Side, shown *[2]string) string {
	if s.kind != strokeSegment {
		return ""
	}
	now := s.event.States[side].String()
	if shown[side] == now {
		return ""
	}
	shown[side] = now
	return now
}
