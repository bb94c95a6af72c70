package dissect

import (
	"encoding/binary"

	"tcpsee/capture"
)

// Link types of instruments, routers and switches: what they put before, or
// into, a frame of another link type
// (https://www.tcpdump.org/linktypes.html). All are LayerOther.

func tapLinkStep(l capture.LinkType) step {
	switch l {
	case capture.LinkDOCSIS:
		return stepDOCSIS
	case capture.LinkPPPPPPD:
		return stepPPPPPPD
	case capture.LinkJuniperEther, capture.LinkJuniperPPPoE:
		return stepJuniperEther
	case capture.LinkJuniperMLPPP:
		return stepJuniperMLPPP
	case capture.LinkJuniperMLFR:
		return stepJuniperMLFR
	case capture.LinkJuniperGGSN:
		return stepJuniperGGSN
	case capture.LinkJuniperATM1:
		return stepJuniperATM1
	case capture.LinkJuniperATM2:
		return stepJuniperATM2
	case capture.LinkJuniperServices:
		return stepJuniperServices
	case capture.LinkJuniperVoice:
		return stepJuniperVoice
	case capture.LinkAX25:
		return stepAX25
	case capture.LinkAX25KISS:
		return stepKISS
	case capture.LinkTZSP:
		return stepTZSP
	case capture.LinkGFPT, capture.LinkGFPF:
		return stepGFP
	case capture.LinkEPON:
		return stepEPON
	case capture.LinkEBHSCR:
		return stepEBHSCR
	case capture.LinkJuniperPPP:
		return stepJuniperPPP
	case capture.LinkJuniperFrame:
		return stepJuniperFrame
	case capture.LinkJuniperCHDLC:
		return stepJuniperCHDLC
	case capture.LinkERF:
		return stepERF
	case capture.LinkCHDLCDir:
		return stepCHDLCDir
	case capture.LinkFrameRelayDir:
		return stepFrameRelayDir
	case capture.LinkNetAnalyzer:
		return stepNetAnalyzer
	case capture.LinkNetAnalyzerRaw:
		return stepNetAnalyzerRaw
	case capture.LinkPKTAP, capture.LinkUser2:
		return stepPKTAP
	case capture.LinkBroadcomTag, capture.LinkMarvellDSA:
		return stepTag4
	case capture.LinkMarvellEDSA:
		return stepTag8
	case capture.LinkBroadcomPrepend:
		return stepPrepended
	}
	return stepUnknownLink
}

// nextTap is next for these.
func (c *cursor) nextTap(s step) step {
	switch s {
	case stepDOCSIS:
		return c.docsis()
	case stepPPPPPPD: // direction, control
		return c.shim(2, stepPPPHeader)
	case stepJuniperEther:
		return c.juniper(stepEthernet)
	case stepJuniperPPP:
		return c.juniper(stepPPP)
	case stepJuniperFrame:
		return c.juniper(stepFrameRelay)
	case stepJuniperCHDLC:
		return c.juniper(stepCHDLC)
	case stepJuniperMLPPP, stepJuniperMLFR, stepJuniperGGSN, stepJuniperATM1, stepJuniperATM2, stepJuniperServices, stepJuniperVoice:
		return c.juniperCookie(s)
	case stepAX25:
		return c.ax25()
	case stepKISS:
		return c.kiss()
	case stepTZSP:
		if s := c.tzsp(); s != stepDone {
			return s
		}
		return c.fail(ProblemUnknownProto)
	case stepGFP:
		return c.gfp()
	case stepEPON: // in the place of a preamble: the logical link's identifier and a checksum
		return c.shim(8, stepEthernet)
	case stepEBHSCR:
		return c.elektrobit()
	case stepERF:
		return c.erf()
	case stepCHDLCDir:
		return c.shim(1, stepCHDLC)
	case stepFrameRelayDir:
		return c.shim(1, stepFrameRelay)
	case stepNetAnalyzer:
		c.trim(4)
		return c.shim(4, stepEthernet)
	case stepNetAnalyzerRaw: // and preamble
		c.trim(4)
		return c.shim(12, stepEthernet)
	case stepPKTAP:
		return c.pktap()
	case stepTag4:
		return c.tag(18, 16)
	case stepTag8:
		return c.tag(22, 20)
	case stepPrepended:
		return c.shim(4, stepEthernet)
	}
	return c.fail(ProblemLinkType)
}

// pktap parses what Apple's systems put before each packet of a capture on
// several interfaces: length, type of record, link type of what follows, then
// interface and process.
func (c *cursor) pktap() step {
	if c.p.Frame.Link == capture.LinkUser2 && c.left() < pktapLeast {
		return c.fail(ProblemLinkType)
	}
	if !c.need(pktapLeast) {
		return stepDone
	}
	n, link := pktapHeader(c.rest())
	switch {
	case link == capture.LinkPKTAP && c.p.Frame.Link == capture.LinkUser2:
		return c.fail(ProblemLinkType)
	case link == capture.LinkPKTAP:
		return c.fail(ProblemMalformed)
	}
	return c.shim(n, linkStep(link))
}

