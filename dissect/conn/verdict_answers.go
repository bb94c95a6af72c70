package conn

import "fmt"

// rivalFacts are SYN-ACKs beside the one that counts.
type rivalFacts struct {
	unfit    place  // the first one that acknowledges another SYN; 0 is none
	unfits   uint32 // how many do
	unfitAck uint32 // what it acknowledges, relative to the client's number
	taken    bool   // the client went on with it

	other   place // the last with another number than the first; 0 is none
	others  uint32
	again   bool // the SYN was sent again between them
	shut    bool // the first one offered no window
	chosen  bool // the client has acknowledged one of them
	adopted bool // and that is other
	hops    [2]uint8
	links   [2]linkAddress
}

// summarizeOdd fills what the oddities know.
func (t *Tracker) summarizeOdd(e *entry, odd *oddities) {
	f, c := &t.facts, e.client()
	r, x := &f.rivals, &odd.rivals
	if x.unfit != 0 {
		r.unfit, r.unfits, r.unfitAck, r.taken = e.frame(x.unfit), x.unfits, x.unfitAck-e.base[c], x.taken
	}
	if x.other != 0 {
		r.other, r.others, r.again, r.chosen, r.adopted = e.frame(x.other), x.others, x.again, x.chosen, x.adopted
		r.shut = x.first.window == 0
		r.hops, r.links = [2]uint8{x.first.hops, x.otherHops}, [2]linkAddress{x.first.link, x.otherLink}
	}
	if o := &odd.outside; o.frame != 0 {
		f.outside = outsideFacts{e.frame(o.frame), o.count, e.side(int(o.by)), o.next - e.base[o.by], o.seq - e.base[o.by], [2]uint8{e.hops[o.by], o.hops}, o.inStep}
	}
	f.unfitACK, f.unfitACKs = e.frame(odd.unfitACK), odd.unfitACKs
}

// fromTwo reports whether frames show that the two SYN-ACKs come from two
// machines, or over two.
func (f *rivalFacts) fromTwo() bool {
	return f.twoLinks() || farApart(f.hops[0], f.hops[1])
}

// twoLinks reports whether they came from two hardware addresses.
func (f *rivalFacts) twoLinks() bool {
	none := linkAddress{}
	return f.links[0] != f.links[1] && f.links[0] != none && f.links[1] != none
}

func (a linkAddress) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5])
}

// twoAnswers says of two SYN-ACKs with different numbers where they come from,
// "" where there are none.
func (j *judgement) twoAnswers() string {
	if j.f.rivals.other == 0 || j.brief {
		return ""
	}
	return "There are " + j.rivals() + ": " + j.originOfRivals()
}

// originOfRivals is where they come from, and which of them the client took.
func (j *judgement) originOfRivals() string {
	x, text := &j.f.rivals, ""
	if x.shut && x.again {
		return j.words("the first (%d) offered no window, as a SYN proxy does, which answers for the server and then opens the connection to it in the client's name. The capture has both sides of that device, which shifts the numbers of what it passes on.", j.f.synAck)
	}
	switch {
	case x.twoLinks():
		text = j.words("they come from the hardware addresses %v and %v. Either two machines here have the address %s, or two routers lead to it.", x.links[0], x.links[1], j.server())
	case x.fromTwo():
		text = j.words("they came with the hop limits (TTL) %d and %d, so that two machines have sent them. Either both have the address %s, or a firewall on the way answers for the server (a SYN proxy).", x.hops[0], x.hops[1], j.server())
	case j.unheard(Client):
		text = "of the client nothing was captured, so that they may as well be of two connections with the same ports."
	case x.again:
		text = "perhaps a load balancer gave the second SYN to another machine, or the server was restarted in between, or a device answers for it that keeps no note of SYNs."
	default:
		text = j.words("perhaps two machines have the address %s.", j.server())
	}
	switch {
	case x.adopted:
		text += " The client went on with the second."
	case x.chosen:
		text += " The client went on with the first."
	}
	return text
}

// rivals is "two SYN-ACKs with different numbers (2 3)".
func (j *judgement) rivals() string {
	n := "two"
	if m := j.f.rivals.others; m > 1 {
		n = count(uint64(m) + 1)
	}
	return j.words("%s SYN-ACKs with different numbers %s", n, j.list(j.f.synAck, j.f.rivals.other))
}

// whoAnswers is how to find out which machines have the server's address.
func (j *judgement) whoAnswers() string {
	return j.words("arping -c 3 %s in the server's network: do two machines answer? And a capture at the server: which of the two did it send?", j.server())
}

