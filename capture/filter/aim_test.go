package filter

import "math/rand"

// aimed is a packet that is made while a program runs over it.
type aimed struct {
	r         *rand.Rand
	pkt       []byte
	off, size int    // of what is in the accumulator; size 0: not from the packet
	mask      uint32 // that was applied to it
}

// aim makes a packet that goes deep into a program: it walks through it, and
// mostly writes into the packet what the program compares it with.
func aim(prog []Instruction, r *rand.Rand) []byte {
	p := &aimed{r: r, pkt: make([]byte, 400)}
	n := 40 + r.Intn(140)
	if r.Intn(8) == 0 {
		n = r.Intn(60)
	}
	limit := []int{256, 8}[r.Intn(2)]
	for i := range p.pkt {
		p.pkt[i] = byte(r.Intn(limit))
	}
	var a, x uint32
	var mem [memWords]uint32
	for pc := 0; pc < len(prog); {
		in := prog[pc]
		pc++
		switch in.Op & 7 {
		case classLD:
			a = p.load(in, x, &mem, n)
		case classLDX:
			switch in.Op & 0xe0 {
			case modeMSH:
				if r.Intn(2) == 0 {
					p.put(int(in.K), 1, 0x45)
				}
				x = 4 * (p.get(int(in.K), 1) & 0xf)
			default:
				x = p.load(in, x, &mem, n)
			}
		case classST:
			mem[in.K] = a
		case classSTX:
			mem[in.K] = x
		case classALU:
			k := in.K
			if in.Op&srcX != 0 {
				k = x
			}
			a, _ = alu(in.Op&0xf0, a, k)
			if in.Op&0xf8 == aluAnd {
				p.mask &= k
			} else {
				p.size = 0
			}
		case classMISC:
			if in.Op&0xf8 == miscTXA {
				a, p.size = x, 0
			} else {
				x = a
			}
		case classRET:
			return p.pkt[:n]
		case classJMP:
			if in.Op&0xf0 == jmpJA {
				pc += int(in.K)
				continue
			}
			k := in.K
			if in.Op&srcX != 0 {
				k = x
			} else {
				a = p.compare(in.Op&0xf0, a, k)
			}
			if compared(in.Op&0xf0, a, k) {
				pc += int(in.Jt)
			} else {
				pc += int(in.Jf)
			}
		}
	}
	return p.pkt[:n]
}

// compare changes the packet such that a comparison comes out well, and
// returns the new value.
func (p *aimed) compare(jump uint16, a, k uint32) uint32 {
	want := a
	switch choice := p.r.Intn(3); {
	case p.size == 0 || choice == 2:
		return a
	case jump == jmpJEQ:
		want = k
	case jump == jmpJSET && choice == 0:
		want = a | k
	case jump == jmpJSET:
		want = a &^ k
	case choice == 0:
		want = k
	case jump == jmpJGT:
		want = k + 1
	default:
		want = k - 1
	}
	old := p.get(p.off, p.size)
	p.put(p.off, p.size, old&^p.mask|want&p.mask)
	return p.get(p.off, p.size) & p.mask
}

func (p *aimed) load(in Instruction, x uint32, mem *[memWords]uint32, n int) uint32 {
	size := map[uint16]int{sizeW: 4, sizeH: 2, sizeB: 1}[in.Op&0x18]
	p.size = 0
	off := uint64(in.K)
	switch in.Op & 0xe0 {
	case modeIMM:
		return in.K
	case modeMEM:
		return mem[in.K]
	case modeLEN:
		return uint32(n)
	case modeIND:
		off += uint64(x)
	}
	if off+4 > uint64(len(p.pkt)) {
		return 0
	}
	p.off, p.size, p.mask = int(off), size, 0xffffffff
	return p.get(p.off, size)
}

func (p *aimed) get(off, size int) (v uint32) {
	for i := range size {
		if off+i < len(p.pkt) {
			v = v<<8 | uint32(p.pkt[off+i])
		}
	}
	return v
}

func (p *aimed) put(off, size int, v uint32) {
	for i := range size {
		if off+i < len(p.pkt) {
			p.pkt[off+i] = byte(v >> (8 * (size - 1 - i)))
		}
	}
}
