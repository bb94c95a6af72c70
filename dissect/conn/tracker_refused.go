package conn

import "tcpsee/dissect"

// answersUnseen reports whether a header is what answers a SYN at a closed port:
// an RST with ACK and the number 0 (RFC 9293, section 3.10.7.1). As the first
// segment of a connection nothing else has that number as a rule.
func answersUnseen(c *dissect.TCP) bool {
	return c.Flags.Has(dissect.RST|dissect.ACK) && c.Flags&(dissect.SYN|dissect.FIN) == 0 && c.Seq == 0 && c.Len == 0
}

// AnswersUnseenSYN reports whether the event is the first of its connection, and
// an RST that refuses a SYN which was not captured.
func (e *Event) AnswersUnseenSYN() bool {
	return e.First && e.Packet != nil && answersUnseen(&e.Packet.TCP)
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