// halfOpenRivals is for two SYN-ACKs with different numbers of which none was
// acknowledged.
func (j *judgement) halfOpenRivals(evidence []place) {
	x := &j.f.rivals
	j.outcome(OutcomeHalfOpen, detailTwoAnswers, j.words("%s came, and no ACK of any of them.", j.rivals()), append(evidence, x.other)...)
	j.means(j.originOfRivals(), j.whoAnswers())
}

// resetAmongTwo reports whether an RST without ACK ended a connection before
// anybody had got data from the server, after two SYN-ACKs with different numbers.
func (j *judgement) resetAmongTwo() bool {
	f := j.f
	return f.rst != 0 && f.rivals.other != 0 && f.rstBy == Server && f.rstBare && f.dataFirst[Server] == 0 && f.fin == [2]place{}
}

// amongTwo is for that.
func (j *judgement) amongTwo() {
	f := j.f
	j.by(Server)
	j.outcome(OutcomeReset, detailTwoAnswers, j.words("reset in the name of the server, by RST without ACK (%d), after %s.", f.rst, j.rivals()),
		f.synAck, f.rivals.other, f.rst)
	j.means(j.originOfRivals()+" Its ACK may have come to the other machine: there the number is wrong, and what it gets is RST.", j.whoAnswers())
}

// ackRefused is for a client whose ACK fits no SYN-ACK of the server.
func (j *judgement) ackRefused() {
	f := j.f
	j.outcome(OutcomeHalfOpen, detailStale, j.words("the server met the client's ACK with RST (%d): it has ack=%s, and the SYN-ACK (%d) needs ack=1.", f.unfitACK, count(uint64(f.unfitACKs)), f.synAck), f.synAck, f.unfitACK)
	j.by(Server)
	j.means("the client believes in another SYN-ACK than this one: of another machine with that address, of an older connection, or one whose number was changed on the way (a firewall, a SYN proxy).",
		"capture at both ends: does the SYN-ACK have the same number there?")
}

// unfitAnswer is for SYNs that were met by nothing but SYN-ACKs that acknowledge
// another one.
func (j *judgement) unfitAnswer() {
	f := j.f
	x := &f.rivals
	text := j.words("the server's SYN-ACK (%d) acknowledges another SYN: it has ack=%s", x.unfit, count(uint64(x.unfitAck)))
	if x.unfits > 1 {
		text = j.words("%s of the server (the first: %d) acknowledge another SYN: ack=%s", plural(x.unfits, "SYN-ACK"), x.unfit, count(uint64(x.unfitAck)))
	}
	text += ", and the client's SYN needs ack=1"
	switch {
	case f.cleared != 0 && x.unfits > 1:
		text += j.words("; the client meets them with RST (%d)", f.cleared)
	case f.cleared != 0:
		text += j.words("; the client met it with RST (%d)", f.cleared)
	}
	j.outcome(OutcomeHalfOpen, detailStale, text+".", f.synFirst, x.unfit, f.cleared, f.synLast)
	if x.unfits == 1 || j.c.SYNs < 2 {
		j.means("the server has had a SYN of before: one that was late on the way, or of a program that used the same port a moment ago. RST tells it to forget that; the client sends its own SYN again, and then it is answered.",
			"capture for some seconds more: the next SYN should come through.")
		return
	}
	j.means("either RST does not reach the server, so that it goes on with an older SYN, or a device on the way changes the client's numbers and the way back goes around it (a firewall that draws new ones, an asymmetric route).",
		j.words("capture at the server as well: does the SYN have the number %d there, too? Then the way back: ip route get %v", uint32(j.c.ISS[Client]), j.c.Client.Addr()))
}

// aboutUnfit is a sentence about such SYN-ACKs where the right one came, too.
func (j *judgement) aboutUnfit() string {
	f := j.f
	x := &f.rivals
	switch {
	case x.unfit == 0 || f.outside.rewritten():
		return ""
	case x.taken:
		return j.words("The SYN-ACK (%d) acknowledges another SYN than the one that was captured (ack=%s, where ack=1 was due), and the client went on with it: either another SYN was sent that is not here, or a header was damaged or changed.", x.unfit, count(uint64(x.unfitAck)))
	case f.cleared != 0:
		return j.words("The server first answered an older SYN with the same ports (%d): ack=%s, where ack=1 was due; the client's RST (%d) made it forget.", x.unfit, count(uint64(x.unfitAck)), f.cleared)
	}
	return j.words("A SYN-ACK (%d) acknowledged another SYN, an older one with the same ports: ack=%s, where ack=1 was due. It opened nothing.", x.unfit, count(uint64(x.unfitAck)))
}
