package conn

import "bytes"

// answerTraits is what the head of the last final response says about its end.
type answerTraits uint8

const (
	answerLast   answerTraits = 1 << iota // the server closes after it: HTTP/1.0, or Connection: close
	answerStream                          // it goes on until somebody closes, by its type
	answerBare                            // it has no body: that of HEAD, status 204 or 304 (RFC 9112, section 6.3)
)

// answerFault is what is wrong with an answer, where something is.
type answerFault struct {
	answer place  // where the answer begins
	at     place  // where its fault shows
	bytes  int64  // that came after its end; 0 is none
	bare   bool   // and it had none to come
	line   int    // of its head that has no colon, from 1; 0 is none
	typed  string // that line, or with which an answer without a status line begins; cut to appTextLimit
	raw    []byte // the first bytes of an answer that is no text; nil for text
}

// traits reads them from the head of a response.
func (f *framing) traits(head []byte) answerTraits {
	t := answerTraits(0)
	if f.close || !f.keep && hasPrefix(head, "HTTP/1.0") {
		t |= answerLast
	}
	if f.stream {
		t |= answerStream
	}
	return t
}

// connection reads a field Connection (RFC 9112, section 9.6).
func (f *framing) connection(value []byte) {
	for len(value) > 0 {
		var option []byte
		option, value, _ = bytes.Cut(value, []byte(","))
		option = bytes.TrimSpace(option)
		f.close = f.close || equalFold(option, "close")
		f.keep = f.keep || equalFold(option, "keep-alive")
	}
}

// endless reports whether bodies of a type are meant to go on: events of a
// server, and pictures of which one replaces the other.
func endless(contentType []byte) bool {
	kind, _, _ := bytes.Cut(contentType, []byte(";"))
	kind = bytes.TrimSpace(kind)
	return equalFold(kind, "text/event-stream") || equalFold(kind, "multipart/x-mixed-replace")
}

// namesVersion reports whether the first line of a request has one. That of 1991
// had none, and its answer no status line (RFC 1945, section 4.1).
func namesVersion(request []byte) bool {
	line, _, _ := bytes.Cut(request[:min(len(request), appBufferLimit)], []byte("\n"))
	return bytes.Contains(line, []byte("HTTP/"))
}

// wantsStatus reports whether an answer to what was asked must have a status
// line.
func (a *app) wantsStatus() bool {
	if w := a.dirs[a.requester].work; w != nil && len(w.buf) > 0 {
		return namesVersion(w.buf)
	}
	return a.versioned
}

// noStatus takes an answer that begins with b and not with a status line.
func (a *app) noStatus(b []byte) {
	t := a.troubled()
	if t.noStatus == 0 {
		t.noStatus, t.fault.typed = a.budget.frame, firstLine(b)
		if !isText(b) {
			t.fault.typed, t.fault.raw = "", bytes.Clone(b[:min(len(b), rawShown)])
		}
	}
}

// rawShown is how many bytes are shown of what is no text.
const rawShown = 8

// wordless takes what a server answers to a request of HTTP and that is no text,
// and reports whether it is that.
func (a *app) wordless(side Side, b []byte) bool {
	if a.proto != protoHTTP || side == a.requester || !a.wantsStatus() {
		return false
	}
	a.noStatus(b)
	a.note("answer that is no text")
	a.dirs[side].skip = -1
	return true
}

// firstLine copies what b has of its first line, cut to appTextLimit.
func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b[:min(len(b), appTextLimit+len("\r\n"))], []byte("\n"))
	return bounded(bytes.TrimSuffix(line, []byte("\r")))
}

// between takes what a server sends where only another answer could begin, and
// which is none.
func (a *app) between(side Side, b []byte) int {
	d := &a.dirs[side]
	switch {
	case a.responses == 0 || d.flags&dirLost != 0 || a.dirs[a.requester].flags&(dirBegun|dirLost) != dirBegun:
	case a.pending == 0:
		d.mode = modeOver
		t := a.troubled()
		if t.fault.bytes == 0 {
			t.fault.answer, t.fault.at, t.fault.bare = a.answerAt, a.budget.frame, a.answer&answerBare != 0
		}
		return parseAgain
	case a.versioned && !isText(b):
		a.wordless(side, b)
		return len(b)
	case a.versioned:
		a.noStatus(b)
		a.note("answer without a status line")
		d.skip = -1
		return len(b)
	}
	a.lose(d)
	return parseAgain
}

// over counts bytes that came after the end of an answer, until another one
// begins.
func (a *app) over(side Side, b []byte) int {
	if hasPrefix(b, "HTTP/1.") {
		a.dirs[side].mode = modeHead
		return parseAgain
	}
	a.trouble.fault.bytes += int64(len(b))
	if !a.budget.Quiet {
		a.note(plural(uint32(len(b)), "byte") + " after the end of the response")
	}
	return len(b)
}

// tooLong is called where n bytes that have to be kept together are more than
// may be. Where they are the head of an answer, its blank line is missing.
func (a *app) tooLong(side Side, n int) {
	if n > appBufferLimit && a.proto == protoHTTP && side != a.requester && a.dirs[side].mode == modeHead {
		if t := a.troubled(); t.endless == 0 {
			t.endless = a.answerAt
		}
	}
}

// colonless takes down the first line of a response's head that is no field.
func (a *app) colonless(f *framing) {
	if t := a.troubled(); t.fault.line == 0 && t.fault.bytes == 0 && t.noStatus == 0 {
		t.fault.answer, t.fault.at, t.fault.line, t.fault.typed = a.answerAt, a.budget.frame, f.oddLine, bounded(f.odd)
	}
}
