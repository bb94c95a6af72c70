package filter

import (
	"errors"
	"fmt"
	"math/rand"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"tcpsee/capture"
)

// compile compiles an expression for Ethernet frames in files.
func compile(t *testing.T, expr string) []Instruction {
	t.Helper()
	e, err := Parse(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	prog, err := e.Compile(Options{Link: capture.LinkEthernet})
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return prog
}

// TestSameProgram pairs expressions that mean the same.
func TestSameProgram(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"port 80 or 443", "port 80 or port 443"},
		{"port 80 or (443)", "port 80 or port 443"},
		{"tcp port (80 or 443)", "tcp port 80 or tcp port 443"},
		{"src net 10.0.0.0/8 or 192.168.0.0/16", "src net 10.0.0.0/8 or src net 192.168.0.0/16"},
		{"host 1.2.3.4 and not 1.2.3.5", "host 1.2.3.4 and not host 1.2.3.5"},
		{"not host 1.2.3.4 and 1.2.3.5", "(not host 1.2.3.4) and host 1.2.3.5"},
		{"port 22 or (tcp port 80 or 443) or 25", "port 22 or tcp port 80 or tcp port 443 or port 25"},
		{"tcp or udp and ip", "(tcp or udp) and ip"},
		{"tcp and udp or ip", "(tcp and udp) or ip"},
		{"tcp && udp || ! ip", "tcp and udp or not ip"},
		{"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[13] & 3 != 0"},
		{"icmp[icmptype] == icmp-echo", "icmp[0] = 8"},
		{"icmp6[icmp6type] = icmp6-echoreply", "icmp6[0:1] = 129"},
		{"port http", "tcp port 80"},
		{"udp port 53", "udp port domain"},
		{"len - 2 * 3 = 4", "len - 6 = 4"},
		{"len + 7 % 2 * 5 = 0", "len + 7 = 0"},       // % takes 2 * 5
		{"len + 1 ^ 2 | 3 = 0", "len + 2 = 0"},       // ^ takes 2 | 3
		{"len + -1 ^ 2 = 0", "len + 0xfffffffd = 0"}, // ^ takes the minus sign's 1
		{"len + 2 << 1 = 0", "(len + 2) << 1 = 0"},   // + binds before <<
		{"len & 3 | 4 = 4", "(len & 3) | 4 = 4"},     // & binds before |
		{"len = 010", "len = 8"},
		{"len = 0x10", "len = 16"},
		{"net 10", "net 10.0.0.0/8"},
		{"net 192.168.1", "net 192.168.1.0 mask 255.255.255.0"},
		{"ether host 1:2:3:a:b:c", "ether host 0102.030a.0b0c"},
		{"ether host 1-2-3-a-b-c", "ether host 0102030a0b0c"},
		{"vlan 5 and vlan (6)", "vlan 5 and vlan 6"},
		{"src or dst port 80", "port 80"},
		{"decnet net 10", "decnet host 0.10"},
		{"ip proto \\tcp", "ip proto 6"},
		{"portrange 90-80", "portrange 80-90"},
		{"tcp\tand\nudp or ip", "tcp and udp or ip"},
		{"greater 60 and ip", "len >= 60 and ip"},
	} {
		a, b := Format(compile(t, c.a)), Format(compile(t, c.b))
		if a != b {
			t.Errorf("%q is\n%s%q is\n%s", c.a, a, c.b, b)
		}
	}
}

