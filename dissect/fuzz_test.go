package dissect_test

import (
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// links are the link types that the fuzzers choose from.
var links = []capture.LinkType{
	capture.LinkEthernet, capture.LinkNull, capture.LinkTokenRing, capture.LinkSLIP, capture.LinkPPP, capture.LinkFDDI,
	capture.LinkRaw, capture.LinkPPPSerial, capture.LinkPPPEther, capture.LinkCHDLC, capture.Link80211,
	capture.LinkFrameRelay, capture.LinkLoop, capture.LinkSLL, capture.LinkPrism, capture.LinkRadiotap, capture.LinkAVS,
	capture.LinkPPPDir, capture.LinkIPv4, capture.LinkIPv6, capture.LinkEthernetMPacket, capture.LinkSLL2,
	capture.LinkPPI, capture.LinkNFLog, capture.LinkPFLog, capture.LinkENC, capture.LinkSymantec, capture.LinkSunATM,
	capture.LinkATMLLC, capture.LinkIPoIB, capture.LinkAppleIPOver1394, capture.LinkIPNET, 9999,
	capture.LinkARCNET, capture.LinkARCNETLinux, capture.LinkIPFC, capture.LinkDOCSIS, capture.LinkPPPPPPD,
	capture.LinkJuniperEther, capture.LinkJuniperPPP, capture.LinkJuniperFrame, capture.LinkJuniperCHDLC, capture.LinkERF,
	capture.LinkCHDLCDir, capture.LinkFrameRelayDir, capture.LinkNetAnalyzer, capture.LinkNetAnalyzerRaw, capture.LinkPKTAP, capture.LinkUser2,
	capture.LinkBroadcomTag, capture.LinkBroadcomPrepend, capture.LinkMarvellDSA, capture.LinkMarvellEDSA,
	capture.LinkJuniperMLPPP, capture.LinkJuniperMLFR, capture.LinkJuniperGGSN, capture.LinkJuniperATM1, capture.LinkJuniperATM2,
	capture.LinkJuniperServices, capture.LinkJuniperVoice, capture.LinkJuniperPPPoE, capture.LinkAX25, capture.LinkAX25KISS, capture.LinkTZSP,
	capture.LinkGFPT, capture.LinkGFPF, capture.LinkEPON, capture.LinkEBHSCR,
}

// seeds are packets of each kind of header.
func seeds(add func(link byte, data []byte)) {
	for _, data := range [][]byte{
		frame4,
		ether(0x88a8, vlan(5, 0x8100, vlan(6, 0x86dd, packet6))),
		ether(8+len(packet4), snap(0x0800, packet4)),
		ether(0x8847, join(label(100, true), u32(7), frame4)),
		ether(0x86dd, ip6(0, join([]byte{43, 0, 1, 4, 0, 0, 0, 0}, []byte{6, 2, 4, 0, 0, 0, 0, 0}, make([]byte, 16), segment))),
		ether(0x0800, ip4(47, 0, join(u16(0x1000), u16(0x88be), u32(1), []byte{0x10, 5, 0, 0, 0, 0, 0, 0}, frame4))),
		ether(0x0800, ip4(17, 0, udp(5555, 4789, join([]byte{8, 0, 0, 0, 0, 0, 5, 0}, frame4)))),
		ether(0x0800, ip4(17, 0, udp(2152, 2152, join([]byte{0x34, 255}, u16(8+len(packet6)), u32(7), []byte{0, 0, 0, 0x85}, []byte{1, 0, 9, 0}, packet6)))),
		ether(0x0806, arpRequest()),
		ether(0x0800, ip4(1, 0, join([]byte{3, 4, 0, 0}, u32(1400), packet4))),
		ether(0x894f, join([]byte{0x0f, 0xc2, 2, 3, 0, 0, 1, 0xff}, frame4)),
		ether(0x0800, ip4(17, 0, udp(5555, 5000, join(u32(0x00ffabcd), []byte{2}, u32(20), u32(6), make([]byte, 7), wlan(0x08, 1, 24), snap(0x0800, packet4), u32(0))))),
		ether(0x0800, ip4(17, 0, udp(5555, 52001, join([]byte("RFta"), []byte{3, 0, 1, 0, 0, 0, 0, 0}, []byte{2, 0, 0, 0}, packet4)))),
		capwapPart(9, 0, true, 0, frame4[:32]),
		ether(0x0800, ip4(93, 0, ax25(0xcc, packet4))),
		ether(0x0800, ip4(48, 0, join([]byte{6, 0, 0, 4, 1, 2, 3, 4}, segment))),
	} {
		add(0, data)
	}
	for i, link := range links {
		switch link {
		case capture.LinkPPP:
			add(byte(i), []byte{0xff, 3, 0, 0x2d, 0x7f, 3, 1, 2, 4, 0, 1, 0, 9, 5, 6, 7})
		case capture.LinkJuniperMLPPP:
			add(byte(i), join([]byte("MGC\x01"), []byte{0x47, 0, 0, 0, 3, 0, 0, 0}, packet4))
		case capture.LinkJuniperATM2:
			add(byte(i), join([]byte("MGC\x00"), make([]byte, 8), snap(0x0800, packet4)))
		case capture.LinkGFPF:
			add(byte(i), gfp(0, 0x1110, join(make([]byte, 4), packet4, make([]byte, 4))))
		}
	}
	add(13, join(sll(1, 0x0800), packet4))
	add(15, join(radiotap(0x30), wlan(0x88, 3, 32), snap(0x0800, packet4)))
	add(5, join([]byte{0xff, 3, 0, 0x3d, 0xc0, 0, 0, 1, 0, 0x21}, packet4))
	add(23, join([]byte{2, 0, 0, 0}, []byte{byte(4 + len(packet4)), 0, 9, 0}, packet4))
}

// check holds what is true of every packet, however hostile.
func check(t *testing.T, p *dissect.Packet) {
	t.Helper()
	for _, l := range p.Layers[:p.NumLayers] {
		size := len(p.Frame.Data)
		if l.Joined {
			size = len(p.Joined)
		}
		if l.Offset < 0 || l.Length < 0 || int(l.Offset+l.Length) > size {
			t.Fatalf("%v at %d+%d of %d", l.Kind, l.Offset, l.Length, size)
		}
	}
	if p.Content == dissect.ContentTCP {
		if p.TCP.Len < len(p.TCP.Payload) && p.Problem != dissect.ProblemFragment || p.IP.Version == 0 || p.TCP.Header < 20 || len(p.TCP.Options) > 40 {
			t.Fatalf("%+v", p.TCP)
		}
	}
	if p.Content == dissect.ContentFragment && len(p.Fragment.Data) > p.Fragment.Len {
		t.Fatalf("%+v", p.Fragment)
	}
	p.CheckChecksums()
}

func FuzzDecode(f *testing.F) {
	seeds(func(link byte, data []byte) { f.Add(link, data, uint16(0)) })
	f.Fuzz(func(t *testing.T, link byte, data []byte, more uint16) {
		frame := capture.Frame{Number: 1, Link: links[int(link)%len(links)], Data: data, OrigLen: len(data) + int(more)}
		p := decodeFrame(&frame)
		check(t, p)
		var o dissect.Options
		p.TCP.ParseOptions(&o)
	})
}

func FuzzFields(f *testing.F) {
	seeds(func(link byte, data []byte) { f.Add(link, data) })
	f.Fuzz(func(t *testing.T, link byte, data []byte) {
		frame := capture.Frame{Number: 1, Link: links[int(link)%len(links)], Data: data, OrigLen: len(data)}
		checkFields(t, decodeFrame(&frame))
	})
}

// FuzzJoin takes its input as frames: a length each, a multiple of 4, in the
// first octet.
func FuzzJoin(f *testing.F) {
	pack := func(frames ...[]byte) []byte {
		var b []byte
		for _, data := range frames {
			n := (len(data) + 3) / 4
			b = append(append(append(b, byte(n)), data...), make([]byte, 4*n-len(data))...)
		}
		return b
	}
	f.Add(pack(cut4(0, 64), cut4(64, 128)))
	f.Add(pack(cut6(64, 128), cut6(0, 64)))
	f.Add(pack(cut4(0, 64), cut4(48, 128), cut4(0, 64)))
	f.Add(pack(cut6(0, 64), cut6(48, 128), cut6(64, 128)))
	vx := func(frame []byte) []byte { return udp(5555, 4789, join([]byte{8, 0, 0, 0, 0, 0, 5, 0}, frame)) }
	f.Add(pack(ether(0x0800, ip4(17, 0, vx(cut4(0, 64)))), ether(0x86dd, ip6(17, vx(cut4(64, 128))))))
	f.Add(pack(ether(0x0800, ip4(108, 0, ipComp(6, segment)))))
	f.Add(pack(ether(0x0800, ip4(108, 0, ipComp(4, ip4(108, 0, ipComp(44, fragment6(6, 0, true, segment))))))))
	f.Add(pack(ether(0x8864, join([]byte{0x11, 0}, u16(1), u16(2+len(packet4)), u16(0x2f), packet4))))
	session := func(b []byte) []byte { return ether(0x8864, join([]byte{0x11, 0}, u16(1), u16(len(b)), b)) }
	before, after := sentAs(1, 2000, 5000, 0x10, 4000, 0, "x"), sentAs(2, 2001, 5000, 0x38, 4009, 1, "y")
	f.Add(pack(session(inSlot(3, before)), session(asChanged(0x5b, 3, []byte{1, 9, 1}, after)), session(asChanged(0x6f, 3, []byte{0, 1, 2}, after))))
	f.Add(pack(meshPart(1, 0, 20, frame4[:10]), meshPart(1, 1, 20, []byte{0x40, 15, 50, 0, 2, 0, 0, 0, 0, 7})))
	f.Add(pack(capwapPart(9, 0, true, 0, frame4[:32]), capwapPart(9, 32, false, 0, frame4[32:])))
	over := func(n byte, more bool, b []byte) []byte { // 802.11 in GRE, as Aruba's access points send it
		return ether(0x0800, ip4(47, 0, join(u16(0), u16(0x8200), wlanPiece(9, n, more, 1, b))))
	}
	cut := snap(0x0800, ip4(108, 0, ipComp(6, segment)))
	f.Add(pack(over(0, true, cut[:20]), over(1, true, cut[20:30]), over(2, false, cut[30:])))
	link := func(flags byte, number uint32, b []byte) []byte { // a multilink in PPPoE
		b = join([]byte{0, 0x3d}, u32(uint32(flags)<<24|number), b)
		return ether(0x8864, join([]byte{0x11, 0}, u16(1), u16(len(b)), b))
	}
	f.Add(pack(link(0x80, 1, []byte{0, 0x21}), link(0, 2, packet4[:20]), link(0x40, 3, packet4[20:])))
	nested := vx(cut6(0, 64))
	f.Add(pack(ether(0x0800, ip4(17, 0x2000, nested[:64])), ether(0x0800, ip4(17, 64/8, nested[64:])), cut6(64, 128)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var (
			d dissect.Decoder
			j dissect.Joiner
			p dissect.Packet
		)
		for n := int64(1); len(data) > 0; n++ {
			size := min(int(data[0])*4, len(data)-1)
			frame := capture.Frame{Number: n, Link: capture.LinkEthernet, Data: data[1 : 1+size], OrigLen: size}
			data = data[1+size:]
			d.Decode(&frame, &p)
			if j.Join(&p, &d) && len(p.Joined) == 0 {
				t.Fatal("put together from nothing")
			}
			check(t, &p)
			checkFields(t, &p)
		}
	})
}
