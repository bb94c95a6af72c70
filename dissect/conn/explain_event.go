package conn

import (
	"fmt"
	"strings"
	"time"

	"tcpsee/dissect"
)

// Sentence says in one or two sentences what a segment tells, from the numbers
// at hand: "The server has everything before byte 7 and can take 65,483 more."
// It is "" for events that are no segments.
func (e *Event) Sentence() string {
	if e.Type != TypeSegment {
		return ""
	}
	s := e.labelSentence()
	if s == "" {
		s = e.kindSentence()
	}
	return s + e.besides()
}

// kindSentence says what a segment is.
func (e *Event) kindSentence() string {
	switch e.Kind {
	case KindSYN:
		return e.synSentence()
	case KindSYNACK:
		return e.synAckSentence()
	case KindRST:
		return e.rstSentence()
	case KindFIN:
		return e.finSentence()
	case KindData:
		return e.dataSentence()
	case KindACK:
		return e.ackSentence()
	}
	return fmt.Sprintf("The %s sends a segment with no control bit that means anything here.", e.From)
}

// payload is the segment's length in bytes.
func (e *Event) payload() int {
	if e.Packet == nil || e.Packet.Content != dissect.ContentTCP {
		return 0
	}
	return e.Packet.TCP.Len
}

// bytesCount writes "1 byte" or "1,448 bytes".
func bytesCount(n uint64) string {
	if n == 1 {
		return "1 byte"
	}
	return count(n) + " bytes"
}

// before is "everything before byte 7", with a word of caution where the
// numbers do not count from the beginning.
func (e *Event) before() string {
	s := "everything before byte " + count(uint64(e.Ack))
	if e.AckSeen {
		s += " (counted from the first one captured)"
	}
	return s
}

// room is " and can take 65,483 more", "" where the window's scale is not
// known.
func (e *Event) room() string {
	switch {
	case e.Window == 0:
		return " and has no room for more now"
	case !e.ScaleKnown:
		return ""
	}
	return " and can take " + count(uint64(e.Window)) + " more"
}

func (e *Event) synSentence() string {
	if e.Labels.Has(SimultaneousOpen) {
		return fmt.Sprintf("The %s asks for a connection too: both called at once.", e.From)
	}
	if n := e.payload(); n > 0 {
		return fmt.Sprintf("The %s asks for a connection, and sends %s with the question.", e.From, bytesCount(uint64(n)))
	}
	return fmt.Sprintf("The %s asks for a connection, and says with which number its bytes begin.", e.From)
}

func (e *Event) synAckSentence() string {
	switch took := uint64(e.Ack) - 1; {
	case e.Labels.Has(UnacceptableAck):
		return fmt.Sprintf("The %s agrees to another SYN than this one, an older one perhaps: ack=%s is not what answers it. It opens nothing; the %s is to answer with RST.", e.From, count(uint64(e.Ack)), e.From.Other())
	case e.OtherISS:
		return fmt.Sprintf("The %s agrees once more, but begins to count at another number than its SYN-ACK before: another machine may have sent this one.", e.From)
	case e.Labels.Has(SimultaneousOpen):
		return fmt.Sprintf("The %s agrees to the other's SYN, as both called at once: byte %d of the %s is what it expects first.", e.From, e.Ack, e.From.Other())
	case e.Labels.Has(TFOAck):
		return fmt.Sprintf("The %s agrees, and has taken the %s that came with the SYN: byte %s is what it expects next.", e.From, bytesCount(took), count(uint64(e.Ack)))
	case e.Labels.Has(TFOIgnored):
		return fmt.Sprintf("The %s agrees, and has not taken what came with the SYN: it expects byte %d, so that the data must be sent again.", e.From, e.Ack)
	}
	return fmt.Sprintf("The %s agrees, and begins to count at its own number; byte %d of the %s is what it expects first.", e.From, e.Ack, e.From.Other())
}

