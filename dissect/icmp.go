package dissect

import (
	"net/netip"
	"sync"
)

// ICMP types of errors, which quote the datagram that caused them (RFC 792,
// RFC 4443).
const (
	icmpUnreachable  = 3
	icmpQuench       = 4
	icmpRedirect     = 5
	icmpTimeExceeded = 11
	icmpParameter    = 12

	icmpNeedsFragmentation = 4 // code of icmpUnreachable (RFC 1191)

	icmp6TooBig        = 2
	icmp6LastError     = 127 // types below 128 are errors
	icmp6Solicitation  = 135
	icmp6Advertisement = 136

	icmpHeader = 8
)

// icmp parses an ICMP message. What it quotes is no packet of its own.
func (c *cursor) icmp() step {
	p := c.p
	if !c.need(4) {
		return stepDone
	}
	b := c.rest()
	p.extra = true
	p.Content = ContentICMP
	p.ICMP = ICMP{Version: 4, Type: b[0], Code: b[1]}
	c.take(LayerICMPv4, min(icmpHeader, len(b)))
	switch b[0] {
	case icmpUnreachable, icmpQuench, icmpRedirect, icmpTimeExceeded, icmpParameter:
		p.ICMP.Error = true
	}
	if len(b) < icmpHeader {
		return c.fail(ProblemTruncated)
	}
	if b[0] == icmpUnreachable && b[1] == icmpNeedsFragmentation {
		p.ICMP.MTU = uint32(be16(b[6:]))
	}
	if p.ICMP.Error && !c.quoted {
		p.ICMP.quote(b[icmpHeader:])
	}
	return stepDone
}

// icmp6 parses an ICMPv6 message, neighbour discovery included.
func (c *cursor) icmp6() step {
	p := c.p
	if !c.need(4) {
		return stepDone
	}
	b := c.rest()
	p.extra = true
	p.Content = ContentICMP
	p.ICMP = ICMP{Version: 6, Type: b[0], Code: b[1], Error: b[0] <= icmp6LastError}
	discovery := b[0] == icmp6Solicitation || b[0] == icmp6Advertisement
	if discovery {
		c.take(LayerICMPv6, len(b)) // all of it, as ARP
	} else {
		c.take(LayerICMPv6, min(icmpHeader, len(b)))
	}
	if len(b) < icmpHeader {
		return c.fail(ProblemTruncated)
	}
	if b[0] == icmp6TooBig {
		p.ICMP.MTU = be32(b[4:])
	}
	switch {
	case p.ICMP.Error && !c.quoted:
		p.ICMP.quote(b[icmpHeader:])
	case discovery:
		c.neighbour(b)
	}
	return stepDone
}

// neighbour takes what a solicitation or advertisement says (RFC 4861,
// sections 4.3, 4.4 and 4.6.1).
func (c *cursor) neighbour(b []byte) {
	const fixed = 24
	if len(b) < fixed {
		c.fail(ProblemTruncated)
		return
	}
	reply := b[0] == icmp6Advertisement
	n := Neighbour{Reply: reply, Sender: c.p.IP.Src, Target: netip.AddrFrom16([16]byte(b[8:24]))}
	want := byte(1) // source link-layer address
	if reply {
		want = 2 // target link-layer address
	}
	for o := b[fixed:]; len(o) >= 8 && o[1] > 0 && len(o) >= 8*int(o[1]); o = o[8*int(o[1]):] {
		if o[0] == want && o[1] == 1 {
			n.SenderMAC, n.HasMAC = [6]byte(o[2:8]), true
			break
		}
	}
	c.p.Neighbour, c.p.Content = n, ContentNeighbour
}

// quote takes what an error quotes: a segment, or one that a tunnel carried.
func (m *ICMP) quote(b []byte) {
	if m.quoteTCP(b) {
		return
	}
	p := carriers.Get().(*Packet)
	quoted(b, p)
	if at := p.carried(); at > 0 && m.quoteTCP(b[at:]) {
		m.QuotedVia = p.outerDst(b)
	}
	*p = Packet{}
	carriers.Put(p)
}

// carriers are packets for quote: one of its own would be new memory each time.
var carriers = sync.Pool{New: func() any { return new(Packet) }}

