package filter

// value is a number that is computed by code, or known.
type value struct {
	known bool
	k     uint32
	code  []Instruction // leaves it in the accumulator
	guard *cond         // what must be true of the packet first; nil: nothing
}

func known(k uint32) value { return value{known: true, k: k} }

// instructions returns code that loads the value.
func (v value) instructions() []Instruction {
	if v.known {
		return []Instruction{ldImm(v.k)}
	}
	return v.code
}

// relation compares two numbers.
func (g *gen) relation(n *relation) *cond {
	l, r, reg := g.sides(n.l, n.r)
	g.at = n.span
	op := n.op
	if l.known && !r.known {
		l, r = r, l
		op = mirror(op)
	}
	jump, negated := uint16(jmpJEQ), op == "!=" || op == "<" || op == "<="
	switch op {
	case ">", "<=":
		jump = jmpJGT
	case ">=", "<":
		jump = jmpJGE
	}
	var c *cond
	switch {
	case l.known:
		c = always(compared(jump, l.k, r.k))
	case r.known:
		c = compare(jump, r.k, l.code...)
	default:
		code := append(both(l, r, reg), ldMem(reg))
		c = &cond{test: test{code: code, jump: jump, x: true}}
	}
	if negated {
		c = not(c)
	}
	return and(l.guard, r.guard, c)
}

// sides returns the values of two numbers, and a register to keep the left one
// while the right one is computed. It is free again for what comes later.
func (g *gen) sides(a, b arith) (l, r value, reg int) {
	l = g.value(a)
	reg = g.alloc()
	r = g.value(b)
	g.free(reg)
	return l, r, reg
}

// both computes two values, the left one into a register, the right one into
// the index register.
func both(l, r value, reg int) []Instruction {
	code := append(l.instructions(), st(reg))
	return append(append(code, r.instructions()...), tax())
}

// mirror returns the operator that is the same with its sides exchanged.
func mirror(op string) string {
	switch op {
	case "<":
		return ">"
	case ">":
		return "<"
	case "<=":
		return ">="
	case ">=":
		return "<="
	}
	return op
}

// compared evaluates a comparison.
func compared(jump uint16, a, b uint32) bool {
	switch jump {
	case jmpJGT:
		return a > b
	case jmpJGE:
		return a >= b
	case jmpJSET:
		return a&b != 0
	}
	return a == b
}

// value returns the value of a number.
func (g *gen) value(a arith) value {
	if g.err != nil {
		return known(0)
	}
	g.at = a.where()
	switch a := a.(type) {
	case *constant:
		return known(a.k)
	case *pktLen:
		return value{code: []Instruction{ldLen()}}
	case *minus:
		v := g.value(a.x)
		if v.known {
			v.k = -v.k
			return v
		}
		v.code = append(v.code, aluK(aluNeg, 0))
		return v
	case *load:
		return g.loadValue(a)
	case *operation:
		return g.operation(a)
	}
	return known(0)
}

// aluOps are the operators' operations.
var aluOps = map[string]uint16{
	"+": aluAdd, "-": aluSub, "*": aluMul, "/": aluDiv, "%": aluMod,
	"&": aluAnd, "|": aluOr, "^": aluXor, "<<": aluLsh, ">>": aluRsh,
}

// operation walks a chain of operators without recursion on its left side.
func (g *gen) operation(n *operation) value {
	var chain []*operation
	var a arith = n
	for {
		inner, ok := a.(*operation)
		if !ok {
			break
		}
		chain = append(chain, inner)
		a = inner.l
	}
	v := g.value(a)
	for i := len(chain) - 1; i >= 0 && g.err == nil; i-- {
		reg := g.alloc()
		r := g.value(chain[i].r)
		g.free(reg)
		g.at = chain[i].span
		_, literal := chain[i].r.(*constant)
		v = g.operate(chain[i].op, v, r, reg, literal)
	}
	return v
}

func (g *gen) operate(op string, l, r value, reg int, literal bool) value {
	code := aluOps[op]
	// libpcap forgets that the right side has a protocol, and so must we:
	// 5 + ip[0] = 74 looks at packets of all protocols.
	out := value{guard: l.guard}
	if r.known && !g.divides(code, r.k, literal || !l.known) {
		return known(0)
	}
	switch {
	case l.known && r.known:
		out.known = true
		out.k, _ = alu(code, l.k, r.k)
	case g.keep && (r.known || l.known):
	case r.known && r.k == 0 && (code == aluMul || code == aluAnd),
		l.known && l.k == 0 && (code == aluMul || code == aluAnd || code == aluDiv ||
			code == aluMod || code == aluLsh || code == aluRsh):
		// libpcap's optimiser drops the load, and with it the question
		// whether the packet is long enough.
		out.known = true
		return out
	}
	switch {
	case out.known:
	case r.known:
		out.code = append(l.code, aluK(code, r.k))
	case l.known:
		out.code = append(r.code, tax(), ldImm(l.k), aluX(code))
	default:
		out.code = append(both(l, r, reg), ldMem(reg), aluX(code))
	}
	return out
}

