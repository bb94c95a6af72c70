package filter

import "tcpsee/capture"

// tag is vlan, mpls, pppoed, pppoes or geneve. All but pppoed change what
// comes after them in the expression.
func (g *gen) tag(n *tag) *cond {
	if n.has && n.n > tagMax[n.kind] {
		return g.fail("%d is more than a number of %s can be, %d", n.n, n.kind, tagMax[n.kind])
	}
	switch n.kind {
	case tagVLAN:
		return g.vlan(n)
	case tagMPLS:
		return g.mpls(n)
	case tagPPPoED:
		return g.linkType(etPPPoED)
	case tagPPPoES:
		return g.pppoes(n)
	}
	return g.genevePacket(n)
}

// tagMax is the largest VLAN (IEEE 802.1Q), MPLS label (RFC 3032), PPPoE
// session (RFC 2516) and virtual network (RFC 8926).
var tagMax = [...]uint32{
	tagVLAN: 0xfff, tagMPLS: 0xfffff, tagPPPoES: 0xffff, tagGeneve: 0xffffff,
}

// inBandVLAN tests the EtherType for a VLAN tag.
func (g *gen) inBandVLAN() *cond {
	return or(g.linkType(etVLAN), g.linkType(etQinQ), g.linkType(etQinQOld))
}

func (g *gen) vlan(n *tag) *cond {
	if g.mplsDepth > 0 {
		return g.fail("there are no VLAN tags within MPLS")
	}
	switch {
	case g.link == linkPPI:
		return g.lack("PPI has no VLAN tags")
	case g.family == famEther, g.family == famWLAN, g.family == famLive:
	default:
		return g.lack("%s has no VLAN tags", linkName(g.link))
	}
	g.vlans++
	if g.live && g.vlans == 1 && !g.geneve {
		if g.any {
			return g.vlanAny(n)
		}
		if g.link == capture.LinkEthernet {
			return g.vlanLive(n)
		}
	}
	if g.family == famLive {
		// What is behind the outer tag begins with the inner.
		c := and(g.inBandVLAN(), g.vlanID(n))
		g.family, g.typ = famEther, g.payload
		g.typ.k += 2
		g.payload.k += 4
		return c
	}
	c := and(g.inBandVLAN(), g.vlanID(n))
	g.typ.k += 4
	g.payload.k += 4
	return c
}

// vlanID tests the number of a tag within the packet.
func (g *gen) vlanID(n *tag) *cond {
	if !n.has {
		return nil
	}
	return g.masked(g.network(), 0, sizeH, n.n, 0xfff)
}

// vlanAny tests for a tag that the kernel has taken off, or one that is still
// there: the kernel leaves 0x9100 alone, and a device that cannot insert tags
// itself shows them in what it sends. Then what follows is behind it, in a place
// that only the link layer tells.
func (g *gen) vlanAny(n *tag) *cond {
	proto, body := g.alloc(), g.alloc()
	g.prologue = and(g.prologue, do(ldAbs(sizeH, skfProtocol), st(proto), ldImm(0), st(body)))
	const back = (skfLLOff + etherLen + tagLen - skfNetOff) & 0xffffffff // the sum wraps around
	behind := do(ldAbs(sizeH, skfLLOff+tagAt+tagLen), st(proto), ldImm(back), st(body))
	c := g.tagged(n, and(g.isEther(), g.inBandVLAN(), behind), ldAbs(sizeH, skfLLOff+etherLen))
	g.held, g.payload.reg = proto, body
	return c
}

// vlanLive tests for a tag that the kernel has taken off, or one that is
// still there; then everything moves by 4 bytes, when the program runs.
func (g *gen) vlanLive(n *tag) *cond {
	body, typ := g.alloc(), g.alloc()
	g.prologue = and(g.prologue, do(ldImm(0), st(body), st(typ)))
	move := do(ldMem(body), aluK(aluAdd, 4), st(body), ldMem(typ), aluK(aluAdd, 4), st(typ))
	c := g.tagged(n, and(move, g.inBandVLAN()), g.load(g.network(), sizeH, 0)...)
	g.typ.reg, g.payload.reg = typ, body
	return c
}

// tagged tests for a tag that the kernel has taken off, or that there says is
// still in the packet, where code loads it.
func (g *gen) tagged(n *tag, there *cond, code ...Instruction) *cond {
	taken := func() *cond { return g.equal(at(0), skfVLANTagPresent, sizeB, 1) }
	c := or(taken(), there)
	if !n.has {
		return c
	}
	// libpcap asks again, in the middle of a block, where its optimiser does
	// not look.
	again := taken()
	again.opaque = true
	load := or(and(again, do(ldAbs(sizeB, skfVLANTag))), do(code...))
	return and(c, load, compare(jmpJEQ, n.n, aluK(aluAnd, 0xfff)))
}

