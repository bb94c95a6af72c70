package filter

import "strings"

// primitive parses what begins with a reserved word.
func (p *parser) primitive() unit {
	t := p.tok
	switch t.word.kw {
	case kwProto:
		return p.afterProto(p.next())
	case kwSrc, kwDst, kwAddr, kwType:
		return p.head(t.span, protoAny)
	case kwBroadcast, kwMulticast, kwWLANType, kwWLANSubtype, kwWLANDir, kwLLC:
		return p.withProto(t.span, protoAny)
	case kwLess, kwGreater:
		p.next()
		n := p.number()
		return p.term(&size{t.span.to(n.span), t.word.kw == kwGreater, n.num})
	case kwByte:
		return p.byteTest(p.next())
	case kwInbound, kwOutbound:
		p.next()
		return p.term(&passage{t.span, t.word.kw == kwOutbound})
	case kwIfindex:
		p.next()
		n := p.number()
		return p.term(&ifindex{t.span.to(n.span), n.num})
	case kwTag:
		return p.tag(p.next())
	case kwPF:
		return p.pf(p.next())
	case kwATM:
		return p.term(&atmTest{p.next().span, atmKind(t.word.value)})
	case kwSU:
		return p.term(&unitTest{p.next().span, unitKind(t.word.value)})
	case kwField:
		return p.field(p.next())
	default:
		p.unexpected()
	}
	return unit{}
}

// term is a primitive from which no qualifiers carry over.
func (p *parser) term(n node) unit { return unit{span: n.where(), n: n, q: nothing} }

// afterProto parses a primitive that begins with a protocol.
func (p *parser) afterProto(t token) unit {
	pr := proto(t.word.value)
	switch {
	case p.isOp("["):
		x := p.load(t)
		if p.err != nil {
			return unit{}
		}
		return unit{span: x.at, num: x.n}
	case p.tok.kind == tokWord:
		switch p.tok.word.kw {
		case kwSrc, kwDst, kwAddr, kwType:
			return p.head(t.span, pr)
		case kwBroadcast, kwMulticast, kwWLANType, kwWLANSubtype, kwWLANDir:
			return p.withProto(t.span, pr)
		}
	}
	return p.term(&abbreviation{t.span, pr})
}

// head parses qualifiers and the identifier that they are for.
func (p *parser) head(at span, pr proto) unit {
	q := qualifiers{proto: pr}
	switch p.tok.word.kw {
	case kwSrc, kwDst:
		q.dir = p.srcDst()
	case kwAddr:
		q.dir = direction(p.next().word.value)
	}
	if p.isWord(kwType) {
		q.addr = addrKind(p.tok.word.value)
		switch q.addr {
		case addrGateway, addrProto, addrProtoChain:
			if q.dir != dirAny {
				p.unexpected()
				return unit{}
			}
		}
		p.next()
	}
	u := p.unit(q, allowIdent)
	if p.err != nil {
		return u
	}
	return unit{span: at.to(u.span), n: u.n, q: q}
}

// srcDst parses src, dst, or both with "or" or "and".
func (p *parser) srcDst() direction {
	first := p.next().word.kw
	if !p.isWord(kwOr) && !p.isWord(kwAnd) {
		if first == kwSrc {
			return dirSrc
		}
		return dirDst
	}
	and := p.next().word.kw == kwAnd
	other := kwDst
	if first == kwDst {
		other = kwSrc
	}
	if !p.isWord(other) {
		p.unexpected()
		p.hint("it is src or dst, dst or src, src and dst, or dst and src")
		return dirAny
	}
	p.next()
	if and {
		return dirAnd
	}
	return dirOr
}

// withProto parses what stands after an optional protocol that hardly any of
// them needs.
func (p *parser) withProto(at span, pr proto) unit {
	t := p.next()
	at = at.to(t.span)
	switch t.word.kw {
	case kwBroadcast, kwMulticast:
		return p.term(&cast{at, pr, t.word.kw == kwMulticast})
	case kwWLANType:
		return p.wlanType(at)
	case kwWLANSubtype:
		return p.wlanSubtype(at)
	case kwWLANDir:
		return p.wlanDir(at)
	}
	return p.llc(at)
}

