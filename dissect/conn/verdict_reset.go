package conn

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

// peerClosed says why x may have sent RST after the FIN of the other end.
func (j *judgement) peerClosed(x Side) {
	or := "without having accepted the connection"
	if x == Client || j.f.dataFirst[x] != 0 {
		or = "was ended by force" // it had nothing to accept, or has done so
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
		j.words("ping -c 1 %v", j.peer(x)))
}

// deadPeer is the same before the RST.
func (j *judgement) deadPeer(x Side) {
	f := j.f
	j.outcome(OutcomeStalled, detailDeadPeer, j.words("the %s has asked %s whether the %s is still there (keep-alives, the last: %d), and nothing came back.",
		x, times(int(f.keeps[x])), x.Other(), f.keepFrame[x]), f.keepFrame[x])
	j.by(x)
	j.means(j.words("the %s has gone without a word, or the way to it or back is cut: power, cable, a firewall that has forgotten the connection.", x.Other()),
		j.words("ping -c 1 %v; after some more the %s gives up.", j.peer(x), x))
}

// unknownThere reports whether x answered data or a keep-alive with an RST as
// machines do that have no such connection, one without ACK (RFC 9293,
// section 3.10.7.1), and after a silence. A program may end a connection in
// that form, too, but hardly then.
func (j *judgement) unknownThere(x Side) bool {
	f := j.f
	y := x.Other()
	asked := f.dataLast[y] > f.dataLast[x] && f.dataLast[y] < f.rst || f.keeps[y] > 0
	return f.rstBare && asked && (f.silent >= idleAfter || f.midstream && j.c.Segments[x] == 1)
}

// forgotten is for such an RST.
func (j *judgement) forgotten(x Side, lead string) {
	f := j.f
	y := x.Other()
	what, frame := "data", f.dataLast[y]
	if f.keeps[y] > 0 {
		what, frame = "a keep-alive", f.keepFrame[y]
	}
	silence := ""
	if f.silent > 0 {
		silence = j.words("; the %s had not been heard for %s", x, j.duration(f.silent))
	}
	j.outcome(OutcomeReset, detailForgotten, j.words("%s: RST without ACK (%d) answered %s of the %s (%d)%s.", lead, f.rst, what, y, frame, silence), frame, f.rst)
	j.means(j.words("so answers a machine that does not have the connection: perhaps the %s was restarted or has given the connection up meanwhile, or a NAT or a firewall on the way forgot it in the silence and answers in its name.", x),
		j.words("at the %s, uptime: was it restarted? If not, let keep-alives (SO_KEEPALIVE) come sooner than the silence lasted.", x))
}

// turnedBack is for a refusal in the name of another machine that this one sent
// to itself.
func (j *judgement) turnedBack() {
	j.v.Detail = detailProhibited
	j.v.Text = j.words("this machine itself answered a SYN that was not captured with RST, in the name of %s.", j.server())
	j.means(j.words("the frame never left this machine, so that it is not %s that refuses: perhaps a rule of the own firewall (reject with tcp reset).", j.server()),
		"nft list ruleset, or iptables -nvL OUTPUT: which rule rejects?")
}
