package filter

// abbreviation is a protocol alone.
func (g *gen) abbreviation(pr proto) *cond {
	if typ, ok := linkProtocols[pr]; ok {
		return g.linkType(typ)
	}
	if n, ok := ipAbbreviations[pr]; ok {
		return g.protocol(n.number, n.over)
	}
	if types, ok := isisTypes[pr]; ok {
		var all *cond
		for _, typ := range types {
			all = or(all, g.protocol(typ, protoISIS))
		}
		return all
	}
	return g.fail("%s alone says nothing", pr)
}

// linkProtocols are those that the link layer names.
var linkProtocols = map[proto]uint32{
	protoIP: etIP, protoIPv6: etIPv6, protoARP: etARP, protoRARP: etRARP,
	protoATalk: etATalk, protoAARP: etAARP, protoDECnet: etDECnet, protoLAT: etLAT,
	protoSCA: etSCA, protoMOPRC: etMOPRC, protoMOPDL: etMOPDL, protoISO: sapISO,
	protoSTP: sapSTP, protoIPX: sapIPX, protoNetBEUI: sapNetBEUI,
}

// ipAbbreviations are those of IP and OSI, with the protocol that carries
// them: protoAny is IPv4 and IPv6.
var ipAbbreviations = map[proto]struct {
	number uint32
	over   proto
}{
	protoSCTP: {ipSCTP, protoAny}, protoTCP: {ipTCP, protoAny}, protoUDP: {ipUDP, protoAny},
	protoPIM: {ipPIM, protoAny}, protoAH: {ipAH, protoAny}, protoESP: {ipESP, protoAny},
	protoICMP: {ipICMP, protoIP}, protoIGMP: {ipIGMP, protoIP}, protoIGRP: {ipIGRP, protoIP},
	protoVRRP: {ipVRRP, protoIP}, protoCARP: {ipVRRP, protoIP},
	protoICMPv6: {ipICMPv6, protoIPv6},
	protoESIS:   {nlpidESIS, protoISO}, protoISIS: {nlpidISIS, protoISO},
	protoCLNP: {nlpidCLNP, protoISO},
}

// isisTypes are the PDU types of IS-IS (ISO/IEC 10589).
var isisTypes = map[proto][]uint32{
	protoISISL1: {26, 24, 18, 15, 17}, protoISISL2: {27, 25, 20, 16, 17},
	protoISISIIH: {17, 15, 16}, protoISISLSP: {18, 20}, protoISISSNP: {27, 26, 24, 25},
	protoISISCSNP: {24, 25}, protoISISPSNP: {26, 27},
}

// protocol tests which protocol is carried by pr.
func (g *gen) protocol(v uint32, pr proto) *cond {
	n := g.network()
	switch pr {
	case protoAny:
		return or(g.protocol(v, protoIP), g.protocol(v, protoIPv6))
	case protoLink:
		return g.linkType(v)
	case protoIP:
		return and(g.linkType(etIP), g.equal(n, 9, sizeB, v))
	case protoIPv6:
		return and(g.linkType(etIPv6), or(g.equal(n, 6, sizeB, v),
			and(g.equal(n, 6, sizeB, ipFragment), g.equal(n, 40, sizeB, v))))
	case protoISO:
		osi := place{g.payload.k + g.noSnap, g.payload.reg}
		switch g.family {
		case famFrame:
			return g.equal(g.linkHdr, 2, sizeH, 0x0300|v)
		case famCHDLC:
			osi.k++
		}
		return and(g.linkType(sapISO), g.equal(osi, 0, sizeB, v))
	case protoISIS:
		osi := place{g.payload.k + g.noSnap, g.payload.reg}
		return and(g.protocol(nlpidISIS, protoISO), g.equal(osi, 4, sizeB, v))
	}
	return g.fail("%s carries no protocol that a filter could test", pr)
}

// identPort is a port or a range of ports.
func (g *gen) identPort(id *ident) *cond {
	lo, hi, ipProto := id.lo, id.hi, id.ipProto
	switch id.tok.kind {
	case tokIPv4:
		return g.fail("an address is no port")
	case tokNum:
		lo, hi = id.tok.num, id.tok.num
		var ok bool
		if ipProto, ok = portProto(id.proto); !ok {
			return g.fail("%s has no ports", protoNames[id.proto])
		}
	}
	if lo > 65535 || hi > 65535 {
		return g.fail("port numbers end at 65535")
	}
	ports := ports{lo, hi, id.addr == addrPortRange, ipProto}
	return or(g.ports6(ports, id.dir), g.ports4(ports, id.dir))
}

