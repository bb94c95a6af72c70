package capture

import (
	"encoding/binary"
	"fmt"
)

// Endace's extensible record format ("ERF Types Reference Guide", EDM11-01):
// the records of capture cards, one after another without a file header, or
// each one a packet of link type LinkERF.
const (
	erfHeader    = 16 // time, type, flags, lengths, losses
	erfExtension = 8  // octets of each extension header
	erfMore      = 0x80
	erfMetadata  = 27 // what the cards, their ports and the capture are: no packet
	erfPad       = 48 // fills a buffer
	erfMaxType   = 29 // of those that are assigned, the last before erfPad
	erfFCS       = 4
)

// erfKind is what the packets of a type of record are.
type erfKind struct {
	link   LinkType
	before int  // octets between the headers and the packet
	losses bool // what else is a colour counts losses
}

// erfKinds are the types of record whose packets can be followed. HDLC is PPP
// or Cisco's, which the first octet of a packet tells.
var erfKinds = [...]erfKind{
	1:  {link: LinkPPPSerial, losses: true},
	2:  {link: LinkEthernet, before: 2, losses: true},
	5:  {link: LinkPPPSerial, before: 4, losses: true}, // of one of many channels
	10: {link: LinkPPPSerial},
	11: {link: LinkEthernet, before: 2},
	15: {link: LinkPPPSerial},
	16: {link: LinkEthernet, before: 2},
	17: {link: LinkPPPSerial, before: 4},
	19: {link: LinkPPPSerial},
	20: {link: LinkEthernet, before: 2},
	22: {link: LinkIPv4, losses: true},
	23: {link: LinkIPv6, losses: true},
}

// ERFRecord is what the headers of a record of Endace's say.
type ERFRecord struct {
	Link   LinkType // how the packet begins; LinkERF where its kind cannot be followed
	Header int      // octets before the packet
	Wire   int      // octets that the packet had on the wire
	FCS    int      // how many of them, at its end, are a frame check sequence
	Port   int      // 0 to 7, of the card
	Lost   int      // packets lost just before it
	Type   int      // of the record, 1 to 127
}

// SplitERF reads the headers at the front of b. need is how many octets they
// have; r is complete where b has as many.
func SplitERF(b []byte) (r ERFRecord, need int) {
	if len(b) < erfHeader {
		return r, erfHeader
	}
	r = ERFRecord{Link: LinkERF, Header: erfHeader, Wire: int(binary.BigEndian.Uint16(b[14:])), Type: int(b[8] &^ erfMore)}
	r.Port = int(b[9]&3 | b[9]>>4&4)
	for more := b[8]&erfMore != 0; more; r.Header += erfExtension {
		if len(b) < r.Header+erfExtension {
			return r, r.Header + erfExtension
		}
		more = b[r.Header]&erfMore != 0
	}
	if r.Type < len(erfKinds) && erfKinds[r.Type].link != 0 {
		k := &erfKinds[r.Type]
		r.Link = k.link
		r.Header += k.before
		if k.link != LinkIPv4 && k.link != LinkIPv6 {
			r.FCS = erfFCS
		}
		if k.losses {
			r.Lost = int(binary.BigEndian.Uint16(b[12:]))
		}
	}
	return r, r.Header
}

// What the times of a file of such records may be, as in Wireshark.
const (
	erfBackward = 1 // seconds that one may be before the one before it
	erfForward  = 365 * 24 * 3600
)

// isERF reports whether a stream that begins with b is one of such records, or
// how many bytes it must have to tell.
func isERF(b []byte, last bool) (is bool, need int) {
	packets, before := 0, uint32(0)
	is, need = guess(b, last, erfHeader, func(b []byte) (size int, plausible bool) {
		size = int(binary.BigEndian.Uint16(b[10:]))
		if !erfPlausible(b[:min(size, len(b))], size) {
			return 0, false
		}
		if b[8]&^erfMore == erfPad {
			return size, true
		}
		sec := binary.LittleEndian.Uint32(b[4:])
		if packets > 0 && (before > sec && before-sec > erfBackward || sec > before && sec-before > erfForward) {
			return 0, false
		}
		before = sec
		packets++
		return size, true
	})
	return is && packets > 0, need
}

// erfPlausible reports whether b, with its header, may begin a record of size
// bytes.
func erfPlausible(b []byte, size int) bool {
	if size < erfHeader {
		return false
	}
	switch kind := b[8] &^ erfMore; {
	case kind == erfPad:
		return true
	case kind == 0 || kind > erfMaxType: // 0 is of the cards before this format
		return false
	}
	_, need := SplitERF(b)
	return need <= size
}

// erf parses a file of such records.
type erf struct {
	records
	ports []erfPort // by interface
}

// erfPort is what has an interface of its own: frames of one kind from a port.
type erfPort struct {
	link LinkType
	port int
}

// parse implements format.
func (e *erf) parse(b []byte, out []Frame, last bool) ([]Frame, int, int, *Fault) {
	return e.walk(e, b, out, last)
}

// headerSize implements layout.
func (e *erf) headerSize() int { return 0 }

// header implements layout.
func (e *erf) header([]byte) *Fault { return nil }

// measure implements layout.
func (e *erf) measure(b []byte) (size int, fault *Fault) {
	if len(b) < erfHeader {
		return erfHeader, nil
	}
	if size = int(binary.BigEndian.Uint16(b[10:])); size < erfHeader {
		record, offset := e.place()
		return 0, e.led.fault(record, offset, "a record of %d bytes, of which the header alone has %d", size, erfHeader)
	}
	return size, nil
}

// frame implements layout.
func (e *erf) frame(f *Frame, b []byte) bool {
	b = b[:binary.BigEndian.Uint16(b[10:])]
	r, need := SplitERF(b)
	switch r.Type {
	case erfPad:
		return false
	case erfMetadata:
		e.led.number++ // Wireshark numbers them, and people quote its numbers
		return false
	}
	if need > len(b) {
		record, offset := e.place()
		e.led.find(*e.led.fault(record, offset, "a record of %d bytes has no room for its headers", len(b)))
		r.Link = LinkERF
	}
	e.number(f)
	sec, fraction := uint64(binary.LittleEndian.Uint32(b[4:])), uint64(binary.LittleEndian.Uint32(b))
	f.Time = Stamp(sec*1e9 + (fraction*1e9+1<<31)>>32) // to the nearest nanosecond
	f.Link, f.Dropped = r.Link, uint64(r.Lost)
	before := r.Header
	if r.Link == LinkERF { // with its headers, as in a pcap file
		r.Wire += min(before, len(b))
		before, r.FCS = 0, 0
	}
	end := min(before+r.Wire, len(b)) // what follows fills up the record
	f.Data, f.OrigLen = b[before:end:end], r.Wire
	f.Interface = e.port(r)
	if r.Lost > 0 {
		e.led.dropped.Add(uint64(r.Lost))
	}
	return true
}

// port returns the interface of a record.
func (e *erf) port(r ERFRecord) int {
	for i := range e.ports {
		if e.ports[i].port == r.Port && e.ports[i].link == r.Link {
			return i
		}
	}
	e.ports = append(e.ports, erfPort{r.Link, r.Port})
	e.led.interfaces = append(e.led.interfaces, Interface{Name: fmt.Sprintf("port %c", 'A'+r.Port), Link: r.Link, FCSLen: r.FCS})
	return len(e.ports) - 1
}
