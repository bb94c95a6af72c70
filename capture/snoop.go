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
	surveyorVersion   = 5 // the last of another program's own
)

// snoopMagic begins a snoop file; everything in it is big-endian.
var snoopMagic = []byte("snoop\x00\x00\x00")

// snoopLinks are RFC 1761's data link types that have a link type of ours.
var snoopLinks = map[uint32]LinkType{0: LinkEthernet, 2: LinkTokenRing, 4: LinkEthernet, 8: LinkFDDI}

// snoop parses a snoop file.
type snoop struct {
	records
	link LinkType
	lost uint32 // packets, as far as the latest record says
}

// isSnoop reports whether a stream that begins with the four bytes of head may
// be a snoop file.
func isSnoop(head []byte) bool { return bytes.HasPrefix(head, snoopMagic[:minMagic]) }

// parse implements format.
func (s *snoop) parse(b []byte, out []Frame, last bool) ([]Frame, int, int, *Fault) {
	return s.walk(s, b, out, last)
}

// headerSize implements layout.
func (s *snoop) headerSize() int { return snoopFileHeader }

// header implements layout.
func (s *snoop) header(b []byte) *Fault {
	version, link := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	known, ok := snoopLinks[link]
	switch {
	case !bytes.HasPrefix(b, snoopMagic):
		return s.led.fault(0, 0, "it begins almost like a snoop capture (Solaris), and is none")
	case version > snoopVersion && version <= surveyorVersion:
		return s.led.fault(0, 8, "snoop version %d is of Shomiti's and Finisar's Surveyor; %s", version, byEditcap)
	case version != snoopVersion:
		return s.led.fault(0, 8, "snoop version %d is not known: only %d is", version, snoopVersion)
	case !ok:
		return s.led.fault(0, 12, "snoop's data link type %d is not known", link)
	}
	s.link = known
	s.led.interfaces = append(s.led.interfaces, Interface{Link: known})
	return nil
}

// measure implements layout. The size of a record has its padding in it.
func (s *snoop) measure(b []byte) (size int, fault *Fault) {
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

// frame implements layout.
func (s *snoop) frame(f *Frame, b []byte) bool {
	n := int(binary.BigEndian.Uint32(b[4:]))
	sec, micros := int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:]))
	s.number(f)
	f.Time = Stamp(sec*1e9 + micros*1000)
	f.Data = b[snoopRecordHeader : snoopRecordHeader+n : snoopRecordHeader+n]
	f.OrigLen = int(binary.BigEndian.Uint32(b))
	f.Link = s.link
	if lost := binary.BigEndian.Uint32(b[12:]); lost > s.lost { // in all, so far
		f.Dropped = uint64(lost - s.lost)
		s.lost = lost
		s.led.dropped.Store(uint64(lost))
	}
	return true
}
