package filter

import "net/netip"

// node is a part of an expression that is true or false of a packet.
type node interface{ where() span }

// qualifiers say what an identifier is. They carry over to the identifiers
// after "and" and "or".
type qualifiers struct {
	proto proto
	addr  addrKind
	dir   direction
}

// nothing is carried over at the beginning, and from primitives that have no
// qualifiers.
var nothing = qualifiers{proto: protoUndef, addr: addrUndef}

type (
	// logic is l and r, or l or r.
	logic struct {
		span
		or   bool
		l, r node
	}

	// negation is not x.
	negation struct {
		span
		x node
	}

	// abbreviation is a protocol alone: tcp.
	abbreviation struct {
		span
		proto proto
	}

	// identifier is a name, number or address with its qualifiers.
	ident struct {
		span
		qualifiers
		tok     token
		mask    *token       // net 10.0.0.0 mask 255.0.0.0
		bits    int          // net 10.0.0.0/8; -1 where there is none
		hosts   []netip.Addr // of a host name, IPv4 and IPv6
		lo, hi  uint32       // port range, or port, or number of a protocol or network
		ipProto uint32       // IP protocol of a named port; protoAnyPort for all
	}

	// cast is broadcast or multicast.
	cast struct {
		span
		proto proto
		multi bool
	}

	// size is less or greater.
	size struct {
		span
		greater bool
		n       uint32
	}

	// byteTest is byte OFF OP VALUE.
	byteTest struct {
		span
		op       string
		off, val uint32
	}

	// passage is inbound or outbound.
	passage struct {
		span
		out bool
	}

	// ifindex is ifindex N.
	ifindex struct {
		span
		n uint32
	}

	// tag is vlan, mpls, pppoed, pppoes or geneve, with or without a number.
	tag struct {
		span
		kind tagKind
		has  bool
		n    uint32
	}

	// pfTest is a field of OpenBSD's packet filter log.
	pfTest struct {
		span
		field pfField
		n     uint32
		name  string
	}

	// wlanType is type and subtype of 802.11: bits of the first byte.
	wlanType struct {
		span
		bits, mask uint32
	}

	// wlanDir is the direction of 802.11: bits of the second byte.
	wlanDir struct {
		span
		bits uint32
	}

	// llcTest is llc, alone or with the kind of its PDU.
	llcTest struct {
		span
		kind llcKind
		code uint32 // of an S or U frame
	}

	// atmTest is a kind of traffic on ATM.
	atmTest struct {
		span
		kind atmKind
	}

	// unitTest is a kind of signal unit of SS7's MTP2.
	unitTest struct {
		span
		kind unitKind
	}

	// fieldTest compares a field of ATM's pseudo-header, or of SS7.
	fieldTest struct {
		span
		field wanField
		op    string
		n     uint32
	}

	// relation compares two numbers.
	relation struct {
		span
		op   string
		l, r arith
	}
)

// arith is a part of an expression that is a number.
type arith interface{ where() span }

type (
	// constant is a number.
	constant struct {
		span
		k uint32
	}

	// pktLen is the packet's length on the wire.
	pktLen struct{ span }

	// load is bytes of the packet: tcp[13], ip[2:2].
	load struct {
		span
		proto proto
		index arith
		size  uint32
	}

	// operation is l op r.
	operation struct {
		span
		op   string
		l, r arith
	}

	// minus is -x.
	minus struct {
		span
		x arith
	}
)

type tagKind uint8

const (
	tagVLAN tagKind = iota
	tagMPLS
	tagPPPoED
	tagPPPoES
	tagGeneve
)

func (k tagKind) String() string {
	return [...]string{"vlan", "mpls", "pppoed", "pppoes", "geneve"}[k]
}

type pfField uint8

const (
	pfIfname pfField = iota
	pfRuleset
	pfRule
	pfSubrule
	pfReason
	pfAction
)

func (f pfField) String() string {
	return [...]string{"ifname", "ruleset", "rulenum", "subrulenum", "reason", "action"}[f]
}

type llcKind uint8

const (
	llcAny   llcKind = iota
	llcI             // information
	llcS             // supervisory, any
	llcU             // unnumbered, any
	llcSCode         // supervisory of one code
	llcUCode         // unnumbered of one code
)
