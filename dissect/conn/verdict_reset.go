package conn

import "slices"

// reset is for a connection that was established and ended by RST.
func (j *judgement) reset() {
	f := j.f
	x := f.rstBy
	y := x.Other()
	j.by(x)
	lead := "reset by the " + x.String()
	switch {
	case f.closing[x] != (Closing{}):
		j.resetByClose(lead)
	case f.keeps[x] >= keepsStuck && !j.unheard(y):
		j.gaveUp(x, lead)
	case j.neverOpened(x):
		j.outcome(OutcomeReset, detailNoData, j.words("%s%s, no data was sent: its SYN-ACK (%d) had left the client no window.", lead, j.sinceEstablished(), f.synAck), f.synAck, f.rst)
		j.proxied("Perhaps the server refused it.", "does something listen there?")
	case f.zeroWindow[y] != 0:
		j.zeroWindow(y, OutcomeReset, lead+": ")
	case j.stuck(x):
		j.unacknowledged(x, OutcomeReset, lead+": it gave up; ")
	case j.stuck(y) && (j.notAccepted(y) || !j.answersResend(x) && (j.clogged(y) || !j.unknownThere(x))):
		j.unacknowledged(y, OutcomeReset, lead+": ")
	case j.deaf(x):
		j.acksLost(x, OutcomeReset, lead+": it gave up; ")
	case f.zeroWindow[x] != 0:
		j.unreadThere(x, lead)
	case f.fin[y] != 0 && j.answersResend(x):
		j.forgotten(x, lead)
	case f.fin[x] != 0 && f.dataLast[y] > f.fin[x]:
		j.outcome(OutcomeReset, detailAfterClose, j.words("%s: data (%d) came after its FIN (%d).", lead, f.dataLast[y], f.fin[x]),
			f.fin[x], f.dataLast[y], f.rst)
		j.means(j.words("the program at the %s had closed already; what the %s sent then was read by nobody, and the system says so with RST. FIN (%d) was the sign%s",
			x, y, f.fin[x], j.whoStayed(y)), "")
		j.answeredLate(x)
	case f.fin[y] != 0:
		j.outcome(OutcomeReset, detailPeerClosed, j.words("%s: after the FIN of the %s (%d), it sent RST in place of its own.", lead, y, f.fin[y]), f.fin[y], f.rst)
		j.peerClosed(x)
	case f.fin[x] != 0:
		j.outcome(OutcomeReset, "", j.words("%s: it had sent FIN (%d) before.", lead, f.fin[x]), f.fin[x], f.rst)
		j.means(j.words("the %s had closed, and did not wait for the other end: perhaps its program ended, or its system gave up waiting in FIN-WAIT-2.", x), "")
		if j.unheard(y) {
			j.means(j.words("the %s had closed: perhaps data of the %s came after that FIN, when nobody read any more.", x, y), "")
		}
	case j.unknownThere(x):
		j.forgotten(x, lead)
	case f.dataFirst[Client] == 0 && f.dataFirst[Server] == 0:
		j.noData(x, lead)
	case f.dataLast[y] > f.rst:
		j.outcome(OutcomeReset, detailAfterData, j.words("%s%s: data of the %s was on its way, and came after it (last: %d).", lead, j.sinceEstablished(), y, f.dataLast[y]), f.rst, f.dataLast[y])
		j.means(j.words("the program at the %s ended, or closed, before it had taken all that the %s sent; the rest is read by nobody.", x, y),
			"look at that program's messages.")
	case f.dataLast[y] > f.dataLast[x]:
		j.outcome(OutcomeReset, detailAfterData, j.words("%s: it came after data of the %s (%d).", lead, y, f.dataLast[y]), f.dataLast[y], f.rst)
		j.means(j.words("either the program at the %s ended with data unread (the system then sends RST, not FIN), or it failed, or closes with RST on purpose (SO_LINGER), or something on the way cut the connection.", x),
			"look at that program's messages.")
		j.afterSilence(x)
	default:
		j.outcome(OutcomeReset, detailAfterData, lead+j.sinceEstablished()+".", f.dataLast[x], f.rst)
		j.means(j.words("perhaps the program at the %s was ended, or closes with RST on purpose (SO_LINGER); what was on its way may be lost.", x), "")
		if f.dataLast[y] != 0 { // that x spoke last does not tell that it had read
			j.means(j.words("perhaps the program at the %s closed with data of the %s (%d) unread: the system then sends RST, not FIN. Or it was ended, or closes with RST on purpose (SO_LINGER). What was on its way may be lost.", x, y, f.dataLast[y]),
				"a program that reads until recv() returns 0, and then closes, ends with FIN.")
		}
		j.afterSilence(x)
	}
}