// besides is what labels add to the sentence, each with a sentence of its own.
func (e *Event) besides() string {
	s := ""
	switch {
	case !e.Labels.Has(PortReuse) || e.OtherISS:
	case e.Kind == KindSYNACK:
		s += fmt.Sprintf(" What came from the %s before counted from elsewhere: it was not of this connection.", e.From)
	default:
		s += fmt.Sprintf(" The same ports, %d and %d, had a connection before; this is another one.", e.Client.Port(), e.Server.Port())
	}
	if e.Labels.Has(TFOSyn) {
		s += " It shows the cookie of an earlier connection, so that the server may take data at once (TCP Fast Open)."
	}
	if e.Labels.Has(Offloaded) {
		s += fmt.Sprintf(" %s fit into no packet on the wire: the network card cuts them up, or has put them together.", upperFirst(bytesCount(uint64(e.payload()))))
	}
	if e.Labels.Has(HalfClose) {
		s += fmt.Sprintf(" The %s has closed its own direction, and still receives.", e.From.Other())
	}
	if e.Labels.Has(TimeWait) {
		for _, side := range []Side{Client, Server} {
			if e.States[side] == StateTimeWait && e.Before[side] != StateTimeWait {
				s += fmt.Sprintf(" The %s now keeps the connection in mind for a while (TIME-WAIT).", side)
			}
		}
	}
	return s
}

// again is " 204 ms after it had sent it last", "" where that is not known.
func (e *Event) again() string {
	if e.RTO <= 0 {
		return ""
	}
	return " " + duration(e.RTO) + " after it had sent it last"
}

// tooSoon is the least time-out that any system has: what is sent again sooner
// is not sent for want of an ACK.
const tooSoon = time.Millisecond

// unanswered is why a segment is sent again, where its label tells no more; waits
// is what one waits for as long as a time-out lasts, unless it comes too soon.
func (e *Event) unanswered(waits string) string {
	switch {
	case e.RTO <= 0 || e.RTO >= tooSoon:
		return ", for " + waits
	case e.Kind == KindFIN:
		return ": too soon for a time-out, perhaps only to acknowledge more, or it was doubled on its way."
	}
	return ": too soon for a time-out, perhaps it was doubled on its way."
}

// hasHeardFIN reports whether the sender has had all that the other end sends.
func (e *Event) hasHeardFIN() bool {
	switch e.States[e.From] {
	case StateCloseWait, StateLastAck, StateClosing, StateTimeWait:
		return true
	}
	return false
}

// where is " (frame 90)", the frame that had its bytes before, or the first of
// them, "" where that is not known.
func (e *Event) where() string {
	d := e.Detail
	if d == nil || d.Repeats == 0 {
		return ""
	}
	what, in := "", inFile(d.RepeatsIn)
	if e.RTO > 0 && d.RepeatTime > e.RTO {
		what = "first in "
	}
	if in != "" {
		in = " " + in
	}
	return fmt.Sprintf(" (%sframe %d%s)", what, d.Repeats, in)
}

func (e *Event) rstSentence() string {
	if e.Labels.Has(Refused) || e.AnswersUnseenSYN() {
		return fmt.Sprintf("The %s refuses: nobody listens on port %d, or a firewall says so.", e.From, e.Server.Port())
	}
	if e.Before[e.From] == StateSynSent && e.States[e.From] == StateSynSent {
		return fmt.Sprintf("The %s knows nothing of what came back, and says so: the %s is to forget an older connection with the same ports.", e.From, e.From.Other())
	}
	switch to := e.From.Other(); {
	case e.Before == [2]State{StateClosed, StateClosed}:
		return fmt.Sprintf("The %s breaks off what is over already.", e.From)
	case e.States[to] != e.Before[to] || e.States[to] < StateSynSent:
	case e.States[to] == StateSynSent:
		return fmt.Sprintf("The %s breaks a connection off, but does not acknowledge the %s's SYN with that: it takes no notice.", e.From, to)
	default:
		return fmt.Sprintf("The %s breaks a connection off, but not with the number that the %s expects: it takes no notice.", e.From, to)
	}
	return fmt.Sprintf("The %s breaks the connection off: both ends forget it at once.", e.From)
}

func (e *Event) finSentence() string {
	s := fmt.Sprintf("The %s has no more to send", e.From)
	if n := e.payload(); n > 0 {
		last := "byte"
		if n > 1 {
			last = bytesCount(uint64(n))
		}
		s = fmt.Sprintf("The %s sends its last %s", e.From, last)
	}
	if e.Before[e.From] == StateCloseWait {
		return s + ", and closes too: when this is acknowledged, all is over."
	}
	return s + "; it can still receive."
}

