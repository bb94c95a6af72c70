// Package dissect takes one frame and says where each header lies in it and
// what TCP needs from it. It keeps nothing between frames; only the Joiner,
// which puts fragments together and expands headers that refer to earlier ones,
// has memory, and that is bounded.
//
// Ethernet, IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), ICMP (RFC 792,
// RFC 4443) and what may stand around them are parsed by this package without
// allocation. Fields, for display, are made on demand.
package dissect

import (
	"net/netip"

	"tcpsee/capture"
)

// MaxLayers is how many headers of one packet are remembered. A frame with
// more is reported as ProblemTooDeep.
const MaxLayers = 24

// Layer is one header and where it lies.
type Layer struct {
	Kind   LayerKind
	Joined bool  // Offset counts in Packet.Joined, not in the frame's data
	Offset int32 // first byte of the header
	Length int32 // bytes of the header, options included, payload not
}

// Content is what a packet turned out to carry, innermost.
type Content uint8

// The contents. A fragment carries no more than that until it is put together.
const (
	ContentOther Content = iota // anything that tcpsee does not follow
	ContentTCP
	ContentICMP // ICMPv4 or ICMPv6, but not neighbour discovery
	ContentNeighbour
	ContentUDP
	ContentFragment
	ContentNone  // nothing: the frame ends before any network layer
	ContentPiece // part of a frame that the link cut up, or a compressed datagram
)

// IP is the innermost IPv4 or IPv6 header.
type IP struct {
	Version  uint8 // 4 or 6; 0 where there is none
	HopLimit uint8 // time to live in IPv4
	Protocol uint8 // of the payload, behind any extension headers
	TOS      uint8 // DSCP and ECN: traffic class in IPv6
	ID       uint32
	Src, Dst netip.Addr
	Total    int   // bytes of the datagram as its header says; from the frame where that is 0 (offload)
	Offset   int32 // where the header begins, in the frame or in Packet.Joined
	Header   int32 // bytes of header and extension headers
}

// TCP is a TCP header (RFC 9293, section 3.1).
type TCP struct {
	SrcPort, DstPort uint16
	Seq, Ack         Seq
	Flags            Flags
	Window           uint16 // as in the header, not scaled
	Checksum, Urgent uint16
	Offset           int32  // where the header begins
	Header           int32  // bytes, options included
	Options          []byte // as far as captured
	Payload          []byte // as far as captured
	Len              int    // SEG.LEN without SYN and FIN: bytes of payload on the wire, ≥ len(Payload); 0 with ProblemFragment
}

// ICMP is an ICMP or ICMPv6 message; for errors also what it quotes.
type ICMP struct {
	Version    uint8 // 4 or 6
	Type, Code uint8
	MTU        uint32 // of "fragmentation needed" and "packet too big", else 0
	Error      bool   // quotes a datagram
	QuotedTCP  bool   // and that is TCP: the fields below hold
	QuotedSrc  netip.AddrPort
	QuotedDst  netip.AddrPort
	QuotedSeq  Seq
	QuotedCut  bool // QuotedSeq is not known: the quote ends behind the ports

	// QuotedVia is where the datagram was sent in which a tunnel carried the
	// segment: the tunnel's end. It is the zero Addr where none did.
	QuotedVia netip.Addr
}

// Neighbour is a question or an answer about a link address: ARP (RFC 826) or
// IPv6 neighbour discovery (RFC 4861, section 4.3 and 4.4).
type Neighbour struct {
	ARP       bool // else neighbour discovery
	Reply     bool // else request
	Sender    netip.Addr
	Target    netip.Addr // who is asked for; in a reply, who answers
	SenderMAC [6]byte    // the answer, in a reply
	HasMAC    bool
}

// Packet is what one frame holds. It refers to the frame's data and is valid
// as long as that is.
type Packet struct {
	Frame     *capture.Frame
	NumLayers int
	Layers    [MaxLayers]Layer // outermost first; the first NumLayers count
	Content   Content
	Problem   Problem
	VLAN      uint16 // outermost VLAN identifier; meaningful with HasVLAN
	HasVLAN   bool
	IP        IP
	TCP       TCP // with ContentTCP
	UDPSrc    uint16
	UDPDst    uint16
	ICMP      ICMP      // with ContentICMP
	Neighbour Neighbour // with ContentNeighbour
	Fragment  Fragment  // with ContentFragment
	Piece     Piece     // with ContentPiece
	Payload   []byte    // what follows the last header, as far as captured
	Joined    []byte    // what was put together from fragments, or expanded, else nil; owned by the Joiner until its next call. Where a fragment was in one, both follow each other
	Fragments []int64   // frames that were put together, this one last; owned as Joined

	extra bool // one of VLAN, UDP ports, ICMP, Neighbour, Fragment, Piece, Joined is in use
}

