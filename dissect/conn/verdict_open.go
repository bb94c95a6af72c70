package conn

// Connections of which no end was captured.

func (j *judgement) midstream() {
	c := j.c
	held := plural(uint32(min(c.Segments[0]+c.Segments[1], 1<<31)), "segment")
	if d := c.Last.Sub(c.First); d > 0 && j.f.backBy == 0 {
		held += " in " + j.duration(d)
	}
	if j.f.illegible {
		headers := "headers are"
		if c.Segments[0]+c.Segments[1] == 1 {
			headers = "header is"
		}
		j.outcome(OutcomeMidstream, "", j.words("%s, of which the %s cut off, or wrong.", held, headers), j.f.first, j.f.last)
		j.means("what they say of a connection is not sure, and none of it is taken.", "")
		return
	}
	j.outcome(OutcomeMidstream, "", j.words("the capture has neither the beginning nor the end: %s.", held), j.f.first, j.f.last)
	j.means("the connection was there before the capture began, and perhaps still is.", "")
	if c.Inferred {
		j.v.Meaning += " Who is client is inferred."
	}
}

func (j *judgement) open() {
	f, c := j.f, j.c
	text := "established, and no end of it was captured"
	if d := max(c.Last.Sub(f.establishedAt), f.until.Sub(f.establishedAt)); f.establishedAt != 0 && d > 0 {
		text += " in " + j.duration(d) // silence at the capture's end counts
	}
	shows := f.handshake
	if shows == 0 { // not captured
		shows = max(f.dataFirst[Client], f.dataFirst[Server])
	}
	if shows == 0 {
		shows = f.first
	}
	j.outcome(OutcomeOpen, "", text+".", shows)
	switch {
	case !j.self() && (c.Segments[Client] == 0 || c.Segments[Server] == 0): // worthKnowing tells
	case f.replaced != 0:
		j.evidence = append(j.evidence, f.replaced)
		j.v.Meaning = j.words("A SYN with the same ports and another number (%d) began a connection anew, so that its sender does not know this one any more: it was restarted, or picks its port itself, or a NAT gave the port to somebody else. The other end may still keep it.", f.replaced)
	case f.missing[Client] > 0 || f.missing[Server] > 0:
		j.lostOnTheWay()
	case f.unseen[Client] > 0 || f.unseen[Server] > 0:
		j.v.Meaning = j.unseen()
	case f.dataFirst[Client] == 0 && f.dataFirst[Server] == 0:
		j.v.Meaning = "Nobody has sent anything yet. An open connection needs no packets."
	case f.dataFirst[Server] == 0 && f.until.Known() && f.lastDataAt[Client].Known() && f.lastDataAt[Client] != 0 && f.until.Sub(f.lastDataAt[Client]) < answerWithin:
		j.v.Detail = detailWaiting
		j.evidence = append(j.evidence, f.dataFirst[Client])
		when := "with"
		if left := f.until.Sub(f.lastDataAt[Client]); left > 0 {
			when = j.duration(left) + " after"
		}
		j.v.Meaning = j.words("The capture ends %s the client's last data (%d): so short a time tells nothing of an answer.", when, f.dataLast[Client])
		j.v.NextStep = "capture for some seconds more."
	case f.dataFirst[Server] == 0:
		j.v.Detail = detailWaiting
		j.evidence = append(j.evidence, f.dataFirst[Client])
		j.v.Meaning = "The server's system has acknowledged, its program has sent nothing: perhaps it is busy, waits for more, or has not accepted the connection yet."
		j.v.NextStep = j.recvQueue()
	case j.leftUnanswered():
		j.evidence = append(j.evidence, f.dataLast[Client])
		j.v.Meaning = j.words("The server's system has acknowledged the last data of the client (%d), its program has sent nothing since. Where an answer is due: perhaps it %s.", f.dataLast[Client], j.whyMute())
		j.v.NextStep = j.recvQueue()
	}
}

// recvQueue is how to see whether the server's program reads.
func (j *judgement) recvQueue() string {
	return j.onServer(j.words("ss -tan: Recv-Q over 0 at :%d are bytes that the program has not read.", j.c.Server.Port()))
}

// whyMute is what a program may be doing that does not answer.
func (j *judgement) whyMute() string {
	if j.byHand() {
		return "reads only once (no loop around recv()), is busy, or waits for more, such as the end of the line"
	}
	return "is busy, or waits for more"
}

// byHand reports whether what the ends say may be typed by a person, as far as
// the capture shows: text, or a request that names no program.
func (j *judgement) byHand() bool {
	a := &j.f.app
	return a.name == "" || a.name == textName || a.http && !a.agent
}
