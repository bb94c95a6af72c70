package dissect

import (
	"cmp"
	"io"
	"net/netip"
	"slices"
	"time"

	"tcpsee/capture"
)

// The limits of a Joiner. What goes over one is discarded, oldest first, and
// counted in JoinStats.
const (
	MaxDatagrams     = 4096             // datagrams of which fragments are kept
	MaxFragmentBytes = 8 << 20          // bytes kept of all fragments together
	MaxDatagramBytes = 65535            // payload of one datagram (RFC 791, section 3.1)
	MaxFragments     = 8192             // fragments of one datagram: 64 KiB in pieces of 8
	FragmentTimeout  = 60 * time.Second // capture time from the first fragment seen (RFC 8200, section 4.5)

	// MaxExpanded is how many bytes compressed datagrams may expand to before
	// they may expand to no more than maxInflation times their size, all
	// together. Real ones reach a tenth of that.
	MaxExpanded = 64 << 20

	maxInflation = 32

	maxNested = 8  // fragments in datagrams that were themselves put together
	maxSpare  = 16 // datagrams whose memory is used again
)

// JoinStats counts what became of fragmented datagrams.
type JoinStats struct {
	Joined      uint64 // put together
	TimedOut    uint64 // never complete within FragmentTimeout
	Evicted     uint64 // discarded for MaxDatagrams or MaxFragmentBytes
	Overlapping uint64 // discarded: IPv6 fragments that overlap (RFC 5722)
	Oversized   uint64 // discarded for MaxDatagramBytes, MaxFragments or MaxExpanded

	TCP DiscardedFragments
}

// DiscardedFragments counts the fragments of TCP segments among those that
// were discarded, by the reasons of JoinStats.
type DiscardedFragments struct {
	TimedOut, Evicted, Overlapping, Oversized int64
	Cut                                       int64 // not captured whole
}

// Joiner puts fragmented IPv4 and IPv6 datagrams together (RFC 791, section
// 3.2; RFC 8200, section 4.5). The zero value is ready. It is not safe for
// concurrent use.
//
// Overlapping IPv6 fragments discard their datagram, as RFC 5722 demands;
// exact duplicates are passed over. Of overlapping IPv4 fragments the one that
// begins first in the datagram is believed, as Wireshark does, which is one of
// the orders that RFC 815, section 3, leaves open.
type Joiner struct {
	held        map[datagramKey]*datagram
	first, last *datagram // in the order of their first fragments
	bytes       int
	spare       []*datagram
	out         []byte
	frames      []int64
	stats       JoinStats
	links       vjLinks
	expander    io.ReadCloser // nil before the first compressed datagram
	expanded    int64         // bytes that compressed datagrams have become
	compressed  int64         // bytes that they were
}

// datagramKey is what makes fragments belong together: RFC 791's four values.
// The VLAN counts for IPv4 alone, and the file where there are several. For
// fragments of 802.11 frames and of batman-adv they are the hardware addresses
// and the sequence number, for those of CAPWAP the addresses, both ports and the identifier, and for those of a multilink the direction and the number of the
// fragment that is awaited.
type datagramKey struct {
	src, dst netip.Addr
	id       uint32
	file     int32
	vlan     uint16
	version  uint8
	protocol uint8
}

// Versions of keys of what is no IP.
const (
	keyWLAN = iota
	keyMultilink
	keyBATMAN
	keyCAPWAP // from here on fragments are placed as IP's are, before they are numbered
)

// part is one fragment of a datagram.
type part struct {
	offset, length int // in numbers, not bytes, for pieces of a link's frame
	at, size       int // in the datagram's buf
}

type datagram struct {
	key        datagramKey
	begun      capture.Stamp
	parts      []part      // by arrival, until it is complete
	buf        []byte      // payloads of all parts in the order of arrival
	whole      slots       // that parts fill
	touched    slots       // of IPv6, that parts have something of
	full       int         // words of whole that have no gap, from the first
	highest    int         // offset of a part
	lengths    map[int]int // by offset, of IPv6; nil before a fragment lies where another does
	frames     []int64
	total      int    // payload of the whole; -1 until the last fragment is there
	protocol   uint8  // as the first fragment says
	dead       bool   // discarded: its later fragments are too
	tcp        int    // fragments of TCP segments among those that came
	counted    *int64 // where a dead one counts them
	prev, next *datagram
}

