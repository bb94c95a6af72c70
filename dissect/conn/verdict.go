package conn

import (
	"net/netip"
	"strings"
)

// judge says what became of a connection. Text holds what frames show;
// Meaning and NextStep may hold guesses, and say so: "perhaps", "either … or".
// Text does not repeat the outcome's name unless the sentence needs it, and
// strings from packets in it are quoted.
//
// With brief it makes no sentence and no list of frames: Outcome, By and Detail
// are the same.
func judge(c *Connection, f *facts, brief bool) Verdict {
	j := judgement{c: c, f: f, brief: brief}
	switch {
	case j.f.unfitACK != 0 && j.f.rst == j.f.unfitACK && j.f.handshake == 0:
		j.ackRefused()
	case !j.established():
		j.opening()
	case f.forged() && !j.bothClosed():
		j.impostor()
	case j.resetAmongTwo():
		j.amongTwo()
	case j.notItsOwn():
		j.perhapsForged()
	case j.probing():
		j.probe()
	case f.rst != 0 && !j.bothClosed():
		j.reset()
	case j.self() && f.fin[Client] != 0:
		j.closedAlone()
	case j.bothClosed():
		j.closed()
	case j.stalled():
	case f.fin[Client] != 0 || f.fin[Server] != 0:
		j.halfClosed()
	case f.midstream:
		j.midstream()
	default:
		j.open()
	}
	if j.established() {
		if j.v.Detail != detailForged {
			j.application()
		}
		j.worthKnowing()
		j.pace()
	}
	if brief {
		return Verdict{Outcome: j.v.Outcome, By: j.v.By, HasBy: j.v.HasBy, Detail: j.v.Detail}
	}
	j.giveEvidence()
	j.v.Meaning = opened(j.v.Meaning, j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeOpen)
	return j.v
}

// judgement is a verdict being made.
type judgement struct {
	c        *Connection
	f        *facts
	v        Verdict
	evidence []place // becomes v.Evidence
	brief    bool
}

// The narrower names that Verdict.Detail takes.
const (
	detailBacklog      = "backlog"
	detailNoNeighbour  = "no-neighbour"
	detailNoRoute      = "no-route"
	detailProhibited   = "prohibited"
	detailLoop         = "hop-limit"
	detailLocalOnly    = "bound-to-localhost"
	detailElsewhere    = "bound-elsewhere"
	detailOtherFamily  = "other-family"
	detailUDP          = "udp-only"
	detailStale        = "stale-connection"
	detailAbandoned    = "abandoned"
	detailNoData       = "no-data"
	detailAfterClose   = "after-close"
	detailAfterData    = "after-data"
	detailPeerClosed   = "after-peers-close"
	detailLinger0      = "reset-on-close"
	detailUnread       = "unread-data"
	detailNoReply      = "no-reply"
	detailAnswerCut    = "answer-cut"
	detailAnswerHead   = "answer-head"
	detailAnswerLong   = "answer-too-long"
	detailNoLength     = "answer-without-length"
	detailBadRequest   = "bad-request"
	detailIncomplete   = "request-incomplete"
	detailIdle         = "idle-timeout"
	detailTLSToPlain   = "tls-to-plain"
	detailProbe        = "probe"
	detailPlainToTLS   = "plain-to-tls"
	detailOtherTongue  = "other-protocol"
	detailTLSAlert     = "tls-alert"
	detailZeroWindow   = "zero-window"
	detailPathMTU      = "path-mtu"
	detailDeadPeer     = "dead-peer"
	detailForgotten    = "forgotten"
	detailForged       = "forged"
	detailUnacked      = "unacknowledged"
	detailSimultaneous = "simultaneous"
	detailSelf         = "self-connect"
	detailWaiting      = "waiting"
	detailTwoAnswers   = "two-answers"
)

