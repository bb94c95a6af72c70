package conn

import (
	"math"
	"slices"

	"tcpsee/dissect"
)

// Limits of the holes that are remembered: sequence numbers that were passed
// over, and may come yet.
const (
	maxHoles      = 256     // of one direction; for one more the oldest is forgotten
	maxHolesTotal = 1 << 18 // of all connections: 3 MiB
	keepHoles     = 32      // that a recycled list keeps room for
	maxHoleAge    = 1 << 30 // bytes sent since, after which a hole is forgotten: its numbers come around again
)

// holes are what both directions of a connection have passed over. A connection
// has them only while there are some.
type holes struct {
	list [2][]hole
}

// hole is a stretch of sequence numbers that was not seen.
type hole struct {
	start, end uint32
	at         uint32 // KiB that its direction had sent when it was made
}

// What a ledger's marks say, by direction.
const (
	markLowest0 uint8 = 1 << 0 // lowest is known
	markProbed0 uint8 = 1 << 2 // a zero-window probe carried the byte before probed
	markFin0    uint8 = 1 << 4 // finEnd is known
	markEqual   uint8 = 1 << 6 // not by direction: equal packets are sent again and again
)

// unseenBefore finds out how much of a segment was sent for the first time, and
// adds the rest to what is repeated; seenAll says that this is all. It is called
// before next moves, for segments that are not the next one, and for a
// zero-window probe, which does not move it: of all others each byte is new.
//
// Bytes count once for each sequence number. That is approximate where more is
// passed over than maxHoles stretches or than maxHolesTotal of all connections
// (what fills a forgotten one counts as repeated), and where a SYN begins anew
// beyond a gap.
func (t *Tracker) unseenBefore(s *segment, probe bool) {
	e, b, d := s.e, s.b, s.from
	if !e.flags.of(flagKnown0, d) {
		if s.flags&dissect.SYN == 0 && s.seq != e.base[d]+1 { // base is from an ACK that came before
			l := t.ledger(b)
			l.lowest[d], l.marks = s.seq, l.marks|markLowest0<<d
		}
		return
	}
	if s.flags.Has(dissect.SYN|dissect.ACK) && s.shape&behindNext != 0 && s.seq == e.base[d] && b.bytes[d].get() == 0 {
		t.passed(t.ledger(b), s, s.seq+1, e.next[d]) // its numbers count anew, from below (see setBases)
		return
	}
	if s.len == 0 && s.shape&beyondNext == 0 {
		return
	}
	l, next := t.ledger(b), e.next[d]
	if probe {
		// It is new, once: when the next segment takes up behind it, or the
		// connection ends so. What takes up before it sends it again.
		l.probed[d], l.marks = s.end, l.marks|markProbed0<<d
		l.repeated[d] += uint64(s.len)
		return
	}
	start := s.seq
	if s.flags&dissect.SYN != 0 {
		start++
	}
	from := int64(int32(start - next)) // 0 is next
	to := from + int64(s.len)
	fresh := max(to, 0) - max(from, 0)
	if from < 0 {
		fresh += t.below(l, s, from, min(to, 0))
	}
	if from > 0 {
		if l.probedAt(d, next) {
			l.marks &^= markProbed0 << d
			l.repeated[d]--
			next++
		}
		t.passed(l, s, next, s.seq)
	}
	l.repeated[d] += uint64(int64(s.len) - fresh)
	s.seenAll = s.len > 0 && fresh == 0
}

// probedAt reports whether a zero-window probe carried the byte at next, and
// nothing else did.
func (l *ledger) probedAt(d int, next uint32) bool {
	return l.marks&(markProbed0<<d) != 0 && l.probed[d] == next+1
}