// Stats returns what became of the datagrams so far.
func (j *Joiner) Stats() JoinStats { return j.stats }

// Held returns how many datagrams are incomplete.
func (j *Joiner) Held() int { return len(j.held) }

// Join takes a packet with ContentFragment or ContentPiece and keeps a copy of
// the fragment. If that completes its datagram, Join decodes the datagram into
// p, sets p.Joined and p.Fragments, and returns true; both belong to the Joiner
// and are valid until the next call. Else it returns false; p then says
// ContentFragment as before, or ContentOther. Of a compressed datagram it does
// the same at once, without p.Fragments. Packets with other contents are left
// alone.
func (j *Joiner) Join(p *Packet, d *Decoder) bool {
	if p.Content != ContentFragment && p.Content != ContentPiece {
		return false
	}
	j.out, j.frames = j.out[:0], append(j.frames[:0], p.Frame.Number)
	for n := 0; p.Content == ContentFragment || p.Content == ContentPiece; n++ {
		if n == maxNested {
			return false
		}
		if p.Content == ContentPiece {
			if !j.unpack(p) {
				return false
			}
			continue
		}
		g := j.add(p)
		if g == nil {
			return false
		}
		base := len(j.out)
		j.assemble(g)
		protocol := g.protocol
		j.release(g)
		j.stats.Joined++
		p.Joined, p.Fragments, p.extra = j.out, j.frames, true
		p.Content, p.Fragment = ContentOther, Fragment{}
		p.IP.Total = int(p.IP.Header) + len(j.out) - base
		c := cursor{p: p, buf: j.out, off: base, end: len(j.out), wire: len(j.out), arg: uint16(protocol), joined: true, hasIP: true}
		c.run(stepProtocol)
	}
	return true
}

// add keeps the fragment of p and returns its datagram if that is complete.
func (j *Joiner) add(p *Packet) *datagram {
	f := &p.Fragment
	tcp := 0
	if p.Content == ContentFragment && f.Protocol == protoTCP {
		tcp = 1
	}
	if f.Len == 0 || len(f.Data) < f.Len {
		j.stats.TCP.Cut += int64(tcp)
		return nil
	}
	j.expire(p.Frame.Time)
	k := keyOf(p)
	g := j.held[k]
	if g == nil {
		g = j.begin(k, p.Frame.Time)
	}
	g.tcp += tcp
	if g.dead {
		*g.counted += int64(tcp)
		return nil
	}
	if !j.fits(g, f) {
		return nil
	}
	if k.version == 6 {
		switch g.overlap(f) {
		case overlapSame:
			if len(g.frames) < MaxFragments {
				g.frames = append(g.frames, p.Frame.Number)
			}
			return nil
		case overlapPartly:
			j.stats.Overlapping++
			j.kill(g, &j.stats.TCP.Overlapping)
			return nil
		}
	}
	j.keep(g, f, p.Frame.Number)
	if g.complete() {
		return g
	}
	return nil
}

// fits reports whether a datagram may have one fragment more, and discards it if
// not.
func (j *Joiner) fits(g *datagram, f *Fragment) bool {
	if f.Offset+f.Len <= MaxDatagramBytes && len(g.parts) < MaxFragments && len(g.buf)+f.Len <= 2*MaxDatagramBytes {
		return true
	}
	j.stats.Oversized++
	j.kill(g, &j.stats.TCP.Oversized)
	return false
}

