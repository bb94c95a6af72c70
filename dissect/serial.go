package dissect

// PPP protocols (https://www.iana.org/assignments/ppp-numbers).
const (
	pppIPv4    = 0x0021
	pppIPv6    = 0x0057
	pppVJ      = 0x002d // RFC 1144, a header of TCP and IPv4 that is compressed
	pppVJWhole = 0x002f // RFC 1144, one that later ones refer to
	pppBridged = 0x0031 // RFC 3518
	pppMulti   = 0x003d // RFC 1990
	pppMPLS    = 0x0281 // RFC 3032, unicast
	pppMPLSUp  = 0x0283
)

// Address octets of HDLC.
const (
	hdlcAllStations    = 0xff
	hdlcCiscoUnicast   = 0x0f
	hdlcCiscoMulticast = 0x8f
)

// ppp parses a PPP frame with or without address and control (RFC 1661, RFC
// 1662). Address octets of Cisco's HDLC stand in such captures too.
func (c *cursor) ppp() step {
	if !c.need(2) {
		return stepDone
	}
	b := c.rest()
	switch {
	case b[0] == hdlcAllStations && b[1] == 0x03:
		return c.pppHeader(c.off + 2)
	case (b[0] == hdlcCiscoUnicast || b[0] == hdlcCiscoMulticast) && b[1] == 0:
		return stepCHDLC
	}
	return c.pppHeader(c.off)
}

// pppHeader parses the protocol field at the given offset, of one octet if
// its lowest bit is set (RFC 1661, section 6.5). The header begins at c.off.
func (c *cursor) pppHeader(at int) step {
	n := at - c.off
	if !c.need(n + 1) {
		return stepDone
	}
	b := c.rest()[n:]
	proto := uint16(b[0])
	n++
	if proto&1 == 0 {
		if !c.need(n + 1) {
			return stepDone
		}
		proto = be16(b)
		n++
	}
	c.take(LayerPPP, n)
	switch proto {
	case pppIPv4, etherIPv4:
		return stepIPv4
	case pppIPv6, etherIPv6:
		return stepIPv6
	case pppMPLS, pppMPLSUp:
		return stepMPLS
	case pppVJ:
		return c.changed()
	case pppVJWhole:
		return c.piece(Piece{Slot: true})
	case pppBridged:
		return c.bridged()
	case pppMulti:
		return c.multilink()
	}
	return c.fail(ProblemUnknownProto)
}

// bridged parses the header of RFC 3518, section 4.2: flags and MAC type.
func (c *cursor) bridged() step {
	if !c.need(2) {
		return stepDone
	}
	b := c.rest()
	if b[1] != 1 { // IEEE 802.3 or Ethernet
		return c.fail(ProblemUnknownProto)
	}
	c.take(LayerOther, 2)
	if b[0]&0x80 != 0 { // with FCS
		c.trim(4)
	}
	return stepEthernet
}

// multilink parses the header of RFC 1990, section 3, with a long sequence
// number.
func (c *cursor) multilink() step {
	const begin, end, number = 0x80, 0x40, 0xffffff
	if !c.need(4) {
		return stepDone
	}
	b := c.rest()
	c.take(LayerOther, 4)
	if b[0]&begin != 0 && b[0]&end != 0 {
		return stepPPPHeader
	}
	return c.piece(Piece{Multilink: true, Begin: b[0]&begin != 0, More: b[0]&end == 0, Sequence: be32(b) & number})
}

// trim leaves out n bytes at the packet's end: a checksum of the link.
func (c *cursor) trim(n int) {
	if c.left() >= n {
		c.limit(c.left() - n)
	}
}

// pppDirection parses LINKTYPE_PPP_WITH_DIR: one octet, 0 in, else out.
func (c *cursor) pppDirection() step {
	if !c.need(1) {
		return stepDone
	}
	c.off++
	return stepPPP
}

// pppoe parses the header of a PPPoE session (RFC 2516, section 4).
func (c *cursor) pppoe() step {
	const header = 6
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	c.take(LayerPPPoE, header)
	c.limit(int(be16(b[4:])))
	return stepPPPHeader
}

// chdlc parses Cisco's HDLC: address, control, EtherType.
func (c *cursor) chdlc() step {
	if !c.need(4) {
		return stepDone
	}
	c.arg = be16(c.rest()[2:])
	if c.arg == sapOSI<<8|sapOSI && c.need(5) && c.rest()[4] == llcUI {
		c.take(LayerCHDLC, 5)
		return c.nlpid()
	}
	c.take(LayerCHDLC, 4)
	return stepEtherType
}

// Network layer protocol identifiers (ISO/IEC TR 9577, RFC 2427).
const (
	nlpidSNAP = 0x80
	nlpidIPv6 = 0x8e
	nlpidIPv4 = 0xcc
	nlpidPPP  = 0xcf // RFC 1973
)

// frameRelay parses a Q.922 address of two to four octets, then what RFC 2427
// has, or the EtherType that Cisco has there.
func (c *cursor) frameRelay() step {
	b := c.rest()
	n := 0
	for n < len(b) && n < 4 && b[n]&1 == 0 {
		n++
	}
	if n++; !c.need(n + 2) {
		return stepDone
	}
	if b[n] != llcUI {
		c.arg = be16(b[n:])
		c.take(LayerFrameRelay, n+2)
		return stepEtherType
	}
	if n++; b[n] == 0 { // padding
		n++
	}
	if !c.need(n + 1) {
		return stepDone
	}
	c.take(LayerFrameRelay, n)
	return c.nlpid()
}

// nlpid takes a network layer protocol identifier and follows it.
func (c *cursor) nlpid() step {
	if !c.need(1) {
		return stepDone
	}
	id := c.rest()[0]
	c.take(LayerOther, 1)
	switch id {
	case nlpidIPv4:
		return stepIPv4
	case nlpidIPv6:
		return stepIPv6
	case nlpidPPP:
		return stepPPPHeader
	case nlpidSNAP:
		return c.snap(0)
	}
	return c.fail(ProblemUnknownProto)
}
