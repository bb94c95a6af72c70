package filter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"tcpsee/capture"
)

// ident returns the condition for an identifier with its qualifiers.
func (g *gen) ident(id *ident) *cond {
	switch id.tok.kind {
	case tokMAC:
		if id.proto != protoLink || id.addr != addrHost && id.addr != addrAny {
			return g.fail("an Ethernet address needs ether host, src or dst before it")
		}
		return g.ether(id.tok.mac, id.dir)
	case tokARC:
		if g.family != famARCNET || id.proto != protoLink || id.addr != addrHost && id.addr != addrAny {
			return g.lack("ARCNET addresses exist on ARCNET only, after ether host, src or dst")
		}
		return g.direct(id.dir, func() *cond { return g.equal(g.linkHdr, 0, sizeB, id.tok.num) },
			func() *cond { return g.equal(g.linkHdr, 1, sizeB, id.tok.num) })
	case tokIPv6:
		return g.ident6(id)
	}
	switch id.addr {
	case addrAny, addrHost, addrNet:
		if id.tok.kind == tokName {
			return g.named(id)
		}
		return g.ident4(id)
	case addrPort, addrPortRange:
		return g.identPort(id)
	case addrProto, addrProtoChain:
		v := id.lo
		switch id.tok.kind {
		case tokNum:
			v = id.tok.num
		case tokIPv4:
			return g.fail("this is no protocol")
		}
		if id.addr == addrProto {
			return g.protocol(v, id.proto)
		}
		return g.protoChain(v, id.proto)
	case addrGateway:
		return g.fail("gateway needs tables of the host, and is not supported")
	}
	return g.fail("it is not said what this is")
}

// ident4 is an IPv4 address, network or number.
func (g *gen) ident4(id *ident) *cond {
	v, mask := id.tok.num, ^uint32(0)
	if id.tok.kind == tokIPv4 {
		if id.proto == protoDECnet && id.mask == nil && id.bits < 0 {
			return g.decnet(id)
		}
		var bits int
		var ok bool
		if v, bits, ok = dotted(id.tok.text); !ok {
			return g.fail("this is no IPv4 address")
		}
		v <<= 32 - bits
		mask <<= 32 - bits
		if id.mask != nil || id.bits >= 0 {
			if mask, ok = g.mask4(id, v); !ok {
				return always(false)
			}
		}
	} else if id.addr == addrNet && id.proto != protoDECnet {
		v, mask = widen(v)
	}
	return g.host4(v, mask, id.proto, id.dir)
}

// widen shifts a network number that lacks its last bytes into place.
func widen(v uint32) (net, mask uint32) {
	mask = ^uint32(0)
	for v != 0 && v>>24 == 0 {
		v <<= 8
		mask <<= 8
	}
	return v, mask
}

// mask4 returns the mask of net/bits or net mask m.
func (g *gen) mask4(id *ident, v uint32) (mask uint32, ok bool) {
	if id.mask != nil {
		m, bits, valid := dotted(id.mask.text)
		if !valid {
			g.fail("this is no mask")
			return 0, false
		}
		mask = m << (32 - bits)
	} else {
		if id.bits > 32 {
			g.fail("a mask of IPv4 has 32 bits at most")
			return 0, false
		}
		mask = uint32(uint64(0xffffffff) << (32 - id.bits))
	}
	switch {
	case v&^mask != 0:
		g.fail("there are bits of the host in the network's address")
	case id.addr != addrNet:
		g.fail("only networks have a mask")
	default:
		return mask, true
	}
	if id.mask == nil {
		var net [4]byte
		binary.BigEndian.PutUint32(net[:], v&mask)
		g.hint(fmt.Sprintf("net %v/%d", netip.AddrFrom4(net), id.bits))
	}
	return 0, false
}

