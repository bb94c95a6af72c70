package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng, section 11.1), and those of
// other tools that Wireshark numbers like packets.
const (
	blockSection       = 0x0a0d0d0a // the same in both byte orders
	blockInterface     = 1
	blockPacket        = 2 // obsolete
	blockSimple        = 3
	blockNames         = 4
	blockStatistics    = 5
	blockEnhanced      = 6
	blockJournal       = 9
	blockSecrets       = 10
	blockSysdig        = 0x204
	blockSysdigV2      = 0x216
	blockSysdigV2Large = 0x221
	blockCustom        = 0x0bad
	blockCustomNoCopy  = 0x40000bad

	byteOrderMagic = 0x1a2b3c4d
)

// Sizes of pcapng's blocks in bytes, with both lengths and without options.
const (
	minBlock         = 12
	sectionSize      = 28
	interfaceSize    = 20
	packetSize       = 32 // enhanced and obsolete
	simpleSize       = 16
	statisticsSize   = 24
	secretsSize      = 20
	customSize       = 16
	maxBlock         = 128 << 20 // no block may be larger: Wireshark's limit, too
	maxWhole         = packetSize + MaxRecord + maxPacketOptions
	maxPacketOptions = 256 << 10
)

// ngInterface is what packets need of an interface block.
type ngInterface struct {
	index   int // in Source.Interfaces
	link    LinkType
	snapLen uint32
	clock   ngClock
}

// pcapng parses a pcapng file.
//
// Damage inside a block costs that block; damage of a block's length costs
// what lies before the next plausible block. Both are noted, and the end of
// the file then is the first of these faults in place of io.EOF.
type pcapng struct {
	led        *logbook
	big        bool
	section    int // number of the section, -1 before the first
	interfaces []ngInterface
	blocks     int64 // begun
	at         int64 // offset of the bytes given to step

	out      []Frame
	lost     *Fault // a length did not make sense: a block is being looked for
	lostAt   int64  // where the search began
	tailSize uint32 // not 0: only the repeated length of a block is still to come
	tailAt   int64  // where that block begins
	clamped  bool   // a time was beyond what a Stamp holds; once is enough
	damage   *Fault // the first that was passed over
	damaged  int64  // how many were
	drops    dropCount
}

// isPcapng reports whether a stream that begins with head is pcapng.
func isPcapng(head []byte) bool { return binary.LittleEndian.Uint32(head) == blockSection }

func newPcapng(l *logbook) *pcapng {
	return &pcapng{led: l, section: -1}
}

