package filter

import (
	"fmt"

	"tcpsee/capture"
)

// gen turns the nodes of an expression into conditions, from left to right:
// vlan and its like change the layout for what comes after them. Like the
// parser, it keeps the first error, and what it returns then is not used.
type gen struct {
	layout
	expr string
	o    Options
	live bool
	any  bool // Options.Link is AnyLink
	err  error
	at   span // of the node in work

	// keep says that the program will be one that libpcap's optimiser leaves
	// alone, because of jumps within the code for offsets that vary, or
	// loops. Then loads whose value decides nothing are to stay: beyond the
	// packet's end they reject it.
	keep bool

	taken       [memWords]bool // registers in use
	next        int            // the first that alloc looks at
	most        int            // the highest that alloc has returned; -1: none
	vlans       int            // vlan primitives so far
	held        int            // register of the protocol since vlan with AnyLink; -1: none
	mplsDepth   int            // mpls primitives so far
	geneve      bool           // within Geneve there may be no link-layer header
	lane        bool           // Ethernet is within LANE, which has messages of its own too
	laneHdr     place          // the pseudo-header of ATM before that
	unoptimised bool           // geneve or protochain occurs
	prologue    *cond          // what computes registers before anything else
	late        [3]int         // registers of late offsets, -1 where there is none yet
	numbers     bool           // registers were used for numbers
}

func newGen(e *Expr, o Options, keep bool) *gen {
	g := &gen{
		layout: layoutOf(o.Link), expr: e.text, o: o, any: o.Link == AnyLink, keep: keep,
		late: [3]int{-1, -1, -1}, most: -1, held: -1,
	}
	g.live = o.Live || g.any
	switch {
	case g.family == famWLAN:
		if g.link != capture.Link80211 {
			g.linkHdr.reg = lateWLANHdr
		}
		g.payload.reg = lateWLANBody
	case g.family == famPFLog:
		g.payload.reg = latePFBody
	}
	return g
}

// top returns the condition for a whole program.
func (g *gen) top(root node) *cond {
	if root == nil {
		return always(true)
	}
	extra := g.extra()
	cond := g.node(root)
	if g.err != nil {
		return nil
	}
	return and(g.headers(), or(extra, cond))
}

func (g *gen) fail(format string, args ...any) *cond {
	if g.err == nil {
		g.err = &SyntaxError{
			Expr: g.expr, Offset: g.at.off, Length: g.at.end - g.at.off,
			Msg: fmt.Sprintf(format, args...),
		}
	}
	return always(false)
}

// hint says what to write instead, after fail.
func (g *gen) hint(instead string) *cond {
	if se, ok := g.err.(*SyntaxError); ok {
		se.Hint = instead
	}
	return always(false)
}

// lack fails because of what the link type does not have.
func (g *gen) lack(format string, args ...any) *cond {
	if g.err == nil {
		g.fail(format, args...)
		if se, ok := g.err.(*SyntaxError); ok {
			se.lacks = true
		}
	}
	return always(false)
}

// alloc reserves a register of scratch memory, the one used last if it is free,
// as libpcap does.
func (g *gen) alloc() int {
	for range g.taken {
		if r := g.next; !g.taken[r] {
			g.taken[r] = true
			g.most = max(g.most, r)
			return r
		}
		g.next = (g.next + 1) % memWords
	}
	g.fail("the expression needs more than %d registers", memWords)
	return 0
}

func (g *gen) free(r int) { g.taken[r] = false }

// Late offsets are those of headers whose length a program computes before
// anything else, if it needs them: places with one of these instead of a
// register have their register since something was first loaded from there.
const (
	lateWLANHdr  = memWords + iota // of the 802.11 header
	lateWLANBody                   // of its payload
	latePFBody                     // of what follows OpenBSD's log header
)

// reg returns the register of a place that varies.
func (g *gen) reg(p place) int {
	if p.reg < memWords {
		return p.reg // or there is none
	}
	late := &g.late[p.reg-memWords]
	if *late >= 0 {
		return *late
	}
	most := g.most
	if *late = g.alloc(); !g.numbers || *late > most {
		return *late
	}
	// A number was in that register, and would be so again after the offset is
	// there, as it happens in libpcap's programs.
	g.free(*late)
	for *late = memWords - 1; *late > most && g.taken[*late]; {
		*late--
	}
	if *late <= most {
		g.fail("the expression needs more than %d registers", memWords)
	}
	g.taken[*late] = true
	return *late
}

