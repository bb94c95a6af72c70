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

// plain gives what stands on a stroke as plain text: what must be said, and
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

// tagged is the same, behind the number of its frame, which verdicts speak of,
// and the tag of the file that it is from.
func (s *stroke) tagged() string {
	if s.frame() != "" {
		return s.numbered() + ": " + s.plain()
	}
	return strings.TrimSpace(s.file + " " + s.plain())
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

// lane is what stands above one end's line.
type lane struct{ name, address string }

// lanesOf gives both ends' names.
func (d *diagram) lanesOf(r *conn.Record) (lanes [2]lane) {
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		lanes[side] = lane{endName(r, &d.o, side, &d.g), endAddress(r, side, &d.g)}
	}
	return lanes
}

// laneID is what a diagram calls an end's line.
func laneID(side conn.Side) string { return [...]string{conn.Client: "C", conn.Server: "S"}[side] }

// sequencePreview is how many columns of payload stand on an arrow.
const sequencePreview = 40

// sequenceWords are how a language for sequence diagrams says things. Each
// appends to b, and escapes what it is given.
type sequenceWords struct {
	begin  func(b []byte, title string, lanes [2]lane) []byte
	stroke func(b []byte, s *stroke) []byte
	state  func(b []byte, side conn.Side, now string) []byte
	end    func(b []byte, verdict, remarks []string) []byte
}

// draw writes a record: a line for each stroke, and the states behind those
// that change them.
func (w *sequenceWords) draw(b []byte, d *diagram, r *conn.Record) []byte {
	b = w.begin(b, recordTitle(r, &d.o, &d.g), d.lanesOf(r))
	var shown [2]string
	strokes := strokesOf(r, d.folds, &d.o, &d.g, sequencePreview)
	for i := range strokes {
		b = w.stroke(b, &strokes[i])
		for _, side := range [...]conn.Side{conn.Client, conn.Server} {
			if now := strokes[i].changes(side, &shown); now != "" {
				b = w.state(b, side, now)
			}
		}
	}
	var remarks []string
	if files := recordFiles(r, &d.o, &d.g); files != "" {
		remarks = append(remarks, "Files: "+files+".")
	}
	return w.end(b, verdictLines(r, &d.g), append(remarks, d.remarks(r, &d.g)...))
}
