package filter

// value is a number that is computed by code, into a register of scratch
// memory. That code is as naive as libpcap's is at first: the optimiser sees
// constants, and makes what can be made of them.
type value struct {
	code  []Instruction
	reg   int
	guard *cond // what must be true of the packet first; nil: nothing

	known bool // it is the same for all packets, as far as parts of it say so
	k     uint32
}

// keepIn returns code with the accumulator kept in a register behind it.
func keepIn(reg int, code ...Instruction) []Instruction { return append(code, st(reg)) }

// relation compares two numbers.
func (g *gen) relation(n *relation) *cond {
	l, r := g.value(n.l), g.value(n.r)
	g.at = n.span
	g.free(l.reg)
	g.free(r.reg)
	code := append(append(l.code, r.code...), ldxMem(r.reg), ldMem(l.reg))
	var c *cond
	switch n.op {
	case ">", "<=":
		c = &cond{test: test{code: code, jump: jmpJGT, x: true}}
	case ">=", "<":
		c = &cond{test: test{code: code, jump: jmpJGE, x: true}}
	default:
		c = compare(jmpJEQ, 0, append(code, aluX(aluSub))...)
	}
	if n.op == "!=" || n.op == "<" || n.op == "<=" {
		c = not(c)
	}
	return and(l.guard, r.guard, c)
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

// value returns the value of a number. Its register is the caller's to free.
func (g *gen) value(a arith) value {
	if g.err != nil {
		return value{}
	}
	g.at, g.numbers = a.where(), true
	switch a := a.(type) {
	case *constant:
		reg := g.alloc()
		return value{code: keepIn(reg, ldImm(a.k)), reg: reg, known: true, k: a.k}
	case *pktLen:
		reg := g.alloc()
		return value{code: keepIn(reg, ldLen()), reg: reg}
	case *minus:
		v := g.value(a.x)
		v.code = keepIn(v.reg, append(v.code, ldMem(v.reg), aluK(aluNeg, 0))...)
		v.k = -v.k
		return v
	case *load:
		return g.loadValue(a)
	case *operation:
		return g.operation(a)
	}
	return value{}
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
		r := g.value(chain[i].r)
		g.at = chain[i].span
		_, literal := chain[i].r.(*constant)
		v = g.operate(chain[i].op, v, r, literal)
	}
	return v
}

func (g *gen) operate(op string, l, r value, literal bool) value {
	code := aluOps[op]
	if g.err != nil || r.known && !g.divides(code, r.k, literal || !l.known) {
		return value{}
	}
	g.free(l.reg)
	g.free(r.reg)
	// libpcap forgets that the right side has a protocol, and so must we:
	// 5 + ip[0] = 74 looks at packets of all protocols.
	out := value{guard: l.guard, reg: g.alloc()}
	out.code = append(append(l.code, r.code...), ldxMem(r.reg), ldMem(l.reg), aluX(code))
	out.code = keepIn(out.reg, out.code...)
	switch zero := code == aluMul || code == aluAnd; {
	case l.known && r.known:
		out.known = true
		out.k, _ = alu(code, l.k, r.k)
	case g.keep:
	case zero && (l.known && l.k == 0 || r.known && r.k == 0),
		l.known && l.k == 0 && (code == aluDiv || code == aluMod || code == aluLsh || code == aluRsh):
		out.known = true
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
		return value{}
	}
	v := g.value(n.index)
	if g.err != nil {
		return value{}
	}
	g.at = n.span
	reg := g.alloc()
	g.free(v.reg)
	if n.proto == protoICMPv6 { // for once, libpcap begins with these
		v.guard = g.loadGuard(n.proto, v.guard)
	}
	v.code = append(v.code, g.loadAt(n.proto, v.reg, size)...)
	v.code = keepIn(reg, v.code...)
	if n.proto != protoICMPv6 {
		v.guard = g.loadGuard(n.proto, v.guard)
	}
	v.reg, v.known = reg, false
	return v
}

// loadAt returns code that loads from an index, which is in a register, of a
// protocol's header.
func (g *gen) loadAt(pr proto, index int, size uint16) []Instruction {
	switch pr {
	case protoRadio:
		if g.family != famWLAN || !g.radio() || g.o.Link == linkPPI {
			g.fail("%s has no radio header", linkName(g.link))
		}
		return g.loadBehind(at(0), index, size)
	case protoLink:
		return g.loadBehind(g.linkHdr, index, size)
	case protoATalk, protoDECnet, protoLAT, protoSCA, protoMOPRC, protoMOPDL,
		protoIP, protoIPv6, protoARP, protoRARP:
		return g.loadBehind(g.network(), index, size)
	case protoICMPv6:
		return g.loadBehind(g.transport6(), index, size)
	case protoSCTP, protoTCP, protoUDP, protoICMP, protoIGMP, protoIGRP, protoPIM, protoVRRP,
		protoCARP:
		return append(g.ipHdrLen(), ldMem(index), aluX(aluAdd), tax(), ldInd(size, g.network().k))
	}
	g.fail("the bytes of %s cannot be indexed", pr)
	return nil
}

// loadBehind loads from an index behind p.
func (g *gen) loadBehind(p place, index int, size uint16) []Instruction {
	if !p.varies() {
		return []Instruction{ldxMem(index), ldInd(size, p.k)}
	}
	return []Instruction{ldxMem(g.reg(p)), ldMem(index), aluX(aluAdd), tax(), ldInd(size, p.k)}
}

// loadGuard returns what must be true of a packet before a protocol's header is
// loaded from: guard, which is for the index, and that it has that header.
func (g *gen) loadGuard(pr proto, guard *cond) *cond {
	switch pr {
	case protoRadio, protoLink:
		return guard
	case protoICMPv6:
		return and(guard, g.linkType(etIPv6), g.equal(g.network(), 6, sizeB, ipICMPv6))
	}
	if typ, ok := linkProtocols[pr]; ok {
		return and(guard, g.linkType(typ))
	}
	return and(g.linkType(etIP), guard, g.abbreviation(pr), g.notLaterFragment())
}
