package filter

import "tcpsee/capture"

// Where SunATM's pseudo-header has its parts: flags with the kind of traffic
// in the lower half of an octet, VPI, VCI, then the frame of AAL5
// (https://www.tcpdump.org/linktypes/LINKTYPE_SUNATM.html).
const (
	sunATMFlags = 0
	sunATMVPI   = 1
	sunATMVCI   = 2
	sunATMLen   = 4

	sunATMTraffic = 0x0f
	trafficLANE   = 1
	trafficLLC    = 2
)

// Frames of LAN emulation begin with the number of their client, which is
// this one in control messages (ATM Forum, LANE 1.0, section 4.1.1).
const (
	laneHdrLen  = 2
	laneControl = 0xff00
)

// Types of Q.2931's messages, and where they stand in one.
const (
	q2931OffType = 5

	q2931Setup       = 0x05
	q2931Proceeding  = 0x02
	q2931Connect     = 0x07
	q2931ConnectAck  = 0x0f
	q2931Release     = 0x4d
	q2931ReleaseDone = 0x5a
)

// atmKind is a kind of traffic on ATM.
type atmKind uint8

const (
	atmLANE atmKind = iota
	atmMetac
	atmBCC
	atmSC
	atmILMIC
	atmOAMF4SC
	atmOAMF4EC
	atmOAM // oam and oamf4 are the same
	atmConnect
	atmMetaConnect
)

// atmChannels are the virtual channels of path 0 that are reserved for one
// kind of traffic (ATM Forum, UNI 3.1).
var atmChannels = map[atmKind]uint32{
	atmMetac: 1, atmBCC: 2, atmOAMF4SC: 3, atmOAMF4EC: 4, atmSC: 5, atmILMIC: 16,
}

// atm tests for a kind of traffic on ATM.
func (g *gen) atm(kind atmKind) *cond {
	if g.o.Link != capture.LinkSunATM {
		return g.lack("this exists on raw ATM only, in SunATM captures")
	}
	if vci, ok := atmChannels[kind]; ok {
		return g.atmChannel(vci)
	}
	switch kind {
	case atmOAM:
		return and(g.equal(g.linkHdr, sunATMVPI, sizeB, 0),
			or(g.equal(g.linkHdr, sunATMVCI, sizeH, atmChannels[atmOAMF4SC]),
				g.equal(g.linkHdr, sunATMVCI, sizeH, atmChannels[atmOAMF4EC])))
	case atmConnect:
		return and(g.atmChannel(atmChannels[atmSC]), g.q2931(q2931ReleaseDone, q2931Release,
			q2931ConnectAck, q2931Connect, q2931Setup, q2931Proceeding))
	case atmMetaConnect:
		return and(g.atmChannel(atmChannels[atmMetac]), g.q2931(q2931ReleaseDone,
			q2931Release, q2931Connect, q2931Setup, q2931Proceeding))
	}
	return g.laneTraffic()
}

func (g *gen) atmChannel(vci uint32) *cond {
	return and(g.equal(g.linkHdr, sunATMVPI, sizeB, 0), g.equal(g.linkHdr, sunATMVCI, sizeH, vci))
}

// q2931 tests for any of some types of messages.
func (g *gen) q2931(types ...uint32) *cond {
	var c *cond
	for _, t := range types {
		c = or(c, g.equal(g.linkHdr, sunATMLen+q2931OffType, sizeB, t))
	}
	return c
}

// atmTraffic tests for the kind of traffic that the flags say.
func (g *gen) atmTraffic(kind uint32) *cond {
	return g.masked(g.linkHdr, sunATMFlags, sizeB, kind, sunATMTraffic)
}

// laneTraffic tests for LAN emulation. What comes after it in the expression
// is about the Ethernet frame within; other than in libpcap, after geneve too.
func (g *gen) laneTraffic() *cond {
	c := g.atmTraffic(trafficLANE)
	outer := g.linkHdr
	ether := layoutOf(capture.LinkEthernet)
	ether.linkHdr.k += sunATMLen + laneHdrLen
	ether.typ.k += sunATMLen + laneHdrLen
	ether.payload.k += sunATMLen + laneHdrLen
	g.lane, g.laneHdr = g.link == capture.LinkSunATM, outer
	g.layout, g.geneve = ether, false
	return c
}

// laneData tests for a frame of LAN emulation that is no control message.
func (g *gen) laneData() *cond {
	return not(g.equal(g.laneHdr, sunATMLen, sizeH, laneControl))
}
