package conn

import (
	"sort"
	"time"

	"tcpsee/dissect"
)

// isPieces reports whether the segment carries what another place of its path
// has shown in segments of another size, a moment ago: the system, or a network
// card, cuts large segments and puts small ones together between the two
// (segmentation offload). What is cut so keeps its timestamps and its ACK; what
// is sent again goes the same way, or is of another tick.
func (s *segment) isPieces() bool {
	e, o := s.e, s.outstanding()
	if s.len == 0 || o == nil || s.flags&(dissect.SYN|dissect.RST) != 0 || !e.flags.of(flagKnown0, s.from) || s.ack != e.ack[s.from] ||
		int32(s.seq-e.next[s.from]) >= 0 {
		return false
	}
	stamp, _, ok := timestamps(s.p.TCP.Options)
	if !ok {
		return false
	}
	items := o.list[s.from].live()
	items = items[sort.Search(len(items), func(i int) bool { return after(items[i].end, s.seq) }):]
	at, longest := s.seq, s.len
	for i := range items {
		x := &items[i]
		ago := s.now - x.at
		if after(x.seq, at) || x.again || !x.stamped || x.stamp != stamp || (x.point^s.point)&pointPlace == 0 || ago < 0 || ago > int64(twinWithin) {
			return false
		}
		if at, longest = x.end, max(longest, int(x.end-x.seq)); !after(s.end, at) {
			s.first, s.copied = x.point, time.Duration(ago)
			s.recut = (i > 0 || s.end-s.seq != x.end-x.seq) && longest > e.wireMSS(s.to)
			return s.recut
		}
	}
	return false
}

// wireMSS is how much payload a segment towards direction d's end may have.
func (e *entry) wireMSS(d int) int {
	if mss := e.mss[d]; mss != 0 {
		return mss.bytes()
	}
	return ethernetMSS
}
