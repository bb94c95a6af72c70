package filter

// Instruction is one instruction of a classic BPF program, field for field
// what the kernel takes (struct sock_filter).
type Instruction struct {
	Op     uint16 // class, and size and mode or operation
	Jt, Jf uint8  // how many instructions a conditional jump skips
	K      uint32 // operand
}

// Instruction classes, sizes, modes and operations (linux/bpf_common.h).
const (
	classLD   = 0x00
	classLDX  = 0x01
	classST   = 0x02
	classSTX  = 0x03
	classALU  = 0x04
	classJMP  = 0x05
	classRET  = 0x06
	classMISC = 0x07

	sizeW = 0x00
	sizeH = 0x08
	sizeB = 0x10

	modeIMM = 0x00
	modeABS = 0x20
	modeIND = 0x40
	modeMEM = 0x60
	modeLEN = 0x80
	modeMSH = 0xa0

	aluAdd = 0x00
	aluSub = 0x10
	aluMul = 0x20
	aluDiv = 0x30
	aluOr  = 0x40
	aluAnd = 0x50
	aluLsh = 0x60
	aluRsh = 0x70
	aluNeg = 0x80
	aluMod = 0x90
	aluXor = 0xa0

	jmpJA   = 0x00
	jmpJEQ  = 0x10
	jmpJGT  = 0x20
	jmpJGE  = 0x30
	jmpJSET = 0x40

	srcX = 0x08

	miscTAX = 0x00
	miscTXA = 0x80
)

// Ancillary loads of Linux (linux/filter.h): offsets from 2^32 down.
const (
	skfNetOff = 0xfff00000 // network header
	skfLLOff  = 0xffe00000 // link-layer header

	skfADOff          = 0xfffff000
	skfProtocol       = skfADOff + 0  // skb->protocol
	skfPktType        = skfADOff + 4  // PACKET_OUTGOING is 4
	skfIfindex        = skfADOff + 8  // interface
	skfHaType         = skfADOff + 28 // ARPHRD_*
	skfVLANTag        = skfADOff + 44 // TCI of a tag taken off
	skfVLANTagPresent = skfADOff + 48 // 1 where there is one

	pktOutgoing    = 4
	hatypeEthernet = 1
	hatypeLoopback = 772
)

// memWords is the size of the scratch memory, in 32-bit words.
const memWords = 16

// Short forms for code that is written by hand.

func ldAbs(size uint16, k uint32) Instruction {
	return Instruction{Op: classLD | modeABS | size, K: k}
}

func ldInd(size uint16, k uint32) Instruction {
	return Instruction{Op: classLD | modeIND | size, K: k}
}

func ldImm(k uint32) Instruction { return Instruction{Op: classLD | modeIMM, K: k} }
func ldMem(r int) Instruction {
	return Instruction{Op: classLD | modeMEM, K: uint32(r)}
}
func ldxMem(r int) Instruction {
	return Instruction{Op: classLDX | modeMEM, K: uint32(r)}
}
func ldxMsh(k uint32) Instruction { return Instruction{Op: classLDX | modeMSH | sizeB, K: k} }
func ldLen() Instruction          { return Instruction{Op: classLD | modeLEN} }
func st(r int) Instruction        { return Instruction{Op: classST, K: uint32(r)} }
func aluK(op uint16, k uint32) Instruction {
	return Instruction{Op: classALU | op, K: k}
}
func aluX(op uint16) Instruction { return Instruction{Op: classALU | op | srcX} }
func tax() Instruction           { return Instruction{Op: classMISC | miscTAX} }
func txa() Instruction           { return Instruction{Op: classMISC | miscTXA} }