// resetByClose is for an RST of which the system has said why it was sent, when
// the socket was closed.
func (j *judgement) resetByClose(lead string) {
	f := j.f
	x := f.rstBy
	y := x.Other()
	evidence := []place{f.fin[x], f.fin[y], f.rst}
	k := f.closing[x]
	if k.Linger0 {
		j.outcome(OutcomeReset, detailLinger0, j.words("%s%s: its program had set SO_LINGER with 0 s, so that closing sends RST (%d), not FIN.",
			lead, j.sinceEstablished(), f.rst), evidence...)
		meaning := j.words("the program throws the connection away on purpose. No TIME-WAIT stays; what was still on its way is lost, and the %s is told \"Connection reset by peer\".", y)
		if k.Unread > 0 {
			meaning += j.words(" It had not read %s either.", plural(k.Unread, "byte"))
		}
		j.means(meaning, "")
		return
	}
	j.outcome(OutcomeReset, detailUnread, j.words("%s%s: its program closed with %s of the %s%s unread, so that RST (%d) was sent, not FIN.",
		lead, j.sinceEstablished(), plural(k.Unread, "byte"), y, j.frameOf(f.dataLast[y]), f.rst), append(evidence, f.dataLast[y])...)
	j.means(j.words("the system says with RST that not all was taken which the %s had sent; what was still on its way back to it may be lost too.", y),
		j.words("a program that reads until recv() returns 0, and then closes, ends with FIN."))
}

// closedHard says the same as resetByClose in a sentence, where something else
// has the verdict's first; "" where there is nothing to say.
func (j *judgement) closedHard() string {
	f := j.f
	k := f.closing[f.rstBy]
	switch {
	case f.rst == 0:
	case k.Linger0:
		return j.words("RST (%d) was sent on purpose: the program had set SO_LINGER with 0 s before it closed.", f.rst)
	case k.Unread > 0:
		return j.words("RST (%d) was sent since the program closed with %s unread.", f.rst, plural(k.Unread, "byte"))
	}
	return ""
}

// frameOf is " (5)", "" where there is no frame.
func (j *judgement) frameOf(n place) string {
	if n == 0 {
		return ""
	}
	return j.words(" (%d)", n)
}

// whoStayed ends the sentence about one who went on after the other's FIN.
func (j *judgement) whoStayed(y Side) string {
	stayed := j.f.stayed
	switch {
	case j.f.app.name == protoNames[protoTLS]:
		return "; with TLS it is often the last word of the other end (close_notify), and nothing is lost."
	case stayed == "tcpsee":
		return "; like plain nc, tcpsee stays until it is told to go."
	case slices.Contains(netcats[:], stayed), stayed == "" && y == Client && j.byHand():
		return "; plain nc stays until it is told to go."
	case stayed != "":
		return j.words(": recv() returns 0 (Python: b'') at the %s then. It should stop sending.", y)
	}
	return "."
}

// netcats are the programs that stay when the other end has closed.
var netcats = [...]string{"nc", "ncat", "netcat", "nc.openbsd", "nc.traditional"}

// noData is for an RST before which nobody was seen to send data.
func (j *judgement) noData(x Side, lead string) {
	f, c := j.f, j.c
	switch {
	case f.midstream && c.Segments[Client]+c.Segments[Server] == 1:
		j.outcome(OutcomeReset, detailNoData, lead+", and nothing else of the connection is in the capture.", f.rst)
		j.means("why it was sent stands in what came before it.", "capture without a filter for RST, from the beginning of the connection.")
	case f.midstream:
		j.outcome(OutcomeReset, detailNoData, lead+", no data in this capture.", f.rst)
		j.means("what was sent before it is not known.", "")
	default:
		j.outcome(OutcomeReset, detailNoData, lead+j.sinceEstablished()+", no data was sent.", f.rst)
		j.means(noDataMeaning(x), "")
	}
}

