package dissect_test

import (
	"slices"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// sll2 is a header of Linux cooked capture, version 2.
func sll2(protocol int) []byte {
	return join(
		u16(protocol), u16(0), u32(2), // protocol, reserved, interface index
		u16(1), []byte{0, 6}, // Ethernet, to this host, length of the address
		[]byte{2, 0, 0, 0, 0, 1, 0, 0},
	)
}

// sll is a header of Linux cooked capture, version 1.
func sll(hardware, protocol int) []byte {
	return join(u16(0), u16(hardware), u16(6), []byte{2, 0, 0, 0, 0, 1, 0, 0}, u16(protocol))
}

// wlan is an 802.11 data frame's header of n bytes.
func wlan(control, flags byte, n int) []byte {
	b := make([]byte, n)
	b[0], b[1] = control, flags
	return b
}

// bridged is LLC and SNAP before a frame of another LAN.
func bridged(id int) []byte { return join([]byte{0xaa, 0xaa, 3, 0, 0x80, 0xc2}, u16(id)) }

// ax25 is a frame of amateur radio's link over one repeater.
func ax25(id byte, payload []byte) []byte {
	call := func(last byte) []byte { return []byte{0x86, 0x88, 0x8a, 0x8c, 0x8e, 0x90, 0x60 | last} }
	return join(call(0), call(0), call(1), []byte{3, id}, payload)
}

// subframe is an IPv4 packet in a subframe of an A-MSDU, with padding.
func subframe(packet []byte) []byte {
	b := join(make([]byte, 12), u16(8+len(packet)), snap(0x0800, packet))
	return append(b, make([]byte, -len(b)&3)...)
}

var (
	segment = testTCP(nil, []byte("Hello\n"))
	packet4 = ip4(6, 0, segment)
	packet6 = ip6(6, segment)
	frame4  = ether(0x0800, packet4)
)

// TestDecodeLinks holds that the segment is found behind each link header.
func TestDecodeLinks(t *testing.T) {
	tests := []struct {
		name   string
		link   capture.LinkType
		data   []byte
		layers []dissect.LayerKind // before IP
	}{
		{"Ethernet", capture.LinkEthernet, frame4, kinds(dissect.LayerEthernet)},
		{"Ethernet, padded", capture.LinkEthernet, join(frame4, make([]byte, 10)), kinds(dissect.LayerEthernet)},
		{"802.1Q", capture.LinkEthernet, ether(0x8100, vlan(5, 0x0800, packet4)), kinds(dissect.LayerEthernet, dissect.LayerVLAN)},
		{"802.1ad and 802.1Q", capture.LinkEthernet, ether(0x88a8, vlan(5, 0x8100, vlan(6, 0x86dd, packet6))),
			kinds(dissect.LayerEthernet, dissect.LayerVLAN, dissect.LayerVLAN)},
		{"0x9100 and 0x9200", capture.LinkEthernet, ether(0x9100, vlan(5, 0x9200, vlan(6, 0x0800, packet4))),
			kinds(dissect.LayerEthernet, dissect.LayerVLAN, dissect.LayerVLAN)},
		{"802.3 with SNAP", capture.LinkEthernet, ether(8+len(packet4), snap(0x0800, packet4)),
			kinds(dissect.LayerEthernet, dissect.LayerLLC, dissect.LayerSNAP)},
		{"802.3 with IP in LLC", capture.LinkEthernet, ether(3+len(packet4), join([]byte{6, 6, 3}, packet4)),
			kinds(dissect.LayerEthernet, dissect.LayerLLC)},
		{"MPLS", capture.LinkEthernet, ether(0x8847, join(label(100, false), label(200, true), packet4)),
			kinds(dissect.LayerEthernet, dissect.LayerMPLS, dissect.LayerMPLS)},
		{"MPLS and Ethernet", capture.LinkEthernet, ether(0x8847, join(label(100, true), frame4)),
			kinds(dissect.LayerEthernet, dissect.LayerMPLS, dissect.LayerEthernet)},
		{"MPLS, control word and Ethernet", capture.LinkEthernet, ether(0x8847, join(label(100, true), u32(7), frame4)),
			kinds(dissect.LayerEthernet, dissect.LayerMPLS, dissect.LayerMPLSControl, dissect.LayerEthernet)},
		{"PPPoE", capture.LinkEthernet, ether(0x8864, join([]byte{0x11, 0}, u16(1), u16(2+len(packet6)), u16(0x57), packet6)),
			kinds(dissect.LayerEthernet, dissect.LayerPPPoE, dissect.LayerPPP)},
		{"service tag of 802.1ah", capture.LinkEthernet, ether(0x88e7, join(u32(5), frame4)),
			kinds(dissect.LayerEthernet, dissect.LayerOther, dissect.LayerEthernet)},
		{"Linux cooked", capture.LinkSLL, join(sll(1, 0x0800), packet4), kinds(dissect.LayerSLL)},
		{"Linux cooked, radiotap", capture.LinkSLL, join(sll(803, 4), radiotap(0), wlan(0x08, 1, 24), snap(0x0800, packet4)),
			kinds(dissect.LayerSLL, dissect.LayerRadiotap, dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"Linux cooked v2", capture.LinkSLL2, join(sll2(0x86dd), packet6), kinds(dissect.LayerSLL2)},
		{"ARCNET of BSD, RFC 1201", capture.LinkARCNET, join([]byte{1, 2, 0xd4}, []byte{0, 0, 7}, packet4), kinds(dissect.LayerOther)},
		{"ARCNET of BSD, exception", capture.LinkARCNET, join([]byte{1, 2, 0xd4}, []byte{0xff, 0, 0, 0xd4}, []byte{0, 0, 7}, packet4), kinds(dissect.LayerOther)},
		{"ARCNET of Linux, RFC 1051", capture.LinkARCNETLinux, join([]byte{1, 2, 0, 8, 0xf0}, packet4), kinds(dissect.LayerOther)},
		{"ARCNET of Linux, IPv6", capture.LinkARCNETLinux, join([]byte{1, 2, 0, 8, 0xc4}, []byte{0, 0, 7}, packet6), kinds(dissect.LayerOther)},
		{"loopback, little-endian", capture.LinkNull, join([]byte{2, 0, 0, 0}, packet4), kinds(dissect.LayerNull)},
		{"loopback, big-endian", capture.LinkNull, join([]byte{0, 0, 0, 2}, packet4), kinds(dissect.LayerNull)},
		{"loopback, IPv6 of Linux", capture.LinkNull, join([]byte{10, 0, 0, 0}, packet6), kinds(dissect.LayerNull)},
		{"loopback, IPv6 of NetBSD", capture.LinkNull, join([]byte{24, 0, 0, 0}, packet6), kinds(dissect.LayerNull)},
		{"loopback, IPv6 of FreeBSD", capture.LinkNull, join([]byte{0, 0, 0, 28}, packet6), kinds(dissect.LayerNull)},
		{"loopback, IPv6 of macOS", capture.LinkNull, join([]byte{30, 0, 0, 0}, packet6), kinds(dissect.LayerNull)},
		{"OpenBSD loopback", capture.LinkLoop, join([]byte{0, 0, 0, 24}, packet6), kinds(dissect.LayerNull)},
		{"raw", capture.LinkRaw, packet6, kinds(dissect.LayerRaw)},
		{"raw of BSD", capture.LinkRawBSD, packet4, kinds(dissect.LayerRaw)},
		{"raw of OpenBSD", capture.LinkRawOpenBSD, packet4, kinds(dissect.LayerRaw)},
		{"IPv4", capture.LinkIPv4, packet4, nil},
		{"IPv6", capture.LinkIPv6, packet6, nil},
		{"PPP", capture.LinkPPP, join([]byte{0x21}, packet4), kinds(dissect.LayerPPP)},
		{"PPP, HDLC", capture.LinkPPPSerial, join([]byte{0xff, 3, 0, 0x57}, packet6), kinds(dissect.LayerPPP)},
		{"PPP, multilink", capture.LinkPPP, join([]byte{0xff, 3, 0, 0x3d, 0xc0, 0, 0, 1, 0, 0x21}, packet4),
			kinds(dissect.LayerPPP, dissect.LayerOther, dissect.LayerPPP)},
		{"PPP with direction", capture.LinkPPPDir, join([]byte{1, 0xff, 3, 0, 0x21}, packet4), kinds(dissect.LayerPPP)},
		{"PPP_ETHER", capture.LinkPPPEther, join([]byte{0x11, 0}, u16(1), u16(2+len(packet4)), u16(0x21), packet4),
			kinds(dissect.LayerPPPoE, dissect.LayerPPP)},
		{"Cisco HDLC", capture.LinkCHDLC, join([]byte{0x0f, 0, 0x86, 0xdd}, packet6), kinds(dissect.LayerCHDLC)},
		{"FDDI", capture.LinkFDDI, join([]byte{0x50}, make([]byte, 12), snap(0x0800, packet4)),
			kinds(dissect.LayerFDDI, dissect.LayerLLC, dissect.LayerSNAP)},
		{"Token Ring with a route", capture.LinkTokenRing,
			join([]byte{0x10, 0x40}, make([]byte, 6), []byte{0x80, 0, 0, 0, 0, 1}, []byte{4, 0, 1, 2}, snap(0x0800, packet4)),
			kinds(dissect.LayerTokenRing, dissect.LayerLLC, dissect.LayerSNAP)},
		{"Frame Relay", capture.LinkFrameRelay, join([]byte{0x18, 0x41, 3, 0xcc}, packet4), kinds(dissect.LayerFrameRelay, dissect.LayerOther)},
		{"Frame Relay of Cisco", capture.LinkFrameRelay, join([]byte{0x18, 0x41, 8, 0}, packet4), kinds(dissect.LayerFrameRelay)},
		{"Frame Relay, SNAP", capture.LinkFrameRelay, join([]byte{0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0}, packet4),
			kinds(dissect.LayerFrameRelay, dissect.LayerOther, dissect.LayerSNAP)},
		{"SLIP", capture.LinkSLIP, join(make([]byte, 16), packet4), kinds(dissect.LayerSLIP)},
		{"802.11", capture.Link80211, join(wlan(0x08, 1, 24), snap(0x0800, packet4)),
			kinds(dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"802.11, QoS, four addresses, HT control", capture.Link80211, join(wlan(0x88, 0x83, 36), snap(0x0800, packet4)),
			kinds(dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"802.11, A-MSDU", capture.Link80211,
			join(wlan(0x88, 1, 24), []byte{0x80, 0}, make([]byte, 12), u16(8+len(packet4)), snap(0x0800, packet4), make([]byte, 50)),
			kinds(dissect.Layer80211, dissect.LayerEthernet, dissect.LayerLLC, dissect.LayerSNAP)},
		{"radiotap with FCS", capture.LinkRadiotap, join(radiotap(0x10), wlan(0x08, 1, 24), snap(0x0800, packet4), make([]byte, 4)),
			kinds(dissect.LayerRadiotap, dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"radiotap with padding", capture.LinkRadiotap, join(radiotap(0x20), wlan(0x88, 1, 28), snap(0x0800, packet4)),
			kinds(dissect.LayerRadiotap, dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"Prism", capture.LinkPrism, join([]byte{0x44, 0, 0, 0, 144, 0, 0, 0}, make([]byte, 136), wlan(0x08, 1, 24), snap(0x0800, packet4)),
			kinds(dissect.LayerPrism, dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"AVS", capture.LinkAVS, join(u32(0x80211001), u32(64), make([]byte, 56), wlan(0x08, 1, 24), snap(0x0800, packet4)),
			kinds(dissect.LayerAVS, dissect.Layer80211, dissect.LayerLLC, dissect.LayerSNAP)},
		{"mPacket", capture.LinkEthernetMPacket, join([]byte{0x55, 0x55, 0xd5}, frame4, make([]byte, 4)),
			kinds(dissect.LayerOther, dissect.LayerEthernet)},
		{"PPI", capture.LinkPPI, join([]byte{0, 0, 8, 0, 1, 0, 0, 0}, frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
		{"NFLOG", capture.LinkNFLog,
			join([]byte{2, 0, 0, 0}, []byte{5, 0, 10, 0, 'a', 0, 0, 0}, []byte{byte(4 + len(packet4)), 0, 9, 0}, packet4),
			kinds(dissect.LayerOther)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := decode(test.link, test.data)
			checkSegment(t, p)
			checkLayers(t, p, test.layers)
		})
	}
}

// radiotap is a header with the flags field alone.
func radiotap(flags byte) []byte { return []byte{0, 0, 9, 0, 2, 0, 0, 0, flags} }

func kinds(k ...dissect.LayerKind) []dissect.LayerKind { return k }

// checkSegment holds that p is the segment that these tests wrap.
func checkSegment(t *testing.T, p *dissect.Packet) {
	t.Helper()
	if p.Content != dissect.ContentTCP || p.Problem != dissect.ProblemNone {
		t.Fatalf("content %d, problem %q, layers %v", p.Content, p.Problem, layerNames(p))
	}
	want := dissect.TCP{SrcPort: 4000, DstPort: 80, Seq: 0x01020304, Ack: 0x0a0b0c0d, Flags: dissect.SYN | dissect.ACK, Window: 1234, Checksum: 0xbeef}
	got := p.TCP
	if got.SrcPort != want.SrcPort || got.DstPort != want.DstPort || got.Seq != want.Seq || got.Ack != want.Ack ||
		got.Flags != want.Flags || got.Window != want.Window || got.Checksum != want.Checksum {
		t.Errorf("got %+v", got)
	}
	if string(got.Payload) != "Hello\n" || got.Len != 6 || string(p.Payload) != "Hello\n" {
		t.Errorf("payload %q, length %d", got.Payload, got.Len)
	}
	if p.IP.Version == 4 && (p.IP.Src != src4 || p.IP.Dst != dst4) || p.IP.Version == 6 && (p.IP.Src != src6 || p.IP.Dst != dst6) {
		t.Errorf("addresses %v to %v", p.IP.Src, p.IP.Dst)
	}
	for i, l := range p.Layers[:p.NumLayers-1] {
		if next := p.Layers[i+1]; !next.Joined && next.Offset < l.Offset+l.Length {
			t.Errorf("%v at %d begins inside of %v", next.Kind, next.Offset, l.Kind)
		}
	}
}

// checkLayers compares what stands before the innermost IP header.
func checkLayers(t *testing.T, p *dissect.Packet, want []dissect.LayerKind) {
	t.Helper()
	got := p.Layers[:max(0, p.NumLayers-2)]
	same := len(got) == len(want)
	for i := 0; same && i < len(want); i++ {
		same = got[i].Kind == want[i]
	}
	if !same {
		t.Errorf("layers %v", layerNames(p))
	}
}

func layerNames(p *dissect.Packet) []string {
	var n []string
	for _, l := range p.Layers[:p.NumLayers] {
		n = append(n, l.Kind.String())
	}
	return n
}

// TestDecodeNetwork holds that the segment is found behind IP, extension
// headers and tunnels.
func TestDecodeNetwork(t *testing.T) {
	vx := []byte{8, 0, 0, 0, 0, 0, 5, 0} // VXLAN, network 5
	tests := map[string][]byte{
		"IPv4 with options": ether(0x0800, func() []byte {
			b := join(packet4[:20], []byte{148, 4, 0, 0}, segment) // router alert
			b[0], b[3] = 0x46, byte(len(b))
			return b
		}()),
		"IPv4 with a source route": ether(0x0800, func() []byte {
			route := join([]byte{131, 11, 4}, []byte{10, 0, 0, 1}, packet4[16:20], []byte{0}) // by way of 10.0.0.1, then where it ends
			b := join(packet4[:16], []byte{10, 9, 9, 9}, route, segment)
			b[0], b[3] = 0x48, byte(len(b))
			return b
		}()),
		"IPv4 with a source route used up": ether(0x0800, func() []byte {
			b := join(packet4[:20], []byte{1, 137, 7, 8}, []byte{10, 0, 0, 1}, segment)
			b[0], b[3] = 0x47, byte(len(b))
			return b
		}()),
		"IPv4 total length 0": ether(0x0800, func() []byte {
			b := join(packet4)
			b[2], b[3] = 0, 0 // left to the network card
			return b
		}()),
		"hop-by-hop":             ether(0x86dd, ip6(0, join([]byte{6, 0, 1, 4, 0, 0, 0, 0}, segment))),
		"destination, routing":   ether(0x86dd, ip6(60, join([]byte{43, 0, 1, 4, 0, 0, 0, 0}, []byte{6, 2, 0, 0, 0, 0, 0, 0}, make([]byte, 16), segment))),
		"segment routing":        ether(0x86dd, ip6(43, join([]byte{6, 2, 4, 0, 0, 0, 0, 0}, make([]byte, 16), segment))),
		"AH":                     ether(0x0800, ip4(51, 0, join([]byte{6, 4, 0, 0}, u32(1), u32(1), make([]byte, 12), segment))),
		"atomic fragment":        ether(0x86dd, ip6(44, fragment6(6, 0, false, segment))),
		"IPv4 in IPv4":           ether(0x0800, ip4(4, 0, packet4)),
		"IPv6 in IPv4":           ether(0x0800, ip4(41, 0, packet6)),
		"IPv4 in IPv6":           ether(0x86dd, ip6(4, packet4)),
		"IPv6 in IPv6":           ether(0x86dd, ip6(41, packet6)),
		"EtherIP":                ether(0x0800, ip4(97, 0, join([]byte{0x30, 0}, frame4))),
		"PIM Register":           ether(0x0800, ip4(103, 0, join([]byte{0x21, 0, 0xde, 0xff}, u32(0), packet4))),
		"PIM Register, IPv6":     ether(0x86dd, ip6(103, join([]byte{0x21, 0, 0, 0}, u32(1<<31), packet6))),
		"Ethernet in IPv6":       ether(0x86dd, ip6(143, frame4)),
		"MPLS in IP":             ether(0x0800, ip4(137, 0, join(label(5, true), packet4))),
		"GRE":                    ether(0x0800, ip4(47, 0, join(u16(0), u16(0x0800), packet4))),
		"GRE with all fields":    ether(0x0800, ip4(47, 0, join(u16(0xb000), u16(0x86dd), u32(0), u32(1), u32(2), packet6))),
		"GRE, bridged":           ether(0x0800, ip4(47, 0, join(u16(0x2000), u16(0x6558), u32(1), frame4))),
		"PPTP":                   ether(0x0800, ip4(47, 0, join(u16(0x3081), u16(0x880b), u16(4+len(packet4)), u16(9), u32(1), u32(2), []byte{0xff, 3, 0, 0x21}, packet4))),
		"ERSPAN I":               ether(0x0800, ip4(47, 0, join(u16(0), u16(0x88be), frame4))),
		"ERSPAN II":              ether(0x0800, ip4(47, 0, join(u16(0x1000), u16(0x88be), u32(1), []byte{0x10, 5, 0, 0, 0, 0, 0, 0}, frame4))),
		"ERSPAN III":             ether(0x0800, ip4(47, 0, join(u16(0x1000), u16(0x22eb), u32(1), []byte{0x20, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 8), frame4))),
		"WCCP":                   ether(0x0800, ip4(47, 0, join(u16(0), u16(0x883e), u32(0), packet4))),
		"NSH":                    ether(0x894f, join([]byte{0x0f, 0xc2, 2, 3, 0, 0, 1, 0xff}, frame4)),
		"VXLAN":                  ether(0x0800, ip4(17, 0, udp(5555, 4789, join(vx, frame4)))),
		"VXLAN, old port":        ether(0x0800, ip4(17, 0, udp(5555, 8472, join(vx, frame4)))),
		"VXLAN-GPE":              ether(0x0800, ip4(17, 0, udp(5555, 4790, join([]byte{0x0c, 0, 0, 1, 0, 0, 5, 0}, packet4)))),
		"Geneve with option":     ether(0x86dd, ip6(17, udp(5555, 6081, join([]byte{2, 0, 0x65, 0x58, 0, 0, 5, 0}, []byte{1, 2, 1, 1, 0, 0, 0, 0}, frame4)))),
		"GTP-U":                  ether(0x0800, ip4(17, 0, udp(2152, 2152, join([]byte{0x30, 255}, u16(len(packet4)), u32(7), packet4)))),
		"GTP-U with extension":   ether(0x0800, ip4(17, 0, udp(2152, 2152, join([]byte{0x34, 255}, u16(8+len(packet6)), u32(7), []byte{0, 0, 0, 0x85}, []byte{1, 0, 9, 0}, packet6)))),
		"L2TP":                   ether(0x0800, ip4(17, 0, udp(1701, 1701, join(u16(0x4002), u16(12+len(packet4)), u16(1), u16(2), []byte{0xff, 3, 0, 0x21}, packet4)))),
		"Teredo":                 ether(0x0800, ip4(17, 0, udp(5555, 3544, packet6))),
		"Teredo with both":       ether(0x0800, ip4(17, 0, udp(3544, 5555, join([]byte{0, 1, 0, 0}, make([]byte, 9), []byte{0, 0, 1, 2, 3, 4, 5, 6}, packet6)))),
		"LISP":                   ether(0x0800, ip4(17, 0, udp(5555, 4341, join(make([]byte, 8), packet4)))),
		"CAPWAP":                 ether(0x0800, ip4(17, 0, udp(5555, 5247, join([]byte{0, 0x10, 0x43, 0, 0, 0, 0, 0}, wlan(0, 0x08, 24), snap(0x0800, packet4))))),
		"TZSP":                   ether(0x0800, ip4(17, 0, udp(5555, 37008, join([]byte{1, 0, 0, 1, 10, 1, 5, 1}, frame4)))),
		"TZSP, raw IP":           ether(0x0800, ip4(17, 0, udp(5555, 37008, join([]byte{1, 0, 0, 7, 1}, packet4)))),
		"Mobile IP":              ether(0x0800, ip4(17, 0, udp(434, 434, join([]byte{4, 4, 0, 0}, packet4)))),
		"Mobile IP, IPv6":        ether(0x0800, ip4(17, 0, udp(5555, 434, join([]byte{4, 41, 0, 0}, packet6)))),
		"mirrored by a router":   ether(0x0800, ip4(17, 0, udp(5555, 30030, join(u32(1), u32(2), packet6)))),
		"mirrored PPP":           ether(0x0800, ip4(17, 0, udp(5555, 30030, join(u32(1), u32(2), []byte{0xff, 3, 0, 0x21}, packet4)))),
		"VMware Lab Manager":     ether(0x88de, join(make([]byte, 22), u16(0x0800), packet4)),
		"LWAPP":                  ether(0x88bb, join([]byte{0, 0, 0, 0, 0, 0}, wlan(0x08, 1, 24), snap(0x0800, packet4))),
		"LWAPP, UDP":             ether(0x0800, ip4(17, 0, udp(5555, 12222, join([]byte{8, 0, 0, 0, 0, 0}, wlan(0, 0x08, 24), snap(0x0800, packet4))))),
		"802.11 in Ethernet":     ether(0x2452, join(wlan(0x08, 1, 24), snap(0x0800, packet4))),
		"Telkonet":               ether(0x88a1, join([]byte{0x78, 0, 0, 0, 0, 0, 0, 0}, frame4)),
		"batman-adv 9":           ether(0x4305, join([]byte{3, 9, 50}, make([]byte, 6), frame4)),
		"batman-adv 9, to all":   ether(0x4305, join([]byte{4, 9, 50}, make([]byte, 7), frame4)),
		"batman-adv 13, to all":  ether(0x4305, join([]byte{4, 13, 50}, make([]byte, 10), frame4)),
		"batman-adv 14":          ether(0x4305, join([]byte{3, 14, 50, 0}, make([]byte, 6), frame4)),
		"DSR":                    ether(0x0800, ip4(48, 0, join([]byte{6, 0, 0, 4, 1, 2, 3, 4}, segment))),
		"AX.25":                  ether(0x0800, ip4(93, 0, ax25(0xcc, packet4))),
		"Token Ring in SNAP":     ether(8+2+14+8+len(packet4), join(bridged(9), []byte{0, 0}, []byte{0x10, 0x40}, frame4[:12], snap(0x0800, packet4))),
		"FDDI in SNAP, FCS":      ether(8+3+13+8+len(packet4)+4, join(bridged(4), []byte{0, 0, 0}, []byte{0x50}, frame4[:12], snap(0x0800, packet4), u32(0))),
		"AWDL in SNAP":           ether(16+len(packet6), join([]byte{0xaa, 0xaa, 3, 0, 0x17, 0xf2, 8, 0}, []byte{3, 4, 9, 0, 0, 0, 0x86, 0xdd}, packet6)),
		"Omnipeek":               ether(0x0800, ip4(17, 0, udp(5555, 5000, join(u32(0x00ffabcd), []byte{2}, u32(20), u32(6), make([]byte, 7), wlan(0x08, 1, 24), snap(0x0800, packet4), u32(0))))),
		"RFtap":                  ether(0x0800, ip4(17, 0, udp(5555, 52001, join([]byte("RFta"), []byte{3, 0, 1, 0, 105, 0, 0, 0}, wlan(0x08, 1, 24), snap(0x0800, packet4))))),
		"GRE in Geneve":          ether(0x0800, ip4(17, 0, udp(5555, 6081, join([]byte{0, 0, 8, 0, 0, 0, 5, 0}, ip4(47, 0, join(u16(0), u16(0x0800), packet4)))))),
		"IPv6 under IPv4's type": ether(0x0800, packet6),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) { checkSegment(t, decode(capture.LinkEthernet, data)) })
	}
}

// TestDecodeBigTCP holds that a segment longer than 64 KiB has its length.
func TestDecodeBigTCP(t *testing.T) {
	payload := make([]byte, 70000)
	big := testTCP(nil, payload)
	jumbo := join([]byte{6, 0, 0xc2, 4}, u32(uint32(8+len(big))), big) // jumbo payload option
	data := ether(0x86dd, ip6(0, jumbo))
	data[14+4], data[14+5] = 0, 0 // payload length
	if p := decode(capture.LinkEthernet, data); p.Content != dissect.ContentTCP || p.TCP.Len != len(payload) {
		t.Errorf("with the option: content %d, length %d", p.Content, p.TCP.Len)
	}
	data = ether(0x86dd, ip6(6, big))
	data[14+4], data[14+5] = 0, 0
	if p := decode(capture.LinkEthernet, data); p.Content != dissect.ContentTCP || p.TCP.Len != len(payload) {
		t.Errorf("without: content %d, length %d", p.Content, p.TCP.Len)
	}
}

// TestDecodeNotFollowed holds that what only looks like a segment is none.
func TestDecodeNotFollowed(t *testing.T) {
	tests := []struct {
		name    string
		link    capture.LinkType
		data    []byte
		content dissect.Content
		problem dissect.Problem
	}{
		{"empty", capture.LinkEthernet, nil, dissect.ContentNone, dissect.ProblemMalformed},
		{"unknown link", 9999, frame4, dissect.ContentNone, dissect.ProblemLinkType},
		{"unknown EtherType", capture.LinkEthernet, ether(0x1234, packet4), dissect.ContentNone, dissect.ProblemUnknownProto},
		{"type that is neither", capture.LinkEthernet, ether(1510, packet4), dissect.ContentNone, dissect.ProblemUnknownProto},
		{"PPP, compressed header", capture.LinkPPP, []byte{0xff, 3, 0, 0x2d, 0x10, 0x95, 0xcd, 1}, dissect.ContentPiece, dissect.ProblemCompressed},
		{"PPP, slot of no header", capture.LinkPPP, []byte{0xff, 3, 0, 0x2f, 0x45}, dissect.ContentPiece, dissect.ProblemUnknownProto},
		{"PIM Hello", capture.LinkEthernet, ether(0x0800, ip4(103, 0, join([]byte{0x20, 0, 0, 0}, u32(1<<16), packet4))), dissect.ContentOther, dissect.ProblemUnknownProto},
		{"PIM Null-Register", capture.LinkEthernet, ether(0x0800, ip4(103, 0, join([]byte{0x21, 0, 0, 0}, u32(1<<30), packet4))), dissect.ContentOther, dissect.ProblemUnknownProto},
		{"ESP", capture.LinkEthernet, ether(0x0800, ip4(50, 0, segment)), dissect.ContentOther, dissect.ProblemUnknownProto},
		{"UDP that is no tunnel", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(1, 2, segment))), dissect.ContentUDP, dissect.ProblemNone},
		{"VXLAN-GPE between its ports, of a protocol that is not followed", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(4790, 4790,
			join([]byte{0x0c, 0, 0, 7, 0, 0, 5, 0}, []byte{0x0c, 0, 0, 1, 0, 0, 5, 0}, packet4)))), dissect.ContentOther, dissect.ProblemUnknownProto},
		{"VXLAN's port, no frame", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(1, 4789, make([]byte, 60)))), dissect.ContentUDP, dissect.ProblemNone},
		{"Geneve's port, other bytes", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(1, 6081, segment))), dissect.ContentUDP, dissect.ProblemNone},
		{"GTP's port, other message", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(1, 2152, join([]byte{0x30, 26, 0, 0}, u32(0), packet4)))), dissect.ContentUDP, dissect.ProblemNone},
		{"L2TP control", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(1701, 1701, join(u16(0xc802), packet4)))), dissect.ContentUDP, dissect.ProblemNone},
		{"sFlow", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(1, 6343, frame4))), dissect.ContentUDP, dissect.ProblemNone},
		{"ICMP error", capture.LinkEthernet, ether(0x0800, ip4(1, 0, join([]byte{3, 3, 0, 0}, u32(0), packet4))), dissect.ContentICMP, dissect.ProblemNone},
		{"802.11, A-MSDU of two", capture.Link80211, join(wlan(0x88, 1, 24), []byte{0x80, 0}, subframe(packet4), subframe(packet4)), dissect.ContentTCP, dissect.ProblemAggregate},
		{"802.11, A-MSDU of one", capture.Link80211, join(wlan(0x88, 1, 24), []byte{0x80, 0}, subframe(packet4), make([]byte, 4)), dissect.ContentTCP, dissect.ProblemNone},
		{"802.11, encrypted", capture.Link80211, join(wlan(0x08, 0x41, 24), snap(0x0800, packet4)), dissect.ContentNone, dissect.ProblemUnknownProto},
		{"802.11, beacon", capture.Link80211, join(wlan(0x80, 0, 24), snap(0x0800, packet4)), dissect.ContentNone, dissect.ProblemUnknownProto},
		{"802.11, no data", capture.Link80211, join(wlan(0x48, 1, 24), snap(0x0800, packet4)), dissect.ContentNone, dissect.ProblemUnknownProto},
		{"802.11, fragment", capture.Link80211, join(wlan(0x08, 5, 24), snap(0x0800, packet4)), dissect.ContentPiece, dissect.ProblemUnknownProto},
		{"IPv4 header too short", capture.LinkIPv4, join([]byte{0x44}, packet4[1:]), dissect.ContentNone, dissect.ProblemMalformed},
		{"IPv4 length below its header", capture.LinkIPv4, join(packet4[:2], u16(19), packet4[4:]), dissect.ContentNone, dissect.ProblemMalformed},
		{"data offset below 5", capture.LinkIPv4, ip4(6, 0, join(segment[:12], []byte{0x40}, segment[13:])), dissect.ContentOther, dissect.ProblemMalformed},
		{"TCP that the packet ends in", capture.LinkIPv4, ip4(6, 0, segment[:15]), dissect.ContentOther, dissect.ProblemMalformed},
		{"segment routing header without its segments", capture.LinkIPv6, ip6(43, join([]byte{6, 0, 4, 0, 0, 0, 0, 0}, segment)), dissect.ContentOther, dissect.ProblemMalformed},
		{"LWAPP control", capture.LinkEthernet, ether(0x88bb, join([]byte{4, 0, 0, 0, 0, 0}, wlan(0x08, 1, 24), snap(0x0800, packet4))), dissect.ContentNone, dissect.ProblemUnknownProto},
		{"Mobile IP registration", capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(434, 434, join([]byte{1, 4, 0, 0}, packet4)))), dissect.ContentUDP, dissect.ProblemNone},
		{"AX.25 without an end of its addresses", capture.LinkIPv4, ip4(93, 0, make([]byte, 200)), dissect.ContentOther, dissect.ProblemMalformed},
		{"AX.25, one address", capture.LinkIPv4, ip4(93, 0, []byte{0, 0, 0, 0, 0, 0, 1, 3, 0xcc}), dissect.ContentOther, dissect.ProblemMalformed},
		{"DSR longer than its packet", capture.LinkIPv4, ip4(48, 0, join([]byte{6, 0, 0xff, 0xff}, segment)), dissect.ContentOther, dissect.ProblemMalformed},
		{"Omnipeek, header longer than its packet", capture.LinkIPv4, ip4(17, 0, udp(1, 2, join(u32(0x00ffabcd), []byte{2}, u32(1<<31), u32(6), segment))), dissect.ContentUDP, dissect.ProblemNone},
		{"Omnipeek, nothing but a header", capture.LinkIPv4, ip4(17, 0, udp(1, 2, join(u32(0x00ffabcd), []byte{2}, u32(20), u32(6), make([]byte, 7)))), dissect.ContentOther, dissect.ProblemMalformed},
		{"RFtap, link type not known", capture.LinkIPv4, ip4(17, 0, udp(1, 2, join([]byte("RFta"), []byte{3, 0, 1, 0, 0x0f, 0x27, 0, 0}, segment))), dissect.ContentUDP, dissect.ProblemNone},
		{"SCTP", capture.LinkIPv4, ip4(132, 0, segment), dissect.ContentOther, dissect.ProblemNone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := decode(test.link, test.data)
			if p.Content != test.content || p.Problem != test.problem {
				t.Errorf("content %d, problem %q, layers %v", p.Content, p.Problem, layerNames(p))
			}
		})
	}
}

