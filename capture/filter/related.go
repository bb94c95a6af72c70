package filter

import (
	"encoding/binary"

	"tcpsee/capture"
)

// LiveMatcher returns a Matcher for frames from a live capture, which the
// kernel's program has let through: it sees VLAN tags beside the packet and
// not in it, as the kernel does, and knows the direction of a frame. Use it
// with MatchFrame.
func (e *Expr) LiveMatcher(link capture.LinkType) (*Matcher, error) {
	return e.matcher(Options{Link: link, Live: true})
}

// MatchFrame reports whether the expression selects a frame. A Matcher for
// files looks at its bytes alone.
func (m *Matcher) MatchFrame(f *capture.Frame) bool {
	if !m.live || m.plain && !m.tagged(f.Data) {
		return m.Match(f.Data, f.OrigLen)
	}
	meta := metadata{protocol: 0, ifindex: uint32(max(f.Interface, 0)), hatype: hatypeEthernet}
	if f.Direction == capture.DirectionOut {
		meta.pktType = pktOutgoing
	}
	v := view{head: f.Data, typeAt: -1, length: uint32(f.OrigLen), meta: &meta}
	m.untag(&v, f.Data)
	return may(m.program(f.Data).prog, &v)
}

// Decided reports whether nothing is left to be asked about a frame, if the
// kernel has let it through by the expression's program, with
// Options.ICMPErrors and Options.Neighbours or without: it is TCP and no part
// of these, and the program looks at nothing that might look different here.
func (m *Matcher) Decided(f *capture.Frame) bool {
	d := f.Data
	return m.live && m.plain && m.link == capture.LinkEthernet && len(d) >= etherLen+ipMinLen &&
		d[etherLen-2] == etIP>>8 && d[etherLen-1] == etIP&0xff && d[etherLen+9] == ipTCP
}

// Lengths of headers in bytes.
const (
	etherLen = 14
	ipMinLen = 20
)

// untag takes the VLAN tag of an Ethernet frame out of what a program sees, as
// the kernel does.
func (m *Matcher) untag(v *view, data []byte) {
	if m.tagged(data) {
		v.meta.tagged, v.noTag = true, true
		v.meta.tci = uint32(binary.BigEndian.Uint16(data[tagAt+2:]))
		v.length -= min(v.length, tagLen)
	}
}

// tagged reports whether a frame has a VLAN tag that the kernel takes out.
func (m *Matcher) tagged(data []byte) bool {
	if m.link != capture.LinkEthernet || len(data) < tagAt+tagLen {
		return false
	}
	typ := binary.BigEndian.Uint16(data[tagAt:])
	return typ == etVLAN || typ == etQinQ
}

// MatchRelated reports whether a frame concerns what the expression selects,
// though it is not selected itself: an ICMP or ICMPv6 error that quotes a
// packet which the expression selects (as far as the quotation goes; what it
// leaves out may be anything), or ARP or neighbour discovery between two
// addresses for which it selects packets. It is what Options.ICMPErrors and
// Options.Neighbours let through, made exact.
func (m *Matcher) MatchRelated(data []byte, origLen int) bool {
	h, ok := netHeader(m.link, data)
	if !ok {
		return false
	}
	net := data[h.off:]
	switch {
	case h.proto == etARP:
		return m.arp(data, h, net)
	case h.proto == etIP && len(net) >= 20 && net[9] == ipICMP:
		quoted := quotedIP(net)
		return quoted != nil && m.mayMatch(data, h, etIP, quoted, nil)
	case h.proto == etIPv6 && len(net) >= 40 && net[6] == ipICMPv6:
		return m.icmp6(data, h, net)
	}
	return false
}

// header is where the network layer of a frame begins.
type header struct {
	off    int
	typeAt int // of the EtherType or address family; -1: none
	size   int // of that field
	proto  uint32
}

