package conn

import (
	"bytes"
	"strconv"
)

// The kinds of request that change how a response ends (RFC 9112, section
// 6.3).
const (
	methodOther uint32 = iota
	methodHead
	methodConnect
)

// methodQueue is how many unanswered requests have room in app.methods.
const methodQueue = 16

// chunkLineLimit is how long the line with a chunk's size may be.
const chunkLineLimit = 4 << 10

// Methods of IANA's registry that people and programs use.
var httpMethods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND",
	"PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH"}

// detectRequest knows an HTTP/1 request by its method and what follows it.
func (a *app) detectRequest(side Side, b []byte, start bool) (int, bool) {
	if b[0] < 'A' || b[0] > 'Z' || a.proto != protoNone && a.proto != protoHTTP || a.proto == protoHTTP && side != a.requester {
		return 0, false
	}
	switch looksLikeRequest(b) {
	case yes:
		a.isHTTP(side)
		a.dirs[side].enterHead()
		return parseAgain, true
	case perhaps:
		return 0, start
	}
	return 0, false
}

// guess is the answer to a question that may want for more bytes.
type guess uint8

const (
	no guess = iota
	perhaps
	yes
)

// looksLikeRequest wants a known method, a space, and either a target that
// begins as targets do or HTTP/ on the same line.
func looksLikeRequest(b []byte) guess {
	for _, m := range httpMethods {
		if b[0] != m[0] {
			continue
		}
		if len(b) <= len(m) {
			if m[:len(b)] == string(b) {
				return perhaps
			}
			continue
		}
		if !hasPrefix(b, m) || b[len(m)] != ' ' {
			continue
		}
		rest := b[len(m)+1:]
		if len(rest) == 0 {
			return perhaps
		}
		if rest[0] == '/' || hasPrefix(rest, "http://") || hasPrefix(rest, "https://") {
			return yes
		}
		line, _, _ := bytes.Cut(rest[:min(len(rest), appBufferLimit)], []byte("\n"))
		if bytes.Contains(line, []byte("HTTP/")) {
			return yes
		}
		return no
	}
	return no
}

// isHTTP sets the protocol once one end has shown it, and looks again at what
// the other typed before.
func (a *app) isHTTP(requester Side) {
	if a.proto == protoHTTP {
		return
	}
	if a.proto == protoTLS {
		a.troubled().clashAt = a.budget.frame
		a.tongues[requester], a.tongues[requester.Other()] = tongueHello, tongueHTTP
		a.lose(&a.dirs[requester])
	}
	a.proto, a.requester = protoHTTP, requester
	d := &a.dirs[requester]
	if d.mode != modeTyped || d.work == nil {
		return
	}
	d.mode = modeHead
	b := d.work.buf
	n := headEnd(b, 0)
	if n == 0 {
		if len(b) > 0 {
			a.blame(b, a.requests+1)
		}
		return
	}
	now := *a.budget // it is the past that is read
	a.budget.frame = a.requestEnd
	a.requestHead(requester, b[:n])
	rest := bytes.Clone(b[n:])
	a.drop(d)
	a.feed(requester, rest)
	a.budget.frame, a.budget.notes, a.budget.n, a.budget.more = now.frame, now.notes, now.n, now.more
}

func (a *app) troubled() *appTrouble {
	if a.trouble == nil {
		a.trouble = new(appTrouble)
		a.budget.troubles++
	}
	return a.trouble
}

// headEnd returns the length of a head with its blank line, 0 where there is
// none. The first seen bytes are known to hold none.
func headEnd(b []byte, seen int) int {
	for i := max(0, seen-2); ; {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			return 0
		}
		i += j + 1
		switch {
		case i < len(b) && b[i] == '\n':
			return i + 1
		case i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n':
			return i + 2
		}
	}
}

// head reads the head of a request or a response, once all of it is there.
func (a *app) head(side Side, b []byte) int {
	d := &a.dirs[side]
	if side != a.requester && !hasPrefix(b, "HTTP/1.") && !isPrefixOf(b, "HTTP/1.") && !isPrefixOf(b[:min(len(b), 2)], "\r\n") && b[0] != '\n' {
		return a.between(side, b)
	}
	seen := 0
	if d.work != nil {
		seen = d.work.scanned
	}
	if seen == 1 && b[0] == '\r' {
		seen = 0
	}
	if seen == 0 { // blank lines before it (RFC 9112, section 2.2)
		if n := blankLines(b); n > 0 {
			a.note("blank line")
			return n
		}
		if b[0] == '\r' && len(b) == 1 {
			return 0
		}
		if side == a.requester {
			a.unasked(b)
		}
		a.begins(side)
	}
	n := headEnd(b, seen)
	if n == 0 {
		a.headPart(side, b, seen)
		return 0
	}
	a.headPart(side, b[:n], seen)
	d.flags |= dirHeadSeen
	if side == a.requester {
		a.requestHead(side, b[:n])
	} else {
		a.responseHead(side, b[:n])
	}
	return n
}

