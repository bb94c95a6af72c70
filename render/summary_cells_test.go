package render

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// TestRowWithoutStrings holds that a row is the same by both ways.
func TestRowWithoutStrings(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, ascii := range []bool{false, true} {
		g := newGlyphs(ascii)
		for range 2000 {
			width := 60 + r.IntN(120)
			c := conn.Connection{Number: r.Int64N(1 << uint(1+r.IntN(40))), First: capture.Stamp(r.Int64() - r.Int64()), App: []string{"", "TLS", "\x1b[2J"}[r.IntN(3)],
				Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 2, byte(r.IntN(256))}), uint16(r.IntN(1<<r.IntN(17)))), IRTT: time.Duration(r.Int64N(1 << uint(1+r.IntN(40)))),
				Completeness: uint8(r.IntN(64)), Bytes: [2]uint64{r.Uint64N(1 << uint(1+r.IntN(50))), uint64(r.IntN(9))}, Retransmits: [2]uint64{r.Uint64N(1 << uint(1+r.IntN(20)))}}
			c.Last = c.First + capture.Stamp(r.Int64N(1<<uint(1+r.IntN(58))))
			if r.IntN(3) == 0 {
				c.Server = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 5: byte(r.IntN(256)), 9: 7, 15: 1}), 443)
			}
			if r.IntN(9) == 0 {
				c.First = capture.NoTime
			}
			c.Verdict = conn.Verdict{Outcome: []conn.Outcome{conn.OutcomeClosed, conn.OutcomeRefused, conn.OutcomeReset, "odd \x1b", "", "what became of it is too long "}[r.IntN(6)], HasBy: r.IntN(2) == 0}
			row := summaryRow(&c, &g)
			row[fileColumn] = "file.pcap"
			table := newPlainTable([][]string{row}, width, &g)
			table.reserve(width)
			if r.IntN(4) == 0 {
				table.widths[r.IntN(len(table.widths))] = 1 + r.IntN(12)
			}
			colour := []string{sgrViolet, ""}[r.IntN(2)]
			want, got := table.appendRow(nil, row, colour), table.appendConnection(nil, &c, "file.pcap", colour)
			if string(want) != string(got) {
				t.Fatalf("width %d:\n%q\n%q", width, want, got)
			}
		}
	}
}

func TestClock(t *testing.T) {
	for _, s := range []capture.Stamp{0, 1, -1, 1_700_000_000_123_456_789, -86_400_000_000_000, 86_399_999_999_999} {
		if got, want := string(appendClock(nil, s)), s.Time().Format("15:04:05.000"); got != want {
			t.Errorf("%d: %s, want %s", s, got, want)
		}
	}
}
