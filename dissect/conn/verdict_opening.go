package conn

import (
	"net/netip"
	"time"

	"tcpsee/capture"
)

// Connections that did not come about.

// opening is for a connection that was not established.
func (j *judgement) opening() {
	f := j.f
	switch {
	case f.refusedInName():
		j.refusedByOther()
	case f.rst != 0 && f.rstBy == Server && f.synAck == 0 && !j.unheeded():
		j.refused()
	case f.synAck == 0 && f.icmp.frame != 0 && !j.fragmentation():
		j.unreachable()
	case f.synAck == 0 && f.unresolved.IsValid():
		j.noNeighbour(0)
	case f.synAck == 0 && f.callError != "" && f.synFirst == 0:
		j.callFailed()
	case f.synAck != 0:
		j.halfOpen()
	case f.rivals.unfit != 0:
		j.unfitAnswer()
	default:
		j.noAnswer()
	}
}

func (j *judgement) refused() {
	f, c := j.f, j.c
	if j.brief && !f.boundTo.IsValid() && !f.udp && !f.listens && !f.turnedBack { // most connections of a scan
		j.outcome(OutcomeRefused, "", "")
		j.by(Server)
		return
	}
	who, here := j.server()+" is up, and", j.local() || f.own
	if here {
		who = "this machine"
	}
	after := ""
	if f.synLastAt != 0 && f.endedAt.Sub(f.synLastAt) > 0 {
		after = " after " + j.duration(f.endedAt.Sub(f.synLastAt))
	} else if c.SYNs == 1 && c.Last.Sub(c.First) > 0 {
		after = " after " + j.duration(c.Last.Sub(c.First))
	}
	j.outcome(OutcomeRefused, "", j.words("%s answered %s with RST%s.", who, j.refusedSYNs(), after), f.rst)
	j.by(Server)
	port := c.Server.Port()
	switch {
	case f.turnedBack:
		j.turnedBack()
		return
	case f.boundTo.IsValid():
		j.elsewhere(port)
		return
	case f.udp:
		j.datagrams(port)
		return
	case f.listens:
		j.means(j.words("a program listens on port %d there by now: either it had not begun to at that moment, or this machine's own firewall refuses in its name.", port),
			j.words("try again. If it is refused again: %s?", j.ownRules(port)))
		return
	}
	switch {
	case f.siblings > 0: // somebody has listened there
		j.means(j.words("no program listened on port %d of %v at that moment, and in this capture %s with it came about: perhaps the server had not started yet, or has ended%s, or could not start again (\"Address already in use\").",
			port, c.Server.Addr(), plural(f.siblings, "connection"), perNC(port, " (nc -l serves one client)")),
			j.words("%s: is :%d there? If not, start the server again%s.", j.onServer("ss -ltn"), port, perNC(port, j.words("; %s -lk %d goes on after the first client", j.netcat(), port))))
	case c.Server.Addr().IsLoopback() && c.Server.Addr().Is6():
		j.means(j.words("no program on this machine listens on port %d of ::1.", port),
			j.words("ss -ltn: is :%d there? With 0.0.0.0 or 127.0.0.1 only, 127.0.0.1 works; localhost means ::1 first.", port))
	case here:
		j.means(j.words("no program on this machine listens on port %d of %v.", port, c.Server.Addr()),
			j.words("ss -ltn: is :%d there? If not, start the server first%s", port, perNC(port, j.words(": %s -l %d", j.netcat(), port))))
	default:
		look := j.words("is :%d there, and not 127.0.0.1:%d only?", port, port)
		if c.Server.Addr().Is6() {
			look = j.words("is *:%d or [::]:%d there? 0.0.0.0:%d is for IPv4 only.", port, port, port)
		}
		j.means(j.words("no program there listens on port %d of that address, or a firewall refuses in its name.", port),
			j.onServer("ss -ltn")+": "+look)
	}
}

// refusedSYNs names the SYNs that RST has answered.
func (j *judgement) refusedSYNs() string {
	f, n := j.f, j.c.LabelCount(Refused)
	switch {
	case f.refusal:
		return "a SYN that was not captured"
	case j.c.SYNs <= 1:
		return "the SYN"
	case n == j.c.SYNs:
		return j.words("each of %s", plural(n, "SYN"))
	case f.rst > f.synLast:
		return j.words("the last of %s", plural(j.c.SYNs, "SYN"))
	}
	return j.words("%d of %s", max(n, 1), plural(j.c.SYNs, "SYN"))
}

