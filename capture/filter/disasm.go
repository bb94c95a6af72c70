package filter

import (
	"fmt"
	"strings"
)

// Format returns a program as tcpdump -d prints it: one line an instruction,
// with its number, and absolute targets of jumps.
func Format(prog []Instruction) string {
	var b strings.Builder
	for i, in := range prog {
		fmt.Fprintf(&b, "(%03d) %s\n", i, in.format(i))
	}
	return b.String()
}

// FormatC returns a program as tcpdump -dd prints it, a fragment of C.
func FormatC(prog []Instruction) string {
	var b strings.Builder
	for _, in := range prog {
		fmt.Fprintf(&b, "{ 0x%x, %d, %d, 0x%08x },\n", in.Op, in.Jt, in.Jf, in.K)
	}
	return b.String()
}

// FormatDecimal returns a program as tcpdump -ddd prints it: the number of
// instructions, and each as four decimal numbers.
func FormatDecimal(prog []Instruction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", len(prog))
	for _, in := range prog {
		fmt.Fprintf(&b, "%d %d %d %d\n", in.Op, in.Jt, in.Jf, in.K)
	}
	return b.String()
}

// format returns the instruction at place i.
func (in Instruction) format(i int) string {
	name, operand := in.mnemonic()
	if in.Op&7 == classJMP && in.Op&0xf0 != jmpJA {
		return fmt.Sprintf("%-8s %-16s jt %d\tjf %d", name, operand, i+1+int(in.Jt),
			i+1+int(in.Jf))
	}
	if in.Op == classJMP|jmpJA {
		operand = fmt.Sprint(i + 1 + int(int32(in.K)))
	}
	return fmt.Sprintf("%-8s %s", name, operand)
}

func (in Instruction) mnemonic() (name, operand string) {
	switch in.Op & 7 {
	case classLD, classLDX:
		return in.loadMnemonic()
	case classST:
		return "st", fmt.Sprintf("M[%d]", in.K)
	case classSTX:
		return "stx", fmt.Sprintf("M[%d]", in.K)
	case classALU:
		return in.aluMnemonic()
	case classJMP:
		if jump, ok := map[uint16]string{
			jmpJA: "ja", jmpJEQ: "jeq", jmpJGT: "jgt", jmpJGE: "jge", jmpJSET: "jset",
		}[in.Op&0xf0]; ok {
			return jump, in.source("#0x%x")
		}
	case classRET:
		if in.Op&0x18 == 0x10 {
			return "ret", ""
		}
		return "ret", fmt.Sprintf("#%d", in.K)
	case classMISC:
		if in.Op&0xf8 == miscTXA {
			return "txa", ""
		}
		return "tax", ""
	}
	return "unimp", fmt.Sprintf("0x%x", in.Op)
}

func (in Instruction) source(k string) string {
	if in.Op&srcX != 0 {
		return "x"
	}
	if strings.HasSuffix(k, "d") {
		return fmt.Sprintf(k, int32(in.K))
	}
	return fmt.Sprintf(k, in.K)
}

func (in Instruction) aluMnemonic() (name, operand string) {
	switch in.Op & 0xf0 {
	case aluNeg:
		return "neg", ""
	case aluAnd:
		return "and", in.source("#0x%x")
	case aluOr:
		return "or", in.source("#0x%x")
	case aluXor:
		return "xor", in.source("#0x%x")
	}
	return [...]string{"add", "sub", "mul", "div", "", "", "lsh", "rsh", "", "mod", ""}[in.Op>>4&0xf%11],
		in.source("#%d")
}

// ancillary are the names that tcpdump has for Linux's ancillary loads.
var ancillary = map[uint32]string{
	skfProtocol: "proto", skfPktType: "type", skfIfindex: "ifidx", skfHaType: "hatype",
	skfVLANTag: "vlan_tci", skfVLANTagPresent: "vlanp",
}

func (in Instruction) loadMnemonic() (name, operand string) {
	name = "ld"
	if in.Op&7 == classLDX {
		name = "ldx"
	}
	suffix := map[uint16]string{sizeH: "h", sizeB: "b"}[in.Op&0x18]
	switch in.Op & 0xe0 {
	case modeIMM:
		return name, fmt.Sprintf("#0x%x", in.K)
	case modeMEM:
		return name, fmt.Sprintf("M[%d]", in.K)
	case modeLEN:
		return name, "#pktlen"
	case modeMSH:
		return "ldxb", fmt.Sprintf("4*([%d]&0xf)", int32(in.K))
	case modeIND:
		return name + suffix, fmt.Sprintf("[x + %d]", int32(in.K))
	}
	if a, ok := ancillary[in.K]; ok {
		return name + suffix, "[" + a + "]"
	}
	return name + suffix, fmt.Sprintf("[%d]", int32(in.K))
}
