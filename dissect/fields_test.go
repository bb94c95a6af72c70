package dissect_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// show writes a layer's fields, one a line.
func show(l dissect.LayerFields) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %d+%d\n", l.OSI, l.Name, l.Offset, l.Length)
	showFields(&b, l.Fields)
	return b.String()
}

func showFields(b *strings.Builder, fields []dissect.Field) {
	for _, f := range fields {
		fmt.Fprintf(b, "%d+%d %s: %s", f.Bit, f.Bits, f.Name, f.Value)
		if f.Meaning != "" {
			fmt.Fprintf(b, " (%s)", f.Meaning)
		}
		b.WriteByte('\n')
		showFields(b, f.Parts)
	}
}

func ExamplePacket_Fields() {
	p := decode(capture.LinkEthernet, ether(0x8100, vlan(5, 0x0800, packet4)))
	for _, l := range p.Fields()[:2] {
		fmt.Print(show(l))
	}
	// Output:
	// 2 Ethernet 0+14
	// 0+48 destination address: 02:00:00:00:00:01 (locally administered)
	// 0+24 first half (OUI): 02:00:00 (of no maker: given locally)
	// 6+1 local bit: 1 (given locally, by software)
	// 7+1 group bit: 0 (of one interface)
	// 48+48 source address: 02:00:00:00:00:02 (locally administered)
	// 48+24 first half (OUI): 02:00:00 (of no maker: given locally)
	// 54+1 local bit: 1 (given locally, by software)
	// 55+1 group bit: 0 (of one interface)
	// 96+16 EtherType: 0x8100 (802.1Q VLAN tag)
	// 2 VLAN 14+4
	// 0+3 priority code point: 0
	// 3+1 drop eligible indicator: 0
	// 4+12 VLAN identifier: 5
	// 16+16 EtherType: 0x0800 (IPv4)
}

// TestFieldsValues holds values and places of some fields of each kind.
func TestFieldsValues(t *testing.T) {
	ttl := label(100, true)
	tests := map[string]struct {
		data []byte
		kind dissect.LayerKind
		want []string
	}{
		"IPv4": {ether(0x0800, ip4(6, 0x4000, segment)), dissect.LayerIPv4, []string{
			"0+4 version: 4\n", "4+4 header length: 5 (20 bytes)\n", "16+16 total length: 46\n", "32+16 identification: 0x1234 (the same in all fragments of one packet)\n",
			"49+1 don't fragment: 1 (routers must not fragment)\n", "64+8 time to live: 64 (each router takes one off)\n", "72+8 protocol: 6 (TCP)\n",
			"96+32 source address: 192.0.2.1\n", "(good)\n",
		}},
		"IPv6": {ether(0x86dd, packet6), dissect.LayerIPv6, []string{
			"12+20 flow label: 0x00000\n", "32+16 payload length: 26\n", "48+8 next header: 6 (TCP)\n", "64+128 source address: 2001:db8::1\n",
		}},
		"TCP": {ether(0x0800, ip4(6, 0, testTCP(synOptions, nil))), dissect.LayerTCP, []string{
			"4 TCP 34+40\n", "32+32 sequence number: 16909060 (the initial one (ISS); data begin one later)\n", "96+4 data offset: 10 (40 bytes)\n", "107+1 ACK: 1 (acknowledgment number holds)\n",
			"111+1 FIN: 0 (not set)\n", "160+32 maximum segment size: 1460 (bytes of data fit into a segment to this end)\n", "176+16 largest segment: 1460 (bytes of data)\n", "208+80 timestamps: 123/0 (value/echo reply)\n",
			"288+8 no-operation: 1 (one byte of filling)\n", "296+24 window scale: 7 (windows count 128 times)\n",
		}},
		"segment routing": {ether(0x86dd, ip6(43, join([]byte{6, 2, 4, 0, 0, 0, 0, 0}, dst6.AsSlice(), segment))), dissect.LayerRouting, []string{
			"16+8 routing type: 4 (segment routing)\n", "64+128 segment 0: 2001:db8::2\n",
		}},
		"fragment": {ether(0x86dd, ip6(44, fragment6(6, 64, true, segment))), dissect.LayerFragment, []string{
			"16+13 fragment offset: 8 (64 bytes)\n", "31+1 more fragments: 1 (not the last fragment)\n", "32+32 identification: 0x00abcdef\n",
		}},
		"ICMP": {ether(0x0800, ip4(1, 0, join([]byte{3, 4, 0, 0}, u32(1400), packet4))), dissect.LayerICMPv4, []string{
			"0+8 type: 3 (DestinationUnreachable(FragmentationNeeded))\n", "48+16 next-hop MTU: 1400\n",
		}},
		"ARP": {ether(0x0806, arpRequest()), dissect.LayerARP, []string{
			"48+16 operation: 1 (request)\n", "112+32 sender protocol address: 192.0.2.1\n", "192+32 target protocol address: 198.51.100.2\n",
		}},
		"MPLS": {ether(0x8847, join(ttl, packet4)), dissect.LayerMPLS, []string{
			"0+20 label: 100\n", "23+1 bottom of stack: 1 (last label)\n", "24+8 time to live: 64\n",
		}},
		"GRE": {ether(0x0800, ip4(47, 0, join(u16(0x2000), u16(0x0800), u32(77), packet4))), dissect.LayerGRE, []string{
			"2+1 key present: 1 (key follows)\n", "16+16 protocol type: 0x0800 (IPv4)\n", "32+32 key: 0x0000004d\n",
		}},
		"VXLAN": {ether(0x0800, ip4(17, 0, udp(5555, 4789, join([]byte{8, 0, 0, 0, 0, 0, 5, 0}, frame4)))), dissect.LayerVXLAN, []string{
			"4+1 VNI present: 1 (network identifier holds)\n", "32+24 VXLAN network identifier: 5\n",
		}},
		"PPPoE": {ether(0x8864, join([]byte{0x11, 0}, u16(9), u16(2+len(packet4)), u16(0x21), packet4)), dissect.LayerPPPoE, []string{
			"16+16 session identifier: 0x0009\n", "32+16 length: 48\n",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, l := range decode(capture.LinkEthernet, test.data).Fields() {
				if l.Kind != test.kind {
					continue
				}
				text := show(l)
				for _, want := range test.want {
					if !strings.Contains(text, want) {
						t.Errorf("no %q in\n%s", want, text)
					}
				}
				return
			}
			t.Fatal("no such layer")
		})
	}
}

