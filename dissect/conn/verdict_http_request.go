package conn

import "strconv"

// What became of a request of HTTP/1 that was wrong, not complete, or not answered.

// lengthRule is what the length of a body has to be.
const lengthRule = "Content-Length must be the number of bytes that follow the blank line."

// unmeasured is for the body of a request that a server did not take for one,
// since nothing, or too little, was said of its length.
func (j *judgement) unmeasured() {
	a := &j.f.app
	detail, answered := detailIncomplete, ""
	if a.status >= statusBadRequest {
		detail, answered = detailBadRequest, "; the server answered "+j.status()
	}
	const rule = "A body is taken for one only with Content-Length or Transfer-Encoding: chunked; without them, a request ends at its blank line."
	x := a.surplus
	switch {
	case x == nil || a.status == statusLengthRequired:
		j.say(detailBadRequest, j.words("%s answered %s: the request%s does not say how long its body is.", j.it(Server), j.status(), j.frameOf(a.requestEnd)), rule, lengthRule, a.statusAt)
		j.evidence = append(j.evidence, a.requestEnd)
		return
	case x.rule == bodyUnmeasured:
		j.say(detail, j.words("the request (%d) does not say how long its body is, so that what came after it (%d) counts as another request%s.", x.request, x.at, answered),
			j.words("It was %s. %s", strconv.Quote(x.typed), rule), lengthRule, x.request)
	default:
		j.say(detail, j.words("more came than the request (%d) announced as its body: the rest (%d) counts as another request%s.", x.request, x.at, answered),
			j.words("It began with %s.", strconv.Quote(x.typed)), lengthRule, x.request)
	}
	j.evidence = append(j.evidence, x.at)
	if answered != "" {
		j.evidence = append(j.evidence, a.statusAt)
	}
}

// minds reports whether a server that answers so may have minded the form of a
// request: not, where it wants to know who asks, or cannot answer now.
func minds(status int) bool {
	switch status {
	case 401, 402, 407, 429, 451, 501, 505:
		return status > 500
	}
	return status >= 400 && status < 500
}

// answeredNothing is for status 400 without a request: one that was not
// captured, or none at all.
func (j *judgement) answeredNothing() {
	a, f := &j.f.app, j.f
	x := a.requester
	if a.requestAt == 0 && f.dataFirst[x] == 0 && !f.midstream && !j.hidden(x) {
		j.say(detailNoData, j.words("%s said %s, and no request had come.", j.it(x.Other()), j.status()),
			"Some servers say so when a connection ends, or has lasted too long, on which nobody asked for anything.", "", a.statusAt)
		return
	}
	meaning := "The request is not in the capture."
	switch {
	case a.requestAt != 0:
		meaning = j.words("The head of the request (%d) does not end within what is put together of it here: perhaps it is too long for the server, too.", a.requestAt)
	case f.dataFirst[x] != 0:
		meaning = j.words("What the %s had sent (%d) is no request of HTTP/1, as far as the capture shows it.", x, f.dataFirst[x])
	}
	j.say(detailBadRequest, j.words("%s answered %s.", j.it(Server), j.status()), meaning, "", a.statusAt)
	j.evidence = append(j.evidence, a.requestAt, f.dataFirst[x])
}

// badRequest is for a mistake in what was sent, and a server that minded.
func (j *judgement) badRequest() {
	a := &j.f.app
	m := a.mistake
	j.say(detailBadRequest, j.words("%s answered %s; in the request, line %d, character %d: %s.", j.it(Server), j.status(), m.line, m.char, m.what),
		j.words("The line was typed %s.", strconv.Quote(m.typed)), m.hint, a.statusAt)
	if m.typed == "" {
		j.v.Meaning = "Line " + strconv.Itoa(m.line) + " is the blank one that ends the request."
	}
	if j.v.NextStep == "" {
		j.v.NextStep = "GET / HTTP/1.1, Host: " + j.host() + ", and an empty line."
	}
	j.evidence = append(j.evidence, a.requestAt)
}

// host is the server's address as a line Host: has it (RFC 9110, section 7.2).
func (j *judgement) host() string {
	if j.c.Server.Addr().Is6() {
		return "[" + j.server() + "]"
	}
	return j.server()
}

// lineFeeds is for a request in the right form, but for the ends of its lines,
// that a server did not take.
func (j *judgement) lineFeeds() {
	a := &j.f.app
	meaning := "Perhaps because the lines end with LF alone: most servers take that, some, such as Node's, insist on CR LF."
	if a.incomplete {
		meaning += j.words(" The request (%d) was not complete, either: no blank line had come.", a.requestAt)
	}
	j.say(detailBadRequest, j.words("%s answered %s.", j.it(Server), j.status()), meaning,
		"nc -C, or tcpsee connect --crlf, ends lines with CR LF.", a.statusAt)
	j.evidence = append(j.evidence, a.requestAt)
}

