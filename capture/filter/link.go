package filter

import "tcpsee/capture"

// Link types that captures hardly ever have, and whose layout is known all
// the same (https://www.tcpdump.org/linktypes.html).
const (
	linkATM1483     capture.LinkType = 100
	linkATMCLIP     capture.LinkType = 106
	linkENC         capture.LinkType = 109
	linkLTalk       capture.LinkType = 114
	linkPFLog       capture.LinkType = 117
	linkAppleIP1394 capture.LinkType = 138
	linkSymantec    capture.LinkType = 99
	linkSLIPBSDOS   capture.LinkType = 102
	linkPPPBSDOS    capture.LinkType = 103
	linkPPI         capture.LinkType = 192
)

// family is how a link type says which protocol follows.
type family uint8

const (
	famUnknown  family = iota
	famEther           // EtherType or length, 802.3
	famLLC             // LLC always: FDDI, token ring, ATM, Fibre Channel
	famWLAN            // 802.11: LLC in data frames
	famCooked          // Linux cooked v1
	famType            // EtherType and nothing else
	famCHDLC           // EtherType, and LLC for OSI
	famARCNET          // a protocol number of one octet (RFC 1201, RFC 1051)
	famPPP             // PPP protocol number
	famPPPBSDOS        // the same, and IP compressed too
	famLoopHost        // address family in the capturing host's byte order
	famLoopNet         // address family in network byte order
	famPFLog           // address family in one byte
	famIPNET           // address family of Solaris in one byte
	famJuniper         // Juniper's magic, whatever follows
	famRaw             // the version of the IP header
	famIPv4            // always IPv4
	famIPv6            // always IPv6
	famFrame           // Frame Relay with NLPID
	famLTalk           // always AppleTalk
	famATM             // SunATM: LLC where its flags say so
	famMSTP            // BACnet MS/TP's preamble, whatever follows
	famLive            // the kernel says (SKF_AD_PROTOCOL)
)

// place is an offset into the packet: a constant, and the value of a register
// of scratch memory where it varies.
type place struct {
	k   uint32
	reg int // -1: constant
}

func at(k uint32) place { return place{k, -1} }

// varies reports whether the place is not known before the packet is.
func (p place) varies() bool { return p.reg >= 0 }

// layout is where the headers of a packet are.
type layout struct {
	link    capture.LinkType
	family  family
	linkHdr place  // begin of the link-layer header
	typ     place  // of the field that says what follows
	hasType bool   // there is such a field
	payload place  // what follows the link-layer header, LLC included
	nl      uint32 // network header, from payload
	noSnap  uint32 // the same where LLC has no SNAP header
}

// layoutOf returns the layout for a link type before vlan, mpls and the like
// have shifted it. Registers are allocated by newGen.
func layoutOf(l capture.LinkType) layout {
	fixed := func(f family, typ, payload uint32) layout {
		return layout{link: l, family: f, linkHdr: at(0), typ: at(typ), hasType: true,
			payload: at(payload)}
	}
	llc := func(f family, typ, payload uint32) layout {
		y := fixed(f, typ, payload)
		y.nl, y.noSnap = 8, 3
		return y
	}
	ether := func(hdr uint32) layout {
		y := fixed(famEther, hdr+12, hdr+14)
		y.linkHdr, y.noSnap = at(hdr), 3
		return y
	}
	tagged := func(n uint32) layout { // by a switch, before the EtherType
		y := ether(0)
		y.typ, y.payload = at(12+n), at(14+n)
		return y
	}
	bare := func(f family, payload uint32) layout {
		y := fixed(f, 0, payload)
		y.hasType = false
		return y
	}
	if y, ok := juniper[l]; ok {
		y.link, y.family, y.linkHdr, y.hasType = l, famJuniper, at(0), true
		return y
	}
	switch l {
	case capture.LinkEthernet:
		return ether(0)
	case capture.LinkNetAnalyzer, capture.LinkBroadcomPrepend:
		return ether(4)
	case capture.LinkNetAnalyzerRaw:
		return ether(12)
	case capture.LinkBroadcomTag, capture.LinkMarvellDSA:
		return tagged(4)
	case capture.LinkMarvellEDSA:
		return tagged(8)
	case capture.LinkNull, linkENC:
		y := fixed(famLoopHost, 0, 4)
		if l == linkENC {
			y.payload = at(12)
		}
		return y
	case capture.LinkLoop:
		return fixed(famLoopNet, 0, 4)
	case capture.LinkPPP, capture.LinkPPPSerial, capture.LinkPPPPPPD:
		return fixed(famPPP, 2, 4)
	case capture.LinkPPPEther:
		return fixed(famPPP, 6, 8)
	case capture.LinkCHDLC:
		return fixed(famCHDLC, 2, 4)
	case capture.LinkARCNET:
		return fixed(famARCNET, 2, 6)
	case capture.LinkARCNETLinux:
		return fixed(famARCNET, 4, 8)
	case capture.LinkSLL:
		return fixed(famCooked, 14, 16)
	case capture.LinkSLL2:
		return fixed(famType, 0, 20)
	case linkAppleIP1394:
		return fixed(famType, 16, 18)
	case linkSymantec:
		return fixed(famType, 6, 44)
	case capture.LinkFDDI:
		return llc(famLLC, 13, 13)
	case capture.LinkTokenRing:
		return llc(famLLC, 14, 14)
	case linkATM1483, linkATMCLIP, capture.LinkATMRFC1483, capture.LinkATMCLIP:
		return llc(famLLC, 0, 0)
	case capture.LinkSunATM:
		return llc(famATM, sunATMLen, sunATMLen)
	case capture.LinkIPFC:
		return llc(famLLC, 16, 16)
	case capture.Link80211, capture.LinkRadiotap, capture.LinkPrism, capture.LinkAVS, linkPPI:
		return llc(famWLAN, 24, 0)
	case linkPFLog:
		return fixed(famPFLog, 1, 0)
	case capture.LinkIPNET:
		return fixed(famIPNET, 1, 24)
	case capture.LinkMSTP:
		y := bare(famMSTP, unplaced)
		y.nl, y.noSnap = unplaced, unplaced
		return y
	case linkPPPBSDOS:
		return fixed(famPPPBSDOS, 5, 24)
	case linkSLIPBSDOS:
		return bare(famRaw, 24)
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpenBSD:
		return bare(famRaw, 0)
	case capture.LinkSLIP:
		return bare(famRaw, 16)
	case capture.LinkIPv4:
		return bare(famIPv4, 0)
	case capture.LinkIPv6:
		return bare(famIPv6, 0)
	case capture.LinkFrameRelay:
		return bare(famFrame, 0)
	case linkLTalk:
		return bare(famLTalk, 0)
	case AnyLink:
		y := fixed(famLive, skfProtocol, skfNetOff)
		y.linkHdr = at(skfLLOff)
		return y
	}
	return bare(famUnknown, 0)
}

