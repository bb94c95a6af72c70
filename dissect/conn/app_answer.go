package conn

import (
	"bytes"
	"strconv"
)

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
	for {
		if value = bytes.TrimLeft(value, ", \t"); len(value) == 0 {
			return
		}
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

// responseHead takes a complete head of a response.
func (a *app) responseHead(side Side, head []byte) {
	d := &a.dirs[side]
	status, ok := statusOf(head)
	if !ok {
		if t := a.troubled(); t.noStatus == 0 {
			a.noStatus(head)
			t.noStatus = a.answerAt
		}
		a.lose(d)
		return
	}
	f := readFraming(head)
	if status < 200 && status != 101 {
		return // another one follows for the same request (RFC 9110, section 15.2)
	}
	kind := a.methods & 3
	if a.pending > 0 {
		a.pending--
		a.methods >>= 2
	}
	a.respond(status, head)
	a.answer = f.traits(head)
	if f.oddLine > 0 {
		a.colonless(&f)
	}
	switch {
	case status >= 300 && status < 400 && hasPrefix(f.to, "https://"):
		a.troubled().redirect = bounded(f.to)
	case a.trouble != nil:
		a.trouble.redirect = ""
	}
	d.mode = modeHead
	switch {
	case status == 101:
		a.upgraded(f.upgrade)
	case kind == methodConnect && status < 300: // a tunnel: anything may follow
		a.proto = protoNone
		for i := range a.dirs {
			a.dirs[i].mode = modeLost
		}
	case kind == methodHead, status == 204, status == 304:
		a.answer |= answerBare
	case f.chunked:
		d.mode = modeChunk
	case f.length > 0:
		d.skip = f.length
	case f.length < 0:
		d.skip = -1
	}
}

// statusOf reads the number of a status line.
func statusOf(head []byte) (uint16, bool) {
	_, rest, _ := bytes.Cut(head, []byte(" "))
	if len(rest) < 3 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(rest[:3]), 10, 16)
	return uint16(n), err == nil && n >= 100 && n < 600
}

// respond counts a final response and remembers the first one that says no. One
// that asks who the client is (RFC 9110, section 11.1) is met once another comes.
func (a *app) respond(status uint16, head []byte) {
	a.responses++
	a.status = status
	t := a.trouble
	if t != nil && (t.status == statusUnauthorized || t.status == statusProxyAuth) && int(status) != t.status {
		t.status, t.reason, t.frame, t.answers = 0, "", 0, 0
	}
	if status < 400 {
		if t != nil && t.mistake != nil && t.request <= a.responses {
			t.mistake = nil // the server did not mind
		}
		return
	}
	t = a.troubled()
	if t.status != 0 {
		return
	}
	if t.mistake == nil && a.responses > a.requests { // it did not wait for the end of the request
		if w := a.dirs[a.requester].work; w != nil && len(w.buf) > 0 {
			a.blame(w.buf, a.responses)
		}
	}
	t.status, t.frame, t.answers = int(status), a.budget.frame, a.responses
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if i := bytes.Index(line, []byte(" ")); i >= 0 && len(line) > i+5 {
		t.reason = bounded(bytes.TrimSpace(line[i+5:]))
	}
}

// answered looks at text that answers something typed and has no status line:
// servers leave it out where they take the request for HTTP/0.9. It reports
// whether it is an answer in that sense.
func (a *app) answered(side Side, b []byte) bool {
	other := &a.dirs[side.Other()]
	asked := other.mode == modeTyped || a.proto == protoHTTP && side != a.requester
	if !asked {
		return false
	}
	status := errorPage(b[:min(len(b), 512)])
	if status == 0 && a.proto != protoHTTP {
		return false
	}
	a.isHTTP(side.Other())
	a.answerAt = a.budget.frame
	if status == 0 && a.wantsStatus() {
		a.noStatus(b)
		a.note("answer without a status line")
		a.dirs[side].skip = -1
		return true
	}
	if a.pending > 0 {
		a.pending--
		a.methods >>= 2
	}
	if status != 0 {
		a.noteLine("", strconv.AppendInt(nil, int64(status), 10))
		a.note("without a status line")
		a.respond(status, nil)
	} else {
		a.note("response without a status line")
		a.responses++
		a.answer = answerLast
	}
	a.dirs[side].skip = -1
	return true
}

// errorPage finds the status that a page of an HTTP server names: "400 Bad
// Request" as nginx and Apache write it, "Error code: 400" as Python does.
func errorPage(b []byte) uint16 {
	if bytes.Contains(b, []byte("400 Bad Request")) {
		return 400
	}
	if _, after, ok := bytes.Cut(b, []byte("Error code: ")); ok && len(after) >= 3 {
		if n, err := strconv.ParseUint(string(after[:3]), 10, 16); err == nil && n >= 400 && n < 600 {
			return uint16(n)
		}
	}
	return 0
}
