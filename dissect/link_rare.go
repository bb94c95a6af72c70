package dissect

import (
	"encoding/binary"

	"tcpsee/capture"
)

// Link types that few systems write, with short headers in forms of their own
// (https://www.tcpdump.org/linktypes.html). All are LayerOther.

func rareLinkStep(l capture.LinkType) step {
	switch l {
	case capture.LinkATMRFC1483, capture.LinkATMLLC:
		return stepLLC
	case capture.LinkATMCLIP, capture.LinkLinuxCLIP:
		return stepRaw
	case capture.LinkENC:
		return stepENC
	case capture.LinkPFLog:
		return stepPFLog
	case capture.LinkPPI:
		return stepPPI
	case capture.LinkIPNET:
		return stepIPNET
	case capture.LinkNFLog:
		return stepNFLog
	case capture.LinkSunATM:
		return stepSunATM
	case capture.LinkSymantec:
		return stepSymantec
	case capture.LinkAppleIPOver1394:
		return step1394
	case capture.LinkIPoIB:
		return stepIPoIB
	case capture.LinkARCNET:
		return stepARCNET
	case capture.LinkARCNETLinux:
		return stepARCNETLinux
	case capture.LinkIPFC:
		return stepIPFC
	}
	return tapLinkStep(l)
}

// nextRare is next for these.
func (c *cursor) nextRare(s step) step {
	switch s {
	case stepENC: // address family, SPI, flags
		return c.shim(12, stepIP)
	case stepPFLog:
		return c.pfLog()
	case stepPPI:
		return c.ppi()
	case stepIPNET: // version, family, hook, lengths, zones
		return c.shim(24, stepIP)
	case stepNFLog:
		return c.nfLog()
	case stepSunATM:
		return c.sunATM()
	case stepSymantec:
		return c.symantec()
	case step1394: // two addresses of 8 octets, EtherType
		return c.tag(18, 16)
	case stepIPoIB: // 40 octets of addresses, EtherType, reserved
		return c.tag(44, 40)
	case stepARCNET: // source, destination
		return c.arcnet(2)
	case stepARCNETLinux: // source, destination, offset of 2 octets
		return c.arcnet(4)
	case stepIPFC: // two addresses of 8 octets
		return c.shim(16, stepLLC)
	}
	return c.nextTap(s)
}

// pfLog parses the header of OpenBSD's packet filter, whose first octet is its
// length without padding to 4.
func (c *cursor) pfLog() step {
	if !c.need(1) {
		return stepDone
	}
	n := (int(c.rest()[0]) + 3) &^ 3
	if n < 4 {
		return c.fail(ProblemMalformed)
	}
	return c.shim(n, stepIP)
}

// Kinds of traffic in the flags of SunATM's pseudo-header, and what a control
// message of LAN emulation has in place of its client's number.
const (
	sunATMLANE       = 1
	sunATMLLC        = 2
	sunATMManagement = 5 // ILMI
	sunATMSignalling = 6 // Q.2931 over SSCOP

	laneControl = 0xff00
)

// sunATM parses flags, VPI and VCI.
func (c *cursor) sunATM() step {
	if !c.need(4) {
		return stepDone
	}
	kind := c.rest()[0] & 0xf
	c.take(LayerOther, 4)
	switch kind {
	case sunATMLANE:
		return c.lane()
	case sunATMLLC:
		return stepLLC
	case sunATMManagement, sunATMSignalling:
		return c.fail(ProblemUnknownProto)
	}
	return c.virtualChannel()
}

// lane parses the header of LAN emulation (ATM Forum, LANE 1.0, section 4.1).
// It is taken for that of Ethernet, since it does not say of which LAN it is.
func (c *cursor) lane() step {
	if !c.need(2) {
		return stepDone
	}
	control := be16(c.rest()) == laneControl
	c.take(LayerOther, 2)
	if control {
		return c.fail(ProblemUnknownProto)
	}
	return stepEthernet
}

