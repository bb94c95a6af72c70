package filter

import "tcpsee/capture"

// Types of Linux cooked captures (linux/if_ether.h).
const (
	linux8023 = 1 // Novell's 802.3 without LLC
	linux8022 = 4 // LLC
)

// linkType tests what follows the link-layer header: proto is an EtherType,
// or below 1501 an LLC service access point.
func (g *gen) linkType(proto uint32) *cond {
	if g.mplsDepth > 0 {
		return g.mplsType(proto)
	}
	switch g.family {
	case famEther:
		if g.lane && !g.geneve {
			return and(g.laneData(), g.etherType(proto))
		}
		return g.etherType(proto)
	case famATM:
		return and(g.atmTraffic(trafficLLC), g.llcType(proto))
	case famLLC:
		return g.llcType(proto)
	case famWLAN:
		return and(g.wlanIsData(), g.llcType(proto))
	case famCooked, famLive:
		return g.cookedType(proto)
	case famType:
		return g.equal(g.typ, 0, sizeH, proto)
	case famCHDLC:
		if proto == sapISO {
			proto = sapISO<<8 | sapISO
		}
		return g.equal(g.typ, 0, sizeH, proto)
	case famPPP:
		return g.equal(g.typ, 0, sizeH, pppType(proto))
	case famPPPBSDOS:
		is := func(n uint32) *cond { return g.equal(g.typ, 0, sizeH, n) }
		if proto == etIP { // as it is, and Van Jacobson's two forms of it
			return or(is(0x21), is(0x2d), is(0x2f))
		}
		return is(pppType(proto))
	case famARCNET:
		return g.arcnetType(proto)
	case famLoopHost, famLoopNet, famPFLog:
		return g.addressFamily(proto)
	case famJuniper:
		return g.masked(g.linkHdr, 0, sizeW, 'M'<<24|'G'<<16|'C'<<8, 0xffffff00)
	case famMSTP:
		return g.masked(g.linkHdr, 0, sizeW, 0x55ff0000, 0xffff0000)
	case famIPNET:
		switch proto {
		case etIP:
			return g.equal(g.typ, 0, sizeB, 2)
		case etIPv6:
			return g.equal(g.typ, 0, sizeB, 26)
		}
		return always(false)
	case famRaw:
		switch proto {
		case etIP:
			return g.masked(at(0), 0, sizeB, 0x40, 0xf0)
		case etIPv6:
			return g.masked(at(0), 0, sizeB, 0x60, 0xf0)
		}
		return always(false)
	case famIPv4:
		return always(proto == etIP)
	case famIPv6:
		return always(proto == etIPv6)
	case famLTalk:
		return always(proto == etATalk)
	case famFrame:
		return g.frameRelayType(proto)
	}
	return g.lack("%s has no protocol that a filter could test", linkName(g.link))
}

// arcnetType tests for ARCNET's numbers of a protocol. The network header of
// RFC 1051's begins three octets earlier; like libpcap, its place is that of RFC
// 1201's.
func (g *gen) arcnetType(proto uint32) *cond {
	is := func(n uint32) *cond { return g.equal(g.typ, 0, sizeB, n) }
	switch proto {
	case etIP:
		return or(is(212), is(240))
	case etARP:
		return or(is(213), is(241))
	case etRARP:
		return is(214)
	case etIPv6:
		return is(196)
	case etATalk:
		return is(221)
	}
	return always(false)
}

// isLength tests the EtherType for being the length of an 802.3 frame.
func (g *gen) isLength() *cond {
	return not(compare(jmpJGT, maxLength, g.load(g.typ, sizeH, 0)...))
}

// snap tests an LLC header for SNAP (RFC 1042) with an organisation and
// protocol.
func (g *gen) snap(oui, proto uint32) *cond {
	return and(
		g.equal(g.payload, 4, sizeW, oui<<16|proto),
		g.equal(g.payload, 0, sizeW, 0xaaaa0300|oui>>16),
	)
}

const (
	ouiEncapsulated = 0x000000
	ouiApple        = 0x080007
)

func snapOUI(proto uint32) uint32 {
	if proto == etATalk {
		return ouiApple
	}
	return ouiEncapsulated
}

func (g *gen) etherType(proto uint32) *cond {
	switch proto {
	case sapIP, sapISO, sapNetBEUI:
		return and(g.isLength(), g.equal(g.payload, 0, sizeH, proto<<8|proto))
	case sapIPX:
		llc := or(g.snap(ouiEncapsulated, etIPX), g.equal(g.payload, 0, sizeB, sapIPX),
			g.equal(g.payload, 0, sizeH, 0xffff))
		return or(g.equal(g.typ, 0, sizeH, etIPX), and(g.isLength(), llc))
	case etATalk, etAARP:
		return or(g.equal(g.typ, 0, sizeH, proto),
			and(g.isLength(), g.snap(snapOUI(proto), proto)))
	}
	if proto <= maxLength {
		return and(g.isLength(), g.equal(g.typ, 2, sizeB, proto))
	}
	return g.equal(g.typ, 0, sizeH, proto)
}