// Src returns the sender's address and TCP or UDP port.
func (p *Packet) Src() netip.AddrPort { return netip.AddrPortFrom(p.IP.Src, p.srcPort()) }

// Dst returns the receiver's address and TCP or UDP port.
func (p *Packet) Dst() netip.AddrPort { return netip.AddrPortFrom(p.IP.Dst, p.dstPort()) }

func (p *Packet) srcPort() uint16 {
	if p.Content == ContentTCP {
		return p.TCP.SrcPort
	}
	return p.UDPSrc
}

func (p *Packet) dstPort() uint16 {
	if p.Content == ContentTCP {
		return p.TCP.DstPort
	}
	return p.UDPDst
}

// Fragment is where a fragment belongs (RFC 791, section 3.2; RFC 8200,
// section 4.5).
type Fragment struct {
	Offset   int  // bytes into the datagram's payload
	More     bool // not the last
	Protocol uint8
	Data     []byte // its payload, as far as captured
	Len      int    // its payload on the wire
}

// Piece is what the Joiner needs besides IP's fragments: one of the up to 16
// fragments of an IEEE 802.11 frame (IEEE 802.11-2020, section 10.4), a
// fragment of a PPP packet on a multilink (RFC 1990, section 3) or of a frame in
// CAPWAP (RFC 5415, section 3.4), one of the up to 16 fragments of a packet of
// batman-adv, the whole payload of an IPComp header (RFC 3173), or a TCP segment in IPv4 whose
// header has a connection's slot where its protocol was, or only says what is
// other than before (RFC 1144).
type Piece struct {
	Slot       bool
	Changes    bool // the last header, of LayerVJ, says it; it is not there where it could not be read
	Compressed bool
	Protocol   uint8 // of what a compressed one expands to
	BATMAN     bool
	Total      int // with BATMAN: bytes of the whole
	CAPWAP     bool
	WLAN       bool // with CAPWAP: the frame is one of 802.11, else of Ethernet
	Offset     int  // with CAPWAP: bytes into the frame
	Multilink  bool
	Begin      bool    // with Multilink: the first fragment
	More       bool    // not the last fragment
	Number     uint8   // of the fragment, from 0, in 802.11; in batman-adv from the last
	Sequence   uint32  // of the frame in 802.11, batman-adv and CAPWAP, of the fragment with Multilink
	From, To   [6]byte // transmitter and receiver of the fragment, in 802.11 and batman-adv
	Data       []byte  // all of it; with Slot and Changes as far as captured
	Len        int     // its bytes on the wire
}

// Problem is why a packet could not be followed to its end.
type Problem uint8

// The problems.
const (
	ProblemNone         Problem = iota
	ProblemLinkType             // unknown link type
	ProblemTruncated            // the capture ends inside of a header
	ProblemMalformed            // a header contradicts itself
	ProblemTooDeep              // more than MaxLayers headers
	ProblemUnknownProto         // an EtherType, PPP protocol or IP protocol that is not followed
	ProblemCompressed           // a header of TCP and IPv4 that only says what is other than before (RFC 1144), where that is not known
	ProblemDirection            // … where nobody knows which of both directions is meant
	ProblemAggregate            // an 802.11 frame with several packets (A-MSDU), of which the first is followed
	ProblemFragment             // a TCP segment whose datagram's other fragments cannot be put to this first one: its length is not known
)

func (p Problem) String() string {
	return [...]string{"", "unknown link type", "header cut off", "malformed header", "too many headers", "other protocol",
		"TCP with a compressed header (RFC 1144) that does not follow from those captured before",
		"TCP with a compressed header (RFC 1144), and which way it went is not recorded", "802.11 with several packets in one frame (A-MSDU), of which only the first is read", "first fragment cut off"}[p]
}
