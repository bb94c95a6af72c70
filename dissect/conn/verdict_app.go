package conn

import (
	"strconv"
	"time"
)

// Statuses with which servers answer a request that breaks the rules.
const (
	statusBadRequest = 400
	statusTimeout    = 408

	statusLengthRequired = 411
)

// idleAfter is how long a client must have been silent before the server's FIN
// is put down to that.
const idleAfter = time.Second

// application lets layer 7 have a say, where it explains more than the
// segments do.
func (j *judgement) application() {
	a := &j.f.app
	ended := j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeReset || j.v.Outcome == OutcomeHalfClosed
	if !ended && j.v.Outcome != OutcomeOpen || j.cutByNetwork() {
		return
	}
	switch {
	case a.clashAt != 0:
		j.misunderstood()
	case a.http && a.wantsTLS != 0:
		j.wantsTLS()
	case a.echoAt != 0:
		j.echoed()
	case a.alert != "":
		j.say(detailTLSAlert, j.words("%s broke off the TLS handshake (%d): %s.", j.it(a.alertBy), a.alertAt, a.alert),
			"the connection itself worked; the two ends did not agree on TLS.", j.words("openssl s_client -connect %v shows more.", j.c.Server), a.alertAt)
	case a.http && (a.status == statusLengthRequired || a.surplus != nil && (a.status == statusBadRequest || a.status == statusTimeout || a.status < statusBadRequest && a.incomplete)):
		j.unmeasured()
	case a.http && a.noStatus > 0 && (a.requests > a.responses || a.incomplete):
		j.noStatusLine()
	case a.http && a.status == statusTimeout && a.requests > 0 && !a.incomplete:
		j.timedOut()
	case a.http && a.status == statusTimeout, a.http && a.incomplete && a.status < 400 && !a.lost && (a.responses <= a.requests || j.answeredAfterFIN()):
		j.incomplete(ended)
	case a.http && a.status == statusBadRequest && a.requests == 0 && !a.incomplete && a.mistake == nil:
		j.answeredNothing()
	case a.http && a.mistake != nil && minds(a.status):
		j.badRequest()
	case a.http && a.status == statusBadRequest && a.lineFeed:
		j.lineFeeds()
	case a.http && a.status == statusBadRequest && a.incomplete:
		j.incomplete(ended)
	case a.http && a.status == statusBadRequest:
		j.say(detailBadRequest, j.words("%s answered %s.", j.it(Server), j.status()),
			"the server did not understand the request, though its form is right as far as the capture shows it.", "", a.statusAt)
	case ended && a.http && a.requests > a.responses && !a.unread && j.f.missing[a.requester.Other()] > 0:
		j.answerLost()
	case j.oddAnswer():
	case !ended && !a.lost && j.unanswered():
		j.awaitsHello()
	case !ended || a.lost:
	case a.http && a.bodyMissing > 0:
		j.bodyMissing()
	case a.http && a.requests > a.responses && j.hidden(a.requester.Other()): // it may have answered
	case a.http && a.requests > a.responses:
		j.noReply()
	case a.http && j.cut():
		j.answerCut()
	case a.http && a.status >= 400 && (j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeReset):
		j.v.Meaning = "The server answered " + j.status() + ": that is HTTP's word, TCP did its part. " + opened(j.v.Meaning, true)
	case j.unanswered():
		j.noServerHello()
	case j.idle():
		j.say(detailIdle, j.words("%s%s in which nobody had sent anything.", j.didSo(), j.sinceEstablished()),
			"Perhaps the server gave up waiting for a request.", j.sooner(), 0)
	}
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

// say puts a sentence of layer 7 in the place of the one about segments. The
// outcome and who brought it about stay.
func (j *judgement) say(detail, text, meaning, next string, frame place) {
	j.v.Detail = detail
	lead := string(j.v.Outcome)
	if j.v.HasBy && (j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeReset) {
		lead += " by the " + j.v.By.String()
	}
	j.v.Text = lead + ": " + text
	j.v.Meaning, j.v.NextStep = meaning, next
	j.evidence = append(j.evidence, frame)
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
		j.v.NextStep = "GET / HTTP/1.1, Host: " + j.server() + ", and an empty line."
	}
	j.evidence = append(j.evidence, a.requestAt)
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
		faster+", or paste: printf 'GET / HTTP/1.1\\r\\nHost: "+j.server()+"\\r\\n\\r\\n' | nc "+j.server()+" "+strconv.Itoa(int(j.c.Server.Port())), a.requestAt)
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
	left := count(uint64(a.bodyMissing))
	switch x := a.requester; {
	case a.status >= statusBadRequest:
		j.say(detailIncomplete, j.words("%s answered %s, while %s bytes of the body of the request (%d) were still to come.", j.it(x.Other()), j.status(), left, a.requestEnd),
			"It did not want the rest: its answer says why. TCP did its part.", "", a.requestEnd)
		if j.v.Outcome == OutcomeReset {
			j.v.Meaning += " Where data comes after that, the system says with RST that nobody reads it: the answer may be lost at the client."
		}
		j.evidence = append(j.evidence, a.statusAt)
	case j.f.missing[x] > 0:
		j.say(detailIncomplete, j.words("%s of the body of the request (%d) did not come here: the %s's numbers count them.", j.howMany(x), a.requestEnd, x),
			lossOrWidth, j.askWidth(x), a.requestEnd)
	default:
		meaning := "The server waited for them."
		if a.answerAt > a.requestEnd {
			meaning = j.words("The server had answered without them (%d).", a.answerAt)
		}
		j.say(detailIncomplete, j.words("the request (%d) announced %s bytes of body that never came.", a.requestEnd, left), meaning, lengthRule, a.requestEnd)
	}
}

