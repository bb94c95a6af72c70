package render

import (
	"strings"
	"testing"

	"tcpsee/dissect/conn"
)

// TestVerdictOnce: who retries where ICMP errors come gets another of them for
// each SYN, and one verdict; another outcome is told again.
func TestVerdictOnce(t *testing.T) {
	for _, later := range []conn.Outcome{conn.OutcomeUnreachable, conn.OutcomeNoAnswer} {
		s := unreachable()
		whole := s.events[len(s.events)-1]
		early, late := *whole.Connection, *whole.Connection
		told := whole
		told.Type, told.Connection = conn.TypeVerdict, &early
		late.Verdict.Text, late.Verdict.Evidence = "10.9.0.254 says so, 2 times.", []int64{1, 4}
		late.Verdict.Outcome = later
		whole.Connection = &late
		s.events = append(s.events[:len(s.events)-1], told, whole)
		got, want := strings.Count(timelineOf(t, s, Options{Width: 80}), "It means: "), 2
		if later == conn.OutcomeUnreachable {
			want = 1
		}
		if got != want {
			t.Errorf("%s after unreachable: told %d times, want %d", later, got, want)
		}
	}
}
