package filter

// What follows knows what the registers hold, and leaves out loads of what is
// there already, and stores that nobody reads. It does as libpcap's optimiser
// does, in the same order, so that programs look like tcpdump's.

// vnum is the number of a value: the same number is the same value. 0 is any.
type vnum int

// expr is what a value is computed of.
type expr struct {
	op   uint16
	k    uint32
	a, b vnum
}

// registers is what the machine's registers hold.
type registers struct {
	a, x vnum
	mem  [memWords]vnum
}

// merge makes r what the registers hold where two ways meet: what differs is
// from then on one value that nothing else is known of.
func (u *numbering) merge(r, o *registers) {
	one := func(v *vnum, w vnum) {
		if *v != w {
			u.last++
			*v = u.last
			u.merged[*v] = true
		}
	}
	one(&r.a, o.a)
	one(&r.x, o.x)
	for i := range r.mem {
		one(&r.mem[i], o.mem[i])
	}
}

// numbering numbers values.
type numbering struct {
	last    vnum
	values  map[expr]vnum
	consts  map[vnum]uint32 // those that are known
	merged  map[vnum]bool   // those that merge made, which libpcap takes for any
	unload  bool            // code is to be shortened
	changed bool
	fault   string // what libpcap's optimiser refuses
}

// value returns the number for what is computed of known numbers.
func (u *numbering) value(e expr) vnum {
	v, ok := u.values[e]
	if !ok {
		u.last++
		v = u.last
		u.values[e] = v
		if e.op == classLD|modeIMM {
			u.consts[v] = e.k
		}
	}
	return v
}

func (u *numbering) constant(k uint32) vnum { return u.value(expr{op: classLD | modeIMM, k: k}) }

// number finds out what each block tests, and makes that simpler. With unload
// it leaves out instructions as well. It reports whether a test became simpler.
func (p *program) number(unload bool) bool {
	u := numbering{values: map[expr]vnum{}, consts: map[vnum]uint32{},
		merged: map[vnum]bool{}, unload: unload}
	order := p.order()
	used := liveness(order)
	in := make([]*registers, len(order))
	in[p.root.seq] = &registers{}
	flow := func(to *block, r registers) {
		if in[to.seq] == nil {
			in[to.seq] = &r
		} else {
			u.merge(in[to.seq], &r)
		}
	}
	for _, b := range order {
		if b.kind == blockRet {
			continue
		}
		t, f := b.t, b.f // block may lead elsewhere afterwards
		r := u.block(b, *in[b.seq], used[b.seq])
		flow(t, r)
		if b.kind == blockTest {
			flow(f, r)
		}
	}
	if p.fault == "" {
		p.fault = u.fault
	}
	return u.changed
}

// block follows the code of a block, given what the registers hold before it
// and which of them are read after it. It returns what they hold then.
func (u *numbering) block(b *block, r registers, used int) registers {
	before := r
	code := make([]Instruction, 0, len(b.code))
	for _, in := range b.code {
		if in, ok := u.step(in, &r); ok || !u.unload {
			code = append(code, in)
		}
	}
	same := r.a == before.a && r.x == before.x && before.a != 0 && before.x != 0 &&
		!u.merged[r.a] && !u.merged[r.x]
	switch {
	case u.unload && used == 0 && same && b.kind == blockTest:
		u.changed = u.changed || len(b.code) > 0
		b.code = nil
	default:
		u.peep(b, &code, &r, used)
		b.code = u.deadStores(b, code, used)
	}
	b.value, b.with = r.a, 0
	if b.x {
		b.with = r.x
	}
	return r
}

// step follows one instruction. It returns false where the register holds its
// result already, and else the instruction, simpler where values are known and
// code is to be shortened.
func (u *numbering) step(in Instruction, r *registers) (Instruction, bool) {
	switch in.Op & 7 {
	case classLD:
		v, in := u.loaded(in, r)
		return in, u.set(&r.a, v)
	case classLDX:
		v, in := u.loaded(in, r)
		return in, u.set(&r.x, v)
	case classST:
		return in, u.set(&r.mem[in.K%memWords], r.a)
	case classSTX:
		return in, u.set(&r.mem[in.K%memWords], r.x)
	case classMISC:
		if in.Op&0xf8 == miscTXA {
			return in, u.set(&r.a, r.x)
		}
		return in, u.set(&r.x, r.a)
	}
	if in.Op&srcX != 0 {
		return u.computedX(in, r)
	}
	return u.computedK(in, r)
}

