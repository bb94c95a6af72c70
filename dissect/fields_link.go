package dissect

import "strconv"

// ethernetFields is IEEE 802.3, section 3.1.1.
func ethernetFields(r *fieldReader) {
	r.mac("destination address", 0, 6)
	r.mac("source address", 6, 6)
	typeOrLengthField(r, 12)
}

func typeOrLengthField(r *fieldReader, at int) {
	if r.value(at*8, 16) <= maxLength {
		r.number("length", at*8, 16, "")
		return
	}
	r.etherType("EtherType", at)
}

// vlanFields is IEEE 802.1Q, section 9.6: the tag without its own EtherType,
// which stands in the header before.
func vlanFields(r *fieldReader) {
	r.number("priority code point", 0, 3, "")
	r.number("drop eligible indicator", 3, 1, "")
	r.number("VLAN identifier", 4, 12, "")
	typeOrLengthField(r, 2)
}

// llcFields is IEEE 802.2, section 3.2.
func llcFields(r *fieldReader) {
	sap := map[uint64]string{sapSNAP: "SNAP", sapIP: "IP", 0x42: "spanning tree", 0xe0: "IPX", 0xf0: "NetBIOS", 0xfe: "OSI"}
	point := func(name, last string, bit int) {
		v := hexNumber(r.value(bit, 8), 8)
		r.made(Field{Name: name, Value: v, Meaning: sap[r.value(bit, 8)&^1], Bit: bit, Bits: 8}, func() {
			r.hex("address", bit, 7, "")
			r.number(last, bit+7, 1, "")
		})
	}
	point("destination service access point", "group", 0)
	point("source service access point", "response", 8)
	meaning := ""
	if r.value(16, 8) == llcUI {
		meaning = "unnumbered information"
	}
	if r.value(22, 2) != 3 || len(r.b) != 3 {
		r.hex("control", 16, len(r.b)*8-16, meaning)
		return
	}
	r.made(Field{Name: "control", Value: hexNumber(r.value(16, 8), 8), Meaning: meaning, Bit: 16, Bits: 8}, func() {
		r.number("modifier", 16, 3, "")
		r.number("poll or final", 19, 1, "")
		r.number("modifier", 20, 2, "")
		r.number("frame type", 22, 2, "unnumbered")
	})
}

// snapFields is IEEE 802, section 10.3.
func snapFields(r *fieldReader) {
	r.hex("organizationally unique identifier", 0, 24, map[uint64]string{
		0: "EtherType follows", oui8021H: "bridge tunnel", oui8021: "IEEE 802.1", 0x00000c: "Cisco",
	}[r.value(0, 24)])
	r.etherType("protocol identifier", 3)
}

var packetTypes = [...]string{"to this host", "broadcast", "multicast", "to another host", "from this host"}

func packetType(v uint64) string {
	if v < uint64(len(packetTypes)) {
		return packetTypes[v]
	}
	return ""
}

var hardwareNames = map[uint64]string{
	1: "Ethernet", 512: "PPP", 768: "IP in IP", 772: "loopback", 776: "IPv6 in IPv4", arphrdGRE: "GRE",
	801: "802.11", 802: "802.11 with Prism header", arphrdRadiotap: "802.11 with radiotap header",
	arphrdNetlink: "netlink", 65534: "none",
}

// sllFields is LINKTYPE_LINUX_SLL.
func sllFields(r *fieldReader) {
	r.number("packet type", 0, 16, packetType(r.value(0, 16)))
	r.number("hardware type", 16, 16, hardwareNames[r.value(16, 16)])
	n := r.value(32, 16)
	r.number("address length", 32, 16, "")
	r.mac("address", 6, int(min(n, 8)))
	r.raw("unused", 6+int(min(n, 8)), 8-int(min(n, 8)))
	r.etherType("protocol", 14)
}

// sll2Fields is LINKTYPE_LINUX_SLL2.
func sll2Fields(r *fieldReader) {
	r.etherType("protocol", 0)
	r.number("reserved", 16, 16, "")
	r.number("interface index", 32, 32, "")
	r.number("hardware type", 64, 16, hardwareNames[r.value(64, 16)])
	r.number("packet type", 80, 8, packetType(r.value(80, 8)))
	n := int(min(r.value(88, 8), 8))
	r.number("address length", 88, 8, "")
	r.mac("address", 12, n)
	r.raw("unused", 12+n, 8-n)
}

// nullFields is LINKTYPE_NULL and LINKTYPE_LOOP.
func nullFields(r *fieldReader) {
	family := r.value(0, 32)
	if family > 0xffff {
		family = uint64(r.b[0]) | uint64(r.b[1])<<8 | uint64(r.b[2])<<16 | uint64(r.b[3])<<24
	}
	meaning := ""
	switch family {
	case 2:
		meaning = "IPv4"
	case 10, 24, 28, 30:
		meaning = "IPv6"
	}
	r.add("protocol family", strconv.FormatUint(family, 10), meaning, 0, 32)
}

// pppFields is RFC 1661, section 2, and RFC 1662, section 3.1.
func pppFields(r *fieldReader) {
	at := 0
	if r.value(0, 16) == 0xff03 {
		r.hex("address", 0, 8, "all stations")
		r.hex("control", 8, 8, "unnumbered information")
		at = 16
	}
	bits := len(r.b)*8 - at
	r.hex("protocol", at, bits, PPPName(uint16(r.value(at, bits))))
}

// pppoeFields is RFC 2516, section 4.
func pppoeFields(r *fieldReader) {
	r.number("version", 0, 4, "")
	r.number("type", 4, 4, "")
	r.hex("code", 8, 8, "")
	r.hex("session identifier", 16, 16, "")
	r.number("length", 32, 16, "")
}

