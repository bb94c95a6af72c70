package dissect

import (
	"net/netip"
	"strconv"
	"strings"
)

// Limits of what is read of a DNS message. What goes over one is left out.
const (
	MaxDNSRecords   = 64  // answers that are looked at
	MaxDNSAddresses = 16  // addresses that are kept
	maxDNSName      = 255 // octets of a name on the wire (RFC 1035, section 3.1)
	maxDNSPointers  = 32  // compression pointers in one name
	maxDNSLabel     = 63
	dnsHeaderLength = 12
	dnsAnswerLength = 10 // type, class, time to live, length
)

// The types of record that tell about addresses (RFC 1035, section 3.2.2; RFC
// 3596).
const (
	DNSTypeA     = 1
	DNSTypeCNAME = 5
	DNSTypePTR   = 12
	DNSTypeAAAA  = 28
	DNSTypeANY   = 255
)

// UDP ports on which names are asked for.
const (
	PortDNS   = 53
	PortMDNS  = 5353 // RFC 6762
	PortLLMNR = 5355 // RFC 4795
)

// DNS is a message of the domain name system (RFC 1035, section 4), as far as
// it asks for addresses or tells them. mDNS and LLMNR have the same form.
type DNS struct {
	ID       uint16
	Response bool
	Cut      bool  // more was in it than a datagram holds (TC), or than was captured or is looked at
	Code     uint8 // of a response: 0 is no error, 3 is no such name
	Name     string
	Type     uint16 // what is asked for; 0 where the message has no question
	Answers  []DNSAnswer
}

// DNSAnswer is an address and its name.
type DNSAnswer struct {
	Addr    netip.Addr
	Name    string // that was asked for, where the answer belongs to it by way of aliases; else the record's own
	Pointer bool   // the address was asked for and the name told (PTR)
}

// IsDNS reports whether the packet is UDP from or to a port on which names are
// asked for. It costs nothing for other packets.
func (p *Packet) IsDNS() bool {
	return p.Content == ContentUDP && (dnsPort(p.UDPDst) || dnsPort(p.UDPSrc))
}

func dnsPort(n uint16) bool { return n == PortDNS || n == PortMDNS || n == PortLLMNR }

// ParseDNS reads the message b into m, of which only Answers' memory is used
// again, and reports whether b is one. Names are in RFC 1035's text form
// (section 5.1) without the last dot: what is no printable ASCII is written
// \DDD, so that they may be shown anywhere.
func ParseDNS(b []byte, m *DNS) bool {
	*m = DNS{Answers: m.Answers[:0]}
	if len(b) < dnsHeaderLength || b[2]>>3&15 != 0 { // another operation than a query
		return false
	}
	questions, answers := int(be16(b[4:])), int(be16(b[6:]))
	m.ID, m.Response, m.Cut, m.Code = be16(b), b[2]&0x80 != 0, b[2]&0x02 != 0, b[3]&0x0f
	at := dnsHeaderLength
	for i := range min(questions, MaxDNSRecords) {
		name, n := dnsName(b, at)
		if n == 0 || n+4 > len(b) {
			return i > 0
		}
		if i == 0 {
			m.Name, m.Type = name, be16(b[n:])
		}
		at = n + 4
	}
	if m.Response {
		m.answers(b, at, answers)
	}
	return questions+answers > 0
}

// answers reads the records of the answer section.
func (m *DNS) answers(b []byte, at, count int) {
	alias := m.Name
	for i := range count {
		owner, n := dnsName(b, at)
		if n == 0 || n+dnsAnswerLength > len(b) || i == MaxDNSRecords {
			m.Cut = true
			return
		}
		kind, length := be16(b[n:]), int(be16(b[n+8:]))
		data := n + dnsAnswerLength
		if data+length > len(b) {
			m.Cut = true
			return
		}
		name := owner
		if m.Name != "" && strings.EqualFold(owner, alias) {
			name = m.Name
		}
		switch kind {
		case DNSTypeCNAME:
			if target, end := dnsName(b, data); end != 0 && name == m.Name {
				alias = target
			}
		case DNSTypeA, DNSTypeAAAA:
			if a, ok := netip.AddrFromSlice(b[data : data+length]); ok && a.Is4() == (kind == DNSTypeA) {
				m.keep(DNSAnswer{Addr: a, Name: name})
			}
		case DNSTypePTR:
			target, end := dnsName(b, data)
			if a := reverseName(name); end != 0 && a.IsValid() {
				m.keep(DNSAnswer{Addr: a, Name: target, Pointer: true})
			}
		}
		at = data + length
	}
}