// ports are those that a test is for: one, or, in either order, the first and
// last one of a range, which libpcap looks for in two steps even if they are
// the same.
type ports struct {
	lo, hi  uint32
	ranged  bool
	ipProto uint32
}

// eachPortProto calls f for the protocols that have ports.
func eachPortProto(ipProto uint32, f func(uint32) *cond) *cond {
	if ipProto != protoAnyPort {
		return f(ipProto)
	}
	return or(f(ipSCTP), f(ipTCP), f(ipUDP))
}

// ports4 tests the ports of unfragmented IPv4 packets, and first fragments.
func (g *gen) ports4(p ports, d direction) *cond {
	n := g.network()
	port := func(off uint32) func() *cond {
		return func() *cond {
			return p.match(func() []Instruction { return g.transport4(sizeH, off) })
		}
	}
	return and(g.linkType(etIP), eachPortProto(p.ipProto, func(v uint32) *cond {
		return and(g.equal(n, 9, sizeB, v), g.notLaterFragment(), g.direct(d, port(0), port(2)))
	}))
}

// notLaterFragment tests for a fragment offset of 0 in an IPv4 header.
func (g *gen) notLaterFragment() *cond {
	return not(g.bits(g.network(), 6, sizeH, 0x1fff))
}

// ports6 tests the ports of IPv6 packets without extension headers.
func (g *gen) ports6(p ports, d direction) *cond {
	n, t := g.network(), g.transport6()
	port := func(off uint32) func() *cond {
		return func() *cond {
			return p.match(func() []Instruction { return g.load(t, sizeH, off) })
		}
	}
	return and(g.linkType(etIPv6), eachPortProto(p.ipProto, func(v uint32) *cond {
		return and(g.equal(n, 6, sizeB, v), g.direct(d, port(0), port(2)))
	}))
}

// match tests the port that code loads.
func (p ports) match(code func() []Instruction) *cond {
	if !p.ranged {
		return compare(jmpJEQ, p.lo, code()...)
	}
	lo, hi := min(p.lo, p.hi), max(p.lo, p.hi)
	return and(compare(jmpJGE, lo, code()...), not(compare(jmpJGT, hi, code()...)))
}

// protoChain looks for a protocol behind extension headers.
func (g *gen) protoChain(v uint32, pr proto) *cond {
	if g.payload.varies() {
		return g.fail("protochain needs headers of a fixed length before it")
	}
	switch pr {
	case protoAny:
		return or(g.protoChain(v, protoIP), g.protoChain(v, protoIPv6))
	case protoIP, protoIPv6:
	default:
		return g.fail("%s has no chain of headers", protoNames[pr])
	}
	g.unoptimised = true
	next, off := g.alloc(), g.alloc()
	defer g.free(next)
	defer g.free(off)
	base := g.network().k
	start := and(g.linkType(etIP), do(ldAbs(sizeB, base+9), st(next),
		ldxMsh(base), txa(), st(off)))
	if pr == protoIPv6 {
		start = and(g.linkType(etIPv6), do(ldAbs(sizeB, base+6), st(next),
			ldImm(40), st(off)))
	}
	is := func(n uint32) *cond { return compare(jmpJEQ, n, ldMem(next)) }
	chain := is(v)
	for range maxChain {
		// An AH header is four times its length field and 2 long. libpcap does
		// not add where it began, and so goes astray behind it; so do we.
		skip := and(is(ipAH), do(ldxMem(off), ldInd(sizeB, base), st(next),
			ldInd(sizeB, base+1), aluK(aluAdd, 2), aluK(aluMul, 4), st(off)))
		if pr == protoIPv6 {
			ext := or(is(0), is(ipDstOpts), is(ipRouting), is(ipFragment))
			skip = or(and(ext, do(ldxMem(off), ldInd(sizeB, base), st(next),
				ldInd(sizeB, base+1), aluK(aluAdd, 1), aluK(aluMul, 8), aluX(aluAdd),
				st(off))), skip)
		}
		chain = or(is(v), and(not(is(ipNone)), skip, chain))
	}
	return and(start, chain)
}
