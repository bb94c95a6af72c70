package dissect_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// oracle decodes Ethernet, 802.1Q, IPv4, IPv6 and TCP with gopacket.
type oracle struct {
	eth     layers.Ethernet
	tag     layers.Dot1Q
	ip4     layers.IPv4
	ip6     layers.IPv6
	tcp     layers.TCP
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
}

func newOracle() *oracle {
	o := new(oracle)
	o.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &o.eth, &o.tag, &o.ip4, &o.ip6, &o.tcp)
	o.parser.IgnoreUnsupported = true
	return o
}

// segment reports whether data is a segment to gopacket, whole and with
// nothing around it that it does not know.
func (o *oracle) segment(data []byte) bool {
	err := o.parser.DecodeLayers(data[:len(data):len(data)], &o.decoded)
	return err == nil && !o.parser.Truncated && len(o.decoded) > 0 && o.decoded[len(o.decoded)-1] == layers.LayerTypeTCP
}

// agree holds that both read the same.
func (o *oracle) agree(t testing.TB, p *dissect.Packet) {
	t.Helper()
	if p.Content != dissect.ContentTCP {
		t.Fatalf("frame %d: gopacket sees a segment; content %d, problem %q", p.Frame.Number, p.Content, p.Problem)
	}
	ip := dissect.IP{Version: 6, HopLimit: o.ip6.HopLimit, TOS: o.ip6.TrafficClass}
	src, dst := o.ip6.SrcIP, o.ip6.DstIP
	for _, l := range o.decoded {
		if l == layers.LayerTypeIPv4 {
			ip = dissect.IP{Version: 4, HopLimit: o.ip4.TTL, TOS: o.ip4.TOS, ID: uint32(o.ip4.Id)}
			src, dst = o.ip4.SrcIP, o.ip4.DstIP
		}
	}
	ip.Src, _ = netip.AddrFromSlice(src)
	ip.Dst, _ = netip.AddrFromSlice(dst)
	if p.IP.Version != ip.Version || p.IP.HopLimit != ip.HopLimit || p.IP.TOS != ip.TOS || p.IP.ID != ip.ID ||
		p.IP.Src != ip.Src || p.IP.Dst != ip.Dst {
		t.Errorf("frame %d: got %+v, gopacket %+v", p.Frame.Number, p.IP, ip)
	}
	h := &o.tcp
	flags := dissect.Flags(0)
	for i, set := range [...]bool{h.FIN, h.SYN, h.RST, h.PSH, h.ACK, h.URG, h.ECE, h.CWR, h.NS} {
		if set {
			flags |= 1 << i
		}
	}
	g := &p.TCP
	if g.SrcPort != uint16(h.SrcPort) || g.DstPort != uint16(h.DstPort) || uint32(g.Seq) != h.Seq || uint32(g.Ack) != h.Ack ||
		g.Flags&0x1ff != flags || g.Window != h.Window || g.Checksum != h.Checksum || g.Urgent != h.Urgent ||
		int(g.Header) != int(h.DataOffset)*4 || string(g.Payload) != string(h.Payload) || g.Len != len(h.Payload) {
		t.Errorf("frame %d: got %+v, gopacket %+v", p.Frame.Number, g, h)
	}
	o.agreeOptions(t, p)
}

func (o *oracle) agreeOptions(t testing.TB, p *dissect.Packet) {
	t.Helper()
	i := 0
	for r := range p.TCP.RawOptions() {
		if i >= len(o.tcp.Options) {
			t.Errorf("frame %d: option %+v more than gopacket's", p.Frame.Number, r)
			return
		}
		want := o.tcp.Options[i]
		if r.Kind != uint8(want.OptionType) || string(r.Data) != string(want.OptionData) {
			t.Errorf("frame %d: option %+v, gopacket %v", p.Frame.Number, r, want)
		}
		i++
	}
	if i != len(o.tcp.Options) {
		t.Errorf("frame %d: %d options, gopacket %d", p.Frame.Number, i, len(o.tcp.Options))
	}
}

// TestAgainstGopacket holds that Ethernet, IP and TCP are read as gopacket
// reads them, in captures and in these tests' own packets.
func TestAgainstGopacket(t *testing.T) {
	o := newOracle()
	compared := 0
	for _, data := range [][]byte{
		frame4, ether(0x86dd, packet6), ether(0x8100, vlan(5, 0x0800, packet4)),
		ether(0x0800, ip4(6, 0, testTCP(synOptions, nil))), ether(0x86dd, ip6(6, testTCP(timestampOptions, make([]byte, 1000)))),
	} {
		if !o.segment(data) {
			t.Fatalf("gopacket does not take %x", data)
		}
		o.agree(t, decode(capture.LinkEthernet, data))
		compared++
	}
	files, _ := filepath.Glob(filepath.Join(corpusDir, "*.pcap*"))
	if len(files) == 0 {
		t.Log("own packets only: no corpus at " + corpusDir)
	}
	for _, name := range files {
		eachPacket(t, name, func(p *dissect.Packet) {
			if p.Frame.Link == capture.LinkEthernet && len(p.Joined) == 0 && len(p.Frame.Data) == p.Frame.OrigLen && o.segment(p.Frame.Data) {
				o.agree(t, p)
				compared++
			}
		})
	}
	t.Logf("%d segments compared", compared)
}
