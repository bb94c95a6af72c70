package dissect

// LayerKind names a header.
type LayerKind uint8

// The headers that tcpsee knows. The order has no meaning.
const (
	LayerNone LayerKind = iota
	LayerEthernet
	LayerVLAN
	LayerLLC
	LayerSNAP
	LayerSLL
	LayerSLL2
	LayerNull
	LayerRaw // no link header at all: zero bytes long
	LayerPPP
	LayerPPPoE
	LayerCHDLC
	LayerFDDI
	LayerTokenRing
	LayerFrameRelay
	LayerSLIP
	Layer80211
	LayerRadiotap
	LayerPrism
	LayerAVS
	LayerMPLS
	LayerMPLSControl // control word of a pseudowire
	LayerARP
	LayerIPv4
	LayerIPv6
	LayerHopByHop
	LayerDestination
	LayerRouting
	LayerFragment
	LayerMobility
	LayerAH
	LayerGRE
	LayerERSPAN
	LayerVXLAN
	LayerGeneve
	LayerGTPU
	LayerL2TP
	LayerVJ // what RFC 1144 has in the place of the headers of IPv4 and TCP
	LayerTeredo
	LayerCAPWAP
	LayerLISP
	LayerNSH
	LayerMACsec
	LayerBATMAN
	LayerUDP
	LayerTCP
	LayerICMPv4
	LayerICMPv6
	LayerSCTP
	LayerOther
	LayerTrailer // what stands behind the packet; in Fields only
	LayerFrame   // the frame itself, and what its capture says of it; in Fields of an event only
	layerKinds
)

var layerNames = [layerKinds]string{
	"none", "Ethernet", "VLAN", "LLC", "SNAP", "Linux cooked", "Linux cooked v2", "loopback", "raw IP", "PPP", "PPPoE",
	"Cisco HDLC", "FDDI", "Token Ring", "Frame Relay", "SLIP", "802.11", "radiotap", "Prism", "AVS", "MPLS", "control word",
	"ARP", "IPv4", "IPv6", "hop-by-hop options", "destination options", "routing", "fragment", "mobility", "AH", "GRE", "ERSPAN",
	"VXLAN", "Geneve", "GTP-U", "L2TP", "VJ", "Teredo", "CAPWAP", "LISP", "NSH", "MACsec", "batman-adv",
	"UDP", "TCP", "ICMP", "ICMPv6", "SCTP", "other", "trailer", "frame",
}

// String returns the header's usual name.
func (k LayerKind) String() string { return layerNames[k] }

// OSI returns the number of the OSI layer that the header belongs to.
func (k LayerKind) OSI() int {
	switch k {
	case LayerIPv4, LayerIPv6, LayerHopByHop, LayerDestination, LayerRouting, LayerFragment, LayerMobility, LayerAH, LayerICMPv4, LayerICMPv6, LayerGRE:
		return 3
	case LayerTCP, LayerUDP, LayerSCTP:
		return 4
	case LayerFrame:
		return 1
	case LayerNone:
		return 0
	}
	return 2
}
