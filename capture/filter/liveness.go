package filter

import "slices"

// Registers as bits of a set, after those of scratch memory.
const (
	bitA = 1 << memWords
	bitX = 2 << memWords
)

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

// deadStores leaves out what writes a register that is written again, or not
// read any more, before anything reads it.
func (u *numbering) deadStores(b *block, code []Instruction, used int) []Instruction {
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
