package dissect

import (
	"encoding/binary"

	"tcpsee/capture"
)

// Tunnels that few networks have.

// mobileIP parses what a mobile node behind a NAT and its agent send each other
// packets in (RFC 3519, section 4.2): type, next header, reserved.
func (c *cursor) mobileIP() step {
	const data, header = 4, 4
	b := c.rest()
	if len(b) <= header || b[0] != data {
		return stepDone
	}
	switch next := b[1]; {
	case next == protoIPv4 && b[header]>>4 == 4:
		return c.inside(LayerOther, header, stepIPv4)
	case next == protoIPv6 && b[header]>>4 == 6:
		return c.inside(LayerOther, header, stepIPv6)
	}
	return stepDone
}

// mirrored parses the header that Juniper's routers put before packets that they
// send somebody a copy of: identifiers of interception and session.
func (c *cursor) mirrored() step {
	const header = 8
	b := c.rest()
	switch {
	case len(b) < header+2:
	case b[header]>>4 == 4, b[header]>>4 == 6:
		return c.inside(LayerOther, header, stepIP)
	case be16(b[header:]) == hdlcAllStations<<8|0x03:
		return c.inside(LayerOther, header, stepPPP)
	}
	return stepDone
}

// lwapp parses the header of the protocol that CAPWAP replaced (RFC 5412,
// section 3.2): flags, fragment identifier, length, signal and noise. Nothing of
// a control message or of a fragment is followed.
func (c *cursor) lwapp() step {
	const header, version, control, fragment = 6, 0xc0, 0x04, 0x02
	b := c.rest()
	if len(b) < header+2 || b[0]&(version|control|fragment) != 0 {
		return stepDone
	}
	return c.inside(LayerOther, header, stepCarried80211)
}

// What frames begin with that a device listens to and sends on over UDP, to
// whichever port.
const (
	magicPeek  = 0x00ffabcd // access points, for Omnipeek
	magicRFtap = 0x52467461 // software radios (https://rftap.github.io)
)

// monitored parses the headers of frames that were listened to.
func (c *cursor) monitored() step {
	b := c.rest()
	if len(b) < 16 {
		return stepDone
	}
	switch be32(b) {
	case magicPeek:
		return c.peek()
	case magicRFtap:
		return c.rfTap()
	}
	return stepDone
}

// peek parses version, length and type of a header; a frame with its FCS
// follows.
func (c *cursor) peek() step {
	const least, wireless = 13, 6
	b := c.rest()
	n := be32(b[5:])
	if n < least || n > uint32(len(b)) || be32(b[9:]) != wireless {
		return stepDone
	}
	c.trim(4)
	return c.inside(LayerOther, min(int(n), c.end-c.off), step80211)
}

// rfTap parses the length of a header, in words, and flags, of which the lowest
// says that the link type of what follows is the first field.
func (c *cursor) rfTap() step {
	const hasLink, least = 0x0001, 12
	b := c.rest()
	n := int(binary.LittleEndian.Uint16(b[4:])) * 4
	if n < least || n > len(b) || binary.LittleEndian.Uint16(b[6:])&hasLink == 0 {
		return stepDone
	}
	next := linkStep(capture.LinkType(binary.LittleEndian.Uint32(b[8:])))
	if next == stepUnknownLink {
		return stepDone
	}
	return c.inside(LayerOther, n, next)
}

// sourceRouted parses the header of DSR (RFC 4728, section 6): next header,
// flags, and the length of the options behind it.
func (c *cursor) sourceRouted() step {
	const header = 4
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	n := header + int(be16(b[2:]))
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerOther, n)
	c.p.IP.Header += int32(n)
	c.arg = uint16(b[0])
	return stepProtocol
}

// Identifiers of what an AX.25 frame carries.
const (
	ax25IPv4 = 0xcc
	ax25ARP  = 0xcd
)

// ax25 parses a frame of amateur radio's link (AX.25 2.2, section 3): two to ten
// addresses, of which the last is marked, control, and an identifier where that
// says that information follows.
func (c *cursor) ax25() step {
	const address, fewest, most, unnumbered, pollFinal = 7, 2, 10, 0x03, 0x10
	b := c.rest()
	n := 0
	for n < most*address && (n == 0 || b[n-1]&1 == 0) {
		if n += address; !c.need(n) {
			return stepDone
		}
	}
	if n < fewest*address || b[n-1]&1 == 0 {
		return c.fail(ProblemMalformed)
	}
	if !c.need(n + 2) {
		return stepDone
	}
	control, id := b[n], b[n+1]
	c.take(LayerOther, n+2)
	if control&1 != 0 && control&^pollFinal != unnumbered {
		return c.fail(ProblemUnknownProto)
	}
	switch id {
	case ax25IPv4:
		return stepIPv4
	case ax25ARP:
		c.arg = etherARP
		return stepEtherType
	}
	return c.fail(ProblemUnknownProto)
}
