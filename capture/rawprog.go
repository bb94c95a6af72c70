package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

// DriveSpec says which connections a DriveFilter lets through.
type DriveSpec struct {
	// Local and Remote are the two ends; a segment passes in either
	// direction. An address that is zero or unspecified (0.0.0.0, ::) is any
	// address, port 0 any port, a zero end anything.
	Local, Remote netip.AddrPort

	// Neighbours are the addresses whose ARP and neighbour discovery pass:
	// the other end, or the router on the way to it. Without any, all pass.
	Neighbours []netip.Addr

	// Datagrams lets UDP to Local pass, too: somebody uses it where TCP is
	// awaited.
	Datagrams bool

	// SnapLen is how many bytes are kept; 0 is MaxSnapLen.
	SnapLen int
}

// MaxDriveNeighbours is how many of DriveSpec.Neighbours are looked at; with
// more than that, all ARP and neighbour discovery passes.
const MaxDriveNeighbours = 16

// Offsets and extensions of the Linux filter (linux/filter.h).
const (
	linkOffset = 0xffe00000     // SKF_LL_OFF: loads count from the link layer's header
	netOffset  = 0xfff00000     // SKF_NET_OFF: from the network header
	extOffset  = 0xfffff000     // SKF_AD_OFF: loads ask for what is not in the bytes
	extProto   = extOffset      // SKF_AD_PROTOCOL: the EtherType
	extHaType  = extOffset + 28 // SKF_AD_HATYPE: the kind of interface
)

// Numbers that DriveFilter compares with.
const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherIPv6 = 0x86dd

	protoHopByHop  = 0 // IPv6 extension headers: RFC 8200, section 4
	protoICMP      = 1
	protoTCP       = 6
	protoUDP       = 17
	protoRouting   = 43
	protoFragment  = 44
	protoICMPv6    = 58
	protoDstOpts   = 60
	fragOffsetMask = 0x1fff // RFC 791, section 3.1

	ipv6HeaderLen = 40
	icmpHeaderLen = 8
)

// DriveFilter returns a program that lets through the connections of a
// DriveSpec and what explains their fate: ICMP and ICMPv6 errors (destination
// unreachable, packet too big, time exceeded, parameter problem) that quote a
// TCP segment between these addresses, ARP and neighbour discovery. Of IP
// fragments and of IPv6 packets with extension headers it looks at the
// addresses only: they are to be looked at again.
//
// One program serves every link type, as Linux can load relative to the
// network header; OpenLive translates it elsewhere. Frames whose VLAN tag is
// still in front of the network header do not pass.
func DriveFilter(spec DriveSpec) []Instruction {
	p := &program{labels: make(map[string]int)}
	p.do(bpf.LoadAbsolute{Off: extProto, Size: 2})
	p.jumpIf(etherIPv4, "ipv4")
	p.jumpIf(etherIPv6, "ipv6")
	p.jumpIf(etherARP, "arp")
	p.jump("drop")
	p.ipv4(spec)
	p.ipv6(spec)
	p.arp(spec)
	p.label("accept")
	p.do(bpf.RetConstant{Val: uint32(LiveOptions{SnapLen: spec.SnapLen}.snapLen())})
	p.label("drop")
	p.do(bpf.RetConstant{Val: 0})
	return p.assemble()
}

// program is a filter that is being written. Conditions jump over an
// unconditional jump, which reaches as far as need be.
type program struct {
	code   []bpf.Instruction
	jumps  []jumpTo
	labels map[string]int
	fresh  int // labels made so far
}

// jumpTo is a jump whose distance is filled in at the end.
type jumpTo struct {
	at    int
	label string
}

func (p *program) do(in ...bpf.Instruction) { p.code = append(p.code, in...) }

func (p *program) label(name string) { p.labels[name] = len(p.code) }

// unique returns a label that is not in use.
func (p *program) unique() string {
	p.fresh++
	return fmt.Sprintf("#%d", p.fresh)
}

func (p *program) jump(label string) {
	p.jumps = append(p.jumps, jumpTo{len(p.code), label})
	p.do(bpf.Jump{})
}

// jumpIf jumps where the accumulator equals v.
func (p *program) jumpIf(v uint32, label string) {
	p.do(bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipFalse: 1})
	p.jump(label)
}