func TestSyntaxError(t *testing.T) {
	for _, c := range []struct{ expr, place, hint string }{
		{"3000", "3000", "port 3000"},
		{"70000", "70000", ""},
		{"tcp 80", "80", "tcp port 80"},
		{"192.0.2.1", "192.0.2.1", "host 192.0.2.1"},
		{"http", "http", "port http"},
		{"server1", "server1", "host server1"},
		{"TCP", "TCP", "the words of a filter are in lower case: tcp"},
		{"tcp AND udp", "AND", "the words of a filter are in lower case: and"},
		{"tcp udp", "udp", `"and" or "or" is missing before it`},
		{"host 1.2.3.4 port 80", "port", `"and" or "or" is missing before it`},
		{"port 80, 443", ",", `"or" stands between alternatives: port 80 or 443`},
		{"(tcp and port nosuchservice)", "nosuchservice", ""},
		{"(ip port 80 or 81)", "80", ""},
		{"tcp[2:x] = 5", "x", ""},
		{"tcp[flags] & 2 != 0", "flags", "tcpflags"},
		{"icmp[0] = 8 or tcp[tcpflags] & SYN != 0", "SYN", "tcp-syn"},
		{"icmp[icmptype] = echo", "echo", "icmp-echo"},
		{"tcp[13] = foo", "foo", ""},
		{"tcp prot 80", "prot", "did you mean port?"},
		{"tcp-syn", "tcp-syn", `a number is to be compared, as in "tcp[tcpflags] & tcp-syn != 0"`},
		{"icmp6-echo", "icmp6-echo", `a number is to be compared, as in "icmp6[icmp6type] = icmp6-echo"`},
		{"tcpflags", "tcpflags", `a number is to be compared, as in "tcp[tcpflags] != 0"`},
		{"syn", "syn", "tcp[tcpflags] & tcp-syn != 0"},
		{`\tcp`, `\tcp`, "tcp"},
		{"tcp.port == 80", "tcp.port", "this is of Wireshark's display filters; here it is tcp port 80, host 10.0.0.1, tcp[tcpflags] & tcp-syn != 0"},
		{"src 10.0.0.1:80", ":", "host 10.0.0.1 and port 80"},
		{"port 80:90", ":", "a range of ports is written as portrange first-last"},
		{"port 80-90", "80-90", "portrange 80-90"},
		{"host [::1]", "[", "an address stands without brackets: ::1"},
		{"host fe80::1%eth0", "%", "an address stands without its zone: fe80::1"},
		{"src 10.1.2.3/8", "10.1.2.3/8", "net 10.0.0.0/8"},
		{"host 10.0.0.0/8", "10.0.0.0/8", "net 10.0.0.0/8"},
		{"net 10.1.0.0 mask 255.0.255.0", "10.1.0.0 mask 255.0.255.0", ""},
		{"host fe80::/64", "fe80::/64", "net fe80::/64"},
		{"net fe80::1/64", "fe80::1/64", "net fe80::/64"},
		{"tcp port", "", ""},
		{"tcp and (udp", "", `")" is missing`},
		{"tcp and udp)", ")", ""},
		{"tcp[13", "", `"]" is missing`},
		{"tcp[13] & 2", "", `a number is to be compared, as in "len > 100"`},
		{"port 65536", "65536", ""},
		{"tcp and port 65536 and udp", "65536", ""},
		{"port nosuchservice", "nosuchservice", ""},
		{"udp port http", "http", ""},
		{"host www.example.org", "www.example.org", "write its address"},
		{"tcp host 1.2.3.4", "1.2.3.4", ""},
		{"net 10.1.2.3/8", "10.1.2.3/8", "net 10.0.0.0/8"},
		{"src net 1.2.3.0 mask 24", "24", "a mask is written as 255.255.255.0"},
		{"ip proto tcp", "tcp", `\tcp: a word of the language is a name after a backslash`},
		{"vlan 4096", "vlan 4096", ""},
		{"len / 0 = 1", "len / 0", ""},
		{"ip[0:3] = 1", "ip[0:3]", ""},
		{"ip and #", "#", ""},
		{"ip and é", "é", ""},
		{"ether host 1:2:3", "1:2:", ""},
		{"09 = len", "09", ""},
		{"gateway foo", "foo", ""},
		{"tcp and 80", "80", "repeat the qualifier: host, net, port, …"},
		{strings.Repeat("(", 5000) + "ip", "(", ""},
	} {
		_, err := Parse(c.expr)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("%q: %v", c.expr, err)
			continue
		}
		if got := se.Expr[se.Offset : se.Offset+se.Length]; got != c.place {
			t.Errorf("%q: the place is %q, not %q (%v)", c.expr, got, c.place, err)
		}
		if se.Hint != c.hint {
			t.Errorf("%q: the hint is %q, not %q", c.expr, se.Hint, c.hint)
		}
		if strings.ContainsAny(err.Error(), "\n\t") {
			t.Errorf("%q: the message has more than one line: %q", c.expr, err)
		}
	}
}

func TestCaret(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{"tcp 80", "tcp 80\n    ^^"},
		{"tcp and", "tcp and\n       ^"},
		{"", "\n^"},
		{"ip\tand\x1b[31m tcp 80", "ip and [31m tcp 80\n      ^"},
		{strings.Repeat("tcp or ", 20) + "tcp 80" + strings.Repeat(" or udp", 20),
			"…or tcp or tcp or tcp or tcp or tcp or tcp or tcp tcp"},
	} {
		_, err := Parse(c.expr)
		if c.expr == "" {
			err = &SyntaxError{}
		}
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Fatalf("%q: %v", c.expr, err)
		}
		got := se.Caret()
		if len(c.expr) < 60 && got != c.want {
			t.Errorf("%q:\n%s\nnot\n%s", c.expr, got, c.want)
		}
		for _, line := range strings.Split(got, "\n") {
			if n := len([]rune(line)); n > 130 {
				t.Errorf("a line of %d characters: %s", n, line)
			}
		}
	}
}

