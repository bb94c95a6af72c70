package dissect_test

import (
	"fmt"
	"net/netip"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// summary is everything of a packet that can be compared.
func summary(p *dissect.Packet) string {
	return fmt.Sprintf("%d %q %v vlan %d %v ip %+v tcp %+v udp %d %d icmp %+v neighbour %+v fragment %+v payload %x joined %x %v layers %v",
		p.Content, p.Problem, p.NumLayers, p.VLAN, p.HasVLAN, p.IP, p.TCP, p.UDPSrc, p.UDPDst, p.ICMP, p.Neighbour, p.Fragment,
		p.Payload, p.Joined, p.Fragments, p.Layers[:p.NumLayers])
}

// arpRequest asks who has 198.51.100.2.
func arpRequest() []byte {
	return join(
		u16(1), u16(0x0800), []byte{6, 4}, u16(1), // Ethernet, IPv4, request
		[]byte{2, 0, 0, 0, 0, 1}, src4.AsSlice(),
		make([]byte, 6), dst4.AsSlice(),
	)
}

func TestARP(t *testing.T) {
	request := arpRequest()
	reply := join(request)
	reply[7] = 2
	tests := map[string]struct {
		data []byte
		want dissect.Neighbour
	}{
		"request": {request, dissect.Neighbour{ARP: true, Sender: src4, Target: dst4, SenderMAC: [6]byte{2, 0, 0, 0, 0, 1}, HasMAC: true}},
		"reply":   {reply, dissect.Neighbour{ARP: true, Reply: true, Sender: src4, Target: src4, SenderMAC: [6]byte{2, 0, 0, 0, 0, 1}, HasMAC: true}},
	}
	for name, test := range tests {
		if p := decode(capture.LinkEthernet, ether(0x0806, test.data)); p.Content != dissect.ContentNeighbour || p.Neighbour != test.want {
			t.Errorf("%s: content %d, %+v", name, p.Content, p.Neighbour)
		}
	}
}

func TestNeighbourDiscovery(t *testing.T) {
	message := func(kind, option byte) []byte {
		return ether(0x86dd, ip6(58, join(
			[]byte{kind, 0, 0, 0}, u32(0), dst6.AsSlice(),
			[]byte{14, 1, 0, 0, 0, 0, 0, 0}, // nonce
			[]byte{option, 1, 2, 0, 0, 0, 0, 9},
		)))
	}
	mac := [6]byte{2, 0, 0, 0, 0, 9}
	for name, test := range map[string]struct {
		data []byte
		want dissect.Neighbour
	}{
		"solicitation":         {message(135, 1), dissect.Neighbour{Sender: src6, Target: dst6, SenderMAC: mac, HasMAC: true}},
		"advertisement":        {message(136, 2), dissect.Neighbour{Reply: true, Sender: src6, Target: dst6, SenderMAC: mac, HasMAC: true}},
		"other's link address": {message(136, 1), dissect.Neighbour{Reply: true, Sender: src6, Target: dst6}},
	} {
		if p := decode(capture.LinkEthernet, test.data); p.Content != dissect.ContentNeighbour || p.Neighbour != test.want {
			t.Errorf("%s: content %d, %+v", name, p.Content, p.Neighbour)
		}
	}
}

// TestICMPQuotes holds that errors are tied to the segment that they quote,
// of which eight octets suffice, and four for all but its number.
func TestICMPQuotes(t *testing.T) {
	quoted := dissect.ICMP{
		Error: true, QuotedTCP: true, QuotedSeq: 0x01020304,
		QuotedSrc: netip.AddrPortFrom(src4, 4000), QuotedDst: netip.AddrPortFrom(dst4, 80),
	}
	cut := func(m dissect.ICMP) dissect.ICMP {
		m.QuotedSeq, m.QuotedCut = 0, true
		return m
	}
	ports := cut(quoted)
	quoted6 := quoted
	quoted6.QuotedSrc, quoted6.QuotedDst = netip.AddrPortFrom(src6, 4000), netip.AddrPortFrom(dst6, 80)
	with := func(m dissect.ICMP, version, kind, code byte, mtu uint32) dissect.ICMP {
		m.Version, m.Type, m.Code, m.MTU = version, kind, code, mtu
		return m
	}
	v4 := func(kind, code byte, rest uint32, quote []byte) []byte {
		return ip4(1, 0, join([]byte{kind, code, 0, 0}, u32(rest), quote))
	}
	v6 := func(kind, code byte, rest uint32, quote []byte) []byte {
		return ip6(58, join([]byte{kind, code, 0, 0}, u32(rest), quote))
	}
	none := dissect.ICMP{Error: true}
	via, via6 := quoted, quoted6
	via.QuotedVia, via6.QuotedVia = dst4, dst6
	inner6 := via
	inner6.QuotedSrc, inner6.QuotedDst = quoted6.QuotedSrc, quoted6.QuotedDst
	gre := join(u16(0), u16(0x0800))
	vxlan := udp(50000, 4789, join([]byte{8, 0, 0, 0}, u32(7<<8), ether(0x0800, packet4)))
	for name, test := range map[string]struct {
		data []byte
		want dissect.ICMP
	}{
		"port unreachable":     {v4(3, 3, 0, packet4), with(quoted, 4, 3, 3, 0)},
		"eight octets":         {v4(11, 0, 0, packet4[:28]), with(quoted, 4, 11, 0, 0)},
		"seven octets":         {v4(11, 0, 0, packet4[:27]), with(ports, 4, 11, 0, 0)},
		"four octets":          {v4(11, 0, 0, packet4[:24]), with(ports, 4, 11, 0, 0)},
		"three octets":         {v4(11, 0, 0, packet4[:23]), with(none, 4, 11, 0, 0)},
		"fragmentation needed": {v4(3, 4, 1400, packet4[:28]), with(quoted, 4, 3, 4, 1400)},
		"quotes UDP":           {v4(3, 3, 0, ip4(17, 0, udp(1, 2, nil))), with(none, 4, 3, 3, 0)},
		"quotes a fragment":    {v4(11, 1, 0, ip4(6, 5, segment)), with(none, 4, 11, 1, 0)},
		"in GRE":               {v4(3, 1, 0, ip4(47, 0, join(gre, packet4))), with(via, 4, 3, 1, 0)},
		"in GRE, ports alone":  {v4(3, 1, 0, ip4(47, 0, join(gre, packet4))[:48]), with(cut(via), 4, 3, 1, 0)},
		"in GRE, cut before":   {v4(3, 1, 0, ip4(47, 0, join(gre, packet4))[:47]), with(none, 4, 3, 1, 0)},
		"IP in IP":             {v4(3, 4, 1400, ip4(4, 0, packet4)), with(via, 4, 3, 4, 1400)},
		"IPv6 in IPv4":         {v4(11, 0, 0, ip4(41, 0, packet6)), with(inner6, 4, 11, 0, 0)},
		"IP in IPv6":           {v6(2, 0, 1280, ip6(41, packet6)), with(via6, 6, 2, 0, 1280)},
		"in VXLAN":             {v4(3, 4, 1450, ip4(17, 0, vxlan)), with(via, 4, 3, 4, 1450)},
		"an error in GRE":      {v4(3, 1, 0, ip4(47, 0, join(gre, v4(3, 1, 0, packet4)))), with(none, 4, 3, 1, 0)},
		"echo":                 {v4(8, 0, 0, packet4), dissect.ICMP{Version: 4, Type: 8}},
		"IPv6 unreachable":     {v6(1, 4, 0, packet6[:48]), with(quoted6, 6, 1, 4, 0)},
		"packet too big":       {v6(2, 0, 1280, packet6), with(quoted6, 6, 2, 0, 1280)},
		"with extension":       {v6(1, 0, 0, ip6(0, join([]byte{6, 0, 1, 4, 0, 0, 0, 0}, segment))), with(quoted6, 6, 1, 0, 0)},
		"echo of IPv6":         {v6(128, 0, 0, packet6), dissect.ICMP{Version: 6, Type: 128}},
	} {
		if p := decode(capture.LinkRaw, test.data); p.Content != dissect.ContentICMP || p.ICMP != test.want {
			t.Errorf("%s: content %d\ngot  %+v\nwant %+v", name, p.Content, p.ICMP, test.want)
		}
	}
}
