package filter

// proto is a protocol qualifier.
type proto uint8

const (
	protoAny   proto = iota // no qualifier
	protoUndef              // nothing to carry over
	protoLink
	protoIP
	protoARP
	protoRARP
	protoSCTP
	protoTCP
	protoUDP
	protoICMP
	protoIGMP
	protoIGRP
	protoPIM
	protoVRRP
	protoCARP
	protoATalk
	protoAARP
	protoDECnet
	protoLAT
	protoSCA
	protoMOPRC
	protoMOPDL
	protoIPv6
	protoICMPv6
	protoAH
	protoESP
	protoISO
	protoESIS
	protoISIS
	protoCLNP
	protoSTP
	protoIPX
	protoNetBEUI
	protoISISL1
	protoISISL2
	protoISISIIH
	protoISISLSP
	protoISISSNP
	protoISISCSNP
	protoISISPSNP
	protoRadio
)

// addrKind is a type qualifier.
type addrKind uint8

const (
	addrAny addrKind = iota // no qualifier: host
	addrUndef
	addrHost
	addrNet
	addrPort
	addrPortRange
	addrGateway
	addrProto
	addrProtoChain
)

// direction is a direction qualifier.
type direction uint8

const (
	dirAny direction = iota // no qualifier: src or dst
	dirSrc
	dirDst
	dirOr
	dirAnd
	dirAddr1
	dirAddr2
	dirAddr3
	dirAddr4
	dirRA
	dirTA
)

// keyword is the class of a reserved word.
type keyword uint8

const (
	kwNone  keyword = iota
	kwProto         // value: proto
	kwConst         // value: the number
	kwSrc
	kwDst
	kwAddr // addr1 to addr4, ra, ta; value: direction
	kwType // host, net, port, portrange, gateway, proto, protochain; value: addrKind
	kwMask
	kwAnd
	kwOr
	kwNot
	kwLess
	kwGreater
	kwByte
	kwLen
	kwBroadcast
	kwMulticast
	kwInbound
	kwOutbound
	kwIfindex
	kwTag // vlan, mpls, pppoes, geneve, pppoed; value: tagKind
	kwLLC
	kwWLANType
	kwWLANSubtype
	kwWLANDir
	kwPF    // value: pfField
	kwATM   // kinds of traffic on ATM; value: atmKind
	kwSU    // kinds of signal units of SS7; value: unitKind
	kwField // vpi, vci, and fields of SS7; value: wanField
)

type reserved struct {
	kw    keyword
	value uint32
}

