package conn

import (
	"math"
	"time"

	"tcpsee/dissect"
)

// The rules of labels are those that Wireshark documents for tcp.analysis.*
// (https://www.wireshark.org/docs/wsug_html_chunked/ChAdvTCPAnalysis.html) and
// its version 4.0 obeys. Where this package differs on purpose,
// labels_differ.go says so and why.
//
// The words of the rules: a segment comes from a sender, its peer sends the
// other way; next is the highest byte that the sender has sent, plus one
// (SND.NXT); "the peer has acknowledged" is the last ACK number that the peer
// sent.

// The times of the rules.
const (
	fastWithin    = 20 * time.Millisecond // after the peer's last segment a resend is a fast one
	reorderWithin = 3 * time.Millisecond  // after the newest segment an older one is out of order, where the round trip is not known
)

// shape is what the rules ask of a segment without looking further.
type shape uint32

const (
	isPlain     shape = 1 << iota // neither SYN nor FIN nor RST
	isEmpty                       // no payload
	isOneByte                     // one byte of payload
	isReset                       // RST
	hasAck                        // ACK
	occupies                      // takes sequence numbers: payload, SYN or FIN
	atNext                        // begins at next
	belowNext                     // begins one below next
	behindNext                    // begins anywhere before next
	beyondNext                    // begins after next
	windowZero                    // its window is 0
	windowSame                    // its window is the one that its sender sent last
	ackSame                       // its ACK number is the one that its sender sent last, or neither had one
	peerShut                      // the peer's last window is 0
	peerKept                      // the peer's last segment was a keep-alive
	peerProbed                    // the peer's last segment was a zero-window probe
	opens                         // SYN
	ackBeyond                     // acknowledges what was not seen
	ackedBefore                   // the peer has acknowledged all of its payload
	oversize                      // more payload than Ethernet's usual packets hold
	peerEnded                     // the peer has sent FIN
	unsettled                     // no SYN-ACK was seen, or the peer's last segment was a stray
)

// outcome is where the rules go on after one that fits.
type outcome uint8

const (
	goOn    outcome = iota // with the next rule
	toAck                  // with what the ACK number says
	settled                // no other rule can fit
)

// rule gives a label to segments that have all of needs, nothing of lacks, and
// fulfil when, where there is one.
type rule struct {
	label        Label
	needs, lacks shape
	when         func(*segment) bool
	then         outcome
	cite         string // where it comes from
}

// rules are tried in order. Those before ackRules look at a segment's place
// and its window, ackRules at its ACK number, resendRules at what was sent
// before.
func rules() []rule {
	return []rule{
		{ZeroWindowProbe, isOneByte | atNext | peerShut, 0, nil, toAck,
			"RFC 9293, section 3.8.6.1; tcp.analysis.zero_window_probe"},
		{ZeroWindow, isPlain | windowZero, 0, nil, goOn,
			"RFC 9293, section 3.8.6; tcp.analysis.zero_window"},
		{LostSegment, beyondNext, isReset, nil, goOn,
			"tcp.analysis.lost_segment"},
		{KeepAlive, isPlain | belowNext, 0, shortest, goOn,
			"RFC 9293, section 3.8.4; tcp.analysis.keep_alive"},
		{WindowUpdate, isPlain | isEmpty | atNext | ackSame, windowZero | windowSame, nil, goOn,
			"RFC 5681, section 2; tcp.analysis.window_update"},
		{WindowFull, isPlain, isEmpty, fillsWindow, goOn,
			"RFC 9293, section 3.8.6; tcp.analysis.window_full"},
		{KeepAliveAck, isPlain | isEmpty | atNext | ackSame | windowSame | peerKept, windowZero, nil, toAck,
			"RFC 9293, section 3.8.4; tcp.analysis.keep_alive_ack"},
		{ZeroWindowProbeAck, isPlain | isEmpty | atNext | ackSame | windowZero | windowSame | peerProbed, 0, nil, toAck,
			"RFC 9293, section 3.8.6.1; tcp.analysis.zero_window_probe_ack"},
		{DupAck, isPlain | isEmpty | atNext | ackSame | windowSame, windowZero, asks, toAck,
			"RFC 5681, section 2; tcp.analysis.duplicate_ack"},
	}
}

// asks: a duplicate ACK asks for what is missing, but not where it was sent for
// an option of Multipath TCP's sake; DSS alone comes with ACKs of every kind (RFC
// 8684).
func asks(s *segment) bool {
	if _, ok := option(s.p.TCP.Options, dissect.OptionMPTCP); !ok {
		return true
	}
	var o dissect.Options
	s.p.TCP.ParseOptions(&o)
	return o.MPTCP&^(1<<mptcpDSS) == 0
}