// netHeader finds the network layer, behind VLAN tags too, for link types
// whose header has a fixed length.
func netHeader(link capture.LinkType, data []byte) (header, bool) {
	y := layoutOf(link)
	h := header{off: int(y.payload.k), typeAt: int(y.typ.k), size: 2}
	switch y.family {
	case famEther, famType, famCooked, famCHDLC, famPPP:
	case famRaw, famIPv4, famIPv6:
		h.typeAt = -1
		if len(data) <= h.off {
			return h, false
		}
		h.proto = map[byte]uint32{4: etIP, 6: etIPv6}[data[h.off]>>4]
		return h, h.proto != 0
	case famLoopHost, famLoopNet:
		h.size = 4
	default:
		return h, false
	}
	for y.family == famEther && len(data) >= h.off {
		switch binary.BigEndian.Uint16(data[h.typeAt:]) {
		case etVLAN, etQinQ, etQinQOld:
			h.off += tagLen
			h.typeAt += tagLen
			continue
		}
		break
	}
	if len(data) <= h.off {
		return h, false
	}
	switch {
	case h.size == 4:
		h.proto = map[byte]uint32{4: etIP, 6: etIPv6}[data[h.off]>>4]
	default:
		h.proto = uint32(binary.BigEndian.Uint16(data[h.typeAt:]))
		if y.family == famPPP {
			h.proto = map[uint32]uint32{0x21: etIP, 0x57: etIPv6}[h.proto]
		}
	}
	return h, h.proto != 0
}

// quotedIP returns the packet that an ICMP error quotes (RFC 792), or nil.
func quotedIP(net []byte) []byte {
	icmp := int(net[0]&0xf) * 4
	if icmp < 20 || binary.BigEndian.Uint16(net[6:])&0x1fff != 0 || len(net) < icmp+8+20 {
		return nil
	}
	switch net[icmp] {
	case icmpUnreachable, icmpSourceQuench, icmpRedirect, icmpTimeExceeded, icmpParameter:
	default:
		return nil
	}
	return net[icmp+8:]
}

// icmp6 looks at ICMPv6 errors and neighbour discovery (RFC 4443, RFC 4861).
func (m *Matcher) icmp6(data []byte, h header, net []byte) bool {
	const target = 24 // length of a message as far as its target
	icmp := net[40:]
	switch {
	case len(icmp) >= 8+40 && icmp[0] < icmp6FirstInfo:
		return m.mayMatch(data, h, etIPv6, icmp[8:], nil)
	case len(icmp) >= target && (icmp[0] == icmp6Neighbour || icmp[0] == icmp6Neighbour+1):
		return m.between(data, h, net[8:24], icmp[8:24])
	}
	return false
}

// icmp6Neighbour is the type of a neighbour solicitation; an advertisement's
// comes next.
const icmp6Neighbour = 135

// arp looks at the addresses in ARP for IPv4 (RFC 826).
func (m *Matcher) arp(data []byte, h header, net []byte) bool {
	const ethernetIPv4 = 28
	if len(net) < ethernetIPv4 || binary.BigEndian.Uint16(net[2:]) != etIP ||
		net[4] != 6 || net[5] != 4 {
		return false
	}
	return m.between(data, h, net[14:18], net[24:28])
}

// between reports whether packets from one address to the other, or back,
// could be selected. Where an address is not there (a probe, RFC 5227), or
// both are the same (an announcement), it is the one that stands for both.
func (m *Matcher) between(data []byte, h header, a, b []byte) bool {
	if allZero(a) {
		a = b
	}
	return m.packet(data, h, a, b) || m.packet(data, h, b, a)
}

// packet makes up an IP packet with two addresses, of which nothing else is
// known.
func (m *Matcher) packet(data []byte, h header, src, dst []byte) bool {
	var body [maxKnown]byte
	var known [maxKnown]bool
	typ, first, at := uint32(etIP), byte(0x45), 12
	if len(src) == 16 {
		typ, first, at = etIPv6, 0x60, 8
	} else {
		known[6], known[7] = true, true // no fragment
	}
	body[0], known[0] = first, true
	n := copy(body[at:], src)
	n += copy(body[at+n:], dst)
	for i := range n {
		known[at+i] = true
	}
	return m.mayMatch(data, h, typ, body[:at+n], &known)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// mayMatch runs the program over the frame with another network layer in it.
func (m *Matcher) mayMatch(data []byte, h header, typ uint32, body []byte,
	known *[maxKnown]bool) bool {
	v := view{head: data[:h.off], typeAt: -1, body: body, known: known, open: true}
	if h.typeAt >= 0 && h.size == 2 {
		v.typeAt = h.typeAt
		binary.BigEndian.PutUint16(v.typ[:], uint16(typ))
		if layoutOf(m.link).family == famPPP {
			binary.BigEndian.PutUint16(v.typ[:], uint16(pppType(typ)))
		}
	}
	if m.live {
		v.meta = &metadata{hatype: hatypeEthernet}
		m.untag(&v, data)
	}
	return may(m.program(data).prog, &v)
}
