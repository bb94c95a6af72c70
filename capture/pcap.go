package capture

import (
	"encoding/binary"
	"math/bits"
)

// Sizes of a pcap file (draft-ietf-opsawg-pcap, sections 4 and 5).
const (
	pcapFileHeader   = 24
	pcapRecordHeader = 16
)

// pcapMagic says how a file with that first word is written.
type pcapMagic struct {
	nanos    bool
	modified bool // a1b2cd34: longer record headers
	extra    int  // bytes after the file header
}

// pcapMagics has the first words, in the byte order of the writer. The last
// two are Ixia's, whose file header ends in the size of all records.
var pcapMagics = map[uint32]pcapMagic{
	0xa1b2c3d4: {},
	0xa1b23c4d: {nanos: true},
	0xa1b2cd34: {modified: true},
	0x1c0001ac: {nanos: true, extra: 4},
	0x1c0001ab: {extra: 4},
}

// pcap parses a classic capture file.
type pcap struct {
	led     *logbook
	swap    bool // the file is big-endian
	magic   pcapMagic
	begun   bool // the file header has been read
	decided bool // variant is known
	patient bool
	pcapVariant
	lengths lengthOrder
	link    LinkType
	snapLen uint32
	records int64
	oddTime bool  // a time was found odd; once is enough
	at      int64 // offset of the bytes given to parse
}

// lengthOrder says which of a record's two lengths comes first. Version 2.3
// exchanged them, and some files of that version are written as before
// (libpcap's sf-pcap.c reads them so too).
type lengthOrder uint8

const (
	capturedFirst  lengthOrder = iota
	originalFirst              // versions before 2.3, and DG/UX's 543.0
	smallerIsFirst             // version 2.3
)

// newPcap returns the parser of a file that begins with head, or nil.
func newPcap(l *logbook, head []byte, patient bool) *pcap {
	word := binary.LittleEndian.Uint32(head)
	if m, ok := pcapMagics[word]; ok {
		return &pcap{led: l, magic: m, patient: patient}
	}
	if m, ok := pcapMagics[bits.ReverseBytes32(word)]; ok {
		return &pcap{led: l, magic: m, patient: patient, swap: true}
	}
	return nil
}

func (p *pcap) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if p.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (p *pcap) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if p.swap {
		v = bits.ReverseBytes16(v)
	}
	return v
}

// place implements format.
func (p *pcap) place() (int64, int64) {
	if !p.begun {
		return 0, 0
	}
	return p.records + 1, p.at
}

// finish implements format. Nothing is passed over in a pcap file.
func (p *pcap) finish() *Fault { return nil }

// parse implements format.
func (p *pcap) parse(b []byte, out []Frame, last bool) (frames []Frame, used, need int, fault *Fault) {
	if !p.begun {
		size := pcapFileHeader + p.magic.extra
		if len(b) < size {
			return out, 0, size, p.cut(len(b), size, last, "the file header")
		}
		if fault = p.header(b); fault != nil {
			return out, 0, 0, fault
		}
		used = size
	}
	if !p.decided {
		if need = p.decide(b[used:], last); need > 0 {
			return out, used, need, nil
		}
	}
	for len(out) < cap(out) && used <= len(b) {
		rest := b[used:]
		size, captured, f := p.record(rest)
		if f != nil {
			fault = f
			break
		}
		if have := min(size, p.size+MaxRecord); len(rest) < have {
			need = have
			if len(rest) > 0 {
				fault = p.cut(len(rest), size, last, "this record")
			}
			break
		}
		out = out[:len(out)+1]
		p.frame(&out[len(out)-1], rest, captured)
		used += size
		p.at += int64(size)
	}
	return out, used, need, fault
}

// cut is the fault of a file that ends after have of want bytes.
func (p *pcap) cut(have, want int, last bool, what string) *Fault {
	if !last {
		return nil
	}
	record, offset := p.place()
	return p.led.fault(record, offset, "the file is cut short: of the %d bytes of %s only %d are there", want, what, have)
}

