package dissect

import "encoding/binary"

// checksums puts right what the changes made wrong, innermost first, for what
// is outside covers what is inside.
func (a *Anonymizer) checksums() {
	p := &a.old
	for i := p.NumLayers - 1; i >= 0; i-- {
		l := p.Layers[i]
		in, out := p.Frame.Data[l.Offset:l.Offset+l.Length], a.out[l.Offset:l.Offset+l.Length]
		switch l.Kind {
		case LayerIPv4:
			fixHeaderChecksum(out, in)
		case LayerTCP:
			a.transport(i, 16, protoTCP)
		case LayerUDP:
			a.transport(i, 6, protoUDP)
		case LayerICMPv4:
			a.transport(i, 2, 0)
		case LayerICMPv6:
			a.transport(i, 2, protoICMPv6)
		case LayerGRE:
			if flags := be16(in); flags&greChecksum != 0 && flags&greVersion == 0 && len(in) >= 8 {
				a.transport(i, 4, 0)
			}
		}
	}
}

// fixHeaderChecksum gives an IPv4 header the checksum that is to its bytes
// what the original's was to its own.
func fixHeaderChecksum(out, in []byte) {
	if in[10]|in[11] == 0 && headerChecksum(in) != ChecksumGood {
		return // left to the network card
	}
	binary.BigEndian.PutUint16(out[10:], adjusted(be16(in[10:]), sumWithout(in, 10), sumWithout(out, 10)))
}

// adjusted returns the checksum that is as right for the new sum as the old
// one was for the old (RFC 1624, equation 3).
func adjusted(stored uint16, old, new uint64) uint16 {
	return ^fold(uint64(^stored) + uint64(^fold(old)) + uint64(fold(new)))
}

// sumWithout sums b as if the two bytes at a place were zero.
func sumWithout(b []byte, at int) uint64 {
	return uint64(fold(sum(0, b))) + uint64(^be16(b[at:]))
}

