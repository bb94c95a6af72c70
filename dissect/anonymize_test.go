package dissect_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

func newAnonymizer(t testing.TB, o dissect.AnonymizeOptions) *dissect.Anonymizer {
	t.Helper()
	a, err := dissect.NewAnonymizer(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// commonBits is how many bits two addresses of a family begin with alike.
func commonBits(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			n := 8 * i
			for ; d&0x80 == 0; d <<= 1 {
				n++
			}
			return n
		}
	}
	return 8 * len(x)
}

func TestAnonymousAddressesKeepPrefixes(t *testing.T) {
	a := newAnonymizer(t, dissect.AnonymizeOptions{Key: "a class"})
	r := rand.New(rand.NewPCG(1, 2))
	for _, base := range []string{"10.1.2.3", "93.184.216.34", "192.168.7.9", "169.254.3.4", "240.1.2.3", "2a01:4f8:1:2::3", "fe80::1234:5678:9abc:def0", "fd12::9", "2001:db8::1"} {
		x := netip.MustParseAddr(base)
		for range 300 {
			raw := x.AsSlice()
			bit := r.IntN(8 * len(raw))
			raw[bit/8] ^= 0x80 >> (bit % 8)
			for i := bit + 1; i < 8*len(raw); i++ {
				if r.IntN(2) == 1 {
					raw[i/8] ^= 0x80 >> (i % 8)
				}
			}
			y, _ := netip.AddrFromSlice(raw)
			if x.Is6() != y.Is6() || y.IsMulticast() || y.Is6() && y.AsSlice()[0] == 0 {
				continue // their rules are others
			}
			if got, want := commonBits(a.Addr(x), a.Addr(y)), commonBits(x, y); got != want {
				t.Fatalf("%v and %v have %d bits in common; %v and %v have %d", x, y, want, a.Addr(x), a.Addr(y), got)
			}
		}
	}
}

func TestAnonymousRangesStay(t *testing.T) {
	a := newAnonymizer(t, dissect.AnonymizeOptions{})
	for _, same := range []string{"0.0.0.0", "127.0.0.1", "127.3.2.1", "224.0.0.251", "239.255.255.250", "255.255.255.255", "::", "::1", "ff02::1", "ff02::fb"} {
		if x := netip.MustParseAddr(same); a.Addr(x) != x {
			t.Errorf("%v becomes %v", x, a.Addr(x))
		}
	}
	for _, in := range []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fe80::/64", "fd00::/8", "::ffff:0:0/96", "64:ff9b::/96"} {
		p := netip.MustParsePrefix(in)
		raw := p.Addr().AsSlice()
		binary.BigEndian.PutUint16(raw[len(raw)-2:], 0x1234)
		x, _ := netip.AddrFromSlice(raw)
		if !p.Contains(a.Addr(x)) {
			t.Errorf("%v becomes %v, which is not in %v", x, a.Addr(x), p)
		}
	}
	for _, other := range []string{"8.8.8.8", "141.1.1.1", "2a00:1450:4001::5"} {
		x := netip.MustParseAddr(other)
		if y := a.Addr(x); y == x || y.IsPrivate() || y.IsLoopback() || y.IsMulticast() || y.IsLinkLocalUnicast() {
			t.Errorf("%v becomes %v", x, y)
		}
	}
}