// incomplete is for a request whose blank line did not come.
func (j *judgement) incomplete(ended bool) {
	a := &j.f.app
	what := "the request was not complete"
	if a.requestAt != 0 {
		what = j.words("the request (%d) was not complete", a.requestAt)
	}
	if a.lines > 0 {
		what += j.words(": %s and no blank one", plural(uint32(a.lines), "line"))
	}
	if !ended {
		next := "press Enter once more."
		if a.agent {
			next = ""
		}
		j.say(detailIncomplete, what+".", "The server waits for the rest; an empty line ends a request.", next, a.requestAt)
		return
	}
	who, meaning, faster := j.didSo(), "The client closed before an empty line had ended its request.", "press Enter once more"
	if j.v.By != a.requester {
		who, faster = j.it(j.v.By)+" gave up", "type faster"
		meaning = "The connection was up all the time. A server waits for a request only so long, and an empty line ends one."
		if d := j.f.endedAt.Sub(j.f.establishedAt); j.f.establishedAt != 0 && d < idleAfter && a.status != statusTimeout {
			who, meaning = j.didSo(), "So soon no server gives up waiting: perhaps it did not like what it had read, or its program ended."
		}
	}
	late := j.answeredAfterFIN()
	if late {
		meaning = j.words("The client closed before an empty line had ended its request. The server took the FIN for the end, and answered then (%d).", a.answerAt)
		if j.v.By != a.requester {
			who = j.it(a.requester) + " closed"
		}
	}
	if a.status >= statusBadRequest {
		who = j.it(Server) + " answered " + j.status()
	}
	if a.agent { // no hand has typed it
		j.say(detailIncomplete, who+j.sinceEstablished()+"; "+what+".", meaning, "an empty line (CR LF CR LF) has to end what the client's program sends as the head.", a.requestAt)
		j.evidence = append(j.evidence, a.statusAt)
		return
	}
	j.say(detailIncomplete, who+j.sinceEstablished()+"; "+what+".", meaning,
		faster+", or paste: printf 'GET / HTTP/1.1\\r\\nHost: "+j.host()+"\\r\\n\\r\\n' | nc "+j.reached(Server)+" "+strconv.Itoa(int(j.c.Server.Port())), a.requestAt)
	j.evidence = append(j.evidence, a.statusAt)
}

// answeredAfterFIN reports whether the server answered a request that was not
// complete once the client had closed: its FIN ends the headers, too.
func (j *judgement) answeredAfterFIN() bool {
	a := &j.f.app
	fin := j.f.fin[a.requester]
	return a.incomplete && fin != 0 && a.answerAt > fin
}

// bodyMissing is for a request whose head announced more than came.
func (j *judgement) bodyMissing() {
	a := &j.f.app
	left := j.bytes(a.bodyMissing)
	switch x := a.requester; {
	case a.status >= statusBadRequest:
		j.say(detailIncomplete, j.words("%s answered %s before the end of the request's body (%d): %s had not come.", j.it(x.Other()), j.status(), a.requestEnd, left),
			"It did not want the rest: its answer says why. TCP did its part.", "", a.requestEnd)
		if j.v.Outcome == OutcomeReset {
			j.v.Meaning += " Where data comes after that, the system says with RST that nobody reads it: the answer may be lost at the client."
		}
		j.evidence = append(j.evidence, a.statusAt)
	case j.f.missing[x] > 0:
		j.say(detailIncomplete, j.words("%s of the body of the request (%d) did not come here, as the %s's numbers tell.", j.howMany(x), a.requestEnd, x),
			lossOrWidth, j.askWidth(x), a.requestEnd)
	default:
		meaning := "The server waited for the rest."
		if a.answerAt > a.requestEnd {
			meaning = j.words("The server had answered without it (%d).", a.answerAt)
		}
		j.say(detailIncomplete, j.words("the request (%d) announced %s of body that never came.", a.requestEnd, left), meaning, lengthRule, a.requestEnd)
	}
}

// timedOut is for a server that waited for what should come after the head of a
// request, or for another request (RFC 9110, section 15.5.9).
func (j *judgement) timedOut() {
	a := &j.f.app
	if a.bodyMissing > 0 {
		j.say(detailIncomplete, j.words("%s answered %s; the request (%d) had announced %s of body that had not come.", j.it(a.requester.Other()), j.status(), a.requestEnd, j.bytes(a.bodyMissing)),
			"The server waits for the rest only so long.", lengthRule, a.requestEnd)
		if j.f.missing[a.requester] > 0 {
			j.v.Meaning, j.v.NextStep = lossOrWidth, j.askWidth(a.requester)
		}
	} else {
		j.say(detailIdle, j.words("%s said %s, and no request was open: all that came before were answered.", j.it(a.requester.Other()), j.status()),
			"The server closes a connection on which no further request comes for some time.", "a client that goes on later opens a new connection.", a.requestEnd)
	}
	j.evidence = append(j.evidence, a.statusAt)
}

