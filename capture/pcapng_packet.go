package capture

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Options of pcapng that are read and written (sections 3.5 and 4).
const (
	optEnd     = 0
	optComment = 1

	optHardware    = 2 // of a section
	optOS          = 3
	optApplication = 4

	optName        = 2 // of an interface
	optDescription = 3
	optResolution  = 9
	optFCSLen      = 13
	optOffset      = 14

	optFlags     = 2 // of a packet
	optDropCount = 4
	optCustom    = 2989 // binary data that programs may copy

	optStart     = 2 // of statistics
	optStop      = 3
	optReceived  = 4
	optIfDropped = 5
	optOSDropped = 7
	optDelivered = 8
	maxOption    = math.MaxUint16

	maxInterfaceRest = 64 << 10 // bytes that are kept of what else is said of it: more than any capture program says
	maxInterfaceN    = 256      // bytes that are kept of an interface's name or description
)

// packetHead is what stands before a packet's bytes in its block.
type packetHead struct {
	id        uint32 // of the interface, in the section
	high, low uint32 // time, in units of the interface
	original  uint32
	timeless  bool
	dropped   uint64
}

// options calls found, where there is one, for each option in b. It reports
// whether all lie within b; one that runs out of it ends the list.
func (p *pcapng) options(b []byte, found func(code uint16, value []byte)) bool {
	for len(b) >= 4 {
		code, n := p.u16(b), int(p.u16(b[2:]))
		if code == optEnd {
			return true
		}
		padded := (n + 3) &^ 3
		if 4+n > len(b) {
			return false
		}
		if found != nil {
			found(code, b[4:4+n])
		}
		b = b[min(4+padded, len(b)):]
	}
	return true
}

// describe adds an interface (section 4.2). Its fault is that there are more
// than MaxInterfaces.
func (p *pcapng) describe(body []byte) *Fault {
	if len(body) < interfaceSize-minBlock {
		p.note(p.faultHere("an interface block of %d bytes is less than the least, %d", len(body)+minBlock, interfaceSize))
		return nil
	}
	if len(p.led.interfaces) >= MaxInterfaces {
		return p.faultHere("it describes more than %d interfaces", MaxInterfaces)
	}
	i := Interface{Link: LinkType(p.u16(body)), SnapLen: int(p.u32(body[4:])), Section: p.section}
	ng := ngInterface{index: len(p.led.interfaces), link: i.Link, snapLen: p.u32(body[4:]), clock: newClock(6)}
	offset := int64(0)
	var rest []byte
	whole := p.options(body[8:], func(code uint16, v []byte) {
		switch {
		case code == optName:
			i.Name = shortName(v)
		case code == optDescription:
			i.Description = shortName(v)
		case code == optResolution && len(v) == 1:
			ng.clock = newClock(v[0])
		case code == optOffset && len(v) == 8:
			offset = int64(p.u64(v))
		case code == optFCSLen && len(v) == 1:
			i.FCSLen = int(v[0])
		default:
			rest = p.appendOption(rest, interfaceOptions, code, v)
		}
	})
	if len(rest) > 0 && len(rest) <= maxInterfaceRest && p.admits(len(rest), "words of an interface") {
		i.Options = string(rest)
	}
	ng.clock.offset = offset
	if !whole {
		p.note(p.faultHere("an option of the interface block runs out of it"))
	}
	p.led.interfaces = append(p.led.interfaces, i)
	p.interfaces = append(p.interfaces, ng)
	return nil
}

// shortName makes a string of v, which may be large and end in NUL.
func shortName(v []byte) string {
	return strings.TrimRight(strings.ToValidUTF8(string(v[:min(len(v), maxInterfaceN)]), "\ufffd"), "\x00")
}

// enhanced reads an enhanced packet block (section 4.3).
func (p *pcapng) enhanced(b []byte) {
	if len(b) < packetSize-minBlock {
		p.short(b, packetSize)
		return
	}
	h := packetHead{id: p.u32(b), high: p.u32(b[4:]), low: p.u32(b[8:]), original: p.u32(b[16:])}
	p.cutOut(h, p.u32(b[12:]), b[20:])
}