// elsewhere says where the port that refused is open, as local sockets show.
func (j *judgement) elsewhere(port uint16) {
	at := j.f.boundTo
	try := "start the server so that it listens on every address: 0.0.0.0, or :: for IPv6."
	switch {
	case at.IsUnspecified() && at.Is4():
		j.v.Detail = detailOtherFamily
		j.means(j.words("port %d is open there for IPv4 (%v), and not for IPv6.", port, at),
			"use the IPv4 address; localhost means ::1 first, and then 127.0.0.1.")
	case at.IsUnspecified():
		j.v.Detail = detailOtherFamily
		j.means(j.words("port %d is open there for IPv6 (%v), and not for IPv4.", port, at), "use the IPv6 address, or "+try)
	case at.IsLoopback():
		j.v.Detail = detailLocalOnly
		j.means(j.words("port %d is open there, but only at %v.", port, at), try)
	default:
		j.v.Detail = detailElsewhere
		j.means(j.words("port %d is open there, but only at %v.", port, at), "use that address, or "+try)
	}
}

// datagrams is for a port that refused, while local sockets show that UDP's with
// the same number is in use: one is taken for the other.
func (j *judgement) datagrams(port uint16) {
	j.v.Detail = detailUDP
	j.means(j.words("no program listens on TCP's port %d, but one has UDP's: those are two ports, and no SYN reaches it.", port),
		j.datagramAdvice(port))
}

func (j *judgement) datagramAdvice(port uint16) string {
	return j.words("ss -lun shows it. A server of TCP instead: %s -l %d without -u, SOCK_STREAM in a program. Or a client of UDP: nc -u.", j.netcat(), port)
}

// answerWithin is how long a SYN is given before silence means something: by
// then it would have been sent again (RFC 6298, section 2.1).
const answerWithin = time.Second

// answerHere is the same for a SYN to the own machine, which answers at once
// where others have got through.
const answerHere = 10 * time.Millisecond

// patience is how long a SYN to a server is given that answers others.
func patience(client, server netip.AddrPort) time.Duration {
	if sameMachine(client, server) {
		return answerHere
	}
	return answerWithin
}

// hasty reports whether the capture ends so soon after a SYN that silence
// tells nothing: one that was sent again has waited long enough.
func hasty(syns uint32, at, until capture.Stamp, within time.Duration) bool {
	return syns <= 1 && at != 0 && at.Known() && until.Known() && until.Sub(at) < within
}

// unheeded reports whether the client went on sending SYNs after an RST that does
// not acknowledge one: its system drops that (RFC 9293, section 3.10.7.3).
func (j *judgement) unheeded() bool {
	f := j.f
	return f.rst != 0 && f.rstBy == Server && !f.rstTook && f.rst < f.synLast
}