func (p *pcapng) u32(b []byte) uint32 {
	if p.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (p *pcapng) u16(b []byte) uint16 {
	if p.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (p *pcapng) u64(b []byte) uint64 {
	if p.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// place implements format.
func (p *pcapng) place() (int64, int64) {
	if p.section < 0 {
		return 0, 0
	}
	if p.tailSize != 0 {
		return p.blocks + 1, p.tailAt
	}
	return p.blocks + 1, p.at
}

// finish implements format.
func (p *pcapng) finish() *Fault {
	if p.damage == nil {
		return nil
	}
	f := *p.damage
	if p.damaged > 1 {
		f.Reason += fmt.Sprintf("; %d places in all were passed over", p.damaged)
	} else {
		f.Reason += "; the rest was read"
	}
	return &f
}

// note records damage that is passed over.
func (p *pcapng) note(f *Fault) {
	p.led.find(*f)
	p.damaged++
	if p.damage == nil {
		p.damage = f
	}
}

// faultHere makes a fault of the block that begins at p.at.
func (p *pcapng) faultHere(format string, args ...any) *Fault {
	record, offset := p.place()
	return p.led.fault(record, offset, format, args...)
}

// parse implements format.
func (p *pcapng) parse(b []byte, out []Frame, last bool) (frames []Frame, used, need int, fault *Fault) {
	p.out = out
	room := cap(out) // a packet's custom options may make p.out grow
	for len(p.out) < room && used <= len(b) {
		n, want, f := p.step(b[used:], last)
		used += n
		p.at += int64(n)
		if want > 0 || f != nil {
			need, fault = want, f
			break
		}
	}
	frames, p.out = p.out, nil
	return frames, used, need, fault
}

// step takes one block, or part of a search for one, off the front of b.
func (p *pcapng) step(b []byte, last bool) (used, need int, fault *Fault) {
	switch {
	case p.lost != nil:
		return p.search(b, last)
	case p.tailSize != 0:
		return p.checkTail(b)
	case len(b) < minBlock:
		if last && len(b) > 0 {
			return 0, 0, p.faultHere("the file is cut short: of a block only %d bytes are there", len(b))
		}
		return 0, minBlock, nil
	}
	kind, total, fault := p.measure(b)
	if fault != nil {
		return p.lose(fault)
	}
	size := int(total+3) &^ 3 // some writers pad a block without saying so
	if kind != blockSection && size > maxWhole && !p.mayBeLarge(kind, size) {
		return p.large(kind, total, b)
	}
	if len(b) < size {
		if last {
			return p.lose(p.faultHere("the file is cut short: of the %d bytes of this block only %d are there", size, len(b)))
		}
		return 0, size, nil
	}
	if end := p.u32(b[size-4:]); end != total && int(end) != size {
		if p.u32(b[total-4:]) == total {
			size = int(total) // not padded at all
		} else if need, fault = p.mismatch(b, size, end, last); need > 0 || fault != nil {
			if need > 0 {
				return 0, need, nil
			}
			return p.lose(fault)
		}
	}
	if fault = p.block(kind, b[8:size-4]); fault != nil {
		return 0, 0, fault
	}
	p.blocks++
	return size, 0, nil
}

// measure reads the type and the length of the block at b, which has 12
// bytes. A section's byte order is taken over.
func (p *pcapng) measure(b []byte) (kind, total uint32, fault *Fault) {
	least := uint32(minBlock)
	if binary.LittleEndian.Uint32(b) == blockSection {
		big, ok := sectionOrder(b)
		if !ok {
			return 0, 0, p.faultHere("a section header without the byte-order magic 1a2b3c4d (it has %x)", b[8:12])
		}
		defer func(before bool) {
			if fault != nil {
				p.big = before
			}
		}(p.big)
		p.big = big
		least = sectionSize
	} else if p.section < 0 {
		return 0, 0, p.faultHere("it does not begin with a section header")
	}
	kind, total = p.u32(b), p.u32(b[4:])
	switch {
	case total < least:
		return 0, 0, p.faultHere("a block length of %d bytes is less than the least, %d", total, least)
	case total > maxBlock:
		return 0, 0, p.faultHere("a block length of %d bytes is over the limit of %d", total, maxBlock)
	case kind == blockSection && total > maxWhole:
		return 0, 0, p.faultHere("a section header of %d bytes is over the limit of %d", total, maxWhole)
	}
	return kind, total, nil
}

// sectionOrder returns the byte order of the section header at b.
func sectionOrder(b []byte) (big, ok bool) {
	switch {
	case binary.LittleEndian.Uint32(b[8:]) == byteOrderMagic:
		return false, true
	case binary.BigEndian.Uint32(b[8:]) == byteOrderMagic:
		return true, true
	}
	return false, false
}

// block reads the body of one block. Its fault ends the reading; damage that
// costs the block alone is noted.
func (p *pcapng) block(kind uint32, body []byte) *Fault {
	switch kind {
	case blockEnhanced:
		p.enhanced(body)
	case blockPacket:
		p.obsolete(body)
	case blockSimple:
		p.simple(body)
	case blockSection:
		return p.beginSection(body)
	case blockInterface:
		return p.describe(body)
	case blockNames:
		p.names(body)
	case blockStatistics:
		p.statistics(body)
	case blockSecrets:
		p.secrets(body)
	case blockCustom, blockCustomNoCopy:
		p.custom(body)
	case blockJournal, blockSysdig, blockSysdigV2, blockSysdigV2Large:
		p.led.number++ // Wireshark numbers them, and people quote its numbers
	}
	return nil
}

// beginSection starts a section: interfaces count from 0 again.
func (p *pcapng) beginSection(body []byte) *Fault {
	major, minor := p.u16(body[4:]), p.u16(body[6:])
	// Wireshark takes 1.2 for 1.0, because some writers confused the two.
	if major != 1 || minor != 0 && minor != 2 {
		return p.faultHere("pcapng version %d.%d is not known: it has been 1.0 since the beginning", major, minor)
	}
	p.section++
	p.interfaces = p.interfaces[:0]
	if !p.origin(body[16:]) {
		p.note(p.faultHere("an option of the section header runs out of it"))
	}
	return nil
}

// custom takes tcpsee's own data out of a custom block.
func (p *pcapng) custom(body []byte) {
	if len(body) < 4 {
		p.note(p.faultHere("a custom block of %d bytes has no enterprise number", len(body)+minBlock))
		return
	}
	p.led.number++ // as Wireshark does
	if data, ok := customData(p.u32(body), body[4:]); ok {
		p.out = append(p.out, customFrame(data))
	}
}

// name remembers the first name of an address, up to MaxNames of them.
func (p *pcapng) name(a netip.Addr, name string) {
	if p.led.names == nil {
		p.led.names = make(map[netip.Addr]string)
	}
	if _, known := p.led.names[a]; !known && len(p.led.names) < MaxNames {
		p.led.names[a] = name
		p.led.aside.Names = append(p.led.aside.Names, Name{a, name})
	}
}
