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
	return c.fail(ProblemUnknownProto)
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

// mPacket parses IEEE 802.3br preemptable packets as far as they are whole:
// preamble, SMD octet 0xd5 (express), then an Ethernet frame with its FCS.
func (c *cursor) mPacket() step {
	b := c.rest()
	for i := 0; i < len(b) && i < 8; i++ {
		if b[i] == 0xd5 {
			c.take(LayerRaw, i+1)
			return stepEthernet
		}
	}
	return c.fail(ProblemUnknownProto)
}

// Service access points of IEEE 802.2.
const (
	sapSNAP  = 0xaa
	sapIP    = 0x06
	llcUI    = 0x03 // unnumbered information
	ouiCisco = 0x00000c
	oui8021H = 0x0000f8 // IEEE 802.1H bridge tunnel encapsulation
	oui8021  = 0x0080c2 // bridged frames (RFC 2684)
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
	switch {
	case b[0]&^1 == sapSNAP && b[1]&^1 == sapSNAP && n == 3:
		return c.snap()
	case b[0] == sapIP && n == 3:
		return stepIPv4
	}
	return c.fail(ProblemUnknownProto)
}

func (c *cursor) snap() step {
	if !c.need(5) {
		return stepDone
	}
	b := c.rest()
	oui := be32(b) >> 8
	pid := be16(b[3:])
	c.take(LayerSNAP, 5)
	switch oui {
	case 0, oui8021H, ouiCisco:
		if oui == ouiCisco && pid != etherIPv4 && pid != etherIPv6 {
			break
		}
		c.arg = pid
		return stepEtherType
	case oui8021:
		if pid == 1 || pid == 7 { // bridged 802.3, with and without FCS
			return stepEthernet
		}
	}
	return c.fail(ProblemUnknownProto)
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
	switch b := c.rest(); b[0] >> 4 {
	case 4:
		return stepIPv4
	case 6:
		return stepIPv6
	case 0:
		if len(b) >= 4+ethernetHeader && !plausibleEthernet(b) {
			c.take(LayerMPLSControl, 4) // RFC 4385
			return stepEthernet
		}
		return stepEthernet
	case 1:
		return c.fail(ProblemUnknownProto) // associated channel (RFC 5586)
	}
	return stepEthernet
}

// plausibleEthernet reports whether b looks like an Ethernet frame rather than
// like the control word before one: a type or length that can be.
func plausibleEthernet(b []byte) bool {
	if len(b) < ethernetHeader {
		return false
	}
	switch t := be16(b[12:]); t {
	case etherIPv4, etherIPv6, etherARP, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2, etherMPLS, etherMPLSUp, etherPPPoE:
		return true
	default:
		return int(t) == len(b)-ethernetHeader && t <= maxLength
	}
}
