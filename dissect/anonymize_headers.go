package dissect

import (
	"encoding/binary"
	"net/netip"
)

// header writes a header into a.out, without what tells whose it is. It
// returns false, and writes nothing, where the header is of a rare kind.
func (a *Anonymizer) header(l Layer) bool {
	return a.write(l, a.out[l.Offset:l.Offset+l.Length], a.old.Frame.Data[l.Offset:l.Offset+l.Length])
}

// write is header for the bytes of one.
func (a *Anonymizer) write(l Layer, out, in []byte) bool {
	switch l.Kind {
	case LayerVLAN, LayerLLC, LayerSNAP, LayerNull, LayerRaw, LayerPPP, LayerPPPoE, LayerCHDLC, LayerMPLS, LayerMPLSControl,
		LayerVXLAN, LayerFragment:
		copy(out, in)
	case LayerEthernet:
		copy(out, in)
		a.macs(out, 0, 6)
	case LayerFDDI:
		copy(out, in)
		a.macs(out, 1, 7)
	case Layer80211:
		a.wlan(out, in)
	case LayerSLL:
		copy(out, in)
		a.cookedAddress(out[6:14], int(be16(in[4:])), be16(in[2:]))
	case LayerSLL2:
		copy(out, in)
		a.cookedAddress(out[12:20], int(in[11]), be16(in[8:]))
	case LayerARP:
		a.arp(out, in)
	case LayerGRE:
		copy(out[:4], in)
		if n := greFixed(be16(in)); n <= len(in) {
			copy(out[:n], in)
		}
	default:
		return a.internet(l, out, in)
	}
	return true
}

// internet is header for what stands above the link.
func (a *Anonymizer) internet(l Layer, out, in []byte) bool {
	switch l.Kind {
	case LayerIPv4:
		a.ipv4(out, in)
	case LayerIPv6:
		copy(out, in)
		a.addr16(out[8:24])
		a.addr16(out[24:40])
	case LayerHopByHop, LayerDestination:
		a.extensionOptions(out, in)
	case LayerRouting:
		a.routing(out, in)
	case LayerAH:
		copy(out, in[:min(12, len(in))]) // without the integrity check value
	case LayerUDP:
		copy(out, in)
		a.ports(out)
	case LayerTCP:
		a.tcp(out, in)
	case LayerSCTP:
		copy(out[:4], in)
		a.ports(out)
	case LayerICMPv4:
		a.icmp4(a.upTo(l, out), a.upTo(l, in))
	case LayerICMPv6:
		a.icmp6(a.upTo(l, out), a.upTo(l, in))
	default:
		return false
	}
	return true
}

// upTo returns b, the bytes of a header, with all that belongs to its message.
func (a *Anonymizer) upTo(l Layer, b []byte) []byte {
	return b[: int(l.Length)+len(a.old.Payload) : cap(b)]
}

func (a *Anonymizer) macs(b []byte, places ...int) {
	for _, at := range places {
		mac := a.m.linkAddr([6]byte(b[at:]))
		copy(b[at:], mac[:])
	}
}

func (a *Anonymizer) addr4(b []byte) {
	four := a.m.addr(netip.AddrFrom4([4]byte(b))).As4()
	copy(b, four[:])
}

func (a *Anonymizer) addr16(b []byte) {
	six := a.m.addr(netip.AddrFrom16([16]byte(b))).As16()
	copy(b, six[:])
}

// ports changes the ports at the beginning of a transport's header.
func (a *Anonymizer) ports(b []byte) {
	binary.BigEndian.PutUint16(b, a.m.port(be16(b)))
	binary.BigEndian.PutUint16(b[2:], a.m.port(be16(b[2:])))
}

// cookedAddress changes the sender's address in Linux's cooked headers, of
// which n bytes of 8 count: a link address, or, of tunnels, an IPv4 address.
func (a *Anonymizer) cookedAddress(b []byte, n int, hardware uint16) {
	const tunnel, sit, gre = 768, 776, arphrdGRE
	switch {
	case n == 6:
		a.macs(b, 0)
		clear(b[6:])
	case n == 4 && (hardware == tunnel || hardware == sit || hardware == gre):
		a.addr4(b[:4])
		clear(b[4:])
	default:
		clear(b)
	}
}

// wlan changes the addresses of an IEEE 802.11 header, three or four of which
// a data frame has. The octets of the frame control may be swapped.
func (a *Anonymizer) wlan(out, in []byte) {
	copy(out, in)
	places := []int{4}
	if len(in) >= 24 {
		places = append(places, 10, 16)
	}
	const both = wlanToDS | wlanFromDS
	if len(in) >= 30 && (in[0]&both == both || in[1]&both == both) {
		places = append(places, 24)
	}
	a.macs(out, places...)
}

