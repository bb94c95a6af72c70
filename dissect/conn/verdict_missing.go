package conn

import "time"

// lostOnTheWay is for bytes of which later numbers show that they were sent, and
// which nobody acknowledged.
func (j *judgement) lostOnTheWay() {
	x := j.misses()
	why, next := j.whereTo(x)
	j.means(j.words("the %s has sent %s that did not come here and that the %s has not acknowledged, as its numbers tell. %s",
		x, j.howMany(x), x.Other(), why), next)
}

// anyWay is how many bytes of payload every way takes in one packet (RFC 9293,
// section 3.7.1).
const anyWay = 536

// whereTo says what may have become of bytes of x that did not come, and how to
// find out. No way is too narrow for few of them.
func (j *judgement) whereTo(x Side) (meaning, next string) {
	if j.f.missing[x] <= anyWay {
		return "Perhaps that was lost, or the capture has missed it.", "capture for some seconds more: what was lost is sent again."
	}
	return lossOrWidth, j.askWidth(x.Other())
}

// lossOrWidth is what may have become of bytes that did not come.
const lossOrWidth = "Perhaps that was lost, or the capture has missed it, or the way is too narrow for packets of that size and the ICMP error that would say so is lost, too (a path-MTU black hole)."

// misses is the end of which bytes are missing.
func (j *judgement) misses() Side {
	if j.f.missing[Server] > 0 {
		return Server
	}
	return Client
}

// howMany says how many bytes of x are missing: where others came after them, no
// more than so many.
func (j *judgement) howMany(x Side) string {
	if j.brief {
		return ""
	}
	n := plural(j.f.missing[x], "byte")
	if j.f.dataFirst[x] != 0 {
		n = "up to " + n
	}
	return n
}

// unseen says what was sent and not captured.
func (j *judgement) unseen() string {
	f := j.f
	both := f.unseen[Client] > 0 && f.unseen[Server] > 0
	switch {
	case j.brief:
		return ""
	case both:
		return j.words("Data was sent and not captured: the numbers count %s of the client and %s of the server.",
			plural(f.unseen[Client], "byte"), plural(f.unseen[Server], "byte"))
	case f.unseen[Client] > 0:
		return j.words("The client has sent data that was not captured: the numbers count %s.", plural(f.unseen[Client], "byte"))
	}
	return j.words("The server has sent data that was not captured: the numbers count %s.", plural(f.unseen[Server], "byte"))
}

// answerLost is for a complete request whose answer was sent and did not come.
func (j *judgement) answerLost() {
	a := &j.f.app
	x := a.requester
	y := x.Other()
	meaning, next := j.whereTo(y)
	if wait, ok := j.waited(); ok && j.v.HasBy && j.v.By == x {
		meaning += j.words(" The %s gave up after %s.", x, j.duration(wait))
	}
	j.say(detailNoReply, j.words("the request (%d) was complete, and its answer did not come: %s of it, which the %s's numbers count, the %s never acknowledged.",
		a.requestEnd, j.howMany(y), y, x), meaning, next, a.requestEnd)
}

// impatience says of a client that closed before the answer how long it had
// waited.
func (j *judgement) impatience() (meaning, next string) {
	wait, ok := j.waited()
	switch {
	case !ok:
		return "The client did not wait for the answer.", ""
	case wait < impatient && j.f.app.agent:
		return "The client did not wait for the answer.", "what ended that program, or made it give up?"
	case wait < impatient:
		return "The client did not wait for the answer.", "plain nc closes when its input ends: leave it open, or nc -q 5"
	}
	return j.words("The client gave up after %s: perhaps the server's program is slow, or waits for something itself.", j.duration(wait)),
		j.onServer("what is its program busy with? Or let the client wait longer.")
}

// impatient is how soon a client closes that does not wait for an answer at all.
const impatient = time.Second

// waited is how long the requester had waited for an answer when the connection
// ended; ok is false where that is not known.
func (j *judgement) waited() (d time.Duration, ok bool) {
	f := j.f
	at := f.lastDataAt[f.app.requester]
	if !at.Known() || at == 0 || !f.endedAt.Known() || f.endedAt == 0 {
		return 0, false
	}
	return max(f.endedAt.Sub(at), 0), true
}

// goesOn reports whether one end does what it may do only once it has heard the
// other, of which that was not captured: the client acknowledges or closes, the
// server sends, closes, or acknowledges data. Fast Open lets a server do so early.
func (j *judgement) goesOn() bool {
	f := j.f
	switch {
	case f.refusal || f.simultaneous:
		return false
	case f.synAck == 0:
		return f.synFirst != 0 && (j.c.States[Client] >= StateEstablished || f.acked[Client] > 0 || f.fin[Client] != 0)
	}
	return !f.fastOpen && (f.dataFirst[Server] != 0 || f.fin[Server] != 0 || f.acked[Server] > 0)
}

// hidden reports whether nothing of what x sent was captured, or none of its
// data, though the other end acknowledged some.
func (j *judgement) hidden(x Side) bool {
	f, n := j.f, uint32(0)
	if f.fin[x] != 0 {
		n = 1
	}
	return j.c.Segments[x] == 0 && !j.self() || f.dataFirst[x] == 0 && f.acked[x.Other()] > n
}
