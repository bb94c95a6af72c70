package dissect

// greFields is RFC 2784, RFC 2890 and, for version 1, RFC 2637.
func greFields(r *fieldReader) {
	var checksum, routing, key, sequence, ack bool
	enhanced := r.value(13, 3) == 1
	r.group("flags and version", 0, 16, "", func() {
		checksum = r.flag("checksum present", 0, "checksum and reserved field follow")
		routing = r.flag("routing present", 1, "deprecated")
		key = r.flag("key present", 2, "key follows")
		sequence = r.flag("sequence number present", 3, "sequence number follows")
		r.number("strict source route", 4, 1, "")
		r.number("recursion control", 5, 3, "")
		if enhanced {
			ack = r.flag("acknowledgment present", 8, "acknowledgment number follows")
			r.number("reserved", 9, 4, "")
		} else {
			r.number("reserved", 8, 5, "")
		}
		r.number("version", 13, 3, map[uint64]string{0: "GRE", 1: "PPTP"}[r.value(13, 3)])
	})
	r.etherType("protocol type", 2)
	at := 4
	if checksum || routing {
		r.hex("checksum", at*8, 16, "")
		r.number("offset", at*8+16, 16, "")
		at += 4
	}
	if key && r.value(13, 3) == 1 {
		r.number("payload length", at*8, 16, "")
		r.number("call identifier", at*8+16, 16, "")
		at += 4
	} else if key {
		r.hex("key", at*8, 32, "")
		at += 4
	}
	if sequence {
		r.number("sequence number", at*8, 32, "")
		at += 4
	}
	if ack {
		r.number("acknowledgment number", at*8, 32, "")
		at += 4
	}
	r.raw("routing", at, len(r.b)-at)
}

// erspanFields is draft-foschiano-erspan.
func erspanFields(r *fieldReader) {
	r.number("version", 0, 4, map[uint64]string{1: "type II", 2: "type III"}[r.value(0, 4)])
	r.number("VLAN", 4, 12, "")
	r.number("class of service", 16, 3, "")
	r.number("encapsulation", 19, 2, "")
	r.number("truncated", 21, 1, "")
	r.number("session identifier", 22, 10, "")
	if len(r.b) == 8 {
		r.number("reserved", 32, 12, "")
		r.number("index", 44, 20, "")
		return
	}
	r.number("timestamp", 32, 32, "")
	r.hex("security group tag", 64, 16, "")
	r.hex("flags", 80, 16, "")
	r.raw("platform subheader", 12, len(r.b)-12)
}

// vxlanFields is RFC 7348, section 5, and draft-smith-vxlan-group-policy, whose
// fields are reserved there.
func vxlanFields(r *fieldReader) {
	r.group("flags", 0, 16, "", func() {
		r.flag("group policy present", 0, "group policy holds")
		r.number("reserved", 1, 3, "")
		r.flag("VNI present", 4, "network identifier holds")
		r.number("reserved", 5, 4, "")
		r.flag("don't learn", 9, "the address of its sender")
		r.number("reserved", 10, 2, "")
		r.flag("policy applied", 12, "do not apply it again")
		r.number("reserved", 13, 3, "")
	})
	r.number("group policy", 16, 16, "only with group policy present, else reserved")
	r.number("VXLAN network identifier", 32, 24, "")
	r.number("reserved", 56, 8, "")
}

// geneveFields is RFC 8926, section 3.
func geneveFields(r *fieldReader) {
	r.number("version", 0, 2, "")
	r.number("options length", 2, 6, count(r.value(2, 6)*4, "byte"))
	r.group("flags", 8, 8, "", func() {
		r.flag("control packet", 8, "not for the payload's receiver")
		r.flag("critical options", 9, "options must be understood")
		r.number("reserved", 10, 6, "")
	})
	r.etherType("protocol type", 2)
	r.number("virtual network identifier", 32, 24, "")
	r.number("reserved", 56, 8, "")
	for at := 8; at+4 <= len(r.b); {
		n := 4 + int(r.b[at+3]&0x1f)*4
		if at+n > len(r.b) {
			r.raw("option, malformed", at, len(r.b)-at)
			return
		}
		name := "option class " + hexNumber(uint64(be16(r.b[at:])), 16) + " type " + hexNumber(uint64(r.b[at+2]), 8)
		r.made(Field{Name: name, Bit: at * 8, Bits: n * 8}, func() {
			r.hex("class", at*8, 16, "")
			r.made(Field{Name: "type", Value: hexNumber(uint64(r.b[at+2]), 8), Bit: at*8 + 16, Bits: 8}, func() {
				r.flag("critical", at*8+16, "must be understood")
			})
			r.number("reserved", at*8+24, 3, "")
			r.number("length", at*8+27, 5, count(r.value(at*8+27, 5)*4, "byte"))
			r.raw("data", at+4, n-4)
		})
		at += n
	}
}