// below returns how much of what lies between two distances to next, which are
// not above 0, was not seen before: what fills holes, and what comes before the
// first byte of a capture that began late.
func (t *Tracker) below(l *ledger, s *segment, from, to int64) (fresh int64) {
	e, d := s.e, s.from
	next, first := e.next[d], e.base[d]+1
	lowest := first
	if l.marks&(markLowest0<<d) != 0 {
		lowest = l.lowest[d]
	}
	low := int64(int32(lowest - next))
	sent := s.b.bytes[d].get()
	if from == math.MinInt32 {
		return to - from // as far ahead as behind: it is not of this stream
	}
	if sent >= maxHoleAge || low > 0 {
		low = from // so much was sent since: what is older was seen as well
	} else if e.flags.of(flagSyn0, d) {
		from = max(from, int64(int32(first-next))) // nothing comes before the SYN
	}
	if from < low && from < to {
		fresh = min(to, low) - from
		at := next + uint32(from)
		l.lowest[d], l.marks = at, l.marks|markLowest0<<d
		if to < low {
			t.passed(l, s, next+uint32(to), lowest)
		}
		from = low
	}
	if l.holes == 0 || from >= to {
		return fresh
	}
	h := t.holes[l.holes-1]
	before := len(h.list[d])
	fresh += h.fill(d, next+uint32(from), next+uint32(to), uint32(sent>>10))
	t.passing += len(h.list[d]) - before
	if len(h.list[0])+len(h.list[1]) == 0 {
		t.dropHoles(l)
	}
	return fresh
}

// fill takes what lies from one number to another out of a direction's holes,
// and returns how much that was. now is the KiB sent.
func (h *holes) fill(d int, from, to, now uint32) (filled int64) {
	list := h.list[d]
	for i := 0; i < len(list); i++ {
		g := &list[i]
		if now-g.at > maxHoleAge>>10 {
			list = slices.Delete(list, i, i+1)
			i--
			continue
		}
		a, z := g.start, g.end
		if after(from, a) {
			a = from
		}
		if after(z, to) {
			z = to
		}
		if !after(z, a) {
			continue
		}
		filled += int64(z - a)
		left, right := g.start != a, g.end != z
		switch {
		case left && right:
			rest := hole{z, g.end, g.at}
			g.end = a
			if len(list) < maxHoles {
				list = slices.Insert(list, i+1, rest)
			}
			i++
		case left:
			g.end = a
		case right:
			g.start = z
		default:
			list = slices.Delete(list, i, i+1)
			i--
		}
	}
	h.list[d] = list
	return filled
}

// passed remembers a hole in what the segment's sender has sent.
func (t *Tracker) passed(l *ledger, s *segment, start, end uint32) {
	if !after(end, start) {
		return
	}
	if l.holes == 0 {
		if t.passing >= maxHolesTotal {
			return
		}
		if n := len(t.noHoles); n > 0 {
			l.holes, t.noHoles = t.noHoles[n-1], t.noHoles[:n-1]
		} else {
			t.holes = append(t.holes, new(holes))
			l.holes = uint32(len(t.holes))
		}
	}
	list := &t.holes[l.holes-1].list[s.from]
	if n := len(*list); n >= maxHoles || n > 0 && t.passing >= maxHolesTotal {
		*list = slices.Delete(*list, 0, 1)
		t.passing--
	}
	if t.passing >= maxHolesTotal {
		return
	}
	*list = append(*list, hole{start, end, uint32(s.b.bytes[s.from].get() >> 10)})
	t.passing++
}

// startOver forgets a direction's holes, whose numbers do not count any more.
func (t *Tracker) startOver(b *body, d int) {
	if b.ledger == 0 || t.ledgers.at(b.ledger).holes == 0 {
		return
	}
	l := t.ledgers.at(b.ledger)
	h := t.holes[l.holes-1]
	t.passing -= len(h.list[d])
	h.list[d] = h.list[d][:0]
	if len(h.list[1-d]) == 0 {
		t.dropHoles(l)
	}
}

// dropHoles recycles what held a connection's holes.
func (t *Tracker) dropHoles(l *ledger) {
	if l.holes == 0 {
		return
	}
	h := t.holes[l.holes-1]
	for d := range h.list {
		t.passing -= len(h.list[d])
		h.list[d] = h.list[d][:0]
		if cap(h.list[d]) > keepHoles {
			h.list[d] = nil
		}
	}
	t.noHoles = append(t.noHoles, l.holes)
	l.holes = 0
}

// unique returns the bytes of payload that direction d has sent, each once.
func (t *Tracker) unique(e *entry, b *body, d int) uint64 {
	n := b.bytes[d].get()
	if b.ledger == 0 {
		return n
	}
	l := t.ledgers.at(b.ledger)
	again := l.repeated[d]
	if e.flags.of(flagKnown0, d) && l.probedAt(d, e.next[d]) {
		again--
	}
	return n - min(again, n)
}
