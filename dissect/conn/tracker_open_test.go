package conn

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// life is a connection from opening to end, as most are.
type life struct {
	client, server netip.AddrPort
	step           int
	seq            [2]uint32 // next of each end
	said           [2]uint32 // the ACK that each end sent last
	mute           bool      // it carries no data
}

func newLife(r *rand.Rand) *life {
	at := func(net uint32, port int) netip.AddrPort {
		if r.IntN(8) == 0 {
			return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 15: byte(net + r.Uint32N(2))}), uint16(port))
		}
		return v4(0x0a000000+net+r.Uint32N(2), uint16(port))
	}
	l := &life{mute: r.IntN(2) == 0, client: at(0, 40000+r.IntN(3)), server: at(8, 80+r.IntN(2))}
	if l.client.Addr().Is4() != l.server.Addr().Is4() {
		l.server = netip.AddrPortFrom(l.client.Addr(), l.server.Port())
	}
	l.seq = [2]uint32{[]uint32{7, 1<<32 - 1, 1<<31 - 2, 0}[r.IntN(4)], r.Uint32()}
	return l
}

// next makes the connection's next segment; ok is false where there is none.
func (l *life) next(r *rand.Rand, w *traffic) (p *dissect.Packet, ok bool) {
	segment := func(from int, f dissect.Flags, n int) *dissect.Packet {
		src, dst := l.client, l.server
		if from == 1 {
			src, dst = dst, src
		}
		ack := uint32(0)
		if f&dissect.ACK != 0 {
			if ack = l.seq[1-from]; f&dissect.FIN != 0 && l.said[from] != 0 && r.IntN(4) == 0 {
				ack = l.said[from] // the two FINs cross
			}
			l.said[from] = ack
		}
		after := time.Duration(r.IntN(4)) * 300 * time.Microsecond
		if r.IntN(12) == 0 {
			after = idleAfter
		}
		p := w.packet(src, dst, l.seq[from], ack, f, n, after)
		if src.Addr().Is6() {
			p.IP.Version, p.IP.ID = 6, 0
		}
		l.seq[from] += uint32(n)
		if f&(dissect.SYN|dissect.FIN) != 0 {
			l.seq[from]++
		}
		return p
	}
	from := r.IntN(2)
	l.step++
	switch {
	case l.step == 1:
		return segment(0, dissect.SYN, 0), true
	case l.step == 2 && r.IntN(6) == 0:
		l.step = 100
		return segment(1, dissect.RST|dissect.ACK, 0), true
	case l.step == 2:
		return segment(1, dissect.SYN|dissect.ACK, 0), true
	case l.step == 3:
		return segment(0, dissect.ACK, 0), true
	case l.step < 8 && r.IntN(3) > 0 && !l.mute:
		return segment(from, dissect.ACK, []int{0, 0, 2, 5, 1, 1460, 3000}[r.IntN(7)]), true
	case l.step < 9:
		l.step = 9
		n := []int{0, 0, 0, 1, 9}[r.IntN(5)]
		if l.mute {
			n = 0
		}
		return segment(from, dissect.FIN|dissect.ACK, n), true
	case l.step == 10 && r.IntN(8) == 0:
		l.step = 100
		return segment(from, dissect.RST|[]dissect.Flags{0, dissect.ACK}[r.IntN(2)], 0), true
	case l.step < 14:
		if l.said[0] == l.seq[1] { // the server's FIN may be acknowledged already
			from = 1
		} else if l.said[1] == l.seq[0] {
			from = 0
		}
		n := 0
		if !l.mute && r.IntN(4) == 0 { // half-closed
			n = 9
		}
		return segment(from, []dissect.Flags{dissect.ACK, dissect.ACK, dissect.FIN | dissect.ACK}[r.IntN(3)], n), true
	}
	return nil, false
}

// spoil makes a segment odd in one way.
func spoil(r *rand.Rand, p *dissect.Packet) {
	c := &p.TCP
	switch r.IntN(12) {
	case 0:
		c.Seq += dissect.Seq(r.IntN(5) - 2)
	case 1:
		c.Ack += dissect.Seq(r.IntN(5) - 2)
	case 2:
		c.Window = 0
	case 3:
		c.Flags ^= 1 << r.IntN(9)
	case 4:
		p.IP.Src, p.IP.Dst, c.SrcPort, c.DstPort = p.IP.Dst, p.IP.Src, c.DstPort, c.SrcPort
	case 5:
		p.Frame.Time -= capture.Stamp(5 * time.Millisecond)
	case 6:
		p.Frame.Time = capture.NoTime
	case 7:
		c.Len = r.IntN(4)
	case 8:
		c.Ack, c.Flags = 0, c.Flags&^dissect.ACK
	case 9:
		p.IP.Dst, c.DstPort = p.IP.Src, c.SrcPort
	}
}

