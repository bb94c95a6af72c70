package dissect

// What Juniper's routers put before the packets that they capture.

// juniper parses the header that they all have: three octets of magic, flags,
// and the extensions that the flags announce.
func (c *cursor) juniper(next step) step {
	const noLink, extended = 0x02, 0x80
	if !c.need(4) {
		return stepDone
	}
	b := c.rest()
	if b[0] != 'M' || b[1] != 'G' || b[2] != 'C' {
		return c.fail(ProblemMalformed)
	}
	flags, n := b[3], 4
	if flags&extended != 0 {
		if !c.need(6) {
			return stepDone
		}
		n = 6 + int(be16(b[4:]))
	}
	if flags&noLink != 0 { // the family of what follows, in little-endian order
		n, next = n+4, stepIP
	}
	return c.shim(n, next)
}

// juniperCookie parses that header, and behind it what the hardware of a kind of
// interface writes for itself.
func (c *cursor) juniperCookie(kind step) step {
	const incoming = 0x01
	s := c.juniper(kind)
	if s != kind {
		return s
	}
	b := c.p.bytesOf(c.p.Layers[c.p.NumLayers-1])
	in := b[3]&incoming != 0
	switch kind {
	case stepJuniperMLPPP:
		return c.juniperMultilink(in, stepPPP)
	case stepJuniperMLFR:
		return c.juniperMultilink(in, stepFrameRelay)
	case stepJuniperGGSN: // family and VLAN
		return c.shim(4, stepIP)
	case stepJuniperATM1:
		return c.juniperATM(4)
	case stepJuniperATM2:
		return c.juniperATM(8)
	case stepJuniperVoice:
		return c.shim(18, stepIP)
	}
	if in { // to a service
		return c.shim(16, stepIP)
	}
	return c.shim(12, stepIP)
}

// juniperATM parses the cookie of an ATM interface, whose packets say no more of
// what they are than those of any virtual channel.
func (c *cursor) juniperATM(n int) step {
	if s := c.shim(n, stepDone); c.p.Problem != ProblemNone {
		return s
	}
	if b := c.rest(); len(b) > 1 && plausiblePPP(be16(b)) {
		return stepPPPHeader
	}
	return c.virtualChannel()
}

// Cookies of a multilink's hardware, by their first octet, and what one says in
// its fifth and sixth.
const (
	cookieLink     = 0x54 // of 4 octets
	cookieService  = 0x40 // of 8 octets
	cookieServices = 0x47

	cookieRouter = 3 // of the fifth: to or from the router itself
)

// juniperMultilink parses the cookie of a multilink. Where it has none known,
// what stands there is looked at, as nothing says that two octets are one.
func (c *cursor) juniperMultilink(in bool, link step) step {
	if !c.need(8) {
		return stepDone
	}
	switch b := c.rest(); b[0] {
	case cookieLink:
		return c.shim(4, link)
	case cookieService, cookieServices:
		switch b[5] >> 4 {
		case 0:
			if link == stepPPP && in && b[4]&3 != cookieRouter {
				return c.shim(8, link)
			}
			return c.shim(8, stepIPv4)
		case 1:
			return c.shim(8, stepIPv6)
		case 2:
			return c.shim(8, stepMPLS)
		}
		return c.fail(ProblemUnknownProto)
	default:
		if link == stepPPP && be16(b) != hdlcAllStations<<8|0x03 && plausiblePPP(be16(b[2:])) {
			return c.shim(2, link)
		}
	}
	return link
}

// plausiblePPP reports whether a number is a PPP protocol that is likely where
// nothing says that there is one.
func plausiblePPP(protocol uint16) bool {
	switch protocol {
	case pppIPv4, pppIPv6, pppMulti, pppMPLS, pppMPLSUp:
		return true
	}
	return false
}