// set notes the value of a register, and reports whether it is another one, as
// far as libpcap knows.
func (u *numbering) set(reg *vnum, v vnum) bool {
	if v != 0 && *reg == v && !u.merged[v] {
		return false
	}
	*reg = v
	return true
}

// loaded returns the value of a load.
func (u *numbering) loaded(in Instruction, r *registers) (vnum, Instruction) {
	switch in.Op & 0xe0 {
	case modeIMM:
		return u.constant(in.K), in
	case modeMEM:
		v := r.mem[in.K%memWords]
		if k, ok := u.consts[v]; ok && u.unload {
			u.changed = true
			in = Instruction{Op: in.Op&7 | modeIMM, K: k}
		}
		return v, in
	case modeIND:
		k, ok := u.consts[r.x]
		switch {
		case ok && u.unload:
			u.changed = true
			in = ldAbs(in.Op&0x18, beyond(in.K, k))
		case r.x == 0:
			return 0, in
		default:
			return u.value(expr{op: in.Op, k: in.K, a: r.x}), in
		}
	}
	return u.value(expr{op: in.Op, k: in.K}), in
}

// beyond adds an index to an offset. What wraps around to where Linux has its
// ancillary loads is beyond all packets instead, which is where libpcap's
// machine sees it; from the network header it may go back to the link layer's,
// as behind a VLAN tag.
func beyond(k, index uint32) uint32 {
	const nowhere = 1<<31 - 1
	switch sum := k + index; {
	case k >= skfNetOff && sum >= skfLLOff && sum < skfNetOff:
		return sum
	case k < skfLLOff && sum >= skfLLOff, k >= skfLLOff && index >= skfNetOff-skfLLOff:
		return nowhere
	default:
		return sum
	}
}

// computedK follows an operation of the accumulator and a constant.
func (u *numbering) computedK(in Instruction, r *registers) (Instruction, bool) {
	op := in.Op & 0xf0
	a, known := u.consts[r.a]
	switch zero := in.K == 0; {
	case !u.unload:
	case op == aluNeg && known:
		r.a = u.constant(-a)
		return ldImm(-a), true
	case op == aluNeg:
	case zero && (op == aluAdd || op == aluLsh || op == aluRsh || op == aluOr || op == aluXor):
		return in, false
	case zero && (op == aluMul || op == aluAnd):
		r.a = u.constant(0)
		return ldImm(0), true
	case zero && (op == aluDiv || op == aluMod):
		u.fault = "division by zero"
	case known:
		u.changed = true
		k, _ := alu(op, a, in.K)
		r.a = u.constant(k)
		return ldImm(k), true
	}
	r.a = u.result(in.Op, r.a, u.constant(in.K))
	return in, true
}

// computedX follows an operation of the accumulator and the index register.
func (u *numbering) computedX(in Instruction, r *registers) (Instruction, bool) {
	op := in.Op & 0xf0
	a, knownA := u.consts[r.a]
	x, knownX := u.consts[r.x]
	switch {
	case !u.unload:
	case knownA && knownX:
		k, ok := alu(op, a, x)
		if !ok {
			u.fault = "division by zero"
		}
		u.changed = true
		r.a = u.constant(k)
		return ldImm(k), true
	case knownX:
		if (op == aluLsh || op == aluRsh) && x > 31 {
			u.fault = "shift by more than 31 bits"
		}
		u.changed = true
		in = aluK(op, x)
		r.a = u.result(in.Op, r.a, u.constant(x))
		return in, true
	case knownA && a == 0:
		switch op {
		case aluAdd, aluOr, aluXor:
			return txa(), u.set(&r.a, r.x)
		case aluMul, aluDiv, aluMod, aluAnd, aluLsh, aluRsh:
			return ldImm(0), u.set(&r.a, u.constant(0))
		}
	}
	r.a = u.result(in.Op, r.a, r.x)
	return in, true
}

// result returns the value of an operation on two values.
func (u *numbering) result(op uint16, a, b vnum) vnum {
	if a == 0 || b == 0 {
		return 0
	}
	return u.value(expr{op: op, a: a, b: b})
}