// lastAnswer says why a server does not take another request.
const lastAnswer = "The server closes after that answer: it was one of HTTP/1.0, or said Connection: close."

// noReply is for a complete request and an end before the answer.
func (j *judgement) noReply() {
	a, f := &j.f.app, j.f
	server := a.requester.Other()
	wait, known := j.waited()
	before := ""
	if a.responses > 0 {
		before = j.words("; what came before it was answered (%d)", a.answerAt)
		j.evidence = append(j.evidence, a.answerAt)
	}
	switch {
	case f.fin[server] != 0 && f.fin[server] <= a.requestEnd && (a.responses > 0 || f.fin[server] < a.requestAt):
		j.tooLate(server)
		return
	case f.fin[server] != 0 && f.resendBytes[a.requester] > 0:
		j.neverCame()
		return
	case a.answer&answerLast != 0 && !(j.v.HasBy && j.v.By == a.requester):
		j.say(detailNoReply, j.words("an earlier request was answered (%d), the one after it (%d) was not.", a.answerAt, a.requestEnd),
			lastAnswer, "one request a connection; one blank line ends it.", a.requestEnd)
		return
	}
	j.say(detailNoReply, j.words("the request (%d) was complete, and no answer to it came%s.", a.requestEnd, before), "", "", a.requestEnd)
	switch {
	case a.first == server && a.responses == 0 && f.dataFirst[server] != 0:
		j.v.Meaning = j.words("The server spoke first (%d), which no web server does: it speaks something else than HTTP on this port.", f.dataFirst[server])
		j.v.NextStep = j.onServer("ss -ltnp: which program listens there?")
		j.evidence = append(j.evidence, f.dataFirst[server])
	case j.v.By == a.requester && j.v.HasBy:
		j.v.Meaning, j.v.NextStep = j.impatience()
	case a.mistake != nil:
		m := a.mistake
		j.v.Meaning = j.words("Perhaps because of line %d, character %d of the request: %s.", m.line, m.char, m.what)
		j.v.NextStep = m.hint
	case j.c.Server.Port() == portHTTPS && a.responses == 0:
		j.v.Meaning, j.v.NextStep = "Perhaps the server waits for TLS: the port is that of HTTPS.", j.overTLS()
	case j.v.Outcome == OutcomeReset && f.silent >= idleOnTheWay && known && wait < idleAfter:
		j.afterSilence(server)
	case a.responses > 0:
		j.v.Meaning = "The server's program failed on it, or was ended."
		j.v.NextStep = "look at the server's messages."
	default:
		j.v.Meaning = "Either the server's program failed on it, or it speaks something else than HTTP on this port."
		j.v.NextStep = "look at the server's messages."
	}
}

// neverCame is for a request that was sent again, and that the server had not
// acknowledged when it closed.
func (j *judgement) neverCame() {
	f, x := j.f, j.f.app.requester
	j.say(detailUnacked, j.words("the request (%d) was sent again %s (last: %d), and never acknowledged.", f.app.requestEnd, times(int(f.resendsAtEnd[x])), f.resendFrame[x]),
		j.words("It did not come to the %s, which heard nothing, and gave up waiting: it was lost on the way each time, or a firewall drops it.", x.Other()), j.wayFrom(x), f.app.requestEnd)
	j.evidence = append(j.evidence, f.resendFrame[x])
}

// tooLate is for a request that came when the server had closed already: most
// often one on a connection that was kept open for it (RFC 9112, section 9.5).
func (j *judgement) tooLate(server Side) {
	a, f := &j.f.app, j.f
	idle := ""
	if at := f.lastDataAt[server]; at != 0 && at.Known() && f.endedAt.Known() && f.endedAt.Sub(at) >= idleAfter {
		idle = j.words(", after %s of silence", j.duration(f.endedAt.Sub(at)))
	}
	j.say(detailNoReply, j.words("%s had closed (%d)%s, when the request (%d) came.", j.it(server), f.fin[server], idle, a.requestEnd),
		"The server gives a connection up on which nothing comes for some time, or after so many answers. The request crossed its FIN on the way, or its sender had not looked; nothing is wrong with it.",
		"send it again on a new connection; and let the client give up idle connections sooner than the server does.", a.requestEnd)
	if idle == "" && (a.responses == 1 || a.answer&answerLast != 0) {
		j.v.Meaning = lastAnswer
		if a.answer&answerLast == 0 {
			j.v.Meaning = "The server closes after one answer, and did not say so (Connection: close)."
		}
		j.v.NextStep = "one request a connection; one blank line ends it."
	}
	j.evidence = append(j.evidence, f.fin[server])
}

// status writes "HTTP 400 Bad Request (6)".
func (j *judgement) status() string {
	a := &j.f.app
	text := "HTTP " + strconv.Itoa(a.status)
	if a.reason != "" {
		text += " " + quotable(a.reason)
	}
	return text + " " + j.list(a.statusAt)
}
