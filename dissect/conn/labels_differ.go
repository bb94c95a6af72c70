package conn

import "tcpsee/dissect"

// difference is where a label is not Wireshark's, on purpose.
type difference struct {
	label  Label               // that is given
	places Labels              // that are taken away
	needs  shape               // without which when is not asked
	when   func(*segment) bool // nil where the label is given elsewhere, as reason says
	reason string
}

// differences are all labels that are not Wireshark's. They are applied after
// the rules, in order.
func differences() []difference {
	return []difference{
		{ZeroWindowProbe, 1 << KeepAlive, isPlain | belowNext | peerShut, probesWindow,
			"Linux probes a closed window with a segment one below the next byte and without data: with the peer's window at 0 that asks for room, not for a sign of life"},
		{ZeroWindowProbeAck, 0, isPlain | isEmpty | atNext | windowZero | windowSame | peerProbed | ackSame, answersProbe,
			"and what answers such a probe with the window still closed is the probe's answer: the probe of a window that has opened since is over"},
		{SimultaneousOpen, resendLabels | 1<<OutOfOrder, opens, crosses,
			"a SYN that meets another one, and the SYN-ACKs that answer both, are sent for the first time"},
		{ChallengeAck, 0, isPlain | isEmpty | hasAck | unsettled, challenged,
			"RFC 5961 has an ACK sent in answer to a SYN or an RST that does not fit: it asks for nothing to be sent again"},
		{UnacceptableAck, 0, opens | hasAck, answersAnother,
			"a SYN-ACK that acknowledges another SYN is of an older one, and is met by RST (RFC 9293, section 3.10.7.3)"},
		{OutsideWindow, 1<<LostSegment | 1<<OutOfOrder, occupies, outside,
			"bytes so far outside the window that their sender cannot have come there are of another connection, or forged (RFC 9293, section 3.10.7.4): nothing is missing before them, and nothing is sent again, though Wireshark's label for that stays beside this one"},
		{Refused, 0, isReset, refuses,
			"an RST that answers a SYN is no reset connection: there was none"},
		{Offloaded, 0, oversize, offloaded,
			"more payload than the peer's MSS was not on a wire like this: the network card cuts it, or put it together"},
		{HalfClose, 0, occupies | peerEnded, halfCloses,
			"data towards an end that has closed its own direction: allowed, and easily taken for an error"},
		{DuplicateCapture, wiresharkLabels, 0, nil,
			"a packet that was captured twice was sent once: it is no retransmission, no duplicate ACK, and counts for no rule, be it in segments of another size (twins and isPieces tell, before the rules)"},
		{PortReuse, 1<<LostSegment | resendLabels | 1<<OutOfOrder, 0, nil,
			"two SYN-ACKs with different numbers that answer one SYN: neither is anything missing before the second, nor is it, or what follows, sent again (countAnew forgets the first one's numbers, before the rules)"},
		{DupAck, 0, 0, nil,
			"an ACK that carries an option of Multipath TCP but DSS was sent for that option's sake, and is no sign of anything missing (RFC 8684): Wireshark leaves out the ACK that comes after the first option of its kind, and calls the others duplicate ACKs (asks looks at the options)"},
		{AckLostSegment, 0, 0, nil,
			"Wireshark keeps 10,000 unacknowledged segments of an end: where its FIN comes after those, the ACK of that is one of lost segments to it (acksUnseen asks what was captured)"},
		{SpuriousRetransmission, 0, 0, nil,
			"the acknowledgement number of an RST without ACK stands for nothing, and Windows leaves one there: Wireshark takes it for bytes that are acknowledged, so that data under way to a closed connection is called sent again (follow says what an end has acknowledged)"},
		{TimeWait, 0, 0, nil,
			"which end keeps the connection in mind is what a restarted server trips over (change tells, once the states are known)"},
	}
}

// numberDifference is where a number is not Wireshark's, on purpose.
type numberDifference struct {
	field  string // its name in data
	reason string
}

