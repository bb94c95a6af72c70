package conn

import (
	"fmt"
)

// ICMP's types and codes (RFC 792, RFC 1122, RFC 1812; RFC 4443).
const (
	icmpUnreachable  = 3
	icmpExceeded     = 11
	icmpFragNeeded   = 4 // code
	icmp6Unreachable = 1
	icmp6TooBig      = 2
	icmp6Exceeded    = 3
	icmp6Policy      = 5 // code
)

// icmpReason is what an ICMP error says, sorted for people.
type icmpReason struct {
	words  string // the RFC's
	detail string
	// meaning has %s for who sent it and %s for the server, in this order.
	meaning string
}

var icmpOther = icmpReason{"an error of another kind", "", "%s could not pass it on to %s."}

// reasonOf sorts an ICMP error.
func reasonOf(i *icmpFact) icmpReason {
	r := reasonOf4(i)
	if i.version == 6 {
		r = reasonOf6(i)
	}
	if i.via.IsValid() && (r.words == "port unreachable" || r.words == "protocol unreachable") {
		return icmpReason{r.words, "", "%s says that nothing takes the tunnel's packets at %s."}
	}
	return r
}

func reasonOf4(i *icmpFact) icmpReason {
	if i.kind == icmpExceeded {
		return icmpReason{"time exceeded", detailLoop, "%s saw the packet's hop count run out on the way to %s: perhaps routers send it in a circle."}
	}
	if i.kind != icmpUnreachable {
		return icmpOther
	}
	switch i.code {
	case 0, 6, 11:
		return icmpReason{"network unreachable", detailNoRoute, "either %s knows no way to the network of %s, or a firewall of it says so (REJECT)."}
	case 1, 7, 8, 12:
		return icmpReason{"host unreachable", "", "either %s knows the way and %s does not answer there (ARP: it is off, or does not exist), or a firewall says so (REJECT)."}
	case 2:
		return icmpReason{"protocol unreachable", "", "%s says that TCP is not spoken at %s."}
	case 3:
		return icmpReason{"port unreachable", detailProhibited, "%s refuses with ICMP, in the name of %s: that is a firewall's REJECT; a closed port would have sent RST."}
	case 4:
		return icmpReason{"fragmentation needed", detailPathMTU, "%s cannot pass on packets of that size to %s."}
	case 9, 10, 13:
		return icmpReason{"administratively prohibited", detailProhibited, "a firewall at %s forbids connections to %s."}
	}
	return icmpOther
}

func reasonOf6(i *icmpFact) icmpReason {
	if i.kind == icmp6Exceeded {
		return icmpReason{"time exceeded", detailLoop, "%s saw the packet's hop count run out on the way to %s: perhaps routers send it in a circle."}
	}
	if i.kind == icmp6TooBig {
		return icmpReason{"packet too big", detailPathMTU, "%s cannot pass on packets of that size to %s."}
	}
	if i.kind != icmp6Unreachable {
		return icmpOther
	}
	switch i.code {
	case 0:
		return icmpReason{"no route to destination", detailNoRoute, "either %s knows no way to %s, or a firewall of it says so (REJECT)."}
	case 1:
		return icmpReason{"administratively prohibited", detailProhibited, "a firewall at %s forbids connections to %s."}
	case icmp6Policy:
		return icmpReason{"source address failed policy", detailProhibited, "%s lets packets from this source address not through to %s: a rule about where packets may come from."}
	case 3:
		return icmpReason{"address unreachable", "", "either %s knows the way and %s does not answer there (neighbour discovery: it is off, or does not exist), or a firewall says so (REJECT)."}
	case 4:
		return icmpReason{"port unreachable", detailProhibited, "%s refuses with ICMP, in the name of %s: that is a firewall's REJECT; a closed port would have sent RST."}
	case 6:
		return icmpReason{"route rejected", detailNoRoute, "either %s has a route that rejects packets to %s, or a firewall of it says so (REJECT)."}
	}
	return icmpOther
}

// beyond is where the packet that an ICMP error quotes was to go, on its way to
// addr.
func (j *judgement) beyond(addr string) string {
	if via := j.f.icmp.via; via.IsValid() {
		return j.words("%v (the end of the tunnel that leads to %s)", via, addr)
	}
	return addr
}

