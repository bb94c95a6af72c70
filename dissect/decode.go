package dissect

import (
	"encoding/binary"
	"net/netip"

	"tcpsee/capture"
)

// Decoder decodes frames. The zero value is ready. It holds no state between
// frames; it exists so that options have a place.
type Decoder struct{}

// Decode fills p with what f holds, whatever p held before. It never fails:
// what could not be followed is said by p.Content and p.Problem. p refers to f
// and its data. Decode does not allocate.
func (d *Decoder) Decode(f *capture.Frame, p *Packet) {
	if f.Link == capture.LinkEthernet && plainTCP(f, p) {
		return
	}
	p.reset(f)
	c := cursor{p: p, buf: f.Data, end: len(f.Data), wire: max(len(f.Data), f.OrigLen)}
	c.run(linkStep(f.Link))
}

// plainTCP decodes the packet that most captures consist of: Ethernet without
// tags, IPv4 without options and whole, TCP with its header captured. It
// returns false, and leaves p alone, where f is anything else.
func plainTCP(f *capture.Frame, p *Packet) bool {
	b := f.Data
	if len(b) < 54 || b[12] != 0x08 || b[13] != 0 || b[14] != 0x45 || b[20]&0x3f|b[21] != 0 || b[23] != protoTCP {
		return false
	}
	total := int(b[16])<<8 | int(b[17])
	header := int(b[46]>>4) << 2
	if header < 20 || total < 20+header || 34+header > len(b) || 14+total > max(len(b), f.OrigLen) {
		return false
	}
	p.Frame, p.NumLayers, p.Content, p.Problem = f, 3, ContentTCP, ProblemNone
	if p.extra {
		p.clearExtra()
	}
	p.Layers[0] = Layer{LayerEthernet, false, 0, 14}
	p.Layers[1] = Layer{LayerIPv4, false, 14, 20}
	p.Layers[2] = Layer{LayerTCP, false, 34, int32(header)}

	ip := &p.IP
	ip.Version, ip.HopLimit, ip.Protocol, ip.TOS = 4, b[22], protoTCP, b[15]
	ip.ID = uint32(b[18])<<8 | uint32(b[19])
	ip.Src, ip.Dst = netip.AddrFrom4([4]byte(b[26:30])), netip.AddrFrom4([4]byte(b[30:34]))
	ip.Total, ip.Offset, ip.Header = total, 14, 20

	payload := b[34+header : min(14+total, len(b))]
	t := &p.TCP
	h := b[34:54:54]
	t.SrcPort, t.DstPort = binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
	t.Seq, t.Ack = Seq(binary.BigEndian.Uint32(h[4:])), Seq(binary.BigEndian.Uint32(h[8:]))
	t.Flags = Flags(binary.BigEndian.Uint16(h[12:]) & 0xfff)
	t.Window, t.Checksum, t.Urgent = binary.BigEndian.Uint16(h[14:]), binary.BigEndian.Uint16(h[16:]), binary.BigEndian.Uint16(h[18:])
	t.Offset, t.Header = 34, int32(header)
	t.Options = b[54 : 34+header : 34+header]
	t.Payload = payload
	t.Len = total - 20 - header
	p.Payload = payload
	return true
}

// reset makes p that of a frame of which nothing is known yet, but for IP and
// TCP: run clears those that it did not fill in.
func (p *Packet) reset(f *capture.Frame) {
	p.Frame, p.NumLayers, p.Content, p.Problem = f, 0, ContentNone, ProblemNone
	if p.extra {
		p.clearExtra()
	}
}

// clearExtra clears what most packets have not.
func (p *Packet) clearExtra() {
	p.VLAN, p.HasVLAN = 0, false
	p.UDPSrc, p.UDPDst = 0, 0
	p.ICMP, p.Neighbour, p.Fragment, p.Piece = ICMP{}, Neighbour{}, Fragment{}, Piece{}
	p.Joined, p.Fragments = nil, nil
	p.extra = false
}