// obsolete reads the packet block that came before it (section C.1).
func (p *pcapng) obsolete(b []byte) {
	if len(b) < packetSize-minBlock {
		p.short(b, packetSize)
		return
	}
	h := packetHead{id: uint32(p.u16(b)), high: p.u32(b[4:]), low: p.u32(b[8:]), original: p.u32(b[16:])}
	if drops := p.u16(b[2:]); drops != math.MaxUint16 { // which is "unknown"
		h.dropped = uint64(drops)
	}
	p.cutOut(h, p.u32(b[12:]), b[20:])
}

// simple reads a simple packet block (section 4.4): no time, no options, and
// the captured length follows from interface 0's snap length.
func (p *pcapng) simple(b []byte) {
	if len(b) < simpleSize-minBlock {
		p.short(b, simpleSize)
		return
	}
	if len(p.interfaces) == 0 {
		p.note(p.faultHere("a packet before any interface was described"))
		return
	}
	h := packetHead{original: p.u32(b), timeless: true}
	captured := h.original
	if snap := p.interfaces[0].snapLen; snap != 0 {
		captured = min(captured, snap)
	}
	p.cutOut(h, captured, b[4:])
}

// short notes a block that has no room for what must be in it.
func (p *pcapng) short(body []byte, least int) {
	p.note(p.faultHere("a packet block of %d bytes is less than the least, %d", len(body)+minBlock, least))
}

// cutOut separates the captured bytes from the options.
func (p *pcapng) cutOut(h packetHead, captured uint32, b []byte) {
	switch {
	case int64(captured) > int64(len(b)):
		p.note(p.faultHere("a captured length of %d bytes in a block that has room for %d", captured, len(b)))
	case captured > MaxRecord:
		p.note(p.faultHere("a captured length of %d bytes is over the limit of %d", captured, MaxRecord))
	default:
		n := int(captured)
		var options []byte
		if padded := (n + 3) &^ 3; padded < len(b) && !h.timeless {
			options = b[padded:]
		}
		p.packet(h, b[:n:n], options)
	}
}

// packet gives out a frame.
func (p *pcapng) packet(h packetHead, data, options []byte) {
	if int64(h.id) >= int64(len(p.interfaces)) {
		p.note(p.faultHere("a packet of interface %d, but the section has described %d", h.id, len(p.interfaces)))
		return
	}
	in := &p.interfaces[h.id]
	p.led.number++
	p.led.packets++
	p.out = p.out[:len(p.out)+1] // step is called only where there is room
	f := &p.out[len(p.out)-1]
	f.Number, f.Time = p.led.number, NoTime
	f.Data, f.OrigLen = data, int(h.original)
	f.Link, f.Interface, f.File = in.link, in.index, 0
	f.Record, f.Direction, f.Checksums = RecordPacket, DirectionUnknown, ChecksumsUnsaid
	f.Dropped, f.Comments = h.dropped, nil
	if !h.timeless {
		var held bool
		if f.Time, held = in.clock.stamp(uint64(h.high)<<32 | uint64(h.low)); !held && !p.clamped {
			p.clamped = true
			p.led.find(*p.faultHere("a time is outside of the years 1677 to 2262; the nearest in them is shown"))
		}
	}
	if len(options) > 0 {
		f = p.packetOptions(f, options)
	}
	if f.Dropped > 0 {
		p.led.dropped.Store(p.drops.packet(f.Dropped))
	}
}