// arp changes the addresses of a question or answer.
func (a *Anonymizer) arp(out, in []byte) {
	const fixed = 8
	copy(out[:fixed], in)
	hlen, plen := int(in[4]), int(in[5])
	for at := fixed; at < len(in); at += hlen + plen {
		if at+hlen+plen > len(in) || hlen+plen == 0 {
			break
		}
		if hlen == 6 {
			copy(out[at:at+6], in[at:])
			a.macs(out, at)
		}
		if plen == 4 {
			copy(out[at+hlen:at+hlen+4], in[at+hlen:])
			a.addr4(out[at+hlen : at+hlen+4])
		}
	}
}

// ipv4 changes the addresses of a header. Of its options routes keep their
// length, with the addresses changed, and the others their kind and length.
func (a *Anonymizer) ipv4(out, in []byte) {
	copy(out[:ipv4Header], in)
	a.addr4(out[12:16])
	a.addr4(out[16:20])
	for at := ipv4Header; at < len(in); {
		o := rawOption(in, at) // they are written as TCP's are
		copy(out[at:at+min(2, len(o.Bytes))], o.Bytes)
		if o.Bad || o.Kind == ipEndOfList {
			return
		}
		switch to := out[at : at+len(o.Bytes)]; o.Kind {
		case ipNoOperation:
		case ipRouterAlert:
			copy(to, o.Bytes)
		case ipRecordRoute, ipLooseRoute, ipStrictRoute:
			copy(to, o.Bytes[:min(3, len(to))])
			for i := 3; i+4 <= len(to); i += 4 {
				copy(to[i:i+4], o.Bytes[i:])
				a.addr4(to[i : i+4])
			}
		}
		at += len(o.Bytes)
	}
}

// Options of IPv6 extension headers that name nobody
// (https://www.iana.org/assignments/ipv6-parameters).
const (
	option6Pad1   = 0x00
	option6Limit  = 0x04 // RFC 2473
	option6Router = 0x05 // RFC 2711
	option6Jumbo  = 0xc2 // RFC 2675
)

func (a *Anonymizer) extensionOptions(out, in []byte) {
	copy(out[:2], in)
	for at := 2; at < len(in); {
		if in[at] == option6Pad1 {
			at++
			continue
		}
		if at+2 > len(in) || at+2+int(in[at+1]) > len(in) {
			return
		}
		n := 2 + int(in[at+1])
		copy(out[at:at+2], in[at:])
		switch in[at] {
		case option6Limit, option6Router, option6Jumbo:
			copy(out[at:at+n], in[at:])
		}
		at += n
	}
}

// routing changes the addresses of the routing headers that have any (RFC
// 8200, section 4.4; RFC 6275; RFC 8754). What follows the segments of the last
// is left out.
func (a *Anonymizer) routing(out, in []byte) {
	copy(out[:min(8, len(in))], in)
	addresses := (len(in) - 8) / 16
	switch in[2] {
	case 0, 2:
	case 4:
		addresses = min(addresses, int(in[4])+1)
	default:
		clear(out[4:min(8, len(out))])
		return
	}
	for i := range addresses {
		at := 8 + 16*i
		copy(out[at:at+16], in[at:])
		a.addr16(out[at : at+16])
	}
}

// tcp changes the ports, and leaves options out that are not known to be
// harmless but for their kind and length.
func (a *Anonymizer) tcp(out, in []byte) {
	copy(out[:min(tcpHeader, len(in))], in)
	a.ports(out)
	if len(in) <= tcpHeader {
		return
	}
	in, out = in[tcpHeader:], out[tcpHeader:]
	for at := 0; at < len(in); {
		o := rawOption(in, at)
		copy(out[at:at+keptOf(&o)], o.Bytes)
		if o.Bad || o.Kind == OptionEnd {
			return
		}
		at += len(o.Bytes)
	}
}

// keptOf is how many bytes of an option are kept. Cookies, keys, tokens,
// signatures and addresses are not.
func keptOf(o *RawOption) int {
	n := len(o.Bytes)
	if o.Bad {
		return min(n, 2)
	}
	switch o.Kind {
	case OptionEnd, OptionNOP, OptionMSS, OptionWindowScale, OptionSACKPermitted, OptionSACK, OptionTimestamps, OptionUserTimeout:
		return n
	case OptionMPTCP:
		return min(n, 3) // and the subtype
	case OptionExperiment1, OptionExperiment2:
		return min(n, 4) // and whose experiment it is (RFC 6994)
	}
	return min(n, 2)
}
