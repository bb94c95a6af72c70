package dissect

import (
	"strings"

	"github.com/google/gopacket/layers"
)

// Names of numbers. The tables are gopacket's, where it has one, after ours
// for what it lacks or calls otherwise than the registries do.

// EtherTypeName returns the name of an EtherType, empty where it has none
// here.
func EtherTypeName(t uint16) string {
	if n, ok := etherTypeNames[t]; ok {
		return n
	}
	return known(layers.EthernetType(t).String())
}

var etherTypeNames = map[uint16]string{
	etherIPv4: "IPv4", etherARP: "ARP", etherIPv6: "IPv6", etherVLAN: "802.1Q VLAN tag", etherQinQ: "802.1ad service tag",
	etherQinQ1: "VLAN tag (before 802.1ad)", etherQinQ2: "VLAN tag (before 802.1ad)", etherBridged: "bridged Ethernet",
	etherMPLS: "MPLS", etherMPLSUp: "MPLS, upstream-assigned", etherPPPoE: "PPPoE session", 0x8863: "PPPoE discovery",
	etherPPP: "PPP", 0x88cc: "LLDP", 0x888e: "802.1X", 0x8035: "RARP", etherTRILL: "TRILL", etherBATMAN: "batman-adv",
	etherMACsec: "MACsec", etherPBB: "802.1ah service tag", etherFabricPath: "FabricPath", etherCMD: "Cisco MetaData",
	etherVNTag: "VN-Tag", etherHSR: "HSR", etherETag: "E-Tag", etherNSH: "NSH", etherRTag: "R-Tag",
	greERSPAN: "ERSPAN", greERSPAN3: "ERSPAN type III", greWCCP: "WCCP",
}

// ProtocolName returns the name of an IP protocol, empty where it has none
// here.
func ProtocolName(p uint8) string {
	if n, ok := protocolNames[p]; ok {
		return n
	}
	return known(layers.IPProtocol(p).String())
}

var protocolNames = map[uint8]string{
	protoHopByHop: "hop-by-hop options", protoICMP: "ICMP", protoIPv4: "IPv4", protoTCP: "TCP", protoUDP: "UDP",
	protoIPv6: "IPv6", protoRouting: "routing header", protoFragment: "fragment header", protoESP: "ESP", protoAH: "AH",
	protoICMPv6: "ICMPv6", protoNoNext: "no next header", protoDestination: "destination options",
	protoMobility: "mobility header", protoEthernet: "Ethernet", protoMPLS: "MPLS", protoL2TP: "L2TPv3",
	protoHIP: "HIP", protoShim6: "Shim6",
}

// PPPName returns the name of a PPP protocol, empty where it has none here.
func PPPName(p uint16) string {
	switch p {
	case 0xc021:
		return "LCP"
	case 0x8021:
		return "IPCP"
	case 0x8057:
		return "IPv6CP"
	case pppVJ:
		return "TCP and IPv4, header compressed"
	case pppVJWhole:
		return "TCP and IPv4, header not compressed"
	case pppMulti:
		return "multilink"
	case pppBridged:
		return "bridged"
	}
	return known(layers.PPPType(p).String())
}

// ICMPName returns the name of a type and code of ICMP; version is 4 or 6.
// It is empty where the type has none here.
func ICMPName(version, kind, code uint8) string {
	name := layers.CreateICMPv4TypeCode(kind, code).String()
	if version == 6 {
		name = layers.CreateICMPv6TypeCode(kind, code).String()
	}
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "" // type and code again
	}
	return name
}

// known returns the name as long as it is one.
func known(name string) string {
	if strings.HasPrefix(name, "Unknown") {
		return ""
	}
	return name
}
