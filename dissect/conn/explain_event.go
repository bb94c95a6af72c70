package conn

import (
	"fmt"
	"strings"

	"tcpsee/dissect"
)

// Sentence says in one or two sentences what a segment tells, from the numbers
// at hand: "The server has everything before byte 7 and can take 65,483 more."
// It is "" for events that are no segments.
func (e *Event) Sentence() string {
	if e.Type != TypeSegment {
		return ""
	}
	if s := e.labelSentence(); s != "" {
		return s
	}
	switch e.Kind {
	case KindSYN:
		return e.synSentence()
	case KindSYNACK:
		return fmt.Sprintf("The %s agrees, and begins to count at its own number; byte %d of the %s is what it expects first.", e.From, e.Ack, e.From.Other())
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

func (e *Event) rstSentence() string {
	if e.Labels.Has(Refused) {
		return fmt.Sprintf("The %s refuses: nobody listens on port %d, or a firewall says so.", e.From, e.Server.Port())
	}
	return fmt.Sprintf("The %s breaks the connection off: both ends forget it at once.", e.From)
}

func (e *Event) finSentence() string {
	s := fmt.Sprintf("The %s has no more to send", e.From)
	if n := e.payload(); n > 0 {
		s = fmt.Sprintf("The %s sends its last %s", e.From, bytesCount(uint64(n)))
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

// labelSentence explains what a label says, where that matters more than the
// kind. The first that fits is told.
func (e *Event) labelSentence() string {
	from, to := e.From.String(), e.From.Other().String()
	has := e.Labels.Has
	switch {
	case has(DuplicateCapture):
		return "The same packet as before, captured twice: it was sent once."
	case has(SpuriousRetransmission):
		return fmt.Sprintf("The %s sends again what the %s has acknowledged already: that ACK was late or lost.", from, to)
	case has(FastRetransmission):
		return fmt.Sprintf("The %s sends byte %s and what follows again at once: repeated ACKs said that it is missing.", from, count(uint64(e.Seq)))
	case has(Retransmission) && (e.Kind == KindSYN || e.Kind == KindSYNACK):
		return fmt.Sprintf("The %s sends its %s again, for nothing came back.", from, e.Kind)
	case has(Retransmission):
		return fmt.Sprintf("The %s sends byte %s and what follows again, for no ACK came in time.", from, count(uint64(e.Seq)))
	case has(OutOfOrder):
		return fmt.Sprintf("Byte %s and what follows arrives late: a later segment has overtaken it.", count(uint64(e.Seq)))
	case has(LostSegment):
		return fmt.Sprintf("Bytes of the %s before %s are not in the capture.", from, count(uint64(e.Seq)))
	case has(AckLostSegment):
		return fmt.Sprintf("The %s has %s, more than this capture has seen.", from, e.before())
	case has(ZeroWindowProbe):
		return fmt.Sprintf("The %s asks whether the %s has room again.", from, to)
	case has(ZeroWindowProbeAck):
		return fmt.Sprintf("The %s still has no room.", from)
	case has(ZeroWindow):
		return fmt.Sprintf("The %s has %s and no room for more: its program does not read. The %s must wait.", from, e.before(), to)
	case has(WindowUpdate):
		return fmt.Sprintf("The %s has room again: it%s.", from, strings.TrimPrefix(e.roomSentence(), " and"))
	case has(KeepAlive):
		return fmt.Sprintf("The %s asks whether the %s is still there.", from, to)
	case has(KeepAliveAck):
		return fmt.Sprintf("The %s is still there.", from)
	case has(ChallengeAck):
		return fmt.Sprintf("The %s doubts what came, and repeats what it believes.", from)
	case has(DupAck):
		return fmt.Sprintf("The %s still waits for byte %s: something later has come (repeat %d).", from, count(uint64(e.Ack)), e.DupAckNum)
	case has(WindowFull):
		return e.dataSentence() + fmt.Sprintf(" With that the %s's window is full.", to)
	}
	return ""
}

// roomSentence is room for a window that has opened.
func (e *Event) roomSentence() string {
	if s := e.room(); s != "" {
		return s
	}
	return " can take more"
}

func upperFirst(s string) string { return opened(s, true) }
