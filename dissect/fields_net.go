package dissect

import (
	"strconv"
)

// ipv4Fields is RFC 791, section 3.1, with RFC 2474 and RFC 3168 for what was
// the type of service.
func ipv4Fields(r *fieldReader) {
	r.number("version", 0, 4, "")
	header := r.value(4, 4) * 4
	r.number("header length", 4, 4, count(header, "byte"))
	dscpFields(r, "DS field", 8)
	if r.number("total length", 16, 16, ""); r.value(16, 16) == 0 {
		r.fields[len(r.fields)-1].Meaning = "left to segmentation offload"
	}
	r.hex("identification", 32, 16, "the same in all fragments of one packet")
	r.group("flags", 48, 3, [...]string{"none", "more fragments", "don't fragment", "don't fragment, more fragments"}[r.value(49, 2)], func() {
		r.number("reserved", 48, 1, "")
		r.flag("don't fragment", 49, "routers must not fragment")
		r.flag("more fragments", 50, "not the last fragment")
	})
	r.number("fragment offset", 51, 13, count(r.value(51, 13)*8, "byte"))
	r.number("time to live", 64, 8, "each router takes one off")
	r.protocol("protocol", 9)
	r.hex("header checksum", 80, 16, r.p.doubt(headerChecksum(r.b)).String())
	r.address("source address", 12, 4)
	r.address("destination address", 16, 4)
	ipv4Options(r)
}

// checksum returns the state of the transport's checksum, empty where this
// layer is not the packet's last.
func (r *fieldReader) checksum() string {
	if r.l != r.p.Layers[r.p.NumLayers-1] {
		return ""
	}
	_, transport := r.p.CheckChecksums()
	return transport.String()
}

var ecnNames = [4]string{"not ECN-capable", "ECT(1)", "ECT(0)", "congestion experienced"}

// dscpFields adds the two parts of the octet that RFC 2474 calls the DS field
// and RFC 8200 the traffic class.
func dscpFields(r *fieldReader, name string, bit int) {
	dscp, ecn := dscpName(uint8(r.value(bit, 6))), ecnNames[r.value(bit+6, 2)]
	if dscp == "CS0" {
		dscp += ", ordinary traffic"
	}
	r.group(name, bit, 8, "", func() {
		r.number("differentiated services", bit, 6, dscp)
		r.number("ECN", bit+6, 2, ecn)
	})
}

// dscpName returns the name of a code point (RFC 2474, RFC 2597, RFC 3246).
func dscpName(v uint8) string {
	switch {
	case v == 46:
		return "EF"
	case v == 44:
		return "VOICE-ADMIT"
	case v == 1:
		return "LE"
	case v&7 == 0:
		return "CS" + strconv.Itoa(int(v>>3))
	case v&1 == 0 && v>>3 <= 4:
		return "AF" + strconv.Itoa(int(v>>3)) + strconv.Itoa(int(v>>1&3))
	}
	return ""
}

// ipv6Fields is RFC 8200, section 3.
func ipv6Fields(r *fieldReader) {
	r.number("version", 0, 4, "")
	dscpFields(r, "traffic class", 4)
	r.hex("flow label", 12, 20, "")
	meaning := ""
	if r.value(32, 16) == 0 {
		meaning = "longer than the field can say, or nothing"
	}
	r.number("payload length", 32, 16, meaning)
	r.protocol("next header", 6)
	r.number("hop limit", 56, 8, "each router takes one off")
	r.address("source address", 8, 16)
	r.address("destination address", 24, 16)
	for _, a := range [...]struct {
		name string
		at   int
	}{{"source", 8}, {"destination", 24}} {
		if r.has(a.at*8, 128) && r.b[a.at+11] == 0xff && r.b[a.at+12] == 0xfe {
			r.computed("link address in the "+a.name, slaacAddress(r.b[a.at+8:a.at+16]), "its lower half is made of one (RFC 4291)")
		}
	}
}

// slaacAddress returns the link-layer address that an interface identifier was
// made of (RFC 4291, appendix A).
func slaacAddress(id []byte) string {
	return macString([]byte{id[0] ^ 2, id[1], id[2], id[5], id[6], id[7]})
}

// extensionLength adds the length field that most extension headers have.
func extensionLength(r *fieldReader) {
	r.protocol("next header", 0)
	r.number("header extension length", 8, 8, count(8+r.value(8, 8)*8, "byte"))
}

var routingNames = map[uint64]string{
	0: "source route (deprecated)", 2: "mobile IPv6 type 2", 3: "RPL source route", 4: "segment routing",
	5: "CRH-16", 6: "CRH-32",
}

// routingFields is RFC 8200, section 4.4, and RFC 8754, section 2.
func routingFields(r *fieldReader) {
	extensionLength(r)
	kind := r.value(16, 8)
	r.number("routing type", 16, 8, routingNames[kind])
	r.number("segments left", 24, 8, "")
	if kind == 4 {
		r.number("last entry", 32, 8, "")
		r.hex("flags", 40, 8, "")
		r.hex("tag", 48, 16, "")
		segments := int(r.value(32, 8)) + 1
		for i := range segments {
			r.address("segment "+strconv.Itoa(i), 8+16*i, 16)
		}
		r.raw("TLVs", 8+16*segments, len(r.b)-8-16*segments)
		return
	}
	r.raw("reserved", 4, 4)
	if kind != 0 && kind != 2 {
		r.raw("data", 8, len(r.b)-8)
		return
	}
	for i := 0; 8+16*(i+1) <= len(r.b); i++ {
		r.address("address "+strconv.Itoa(i+1), 8+16*i, 16)
	}
}

