package filter

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"tcpsee/capture"
)

// The packets of these tests: 192.0.2.1 port 40000 talks to 192.0.2.2.

// ethernet puts an Ethernet header before what it carries.
func ethernet(typ uint16, payload []byte) []byte {
	return append([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, byte(typ >> 8), byte(typ)},
		payload...)
}

// ipv4 makes an IPv4 packet.
func ipv4(proto byte, src, dst [4]byte, payload []byte) []byte {
	n := 20 + len(payload)
	h := []byte{0x45, 0, byte(n >> 8), byte(n), 0, 1, 0, 0, 64, proto, 0, 0}
	return append(append(append(h, src[:]...), dst[:]...), payload...)
}

// icmpError makes an ICMP error of a type, quoting a packet.
func icmpError(typ byte, quoted []byte) []byte {
	icmp := append([]byte{typ, 3, 0, 0, 0, 0, 0, 0}, quoted...)
	return ethernet(etIP, ipv4(ipICMP, [4]byte{203, 0, 113, 9}, [4]byte{192, 0, 2, 1}, icmp))
}

func arpPacket(op byte, sender, target [4]byte) []byte {
	p := []byte{0, 1, 8, 0, 6, 4, 0, op, 2, 0, 0, 0, 0, 1}
	p = append(append(p, sender[:]...), 0, 0, 0, 0, 0, 0)
	return ethernet(etARP, append(p, target[:]...))
}