func (e *Event) dataSentence() string {
	n := uint64(e.payload())
	last := uint64(e.Seq) + n - 1
	which := fmt.Sprintf("bytes %s to %s", count(uint64(e.Seq)), count(last))
	if n == 1 {
		which = "byte " + count(last)
	}
	s := fmt.Sprintf("The %s sends %s.", e.From, which)
	if uint64(e.InFlight) > n {
		s += fmt.Sprintf(" %s are on their way now, not acknowledged.", upperFirst(bytesCount(uint64(e.InFlight))))
	}
	return s
}

func (e *Event) ackSentence() string {
	if e.Handshake {
		s := "The handshake is complete: both ends know where the other begins to count."
		if e.IRTT > 0 {
			s += " It took " + duration(e.IRTT) + "."
		}
		return s
	}
	s := fmt.Sprintf("The %s has %s%s.", e.From, e.before(), e.room())
	if e.RTT > 0 {
		s += " The answer took " + duration(e.RTT) + "."
	}
	return s
}

// ackLabels are those about what a segment's ACK number or window says.
const ackLabels Labels = 1<<DupAck | 1<<AckLostSegment | 1<<ZeroWindow | 1<<ZeroWindowProbeAck | 1<<WindowUpdate | 1<<KeepAliveAck | 1<<ChallengeAck

// told are the labels that a sentence may be about: without ACK a segment repeats
// no ACK, and tells of no room (RFC 9293, section 3.10.7.4), though Wireshark's
// rules do not ask.
func (e *Event) told() Labels {
	if e.Packet != nil && !e.Packet.TCP.Flags.Has(dissect.ACK) {
		return e.Labels &^ ackLabels
	}
	return e.Labels
}

