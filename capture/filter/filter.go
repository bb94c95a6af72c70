// Package filter compiles filter expressions in the language of
// pcap-filter(7). In goes an expression such as "tcp port 80 and host
// 192.0.2.1"; out comes a program of the classic BSD packet filter (McCanne
// and Jacobson, 1993) for the kernel, or a Matcher that runs the same program
// over frames from files, so that the two can never disagree.
//
// The language is that of libpcap 1.10, as tcpdump 4.99 uses it, and what a
// program selects is what tcpdump's would, with the peculiarities that follow
// from how it is compiled:
//
//   - "and" and "or" have equal precedence and associate to the left;
//   - qualifiers carry over: "port 80 or 443", "host a and not b";
//   - names that only some primitives know (type mgt, llc xid, action block)
//     may be in upper case, words of the language not;
//   - a load outside of the captured bytes rejects the packet, whatever else
//     the expression says;
//   - vlan, mpls, pppoes and geneve shift the offsets of everything that
//     stands to their right, on the other side of an "or" too;
//   - IPv6 extension headers are not followed, but for one fragment header;
//   - expressions on transport headers, tcp[13] & 2 != 0, see IPv4 only;
//   - raw IP, BSD loopback and the like have no link-layer addresses;
//   - "lane" makes what stands to its right about the Ethernet frame in LAN
//     emulation, and before it protocols are those in LLC (SunATM);
//   - != is = after the names of ATM's and SS7's fields, vpi to hsls, and < and
//     > compare opc and dpc as they stand in the packet.
//
// What differs from libpcap, on purpose:
//
//   - libpcap's optimiser loses packets of "ip host (A or B) and host (A or
//     C)": from B to C, or back; tcpdump -O selects them, and so do we.
//
//   - IPv6 in files of OpenBSD's log has the address families of BSD loopback;
//     libpcap looks for the one of the system that it runs on.
//
//   - On BSD loopback a Matcher takes the byte order of the address family
//     from each packet, and libpcap from the file, so that it finds nothing
//     where these disagree; Compile's programs have the little-endian one.
//
//   - With 802.11 and OpenBSD's log, libpcap mixes up the registers of offsets
//     where pppoes, geneve or a comparison of bytes comes before the first IP
//     test; ours does not.
//
//   - After "or" and "not", "geneve" leaves offsets at 0 where a packet is not
//     Geneve; in libpcap they are what they were before.
//
//   - protochain is unrolled to maxChain headers: the kernel takes no loops.
//
//   - Ethernet with a switch's tag in or before its header is tested; libpcap
//     refuses it.
//
//   - ARCNET's address $5 is 5; libpcap takes the $ for a digit.
//
//   - "byte N & M" and "byte N | M" test the byte; libpcap forgets to load it.
//
//   - "len / ip[0]" and the like are accepted; libpcap takes the offset for
//     the divisor, and calls it a division by zero.
//
//   - "ip broadcast" uses Options.Netmask; without one, and on files, it is
//     0.0.0.0 or 255.255.255.255, as tcpdump has it for files.
//
//   - After "geneve", "lane" starts from the packet's beginning; libpcap mixes
//     the registers of Geneve's offsets into those of LAN emulation.
//
// What is refused: gateway (it needs the host's tables, and libpcap with IPv6
// refuses it as well), and names without the table or Resolver that knows them.
package filter

import (
	"errors"
	"net/netip"

	"tcpsee/capture"
)

// Limits on what one expression may ask for.
const (
	// MaxExpr is the longest expression that Parse takes, in bytes.
	MaxExpr = 64 << 10

	// MaxInstructions is the longest program that Compile returns. The kernel
	// takes 4096 (BPF_MAXINSNS); package capture adds some of its own.
	MaxInstructions = capture.MaxFilterLen

	// MaxSnapLen is what a matching packet's program returns where
	// Options.SnapLen does not say: more than any packet has.
	MaxSnapLen = 262144

	maxDepth  = 1000    // nesting of parentheses, indices and negations
	maxBlocks = 1 << 16 // tests in one program
	maxChain  = 12      // headers that protochain follows
)

// AnyLink in Options.Link asks for the one program that serves packet sockets
// of every link type: it finds the network header and the protocol through the
// kernel's ancillary loads (SKF_NET_OFF, SKF_AD_PROTOCOL; Linux's
// filter.txt). Its link-layer tests take Ethernet and loopback only, and the
// kernel reads payload through these loads only as far as it is contiguous in
// its buffer, which headers always are.
const AnyLink = ^capture.LinkType(0)

