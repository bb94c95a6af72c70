package filter

import "tcpsee/capture"

// unitKind is a kind of signal unit of MTP2 (ITU-T Q.703, section 2.2): fill-in,
// link status or message, by the length indicator; those with an H are of
// high-speed links.
type unitKind uint8

const (
	unitFISU unitKind = iota
	unitLSSU
	unitMSU
	unitHFISU
	unitHLSSU
	unitHMSU
)

// Where MTP2 has its parts (ITU-T Q.703, section 2.2; Q.704, section 2.2). The
// header of high-speed links is longer by 3 octets.
const (
	mtp2OffLI  = 2
	mtp2OffHLI = 4
	mtp2OffSIO = 3
	mtp2OffPC  = 4 // of both point codes: 14 bits each, little-endian, and 4 of SLS
	mtp2OffSLS = 7
	mtp2HMore  = 3

	mtp2LI  = 0x3f
	mtp2HLI = 0xff80
	mtp2OPC = 0x00c0ff0f
	mtp2DPC = 0xff3f0000
	mtp2SLS = 0xf0
)

// mtp2Before is how long the header before MTP2 is, by link type. Only what
// calls for MTP2 shows that ERF has it within, as in libpcap.
var mtp2Before = map[capture.LinkType]uint32{
	capture.LinkMTP2: 0, capture.LinkMTP2Phdr: 4, capture.LinkERF: 20,
}

// signalUnit tests the length indicator for that of a kind of signal unit.
func (g *gen) signalUnit(kind unitKind) *cond {
	base, ok := mtp2Before[g.o.Link]
	if !ok {
		return g.lack("this exists in SS7's MTP2 only")
	}
	li := func(op string, n uint32) *cond {
		return compareField(g.load(at(base), sizeB, mtp2OffLI), mtp2LI, op, n)
	}
	// The 9 bits of a high-speed link's length begin at the highest one here;
	// 2 is 0x100.
	hli := func(op string, n uint32) *cond {
		return compareField(g.load(at(base), sizeH, mtp2OffHLI), mtp2HLI, op, n<<7)
	}
	switch kind {
	case unitFISU:
		return li("=", 0)
	case unitLSSU:
		return and(li(">", 0), li("<=", 2))
	case unitMSU:
		return li(">", 2)
	case unitHFISU:
		return hli("=", 0)
	case unitHLSSU:
		return and(hli(">", 0), hli("<=", 2))
	}
	return hli(">", 2)
}

// wanLimits are the highest values that the fields of SS7 can have.
var wanLimits = map[wanField]uint32{
	fieldSIO: 0xff, fieldOPC: 0x3fff, fieldDPC: 0x3fff, fieldSLS: 0xf,
}

// wanField compares a field of ATM or SS7.
func (g *gen) wanField(n *fieldTest) *cond {
	switch n.field {
	case fieldVPI, fieldVCI:
		if g.o.Link != capture.LinkSunATM {
			return g.lack("%s exists on raw ATM only, in SunATM captures", n.field)
		}
		if n.field == fieldVPI {
			return compareField(g.load(g.linkHdr, sizeB, sunATMVPI), ^uint32(0), n.op, n.n)
		}
		return compareField(g.load(g.linkHdr, sizeH, sunATMVCI), ^uint32(0), n.op, n.n)
	}
	base, ok := mtp2Before[g.o.Link]
	if !ok {
		return g.lack("%s exists in SS7's MTP2 only", n.field)
	}
	field := n.field
	if field >= fieldHSIO {
		field, base = field-fieldHSIO+fieldSIO, base+mtp2HMore
	}
	if limit := wanLimits[field]; n.n > limit {
		return g.fail("%d is more than a number of %s can be, %d", n.n, n.field, limit)
	}
	return g.mtp3Field(base, field, n.op, n.n)
}

// mtp3Field compares what MTP3 has in a message signal unit. A point code is
// compared as it stands there, its lower bits first, so that only = says what
// one expects; libpcap does the same.
func (g *gen) mtp3Field(base uint32, field wanField, op string, v uint32) *cond {
	switch field {
	case fieldSIO:
		return compareField(g.load(at(base), sizeB, mtp2OffSIO), ^uint32(0), op, v)
	case fieldOPC:
		wire := v>>10 | v&0x3fc<<6 | v&3<<22
		return compareField(g.load(at(base), sizeW, mtp2OffPC), mtp2OPC, op, wire)
	case fieldDPC:
		wire := v&0xff<<24 | v&0x3f00<<8
		return compareField(g.load(at(base), sizeW, mtp2OffPC), mtp2DPC, op, wire)
	}
	return compareField(g.load(at(base), sizeB, mtp2OffSLS), mtp2SLS, op, v<<4)
}

// compareField compares bits of a field with a number. As in libpcap 1.10, !=
// is = here: it is only forgotten there, and yet what tcpdump selects.
func compareField(code []Instruction, mask uint32, op string, v uint32) *cond {
	if mask != ^uint32(0) {
		code = append(code, aluK(aluAnd, mask))
	}
	switch op {
	case ">":
		return compare(jmpJGT, v, code...)
	case ">=":
		return compare(jmpJGE, v, code...)
	case "<":
		return not(compare(jmpJGE, v, code...))
	case "<=":
		return not(compare(jmpJGT, v, code...))
	}
	return compare(jmpJEQ, v, code...)
}