func TestAnonymousKeys(t *testing.T) {
	x := netip.MustParseAddrPort("93.184.216.34:50000")
	one, same := newAnonymizer(t, dissect.AnonymizeOptions{Key: "k", Ports: true}), newAnonymizer(t, dissect.AnonymizeOptions{Key: "k", Ports: true})
	other, unknown := newAnonymizer(t, dissect.AnonymizeOptions{Key: "l"}), newAnonymizer(t, dissect.AnonymizeOptions{})
	if one.AddrPort(x) != same.AddrPort(x) {
		t.Errorf("one key, two addresses: %v and %v", one.AddrPort(x), same.AddrPort(x))
	}
	if one.Addr(x.Addr()) == other.Addr(x.Addr()) || one.Addr(x.Addr()) == unknown.Addr(x.Addr()) {
		t.Error("two keys, one address")
	}
	seen := make(map[uint16]bool)
	for p := range 1 << 16 {
		y := one.AddrPort(netip.AddrPortFrom(x.Addr(), uint16(p))).Port()
		if seen[y] || p < 1024 && int(y) != p || p == 4789 && y != 4789 {
			t.Fatalf("port %d becomes %d", p, y)
		}
		seen[y] = true
		if other.AddrPort(netip.AddrPortFrom(x.Addr(), uint16(p))).Port() != uint16(p) {
			t.Fatalf("port %d is not kept", p)
		}
	}
}

func TestAnonymousLinkAddresses(t *testing.T) {
	a := newAnonymizer(t, dissect.AnonymizeOptions{})
	for _, same := range [][6]byte{{}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 0, 0x5e, 0, 0, 0xfb}, {0x33, 0x33, 0, 0, 0, 1}, {1, 0x80, 0xc2, 0, 0, 0}} {
		if a.MAC(same) != same {
			t.Errorf("%x becomes %x", same, a.MAC(same))
		}
	}
	x := [6]byte{0x3c, 0x22, 0xfb, 1, 2, 3}
	if y := a.MAC(x); y[0] != 2 || [3]byte(y[1:4]) == [3]byte(x[1:4]) || a.MAC(x) != y {
		t.Errorf("%x becomes %x", x, y)
	}
	if y := a.MAC([6]byte{3, 0xbf, 192, 168, 1, 1}); y[0] != 3 || [4]byte(y[2:]) == [4]byte{192, 168, 1, 1} {
		t.Errorf("a group becomes %x", y)
	}
	// The group in which a host listens for who asks for its address goes on
	// being that of its address.
	host := a.Addr(netip.MustParseAddr("2a01:4f8::a:b:c:d")).As16()
	group := a.Addr(netip.MustParseAddr("ff02::1:ff0c:d")).As16()
	mac := a.MAC([6]byte{0x33, 0x33, 0xff, 0x0c, 0, 0x0d})
	if [3]byte(host[13:]) != [3]byte(group[13:]) || [3]byte(mac[3:]) != [3]byte(host[13:]) {
		t.Errorf("host %x, its group %x, at %x", host, group, mac)
	}
}

// Captures that are made anonymous in tests.
func anonymousCaptures(t testing.TB) []string {
	names, _ := filepath.Glob("../testdata/*.pcap*")
	if _, err := os.Stat(corpusDir); err != nil {
		t.Logf("no corpus: %v", err)
		return names
	}
	more, _ := filepath.Glob(corpusDir + "/*.pcap*")
	return append(names, more...)
}

// checksumsOf are states of checksums with fragments put together.
type checksumsOf struct{ ip, transport dissect.ChecksumState }