// packetOptions reads options into f, the latest packet of p.out (section
// 4.3.1), and returns where it stands then: custom data come before it.
func (p *pcapng) packetOptions(f *Frame, b []byte) *Frame {
	odd := ""
	for len(b) >= 4 {
		code, n := p.u16(b), int(p.u16(b[2:]))
		if code == optEnd {
			break
		}
		if 4+n > len(b) {
			odd = "runs out of it"
			break
		}
		v := b[4 : 4+n]
		switch {
		case code == optComment:
			f.Comments = append(f.Comments, string(v))
		case code == optFlags && n == 4:
			f.Direction, f.Checksums = splitFlags(p.u32(v))
		case code == optDropCount && n == 8:
			f.Dropped = p.u64(v)
		case code == optCustom && n >= 4:
			f = p.customOption(v)
		case code == optFlags, code == optDropCount, code == optCustom:
			odd = fmt.Sprintf("(number %d) has %d bytes", code, n)
		}
		b = b[min(4+(n+3)&^3, len(b)):]
	}
	if odd != "" {
		p.note(p.faultHere("an option of the packet block %s", odd))
	}
	return f
}

// Bits of epb_flags (section 4.3.1).
const (
	flagIn         = 1
	flagOut        = 2
	flagDirection  = 3
	flagUnfinished = 1 << 9  // checksum not ready
	flagVerified   = 1 << 10 // checksum valid
)

// splitFlags reads epb_flags.
func splitFlags(flags uint32) (d Direction, c Checksums) {
	switch flags & flagDirection {
	case flagIn:
		d = DirectionIn
	case flagOut:
		d = DirectionOut
	}
	switch {
	case flags&flagUnfinished != 0:
		c = ChecksumsUnfinished
	case flags&flagVerified != 0:
		c = ChecksumsVerified
	}
	return d, c
}

// joinFlags makes epb_flags.
func joinFlags(d Direction, c Checksums) (flags uint32) {
	switch d {
	case DirectionIn:
		flags = flagIn
	case DirectionOut:
		flags = flagOut
	}
	switch c {
	case ChecksumsUnfinished:
		flags |= flagUnfinished
	case ChecksumsVerified:
		flags |= flagVerified
	}
	return flags
}

// statistics reads an interface statistics block (section 4.6), of which the
// latest of each interface counts.
func (p *pcapng) statistics(b []byte) {
	if len(b) < statisticsSize-minBlock {
		p.note(p.faultHere("a statistics block of %d bytes is less than the least, %d", len(b)+minBlock, statisticsSize))
		return
	}
	id := p.u32(b)
	if int64(id) >= int64(len(p.interfaces)) {
		if !p.options(b[12:], nil) {
			p.note(p.faultHere("an option of the statistics block runs out of it"))
		}
		return
	}
	in := &p.interfaces[id]
	c := InterfaceCounts{Interface: in.index}
	if !p.counts(b[12:], in.clock, &c) {
		p.note(p.faultHere("an option of the statistics block runs out of it"))
	}
	c.at, _ = in.clock.stamp(uint64(p.u32(b[4:]))<<32 | uint64(p.u32(b[8:])))
	p.keepCounts(c)
	p.led.dropped.Store(p.drops.interfaceTotal(in.index, c.lost()))
}

// dropCount adds up what a file says was lost. Packets say what was lost
// just before them, statistics what was lost in all; the larger counts, for
// files have either or both.
type dropCount struct {
	packets    uint64
	interfaces map[int]uint64 // latest total of each, by index in Source.Interfaces
	total      uint64         // of interfaces
}

// maxDrops bounds what one interface is believed to have lost, so that the
// sum over MaxInterfaces does not overflow.
const maxDrops = 1 << 46

func (d *dropCount) packet(n uint64) uint64 {
	d.packets = satAdd(d.packets, n)
	return max(d.packets, d.total)
}

func (d *dropCount) interfaceTotal(index int, n uint64) uint64 {
	if d.interfaces == nil {
		d.interfaces = make(map[int]uint64)
	}
	n = min(n, maxDrops)
	d.total += n - d.interfaces[index]
	d.interfaces[index] = n
	return max(d.packets, d.total)
}

// satAdd adds, and stays at the largest value.
func satAdd(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}