// numberDifferences are all of those.
func numberDifferences() []numberDifference {
	return []numberDifference{
		{"ack", "without the ACK bit the field stands for nothing (RFC 9293, section 3.1): it is 0, where Wireshark shows what lies there; ack_raw has that"},
		{"seq", "a SYN-ACK with another number than the one that the client has acknowledged opens nothing, and numbers count on from that, so that what follows is not sent again, where Wireshark counts anew; they do so here where the client acknowledges it in turn"},
		{"dup_ack_num", "an ACK that was captured twice was sent once, and counts once: the numbers after it are lower. What is sent again after it is a fast-retransmission all the same where Wireshark calls it so"},
		{"win", "both SYNs must offer a scale (RFC 7323, section 2.2), and no other segment can: Wireshark scales where the SYN is sent again after a SYN-ACK without one, and by the option in an ACK or a probe"},
		{"irtt", "in a simultaneous open SYN-ACKs complete the handshake: it ends with the last of them, where Wireshark waits for the first ACK without SYN, which comes when somebody speaks. Without a handshake, as where the SYN is refused or its SYN-ACK was not captured, there is none, where Wireshark takes the time to any ACK"},
		{"rtt", "an ACK that comes once a gap is filled answers what filled it, and what was sent twice tells nothing without timestamps (Karn's rule): Wireshark takes the frame that ends where the ACK does, from its first sending, and takes one from the RST that refuses a connection, too"},
		{"rto", "the time-out that ran off began with the last sending: Wireshark counts from the first, so that its third number holds the first two waits as well"},
		{"in_flight", "what no ACK number covers (RFC 5681, section 2): Wireshark leaves out what SACK has told, counts a SYN whose ACK was not captured, gives none behind bytes that were not captured, and often differs where bytes are sent again"},
		{"retransmissions", "a segment whose bytes were captured before was sent again, even where it comes so soon after a newer one that it is out-of-order, as Wireshark 4.0 has it; and so was a last byte by itself that is not acknowledged, which Wireshark calls a keep-alive: the label is the same, and the count of what was sent again, its rto and sentence go by the bytes"},
		{"labels", "an ACK of an older connection with the same ports, whose sender the client's RST has made forget it, tells nothing of the numbers of the new one: Wireshark counts on from it, so that all that the server then sends may be a retransmission"},
		{"completeness", "the first segment seen of a connection counts like any other: Wireshark counts it only where it is a SYN, so that a single one of another kind makes 0"},
	}
}

// differs are the shapes that any difference is about, but for peerEnded, which
// has to come with occupies.
const differs = behindNext | beyondNext | belowNext | peerProbed | opens | unsettled | isReset | oversize

// differ applies the differences to a segment's labels. TimeWait, which rests
// on the states after the segment, is given where those are known.
func (t *Tracker) differ(s *segment) {
	if s.shape&differs == 0 && s.shape&(occupies|peerEnded) != occupies|peerEnded {
		return
	}
	for i := range t.rules.differ {
		d := &t.rules.differ[i]
		if d.when != nil && s.shape&d.needs == d.needs && d.when(s) {
			s.labels = s.labels&^d.places | 1<<d.label
		}
	}
}

// answersAnother: a SYN-ACK that is not for the client's SYN.
func answersAnother(s *segment) bool { return s.answersAnother() }

// probesWindow: a keep-alive's form, while the peer's window is closed.
func probesWindow(s *segment) bool {
	return s.labels.Has(KeepAlive) && s.e.flags.of(flagAcked0, s.to)
}

// answersProbe: the answer to a probe that Wireshark calls a keep-alive.
func answersProbe(*segment) bool { return true }

// crosses: both ends have sent a SYN, and this is the second SYN or a SYN-ACK
// of that opening. The SYN of a connection with itself meets itself, and its
// first SYN-ACK answers that.
func crosses(s *segment) bool {
	e := s.e
	if s.flags&dissect.RST != 0 {
		return false
	}
	if e.self() {
		return s.flags&dissect.ACK != 0 && s.seq == e.base[s.from] && s.before[s.from] == StateSynReceived
	}
	if s.flags&dissect.ACK == 0 {
		return !s.isNew && s.from != e.client() && s.before[s.from] <= StateListen && s.before[s.to] == StateSynSent
	}
	return e.flags.has(flagCrossed) && s.seq == e.base[s.from] && !e.flags.of(flagAcked0, s.from)
}

// challenged: an ACK that answers a SYN with a number that does not belong to
// it, or repeats the last ACK in answer to a SYN or RST that does not fit.
func challenged(s *segment) bool {
	const needs = isPlain | isEmpty | hasAck | atNext | ackSame
	return s.challenges() ||
		s.shape&needs == needs && s.e.flags.has(flagStray) && s.e.tail.by() == s.to
}

// refuses: RST is the first answer to a SYN, or to one that was sent again after
// such an RST.
func refuses(s *segment) bool {
	e := s.e
	return s.from != e.client() && e.syns > 0 && !e.flags.has(flagSynAck|flagCrossed) && e.flags&(flagReset|flagRefused) != flagReset &&
		s.before[s.to] == StateSynSent && s.resets(StateSynSent)
}

// offloaded: more payload than a segment may have, in one packet. What came in
// fragments was on the wire as such.
func offloaded(s *segment) bool {
	if len(s.p.Fragments) > 0 {
		return false
	}
	if mss := s.e.mss[s.to]; mss != 0 {
		return s.len > mss.bytes()
	}
	return s.len > largestMSS
}

// The sizes of payload that need no second look, and that no wire carries:
// Ethernet's usual 1500 and the largest jumbo frame's 9216 bytes, without the
// headers.
const (
	ethernetMSS = 1460
	largestMSS  = 9216 - 40
)

// halfCloses: the first data after the peer's FIN was acknowledged.
func halfCloses(s *segment) bool {
	e := s.e
	return s.len > 0 && !e.flags.has(flagHalfClose) && s.before[s.from] == StateCloseWait && s.shape&behindNext == 0
}
