package filter

// Conditional jumps reach this far; beyond it an unconditional one helps.
const maxJump = 255

// emit writes the program down, at most limit instructions.
func (p *program) emit(snapLen uint32, limit int) ([]Instruction, error) {
	order := p.order()
	e := emitter{order: order, start: make([]int, len(order)+1),
		long: make([][2]bool, len(order))}
	for e.place() {
	}
	if e.start[len(order)] > limit {
		return nil, ErrTooLong
	}
	out := make([]Instruction, 0, e.start[len(order)])
	for i, b := range order {
		if b.kind == blockRet {
			k := snapLen
			if b == p.reject {
				k = 0
			}
			out = append(out, Instruction{Op: classRET, K: k})
			continue
		}
		out = append(append(out, b.code...), e.end(i)...)
	}
	return out, nil
}

// emitter knows where each block begins.
type emitter struct {
	order []*block
	start []int
	long  [][2]bool // whether t and f of a block are too far away
}

// place computes where blocks begin, and reports whether a jump turned out to
// be too far, so that it must be done again.
func (e *emitter) place() (again bool) {
	pc := 0
	for i := range e.order {
		e.start[i] = pc
		pc += len(e.order[i].code) + e.size(i)
	}
	e.start[len(e.order)] = pc
	for i, b := range e.order {
		if b.kind != blockTest {
			continue
		}
		after := e.start[i] + len(b.code) + 1
		for side, to := range [2]*block{b.t, b.f} {
			if !e.long[i][side] && e.start[to.seq]-after > maxJump {
				e.long[i][side] = true
				again = true
			}
		}
	}
	return again
}

// size is how many instructions end a block.
func (e *emitter) size(i int) int {
	b := e.order[i]
	switch b.kind {
	case blockJump:
		if b.t.seq == i+1 {
			return 0
		}
		return 1
	case blockTest:
		n := 1
		for _, long := range e.long[i] {
			if long {
				n++
			}
		}
		return n
	}
	return 1
}

// end returns the instructions that end a block.
func (e *emitter) end(i int) []Instruction {
	b := e.order[i]
	pc := e.start[i] + len(b.code)
	ja := func(at int, to *block) Instruction {
		return Instruction{Op: classJMP | jmpJA, K: uint32(e.start[to.seq] - at - 1)}
	}
	if b.kind == blockJump {
		if b.t.seq == i+1 {
			return nil
		}
		return []Instruction{ja(pc, b.t)}
	}
	in := Instruction{Op: classJMP | b.jump, K: b.k}
	if b.x {
		in.Op |= srcX
		in.K = 0
	}
	var far []Instruction
	side := func(long bool, to *block) uint8 {
		if !long {
			return uint8(e.start[to.seq] - pc - 1)
		}
		far = append(far, ja(pc+1+len(far), to))
		return uint8(len(far) - 1)
	}
	in.Jt = side(e.long[i][0], b.t)
	in.Jf = side(e.long[i][1], b.f)
	return append([]Instruction{in}, far...)
}
