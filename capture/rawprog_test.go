package capture

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
)

// vm makes a machine of a program for frames of one link type.
func vm(t testing.TB, prog []Instruction, link LinkType) *bpf.VM {
	t.Helper()
	local, err := localize(prog, link)
	if err != nil {
		t.Fatal(err)
	}
	code := make([]bpf.Instruction, len(local))
	for i, in := range local {
		code[i] = bpf.RawInstruction{Op: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}.Disassemble()
	}
	m, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ip builds a datagram: the IPv4 or IPv6 header that fits the addresses,
// then body. Options go behind an IPv4 header; zero bytes of them are added
// up to four.
func ip(src, dst string, proto byte, options int, body []byte) []byte {
	s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	if s.Is6() {
		h := make([]byte, 40)
		h[0] = 0x60
		binary.BigEndian.PutUint16(h[4:], uint16(len(body)))
		h[6], h[7] = proto, 64
		copy(h[8:], s.AsSlice())
		copy(h[24:], d.AsSlice())
		return append(h, body...)
	}
	h := make([]byte, 20+options)
	h[0] = byte(0x40 | len(h)/4)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(body)))
	h[8], h[9] = 64, proto
	copy(h[12:], s.AsSlice())
	copy(h[16:], d.AsSlice())
	return append(h, body...)
}

// ports is the beginning of a TCP or UDP header, as much as an ICMP error
// quotes.
func ports(src, dst uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	return append(binary.BigEndian.AppendUint16(b, dst), 0, 0, 0, 0)
}

// icmp is an ICMP or ICMPv6 message of a type: 8 bytes of header, body.
func icmp(kind byte, body []byte) []byte {
	return append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, body...)
}

// fragment makes an IPv4 datagram a later fragment.
func fragment(b []byte) []byte {
	binary.BigEndian.PutUint16(b[6:], 185) // × 8 bytes
	return b
}

// arp asks or answers between two IPv4 addresses: hardware type 2, protocol
// 2, lengths 2, operation 2, sender 6 + 4, target 6 + 4.
func arp(from, to string) []byte {
	b := []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1}
	b = append(b, netip.MustParseAddr(from).AsSlice()...)
	b = append(b, 0, 0, 0, 0, 0, 0)
	return append(b, netip.MustParseAddr(to).AsSlice()...)
}

// etherTypeOf tells what is in a network layer made by these functions.
func etherTypeOf(b []byte) uint16 {
	switch b[0] >> 4 {
	case 4:
		return etherIPv4
	case 6:
		return etherIPv6
	}
	return etherARP
}

