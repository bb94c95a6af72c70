package dissect

import (
	"net/netip"
)

// Types of ICMP messages whose second four octets are an identifier and a
// number, not more (RFC 792, RFC 4443).
const (
	icmpEchoReply   = 0
	icmpEcho        = 8
	icmp6Echo       = 128
	icmp6EchoReply  = 129
	icmp6Router     = 133 // RFC 4861
	icmp6RouterHere = 134
	icmp6Redirect   = 137
)

// icmp4 changes a message; b is all of it, as far as captured.
func (a *Anonymizer) icmp4(out, in []byte) {
	copy(out[:4], in)
	if len(in) < icmpHeader {
		return
	}
	switch in[0] {
	case icmpEcho, icmpEchoReply:
		copy(out[4:8], in[4:])
	case icmpRedirect:
		copy(out[4:8], in[4:])
		a.addr4(out[4:8])
		a.quoted(out[8:], in[8:])
	case icmpUnreachable, icmpQuench, icmpTimeExceeded, icmpParameter:
		copy(out[4:8], in[4:])
		a.quoted(out[8:], in[8:])
	}
}

func (a *Anonymizer) icmp6(out, in []byte) {
	copy(out[:4], in)
	if len(in) < icmpHeader {
		return
	}
	copy(out[4:8], in[4:])
	switch {
	case in[0] <= icmp6LastError:
		a.quoted(out[8:], in[8:])
	case in[0] == icmp6Echo, in[0] == icmp6EchoReply:
	case in[0] == icmp6Router:
		a.discoveryOptions(out[8:], in[8:])
	case in[0] == icmp6RouterHere && len(in) >= 16:
		copy(out[8:16], in[8:])
		a.discoveryOptions(out[16:], in[16:])
	case in[0] == icmp6Solicitation || in[0] == icmp6Advertisement:
		a.discovery(out, in, 1)
	case in[0] == icmp6Redirect:
		a.discovery(out, in, 2)
	default:
		clear(out[4:8])
	}
}

// discovery changes a message of neighbour discovery with so many addresses
// (RFC 4861, sections 4.3 to 4.5).
func (a *Anonymizer) discovery(out, in []byte, addresses int) {
	at := icmpHeader
	for range addresses {
		if at+16 > len(in) {
			return
		}
		copy(out[at:at+16], in[at:])
		a.addr16(out[at : at+16])
		at += 16
	}
	a.discoveryOptions(out[at:], in[at:])
}

// discoveryOptions changes options (RFC 4861, section 4.6): link addresses and
// prefixes. Of the others kind and length are kept.
func (a *Anonymizer) discoveryOptions(out, in []byte) {
	const source, target, prefix, mtu = 1, 2, 3, 5
	for len(in) >= 8 && in[1] > 0 && len(in) >= 8*int(in[1]) {
		n := 8 * int(in[1])
		copy(out[:2], in)
		switch {
		case (in[0] == source || in[0] == target) && n == 8:
			copy(out[:8], in)
			a.macs(out, 2)
		case in[0] == prefix && n == 32:
			copy(out[:32], in)
			a.addr16(out[16:32])
			clear(out[12:16])
			if bits := int(in[2]); bits <= 128 { // the rest of a prefix is zero
				p, _ := netip.AddrFrom16([16]byte(out[16:32])).Prefix(bits)
				six := p.Addr().As16()
				copy(out[16:32], six[:])
			}
		case in[0] == mtu && n == 8:
			copy(out[:8], in)
		}
		out, in = out[n:], in[n:]
	}
}

// quoted changes what an error quotes: the headers of tunnels, and of the
// datagram that it is about, or that those carry, the IP header and what begins
// TCP and UDP: ports and the four octets behind them, TCP's header where it is
// whole.
func (a *Anonymizer) quoted(out, in []byte) {
	var p Packet
	quoted(in, &p)
	start := p.carried()
	for i := 0; i < p.NumLayers && int(p.Layers[i].Offset) < start; i++ {
		l := p.Layers[i]
		end := l.Offset + l.Length
		if a.write(l, out[l.Offset:end], in[l.Offset:end]) && l.Kind == LayerIPv4 {
			fixHeaderChecksum(out[l.Offset:end], in[l.Offset:end])
		}
	}
	out, in = out[start:], in[start:]
	var header int
	var protocol byte
	later := false // a fragment without the transport's header
	switch {
	case len(in) >= ipv4Header && in[0]>>4 == 4:
		if header = int(in[0]&15) * 4; header < ipv4Header || header > len(in) {
			return
		}
		a.ipv4(out[:header], in[:header])
		fixHeaderChecksum(out[:header], in[:header])
		protocol, later = in[9], be16(in[6:])&0x1fff != 0
	case len(in) >= ipv6Header && in[0]>>4 == 6:
		header, protocol = ipv6Header, in[6]
		copy(out[:header], in)
		a.addr16(out[8:24])
		a.addr16(out[24:40])
		header, protocol = a.quotedExtensions(out, in, header, protocol)
	default:
		return
	}
	if !later {
		a.quotedTransport(out[header:], in[header:], protocol)
	}
}

// quotedExtensions passes over the extension headers that skipExtensions does.
func (a *Anonymizer) quotedExtensions(out, in []byte, at int, next byte) (int, byte) {
	for len(in) >= at+8 {
		n := 8 + int(in[at+1])*8
		switch next {
		case protoHopByHop, protoDestination, protoRouting, protoMobility:
		case protoAH:
			n = 8 + int(in[at+1])*4
		case protoFragment:
			n = 8
			if be16(in[at+2:])&^7 != 0 {
				copy(out[at:at+n], in[at:])
				return at + n, protoNoNext
			}
		default:
			return at, next
		}
		if at+n > len(in) {
			break
		}
		to, from := out[at:at+n], in[at:at+n]
		switch next {
		case protoHopByHop, protoDestination:
			a.extensionOptions(to, from)
		case protoRouting:
			a.routing(to, from)
		default:
			copy(to[:8], from)
		}
		at, next = at+n, from[0]
	}
	return min(at, len(in)), next
}

func (a *Anonymizer) quotedTransport(out, in []byte, protocol byte) {
	if protocol == protoTCP && len(in) >= 4 && len(in) < 8 {
		copy(out[:4], in)
		a.ports(out)
	}
	if len(in) < 8 {
		return
	}
	switch protocol {
	case protoTCP:
		n := 8
		if len(in) >= tcpHeader {
			if n = int(in[12]>>4) * 4; n < tcpHeader || n > len(in) {
				n = tcpHeader
			}
			a.tcp(out[:n], in[:n])
			clear(out[16:18]) // a checksum of what is not there
			return
		}
		copy(out[:n], in)
		a.ports(out)
	case protoUDP:
		copy(out[:6], in)
		a.ports(out)
	case protoICMP, protoICMPv6:
		if in[0] == icmpEcho || in[0] == icmpEchoReply || in[0] == icmp6Echo || in[0] == icmp6EchoReply {
			copy(out[:8], in)
			clear(out[2:4])
		}
	}
}