func (p *parser) byteTest(t token) unit {
	off := p.number()
	op := p.tok.text
	if p.tok.kind != tokOp || !strings.Contains("& | < > = ==", op) {
		p.unexpected()
		return unit{}
	}
	p.next()
	val := p.number()
	return p.term(&byteTest{t.span.to(val.span), op, off.num, val.num})
}

func (p *parser) tag(t token) unit {
	kind := tagKind(t.word.value)
	n := &tag{span: t.span, kind: kind}
	if kind == tagPPPoED {
		return p.term(n)
	}
	v, has, at := p.optionalNumber()
	if has {
		n.n, n.has, n.span = v, true, t.span.to(at)
	}
	return p.term(n)
}

// folded returns a token in lower case: the names that only some primitives know
// may be written as one likes, other than the words of the language.
func folded(t token) string { return strings.ToLower(t.text) }

// Names of the reasons and actions of OpenBSD's packet filter (net/pfvar.h).
var (
	pfReasons = map[string]uint32{
		"match": 0, "bad-offset": 1, "fragment": 2, "short": 3, "normalize": 4, "memory": 5,
		"bad-timestamp": 6, "congestion": 7, "ip-option": 8, "proto-cksum": 9,
		"state-mismatch": 10, "state-insert": 11, "state-limit": 12, "src-limit": 13,
		"synproxy": 14,
	}
	pfActions = map[string]uint32{
		"pass": 0, "accept": 0, "drop": 1, "block": 1, "scrub": 2, "noscrub": 3, "nat": 4, "nonat": 5,
		"binat": 6, "nobinat": 7, "rdr": 8, "nordr": 9, "synproxy-drop": 10,
	}
)

// pfNameLen is the size of a name in the log's header, with its final zero.
const pfNameLen = 16

func (p *parser) pf(t token) unit {
	n := &pfTest{span: t.span, field: pfField(t.word.value)}
	v := p.next()
	n.end = v.end
	ok := v.kind == tokName
	switch n.field {
	case pfIfname, pfRuleset:
		if n.name = v.text; len(n.name) > pfNameLen-1 {
			p.fail(v.span, "the name is longer than %d characters", pfNameLen-1)
		}
	case pfRule, pfSubrule:
		n.n, ok = v.num, v.kind == tokNum
	case pfReason:
		if v.kind == tokNum {
			n.n, ok = v.num, true
		} else if ok {
			n.n, ok = pfReasons[folded(v)]
		}
	case pfAction:
		if ok {
			n.n, ok = pfActions[folded(v)]
		}
	}
	if !ok {
		p.fail(v.span, "this is not what %q wants", t.text)
	}
	return p.term(n)
}

// Types and subtypes of 802.11 frames, as the bits of the first byte of the
// frame control field (IEEE 802.11-2020, table 9-1).
const (
	wlanMgt  = 0x00
	wlanCtl  = 0x04
	wlanData = 0x08

	wlanTypeMask    = 0x0c
	wlanSubtypeMask = 0xf0
)

var (
	wlanTypes = map[string]uint32{
		"mgt": wlanMgt, "management": wlanMgt, "ctl": wlanCtl, "control": wlanCtl,
		"data": wlanData,
	}
	wlanSubtypes = map[uint32]map[string]uint32{
		wlanMgt: {
			"assocreq": 0x00, "assoc-req": 0x00, "assocresp": 0x10, "assoc-resp": 0x10,
			"reassocreq": 0x20, "reassoc-req": 0x20, "reassocresp": 0x30,
			"reassoc-resp": 0x30, "probereq": 0x40, "probe-req": 0x40, "proberesp": 0x50,
			"probe-resp": 0x50, "beacon": 0x80, "atim": 0x90, "disassoc": 0xa0,
			"disassociation": 0xa0, "auth": 0xb0, "authentication": 0xb0,
			"deauth": 0xc0, "deauthentication": 0xc0,
		},
		wlanCtl: {
			"ps-poll": 0xa0, "rts": 0xb0, "cts": 0xc0, "ack": 0xd0, "cf-end": 0xe0,
			"cf-end-ack": 0xf0,
		},
		wlanData: {
			"data": 0x00, "data-cf-ack": 0x10, "data-cf-poll": 0x20,
			"data-cf-ack-poll": 0x30, "null": 0x40, "cf-ack": 0x50, "cf-poll": 0x60,
			"cf-ack-poll": 0x70, "qos-data": 0x80, "qos-data-cf-ack": 0x90,
			"qos-data-cf-poll": 0xa0, "qos-data-cf-ack-poll": 0xb0, "qos": 0xc0,
			"qos-cf-poll": 0xe0, "qos-cf-ack-poll": 0xf0,
		},
	}
	wlanDirs = map[string]uint32{"nods": 0, "tods": 1, "fromds": 2, "dstods": 3}
)