// timedOut is for a server that waited for what should come after the head of a
// request, or for another request (RFC 9110, section 15.5.9).
func (j *judgement) timedOut() {
	a := &j.f.app
	if a.bodyMissing > 0 {
		j.say(detailIncomplete, j.words("%s answered %s; the request (%d) had announced %s bytes of body that had not come.", j.it(a.requester.Other()), j.status(), a.requestEnd, count(uint64(a.bodyMissing))),
			"The server waits for them only so long.", lengthRule, a.requestEnd)
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
	case a.answer&answerLast != 0 && !(j.v.HasBy && j.v.By == a.requester):
		j.say(detailNoReply, j.words("an earlier request was answered (%d), the one after it (%d) was not.", a.answerAt, a.requestEnd),
			lastAnswer, "one request a connection; one blank line ends it.", a.requestEnd)
		return
	}
	j.say(detailNoReply, j.words("the request (%d) was complete, and no answer to it came%s.", a.requestEnd, before), "", "", a.requestEnd)
	switch {
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

// it is "it" for the end that the sentence has named already, else its name.
func (j *judgement) it(s Side) string {
	if j.v.HasBy && j.v.By == s && (j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeReset) {
		return "it"
	}
	return "the " + s.String()
}

// didSo says that the end which the verdict is about closed.
func (j *judgement) didSo() string {
	if it := j.it(j.v.By); it != "it" {
		return it + " closed its direction"
	}
	return "it did so"
}

// idle reports whether the server closed first after a silence.
func (j *judgement) idle() bool {
	f := j.f
	return j.c.Segments[Client] > 0 && j.c.Segments[Server] > 0 && (j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeHalfClosed) && j.v.HasBy && j.v.By == Server &&
		f.dataFirst[Client] == 0 && f.dataFirst[Server] == 0 && !f.midstream && f.establishedAt != 0 && f.endedAt.Sub(f.establishedAt) >= idleAfter
}

// sooner is what to do about a server that does not wait for long.
func (j *judgement) sooner() string {
	if j.c.Server.Port() == portHTTPS { // nobody types TLS
		return "a client that goes on later opens a new connection."
	}
	return "type sooner, or paste it."
}

// quotable writes bytes of a packet so that they stay on their line.
func quotable(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}