// established reports whether both ends have agreed on a connection, as far
// as the capture shows.
func (j *judgement) established() bool {
	f := j.f
	if f.midstream || f.handshake != 0 {
		return !f.refusal
	}
	if f.simultaneous && f.synAck != 0 || j.c.States[Client] >= StateEstablished && j.c.States[Server] >= StateEstablished {
		return true
	}
	if j.goesOn() {
		return true
	}
	// SYN-ACK or the ACK that completes the handshake may be missing from the
	// capture; a client that went on to send data has had its answer.
	return f.synAck != 0 && (f.dataFirst[Client] != 0 || f.fin[Client] != 0) || f.synFirst != 0 && f.dataLast[Client] > f.synLast
}

// self reports whether both ends are the same.
func (j *judgement) self() bool { return j.c.Client == j.c.Server }

// closedAlone is for the FIN of a connection with itself, which is both ends'.
func (j *judgement) closedAlone() {
	j.outcome(OutcomeClosed, detailSelf, j.words("closed: both ends are one socket, so that its FIN (%d) is that of both.", j.f.fin[Client]), j.f.fin[Client])
	j.timeWait()
}

func (j *judgement) bothClosed() bool { return j.f.fin[Client] != 0 && j.f.fin[Server] != 0 }

// outcome sets the first parts of the verdict.
func (j *judgement) outcome(o Outcome, detail, text string, evidence ...place) {
	j.v.Outcome, j.v.Detail, j.v.Text = o, detail, text
	if !j.brief {
		j.evidence = append(j.evidence, evidence...)
	}
}

func (j *judgement) by(s Side) { j.v.By, j.v.HasBy = s, true }

// means sets the parts that may be guesses.
func (j *judgement) means(meaning, next string) { j.v.Meaning, j.v.NextStep = meaning, next }

// server is the server's address, as people write it.
func (j *judgement) server() string {
	if j.brief {
		return ""
	}
	return j.c.Server.Addr().String()
}

// local reports whether both ends are the same machine, as far as addresses
// tell.
func (j *judgement) local() bool { return sameMachine(j.c.Client, j.c.Server) }

func sameMachine(client, server netip.AddrPort) bool {
	return server.Addr() == client.Addr() || server.Addr().IsLoopback()
}

// onServer puts where a command has to be typed before it.
func (j *judgement) onServer(command string) string {
	if j.brief || j.local() {
		return command
	}
	return "on " + j.server() + ", " + command
}

// sinceEstablished is " after 2.0 s", "" where that is not known.
func (j *judgement) sinceEstablished() string {
	f := j.f
	if d := f.endedAt.Sub(f.establishedAt); f.establishedAt != 0 && f.endedAt != 0 && d > 0 {
		return " after " + j.duration(d)
	}
	return ""
}

