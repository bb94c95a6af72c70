package dissect

// Ports of tunnels over UDP.
const (
	portGTPU      = 2152 // 3GPP TS 29.281
	portL2TP      = 1701 // RFC 2661
	portTeredo    = 3544 // RFC 4380
	portVXLAN     = 4789 // RFC 7348
	portVXLANOld  = 8472 // Linux before the assignment
	portVXLANGPE  = 4790 // draft-ietf-nvo3-vxlan-gpe
	portGREinUDP  = 4754 // RFC 8086
	portGeneve    = 6081 // RFC 8926
	portMPLSinUDP = 6635 // RFC 7510
)

const udpHeader = 8

// udp parses a UDP header, and the tunnel that its ports say if its first
// octets agree.
func (c *cursor) udp() step {
	if !c.need(udpHeader) {
		return stepDone
	}
	b := c.rest()
	p := c.p
	p.UDPSrc, p.UDPDst = be16(b), be16(b[2:])
	p.Content, p.extra = ContentUDP, true
	length := int(be16(b[4:]))
	if length != 0 && length < udpHeader {
		return c.fail(ProblemMalformed)
	}
	if length != 0 { // 0: longer than the field can say (RFC 2675, section 4)
		c.limit(length)
	}
	c.take(LayerUDP, udpHeader)
	for _, port := range [2]uint16{p.UDPDst, p.UDPSrc} {
		if s := c.udpTunnel(port); s != stepDone {
			return s
		}
	}
	return stepDone
}

func (c *cursor) udpTunnel(port uint16) step {
	switch port {
	case portVXLAN, portVXLANOld:
		return c.vxlan()
	case portVXLANGPE:
		return c.vxlanGPE()
	case portGeneve:
		return c.geneve()
	case portGTPU:
		return c.gtpu()
	case portL2TP:
		return c.l2tp()
	case portTeredo:
		return c.teredo()
	case portGREinUDP:
		if b := c.rest(); len(b) >= 4 && b[0]&0x4f == 0 && b[1] == 0 {
			return stepGRE
		}
	case portMPLSinUDP:
		if len(c.rest()) >= 4 {
			return stepMPLS
		}
	}
	return stepDone
}

const (
	vxlanHeader = 8
	vxlanHasVNI = 0x08
	vxlanHasNP  = 0x04 // VXLAN-GPE: next protocol given
)

// vxlan parses the header of RFC 7348. Reserved fields are not looked at: some
// senders use them.
func (c *cursor) vxlan() step {
	b := c.rest()
	if len(b) < vxlanHeader+ethernetHeader || b[0]&vxlanHasVNI == 0 {
		return stepDone
	}
	c.take(LayerVXLAN, vxlanHeader)
	c.p.Content = ContentOther
	return stepEthernet
}

func (c *cursor) vxlanGPE() step {
	b := c.rest()
	if len(b) < vxlanHeader || b[0]&0x30 != 0 || b[0]&vxlanHasNP == 0 {
		return stepDone
	}
	c.take(LayerVXLAN, vxlanHeader)
	c.p.Content = ContentOther
	return c.nextProtocol(b[3])
}

// geneve parses the header of RFC 8926, section 3.
func (c *cursor) geneve() step {
	b := c.rest()
	if len(b) < 8 || b[0]>>6 != 0 {
		return stepDone
	}
	n := 8 + int(b[0]&0x3f)*4
	if len(b) < n {
		return stepDone
	}
	c.take(LayerGeneve, n)
	c.p.Content = ContentOther
	c.arg = be16(b[2:])
	return stepEtherType
}

// GTP-U's first octet and message type (3GPP TS 29.281, section 5).
const (
	gtpVersionMask = 0xf0
	gtpVersion1    = 0x30 // version 1, protocol type GTP
	gtpExtension   = 0x04
	gtpOptional    = 0x07 // extension, sequence number, N-PDU number
	gtpTPDU        = 255
)

// gtpu parses the header of a user's packet with its extension headers.
func (c *cursor) gtpu() step {
	b := c.rest()
	if len(b) < 8 || b[0]&gtpVersionMask != gtpVersion1 || b[1] != gtpTPDU {
		return stepDone
	}
	n := 8
	if b[0]&gtpOptional != 0 {
		n += 4
	}
	if len(b) < n {
		return stepDone
	}
	if b[0]&gtpExtension != 0 {
		for next := b[n-1]; next != 0; next = b[n-1] {
			if len(b) <= n || b[n] == 0 || len(b) < n+int(b[n])*4 {
				return stepDone
			}
			n += int(b[n]) * 4
		}
	}
	if len(b) <= n {
		return stepDone
	}
	switch b[n] >> 4 {
	case 4, 6:
		c.take(LayerGTPU, n)
		c.limit(int(be16(b[2:])) + 8 - n)
		c.p.Content = ContentOther
		return stepIP
	}
	return stepDone
}