// checkFields holds that fields lie in their layers, in order and without
// overlap, and that the layers that are given in full leave no bit out.
func checkFields(t testing.TB, p *dissect.Packet) {
	t.Helper()
	layers := p.Fields()
	if len(layers) < p.NumLayers {
		t.Fatalf("%d of %d layers", len(layers), p.NumLayers)
	}
	for _, l := range layers {
		size := len(p.Frame.Data)
		if l.Joined {
			size = len(p.Joined)
		}
		if l.Offset < 0 || l.Length < 0 || l.Offset+l.Length > size {
			t.Fatalf("frame %d: %s at %d+%d of %d", p.Frame.Number, l.Name, l.Offset, l.Length, size)
		}
		end := checkOrder(t, p, &l, l.Fields, 0, l.Length*8)
		if inFull(l.Kind) && end != l.Length*8 {
			t.Fatalf("frame %d: %s ends at %d of %d\n%s", p.Frame.Number, l.Name, end, l.Length*8, show(l))
		}
	}
}

// checkOrder holds it of the fields between two bits, and of their parts.
func checkOrder(t testing.TB, p *dissect.Packet, l *dissect.LayerFields, fields []dissect.Field, end, limit int) int {
	t.Helper()
	for _, f := range fields {
		if f.Computed() {
			continue
		}
		if f.Bit < end || f.Bit+f.Bits > limit {
			t.Fatalf("frame %d: %s of %s at %d+%d, after %d of %d", p.Frame.Number, f.Name, l.Name, f.Bit, f.Bits, end, limit)
		}
		if inFull(l.Kind) && limit == l.Length*8 && f.Bit != end {
			t.Fatalf("frame %d: %s leaves out %d to %d", p.Frame.Number, l.Name, end, f.Bit)
		}
		last := checkOrder(t, p, l, f.Parts, f.Bit, f.Bit+f.Bits)
		if f.Group && last != f.Bit+f.Bits {
			t.Fatalf("frame %d: %s of %s is a group that ends at %d of %d", p.Frame.Number, f.Name, l.Name, last, f.Bit+f.Bits)
		}
		end = f.Bit + f.Bits
	}
	return end
}

func inFull(k dissect.LayerKind) bool {
	switch k {
	case dissect.LayerEthernet, dissect.LayerVLAN, dissect.LayerIPv4, dissect.LayerIPv6, dissect.LayerUDP, dissect.LayerTCP, dissect.LayerTrailer,
		dissect.LayerHopByHop, dissect.LayerDestination, dissect.LayerRouting, dissect.LayerMPLS, dissect.LayerVXLAN, dissect.LayerFragment:
		return true
	}
	return false
}

func TestFieldsOfCorpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpusDir, "*.pcap*"))
	hostile, _ := filepath.Glob(filepath.Join(corpusDir, "..", "hostile-dev", "*.pcap*"))
	if len(files) == 0 {
		t.Skip("no corpus at " + corpusDir)
	}
	for _, name := range append(files, hostile...) {
		n := 0
		eachPacket(t, name, func(p *dissect.Packet) {
			if n++; n <= 300 {
				checkFields(t, p)
			}
		})
	}
}

func TestOptionNames(t *testing.T) {
	for kind, want := range map[uint8]string{2: "maximum segment size", 30: "multipath TCP (MPTCP)", 200: "unassigned"} {
		if got := dissect.OptionName(kind); got != want {
			t.Errorf("%d: %q", kind, got)
		}
	}
	for kind, want := range map[uint16]string{0x0800: "IPv4", 0x88cc: "LLDP", 0x0001: ""} {
		if got := dissect.EtherTypeName(kind); got != want {
			t.Errorf("%#04x: %q", kind, got)
		}
	}
	for kind, want := range map[uint8]string{6: "TCP", 47: "GRE", 89: "OSPF", 250: ""} {
		if got := dissect.ProtocolName(kind); got != want {
			t.Errorf("%d: %q", kind, got)
		}
	}
}
