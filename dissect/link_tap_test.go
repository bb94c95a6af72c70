package dissect_test

import (
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// tapped are the forms in which instruments, routers and switches give frame4
// or packet4.
var tapped = []struct {
	name   string
	link   capture.LinkType
	data   []byte
	layers []dissect.LayerKind
}{
	{"IP over Fibre Channel", capture.LinkIPFC, join(make([]byte, 16), snap(0x0800, packet4)),
		kinds(dissect.LayerOther, dissect.LayerLLC, dissect.LayerSNAP)},
	{"DOCSIS", capture.LinkDOCSIS, join([]byte{0, 0}, u16(len(frame4)+4), u16(0), frame4, make([]byte, 4)),
		kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"DOCSIS, extended header", capture.LinkDOCSIS, join([]byte{1, 3}, u16(len(frame4)+7), []byte{0x31, 1, 2}, u16(0), frame4, make([]byte, 4), make([]byte, 9)),
		kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"pppd", capture.LinkPPPPPPD, join([]byte{1, 3, 0, 0x21}, packet4), kinds(dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, Ethernet", capture.LinkJuniperEther, join([]byte("MGC\x01"), frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"Juniper, extensions", capture.LinkJuniperEther, join([]byte("MGC\x80"), u16(6), []byte{1, 1, 1, 2, 1, 1}, frame4),
		kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"Juniper, no link layer", capture.LinkJuniperEther, join([]byte("MGC\x02"), []byte{2, 0, 0, 0}, packet4), kinds(dissect.LayerOther)},
	{"Juniper, PPP", capture.LinkJuniperPPP, join([]byte("MGC\x00"), []byte{0xff, 3, 0, 0x21}, packet4),
		kinds(dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, Frame Relay", capture.LinkJuniperFrame, join([]byte("MGC\x00"), []byte{0x18, 0x41, 3, 0xcc}, packet4),
		kinds(dissect.LayerOther, dissect.LayerFrameRelay, dissect.LayerOther)},
	{"Juniper, Cisco HDLC", capture.LinkJuniperCHDLC, join([]byte("MGC\x00"), []byte{0x0f, 0, 8, 0}, packet4),
		kinds(dissect.LayerOther, dissect.LayerCHDLC)},
	{"Juniper, PPPoE", capture.LinkJuniperPPPoE, join([]byte("MGC\x00"), frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"Juniper, multilink, no cookie", capture.LinkJuniperMLPPP, join([]byte("MGC\x00"), []byte{0xff, 3, 0, 0x21}, packet4),
		kinds(dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, multilink, cookie of 2", capture.LinkJuniperMLPPP, join([]byte("MGC\x00"), []byte{1, 2, 0, 0x21}, packet4),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, multilink, cookie of 4", capture.LinkJuniperMLPPP, join([]byte("MGC\x00"), []byte{0x54, 1, 2, 3, 0, 0x21}, packet4),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, multilink, cookie of 8", capture.LinkJuniperMLPPP, join([]byte("MGC\x01"), []byte{0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0x21}, packet4),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, multilink, from the router", capture.LinkJuniperMLPPP, join([]byte("MGC\x01"), []byte{0x47, 0, 0, 0, 3, 0, 0, 0}, packet4),
		kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, multilink, IPv6", capture.LinkJuniperMLFR, join([]byte("MGC\x01"), []byte{0x40, 0, 0, 0, 0, 0x10, 0, 0}, packet6),
		kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, multilink, Frame Relay", capture.LinkJuniperMLFR, join([]byte("MGC\x00"), []byte{0x18, 0x41, 3, 0xcc}, packet4),
		kinds(dissect.LayerOther, dissect.LayerFrameRelay, dissect.LayerOther)},
	{"Juniper, GGSN", capture.LinkJuniperGGSN, join([]byte("MGC\x00"), []byte{2, 0, 5, 0}, packet4), kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, ATM 1", capture.LinkJuniperATM1, join([]byte("MGC\x00"), make([]byte, 4), snap(0x0800, packet4)),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerLLC, dissect.LayerSNAP)},
	{"Juniper, ATM 2", capture.LinkJuniperATM2, join([]byte("MGC\x00"), make([]byte, 8), packet4), kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, ATM 2, PPP", capture.LinkJuniperATM2, join([]byte("MGC\x00"), make([]byte, 8), []byte{0, 0x57}, packet6),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerPPP)},
	{"Juniper, to a service", capture.LinkJuniperServices, join([]byte("MGC\x01"), make([]byte, 16), packet4), kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, from a service", capture.LinkJuniperServices, join([]byte("MGC\x00"), make([]byte, 12), packet4), kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, voice", capture.LinkJuniperVoice, join([]byte("MGC\x00"), make([]byte, 18), packet4), kinds(dissect.LayerOther, dissect.LayerOther)},
	{"Juniper, service without a link layer", capture.LinkJuniperServices, join([]byte("MGC\x02"), []byte{2, 0, 0, 0}, packet4), kinds(dissect.LayerOther)},
	{"AX.25", capture.LinkAX25, ax25(0xcc, packet4), kinds(dissect.LayerOther)},
	{"AX.25, KISS", capture.LinkAX25KISS, join([]byte{0}, ax25(0xcc, packet4)), kinds(dissect.LayerOther, dissect.LayerOther)},
	{"TZSP", capture.LinkTZSP, join([]byte{1, 0, 0, 1, 1}, frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"EPON", capture.LinkEPON, join([]byte{0x55, 0x55, 0xd5, 0x55, 0x55, 0, 1, 0xaa}, frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"Elektrobit", capture.LinkEBHSCR, join([]byte{0x50}, make([]byte, 31), frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"GFP, Ethernet", capture.LinkGFPF, gfp(0, 1, frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"GFP, scrambled", capture.LinkGFPT, gfp(0xb6ab31e0, 2, join([]byte{0xff, 3, 0, 0x21}, packet4)), kinds(dissect.LayerOther, dissect.LayerPPP)},
	{"GFP, extension and FCS", capture.LinkGFPF, gfp(0, 0x1110, join(make([]byte, 4), packet4, make([]byte, 4))), kinds(dissect.LayerOther)},
	{"GFP, IPv6", capture.LinkGFPF, gfp(0, 17, packet6), kinds(dissect.LayerOther)},
	{"ERF, Ethernet", capture.LinkERF, erf(2, nil, join([]byte{0, 0}, frame4, make([]byte, 4)), len(frame4)+4),
		kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"ERF, two extension headers", capture.LinkERF,
		erf(0x82, []byte{0x83, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}, join([]byte{0, 0}, frame4, make([]byte, 4)), len(frame4)+4),
		kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"ERF, HDLC", capture.LinkERF, erf(1, nil, join([]byte{0xff, 3, 0, 0x21}, packet4, make([]byte, 4)), len(packet4)+8),
		kinds(dissect.LayerOther, dissect.LayerPPP)},
	{"ERF, HDLC of a channel", capture.LinkERF, erf(5, nil, join([]byte{0, 0, 0, 9, 0x0f, 0, 8, 0}, packet4, make([]byte, 4)), len(packet4)+8),
		kinds(dissect.LayerOther, dissect.LayerCHDLC)},
	{"ERF, IPv4", capture.LinkERF, erf(22, nil, packet4, len(packet4)), kinds(dissect.LayerOther)},
	{"Cisco HDLC and direction", capture.LinkCHDLCDir, join([]byte{1, 0x0f, 0, 8, 0}, packet4), kinds(dissect.LayerOther, dissect.LayerCHDLC)},
	{"Frame Relay and direction", capture.LinkFrameRelayDir, join([]byte{1, 0x18, 0x41, 3, 0xcc}, packet4),
		kinds(dissect.LayerOther, dissect.LayerFrameRelay, dissect.LayerOther)},
	{"netANALYZER", capture.LinkNetAnalyzer, join(make([]byte, 4), frame4, make([]byte, 4)), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"netANALYZER, preamble", capture.LinkNetAnalyzerRaw, join(make([]byte, 12), frame4, make([]byte, 4)), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"PKTAP", capture.LinkPKTAP, pktap(1, frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"PKTAP, loopback", capture.LinkPKTAP, pktap(0, join([]byte{2, 0, 0, 0}, packet4)), kinds(dissect.LayerOther, dissect.LayerNull)},
	{"Broadcom's tag", capture.LinkBroadcomTag, join(frame4[:12], u32(1), frame4[12:]), kinds(dissect.LayerOther)},
	{"Broadcom's tag in front", capture.LinkBroadcomPrepend, join(u32(1), frame4), kinds(dissect.LayerOther, dissect.LayerEthernet)},
	{"Marvell's tag", capture.LinkMarvellDSA, join(frame4[:12], u32(1), frame4[12:]), kinds(dissect.LayerOther)},
	{"SunATM, LLC", capture.LinkSunATM, join([]byte{0x82, 0, 0, 100}, snap(0x0800, packet4)),
		kinds(dissect.LayerOther, dissect.LayerLLC, dissect.LayerSNAP)},
	{"SunATM, PPP in LLC", capture.LinkSunATM, join([]byte{2, 0, 0, 100, 0xfe, 0xfe, 3, 0xcf, 0, 0x21}, packet4),
		kinds(dissect.LayerOther, dissect.LayerLLC, dissect.LayerOther, dissect.LayerPPP)},
	{"SunATM, LAN emulation", capture.LinkSunATM, join([]byte{1, 0, 0, 100, 0, 5}, frame4),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerEthernet)},
	{"SunATM, IP alone", capture.LinkSunATM, join([]byte{0, 0, 0, 100}, packet4), kinds(dissect.LayerOther)},
	{"SunATM, LLC that nothing says", capture.LinkSunATM, join([]byte{0, 0, 0, 100}, snap(0x0800, packet4)),
		kinds(dissect.LayerOther, dissect.LayerLLC, dissect.LayerSNAP)},
	{"SunATM, PPP", capture.LinkSunATM, join([]byte{0, 0, 0, 100, 0, 0x21}, packet4), kinds(dissect.LayerOther, dissect.LayerPPP)},
	{"SunATM, bridged Ethernet", capture.LinkSunATM, join([]byte{0, 0, 0, 100, 0, 0}, frame4),
		kinds(dissect.LayerOther, dissect.LayerOther, dissect.LayerEthernet)},
	{"SunATM, Frame Relay", capture.LinkSunATM, join([]byte{0, 0, 0, 100, 0x18, 0x41, 3, 0xcc}, packet4),
		kinds(dissect.LayerOther, dissect.LayerFrameRelay, dissect.LayerOther)},
	{"Marvell's tag with EtherType", capture.LinkMarvellEDSA, join(frame4[:12], u32(0xdada0000), u32(1), frame4[12:]), kinds(dissect.LayerOther)},
}

// gfp is a frame of the generic framing procedure: length and checksum, changed
// by a mask, type and checksum.
func gfp(mask uint32, kind int, payload []byte) []byte {
	return join(u32(uint32(4+len(payload))<<16^mask), u16(kind), u16(0), payload)
}

// erf is a record of Endace's: time, type, flags, lengths.
func erf(kind byte, extensions, data []byte, wire int) []byte {
	return join(make([]byte, 8), []byte{kind, 4}, u16(16+len(extensions)+len(data)), u16(0), u16(wire), extensions, data)
}

// pktap is a header of 108 octets, most of them of no interest here.
func pktap(link byte, data []byte) []byte {
	return join([]byte{108, 0, 0, 0, 1, 0, 0, 0, link, 0, 0, 0}, make([]byte, 96), data)
}

func TestTappedLinks(t *testing.T) {
	for _, test := range tapped {
		t.Run(test.name, func(t *testing.T) {
			p := decode(test.link, test.data)
			checkSegment(t, p)
			checkLayers(t, p, test.layers)
			if !test.link.Known() {
				t.Errorf("link type %d has no name", test.link)
			}
			for n := range test.data { // cut off anywhere, it is no more than that
				if p := decode(test.link, test.data[:n]); p.Content == dissect.ContentTCP && len(p.TCP.Payload) > p.TCP.Len {
					t.Fatalf("cut to %d: %+v", n, p.TCP)
				}
			}
		})
	}
}

func TestTapped(t *testing.T) {
	f := capture.Frame{Link: capture.LinkPKTAP, Data: pktap(1, frame4), OrigLen: 1000}
	in := dissect.Tapped(&f)
	if in.Link != capture.LinkEthernet || string(in.Data) != string(frame4) || in.OrigLen != 892 {
		t.Errorf("link %v, %d bytes of %d", in.Link, len(in.Data), in.OrigLen)
	}
	for _, data := range [][]byte{nil, {1}, pktap(2, nil)[:40], append([]byte{11}, pktap(1, frame4)[1:]...)} {
		f.Data = data
		if in := dissect.Tapped(&f); in.Link != capture.LinkPKTAP || len(in.Data) != len(data) {
			t.Errorf("%d bytes became %d of %v", len(data), len(in.Data), in.Link)
		}
	}
}

// TestUser2 holds that a link type for private use is taken for what Apple's
// tcpdump writes with it only where it looks like that.
func TestUser2(t *testing.T) {
	p := decode(capture.LinkUser2, pktap(1, frame4))
	checkSegment(t, p)
	checkLayers(t, p, kinds(dissect.LayerOther, dissect.LayerEthernet))
	f := capture.Frame{Link: capture.LinkUser2, Data: pktap(1, frame4), OrigLen: 1000}
	if in := dissect.Tapped(&f); in.Link != capture.LinkEthernet || string(in.Data) != string(frame4) {
		t.Errorf("link %v, %d bytes", in.Link, len(in.Data))
	}
	for _, data := range [][]byte{nil, {1}, frame4, packet4} {
		if p := decode(capture.LinkUser2, data); p.Content == dissect.ContentTCP || p.Problem != dissect.ProblemLinkType {
			t.Errorf("%x: content %v, problem %v", data, p.Content, p.Problem)
		}
		f.Data = data
		if in := dissect.Tapped(&f); in.Link != capture.LinkUser2 || len(in.Data) != len(data) {
			t.Errorf("%d bytes became %d of %v", len(data), len(in.Data), in.Link)
		}
	}
}

// TestATMWithoutSegments has traffic that is none of IP, even if it looks like it.
func TestATMWithoutSegments(t *testing.T) {
	for name, data := range map[string][]byte{
		"control of LAN emulation": join([]byte{1, 0, 0, 100, 0xff, 0}, frame4),
		"LLC without LLC":          join([]byte{2, 0, 0, 100}, packet4),
		"management":               join([]byte{5, 0, 0, 16}, packet4),
		"signalling":               join([]byte{6, 0, 0, 5}, packet4),
	} {
		if p := decode(capture.LinkSunATM, data); p.Content == dissect.ContentTCP {
			t.Errorf("%s: there is a segment", name)
		}
	}
}