// words are the reserved words of the language. Any of them can be an
// identifier when a backslash stands before it.
var words = map[string]reserved{
	"src": {kwSrc, 0}, "dst": {kwDst, 0},
	"addr1": {kwAddr, uint32(dirAddr1)}, "address1": {kwAddr, uint32(dirAddr1)},
	"addr2": {kwAddr, uint32(dirAddr2)}, "address2": {kwAddr, uint32(dirAddr2)},
	"addr3": {kwAddr, uint32(dirAddr3)}, "address3": {kwAddr, uint32(dirAddr3)},
	"addr4": {kwAddr, uint32(dirAddr4)}, "address4": {kwAddr, uint32(dirAddr4)},
	"ra": {kwAddr, uint32(dirRA)}, "ta": {kwAddr, uint32(dirTA)},

	"host": {kwType, uint32(addrHost)}, "net": {kwType, uint32(addrNet)},
	"port": {kwType, uint32(addrPort)}, "portrange": {kwType, uint32(addrPortRange)},
	"gateway": {kwType, uint32(addrGateway)}, "proto": {kwType, uint32(addrProto)},
	"protochain": {kwType, uint32(addrProtoChain)},
	"mask":       {kwMask, 0},

	"and": {kwAnd, 0}, "or": {kwOr, 0}, "not": {kwNot, 0},
	"less": {kwLess, 0}, "greater": {kwGreater, 0}, "byte": {kwByte, 0},
	"len": {kwLen, 0}, "length": {kwLen, 0},
	"broadcast": {kwBroadcast, 0}, "multicast": {kwMulticast, 0},
	"inbound": {kwInbound, 0}, "outbound": {kwOutbound, 0}, "ifindex": {kwIfindex, 0},
	"vlan": {kwTag, uint32(tagVLAN)}, "mpls": {kwTag, uint32(tagMPLS)},
	"pppoed": {kwTag, uint32(tagPPPoED)}, "pppoes": {kwTag, uint32(tagPPPoES)},
	"geneve": {kwTag, uint32(tagGeneve)},
	"llc":    {kwLLC, 0},
	"type":   {kwWLANType, 0}, "subtype": {kwWLANSubtype, 0},
	"dir": {kwWLANDir, 0}, "direction": {kwWLANDir, 0},

	"on": {kwPF, uint32(pfIfname)}, "ifname": {kwPF, uint32(pfIfname)},
	"rset": {kwPF, uint32(pfRuleset)}, "ruleset": {kwPF, uint32(pfRuleset)},
	"rnr": {kwPF, uint32(pfRule)}, "rulenum": {kwPF, uint32(pfRule)},
	"srnr": {kwPF, uint32(pfSubrule)}, "subrulenum": {kwPF, uint32(pfSubrule)},
	"reason": {kwPF, uint32(pfReason)}, "action": {kwPF, uint32(pfAction)},

	"link": {kwProto, uint32(protoLink)}, "ether": {kwProto, uint32(protoLink)},
	"ppp": {kwProto, uint32(protoLink)}, "slip": {kwProto, uint32(protoLink)},
	"fddi": {kwProto, uint32(protoLink)}, "tr": {kwProto, uint32(protoLink)},
	"wlan": {kwProto, uint32(protoLink)},
	"ip":   {kwProto, uint32(protoIP)}, "ip6": {kwProto, uint32(protoIPv6)},
	"arp": {kwProto, uint32(protoARP)}, "rarp": {kwProto, uint32(protoRARP)},
	"sctp": {kwProto, uint32(protoSCTP)}, "tcp": {kwProto, uint32(protoTCP)},
	"udp": {kwProto, uint32(protoUDP)}, "icmp": {kwProto, uint32(protoICMP)},
	"icmp6": {kwProto, uint32(protoICMPv6)}, "igmp": {kwProto, uint32(protoIGMP)},
	"igrp": {kwProto, uint32(protoIGRP)}, "pim": {kwProto, uint32(protoPIM)},
	"vrrp": {kwProto, uint32(protoVRRP)}, "carp": {kwProto, uint32(protoCARP)},
	"radio": {kwProto, uint32(protoRadio)}, "ah": {kwProto, uint32(protoAH)},
	"esp": {kwProto, uint32(protoESP)}, "atalk": {kwProto, uint32(protoATalk)},
	"aarp": {kwProto, uint32(protoAARP)}, "decnet": {kwProto, uint32(protoDECnet)},
	"lat": {kwProto, uint32(protoLAT)}, "sca": {kwProto, uint32(protoSCA)},
	"moprc": {kwProto, uint32(protoMOPRC)}, "mopdl": {kwProto, uint32(protoMOPDL)},
	"iso": {kwProto, uint32(protoISO)}, "esis": {kwProto, uint32(protoESIS)},
	"es-is": {kwProto, uint32(protoESIS)}, "isis": {kwProto, uint32(protoISIS)},
	"is-is": {kwProto, uint32(protoISIS)}, "clnp": {kwProto, uint32(protoCLNP)},
	"l1": {kwProto, uint32(protoISISL1)}, "l2": {kwProto, uint32(protoISISL2)},
	"iih": {kwProto, uint32(protoISISIIH)}, "lsp": {kwProto, uint32(protoISISLSP)},
	"snp": {kwProto, uint32(protoISISSNP)}, "csnp": {kwProto, uint32(protoISISCSNP)},
	"psnp": {kwProto, uint32(protoISISPSNP)}, "stp": {kwProto, uint32(protoSTP)},
	"ipx": {kwProto, uint32(protoIPX)}, "netbeui": {kwProto, uint32(protoNetBEUI)},

	"lane": {kwATM, uint32(atmLANE)}, "metac": {kwATM, uint32(atmMetac)},
	"bcc": {kwATM, uint32(atmBCC)}, "sc": {kwATM, uint32(atmSC)},
	"ilmic": {kwATM, uint32(atmILMIC)}, "oamf4sc": {kwATM, uint32(atmOAMF4SC)},
	"oamf4ec": {kwATM, uint32(atmOAMF4EC)}, "oam": {kwATM, uint32(atmOAM)},
	"oamf4": {kwATM, uint32(atmOAM)}, "connectmsg": {kwATM, uint32(atmConnect)},
	"metaconnect": {kwATM, uint32(atmMetaConnect)},
	"fisu":        {kwSU, uint32(unitFISU)}, "hfisu": {kwSU, uint32(unitHFISU)},
	"lssu": {kwSU, uint32(unitLSSU)}, "lsu": {kwSU, uint32(unitLSSU)},
	"hlssu": {kwSU, uint32(unitHLSSU)},
	"msu":   {kwSU, uint32(unitMSU)}, "hmsu": {kwSU, uint32(unitHMSU)},
	"vpi": {kwField, uint32(fieldVPI)}, "vci": {kwField, uint32(fieldVCI)},
	"sio": {kwField, uint32(fieldSIO)}, "hsio": {kwField, uint32(fieldHSIO)},
	"opc": {kwField, uint32(fieldOPC)}, "hopc": {kwField, uint32(fieldHOPC)},
	"dpc": {kwField, uint32(fieldDPC)}, "hdpc": {kwField, uint32(fieldHDPC)},
	"sls": {kwField, uint32(fieldSLS)}, "hsls": {kwField, uint32(fieldHSLS)},
}