// node returns the condition for one node.
func (g *gen) node(n node) *cond {
	if g.err != nil {
		return always(false)
	}
	if l, ok := n.(*logic); ok {
		return g.logic(l)
	}
	g.at = n.where()
	switch n := n.(type) {
	case *negation:
		return not(g.node(n.x))
	case *abbreviation:
		return g.abbreviation(n.proto)
	case *ident:
		return g.ident(n)
	case *cast:
		return g.cast(n)
	case *size:
		if n.greater {
			return compare(jmpJGE, n.n, ldLen())
		}
		return not(compare(jmpJGT, n.n, ldLen()))
	case *byteTest:
		return g.byteTest(n)
	case *passage:
		return g.passage(n.out)
	case *ifindex:
		return g.ifindex(n.n)
	case *tag:
		return g.tag(n)
	case *pfTest:
		return g.pf(n)
	case *wlanType:
		if g.family != famWLAN || g.link == linkPPI {
			return g.lack("802.11 types exist on 802.11 only")
		}
		return g.masked(g.linkHdr, 0, sizeB, n.bits, n.mask)
	case *wlanDir:
		if g.family != famWLAN || g.link == linkPPI {
			return g.lack("802.11 directions exist on 802.11 only")
		}
		return g.masked(g.linkHdr, 1, sizeB, n.bits, 3)
	case *llcTest:
		return g.llc(n)
	case *atmTest:
		return g.atm(n.kind)
	case *unitTest:
		return g.signalUnit(n.kind)
	case *fieldTest:
		return g.wanField(n)
	case *relation:
		return g.relation(n)
	}
	return g.fail("unknown primitive")
}

// logic walks a chain of "and" and "or" without recursion on its left side,
// which is as long as the expression.
func (g *gen) logic(l *logic) *cond {
	var chain []*logic
	var n node = l
	for {
		inner, ok := n.(*logic)
		if !ok {
			break
		}
		chain = append(chain, inner)
		n = inner.l
	}
	c := g.node(n)
	for i := len(chain) - 1; i >= 0; i-- {
		r := g.node(chain[i].r)
		if chain[i].or {
			c = or(c, r)
		} else {
			c = and(c, r)
		}
	}
	return c
}

// load returns code that loads size bytes at off behind p.
func (g *gen) load(p place, size uint16, off uint32) []Instruction {
	if !p.varies() {
		return []Instruction{ldAbs(size, p.k+off)}
	}
	return []Instruction{ldxMem(g.reg(p)), ldInd(size, p.k+off)}
}

// equal tests a field for a value.
func (g *gen) equal(p place, off uint32, size uint16, v uint32) *cond {
	return compare(jmpJEQ, v, g.load(p, size, off)...)
}

// bits tests whether any bit of mask is set in a field.
func (g *gen) bits(p place, off uint32, size uint16, mask uint32) *cond {
	return compare(jmpJSET, mask, g.load(p, size, off)...)
}

// masked tests a field for a value under a mask.
func (g *gen) masked(p place, off uint32, size uint16, v, mask uint32) *cond {
	return g.maskedCode(g.load(p, size, off), v, mask)
}

func (g *gen) maskedCode(code []Instruction, v, mask uint32) *cond {
	if mask != 0xffffffff {
		code = append(code, aluK(aluAnd, mask))
	}
	return compare(jmpJEQ, v, code...)
}

// plain reports whether libpcap would leave the program alone; it is known
// once the whole condition is.
func (g *gen) plain() bool {
	return g.unoptimised || g.late[lateWLANBody-memWords] >= 0 ||
		g.o.Link == capture.LinkPrism
}

// network is a field of the network header.
func (g *gen) network() place { return place{g.payload.k + g.nl, g.payload.reg} }

// ipHdrLen returns code that makes the index register such that the
// transport header of an IPv4 packet is at it plus network().k.
func (g *gen) ipHdrLen() []Instruction {
	n := g.network()
	if !n.varies() {
		return []Instruction{ldxMsh(n.k)}
	}
	return append(g.load(n, sizeB, 0),
		aluK(aluAnd, 0xf), aluK(aluLsh, 2), aluX(aluAdd), tax())
}

