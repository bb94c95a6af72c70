package dissect_test

import (
	"encoding/binary"
	"net/netip"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// What follows builds packets from the inside out: each function puts its
// header before what it is given.

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func u16(v int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// testTCP is a segment from port 4000 to 80, SYN and ACK, with options padded
// to words.
func testTCP(options, payload []byte) []byte {
	return join(
		u16(4000), u16(80), // ports
		u32(0x01020304), u32(0x0a0b0c0d), // sequence, acknowledgment
		[]byte{byte(20+len(options)) / 4 << 4, 0x12}, // data offset, SYN ACK
		u16(1234), u16(0xbeef), u16(0), // window, checksum, urgent pointer
		options, payload,
	)
}

var (
	src4 = netip.MustParseAddr("192.0.2.1")
	dst4 = netip.MustParseAddr("198.51.100.2")
	src6 = netip.MustParseAddr("2001:db8::1")
	dst6 = netip.MustParseAddr("2001:db8::2")
)

// ip4 is an IPv4 header with its checksum, identification 0x1234, and the
// given flags and fragment offset.
func ip4(protocol byte, flagsAndOffset int, payload []byte) []byte {
	b := join(
		[]byte{0x45, 0}, u16(20+len(payload)), // version, header length, class, total length
		u16(0x1234), u16(flagsAndOffset),
		[]byte{64, protocol, 0, 0}, // time to live, protocol, checksum
		src4.AsSlice(), dst4.AsSlice(),
	)
	binary.BigEndian.PutUint16(b[10:], checksumOf(b))
	return append(b, payload...)
}

// ip6 is an IPv6 header.
func ip6(next byte, payload []byte) []byte {
	return join([]byte{0x60, 0, 0, 0}, u16(len(payload)), []byte{next, 64}, src6.AsSlice(), dst6.AsSlice(), payload)
}

// fragment6 is a fragment header; offset in bytes.
func fragment6(next byte, offset int, more bool, payload []byte) []byte {
	if more {
		offset |= 1
	}
	return join([]byte{next, 0}, u16(offset), u32(0xabcdef), payload)
}

func udp(src, dst int, payload []byte) []byte {
	return join(u16(src), u16(dst), u16(8+len(payload)), u16(0), payload)
}

func ether(etherType int, payload []byte) []byte {
	return join([]byte{2, 0, 0, 0, 0, 1}, []byte{2, 0, 0, 0, 0, 2}, u16(etherType), payload)
}

func vlan(id, etherType int, payload []byte) []byte { return join(u16(id), u16(etherType), payload) }

// snap is LLC and SNAP before an EtherType.
func snap(etherType int, payload []byte) []byte {
	return join([]byte{0xaa, 0xaa, 3, 0, 0, 0}, u16(etherType), payload)
}

// label is one entry of an MPLS stack.
func label(n uint32, bottom bool) []byte {
	v := n<<12 | 64
	if bottom {
		v |= 1 << 8
	}
	return u32(v)
}

func checksumOf(b []byte) uint16 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		s += uint32(b[len(b)-1]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// decode decodes data as a whole frame of a link type.
func decode(link capture.LinkType, data []byte) *dissect.Packet {
	return decodeFrame(&capture.Frame{Number: 1, Link: link, Data: data, OrigLen: len(data)})
}

func decodeFrame(f *capture.Frame) *dissect.Packet {
	var (
		d dissect.Decoder
		p dissect.Packet
	)
	d.Decode(f, &p)
	return &p
}
