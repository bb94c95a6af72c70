package capture

import (
	"encoding/binary"
	"fmt"
)

// lose begins the search for a plausible block after one whose length makes
// no sense. A file that does not even begin well is not searched.
func (p *pcapng) lose(f *Fault) (used, need int, fault *Fault) {
	if p.section < 0 {
		return 0, 0, f
	}
	p.lost, p.lostAt = f, p.at
	return 1, 0, nil
}

// search looks for the next block at every byte of b, since damage may have
// added or taken away some. Where the file ends first, what was lost is the
// fault that ends it.
func (p *pcapng) search(b []byte, last bool) (used, need int, fault *Fault) {
	for i := 0; ; i++ {
		if len(b)-i < minBlock {
			if last {
				return len(b), 0, p.lost
			}
			return i, minBlock, nil
		}
		ok, need := p.plausible(b[i:], last)
		if need > 0 {
			return i, need, nil
		}
		if ok {
			f := p.lost
			f.Reason += fmt.Sprintf("; %d bytes on a block was found to go on with", p.at+int64(i)-p.lostAt)
			p.note(f)
			p.lost = nil
			p.blocks++
			return i, 0, nil
		}
	}
}

// plausible reports whether a whole block of a known type begins at b, whose
// two lengths agree. need is how many bytes it takes to say.
func (p *pcapng) plausible(b []byte, last bool) (ok bool, need int) {
	big := p.big
	if binary.LittleEndian.Uint32(b) == blockSection {
		if big, ok = sectionOrder(b); !ok {
			return false, 0
		}
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if big {
		order = binary.BigEndian
	}
	kind, total := order.Uint32(b), order.Uint32(b[4:])
	if total < leastSize(kind) || total > maxWhole || total%4 != 0 {
		return false, 0
	}
	if len(b) < int(total) {
		if last {
			return false, 0
		}
		return false, int(total)
	}
	if order.Uint32(b[total-4:]) != total {
		return false, 0
	}
	if kind == blockEnhanced {
		return int(p.u32(b[8:])) < len(p.interfaces) && p.u32(b[20:]) <= total-packetSize, 0
	}
	return true, 0
}

// leastSize is the least length of a block of a known type, and more than
// any block has for others.
func leastSize(kind uint32) uint32 {
	switch kind {
	case blockSection:
		return sectionSize
	case blockInterface:
		return interfaceSize
	case blockPacket, blockEnhanced:
		return packetSize
	case blockSimple, blockCustom, blockCustomNoCopy, blockNames:
		return simpleSize
	case blockStatistics:
		return statisticsSize
	case blockSecrets:
		return secretsSize
	}
	return maxBlock + 1
}

// mismatch judges a block at b whose length is not repeated at its end. Where
// a block seems to follow, the first length is believed, and need and fault
// are 0 and nil.
func (p *pcapng) mismatch(b []byte, size int, end uint32, last bool) (need int, fault *Fault) {
	f := p.faultHere("the block's length is %d bytes at its front and %d at its end", p.u32(b[4:]), end)
	next := b[size:]
	if len(next) < minBlock && !last {
		return size + minBlock, nil
	}
	if len(next) > 0 {
		if len(next) < minBlock {
			return 0, f
		}
		kind, total := p.u32(next), p.u32(next[4:])
		if kind != blockSection && (total < leastSize(kind) || total > maxBlock) {
			return 0, f
		}
	}
	f.Reason += "; the first was believed"
	p.note(f)
	return 0, nil
}

// large passes over a block that is larger than what is kept in memory. Of a
// packet of a type that has such, the first MaxRecord bytes are given out.
func (p *pcapng) large(kind, total uint32, b []byte) (used, need int, fault *Fault) {
	size := int(total+3) &^ 3
	switch kind {
	case blockEnhanced:
		if len(b) < packetSize {
			return 0, packetSize, nil
		}
		captured := int64(p.u32(b[20:]))
		if spare := int64(total) - packetSize - captured; spare < 0 || spare > maxPacketOptions {
			return p.lose(p.faultHere("a packet block of %d bytes for %d captured ones", total, captured))
		}
		if !p.huge(b) {
			p.note(p.faultHere("a captured length of %d bytes is over the limit of %d", captured, MaxRecord))
			break
		}
		if len(b) < packetSize-4+MaxRecord {
			return 0, packetSize - 4 + MaxRecord, nil
		}
		p.led.find(*p.faultHere("of %d captured bytes the first %d were read", captured, MaxRecord))
		p.packet(packetHead{id: p.u32(b[8:]), high: p.u32(b[12:]), low: p.u32(b[16:]),
			original: p.u32(b[24:])}, b[28:28+MaxRecord], nil)
	case blockPacket, blockSimple, blockInterface, blockStatistics:
		return p.lose(p.faultHere("a block of type %d with a length of %d bytes is over the limit of %d", kind, total, maxWhole))
	case blockNames:
		p.led.find(*p.faultHere("%d bytes of names are over the limit of %d; they were not read", total, maxWhole))
	case blockSecrets:
		p.admits(size, "decryption secrets")
	case blockCustom, blockCustomNoCopy, blockJournal, blockSysdig, blockSysdigV2, blockSysdigV2Large:
		p.led.number++
	}
	p.tailSize, p.tailAt = total, p.at
	return size - 4, 0, nil
}

// huge reports whether the enhanced packet block at b is of an interface
// whose frames may exceed MaxRecord.
func (p *pcapng) huge(b []byte) bool {
	id := p.u32(b[8:])
	return int64(id) < int64(len(p.interfaces)) && hugeFrames(p.interfaces[id].link)
}

// checkTail compares the length at the end of a block that was passed over.
func (p *pcapng) checkTail(b []byte) (used, need int, fault *Fault) {
	if len(b) < 4 {
		return 0, 4, nil
	}
	total := p.tailSize
	defer func() { p.tailSize = 0 }() // after a fault has named the block
	if end := p.u32(b); end != total && end != (total+3)&^3 {
		return p.lose(p.faultHere("the block's length is %d bytes at its front and %d at its end", total, end))
	}
	p.blocks++
	return 4, 0, nil
}
