package filter

import (
	"encoding/binary"

	"tcpsee/capture"
)

// Matcher says of frames from files which ones an expression selects. It is
// immutable, and safe for concurrent use.
type Matcher struct {
	machine
	swapped machine // for packets of BSD loopback from big-endian systems
	link    capture.LinkType
	live    bool
	plain   bool // the program looks at the frame's bytes alone
}

// machine is a program, as it is and as run takes it.
type machine struct {
	ops  []op
	prog []Instruction
}

// Matcher returns a Matcher for frames of a link type as files have them.
// Errors are those of Compile, where tcpdump refuses the expression for such
// a file.
func (e *Expr) Matcher(link capture.LinkType) (*Matcher, error) {
	return e.matcher(Options{Link: link})
}

func (e *Expr) matcher(o Options) (*Matcher, error) {
	prog, err := e.program(o)
	if err != nil {
		return nil, err
	}
	m := &Matcher{machine: machine{decode(prog), prog}, link: o.Link, live: o.Live, plain: readsBytes(prog)}
	if layoutOf(o.Link).family == famLoopHost {
		o.swapped = true
		if prog, err = e.program(o); err != nil {
			return nil, err
		}
		m.swapped = machine{decode(prog), prog}
	}
	return m, nil
}

// program is Compile without the kernel's limit.
func (e *Expr) program(o Options) ([]Instruction, error) {
	b, err := e.build(o)
	if err != nil {
		return nil, err
	}
	return b.emit(o.snapLen(), maxOps)
}

// maxOps bounds the programs for files, which may be longer than the kernel's.
const maxOps = 1 << 18

// op is an instruction with its class, size, mode and operation in one small
// number, and absolute targets. A load and the comparison of what was loaded
// are one op where that is possible.
type op struct {
	k, v   uint32
	jt, jf int32
	code   opCode
}

type opCode uint8

const (
	opReject opCode = iota
	opAccept
	opLoadW
	opLoadH
	opLoadB
	opIndW
	opIndH
	opIndB
	opLen
	opImm
	opMem
	opXMsh
	opXImm
	opXMem
	opXLen
	opSt
	opStX
	opTAX
	opTXA
	opJump
	opEq
	opGt
	opGe
	opSet
	opEqX
	opGtX
	opGeX
	opSetX
	opALU  // v is the operation, k the operand
	opALUX // v is the operation
	opAnd
	opLoadWEq
	opLoadHEq
	opLoadBEq
	opIndHEq
)

// decode translates a program that emit has made.
func decode(prog []Instruction) []op {
	ops := make([]op, len(prog))
	for i, in := range prog {
		o := op{k: in.K, code: opReject}
		switch in.Op & 7 {
		case classLD:
			o.code = decodeLoad(in)
		case classLDX:
			o.code = map[uint16]opCode{modeIMM: opXImm, modeMEM: opXMem, modeLEN: opXLen,
				modeMSH: opXMsh}[in.Op&0xe0]
		case classST:
			o.code = opSt
		case classSTX:
			o.code = opStX
		case classALU:
			o.decodeALU(in)
		case classJMP:
			o.decodeJump(in, i)
		case classRET:
			if in.K > 0 {
				o.code = opAccept
			}
		case classMISC:
			o.code = opTAX
			if in.Op&0xf8 == miscTXA {
				o.code = opTXA
			}
		}
		ops[i] = o
	}
	fuse(ops)
	return ops
}

func decodeLoad(in Instruction) opCode {
	size := opCode(in.Op >> 3 & 3) // W, H, B
	switch in.Op & 0xe0 {
	case modeABS:
		return opLoadW + size
	case modeIND:
		return opIndW + size
	case modeLEN:
		return opLen
	case modeMEM:
		return opMem
	}
	return opImm
}

func (o *op) decodeALU(in Instruction) {
	o.v = uint32(in.Op & 0xf0)
	switch {
	case in.Op&0xf8 == aluAnd:
		o.code = opAnd
	case in.Op&srcX != 0:
		o.code = opALUX
	default:
		o.code = opALU
	}
}

func (o *op) decodeJump(in Instruction, i int) {
	if in.Op&0xf0 == jmpJA {
		o.code, o.jt = opJump, int32(i+1+int(in.K))
		return
	}
	o.jt, o.jf = int32(i+1+int(in.Jt)), int32(i+1+int(in.Jf))
	base := opEq
	if in.Op&srcX != 0 {
		base = opEqX
	}
	switch in.Op & 0xf0 {
	case jmpJEQ:
		o.code = base
	case jmpJGT:
		o.code = base + 1
	case jmpJGE:
		o.code = base + 2
	case jmpJSET:
		o.code = base + 3
	}
}