// openRules are for SYN and SYN-ACK.
func openRules() []rule {
	return []rule{
		{TFOSyn, opens, 0, opensFast, goOn, "RFC 7413, section 4.2.2; tcp.analysis.tfo_syn"},
		{TFOAck, opens | hasAck, 0, takesSYNData, goOn, "RFC 7413, section 4.2.2; tcp.analysis.tfo_ack"},
		{TFOIgnored, opens | hasAck, 0, ignoresSYNData, goOn, "RFC 7413, section 4.2.2; tcp.analysis.tfo_ignored"},
	}
}

// opensFast: the SYN carries a cookie.
func opensFast(s *segment) bool {
	return s.flags&dissect.ACK == 0 && fastOpenCookie(s.p.TCP.Options)
}

// takesSYNData: the SYN-ACK acknowledges more than the SYN.
func takesSYNData(s *segment) bool { return s.ack-s.e.base[s.to] > 1 }

// ignoresSYNData: the SYN-ACK acknowledges the SYN alone, which carried a
// cookie and data.
func ignoresSYNData(s *segment) bool {
	return s.ack-s.e.base[s.to] == 1 && s.e.flags.has(flagTFO)
}

// ackRules look at the ACK number.
func ackRules() []rule {
	return []rule{
		{AckLostSegment, hasAck | ackBeyond, 0, acksUnseen, goOn,
			"tcp.analysis.ack_lost_segment"},
	}
}

// resendRules are for segments that occupy sequence numbers and are no
// keep-alive. The first that fits is the label.
func resendRules() []rule {
	return []rule{
		{SpuriousRetransmission, occupies | ackedBefore, isEmpty, nil, settled,
			"RFC 2883; tcp.analysis.spurious_retransmission"},
		{FastRetransmission, occupies | behindNext, 0, fast, settled,
			"RFC 5681, section 3.2; RFC 6675; tcp.analysis.fast_retransmission"},
		{OutOfOrder, occupies | behindNext, 0, reordered, settled,
			"RFC 4737, section 3; tcp.analysis.out_of_order"},
		{Retransmission, occupies | behindNext, 0, nil, settled,
			"RFC 6298, section 5; tcp.analysis.retransmission"},
	}
}

// shortest: a keep-alive has no payload or one byte of it.
func shortest(s *segment) bool { return s.len <= 1 }

// fillsWindow: the segment ends where the peer's window does.
func fillsWindow(s *segment) bool {
	e := s.e
	if e.scale(s.to) == scaleUnknown || !e.flags.of(flagAcked0, s.to) {
		return false
	}
	return s.seq+uint32(s.len) == e.ack[s.to]+e.lastWindow(s.to)
}

// lastWindow returns the window that direction d offered last, scaled where the
// scale is known.
func (e *entry) lastWindow(d int) uint32 {
	w, scale := uint32(e.window[d]), e.scale(d)
	if scale != scaleUnknown && !e.flags.of(flagEarly0, d) {
		w <<= scale
	}
	return w
}

// acksUnseen: what is acknowledged lies behind a byte that was not captured.
// Where nothing newer of the peer was captured either, that is said once, until
// the peer's own ACK number changes, and not at all among its duplicate ACKs.
func acksUnseen(s *segment) bool {
	return after(s.e.next[s.to], s.b.maxAck[s.to]) || s.b.dups[s.to] == 0
}

// fast: the peer asked for it with duplicate ACKs, moments ago.
func fast(s *segment) bool {
	if !s.b.dups[s.to].several() || s.since(s.b.seen[s.to]) >= fastWithin {
		return false
	}
	return s.seq == s.e.ack[s.to]
}

// reordered: it came so soon after a newer one that it was hardly sent again.
// Whether its bytes were seen before is not asked, as little as Wireshark 4.0
// does: a sender that learns from SACK what is missing can send it again so
// soon, and then seenAll tells.
func reordered(s *segment) bool {
	within := reorderWithin
	if irtt := s.b.irtt.bits(); irtt != 0 {
		within = time.Duration(irtt)
	}
	return s.since(s.b.nextTime[s.from]) < within && s.end != s.e.next[s.from]
}

// after reports whether a comes after b, modulo 2^32.
func after(a, b uint32) bool { return int32(b-a) < 0 }

