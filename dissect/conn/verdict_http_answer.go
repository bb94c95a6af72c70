package conn

import (
	"strconv"
	"time"
)

// What is wrong with an answer of HTTP/1, and who waited for what.

// oddAnswer says what is wrong with an answer, whether the connection has ended
// or not, and reports whether something is.
func (j *judgement) oddAnswer() bool {
	a := &j.f.app
	switch {
	case !a.http:
		return false
	case j.headless():
		j.noBlankLine()
	case a.lost:
		return false
	case a.fault.bytes > 0:
		j.tooLong()
	case a.fault.line > 0 && a.fault.answer == a.answerAt:
		j.colonless()
	case (a.answerCut > 0 || a.chunksCut) && a.answer&answerStream == 0 && j.silent(a.requester.Other()):
		j.awaitsRest()
	case j.unended():
		j.noLength()
	default:
		return false
	}
	return true
}

// headless reports whether an answer has begun and nothing ended its headers,
// though nothing of it is known to be missing.
func (j *judgement) headless() bool {
	a := &j.f.app
	return a.http && a.headAt != 0 && j.f.missing[a.requester.Other()] == 0
}

// blankLine is what has to stand between the headers of an answer and its page.
const blankLine = `put \r\n\r\n between the headers and the page.`

// noBlankLine is for such an answer.
func (j *judgement) noBlankLine() {
	a := &j.f.app
	what := j.words("the answer (%d) began", a.headAt)
	if a.headLine != "" {
		what += " with HTTP " + quotable(a.headLine)
	}
	meaning := "A client takes the page for headers, too."
	if a.headLines > 0 {
		meaning = j.words("None of its %s is blank: a client takes the page for headers, too.", plural(uint32(a.headLines), "line"))
	}
	next := blankLine
	if a.headAlone {
		meaning, next = "Nothing of a page came. Either the server's program ended too early, or something on the way cut the connection; or the program leaves out the blank line that ends headers.",
			j.onServer("that program's messages. In one written by hand: ")+blankLine
		if j.v.Outcome == OutcomeOpen {
			meaning = "Nothing of a page has come. Either the server's program has not gone on yet, or it leaves out the blank line that ends headers."
		}
	}
	j.say(detailAnswerHead, what+", and no blank line ended its headers.", meaning, next, a.headAt)
	j.evidence = append(j.evidence, a.requestEnd)
}

// colonless is for a line among the headers of the last answer that is no header.
func (j *judgement) colonless() {
	x := &j.f.app.fault
	j.say(detailAnswerHead, j.words("line %d in the head of the answer (%d) has no colon, and is no header.", x.line, x.answer),
		j.words("It is %s. Headers end at the first blank line: perhaps that is missing, or comes too late.", strconv.Quote(x.typed)), blankLine, x.answer)
	j.evidence = append(j.evidence, x.at)
}

// noStatusLine is for an answer that does not begin as one.
func (j *judgement) noStatusLine() {
	a := &j.f.app
	request := a.requestEnd
	if a.incomplete || request == 0 {
		request = a.requestAt
	}
	meaning := j.words("It begins with %s, which clients take for no answer of HTTP/1.", strconv.Quote(a.fault.typed))
	next := "HTTP/1.1 200 OK, the headers, and an empty line before the page."
	switch {
	case a.fault.raw != nil:
		j.noText(request)
		return
	case hasPrefix([]byte(a.fault.typed), "HTTP/"):
		meaning = j.words("It is %s, which clients take for none: it begins with HTTP/1.1 or HTTP/1.0, one space, and a number from 100 to 599.", strconv.Quote(a.fault.typed))
	case looksLikeRequest([]byte(a.fault.typed+" ")) == yes:
		meaning, next = "The server sends back what it gets: it is no web server.", "the port of the web server."
	}
	j.say(detailNoReply, j.words("the answer (%d) to the request (%d) begins with no status line.", a.noStatus, request), meaning, next, a.noStatus)
	j.evidence = append(j.evidence, request)
}

// noText is for an answer that does not even begin with text.
func (j *judgement) noText(request place) {
	a := &j.f.app
	raw := a.fault.raw
	meaning, next := "Perhaps another protocol than HTTP is spoken on this port.", j.onServer("ss -ltnp: which program listens there?")
	switch {
	case hasPrefix(raw, "\x1f\x8b"):
		meaning, next = "So begins what gzip has compressed: perhaps a page without its head.", "HTTP/1.1 200 OK, Content-Encoding: gzip, Content-Length, and an empty line before it."
	case hasPrefix(raw, "\x89PNG"), hasPrefix(raw, "\xff\xd8\xff"), hasPrefix(raw, "PK\x03\x04"):
		meaning, next = "So begins a file (PNG, JPEG, ZIP): perhaps the program sends it without a head.", "HTTP/1.1 200 OK, Content-Type, Content-Length, and an empty line before it."
	case len(raw) > 2 && raw[0] >= 20 && raw[0] <= 23 && raw[1] == 3:
		meaning, next = "So begins a record of TLS.", j.overTLS()
	}
	j.say(detailOtherTongue, j.words("the answer (%d) to the request (%d) is no text: it begins with the bytes % x.", a.noStatus, request, raw), meaning, next, a.noStatus)
	j.evidence = append(j.evidence, request)
}