// jumpUnless jumps where the accumulator differs from v.
func (p *program) jumpUnless(v uint32, label string) {
	p.do(bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: 1})
	p.jump(label)
}

// assemble fills in the jumps. All labels are ours and lie ahead.
func (p *program) assemble() []Instruction {
	for _, j := range p.jumps {
		p.code[j.at] = bpf.Jump{Skip: uint32(p.labels[j.label] - j.at - 1)}
	}
	out := make([]Instruction, len(p.code))
	for i, in := range p.code {
		raw, err := in.Assemble()
		if err != nil {
			panic("capture: drive filter: " + err.Error()) // a mistake above
		}
		out[i] = Instruction{Op: raw.Op, Jt: raw.Jt, Jf: raw.Jf, K: raw.K}
	}
	return out
}

// load loads size bytes at an offset in the network layer.
func (p *program) load(off uint32, size int) {
	p.do(bpf.LoadAbsolute{Off: netOffset + off, Size: size})
}

// fields is where the addresses and ports of a datagram stand.
type fields struct {
	src, dst     uint32 // of addresses, in the network layer
	sport, dport uint32 // of ports; behind the X register where indexed
	ports        bool   // the ports can be looked at
	indexed      bool   // offsets count from the network header and X
	v6           bool
}

// either goes to accept where a datagram runs between the ends of spec in
// one direction or the other, else to drop.
func (p *program) either(spec DriveSpec, f fields) {
	back := p.unique()
	p.oneWay(spec.Local, spec.Remote, f, back)
	p.jump("accept")
	p.label(back)
	p.oneWay(spec.Remote, spec.Local, f, "drop")
	p.jump("accept")
}

// oneWay goes to fail where a datagram does not run from one end to the
// other.
func (p *program) oneWay(from, to netip.AddrPort, f fields, fail string) {
	p.matchAddr(from.Addr(), f.src, f, fail)
	p.matchAddr(to.Addr(), f.dst, f, fail)
	if !f.ports {
		return
	}
	p.matchPort(from.Port(), f.sport, f, fail)
	p.matchPort(to.Port(), f.dport, f, fail)
}

// anyAddr reports whether every address is meant.
func anyAddr(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() }

// matchAddr goes to fail where another address than a stands at off. The
// other IP version never fits.
func (p *program) matchAddr(a netip.Addr, off uint32, f fields, fail string) {
	if anyAddr(a) {
		return
	}
	a = a.Unmap()
	if a.Is6() != f.v6 {
		p.jump(fail)
		return
	}
	for b := a.AsSlice(); len(b) > 0; b = b[4:] {
		p.loadField(off, 4, f)
		p.jumpUnless(binary.BigEndian.Uint32(b), fail)
		off += 4
	}
}

// matchPort goes to fail where another port than port stands at off.
func (p *program) matchPort(port uint16, off uint32, f fields, fail string) {
	if port == 0 {
		return
	}
	p.loadField(off, 2, f)
	p.jumpUnless(uint32(port), fail)
}

func (p *program) loadField(off uint32, size int, f fields) {
	if f.indexed {
		p.do(bpf.LoadIndirect{Off: netOffset + off, Size: size})
		return
	}
	p.load(off, size)
}

// ipv4 looks at IPv4 (RFC 791) and ICMP (RFC 792).
func (p *program) ipv4(spec DriveSpec) {
	p.label("ipv4")
	p.load(9, 1) // protocol
	p.jumpIf(protoTCP, "tcp4")
	p.jumpIf(protoICMP, "icmp4")
	if spec.Datagrams {
		p.jumpIf(protoUDP, "udp4")
	}
	p.jump("drop")

	p.label("tcp4")
	addrs := fields{src: 12, dst: 16}
	p.jumpIfFirst4("first4")
	p.either(spec, addrs)
	p.label("first4")
	p.segment4(spec)

	if spec.Datagrams {
		p.label("udp4")
		p.jumpIfFirst4("datagram4")
		p.jump("drop")
		p.label("datagram4")
		p.do(bpf.LoadMemShift{Off: netOffset}) // X = header length
		p.ports4OneWay(netip.AddrPort{}, spec.Local, "drop")
		p.jump("accept")
	}

	p.label("icmp4")
	p.do(bpf.LoadMemShift{Off: netOffset})              // X = header length
	p.do(bpf.LoadIndirect{Off: netOffset + 0, Size: 1}) // type
	for _, t := range []uint32{3, 11, 12} {             // unreachable, time exceeded, parameter problem
		p.jumpIf(t, "quote4")
	}
	p.jump("drop")
	p.label("quote4")
	p.do(bpf.LoadIndirect{Off: netOffset + icmpHeaderLen + 9, Size: 1})
	p.jumpUnless(protoTCP, "drop")
	p.either(spec, fields{src: icmpHeaderLen + 12, dst: icmpHeaderLen + 16, indexed: true})
}

