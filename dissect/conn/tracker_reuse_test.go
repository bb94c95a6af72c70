package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// reuse is a connection that the server closes first, and another one with the
// same ports right after it. Its last RST is Linux's where TIME-WAIT has no room.
func reuse(clientISS, serverISS uint32, end string) []string {
	var lines []string
	for _, iss := range [][2]uint32{{100_000, 200_000}, {clientISS, serverISS}} {
		c, s := iss[0], iss[1]
		lines = append(lines,
			fmt.Sprintf("> S #%d:#%d(0)", c, c),
			fmt.Sprintf("< S. #%d:#%d(0) ack #%d", s, s, c+1),
			fmt.Sprintf("> . #%d ack #%d", c+1, s+1),
			fmt.Sprintf("< F. #%d:#%d(0) ack #%d", s+1, s+1, c+1),
			fmt.Sprintf("> . #%d ack #%d", c+1, s+2),
			fmt.Sprintf("> F. #%d:#%d(0) ack #%d", c+1, c+1, s+2))
		if end == "RST" {
			lines = append(lines, fmt.Sprintf("< R #%d:#%d(0) win 0", s+2, s+2))
		} else {
			lines = append(lines, fmt.Sprintf("< . #%d ack #%d", s+2, c+2))
		}
	}
	return lines
}

// outcomesOf are the outcomes of a script's connections when they end, and those
// that were told before.
func outcomesOf(t *testing.T, lines []string) (ended, told []Outcome) {
	tr := New(Options{Verdicts: true})
	take := func(e *Event) {
		switch e.Type {
		case TypeEnd:
			ended = append(ended, e.Connection.Verdict.Outcome)
		case TypeVerdict:
			told = append(told, e.Connection.Verdict.Outcome)
		}
	}
	var d dissect.Decoder
	var p dissect.Packet
	for _, f := range segtest.MustFrames(t, "0 "+strings.Join(lines, "\n+.00002 ")) {
		d.Decode(&f, &p)
		events := tr.Add(&p)
		for i := range events {
			take(&events[i])
		}
	}
	for e := range tr.Left() {
		take(e)
	}
	return ended, told
}

// later moves line i of some back by n.
func later(lines []string, i, n int) []string {
	out := slices.Delete(slices.Clone(lines), i, i+1)
	return slices.Insert(out, i+n, lines[i])
}

// TestExchangedPacketsOfClosing holds that a connection that both ends close is
// no reset one, in whatever order neighbouring packets were captured.
func TestExchangedPacketsOfClosing(t *testing.T) {
	for _, iss := range [][2]uint32{{101_562, 201_562}, {100_001, 265_538}, {4_000_000_000, 4_000_000_000}, {100, 4_000_000_000}} {
		for _, end := range []string{"RST", "ACK"} {
			lines := reuse(iss[0], iss[1], end)
			half := len(lines) / 2
			for i := range lines {
				for n := 0; n <= 4 && i+n < len(lines); n++ {
					for j := range len(lines) - 1 {
						order := later(later(lines, i, n), j, 1)
						next := slices.Index(order, lines[half])
						if before := func(i int) bool { return slices.Index(order, lines[i]) < next }; !before(3) || !before(5) || before(half+3) || before(half+5) {
							continue // a FIN is taken for one of the other connection
						}
						if ended, _ := outcomesOf(t, order); slices.Contains(ended, OutcomeReset) {
							t.Errorf("%v of\n%s", ended, strings.Join(order, "\n"))
						}
					}
				}
			}
		}
	}
}

// TestOlderSegmentAfterSYN holds that what the connection before has sent, and
// was late, does nothing to the one that waits for its SYN-ACK.
func TestOlderSegmentAfterSYN(t *testing.T) {
	for _, iss := range [][2]uint32{{101_562, 201_562}, {3_000_000_000, 3_000_000_000}} {
		lines := reuse(iss[0], iss[1], "RST")
		order := later(later(lines, 5, 2), 5, 2) // the last FIN and its RST between SYN and SYN-ACK
		if ended, told := outcomesOf(t, order); !slices.Equal(ended, []Outcome{OutcomeHalfClosed, OutcomeClosed}) || slices.Contains(told, OutcomeReset) {
			t.Errorf("%v, told before: %v, of\n%s", ended, told, strings.Join(order, "\n"))
		}
	}
}