func (g *gen) llcType(proto uint32) *cond {
	switch {
	case proto == sapIP || proto == sapISO || proto == sapNetBEUI:
		return g.equal(g.payload, 0, sizeH, proto<<8|proto)
	case proto == etATalk:
		return g.snap(ouiApple, proto)
	case proto <= maxLength:
		return g.equal(g.payload, 0, sizeB, proto)
	}
	return g.equal(g.payload, 6, sizeH, proto)
}

func (g *gen) cookedType(proto uint32) *cond {
	switch proto {
	case sapIP, sapISO, sapNetBEUI:
		return and(g.cookedLLC(), g.equal(g.payload, 0, sizeH, proto<<8|proto))
	case sapIPX:
		return or(g.cooked(etIPX), g.cooked(linux8023),
			and(g.cookedLLC(), or(g.equal(g.payload, 0, sizeB, sapIPX),
				g.snap(ouiEncapsulated, etIPX))))
	case etATalk, etAARP:
		return or(g.cooked(proto), and(g.cookedLLC(), g.snap(snapOUI(proto), proto)))
	}
	if proto <= maxLength {
		return and(g.cookedLLC(), g.equal(g.payload, 0, sizeB, proto))
	}
	return g.cooked(proto)
}

// cooked tests the protocol as Linux numbers it, in a cooked header or as the
// kernel says.
func (g *gen) cooked(proto uint32) *cond { return compare(jmpJEQ, proto, g.loadProtocol()...) }

func (g *gen) loadProtocol() []Instruction {
	if g.held >= 0 {
		return []Instruction{ldMem(g.held)}
	}
	return g.load(g.typ, sizeH, 0)
}

// cookedLLC tests for LLC. Of what programs send through packet sockets the
// kernel says the length.
func (g *gen) cookedLLC() *cond {
	if g.family == famLive {
		return not(compare(jmpJGT, maxLength, g.loadProtocol()...))
	}
	return g.cooked(linux8022)
}

// Address families on loopback and in OpenBSD's log: IPv4's is the same
// everywhere, for IPv6 there are Linux's and those of Darwin, OpenBSD and
// FreeBSD. Linux's is for what is captured now, the others are what files
// have.
const afINET = 2

var (
	afINET6Live = []uint32{10}
	afINET6File = []uint32{30, 24, 28}
)

// addressFamily tests for IPv4 or IPv6 where the link layer has an address
// family.
func (g *gen) addressFamily(proto uint32) *cond {
	var families []uint32
	switch {
	case proto == etIP:
		families = []uint32{afINET}
	case proto != etIPv6:
		return always(false)
	case g.live:
		families = afINET6Live
	default:
		families = afINET6File
	}
	var c *cond
	for _, af := range families {
		size := uint16(sizeW)
		switch {
		case g.family == famPFLog:
			size = sizeB
		case g.family == famLoopHost && !g.o.swapped:
			af <<= 24
		}
		c = or(c, g.equal(g.typ, 0, size, af))
	}
	return c
}

// frameRelayType tests the control byte 3 and the NLPID (RFC 2427).
func (g *gen) frameRelayType(proto uint32) *cond {
	nlpid := func(id uint32) *cond { return g.equal(g.linkHdr, 2, sizeH, 0x0300|id) }
	switch proto {
	case etIP:
		return nlpid(nlpidIP)
	case etIPv6:
		return nlpid(nlpidIPv6)
	case sapISO:
		return or(nlpid(nlpidCLNP), nlpid(nlpidESIS), nlpid(nlpidISIS))
	}
	return always(false)
}

// mplsType tests the bottom of the label stack and the version of the IP
// header behind it.
func (g *gen) mplsType(proto uint32) *cond {
	var version uint32
	switch proto {
	case etIP:
		version = 0x40
	case etIPv6:
		version = 0x60
	default:
		return g.fail("MPLS does not say whether this follows")
	}
	return and(g.mplsBottom(1), g.masked(g.network(), 0, sizeB, version, 0xf0))
}

// mplsBottom tests the bottom-of-stack bit of the last label entry.
func (g *gen) mplsBottom(bit uint32) *cond {
	last := g.network()
	last.k -= 4
	return g.masked(last, 2, sizeB, bit, 1)
}

func (g *gen) wlanIsData() *cond {
	return and(not(g.bits(g.linkHdr, 0, sizeB, wlanCtl)), g.bits(g.linkHdr, 0, sizeB, wlanData))
}