// divides reports whether a constant can stand to the right of an operator.
// Too long a shift of one constant by another that was computed is none of
// libpcap's concern.
func (g *gen) divides(op uint16, k uint32, shift bool) bool {
	switch {
	case op == aluDiv && k == 0:
		g.fail("division by zero")
	case op == aluMod && k == 0:
		g.fail("remainder of a division by zero")
	case (op == aluLsh || op == aluRsh) && k > 31 && shift:
		g.fail("shift by more than 31 bits")
	default:
		return true
	}
	return false
}

// alu computes one operation as the machine does. Division by zero is not
// defined: there a program ends and rejects the packet. Shifts by more than
// 31 bits leave nothing.
func alu(op uint16, a, b uint32) (uint32, bool) {
	switch op {
	case aluAdd:
		return a + b, true
	case aluSub:
		return a - b, true
	case aluMul:
		return a * b, true
	case aluDiv:
		if b == 0 {
			return 0, false
		}
		return a / b, true
	case aluMod:
		if b == 0 {
			return 0, false
		}
		return a % b, true
	case aluAnd:
		return a & b, true
	case aluOr:
		return a | b, true
	case aluXor:
		return a ^ b, true
	case aluLsh:
		return a << b, true
	case aluRsh:
		return a >> b, true
	}
	return -a, true
}

// loadValue is proto[index:size].
func (g *gen) loadValue(n *load) value {
	size, ok := map[uint32]uint16{1: sizeB, 2: sizeH, 4: sizeW}[n.size]
	if !ok {
		g.fail("1, 2 or 4 bytes can be loaded, not %d", n.size)
		return known(0)
	}
	v := g.value(n.index)
	g.at = n.span
	switch pr := n.proto; pr {
	case protoRadio:
		if g.wlanHdr < 0 || g.o.Link == linkPPI {
			g.fail("%s has no radio header", linkName(g.link))
			return known(0)
		}
		return g.loadAt(v, at(0), size)
	case protoLink:
		return g.loadAt(v, g.linkHdr, size)
	case protoATalk, protoAARP, protoDECnet, protoLAT, protoSCA, protoMOPRC, protoMOPDL,
		protoIP, protoIPv6, protoARP, protoRARP:
		out := g.loadAt(v, g.network(), size)
		out.guard = and(v.guard, g.linkType(linkProtocols[pr]))
		return out
	case protoSCTP, protoTCP, protoUDP, protoICMP, protoIGMP, protoIGRP, protoPIM, protoVRRP,
		protoCARP:
		out := g.loadTransport4(v, size)
		out.guard = and(v.guard, g.linkType(etIP), g.abbreviation(pr), g.notLaterFragment())
		return out
	case protoICMPv6:
		out := g.loadAt(v, g.transport6(), size)
		out.guard = and(v.guard, g.linkType(etIPv6), g.equal(g.network(), 6, sizeB, ipICMPv6))
		return out
	}
	g.fail("the bytes of %s cannot be indexed", n.proto)
	return known(0)
}

// loadAt loads from index bytes behind p.
func (g *gen) loadAt(index value, p place, size uint16) value {
	v := value{guard: index.guard}
	switch {
	case index.known && !p.varies():
		v.code = []Instruction{ldAbs(size, g.beyond(p.k, index.k))}
	case index.known && index.k < 1<<31:
		v.code = g.load(p, size, index.k)
	case p.varies():
		g.used[p.reg] = true
		v.code = append(index.instructions(), ldxMem(p.reg), aluX(aluAdd), tax(),
			ldInd(size, p.k))
	default:
		v.code = append(index.code, tax(), ldInd(size, p.k))
	}
	return v
}

// beyond adds an index to an offset. What wraps around to where Linux has its
// ancillary loads is beyond all packets instead, which is where libpcap's
// machine sees it.
func (g *gen) beyond(k, index uint32) uint32 {
	const nowhere = 1<<31 - 1
	switch sum := k + index; {
	case k < skfLLOff && sum >= skfLLOff, k >= skfLLOff && index >= skfNetOff-skfLLOff:
		return nowhere
	default:
		return sum
	}
}

// loadTransport4 loads from index bytes behind an IPv4 header.
func (g *gen) loadTransport4(index value, size uint16) value {
	n := g.network()
	v := value{guard: index.guard}
	switch {
	case index.known && (!n.varies() || index.k < 1<<31):
		v.code = append(g.ipHdrLen(), ldInd(size, n.k+index.k))
	case !n.varies():
		v.code = append(index.code, ldxMsh(n.k), aluX(aluAdd), tax(), ldInd(size, n.k))
	default:
		reg := g.alloc()
		defer g.free(reg)
		v.code = append(index.instructions(), st(reg))
		v.code = append(append(v.code, g.ipHdrLen()...), ldMem(reg), aluX(aluAdd), tax(),
			ldInd(size, n.k))
	}
	return v
}