// blankLines returns the length of the blank lines that b begins with.
func blankLines(b []byte) (n int) {
	for n < len(b) {
		switch {
		case b[n] == '\n':
			n++
		case b[n] == '\r' && n+1 < len(b) && b[n+1] == '\n':
			n += 2
		default:
			return n
		}
	}
	return n
}

// enterHead lets what was put aside, if anything, be read as a head.
func (d *appDir) enterHead() {
	d.mode = modeHead
	if d.work != nil {
		d.work.scanned = 0
	}
}

// begins takes down the frame in which a request or a response begins.
func (a *app) begins(side Side) {
	if side == a.requester {
		a.requestAt = a.budget.frame
	} else {
		a.answerAt = a.budget.frame
	}
}

// headPart tells what a segment shows of a head, of which seen bytes came
// before.
func (a *app) headPart(side Side, b []byte, seen int) {
	if a.budget.silent() {
		return
	}
	part := b[seen:]
	line, rest, _ := bytes.Cut(part[:min(len(part), appBufferLimit)], []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	complete := headEnd(b, seen) > 0
	switch {
	case seen == 0 && side == a.requester:
		a.noteLine("", line)
	case seen == 0:
		_, status, _ := bytes.Cut(line, []byte(" "))
		a.noteLine("", status)
	case side == a.requester:
		if len(line) > 0 && b[seen-1] == '\n' {
			a.noteLine("header ", line)
		}
		if complete {
			if len(line) == 0 && len(rest) == 0 {
				a.note("blank line: the request is complete")
			} else {
				a.note("end of the request")
			}
		}
	}
}

// framing is what a head says about the body.
type framing struct {
	length  int64 // −1 is not said
	chunked bool
	upgrade []byte
	to      []byte // Location
	close   bool   // Connection: close
	keep    bool   // Connection: keep-alive
	agent   bool   // the program that asks is named
	stream  bool   // the type of the body is one without an end
	odd     []byte // the first line that is no field
	oddLine int    // its number, from 1; 0 is none
}

// lineReader gives the lines of a head without their ends.
type lineReader struct {
	b    []byte
	line int // number of the line that next gave, from 1
}

// next returns the next line that is complete.
func (r *lineReader) next() ([]byte, bool) {
	i := bytes.IndexByte(r.b, '\n')
	if i < 0 {
		return nil, false
	}
	line := r.b[:i]
	r.b = r.b[i+1:]
	r.line++
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, true
}

// readFraming reads the fields of a head that say how long the body is.
func readFraming(head []byte) framing {
	f := framing{length: -1}
	r := lineReader{b: head}
	r.next()
	for {
		line, ok := r.next()
		if !ok {
			return f
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			if f.oddLine == 0 && len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
				f.odd, f.oddLine = line, r.line
			}
			continue
		}
		value := bytes.TrimSpace(line[colon+1:])
		switch name := line[:colon]; len(name) {
		case len("Content-Length"):
			if equalFold(name, "content-length") {
				if n, err := strconv.ParseInt(string(value), 10, 62); err == nil && n >= 0 {
					f.length = n
				}
			}
		case len("Transfer-Encoding"):
			if equalFold(name, "transfer-encoding") {
				f.chunked = len(value) >= 7 && equalFold(value[len(value)-7:], "chunked")
			}
		case len("Connection"):
			if equalFold(name, "connection") {
				f.connection(value)
			}
			f.agent = f.agent || equalFold(name, "user-agent") // which is as long
		case len("Content-Type"):
			if equalFold(name, "content-type") {
				f.stream = endless(value)
			}
		case len("Location"):
			if equalFold(name, "location") {
				f.to = value
			}
		case len("Upgrade"):
			if equalFold(name, "upgrade") {
				f.upgrade = value
			}
		}
	}
}

// equalFold compares ASCII without regard to case; lower is in lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// bodyRule is what a complete head of a request says about its body.
type bodyRule uint8

