package dissect

import "net/netip"

// The IP protocols that are followed or named here
// (https://www.iana.org/assignments/protocol-numbers).
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoDSR         = 48
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoNoNext      = 59
	protoDestination = 60
	protoAX25        = 93
	protoEtherIP     = 97
	protoPIM         = 103
	protoIPComp      = 108
	protoL2TP        = 115
	protoSCTP        = 132
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
	protoEthernet    = 143
)

const (
	ipv4Header = 20
	ipv6Header = 40
)

// ipv4 parses an IPv4 header (RFC 791, section 3.1).
func (c *cursor) ipv4() step {
	if !c.need(ipv4Header) {
		return stepDone
	}
	b := c.rest()
	if b[0]>>4 == 6 {
		return stepIPv6 // some encapsulations say IPv4 for both
	}
	header := int(b[0]&15) * 4
	total := int(be16(b[2:]))
	if b[0]>>4 != 4 || header < ipv4Header {
		return c.fail(ProblemMalformed)
	}
	if total < header {
		if total != 0 {
			return c.fail(ProblemMalformed)
		}
		total = c.left() // segmentation offload writes 0
	}
	if !c.need(header) {
		return stepDone
	}
	p := c.p
	p.Content, c.hasIP = ContentOther, true
	ip := &p.IP
	ip.Version, ip.TOS, ip.HopLimit, ip.Protocol, ip.ID = 4, b[1], b[8], b[9], uint32(be16(b[4:]))
	ip.Src, ip.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	ip.Total, ip.Offset, ip.Header = total, int32(c.off), int32(header)
	if header > ipv4Header {
		if last := sourceRoute(b[ipv4Header:header]); last != nil {
			ip.Dst = netip.AddrFrom4([4]byte(last))
		}
	}
	fragment := int(be16(b[6:]))
	c.part = false
	c.limit(total)
	c.take(LayerIPv4, header)
	if fragment&0x3fff != 0 {
		return c.fragment(Fragment{
			Offset: fragment & 0x1fff * 8, More: fragment&0x2000 != 0, Protocol: b[9], Len: total - header,
		})
	}
	c.arg = uint16(b[9])
	return stepProtocol
}

// sourceRoute returns the last address of a source route that is not used up,
// nil where there is none: until then that, and not the header's own, is where
// the packet goes in the end (RFC 791, section 3.1), and TCP's checksum is made
// with it.
func sourceRoute(options []byte) []byte {
	for len(options) >= 2 && options[0] != ipEndOfList {
		if options[0] == ipNoOperation {
			options = options[1:]
			continue
		}
		n := int(options[1])
		if n < 2 || n > len(options) {
			return nil
		}
		if options[0] == ipLooseRoute || options[0] == ipStrictRoute {
			next := 0 // counted from 1, the option's first octet
			if n >= 7 && n%4 == 3 {
				next = int(options[2])
			}
			if next < 4 || next%4 != 0 || next+3 > n {
				return nil
			}
			return options[n-4 : n]
		}
		options = options[n:]
	}
	return nil
}

// fragment ends the parsing at a fragment, which the Joiner takes from there.
// A first fragment that was cut off by the capture can never be put together:
// what there is of it is parsed, and how long a TCP segment in it is remains
// unknown. Wireshark parses such a one of IPv4, and leaves that of IPv6 as bytes.
func (c *cursor) fragment(f Fragment) step {
	c.p.IP.Protocol = f.Protocol
	f.Data = c.rest()
	if f.Len < len(f.Data) {
		f.Data = f.Data[:f.Len]
	}
	if f.Offset == 0 && len(f.Data) < f.Len {
		c.arg, c.part = uint16(f.Protocol), true
		return stepProtocol
	}
	c.p.Content, c.p.Fragment, c.p.extra = ContentFragment, f, true
	return stepDone
}

// ipv6 parses an IPv6 header (RFC 8200, section 3).
func (c *cursor) ipv6() step {
	if !c.need(ipv6Header) {
		return stepDone
	}
	b := c.rest()
	if b[0]>>4 != 6 {
		return c.fail(ProblemMalformed)
	}
	length := int(be16(b[4:]))
	p := c.p
	p.Content, c.hasIP = ContentOther, true
	ip := &p.IP
	ip.Version, ip.TOS, ip.HopLimit, ip.Protocol, ip.ID = 6, b[0]<<4|b[1]>>4, b[7], b[6], 0
	ip.Src, ip.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	ip.Total, ip.Offset, ip.Header = ipv6Header+length, int32(c.off), ipv6Header
	if length == 0 {
		ip.Total = c.jumboTotal(b)
	}
	c.part = false
	c.limit(p.IP.Total)
	c.take(LayerIPv6, ipv6Header)
	c.arg = uint16(b[6])
	return stepProtocol
}

