package dissect

import (
	"encoding/hex"
	"net/netip"
	"strconv"
)

// LayerFields is a header for display.
type LayerFields struct {
	Kind   LayerKind
	Name   string
	OSI    int  // number of the OSI layer
	Joined bool // Offset counts in Packet.Joined
	Offset int  // first byte
	Length int  // bytes
	Fields []Field
}

// Field is one field of a header, as its RFC or standard names it.
type Field struct {
	Name    string
	Value   string
	Meaning string // what the value stands for; empty where it speaks for itself
	Bit     int    // first bit, from the first bit of the layer
	Bits    int    // length in bits
}

// Fields returns the headers of the packet, outermost first, with their
// fields in the order in which they stand. Fields that were not captured are
// left out. The strings may hold what a sender chose: escape them before they
// reach a terminal or markup.
func (p *Packet) Fields() []LayerFields {
	out := make([]LayerFields, 0, p.NumLayers)
	for i := range p.NumLayers {
		l := p.Layers[i]
		name := l.Kind.String()
		r := fieldReader{b: p.bytesOf(l), p: p, l: l}
		if describe := describers[l.Kind]; describe != nil {
			describe(&r)
		} else if len(r.b) > 0 {
			r.raw("header", 0, len(r.b))
		}
		out = append(out, LayerFields{
			Kind: l.Kind, Name: name, OSI: l.Kind.OSI(), Joined: l.Joined,
			Offset: int(l.Offset), Length: int(l.Length), Fields: r.fields,
		})
	}
	return out
}

// describers say how the headers of each kind are read.
var describers = [layerKinds]func(*fieldReader){
	LayerEthernet: ethernetFields, LayerVLAN: vlanFields, LayerLLC: llcFields, LayerSNAP: snapFields,
	LayerSLL: sllFields, LayerSLL2: sll2Fields, LayerNull: nullFields, LayerPPP: pppFields, LayerPPPoE: pppoeFields,
	LayerCHDLC: chdlcFields, LayerFDDI: fddiFields, LayerTokenRing: tokenRingFields, LayerFrameRelay: frameRelayFields,
	LayerSLIP: slipFields, Layer80211: wlanFields, LayerRadiotap: radiotapFields, LayerPrism: prismFields,
	LayerAVS: avsFields, LayerMPLS: mplsFields, LayerMPLSControl: controlWordFields, LayerARP: arpFields,
	LayerIPv4: ipv4Fields, LayerIPv6: ipv6Fields, LayerHopByHop: optionsHeaderFields,
	LayerDestination: optionsHeaderFields, LayerRouting: routingFields, LayerFragment: fragmentFields,
	LayerMobility: mobilityFields, LayerAH: ahFields, LayerGRE: greFields, LayerERSPAN: erspanFields,
	LayerVXLAN: vxlanFields, LayerGeneve: geneveFields, LayerGTPU: gtpuFields, LayerL2TP: l2tpFields,
	LayerUDP: udpFields, LayerTCP: tcpFields, LayerICMPv4: icmpFields, LayerICMPv6: icmp6Fields, LayerSCTP: sctpFields,
}

// fieldReader collects the fields of one header. Its methods leave out what
// was not captured.
type fieldReader struct {
	b      []byte
	p      *Packet
	l      Layer
	fields []Field
}

// has reports whether the given bits were captured.
func (r *fieldReader) has(bit, bits int) bool { return bit >= 0 && bits >= 0 && bit+bits <= len(r.b)*8 }

// value returns up to 64 bits as a number, 0 where they were not captured.
func (r *fieldReader) value(bit, bits int) uint64 {
	if !r.has(bit, bits) {
		return 0
	}
	var v uint64
	for i := bit; i < bit+bits; i++ {
		v = v<<1 | uint64(r.b[i/8]>>(7-i%8)&1)
	}
	return v
}