const (
	bodyNone       bodyRule = iota // there is none, or it ends by itself
	bodyUnmeasured                 // the method wants one, and no length is given: it has none (RFC 9112, section 6.3)
	bodyMeasured                   // Content-Length
)

// surplus is what came after a request, where only another one could.
type surplus struct {
	request place // the blank line of the one before
	rule    bodyRule
	at      place
	typed   string // its first line, cut to appTextLimit
}

// unasked looks whether what follows a request with a body, or one that should
// have had one, is no request: then it was meant as the body.
func (a *app) unasked(b []byte) {
	if a.body == bodyNone || a.requests == 0 || looksLikeRequest(b) != no || a.trouble != nil && a.trouble.surplus != nil {
		return
	}
	a.troubled().surplus = &surplus{request: a.requestEnd, rule: a.body, at: a.budget.frame, typed: firstLine(b)}
}

// requestHead takes a complete head of a request.
func (a *app) requestHead(side Side, head []byte) {
	a.requests++
	a.requestEnd, a.lineFeed, a.versioned = a.budget.frame, endsInLF(head), namesVersion(head)
	kind := methodOther
	switch {
	case hasPrefix(head, "HEAD "):
		kind = methodHead
	case hasPrefix(head, "CONNECT "):
		kind = methodConnect
	}
	if a.pending < methodQueue {
		a.methods |= kind << (2 * a.pending)
	}
	a.pending++
	a.blame(head, a.requests)
	f := readFraming(head)
	a.agent = a.agent || f.agent
	a.upgrade = equalFold(f.upgrade, "websocket")
	d := &a.dirs[side]
	a.body = bodyNone
	switch {
	case f.chunked:
		d.mode = modeChunk
	case f.length > 0:
		d.skip, a.body = f.length, bodyMeasured
	case f.length < 0 && (hasPrefix(head, "POST ") || hasPrefix(head, "PUT ") || hasPrefix(head, "PATCH ")):
		a.body = bodyUnmeasured
	}
}

// endsInLF reports whether the first line of a head ends in LF without CR, which
// servers may take for an end of line, and need not (RFC 9112, section 2.2).
func endsInLF(head []byte) bool {
	i := bytes.IndexByte(head, '\n')
	return i == 0 || i > 0 && head[i-1] != '\r'
}

// blame looks for a mistake in a request, unless one was found before that is
// not settled.
func (a *app) blame(head []byte, request uint32) {
	if a.trouble != nil && a.trouble.mistake != nil {
		return
	}
	if m, found := diagnose(head); found {
		t := a.troubled()
		t.mistake, t.request = &mistake{}, request
		*t.mistake = m
	}
}

// upgraded changes the protocol after status 101 (RFC 9110, section 7.8).
func (a *app) upgraded(to []byte) {
	mode := modePlain
	switch {
	case equalFold(to, "websocket"):
		a.note("WebSocket upgrade")
		a.proto, mode = protoWebSocket, modeFramesWS
	case equalFold(to, "h2c"):
		a.proto, mode = protoHTTP2, modeFrames2
	}
	for i := range a.dirs {
		a.dirs[i].mode = mode
	}
}

// chunk reads lines before chunks, the CR LF behind them, and fields behind the
// last one (RFC 9112, section 7.1), and passes over the chunks that are here.
func (a *app) chunk(side Side, b []byte) (n int) {
	d := &a.dirs[side]
	for n < len(b) && (d.mode == modeChunk || d.mode == modeTrailer) && d.skip == 0 {
		line := a.chunkLine(d, b[n:])
		if line == 0 {
			break
		}
		n += line
		if d.skip > 0 && d.skip <= int64(len(b)-n) {
			n += int(d.skip)
			d.skip = 0
			a.skipped(side)
		}
	}
	return n
}

// chunkLine reads one such line, or blank lines, and returns their length, 0
// where the line has not ended.
func (a *app) chunkLine(d *appDir, b []byte) int {
	if n := blankLines(b); n > 0 && d.mode == modeChunk {
		return n
	}
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) > chunkLineLimit {
			a.lose(d)
			return len(b)
		}
		return 0
	}
	line := bytes.TrimSpace(b[:end])
	switch {
	case d.mode == modeTrailer:
		if len(line) == 0 {
			d.mode = modeHead
			d.flags |= dirBodyEnded
		}
		return end + 1
	case len(line) == 0:
		return end + 1
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
	switch {
	case err != nil:
		a.lose(d)
	case n == 0:
		d.mode = modeTrailer
	default:
		d.skip = int64(n)
		d.flags |= dirChunked
	}
	return end + 1
}