func noDataMeaning(x Side) string {
	if x == Client {
		return "perhaps a program that only asks whether the port is open."
	}
	return "the system took the connection; perhaps the program then refused it by its own rules, failed, or never accepted it."
}

// closedWithRST is for FIN from both ends, and an RST before or after the second.
func (j *judgement) closedWithRST(lead string) {
	f := j.f
	x, y := f.finOrder, f.finOrder.Other()
	joint := "then"
	if f.rst < f.fin[y] {
		joint = "and"
	}
	j.outcome(OutcomeClosed, "", j.words("%s, FIN from both ends %s, %s RST by the %s (%d).", lead, j.list(f.fin[x], f.fin[y]), joint, f.rstBy, f.rst), f.fin[x], f.fin[y], f.rst)
	switch {
	case f.closing[f.rstBy] != (Closing{}): // worthKnowing tells
	case f.rstBy == x && f.dataLast[y] > f.fin[x]:
		j.v.Meaning = j.words("RST came after all: the %s still sent data (%d) after the FIN of the %s (%d), whose program had closed; nobody was there to read it.", y, f.dataLast[y], x, f.fin[x])
	default:
		j.v.Meaning = j.words("RST came after all: perhaps something arrived at the %s for a connection that it had forgotten, or its program ended with data unread, or does so on purpose (SO_LINGER).", f.rstBy)
	}
}

// peerClosed says why x may have sent RST after the FIN of the other end.
func (j *judgement) peerClosed(x Side) {
	or := "without having accepted the connection"
	if x == Client || j.f.dataFirst[x] != 0 {
		or = "was ended by force, or closes with RST on purpose (SO_LINGER)" // it had nothing to accept, or has done so
	}
	j.means(j.words("perhaps the program at the %s ended with data unread, or %s; either way nothing more can come.", x, or), "")
}

// keepsStuck is how many keep-alives go unanswered before it means something:
// the second was sent because nothing answered the first.
const keepsStuck = 2

// gaveUp is for an RST of one whose keep-alives were not answered (RFC 9293,
// section 3.8.4).
func (j *judgement) gaveUp(x Side, lead string) {
	f := j.f
	j.outcome(OutcomeReset, detailDeadPeer, j.words("%s: it gave up after %s that nobody answered (the last: %d).", lead, plural(f.keeps[x], "keep-alive"), f.keepFrame[x]),
		f.keepFrame[x], f.rst)
	j.means(j.words("the %s has gone without a word, or the way to it or back is cut: power, cable, a firewall that has forgotten the connection.", x.Other()),
		j.ping(x.Other()))
}

// deadPeer is the same before the RST.
func (j *judgement) deadPeer(x Side) {
	f := j.f
	j.outcome(OutcomeStalled, detailDeadPeer, j.words("the %s has asked %s whether the %s is still there (keep-alives, the last: %d), and nothing came back.",
		x, times(int(f.keeps[x])), x.Other(), f.keepFrame[x]), f.keepFrame[x])
	j.by(x)
	j.means(j.words("the %s has gone without a word, or the way to it or back is cut: power, cable, a firewall that has forgotten the connection.", x.Other()),
		j.words("%s; after some more the %s gives up.", j.ping(x.Other()), x))
}

// unknownThere reports whether x answered data or a keep-alive with an RST as
// machines do that have no such connection, one without ACK (RFC 9293,
// section 3.10.7.1), and after a silence, or to what was sent in vain before. A
// program may end a connection in that form, too, but hardly then.
func (j *judgement) unknownThere(x Side) bool {
	f := j.f
	y := x.Other()
	asked := f.dataLast[y] > f.dataLast[x] && f.dataLast[y] < f.rst || f.keeps[y] > 0
	return f.rstBare && asked && (f.silent >= idleAfter || j.answersResend(x) || f.midstream && j.c.Segments[x] == 1)
}

