package capture

import "fmt"

// LinkType is a value of the LINKTYPE registry
// (https://www.tcpdump.org/linktypes.html), as pcap and pcapng files use it.
type LinkType uint32

// The link types that tcpsee decodes, and those that live capture gives.
const (
	LinkNull            LinkType = 0   // BSD loopback, 4-byte family in host order
	LinkEthernet        LinkType = 1   // IEEE 802.3
	LinkTokenRing       LinkType = 6   // IEEE 802.5
	LinkARCNET          LinkType = 7   // ARCNET as BSD gives it
	LinkSLIP            LinkType = 8   // SLIP with BSD header
	LinkPPP             LinkType = 9   // PPP, with or without HDLC framing
	LinkFDDI            LinkType = 10  // FDDI
	LinkRawBSD          LinkType = 12  // raw IP in files of some systems
	LinkRawOpenBSD      LinkType = 14  // raw IP in files of OpenBSD
	LinkPPPSerial       LinkType = 50  // PPP in HDLC-like framing
	LinkPPPEther        LinkType = 51  // PPPoE session
	LinkRaw             LinkType = 101 // raw IP, version from the first nibble
	LinkCHDLC           LinkType = 104 // Cisco HDLC
	Link80211           LinkType = 105 // IEEE 802.11
	LinkFrameRelay      LinkType = 107 // Frame Relay
	LinkLoop            LinkType = 108 // OpenBSD loopback, 4-byte family in network order
	LinkSLL             LinkType = 113 // Linux cooked v1
	LinkPrism           LinkType = 119 // Prism monitor header and 802.11
	LinkRadiotap        LinkType = 127 // radiotap and 802.11
	LinkAVS             LinkType = 163 // AVS monitor header and 802.11
	LinkPPPDir          LinkType = 204 // PPP preceded by a direction byte
	LinkIPv4            LinkType = 228 // raw IPv4
	LinkIPv6            LinkType = 229 // raw IPv6
	LinkEthernetMPacket LinkType = 274 // IEEE 802.3br mPackets
	LinkSLL2            LinkType = 276 // Linux cooked v2

	LinkAX25            LinkType = 3   // amateur radio
	LinkATMRFC1483      LinkType = 11  // LLC over ATM, BSD/OS
	LinkATMCLIP         LinkType = 19  // classical IP over ATM
	LinkSymantec        LinkType = 99  // Symantec Enterprise Firewall
	LinkATMLLC          LinkType = 100 // LLC over ATM (RFC 2684)
	LinkLinuxCLIP       LinkType = 106 // classical IP over ATM, Linux
	LinkENC             LinkType = 109 // OpenBSD encapsulated, without encryption
	LinkPFLog           LinkType = 117 // OpenBSD pf log
	LinkSunATM          LinkType = 123 // SunATM
	LinkTZSP            LinkType = 128 // TaZmen Sniffer Protocol
	LinkARCNETLinux     LinkType = 129 // ARCNET as Linux gives it
	LinkJuniperMLPPP    LinkType = 130 // Juniper's routers: PPP on a multilink
	LinkJuniperMLFR     LinkType = 131 // … Frame Relay on a multilink
	LinkJuniperGGSN     LinkType = 133 // … packets of mobile phones
	LinkJuniperATM2     LinkType = 135 // … ATM
	LinkJuniperServices LinkType = 136 // … packets on their way through a service
	LinkJuniperATM1     LinkType = 137 // … ATM
	LinkAppleIPOver1394 LinkType = 138 // IP over IEEE 1394
	LinkJuniperPPPoE    LinkType = 167 // Juniper's routers: PPPoE
	LinkGFPT            LinkType = 170 // generic framing procedure, transparent
	LinkGFPF            LinkType = 171 // generic framing procedure, frame-mapped
	LinkJuniperVoice    LinkType = 183 // Juniper's routers: IPv4 of a voice gateway
	LinkPPI             LinkType = 192 // per-packet information
	LinkIPNET           LinkType = 226 // Solaris loopback
	LinkNFLog           LinkType = 239 // Linux netfilter log
	LinkIPoIB           LinkType = 242 // IP over InfiniBand
	LinkIPFC            LinkType = 122 // IP over Fibre Channel
	LinkMTP2Phdr        LinkType = 139 // SS7's MTP2 with a header of its own
	LinkMTP2            LinkType = 140 // SS7's MTP2
	LinkMTP3            LinkType = 141 // SS7's MTP3
	LinkDOCSIS          LinkType = 143 // cable modems
	LinkUser2           LinkType = 149 // private use; Apple's tcpdump writes LinkPKTAP with it
	LinkMSTP            LinkType = 165 // BACnet MS/TP
	LinkPPPPPPD         LinkType = 166 // PPP with a direction in place of its address
	LinkJuniperEther    LinkType = 178 // Juniper's routers: Ethernet
	LinkJuniperPPP      LinkType = 179 // … PPP
	LinkJuniperFrame    LinkType = 180 // … Frame Relay
	LinkJuniperCHDLC    LinkType = 181 // … Cisco HDLC
	LinkERF             LinkType = 197 // Endace's extensible record format
	LinkAX25KISS        LinkType = 202 // amateur radio, with the header of its modems
	LinkCHDLCDir        LinkType = 205 // Cisco HDLC preceded by a direction byte
	LinkFrameRelayDir   LinkType = 206 // Frame Relay preceded by a direction byte
	LinkNetAnalyzer     LinkType = 240 // Hilscher netANALYZER and Ethernet with FCS
	LinkNetAnalyzerRaw  LinkType = 241 // the same with the preamble
	LinkPKTAP           LinkType = 258 // macOS and iOS, several interfaces at once
	LinkEPON            LinkType = 259 // Ethernet over passive fibre, with its preamble
	LinkEBHSCR          LinkType = 279 // Elektrobit's recorder
	LinkBroadcomTag     LinkType = 281 // Ethernet with the tag of a Broadcom switch
	LinkBroadcomPrepend LinkType = 282 // the same with the tag in front
	LinkMarvellDSA      LinkType = 284 // Ethernet with the tag of a Marvell switch
	LinkMarvellEDSA     LinkType = 285 // the same with an EtherType before the tag
)

