package render

import (
	"net/netip"
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// lookupNames is how many columns of a name are shown.
const lookupNames = 60

// lookupWord names the protocol that asks for an address.
func lookupWord(l *conn.Lookup) string {
	switch {
	case l.Dst.Port() == dissect.PortMDNS || l.Src.Port() == dissect.PortMDNS:
		return "mDNS"
	case l.Dst.Port() == dissect.PortLLMNR || l.Src.Port() == dissect.PortLLMNR:
		return "LLMNR"
	}
	return "DNS"
}

// lookupKind says what kind of record is asked for.
func lookupKind(l *conn.Lookup) string {
	switch l.Type {
	case dissect.DNSTypeA:
		return "IPv4 address"
	case dissect.DNSTypeAAAA:
		return "IPv6 address"
	}
	return dissect.DNSTypeName(l.Type) + " record"
}

// lookupText says what a DNS message asks or answers, and with how few words
// that can be done.
func lookupText(e *conn.Event, g *glyphs) (long, short string) {
	l := e.DNS
	name := safeName(l.Name, lookupNames, g)
	if !l.Response {
		short = lookupKind(l) + " of " + name + "?"
		return "asks " + safeText(l.Dst.Addr().String(), g) + ": " + short, short
	}
	by := ", says " + safeText(l.Src.Addr().String(), g)
	switch {
	case l.Code != 0:
		short = dissect.DNSCodeName(l.Code) + ": " + name
	case len(l.Answers) == 0:
		short = name + " has no " + lookupKind(l)
	default:
		a := answerFor(l, e.Server.Addr())
		if a.Name != l.Name {
			name = safeName(a.Name, lookupNames, g)
		}
		short = name + " is " + a.Addr.String()
		if n := len(l.Answers) - 1; n > 0 {
			return short + ", and " + itoa(n) + " more" + by, short
		}
	}
	return short + by, short
}

// answerFor returns the answer that gives an address, else the first.
func answerFor(l *conn.Lookup, a netip.Addr) *dissect.DNSAnswer {
	for i := range l.Answers {
		if l.Answers[i].Addr == a {
			return &l.Answers[i]
		}
	}
	return &l.Answers[0]
}

func (t *timeline) lookupRow(e *conn.Event) {
	word := lookupWord(e.DNS)
	long, short := lookupText(e, &t.g)
	t.plainRow(e, '7', lookupDirection(e), word, word+"  "+long, word+"  "+short)
}

// lookupDirection is where a message goes, seen from the ends of the event's
// connection: a client asks, and is answered.
func lookupDirection(e *conn.Event) direction {
	if e.DNS.Response {
		return pointsLeft
	}
	return pointsRight
}

func (s *sketch) lookup(e *conn.Event) stroke {
	_, short := lookupText(e, s.g)
	return stroke{kind: strokeNeighbour, dir: lookupDirection(e), word: lookupWord(e.DNS), tokens: strings.Fields(short)}
}

func (p *plain) lookup(e *conn.Event) {
	p.lead(e)
	l := e.DNS
	who := safeText(l.Src.Addr().String(), &p.g)
	if !l.Response {
		p.say(p.text.String() + who + " asks " + safeText(l.Dst.Addr().String(), &p.g) + " for the " + lookupKind(l) + " of " +
			safeName(l.Name, lookupNames, &p.g) + " (" + lookupWord(l) + ").")
		return
	}
	_, short := lookupText(e, &p.g)
	p.say(p.text.String() + who + " answers: " + short + ".")
}

func (n *ndjson) lookup(b []byte, e *conn.Event) []byte {
	l := e.DNS
	b = n.head(b, `{"type":"dns"`, e)
	b = append(b, `,"src":`...)
	b = appendAddr(b, l.Src.Addr())
	b = appendUintValue(b, `,"sport":`, l.Src.Port())
	b = append(b, `,"dst":`...)
	b = appendAddr(b, l.Dst.Addr())
	b = appendUintValue(b, `,"dport":`, l.Dst.Port())
	b = append(b, `,"operation":`...)
	if l.Response {
		b = append(b, `"response"`...)
	} else {
		b = append(b, `"query"`...)
	}
	b = appendUintValue(b, `,"id":`, l.ID)
	if l.Name != "" {
		b = appendStringKey(b, "name", l.Name)
		b = appendStringKey(b, "record", dissect.DNSTypeName(l.Type))
	}
	if l.Response {
		b = appendUintValue(b, `,"code":`, l.Code)
		b = appendStringKey(b, "meaning", dissect.DNSCodeName(l.Code))
		b = append(b, `,"answers":[`...)
		for i := range l.Answers {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"addr":`...)
			b = appendAddr(b, l.Answers[i].Addr)
			b = append(appendStringKey(b, "name", l.Answers[i].Name), '}')
		}
		b = append(b, ']')
	}
	if e.Packet != nil {
		b = appendLayers(b, e.Packet)
	}
	return append(b, '}', '\n')
}
