package conn

import (
	"cmp"
	"slices"
	"time"

	"tcpsee/dissect"
)

// Wait is what a connection waited for between two of its segments, as the
// second one shows. To wait for an end is to wait for its program, for its
// system or for the way there and back: which of them, Wait tells as far as a
// capture does.
type Wait uint8

// The waits, each for one end.
const (
	WaitNone   Wait = iota
	WaitAnswer      // its data, after the other end's: the way, and its program
	WaitFirst       // its data, the first on the connection: its program had nothing to say yet
	WaitMore        // its data, after its own: its program had no more to say yet
	WaitClose       // its FIN or RST, with nothing else
	WaitWindow      // room in its receive window, which was full or closed: its program has to read
	WaitResend      // its second sending of what was lost, or seemed to be (RFC 6298)
	WaitACK         // its ACK: the way, and how long it held the ACK back (RFC 9293, section 3.8.6.3)
	waitCount
)

var waitNames = [waitCount]string{"", "answer", "first", "more", "close", "window", "resend", "ack"}

// String returns the name that machines read: "answer", "first", "more",
// "close", "window", "resend", "ack"; "" for WaitNone.
func (w Wait) String() string { return waitNames[w] }

// What says in words for what of an end it was waited: "the server's answer".
func (w Wait) What(s Side) string {
	end := "the " + s.String()
	switch w {
	case WaitAnswer:
		return end + "'s answer"
	case WaitFirst:
		return end + "'s first words"
	case WaitMore:
		return "more from " + end
	case WaitClose:
		return end + "'s close"
	case WaitWindow:
		return "room in " + end + "'s window"
	case WaitResend:
		return end + "'s second try"
	case WaitACK:
		return end + "'s ACK"
	}
	return ""
}

// Waited is how long a connection waited for one thing, all in all.
type Waited struct {
	Wait Wait
	For  Side
	Time time.Duration
}

// mostWaits is how many there may be of one connection.
const mostWaits = 2 * int(waitCount)

// Longest lists what was waited for, the longest first, in the room of list.
func (m *Measures) Longest(list []Waited) []Waited {
	list = list[:0]
	for w := range m.Waits {
		for s, d := range m.Waits[w] {
			if d > 0 {
				list = append(list, Waited{Wait(w), Side(s), d})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Waited) int { return cmp.Compare(b.Time, a.Time) })
	return list
}

// pauses are a gauge's: how long it was waited, and what it takes to tell for what.
// Arrays are by direction.
type pauses struct {
	spent [waitCount][2]clock48 // durations; of WaitNone nothing
	spoke uint8                 // who sent data last: its direction plus one, 0 is nobody yet
	tight [2]bool               // the receive window is full or closed
}

// add takes a wait.
func (x *pauses) add(w Wait, d int, t int64) {
	if w != WaitNone && t > 0 {
		x.spent[w][d] = durationOf(x.spent[w][d].bits() + t)
	}
}

// ends tells what it was waited for until a segment came, and from which
// direction.
func (x *pauses) ends(s *segment) (w Wait, d int) {
	d = s.from
	switch {
	case s.labels&(1<<DuplicateCapture|1<<OutsideWindow) != 0:
		return WaitNone, d
	case s.resent():
		return WaitResend, d
	case s.labels&(1<<KeepAlive|1<<KeepAliveAck) != 0:
		return WaitNone, d
	case x.tight[d] && s.len == 0 && s.flags&(dissect.FIN|dissect.RST) == 0:
		return WaitWindow, d
	case x.tight[s.to] && (s.len > 0 || s.labels.Has(ZeroWindowProbe)):
		return WaitWindow, s.to
	case s.len > 0 && x.spoke == uint8(s.to)+1:
		return WaitAnswer, d
	case s.len > 0 && x.spoke == 0:
		return WaitFirst, d
	case s.len > 0:
		return WaitMore, d
	case s.flags&(dissect.FIN|dissect.RST) != 0:
		return WaitClose, d
	}
	return WaitACK, d
}

// heard takes what a segment changes for those that follow.
func (x *pauses) heard(s *segment) {
	if s.labels.Has(DuplicateCapture) || s.labels.Has(OutsideWindow) {
		return
	}
	if s.len > 0 && s.labels&(1<<KeepAlive|1<<ZeroWindowProbe) == 0 {
		x.spoke = uint8(s.from) + 1
	}
	if s.flags&(dissect.SYN|dissect.RST) == 0 {
		x.tight[s.from] = s.win == 0
	}
	if s.labels.Has(WindowFull) {
		x.tight[s.to] = true
	}
}
