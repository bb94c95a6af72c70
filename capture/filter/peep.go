package filter

import "slices"

// peep looks at instructions that follow each other, and at a test with the
// last one before it.
func (u *numbering) peep(b *block, code *[]Instruction, r *registers, used int) {
	u.pairs(*code)
	if used&bitX == 0 {
		*code = u.offset(*code)
	}
	if b.kind != blockTest {
		return
	}
	if used&bitA == 0 && b.jump == jmpJEQ && !b.x {
		u.ending(b, code, r)
	}
	if b.jump == jmpJSET && !b.x {
		switch b.k {
		case 0:
			b.t = b.f
		case ^uint32(0): // for libpcap, any value has some of all bits
			b.f = b.t
		}
	}
	if x, ok := u.consts[r.x]; ok && b.x {
		b.x, b.k = false, x
	}
	if a, ok := u.consts[r.a]; ok && !b.x {
		u.changed = u.changed || b.t != b.f
		if compared(b.jump, a, b.k) {
			b.f = b.t
		} else {
			b.t = b.f
		}
	}
}

// pairs moves values through registers rather than scratch memory. Like
// libpcap, it leaves the operands alone, and they show in the program.
func (u *numbering) pairs(code []Instruction) {
	for i := 0; i+1 < len(code); i++ {
		a, b := &code[i], &code[i+1]
		if a.Op == classST && b.Op == classLDX|modeMEM && a.K == b.K {
			b.Op = classMISC | miscTAX
			u.changed = true
		}
		if a.Op == classLD|modeIMM && b.Op == classMISC|miscTAX {
			a.Op, b.Op = classLDX|modeIMM, classMISC|miscTXA
			u.changed = true
		}
	}
}

// offset makes one load of a constant that is added to the index register and
// a load behind that.
func (u *numbering) offset(code []Instruction) []Instruction {
	for i := 0; i < len(code); i++ {
		add := i + 1
		if code[i].Op != classLD|modeIMM || add >= len(code) {
			continue
		}
		if code[add].Op == classLDX|modeMSH|sizeB {
			add++
		}
		if add+2 >= len(code) || code[add].Op != classALU|aluAdd|srcX ||
			code[add+1].Op != classMISC|miscTAX || code[add+2].Op&0xe7 != classLD|modeIND {
			continue
		}
		if code[add+2].K >= skfLLOff {
			code[add+2].K = beyond(code[add+2].K, code[i].K)
		} else {
			code[add+2].K += code[i].K // wraps around, as in tcp[-16]
		}
		u.changed = true
		code = slices.Delete(code, add, add+2)
		code = slices.Delete(code, i, i+1)
	}
	return code
}

// ending takes a subtraction to the other side of a comparison, and makes one
// test of a mask that is to leave nothing.
func (u *numbering) ending(b *block, code *[]Instruction, r *registers) {
	n := len(*code) - 1
	if n < 0 {
		return
	}
	switch in := (*code)[n]; {
	case in.Op == classALU|aluSub|srcX:
		x, ok := u.consts[r.x]
		switch {
		case ok:
			b.k += x
		case b.k == 0:
			b.x = true
		default:
			return
		}
	case in.Op == classALU|aluSub:
		b.k += in.K
	case in.Op == classALU|aluAnd && b.k == 0:
		b.jump, b.k = jmpJSET, in.K
		b.t, b.f = b.f, b.t
	default:
		return
	}
	u.changed = true
	*code = (*code)[:n]
}