// answersResend reports whether an RST of x without ACK came at once upon data
// that the other end had to send again, or upon its FIN, which no way is too
// narrow for: that has reached x, or somebody who answers for it.
func (j *judgement) answersResend(x Side) bool {
	f := j.f
	y := x.Other()
	if !f.rstBare || f.resendsAtEnd[y] == 0 || f.resendFrame[y] > f.rst || f.fin[x] != 0 {
		return false
	}
	at := f.lastDataAt[y]
	return f.fin[y] != 0 && f.resendBytes[y] == 0 || f.dataLast[y] == f.resendFrame[y] && f.fin[y] == 0 &&
		at != 0 && at.Known() && f.endedAt.Known() && f.endedAt.Sub(at) < answerWithin
}

// probing reports whether the client has sent neither SYN nor ACK, and the
// server nothing but RST.
func (j *judgement) probing() bool {
	f := j.f
	return f.midstream && f.noAck && !f.illegible && j.c.Segments[Client] > 0 && f.dataFirst[Server] == 0 && f.fin[Server] == 0 &&
		(f.rst == 0 && j.c.Segments[Server] == 0 || f.rst != 0 && f.rstBy == Server)
}

// probe is for segments that can belong to no connection: in one, each has an
// ACK (RFC 9293, section 3.10.7.4).
func (j *judgement) probe() {
	f, port := j.f, j.c.Server.Port()
	const who = "No connection has such a segment; port scanners send it (nmap -sF, -sN, -sX). "
	if f.rst != 0 {
		j.outcome(OutcomeReset, detailProbe, j.words("reset by the server: RST (%d) answered a segment with neither SYN nor ACK (%d).", f.rst, f.first), f.first, f.rst)
		j.by(Server)
		j.means(j.words(who+"RST is what a closed port answers: nothing listens on port %d of %s.", port, j.server()), "")
		return
	}
	sent := j.words("%s with neither SYN nor ACK (%d)", plural(uint32(min(j.c.Segments[Client], 1<<31)), "segment"), f.first)
	if left := f.until.Sub(j.c.Last); f.until.Known() && left < answerWithin {
		j.outcome(OutcomeMidstream, detailProbe, j.words("%s, and the capture ends %s.", sent, j.later(left)), f.first)
		j.means(who+"So short a time tells nothing of an answer.", "")
		return
	}
	j.outcome(OutcomeMidstream, detailProbe, sent+", and nothing came back.", f.first)
	j.means(j.words(who+"A closed port would have answered with RST: port %d of %s is open, or a firewall drops what does not fit.", port, j.server()), "")
}

// forgotten is for such an RST.
func (j *judgement) forgotten(x Side, lead string) {
	f := j.f
	y := x.Other()
	what, frame := "data", f.dataLast[y]
	if f.keeps[y] > 0 {
		what, frame = "a keep-alive", f.keepFrame[y]
	}
	if f.fin[y] != 0 && f.resendBytes[y] == 0 && f.resendsAtEnd[y] > 0 {
		what, frame = "the FIN", f.resendFrame[y]
	}
	silence := ""
	if f.silent > 0 {
		silence = j.words("; the %s had not been heard for %s", x, j.duration(f.silent))
	}
	j.outcome(OutcomeReset, detailForgotten, j.words("%s: RST without ACK (%d) answered %s of the %s (%d)%s.", lead, f.rst, what, y, frame, silence), frame, f.rst)
	while, next := "", ""
	if f.silent >= idleOnTheWay {
		while, next = " in the silence", " If not, let keep-alives (SO_KEEPALIVE) come sooner than the silence lasted."
	}
	j.means(j.words("so answers a machine that does not have the connection: perhaps the %s was restarted or has given the connection up meanwhile, or a NAT or a firewall on the way forgot it%s and answers in its name.", x, while),
		j.words("at the %s, uptime: was it restarted?%s", x, next))
}

// turnedBack is for a refusal in the name of another machine that this one sent
// to itself.
func (j *judgement) turnedBack() {
	j.v.Detail = detailProhibited
	j.v.Text = j.words("this machine itself answered a SYN that was not captured with RST, in the name of %s.", j.server())
	j.means(j.words("the frame never left this machine, so that it is not %s that refuses: perhaps a rule of the own firewall (reject with tcp reset).", j.server()),
		"nft list ruleset, or iptables -nvL OUTPUT: which rule rejects?")
}