func (j *judgement) noAnswer() {
	f, c := j.f, j.c
	n := max(c.SYNs, 1)
	took := c.Last.Sub(f.began(c.First))
	if f.synLastAt != 0 {
		took = f.synLastAt.Sub(f.began(c.First))
	}
	sent := plural(n, "SYN")
	if n > 1 && took > 0 {
		sent += " in " + j.duration(took)
	}
	port := c.Server.Port()
	switch {
	case j.unheeded():
		j.outcome(OutcomeNoAnswer, detailStale, j.words("%s, and an RST in the server's name (%d) that acknowledges none of them, so that the client takes no notice.", sent, f.rst), f.synFirst, f.rst, f.synLast)
		j.means("either it is of an older connection with the same ports, or a device on the way (a firewall, a load balancer) refuses in the server's name, and in a form that does not count.",
			"capture at the server as well: does the SYN come there, and is that RST sent there?")
	case c.Segments[Server] > 0 && (f.beganAt == 0 || f.last != f.synLast): // and not before the SYNs alone
		j.outcome(OutcomeNoAnswer, detailStale, sent+", and the server answered, but not with SYN-ACK.",
			f.synFirst, f.synLast, f.older, f.cleared, f.dataFirst[Server], f.last)
		meaning := "perhaps the server still has an older connection with the same ports, to which its segments belong."
		if f.older != 0 {
			meaning = "perhaps the server still has an older connection with the same ports; it answers with an ACK, and gives it up at the client's RST."
		}
		j.means(meaning, "try again in a minute, or from another port.")
	case f.full:
		j.outcome(OutcomeNoAnswer, detailBacklog, j.words("%s, no answer: on this machine %s with port %d %s to be accepted, and the program allowed %d.",
			sent, plural(f.waiting, "connection"), port, waits(f.waiting), f.room), f.synFirst, f.synLast)
		j.means("the queue is full (one more than listen() was told): the program does not accept those who came before, and the system drops further SYNs. From outside, that looks like a firewall.",
			"a program that calls accept() sooner, or a larger number in listen(). The client tries again by itself.")
	case f.mine:
		j.ownSilence(sent)
	case f.siblings > 0 && (f.gaveUp || !hasty(n, f.synLastAt, f.until, patience(c.Client, c.Server))):
		j.outcome(OutcomeNoAnswer, detailBacklog, j.words("%s, no answer, though %s with port %d of %s completed, before or after.",
			sent, plural(f.siblings, "other handshake"), port, j.server()), f.synFirst, f.synLast)
		meaning := "perhaps the server's queue is full: its program has not accepted those who came before, and the system drops further SYNs. From outside, that looks like a firewall."
		if !j.local() {
			meaning += " Or the way there was cut for that time."
		}
		j.means(meaning,
			j.words("%s: for :%d, is Recv-Q over Send-Q? Then a larger number in listen(), or a program that calls accept() sooner.", j.onServer("ss -ltn"), port))
	case hasty(n, f.synLastAt, f.until, answerWithin):
		if f.gaveUp {
			j.outcome(OutcomeNoAnswer, "", "1 SYN, and the client's program gave up before an answer came.", f.synFirst)
			j.means("it waited for less than a second, in which no SYN is sent again: so short a time tells nothing.",
				"give it more time: --wait 5s here, -w 5 with nc, settimeout(5) in Python.")
			return
		}
		j.outcome(OutcomeNoAnswer, "", j.words("1 SYN, and the capture ends %s.", j.later(f.until.Sub(f.synLastAt))), f.synFirst)
		j.means("perhaps the answer came after that: so short a time tells nothing.", "capture for some seconds more.")
	case j.local():
		j.outcome(OutcomeNoAnswer, "", sent+", and nothing came back.", f.synFirst, f.synLast)
		j.means("a closed port would have answered with RST. Either the listening program's queue is full, since it does not accept those who came before, or a firewall on this machine drops "+them(n)+".",
			j.words("ss -ltn: for :%d, is Recv-Q over Send-Q? Then the firewall's rules.", port))
	default:
		j.outcome(OutcomeNoAnswer, "", sent+", and nothing came back.", f.synFirst, f.synLast)
		j.means(j.words("either a firewall drops "+them(n)+", or no machine has the address %s, or the answer goes another way. A closed port alone would have sent RST.", j.server()),
			j.words("%s; ip route get %s; then the firewall's rules for port %d.", j.ping(Server), j.server(), port))
	}
}

// netcat is nc as it listens at the server's address: by itself it does so for
// IPv4 only.
func (j *judgement) netcat() string {
	if j.c.Server.Addr().Is6() {
		return "nc -6"
	}
	return "nc"
}

// perNC is advice about nc, for ports that are not given to other servers.
func perNC(port uint16, advice string) string {
	if serverPort(port) >= 2 {
		return ""
	}
	return advice
}

// them stands for n SYNs.
func them(n uint32) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// later is " 405 ms later", and the same for a capture that ends at once.
func (j *judgement) later(left time.Duration) string {
	if left <= 0 {
		return "with it"
	}
	return j.duration(left) + " later"
}

// ownSilence is for SYNs that this machine has got and not answered, though no
// queue was full.
func (j *judgement) ownSilence(sent string) {
	f, port, client := j.f, j.c.Server.Port(), j.c.Client.Addr()
	detail, listens := "", "a program listens"
	if !f.listens {
		listens = "no program listens"
	}
	if f.udp {
		detail = detailUDP
	}
	j.outcome(OutcomeNoAnswer, detail, j.words("%s, and nothing came back: %s is this machine, and %s on its port %d.", sent, j.server(), listens, port), f.synFirst, f.synLast)
	rules := j.ownRules(port)
	switch {
	case f.udp:
		j.means(j.words("port %d is UDP's alone: TCP's is another, and no SYN reaches that program. A closed port would still have answered with RST: this machine's own firewall drops the SYNs (or the RST).", port),
			j.datagramAdvice(port)+" Then "+rules+"?")
	case !f.listens:
		j.means("a closed port would have answered with RST. Either this machine's own firewall drops the SYNs (or the RST), or it passes the port on (NAT, a container) to where nobody answers.", rules+"?")
	case j.local():
		j.means("neither the address nor the program is at fault, and its queue is not full: perhaps this machine's own firewall drops the SYNs or the answer.", rules+"?")
	default:
		j.means(j.words("neither the address nor the program is at fault, and its queue is not full. Either this machine's own firewall drops the SYNs (INPUT) or the answer (OUTPUT), or it has no way back to %v, or takes the SYNs for misrouted (rp_filter).", client),
			rules+j.words("? ip route get %v; nstat -az TcpExtListenDrops TcpExtIPReversePathFilter", client))
	}
}