func chdlcFields(r *fieldReader) {
	meaning := ""
	switch r.value(0, 8) {
	case hdlcCiscoUnicast:
		meaning = "unicast"
	case hdlcCiscoMulticast:
		meaning = "multicast"
	}
	r.hex("address", 0, 8, meaning)
	r.hex("control", 8, 8, "")
	r.etherType("protocol", 2)
}

func fddiFields(r *fieldReader) {
	r.made(Field{Name: "frame control", Value: hexNumber(r.value(0, 8), 8), Bit: 0, Bits: 8}, func() {
		r.number("class, length, format", 0, 4, map[uint64]string{5: "asynchronous, with LLC"}[r.value(0, 4)])
		r.number("reserved", 4, 1, "")
		r.number("priority", 5, 3, "")
	})
	r.mac("destination address", 1, 6)
	r.mac("source address", 7, 6)
}

func tokenRingFields(r *fieldReader) {
	r.hex("access control", 0, 8, "")
	r.hex("frame control", 8, 8, "")
	r.mac("destination address", 2, 6)
	r.mac("source address", 8, 6)
	r.raw("routing information", 14, len(r.b)-14)
}

// frameRelayFields is Q.922, section 3.3, for the address of two octets.
func frameRelayFields(r *fieldReader) {
	dlci := "DLCI " + strconv.FormatUint(r.value(0, 6)<<4|r.value(8, 4), 10)
	r.number("upper DLCI", 0, 6, dlci)
	r.number("command/response", 6, 1, "")
	r.number("extended address", 7, 1, "")
	r.number("lower DLCI", 8, 4, dlci)
	r.flag("forward congestion", 12, "congestion on the way")
	r.flag("backward congestion", 13, "congestion on the way back")
	r.flag("discard eligible", 14, "may be discarded first")
	r.number("extended address", 15, 1, "")
	r.raw("control and protocol", 2, len(r.b)-2)
}

func slipFields(r *fieldReader) {
	meaning := "received"
	if r.value(0, 8) == 1 {
		meaning = "sent"
	}
	r.number("direction", 0, 8, meaning)
	r.raw("compression state", 1, len(r.b)-1)
}

// wlanFields is IEEE 802.11, section 9.2.
func wlanFields(r *fieldReader) {
	r.number("subtype", 0, 4, "")
	r.number("type", 4, 2, [...]string{"management", "control", "data", "extension"}[r.value(4, 2)])
	r.number("protocol version", 6, 2, "")
	for i, f := range [...]struct{ name, meaning string }{
		{"order", "HT control follows"}, {"protected", "encrypted"}, {"more data", "more is waiting"},
		{"power management", "sender will sleep"}, {"retry", "sent again"}, {"more fragments", "not the last fragment"},
		{"from DS", "from the access point"}, {"to DS", "to the access point"},
	} {
		r.flag(f.name, 8+i, f.meaning)
	}
	r.hex("duration", 16, 16, "")
	r.mac("address 1", 4, 6)
	r.mac("address 2", 10, 6)
	r.mac("address 3", 16, 6)
	if r.has(176, 16) {
		v := uint64(r.b[22]) | uint64(r.b[23])<<8
		r.add("sequence control", hexNumber(v, 16), "", 176, 16)
	}
	at := 24
	if r.value(14, 2) == 3 {
		r.mac("address 4", at, 6)
		at += 6
	}
	if r.value(4, 2) == wlanData && r.value(0, 1) == 1 {
		r.raw("QoS control", at, 2)
		at += 2
	}
	r.raw("HT control and padding", at, len(r.b)-at)
}

// little returns n bytes in little-endian order.
func (r *fieldReader) little(at, n int) uint64 {
	var v uint64
	if r.has(at*8, n*8) {
		for i := range n {
			v |= uint64(r.b[at+i]) << (8 * i)
		}
	}
	return v
}

func radiotapFields(r *fieldReader) {
	r.number("version", 0, 8, "")
	r.number("pad", 8, 8, "")
	r.add("length", strconv.FormatUint(r.little(2, 2), 10), "", 16, 16)
	r.add("present", hexNumber(r.little(4, 4), 32), "", 32, 32)
	r.raw("fields", 8, len(r.b)-8)
}

func prismFields(r *fieldReader) {
	r.raw("message code", 0, 4)
	r.raw("message length", 4, 4)
	if len(r.b) >= 24 {
		r.raw("device", 8, 16)
	}
	r.raw("items", 24, len(r.b)-24)
}

func avsFields(r *fieldReader) {
	r.hex("version", 0, 32, "")
	r.number("length", 32, 32, "")
	r.number("MAC time", 64, 64, "")
	r.number("host time", 128, 64, "")
	r.raw("rest of header", 24, len(r.b)-24)
}

// mplsFields is RFC 3032, section 2.1.
func mplsFields(r *fieldReader) {
	r.number("label", 0, 20, map[uint64]string{
		0: "IPv4 explicit null", 1: "router alert", 2: "IPv6 explicit null", 3: "implicit null",
		7: "entropy label follows", 13: "generic associated channel",
	}[r.value(0, 20)])
	r.number("traffic class", 20, 3, "")
	r.flag("bottom of stack", 23, "last label")
	r.number("time to live", 24, 8, "")
}

// controlWordFields is RFC 4385, sections 3 and 5.
func controlWordFields(r *fieldReader) {
	r.number("type", 0, 4, map[uint64]string{0: "control word", 1: "associated channel"}[r.value(0, 4)])
	r.number("flags", 4, 12, "")
	r.number("sequence number or channel type", 16, 16, "")
}
