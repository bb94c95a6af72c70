package render

import "strings"

// tabStop is how wide a tab is made in text that is not ours.
const tabStop = 8

// Printable makes text fit for a terminal: its lines stay lines and its tabs
// become spaces, everything else that is not plain text is escaped as in the
// views (\x1b, \u202e). Nothing is left out.
func Printable(s string) string {
	x := escaper{marks: maxMarks}
	out := make([]byte, 0, len(s)+16)
	column := 0
	for b := []byte(s); len(b) > 0; {
		switch b[0] {
		case '\n':
			out, column, b = append(out, '\n'), 0, b[1:]
			x.marks = maxMarks
		case '\t':
			n := tabStop - column%tabStop
			out, column, b = append(out, strings.Repeat(" ", n)...), column+n, b[1:]
		default:
			p, w, n := x.next(b)
			out, column, b = append(out, p...), column+w, b[n:]
		}
	}
	return string(out)
}

// ASCII spells text of our own for a terminal that takes no more: µ becomes u,
// an ellipsis three full stops; what has no such spelling is escaped. ASCII
// itself, control characters included, stays as it is.
func ASCII(s string) string {
	x := escaper{ascii: true}
	out := make([]byte, 0, len(s)+16)
	for b := []byte(s); len(b) > 0; {
		if b[0] < 0x80 {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		if sub, n := asciiFor(b); n > 0 {
			out, b = append(out, sub...), b[n:]
			continue
		}
		p, _, n := x.next(b)
		out, b = append(out, p...), b[n:]
	}
	return string(out)
}