// closed is for FIN from both ends.
func (j *judgement) closed() {
	f := j.f
	x := f.finOrder
	y := x.Other()
	j.by(x)
	if j.unheardBefore(x) {
		j.unacknowledged(y, OutcomeClosed, j.words("closed by the %s%s: ", x, j.sinceEstablished()))
		return
	}
	for _, s := range [2]Side{x, y} {
		if j.unheardAfter(s) {
			j.unacknowledged(s, OutcomeClosed, j.words("FIN from both ends (%d %d); ", f.fin[x], f.fin[y]))
			return
		}
	}
	whole := f.finAcked[x] != 0 && f.finAcked[y] != 0
	if j.brief { // most connections of most captures
		j.v.Outcome = OutcomeClosed
		if whole && f.rst == 0 && f.finAcked[x] > f.fin[y] {
			j.v.Detail, j.v.HasBy = detailSimultaneous, false
		}
		return
	}
	frames := []place{f.fin[x], f.finAcked[x], f.fin[y], f.finAcked[y]}
	lead := "closed by the " + x.String()
	switch {
	case f.rst != 0:
		j.closedWithRST(lead)
		return
	case f.finAcked[x] == f.fin[y]:
		text := "three segments " + j.list(frames...) + j.words(": %d is ACK and FIN in one.", j.among(f.fin[y], frames))
		if !whole {
			text = j.words("FIN from both ends %s; the last ACK is not in the capture.", j.list(frames...))
		}
		j.outcome(OutcomeClosed, "", lead+", "+text, frames...)
	case f.finAcked[x] == 0 || f.finAcked[x] > f.fin[y]:
		j.outcome(OutcomeClosed, detailSimultaneous, j.words("closed by both ends at once %s: each sent FIN before it had seen the other's.", j.list(frames...)), frames...)
		j.v.HasBy = false
		if !whole {
			j.v.Detail = ""
			j.v.Text = j.words("%s, FIN from both ends %s; not every ACK is in the capture.", lead, j.list(frames...))
			j.by(x)
		}
	case !whole:
		j.outcome(OutcomeClosed, "", j.words("%s, FIN from both ends %s; the last ACK is not in the capture.", lead, j.list(frames...)), frames...)
	case f.dataLast[y] > f.finAcked[x] && f.dataLast[y] < f.fin[y]: // what comes after its FIN was sent before
		j.outcome(OutcomeClosed, "", j.words("%s, four segments %s: half-closed in between, and the %s still sent data (%d).",
			lead, j.list(frames...), y, f.dataLast[y]), append(frames, f.dataLast[y])...)
	default:
		j.outcome(OutcomeClosed, "", j.words("%s, four segments %s: FIN and ACK each way.", lead, j.list(frames...)), frames...)
		j.timeWait()
		j.closedLate(x)
		return
	}
	j.timeWait()
}

// unheardBefore reports whether x, which closed first, had heard nothing of what
// the other end sent again and again until then.
func (j *judgement) unheardBefore(x Side) bool {
	f, y := j.f, x.Other()
	return j.stuck(y) && f.resendBytes[y] > 0 && f.resendFrame[y] < f.fin[x] && f.heardSince[y] != 0
}

// unheardAfter reports whether x sent data again and again, also after the FIN of
// the other end, which never acknowledged them.
func (j *judgement) unheardAfter(x Side) bool {
	f := j.f
	return f.rst == 0 && j.stuck(x) && f.resendBytes[x] > 0 && f.resendFrame[x] > f.fin[x.Other()]
}

// timeWait says who keeps the connection in mind (RFC 9293, section 3.6).
func (j *judgement) timeWait() {
	if j.brief {
		return
	}
	var at []string
	for _, s := range []Side{Client, Server} {
		if j.c.States[s] == StateTimeWait {
			at = append(at, s.String())
		}
	}
	switch {
	case j.self() && len(at) > 0:
		j.v.Meaning = "TIME-WAIT stays for 60 s: ss -tan shows it."
	case len(at) == 2:
		j.v.Meaning = "TIME-WAIT stays at both ends for 60 s: ss -tan shows it."
	case len(at) == 1 && at[0] == "server":
		j.v.Meaning = "TIME-WAIT stays at the server for 60 s: ss -tan shows it. " +
			"Until then a server that starts again may hear \"Address already in use\", unless it sets SO_REUSEADDR."
	case len(at) == 1:
		j.v.Meaning = "TIME-WAIT stays at the " + at[0] + " for 60 s: ss -tan shows it."
	}
}

