package render

import (
	"strings"

	"tcpsee/dissect/conn"
)

// preview puts the payload on the arrow, as much of it as finds room. What is
// worth reading in full gets a line of its own where it has to be cut.
func (t *timeline) preview(e *conn.Event, limit int) {
	c := &t.content
	room := limit - c.col - 1
	if t.readable(e) && (t.more.col > 0 || t.cut(e, room)) {
		c = &t.more
		room = t.lay.right() - t.lay.arrow - 3 - c.col
		if c.col > 0 {
			room--
		}
	}
	b, w := t.appendPayload(t.scratch[:0], e, room)
	t.scratch = b[:0]
	if w > 0 {
		if c.col > 0 {
			c.ascii(" ")
		}
		c.wide(b, w)
	}
}

// named reports whether layer 7 is known by more than being text or bytes.
func named(app string) bool { return app != "" && app != "text" && app != "bytes" }

// readable reports whether layer 7 is worth a line of its own: short text, or
// a message that begins in this segment.
func (t *timeline) readable(e *conn.Event) bool {
	p := e.Packet.TCP.Payload
	if named(e.App) && !t.o.Hex {
		return !strings.HasSuffix(e.App, "continued") && e.App != "TLS application data"
	}
	if len(p) == 0 || len(p) > maxLine {
		return false
	}
	if t.o.Hex {
		return true
	}
	for _, c := range p {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// cut reports whether the payload takes more columns than room.
func (t *timeline) cut(e *conn.Event, room int) bool {
	if named(e.App) && !t.o.Hex {
		if app := shorterApp(e.App, room); plainWords(app) {
			return len(app) > room
		}
	}
	b, w := t.appendPayload(t.scratch[:0], e, room+maxLine)
	t.scratch = b[:0]
	return w > room
}

// appendPayload appends what layer 7 holds, in at most limit columns: what it
// is where that is known, else its bytes.
func (t *timeline) appendPayload(dst []byte, e *conn.Event, limit int) ([]byte, int) {
	p := e.Packet.TCP.Payload
	if t.o.Hex {
		return appendBuffer(dst, p, limit, &t.g)
	}
	if !named(e.App) {
		if len(p) == 0 {
			return dst, 0
		}
		return appendQuoted(dst, p, limit, &t.g)
	}
	app := shorterApp(e.App, limit)
	switch more := textWidth(t.g.ellipsis); {
	case !plainWords(app):
		return appendQuoted(dst, []byte(app), limit, &t.g)
	case len(app) <= limit:
		return append(dst, app...), len(app)
	case limit > minPreview:
		return append(append(dst, app[:limit-more]...), t.g.ellipsis...), limit
	}
	return dst, 0
}

// shorterApp returns a request line without the word before it where it does
// not fit otherwise: it names its protocol itself (RFC 9112, section 3).
func shorterApp(app string, limit int) string {
	if len(app) <= limit {
		return app
	}
	if line, ok := strings.CutPrefix(app, "HTTP "); ok && strings.Contains(line, " HTTP/") {
		return line
	}
	return app
}

// plainWords reports whether s can stand on an arrow without quotation marks
// and be taken for nothing else.
func plainWords(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		ok := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(" ./:?&%_-*,+~();", c) >= 0 ||
			c == '=' && i > 0
		if !ok || i > 0 && (c == ' ' || c == '-') && s[i-1] == c {
			return false
		}
	}
	return true
}

// bufferBytes is how many bytes of a buffer Node prints.
const bufferBytes = 50

// appendBuffer appends bytes as Node prints a buffer, in at most limit columns.
func appendBuffer(dst, p []byte, limit int, g *glyphs) ([]byte, int) {
	const open, end = "<Buffer", ">"
	more := " " + g.ellipsis
	moreW := 1 + textWidth(g.ellipsis)
	n := min(len(p), bufferBytes)
	if len(open)+3*n+len(end) > limit || n < len(p) {
		n = min(n, (limit-len(open)-len(end)-moreW)/3)
	}
	if n <= 0 {
		return dst, 0
	}
	dst = append(dst, open...)
	w := len(open) + len(end) + 3*n
	for _, c := range p[:n] {
		dst = append(dst, ' ', hexDigits[c>>4], hexDigits[c&15])
	}
	if n < len(p) {
		dst = append(dst, more...)
		w += moreW
	}
	return append(dst, end...), w
}