// String returns tcpdump's name of the link type, or its number.
func (l LinkType) String() string {
	if n, ok := linkNames[l]; ok {
		return n
	}
	return fmt.Sprintf("link type %d", uint32(l))
}

// Known reports whether the type has a name here.
func (l LinkType) Known() bool { _, ok := linkNames[l]; return ok }

var linkNames = map[LinkType]string{
	LinkNull: "NULL", LinkEthernet: "EN10MB", LinkTokenRing: "IEEE802", LinkARCNET: "ARCNET", LinkARCNETLinux: "ARCNET_LINUX", LinkSLIP: "SLIP",
	LinkPPP: "PPP", LinkFDDI: "FDDI", LinkRawBSD: "RAW", LinkRawOpenBSD: "RAW",
	LinkPPPSerial: "PPP_SERIAL", LinkPPPEther: "PPP_ETHER", LinkRaw: "RAW", LinkCHDLC: "C_HDLC",
	Link80211: "IEEE802_11", LinkFrameRelay: "FRELAY", LinkLoop: "LOOP", LinkSLL: "LINUX_SLL",
	LinkPrism: "PRISM_HEADER", LinkRadiotap: "IEEE802_11_RADIO", LinkAVS: "IEEE802_11_RADIO_AVS",
	LinkPPPDir: "PPP_WITH_DIR", LinkIPv4: "IPV4", LinkIPv6: "IPV6",
	LinkEthernetMPacket: "ETHERNET_MPACKET", LinkSLL2: "LINUX_SLL2",
	LinkATMRFC1483: "ATM_RFC1483", LinkATMCLIP: "ATM_CLIP", LinkSymantec: "SYMANTEC_FIREWALL",
	LinkATMLLC: "ATM_RFC1483", LinkLinuxCLIP: "ATM_CLIP", LinkENC: "ENC", LinkPFLog: "PFLOG", LinkSunATM: "SUNATM",
	LinkAppleIPOver1394: "APPLE_IP_OVER_IEEE1394", LinkPPI: "PPI", LinkIPNET: "IPNET", LinkNFLog: "NFLOG", LinkIPoIB: "IPOIB",
	LinkIPFC: "IP_OVER_FC", LinkMTP2Phdr: "MTP2_WITH_PHDR", LinkMTP2: "MTP2", LinkMTP3: "MTP3",
	LinkMSTP: "BACNET_MS_TP", LinkDOCSIS: "DOCSIS", LinkPPPPPPD: "PPP_PPPD", LinkJuniperEther: "JUNIPER_ETHER", LinkJuniperPPP: "JUNIPER_PPP",
	LinkJuniperFrame: "JUNIPER_FRELAY", LinkJuniperCHDLC: "JUNIPER_CHDLC", LinkERF: "ERF", LinkCHDLCDir: "C_HDLC_WITH_DIR",
	LinkFrameRelayDir: "FRELAY_WITH_DIR", LinkNetAnalyzer: "NETANALYZER", LinkNetAnalyzerRaw: "NETANALYZER_TRANSPARENT", LinkPKTAP: "PKTAP",
	LinkAX25: "AX25", LinkAX25KISS: "AX25_KISS", LinkTZSP: "TZSP", LinkGFPT: "GFP_T", LinkGFPF: "GFP_F", LinkEPON: "EPON",
	LinkEBHSCR: "ELEKTROBIT", LinkJuniperMLPPP: "JUNIPER_MLPPP", LinkJuniperMLFR: "JUNIPER_MLFR", LinkJuniperGGSN: "JUNIPER_GGSN",
	LinkJuniperATM2: "JUNIPER_ATM2", LinkJuniperServices: "JUNIPER_SERVICES", LinkJuniperATM1: "JUNIPER_ATM1",
	LinkJuniperPPPoE: "JUNIPER_PPPOE", LinkJuniperVoice: "JUNIPER_VP",
	LinkBroadcomTag: "DSA_TAG_BRCM", LinkBroadcomPrepend: "DSA_TAG_BRCM_PREPEND", LinkMarvellDSA: "DSA_TAG_DSA", LinkMarvellEDSA: "DSA_TAG_EDSA",
}