func (p *parser) wlanType(at span) unit {
	t := p.next()
	n := &wlanType{span: at.to(t.span), mask: wlanTypeMask}
	var ok bool
	if t.kind == tokNum {
		n.bits, ok = t.num, t.num&^wlanTypeMask == 0
	} else if t.kind == tokName {
		n.bits, ok = wlanTypes[folded(t)]
	}
	if !ok {
		p.fail(t.span, "this is no 802.11 type")
		p.hint("mgt, ctl or data")
		return unit{}
	}
	if !p.isWord(kwWLANSubtype) {
		return p.term(n)
	}
	p.next()
	s := p.next()
	n.mask |= wlanSubtypeMask
	n.end = s.end
	var bits uint32
	if s.kind == tokNum {
		bits, ok = s.num, s.num&^wlanSubtypeMask == 0
	} else {
		bits, ok = wlanSubtypes[n.bits][folded(s)]
	}
	if !ok {
		p.fail(s.span, "this is no subtype of that 802.11 type")
	}
	n.bits |= bits
	return p.term(n)
}

func (p *parser) wlanSubtype(at span) unit {
	t := p.next()
	if t.kind == tokName {
		for _, typ := range []uint32{wlanMgt, wlanCtl, wlanData} {
			if bits, ok := wlanSubtypes[typ][folded(t)]; ok {
				return p.term(&wlanType{at.to(t.span), typ | bits,
					wlanTypeMask | wlanSubtypeMask})
			}
		}
	}
	p.fail(t.span, "this is no 802.11 subtype")
	return unit{}
}

func (p *parser) wlanDir(at span) unit {
	t := p.next()
	bits, ok := t.num, t.kind == tokNum
	if t.kind == tokName {
		bits, ok = wlanDirs[folded(t)]
	}
	if !ok {
		p.fail(t.span, "this is no 802.11 direction")
		p.hint("nods, tods, fromds or dstods")
	}
	return p.term(&wlanDir{at.to(t.span), bits})
}

// Codes of supervisory and unnumbered LLC frames (IEEE 802.2).
var (
	llcS2 = map[string]uint32{"rr": 0x01, "rnr": 0x05, "rej": 0x09}
	llcU2 = map[string]uint32{
		"ui": 0x03, "ua": 0x63, "disc": 0x43, "dm": 0x0f, "sabme": 0x6f, "test": 0xe3,
		"xid": 0xaf, "frmr": 0x87,
	}
)

func (p *parser) llc(at span) unit {
	n := &llcTest{span: at}
	t := p.tok
	rule := p.isWord(kwPF) && pfField(t.word.value) == pfRule // rnr means that first
	if t.kind != tokName && !rule {
		return p.term(n)
	}
	p.next()
	n.end = t.end
	switch name := folded(t); {
	case rule:
		n.kind, n.code = llcSCode, llcS2["rnr"]
	case name == "i":
		n.kind = llcI
	case name == "s":
		n.kind = llcS
	case name == "u":
		n.kind = llcU
	default:
		var ok bool
		if n.code, ok = llcS2[name]; ok {
			n.kind = llcSCode
			break
		}
		if n.code, ok = llcU2[name]; ok {
			n.kind = llcUCode
			break
		}
		p.fail(t.span, "this is no LLC type")
	}
	return p.term(n)
}