// fragmentation reports whether the ICMP error only asks for smaller packets.
func (j *judgement) fragmentation() bool {
	i := &j.f.icmp
	if i.version == 6 {
		return i.kind == icmp6TooBig
	}
	return i.kind == icmpUnreachable && i.code == icmpFragNeeded
}

// icmpUnreachableIn is the type of "destination unreachable".
func icmpUnreachableIn(version uint8) uint8 {
	if version == 6 {
		return icmp6Unreachable
	}
	return icmpUnreachable
}

func (j *judgement) unreachable() {
	f, c := j.f, j.c
	i := &f.icmp
	if i.from == c.Client.Addr() && !j.local() {
		j.fromOneself()
		return
	}
	r := reasonOf(i)
	again := ""
	if i.count > 1 {
		again = ", " + times(int(i.count))
	}
	j.outcome(OutcomeUnreachable, r.detail, j.words("%v answered with ICMP \"%s\"%s.", i.from, r.words, again), f.synFirst, i.frame)
	who := i.from.String()
	switch {
	case i.via.IsValid():
		j.means(j.words(r.meaning, who, j.beyond(j.server())), j.words("where the tunnel begins: ip -d link show; is its far end right, and up? ip route get %v; ping -c 1 %v", i.via, i.via))
		return
	case i.version == 6 && i.code == icmp6Policy && r.detail == detailProhibited:
		j.means(j.words(r.meaning, who, j.server()), j.words("at the client, ip -6 route get %s: is its src the right address? Then ask whoever runs %s.", j.server(), who))
		return
	case i.from == c.Server.Addr() && r.detail != detailProhibited && i.kind == icmpUnreachableIn(i.version):
		j.means(j.words("%s is up, and says of itself that it cannot be reached: either it passes port %d on (NAT, a container) to a machine that does not answer, or its firewall says so (REJECT).", who, c.Server.Port()),
			j.onServer(j.words("sudo nft list ruleset: where does port %d go? Is that machine or container up?", c.Server.Port())))
		return
	case i.from == c.Server.Addr() && r.detail == detailProhibited:
		j.means("the server's own firewall rejects the connection: the machine is up.", j.words("its rules for port %d: nft list ruleset, or iptables -nvL", c.Server.Port()))
		return
	case r.detail == detailLoop && 0 < f.synHops && f.synHops < hopsOfNobody:
		j.means(j.words("the SYN (%d) had a hop limit (TTL) of %d here, and systems begin with 64, 128 or 255: it is of traceroute or the like, which learns so that %s is on the way to %s. Or it had come far, perhaps in a circle.", f.synFirst, f.synHops, who, j.server()),
			j.words("%s: what an ordinary hop limit gets.", j.ping(Server)))
		return
	case r.detail == detailProhibited:
		j.means(j.words(r.meaning, who, j.server()), j.words("ask whoever runs %s; or another port.", who))
		return
	}
	j.means(j.words(r.meaning, who, j.server()), j.words("is the address right? ip route get %s; %s", j.server(), j.ping(Server)))
}

// hopsOfNobody is a hop limit below which no system begins: 32 is the least that
// any did, and traceroute ends with 30.
const hopsOfNobody = 31

// fromOneself is an ICMP error that the client's own system made: it found no
// neighbour, or has no route.
func (j *judgement) fromOneself() {
	f := j.f
	r := reasonOf(&f.icmp)
	if r.detail == "" { // host or address unreachable
		j.noNeighbour(f.icmp.frame)
		return
	}
	j.outcome(OutcomeUnreachable, r.detail, j.words("this machine itself says \"%s\".", r.words), f.synFirst, f.icmp.frame)
	j.means("the packet never left: "+ownReason(r.detail), j.words("ip route get %s; the own firewall's rules.", j.server()))
}

func ownReason(detail string) string {
	if detail == detailProhibited {
		return "a rule of the own firewall, or a route, forbids it."
	}
	return "there is no route, or a rule of the own firewall says so."
}