// Resolver finds the addresses of a host name. Parse asks it, never the
// network itself.
type Resolver interface {
	LookupHost(name string) ([]netip.Addr, error)
}

// Expr is a parsed expression. It is immutable, and safe for concurrent use.
type Expr struct {
	text string
	root node // nil: everything matches
}

// String returns the expression as it was given.
func (e *Expr) String() string { return e.text }

// Parse parses an expression in which no host names occur. The empty one
// matches everything. Errors are *SyntaxError, or ErrTooLong for what no
// machine should run.
func Parse(expr string) (*Expr, error) { return ParseWith(expr, nil) }

// ParseWith is Parse with host names looked up in r, once, now. Service,
// protocol, network and Ethernet names come from /etc/services and its
// siblings, with a small table of our own for where these are missing.
//
// An expression that no link type can take is an error here. One that only
// some can (type mgt, inbound, …) is an error of Compile and Matcher for the
// others.
func ParseWith(expr string, r Resolver) (*Expr, error) {
	p := &parser{expr: expr, resolver: r}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	e := &Expr{text: expr, root: root}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// checkLinks are link types of which at least one takes each expression that
// any does.
var checkLinks = []capture.LinkType{
	capture.LinkEthernet, capture.LinkRadiotap, capture.LinkARCNET, linkPFLog,
	capture.LinkSunATM, capture.LinkMTP2, capture.LinkRaw, capture.LinkIPv6,
}

// check compiles the expression for link types until one takes it, or no
// packet of it. The error to report is the first one of those that stand
// farthest to the right, and rather what is wrong than what a link type lacks.
func (e *Expr) check() error {
	var worst *SyntaxError
	for i := range 2 * len(checkLinks) {
		o := Options{Link: checkLinks[i/2], Live: i%2 > 0}
		_, err := e.build(o)
		switch {
		case err == nil, errors.Is(err, ErrRejectsAll):
			return nil
		case errors.Is(err, ErrTooLong):
			return err
		}
		se, ok := err.(*SyntaxError)
		if !ok {
			return err
		}
		if worst == nil || se.Offset > worst.Offset ||
			se.Offset == worst.Offset && worst.lacks && !se.lacks {
			worst = se
		}
	}
	return worst
}

// Options say for what an expression is compiled.
type Options struct {
	// Link is how the packets begin, or AnyLink.
	Link capture.LinkType

	// Live says that the kernel runs the program: VLAN tags are beside the
	// packet and not in it, and its direction and interface are known.
	// AnyLink implies it.
	Live bool

	// SnapLen is how many bytes of a matching packet are wanted; 0 stands for
	// MaxSnapLen.
	SnapLen uint32

	// ICMPErrors lets ICMP and ICMPv6 errors pass besides, all of them: which
	// quote a matching header, Matcher.MatchRelated says.
	ICMPErrors bool

	// Neighbours lets ARP and IPv6 neighbour discovery pass besides, all of
	// it; see Matcher.MatchRelated.
	Neighbours bool

	// Also lets pass besides what another expression selects; nil is nothing.
	// That should not move offsets, as vlan and its like do.
	Also *Expr

	// Netmask is that of the interface's IPv4 network, for "ip broadcast".
	// The zero Addr is a mask of 0.0.0.0.
	Netmask netip.Addr

	swapped bool // address families on BSD loopback are big-endian
}

// Compile returns the program for the packets that o describes. Errors are
// *SyntaxError, where the expression has a part that the link type lacks, or
// ErrTooLong.
func (e *Expr) Compile(o Options) ([]Instruction, error) {
	b, err := e.build(o)
	if err != nil {
		return nil, err
	}
	return b.emit(o.snapLen(), MaxInstructions)
}

func (o Options) snapLen() uint32 {
	if o.SnapLen == 0 {
		return MaxSnapLen
	}
	return o.SnapLen
}

// build generates and optimises the blocks of the program.
func (e *Expr) build(o Options) (*program, error) {
	g := newGen(e, o, false)
	cond := g.top(e.root)
	if g.err == nil && g.plain() {
		g = newGen(e, o, true)
		cond = g.top(e.root)
	}
	if g.err != nil {
		return nil, g.err
	}
	p, err := lower(cond)
	if err != nil {
		return nil, err
	}
	if g.keep {
		return p, nil
	}
	p.optimise()
	if p.fault != "" {
		return nil, &SyntaxError{Expr: e.text, Length: len(e.text), Msg: p.fault}
	}
	if p.root == p.reject {
		return nil, &SyntaxError{
			Expr: e.text, Length: len(e.text), Msg: ErrRejectsAll.Error(), err: ErrRejectsAll,
		}
	}
	return p, nil
}