// jumboTotal returns the length of an IPv6 packet whose payload length is 0:
// that of the jumbo payload option (RFC 2675, BIG TCP), or that of the frame
// where offload made it longer than the field can say.
func (c *cursor) jumboTotal(b []byte) int {
	const shortest = 65536 // of a payload with the option
	if b[6] == protoHopByHop && len(b) >= ipv6Header+8 {
		options := b[ipv6Header+2 : min(len(b), ipv6Header+8+int(b[ipv6Header+1])*8)]
		if n := jumboOption(options); n >= shortest {
			return ipv6Header + n
		}
	} else if n := c.left(); n >= ipv6Header+shortest {
		return n
	}
	return ipv6Header
}

// jumboOption returns the value of the jumbo payload option among the options
// of a hop-by-hop header, 0 where there is none.
func jumboOption(o []byte) int {
	const pad1, jumbo = 0x00, 0xc2
	for len(o) >= 2 {
		if o[0] == pad1 {
			o = o[1:]
			continue
		}
		n := 2 + int(o[1])
		if n > len(o) {
			break
		}
		if o[0] == jumbo && n == 6 {
			return int(be32(o[2:]))
		}
		o = o[n:]
	}
	return 0
}

// protocol parses what an IP header or an extension header says is next.
func (c *cursor) protocol() step {
	p := c.p
	p.IP.Protocol = uint8(c.arg)
	switch c.arg {
	case protoTCP:
		return c.tcp()
	case protoUDP:
		return c.udp()
	case protoICMP:
		return c.icmp()
	case protoICMPv6:
		return c.icmp6()
	case protoHopByHop:
		return c.extension(LayerHopByHop, 8)
	case protoDestination:
		return c.extension(LayerDestination, 8)
	case protoRouting:
		return c.routing()
	case protoMobility, protoHIP: // nothing follows them (RFC 6275, RFC 7401)
		if s := c.extension(LayerMobility, 8); s == stepDone {
			return s
		}
		return c.fail(ProblemUnknownProto)
	case protoShim6:
		return c.extension(LayerMobility, 8)
	case protoAH:
		return c.extension(LayerAH, 4)
	case protoFragment:
		return c.fragmentHeader()
	case protoIPv4:
		return stepIPv4
	case protoIPv6:
		return stepIPv6
	case protoGRE:
		return stepGRE
	case protoEtherIP:
		return c.etherIP()
	case protoDSR:
		return c.sourceRouted()
	case protoAX25:
		return c.ax25()
	case protoPIM:
		return c.pimRegister()
	case protoIPComp:
		return c.compressed()
	case protoEthernet:
		return stepEthernet
	case protoMPLS:
		return stepMPLS
	case protoSCTP:
		if !c.need(12) {
			return stepDone
		}
		c.take(LayerSCTP, 12)
		return stepDone
	}
	return c.fail(ProblemUnknownProto)
}

// extension parses an extension header whose second octet counts units beyond
// the first 8 octets (RFC 8200, section 4; RFC 4302 for AH, in units of 4).
func (c *cursor) extension(k LayerKind, unit int) step {
	if !c.need(8) {
		return stepDone
	}
	b := c.rest()
	n := 8 + int(b[1])*unit
	if !c.need(n) {
		return stepDone
	}
	c.take(k, n)
	c.p.IP.Header += int32(n)
	c.arg = uint16(b[0])
	return stepProtocol
}

// routing parses a routing header. A segment routing header must hold the
// segments that it counts (RFC 8754, section 2).
func (c *cursor) routing() step {
	const segmentRouting, fixed, address = 4, 8, 16
	b := c.rest()
	if len(b) >= fixed && b[2] == segmentRouting && (int(b[4])+1)*address > int(b[1])*8 {
		return c.fail(ProblemMalformed)
	}
	return c.extension(LayerRouting, 8)
}

// fragmentHeader parses the fragment header of RFC 8200, section 4.5. An
// atomic fragment (RFC 6946) is a packet like any other.
func (c *cursor) fragmentHeader() step {
	const header = 8
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	at := be16(b[2:])
	p := c.p
	p.IP.ID = be32(b[4:])
	c.take(LayerFragment, header)
	p.IP.Header += header
	if at&^6 == 0 { // bits 1 and 2 are reserved
		c.arg = uint16(b[0])
		return stepProtocol
	}
	return c.fragment(Fragment{
		Offset: int(at &^ 7), More: at&1 != 0, Protocol: b[0],
		Len: max(0, p.IP.Total-int(p.IP.Header)),
	})
}