// noNeighbour is an address in the local network that nobody has. icmp is the
// frame of the own system's error, 0 where there is none.
func (j *judgement) noNeighbour(icmp place) {
	f, c := j.f, j.c
	who := c.Server.Addr()
	if f.unresolved.IsValid() {
		who = f.unresolved
	}
	how := "ARP"
	if who.Is6() {
		how = "neighbour discovery"
	}
	evidence := append(append([]place{}, f.asked...), icmp)
	var text string
	switch n := len(f.asked); {
	case n > 0:
		text = j.words("%s asked %s for %v, and nobody answered.", how, times(n), who)
	default:
		text = j.words("this machine itself says that %v does not answer.", who)
	}
	j.outcome(OutcomeUnreachable, detailNoNeighbour, text, evidence...)
	meaning := j.words("in the local network nobody has the address %v: it is wrong, or that machine is off or in another network.", who)
	if who != c.Server.Addr() {
		meaning = j.words("%v, which is to pass packets on to %s, is not there.", who, j.server())
	}
	if f.synFirst == 0 {
		meaning += " No TCP segment could be sent."
	}
	if icmp != 0 {
		meaning += " The ICMP error is from this machine to itself."
	}
	j.means(meaning, j.words("is the address right? ip neigh show %v; at the other machine, ip addr", who))
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// callFailed is a connection of which no packet was ever sent: only the system
// call tells.
func (j *judgement) callFailed() {
	f := j.f
	e, ok := Explain(f.callError)
	if !ok {
		e = Entry{Title: f.callError, Text: "the system refused the call."}
	}
	call := f.callName
	if call == "" {
		call = "the call"
	} else {
		call += "()"
	}
	j.outcome(OutcomeUnreachable, detailNoRoute, j.words("%s failed with %s, and no packet was sent.", call, f.callError))
	if f.callError != "ENETUNREACH" && f.callError != "EHOSTUNREACH" {
		j.v.Detail = ""
	}
	j.means(e.Text, j.words("ip route get %s", j.server()))
}

// The black hole of path MTU discovery (RFC 2923, section 2.1).
const (
	largeSegment = 1200 // bytes of payload that a tunnel may be too narrow for
	resendsStuck = 2    // times that the same bytes were sent again before it is called stuck
)

// stalled says so where one end cannot get its bytes through, and reports
// whether that is so.
func (j *judgement) stalled() bool {
	f := j.f
	for _, x := range []Side{Client, Server} {
		if f.zeroWindow[x] != 0 {
			j.zeroWindow(x, OutcomeStalled, "")
			return true
		}
	}
	for _, x := range []Side{Client, Server} {
		if j.stuck(x) {
			j.unacknowledged(x, OutcomeStalled, "")
			return true
		}
	}
	for _, x := range []Side{Client, Server} {
		if j.deaf(x) {
			j.acksLost(x, OutcomeStalled, "")
			return true
		}
	}
	for _, x := range []Side{Client, Server} {
		if f.keeps[x] >= keepsStuck && !j.unheard(x.Other()) {
			j.deadPeer(x)
			return true
		}
	}
	return false
}

// unheard reports whether nothing of one end was captured, so that its silence
// means nothing.
func (j *judgement) unheard(x Side) bool { return j.c.Segments[x] == 0 && !j.self() }

// stuck reports whether the bytes that x sent last, or its FIN, were sent again and again,
// and never acknowledged. Where the other end was not captured, x shows that it
// has heard no ACK by sending them again to the last.
func (j *judgement) stuck(x Side) bool {
	f := j.f
	return (f.outstanding[x] > 0 || f.fin[x] != 0 && f.finAcked[x] == 0) && f.resendsAtEnd[x] >= resendsStuck && (!j.unheard(x.Other()) || f.resendFrame[x] == f.last)
}

// notAccepted reports whether x is a client that believes in a connection which
// the server goes on offering.
func (j *judgement) notAccepted(x Side) bool {
	return x == Client && j.f.synAcks > 1 && j.f.dataFirst[Server] == 0
}

// clogged reports whether the way seems to be too narrow for what x sends.
func (j *judgement) clogged(x Side) bool {
	f := j.f
	got := j.c.Unique[x] - min(j.c.Unique[x], uint64(f.outstanding[x]))
	if f.resendBytes[x] < largeSegment || got == 0 && f.handshake == 0 {
		return false
	}
	// Where those that got through were large on the average, ACKs among them,
	// it is not the size.
	return got*2 < largeSegment*j.c.Segments[x]
}

// What is sent again though it was acknowledged: once or twice that happens
// where the way has become longer.
const (
	roundsDeaf = 3 // from which the ACKs do not arrive
	roundsLast = 5 // after which some systems give up
)

// deaf reports whether the ACKs of the other end do not reach x, which sends
// again and again what those acknowledge, or what one has acknowledged that was
// the last to come from there. One that sends again waits twice as long
// each time; where it was silent for much longer it has heard them at last, or
// given up.
func (j *judgement) deaf(x Side) bool {
	f := j.f
	if f.unheard[x] < roundsDeaf || f.answered[x] == 0 && j.opens(x) {
		return false
	}
	began, last := f.newestAt[x], j.c.Last
	if f.dataLast[x] == f.unheardLast[x] {
		last = f.lastDataAt[x]
	}
	if f.unheard[x] >= roundsLast || began == 0 || !last.Known() || !f.until.Known() {
		return true
	}
	return max(f.until, j.c.Last).Sub(last) <= 2*last.Sub(began)+answerWithin
}

// opens reports whether x is a server that has sent nothing but its SYN-ACK.
func (j *judgement) opens(x Side) bool {
	return x == Server && j.c.Segments[Server] == uint64(j.f.synAcks)
}

// acksLost is for x whose bytes arrive, and that does not hear so. lead begins the
// sentence.
func (j *judgement) acksLost(x Side, as Outcome, lead string) {
	f := j.f
	y := x.Other()
	evidence := []place{f.unheardLast[x], f.answered[x]}
	what, them := "the same bytes", "them"
	opening := j.opens(x)
	switch {
	case opening:
		what, them = "its SYN-ACK", "it"
		evidence = append(evidence, f.synAck)
	case f.fin[x] != 0 && f.dataLast[x] != f.unheardLast[x]:
		what, them = "its FIN", "it"
	}
	text := j.words("%sthe %s sent %s again %s (last: %d), though the %s has acknowledged %s (last: %d)",
		lead, x, what, times(int(f.unheard[x])), f.unheardLast[x], y, them, f.answered[x])
	if f.answered[x] == 0 {
		text = j.words("%sthe %s sent %s again %s (last: %d), though the %s had acknowledged %s before; since then nothing came from there",
			lead, x, what, times(int(f.unheard[x])), f.unheardLast[x], y, them)
	}
	detail := detailUnacked
	if i := &f.icmp; i.frame != 0 && !j.fragmentation() {
		r := reasonOf(i)
		if r.detail != "" {
			detail = r.detail
		}
		j.outcome(as, detail, text+j.words("; %v says by ICMP \"%s\" (%d).", i.from, r.words, i.frame), append(evidence, i.frame, f.rst)...)
		j.means(j.words(r.meaning, i.from.String(), j.beyond(j.peer(y)))+j.words(" So the ACKs do not reach the %s. It was not so when the connection began.", x),
			j.words("at %v, or on the way to it: what has changed? ip route get %v", i.from, j.peer(y)))
	} else if f.answered[x] == 0 {
		j.outcome(as, detail, text+".", append(evidence, f.rst)...)
		j.means(j.words("that ACK did not reach the %s, and the %s answers no more: it has gone without a word, or the way from it is cut: power, cable, a firewall that has forgotten the connection.", x, y),
			j.ping(y))
	} else {
		j.outcome(as, detail, text+".", append(evidence, f.rst)...)
		j.means(j.words("the ACKs that were captured here do not reach the %s: on the way to it, or at the %s itself, they are lost each time, or a firewall drops them. What the %s sends does arrive.", x, x, x),
			j.words("at the %s, ip route get %v; and a capture at the %s: do they come there? Then the firewalls' rules on the way.", y, j.peer(y), x))
	}
	if opening {
		j.means("either the client's ACK does not reach the server, or that cannot take it yet: its queue is full, since its program has not accepted those who came before, or it waits for data first (TCP_DEFER_ACCEPT).",
			j.words("%s: for :%d, is Recv-Q over Send-Q? And a capture at the server: does the ACK come there?", j.onServer("ss -ltn"), j.c.Server.Port()))
	}
	if as != OutcomeReset {
		j.by(x)
	}
}

// zeroWindow is for an end that does not read. lead begins the sentence.
func (j *judgement) zeroWindow(x Side, as Outcome, lead string) {
	f := j.f
	y := x.Other()
	since := "has been"
	if as == OutcomeReset {
		since = "had been"
	}
	text := j.words("%sthe %s's window %s 0 since (%d)", lead, x, since, f.zeroWindow[x])
	if n := f.probes[y]; n > 0 {
		text += j.words("; the %s probed it %s", y, times(int(n)))
	}
	inVain := f.inVain[y] >= keepsStuck && !j.unheard(x)
	if inVain || j.neverOpened(x) {
		detail := detailZeroWindow
		if inVain {
			detail = detailDeadPeer
			if f.inVain[y] < f.probes[y] {
				text += j.words(", the last %d", f.inVain[y])
			}
			text += " in vain: nothing came back"
		}
		j.outcome(as, detail, text+".", f.zeroWindow[x], f.rst)
		j.notFull(x, inVain)
		if as != OutcomeReset {
			j.by(x)
		}
		return
	}
	if as == OutcomeReset {
		j.outcome(as, detailZeroWindow, text+".", f.zeroWindow[x], f.rst)
		j.means(j.words("the program at the %s did not read: its buffer was full, and the %s waited until it gave up. The network is not at fault.", x, y),
			j.words("what was the program at the %s busy with?", x))
		return
	}
	j.outcome(as, detailZeroWindow, text+".", f.zeroWindow[x])
	j.by(x)
	j.means(j.words("the program at the %s does not read: its buffer is full, and the %s must wait. The network is not at fault.", x, y),
		j.words("at the %s, ss -tan: Recv-Q is what waits to be read; what is that program doing?", x))
}

// notFull is for a closed window of x where that tells more than that its
// program does not read: its system answers probes all the same (RFC 9293,
// section 3.8.6.1), and a window that never was open has nothing in it.
func (j *judgement) notFull(x Side, inVain bool) {
	if j.neverOpened(x) {
		does := "has not taken it yet"
		if inVain {
			does = "does not answer"
		}
		j.proxied(j.words("Perhaps the server %s. Or it is a trap for port scanners (a tarpit).", does), "does the server answer there?")
		return
	}
	j.means(j.words("that the program at the %s did not read is not all: its system would answer each probe. The %s has gone meanwhile, or the way to it or back is cut: power, cable, a firewall that has forgotten the connection.", x, x),
		j.ping(x))
}

// proxied says whose a SYN-ACK without a window mostly is, and has the server
// itself asked.
func (j *judgement) proxied(perhaps, ask string) {
	j.means("a SYN-ACK without a window is mostly that of a device before the server (a SYN proxy in a firewall or a load balancer), which opens the window once the server itself has taken the connection. "+perhaps,
		j.words("from behind that device, nc -v %s %d: %s", j.reached(Server), j.c.Server.Port(), ask))
}

// neverOpened reports whether the window of x is closed since its SYN-ACK.
func (j *judgement) neverOpened(x Side) bool {
	return x == Server && j.f.zeroWindow[x] != 0 && j.f.zeroWindow[x] == j.f.synAck
}

// unacknowledged is for x whose bytes do not get through. lead begins the
// sentence; who has reset or closed a connection has been said there.
func (j *judgement) unacknowledged(x Side, as Outcome, lead string) {
	f, c := j.f, j.c
	y := x.Other()
	evidence := []place{f.dataLast[x], f.resendFrame[x]}
	oldest := "1 byte"
	if n := f.outstanding[x]; n > 1 {
		oldest = "the oldest of " + j.bytes(int64(n))
	}
	again := j.words("%s of the %s was sent again %s (last: %d) and never acknowledged", oldest, x, times(int(f.resendsAtEnd[x])), f.resendFrame[x])
	what := "the same bytes"
	if f.resendBytes[x] == 0 {
		what, evidence[0] = "its FIN", f.fin[x]
		again = j.words("the FIN of the %s was sent again %s (last: %d) and never acknowledged", x, times(int(f.resendsAtEnd[x])), f.resendFrame[x])
	}
	switch {
	case j.unheard(y):
		j.outcome(as, detailUnacked, j.words("%sthe %s sent "+what+" again, %s (last: %d), as one does that gets no ACK.", lead, x, times(int(f.resendsAtEnd[x])), f.resendFrame[x]), evidence...)
		j.means(j.words("either the %s has gone, or the way to it or back is cut: power, cable, a firewall that has forgotten the connection.", y),
			j.words("%s; and capture both directions.", j.ping(y)))
	case j.fragmentation() && f.icmp.frame != 0:
		most := "are too long for it to pass on"
		if f.icmp.mtu > 0 { // old routers do not tell (RFC 1191, section 4)
			most = "may have " + j.bytes(int64(f.icmp.mtu)) + " at most"
			if f.icmp.via.IsValid() {
				most += ", the tunnel's headers among them"
			}
		}
		j.outcome(as, detailPathMTU, j.words("%s%v says by ICMP that packets %s, and %s.", lead, f.icmp.from, most, again), append(evidence, f.icmp.frame)...)
		j.means("the sender does not heed the error: perhaps a firewall keeps it away.", "let ICMP through; or set a smaller MTU: ip link set dev IFACE mtu 1400")
	case f.icmp.frame != 0 && f.icmp.from != c.Client.Addr():
		r := reasonOf(&f.icmp)
		detail := r.detail
		if detail == "" {
			detail = detailUnacked
		}
		j.outcome(as, detail, j.words("%s%v says by ICMP \"%s\" (%d), and %s.", lead, f.icmp.from, r.words, f.icmp.frame, again), append(evidence, f.icmp.frame)...)
		j.means(j.words(r.meaning, f.icmp.from.String(), j.beyond(j.peer(x)))+" It was not so when the connection began.",
			j.words("at %v, or on the way to it: what has changed? ip route get %v", f.icmp.from, j.peer(x)))
	case j.notAccepted(x):
		j.outcome(as, detailBacklog, j.words("%sthe server sent %d SYN-ACKs, and %s.", lead, f.synAcks, again), append(evidence, f.synAck)...)
		j.means("perhaps the server's queue was full when the client's ACK came: the client believes in a connection that the server does not have yet. Or nothing of the client reaches it any more.",
			j.onServer(j.words("ss -ltn: for :%d, is Recv-Q over Send-Q? And a capture there: does the client's ACK come?", c.Server.Port())))
	case j.clogged(x):
		j.outcome(as, detailPathMTU, j.words("%ssmaller segments got through; %s, with %s bytes a segment.", lead, again, count(uint64(f.resendBytes[x]))), evidence...)
		gone := "the other end has gone."
		if f.heardSince[x] != 0 { // it has sent since
			gone = j.words("a firewall has begun to drop what goes to the %s, which is there.", y)
		}
		j.means("perhaps the way is too narrow for packets of that size and the ICMP error that would say so is lost (a path-MTU black hole); or "+gone,
			j.askWidth(x))
	case f.heardSince[x] != 0:
		j.outcome(as, detailUnacked, j.words("%s%s, though the %s has sent since (%d).", lead, again, y, f.heardSince[x]), append(evidence, f.heardSince[x])...)
		j.means(j.words("the %s is there, and these bytes do not reach it: either they are lost on the way from the %s, each time, or a firewall drops them.", y, x),
			j.wayFrom(x))
	default:
		j.outcome(as, detailUnacked, lead+again+".", evidence...)
		j.means(j.words("the %s has gone without a word, or the way to it or back is cut: power, cable, a firewall that has forgotten the connection.", y),
			j.words("%s; the sender tries for minutes before it gives up.", j.ping(y)))
	}
	switch as {
	case OutcomeReset:
		j.evidence = append(j.evidence, f.rst)
	case OutcomeClosed:
		j.evidence = append(j.evidence, f.fin[y], f.fin[x], f.rst)
	default:
		j.by(x)
	}
}

// wayFrom is where to look for what does not get from x to the other end.
func (j *judgement) wayFrom(x Side) string {
	return j.words("at the %s, ip route get %v; then the firewalls' rules, for what goes to %v.", x, j.peer(x), j.peer(x))
}

// askWidth is how x finds out what size of packets gets through.
func (j *judgement) askWidth(x Side) string {
	size := 1472 // with 8 of ICMP and 20 of IPv4 the 1500 bytes of Ethernet
	if j.c.Server.Addr().Is6() {
		size = 1452 // IPv6 has 40
	}
	return j.words("ping -M do -s %d %v, and with smaller sizes; set the MTU to what passes.", size, j.reached(x.Other()))
}

// peer is the address of the end that x talks to.
func (j *judgement) peer(x Side) string {
	if x == Client {
		return j.c.Server.Addr().String()
	}
	return j.c.Client.Addr().String()
}

// reached is the address of an end as a program is given it that sends there:
// one of a link is on none by itself (RFC 4007, section 11).
func (j *judgement) reached(end Side) string {
	if j.brief {
		return ""
	}
	a := j.c.Client.Addr()
	if end == Server {
		a = j.c.Server.Addr()
	}
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.String() + "%IFACE"
	}
	return a.String()
}

// ping asks whether an end is there.
func (j *judgement) ping(end Side) string { return j.words("ping -c 1 %s", j.reached(end)) }