// keep copies a fragment into its datagram.
func (j *Joiner) keep(g *datagram, f *Fragment, frame int64) {
	if f.Offset == 0 {
		g.protocol = f.Protocol
	}
	if !f.More && g.total < 0 {
		g.total = f.Offset + f.Len
	}
	size := f.Len
	if g.key.version < keyCAPWAP {
		size = len(f.Data)
	}
	g.note(f)
	g.parts = append(g.parts, part{f.Offset, f.Len, len(g.buf), size})
	g.buf = append(g.buf, f.Data[:size]...)
	if n := len(g.frames); n == 0 || g.frames[n-1] != frame {
		g.frames = append(g.frames, frame)
	}
	j.bytes += size
	for j.bytes > MaxFragmentBytes {
		oldest := j.first
		if oldest == g {
			oldest = g.next
		}
		j.evict(oldest)
	}
}

func keyOf(p *Packet) datagramKey {
	k := datagramKey{
		src: p.IP.Src, dst: p.IP.Dst, id: p.IP.ID, file: int32(p.Frame.File), version: p.IP.Version,
	}
	if k.version == 4 {
		k.protocol = p.Fragment.Protocol
		k.vlan = innermostVLAN(p)
	}
	return k
}

// innermostVLAN returns the identifier of the tag nearest to the packet, 0
// where there is none.
func innermostVLAN(p *Packet) uint16 {
	for i := p.NumLayers - 1; i >= 0; i-- {
		if l := p.Layers[i]; l.Kind == LayerVLAN {
			return be16(p.bytesOf(l)) & 0xfff
		}
	}
	return 0
}

// bytesOf returns the captured bytes of a header.
func (p *Packet) bytesOf(l Layer) []byte {
	b := p.Frame.Data
	if l.Joined {
		b = p.Joined
	}
	end := l.Offset + l.Length
	return b[l.Offset:end:end]
}

// begin makes room for a datagram.
func (j *Joiner) begin(k datagramKey, at capture.Stamp) *datagram {
	if len(j.held) >= MaxDatagrams {
		j.evict(j.first)
	}
	var g *datagram
	if n := len(j.spare); n > 0 {
		g, j.spare = j.spare[n-1], j.spare[:n-1]
	} else {
		g = new(datagram)
	}
	*g = datagram{
		key: k, begun: at, total: -1, parts: g.parts[:0], buf: g.buf[:0], frames: g.frames[:0],
		whole: g.whole[:0], touched: g.touched[:0], prev: j.last,
	}
	if j.last == nil {
		j.first = g
	} else {
		j.last.next = g
	}
	j.last = g
	if j.held == nil {
		j.held = make(map[datagramKey]*datagram)
	}
	j.held[k] = g
	return g
}

// release forgets a datagram.
func (j *Joiner) release(g *datagram) {
	delete(j.held, g.key)
	if g.prev == nil {
		j.first = g.next
	} else {
		g.prev.next = g.next
	}
	if g.next == nil {
		j.last = g.prev
	} else {
		g.next.prev = g.prev
	}
	g.prev, g.next = nil, nil
	j.bytes -= len(g.buf)
	if len(j.spare) < maxSpare {
		j.spare = append(j.spare, g)
	}
}

// evict discards the datagram g for a limit.
func (j *Joiner) evict(g *datagram) {
	j.stats.Evicted++
	if !g.dead {
		j.stats.TCP.Evicted += int64(g.tcp)
	}
	j.release(g)
}

// kill discards what a datagram holds, but remembers that it was discarded.
// Its fragments of TCP segments, also later ones, are added to counted.
func (j *Joiner) kill(g *datagram, counted *int64) {
	j.bytes -= len(g.buf)
	g.parts, g.buf, g.frames, g.dead = nil, nil, nil, true
	g.whole, g.touched, g.lengths = nil, nil, nil
	g.counted = counted
	*counted += int64(g.tcp)
}

// expire forgets the datagrams that are too old at the given time.
func (j *Joiner) expire(now capture.Stamp) {
	for g := j.first; g != nil && now.Sub(g.begun) > FragmentTimeout; g = j.first {
		if !g.dead {
			j.stats.TimedOut++
			j.stats.TCP.TimedOut += int64(g.tcp)
		}
		j.release(g)
	}
}

type overlap uint8

const (
	overlapNone overlap = iota
	overlapSame         // exactly a fragment that is there
	overlapPartly
)

