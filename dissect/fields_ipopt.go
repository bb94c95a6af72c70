package dissect

import "strconv"

var ipv4OptionNames = map[uint8]string{
	0: "end of option list", 1: "no operation", 7: "record route", 25: "quick start", 68: "timestamp", 82: "traceroute",
	130: "security", 131: "loose source route", 133: "extended security", 134: "commercial security",
	136: "stream identifier", 137: "strict source route", 148: "router alert",
}

// Kinds of IPv4 options that are understood (RFC 791, section 3.1; RFC 2113;
// https://www.iana.org/assignments/ip-parameters).
const (
	ipEndOfList   = 0
	ipNoOperation = 1
	ipRecordRoute = 7
	ipTimestamp   = 68
	ipLooseRoute  = 131
	ipStrictRoute = 137
	ipStream      = 136
	ipRouterAlert = 148
)

// ipv4Options is RFC 791, section 3.1, the list of options.
func ipv4Options(r *fieldReader) {
	for at := ipv4Header; at < len(r.b); {
		kind := r.b[at]
		name := ipv4OptionNames[kind]
		if name == "" {
			name = "option " + strconv.Itoa(int(kind))
		}
		if kind <= 1 {
			r.made(Field{Name: name, Value: strconv.Itoa(int(kind)), Bit: at * 8, Bits: 8}, func() { ipv4OptionType(r, at) })
			if at++; kind == 0 {
				r.raw("padding", at, len(r.b)-at)
				return
			}
			continue
		}
		if at+1 >= len(r.b) || r.b[at+1] < 2 || at+int(r.b[at+1]) > len(r.b) {
			r.raw(name+", malformed", at, len(r.b)-at)
			return
		}
		n := int(r.b[at+1])
		r.made(Field{Name: name, Bit: at * 8, Bits: n * 8}, func() {
			ipv4OptionType(r, at)
			r.number("length", at*8+8, 8, count(uint64(n), "byte"))
			ipv4OptionData(r, kind, at, n)
		})
		at += n
	}
}

// ipv4OptionType adds the first octet of an option.
func ipv4OptionType(r *fieldReader, at int) {
	r.group("type", at*8, 8, "", func() {
		r.choice("copied", at*8, "in the first fragment only", "in every fragment")
		r.number("class", at*8+1, 2, [...]string{"control", "reserved", "debugging", "reserved"}[r.value(at*8+1, 2)])
		r.number("number", at*8+3, 5, "")
	})
}

// ipv4OptionData adds what stands behind type and length.
func ipv4OptionData(r *fieldReader, kind uint8, at, n int) {
	switch {
	case (kind == ipRecordRoute || kind == ipLooseRoute || kind == ipStrictRoute) && n >= 3:
		next := int(r.number("pointer", at*8+16, 8, "where the next address goes, from 4"))
		i := 3
		for ; i+4 <= n; i += 4 {
			name := "address"
			if i+1 == next {
				name = "next address"
			}
			r.address(name, at+i, 4)
		}
		r.raw("rest", at+i, n-i)
	case kind == ipTimestamp && n >= 4:
		r.number("pointer", at*8+16, 8, "where the next time goes, from 5")
		r.number("overflow", at*8+24, 4, "hosts that found no room")
		flag := r.number("flag", at*8+28, 4, map[uint64]string{0: "times only", 1: "addresses and times", 3: "times of the hosts named here"}[r.value(at*8+28, 4)])
		i := 4
		for ; i+4 <= n && flag == 0; i += 4 {
			r.number("time", (at+i)*8, 32, "ms since midnight UTC")
		}
		for ; i+8 <= n && flag != 0; i += 8 {
			r.address("address", at+i, 4)
			r.number("time", (at+i+4)*8, 32, "ms since midnight UTC")
		}
		r.raw("rest", at+i, n-i)
	case kind == ipRouterAlert && n == 4:
		r.number("value", at*8+16, 16, map[uint64]string{0: "each router looks at the packet"}[r.value(at*8+16, 16)])
	case kind == ipStream && n == 4:
		r.number("stream identifier", at*8+16, 16, "")
	default:
		r.raw("data", at+2, n-2)
	}
}

var ipv6OptionNames = map[uint8]string{
	0x00: "Pad1", 0x01: "PadN", 0x04: "tunnel encapsulation limit", 0x05: "router alert", 0x07: "CALIPSO",
	0x08: "SMF_DPD", 0x0f: "PDM", 0x22: "RPL option", 0x23: "RPL option", 0x26: "quick start", 0x30: "minimum path MTU",
	0x31: "IOAM", 0x6d: "MPL option", 0x8b: "ILNP nonce", 0xc2: "jumbo payload", 0xc9: "home address",
}

// optionsHeaderFields is RFC 8200, sections 4.2, 4.3 and 4.6.
func optionsHeaderFields(r *fieldReader) {
	extensionLength(r)
	for at := 2; at < len(r.b); {
		kind := r.b[at]
		name := ipv6OptionNames[kind]
		if name == "" {
			name = "option " + hexNumber(uint64(kind), 8)
		}
		if kind == 0 {
			r.made(Field{Name: name, Value: "0", Meaning: "one byte of filling", Bit: at * 8, Bits: 8}, func() { ipv6OptionType(r, at) })
			at++
			continue
		}
		if at+1 >= len(r.b) || at+2+int(r.b[at+1]) > len(r.b) {
			r.raw(name+", malformed", at, len(r.b)-at)
			return
		}
		n := 2 + int(r.b[at+1])
		r.made(Field{Name: name, Bit: at * 8, Bits: n * 8}, func() {
			ipv6OptionType(r, at)
			r.number("length", at*8+8, 8, count(uint64(n-2), "byte")+" behind this one")
			ipv6OptionData(r, kind, at+2, n-2)
		})
		at += n
	}
}

// ipv6OptionType adds the first octet of an option, whose upper bits say what
// to do about an unknown one (RFC 8200, section 4.2).
func ipv6OptionType(r *fieldReader, at int) {
	r.group("type", at*8, 8, "", func() {
		r.number("action", at*8, 2, [...]string{"who does not know it passes over it", "who does not know it discards the packet",
			"discard and tell the sender", "discard and tell the sender, unless it was multicast"}[r.value(at*8, 2)])
		r.choice("may change", at*8+2, "the same all the way", "may change on the way")
		r.number("rest of type", at*8+3, 5, "")
	})
}

// ipv6OptionData adds what stands behind type and length.
func ipv6OptionData(r *fieldReader, kind uint8, at, n int) {
	switch {
	case kind == 1:
		r.raw("filling", at, n)
	case kind == 0xc2 && n == 4:
		r.number("payload length", at*8, 32, "bytes")
	case kind == 0xc9 && n == 16:
		r.address("home address", at, 16)
	case kind == 5 && n == 2:
		r.number("value", at*8, 16, map[uint64]string{0: "multicast listener discovery", 1: "RSVP", 2: "active networks"}[r.value(at*8, 16)])
	case kind == 4 && n == 1:
		r.number("limit", at*8, 8, "more tunnels that it may enter")
	default:
		r.raw("data", at, n)
	}
}