func TestDriveFilter(t *testing.T) {
	const tcp, udp = 6, 17
	ap := netip.MustParseAddrPort
	client4 := DriveSpec{Local: ap("10.0.0.1:40000"), Remote: ap("10.0.0.2:80")}
	client6 := DriveSpec{Local: ap("[fd00::1]:40000"), Remote: ap("[fd00::2]:80")}
	server := DriveSpec{Local: netip.AddrPortFrom(netip.IPv6Unspecified(), 3000)}
	oneAddr := DriveSpec{Local: ap("10.0.0.1:3000")}
	wrong := server
	wrong.Datagrams = true
	wrongOne := oneAddr
	wrongOne.Datagrams = true
	nearby := client4
	nearby.Neighbours = []netip.Addr{netip.MustParseAddr("10.0.0.254"), netip.MustParseAddr("fd00::fe")}
	tests := []struct {
		name   string
		spec   DriveSpec
		packet []byte
		want   bool
	}{
		{"there", client4, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 80)), true},
		{"back", client4, ip("10.0.0.2", "10.0.0.1", tcp, 0, ports(80, 40000)), true},
		{"there, IP options", client4, ip("10.0.0.1", "10.0.0.2", tcp, 8, ports(40000, 80)), true},
		{"back, most IP options", client4, ip("10.0.0.2", "10.0.0.1", tcp, 40, ports(80, 40000)), true},
		{"ports swapped", client4, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(80, 40000)), false},
		{"other local port", client4, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40001, 80)), false},
		{"other remote port", client4, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 81)), false},
		{"other remote address", client4, ip("10.0.0.1", "10.0.0.3", tcp, 0, ports(40000, 80)), false},
		{"other local address", client4, ip("10.0.0.2", "10.0.0.3", tcp, 0, ports(80, 40000)), false},
		{"UDP", client4, ip("10.0.0.1", "10.0.0.2", udp, 0, ports(40000, 80)), false},
		{"UDP to a server", wrong, ip("10.0.0.1", "10.0.0.2", udp, 0, ports(40000, 3000)), true},
		{"UDP to a server, IP options", wrong, ip("10.0.0.1", "10.0.0.2", udp, 40, ports(40000, 3000)), true},
		{"UDP to a server, v6", wrong, ip("fd00::1", "fd00::2", udp, 0, ports(40000, 3000)), true},
		{"UDP to a server, not asked for", server, ip("10.0.0.1", "10.0.0.2", udp, 0, ports(40000, 3000)), false},
		{"UDP to a server, not asked for, v6", server, ip("fd00::1", "fd00::2", udp, 0, ports(40000, 3000)), false},
		{"UDP from a server", wrong, ip("10.0.0.2", "10.0.0.1", udp, 0, ports(3000, 40000)), false},
		{"UDP from a server, v6", wrong, ip("fd00::2", "fd00::1", udp, 0, ports(3000, 40000)), false},
		{"UDP to another port", wrong, ip("10.0.0.1", "10.0.0.2", udp, 0, ports(3000, 3001)), false},
		{"UDP's fragment", wrong, fragment(ip("10.0.0.1", "10.0.0.2", udp, 0, ports(40000, 3000))), false},
		{"UDP to one address", wrongOne, ip("10.0.0.2", "10.0.0.1", udp, 0, ports(40000, 3000)), true},
		{"UDP to another address", wrongOne, ip("10.0.0.1", "10.0.0.2", udp, 0, ports(40000, 3000)), false},
		{"TCP beside UDP", wrong, ip("10.0.0.2", "10.0.0.1", tcp, 0, ports(3000, 40000)), true},
		{"TCP beside UDP, v6", wrong, ip("fd00::2", "fd00::1", tcp, 0, ports(3000, 40000)), true},
		{"fragment", client4, fragment(ip("10.0.0.1", "10.0.0.2", tcp, 0, make([]byte, 16))), true},
		{"other fragment", client4, fragment(ip("10.0.0.1", "10.0.0.3", tcp, 0, make([]byte, 16))), false},
		{"truncated", client4, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 80)[:2]), false},
		{"no header", client4, []byte{0x45, 0, 0}, false},

		{"there, v6", client6, ip("fd00::1", "fd00::2", tcp, 0, ports(40000, 80)), true},
		{"back, v6", client6, ip("fd00::2", "fd00::1", tcp, 0, ports(80, 40000)), true},
		{"other port, v6", client6, ip("fd00::2", "fd00::1", tcp, 0, ports(80, 40001)), false},
		{"last byte differs", client6, ip("fd00::1", "fd00::3", tcp, 0, ports(40000, 80)), false},
		{"first byte differs", client6, ip("fe00::1", "fd00::2", tcp, 0, ports(40000, 80)), false},
		{"fragment, v6", client6, ip("fd00::1", "fd00::2", protoFragment, 0, make([]byte, 16)), true},
		{"hop by hop, TCP", client6, ip("fd00::1", "fd00::2", 0, 0, []byte{tcp, 0, 0, 0}), true},
		{"listener report", client6, ip("fd00::1", "fd00::2", 0, 0, []byte{58, 0, 0, 0}), false},
		{"v4 when v6 is meant", client6, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 80)), false},
		{"v6 when v4 is meant", client4, ip("fd00::1", "fd00::2", tcp, 0, ports(40000, 80)), false},

		{"to the server", server, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 3000)), true},
		{"from the server", server, ip("10.0.0.2", "10.0.0.1", tcp, 0, ports(3000, 40000)), true},
		{"to the server, v6", server, ip("fd00::1", "fd00::2", tcp, 0, ports(40000, 3000)), true},
		{"past the server", server, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 3001)), false},
		{"to the address", oneAddr, ip("10.0.0.9", "10.0.0.1", tcp, 0, ports(1, 3000)), true},
		{"to another address", oneAddr, ip("10.0.0.9", "10.0.0.2", tcp, 0, ports(1, 3000)), false},
		{"all TCP", DriveSpec{}, ip("10.0.0.9", "10.0.0.2", tcp, 0, ports(1, 2)), true},
		{"no UDP", DriveSpec{}, ip("10.0.0.9", "10.0.0.2", udp, 0, ports(1, 2)), false},

		{"echo request", client4, ip("10.0.0.1", "10.0.0.2", 1, 0, icmp(8, make([]byte, 28))), false},
		{"quotes UDP", client4, ip("10.0.0.9", "10.0.0.1", 1, 0, icmp(3, ip("10.0.0.1", "10.0.0.2", udp, 0, ports(1, 2)))), false},
		{"quotes another's", client4, ip("10.0.0.9", "10.0.0.1", 1, 0, icmp(3, ip("10.0.0.1", "10.0.0.3", tcp, 0, ports(1, 2)))), false},
		{"router advertisement", client6, ip("fe80::1", "ff02::1", 58, 0, icmp(134, make([]byte, 16))), false},
		{"v6 quotes UDP", client6, ip("fd00::9", "fd00::1", 58, 0, icmp(1, ip("fd00::1", "fd00::2", udp, 0, ports(1, 2)))), false},
		{"v6 quotes another's", client6, ip("fd00::9", "fd00::1", 58, 0, icmp(1, ip("fd00::1", "fd00::3", tcp, 0, ports(1, 2)))), false},

		{"ARP", client4, arp("10.0.0.1", "10.0.0.77"), true},
		{"ARP for the router", nearby, arp("10.0.0.1", "10.0.0.254"), true},
		{"ARP by the router", nearby, arp("10.0.0.254", "10.0.0.1"), true},
		{"ARP of others", nearby, arp("10.0.0.1", "10.0.0.77"), false},
		{"solicitation", client6, ip("fd00::1", "ff02::1:ff00:2", 58, 0, icmp(135, make([]byte, 16))), true},
		{"for the router", nearby, ip("fd00::1", "ff02::1:ff00:fe", 58, 0, icmp(135, netip.MustParseAddr("fd00::fe").AsSlice())), true},
		{"for others", nearby, ip("fd00::1", "ff02::1:ff00:2", 58, 0, icmp(136, netip.MustParseAddr("fd00::2").AsSlice())), false},
	}
	for _, kind := range []byte{3, 11, 12} {
		quote := icmp(kind, ip("10.0.0.1", "10.0.0.2", tcp, 0, ports(40000, 80)))
		tests = append(tests, tests[0])
		last := &tests[len(tests)-1]
		last.name = fmt.Sprintf("ICMP type %d behind options", kind)
		last.packet = ip("10.0.0.9", "10.0.0.1", 1, 4, quote)
	}
	for _, kind := range []byte{1, 2, 3, 4} {
		tests = append(tests, tests[0])
		last := &tests[len(tests)-1]
		last.name, last.spec = fmt.Sprintf("ICMPv6 type %d", kind), client6
		last.packet = ip("fd00::9", "fd00::1", 58, 0, icmp(kind, ip("fd00::1", "fd00::2", tcp, 0, ports(40000, 80))))
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			prog := DriveFilter(c.spec)
			kind := etherTypeOf(c.packet)
			ether := append(make([]byte, 12), byte(kind>>8), byte(kind))
			if got := passes(t, vm(t, prog, LinkEthernet), append(ether, c.packet...)); got != c.want {
				t.Errorf("on Ethernet: %v, want %v", got, c.want)
			}
			if kind == etherARP {
				return
			}
			if got := passes(t, vm(t, prog, LinkRaw), c.packet); got != c.want {
				t.Errorf("as raw IP: %v, want %v", got, c.want)
			}
			null := append([]byte{2, 0, 0, 0}, c.packet...)
			if got := passes(t, vm(t, prog, LinkNull), null); got != c.want {
				t.Errorf("on BSD loopback: %v, want %v", got, c.want)
			}
		})
	}
}