// quoted decodes what an ICMP error quotes of a datagram, headers of tunnels
// and what they carry included.
func quoted(b []byte, p *Packet) {
	c := cursor{p: p, buf: b, end: len(b), wire: len(b) + MaxDatagramBytes, quoted: true}
	c.run(stepIP)
}

// carried is where the innermost IP header begins, 0 where no tunnel carries
// one.
func (p *Packet) carried() int {
	for i := p.NumLayers - 1; i > 0; i-- {
		if k := p.Layers[i].Kind; k == LayerIPv4 || k == LayerIPv6 {
			return int(p.Layers[i].Offset)
		}
	}
	return 0
}

// outerDst is where the outermost IP header of b, which was decoded into p, says
// that it goes.
func (p *Packet) outerDst(b []byte) netip.Addr {
	if p.Layers[0].Kind == LayerIPv4 {
		return netip.AddrFrom4([4]byte(b[16:20]))
	}
	return netip.AddrFrom16([16]byte(b[24:40]))
}

// quoteTCP takes addresses, ports and sequence number from the datagram that an
// error quotes, and reports whether it is TCP. Eight octets behind its IP header
// are all that RFC 792 promises; some systems give fewer than the header says. A
// capture of 68 bytes a frame, tcpdump's default for many years, has the ports
// alone.
func (m *ICMP) quoteTCP(b []byte) bool {
	if len(b) < ipv4Header {
		return false
	}
	var src, dst netip.Addr
	switch b[0] >> 4 {
	case 4:
		n := int(b[0]&15) * 4
		if n < ipv4Header || len(b) < n || b[9] != protoTCP || be16(b[6:])&0x1fff != 0 {
			return false
		}
		src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		b = b[n:]
	case 6:
		if len(b) < ipv6Header {
			return false
		}
		src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		if b = skipExtensions(b[6], b[ipv6Header:]); b == nil {
			return false
		}
	}
	if len(b) < 4 || !src.IsValid() {
		return false
	}
	m.QuotedTCP = true
	m.QuotedSrc, m.QuotedDst = netip.AddrPortFrom(src, be16(b)), netip.AddrPortFrom(dst, be16(b[2:]))
	if m.QuotedCut = len(b) < 8; !m.QuotedCut {
		m.QuotedSeq = Seq(be32(b[4:]))
	}
	return true
}

// Lost reports whether an error says that what it quotes was not passed on. A
// redirect tells of a better way and passes it on (RFC 792), and a source
// quench is to be ignored (RFC 6633).
func (m *ICMP) Lost() bool {
	return m.Error && !(m.Version == 4 && (m.Type == icmpRedirect || m.Type == icmpQuench))
}

// skipExtensions returns what follows the extension headers in b, nil where
// that is not the beginning of TCP.
func skipExtensions(next byte, b []byte) []byte {
	for {
		unit := 8
		switch next {
		case protoTCP:
			return b
		case protoHopByHop, protoDestination, protoRouting, protoMobility:
		case protoAH:
			unit = 4
		case protoFragment:
			if len(b) < 8 || be16(b[2:])&^7 != 0 {
				return nil
			}
			next, b = b[0], b[8:]
			continue
		default:
			return nil
		}
		if len(b) < 8 || len(b) < 8+int(b[1])*unit {
			return nil
		}
		next, b = b[0], b[8+int(b[1])*unit:]
	}
}

// arp parses a question or answer of RFC 826 about IPv4 over Ethernet.
func (c *cursor) arp() step {
	const fixed = 8
	if !c.need(fixed) {
		return stepDone
	}
	b := c.rest()
	hlen, plen := int(b[4]), int(b[5])
	n := fixed + 2*(hlen+plen)
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerARP, n)
	c.p.Content = ContentOther
	op := be16(b[6:])
	if be16(b[2:]) != etherIPv4 || plen != 4 || op != 1 && op != 2 {
		return c.fail(ProblemUnknownProto)
	}
	sender := netip.AddrFrom4([4]byte(b[fixed+hlen:]))
	nb := Neighbour{ARP: true, Reply: op == 2, Sender: sender, Target: sender}
	if !nb.Reply {
		nb.Target = netip.AddrFrom4([4]byte(b[fixed+2*hlen+plen:]))
	}
	if hlen == 6 {
		nb.SenderMAC, nb.HasMAC = [6]byte(b[fixed:]), true
	}
	c.p.Neighbour, c.p.Content, c.p.extra = nb, ContentNeighbour, true
	return stepDone
}