// TestAnonymousCaptures makes recorded captures anonymous: what is read of
// them stays, and nothing of what they said does.
func TestAnonymousCaptures(t *testing.T) {
	plain, shuffled := newAnonymizer(t, dissect.AnonymizeOptions{}), newAnonymizer(t, dissect.AnonymizeOptions{Ports: true})
	for i, name := range anonymousCaptures(t) {
		a := plain
		if i%3 == 0 && !strings.Contains(name, "defrag") { // ports that are in another fragment than their checksum
			a = shuffled
		}
		src, err := capture.OpenFile(name)
		if err != nil {
			continue
		}
		var (
			d        dissect.Decoder
			j, k     dissect.Joiner
			old, new dissect.Packet
			blank    int
			chance   int
			frames   int
		)
		for err == nil {
			var batch []capture.Frame
			batch, err = src.Next()
			for i := range batch {
				f := &batch[i]
				if f.Record != capture.RecordPacket {
					continue
				}
				frames++
				d.Decode(f, &old)
				g := a.Frame(f)
				d.Decode(g, &new)
				if old.NumLayers != new.NumLayers || old.Content != new.Content {
					if blank++; testing.Verbose() {
						t.Logf("blank: %v %v", old.Layers[:old.NumLayers], old.Content)
					}
					continue
				}
				secrets(t, name, a, &old, g)
				j.Join(&old, &d)
				k.Join(&new, &d)
				if old.Content != new.Content {
					t.Errorf("%s: frame %d: %v put together is %v, and was %v", name, f.Number, g.Data, new.Content, old.Content)
					continue
				}
				var was, is checksumsOf
				was.ip, was.transport = old.CheckChecksums()
				is.ip, is.transport = new.CheckChecksums()
				if len(old.Fragments) > 0 && was.transport == dissect.ChecksumOffloaded {
					continue // how long the whole would be is not known when the first fragment is changed
				}
				if was.ip == is.ip && was.transport == dissect.ChecksumOffloaded && is.transport == dissect.ChecksumGood {
					chance++ // the rest of one segment in 65536 adds up to nothing
					continue
				}
				if was != is {
					t.Errorf("%s: frame %d: checksums were %v, %v, are %v, %v", name, f.Number, was.ip, was.transport, is.ip, is.transport)
				}
			}
		}
		src.Close()
		if blank > 0 {
			t.Logf("%s: %d of %d frames are blank", filepath.Base(name), blank, frames)
		}
		if chance > 1+frames/1000 {
			t.Errorf("%s: %d of %d checksums left to the card became good", name, chance, frames)
		}
		if blank > frames/10 {
			t.Errorf("%s: %d of %d frames are blank", name, blank, frames)
		}
	}
}

// secrets looks in g for what the packet that it was made of said.
func secrets(t testing.TB, name string, a *dissect.Anonymizer, p *dissect.Packet, g *capture.Frame) {
	t.Helper()
	payload := p.Payload
	switch p.Content {
	case dissect.ContentICMP: // what it quotes is compared by shape
		payload = nil
	case dissect.ContentFragment: // the transport's header is in it
		payload = payload[min(len(payload), max(0, 60-p.Fragment.Offset)):]
	}
	for i := 0; i+8 <= len(payload); i++ {
		if w := payload[i : i+8]; distinct(w) > 3 && bytes.Contains(g.Data, w) {
			t.Errorf("%s: frame %d: %x of the payload is still there", name, g.Number, w)
			break
		}
	}
	for _, addr := range []netip.Addr{p.IP.Src, p.IP.Dst} {
		if raw := addr.AsSlice(); addr.IsValid() && a.Addr(addr) != addr && distinct(raw) > 3 && bytes.Contains(g.Data, raw) {
			t.Errorf("%s: frame %d: address %v is still there", name, g.Number, addr)
		}
	}
	if p.NumLayers > 0 && p.Layers[0].Kind == dissect.LayerEthernet {
		for _, mac := range [][]byte{p.Frame.Data[:6], p.Frame.Data[6:12]} {
			if a.MAC([6]byte(mac)) != [6]byte(mac) && distinct(mac) > 3 && bytes.Contains(g.Data, mac) {
				t.Errorf("%s: frame %d: link address %x is still there", name, g.Number, mac)
			}
		}
	}
}

