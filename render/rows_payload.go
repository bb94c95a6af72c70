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
		if app := shorterApp(e.App, room); plainPart(app) == len(app) {
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
	return appendApp(dst, shorterApp(e.App, limit), limit, &t.g)
}

// appendApp appends what layer 7 was recognised as, in at most limit columns:
// plain words as they are, and in quotation marks what the sender wrote and
// could be taken for something else.
func appendApp(dst []byte, app string, limit int, g *glyphs) ([]byte, int) {
	plain := plainPart(app)
	if plain == len(app) && plain <= limit {
		return append(dst, app...), plain
	}
	if plain < len(app) && plain < limit {
		if b, w := appendQuoted(append(dst, app[:plain]...), []byte(app[plain:]), limit-plain, g); w > 0 {
			return b, plain + w
		}
	}
	if limit <= minPreview || plain == 0 {
		return dst, 0
	}
	more := textWidth(g.ellipsis)
	n := min(plain, limit-more)
	return append(append(dst, app[:n]...), g.ellipsis...), n + more
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

// plainPart is how many bytes of s, up to the end of a word, can stand on an
// arrow without quotation marks and be taken for nothing else.
func plainPart(s string) int {
	word := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		ok := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(" ./:?&%_-*,+~();", c) >= 0 ||
			c == '=' && i > 0
		if !ok || i > 0 && (c == ' ' || c == '-') && s[i-1] == c {
			return word
		}
		if c == ' ' {
			word = i + 1
		}
	}
	return len(s)
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