// classify fills shape.
func (s *segment) classify() {
	s.shape = s.form() | s.place() | s.versusPeer()
	s.winWas = s.e.lastWindow(s.from)
}

// form is what the segment is by itself, and beside its sender's last one.
func (s *segment) form() (x shape) {
	f := s.flags
	if f&(dissect.SYN|dissect.FIN|dissect.RST) == 0 {
		x = isPlain
	} else {
		if f&dissect.RST != 0 {
			x |= isReset
		}
		if f&dissect.SYN != 0 {
			x |= opens
		}
		if f&(dissect.SYN|dissect.FIN) != 0 {
			x |= occupies
		}
	}
	switch {
	case s.len == 0:
		x |= isEmpty
	case s.len == 1:
		x |= isOneByte | occupies
	case s.len > ethernetMSS:
		x |= oversize | occupies
	default:
		x |= occupies
	}
	if f&dissect.ACK != 0 {
		x |= hasAck
	}
	if s.win == 0 {
		x |= windowZero
	}
	return x
}

// place is where the segment lies, seen from what its sender has sent.
func (s *segment) place() (x shape) {
	e := s.e
	if e.flags.of(flagKnown0, s.from) {
		switch d := int32(s.seq - e.next[s.from]); {
		case d == 0:
			x = atNext
		case d == math.MinInt32: // half the number space away, both ways
			x = beyondNext | behindNext
		case d > 0:
			x = beyondNext
		case d == -1 && s.len > 1: // it brings something new: a probe's byte may lie below
			x = belowNext
		case d == -1:
			x = belowNext | behindNext
		default:
			x = behindNext
		}
		if s.win == e.window[s.from] {
			x |= windowSame
		}
	}
	if s.ack == e.ack[s.from] && s.flags&dissect.ACK != 0 == e.flags.of(flagAcked0, s.from) {
		x |= ackSame
	}
	return x
}

// versusPeer is how the segment stands to what the peer has sent.
func (s *segment) versusPeer() (x shape) {
	f, to := s.e.flags, s.to
	if f.of(flagKnown0, to) {
		if s.e.window[to] == 0 {
			x = peerShut
		}
		if after(s.ack, s.b.maxAck[to]) && s.flags&dissect.ACK != 0 {
			x |= ackBeyond
		}
	}
	if s.len > 0 && f.of(flagAcked0, to) && !after(s.seq+uint32(s.len), s.e.ack[to]) {
		x |= ackedBefore
	}
	if f&((flagKeep0|flagProbe0|flagFin0)<<to) != 0 {
		if f.of(flagKeep0, to) {
			x |= peerKept
		}
		if f.of(flagProbe0, to) {
			x |= peerProbed
		}
		if f.of(flagFin0, to) {
			x |= peerEnded
		}
	}
	if f&(flagSynAck|flagStray) != flagSynAck {
		x |= unsettled
	}
	return x
}

// wiresharkLabels are the labels that Wireshark has as well.
const wiresharkLabels Labels = 1<<SimultaneousOpen - 1<<Retransmission

// A segment with none of unusual, and that is not both empty and ackSame, can
// only fill the peer's window: no other rule's needs are met. Where it is not
// plain, even less has to be asked.
const (
	unusual = unfit | belowNext | windowZero
	unfit   = opens | isOneByte | behindNext | beyondNext | ackBeyond | ackedBefore
)

// ordinary reports whether a segment of that shape is such a one.
func (x shape) ordinary() bool {
	if x&isPlain == 0 {
		return x&unfit == 0
	}
	return x&unusual == 0 && x&(isEmpty|ackSame) != isEmpty|ackSame
}

// label applies the rules.
func (t *Tracker) label(s *segment) {
	s.classify()
	if s.shape.ordinary() {
		if s.shape&(isPlain|isEmpty) == isPlain && fillsWindow(s) {
			s.labels = s.labels.With(WindowFull)
		}
		return
	}
	s.apply(t.rules.open)
	s.apply(t.rules.place)
	s.apply(t.rules.ack)
	s.unseen()
	if s.shape&occupies != 0 && !s.labels.Has(KeepAlive) {
		s.apply(t.rules.resend)
	}
}

// apply tries rules in order until one ends the trying.
func (s *segment) apply(rules []rule) {
	for i := range rules {
		r := &rules[i]
		if s.shape&r.needs == r.needs && s.shape&r.lacks == 0 && (r.when == nil || r.when(s)) {
			s.labels = s.labels.With(r.label)
			if r.then != goOn {
				return
			}
		}
	}
}
