package dissect

// EtherTypes of tags and tunnels that stand between Ethernet and IP in
// captures of switches.
const (
	etherTRILL      = 0x22f3 // RFC 6325
	etherBATMAN     = 0x4305 // batman-adv
	etherCentrino   = 0x2452 // 802.11 as some of Intel's cards give it
	etherTelkonet   = 0x88a1 // Ethernet over power lines
	etherLabManager = 0x88de // VMware
	etherLWAPP      = 0x88bb // RFC 5412
	etherLWAPPOld   = 0xbbbb
	etherMACsec     = 0x88e5 // IEEE 802.1AE
	etherPBB        = 0x88e7 // IEEE 802.1ah
	etherFabricPath = 0x8903 // Cisco
	etherCMD        = 0x8909 // Cisco MetaData
	etherVNTag      = 0x8926
	etherHSR        = 0x892f // IEC 62439-3
	etherETag       = 0x893f // IEEE 802.1BR
	etherNSH        = 0x894f // RFC 8300
	etherRTag       = 0xf1c1 // IEEE 802.1CB
)

func (c *cursor) rareEtherType() step {
	switch c.arg {
	case etherVNTag, etherHSR, etherRTag:
		return c.tag(6, 4)
	case etherETag, etherCMD:
		return c.tag(8, 6)
	case etherPBB:
		return c.shim(4, stepEthernet)
	case etherNSH:
		return c.nsh()
	case etherTRILL:
		return c.trill()
	case etherBATMAN:
		return c.batman()
	case etherCentrino:
		return step80211
	case etherLabManager: // flags, group, two addresses besides those of the frame
		return c.tag(24, 22)
	case etherTelkonet:
		return c.telkonet()
	case etherLWAPP, etherLWAPPOld:
		if s := c.lwapp(); s != stepDone {
			return s
		}
	case etherMACsec:
		return c.macsec()
	case etherFabricPath:
		return c.fabricPath()
	}
	return c.fail(ProblemUnknownProto)
}

// tag takes a header of n bytes with an EtherType at the given place.
func (c *cursor) tag(n, at int) step {
	if !c.need(n) {
		return stepDone
	}
	c.arg = be16(c.rest()[at:])
	c.take(LayerOther, n)
	return stepEtherType
}

// shim takes a header of n bytes of which nothing matters.
func (c *cursor) shim(n int, next step) step {
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerOther, n)
	return next
}

// nsh parses the network service header (RFC 8300, section 2).
func (c *cursor) nsh() step {
	if !c.need(8) {
		return stepDone
	}
	b := c.rest()
	n := int(b[1]&0x3f) * 4
	if n < 8 {
		return c.fail(ProblemMalformed)
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerNSH, n)
	return c.nextProtocol(b[3])
}

// nextProtocol follows the numbers that NSH and VXLAN-GPE share.
func (c *cursor) nextProtocol(n byte) step {
	switch n {
	case 1:
		return stepIPv4
	case 2:
		return stepIPv6
	case 3:
		return stepEthernet
	case 4:
		c.arg = etherNSH
		return stepEtherType
	case 5:
		return stepMPLS
	}
	return c.fail(ProblemUnknownProto)
}

// trill parses version, options' length, hop count and two nicknames (RFC
// 6325, section 3).
func (c *cursor) trill() step {
	if !c.need(6) {
		return stepDone
	}
	options := int(be16(c.rest())>>6&0x1f) * 4
	return c.shim(6+options, stepEthernet)
}

// batman parses the headers of batman-adv that carry a frame, of the versions 6
// to 15 of its format.
func (c *cursor) batman() step {
	if !c.need(2) {
		return stepDone
	}
	if b := c.rest(); b[0] == batmanFragment && b[1] == 15 {
		return c.batmanPiece()
	}
	if n := batmanHeader(c.rest()[0], c.rest()[1]); n > 0 {
		if !c.need(n) {
			return stepDone
		}
		c.take(LayerBATMAN, n)
		return stepEthernet
	}
	return c.fail(ProblemUnknownProto)
}

// batmanFragment is the kind of a packet of version 15 that is a fragment of
// another.
const batmanFragment = 0x41

// batmanPiece parses the header of a fragment: kind, version, time to live,
// number, receiver and sender, sequence number, and length of the whole.
func (c *cursor) batmanPiece() step {
	const header = 20
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	c.take(LayerBATMAN, header)
	return c.piece(Piece{
		BATMAN: true, Number: b[3] >> 4, To: [6]byte(b[4:10]), From: [6]byte(b[10:16]),
		Sequence: uint32(be16(b[16:])), Total: int(be16(b[18:])),
	})
}

// batmanHeader returns the length of the header before a frame, 0 where a kind
// of packet has none.
func batmanHeader(kind, version byte) int {
	switch {
	case version == 15 && kind == 0x40: // unicast
		return 10
	case version == 15 && kind == 0x42: // unicast with four addresses
		return 18
	case version == 15 && kind == 0x01, version == 14 && kind == 0x04: // broadcast
		return 14
	case version == 14 && kind == 0x03: // unicast
		return 10
	case version >= 6 && version < 14 && kind == 0x03:
		return 9
	case version >= 10 && version < 14 && kind == 0x04: // broadcast, with a sequence number
		return 13
	case version >= 6 && version < 10 && kind == 0x04: // with a short one
		return 10
	}
	return 0
}

// telkonet parses the header of a frame over power lines: type and what does not
// matter here.
func (c *cursor) telkonet() step {
	const header, tunnel = 8, 0x78
	if b := c.rest(); len(b) > 0 && b[0] != tunnel {
		return c.fail(ProblemUnknownProto)
	}
	return c.shim(header, stepEthernet)
}

// macsec parses the security tag of IEEE 802.1AE. Only what it protects but
// does not encrypt can be followed.
func (c *cursor) macsec() step {
	const encrypted, changed, hasSCI = 0x08, 0x04, 0x20
	if !c.need(6) {
		return stepDone
	}
	flags := c.rest()[0]
	n := 8
	if flags&hasSCI != 0 {
		n = 16
	}
	if flags&(encrypted|changed) != 0 {
		c.take(LayerMACsec, 6)
		return c.fail(ProblemUnknownProto)
	}
	if !c.need(n) {
		return stepDone
	}
	c.arg = be16(c.rest()[n-2:])
	c.take(LayerMACsec, n)
	return stepEtherType
}

// fabricPath parses the tag behind Cisco FabricPath's outer addresses: an
// Ethernet frame with its FCS follows.
func (c *cursor) fabricPath() step {
	c.trim(4)
	return c.shim(2, stepEthernet)
}

// islHeader is the length of Cisco's inter-switch link header.
const islHeader = 26

// isISL reports whether b begins with one of the two addresses of ISL.
func isISL(b []byte) bool {
	return (b[0] == 0x01 || b[0] == 0x03) && b[1] == 0 && b[2] == 0x0c && b[3] == 0 && b[4] == 0
}

// isl parses Cisco's inter-switch link header. An Ethernet frame follows,
// type 0 in the fifth octet's low nibble.
func (c *cursor) isl() step {
	return c.shim(islHeader, stepEthernet)
}