// transport4 loads a field of what follows the IPv4 header.
func (g *gen) transport4(size uint16, off uint32) []Instruction {
	return append(g.ipHdrLen(), ldInd(size, g.network().k+off))
}

// transport6 is a field of what follows the fixed IPv6 header.
func (g *gen) transport6() place { n := g.network(); n.k += 40; return n }

// headers returns what computes the offsets of headers that vary, as far as
// they are used.
func (g *gen) headers() *cond {
	c := g.prologue
	if g.o.Link == linkPPI {
		c = and(c, compare(jmpJEQ, ppi80211, ldAbs(sizeW, 4)))
	}
	body := g.late[lateWLANBody-memWords]
	if body >= 0 && g.radio() {
		g.reg(place{reg: lateWLANHdr})
	}
	if hdr := g.late[lateWLANHdr-memWords]; hdr >= 0 {
		c = and(c, g.radioHeader(hdr))
	}
	if body >= 0 {
		c = and(c, g.wlanHeader(body))
	}
	if pf := g.late[latePFBody-memWords]; pf >= 0 {
		c = and(c, do(ldAbs(sizeB, 0), aluK(aluAdd, 3), aluK(aluAnd, ^uint32(3)), st(pf), tax()))
	}
	return c
}

// radio reports whether captures have something before the 802.11 header.
func (g *gen) radio() bool {
	return layoutOf(g.o.Link).family == famWLAN && g.o.Link != capture.Link80211
}

// ppi80211 is the link type of 802.11 in a PPI header, as it is loaded.
const ppi80211 = 0x69000000

// radioHeader computes where the 802.11 header begins, the length of the
// header before it, and leaves it in the index register too.
func (g *gen) radioHeader(reg int) *cond {
	switch g.o.Link {
	case capture.LinkPrism:
		// An AVS header may be there instead; it says its length.
		avs := compare(jmpJEQ, 0x80211000, ldAbs(sizeW, 0), aluK(aluAnd, 0xfffff000))
		return and(or(and(avs, do(ldAbs(sizeW, 4))), do(ldImm(144))), do(st(reg), tax()))
	case capture.LinkAVS:
		return do(ldAbs(sizeW, 4), st(reg), tax())
	}
	return do(ldAbs(sizeB, 3), aluK(aluLsh, 8), tax(), ldAbs(sizeB, 2), aluX(aluOr), st(reg), tax())
}

// Bits of the first byte of an 802.11 frame control field, and of the
// radiotap words as big-endian loads see them.
const (
	wlanQoS = 0x80

	radiotapTSFT    = 0x01000000
	radiotapFlags   = 0x02000000
	radiotapExt     = 0x00000080
	radiotapDataPad = 0x20
)

// wlanHeader computes where the payload of an 802.11 data frame begins: 24
// bytes on, 26 with QoS, padded where radiotap says so. Frames with four
// addresses are not looked for, nor does libpcap.
func (g *gen) wlanHeader(reg int) *cond {
	start := []Instruction{txa(), aluK(aluAdd, 24), st(reg), ldInd(sizeB, 0)}
	if !g.radio() {
		start = append([]Instruction{{Op: classLDX | modeIMM}}, start...)
	}
	ctl := func(bit uint32) *cond { return compare(jmpJSET, bit) } // of what is loaded already
	data := and(compare(jmpJSET, wlanData, start...), not(ctl(wlanCtl)))
	qos := and(ctl(wlanQoS), do(ldMem(reg), aluK(aluAdd, 2), st(reg)))
	if g.o.Link != capture.LinkRadiotap {
		return when(data, qos)
	}
	pad := func(off uint32) *cond { return compare(jmpJSET, radiotapDataPad, ldAbs(sizeB, off)) }
	padded := choose(compare(jmpJSET, radiotapTSFT), pad(16), pad(8))
	flags := and(compare(jmpJSET, radiotapFlags, ldAbs(sizeW, 4)), not(compare(jmpJSET, radiotapExt)))
	round := do(ldMem(reg), aluK(aluAdd, 3), aluK(aluAnd, ^uint32(3)), st(reg))
	grow := when(ctl(wlanQoS), do(ldMem(reg), aluK(aluAdd, 2), st(reg)))
	return when(data, and(grow, when(and(flags, padded), round)))
}