// ownRules is how to look whether this machine's firewall has a rule for a port.
func (j *judgement) ownRules(port uint16) string {
	return j.words("sudo nft list ruleset (or sudo iptables -nvL): a rule for port %d", port)
}

func waits(n uint32) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}

// halfOpen is SYN-ACK without what completes the handshake.
func (j *judgement) halfOpen() {
	f := j.f
	evidence := []place{f.synFirst, f.synAck}
	switch {
	case f.icmp.frame > f.synAck && f.rst == 0 && !j.fragmentation():
		j.synAckUnreachable(evidence)
	case f.rivals.other != 0 && f.rst == 0:
		j.halfOpenRivals(evidence)
	case f.rst != 0 && f.rstBy == Client:
		j.outcome(OutcomeHalfOpen, detailAbandoned, "the client answered the SYN-ACK with RST.", append(evidence, f.rst)...)
		j.by(Client)
		j.means("the port is open, and the client did not want the connection: either a scanner that only asks for open ports, or a machine that knows nothing of that SYN.", "")
	case f.rst != 0:
		j.outcome(OutcomeHalfOpen, detailAbandoned, "the server sent RST before the handshake was complete.", append(evidence, f.rst)...)
		j.by(Server)
		j.means("perhaps the server gave up waiting for the client's ACK, or its program ended, or its queue was full.", j.onServer("ss -ltn and nstat -az TcpExtListenOverflows."))
	case j.c.SYNs > 1 && f.synLast > f.synAck:
		j.synAckLost(append(evidence, f.synLast))
	case f.synAcks > 1:
		j.outcome(OutcomeHalfOpen, "", j.words("the server sent %d SYN-ACKs, and no ACK came.", f.synAcks), evidence...)
		j.means("the client's ACK does not arrive, or the client is gone, or the SYN came from a forged address (a SYN flood). The server stays in SYN-RECEIVED for a while.",
			j.onServer("ss -tn state syn-recv."))
	case j.c.Segments[Client] == 0:
		j.outcome(OutcomeHalfOpen, "", "a SYN-ACK, and neither its SYN nor its ACK are in the capture.", evidence...)
		j.means("perhaps only what the server sends was captured, or the capture is too short.", "capture both directions: no src or dst in the filter.")
	case f.lastBy == Client && f.last > f.synAck:
		j.outcome(OutcomeHalfOpen, "", j.words("SYN-ACK came (%d), and what the client sent then (%d) does not acknowledge it.", f.synAck, f.last), append(evidence, f.last)...)
		j.means("perhaps something on the way changes the numbers of one direction alone (some firewalls do), or that segment is not this client's.", "capture at both ends: are the numbers the same?")
	default:
		j.outcome(OutcomeHalfOpen, "", "SYN-ACK came, its ACK is not in the capture.", evidence...)
		j.means("either the capture ended too early, or the client's ACK was lost.", "")
		if left := f.until.Sub(j.c.Last); f.until.Known() && left >= answerWithin {
			j.means("either the client's ACK was lost, or the capture's filter leaves it out, or the client sent none: a scanner that only asks for open ports.", "")
		}
	}
}

// synAckLost is for a client that goes on as if it had not got SYN-ACK.
func (j *judgement) synAckLost(evidence []place) {
	f := j.f
	j.outcome(OutcomeHalfOpen, "", j.words("the server answers with SYN-ACK (%d), and the client has sent its SYN again since (%d).", f.synAck, f.synLast), evidence...)
	j.means("the client is there, and the SYN-ACK does not reach it: either a firewall drops it, on the way back or at the client, or the answer is routed elsewhere.",
		j.words("%s; then the firewalls' rules, for what comes from port %d.", j.onServer(j.words("ip route get %v", j.c.Client.Addr())), j.c.Server.Port()))
}