const (
	pktapLeast = 12 // octets of a header that are looked at
	pktapMost  = 1 << 16
)

// pktapHeader returns the length of the header at b and what it says follows;
// LinkPKTAP where it makes no sense.
func pktapHeader(b []byte) (n int, link capture.LinkType) {
	const packet = 1
	size := binary.LittleEndian.Uint32(b)
	if size < pktapLeast || size > pktapMost || binary.LittleEndian.Uint32(b[4:]) != packet {
		return 0, capture.LinkPKTAP
	}
	return int(size), capture.LinkType(binary.LittleEndian.Uint32(b[8:]))
}

// Tapped returns the frame in a frame of LinkPKTAP or LinkUser2, whose
// interfaces may be of several link types: what a filter is about. Others, and
// what is damaged, it returns as they are. The data are f's.
func Tapped(f *capture.Frame) capture.Frame {
	if f.Link != capture.LinkPKTAP && f.Link != capture.LinkUser2 || len(f.Data) < pktapLeast {
		return *f
	}
	n, link := pktapHeader(f.Data)
	if link == capture.LinkPKTAP || n > len(f.Data) {
		return *f
	}
	in := *f
	in.Data, in.OrigLen, in.Link = f.Data[n:], max(f.OrigLen-n, 0), link
	return in
}

// erf parses the headers of a record of Endace's cards.
func (c *cursor) erf() step {
	r, need := capture.SplitERF(c.rest())
	if !c.need(need) {
		return stepDone
	}
	if r.Link == capture.LinkERF {
		return c.fail(ProblemUnknownProto)
	}
	c.limit(r.Header + r.Wire)
	s := c.shim(r.Header, linkStep(r.Link))
	c.trim(r.FCS)
	return s
}

// docsis parses the header of a cable modem's frame that holds an Ethernet
// frame: frame control, parameter, length, extended header, check sequence.
func (c *cursor) docsis() step {
	const kind, extended, header, fcs = 0xc0, 0x01, 6, 4
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	if b[0]&kind != 0 { // ATM, or management
		return c.fail(ProblemUnknownProto)
	}
	n, length := header, int(be16(b[2:]))
	if b[0]&extended != 0 {
		n += int(b[1])
		length -= int(b[1])
	}
	if !c.need(n) {
		return stepDone
	}
	c.limit(n + length)
	s := c.shim(n, stepEthernet)
	c.trim(fcs)
	return s
}

// kiss parses what a modem of amateur radio has before a frame (KISS): port and
// command, of which 0 is data.
func (c *cursor) kiss() step {
	if b := c.rest(); len(b) > 0 && b[0]&0xf != 0 {
		return c.fail(ProblemUnknownProto)
	}
	return c.shim(1, stepAX25)
}

// elektrobit parses the header of Elektrobit's recorder, whose first octet is
// what was recorded.
func (c *cursor) elektrobit() step {
	const header, ethernet = 32, 0x50
	if b := c.rest(); len(b) > 0 && b[0] != ethernet {
		return c.fail(ProblemUnknownProto)
	}
	return c.shim(header, stepEthernet)
}

// gfp parses the headers of the generic framing procedure (ITU-T G.7041, section
// 6.1): length, checksum, type, checksum, then an extension header. The first
// two may be scrambled, as they are on the wire.
func (c *cursor) gfp() step {
	const (
		core, header  = 4, 8
		scrambled     = 0xb6ab // as much of the mask as the length has
		kind, hasFCS  = 0xe000, 0x1000
		extension     = 0x0f00
		null, linear  = 0x0000, 0x0100
		linearHeader  = 4
		ethernet, ppp = 1, 2
		mpls          = 13
		ip4, ip6      = 16, 17
	)
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	length, what, n := int(be16(b)), be16(b[4:]), header
	if other := length ^ scrambled; core+length != c.left() && core+other <= c.left() {
		length = other
	}
	switch what & extension {
	case null:
	case linear:
		n += linearHeader
	default:
		return c.fail(ProblemUnknownProto)
	}
	next := stepDone
	switch what & 0xff {
	case ethernet:
		next = stepEthernet
	case ppp:
		next = stepPPP
	case mpls:
		next = stepMPLS
	case ip4:
		next = stepIPv4
	case ip6:
		next = stepIPv6
	}
	if what&kind != 0 || next == stepDone { // management, or what cannot be followed
		return c.fail(ProblemUnknownProto)
	}
	if !c.need(n) {
		return stepDone
	}
	c.limit(core + length)
	if what&hasFCS != 0 {
		c.trim(4)
	}
	return c.shim(n, next)
}