// passes runs a program.
func passes(t testing.TB, m *bpf.VM, frame []byte) bool {
	t.Helper()
	n, err := m.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func TestDriveFilterLimits(t *testing.T) {
	spec := DriveSpec{
		Local:  netip.MustParseAddrPort("[fd00:1:2:3:4:5:6:7]:40000"),
		Remote: netip.MustParseAddrPort("[fd00:1:2:3:4:5:6:8]:80"),
	}
	for range MaxDriveNeighbours {
		spec.Neighbours = append(spec.Neighbours, netip.MustParseAddr("fd00::fe"), netip.MustParseAddr("10.0.0.1"))
	}
	spec.Neighbours = spec.Neighbours[:MaxDriveNeighbours]
	if n := len(DriveFilter(spec)); n > MaxFilterLen {
		t.Errorf("%d instructions", n)
	}
	spec.SnapLen = 192
	prog := DriveFilter(spec)
	most := uint32(0)
	for _, in := range prog {
		if in.Op == opClassRet {
			most = max(most, in.K)
		}
	}
	if most != 192 {
		t.Errorf("keeps %d bytes", most)
	}
}

func TestCutTo(t *testing.T) {
	prog := []Instruction{
		{Op: 0x06, K: 0},      // ret #0
		{Op: 0x06, K: 100},    // ret #100
		{Op: 0x06, K: 262144}, // ret #262144
		{Op: 0x16},            // ret a
		{Op: 0x15, K: 9999},   // jeq #9999
	}
	got := cutTo(prog, 192)
	for i, want := range []uint32{0, 100, 192, 0, 9999} {
		if got[i].K != want {
			t.Errorf("instruction %d has %d, want %d", i, got[i].K, want)
		}
	}
	if prog[2].K != 262144 {
		t.Error("the program given was changed")
	}
}

func TestLocalizeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prog []Instruction
		link LinkType
	}{
		"packet type":       {[]Instruction{{Op: 0x20, K: extOffset + 4}, {Op: 6}}, LinkEthernet},
		"cooked":            {[]Instruction{{Op: 6}}, LinkSLL},
		"jump out":          {[]Instruction{{Op: 0x05, K: 7}, {Op: 6}}, LinkRaw},
		"jump far out":      {[]Instruction{{Op: 0x05, K: 0xffffffff}, {Op: 6}}, LinkRaw},
		"condition out":     {[]Instruction{{Op: 0x15, Jt: 200}, {Op: 6}}, LinkRaw},
		"stretched too far": {stretched(), LinkRaw},
	} {
		if prog, err := localize(c.prog, c.link); err == nil {
			t.Errorf("%s: made %v", name, prog)
		}
	}
}

