package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Traces of Citrix ADC, once NetScaler: nstrace, versions 3.0 and 3.5. A trace
// is pages of records, which may reach into the next page; what is left of a
// page after a record of type 0 is not used. Numbers are little-endian.
const (
	nstraceSignature = "Netscaler V3" // and 0 or 5, after type, size and byte order
	nstraceStart     = 3
	nstracePage      = 16 << 10
	nstraceLong      = 0x80 // the size of a record has two octets, of 7 and 8 bits

	nstraceHeader30 = 52 // with the lengths of two names, which follow, at 31
	nstraceHeader35 = 35 // with the type of what follows at 34
	nstraceNames    = 31
	nstraceNext     = 34

	nstraceEthernet = 1    // what follows is the packet
	nstraceMore     = 0x80 // or a record of more, from here on: length, type of what follows
)

// nstraceKind is what a type of record holds: packets that were sent, or put
// into the transmit buffer, or received by the card, or passed on by it.
type nstraceKind struct {
	header    int
	direction Direction
}

var nstraceKinds = map[byte]nstraceKind{
	0xa8: {nstraceHeader30, DirectionOut}, 0xa9: {nstraceHeader30, DirectionOut},
	0xaa: {nstraceHeader30, DirectionIn}, 0xab: {nstraceHeader30, DirectionIn},
	0xac: {nstraceHeader35, DirectionOut}, 0xad: {nstraceHeader35, DirectionOut},
	0xae: {nstraceHeader35, DirectionIn}, 0xaf: {nstraceHeader35, DirectionIn},
}

// nstrace parses such a trace.
type nstrace struct {
	records
	unused int64      // offset up to which a page is not used
	cards  [256]int16 // the interface of each, and 1
}

// isNstrace reports whether a stream that begins with the four bytes of head
// may be such a trace.
func isNstrace(head []byte) bool {
	return head[0] == 1 && head[nstraceStart] == nstraceSignature[0]
}

// parse implements format.
func (n *nstrace) parse(b []byte, out []Frame, last bool) ([]Frame, int, int, *Fault) {
	return n.walk(n, b, out, last)
}

// headerSize implements layout: the first record tells what the file is.
func (n *nstrace) headerSize() int { return nstraceStart + len(nstraceSignature) + 1 }

// header implements layout.
func (n *nstrace) header(b []byte) *Fault {
	signature := b[nstraceStart:]
	size, _ := nstraceSize(b)
	switch {
	case bytes.HasPrefix(signature, []byte("NetScaler")):
		return n.led.fault(0, 0, "this is a NetScaler trace before version 3.0; %s", byNetScaler)
	case !bytes.HasPrefix(signature, []byte(nstraceSignature)):
		return n.led.fault(0, 0, "it begins almost like a NetScaler trace, and is none")
	case size < n.headerSize():
		return n.led.fault(0, 0, "its first record, of %d bytes, has no room for a signature", size)
	}
	n.unused = int64(size)
	return nil
}

// nstraceSize reads the size of the record at b, or says how many bytes tell it.
func nstraceSize(b []byte) (size, need int) {
	switch {
	case len(b) < 2:
		return 0, 2
	case b[1]&nstraceLong == 0:
		return int(b[1]), 0
	case len(b) < 3:
		return 0, 3
	}
	return int(b[2])<<7 | int(b[1]&^nstraceLong), 0
}

// measure implements layout. What is not used is passed over as it comes, for
// the last page may be cut.
func (n *nstrace) measure(b []byte) (size int, fault *Fault) {
	if len(b) == 0 {
		return 1, nil
	}
	if n.at >= n.unused && b[0] == 0 {
		n.unused = (n.at/nstracePage + 1) * nstracePage
	}
	if n.at < n.unused {
		return int(min(int64(len(b)), n.unused-n.at)), nil
	}
	size, need := nstraceSize(b)
	if need > 0 {
		return need, nil
	}
	if size < 2 || b[1]&nstraceLong != 0 && size < 3 {
		record, offset := n.place()
		return 0, n.led.fault(record, offset, "a record of %d bytes is less than its header", size)
	}
	return size, nil
}

// frame implements layout.
func (n *nstrace) frame(f *Frame, b []byte) bool {
	if n.at < n.unused {
		n.done-- // it is no record
		return false
	}
	kind, ok := nstraceKinds[b[0]]
	if !ok {
		return false
	}
	size, _ := nstraceSize(b)
	b = b[:size]
	data, why := nstraceData(b, kind)
	if why != "" {
		n.led.number++
		record, offset := n.place()
		n.led.find(*n.led.fault(record, offset, "a record of %d bytes %s; it was passed over", len(b), why))
		return false
	}
	n.number(f)
	f.Time = clampNanos(binary.LittleEndian.Uint64(b[4:]))
	f.Data, f.OrigLen = data, int(binary.LittleEndian.Uint16(b[20:]))
	f.Link, f.Interface, f.Direction = LinkEthernet, n.card(b[3]), kind.direction
	return true
}

// nstraceData returns the packet of the record b, or why it has none.
func nstraceData(b []byte, kind nstraceKind) (data []byte, why string) {
	const (
		noRoom = "has no room for its headers"
		least  = 3 // bytes of a record of more
	)
	at := kind.header
	if len(b) < at {
		return nil, noRoom
	}
	if kind.header == nstraceHeader30 {
		at += int(b[nstraceNames]) + int(b[nstraceNames+1])
	} else {
		next := b[nstraceNext]
		for next >= nstraceMore {
			if len(b) < at+least {
				return nil, noRoom
			}
			n := int(binary.LittleEndian.Uint16(b[at:]))
			next = b[at+2]
			at += max(n, least)
		}
		if next != nstraceEthernet {
			return nil, fmt.Sprintf("holds no packet, but what has type %d", next)
		}
	}
	if len(b) < at {
		return nil, noRoom
	}
	return b[at:len(b):len(b)], ""
}

// clampNanos returns the time that is ns after 1970, or the last one.
func clampNanos(ns uint64) Stamp {
	s, _ := clampStamp(ns/1e9, 0, ns%1e9)
	return s
}

// card returns the interface of a network card.
func (n *nstrace) card(number byte) int {
	if n.cards[number] == 0 {
		n.led.interfaces = append(n.led.interfaces, Interface{Name: fmt.Sprintf("nic %d", number), Link: LinkEthernet})
		n.cards[number] = int16(len(n.led.interfaces))
	}
	return int(n.cards[number]) - 1
}