// cursor is a place in a packet and the bounds of what may be read there.
// Offsets count in buf. Each header that ends before buf does moves end and
// wire in, so that padding and trailers are never taken for payload.
type cursor struct {
	p      *Packet
	buf    []byte // the frame's data, or the datagram put together
	off    int    // where the next header begins
	end    int    // where the captured bytes end: off ≤ end ≤ len(buf)
	wire   int    // where the bytes on the wire end: end ≤ wire
	arg    uint16 // EtherType, PPP protocol or IP protocol of what comes next
	deep   int    // headers beyond MaxLayers
	joined bool   // buf is a datagram put together
	part   bool   // wire is a first fragment's end, not the datagram's
	hasIP  bool   // the packet's IP is this frame's
	quoted bool   // buf is what an ICMP error quotes
}

// maxDeeper is how many headers beyond MaxLayers are parsed on the way to
// what a packet carries.
const maxDeeper = 200

// step is what to parse next.
type step uint8

const (
	stepDone step = iota
	stepUnknownLink
	stepEthernet
	stepMPacket
	stepEtherType // arg is the EtherType
	stepLLC
	stepNull
	stepSLL
	stepSLL2
	stepRaw       // no header
	stepPPP       // address and control, where present, and protocol
	stepPPPoE     // RFC 2516 session header
	stepPPPDir    // direction byte, then PPP
	stepPPPHeader // protocol alone
	stepCHDLC
	stepFDDI
	stepTokenRing
	stepFrameRelay
	stepSLIP
	step80211
	stepCarried80211 // in a tunnel from an access point
	stepBATMAN
	stepRadiotap
	stepPrism
	stepAVS
	stepMPLS
	stepIP // version by the first nibble
	stepIPv4
	stepIPv6
	stepProtocol // arg is the IP protocol
	stepGRE
	stepERSPAN2
	stepERSPAN3
	stepENC
	stepPFLog
	stepPPI
	stepIPNET
	stepNFLog
	stepSunATM
	stepSymantec
	step1394
	stepIPoIB
	stepARCNET
	stepARCNETLinux
	stepIPFC
	stepDOCSIS
	stepPPPPPPD
	stepJuniperEther
	stepJuniperPPP
	stepJuniperFrame
	stepJuniperCHDLC
	stepJuniperMLPPP
	stepJuniperMLFR
	stepJuniperGGSN
	stepJuniperATM1
	stepJuniperATM2
	stepJuniperServices
	stepJuniperVoice
	stepAX25
	stepKISS
	stepTZSP
	stepGFP
	stepEPON
	stepEBHSCR
	stepERF
	stepCHDLCDir
	stepFrameRelayDir
	stepNetAnalyzer
	stepNetAnalyzerRaw
	stepPKTAP
	stepTag4 // two addresses, a switch's tag of 4 octets, EtherType
	stepTag8
	stepPrepended
)

// linkStep returns what frames of a link type begin with.
func linkStep(l capture.LinkType) step {
	switch l {
	case capture.LinkEthernet:
		return stepEthernet
	case capture.LinkNull, capture.LinkLoop:
		return stepNull
	case capture.LinkSLL:
		return stepSLL
	case capture.LinkSLL2:
		return stepSLL2
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpenBSD:
		return stepRaw
	case capture.LinkIPv4:
		return stepIPv4
	case capture.LinkIPv6:
		return stepIPv6
	case capture.LinkPPP, capture.LinkPPPSerial:
		return stepPPP
	case capture.LinkPPPDir:
		return stepPPPDir
	case capture.LinkPPPEther:
		return stepPPPoE
	case capture.LinkCHDLC:
		return stepCHDLC
	case capture.LinkFDDI:
		return stepFDDI
	case capture.LinkTokenRing:
		return stepTokenRing
	case capture.LinkFrameRelay:
		return stepFrameRelay
	case capture.LinkSLIP:
		return stepSLIP
	case capture.Link80211:
		return step80211
	case capture.LinkRadiotap:
		return stepRadiotap
	case capture.LinkPrism:
		return stepPrism
	case capture.LinkAVS:
		return stepAVS
	case capture.LinkEthernetMPacket:
		return stepMPacket
	}
	return rareLinkStep(l)
}

