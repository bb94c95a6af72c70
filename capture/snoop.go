package capture

import (
	"bytes"
	"encoding/binary"
)

// Sizes of a snoop file (RFC 1761): Solaris's captures, which its snoop
// command and old versions of other systems' tools write.
const (
	snoopFileHeader   = 16
	snoopRecordHeader = 24
	snoopVersion      = 2
)

// snoopMagic begins a snoop file; everything in it is big-endian.
var snoopMagic = []byte("snoop\x00\x00\x00")

// snoopLinks are RFC 1761's data link types that have a link type of ours.
var snoopLinks = map[uint32]LinkType{0: LinkEthernet, 2: LinkTokenRing, 4: LinkEthernet, 8: LinkFDDI}

// snoop parses a snoop file.
type snoop struct {
	led     *logbook
	begun   bool // the file header has been read
	link    LinkType
	records int64
	lost    uint32 // packets, as far as the latest record says
	at      int64  // offset of the bytes given to parse
}

// isSnoop reports whether a stream that begins with the four bytes of head may
// be a snoop file.
func isSnoop(head []byte) bool { return bytes.HasPrefix(head, snoopMagic[:minMagic]) }

// place implements format.
func (s *snoop) place() (int64, int64) {
	if !s.begun {
		return 0, 0
	}
	return s.records + 1, s.at
}

// finish implements format. Nothing is passed over in a snoop file.
func (s *snoop) finish() *Fault { return nil }

// parse implements format.
func (s *snoop) parse(b []byte, out []Frame, last bool) (frames []Frame, used, need int, fault *Fault) {
	if !s.begun {
		if len(b) < snoopFileHeader {
			return out, 0, snoopFileHeader, s.cut(len(b), snoopFileHeader, last, "the file header")
		}
		if fault = s.header(b); fault != nil {
			return out, 0, 0, fault
		}
		used = snoopFileHeader
	}
	for len(out) < cap(out) && used <= len(b) {
		rest := b[used:]
		size, f := s.record(rest)
		if f != nil {
			fault = f
			break
		}
		if len(rest) < size {
			need = size
			if len(rest) > 0 {
				fault = s.cut(len(rest), size, last, "this record")
			}
			break
		}
		out = out[:len(out)+1]
		s.frame(&out[len(out)-1], rest)
		used += size
		s.at += int64(size)
	}
	return out, used, need, fault
}

// cut is the fault of a file that ends after have of want bytes.
func (s *snoop) cut(have, want int, last bool, what string) *Fault {
	if !last {
		return nil
	}
	record, offset := s.place()
	return s.led.fault(record, offset, "the file is cut short: of the %d bytes of %s only %d are there", want, what, have)
}

// header reads the file header.
func (s *snoop) header(b []byte) *Fault {
	version, link := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	known, ok := snoopLinks[link]
	switch {
	case !bytes.HasPrefix(b, snoopMagic):
		return s.led.fault(0, 0, "it begins almost like a snoop capture (Solaris), and is none")
	case version != snoopVersion:
		return s.led.fault(0, 8, "snoop version %d is not known: only %d is", version, snoopVersion)
	case !ok:
		return s.led.fault(0, 12, "snoop's data link type %d is not known", link)
	}
	s.link, s.begun, s.at = known, true, snoopFileHeader
	s.led.interfaces = append(s.led.interfaces, Interface{Link: known})
	return nil
}

// record measures the record at the front of b, with its padding. Where the
// header is not there it asks for it.
func (s *snoop) record(b []byte) (size int, fault *Fault) {
	if len(b) < snoopRecordHeader {
		return snoopRecordHeader, nil
	}
	captured, total := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	record, offset := s.place()
	switch {
	case captured > MaxRecord:
		return 0, s.led.fault(record, offset, "a captured length of %d bytes is over the limit of %d", captured, MaxRecord)
	case total < snoopRecordHeader+captured || total > 2*MaxRecord:
		return 0, s.led.fault(record, offset, "a record of %d bytes for %d captured ones", total, captured)
	}
	return int(total), nil
}

// frame makes f the frame of the record at b, whose bytes are all there.
func (s *snoop) frame(f *Frame, b []byte) {
	n := int(binary.BigEndian.Uint32(b[4:]))
	sec, micros := int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:]))
	s.records++
	s.led.number++
	s.led.packets++
	*f = Frame{
		Number: s.led.number, Time: Stamp(sec*1e9 + micros*1000),
		Data: b[snoopRecordHeader : snoopRecordHeader+n : snoopRecordHeader+n], OrigLen: int(binary.BigEndian.Uint32(b)),
		Link: s.link,
	}
	if lost := binary.BigEndian.Uint32(b[12:]); lost > s.lost { // in all, so far
		f.Dropped = uint64(lost - s.lost)
		s.lost = lost
		s.led.dropped.Store(uint64(lost))
	}
}