// gtpuFields is 3GPP TS 29.281, section 5.
func gtpuFields(r *fieldReader) {
	var extension, sequence, npdu bool
	r.group("flags", 0, 8, "", func() {
		r.number("version", 0, 3, "")
		r.number("protocol type", 3, 1, "")
		r.number("reserved", 4, 1, "")
		extension = r.flag("extension header", 5, "extension headers follow")
		sequence = r.flag("sequence number", 6, "sequence number holds")
		npdu = r.flag("N-PDU number", 7, "N-PDU number holds")
	})
	r.number("message type", 8, 8, map[uint64]string{gtpTPDU: "user's packet"}[r.value(8, 8)])
	r.number("length", 16, 16, "")
	r.hex("tunnel endpoint identifier", 32, 32, "")
	if !extension && !sequence && !npdu {
		return
	}
	r.number("sequence number", 64, 16, "")
	r.number("N-PDU number", 80, 8, "")
	r.hex("next extension header type", 88, 8, "")
	r.raw("extension headers", 12, len(r.b)-12)
}

// l2tpFields is RFC 2661, section 3.1.
func l2tpFields(r *fieldReader) {
	r.flag("control", 0, "control message")
	length := r.flag("length present", 1, "length follows")
	sequence := r.flag("sequence present", 4, "Ns and Nr follow")
	offset := r.flag("offset present", 6, "offset size follows")
	r.flag("priority", 7, "prefer")
	r.number("version", 12, 4, "")
	at := 16
	if length {
		r.number("length", at, 16, "")
		at += 16
	}
	r.number("tunnel identifier", at, 16, "")
	r.number("session identifier", at+16, 16, "")
	at += 32
	if sequence {
		r.number("Ns", at, 16, "")
		r.number("Nr", at+16, 16, "")
		at += 32
	}
	if offset {
		r.number("offset size", at, 16, "")
	}
}

// vjFields is RFC 1144, section 3.2.2.
func vjFields(r *fieldReader) {
	var slot, id, urgent, window, ack, sequence bool
	mask := byte(r.value(0, 8))
	meaning := map[byte]string{vjEcho: "both numbers go on by the data before", vjBulk: "the sequence number goes on by the data before"}[mask&vjWhich]
	r.group("change mask", 0, 8, meaning, func() {
		r.number("reserved", 0, 1, "")
		slot = r.flag("slot", 1, "connection's slot follows")
		id = r.flag("identification", 2, "changed by something else than 1")
		r.flag("PSH", 3, "set in this segment")
		sequence = r.flag("sequence number", 4, "changed")
		ack = r.flag("acknowledgment number", 5, "changed")
		window = r.flag("window", 6, "changed")
		urgent = r.flag("urgent pointer", 7, "URG is set in this segment")
	})
	at := 1
	if slot {
		r.number("slot", 8, 8, "")
		at++
	}
	r.hex("TCP checksum", at*8, 16, "")
	at += 2
	if meaning != "" {
		urgent, window, ack, sequence = false, false, false, false
	}
	for _, d := range [...]struct {
		there bool
		name  string
	}{
		{urgent, "urgent pointer"}, {window, "difference of the window"}, {ack, "difference of the acknowledgment number"},
		{sequence, "difference of the sequence number"}, {id, "difference of the identification"},
	} {
		switch {
		case !d.there:
		case r.value(at*8, 8) != 0:
			r.number(d.name, at*8, 8, "")
			at++
		default:
			r.raw("zero: two bytes follow", at, 1)
			r.number(d.name, at*8+8, 16, "")
			at += 3
		}
	}
}
