package conn

// strayFact is an RST whose sender went on as if it had not sent it.
type strayFact struct {
	frame place // 0 is none
	goes  place // its sender's next segment
	bare  place // an RST without ACK of the other end, for which the connection was over; 0 is none
	by    Side  // in whose name it came
	took  bool  // its number fitted
	more  bool  // its sender sent new data after it, or FIN
	heeds bool  // the other end sent nothing but RST since
	hops  uint8 // its hop limit
}

// summarizeStray fills what is known of an RST whose sender went on. Where the
// other end did not, and nothing tells that it came from somebody else, it was
// its sender's last word: what came after it had been sent before.
func (t *Tracker) summarizeStray(c *Connection, e *entry, b *body, l *ledger) {
	f, x := &t.facts, &l.stray
	if l.rst != 0 {
		f.hops = [2]uint8{e.hops[l.rstBy], l.rstHops}
		if o := t.oddOf(b); o != nil && o.otherBy != l.rstBy {
			f.otherRST, f.otherHops = e.frame(o.otherRST), o.otherHops
		}
	}
	if x.frame == 0 {
		return
	}
	d := int(x.by)
	f.stray = strayFact{frame: e.frame(x.frame), goes: e.frame(x.goes), bare: e.frame(x.bare), by: e.side(d), took: x.took,
		more: after(e.next[d], x.next), heeds: x.bare != 0 || b.segments[1-d] == x.heard, hops: x.hops}
	f.hops = [2]uint8{e.hops[d], x.hops}
	if x.took && x.bare != 0 && !f.forged() {
		f.rst, f.rstBy, f.rstBare, f.silent = f.stray.frame, f.stray.by, false, 0
		f.stray = strayFact{}
	}
}

// forged reports whether an RST that its receiver took came from somebody else
// than it says, which frames prove: its sender sent on.
func (f *facts) forged() bool {
	x := &f.stray
	return x.frame != 0 && x.took && x.bare != 0 && (x.more || farApart(f.hops[0], f.hops[1]))
}

// refusedInName reports whether the RST that refuses the SYN came from somebody
// else: the server itself has answered with SYN-ACK.
func (f *facts) refusedInName() bool {
	return f.stray.frame != 0 && f.stray.took && f.synAck > f.stray.frame && f.handshake == 0
}

// impostor is for an RST in the name of an end that went on.
func (j *judgement) impostor() {
	f := j.f
	x := f.stray.by
	y := x.Other()
	j.outcome(OutcomeReset, detailForged, j.words("reset in the %s's name by somebody on the way (%d): the %s went on (%d), and the %s, for which the connection was over, answered that with RST (%d).",
		x, f.stray.frame, x, f.stray.goes, y, f.stray.bare), f.stray.frame, f.stray.goes, f.stray.bare)
	j.v.HasBy = false
	j.means(j.words("RST (%d) had the number that the %s expected, so that its system ended the connection.%s A firewall, a filter, or a device against intruders cuts connections so.", f.stray.frame, y, j.hops()),
		j.words("capture at the %s as well: an RST that it never sent comes from between. Then ask who runs the networks there.", x))
}

// refusedByOther is the same for the SYN.
func (j *judgement) refusedByOther() {
	f := j.f
	rest := "."
	if f.stray.bare != 0 {
		rest = j.words(", which the client met with RST (%d): for it, the answer was no.", f.stray.bare)
	}
	j.outcome(OutcomeRefused, detailForged, j.words("refused in the server's name by somebody on the way (%d): the server itself answered with SYN-ACK (%d)%s", f.stray.frame, f.synAck, rest),
		f.stray.frame, f.synAck, f.stray.bare)
	j.v.HasBy = false
	meaning := "a firewall or a filter on the way does not want this connection; the port itself is open." + j.hops()
	if j.c.SYNs > 1 {
		meaning = "either a firewall or a filter on the way does not want this connection, or a program began to listen between the SYNs." + j.hops()
	}
	j.means(meaning, j.words("capture at the server as well: an RST that it never sent comes from between. Then the firewalls' rules for port %d.", j.c.Server.Port()))
}

// notItsOwn reports whether the RST that ended the connection came with another
// hop limit than the handshake of its sender, and nothing else tells why it was
// sent.
func (j *judgement) notItsOwn() bool {
	f := j.f
	return f.rst != 0 && f.stray.frame == 0 && farApart(f.hops[0], f.hops[1]) && f.fin == [2]place{} && f.closing == [2]Closing{} &&
		f.keeps == [2]uint32{} && !j.unknownThere(f.rstBy)
}

// perhapsForged is for such an RST.
func (j *judgement) perhapsForged() {
	f := j.f
	x := f.rstBy
	of, others := "SYN", "SYN-ACK"
	if x == Server {
		of, others = others, of
	}
	if f.otherRST != 0 {
		j.outcome(OutcomeReset, detailForged, j.words("reset in both ends' names%s: RST (%d) of the %s came with the hop limit (TTL) %d, its %s with %d; RST (%d) of the %s came with %d, its %s with %d.",
			j.sinceEstablished(), f.rst, x, f.hops[1], of, f.hops[0], f.otherRST, x.Other(), f.otherHops[1], others, f.otherHops[0]), f.dataLast[x.Other()], f.rst, f.otherRST)
		j.means("what one machine sends has come the same way, and has the same TTL left: it is hardly the ends that sent the two. A firewall, a filter, or a device against intruders cuts connections so, at both ends.",
			"capture at both ends: an RST that an end has got, and the other never sent, comes from between. Then ask who runs the networks there.")
		return
	}
	j.by(x)
	j.outcome(OutcomeReset, detailForged, j.words("reset by the %s, or in its name%s: RST (%d) came with the hop limit (TTL) %d, the %s with %d.", x, j.sinceEstablished(), f.rst, f.hops[1], of, f.hops[0]),
		f.dataLast[x.Other()], f.rst)
	j.means(j.words("what one machine sends has come the same way, and has the same TTL left: perhaps it is not the %s that sent RST, but a firewall or a filter on the way.", x),
		j.words("capture at the %s as well: an RST that it never sent comes from between.", x))
}

// hops is a sentence about hop limits, "" where they tell nothing.
func (j *judgement) hops() string {
	if h := j.f.hops; farApart(h[0], h[1]) {
		return j.words(" RST (%d) came with the hop limit (TTL) %d, what the %s sent with %d.", j.f.stray.frame, h[1], j.f.stray.by, h[0])
	}
	return ""
}

// aboutStray is a sentence about an RST whose sender went on, "" where there is
// none or the verdict says it.
func (j *judgement) aboutStray() string {
	x := j.f.stray
	switch {
	case x.frame == 0 || j.v.Detail == detailForged:
		return ""
	case !x.took:
		return j.words("An RST (%d) ended nothing: its number did not fit, and its sender went on (%d).", x.frame, x.goes)
	case x.heeds:
		return j.words("An RST (%d) came in the %s's name, perhaps from somebody on the way: the %s went on (%d). The %s may have taken it.%s", x.frame, x.by, x.by, x.goes, x.by.Other(), j.hops())
	}
	return j.words("An RST (%d) ended nothing: it came in the %s's name, perhaps from somebody on the way, and both ends went on.%s", x.frame, x.by, j.hops())
}