func TestMatchRelated(t *testing.T) {
	a, b, c := [4]byte{192, 0, 2, 1}, [4]byte{192, 0, 2, 2}, [4]byte{192, 0, 2, 3}
	tcp := tcpPacket(80)[14:42] // IPv4 header and 8 bytes, as RFC 792 wants it
	// ICMPv6 and neighbour discovery between fe80::1 and fe80::2.
	six := func(next byte, payload []byte) []byte {
		h := append([]byte{0x60, 0, 0, 0, 0, byte(len(payload)), next, 255,
			0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
			0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, payload...)
		return h
	}
	solicit := append([]byte{135, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80}, make([]byte, 13)...)
	solicit = append(solicit, 2) // the target is fe80::2
	tcp6 := six(ipTCP, []byte{0x9c, 0x40, 0, 80, 0, 0, 0, 1})
	tooBig := append([]byte{2, 0, 0, 0, 0, 0, 5, 0}, tcp6...)

	for _, tt := range []struct {
		name, expr string
		frame      []byte
		want       bool
	}{
		{"quoted port", "port 80", icmpError(3, tcp), true},
		{"other port", "port 81", icmpError(3, tcp), false},
		{"quoted addresses", "src host 192.0.2.1 and dst host 192.0.2.2", icmpError(11, tcp), true},
		{"addresses the other way", "src host 192.0.2.2", icmpError(11, tcp), false},
		{"router's address", "host 203.0.113.9", icmpError(3, tcp), false},
		{"flags are not quoted", "tcp[tcpflags] & tcp-syn != 0", icmpError(3, tcp), true},
		{"flags and another port", "tcp[13] & 2 != 0 and port 81", icmpError(3, tcp), false},
		{"no error", "port 80", icmpError(8, tcp), false},
		{"udp", "udp port 80", icmpError(3, tcp), false},
		{"cut off", "port 80", icmpError(3, tcp)[:50], false},
		{"length is not quoted", "tcp and len > 1000", icmpError(3, tcp), true},

		{"arp of the address", "tcp and host 192.0.2.2", arpPacket(1, a, b), true},
		{"arp reply", "tcp and host 192.0.2.2", arpPacket(2, b, a), true},
		{"arp of another", "tcp and host 192.0.2.3", arpPacket(1, a, b), false},
		{"arp of any", "port 80", arpPacket(1, a, b), true},
		{"arp between two", "src host 192.0.2.1 and dst host 192.0.2.3 and tcp", arpPacket(1, a, c), true},
		{"arp between others", "src host 192.0.2.1 and dst host 192.0.2.2 and tcp", arpPacket(1, a, c), false},
		{"probe", "tcp and host 192.0.2.2", arpPacket(1, [4]byte{}, b), true},
		{"gratuitous", "tcp and src host 192.0.2.2", arpPacket(1, b, b), true},
		{"gratuitous of another", "tcp and host 192.0.2.2", arpPacket(1, c, c), false},
		{"arp and IPv6", "ip6 and tcp", arpPacket(1, a, b), false},
		{"arp is cut off", "port 80", arpPacket(1, a, b)[:30], false},

		{"neighbour", "host fe80::2 and tcp", ethernet(etIPv6, six(ipICMPv6, solicit)), true},
		{"other neighbour", "host fe80::3", ethernet(etIPv6, six(ipICMPv6, solicit)), false},
		{"too big", "tcp port 80", ethernet(etIPv6, six(ipICMPv6, tooBig)), true},
		{"too big for another", "tcp port 81", ethernet(etIPv6, six(ipICMPv6, tooBig)), false},
		{"nothing", "port 80", nil, false},
	} {
		e, err := Parse(tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Matcher(capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.MatchRelated(tt.frame, len(tt.frame)); got != tt.want {
			t.Errorf("%s: %q says %v", tt.name, tt.expr, got)
		}
		// The kernel's program must let through what is related.
		prog, err := e.Compile(Options{Link: capture.LinkEthernet, ICMPErrors: true,
			Neighbours: true})
		if err != nil {
			t.Fatal(err)
		}
		if tt.want && !run(decode(prog), tt.frame, uint32(len(tt.frame))) {
			t.Errorf("%s: the program for %q rejects it\n%s", tt.name, tt.expr, Format(prog))
		}
	}
}

// TestRelatedLinks has the same quotation on other link types.
func TestRelatedLinks(t *testing.T) {
	net := icmpError(3, tcpPacket(80)[14:42])[14:]
	for _, tt := range []struct {
		link   capture.LinkType
		header []byte
	}{
		{capture.LinkEthernet, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}},
		{capture.LinkSLL, []byte{0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}},
		{capture.LinkSLL2, []byte{8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}},
		{capture.LinkRaw, nil}, {capture.LinkIPv4, nil},
		{capture.LinkNull, []byte{2, 0, 0, 0}}, {capture.LinkNull, []byte{0, 0, 0, 2}},
		{capture.LinkLoop, []byte{0, 0, 0, 2}}, {capture.LinkPPP, []byte{0xff, 3, 0, 0x21}},
	} {
		for expr, want := range map[string]bool{"port 80": true, "port 81": false} {
			e, _ := Parse(expr)
			m, err := e.Matcher(tt.link)
			if err != nil {
				t.Fatal(err)
			}
			frame := append(bytes.Clone(tt.header), net...)
			if got := m.MatchRelated(frame, len(frame)); got != want {
				t.Errorf("%v, % x: %s says %v", tt.link, tt.header, expr, got)
			}
		}
	}
}

func TestLiveMatcher(t *testing.T) {
	plain := tcpPacket(80)
	tagged := append(bytes.Clone(plain[:12]), append([]byte{0x81, 0, 0, 5}, plain[12:]...)...)
	double := append(bytes.Clone(plain[:12]), append([]byte{0x88, 0xa8, 0, 5, 0x81, 0, 0, 6},
		plain[12:]...)...)
	for _, tt := range []struct {
		expr  string
		frame []byte
		out   bool
		want  bool
	}{
		{"tcp port 80", plain, false, true},
		{"tcp port 80", tagged, false, true}, // the kernel takes the tag off
		{"vlan", plain, false, false},
		{"vlan", tagged, false, true},
		{"vlan 5", tagged, false, true},
		{"vlan 6", tagged, false, false},
		{"vlan 5 and tcp port 80", tagged, false, true},
		{"vlan and tcp port 81", tagged, false, false},
		{"vlan 5 and vlan 6 and tcp port 80", double, false, true},
		{"vlan 5 and vlan 7", double, false, false},
		{"tcp", double, false, false},
		{"len = 54", plain, false, true},
		{"len = 54", tagged, false, true},
		{"inbound", plain, false, true},
		{"inbound", plain, true, false},
		{"outbound and tcp", plain, true, true},
		{"ether host 2:0:0:0:0:1 and ether[12:2] = 0x800", tagged, false, true},
	} {
		e, err := Parse(tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.LiveMatcher(capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		f := capture.Frame{Data: tt.frame, OrigLen: len(tt.frame), Link: capture.LinkEthernet}
		if tt.out {
			f.Direction = capture.DirectionOut
		}
		if got := m.MatchFrame(&f); got != tt.want {
			t.Errorf("%s on % x: %v", tt.expr, tt.frame[:22], got)
		}
	}
}

// TestLiveMatcherOfBytes: where a program looks at bytes alone the short way
// selects what the long one does.
func TestLiveMatcherOfBytes(t *testing.T) {
	plain := tcpPacket(80)
	frames := [][]byte{plain, tcpPacket(81), plain[:40], plain[:13], nil,
		append(bytes.Clone(plain[:12]), append([]byte{0x81, 0, 0, 5}, plain[12:]...)...)}
	short := 0
	for _, expr := range []string{"tcp", "port 80", "tcp port 81", "not port 80", "ip[0] & 0xf = 5", "tcp[13] & 2 != 0",
		"host 10.0.0.1 or arp", "ip6 or less 60", "vlan", "inbound", "ether host 2:0:0:0:0:1"} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.LiveMatcher(capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		if !m.plain {
			continue
		}
		short++
		for _, data := range frames {
			long := *m
			long.plain = false
			f := capture.Frame{Data: data, OrigLen: len(data), Link: capture.LinkEthernet}
			if got, want := m.MatchFrame(&f), long.MatchFrame(&f); got != want {
				t.Errorf("%s on % x: %v, and %v the long way", expr, data, got, want)
			}
		}
	}
	if short < 6 {
		t.Errorf("%d programs look at bytes alone", short)
	}
}

// TestAnyLink runs programs for all link types over Ethernet and raw IP, with
// what the kernel would say of them, and compares with those for files.
func TestAnyLink(t *testing.T) {
	frames := readCorpus(t)
	agreed, decided := 0, 0
	for i, expr := range readLines(t, "accepted.txt") {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		prog, err := e.Compile(Options{Link: AnyLink})
		if err != nil {
			continue
		}
		for _, link := range []capture.LinkType{capture.LinkEthernet, capture.LinkRaw} {
			m, err := e.Matcher(link)
			if err != nil {
				continue
			}
			for n, f := range frames[int(link)] {
				if (n+i)%16 != 0 {
					continue
				}
				v, ok := kernelView(link, f)
				if !ok {
					continue
				}
				want := m.Match(f.data, f.origLen)
				if got := may(prog, v); got != want && !anyDiffers(expr) {
					t.Fatalf("%v, %s: %v for all link types, %v for this, frame %d of %s\n%s",
						link, expr, got, want, f.number, f.file, Format(prog))
				}
				agreed++
			}
		}
		decided += checkDecided(t, e, expr, frames[int(capture.LinkEthernet)], i)
	}
	t.Logf("%d comparisons, %d frames decided by the kernel", agreed, decided)
}

// checkDecided holds that a frame which the kernel lets through, and about which
// nothing is left to be asked, is one that the expression selects. It returns
// how many there are.
func checkDecided(t *testing.T, e *Expr, expr string, frames []frame, i int) (n int) {
	prog, err := e.Compile(Options{Link: AnyLink, ICMPErrors: true, Neighbours: true})
	if err != nil {
		return 0
	}
	m, err := e.LiveMatcher(capture.LinkEthernet)
	if err != nil {
		return 0
	}
	for k, f := range frames {
		v, ok := kernelView(capture.LinkEthernet, f)
		live := capture.Frame{Data: f.data, OrigLen: f.origLen, Link: capture.LinkEthernet}
		if (k+i)%16 != 0 || !ok || !m.Decided(&live) || !may(prog, v) {
			continue
		}
		if n++; !m.MatchFrame(&live) {
			t.Fatalf("%s: the kernel lets frame %d of %s through, and it is not selected", expr, f.number, f.file)
		}
	}
	return n
}

// TestAnyLinkTags holds that "vlan" finds a tag wherever the kernel has it:
// beside the packet, or still in it, with the network header said to begin at
// the tag or behind it.
func TestAnyLinkTags(t *testing.T) {
	plain := tcpPacket(80)
	with := func(tpid, id byte) []byte {
		return slices.Concat(plain[:12], []byte{tpid, 0, 0, id}, plain[12:])
	}
	seen := func(data []byte, netBase int, tci int) *view {
		v := &view{head: data, typeAt: -1, length: uint32(len(data)), netBase: netBase, meta: &metadata{hatype: hatypeEthernet}}
		v.meta.protocol = uint32(binary.BigEndian.Uint16(data[12:]))
		v.meta.tagged, v.meta.tci = tci >= 0, uint32(max(tci, 0))
		return v
	}
	llc := slices.Concat(plain[:12], []byte{0, 46, 0x42, 0x42, 3}, make([]byte, 43))
	received := seen(llc, 14, -1)
	received.meta.protocol = linux8022
	views := map[string]*view{
		"none": seen(plain, 14, -1), "taken off": seen(plain, 14, 5), "left there": seen(with(0x91, 5), 14, -1),
		"put there": seen(with(0x81, 5), 18, -1), "llc": received, "llc sent": seen(llc, 14, -1),
		"two": seen(with(0x81, 7), 14, 5),
	}
	for expr, want := range map[string]string{
		"vlan":                                "left there,put there,taken off,two",
		"vlan 5":                              "left there,put there,taken off,two",
		"vlan 6":                              "",
		"not vlan":                            "llc,llc sent,none",
		"vlan 5 and tcp dst port 80":          "left there,put there,taken off",
		"vlan and tcp port 81":                "",
		"vlan 5 and vlan":                     "two",
		"vlan and vlan 7 and tcp dst port 80": "two",
		"vlan or tcp dst port 80":             "left there,none,put there,taken off,two",
		"llc":                                 "llc,llc sent",
		"llc ui and stp":                      "llc,llc sent",
		"not llc and not vlan":                "none",
	} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		prog, err := e.Compile(Options{Link: AnyLink})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for name, v := range views {
			if may(prog, v) {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if got := strings.Join(got, ","); got != want {
			t.Errorf("%s: %s, not %s\n%s", expr, got, want, Format(prog))
		}
	}
}

// anyDiffers: what the kernel takes off, lengths that include what is not
// there on raw IP, and offsets from the link layer.
func anyDiffers(expr string) bool {
	for _, word := range []string{"vlan", "geneve", "len", "link", "ip[-", "ether", "byte",
		"decnet", "ifindex", "inbound", "outbound", "tcp[-", "isis", "clnp", "iso"} {
		if bytes.Contains([]byte(expr), []byte(word)) {
			return true
		}
	}
	return false
}

// kernelView is a frame as the kernel presents it to a program.
func kernelView(link capture.LinkType, f frame) (*view, bool) {
	v := &view{head: f.data, typeAt: -1, length: uint32(f.origLen), meta: &metadata{}}
	h, ok := netHeader(link, f.data)
	if link == capture.LinkRaw {
		v.meta.protocol, v.meta.hatype = h.proto, 65534
		return v, ok
	}
	v.netBase, v.meta.hatype = 14, hatypeEthernet
	if !ok || len(f.data) < 14 {
		return v, false
	}
	v.meta.protocol = uint32(f.data[12])<<8 | uint32(f.data[13])
	if v.meta.protocol <= maxLength {
		v.meta.protocol = linux8022
		if f.data[14] == 0xff && f.data[15] == 0xff {
			v.meta.protocol = linux8023
		}
	}
	return v, true
}

// TestAlso holds that what another expression selects passes besides, on every
// link type, and nothing else does.
func TestAlso(t *testing.T) {
	also, err := Parse("udp port 53")
	if err != nil {
		t.Fatal(err)
	}
	e, err := Parse("tcp port 80 and tcp[13] & 2 != 0")
	if err != nil {
		t.Fatal(err)
	}
	dns := tcpPacket(53)
	dns[23] = 17
	for _, link := range []capture.LinkType{capture.LinkEthernet, capture.LinkSLL, capture.LinkRaw, AnyLink} {
		if _, err := e.Compile(Options{Link: link, ICMPErrors: true, Neighbours: true, Also: also}); err != nil {
			t.Errorf("%v: %v", link, err)
		}
	}
	prog, err := e.Compile(Options{Link: capture.LinkEthernet, Also: also})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  bool
	}{{"DNS", dns, true}, {"what matches", tcpPacket(80), true}, {"another port", tcpPacket(53), false}, {"cut off", dns[:30], false}} {
		if got := run(decode(prog), tt.frame, uint32(len(tt.frame))); got != tt.want {
			t.Errorf("%s: %v\n%s", tt.name, got, Format(prog))
		}
	}
}
