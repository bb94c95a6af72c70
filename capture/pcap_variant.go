package capture

// pcapVariant is how a file's record headers differ from the standard.
//
// Three patches to libpcap and one vendor made record headers longer, and two
// of them kept the magic number: Alexey Kuznetsov's patches of 1999, in Linux
// distributions of the time, and Nokia's IPSO. What a file has can only be
// guessed from its first records. The guess follows Wireshark's rules, so
// that both read the same frames.
type pcapVariant struct {
	size  int  // of a record header
	linux bool // it has an interface index, a protocol and a packet type
	nokia bool // it has four bytes that nobody explained
	pad   int  // bytes before each frame
}

// The variants to try for each magic number, the likeliest first.
var (
	standardVariants = [...]pcapVariant{
		{size: pcapRecordHeader},
		{size: 24, linux: true}, // patch of 1999-04-17, Red Hat 6.1
		{size: 20, nokia: true},
	}
	modifiedVariants = [...]pcapVariant{
		{size: 24, linux: true}, // patch of 1999-10-29; libpcap reads this one
		{size: 28, linux: true}, // patch of 1999-09-15, SuSE 6.3
	}
)

const (
	variantRecords = 3        // records that are looked at
	variantLook    = 32 << 10 // bytes that are waited for in order to
	unseen         = 1 << 10  // more oddities than records have, where there is no header yet to judge by
)

// aixLinks are the interface types (RFC 1573) that AIX writes for link types,
// in files of version 2.2.
var aixLinks = map[uint32]LinkType{6: LinkEthernet, 9: LinkTokenRing, 15: LinkFDDI, 24: LinkNull}

// aixPadding is what AIX puts before frames.
var aixPadding = map[LinkType]int{LinkFDDI: 3}

// decide finds the variant from the records in b. A file is read on for it;
// what may be live is not. It returns how many bytes it needs, or 0.
func (p *pcap) decide(b []byte, last bool) (need int) {
	if !last {
		if p.patient && len(b) < variantLook {
			return variantLook
		}
		if len(b) == 0 {
			return 1
		}
	}
	variants := standardVariants[:]
	if p.magic.modified {
		variants = modifiedVariants[:]
	}
	best := -1
	for _, v := range variants {
		if odd := p.oddities(v, b, last); best < 0 || odd < best {
			best = odd
			p.pcapVariant = v
		}
		if best == 0 {
			break
		}
	}
	p.decided = true
	return 0
}

// oddities counts what speaks against a variant in the first records of b.
func (p *pcap) oddities(v pcapVariant, b []byte, last bool) (odd int) {
	for i := range variantRecords {
		if len(b) < v.size {
			if i == 0 && !last {
				return unseen
			}
			return odd + one(last && len(b) > 0)
		}
		captured, original := p.u32(b[8:]), p.u32(b[12:])
		odd += one(p.u32(b[4:]) >= 1e6) + one(captured > p.snapLen) +
			one(original > maxBlock) + one(captured > original)
		if v.linux {
			odd += p.linuxOddities(b)
		}
		if v.nokia {
			odd += one(!nokiaWord(p.u32(b[16:])))
		}
		limit := uint32(MaxRecord)
		if hugeFrames(p.link) {
			limit = maxBlock
		}
		if captured > limit {
			return odd + 1
		}
		b = b[v.size:]
		if len(b) < int(captured) {
			return odd + one(last)
		}
		b = b[captured:]
	}
	return odd
}

// linuxOddities judges an interface index, a protocol (an EtherType or one of
// the numbers below them that Linux has) and a packet type.
func (p *pcap) linuxOddities(b []byte) int {
	protocol := p.u16(b[20:])
	known := protocol >= 0x600 || protocol <= 0x17 ||
		protocol == 0x60 || protocol == 0x200 || protocol == 0x400
	return one(p.u32(b[16:]) > 10000) + one(!known) + one(b[22] > 4)
}

// nokiaWord reports whether w is of the only form seen: 9fbfb601, with 9 or
// b, b or d, 6 or 9, 1 or 2.
func nokiaWord(w uint32) bool {
	top, b, c, d := w>>28, w>>12&15, w>>8&15, w&15
	return w&0x0fff00f0 == 0x0fbf0000 && (top == 9 || top == 11) &&
		(b == 11 || b == 13) && (c == 6 || c == 9) && (d == 1 || d == 2)
}

// direction reads the packet type that Linux variants have (packet(7)).
func (p *pcap) direction(b []byte) Direction {
	if !p.linux {
		return DirectionUnknown
	}
	switch b[22] {
	case 0, 1, 2: // to this host, broadcast, multicast
		return DirectionIn
	case 4:
		return DirectionOut
	}
	return DirectionUnknown
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