// unplaced is a place that libpcap does not know, and computes with all the
// same.
const unplaced = ^uint32(0)

// juniper is where libpcap looks for what its routers' link types carry, of
// which it knows the magic number only.
var juniper = map[capture.LinkType]layout{
	130: {payload: at(4), noSnap: unplaced},                      // multilink PPP
	131: {payload: at(4), noSnap: unplaced},                      // multilink Frame Relay
	132: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // encryption services
	133: {payload: at(12), noSnap: unplaced},                     // GGSN
	134: {payload: at(4), noSnap: unplaced},                      // Frame Relay of FRF.16
	135: {payload: at(8), noSnap: 10},                            // ATM2
	136: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // services
	137: {payload: at(4), noSnap: 10},                            // ATM1
	164: {payload: at(12), noSnap: unplaced},                     // monitoring
	167: {payload: at(14), nl: 18, noSnap: 21},                   // PPPoE
	168: {payload: at(6), noSnap: unplaced},                      // PPPoE over ATM
	183: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // voice
	194: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // ISM
	200: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // ST
	232: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // VS
	233: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // SRX
	234: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // Fibre Channel
	238: {payload: at(unplaced), nl: unplaced, noSnap: unplaced}, // ATM CEMIC

	capture.LinkJuniperEther: {payload: at(14), nl: 18, noSnap: 21}, // of Ethernet and the shortest header before it
	capture.LinkJuniperPPP:   {payload: at(4), noSnap: unplaced},
	capture.LinkJuniperFrame: {payload: at(4), noSnap: unplaced},
	capture.LinkJuniperCHDLC: {payload: at(4), noSnap: unplaced},
}

// EtherTypes (IEEE registry; RFC 9542 for those of the IETF).
const (
	etNS       = 0x0600
	etIP       = 0x0800
	etARP      = 0x0806
	etRARP     = 0x8035
	etMOPDL    = 0x6001
	etMOPRC    = 0x6002
	etDECnet   = 0x6003
	etLAT      = 0x6004
	etSCA      = 0x6007
	etATalk    = 0x809b
	etAARP     = 0x80f3
	etVLAN     = 0x8100
	etIPX      = 0x8137
	etIPv6     = 0x86dd
	etMPLS     = 0x8847
	etPPPoED   = 0x8863
	etPPPoES   = 0x8864
	etQinQ     = 0x88a8
	etLoopback = 0x9000
	etQinQOld  = 0x9100
	etBridge   = 0x6558

	maxLength = 1500 // EtherTypes up to here are lengths (IEEE 802.3)
)

// LLC service access points (IEEE 802.2).
const (
	sapIP      = 0x06
	sapSTP     = 0x42
	sapIPX     = 0xe0
	sapNetBEUI = 0xf0
	sapISO     = 0xfe
)

// Network layer protocol identifiers (ISO/IEC TR 9577).
const (
	nlpidCLNP = 0x81
	nlpidESIS = 0x82
	nlpidISIS = 0x83
	nlpidIPv6 = 0x8e
	nlpidIP   = 0xcc
)

// pppType translates an EtherType, or what stands for one, to a PPP protocol
// number (IANA's registry). Others stay as they are.
func pppType(proto uint32) uint32 {
	switch proto {
	case etIP:
		return 0x21
	case etIPv6:
		return 0x57
	case etDECnet:
		return 0x27
	case etATalk:
		return 0x29
	case etNS:
		return 0x25
	case sapISO:
		return 0x23
	case sapSTP:
		return 0x31
	case sapIPX:
		return 0x2b
	}
	return proto
}

// linkName is how a message calls a link type.
func linkName(l capture.LinkType) string {
	switch l {
	case capture.LinkEthernet:
		return "Ethernet"
	case capture.LinkNull, capture.LinkLoop:
		return "BSD loopback"
	case AnyLink:
		return "a capture on several interfaces"
	}
	return l.String()
}