func (g *gen) mpls(n *tag) *cond {
	var c *cond
	switch {
	case g.mplsDepth > 0:
		c = g.mplsBottom(0)
	case g.family == famEther, g.family == famCHDLC, g.family == famLive:
		c = g.linkType(etMPLS)
	case g.link == capture.LinkPPP:
		c = g.linkType(0x281)
	default:
		return g.lack("%s has no MPLS labels", linkName(g.link))
	}
	if n.has {
		c = and(c, g.masked(g.network(), 0, sizeW, n.n<<12, 0xfffff000))
	}
	g.mplsDepth++
	g.nl += 4
	g.noSnap += 4
	return c
}

func (g *gen) pppoes(n *tag) *cond {
	c := g.linkType(etPPPoES)
	if n.has {
		c = and(c, g.masked(g.network(), 0, sizeW, n.n, 0xffff))
	}
	// The PPPoE header has 6 bytes, the protocol number of PPP two.
	ppp := g.network()
	ppp.k += 6
	g.lane = false
	g.link, g.family, g.hasType = capture.LinkPPP, famPPP, true
	g.linkHdr, g.typ, g.payload = ppp, ppp, ppp
	g.payload.k += 2
	g.nl, g.noSnap = 0, 0
	return c
}

// The UDP port of Geneve, and its header (RFC 8926, section 3.4).
const (
	genevePort       = 6081
	geneveOffType    = 2
	geneveOffVNI     = 4
	geneveVersion    = 0xc0
	geneveOptLenMask = 0x3f
	geneveLen        = 8
	udpLen           = 8
)

func (g *gen) genevePacket(n *tag) *cond {
	hdr, typ, body := g.alloc(), g.alloc(), g.alloc()
	c := and(or(g.geneve4(n, hdr), g.geneve6(n, hdr)), g.geneveOffsets(hdr, typ, body))
	g.lane = false
	g.link, g.family, g.hasType = capture.LinkEthernet, famEther, true
	g.linkHdr, g.typ, g.payload = place{0, hdr}, place{0, typ}, place{0, body}
	g.nl = 0
	g.geneve, g.unoptimised = true, true
	// The kernel takes no program that could read a register before it is
	// written, as "geneve or ip" would.
	g.prologue = and(g.prologue, do(ldImm(0), st(hdr), st(typ), st(body)))
	return c
}

var genevePorts = ports{genevePort, genevePort, false, ipUDP}

// geneve4 tests for Geneve in IPv4, and leaves the length of the IP header
// (with the variable part of what comes before it) in a register.
func (g *gen) geneve4(n *tag, hdr int) *cond {
	udp := func(size uint16, off uint32) []Instruction { return g.transport4(size, udpLen+off) }
	c := and(g.ports4(genevePorts, dirDst),
		g.maskedCode(udp(sizeB, 0), 0, geneveVersion))
	if n.has {
		c = and(c, g.maskedCode(udp(sizeW, geneveOffVNI), n.n<<8, 0xffffff00))
	}
	return and(c, do(append(g.ipHdrLen(), txa(), st(hdr))...))
}

func (g *gen) geneve6(n *tag, hdr int) *cond {
	t := g.transport6()
	c := and(g.ports6(genevePorts, dirDst),
		g.masked(t, udpLen, sizeB, 0, geneveVersion))
	if n.has {
		c = and(c, g.masked(t, udpLen+geneveOffVNI, sizeW, n.n<<8, 0xffffff00))
	}
	if !t.varies() {
		return and(c, do(ldImm(40), st(hdr)))
	}
	return and(c, do(ldMem(g.reg(t)), aluK(aluAdd, 40), st(hdr)))
}

// geneveOffsets computes where the inner headers are: the EtherType is in the
// Geneve header, or in the Ethernet header behind it.
func (g *gen) geneveOffsets(hdr, typ, body int) *cond {
	start := do(ldMem(hdr), aluK(aluAdd, g.network().k+udpLen), tax(),
		aluK(aluAdd, geneveOffType), st(typ),
		ldInd(sizeB, 0), aluK(aluAnd, geneveOptLenMask), aluK(aluMul, 4),
		aluK(aluAdd, geneveLen), aluX(aluAdd), st(hdr), st(body))
	ether := when(compare(jmpJEQ, etBridge, ldxMem(typ), ldInd(sizeH, 0)),
		do(ldMem(hdr), aluK(aluAdd, 12), st(typ), aluK(aluAdd, 2), st(body)))
	return and(start, ether)
}