// ident6 is an IPv6 address or network.
func (g *gen) ident6(id *ident) *cond {
	bits := id.bits
	if bits < 0 {
		bits = 128
	}
	if bits > 128 {
		return g.fail("a mask of IPv6 has 128 bits at most")
	}
	p := netip.PrefixFrom(id.tok.addr, bits)
	if p.Masked().Addr() != id.tok.addr {
		g.fail("there are bits of the host in the network's address")
		return g.hint(fmt.Sprintf("net %v", p.Masked()))
	}
	switch id.addr {
	case addrAny, addrHost:
		if bits != 128 {
			g.fail("only networks have a mask")
			return g.hint(fmt.Sprintf("net %v", p))
		}
	case addrNet:
	default:
		return g.fail("an IPv6 address cannot stand here")
	}
	return g.host6(p, id.proto, id.dir)
}

// named is a host or network that was looked up when the expression was
// parsed.
func (g *gen) named(id *ident) *cond {
	if id.addr == addrNet {
		v, mask := widen(id.lo)
		return g.host4(v, mask, id.proto, id.dir)
	}
	if id.proto == protoLink {
		return g.ether(id.tok.mac, id.dir)
	}
	v4, v6 := id.proto, id.proto
	if !g.hasType && v4 == protoAny {
		v4, v6 = protoIP, protoIPv6 // where nothing tells IP from ARP
	}
	var all *cond
	for _, a := range id.hosts {
		if a.Is4() {
			b := a.As4()
			all = or(all, g.host4(binary.BigEndian.Uint32(b[:]), ^uint32(0), v4, id.dir))
		} else {
			all = or(all, g.host6(netip.PrefixFrom(a, 128), v6, id.dir))
		}
	}
	return all
}

// host4 tests the addresses of IPv4, ARP and RARP.
func (g *gen) host4(v, mask uint32, pr proto, d direction) *cond {
	switch pr {
	case protoAny:
		ip := g.host4(v, mask, protoIP, d)
		if g.mplsDepth > 0 {
			return ip
		}
		return or(ip, g.host4(v, mask, protoARP, d), g.host4(v, mask, protoRARP, d))
	case protoLink:
		return g.fail("this is no address of the link layer")
	case protoDECnet:
		return g.decnetHost(v, d)
	}
	typ, src, dst := uint32(etIP), uint32(12), uint32(16)
	switch pr {
	case protoIP:
	case protoARP:
		typ, src, dst = etARP, 14, 24
	case protoRARP:
		typ, src, dst = etRARP, 14, 24
	default:
		return g.fail("%s has no IPv4 addresses", pr)
	}
	field := func(off uint32) *cond {
		return and(g.linkType(typ), g.masked(g.network(), off, sizeW, v, mask))
	}
	return g.direct(d, func() *cond { return field(src) }, func() *cond { return field(dst) })
}

// direct combines tests of the source and the destination.
func (g *gen) direct(d direction, src, dst func() *cond) *cond {
	switch d {
	case dirSrc:
		return src()
	case dirDst:
		return dst()
	case dirAnd:
		return and(src(), dst())
	case dirAny, dirOr:
		return or(src(), dst())
	}
	return g.fail("addr1 to addr4, ra and ta are for addresses of 802.11")
}

// host6 tests the addresses of IPv6.
func (g *gen) host6(p netip.Prefix, pr proto, d direction) *cond {
	if pr != protoAny && pr != protoIPv6 {
		return g.fail("%s has no IPv6 addresses", pr)
	}
	b := p.Addr().As16()
	field := func(off uint32) *cond {
		g.reg(g.network()) // before that of the link layer, as in libpcap
		c := g.linkType(etIPv6)
		for i := range uint32(4) {
			rest := min(max(p.Bits()-int(i)*32, 0), 32)
			mask := uint32(uint64(0xffffffff) << (32 - rest))
			word := binary.BigEndian.Uint32(b[4*i:])
			c = and(c, g.masked(g.network(), off+4*i, sizeW, word, mask))
		}
		return c
	}
	return g.direct(d, func() *cond { return field(8) }, func() *cond { return field(24) })
}

// ether tests link-layer addresses.
func (g *gen) ether(mac [6]byte, d direction) *cond {
	if g.family == famWLAN {
		return g.wlan(mac, d)
	}
	src, dst, ok := g.etherOffsets()
	if !ok {
		return g.lack("%s has no Ethernet addresses", linkName(g.link))
	}
	return and(g.isEther(), g.direct(d,
		func() *cond { return g.mac(src, mac) }, func() *cond { return g.mac(dst, mac) }))
}

