package conn

import (
	"strconv"
	"time"
)

// Statuses with which servers answer a request that breaks the rules.
const (
	statusBadRequest = 400
	statusTimeout    = 408

	statusUnauthorized = 401
	statusProxyAuth    = 407

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
		j.alerted()
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
		j.statusTold()
	case a.http && a.redirect != "":
		j.redirected()
	case a.http && a.upgrade && a.responses > 0 && a.status < 400:
		j.notUpgraded()
	case a.refusal != "":
		j.declined()
	case a.wsClose != 0:
		j.closedWS()
	case j.unanswered():
		j.noServerHello()
	case j.halfTLS():
		j.handshakeLeft()
	case j.unheardOf():
		j.noGreeting()
	case j.shut():
		j.toldBy("The program at the server took the connection, and closed it at once: that may be all that it does, or it does not want this client, or it failed.", "")
	case j.idle():
		j.say(detailIdle, j.words("%s%s in which nobody had sent anything.", j.didSo(), j.sinceEstablished()),
			"Perhaps the server gave up waiting for a request.", j.sooner(), 0)
	}
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
		f.dataFirst[Client] == 0 && f.dataFirst[Server] == 0 && f.unseen == [2]uint32{} && f.missing == [2]uint32{} && !f.midstream && f.establishedAt != 0 && f.endedAt.Sub(f.establishedAt) >= idleAfter
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