// transport puts right the checksum that stands at a place in a layer. The
// pseudo-header is that of a protocol; 0 is none.
func (a *Anonymizer) transport(i, at int, protocol byte) {
	p, data := &a.old, a.old.Frame.Data
	start := int(p.Layers[i].Offset)
	ip, end := a.enclosing(i)
	said := 0
	if p.Layers[i].Kind == LayerUDP {
		if said = int(be16(data[start+4:])); said >= udpHeader && start+said <= end {
			end = start + said
		}
	}
	whole, length := end <= len(data) && !a.inFragment(ip, i), end-start
	end = min(end, len(data))
	if p.Content == ContentFragment {
		end = min(end, p.fragmentEnd(), len(data))
	}
	if start+at+2 > end {
		return
	}
	in, out := data[start:end], a.out[start:end]
	stored, field := be16(in[at:]), out[at:at+2]
	if p.Layers[i].Kind == LayerUDP && stored == 0 {
		return // the sender did not compute one
	}
	var oldHead, newHead uint64
	if protocol != 0 && ip >= 0 {
		oldHead, newHead = pseudoSum(p, ip, i, data), pseudoSum(p, ip, i, a.out)
		if !whole && said > 0 {
			length = said
		}
		unfinished := uint64(protocol) + uint64(length)
		if oldFull := fold(oldHead + unfinished); !whole || fold(sum(uint64(oldFull), in)) != 0xffff {
			switch stored { // left to the network card, which adds to it
			case oldFull:
				binary.BigEndian.PutUint16(field, fold(newHead+unfinished))
				return
			case fold(oldHead + uint64(protocol)):
				binary.BigEndian.PutUint16(field, fold(newHead+uint64(protocol)))
				return
			}
		}
	}
	fixed := adjusted(stored, oldHead+sumWithout(in, at), newHead+sumWithout(out, at))
	if fixed == 0 && p.Layers[i].Kind == LayerUDP {
		fixed = 0xffff // zero would say that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(field, fixed)
}

// enclosing returns the IP header around a layer, −1 where there is none, and
// where its datagram ends.
func (a *Anonymizer) enclosing(i int) (ip, end int) {
	p := &a.old
	end = max(len(p.Frame.Data), p.Frame.OrigLen)
	for ip = i - 1; ip >= 0; ip-- {
		l := p.Layers[ip]
		b := p.Frame.Data[l.Offset:]
		switch l.Kind {
		case LayerIPv4:
			if total := int(be16(b[2:])); total > 0 {
				end = min(end, int(l.Offset)+total)
			}
			return ip, end
		case LayerIPv6:
			if length := int(be16(b[4:])); length > 0 {
				end = min(end, int(l.Offset)+ipv6Header+length)
			} else if l.Offset == p.IP.Offset {
				end = min(end, int(l.Offset)+p.IP.Total)
			}
			return ip, end
		}
	}
	return -1, end
}

// inFragment reports whether what an IP header carries, as far as a layer, is
// a fragment.
func (a *Anonymizer) inFragment(ip, i int) bool {
	p := &a.old
	for n := max(ip, 0); n < i; n++ {
		b := p.Frame.Data[p.Layers[n].Offset:]
		switch p.Layers[n].Kind {
		case LayerIPv4:
			if be16(b[6:])&0x3fff != 0 {
				return true
			}
		case LayerFragment:
			if be16(b[2:])&^6 != 0 {
				return true
			}
		}
	}
	return false
}

// fragmentEnd is where the data of a fragment that was parsed end.
func (p *Packet) fragmentEnd() int {
	for i := p.NumLayers - 1; i >= 0; i-- {
		switch l := p.Layers[i]; l.Kind {
		case LayerIPv4:
			if be16(p.Frame.Data[l.Offset+6:])&0x3fff != 0 {
				return int(l.Offset+l.Length) + len(p.Fragment.Data)
			}
		case LayerFragment:
			return int(l.Offset+l.Length) + len(p.Fragment.Data)
		}
	}
	return len(p.Frame.Data)
}

// pseudoSum sums the addresses of an IP header as the checksum of a layer in
// it counts them: behind a routing header the last address is the destination
// (RFC 8200, section 8.1). data is the frame's, or what was made of it.
func pseudoSum(p *Packet, ip, i int, data []byte) uint64 {
	l := p.Layers[ip]
	if l.Kind == LayerIPv4 {
		return sum(0, data[l.Offset+12:l.Offset+20])
	}
	dst := data[l.Offset+24 : l.Offset+40]
	for _, r := range p.Layers[ip:i] {
		if r.Kind == LayerRouting {
			if last := lastSegment(data[r.Offset : r.Offset+r.Length]); last != nil {
				dst = last
			}
		}
	}
	return sum(sum(0, data[l.Offset+8:l.Offset+24]), dst)
}

// fragment makes the sum of a fragment's data what it was, where its datagram's
// checksum stands in another, which may have been sent already: a word of the
// data, otherwise clear, is that sum. Of a transport's header that is spread
// over several fragments all that has a fixed place is kept.
func (a *Anonymizer) fragment() {
	p := &a.old
	start := p.behind()
	f := &p.Fragment
	switch f.Protocol {
	case protoTCP, protoUDP, protoICMP, protoICMPv6, protoGRE, protoIPv4, protoIPv6:
	default:
		return // nothing is summed
	}
	switch p.Layers[p.NumLayers-1].Kind {
	case LayerIPv4, LayerFragment:
	default:
		return // the header is here, and its checksum is put right
	}
	in, out := p.Frame.Data[start:start+len(f.Data)], a.out[start:start+len(f.Data)]
	header, at := 0, 0
	switch f.Protocol {
	case protoTCP:
		header, at = tcpHeader, 16
	case protoUDP:
		header, at = udpHeader, 6
	case protoICMP, protoICMPv6:
		header, at = 4, 2
	}
	kept := max(0, min(header-f.Offset, len(in)))
	copy(out[:kept], in)
	if f.Offset == 0 && kept >= 4 && (f.Protocol == protoTCP || f.Protocol == protoUDP) {
		a.ports(out)
	}
	oldSum, newSum := uint64(fold(sum(0, in))), uint64(fold(sum(0, out)))
	if at -= f.Offset; at >= 0 && at+2 <= kept {
		if f.Protocol != protoICMP && be16(in[at:]) != 0 {
			ip, _ := a.enclosing(p.NumLayers)
			oldSum, newSum = oldSum+pseudoSum(p, ip, p.NumLayers, p.Frame.Data), newSum+pseudoSum(p, ip, p.NumLayers, a.out)
		}
		binary.BigEndian.PutUint16(out[at:], adjusted(be16(in[at:]), oldSum, newSum))
		return
	}
	if place := (len(out) - 2) &^ 1; place >= max(kept, minSummed) {
		binary.BigEndian.PutUint16(out[place:], fold(oldSum+uint64(^fold(newSum))))
	}
}

// minSummed is how many bytes of a fragment must stand before the word that
// makes its sum right: of less the sum would tell what they are.
const minSummed = 8
