package dissect_test

import (
	"net/netip"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// dnsHead is a DNS header: flags 0x0100 ask, 0x8180 answer.
func dnsHead(flags, questions, answers int) []byte {
	return join(u16(0x1234), u16(flags), u16(questions), u16(answers), u16(0), u16(0))
}

// dnsLabels writes a name in full.
func dnsLabels(name string) []byte {
	var b []byte
	for _, l := range strings.Split(name, ".") {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0)
}

func dnsQuestion(name string, kind int) []byte { return join(dnsLabels(name), u16(kind), u16(1)) }

// dnsRecord is an answer of class IN that holds for 60 s.
func dnsRecord(owner []byte, kind int, data []byte) []byte {
	return join(owner, u16(kind), u16(1), u32(60), u16(len(data)), data)
}

var dnsFirst = []byte{0xc0, 12} // points at the name of the first question

func TestParseDNS(t *testing.T) {
	const alias = "edge.example.net"
	question := dnsQuestion("www.example.com", dissect.DNSTypeA)
	four := netip.MustParseAddr("192.0.2.7")
	for _, tt := range []struct {
		name    string
		message []byte
		want    dissect.DNS
	}{
		{"question", join(dnsHead(0x0100, 1, 0), question), dissect.DNS{Name: "www.example.com", Type: dissect.DNSTypeA}},
		{"answer", join(dnsHead(0x8180, 1, 1), question, dnsRecord(dnsFirst, dissect.DNSTypeA, four.AsSlice())),
			dissect.DNS{Response: true, Name: "www.example.com", Type: dissect.DNSTypeA, Answers: []dissect.DNSAnswer{{Addr: four, Name: "www.example.com"}}}},
		{"answer by way of an alias", join(dnsHead(0x8180, 1, 3), question, dnsRecord(dnsFirst, dissect.DNSTypeCNAME, dnsLabels(alias)),
			dnsRecord(dnsLabels("EDGE.example.net"), dissect.DNSTypeA, four.AsSlice()), dnsRecord(dnsLabels("other.example"), dissect.DNSTypeAAAA, src6.AsSlice())),
			dissect.DNS{Response: true, Name: "www.example.com", Type: dissect.DNSTypeA,
				Answers: []dissect.DNSAnswer{{Addr: four, Name: "www.example.com"}, {Addr: src6, Name: "other.example"}}}},
		{"mDNS, unasked", join(dnsHead(0x8400, 0, 1), dnsRecord(dnsLabels("printer.local"), dissect.DNSTypeAAAA, src6.AsSlice())),
			dissect.DNS{Response: true, Answers: []dissect.DNSAnswer{{Addr: src6, Name: "printer.local"}}}},
		{"name of an IPv4 address", join(dnsHead(0x8180, 1, 1), dnsQuestion("7.2.0.192.in-addr.arpa", dissect.DNSTypePTR), dnsRecord(dnsFirst, dissect.DNSTypePTR, dnsLabels("seven.example"))),
			dissect.DNS{Response: true, Name: "7.2.0.192.in-addr.arpa", Type: dissect.DNSTypePTR, Answers: []dissect.DNSAnswer{{Addr: four, Name: "seven.example", Pointer: true}}}},
		{"name of an IPv6 address", join(dnsHead(0x8180, 1, 1), dnsQuestion("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", dissect.DNSTypePTR), dnsRecord(dnsFirst, dissect.DNSTypePTR, dnsLabels("one.example"))),
			dissect.DNS{Response: true, Name: "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", Type: dissect.DNSTypePTR, Answers: []dissect.DNSAnswer{{Addr: src6, Name: "one.example", Pointer: true}}}},
		{"no such name", join(dnsHead(0x8183, 1, 0), question), dissect.DNS{Response: true, Code: 3, Name: "www.example.com", Type: dissect.DNSTypeA}},
		{"cut off", join(dnsHead(0x8180, 1, 2), question, dnsRecord(dnsFirst, dissect.DNSTypeA, four.AsSlice()), dnsFirst),
			dissect.DNS{Response: true, Cut: true, Name: "www.example.com", Type: dissect.DNSTypeA, Answers: []dissect.DNSAnswer{{Addr: four, Name: "www.example.com"}}}},
		{"escapes", join(dnsHead(0x0100, 1, 0), []byte{4, 0x1b, '[', '.', ' ', 1, '\\', 0}, u16(dissect.DNSTypeA), u16(1)),
			dissect.DNS{Name: `\027[\.\032.\\`, Type: dissect.DNSTypeA}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got dissect.DNS
			if !dissect.ParseDNS(tt.message, &got) {
				t.Fatal("no message")
			}
			if got.ID != 0x1234 || got.Response != tt.want.Response || got.Cut != tt.want.Cut || got.Code != tt.want.Code || got.Name != tt.want.Name ||
				got.Type != tt.want.Type || len(got.Answers) != len(tt.want.Answers) {
				t.Fatalf("%+v", got)
			}
			for i, a := range got.Answers {
				if a != tt.want.Answers[i] {
					t.Errorf("answer %d is %+v", i, a)
				}
			}
		})
	}
}

