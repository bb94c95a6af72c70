package filter

import "slices"

// What follows knows what the registers hold, and leaves out loads of what is
// there already, and stores that nobody reads. It does as libpcap's optimiser
// does, in the same order, so that programs look like tcpdump's.

// Registers as bits of a set, after those of scratch memory.
const (
	bitA = 1 << memWords
	bitX = 2 << memWords
)

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

// common keeps the registers that are the same in both.
func (r *registers) common(o *registers) {
	keep := func(v *vnum, w vnum) {
		if *v != w {
			*v = 0
		}
	}
	keep(&r.a, o.a)
	keep(&r.x, o.x)
	for i := range r.mem {
		keep(&r.mem[i], o.mem[i])
	}
}

// unloader numbers values.
type unloader struct {
	last    vnum
	values  map[expr]vnum
	consts  map[vnum]uint32 // those that are known
	changed bool
}

// value returns the number for what is computed of known numbers.
func (u *unloader) value(e expr) vnum {
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

func (u *unloader) constant(k uint32) vnum { return u.value(expr{op: classLD | modeIMM, k: k}) }

// unload shortens the code of all blocks.
func (p *program) unload() {
	for p.visits < maxVisits {
		u := unloader{values: map[expr]vnum{}, consts: map[vnum]uint32{}}
		order := p.order()
		used := liveness(order)
		in := make([]*registers, len(order))
		in[p.root.seq] = &registers{}
		flow := func(to *block, r registers) {
			if in[to.seq] == nil {
				in[to.seq] = &r
			} else {
				in[to.seq].common(&r)
			}
		}
		for _, b := range order {
			if b.kind == blockRet {
				continue
			}
			r := u.block(b, *in[b.seq], used[b.seq], p.keep)
			flow(b.t, r)
			if b.kind == blockTest {
				flow(b.f, r)
			}
		}
		if !u.changed {
			break
		}
	}
	for _, b := range p.order() {
		if b.kind != blockRet {
			p.identify(b)
		}
	}
}

// liveness returns which registers are read after each block, of what they
// hold at its end.
func liveness(order []*block) []int {
	in, out := make([]int, len(order)), make([]int, len(order))
	for i := len(order) - 1; i >= 0; i-- {
		b := order[i]
		if b.kind == blockRet {
			continue
		}
		out[i] = in[b.t.seq]
		if b.kind == blockTest {
			out[i] |= in[b.f.seq]
		}
		def, use := 0, 0
		for _, ins := range b.code {
			use |= reads(ins) &^ def
			def |= writes(ins)
		}
		if b.kind == blockTest {
			use |= bitA &^ def
			if b.x {
				use |= bitX &^ def
			}
		}
		in[i] = use | out[i]&^def
	}
	return out
}

// reads returns the registers that an instruction reads.
func reads(in Instruction) int {
	switch in.Op & 7 {
	case classLD, classLDX:
		switch in.Op & 0xe0 {
		case modeIND:
			return bitX
		case modeMEM:
			return 1 << (in.K % memWords)
		}
		return 0
	case classST:
		return bitA
	case classSTX:
		return bitX
	case classALU:
		if in.Op&srcX != 0 {
			return bitA | bitX
		}
		return bitA
	}
	if in.Op&0xf8 == miscTXA {
		return bitX
	}
	return bitA
}

// writes returns the register that an instruction writes.
func writes(in Instruction) int {
	switch in.Op & 7 {
	case classLD, classALU:
		return bitA
	case classLDX:
		return bitX
	case classST, classSTX:
		return 1 << (in.K % memWords)
	}
	if in.Op&0xf8 == miscTXA {
		return bitA
	}
	return bitX
}

// block shortens the code of a block, given what the registers hold before it
// and which of them are read after it. It returns what they hold then.
func (u *unloader) block(b *block, r registers, used int, keep bool) registers {
	before := r
	code := make([]Instruction, 0, len(b.code))
	for _, in := range b.code {
		if in, ok := u.step(in, &r, keep); ok {
			code = append(code, in)
		}
	}
	same := before.a != 0 && r.a == before.a && before.x != 0 && r.x == before.x
	if used == 0 && same && b.kind == blockTest {
		u.changed = u.changed || len(code) > 0
		b.code = nil
		return r
	}
	if keep {
		b.code = code
		return r
	}
	u.peep(b, &code, used)
	b.code = u.deadStores(b, code, used)
	return r
}

// deadStores leaves out what writes a register that is written again, or not
// read any more, before anything reads it.
func (u *unloader) deadStores(b *block, code []Instruction, used int) []Instruction {
	live := used
	if b.kind == blockTest {
		live |= bitA
		if b.x {
			live |= bitX
		}
	}
	kept := make([]Instruction, 0, len(code))
	for i := len(code) - 1; i >= 0; i-- {
		in := code[i]
		w := writes(in)
		if live&w == 0 {
			u.changed = true
			continue
		}
		live = live&^w | reads(in)
		kept = append(kept, in)
	}
	slices.Reverse(kept)
	return kept
}

// step follows one instruction. It returns false where the register holds its
// result already, and else the instruction, simpler where values are known.
// With keep, nothing is made simpler.
func (u *unloader) step(in Instruction, r *registers, keep bool) (Instruction, bool) {
	switch in.Op & 7 {
	case classLD:
		v, in := u.loaded(in, r, keep)
		return in, set(&r.a, v)
	case classLDX:
		v, in := u.loaded(in, r, keep)
		return in, set(&r.x, v)
	case classST:
		return in, set(&r.mem[in.K%memWords], r.a)
	case classSTX:
		return in, set(&r.mem[in.K%memWords], r.x)
	case classMISC:
		if in.Op&0xf8 == miscTXA {
			return in, set(&r.a, r.x)
		}
		return in, set(&r.x, r.a)
	}
	return u.computed(in, r, keep)
}

// set notes the value of a register, and reports whether it is another one.
func set(reg *vnum, v vnum) bool {
	if v != 0 && *reg == v {
		return false
	}
	*reg = v
	return true
}

// loaded returns the value of a load.
func (u *unloader) loaded(in Instruction, r *registers, keep bool) (vnum, Instruction) {
	class := in.Op & 7
	switch in.Op & 0xe0 {
	case modeIMM:
		return u.constant(in.K), in
	case modeMEM:
		v := r.mem[in.K%memWords]
		if k, ok := u.consts[v]; ok && !keep {
			u.changed = true
			in = Instruction{Op: class | modeIMM, K: k}
		}
		return v, in
	case modeIND:
		if k, ok := u.consts[r.x]; ok && !keep && in.K+k < skfLLOff {
			u.changed = true
			in = ldAbs(in.Op&0x18, in.K+k)
			break
		}
		if r.x == 0 {
			return 0, in
		}
		return u.value(expr{op: in.Op, k: in.K, a: r.x}), in
	}
	return u.value(expr{op: in.Op, k: in.K}), in
}

// computed follows an operation on the accumulator.
func (u *unloader) computed(in Instruction, r *registers, keep bool) (Instruction, bool) {
	op := in.Op & 0xf0
	other := r.x
	if in.Op&srcX == 0 {
		other = u.constant(in.K)
	} else if k, ok := u.consts[r.x]; ok && !keep && k <= 31 {
		u.changed = true
		in = aluK(op, k)
	}
	if !keep && in.Op&srcX == 0 && op != aluNeg {
		if in.K == 0 && (op == aluAdd || op == aluLsh || op == aluRsh || op == aluOr || op == aluXor) {
			return in, false
		}
		if a, ok := u.consts[r.a]; ok {
			if k, ok := alu(op, a, in.K); ok {
				u.changed = true
				r.a = u.constant(k)
				return ldImm(k), true
			}
		}
	}
	if r.a != 0 && other != 0 {
		r.a = u.value(expr{op: in.Op, a: r.a, b: other})
	} else {
		r.a = 0
	}
	return in, true
}

// peep takes a subtraction to the other side of a comparison.
func (u *unloader) peep(b *block, code *[]Instruction, used int) {
	last := len(*code) - 1
	if last < 0 || b.kind != blockTest || b.jump != jmpJEQ || b.x || used&bitA != 0 {
		return
	}
	switch in := (*code)[last]; {
	case in.Op == classALU|aluSub:
		b.k += in.K
	case in.Op == classALU|aluSub|srcX && b.k == 0:
		b.x = true
	default:
		return
	}
	u.changed = true
	*code = (*code)[:last]
}