// TestDecodeCut holds where a segment that the capture cut off still is one:
// as far as its window, and with the length that it had on the wire.
func TestDecodeCut(t *testing.T) {
	data := ether(0x0800, ip4(6, 0, testTCP(synOptions, []byte("Hello\n"))))
	for n := range len(data) + 1 {
		p := decodeFrame(&capture.Frame{Link: capture.LinkEthernet, Data: data[:n], OrigLen: len(data)})
		const tcpAt = 34
		if want := n >= tcpAt+16; (p.Content == dissect.ContentTCP) != want {
			t.Fatalf("%d bytes: content %d", n, p.Content)
		}
		if n < tcpAt+40 && p.Problem != dissect.ProblemTruncated {
			t.Errorf("%d bytes: problem %q", n, p.Problem)
		}
		if p.Content != dissect.ContentTCP {
			continue
		}
		if p.TCP.Len != 6 || len(p.TCP.Payload) != max(0, n-tcpAt-40) || len(p.TCP.Options) != min(20, max(0, n-tcpAt-20)) {
			t.Errorf("%d bytes: length %d, payload %d, options %d", n, p.TCP.Len, len(p.TCP.Payload), len(p.TCP.Options))
		}
	}
}

// TestDecodeReuse holds that a Packet carries nothing over to the next frame.
func TestDecodeReuse(t *testing.T) {
	frames := [][]byte{
		frame4,
		ether(0x8100, vlan(5, 0x0806, arpRequest())),
		ether(0x0800, ip4(6, 0x2000, segment)),
		ether(0x0800, ip4(1, 0, join([]byte{3, 3, 0, 0}, u32(0), packet4))),
		ether(0x0800, ip4(17, 0, udp(1, 2, nil))),
		nil,
	}
	var (
		d      dissect.Decoder
		reused dissect.Packet
	)
	for _, first := range frames {
		for _, second := range frames {
			f := capture.Frame{Link: capture.LinkEthernet, Data: first, OrigLen: len(first)}
			d.Decode(&f, &reused)
			g := capture.Frame{Link: capture.LinkEthernet, Data: second, OrigLen: len(second)}
			d.Decode(&g, &reused)
			fresh := decodeFrame(&g)
			if got, want := summary(&reused), summary(fresh); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

// TestDecodeDeep holds that headers beyond MaxLayers end neither the program
// nor, up to a point, the search for the segment.
func TestDecodeDeep(t *testing.T) {
	tagged := func(n int) []byte {
		b := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
		for range n {
			b = append(b, 0x81, 0, 0, 5)
		}
		return append(append(b, 8, 0), packet4...)
	}
	if p := decode(capture.LinkEthernet, tagged(100)); p.Content != dissect.ContentTCP || p.Problem != dissect.ProblemTooDeep || p.NumLayers != dissect.MaxLayers {
		t.Errorf("100 tags: content %d, problem %q, %d layers", p.Content, p.Problem, p.NumLayers)
	}
	if p := decode(capture.LinkEthernet, tagged(50000)); p.Content != dissect.ContentNone || p.Problem != dissect.ProblemTooDeep {
		t.Errorf("50000 tags: content %d, problem %q", p.Content, p.Problem)
	}
}

// TestDecodeAllocations holds that no packet costs an allocation.
func TestDecodeAllocations(t *testing.T) {
	frames := map[string][]byte{
		"plain":    frame4,
		"IPv6":     ether(0x86dd, packet6),
		"VXLAN":    ether(0x0800, ip4(17, 0, udp(5555, 4789, join([]byte{8, 0, 0, 0, 0, 0, 5, 0}, frame4)))),
		"ICMP":     ether(0x0800, ip4(1, 0, join([]byte{3, 3, 0, 0}, u32(0), packet4))),
		"fragment": ether(0x0800, ip4(6, 0x2000, segment)),
	}
	for name, data := range frames {
		f := &capture.Frame{Link: capture.LinkEthernet, Data: data, OrigLen: len(data)}
		var (
			d dissect.Decoder
			p dissect.Packet
			o dissect.Options
		)
		if n := testing.AllocsPerRun(100, func() {
			d.Decode(f, &p)
			p.TCP.ParseOptions(&o)
			p.CheckChecksums()
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestDecodeNames holds that the headers of well-known tunnels have their names.
func TestDecodeNames(t *testing.T) {
	for _, test := range []struct {
		kind dissect.LayerKind
		data []byte
	}{
		{dissect.LayerCAPWAP, ether(0x0800, ip4(17, 0, udp(5555, 5247, join([]byte{0, 0x10, 0, 0, 0, 0, 0, 0}, frame4))))},
		{dissect.LayerCAPWAP, capwapPart(1, 0, true, 0, frame4)},
		{dissect.LayerLISP, ether(0x0800, ip4(17, 0, udp(5555, 4341, join(make([]byte, 8), packet4))))},
		{dissect.LayerNSH, ether(0x894f, join([]byte{0x0f, 0xc2, 2, 3, 0, 0, 1, 0xff}, frame4))},
		{dissect.LayerMACsec, ether(0x88e5, join(make([]byte, 6), u16(0x0800), packet4))},
		{dissect.LayerMACsec, ether(0x88e5, join([]byte{0x0c, 0, 0, 0, 0, 1}, packet4))}, // encrypted
		{dissect.LayerBATMAN, ether(0x4305, join([]byte{3, 14, 50, 0}, make([]byte, 6), frame4))},
		{dissect.LayerBATMAN, meshPart(1, 0, 99, frame4)},
	} {
		if p := decode(capture.LinkEthernet, test.data); !slices.ContainsFunc(p.Layers[:p.NumLayers], func(l dissect.Layer) bool { return l.Kind == test.kind }) {
			t.Errorf("no %v in %v", test.kind, layerNames(p))
		}
	}
}
