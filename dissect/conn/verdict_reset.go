package conn

import "tcpsee/dissect"

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
	if x == Client {
		or = "was ended by force" // it has nothing to accept
	}
	j.means(j.words("perhaps the program at the %s ended with data unread, or %s; either way nothing more can come.", x, or), "")
}

// turnedBack is for a refusal in the name of another machine that this one sent
// to itself.
func (j *judgement) turnedBack() {
	j.v.Detail = detailProhibited
	j.v.Text = j.words("this machine itself answered a SYN that was not captured with RST, in the name of %s.", j.server())
	j.means(j.words("the frame never left this machine, so that it is not %s that refuses: perhaps a rule of the own firewall (reject with tcp reset).", j.server()),
		"nft list ruleset, or iptables -nvL OUTPUT: which rule rejects?")
}

// refusesUnseen reports whether the segment, the first of its connection, is
// what answers a SYN at a closed port: an RST with ACK and the number 0
// (RFC 9293, section 3.10.7.1). Nothing else has that number as a rule.
func (s *segment) refusesUnseen() bool {
	return s.flags.Has(dissect.RST|dissect.ACK) && s.flags&(dissect.SYN|dissect.FIN) == 0 && s.seq == 0 && s.len == 0
}

// turnedBack reports whether a refusal was sent by this machine to itself,
// though it comes from an address that is another's, as far as is known.
func (t *Tracker) turnedBack(s *segment) bool {
	src, dst := s.p.IP.Src, s.p.IP.Dst
	if src == dst || src.IsLoopback() || dst.IsLoopback() || !s.p.Loopback() {
		return false
	}
	if t.options.Listening == nil {
		return true
	}
	_, mine := t.options.Listening(s.p.Src())
	return !mine
}

// AnswersUnseenSYN reports whether the event is the first of its connection, and
// an RST that refuses a SYN which was not captured.
func (e *Event) AnswersUnseenSYN() bool {
	if !e.First || e.Kind != KindRST || e.Packet == nil {
		return false
	}
	c := &e.Packet.TCP
	return c.Flags.Has(dissect.RST|dissect.ACK) && c.Seq == 0 && c.Len == 0
}
