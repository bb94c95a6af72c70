package dissect

// The EtherTypes that are followed (IEEE 802 numbers, as IANA lists them).
const (
	etherIPv4     = 0x0800
	etherARP      = 0x0806
	etherBridged  = 0x6558 // transparent Ethernet bridging (RFC 1701)
	etherVLAN     = 0x8100 // IEEE 802.1Q
	etherIPv6     = 0x86dd
	etherPPP      = 0x880b
	etherMPLS     = 0x8847
	etherMPLSUp   = 0x8848 // MPLS with upstream-assigned labels (RFC 5332)
	etherPPPoE    = 0x8864 // session stage (RFC 2516)
	etherJumboLLC = 0x8870
	etherQinQ     = 0x88a8 // IEEE 802.1ad
	etherQinQ1    = 0x9100 // what switches used before 802.1ad
	etherQinQ2    = 0x9200

	maxLength    = 1500 // of the length field that IEEE 802.3 has in the type's place
	minEtherType = 1536
)

const (
	ethernetHeader = 14
	vlanHeader     = 4
)

func (c *cursor) ethernet() step {
	if !c.need(ethernetHeader) {
		return stepDone
	}
	b := c.rest()
	if be16(b[12:]) <= maxLength && isISL(b) {
		return c.isl()
	}
	c.take(LayerEthernet, ethernetHeader)
	return c.typeOrLength(be16(b[12:]))
}

// typeOrLength interprets the field behind the addresses of Ethernet and
// behind a VLAN tag: up to 1500 it is the length of what follows.
func (c *cursor) typeOrLength(v uint16) step {
	switch {
	case v >= minEtherType:
		c.arg = v
		return stepEtherType
	case v > maxLength:
		return c.fail(ProblemUnknownProto)
	}
	c.limit(int(v))
	return stepLLC
}

func (c *cursor) etherType() step {
	switch c.arg {
	case etherIPv4:
		return stepIPv4
	case etherIPv6:
		return stepIPv6
	case etherVLAN, etherQinQ, etherQinQ1, etherQinQ2:
		return c.vlan()
	case etherARP:
		return c.arp()
	case etherMPLS, etherMPLSUp:
		return stepMPLS
	case etherPPPoE:
		return stepPPPoE
	case etherBridged:
		return stepEthernet
	case etherPPP:
		return stepPPP
	case etherJumboLLC:
		return stepLLC
	}
	return c.rareEtherType()
}

// vlan parses the rest of an 802.1Q or 802.1ad tag: control information and
// the type of what follows.
func (c *cursor) vlan() step {
	if !c.need(vlanHeader) {
		return stepDone
	}
	b := c.rest()
	if !c.p.HasVLAN {
		c.p.VLAN, c.p.HasVLAN, c.p.extra = be16(b)&0xfff, true, true
	}
	c.take(LayerVLAN, vlanHeader)
	return c.typeOrLength(be16(b[2:]))
}

// mPacket parses IEEE 802.3br mPackets as far as they are whole: preamble, SMD
// octet 0xd5 (express), then an Ethernet frame with its FCS. Without a
// preamble it is the frame alone.
func (c *cursor) mPacket() step {
	const preamble, express, longest = 0x55, 0xd5, 8
	b := c.rest()
	n := 0
	for n < len(b) && n < longest && b[n] == preamble {
		n++
	}
	switch {
	case n == 0:
		return stepEthernet
	case n < len(b) && b[n] == express:
		c.trim(4)
		return c.shim(n+1, stepEthernet)
	}
	return c.fail(ProblemUnknownProto)
}

// Service access points of IEEE 802.2.
const (
	sapSNAP  = 0xaa
	sapIP    = 0x06
	sapOSI   = 0xfe     // followed by a network layer protocol identifier
	llcUI    = 0x03     // unnumbered information
	oui8021H = 0x0000f8 // IEEE 802.1H bridge tunnel encapsulation
	oui8021  = 0x0080c2 // bridged frames (RFC 2684)
	ouiApple = 0x0017f2 // wireless direct link
)

