package dissect

import (
	"net/netip"

	"tcpsee/capture"
)

// What an Anonymizer writes in the place of bytes that nobody is to read.
const (
	fillPayload = 'x' // of TCP
	fillRest    = 0   // of all else
)

// AnonymizeOptions says how.
type AnonymizeOptions struct {
	Key   string // the same key gives the same addresses; empty makes one up that nobody knows
	Ports bool   // change TCP and UDP ports from 1024 on as well
}

// Anonymizer takes out of frames what tells whose they are, and keeps what
// they are: the lengths and the kinds of all headers, times, sequence numbers,
// windows, flags.
//
// Changed, always in the same way: IPv4 and IPv6 addresses, with their common
// prefixes kept (loopback, link-local, private, multicast and broadcast ones
// stay what they are), link addresses, ports if asked for; in headers, in ARP
// and neighbour discovery, in what ICMP errors quote, and inside of tunnels.
// Replaced by the same byte over and over: payloads of every kind, options
// that are not known to be harmless, trailers, and every byte of rare headers
// that their meaning does not hang on. Checksums are put right: a good one is
// good again, a bad one bad by the same amount.
//
// A frame whose headers would no longer be read as before is blank behind its
// link header, or all of it where there is none.
//
// It is not safe for concurrent use.
type Anonymizer struct {
	m        *mapper
	d        Decoder
	old, new Packet
	frame    capture.Frame
	out      []byte
}

// NewAnonymizer returns an Anonymizer. It fails where the system has no random
// numbers.
func NewAnonymizer(o AnonymizeOptions) (*Anonymizer, error) {
	m, err := newMapper(o.Key, o.Ports)
	if err != nil {
		return nil, err
	}
	return &Anonymizer{m: m}, nil
}

// Addr returns what becomes of an address.
func (a *Anonymizer) Addr(addr netip.Addr) netip.Addr { return a.m.addr(addr) }

// AddrPort returns what becomes of an address and a port.
func (a *Anonymizer) AddrPort(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.m.addr(ap.Addr()), a.m.port(ap.Port()))
}

// MAC returns what becomes of a link address.
func (a *Anonymizer) MAC(mac [6]byte) [6]byte { return a.m.linkAddr(mac) }

// Frame returns f made anonymous. It and its data belong to the Anonymizer,
// and are valid until the next call. f is not changed. The result has no
// comments; a record that is not a packet is returned empty.
func (a *Anonymizer) Frame(f *capture.Frame) *capture.Frame {
	a.frame = *f
	a.frame.Comments = nil
	if f.Record != capture.RecordPacket {
		a.frame.Data = nil
		return &a.frame
	}
	a.out = append(a.out[:0], f.Data...)
	clear(a.out)
	a.frame.Data = a.out
	a.decode(f, &a.old)
	if !a.rewrite() {
		a.blank()
	}
	return &a.frame
}

// decode is Decoder.Decode, and goes on into what a first fragment has of the
// datagram.
func (a *Anonymizer) decode(f *capture.Frame, p *Packet) {
	a.d.Decode(f, p)
	if p.Content != ContentFragment || p.Fragment.Offset != 0 {
		return
	}
	fragment := p.Fragment
	start := p.behind()
	c := cursor{p: p, buf: f.Data, off: start, end: start + len(fragment.Data), wire: start + MaxDatagramBytes, arg: uint16(fragment.Protocol), hasIP: true}
	c.run(stepProtocol)
	p.Content, p.Fragment, p.Problem = ContentFragment, fragment, ProblemNone
}

// behind is where what follows the last header begins.
func (p *Packet) behind() int {
	if p.NumLayers == 0 {
		return 0
	}
	l := p.Layers[p.NumLayers-1]
	return int(l.Offset + l.Length)
}

