package conn

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// openings makes short exchanges among a few endpoints, most of which begin,
// refuse or repeat something, in any order.
func openings(r *rand.Rand, w *traffic) *dissect.Packet {
	at := func() netip.AddrPort { return v4(0x0a000001+uint32(r.IntN(2)), uint16(80+r.IntN(3))) }
	bits := []dissect.Flags{dissect.SYN, dissect.SYN, dissect.SYN, dissect.RST | dissect.ACK, dissect.RST | dissect.ACK, dissect.RST,
		dissect.SYN | dissect.ACK, dissect.ACK, dissect.FIN | dissect.ACK, dissect.SYN | dissect.ECE | dissect.CWR, 0}
	seqs := []uint32{0, 0, 6, 7, 7, 7, 8, 8, 1<<32 - 1}
	n := 0
	if r.IntN(9) == 0 {
		n = 1 + r.IntN(3)
	}
	src, dst, seq, ack, f := at(), at(), seqs[r.IntN(len(seqs))], seqs[r.IntN(len(seqs))], bits[r.IntN(len(bits))]
	if last := &w.p; r.IntN(2) == 0 && last.IP.Src.IsValid() { // an answer
		src, dst, ack = last.Dst(), last.Src(), uint32(last.TCP.Seq)+1
	}
	p := w.packet(src, dst, seq, ack, f, n, time.Duration(r.IntN(3))*700*time.Microsecond)
	p.TCP.Window = []uint16{0, 1024}[r.IntN(2)]
	p.TCP.Options = [][]byte{nil, {2, 4, 5, 180}, {3, 3, 7}, {34, 6, 1, 2, 3, 4}, {5, 2}}[r.IntN(5)]
	p.TCP.Payload = make([]byte, n)
	p.Frame.Direction = []capture.Direction{capture.DirectionUnknown, capture.DirectionIn, capture.DirectionOut}[r.IntN(3)]
	return p
}

// TestOpeningsShortCut holds that what is done at once for a SYN and its refusal
// is what all the rules do, also for the segments that follow, and that to look
// ahead changes nothing.
func TestOpeningsShortCut(t *testing.T) {
	parts := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		o := Options{Limits: Limits{Connections: 2 + r.IntN(8), Linger: time.Millisecond, Kept: r.IntN(3) - 1}, Verdicts: r.IntN(2) == 0, Split: r.IntN(4) == 0, Measures: r.IntN(2) == 0}
		slow, fast := New(o), New(o)
		slow.plodding = true
		o.Quiet, o.Brief, o.NoSegments = true, true, true
		table, parted := New(o), New(o)
		parted.Part(true)
		same := func(n int, a, b, c []Event) {
			t.Helper()
			if x, y := said(a, true, false), said(b, true, false); x != y {
				t.Fatalf("seed %d, packet %d:\n%s\nbut\n%s", seed, n, x, y)
			}
			if x, y := said(a, false, true), said(c, false, true); x != y {
				t.Fatalf("seed %d, packet %d, brief:\n%s\nbut\n%s", seed, n, x, y)
			}
		}
		fast.ahead.from = 0
		var next Coming
		w := newTraffic()
		n := 2 + r.IntN(40)
		packets, frames := make([]dissect.Packet, n), make([]capture.Frame, n)
		for i := range packets {
			packets[i] = *openings(r, w)
			frames[i] = *packets[i].Frame
			packets[i].Frame = &frames[i]
		}
		for i := range packets {
			if i%7 == 0 {
				fast.Meet(packets[i:min(i+7, n)], &next)
				fast.Ahead(&next)
			}
			p := &packets[i]
			same(i, slow.Add(p), fast.Add(p), table.Add(p))
			if x, y := said(table.events, true, true), said(joined(parted.Add(p), parted.Partings()), true, true); x != y {
				t.Fatalf("seed %d, packet %d, parted:\n%s\nbut\n%s", seed, i, x, y)
			}
			parts += len(parted.Partings())
		}
		same(n, slow.End(), fast.End(), table.End())
		for more := true; more; {
			_, more = parted.Rest(3)
			parts += len(parted.Partings())
		}
	}
	if parts == 0 {
		t.Error("no connection was given in place of an event")
	}
}

// joined puts the events of partings to where they belong.
func joined(events []Event, parts []Parting) (all []Event) {
	part := func() {
		e, c := new(Event), new(Connection)
		parts[0].Event(e, c)
		all, parts = append(all, *e), parts[1:]
	}
	for i := range events {
		for len(parts) > 0 && parts[0].Before == i {
			part()
		}
		all = append(all, events[i])
	}
	for len(parts) > 0 {
		part()
	}
	return all
}

// said is what events say: segments only where rows are wanted, and of a
// verdict as much as tables show where it is brief.
func said(events []Event, rows, brief bool) string {
	out := ""
	for i := range events {
		e := events[i]
		if e.Type == TypeSegment && !rows {
			continue
		}
		if brief && e.Connection != nil {
			c := *e.Connection
			v := c.Verdict
			c.Verdict = Verdict{Outcome: v.Outcome, Detail: v.Detail, By: v.By, HasBy: v.HasBy}
			c.App, e.Connection = "", &c
		}
		if brief {
			e.App = ""
		}
		out += fmt.Sprintln(shown(&e))
	}
	return out
}

// TestSlabGrows holds that records keep their place while there come to be many,
// and then more at a time.
func TestSlabGrows(t *testing.T) {
	var s slab[entry]
	const n = slabPage*slabMany*2 + 3
	all := make([]*entry, 0, n)
	for i := range n {
		number, e := s.take()
		if int(number) != i+1 {
			t.Fatalf("record %d has number %d", i+1, number)
		}
		e.lastFrame = number
		all = append(all, e)
	}
	for i, e := range all {
		if s.at(uint32(i)+1) != e || e.lastFrame != uint32(i)+1 {
			t.Fatalf("record %d is elsewhere", i+1)
		}
	}
}