// jumpIfFirst4 jumps where an IPv4 datagram is whole, or the first of its
// fragments.
func (p *program) jumpIfFirst4(label string) {
	p.load(6, 2) // flags and fragment offset
	p.do(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: fragOffsetMask})
	p.jumpIf(0, label)
}

// segment4 matches addresses at their fixed place and ports behind the IPv4
// header, whose length varies.
func (p *program) segment4(spec DriveSpec) {
	p.do(bpf.LoadMemShift{Off: netOffset}) // X = header length
	back := p.unique()
	p.ports4OneWay(spec.Local, spec.Remote, back)
	p.jump("accept")
	p.label(back)
	p.ports4OneWay(spec.Remote, spec.Local, "drop")
	p.jump("accept")
}

// ports4OneWay is oneWay for what stands behind an IPv4 header whose length is in X.
func (p *program) ports4OneWay(from, to netip.AddrPort, fail string) {
	p.oneWay(from, to, fields{src: 12, dst: 16}, fail)
	behind := fields{indexed: true}
	p.matchPort(from.Port(), 0, behind, fail)
	p.matchPort(to.Port(), 2, behind, fail)
}

// ipv6 looks at IPv6 (RFC 8200), ICMPv6 (RFC 4443) and neighbour discovery
// (RFC 4861).
func (p *program) ipv6(spec DriveSpec) {
	f := fields{src: 8, dst: 24, sport: ipv6HeaderLen, dport: ipv6HeaderLen + 2, ports: true, v6: true}
	p.label("ipv6")
	p.load(6, 1) // next header
	p.jumpIf(protoTCP, "tcp6")
	p.jumpIf(protoICMPv6, "icmp6")
	if spec.Datagrams {
		p.jumpIf(protoUDP, "udp6")
	}
	for _, h := range []uint32{protoRouting, protoFragment, protoDstOpts} {
		p.jumpIf(h, "ext6")
	}
	p.jumpUnless(protoHopByHop, "drop")
	p.load(ipv6HeaderLen, 1)
	p.jumpIf(protoICMPv6, "drop") // multicast listener reports
	p.label("ext6")
	addrs := f
	addrs.ports = false
	p.either(spec, addrs)
	p.label("tcp6")
	p.either(spec, f)
	if spec.Datagrams {
		p.label("udp6")
		p.oneWay(netip.AddrPort{}, spec.Local, f, "drop")
		p.jump("accept")
	}

	p.label("icmp6")
	p.load(ipv6HeaderLen, 1)                 // type
	for _, t := range []uint32{1, 2, 3, 4} { // unreachable, too big, time exceeded, parameter problem
		p.jumpIf(t, "quote6")
	}
	for _, t := range []uint32{135, 136} { // neighbour solicitation, advertisement
		p.jumpIf(t, "neighbour6")
	}
	p.jump("drop")
	p.label("quote6")
	const quoted = ipv6HeaderLen + icmpHeaderLen
	p.load(quoted+6, 1)
	for _, h := range []uint32{protoTCP, protoFragment, protoRouting, protoDstOpts} {
		p.jumpIf(h, "quoted6")
	}
	p.jump("drop")
	p.label("quoted6")
	p.either(spec, fields{src: quoted + 8, dst: quoted + 24, v6: true})

	p.label("neighbour6")
	p.neighbours(spec, true, ipv6HeaderLen+icmpHeaderLen) // target
}

// arp looks at ARP for IPv4 over Ethernet (RFC 826).
func (p *program) arp(spec DriveSpec) {
	p.label("arp")
	p.neighbours(spec, false, 14, 24) // sender's and target's protocol address
}