// l2tp parses the header of a data message of L2TP version 2 (RFC 2661,
// section 3.1). What it carries is PPP.
func (c *cursor) l2tp() step {
	const control, hasLength, hasSeq, hasOffset = 0x8000, 0x4000, 0x0800, 0x0200
	b := c.rest()
	if len(b) < 6 {
		return stepDone
	}
	flags := be16(b)
	if flags&control != 0 || flags&0xf != 2 {
		return stepDone
	}
	n := 6
	if flags&hasLength != 0 {
		n += 2
	}
	if flags&hasSeq != 0 {
		n += 4
	}
	if flags&hasOffset != 0 {
		if n += 2; len(b) < n {
			return stepDone
		}
		n += int(be16(b[n-2:]))
	}
	if len(b) <= n {
		return stepDone
	}
	c.take(LayerL2TP, n)
	c.p.Content = ContentOther
	return stepPPP
}

// teredo parses the indicators that may stand before an IPv6 packet (RFC 4380,
// section 5.1.1).
func (c *cursor) teredo() step {
	b := c.rest()
	n := 0
	if len(b) >= 13 && be16(b) == 1 { // authentication
		n = 13 + int(b[2]) + int(b[3])
	}
	if len(b) >= n+8 && be16(b[n:]) == 0 { // origin
		n += 8
	}
	if len(b) <= n || b[n]>>4 != 6 {
		return stepDone
	}
	c.take(LayerTeredo, n)
	c.p.Content = ContentOther
	return stepIPv6
}

// etherIP parses the header of RFC 3378: version 3 and reserved bits.
func (c *cursor) etherIP() step {
	if !c.need(2) {
		return stepDone
	}
	c.take(LayerOther, 2)
	return stepEthernet
}

// GRE's flags (RFC 1701, RFC 2784, RFC 2890, RFC 2637).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
	greVersion  = 0x0007

	greERSPAN  = 0x88be // types I and II
	greERSPAN3 = 0x22eb
	greWCCP    = 0x883e
)

func (c *cursor) gre() step {
	if !c.need(4) {
		return stepDone
	}
	b := c.rest()
	flags, proto := be16(b), be16(b[2:])
	n := 4
	if flags&(greChecksum|greRouting) != 0 {
		n += 4
	}
	if flags&greKey != 0 {
		n += 4
	}
	if flags&greSequence != 0 {
		n += 4
	}
	version := flags & greVersion
	if version == 1 && flags&greAck != 0 {
		n += 4
	}
	if version > 1 {
		return c.fail(ProblemUnknownProto)
	}
	if flags&greRouting != 0 && version == 0 {
		for { // source route entries end with one of address family and length 0
			if !c.need(n + 4) {
				return stepDone
			}
			family, length := be16(b[n:]), int(b[n+3])
			if n += 4; family == 0 && length == 0 {
				break
			}
			n += length
		}
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerGRE, n)
	c.p.Content = ContentOther
	return c.greCarries(proto, flags)
}

// greCarries follows what a GRE header says comes next.
func (c *cursor) greCarries(proto, flags uint16) step {
	switch proto {
	case greERSPAN:
		if flags&greSequence == 0 {
			return stepEthernet // type I has no header of its own
		}
		return stepERSPAN2
	case greERSPAN3:
		return stepERSPAN3
	case greWCCP:
		if b := c.rest(); len(b) > 4 && b[0]>>4 != 4 {
			c.take(LayerOther, 4) // redirect header of version 2
		}
		return stepIPv4
	}
	if c.left() == 0 {
		return stepDone // an acknowledgement alone (RFC 2637, section 4.1)
	}
	c.arg = proto
	return stepEtherType
}

func (c *cursor) erspan2() step {
	if !c.need(8) {
		return stepDone
	}
	c.take(LayerERSPAN, 8)
	return stepEthernet
}

// erspan3 parses the header of type III, and the subheader that its last bit
// announces (draft-foschiano-erspan).
func (c *cursor) erspan3() step {
	n := 12
	if !c.need(n) {
		return stepDone
	}
	b := c.rest()
	if b[11]&1 != 0 {
		n += 8
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerERSPAN, n)
	if b[10]>>2&0x1f == 2 { // frame type IP
		return stepIP
	}
	return stepEthernet
}
