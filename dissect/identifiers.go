package dissect

// Identifier is a number by which one wire carries several networks: of a
// VLAN (IEEE 802.1Q), a VXLAN (RFC 7348), a Geneve network (RFC 8926), a GRE
// key (RFC 2890; NVGRE, RFC 7637) or a PPPoE session (RFC 2516). MPLS labels,
// GTP's tunnel endpoints and L2TP's sessions are none of these: they are
// chosen by the receiver, so that both directions of one connection differ.
type Identifier struct {
	Kind  LayerKind // LayerVLAN, LayerVXLAN, LayerGeneve, LayerGRE or LayerPPPoE
	Value uint32
}

// HasIdentifiers reports whether any header may carry an Identifier: quickly,
// for most packets have none.
func (p *Packet) HasIdentifiers() bool {
	for i := range min(p.NumLayers, len(p.Layers)) {
		if carriesIdentifier(p.Layers[i].Kind) {
			return true
		}
	}
	return false
}

func carriesIdentifier(k LayerKind) bool {
	switch k {
	case LayerVLAN, LayerVXLAN, LayerGeneve, LayerGRE, LayerPPPoE:
		return true
	}
	return false
}

// AppendIdentifiers appends the packet's identifiers, outermost first. A
// header that was cut off has none.
func (p *Packet) AppendIdentifiers(ids []Identifier) []Identifier {
	for i := range min(p.NumLayers, len(p.Layers)) {
		l := &p.Layers[i]
		if !carriesIdentifier(l.Kind) {
			continue
		}
		if v, ok := identifierOf(l.Kind, p.bytesOf(*l)); ok {
			ids = append(ids, Identifier{l.Kind, v})
		}
	}
	return ids
}

// identifierOf reads the identifier of a header that b begins with.
func identifierOf(k LayerKind, b []byte) (v uint32, ok bool) {
	switch {
	case k == LayerVLAN && len(b) >= 2:
		return uint32(be16(b) & 0xfff), true
	case k == LayerPPPoE && len(b) >= 4:
		return uint32(be16(b[2:])), true
	case k == LayerVXLAN && len(b) >= 8:
		return be32(b[4:]) >> 8, b[0]&vxlanHasVNI != 0
	case k == LayerGeneve && len(b) >= 8:
		return be32(b[4:]) >> 8, true
	case k == LayerGRE:
		return keyOfGRE(b)
	}
	return 0, false
}

// keyOfGRE reads the key of GRE version 0. That of version 1 (RFC 2637) holds a
// length, and a call that each end numbers for itself.
func keyOfGRE(b []byte) (v uint32, ok bool) {
	if len(b) < 4 || be16(b)&greKey == 0 || be16(b)&greVersion != 0 {
		return 0, false
	}
	at := 4
	if be16(b)&(greChecksum|greRouting) != 0 {
		at += 4
	}
	if len(b) < at+4 {
		return 0, false
	}
	return be32(b[at:]), true
}