// lives are packets of a few connections at once, some of them odd, lost, sent
// or captured twice, at once or after others.
func lives(r *rand.Rand, n, odd int) []dissect.Packet {
	w := newTraffic()
	all := make([]*life, 1+r.IntN(6))
	for i := range all {
		all[i] = newLife(r)
	}
	packets, frames := make([]dissect.Packet, 0, n), make([]capture.Frame, n)
	add := func(p dissect.Packet) {
		i := len(packets)
		frames[i] = *p.Frame
		frames[i].Number = int64(i + 1)
		p.Frame = &frames[i]
		p.TCP.Payload = make([]byte, max(0, p.TCP.Len))
		packets = append(packets, p)
	}
	direction := []capture.Direction{capture.DirectionUnknown, capture.DirectionIn, capture.DirectionOut}[r.IntN(3)]
	for len(packets) < n {
		l := &all[r.IntN(len(all))]
		p, ok := (*l).next(r, w)
		if !ok {
			*l = newLife(r)
			continue
		}
		p.TCP.Options = [][]byte{nil, {2, 4, 5, 180}, {3, 3, 7}, {2, 4, 5, 180, 1, 3, 3, 2}, {5, 2}, stamped(uint32(len(packets)), 7)}[r.IntN(6)]
		p.Frame.Direction = direction
		if direction != capture.DirectionUnknown && p.TCP.SrcPort < 1000 {
			p.Frame.Direction = capture.DirectionIn + capture.DirectionOut - direction
		}
		before := p.Frame.Time
		what := r.IntN(max(odd, 1) * 3)
		if odd > 0 && what == 0 {
			spoil(r, p)
		}
		if odd == 0 || what != 1 {
			add(*p)
		}
		for ; odd > 0 && what == 2 && len(packets) < n; what = r.IntN(5) {
			again := *p
			again.IP.ID += r.Uint32N(2)
			add(again)
		}
		if n := len(packets); odd > 0 && n > 0 && n < cap(packets) && r.IntN(odd*4) == 0 {
			late := packets[n-1-r.IntN(min(n, 6))]
			f := *late.Frame
			f.Time = p.Frame.Time
			late.Frame = &f
			late.IP.ID += r.Uint32N(2)
			add(late)
		}
		p.Frame.Time = before
	}
	return packets
}

func stamped(value, echo uint32) []byte {
	o := []byte{optionNop, optionNop, optionTimestamps, 10}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(o, value), echo)
}

// TestLivesShortCut holds that short cuts change nothing, from a connection's
// opening to its end, also for the segments that come after something odd.
func TestLivesShortCut(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 6))
		o := Options{Limits: Limits{Connections: 2 + r.IntN(8), Linger: []time.Duration{2 * time.Millisecond, 3 * time.Second}[r.IntN(2)], Kept: r.IntN(3) - 1},
			Verdicts: r.IntN(2) == 0, Live: r.IntN(2) == 0, Measures: r.IntN(2) == 0}
		sameLife(t, seed, o, lives(r, 20+r.IntN(80), r.IntN(9)))
	}
}

// sameLife holds that a tracker that takes no short cut, one that does, and one
// that fills tables say the same of packets.
func sameLife(t *testing.T, seed uint64, o Options, packets []dissect.Packet) {
	t.Helper()
	slow, fast := New(o), New(o)
	slow.plodding = true
	o.Quiet, o.Brief, o.NoSegments = true, true, true
	table := New(o)
	o.Measures = false
	plain, ledger := New(o), New(o)
	ledger.plodding = true
	same := func(n int, what, x, y string) {
		t.Helper()
		if x != y {
			t.Fatalf("seed %d, packet %d, %s:\n%s\nbut\n%s", seed, n, what, x, y)
		}
	}
	compare := func(i int, a, b, c, d, e []Event) {
		t.Helper()
		same(i, "rows", said(a, true, false), said(b, true, false))
		same(i, "tables", said(a, false, true), said(c, false, true))
		same(i, "short tables", said(d, false, true), said(e, false, true))
	}
	fast.ahead.from, plain.ahead.from = 0, 0
	var next, short Coming
	for i := range packets {
		if i%5 == 0 {
			few := packets[i:min(i+5, len(packets))]
			fast.Meet(few, &next)
			fast.Ahead(&next)
			plain.Meet(few, &short)
			plain.Ahead(&short)
		}
		p := &packets[i]
		compare(i, slow.Add(p), fast.Add(p), table.Add(p), ledger.Add(p), plain.Add(p))
	}
	compare(len(packets), slow.End(), fast.End(), table.End(), ledger.End(), plain.End())
}
