package dissect

import "encoding/binary"

// Headers in the form of the systems that write captures: what libpcap puts
// in the place of, or before, a link header
// (https://www.tcpdump.org/linktypes.html).

const (
	sllHeader  = 16
	sll2Header = 20
	nullHeader = 4
)

// Hardware types of Linux (ARPHRD_…) whose cooked packets begin with something
// else than an Ethernet's payload would.
const (
	arphrdGRE      = 778
	arphrdRadiotap = 803
	arphrdNetlink  = 824
)

func (c *cursor) sll() step {
	if !c.need(sllHeader) {
		return stepDone
	}
	b := c.rest()
	c.take(LayerSLL, sllHeader)
	return c.cooked(be16(b[2:]), be16(b[14:]))
}

func (c *cursor) sll2() step {
	if !c.need(sll2Header) {
		return stepDone
	}
	b := c.rest()
	c.take(LayerSLL2, sll2Header)
	return c.cooked(be16(b[8:]), be16(b))
}

// cooked interprets the protocol of Linux's cooked headers, which depends on
// the hardware type.
func (c *cursor) cooked(hardware, protocol uint16) step {
	switch hardware {
	case arphrdRadiotap:
		if b := c.rest(); len(b) > 8 && b[0] == 0 { // its version; an IP packet begins with its own
			return stepRadiotap
		}
	case arphrdNetlink:
		return c.fail(ProblemUnknownProto)
	}
	switch protocol {
	case 3: // ETH_P_ALL: a whole Ethernet frame
		return stepEthernet
	case 4: // ETH_P_802_2
		return stepLLC
	case 7: // ETH_P_WAN_PPP
		return stepPPP
	}
	if protocol < minEtherType {
		return c.fail(ProblemUnknownProto)
	}
	c.arg = protocol
	return stepEtherType
}

// null parses the header of BSD loopback: a protocol family as a number of
// four bytes, in the order of the host that wrote it, or (OpenBSD) in network
// order. Families are small, so the order shows.
func (c *cursor) null() step {
	if !c.need(nullHeader) {
		return stepDone
	}
	b := c.rest()
	family := binary.LittleEndian.Uint32(b)
	if family > 0xffff {
		family = be32(b)
	}
	if b[0] == 0xff && b[1] == 0x03 {
		return stepPPP // some systems call this loopback too
	}
	c.take(LayerNull, nullHeader)
	switch family {
	case 2:
		return stepIPv4
	case 10, 24, 28, 30: // Linux; NetBSD, OpenBSD; FreeBSD; macOS
		return stepIPv6
	}
	if family >= minEtherType && family <= 0xffff {
		c.arg = uint16(family)
		return stepEtherType
	}
	return c.fail(ProblemUnknownProto)
}

// raw is the link that has no header: IP, or PPP on systems that say raw there.
func (c *cursor) raw() step {
	if b := c.rest(); len(b) > 1 && b[0] == hdlcAllStations && b[1] == 0x03 {
		return stepPPP
	}
	c.take(LayerRaw, 0)
	return stepIP
}

// ip follows whichever version of IP the first nibble says.
func (c *cursor) ip() step {
	if !c.need(1) {
		return stepDone
	}
	switch c.rest()[0] >> 4 {
	case 4:
		return stepIPv4
	case 6:
		return stepIPv6
	}
	return c.fail(ProblemUnknownProto)
}

// slip parses the header that BSD puts before SLIP packets: direction, and 15
// bytes of compression state.
func (c *cursor) slip() step {
	if !c.need(16) {
		return stepDone
	}
	c.take(LayerSLIP, 16)
	return stepIP
}

func (c *cursor) fddi() step {
	const header = 13 // frame control and two addresses
	if !c.need(header) {
		return stepDone
	}
	control := c.rest()[0]
	c.take(LayerFDDI, header)
	if control&0xf0 != 0x50 { // asynchronous LLC, any priority
		return c.fail(ProblemUnknownProto)
	}
	return stepLLC
}

// tokenRing parses access control, frame control, addresses and, where the
// source's first bit says so, routing information (IEEE 802.5).
func (c *cursor) tokenRing() step {
	n := 14
	if !c.need(n) {
		return stepDone
	}
	b := c.rest()
	if b[8]&0x80 != 0 {
		if !c.need(n + 2) {
			return stepDone
		}
		n += max(2, int(b[14]&0x1f))
		if !c.need(n) {
			return stepDone
		}
	}
	c.take(LayerTokenRing, n)
	if b[1]&0xc0 != 0x40 {
		return c.fail(ProblemUnknownProto)
	}
	return stepLLC
}
