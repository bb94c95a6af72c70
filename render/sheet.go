package render

import (
	"io"
	"strings"
)

// sheet is what a view of lines writes on: lines that are never wider than it.
type sheet struct {
	out   output
	row   line // the line being drawn
	width int  // columns
	color bool
}

func newSheet(w io.Writer, o *Options) sheet {
	return sheet{out: newOutput(w), width: newLayout(o).width, color: o.Color}
}

// emit takes the row that was drawn.
func (s *sheet) emit() { s.out.buf = s.row.end(s.out.buf) }

// paint begins a colour, where there are any.
func (s *sheet) paint(sgr string) {
	if s.color && sgr != "" {
		s.row.sgr(sgr)
	}
}

// unpaint ends it.
func (s *sheet) unpaint(sgr string) {
	if s.color && sgr != "" {
		s.row.sgr(sgrReset)
	}
}

// blank draws an empty line.
func (s *sheet) blank() {
	s.row.reset(s.width)
	s.emit()
}

// note draws text from a column on, wrapped to the width. What stands at the
// left edge hangs, so that its beginnings can be told from the rest.
func (s *sheet) note(col int, text, colour string) {
	hang := 0
	if col == 0 && !strings.HasPrefix(text, " ") {
		hang = 2
	}
	for _, l := range wrapText(text, s.width-col, hang) {
		s.row.reset(s.width)
		s.row.to(col)
		s.paint(colour)
		s.row.text(l)
		s.unpaint(colour)
		s.emit()
	}
}