// fuse makes jumps to jumps direct, and one op of a load and the comparison
// after it; that stays, for those who jump to it.
func fuse(ops []op) {
	through := func(to int32) int32 {
		for ops[to].code == opJump {
			to = ops[to].jt
		}
		return to
	}
	for i := len(ops) - 1; i >= 0; i-- {
		o := &ops[i]
		if o.code >= opJump && o.code <= opSetX {
			o.jt = through(o.jt)
			if o.code != opJump {
				o.jf = through(o.jf)
			}
		}
		if i+1 == len(ops) || ops[i+1].code != opEq {
			continue
		}
		switch o.code {
		case opLoadW, opLoadH, opLoadB:
			o.code += opLoadWEq - opLoadW
		case opIndH:
			o.code = opIndHEq
		default:
			continue
		}
		o.v, o.jt, o.jf = ops[i+1].k, ops[i+1].jt, ops[i+1].jf
	}
}

// Match reports whether the expression selects a frame. data is what was
// captured of it, from the link-layer header on; origLen is its length on the
// wire, which less, greater and len see.
func (m *Matcher) Match(data []byte, origLen int) bool {
	if m.swapped.ops != nil {
		return run(m.program(data).ops, data, uint32(origLen))
	}
	return run(m.ops, data, uint32(origLen))
}

// readsBytes reports whether a program asks for nothing but bytes of the frame,
// counted from its beginning: no metadata, no offset that the kernel counts
// from elsewhere.
func readsBytes(prog []Instruction) bool {
	for _, in := range prog {
		load := in.Op&7 == classLD || in.Op&7 == classLDX
		if mode := in.Op & 0xe0; load && in.K >= skfLLOff && (mode == modeABS || mode == modeIND || mode == modeMSH) {
			return false
		}
	}
	return true
}

// program returns the one for the byte order of a packet's address family.
func (m *Matcher) program(data []byte) *machine {
	if m.swapped.ops != nil && len(data) > 3 && data[0] == 0 && data[3] != 0 {
		return &m.swapped
	}
	return &m.machine
}

// run is the machine. Loads beyond the end of data reject the packet. What
// most programs consist of is done here, the rest in rare.
func run(ops []op, data []byte, origLen uint32) bool {
	var a, x uint32
	var mem [memWords]uint32
	n := uint64(len(data))
	for pc := int32(0); ; {
		o := &ops[pc]
		pc++
		yes := false
		switch k := uint64(o.k); o.code {
		case opReject:
			return false
		case opAccept:
			return true
		case opLoadHEq:
			if k+2 > n {
				return false
			}
			a = uint32(binary.BigEndian.Uint16(data[k:]))
			yes = a == o.v
		case opLoadBEq:
			if k >= n {
				return false
			}
			a = uint32(data[k])
			yes = a == o.v
		case opLoadWEq:
			if k+4 > n {
				return false
			}
			a = binary.BigEndian.Uint32(data[k:])
			yes = a == o.v
		case opIndHEq:
			if k += uint64(x); k+2 > n {
				return false
			}
			a = uint32(binary.BigEndian.Uint16(data[k:]))
			yes = a == o.v
		case opEq:
			yes = a == o.k
		case opGt:
			yes = a > o.k
		case opGe:
			yes = a >= o.k
		case opSet:
			yes = a&o.k != 0
		case opEqX:
			yes = a == x
		case opGtX:
			yes = a > x
		case opGeX:
			yes = a >= x
		case opSetX:
			yes = a&x != 0
		case opXMsh:
			if k >= n {
				return false
			}
			x = 4 * uint32(data[k]&0xf)
			continue
		case opAnd:
			a &= o.k
			continue
		case opJump:
			pc = o.jt
			continue
		case opLoadH, opLoadB, opLoadW, opIndH, opIndB, opIndW:
			var ok bool
			if a, ok = fetch(o, data, x); !ok {
				return false
			}
			continue
		default:
			var ok bool
			if a, x, ok = rare(o, a, x, &mem, origLen); !ok {
				return false
			}
			continue
		}
		if yes {
			pc = o.jt
		} else {
			pc = o.jf
		}
	}
}

// fetch loads from the packet.
func fetch(o *op, data []byte, x uint32) (v uint32, ok bool) {
	k, n := uint64(o.k), uint64(len(data))
	if o.code >= opIndW {
		k += uint64(x)
	}
	switch o.code {
	case opLoadH, opIndH:
		if k+2 > n {
			return 0, false
		}
		return uint32(binary.BigEndian.Uint16(data[k:])), true
	case opLoadB, opIndB:
		if k >= n {
			return 0, false
		}
		return uint32(data[k]), true
	}
	if k+4 > n {
		return 0, false
	}
	return binary.BigEndian.Uint32(data[k:]), true
}

// rare does the instructions of arithmetic and scratch memory.
func rare(o *op, a, x uint32, mem *[memWords]uint32, origLen uint32) (uint32, uint32, bool) {
	ok := true
	switch o.code {
	case opLen:
		a = origLen
	case opImm:
		a = o.k
	case opMem:
		a = mem[o.k%memWords]
	case opXImm:
		x = o.k
	case opXMem:
		x = mem[o.k%memWords]
	case opXLen:
		x = origLen
	case opSt:
		mem[o.k%memWords] = a
	case opStX:
		mem[o.k%memWords] = x
	case opTAX:
		x = a
	case opTXA:
		a = x
	case opALU:
		a, ok = alu(uint16(o.v), a, o.k)
	case opALUX:
		a, ok = alu(uint16(o.v), a, x)
	}
	return a, x, ok
}
