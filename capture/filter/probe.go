package filter

// What a machine would do with a packet of which only a part is known.

// view is such a packet.
type view struct {
	head    []byte          // link-layer header, known, but for a type field at typeAt
	typ     [2]byte         // what stands in that field
	typeAt  int             // -1: in head as it is
	body    []byte          // network layer
	known   *[maxKnown]bool // which of its first bytes are known; nil: all
	open    bool            // beyond body the packet goes on, unknown
	length  uint32          // on the wire; 0: unknown
	meta    *metadata       // what the kernel says of it, nil in files
	noTag   bool            // head has a VLAN tag that programs are not to see
	netBase int             // SKF_NET_OFF, within head and body
}

// maxKnown is how many bytes a made-up packet has.
const maxKnown = 40

// metadata is what the kernel says of a packet beside its bytes.
type metadata struct {
	protocol, tci, pktType, ifindex, hatype uint32
	tagged                                  bool
}

// probeSteps bounds the work on one packet.
const probeSteps = 1 << 13

// word is a value that may be unknown.
type word struct {
	v  uint32
	ok bool
}

// state is the machine's.
type state struct {
	pc   int
	a, x word
	mem  [memWords]word
}

// may reports whether a program could accept the packet, for some value of
// what is not known of it. With everything known, it is whether it does.
func may(prog []Instruction, v *view) bool {
	steps := 0
	return mayFrom(prog, v, state{a: word{0, true}, x: word{0, true}}, &steps)
}

func mayFrom(prog []Instruction, v *view, s state, steps *int) bool {
	for s.pc < len(prog) {
		if *steps++; *steps > probeSteps {
			return true // not worth more
		}
		in := prog[s.pc]
		s.pc++
		switch in.Op & 7 {
		case classRET:
			return in.K > 0
		case classJMP:
			if in.Op&0xf0 == jmpJA {
				s.pc += int(in.K)
				continue
			}
			holds, known := s.holds(in)
			if !known {
				other := s
				other.pc += int(in.Jf)
				if mayFrom(prog, v, other, steps) {
					return true
				}
				holds = true
			}
			if holds {
				s.pc += int(in.Jt)
			} else {
				s.pc += int(in.Jf)
			}
		default:
			if !s.step(in, v) {
				return false
			}
		}
	}
	return false
}

// holds evaluates a conditional jump.
func (s *state) holds(in Instruction) (holds, known bool) {
	k := word{in.K, true}
	if in.Op&srcX != 0 {
		k = s.x
	}
	if !s.a.ok || !k.ok {
		return false, false
	}
	return compared(in.Op&0xf0, s.a.v, k.v), true
}

// step does one instruction that is no jump. It returns false where the
// packet is rejected.
func (s *state) step(in Instruction, v *view) bool {
	ok := true
	switch in.Op & 7 {
	case classLD:
		s.a, ok = s.load(in, v)
	case classLDX:
		if in.Op&0xe0 == modeMSH {
			s.x, ok = v.load(in.K, 1)
			s.x.v = s.x.v & 0xf * 4
			break
		}
		s.x, ok = s.load(in, v)
	case classST:
		s.mem[in.K%memWords] = s.a
	case classSTX:
		s.mem[in.K%memWords] = s.x
	case classALU:
		k := word{in.K, true}
		if in.Op&srcX != 0 {
			k = s.x
		}
		known := s.a.ok && k.ok
		if in.Op&0xf0 == aluAnd && (s.a.ok && s.a.v == 0 || k.ok && k.v == 0) {
			s.a = word{0, true}
			break
		}
		if !known {
			s.a.ok = false
			break
		}
		s.a.v, ok = alu(in.Op&0xf0, s.a.v, k.v)
	case classMISC:
		if in.Op&0xf8 == miscTXA {
			s.a = s.x
		} else {
			s.x = s.a
		}
	}
	return ok
}

func (s *state) load(in Instruction, v *view) (word, bool) {
	size := 4
	switch in.Op & 0x18 {
	case sizeH:
		size = 2
	case sizeB:
		size = 1
	}
	switch in.Op & 0xe0 {
	case modeABS:
		return v.load(in.K, size)
	case modeIND:
		if !s.x.ok {
			return word{}, true
		}
		if in.K >= skfADOff { // below 0, as in tcp[-16]: never accepted
			return word{}, false
		}
		if in.K >= skfLLOff {
			return v.load(in.K+s.x.v, size)
		}
		if uint64(in.K)+uint64(s.x.v) >= skfLLOff {
			return word{}, false
		}
		return v.load(in.K+s.x.v, size)
	case modeMEM:
		return s.mem[in.K%memWords], true
	case modeLEN:
		return word{v.length, v.length > 0}, true
	}
	return word{in.K, true}, true
}

// load reads bytes of the packet, in network order.
func (v *view) load(k uint32, size int) (word, bool) {
	off := int(k)
	switch {
	case k >= skfADOff:
		return v.ancillary(k)
	case k >= skfNetOff:
		off = v.netBase + int(k-skfNetOff)
	case k >= skfLLOff:
		off = int(k - skfLLOff)
	}
	n := word{ok: true}
	for i := range size {
		b, known, ok := v.at(off + i)
		if !ok {
			return word{}, false
		}
		n.v = n.v<<8 | uint32(b)
		n.ok = n.ok && known
	}
	return n, true
}

// at returns one byte of the packet as a program sees it.
func (v *view) at(i int) (b byte, known, ok bool) {
	if v.noTag && i >= tagAt {
		i += tagLen
	}
	switch {
	case v.typeAt >= 0 && (i == v.typeAt || i == v.typeAt+1):
		return v.typ[i-v.typeAt], true, true
	case i < len(v.head):
		return v.head[i], true, true
	}
	i -= len(v.head)
	if i >= len(v.body) {
		return 0, false, v.open && i < 1<<16
	}
	return v.body[i], v.known == nil || i < maxKnown && v.known[i], true
}

// tagAt is where an Ethernet header has its VLAN tag.
const (
	tagAt  = 12
	tagLen = 4
)

// ancillary returns what the kernel says of the packet.
func (v *view) ancillary(k uint32) (word, bool) {
	if v.meta == nil {
		return word{}, false
	}
	m := v.meta
	switch k {
	case skfProtocol:
		return word{m.protocol, true}, true
	case skfPktType:
		return word{m.pktType, true}, true
	case skfIfindex:
		return word{m.ifindex, m.ifindex != 0}, true
	case skfHaType:
		return word{m.hatype, true}, true
	case skfVLANTag:
		return word{m.tci, true}, true
	case skfVLANTagPresent:
		if m.tagged {
			return word{1, true}, true
		}
		return word{0, true}, true
	}
	return word{}, false
}