// TestPlaceOfNumbers holds that a place ends behind the parentheses that belong
// to it, and begins before them.
func TestPlaceOfNumbers(t *testing.T) {
	for expr, place := range map[string]string{
		"1 << (40) = 1":             "1 << (40)",
		"(len) / (0) = 1 and tcp":   "(len) / (0)",
		"((len)/(0))=1":             "(len)/(0)",
		"tcp[(0)/(0)] = 1":          "(0)/(0)",
		"len = -(1)/(0)":            "-(1)/(0)",
		"len + (1) << ((2) * 20)=1": "len + (1) << ((2) * 20)",
	} {
		var se *SyntaxError
		e, err := Parse(expr)
		if err == nil {
			_, err = e.Matcher(capture.LinkEthernet)
		}
		if !errors.As(err, &se) {
			t.Errorf("%q: %v", expr, err)
		} else if got := se.Expr[se.Offset : se.Offset+se.Length]; got != place {
			t.Errorf("%q: the place is %q, not %q (%v)", expr, got, place, err)
		}
	}
}

// names is a Resolver for tests.
type names map[string][]netip.Addr

func (n names) LookupHost(name string) ([]netip.Addr, error) {
	if a, ok := n[name]; ok {
		return a, nil
	}
	return nil, fmt.Errorf("no host %s", name)
}

func TestResolver(t *testing.T) {
	r := names{
		"both": {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1%eth0")},
		"four": {netip.MustParseAddr("::ffff:192.0.2.4")},
	}
	for _, c := range []struct{ expr, same string }{
		{"host both", "host 192.0.2.1 or host 2001:db8::1"},
		{"ip host both", "ip host 192.0.2.1"},
		{"ip6 host both", "ip6 host 2001:db8::1"},
		{"src four", "src 192.0.2.4"},
	} {
		e, err := ParseWith(c.expr, r)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		prog, err := e.Compile(Options{Link: capture.LinkEthernet})
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
		}
		if got, want := Format(prog), Format(compile(t, c.same)); got != want {
			t.Errorf("%s is\n%s", c.expr, got)
		}
	}
	for _, expr := range []string{"host nobody", "ip6 host four", "net both"} {
		if _, err := ParseWith(expr, r); err == nil {
			t.Errorf("%s is accepted", expr)
		}
	}
}