// etherOffsets returns where the link-layer addresses are.
func (g *gen) etherOffsets() (src, dst uint32, ok bool) {
	switch {
	case g.family == famEther, g.any && g.family == famLive:
		return 6, 0, true
	case g.link == capture.LinkFDDI:
		return 7, 1, true
	case g.link == capture.LinkTokenRing:
		return 8, 2, true
	case g.link == capture.LinkIPFC:
		return 10, 2, true
	}
	return 0, 0, false
}

// isEther tests for there being an Ethernet header, where that is a question;
// else it is nil.
func (g *gen) isEther() *cond {
	switch {
	case g.any && g.linkHdr.k == skfLLOff:
		typ := func(v uint32) *cond { return g.equal(at(0), skfHaType, sizeW, v) }
		return or(typ(hatypeEthernet), typ(hatypeLoopback))
	case g.geneve && g.family == famEther:
		c := &cond{test: test{jump: jmpJEQ, x: true,
			code: []Instruction{ldxMem(g.reg(g.payload)), ldMem(g.reg(g.linkHdr))}}}
		return not(c)
	case g.lane && g.family == famEther:
		return g.laneData()
	}
	return nil
}

// mac tests six bytes of the link-layer header.
func (g *gen) mac(off uint32, mac [6]byte) *cond {
	return and(
		g.equal(g.linkHdr, off+2, sizeW, binary.BigEndian.Uint32(mac[2:])),
		g.equal(g.linkHdr, off, sizeH, uint32(binary.BigEndian.Uint16(mac[:]))),
	)
}

// Where 802.11 has its addresses, and the bits of its second byte.
const (
	wlanAddr1 = 4
	wlanAddr2 = 10
	wlanAddr3 = 16
	wlanAddr4 = 24

	wlanToDS   = 1
	wlanFromDS = 2
)

// wlan tests the addresses of an 802.11 frame (IEEE 802.11-2020, table 9-30).
func (g *gen) wlan(mac [6]byte, d direction) *cond {
	ctl := func(bit uint32) *cond { return g.bits(g.linkHdr, 0, sizeB, bit) }
	is := func(off uint32) *cond { return g.mac(off, mac) }
	switch d {
	case dirAddr1:
		return is(wlanAddr1)
	case dirAddr2:
		return and(g.wlanHasAddr2(), is(wlanAddr2))
	case dirAddr3:
		return and(not(g.masked(g.linkHdr, 0, sizeB, wlanCtl, wlanTypeMask)), is(wlanAddr3))
	case dirAddr4:
		return and(g.masked(g.linkHdr, 1, sizeB, wlanToDS|wlanFromDS, wlanToDS|wlanFromDS),
			is(wlanAddr4))
	case dirRA:
		return and(ctl(wlanData), is(wlanAddr1))
	case dirTA:
		return and(ctl(wlanData), g.wlanHasAddr2(), is(wlanAddr2))
	}
	return g.direct(d, func() *cond { return g.wlanSrc(is) },
		func() *cond { return g.wlanDst(is) })
}

// wlanHasAddr2 tests for a frame that is neither CTS nor ACK.
func (g *gen) wlanHasAddr2() *cond {
	sub := func(v uint32) *cond { return g.masked(g.linkHdr, 0, sizeB, v, wlanSubtypeMask) }
	return not(and(g.masked(g.linkHdr, 0, sizeB, wlanCtl, wlanTypeMask),
		or(sub(0xc0), sub(0xd0))))
}

// wlanSrc tests the source: the second address, or in data frames that come
// from the distribution system the third or fourth.
func (g *gen) wlanSrc(is func(uint32) *cond) *cond {
	ctl := func(bit uint32) *cond { return g.bits(g.linkHdr, 0, sizeB, bit) }
	ds := func(bit uint32) *cond { return g.bits(g.linkHdr, 1, sizeB, bit) }
	from := or(and(not(ds(wlanToDS)), is(wlanAddr3)), and(ds(wlanToDS), is(wlanAddr4)))
	data := or(and(not(ds(wlanFromDS)), is(wlanAddr2)), and(ds(wlanFromDS), from))
	return and(not(ctl(wlanCtl)),
		or(and(not(ctl(wlanData)), is(wlanAddr2)), and(ctl(wlanData), data)))
}