// TestAnonymousQuotesInTunnels holds that what an error quotes of a tunnel's
// packets is changed as the packets themselves are.
func TestAnonymousQuotesInTunnels(t *testing.T) {
	gre := ip4(47, 0, join(u16(0), u16(0x0800), packet4))
	vxlan := ip4(17, 0, udp(50000, 4789, join([]byte{8, 0, 0, 0}, u32(7<<8), ether(0x0800, packet4))))
	geneve := ip4(17, 0, udp(50000, 6081, join([]byte{0, 0}, u16(0x0800), u32(7<<8), packet4)))
	for name, test := range map[string]struct {
		quote []byte
		kept  bool
	}{"GRE": {gre, true}, "VXLAN": {vxlan, true}, "Geneve": {geneve, false}} {
		a := newAnonymizer(t, dissect.AnonymizeOptions{Key: "a class"})
		in := ether(0x0800, ip4(1, 0, join([]byte{3, 4, 0, 0}, u32(1400), test.quote)))
		f := capture.Frame{Link: capture.LinkEthernet, Data: in, OrigLen: len(in)}
		was, now := decode(capture.LinkEthernet, in), decode(capture.LinkEthernet, a.Frame(&f).Data)
		if !was.ICMP.QuotedTCP || now.ICMP.MTU != 1400 {
			t.Fatalf("%s: %+v becomes %+v", name, was.ICMP, now.ICMP)
		}
		m := now.ICMP
		if m.QuotedTCP != test.kept {
			t.Errorf("%s: quotes TCP still: %v", name, m.QuotedTCP)
		}
		if test.kept && (m.QuotedSrc != a.AddrPort(was.ICMP.QuotedSrc) || m.QuotedDst != a.AddrPort(was.ICMP.QuotedDst) || m.QuotedVia != a.Addr(was.ICMP.QuotedVia)) {
			t.Errorf("%s: %+v becomes %+v", name, was.ICMP, m)
		}
		if raw := was.IP.Src.AsSlice(); bytes.Count(now.Frame.Data, raw) > 0 {
			t.Errorf("%s: %v is still there", name, was.IP.Src)
		}
	}
}

// distinct counts the values in b: a few may come together by themselves.
func distinct(b []byte) int {
	seen := make(map[byte]bool)
	for _, v := range b {
		seen[v] = true
	}
	return len(seen)
}

// FuzzAnonymize makes anything anonymous: lengths stay, nothing of a planted
// payload does, and what is left is read in the same way or is blank.
func FuzzAnonymize(f *testing.F) {
	seeds(func(link byte, data []byte) { f.Add(link, data, uint16(0)) })
	f.Add(byte(0), ether(0x0800, ip4(6, 0x2000, segment[:16])), uint16(0))
	f.Add(byte(0), ether(0x86dd, cut6(64, 128)), uint16(0))
	a, err := dissect.NewAnonymizer(dissect.AnonymizeOptions{Ports: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link byte, data []byte, more uint16) {
		given := data
		data = bytes.Clone(data)
		frame := capture.Frame{Number: 1, Link: links[int(link)%len(links)], Data: data, OrigLen: len(data) + int(more), Comments: []string{"a name"}}
		before := decodeFrame(&frame)
		for i := range before.Payload {
			before.Payload[i] = byte(0xa1 + i%23)
		}
		p := decodeFrame(&frame)
		original := bytes.Clone(data)
		g := a.Frame(&frame)
		if !bytes.Equal(data, original) {
			t.Fatal("the original was changed")
		}
		if len(g.Data) != len(data) || g.OrigLen != frame.OrigLen || len(g.Comments) > 0 {
			t.Fatalf("%d bytes of %d, comments %q", len(g.Data), g.OrigLen, g.Comments)
		}
		q := decodeFrame(g)
		check(t, q)
		if p.NumLayers != q.NumLayers && (q.NumLayers > 2 || len(bytes.Trim(g.Data[min(len(g.Data), 64):], "\x00")) > 0) {
			t.Fatalf("%v became %v", p.Layers[:p.NumLayers], q.Layers[:q.NumLayers])
		}
		if p.NumLayers != before.NumLayers || len(p.Payload) != len(before.Payload) || p.Content == dissect.ContentICMP || p.Content == dissect.ContentFragment {
			return
		}
		for i := 0; i+8 <= len(p.Payload); i++ {
			if w := p.Payload[i : i+8]; bytes.Contains(g.Data, w) && !bytes.Contains(given, w) {
				t.Fatalf("%x of the payload is still there in %x, with %v, problem %v", w, g.Data, p.Layers[:p.NumLayers], p.Problem)
			}
		}
	})
}
