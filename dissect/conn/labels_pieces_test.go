package conn

import (
	"slices"
	"strings"
	"testing"

	"tcpsee/dissect/segtest"
)

// TestPieces has bytes in one segment at one place, and in several at another.
func TestPieces(t *testing.T) {
	const (
		open   = "0 > S 0:0(0) <mss 1460>\n.001 < S. 0:0(0) ack 1 <mss 1460>\n.002 > . ack 1\n"
		whole  = "< . 1:4345(4344) ack 1 <nop,nop,TS val 7 ecr 1>\n"
		pieces = "< . 1:1449(1448) ack 1 <nop,nop,TS val 7 ecr 1>\n< . 1449:2897(1448) ack 1 <nop,nop,TS val 7 ecr 1>\n< . 2897:4345(1448) ack 1 <nop,nop,TS val 7 ecr 1>\n"
		acked  = "> . 1 ack 4345\n"
	)
	copies := func(n int, first string) []string {
		return append([]string{first}, slices.Repeat([]string{"duplicate-capture"}, n)...)
	}
	later := strings.ReplaceAll(pieces, "val 7", "val 8")
	tests := []struct {
		name, before, behind string // captured at one place, and then at another
		want                 []string
	}{
		{"whole, then pieces", whole, pieces, copies(3, "offloaded")},
		{"pieces, then whole", pieces, whole, []string{"", "", "", "duplicate-capture"}},
		{"pieces of a later tick", whole, later, []string{"offloaded", "out-of-order", "retransmission", "retransmission"}},
		{"pieces of the size of the whole", "< . 1:1449(1448) ack 1 <nop,nop,TS val 7 ecr 1>\n", "< . 1:1001(1000) ack 1 <nop,nop,TS val 7 ecr 1>\n", []string{"", "out-of-order"}},
	}
	for _, tt := range tests {
		var all []sight
		frames := segtest.MustFrames(t, open+tt.before+tt.behind+acked)
		n := strings.Count(open, "\n")
		for i, f := range frames {
			if i >= n+strings.Count(tt.before, "\n") && i < len(frames)-1 {
				f.Interface = 1
			}
			f.Number = int64(i + 1)
			all = append(all, sight{frame: f})
		}
		for _, elsewhere := range []bool{true, false} {
			var got []string
			for i, e := range eventsOf(t, all, Options{}) {
				if i < n || i >= len(frames)-1 {
					continue
				}
				var l []string
				if e.Recut != e.Labels.Has(DuplicateCapture) {
					t.Errorf("%s: frame %d is called recut: %v", tt.name, e.Frame, e.Recut)
				}
				e.Labels.Each(func(x Label) { l = append(l, x.String()) })
				got = append(got, strings.Join(l, " "))
			}
			switch {
			case elsewhere && !slices.Equal(got, tt.want):
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			case !elsewhere && slices.Contains(got, "duplicate-capture"):
				t.Errorf("%s, at one place: %q", tt.name, got)
			}
			for i := range all { // now at one place, where it was sent again
				all[i].frame.Interface = 0
			}
		}
	}
}
