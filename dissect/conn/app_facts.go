package conn

import (
	"bytes"
	"slices"
	"strings"
)

// appFacts is what layer 7 tells a verdict. The tracker fills facts.app with
// app.facts; it is the zero value where no payload was seen. Frames are 0 where
// there was none.
type appFacts struct {
	name  string // as app.name
	spoke bool   // payload was seen
	first Side   // who sent the first of it
	lost  bool   // bytes were missing, so that what follows may be too little

	// The rest down to answerCut is about HTTP/1, with http.
	http       bool
	requester  Side
	requests   uint32 // whose head was complete
	responses  uint32 // final ones that began
	requestAt  place  // where the last request began
	requestEnd place  // the blank line of the last complete one
	answerAt   place  // where the last response began

	unread      bool   // of the answers there is a part that arrived and was not captured
	incomplete  bool   // a request has begun and its blank line has not come
	lines       int    // complete lines of that request
	bytes       int    // bytes of it
	agent       bool   // a request names the program that asks: nobody typed it
	lineFeed    bool   // the last request's first line ends in LF alone
	typed       string // its first line
	bodyMissing int64  // bytes that a request announced as its body and did not send
	answerCut   int64  // bytes that the last response announced and did not send
	chunksCut   bool   // its last chunk has not come
	unmeasured  bool   // it says neither how long it is nor that it comes in chunks: only FIN ends it
	headAt      place  // where a response begins whose blank line has not come
	headLine    string // what its first line says behind the version: "200 OK"
	headLines   int    // complete lines of it; 0 is not known
	headAlone   bool   // all that came of it are headers: nothing of a page
	answer      answerTraits

	mistake  *mistake // in the request that status answers, or in the last one
	status   int      // of the first response over 399, else of the last one; 0 is none
	reason   string   // its words, where it is over 399
	statusAt place    // its frame

	alert    string // TLS, in the clear: "handshake failure"
	alertBy  Side
	alertAt  place
	noStatus place // an answer whose first line has no status

	tongues   [2]tongue // how each end began
	clashAt   place     // the frame that shows that they do not go together; 0 is none
	wantsTLS  place     // the answer to a request that says that the port is one for HTTPS
	surplus   *surplus  // what came after a request, where only another one could
	fault     answerFault
	echoAt    place  // a ClientHello from the server, after the client's
	upgrade   bool   // the last request asks for WebSocket, and nobody speaks it
	redirect  string // https:// where the last answer sends to; "" for none
	refusal   string // the last line with which a server of SMTP and its like said no
	refusedAt place
	wsClose   int // status of the first Close frame of WebSocket that is no usual one; 0 is none
	wsCloseBy Side
	wsCloseAt place
	agreed    tongue // what the server spoke before both went over to TLS (STARTTLS); else tongueNone
	halfTLS   bool   // both ends began a handshake of TLS, and the client never came to encrypt
}

// facts is what judge needs of layer 7.
func (a *app) facts() appFacts {
	f := appFacts{
		name: a.name(), spoke: a.spoke, first: a.first,
		http: a.proto == protoHTTP, requester: a.requester, requests: a.requests, responses: a.responses,
		requestAt: a.requestAt, requestEnd: a.requestEnd, answerAt: a.answerAt, agent: a.agent, lineFeed: a.lineFeed,
		status: int(a.status), statusAt: a.answerAt, answer: a.answer, tongues: a.tongues, agreed: a.agreed,
	}
	for i := range a.dirs {
		d := &a.dirs[i]
		waits := d.work != nil && len(d.work.held) > 0 // for bytes that did not come
		f.lost = f.lost || waits || a.missed[i] || d.flags&dirLost != 0 || d.known && d.flags&dirBegun == 0
	}
	f.upgrade = a.upgrade
	f.halfTLS = !f.lost && a.halfTLS()
	if f.http {
		y := a.requester.Other()
		f.unread = a.dirs[y].flags&dirLost != 0 || a.missed[y]
		a.unfinished(&f)
	}
	if t := a.trouble; t != nil {
		f.noStatus, f.fault, f.echoAt = t.noStatus, t.fault, t.echoAt
		f.redirect, f.refusal, f.refusedAt = t.redirect, t.refusal, t.refusedAt
		f.wsClose, f.wsCloseBy, f.wsCloseAt = t.wsClose, t.wsCloseBy, t.wsCloseAt
		if f.headAt == 0 {
			f.headAt = t.endless
		}
		f.alert, f.alertBy, f.alertAt = t.alert, t.alertBy, t.alertAt
		f.clashAt, f.wantsTLS, f.surplus = t.clashAt, t.wantsTLS, t.surplus
		if t.mistake != nil && (t.answers == 0 || t.answers == t.request) {
			f.mistake = t.mistake
		}
		if t.status != 0 {
			f.status, f.reason, f.statusAt = t.status, t.reason, t.frame
		}
	}
	return f
}

// unfinished tells what of a request or a response has not come.
func (a *app) unfinished(f *appFacts) {
	d := &a.dirs[a.requester]
	switch {
	case d.mode == modeHead && d.skip > 0:
		f.bodyMissing = d.skip
	case d.mode == modeHead && d.work != nil && len(d.work.buf) > 0:
		f.incomplete, f.lineFeed, f.bytes = true, endsInLF(d.work.buf), len(d.work.buf)
		f.agent = f.agent || readFraming(d.work.buf).agent
		f.lines, f.typed = linesOf(d.work.buf)
	}
	d = &a.dirs[a.requester.Other()]
	switch {
	case d.mode == modeHead && d.work != nil && hasPrefix(d.work.buf, "HTTP/1."):
		f.headAt = a.answerAt
		f.headLines, f.headLine = linesOf(d.work.buf)
		f.headAlone = headersOnly(d.work.buf)
		_, f.headLine, _ = strings.Cut(f.headLine, " ")
	case d.flags&dirChunked != 0 || d.mode == modeChunk || d.mode == modeTrailer:
		f.chunksCut = true
	case d.mode == modeHead && d.skip > 0:
		f.answerCut = d.skip
	case d.mode == modeHead && d.skip < 0:
		f.unmeasured = true
	}
}

// headersOnly reports whether the lines behind the first one of a head are
// headers all, the last perhaps not whole.
func headersOnly(head []byte) bool {
	for i := 0; len(head) > 0; i++ {
		line, rest, _ := bytes.Cut(head, []byte{'\n'})
		name, _, whole := bytes.Cut(line, []byte{':'})
		begun := len(rest) == 0 && !whole
		if head = rest; i > 0 && (len(name) == 0 || !begun && !whole || slices.ContainsFunc(name, func(c byte) bool { return !isToken(c) })) {
			return false
		}
	}
	return true
}

// linesOf counts the complete lines of a head and gives its first, or what there
// is of that.
func linesOf(head []byte) (n int, first string) {
	r := lineReader{b: head}
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		if n++; n == 1 {
			first = bounded(line)
		}
	}
	if n == 0 {
		first = bounded(head)
	}
	return n, first
}