// TestParseDNSHostile: names that run in circles, out of the message, or over
// the limits end the reading and nothing else.
func TestParseDNSHostile(t *testing.T) {
	long := strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 63)+".", 5), ".")
	many := dnsHead(0x8180, 0, 5000)
	for range 5000 {
		many = append(many, dnsRecord([]byte{1, 'a', 0}, dissect.DNSTypeA, src4.AsSlice())...)
	}
	for name, b := range map[string][]byte{
		"nothing":                 nil,
		"another operation":       join(dnsHead(0x2800, 1, 0), dnsQuestion("a", 1)),
		"a pointer to itself":     join(dnsHead(0x0100, 1, 0), []byte{0xc0, 12}, u16(1), u16(1)),
		"a pointer ahead":         join(dnsHead(0x0100, 1, 0), []byte{0xc0, 14, 1, 'a', 0}, u16(1), u16(1)),
		"a label that ends later": join(dnsHead(0x0100, 1, 0), []byte{40, 'a'}),
		"a name that is too long": join(dnsHead(0x0100, 1, 0), dnsQuestion(long, 1)),
		"a label of another type": join(dnsHead(0x0100, 1, 0), []byte{0x41, 0}, u16(1), u16(1)),
	} {
		var m dissect.DNS
		if dissect.ParseDNS(b, &m) || m.Name != "" {
			t.Errorf("%s is taken: %+v", name, m)
		}
	}
	var m dissect.DNS
	if !dissect.ParseDNS(many, &m) || !m.Cut || len(m.Answers) != dissect.MaxDNSAddresses {
		t.Errorf("%d answers of 5000, cut %v", len(m.Answers), m.Cut)
	}
}

// TestDNSFree holds that telling DNS from other packets costs no memory, and
// that a question read again and again costs only its name.
func TestDNSFree(t *testing.T) {
	frame := capture.Frame{Number: 1, Link: capture.LinkEthernet, Data: ether(0x0800, ip4(17, 0, udp(4000, 53, join(dnsHead(0x0100, 1, 0), dnsQuestion("a.example", 1)))))}
	frame.OrigLen = len(frame.Data)
	p := decodeFrame(&frame)
	var m dissect.DNS
	if n := testing.AllocsPerRun(100, func() {
		if !p.IsDNS() || !dissect.ParseDNS(p.Payload, &m) {
			t.Fatal("no DNS")
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseDNS(f *testing.F) {
	question := dnsQuestion("www.example.com", dissect.DNSTypeA)
	f.Add(join(dnsHead(0x0100, 1, 0), question))
	f.Add(join(dnsHead(0x8180, 1, 2), question, dnsRecord(dnsFirst, dissect.DNSTypeCNAME, dnsLabels("b.example")), dnsRecord(dnsLabels("b.example"), dissect.DNSTypeAAAA, src6.AsSlice())))
	f.Add(join(dnsHead(0x8180, 1, 1), dnsQuestion("7.2.0.192.in-addr.arpa", dissect.DNSTypePTR), dnsRecord(dnsFirst, dissect.DNSTypePTR, dnsLabels("seven.example"))))
	f.Add(join(dnsHead(0x0100, 1, 0), []byte{1, 'a', 0xc0, 12}, u16(1), u16(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m dissect.DNS
		ok := dissect.ParseDNS(b, &m)
		if !ok && len(m.Answers) > 0 || len(m.Answers) > dissect.MaxDNSAddresses {
			t.Fatalf("%v %+v", ok, m)
		}
		names := []string{m.Name}
		for _, a := range m.Answers {
			if !a.Addr.IsValid() {
				t.Fatalf("%+v", m)
			}
			names = append(names, a.Name)
		}
		for _, n := range names {
			if len(n) > 4*255 || strings.ContainsFunc(n, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				t.Fatalf("%q", n)
			}
		}
	})
}
