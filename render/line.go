package render

import "unicode/utf8"

// line gathers one line of text and knows how wide it is. Nothing is put
// beyond its limit.
type line struct {
	buf   []byte
	col   int
	limit int
}

func (l *line) reset(limit int) { l.buf, l.col, l.limit = l.buf[:0], 0, limit }

// ascii appends text of which every byte is one column.
func (l *line) ascii(s string) {
	if room := l.limit - l.col; len(s) > room {
		s = s[:max(room, 0)]
	}
	l.buf = append(l.buf, s...)
	l.col += len(s)
}

// bytes appends as ascii does.
func (l *line) bytes(s []byte) {
	if room := l.limit - l.col; len(s) > room {
		s = s[:max(room, 0)]
	}
	l.buf = append(l.buf, s...)
	l.col += len(s)
}

// text appends text that is safe already.
func (l *line) text(s string) {
	if safe(s) {
		l.ascii(s)
		return
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		w := textWidth(s[:n])
		if r == utf8.RuneError || l.col+w > l.limit {
			return
		}
		l.buf = append(l.buf, s[:n]...)
		l.col += w
		s = s[n:]
	}
}

// wide appends bytes whose width is known.
func (l *line) wide(s []byte, width int) {
	if l.col+width > l.limit {
		return
	}
	l.buf = append(l.buf, s...)
	l.col += width
}

// repeat appends g, which is one column wide, n times.
func (l *line) repeat(g string, n int) {
	n = min(n, l.limit-l.col)
	for range n {
		l.buf = append(l.buf, g...)
	}
	l.col += max(n, 0)
}

const spaces = "                                                                                "

// to appends spaces up to the column.
func (l *line) to(col int) {
	for col = min(col, l.limit); l.col < col; {
		n := min(col-l.col, len(spaces))
		l.buf = append(l.buf, spaces[:n]...)
		l.col += n
	}
}

// sgr appends a colour sequence, which takes no column; "" is none.
func (l *line) sgr(s string) { l.buf = append(l.buf, s...) }

// end takes the line as it is, without spaces at its end, and a line feed.
func (l *line) end(dst []byte) []byte {
	b := l.buf
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	dst = append(dst, b...)
	return append(dst, '\n')
}