// wlanDst tests the destination: the first address, or in data frames to the
// distribution system the third.
func (g *gen) wlanDst(is func(uint32) *cond) *cond {
	ctl := func(bit uint32) *cond { return g.bits(g.linkHdr, 0, sizeB, bit) }
	ds := func(bit uint32) *cond { return g.bits(g.linkHdr, 1, sizeB, bit) }
	data := or(and(not(ds(wlanToDS)), is(wlanAddr1)), and(ds(wlanToDS), is(wlanAddr3)))
	return and(not(ctl(wlanCtl)),
		or(and(not(ctl(wlanData)), is(wlanAddr1)), and(ctl(wlanData), data)))
}

// cast is broadcast and multicast.
func (g *gen) cast(n *cast) *cond {
	switch {
	case n.proto == protoAny || n.proto == protoLink:
		return g.linkCast(n.multi)
	case n.proto == protoIP && n.multi:
		return and(g.linkType(etIP), compare(jmpJGE, 224, g.load(g.network(), sizeB, 16)...))
	case n.proto == protoIPv6 && n.multi:
		return and(g.linkType(etIPv6), g.equal(g.network(), 24, sizeB, 0xff))
	case n.proto == protoIP:
		return g.broadcast4()
	}
	return g.fail("only link-layer and IP addresses are broadcast or multicast")
}

func (g *gen) linkCast(multi bool) *cond {
	if g.family == famARCNET { // destination 0; there are no groups
		return g.equal(g.linkHdr, 1, sizeB, 0)
	}
	if !multi {
		return g.ether([6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, dirDst)
	}
	group := func(off uint32) *cond { return g.bits(g.linkHdr, off, sizeB, 1) }
	if g.family == famWLAN {
		return g.wlanDst(group)
	}
	_, dst, ok := g.etherOffsets()
	if !ok {
		return g.lack("%s has no multicast addresses", linkName(g.link))
	}
	return and(g.isEther(), group(dst))
}

// broadcast4 tests the part of an IPv4 destination that is for hosts for
// being all zeros or all ones.
func (g *gen) broadcast4() *cond {
	hosts := ^uint32(0)
	if g.o.Netmask.Is4() {
		b := g.o.Netmask.As4()
		hosts = ^binary.BigEndian.Uint32(b[:])
	}
	is := func(v uint32) *cond { return g.masked(g.network(), 16, sizeW, v, hosts) }
	return and(g.linkType(etIP), or(is(0), is(hosts)))
}

// decnet is a DECnet address, area and node. What comes after that is not
// looked at, as in libpcap.
func (g *gen) decnet(id *ident) *cond {
	parts := strings.Split(id.tok.text, ".")
	var v [2]uint32
	for i := range v {
		n, err := strconv.ParseUint(parts[i], 10, 32) // two are there in any IPv4 address
		if err != nil {
			return g.fail("a DECnet address is an area and a node, 10.123")
		}
		v[i] = uint32(n)
	}
	return g.decnetHost(v[0]<<10|v[1]&0x3ff, id.dir)
}

// decnetHost tests the addresses of a DECnet packet, with a short or long
// header, each with or without a byte of padding.
func (g *gen) decnetHost(addr uint32, d direction) *cond {
	swapped := addr>>8&0xff | addr<<8&0xff00
	field := func(short, long uint32) *cond {
		n := g.network()
		at := func(off uint32) *cond { return g.equal(n, off, sizeH, swapped) }
		return and(g.linkType(etDECnet), or(
			and(g.masked(n, 2, sizeB, 0x02, 0x07), at(short)),
			and(g.masked(n, 2, sizeH, 0x8102, 0xff07), at(short+1)),
			and(g.masked(n, 2, sizeB, 0x06, 0x07), at(long)),
			and(g.masked(n, 2, sizeH, 0x8106, 0xff07), at(long+1)),
		))
	}
	return g.direct(d, func() *cond { return field(5, 17) },
		func() *cond { return field(3, 9) })
}