func (m *DNS) keep(a DNSAnswer) {
	if len(m.Answers) == MaxDNSAddresses {
		m.Cut = true
		return
	}
	m.Answers = append(m.Answers, a)
}

// dnsName reads the name at an offset (RFC 1035, section 4.1.4) and returns it
// with the offset behind it, 0 for what is no name. A pointer has to lead to
// before where the name began, and each to before the last, so that none leads
// in circles.
func dnsName(b []byte, at int) (name string, end int) {
	var text [4 * maxDNSName]byte
	out := text[:0]
	octets, pointers, lowest := 0, 0, at
	for at < len(b) {
		n := int(b[at])
		switch {
		case n == 0:
			if end == 0 {
				end = at + 1
			}
			if len(out) == 0 {
				return ".", end
			}
			return string(out), end
		case n <= maxDNSLabel:
			if octets += n + 1; octets > maxDNSName || at+1+n > len(b) {
				return "", 0
			}
			if len(out) > 0 {
				out = append(out, '.')
			}
			out = appendDNSLabel(out, b[at+1:at+1+n])
			at += 1 + n
		case n >= 0xc0 && at+2 <= len(b):
			if end == 0 {
				end = at + 2
			}
			at = int(be16(b[at:]) & 0x3fff)
			if pointers++; at >= lowest || pointers > maxDNSPointers {
				return "", 0
			}
			lowest = at
		default:
			return "", 0
		}
	}
	return "", 0
}

// appendDNSLabel writes a label so that its dots and backslashes, and what is
// no printable ASCII, cannot be taken for anything else.
func appendDNSLabel(out, label []byte) []byte {
	for _, c := range label {
		switch {
		case c == '.' || c == '\\':
			out = append(out, '\\', c)
		case c > ' ' && c < 0x7f:
			out = append(out, c)
		default:
			out = append(out, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return out
}

// reverseName returns the address that a name of in-addr.arpa or ip6.arpa
// stands for (RFC 1035, section 3.5; RFC 3596, section 2.5).
func reverseName(name string) netip.Addr {
	name = strings.ToLower(name)
	if s, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(s, ".")
		var a [4]byte
		if len(parts) != len(a) {
			return netip.Addr{}
		}
		for i, p := range parts {
			n, err := strconv.ParseUint(p, 10, 8)
			if err != nil {
				return netip.Addr{}
			}
			a[len(a)-1-i] = byte(n)
		}
		return netip.AddrFrom4(a)
	}
	s, ok := strings.CutSuffix(name, ".ip6.arpa")
	if !ok || len(s) != 63 {
		return netip.Addr{}
	}
	var a [16]byte
	for i := range 2 * len(a) {
		n, err := strconv.ParseUint(s[2*i:2*i+1], 16, 4)
		if err != nil || 2*i+1 < len(s) && s[2*i+1] != '.' {
			return netip.Addr{}
		}
		at := 2*len(a) - 1 - i
		a[at/2] |= byte(n) << (4 * (1 - at%2))
	}
	return netip.AddrFrom16(a)
}

// DNSTypeName returns the name of a record's type, TYPEnnn (RFC 3597) for one
// that has none here.
func DNSTypeName(t uint16) string {
	if n, ok := dnsTypes[t]; ok {
		return n
	}
	return "TYPE" + strconv.Itoa(int(t))
}

var dnsTypes = map[uint16]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 64: "SVCB",
	65: "HTTPS", 251: "IXFR", 252: "AXFR", 255: "ANY",
}

// DNSCodeName says in words what a response code means.
func DNSCodeName(c uint8) string {
	names := [...]string{"no error", "format error", "server failure", "no such name", "not implemented", "refused"}
	if int(c) < len(names) {
		return names[c]
	}
	return "error " + strconv.Itoa(int(c))
}