// fragmentFields is RFC 8200, section 4.5.
func fragmentFields(r *fieldReader) {
	r.protocol("next header", 0)
	r.number("reserved", 8, 8, "")
	r.number("fragment offset", 16, 13, count(r.value(16, 13)*8, "byte"))
	r.number("reserved", 29, 2, "")
	r.flag("more fragments", 31, "not the last fragment")
	r.hex("identification", 32, 32, "")
}

// mobilityFields is RFC 6275, section 6.1.1; HIP and Shim6 begin alike.
func mobilityFields(r *fieldReader) {
	extensionLength(r)
	r.number("type", 16, 8, "")
	r.number("reserved", 24, 8, "")
	r.hex("checksum", 32, 16, "")
	r.raw("data", 6, len(r.b)-6)
}

// ahFields is RFC 4302, section 2.
func ahFields(r *fieldReader) {
	r.protocol("next header", 0)
	r.number("payload length", 8, 8, count(8+r.value(8, 8)*4, "byte"))
	r.number("reserved", 16, 16, "")
	r.hex("security parameters index", 32, 32, "")
	r.number("sequence number", 64, 32, "")
	r.raw("integrity check value", 12, len(r.b)-12)
}

// udpFields is RFC 768.
func udpFields(r *fieldReader) {
	r.number("source port", 0, 16, "")
	r.number("destination port", 16, 16, "")
	r.number("length", 32, 16, "")
	r.hex("checksum", 48, 16, r.checksum())
}

// sctpFields is RFC 9260, section 3.1.
func sctpFields(r *fieldReader) {
	r.number("source port", 0, 16, "")
	r.number("destination port", 16, 16, "")
	r.hex("verification tag", 32, 32, "")
	r.hex("checksum", 64, 32, "")
}

// icmpFields is RFC 792.
func icmpFields(r *fieldReader) {
	kind, code := uint8(r.value(0, 8)), uint8(r.value(8, 8))
	r.number("type", 0, 8, ICMPName(4, kind, code))
	r.number("code", 8, 8, "")
	r.hex("checksum", 16, 16, r.checksum())
	switch kind {
	case 0, 8, 13, 14: // echo, timestamp
		r.number("identifier", 32, 16, "")
		r.number("sequence number", 48, 16, "")
	case icmpUnreachable:
		r.number("unused", 32, 16, "")
		r.number("next-hop MTU", 48, 16, "")
	case icmpRedirect:
		r.address("gateway address", 4, 4)
	case icmpParameter:
		r.number("pointer", 32, 8, "")
		r.raw("unused", 5, 3)
	default:
		r.raw("rest of header", 4, 4)
	}
}

// icmp6Fields is RFC 4443 and RFC 4861.
func icmp6Fields(r *fieldReader) {
	kind, code := uint8(r.value(0, 8)), uint8(r.value(8, 8))
	r.number("type", 0, 8, ICMPName(6, kind, code))
	r.number("code", 8, 8, "")
	r.hex("checksum", 16, 16, r.checksum())
	switch kind {
	case icmp6TooBig:
		r.number("MTU", 32, 32, "")
	case 4: // parameter problem
		r.number("pointer", 32, 32, "")
	case 128, 129: // echo
		r.number("identifier", 32, 16, "")
		r.number("sequence number", 48, 16, "")
	case icmp6Solicitation:
		r.raw("reserved", 4, 4)
	case icmp6Advertisement:
		r.flag("router", 32, "sent by a router")
		r.flag("solicited", 33, "answers a solicitation")
		r.flag("override", 34, "replaces what is known")
		r.number("reserved", 35, 29, "")
	default:
		r.raw("rest of header", 4, 4)
	}
	r.neighbourFields(kind)
}

// neighbourFields adds target and options, which lie behind what counts as
// the header of other messages.
func (r *fieldReader) neighbourFields(kind uint8) {
	if kind != icmp6Solicitation && kind != icmp6Advertisement {
		return
	}
	r.address("target address", 8, 16)
	for at := 24; at+8 <= len(r.b) && r.b[at+1] > 0; at += 8 * int(r.b[at+1]) {
		n := 8 * int(r.b[at+1])
		switch r.b[at] {
		case 1:
			r.mac("source link-layer address", at+2, n-2)
		case 2:
			r.mac("target link-layer address", at+2, n-2)
		default:
			r.raw("option "+strconv.Itoa(int(r.b[at])), at, n)
		}
	}
}

// arpFields is RFC 826.
func arpFields(r *fieldReader) {
	hardware := ""
	if r.value(0, 16) == 1 {
		hardware = "Ethernet"
	}
	r.number("hardware type", 0, 16, hardware)
	r.etherType("protocol type", 2)
	r.number("hardware address length", 32, 8, "")
	r.number("protocol address length", 40, 8, "")
	op := r.value(48, 16)
	r.number("operation", 48, 16, map[uint64]string{
		1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply", 8: "inverse request", 9: "inverse reply",
	}[op])
	h, n := int(r.value(32, 8)), int(r.value(40, 8))
	at := 8
	for _, who := range [...]string{"sender", "target"} {
		r.mac(who+" hardware address", at, h)
		if at += h; n == 4 || n == 16 {
			r.address(who+" protocol address", at, n)
		} else {
			r.raw(who+" protocol address", at, n)
		}
		at += n
	}
}
