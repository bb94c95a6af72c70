package dissect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tcpsee/capture"
)

// plainJoin says what becomes of fragments, byte by byte: of IPv4 the one that
// begins first is believed, of IPv6 an overlap discards all but a fragment that
// came before.
func plainJoin(version uint8, fragments []Fragment) (whole []byte, n int) {
	total := -1
	for n = range fragments {
		f := fragments[n]
		end := f.Offset + f.Len
		if version == 6 {
			if slices.ContainsFunc(fragments[:n], func(g Fragment) bool { return g.Offset == f.Offset && g.Len == f.Len }) {
				if total < 0 || end <= total {
					continue
				}
			}
			for _, g := range fragments[:n] {
				if f.Offset < g.Offset+g.Len && g.Offset < end || !f.More && g.Offset > f.Offset {
					return nil, n
				}
			}
			if total >= 0 && end > total {
				return nil, n
			}
		}
		if !f.More && total < 0 {
			total = end
		}
		if total < 0 {
			continue
		}
		order := slices.Clone(fragments[:n+1])
		slices.SortStableFunc(order, func(a, b Fragment) int { return a.Offset - b.Offset })
		whole = whole[:0]
		for _, g := range order {
			if g.Offset <= len(whole) && g.Offset+g.Len > len(whole) {
				whole = append(whole, g.Data[len(whole)-g.Offset:]...)
			}
		}
		if len(whole) >= total {
			return whole[:total], n
		}
	}
	return nil, n
}

// TestFragmentsAlike holds that fragments in any order, with gaps, overlaps and
// lengths that no fragment may have, become what plainJoin makes of them.
func TestFragmentsAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	joined := 0
	for round := range 4000 {
		version := uint8(4 + 2*r.IntN(2))
		var fragments []Fragment
		units := 2 + r.IntN(200)
		for at := 0; at < units; {
			n := 1 + r.IntN(90)
			f := Fragment{Offset: at * 8, Len: n * 8, More: at+n < units, Protocol: protoUDP}
			switch r.IntN(12) {
			case 0:
				f.Len -= r.IntN(8)
			case 1:
				f.Len += 8 * r.IntN(3)
			case 2:
				f.More = !f.More
			case 3:
				fragments = append(fragments, f)
			}
			fragments = append(fragments, f)
			at += n
		}
		r.Shuffle(len(fragments), func(i, k int) { fragments[i], fragments[k] = fragments[k], fragments[i] })
		for i := range fragments {
			f := &fragments[i]
			f.Data = make([]byte, f.Len)
			for k := range f.Data {
				f.Data[k] = byte(r.Uint32())
			}
		}
		want, last := plainJoin(version, fragments)
		var j Joiner
		var got []byte
		for i := range fragments[:last+1] {
			p := Packet{Frame: &capture.Frame{Number: int64(i + 1)}, Content: ContentFragment, Fragment: fragments[i]}
			p.IP.Version = version
			if g := j.add(&p); g != nil {
				j.assemble(g)
				got = j.out
				if i != last {
					t.Fatalf("round %d: complete with fragment %d of %d", round, i, last)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d, IPv%d: %d bytes, want %d; %v", round, version, len(got), len(want), fragments)
		}
		if want != nil {
			joined++
		}
	}
	if joined < 500 {
		t.Errorf("only %d were complete", joined)
	}
}

// TestFragmentsAreNotMoved holds that a fragment costs the same wherever it
// lies: those that are there stay in their places until all have come.
func TestFragmentsAreNotMoved(t *testing.T) {
	var j Joiner
	p := Packet{Frame: &capture.Frame{}}
	p.IP.Version = 4
	for at := MaxFragments - 2; at > 0; at-- {
		p.Content, p.Fragment = ContentFragment, Fragment{Offset: at * 8, Len: 8, More: at < MaxFragments-2, Data: make([]byte, 8)}
		if j.add(&p) != nil {
			t.Fatalf("complete with fragment %d", at)
		}
	}
	g := j.first
	if first, last := g.parts[0].offset, g.parts[len(g.parts)-1].offset; first != (MaxFragments-2)*8 || last != 8 {
		t.Errorf("they lie from %d to %d", first, last)
	}
	p.Fragment = Fragment{Len: 8, More: true, Data: make([]byte, 8)}
	if j.add(&p) != g {
		t.Error("not complete")
	}
}
