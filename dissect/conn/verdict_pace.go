package conn

import (
	"slices"
	"time"
)

// What ended well may have taken long. Where one thing took half of the time at
// least, and that was a second, the verdict says which. That people type slowly
// is not worth a word: of programs' time only that of a server is told which
// speaks a protocol where each answer is asked for.

const (
	slowFrom    = time.Second            // waits that are told of
	longWay     = 100 * time.Millisecond // a round trip that is
	quickWay    = 10                     // times a round trip, from which the way is not to blame for an answer
	queuesGrow  = 3                      // times the shortest round trip that the mean one is where queues grow
	queuesDelay = 50 * time.Millisecond  // and by how much more
	heldBack    = 20 * time.Millisecond  // from which an ACK is that (RFC 9293, section 3.8.6.3)
)

// promptProtocols are those whose server speaks when it is asked, and at once.
var promptProtocols = [...]string{"HTTP", "SMTP", "POP3", "IMAP", "FTP", "DNS"}

// longAnswers are those of them in which a server's next words belong to the same
// answer. Those of the others are about the client's silence, or about news.
var longAnswers = [...]string{"HTTP", "DNS"}

// pace says what a slow connection waited for.
func (j *judgement) pace() {
	m := &j.c.Measures
	if j.brief || j.v.Detail != "" || j.v.Outcome != OutcomeClosed && j.v.Outcome != OutcomeOpen {
		return
	}
	all := j.c.Last.Sub(j.c.First)
	var room [mostWaits]Waited
	list := m.Longest(room[:0])
	if len(list) == 0 || list[0].Time < slowFrom || list[0].Time < all/2 {
		return
	}
	x := list[0]
	share := j.words("%s of its %s", j.duration(x.Time), j.duration(all))
	switch x.Wait {
	case WaitResend:
		if f := j.f; f.cleared != 0 && x.For == Client && m.SilenceWait == WaitResend && f.silenceEnd == f.synLast {
			j.slow(j.words("%s went by until the client sent its SYN again (%d).", share, f.synLast), // why, worthKnowing tells
				"let the client have another port each time, as the system picks them (no -p, no bind()).")
			return
		}
		full := j.onServer(j.words("ss -ltn: for :%d, is Recv-Q over Send-Q? nstat -az TcpExtListenOverflows", j.c.Server.Port()))
		if j.passedOver(x) {
			j.slow(j.words("%s went by until the client sent its SYN again (%d). Within one machine none gets lost on the way: the system passes one over where the program's queue is full.", share, j.f.synLast), full)
			return
		}
		if j.openedTwice(x) {
			j.slow(j.words("%s went by until the server sent its SYN-ACK again (%d), though the client's ACK (%d) is in the capture. Either that was lost further on, or the server's system let it pass: its program's queue was full, or it wants to hear of a client only with its first data (TCP_DEFER_ACCEPT), and then nobody was kept waiting.", share, j.f.silenceEnd, j.f.handshake),
				full)
			return
		}
		j.slow(j.words("%s went by until the %s sent again what was lost, or seemed to be%s.", share, x.For, j.longest(x)),
			"capture at both ends: what one end sends again and the other has never seen was lost on the way.")
	case WaitWindow:
		j.slowReader(x, share)
	case WaitAnswer, WaitFirst, WaitMore:
		j.slowServer(x, share)
	case WaitACK:
		j.longWay(x, share)
	case WaitClose:
		j.idleBefore(x)
	}
}

// passedOver reports whether the longest silence ended with the client's SYN,
// sent again to the same machine.
func (j *judgement) passedOver(x Waited) bool {
	return x.For == Client && j.local() && j.c.Measures.SilenceWait == WaitResend && j.f.silenceEnd == j.f.synLast
}

// openedTwice reports whether the longest silence ended with a SYN-ACK that the
// server sent again after the client's ACK: an end that has sent neither data nor
// FIN sends nothing else again.
func (j *judgement) openedTwice(x Waited) bool {
	f, m := j.f, &j.c.Measures
	before := func(p place) bool { return p == 0 || f.silenceEnd < p }
	return x.For == Server && f.synAcks > 1 && f.handshake != 0 && m.SilenceWait == WaitResend && f.silenceEnd > f.handshake &&
		before(f.dataFirst[Server]) && before(f.fin[Server])
}

// idleBefore is for a server that closed after a long silence, between programs:
// people are silent for long.
func (j *judgement) idleBefore(x Waited) {
	m := &j.c.Measures
	if x.For != Server || m.Silence < idleOnTheWay || m.SilenceWait != WaitClose || j.f.silenceEnd != j.f.fin[Server] || j.v.By != Server || j.f.dataFirst[Server] == 0 || j.byHand() {
		return
	}
	next := "let something be sent sooner than that, or give an idle connection up before."
	if j.c.App == protoNames[protoWebSocket] {
		next = "let Ping frames be sent sooner than that; in a proxy, a longer time-out (nginx: proxy_read_timeout)."
	}
	j.toldBy(j.words("Nobody had sent anything for %s when the server closed (%d): perhaps an idle time-out, its own or that of a load balancer or a proxy on the way.", j.duration(m.Silence), j.f.fin[Server]), next)
}

