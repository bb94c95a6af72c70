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
	Quoted bool // an ICMP error quotes it
	Offset int  // first byte
	Length int  // bytes
	Fields []Field
}

// Field is one field of a header, as its RFC or standard names it, or what can
// be computed from the packet and stands nowhere in it.
type Field struct {
	Name    string
	Value   string
	Meaning string  // what the value stands for; empty where it speaks for itself
	Bit     int     // first bit, from the first bit of the layer
	Bits    int     // length in bits; 0 where it is computed
	Group   bool    // only sums up its parts, which are what the standard calls fields
	Parts   []Field // what it is made of, in order; their bits count from the layer's first, too
}

// Computed reports whether the field stands in no byte of the packet.
func (f *Field) Computed() bool { return f.Bits == 0 }

// Ungrouped returns the fields with their parts in place of each group.
func Ungrouped(fields []Field) []Field {
	return appendUngrouped(make([]Field, 0, len(fields)+16), fields)
}

func appendUngrouped(dst, fields []Field) []Field {
	for i := range fields {
		if f := &fields[i]; f.Group {
			dst = appendUngrouped(dst, f.Parts)
		} else {
			dst = append(dst, *f)
		}
	}
	return dst
}

// Smallest returns the fields with their parts in place of each that is made of
// nothing else, down to those that are not: each bit of the header once. What
// is computed is left out.
func Smallest(fields []Field) []Field {
	return appendSmallest(make([]Field, 0, len(fields)+16), fields)
}

func appendSmallest(dst, fields []Field) []Field {
	for i := range fields {
		f := &fields[i]
		switch {
		case f.Computed():
		case f.tiled():
			dst = appendSmallest(dst, f.Parts)
		default:
			dst = append(dst, *f)
		}
	}
	return dst
}

// tiled reports whether the parts take each bit of the field.
func (f *Field) tiled() bool {
	at := f.Bit
	for i := range f.Parts {
		if p := &f.Parts[i]; !p.Computed() {
			if p.Bit != at {
				return false
			}
			at += p.Bits
		}
	}
	return at == f.Bit+f.Bits && len(f.Parts) > 0
}

// Fields returns the headers of the packet, outermost first, with their
// fields in the order in which they stand, computed ones last. Fields that were
// not captured are left out. Behind the packet's own headers come those that an
// ICMP error quotes, and at the end what follows the packet in its frame:
// padding. The strings may hold what a sender chose: escape them before they
// reach a terminal or markup.
func (p *Packet) Fields() []LayerFields {
	out := make([]LayerFields, 0, p.NumLayers+2)
	for i := range p.NumLayers {
		out = append(out, p.layerFields(p.Layers[i]))
	}
	return p.trailers(p.quotedLayers(out))
}

// layerFields describes one header.
func (p *Packet) layerFields(l Layer) LayerFields {
	r := fieldReader{b: p.bytesOf(l), p: p, l: l}
	if describe := describers[l.Kind]; describe != nil {
		describe(&r)
	} else if len(r.b) > 0 {
		r.raw("header", 0, len(r.b))
	}
	r.rest()
	return LayerFields{
		Kind: l.Kind, Name: l.Kind.String(), OSI: l.Kind.OSI(), Joined: l.Joined,
		Offset: int(l.Offset), Length: int(l.Length), Fields: r.fields,
	}
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
	LayerVXLAN: vxlanFields, LayerGeneve: geneveFields, LayerGTPU: gtpuFields, LayerL2TP: l2tpFields, LayerVJ: vjFields,
	LayerUDP: udpFields, LayerTCP: tcpFields, LayerICMPv4: icmpFields, LayerICMPv6: icmp6Fields, LayerSCTP: sctpFields,
}

// fieldReader collects the fields of one header. Its methods leave out what
// was not captured.
type fieldReader struct {
	b      []byte
	p      *Packet
	quoted bool // an ICMP error quotes the header
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
		r.fields = append(r.fields, Field{Name: name, Value: value, Meaning: meaning, Bit: bit, Bits: bits})
	}
}

// computed adds what stands in no byte.
func (r *fieldReader) computed(name, value, meaning string) {
	r.fields = append(r.fields, Field{Name: name, Value: value, Meaning: meaning})
}

// made adds a field that is made of the parts that fill adds. Where it was not
// captured whole its parts stand alone.
func (r *fieldReader) made(f Field, fill func()) {
	outer := r.fields
	r.fields = nil
	fill()
	parts := r.fields
	r.fields = outer
	if !r.has(f.Bit, f.Bits) {
		r.fields = append(r.fields, parts...)
		return
	}
	f.Parts = parts
	r.fields = append(r.fields, f)
}

// rest adds the bytes behind the last field: those of one that was cut off.
func (r *fieldReader) rest() {
	end := 0
	for _, f := range r.fields {
		end = max(end, (f.Bit+f.Bits+7)/8)
	}
	r.raw("cut off", end, len(r.b)-end)
}

// group adds a field that sums up the parts that fill adds, in hexadecimal.
func (r *fieldReader) group(name string, bit, bits int, meaning string, fill func()) {
	v := hexNumber(r.value(bit, bits), bits)
	r.made(Field{Name: name, Value: v, Meaning: meaning, Bit: bit, Bits: bits, Group: true}, fill)
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
	if n <= 0 || !r.has(at*8, n*8) {
		return
	}
	b := r.b[at : at+n]
	f := Field{Name: name, Value: macString(b), Meaning: macMeaning(b), Bit: at * 8, Bits: n * 8}
	if n != 6 {
		r.fields = append(r.fields, f)
		return
	}
	r.made(f, func() {
		prefix := "prefix of its maker"
		if b[0]&2 != 0 {
			prefix = "of no maker: given locally"
		}
		oui := Field{Name: "first half (OUI)", Value: macString(b[:3]), Meaning: prefix, Bit: at * 8, Bits: 24}
		r.made(oui, func() {
			r.choice("local bit", at*8+6, "from its maker", "given locally, by software")
			r.choice("group bit", at*8+7, "of one interface", "of a group: multicast or broadcast")
		})
	})
}

// choice adds one bit with a meaning for each value.
func (r *fieldReader) choice(name string, bit int, no, yes string) bool {
	set := r.value(bit, 1) == 1
	if set {
		no = yes
	}
	r.number(name, bit, 1, no)
	return set
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