// llc tests for an LLC header, and for the type of its PDU.
func (g *gen) llc(n *llcTest) *cond {
	var is *cond
	switch {
	case g.family == famLive:
		is = and(g.cookedLLC(), not(g.equal(g.payload, 0, sizeH, 0xffff)))
	case g.link == capture.LinkEthernet, g.any && g.family == famEther:
		is = and(g.isLength(), not(g.equal(g.payload, 0, sizeH, 0xffff)))
	case g.family == famWLAN:
		is = g.wlanIsData()
	case g.family == famATM:
		is = g.atmTraffic(trafficLLC)
	case g.link == capture.LinkFDDI, g.link == capture.LinkTokenRing, g.link == linkATM1483,
		g.link == capture.LinkATMRFC1483:
		is = always(true)
	default:
		return g.lack("%s has no LLC", linkName(g.link))
	}
	control := func(v, mask uint32) *cond { return g.masked(g.payload, 2, sizeB, v, mask) }
	switch n.kind {
	case llcI:
		return and(is, not(g.bits(g.payload, 2, sizeB, 1)))
	case llcS:
		return and(is, control(1, 3))
	case llcU:
		return and(is, control(3, 3))
	case llcSCode:
		return and(is, control(n.code, 0x0f))
	case llcUCode:
		return and(is, control(n.code, 0xef)) // without the poll/final bit
	}
	return is
}

// passage tests which way a packet went.
func (g *gen) passage(out bool) *cond {
	either := func(c *cond) *cond {
		if out {
			return c
		}
		return not(c)
	}
	flag := uint32(0)
	if out {
		flag = 1
	}
	switch {
	case g.link == capture.LinkSLL:
		return either(g.equal(g.linkHdr, 0, sizeH, pktOutgoing))
	case g.link == capture.LinkSLL2:
		return either(g.equal(g.linkHdr, 10, sizeB, pktOutgoing))
	case g.link == capture.LinkSLIP:
		op := "="
		if out {
			op = "!="
		}
		first := &load{span: g.at, proto: protoLink, index: &constant{span: g.at}, size: 1}
		return g.relation(&relation{g.at, op, first, &constant{span: g.at}})
	case g.link == capture.LinkPPPPPPD:
		return g.equal(g.linkHdr, 0, sizeB, flag)
	case g.family == famPFLog:
		return g.equal(g.linkHdr, 60, sizeB, flag+1)
	case g.family == famIPNET:
		return g.equal(g.linkHdr, 2, sizeH, 2-flag)
	case g.family == famJuniper:
		return g.masked(g.linkHdr, 3, sizeB, 1-flag, 1)
	case g.live:
		return either(g.equal(at(0), skfPktType, sizeH, pktOutgoing))
	}
	return g.lack("packets of %s in a file do not say which way they went", linkName(g.link))
}

// ifindex tests the number of the interface.
func (g *gen) ifindex(n uint32) *cond {
	switch {
	case g.link == capture.LinkSLL2:
		return g.equal(g.linkHdr, 4, sizeW, n)
	case g.live:
		return g.equal(at(0), skfIfindex, sizeW, n)
	}
	return g.lack("packets of %s in a file do not say their interface", linkName(g.link))
}

// byteTest compares a byte of the link-layer header.
func (g *gen) byteTest(n *byteTest) *cond {
	code := g.load(g.linkHdr, sizeB, n.off)
	switch n.op {
	case "<":
		return not(compare(jmpJGE, n.val, code...))
	case ">":
		return compare(jmpJGT, n.val, code...)
	case "&":
		return compare(jmpJSET, n.val, code...)
	case "|":
		return not(compare(jmpJEQ, 0, append(code, aluK(aluOr, n.val))...))
	}
	return compare(jmpJEQ, n.val, code...)
}

// Offsets in OpenBSD's log header (struct pfloghdr).
const (
	pfOffAction  = 2
	pfOffReason  = 3
	pfOffIfname  = 4
	pfOffRuleset = 20
	pfOffRule    = 36
	pfOffSubrule = 40
)

func (g *gen) pf(n *pfTest) *cond {
	if g.family != famPFLog {
		return g.lack("%s exists in OpenBSD's packet filter log only", n.field)
	}
	switch n.field {
	case pfIfname:
		return g.text(pfOffIfname, n.name)
	case pfRuleset:
		return g.text(pfOffRuleset, n.name)
	case pfRule:
		return g.equal(g.linkHdr, pfOffRule, sizeW, n.n)
	case pfSubrule:
		return g.equal(g.linkHdr, pfOffSubrule, sizeW, n.n)
	case pfReason:
		return g.equal(g.linkHdr, pfOffReason, sizeB, n.n)
	}
	return g.equal(g.linkHdr, pfOffAction, sizeB, n.n)
}

// text tests for bytes, the last ones first.
func (g *gen) text(off uint32, s string) *cond {
	var c *cond
	for len(s) > 0 {
		n, size := 4, uint16(sizeW)
		switch len(s) {
		case 1:
			n, size = 1, sizeB
		case 2, 3:
			n, size = 2, sizeH
		}
		var v uint32
		for _, b := range []byte(s[len(s)-n:]) {
			v = v<<8 | uint32(b)
		}
		s = s[:len(s)-n]
		c = and(c, g.equal(g.linkHdr, off+uint32(len(s)), size, v))
	}
	return c
}