// slow puts before the rest what a verdict says of it.
func (j *judgement) slow(why, next string) { j.toldBy("Slow: "+why, next) }

// longest tells where the longest of such waits ended, if it is the longest of
// all; with a blank before it.
func (j *judgement) longest(x Waited) string {
	m := &j.c.Measures
	if m.SilenceWait != x.Wait || m.SilenceFor != x.For {
		return ""
	}
	if m.Silence >= x.Time*9/10 {
		return j.words(" (%d)", j.f.silenceEnd)
	}
	return j.words(" (at most %s, until %d)", j.duration(m.Silence), j.f.silenceEnd)
}

// slowReader is for a receive window that was full, or closed.
func (j *judgement) slowReader(x Waited, share string) {
	if j.c.LabelCount(ZeroWindow) > 0 {
		j.slow(j.words("%s went by while the %s's window was closed or full%s: its program reads more slowly than the %s sends.", share, x.For, j.longest(x), x.For.Other()),
			j.words("what keeps the program at the %s from reading (recv)? There, ss -tni shows what waits in Recv-Q.", x.For))
		return
	}
	j.slow(j.words("%s went by while the %s's window was full: it takes no more at a time, and each fill has to go there and its ACK back.", share, x.For),
		j.words("a larger receive buffer at the %s, where its program or system sets one (SO_RCVBUF, net.ipv4.tcp_rmem).", x.For))
}

// slowServer is for a server that let the client wait.
func (j *judgement) slowServer(x Waited, share string) {
	way := j.way()
	if x.For != Server || !slices.Contains(promptProtocols[:], j.c.App) && (x.Wait != WaitFirst || j.c.App != "SSH") || way > 0 && x.Time < quickWay*way {
		return
	}
	what := "answered"
	switch x.Wait {
	case WaitFirst:
		j.slow(j.words("%s went by until the server spoke first%s, as it has to: perhaps it looks up the client's name (reverse DNS), and nobody answers.", share, j.longest(x)),
			j.words("%s: does that take as long?", j.onServer("getent hosts "+j.c.Client.Addr().String())))
		return
	case WaitMore:
		if !slices.Contains(longAnswers[:], j.c.App) {
			return
		}
		what = "went on with its answer"
	}
	than := "."
	if way > 0 {
		than = j.words("; a packet needs %s there and back.", j.duration(way))
	}
	j.slow(j.words("%s went by until the server %s%s%s The network is not at fault: the time goes by in the program, or in what that waits for (a file, a database, a name server).", share, what, j.longest(x), than),
		j.words("the log of the program at port %d; on its machine, top and strace -p show what it does meanwhile.", j.c.Server.Port()))
}

// longWay is for waits for ACKs.
func (j *judgement) longWay(x Waited, share string) {
	m := &j.c.Measures
	r := &m.RTT[x.For]
	switch {
	case j.c.IRTT > 0 && r.Mean >= heldBack && r.Mean >= quickWay*j.c.IRTT && m.InFlight[x.For.Other()] < ethernetMSS:
		j.slow(j.words("%s were spent on waiting for the %s's ACKs, which it holds back for %s in case that data can go with them; and the %s's system keeps the next small piece until they come (Nagle's algorithm).",
			share, x.For, j.duration(r.Mean), x.For.Other()),
			j.words("the program at the %s: all of a message in one write, or TCP_NODELAY.", x.For.Other()))
	case r.Count == 0 || r.Mean < longWay && r.Mean < r.Min+queuesDelay:
	case r.Mean >= queuesGrow*r.Min && r.Mean-r.Min >= queuesDelay:
		j.slow(j.words("%s were spent on waiting for the %s's ACKs. They take %s at best and %s on average: packets stand in queues on the way.", share, x.For, j.duration(r.Min), j.duration(r.Mean)),
			"what else uses that line, and which part of it is the narrowest?")
	default:
		j.slow(j.words("%s were spent on waiting for the %s's ACKs: from the place of the capture to it and back takes %s.", share, x.For, j.duration(r.Mean)),
			"the way is long: fewer questions in turn, and more at a time.")
	}
}

// way is how long a packet takes to the other end and back, 0 where that is not
// known.
func (j *judgement) way() time.Duration {
	if j.c.IRTT > 0 {
		return j.c.IRTT
	}
	m := &j.c.Measures
	return m.RTT[Client].Mean + m.RTT[Server].Mean
}