func (r *fieldReader) add(name, value, meaning string, bit, bits int) {
	if r.has(bit, bits) {
		r.fields = append(r.fields, Field{name, value, meaning, bit, bits})
	}
}

// number adds a field in decimal and returns its value.
func (r *fieldReader) number(name string, bit, bits int, meaning string) uint64 {
	v := r.value(bit, bits)
	r.add(name, strconv.FormatUint(v, 10), meaning, bit, bits)
	return v
}

// hex adds a field in hexadecimal, as long as its bits need.
func (r *fieldReader) hex(name string, bit, bits int, meaning string) uint64 {
	v := r.value(bit, bits)
	r.add(name, hexNumber(v, bits), meaning, bit, bits)
	return v
}

// hexNumber writes a number of so many bits.
func hexNumber(v uint64, bits int) string {
	s := strconv.FormatUint(v, 16)
	for len(s) < (bits+3)/4 {
		s = "0" + s
	}
	return "0x" + s
}

// flag adds one bit, with its meaning where it is set.
func (r *fieldReader) flag(name string, bit int, meaning string) bool {
	set := r.value(bit, 1) == 1
	if !set {
		meaning = "not set"
	}
	r.number(name, bit, 1, meaning)
	return set
}

// mac adds a link-layer address of n bytes.
func (r *fieldReader) mac(name string, at, n int) {
	if n > 0 && r.has(at*8, n*8) {
		r.add(name, macString(r.b[at:at+n]), macMeaning(r.b[at:at+n]), at*8, n*8)
	}
}

func macString(b []byte) string {
	out := make([]byte, 0, 3*len(b))
	for i, x := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = hex.AppendEncode(out, []byte{x})
	}
	return string(out)
}

// macMeaning says what the bits of an address of IEEE 802 say.
func macMeaning(b []byte) string {
	if len(b) != 6 {
		return ""
	}
	switch {
	case [6]byte(b) == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		return "broadcast"
	case [6]byte(b) == [6]byte{}:
		return "none"
	case b[0]&1 != 0:
		return "multicast"
	case b[0]&2 != 0:
		return "locally administered"
	}
	return ""
}

// address adds an IPv4 or IPv6 address of n bytes.
func (r *fieldReader) address(name string, at, n int) {
	if r.has(at*8, n*8) {
		if a, ok := netip.AddrFromSlice(r.b[at : at+n]); ok {
			r.add(name, a.String(), addressMeaning(a), at*8, n*8)
		}
	}
}

func addressMeaning(a netip.Addr) string {
	switch {
	case a.IsUnspecified():
		return "unspecified"
	case a.IsLoopback():
		return "loopback"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case a.IsMulticast():
		return "multicast"
	case a.IsPrivate():
		return "private"
	}
	return ""
}

// maxRaw is how many bytes of a field without structure are shown.
const maxRaw = 64

// raw adds bytes in hexadecimal.
func (r *fieldReader) raw(name string, at, n int) {
	if n <= 0 || !r.has(at*8, n*8) {
		return
	}
	b := r.b[at : at+n]
	meaning := ""
	if n > maxRaw {
		b, meaning = b[:maxRaw], strconv.Itoa(n)+" bytes, the first "+strconv.Itoa(maxRaw)+" shown"
	}
	r.add(name, hex.EncodeToString(b), meaning, at*8, n*8)
}

// etherType adds an EtherType with its name.
func (r *fieldReader) etherType(name string, at int) {
	r.hex(name, at*8, 16, EtherTypeName(uint16(r.value(at*8, 16))))
}

// protocol adds an IP protocol with its name.
func (r *fieldReader) protocol(name string, at int) {
	r.number(name, at*8, 8, ProtocolName(uint8(r.value(at*8, 8))))
}

// count returns "1 byte", "20 bytes".
func count(n uint64, unit string) string {
	s := strconv.FormatUint(n, 10) + " " + unit
	if n != 1 {
		s += "s"
	}
	return s
}