func (j *judgement) halfClosed() {
	f := j.f
	x := Client
	if f.fin[Server] != 0 {
		x = Server
	}
	y := x.Other()
	j.by(x)
	acked := "; its ACK is not in the capture"
	if f.finAcked[x] != 0 {
		acked = j.words(", acknowledged (%d)", f.finAcked[x])
	}
	j.outcome(OutcomeHalfClosed, "", j.words("the %s has sent FIN (%d)%s; the %s has not, as far as captured.", x, f.fin[x], acked, y),
		f.fin[x], f.finAcked[x])
	if j.c.Segments[y] == 0 && !j.self() {
		j.outcome(OutcomeHalfClosed, "", j.words("the %s has sent FIN (%d); what the %s sent was not captured.", x, f.fin[x], y))
		j.means(j.words("nothing more comes from the %s. Whether the %s has closed, too, does not show.", x, y), "")
		return
	}
	if f.missing[y] > 0 {
		j.lostOnTheWay()
		return
	}
	if f.finAcked[x] == 0 {
		j.means(j.words("nothing more comes from the %s. Whether the %s has got that FIN, or has closed too, does not show.", x, y), "")
		if left := f.until.Sub(j.c.Last); f.until.Known() && left < answerWithin {
			j.v.NextStep = "capture for some seconds more."
		}
		return
	}
	j.means(j.words("nothing more comes from the %s, the %s may still send. Until its program closes too, the %s is in CLOSE-WAIT.", x, y, y),
		j.words("ss -tan at the %s: CLOSE-WAIT that stays is a program that forgets close(), or %s.", y, j.whyOpen(y)))
}

// whyOpen is why else a program may leave a connection in CLOSE-WAIT.
func (j *judgement) whyOpen(y Side) string {
	if y == Server && j.f.dataFirst[y] == 0 && j.f.unseen[y] == 0 {
		return "is busy, or has not accepted the connection yet"
	}
	return "is busy"
}

// worthKnowing adds what any connection may have beside its outcome.
func (j *judgement) worthKnowing() {
	f, c := j.f, j.c
	var more []string
	switch {
	case j.self() && f.midstream:
		more = append(more, "Both ends have the same address and port: a connection to itself, or forged packets (a LAND attack).")
		if j.v.Detail == "" {
			j.v.Detail = detailSelf
		}
	case j.self():
		more = append(more, "The connection is to itself: the socket's own port, chosen with -p or picked by the system, is the one that it called. Its SYN met itself; no server has a part in this, and what is sent comes back.")
		if j.v.NextStep == "" {
			j.v.NextStep = j.words("ss -ltn: does a server listen at port %d? The client needs another port than that.", c.Server.Port())
		}
		if j.v.Detail == "" || j.v.Detail == detailSimultaneous {
			j.v.Detail = detailSelf
		}
	case f.simultaneous:
		more = append(more, "Both ends sent SYN: a simultaneous open.")
	}
	if c.LabelCount(TFOAck) > 0 && f.fastOpen {
		more = append(more, "Data went with the SYN (TCP Fast Open).")
	}
	if f.older != 0 && f.cleared != 0 && f.rivals.unfit == 0 {
		more = append(more, j.words("The server had an older connection with the same ports, and answered the SYN with an ACK of that (%d); the client's RST (%d) made it forget.", f.older, f.cleared))
	}
	if f.midstream && j.v.Outcome != OutcomeMidstream && j.v.Detail != detailProbe && c.Segments[Client]+c.Segments[Server] > 1 {
		began := "The capture began after the handshake."
		if c.Inferred {
			began = "The capture began after the handshake: who is client is inferred."
		}
		more = append(more, began)
	}
	if why := j.closedHard(); why != "" && j.v.Detail != detailLinger0 && j.v.Detail != detailUnread {
		more = append(more, why)
	}
	if about := j.aboutStray(); about != "" {
		more = append(more, about)
	}
	for i, about := range []string{j.twoAnswers(), j.aboutUnfit(), j.aboutOutside(), j.aboutTime()} {
		if about != "" && (i > 0 || j.v.Detail != detailTwoAnswers) {
			more = append(more, about)
		}
	}
	for _, s := range []Side{Client, Server} {
		if c.Segments[s] == 0 && c.Segments[s.Other()] > 1 && !j.self() {
			more = append(more, j.words("Only what the %s sent was captured: perhaps the filter takes one direction, or the other goes another way.", s.Other()))
		}
	}
	if len(more) > 0 {
		j.v.Meaning = strings.TrimSpace(j.v.Meaning + " " + strings.Join(more, " "))
	}
}