// virtual makes an x/net/bpf machine of a program.
func virtual(prog []Instruction) (*bpf.VM, error) {
	raw := make([]bpf.RawInstruction, len(prog))
	for i, in := range prog {
		raw[i] = bpf.RawInstruction{Op: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	code, ok := bpf.Disassemble(raw)
	if !ok {
		return nil, errors.New("not all instructions are known")
	}
	return bpf.NewVM(code)
}

// TestMachine compares our machine with that of x/net/bpf.
func TestMachine(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	ran, yes := 0, 0
	for i, expr := range readLines(t, "accepted.txt") {
		e, err := Parse(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		l := tcpdumpLinks[i%len(tcpdumpLinks)].link
		prog, err := e.Compile(Options{Link: l})
		if err != nil || layoutOf(l).payload.k == unplaced {
			continue // or the offset is one that x/net/bpf takes for an extension
		}
		vm, err := virtual(prog)
		if err != nil {
			t.Errorf("%s: %v\n%s", expr, err, Format(prog))
		}
		if err != nil || strings.Contains(Format(prog), "neg ") {
			continue // x/net/bpf cannot negate
		}
		ops := decode(prog)
		for range 200 {
			pkt := aim(prog, r)
			n, err := vm.Run(pkt)
			if err != nil {
				t.Fatalf("%s: %v", expr, err)
			}
			got := run(ops, pkt, uint32(len(pkt)))
			view := view{head: pkt, typeAt: -1, length: uint32(len(pkt))}
			slow := may(prog, &view)
			if len(pkt) == 0 {
				slow = got // a length of 0 is unknown there
			}
			if got != (n > 0) || slow != got {
				t.Fatalf("%s: run %v, may %v, x/net/bpf %d for % x\n%s", expr, got, slow, n, pkt,
					Format(prog))
			}
			ran++
			if got {
				yes++
			}
		}
	}
	t.Logf("%d runs, %d accepted", ran, yes)
	if yes < ran/10 {
		t.Error("hardly anything was accepted")
	}
}

// TestLongJumps has targets that a conditional jump does not reach.
func TestLongJumps(t *testing.T) {
	expr := "tcp port 1"
	for i := 2; i <= 400; i++ {
		expr += fmt.Sprintf(" or tcp[%d] = %d", 20+i%7, i%256)
	}
	prog := compile(t, expr)
	if len(prog) < 500 || len(prog) > MaxInstructions {
		t.Errorf("%d instructions", len(prog))
	}
	vm, err := virtual(prog)
	if err != nil {
		t.Fatal(err)
	}
	ops := decode(prog)
	r := rand.New(rand.NewSource(3))
	for range 2000 {
		pkt := aim(prog, r)
		n, err := vm.Run(pkt)
		if err != nil {
			t.Fatal(err)
		}
		if got := run(ops, pkt, uint32(len(pkt))); got != (n > 0) {
			t.Fatalf("ours %v, x/net/bpf %d for % x", got, n, pkt)
		}
	}
}

// TestManyAlike holds that a long list of ports or hosts makes a program that the
// kernel takes, with the instructions that tcpdump's has.
func TestManyAlike(t *testing.T) {
	var ports, hosts []string
	for i := range 200 {
		ports = append(ports, fmt.Sprint(1000+3*i))
	}
	for i := range 600 {
		hosts = append(hosts, fmt.Sprintf("10.%d.%d.%d", i*7%256, i*11%256, 1+i%250))
	}
	for _, c := range []struct {
		expr string
		want int
	}{{"port (" + strings.Join(ports[:40], " or ") + ")", 141}, {"port (" + strings.Join(ports, " or ") + ")", 973},
		{"host (" + strings.Join(hosts, " or ") + ")", 3359}} {
		if n := len(compile(t, c.expr)); n != c.want {
			t.Errorf("%.40s…: %d instructions, not %d", c.expr, n, c.want)
		}
	}
}

func TestTooLong(t *testing.T) {
	var b strings.Builder
	b.WriteString("len = 0")
	for i := range 2700 {
		fmt.Fprintf(&b, " or ether[%d]=5", i)
	}
	e, err := Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Compile(Options{Link: capture.LinkEthernet}); !errors.Is(err, ErrTooLong) {
		t.Errorf("the error is %v", err)
	}
	m, err := e.Matcher(capture.LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	if pkt := make([]byte, 4000); m.Match(pkt, 1) || !m.Match(append(pkt, 5), 0) {
		t.Error("the long program does not work on files")
	}
	if _, err := Parse(strings.Repeat(" ", MaxExpr) + "ip"); err == nil {
		t.Error("an expression that is too long is accepted")
	}
}

func TestOptions(t *testing.T) {
	e, err := Parse("")
	if err != nil {
		t.Fatal(err)
	}
	prog, err := e.Compile(Options{Link: capture.LinkEthernet, SnapLen: 96})
	if err != nil || Format(prog) != "(000) ret      #96\n" {
		t.Errorf("%v\n%s", err, Format(prog))
	}
	if e, err = Parse("ip and arp"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Compile(Options{Link: capture.LinkEthernet}); !errors.Is(err, ErrRejectsAll) {
		t.Errorf("the error is %v", err)
	}
	if e, err = Parse("ip broadcast"); err != nil {
		t.Fatal(err)
	}
	prog, err = e.Compile(Options{Link: capture.LinkRaw, Netmask: netip.MustParseAddr("255.255.255.0")})
	if err != nil || !strings.Contains(Format(prog), "and      #0xff\n") {
		t.Errorf("%v\n%s", err, Format(prog))
	}
	// The type of package capture has the same fields.
	_ = capture.Instruction(prog[0])
}

// TestLinkOnly: what a link type lacks is refused for it alone.
func TestLinkOnly(t *testing.T) {
	for _, c := range []struct {
		expr    string
		yes, no capture.LinkType
	}{
		{"ether host 1:2:3:4:5:6", capture.LinkEthernet, capture.LinkRaw},
		{"vlan", capture.LinkEthernet, capture.LinkSLL},
		{"inbound", capture.LinkSLL, capture.LinkEthernet},
		{"type mgt", capture.LinkRadiotap, capture.LinkEthernet},
		{"ip6", capture.LinkIPv6, capture.LinkIPv4},
		{"len > 5", 9999, 9999 + 1},
		{"ip", capture.LinkEthernet, 9999},
	} {
		e, err := Parse(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if _, err := e.Matcher(c.yes); err != nil {
			t.Errorf("%s: %v", c.expr, err)
		}
		if _, err := e.Matcher(c.no); err == nil && c.no != 10000 {
			t.Errorf("%s is accepted for %v", c.expr, c.no)
		}
	}
}

func TestFormat(t *testing.T) {
	prog := compile(t, "tcp port 80")
	const want = `(000) ldh      [12]
(001) jeq      #0x86dd          jt 2	jf 8
(002) ldb      [20]
(003) jeq      #0x6             jt 4	jf 19
(004) ldh      [54]
(005) jeq      #0x50            jt 18	jf 6
(006) ldh      [56]
(007) jeq      #0x50            jt 18	jf 19
(008) jeq      #0x800           jt 9	jf 19
(009) ldb      [23]
(010) jeq      #0x6             jt 11	jf 19
(011) ldh      [20]
(012) jset     #0x1fff          jt 19	jf 13
(013) ldxb     4*([14]&0xf)
(014) ldh      [x + 14]
(015) jeq      #0x50            jt 18	jf 16
(016) ldh      [x + 16]
(017) jeq      #0x50            jt 18	jf 19
(018) ret      #262144
(019) ret      #0
`
	if got := Format(prog); got != want {
		t.Errorf("the program is\n%s", got)
	}
	if got := FormatC(prog); !strings.HasPrefix(got, "{ 0x28, 0, 0, 0x0000000c },\n{ 0x15, 0, 6, 0x000086dd },\n") {
		t.Errorf("in C it is\n%s", got)
	}
	if got := FormatDecimal(prog); !strings.HasPrefix(got, "20\n40 0 0 12\n21 0 6 34525\n") {
		t.Errorf("in numbers it is\n%s", got)
	}
}

// TestNoAllocation: matching allocates nothing.
func TestNoAllocation(t *testing.T) {
	e, err := Parse("tcp port 80 or geneve and host 1.2.3.4")
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Matcher(capture.LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	pkt := tcpPacket(80)
	if n := testing.AllocsPerRun(100, func() { m.Match(pkt, len(pkt)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// tcpPacket is an Ethernet frame from 192.0.2.1, port 40000, to 192.0.2.2.
func tcpPacket(port uint16) []byte {
	return append([]byte{
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, // Ethernet
		0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4
		0x9c, 0x40, byte(port >> 8), byte(port), 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, // TCP SYN
	}, make([]byte, 6)...)
}

// TestARCNETAddresses holds what is documented to differ from libpcap.
func TestARCNETAddresses(t *testing.T) {
	packet := []byte{0x05, 0x2a, 0xf0, 0x45} // from 5 to 42
	for expr, want := range map[string]bool{
		"ether host $5": true, "link src $5": true, "ether dst $5": false, "ether dst $2a": true, "ether src $2a": false,
		"ether broadcast": false, "ether src and dst $5": false,
	} {
		e, err := Parse(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		m, err := e.Matcher(capture.LinkARCNET)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if f := (capture.Frame{Link: capture.LinkARCNET, Data: packet, OrigLen: len(packet)}); m.MatchFrame(&f) != want {
			t.Errorf("%s: not %v", expr, want)
		}
	}
	for _, expr := range []string{"host $5", "$5", "ip host $5", "ether net $5"} {
		if e, err := Parse(expr); err == nil {
			t.Errorf("%s is accepted: %v", expr, e)
		}
	}
}

// TestOptimiserKeeps holds what libpcap's optimiser loses.
func TestOptimiserKeeps(t *testing.T) {
	packet := tcpPacket(80) // from 192.0.2.1 to 192.0.2.2
	for expr, want := range map[string]bool{
		"ip host (127.0.0.1 or 192.0.2.2) and host (127.0.0.1 or 192.0.2.1)":   true,
		"ip host (127.0.0.1 or 192.0.2.2) and host (127.0.0.1 or 192.0.2.3)":   false,
		"ip net (127.0.0.1 or 192.0.2.1) and not net (127.0.0.1 or 192.0.2.2)": false,
	} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Matcher(capture.LinkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Match(packet, len(packet)); got != want {
			t.Errorf("%s: %v", expr, got)
		}
	}
}

// TestMeantWord holds that a word of the language with one slip is known, and
// that what may well be a name is not taken for one.
func TestMeantWord(t *testing.T) {
	for word, want := range map[string]string{
		"por": "port", "prot": "port", "pport": "port", "ports": "port", "hots": "host", "tpc": "tcp", "udb": "udp", "protranges": "", "portrnage": "portrange",
		"boat": "", "alice": "", "p": "", "": "", "port": "", "rotp": "",
	} {
		if got := meantWord(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	_, err := Parse("por 3000")
	var e *SyntaxError
	if !errors.As(err, &e) || e.Hint != "did you mean port? A name needs host before it: host por" {
		t.Errorf("got %v", err)
	}
}