// rewrite makes a.out of a.old, and reports whether it is read in the same way.
func (a *Anonymizer) rewrite() bool {
	p := &a.old
	var rare []Layer
	rareBytes := 0
	for _, l := range p.Layers[:p.NumLayers] {
		if !a.header(l) {
			copy(a.out[l.Offset:l.Offset+l.Length], p.Frame.Data[l.Offset:])
			rare = append(rare, l)
			rareBytes += int(l.Length)
		}
	}
	a.payload()
	if p.Problem != ProblemNone && p.Content != ContentTCP { // what comes next must go on being unreadable
		at := p.behind()
		n := min(maxBroken, len(p.Payload))
		copy(a.out[at:at+n], p.Payload)
		rare = append(rare, Layer{Offset: int32(at), Length: int32(n)})
	}
	if rareBytes > maxRare || !a.same() {
		return false
	}
	for _, l := range rare {
		a.reduce(a.out[l.Offset : l.Offset+l.Length])
	}
	if p.Content == ContentFragment {
		a.fragment()
	}
	a.checksums()
	return a.same()
}

// maxRare is how many bytes of rare headers a frame may have, maxBroken how
// many of a header that cannot be read are looked at. Each is tried out.
const (
	maxRare   = 512
	maxBroken = 64
)

// reduce clears each byte of a rare header without which the frame is read as
// before.
func (a *Anonymizer) reduce(header []byte) {
	for i, v := range header {
		if header[i] = 0; v != 0 && !a.same() {
			header[i] = v
		}
	}
}

// payload fills what follows the last header.
func (a *Anonymizer) payload() {
	p := &a.old
	if p.Content != ContentTCP {
		return // it is clear already
	}
	at := int(p.TCP.Offset + p.TCP.Header)
	for i := at; i < at+len(p.TCP.Payload); i++ {
		a.out[i] = fillPayload
	}
}

// same reports whether what was written has the same headers in the same
// places as the original.
func (a *Anonymizer) same() bool {
	a.decode(&a.frame, &a.new)
	return a.old.shape() == a.new.shape()
}

// shape is what an Anonymizer keeps of a packet.
type shape struct {
	layers    [MaxLayers]Layer
	n         int
	content   Content
	problem   Problem
	vlan      uint16
	version   uint8
	protocol  uint8
	total     int
	header    int32
	id        uint32
	tcp       [4]uint32
	flags     Flags
	tcpHeader int32
	tcpLen    int
	options   OptionBits
	icmp      [3]uint32
	quoted    bool // by an error, and not in a tunnel of a rare kind
	neighbour [3]bool
	fragment  [3]int
	payload   int
}

func (p *Packet) shape() shape {
	s := shape{
		n: p.NumLayers, content: p.Content, problem: p.Problem, vlan: p.VLAN,
		version: p.IP.Version, protocol: p.IP.Protocol, total: p.IP.Total, header: p.IP.Header, id: p.IP.ID,
		icmp: [3]uint32{uint32(p.ICMP.Type), uint32(p.ICMP.Code), p.ICMP.MTU}, quoted: p.ICMP.QuotedTCP && !p.ICMP.QuotedVia.IsValid(),
		neighbour: [3]bool{p.Neighbour.ARP, p.Neighbour.Reply, p.Neighbour.HasMAC},
		fragment:  [3]int{p.Fragment.Offset, len(p.Fragment.Data), p.Fragment.Len}, payload: len(p.Payload),
	}
	copy(s.layers[:], p.Layers[:p.NumLayers])
	if p.Content == ContentTCP {
		t := &p.TCP
		s.tcp = [4]uint32{uint32(t.Seq), uint32(t.Ack), uint32(t.Window), uint32(t.Urgent)}
		s.flags, s.tcpHeader, s.tcpLen = t.Flags, t.Header, t.Len
		var o Options
		t.ParseOptions(&o)
		s.options = o.Has
	}
	return s
}

// blank leaves the link header alone, and that only where it is one that is
// known.
func (a *Anonymizer) blank() {
	clear(a.out)
	if a.old.NumLayers == 0 {
		return
	}
	if l := a.old.Layers[0]; l.Kind.OSI() != 2 || !a.header(l) {
		clear(a.out)
	}
}
