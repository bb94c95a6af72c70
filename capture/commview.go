package capture

import (
	"encoding/binary"
	"time"
)

// TamoSoft CommView's captures ("CommView Log Files Format", NCF): records
// without a file header. All numbers are little-endian.
const (
	commviewHeader     = 24 // lengths, version, time, flags, what the radio said
	commviewMedium     = 0x0f
	commviewCompressed = 0x40
	commviewReserved   = 0x80
)

// commviewLinks are the media.
var commviewLinks = [...]LinkType{LinkEthernet, Link80211, LinkTokenRing}

// isCommview reports whether a stream that begins with b is such a capture, or
// how many bytes it must have to tell.
func isCommview(b []byte, last bool) (is bool, need int) {
	return guess(b, last, commviewHeader, func(b []byte) (size int, plausible bool) {
		year, month, day := binary.LittleEndian.Uint16(b[5:]), b[7], b[8]
		plausible = b[4] == 0 && // the version
			year >= 1990 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
			b[9] < 24 && b[10] < 60 && b[11] <= 60 && binary.LittleEndian.Uint32(b[12:]) < 1e6 &&
			b[16]&commviewReserved == 0 && int(b[16]&commviewMedium) < len(commviewLinks) && b[17] <= 100
		return commviewSize(b), plausible
	})
}

// commviewSize reads the size of the record at b.
func commviewSize(b []byte) int { return commviewHeader + int(binary.LittleEndian.Uint16(b)) }

// commview parses such a capture.
type commview struct {
	records
	interfaces [len(commviewLinks)]int // of each medium, and 1
}

// parse implements format.
func (c *commview) parse(b []byte, out []Frame, last bool) ([]Frame, int, int, *Fault) {
	return c.walk(c, b, out, last)
}

// headerSize implements layout.
func (c *commview) headerSize() int { return 0 }

// header implements layout.
func (c *commview) header([]byte) *Fault { return nil }

// measure implements layout.
func (c *commview) measure(b []byte) (size int, fault *Fault) {
	if len(b) < commviewHeader {
		return commviewHeader, nil
	}
	if b[4] != 0 {
		record, offset := c.place()
		return 0, c.led.fault(record, offset, "a record of version %d, where 0 is known", b[4])
	}
	return commviewSize(b), nil
}

// frame implements layout.
func (c *commview) frame(f *Frame, b []byte) bool {
	medium := int(b[16] & commviewMedium)
	switch {
	case medium >= len(commviewLinks):
		c.passOver("medium", medium)
		return false
	case b[16]&commviewCompressed != 0:
		c.led.number++
		record, offset := c.place()
		c.led.find(*c.led.fault(record, offset, "a packet that is compressed was passed over"))
		return false
	}
	if c.interfaces[medium] == 0 {
		c.led.interfaces = append(c.led.interfaces, Interface{Link: commviewLinks[medium]})
		c.interfaces[medium] = len(c.led.interfaces)
	}
	end := commviewSize(b)
	c.number(f)
	f.Time = commviewTime(b)
	f.Data, f.OrigLen = b[commviewHeader:end:end], end-commviewHeader
	f.Link, f.Interface = commviewLinks[medium], c.interfaces[medium]-1
	return true
}

// commviewTime reads the time of the record at b. It has no zone: the reader's
// is taken, as in Wireshark.
func commviewTime(b []byte) Stamp {
	t := time.Date(int(binary.LittleEndian.Uint16(b[5:])), time.Month(b[7]), int(b[8]), int(b[9]), int(b[10]), int(b[11]), 0, time.Local)
	const million = 1e6
	micros := binary.LittleEndian.Uint32(b[12:])
	s, _ := clampStamp(0, t.Unix()+int64(micros/million), uint64(micros%million*1000))
	return s
}
