package render

import (
	"io"
	"slices"

	"tcpsee/dissect/conn"
)

// Measures of a picture in the glossary: it fits MinWidth.
const (
	glossaryIndent = 2
	pictureClient  = 12 // columns of what stands at the client
	pictureArrow   = 28
)

// glossary writes entries.
type glossary struct {
	sheet
	g glyphs
}

// DrawEntries explains words: for each a line that says what it is and where it
// is defined, what it means, and a picture where one helps. Of o, Width, Color
// and ASCII count.
func DrawEntries(w io.Writer, o Options, entries []conn.Entry) error {
	d := &glossary{sheet: newSheet(w, &o), g: newGlyphs(o.ASCII)}
	var drawn []string
	for i, e := range entries {
		if i > 0 {
			d.blank()
		}
		d.entry(e, drawn)
		if e.Picture() != nil {
			drawn = append(drawn, e.Term)
		}
		if err := d.out.settle(); err != nil {
			return err
		}
	}
	return d.out.flush()
}

// entry writes one. A picture that one of the terms in drawn has had already is
// not drawn again.
func (d *glossary) entry(e conn.Entry, drawn []string) {
	head, source := safeText(e.Term+": "+e.Title, &d.g), ""
	if e.RFC != "" {
		if source = "(" + e.RFC + ")"; textWidth(head)+1+len(source) <= d.width {
			head, source = head+" "+source, ""
		}
	}
	d.note(0, head, sgrBold)
	d.note(glossaryIndent, safeText(e.Text, &d.g), "")
	if source != "" {
		d.note(glossaryIndent, source, "")
	}
	strokes := e.Picture()
	if strokes == nil {
		return
	}
	for _, t := range drawn {
		if other, ok := conn.Explain(t); ok && samePicture(other.Picture(), strokes) {
			d.note(glossaryIndent, "(the picture is at "+t+")", sgrGrey)
			return
		}
	}
	for i := range strokes {
		d.stroke(&strokes[i])
	}
}

func samePicture(a, b []conn.Stroke) bool { return slices.Equal(a, b) }

// stroke draws a line of a picture.
func (d *glossary) stroke(s *conn.Stroke) {
	l := &d.row
	l.reset(d.width)
	const from = glossaryIndent + 2
	l.to(from)
	l.ascii(s.Client)
	if s.Way == conn.WayNone && s.Text == "" {
		l.to(from + pictureClient + 2)
		l.ascii(s.Server)
		d.emit()
		return
	}
	arrow, end := from+pictureClient+1, from+pictureClient+1+pictureArrow
	l.to(arrow)
	right, left := s.Way == conn.WayRight || s.Way == conn.WayRightLost, s.Way == conn.WayLeft || s.Way == conn.WayLeftLost
	lost := "x"
	switch {
	case right:
		l.repeat(d.g.dash, 2)
	case s.Way == conn.WayLeft:
		l.text(d.g.left)
		l.repeat(d.g.dash, 1)
	case left:
		l.ascii(lost)
		l.repeat(d.g.dash, 1)
	}
	l.to(arrow + 3)
	l.ascii(s.Text)
	l.to(l.col + 1)
	switch {
	case s.Way == conn.WayRight:
		l.repeat(d.g.dash, end-1-l.col)
		l.text(d.g.right)
	case right:
		l.repeat(d.g.dash, end-4-l.col)
		l.ascii(lost)
	case left:
		l.repeat(d.g.dash, end-l.col)
	}
	l.to(end + 1)
	l.ascii(s.Server)
	d.emit()
}
