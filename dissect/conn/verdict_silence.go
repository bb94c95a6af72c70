package conn

import (
	"strings"
	"time"
)

// idleOnTheWay is how long a silence must last before something on the way may
// have ended the connection for it: load balancers wait for a minute, NAT and
// firewalls mostly for longer (RFC 5382, section 5, wants two hours).
const idleOnTheWay = 30 * time.Second

// afterSilence adds to an RST of x that nothing had come from there for long.
func (j *judgement) afterSilence(x Side) {
	f := j.f
	if f.silent < idleOnTheWay {
		return
	}
	j.v.Text = j.words("%s; nothing had come from it for %s.", strings.TrimSuffix(j.v.Text, "."), j.duration(f.silent))
	j.v.Meaning = j.words("after such a silence perhaps an idle time-out: that of the %s, or of a load balancer or a firewall on the way, which ends the connection in its name. Else the program there was ended, or closes with RST on purpose (SO_LINGER).", x)
	j.v.NextStep = "let something be sent sooner than that (SO_KEEPALIVE), or give an idle connection up before."
}

// unreadThere is for an RST of x that had not taken what was sent to it for some
// time.
func (j *judgement) unreadThere(x Side, lead string) {
	f := j.f
	y := x.Other()
	j.outcome(OutcomeReset, detailZeroWindow, j.words("%s: its window had been 0 since (%d).", lead, f.zeroWindow[x]), f.zeroWindow[x], f.fin[y], f.rst)
	j.means(j.words("the program at the %s had not read for some time, its buffer was full, and it ended with data unread: the system then sends RST, not FIN. The network is not at fault.", x),
		j.words("what was the program at the %s busy with?", x))
}

// synAckUnreachable is for a SYN-ACK that could not be delivered.
func (j *judgement) synAckUnreachable(evidence []place) {
	i := &j.f.icmp
	r := reasonOf(i)
	j.outcome(OutcomeHalfOpen, r.detail, j.words("the server answered with SYN-ACK (%d), and %v says by ICMP \"%s\" (%d).", j.f.synAck, i.from, r.words, i.frame),
		append(evidence, i.frame)...)
	j.means(j.words(r.meaning, i.from.String(), j.beyond(j.c.Client.Addr().String()))+" Or the SYN came from a forged address.",
		j.onServer(j.words("ip route get %v", j.c.Client.Addr())))
}

// cutByNetwork reports whether the end has to do with the network, or with an end
// that did not read, so that layer 7 cannot tell more of it.
func (j *judgement) cutByNetwork() bool {
	if j.v.Outcome != OutcomeReset && j.v.Outcome != OutcomeClosed {
		return false
	}
	switch j.v.Detail {
	case detailForgotten, detailDeadPeer, detailZeroWindow, detailPathMTU, detailUnacked, detailBacklog, detailNoRoute, detailLoop, detailProhibited:
		return true
	}
	return false
}

// leftUnanswered reports whether the client waits for an answer, as it seems:
// the server has answered before, and for some time not.
func (j *judgement) leftUnanswered() bool {
	f := j.f
	at, until := f.lastDataAt[Client], max(f.until, j.c.Last)
	return f.dataFirst[Server] > f.dataFirst[Client] && f.dataFirst[Client] != 0 && f.dataLast[Client] > f.dataLast[Server] && f.outstanding[Client] == 0 &&
		at != 0 && at.Known() && until.Known() && until.Sub(at) >= idleAfter
}

// answeredLate adds to data that came after the FIN of x that x had waited for
// it.
func (j *judgement) answeredLate(x Side) {
	f := j.f
	y := x.Other()
	at := f.lastDataAt[x]
	if f.dataFirst[y] < f.fin[x] || f.dataLast[x] == 0 || f.dataLast[x] > f.fin[x] || at == 0 || !at.Known() || !f.endedAt.Known() || f.endedAt.Sub(at) < idleAfter {
		return
	}
	j.v.Meaning += j.words(" Before, the %s had waited %s for an answer to its data (%d), which came only after that FIN: perhaps the program at the %s is slow, or reads on to the end of a line (is a newline missing?) or of the stream.",
		x, j.duration(f.endedAt.Sub(at)), f.dataLast[x], y)
}

// lateFrom is the least time in CLOSE-WAIT that is worth a word.
const lateFrom = time.Second

// closedLate adds to a close, which x has begun, how long the other end left its
// socket open once it had acknowledged that, though it sent nothing more: no
// half-close in use. How long the FIN of x was on its way, behind data or sent
// again, is no program's fault, and does not count. The last segment is the ACK
// of that end's FIN, so that it tells when that was sent.
func (j *judgement) closedLate(x Side) {
	f, c := j.f, j.c
	y := x.Other()
	late := c.Measures.Waits[WaitClose][y]
	if j.brief || late < lateFrom || late < 10*c.IRTT || c.Retransmits[y] > 0 || f.dataLast[y] > f.fin[x] || f.last != f.finAcked[y] {
		return
	}
	j.v.Text = strings.TrimSuffix(j.v.Text, ".") + j.words("; the %s closed %s after the FIN of the %s had come.", y, j.duration(late), x)
	why := "perhaps its program had not read to the end (recv() returns 0 there), waited for something else, or forgot close()."
	switch {
	case y == Client && j.byHand():
		why = "plain nc stays until it is told to go; another program has perhaps forgotten close()."
	case y == Client:
		why = "perhaps its program had not read to the end, keeps connections for later and had not looked, or forgot close()."
	}
	j.v.Meaning = strings.TrimSpace(j.words("in between, the %s was in CLOSE-WAIT: %s", y, why) + " " + j.v.Meaning)
}