func (c *cursor) llc() step {
	if !c.need(3) {
		return stepDone
	}
	b := c.rest()
	n := 3
	if b[2]&3 != 3 {
		n = 4 // information and supervisory frames have two octets of control
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerLLC, n)
	information := b[2] == llcUI || b[2]&1 == 0
	switch {
	case b[0] == sapSNAP && b[1] == sapSNAP && information:
		return c.snap(2)
	case b[0] == sapIP && information:
		return stepIPv4
	case b[0] == sapOSI && b[1] == sapOSI && b[2] == llcUI:
		return c.nlpid()
	}
	return c.fail(ProblemUnknownProto)
}

// snap parses the header of IEEE 802's subnetwork access protocol. Bridged
// frames come behind so many octets of padding (RFC 2684, section 5.2).
func (c *cursor) snap(pad int) step {
	if !c.need(5) {
		return stepDone
	}
	b := c.rest()
	oui := be32(b) >> 8
	pid := be16(b[3:])
	c.take(LayerSNAP, 5)
	switch oui {
	case 0, oui8021H:
		c.arg = pid
		return stepEtherType
	case oui8021:
		switch pid {
		case 1: // Ethernet with FCS
			c.trim(4)
			fallthrough
		case 7: // Ethernet without FCS
			return c.padded(pad, stepEthernet)
		case 3: // Token Ring with FCS
			c.trim(4)
			fallthrough
		case 9:
			return c.padded(pad, stepTokenRing)
		case 4: // FDDI with FCS
			c.trim(4)
			fallthrough
		case 10:
			return c.padded(pad+1, stepFDDI)
		}
	case ouiApple:
		if pid == etherIPv4 { // 3, 4, sequence number, reserved, EtherType
			return c.tag(8, 6)
		}
	}
	return c.fail(ProblemUnknownProto)
}

// padded passes over so many octets.
func (c *cursor) padded(n int, next step) step {
	if !c.need(n) {
		return stepDone
	}
	c.off += n
	return next
}

// mpls parses a stack of labels (RFC 3032). What follows the last is not said
// by it: the first nibble tells (RFC 4928, section 3).
func (c *cursor) mpls() step {
	for {
		if !c.need(4) {
			return stepDone
		}
		bottom := c.rest()[2]&1 != 0
		c.take(LayerMPLS, 4)
		if bottom {
			break
		}
	}
	if !c.need(1) {
		return stepDone
	}
	b := c.rest()
	switch b[0] >> 4 {
	case 4:
		return stepIPv4
	case 6:
		return stepIPv6
	case 1:
		return c.channel()
	}
	if plausibleEthernet(b) {
		return stepEthernet
	}
	if len(b) > 4 && b[0]>>4 == 0 && plausibleEthernet(b[4:]) {
		c.take(LayerMPLSControl, 4)
		return stepEthernet
	}
	return c.fail(ProblemUnknownProto)
}

// channel parses the header of an associated channel (RFC 5586), whose type
// may be an IP version (RFC 4385).
func (c *cursor) channel() step {
	if !c.need(4) {
		return stepDone
	}
	kind := be16(c.rest()[2:])
	c.take(LayerMPLSControl, 4)
	switch kind {
	case pppIPv4:
		return stepIPv4
	case pppIPv6:
		return stepIPv6
	}
	return c.fail(ProblemUnknownProto)
}

// plausibleEthernet reports whether b looks like an Ethernet frame of a type
// that is followed. Nothing in MPLS says so (RFC 4448), hence the caution.
func plausibleEthernet(b []byte) bool {
	if len(b) < ethernetHeader {
		return false
	}
	return plausibleType(be16(b[12:]))
}

// plausibleType reports whether t is an EtherType that is likely in a tunnel.
func plausibleType(t uint16) bool {
	switch t {
	case etherIPv4, etherIPv6, etherARP, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2, etherMPLS, etherPPPoE, etherBridged, etherNSH:
		return true
	}
	return false
}
