package dissect

import (
	"bytes"
	"encoding/binary"
)

// Frame control of IEEE 802.11-2020, section 9.2.4.1.
const (
	wlanToDS          = 0x01
	wlanFromDS        = 0x02
	wlanMoreFragments = 0x04
	wlanProtected     = 0x40
	wlanOrder         = 0x80 // in QoS data: HT control follows

	wlanData   = 2    // type
	wlanQoS    = 0x08 // bit of a data frame's subtype
	wlanNoData = 0x04 // bit of a data frame's subtype
	qosAMSDU   = 0x80 // of the QoS control field's first octet
	qosMesh    = 0x01 // of its second
)

// wlan parses an IEEE 802.11 header. Only data frames that are not encrypted
// are followed; of an A-MSDU, the first subframe.
func (c *cursor) wlan() step { return c.wlanFrame(false, false) }

// wlanFrame parses the header padded to a multiple of 4, or with the octets of
// its frame control swapped, where the encapsulation says so.
func (c *cursor) wlanFrame(padded, swapped bool) step {
	if !c.need(2) {
		return stepDone
	}
	b := c.rest()
	control, flags := b[0], b[1]
	if swapped {
		control, flags = flags, control
	}
	if control&3 != 0 { // version
		return c.fail(ProblemUnknownProto)
	}
	kind, subtype := control>>2&3, control>>4
	n := 24
	if kind != wlanData {
		if n = 10; !c.need(n) {
			return stepDone
		}
		c.take(Layer80211, n)
		return c.fail(ProblemUnknownProto)
	}
	if flags&wlanToDS != 0 && flags&wlanFromDS != 0 {
		n += 6 // fourth address
	}
	qos := n
	if subtype&wlanQoS != 0 {
		if n += 2; flags&wlanOrder != 0 {
			n += 4
		}
	}
	length := n
	if padded {
		length = (n + 3) &^ 3
	}
	if !c.need(length) {
		return stepDone
	}
	c.take(Layer80211, length)
	if subtype&wlanNoData != 0 || flags&wlanProtected != 0 {
		return c.fail(ProblemUnknownProto)
	}
	more := flags&wlanMoreFragments != 0
	if number := b[22] & 0xf; more || number != 0 && !bytes.HasPrefix(c.rest(), wlanWhole) {
		return c.wlanPiece(b, more)
	}
	if subtype&wlanQoS != 0 {
		if flags&wlanToDS != 0 && flags&wlanFromDS != 0 && b[qos+1]&qosMesh != 0 {
			if !c.mesh() {
				return stepDone
			}
		}
		if b[qos]&qosAMSDU != 0 {
			return c.subframe()
		}
	}
	return stepLLC
}

// wlanWhole is how data begin that are not the rest of anything: LLC with SNAP.
// Some senders number frames that were never cut.
var wlanWhole = []byte{sapSNAP, sapSNAP, llcUI}

// mesh passes over a mesh control field (section 9.2.4.7.3): flags, time to
// live, sequence number and up to two addresses.
func (c *cursor) mesh() bool {
	if !c.need(1) {
		return false
	}
	n := 6 + 6*int(c.rest()[0]&3)
	if !c.need(n) {
		return false
	}
	c.take(LayerOther, n)
	return true
}

// subframe parses the header of an A-MSDU's first subframe: two addresses and
// the length of what follows (section 9.3.2.2.2).
func (c *cursor) subframe() step {
	if !c.need(ethernetHeader) {
		return stepDone
	}
	b := c.rest()
	length := int(be16(b[12:]))
	next := (ethernetHeader + length + 3) &^ 3 // where the second one begins
	if c.left() >= next+ethernetHeader && (len(b) < next+ethernetHeader || be16(b[next+12:]) != 0) {
		c.fail(ProblemAggregate) // which keeps nobody from reading this one
	}
	c.take(LayerEthernet, ethernetHeader)
	c.limit(length)
	return stepLLC
}

// Bits of radiotap's flags field and present word (https://www.radiotap.org).
const (
	radiotapTSFT  = 1 << 0
	radiotapFlags = 1 << 1
	radiotapMore  = 1 << 31

	radiotapFCS     = 0x10 // the frame has its FCS at the end
	radiotapDataPad = 0x20 // the 802.11 header is padded to a multiple of 4
	radiotapBadFCS  = 0x40
)

func (c *cursor) radiotap() step {
	if !c.need(8) {
		return stepDone
	}
	b := c.rest()
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		return c.fail(ProblemMalformed)
	}
	if !c.need(n) {
		return stepDone
	}
	flags := radiotapFlagsOf(b[:n])
	c.take(LayerRadiotap, n)
	if flags&radiotapFCS != 0 {
		c.trim(4)
	}
	return c.wlanFrame(flags&radiotapDataPad != 0, false)
}

// radiotapFlagsOf returns the flags field of a radiotap header, 0 where it has
// none.
func radiotapFlagsOf(b []byte) byte {
	present := binary.LittleEndian.Uint32(b[4:])
	if present&radiotapFlags == 0 {
		return 0
	}
	at := 8
	for word := present; word&radiotapMore != 0; at += 4 {
		if at+4 > len(b) {
			return 0
		}
		word = binary.LittleEndian.Uint32(b[at:])
	}
	if present&radiotapTSFT != 0 {
		at = (at+7)&^7 + 8
	}
	if at >= len(b) {
		return 0
	}
	return b[at]
}

// prism parses the header of 144 bytes that the Prism driver put before
// 802.11; some files of that link type have an AVS header instead.
func (c *cursor) prism() step {
	const avsMagic = 0x8021100
	if !c.need(8) {
		return stepDone
	}
	b := c.rest()
	if be32(b)>>4 == avsMagic {
		return stepAVS
	}
	n := int(min(binary.LittleEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[4:])))
	if n < 8 {
		return c.fail(ProblemMalformed)
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerPrism, n)
	return step80211
}

// avs parses the header of the AVS monitor mode: version and length in network
// order, then fields that do not matter here.
func (c *cursor) avs() step {
	if !c.need(8) {
		return stepDone
	}
	n := int(be32(c.rest()[4:]))
	if n < 8 || n > 1<<16 {
		return c.fail(ProblemMalformed)
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerAVS, n)
	return step80211
}
