package render

import (
	"tcpsee/dissect"
)

// icmpMeaning says in words what an ICMP error means (RFC 792, RFC 1812,
// RFC 4443); "" for what has no usual name.
func icmpMeaning(m *dissect.ICMP) string {
	if m.Version == 6 {
		return icmp6Meaning(m.Type, m.Code)
	}
	switch m.Type {
	case 3:
		return icmp4Unreachable(m.Code)
	case 4:
		return "source quench"
	case 5:
		return "redirect"
	case 11:
		if m.Code == 1 {
			return "time exceeded while fragments were put together"
		}
		return "time to live exceeded"
	case 12:
		return "parameter problem"
	}
	return ""
}

func icmp4Unreachable(code uint8) string {
	names := [...]string{
		0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable",
		4: "fragmentation needed", 5: "source route failed", 6: "network unknown", 7: "host unknown", 8: "host isolated",
		9: "network prohibited", 10: "host prohibited", 11: "network unreachable for this service",
		12: "host unreachable for this service", 13: "administratively prohibited", 14: "precedence violated",
		15: "precedence cut off",
	}
	if int(code) < len(names) {
		return names[code]
	}
	return "destination unreachable"
}

func icmp6Meaning(kind, code uint8) string {
	switch kind {
	case 1:
		names := [...]string{
			0: "no route", 1: "administratively prohibited", 2: "beyond the scope of the source", 3: "address unreachable",
			4: "port unreachable", 5: "source address failed policy", 6: "route rejected",
		}
		if int(code) < len(names) {
			return names[code]
		}
		return "destination unreachable"
	case 2:
		return "packet too big"
	case 3:
		if code == 1 {
			return "time exceeded while fragments were put together"
		}
		return "hop limit exceeded"
	case 4:
		return "parameter problem"
	}
	return ""
}

// neighbourProtocol names the protocol of a question about a link address.
func neighbourProtocol(m *dissect.Neighbour) string {
	if m.ARP {
		return "arp"
	}
	return "nd"
}

func appendMAC(b []byte, mac [6]byte) []byte {
	for i, v := range mac {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, hexDigits[v>>4], hexDigits[v&15])
	}
	return b
}