// constants are the names of numbers: offsets and values of header fields
// (RFC 792, RFC 4443 and the ICMPv6 registry, RFC 9293).
var constants = map[string]uint32{
	"icmptype": 0, "icmpcode": 1,
	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5,
	"icmp-echo": 8, "icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11,
	"icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15,
	"icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,

	"icmp6type": 0, "icmp6code": 1,
	"icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3,
	"icmp6-parameterproblem": 4, "icmp6-echo": 128, "icmp6-echoreply": 129,
	"icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
	"icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133,
	"icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136,
	"icmp6-redirect": 137, "icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139,
	"icmp6-nodeinformationresponse": 140, "icmp6-ineighbordiscoverysolicit": 141,
	"icmp6-ineighbordiscoveryadvert": 142, "icmp6-multicastlistenerreportv2": 143,
	"icmp6-homeagentdiscoveryrequest": 144, "icmp6-homeagentdiscoveryreply": 145,
	"icmp6-mobileprefixsolicit": 146, "icmp6-mobileprefixadvert": 147,
	"icmp6-certpathsolicit": 148, "icmp6-certpathadvert": 149,
	"icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152,
	"icmp6-multicastrouterterm": 153,

	"tcpflags": 13, "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16,
	"tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
}

// protoNames are the spellings for messages.
var protoNames = [...]string{
	protoLink: "link", protoIP: "ip", protoARP: "arp", protoRARP: "rarp", protoSCTP: "sctp",
	protoTCP: "tcp", protoUDP: "udp", protoICMP: "icmp", protoIGMP: "igmp", protoIGRP: "igrp",
	protoPIM: "pim", protoVRRP: "vrrp", protoCARP: "carp", protoATalk: "atalk",
	protoAARP: "aarp", protoDECnet: "decnet", protoLAT: "lat", protoSCA: "sca",
	protoMOPRC: "moprc", protoMOPDL: "mopdl", protoIPv6: "ip6", protoICMPv6: "icmp6",
	protoAH: "ah", protoESP: "esp", protoISO: "iso", protoESIS: "esis", protoISIS: "isis",
	protoCLNP: "clnp", protoSTP: "stp", protoIPX: "ipx", protoNetBEUI: "netbeui",
	protoISISL1: "l1", protoISISL2: "l2", protoISISIIH: "iih", protoISISLSP: "lsp",
	protoISISSNP: "snp", protoISISCSNP: "csnp", protoISISPSNP: "psnp", protoRadio: "radio",
}

func (p proto) String() string { return protoNames[p] }