// What is about the link layer reads the link layer's header, and finds none
// of Ethernet where there is none.
func TestLocalizeLinkLayer(t *testing.T) {
	prog := []Instruction{
		{Op: 0x20, K: extHaType},
		{Op: 0x15, K: 1, Jf: 2}, // Ethernet
		{Op: 0x30, K: linkOffset + 5},
		{Op: 0x16}, // ret a
		{Op: 6, K: 1000},
	}
	for link, want := range map[LinkType]int{LinkEthernet: 7, LinkNull: 1000, LinkRaw: 1000} {
		got, err := vm(t, prog, link).Run([]byte{0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 8, 0})
		if err != nil || min(got, 1000) != want {
			t.Errorf("%v: %d, %v, not %d", link, got, err, want)
		}
	}
}

// stretched jumps over 200 instructions that become eight each.
func stretched() []Instruction {
	prog := []Instruction{{Op: 0x15, Jt: 200}}
	for range 200 {
		prog = append(prog, Instruction{Op: 0x28, K: extProto})
	}
	return append(prog, Instruction{Op: 6})
}

// A program with any of its jumps must do the same before and after.
func TestLocalizeKeepsMeaning(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 3 + r.IntN(20)
		var prog []Instruction
		for i := range n - 1 {
			ahead := n - 1 - i
			switch r.IntN(3) {
			case 0: // load the EtherType
				prog = append(prog, Instruction{Op: 0x28, K: extProto})
			case 1: // compare and jump
				prog = append(prog, Instruction{Op: 0x15, K: etherIPv4, Jt: uint8(r.IntN(ahead)), Jf: uint8(r.IntN(ahead))})
			case 2: // add
				prog = append(prog, Instruction{Op: 0x04, K: uint32(r.IntN(9))})
			}
		}
		prog = append(prog, Instruction{Op: 0x16}) // ret a
		packet := ip("10.0.0.1", "10.0.0.2", 6, 0, ports(1, 2))
		ether := append(append(make([]byte, 12), 8, 0), packet...)
		a, err1 := vm(t, prog, LinkEthernet).Run(ether)
		b, err2 := vm(t, prog, LinkRaw).Run(packet)
		if a != b || err1 != nil || err2 != nil {
			t.Fatalf("%v: %d %v, %d %v", prog, a, err1, b, err2)
		}
	}
}

func ExampleDriveFilter() {
	prog := DriveFilter(DriveSpec{
		Local:  netip.MustParseAddrPort("127.0.0.1:40000"),
		Remote: netip.MustParseAddrPort("127.0.0.1:3000"),
	})
	// The program begins by loading the EtherType and comparing it with
	// that of IPv4.
	fmt.Printf("%#x %#x\n", prog[0].Op, prog[0].K)
	fmt.Printf("%#x %#x\n", prog[1].Op, prog[1].K)
	// Output:
	// 0x28 0xfffff000
	// 0x15 0x800
}