// virtualChannel looks for what a virtual channel carries where nothing says
// it (RFC 2684, section 6): by what LLC, PPP, bridged Ethernet and Frame Relay
// begin with; and the rest is IP.
func (c *cursor) virtualChannel() step {
	b := c.rest()
	switch {
	case len(b) < 5:
	case b[0] == sapSNAP && b[1] == sapSNAP && b[2] == llcUI:
		return stepLLC
	case b[0] == 0 && b[1] == 0x21: // PPP's number of IPv4
		return stepPPPHeader
	case b[0] == 0 && b[1] == 0:
		return c.shim(2, stepEthernet)
	case b[2] == llcUI && (b[3] == nlpidIPv4 || b[3] == nlpidIPv6 || b[3] == 0 && b[4] == nlpidSNAP):
		return stepFrameRelay
	}
	return stepIP
}

// ppi parses the header of per-packet information: version, flags, length,
// and the link type of what follows, in little-endian order.
func (c *cursor) ppi() step {
	if !c.need(8) {
		return stepDone
	}
	b := c.rest()
	n := int(binary.LittleEndian.Uint16(b[2:]))
	next := linkStep(capture.LinkType(binary.LittleEndian.Uint32(b[4:])))
	if n < 8 {
		return c.fail(ProblemMalformed)
	}
	return c.shim(n, next)
}

// nfLog parses what Linux's netfilter logs: family, version, resource, then
// attributes of which one is the packet.
func (c *cursor) nfLog() step {
	const payload = 9
	b := c.rest()
	for at := 4; at+4 <= len(b); {
		n := int(binary.LittleEndian.Uint16(b[at:]))
		kind := binary.LittleEndian.Uint16(b[at+2:])
		if n < 4 {
			return c.fail(ProblemMalformed)
		}
		if kind&0x7fff == payload {
			c.take(LayerOther, at+4)
			c.limit(n - 4)
			return stepIP
		}
		at += (n + 3) &^ 3
	}
	return c.fail(ProblemUnknownProto)
}

// symantec parses the header of Symantec's firewall, of which versions 2 and 3
// differ in where the EtherType stands.
func (c *cursor) symantec() step {
	if !c.need(8) {
		return stepDone
	}
	if be16(c.rest()[6:]) != 0 {
		return c.tag(44, 6)
	}
	return c.tag(56, 20)
}

// ARCNET's protocol numbers of IP: that of RFC 1201, whose header goes on
// behind it with a split flag and a sequence number, and the older one of
// RFC 1051, whose header ends there.
const (
	arcnetIP       = 0xd4
	arcnetARP      = 0xd5
	arcnetIPv6     = 0xc4
	arcnetOldIP    = 0xf0
	arcnetOldARP   = 0xf1
	arcnetFiller   = 0xff // split flag of a frame that was made longer
	arcnetSequence = 3    // octets of split flag and sequence number
)

// arcnet parses the header of an ARCNET frame, whose protocol stands at an
// offset. A packet that was split over several frames is parsed as far as its
// first one goes (RFC 1201, section 4).
func (c *cursor) arcnet(at int) step {
	if !c.need(at + 1) {
		return stepDone
	}
	b := c.rest()
	n := at + 1
	switch b[at] {
	case arcnetOldIP:
		return c.shim(n, stepIP)
	case arcnetOldARP:
		c.arg = etherARP
		return c.shim(n, stepEtherType)
	}
	if !c.need(n + arcnetSequence) {
		return stepDone
	}
	split := b[n]
	if split == arcnetFiller && c.need(n+4+arcnetSequence) {
		n += 4
		split = b[n]
	}
	n += arcnetSequence
	if split > 1 && split%2 == 0 {
		return c.fail(ProblemUnknownProto) // goes on with what an earlier frame began
	}
	switch b[at] {
	case arcnetIP, arcnetIPv6:
		return c.shim(n, stepIP)
	case arcnetARP:
		c.arg = etherARP
		return c.shim(n, stepEtherType)
	}
	return c.fail(ProblemUnknownProto)
}
