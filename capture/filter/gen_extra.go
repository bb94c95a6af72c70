package filter

// Types of ICMP errors (RFC 792) and ICMPv6 ones (RFC 4443: below 128), and
// of neighbour discovery (RFC 4861).
const (
	icmpUnreachable  = 3
	icmpSourceQuench = 4
	icmpRedirect     = 5
	icmpTimeExceeded = 11
	icmpParameter    = 12

	icmp6FirstInfo = 128
	icmp6RouterSol = 133
	icmp6Redirect  = 137
)

// extra returns the condition for what is to pass besides, nil for nothing. It
// stands first, so that a load out of bounds in the expression does not reject
// an ICMP error; a check of the length keeps its own loads from doing so with
// short packets.
func (g *gen) extra() *cond {
	var c *cond
	if g.o.ICMPErrors {
		c = or(g.icmpErrors(), g.icmp6Errors())
	}
	if g.o.Neighbours {
		arp := always(false)
		if g.family != famRaw && g.family != famLoopHost && g.family != famLoopNet {
			arp = g.linkType(etARP)
		}
		t := g.transport6()
		nd := and(g.atLeast(48), g.ip6Of(ipICMPv6),
			compare(jmpJGE, icmp6RouterSol, g.load(t, sizeB, 0)...),
			not(compare(jmpJGT, icmp6Redirect, g.load(t, sizeB, 0)...)))
		c = or(c, arp, nd)
	}
	if g.o.Also != nil && g.o.Also.root != nil {
		c = or(c, and(g.atLeast(28), g.node(g.o.Also.root)))
	}
	return c
}

// atLeast tests for a packet with n bytes of network layer. Where it is not
// known how long the link-layer header is, it may take some for them.
func (g *gen) atLeast(n uint32) *cond {
	if k := g.network().k; k < 1<<16 {
		n += k
	}
	return compare(jmpJGE, n, ldLen())
}

func (g *gen) icmpErrors() *cond {
	is := func(t uint32) *cond {
		return compare(jmpJEQ, t, g.transport4(sizeB, 0)...)
	}
	return and(g.atLeast(28), g.linkType(etIP), g.equal(g.network(), 9, sizeB, ipICMP), g.notLaterFragment(),
		or(is(icmpUnreachable), is(icmpSourceQuench), is(icmpRedirect),
			is(icmpTimeExceeded), is(icmpParameter)))
}

func (g *gen) icmp6Errors() *cond {
	return and(g.atLeast(48), g.ip6Of(ipICMPv6),
		not(compare(jmpJGE, icmp6FirstInfo, g.load(g.transport6(), sizeB, 0)...)))
}

// ip6Of tests for an IPv6 packet without extension headers.
func (g *gen) ip6Of(proto uint32) *cond {
	return and(g.linkType(etIPv6), g.equal(g.network(), 6, sizeB, proto))
}