// run parses header after header. It ends because each step but stepDone
// either consumes bytes or leads to one that does.
func (c *cursor) run(s step) {
	for s != stepDone && c.deep < maxDeeper {
		s = c.next(s)
	}
	p := c.p
	if p.Content != ContentTCP {
		p.TCP = TCP{}
		p.Payload = c.rest()
	}
	if !c.hasIP {
		p.IP = IP{}
	}
}

func (c *cursor) next(s step) step {
	switch s {
	case stepEthernet:
		return c.ethernet()
	case stepEtherType:
		return c.etherType()
	case stepIPv4:
		return c.ipv4()
	case stepIPv6:
		return c.ipv6()
	case stepProtocol:
		return c.protocol()
	case stepIP:
		return c.ip()
	case stepRaw:
		return c.raw()
	case stepSLL:
		return c.sll()
	case stepSLL2:
		return c.sll2()
	case stepNull:
		return c.null()
	case stepLLC:
		return c.llc()
	case stepMPLS:
		return c.mpls()
	case stepGRE:
		return c.gre()
	case stepERSPAN2:
		return c.erspan2()
	case stepERSPAN3:
		return c.erspan3()
	case step80211:
		return c.wlan()
	case stepCarried80211:
		return c.carriedWLAN()
	case stepBATMAN:
		return c.batman()
	case stepRadiotap:
		return c.radiotap()
	case stepPrism:
		return c.prism()
	case stepAVS:
		return c.avs()
	}
	return c.nextSerial(s)
}

// nextSerial is next for links from point to point and other rarities.
func (c *cursor) nextSerial(s step) step {
	switch s {
	case stepPPP:
		return c.ppp()
	case stepPPPHeader:
		return c.pppHeader(c.off)
	case stepPPPoE:
		return c.pppoe()
	case stepPPPDir:
		return c.pppDirection()
	case stepCHDLC:
		return c.chdlc()
	case stepFDDI:
		return c.fddi()
	case stepTokenRing:
		return c.tokenRing()
	case stepFrameRelay:
		return c.frameRelay()
	case stepSLIP:
		return c.slip()
	case stepMPacket:
		return c.mPacket()
	}
	return c.nextRare(s)
}

// rest returns the captured bytes from off on.
func (c *cursor) rest() []byte { return c.buf[c.off:c.end:c.end] }

// left returns how many bytes follow on the wire.
func (c *cursor) left() int { return c.wire - c.off }

// take records n bytes as a header of the given kind and moves behind it. n is
// at most what was captured. Headers beyond MaxLayers share the last place.
func (c *cursor) take(k LayerKind, n int) {
	p := c.p
	if p.NumLayers == MaxLayers {
		p.NumLayers--
		c.deep++
		p.Problem = ProblemTooDeep
	}
	p.Layers[p.NumLayers] = Layer{k, c.joined, int32(c.off), int32(n)}
	p.NumLayers++
	c.off += n
}

// limit moves the end of what belongs to the packet to n bytes from off, if
// that is nearer than it was.
func (c *cursor) limit(n int) {
	n = max(n, 0)
	if c.off+n < c.wire {
		c.wire = c.off + n
		c.end = min(c.end, c.wire)
	}
}

// fail ends the parsing for a reason.
func (c *cursor) fail(why Problem) step {
	if c.p.Problem == ProblemNone {
		c.p.Problem = why
	}
	return stepDone
}

// need reports whether n bytes were captured from off on, and says which of
// both it is if not: cut off by the capture or by the packet itself.
func (c *cursor) need(n int) bool {
	if c.end-c.off >= n {
		return true
	}
	why := ProblemMalformed
	if c.left() >= n {
		why = ProblemTruncated
	}
	c.fail(why)
	return false
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