// tooLong is for bytes behind the end that an answer had announced.
func (j *judgement) tooLong() {
	x := &j.f.app.fault
	n := j.bytes(x.bytes)
	if x.bare {
		j.say(detailAnswerLong, j.words("%s came after the answer (%d), which has no body.", n, x.answer),
			"An answer to HEAD, and one with status 204 or 304, ends at its blank line.", "send no page with it.", x.at)
	} else {
		j.say(detailAnswerLong, j.words("%s came after the announced end of the answer (%d).", n, x.answer),
			"The client leaves the rest out. Content-Length counts bytes, not characters: ä has two.", "len(page.encode()) in Python, Buffer.byteLength(page) in Node.", x.at)
	}
	j.evidence = append(j.evidence, x.answer)
}

// cut reports whether the connection ended before the last answer did. A stream
// has no other end than that its client leaves.
func (j *judgement) cut() bool {
	a := &j.f.app
	return (a.answerCut > 0 || a.chunksCut) && !(a.answer&answerStream != 0 && j.v.HasBy && j.v.By == a.requester)
}

// answerCut is for an answer that is shorter than it said it would be.
func (j *judgement) answerCut() {
	a := &j.f.app
	text := j.words("the answer (%d) ended before its last chunk.", a.answerAt)
	if a.answerCut > 0 {
		text = j.words("the answer (%d) ended %s before its announced length.", a.answerAt, j.bytes(a.answerCut))
	}
	x := a.requester
	wait, gaveUp := j.gaveUpAfter()
	meaning, next := "Either the server's program ended too early, or something on the way cut the connection.", ""
	switch {
	case j.f.missing[x.Other()] > 0:
		meaning, next = lossOrWidth, j.askWidth(x)
	case gaveUp:
		meaning, next = j.words("The %s gave up after %s in which nothing more came. %s", x, j.duration(wait), j.restForgotten()), j.wholeAnswer()
	case j.v.HasBy && j.v.By == x:
		meaning = j.words("The %s did not want the rest.", x)
	case j.v.Outcome != OutcomeReset && a.answerCut > 0:
		meaning, next = "Either Content-Length is too large, or the server's program ended too early.", j.wholeAnswer()
	}
	j.say(detailAnswerCut, text, meaning, next, a.answerAt)
}

// restForgotten says why the rest of an answer may not come.
func (j *judgement) restForgotten() string {
	if j.f.app.answerCut > 0 {
		return "Perhaps Content-Length is too large, or the program forgets the last part (in Node, res.end())."
	}
	return "Perhaps the program forgets the end (in Node, res.end()): nothing else sends the last chunk."
}

// wholeAnswer is what a program has to do for its answer to end.
func (j *judgement) wholeAnswer() string {
	if j.f.app.answerCut > 0 {
		return lengthRule
	}
	return "end the answer in the server's program."
}

// gaveUpAfter reports whether the requester ended the connection after the other end
// had been silent for a while, within an answer or after it.
func (j *judgement) gaveUpAfter() (time.Duration, bool) {
	f := j.f
	x := f.app.requester
	y := x.Other()
	at := f.lastDataAt[y]
	if !j.v.HasBy || j.v.By != x || f.fin[y] != 0 && (f.fin[x] == 0 || f.fin[y] < f.fin[x]) || f.zeroWindow[x] != 0 ||
		!at.Known() || at == 0 || !f.endedAt.Known() || f.endedAt == 0 {
		return 0, false
	}
	wait := f.endedAt.Sub(at)
	return wait, wait >= impatient
}

// silent reports whether side has said nothing for a while as the capture of an
// open connection ends, and nothing of it is known to be missing.
func (j *judgement) silent(side Side) bool {
	f := j.f
	at := f.lastDataAt[side]
	if f.dataFirst[side] == 0 { // it would answer
		at = f.lastDataAt[side.Other()]
	}
	return j.v.Outcome == OutcomeOpen && f.missing[side] == 0 && at.Known() && at != 0 && f.until.Known() && f.until.Sub(at) >= impatient
}

// unended reports whether the client waits, or waited in vain, for the end of an
// answer that only FIN would end.
func (j *judgement) unended() bool {
	a := &j.f.app
	if !a.http || !a.unmeasured || a.answer&answerStream != 0 || j.f.missing[a.requester.Other()] > 0 {
		return false
	}
	_, gaveUp := j.gaveUpAfter()
	return gaveUp || j.silent(a.requester.Other())
}

// noLength is for such an answer.
func (j *judgement) noLength() {
	a := &j.f.app
	meaning := j.words("The %s waits for more.", a.requester)
	if wait, ok := j.gaveUpAfter(); ok {
		meaning = j.words("The %s waited for more, and gave up after %s.", a.requester, j.duration(wait))
	}
	j.say(detailNoLength, j.words("the answer (%d) does not say how long it is, so that only the server's FIN ends it.", a.answerAt),
		meaning, "Content-Length among the headers, or close() after the page.", a.answerAt)
}

// awaitsRest is for an open connection in which the rest of an answer does not
// come.
func (j *judgement) awaitsRest() {
	a := &j.f.app
	text := j.words("the last chunk of the answer (%d) has not come.", a.answerAt)
	if a.answerCut > 0 {
		text = j.words("the answer (%d) is still %s short of its announced length.", a.answerAt, j.bytes(a.answerCut))
	}
	j.say(detailAnswerCut, text, j.restForgotten()+" Or it is still at work.", j.wholeAnswer(), a.answerAt)
}