// neighbours goes to accept where one of the places holds an address of a
// neighbour, and where any neighbour will do; else to drop.
func (p *program) neighbours(spec DriveSpec, v6 bool, places ...uint32) {
	n := len(spec.Neighbours)
	if n == 0 || n > MaxDriveNeighbours || slices.ContainsFunc(spec.Neighbours, anyAddr) {
		p.jump("accept")
		return
	}
	for _, a := range spec.Neighbours {
		if a.Unmap().Is6() != v6 {
			continue
		}
		for _, off := range places {
			next := p.unique()
			p.matchAddr(a, off, fields{v6: v6}, next)
			p.jump("accept")
			p.label(next)
		}
	}
	p.jump("drop")
}

// localize rewrites a program for a kernel that has no loads relative to a
// header: for frames of one link type whose header has a fixed
// length. It is what systems other than Linux need.
func localize(prog []Instruction, link LinkType) ([]Instruction, error) {
	var header uint32
	switch link {
	case LinkEthernet:
		header = 14
	case LinkNull, LinkLoop:
		header = 4
	case LinkRaw, LinkRawBSD, LinkRawOpenBSD, LinkIPv4, LinkIPv6:
		header = 0
	default:
		return nil, fmt.Errorf("filter for %v frames: %w", link, ErrNoLiveCapture)
	}
	var out []Instruction
	place := make([]int, len(prog)+1) // where each instruction went
	for i, in := range prog {
		place[i] = len(out)
		if !in.loads() || in.K < linkOffset {
			out = append(out, in)
			continue
		}
		switch {
		case in.K < netOffset:
			in.K -= linkOffset
			out = append(out, in)
		case in.K == extProto:
			out = append(out, loadEtherType(link, header)...)
		case in.K == extHaType:
			out = append(out, loadHaType(link))
		case in.K >= extOffset:
			return nil, fmt.Errorf("filter instruction %d: extension %#x is of Linux only", i, in.K)
		default:
			in.K += header - netOffset
			out = append(out, in)
		}
	}
	place[len(prog)] = len(out)
	return out, relink(prog, out, place)
}

// loads reports whether the instruction loads from the packet.
func (in Instruction) loads() bool {
	class, mode := in.Op&opClassMask, in.Op&opModeMask
	return class == opClassLd && (mode == opModeAbs || mode == opModeInd) ||
		class == opClassLdx && mode == opModeMsh
}

// loadHaType loads Linux's number for a kind of interface (linux/if_arp.h).
func loadHaType(link LinkType) Instruction {
	const arphrdEther, arphrdNone = 1, 0xfffe
	in := Instruction{K: arphrdNone}
	if link == LinkEthernet {
		in.K = arphrdEther
	}
	return in
}

// loadEtherType loads the EtherType; without one in the frame it comes from
// the first four bits of the IP header.
func loadEtherType(link LinkType, header uint32) []Instruction {
	const (
		loadByte, loadHalf, loadConst = 0x30, 0x28, 0x00
		and, jumpEqual, jump          = 0x54, 0x15, 0x05
	)
	if link == LinkEthernet {
		return []Instruction{{Op: loadHalf, K: 12}}
	}
	return []Instruction{
		{Op: loadByte, K: header},
		{Op: and, K: 0xf0},
		{Op: jumpEqual, K: 0x40, Jf: 2},
		{Op: loadConst, K: etherIPv4},
		{Op: jump, K: 3},
		{Op: jumpEqual, K: 0x60, Jt: 1},
		{Op: jump, K: 1},
		{Op: loadConst, K: etherIPv6},
	}
}

// relink corrects the jumps of a program whose instructions have moved.
func relink(prog, out []Instruction, place []int) error {
	for i, in := range prog {
		if in.Op&opClassMask != opClassJmp {
			continue
		}
		moved := func(skip int) (int, error) {
			if skip < 0 || i+1+skip >= len(prog) {
				return 0, fmt.Errorf("filter instruction %d: jump out of the program", i)
			}
			return place[i+1+skip] - place[i] - 1, nil
		}
		at := &out[place[i]]
		if in.Op&opJumpMask == opJumpJa {
			n, err := moved(int(in.K))
			if err != nil {
				return err
			}
			at.K = uint32(n)
			continue
		}
		t, terr := moved(int(in.Jt))
		f, ferr := moved(int(in.Jf))
		if terr != nil || ferr != nil || t > 255 || f > 255 {
			return fmt.Errorf("filter instruction %d: jump too far", i)
		}
		at.Jt, at.Jf = uint8(t), uint8(f)
	}
	return nil
}