// header reads the file header.
func (p *pcap) header(b []byte) *Fault {
	major, minor := p.u16(b[4:]), p.u16(b[6:])
	p.snapLen = p.u32(b[16:])
	network := p.u32(b[20:])
	p.size = pcapRecordHeader
	p.decided = true
	switch {
	case major < 2:
		return p.led.fault(0, 0, "pcap version %d.%d is not known: versions begin with 2.0", major, minor)
	case major == 543 || major == 2 && minor < 3:
		p.lengths = originalFirst
	case major == 2 && minor == 3:
		p.lengths = smallerIsFirst
	case p.magic.modified || p.magic == pcapMagic{}:
		p.decided = false
	}
	if link, ok := aixLinks[network]; ok && major == 2 && minor == 2 && p.magic == (pcapMagic{}) {
		p.magic.nanos, p.pad = true, aixPadding[link]
		network = uint32(link)
	}
	// Only 16 bits are the link type; the draft has readers ignore ten more.
	if network&0x03ff0000 != 0 {
		p.led.find(*p.led.fault(0, 20, "reserved bits of the link type are set (0x%08x); they were ignored", network))
	}
	fcs := 0
	if network&0x04000000 != 0 {
		fcs = int(network>>28) * 2
	}
	p.link = LinkType(network & 0xffff)
	p.led.interfaces = append(p.led.interfaces, Interface{Link: p.link, SnapLen: int(p.snapLen), FCSLen: fcs})
	p.begun = true
	p.at = int64(pcapFileHeader + p.magic.extra)
	return nil
}

// record measures the record at the front of b: all its bytes, and the
// captured ones. Where the header is not there it asks for it.
func (p *pcap) record(b []byte) (size, captured int, fault *Fault) {
	if len(b) < p.size {
		return p.size, 0, nil
	}
	n, _ := p.lens(b)
	if n > MaxRecord && !(hugeFrames(p.link) && n <= maxBlock) {
		record, offset := p.place()
		return 0, 0, p.led.fault(record, offset, "a captured length of %d bytes is over the limit of %d", n, MaxRecord)
	}
	return p.size + int(n), int(n), nil
}

// lens returns the captured and the original length of the record at b.
func (p *pcap) lens(b []byte) (captured, original uint32) {
	captured, original = p.u32(b[8:]), p.u32(b[12:])
	if p.lengths == originalFirst || p.lengths == smallerIsFirst && captured > original {
		captured, original = original, captured
	}
	return captured, original
}

// oddFraction returns what to add to the second of the next record, whose fraction
// is none, in nanoseconds, and says so of the first one. Close below 2^32 of its
// units it is a number below 0: some count back from a second that was rounded up.
func (p *pcap) oddFraction(frac, unit int64) int64 {
	words := "a fraction of a second is a second or more (%d ns); it was added as it is"
	if below := frac - unit<<32; below > -1e9 {
		words, frac = "a fraction of a second is below 0 (%d ns); it was taken from the second", below
	}
	if !p.oddTime {
		p.oddTime = true
		p.led.find(*p.led.fault(p.records+1, p.at, words, frac))
	}
	return frac
}

// frame makes f the frame of the record at b, whose bytes are all there. It
// sets each field by itself, which takes half the time of copying a Frame.
func (p *pcap) frame(f *Frame, b []byte, captured int) {
	sec, frac := int64(p.u32(b)), int64(p.u32(b[4:]))
	unit := int64(1)
	if !p.magic.nanos {
		unit = 1000
	}
	if frac *= unit; frac >= 1e9 {
		frac = p.oddFraction(frac, unit)
	}
	_, original := p.lens(b)
	p.records++
	p.led.number++
	p.led.packets++
	if captured > MaxRecord {
		p.led.find(*p.led.fault(p.records, p.at, "of %d captured bytes the first %d were read", captured, MaxRecord))
		captured = MaxRecord
	}
	data := b[p.size : p.size+captured : p.size+captured]
	pad := min(p.pad, len(data))
	f.Number = p.led.number
	f.Time = Stamp(sec*1e9 + frac) // at most 2^32 s and 2^32 µs: no overflow
	f.Data = data[pad:]
	f.OrigLen = max(int(original)-pad, 0)
	f.Link = p.link
	f.Interface, f.File, f.Record = 0, 0, RecordPacket
	f.Direction, f.Checksums = p.direction(b), ChecksumsUnsaid
	f.Dropped, f.Comments = 0, nil
}

// hugeFrames reports whether frames of a link type may exceed MaxRecord:
// D-Bus messages, and USB transfers with USBPcap's header. The rest is not
// read, but what follows is.
func hugeFrames(l LinkType) bool { return l == 231 || l == 249 }