// labelSentence explains what a label says, where that matters more than the
// kind. The first that fits is told.
func (e *Event) labelSentence() string {
	from, to := e.From.String(), e.From.Other().String()
	has := e.told().Has
	switch {
	case has(DuplicateCapture):
		if e.Recut {
			return "The same bytes as before, in segments of another size: sent once, and captured at two places, between which the system or a network card cuts large segments, or puts small ones together."
		}
		if e.Copied > twinCloser {
			return "The same packet as before, captured again " + duration(e.Copied) + " later, at another place on its way: it was sent once." + e.copyAnswers()
		}
		return "The same packet as before, captured twice: it was sent once."
	case has(OutsideWindow):
		return fmt.Sprintf("Number %s is far outside what the %s expects: its system leaves these %s out, and says in an ACK what it wants. They are of an older connection with the same ports, or somebody has forged them.",
			count(uint64(e.Seq)), to, bytesCount(uint64(e.payload())))
	case has(SpuriousRetransmission) && e.Unseen:
		return fmt.Sprintf("The %s had acknowledged %s before this segment was captured: either that ACK overtook it on the way into the capture, or an earlier sending was missed.", to, e.what())
	case has(SpuriousRetransmission):
		return fmt.Sprintf("The %s sends %s again, which the %s has acknowledged already: that ACK was late or lost.", from, e.what(), to)
	case has(FastRetransmission) && e.Repeats > 0:
		return fmt.Sprintf("The %s sends %s again at once: repeated ACKs said that it is missing.", from, e.what())
	case has(FastRetransmission):
		return fmt.Sprintf("The %s sends %s again at once: that is what the %s's last ACK waits for.", from, e.what(), to)
	case e.Kind == KindSYNACK && (e.OtherISS || has(UnacceptableAck)):
		return e.synAckSentence()
	case has(Retransmission) && e.Kind == KindSYNACK && e.Before[e.From] >= StateEstablished && (e.RTO <= 0 || e.RTO >= tooSoon):
		return fmt.Sprintf("The %s sends its SYN-ACK again%s, though the %s's ACK is in the capture: that was lost further on, or the %s's system let it pass, for its program's queue is full, or wants to hear of a client only with its first data (TCP_DEFER_ACCEPT).", from, e.again(), to, from)
	case has(Retransmission) && e.Kind == KindSYN && e.Before[e.From] == StateClosed:
		return fmt.Sprintf("The %s sends its SYN again, though RST has refused it: some systems (Windows) try so twice before they believe it.", from)
	case has(Retransmission) && (e.Kind == KindSYN || e.Kind == KindSYNACK):
		return fmt.Sprintf("The %s sends its %s again%s%s", from, e.Kind, e.again(), e.unanswered("nothing has answered it."))
	case has(Retransmission) && e.Kind == KindRST: // nothing acknowledges one
		return ""
	case has(Retransmission):
		return fmt.Sprintf("The %s sends %s again%s%s", from, e.what(), e.again(), e.unanswered("no ACK came in time."))
	case has(OutOfOrder) && e.SentBefore:
		return fmt.Sprintf("The %s sends %s again%s%s. \"Out-of-order\" only says that it came within a round trip after a newer one; these bytes were seen before.", from, e.what(), e.again(), e.where())
	case has(OutOfOrder) && e.payload() == 0:
		return fmt.Sprintf("The %s's %s arrives late: a later segment has overtaken it.", from, e.Kind)
	case has(OutOfOrder):
		if e.payload() == 1 {
			return fmt.Sprintf("Byte %s arrives late: a later segment has overtaken it.", count(uint64(e.Seq)))
		}
		return fmt.Sprintf("Byte %s and what follows arrive late: a later segment has overtaken them.", count(uint64(e.Seq)))
	case e.Handshake && has(AckLostSegment):
		return e.ackSentence()
	case has(LostSegment) && e.Kind == KindSYNACK:
		return e.synAckSentence()
	case has(LostSegment):
		return fmt.Sprintf("Bytes of the %s before %s are not in the capture.", from, count(uint64(e.Seq)))
	case has(AckLostSegment):
		return fmt.Sprintf("The %s has %s, more than this capture has seen.", from, e.before())
	case has(ZeroWindowProbe):
		return fmt.Sprintf("The %s asks whether the %s has room again, with number %s.", from, to, count(uint64(e.Seq)))
	case has(ZeroWindowProbeAck):
		return fmt.Sprintf("The %s has %s and still no room.", from, e.before())
	case has(ZeroWindow) && e.hasHeardFIN():
		return fmt.Sprintf("The %s has %s, and wants no more: the %s has closed.", from, e.before(), to)
	case has(ZeroWindow):
		return fmt.Sprintf("The %s has %s and no room for more: its program does not read. The %s must wait.", from, e.before(), to)
	case has(WindowUpdate):
		return e.roomSentence()
	case has(KeepAlive) && e.SentBefore:
		return fmt.Sprintf("The %s sends %s again%s%s \"Keep-alive\" only says that it is a single byte, the last one; it was never acknowledged.", from, e.what(), e.again(), e.unanswered("no ACK came in time."))
	case has(KeepAlive):
		return fmt.Sprintf("The %s asks whether the %s is still there, with number %s, which was used before.", from, to, count(uint64(e.Seq)))
	case has(KeepAliveAck):
		return fmt.Sprintf("The %s is still there, and waits for byte %s.", from, count(uint64(e.Ack)))
	case has(ChallengeAck):
		return fmt.Sprintf("The %s doubts what came, and repeats what it believes: byte %s is what it expects.", from, count(uint64(e.Ack)))
	case has(DupAck):
		return fmt.Sprintf("The %s still waits for byte %s: something later has come, or what it has already (repeat %d).", from, count(uint64(e.Ack)), e.DupAckNum)
	case has(WindowFull):
		return e.dataSentence() + fmt.Sprintf(" With that the %s's window is full.", to)
	}
	return ""
}

// what names what a segment carries that is sent again.
func (e *Event) what() string {
	switch e.payload() {
	case 0:
		return "its " + e.Kind.String()
	case 1:
		return "byte " + count(uint64(e.Seq))
	}
	return "byte " + count(uint64(e.Seq)) + " and what follows"
}

// roomSentence is for a window that has changed.
func (e *Event) roomSentence() string {
	room := strings.TrimPrefix(e.room(), " and")
	if room == "" {
		room = " can take more"
	}
	switch {
	case e.WindowWas == 0:
		return fmt.Sprintf("The %s has room again: it%s.", e.From, room)
	case e.Window > e.WindowWas:
		return fmt.Sprintf("The %s has more room now: it%s.", e.From, room)
	case !e.ScaleKnown:
		return fmt.Sprintf("The %s has less room now than before.", e.From)
	}
	return fmt.Sprintf("The %s has less room now: it%s, and not %s as before.", e.From, room, count(uint64(e.WindowWas)))
}

func upperFirst(s string) string { return opened(s, true) }

// copyAnswers says what a copy shows of the round trip: that of the place where
// what it acknowledges was captured first.
func (e *Event) copyAnswers() string {
	if e.RTT <= 0 {
		return ""
	}
	return " What it answers was captured here " + duration(e.RTT) + " before: the whole way there and back."
}