// overlap says how a fragment lies to those that are there, which do not
// overlap each other.
func (g *datagram) overlap(f *Fragment) overlap {
	end := f.Offset + f.Len
	switch {
	case g.total >= 0 && end > g.total:
		return overlapPartly
	case g.touched.any(f.Offset/slotBytes, (end+slotBytes-1)/slotBytes):
		if g.lengthAt(f.Offset) == f.Len {
			return overlapSame
		}
		return overlapPartly
	case !f.More && len(g.parts) > 0 && g.highest > f.Offset:
		return overlapPartly // a last fragment that is not the last
	}
	return overlapNone
}

// lengthAt returns the length of the part at an offset, 0 where there is none.
func (g *datagram) lengthAt(offset int) int {
	if g.lengths == nil {
		g.lengths = make(map[int]int, len(g.parts))
		for _, q := range g.parts {
			g.lengths[q.offset] = q.length
		}
	}
	return g.lengths[offset]
}

// slotBytes is what offsets of fragments are multiples of (RFC 791, section
// 3.1); pieces of a link's frame are numbered, and each is a slot.
const slotBytes = 8

// note takes down which slots a fragment fills.
func (g *datagram) note(f *Fragment) {
	g.highest = max(g.highest, f.Offset)
	end := f.Offset + f.Len
	if g.key.version < keyCAPWAP {
		g.whole.set(f.Offset, end)
		return
	}
	g.whole.set(f.Offset/slotBytes, end/slotBytes)
	if g.key.version == 6 {
		g.touched.set(f.Offset/slotBytes, (end+slotBytes-1)/slotBytes)
		if g.lengths != nil {
			g.lengths[f.Offset] = f.Len
		}
	}
}

// complete reports whether the parts cover the whole datagram. What the last
// one has of a slot is there with it.
func (g *datagram) complete() bool {
	if g.total < 0 {
		return false
	}
	n := g.total
	if g.key.version >= keyCAPWAP {
		n /= slotBytes
	}
	for g.full < len(g.whole) && g.whole[g.full] == 1<<slotWord-1 {
		g.full++
	}
	if g.full >= n/slotWord {
		rest := uint64(1)<<(n%slotWord) - 1
		return g.full > n/slotWord || rest == 0 || g.full < len(g.whole) && g.whole[g.full]&rest == rest
	}
	return false
}

// slots is a set of numbers that are small.
type slots []uint64

const slotWord = 64 // numbers in an element

// set puts the numbers from one up to another in.
func (s *slots) set(from, to int) {
	for len(*s)*slotWord < to {
		*s = append(*s, 0)
	}
	for from < to {
		w, bits := word(from, to)
		(*s)[w] |= bits
		from = (w + 1) * slotWord
	}
}

// any reports whether one of the numbers from one up to another is in.
func (s slots) any(from, to int) bool {
	for to = min(to, len(s)*slotWord); from < to; {
		w, bits := word(from, to)
		if s[w]&bits != 0 {
			return true
		}
		from = (w + 1) * slotWord
	}
	return false
}

// word returns the element that holds from, and which of its bits are before to.
func word(from, to int) (w int, bits uint64) {
	w = from / slotWord
	bits = ^uint64(0) << (from % slotWord)
	if end := to - w*slotWord; end < slotWord {
		bits &= 1<<end - 1
	}
	return w, bits
}

// sort puts the parts in order of their offsets, equal ones by arrival.
func (g *datagram) sort() {
	slices.SortFunc(g.parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.at, b.at))
	})
}

// assemble appends the payload of a complete datagram to j.out, and its frames
// to j.frames.
func (j *Joiner) assemble(g *datagram) {
	g.sort()
	done := 0
	for _, q := range g.parts {
		end := min(q.offset+q.length, g.total)
		if end <= done {
			continue
		}
		j.out = append(j.out, g.buf[q.at+done-q.offset:q.at+end-q.offset]...)
		done = end
	}
	j.addFrames(g)
}

// addFrames adds the frames of a datagram to j.frames.
func (j *Joiner) addFrames(g *datagram) {
	j.frames = append(j.frames, g.frames...)
	slices.Sort(j.frames)
	j.frames = slices.Compact(j.frames)
}
