package dissect

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"tcpsee/capture"
)

// ChecksumState is what can be said about a checksum.
type ChecksumState uint8

// The states. All but good and bad say why nothing can be said.
const (
	ChecksumNone      ChecksumState = iota // there is none, as in an IPv6 header
	ChecksumGood                           //
	ChecksumBad                            //
	ChecksumOffloaded                      // left to the network card: captured before it was filled in
	ChecksumTruncated                      // not all of the bytes were captured
	ChecksumFragment                       // a fragment holds a part of the bytes only
	ChecksumZero                           // the sender did not compute one (RFC 768)
)

func (s ChecksumState) String() string {
	return [...]string{"none", "good", "bad", "unverified: left to the network card", "unverified: cut off by the capture",
		"unverified: fragment", "unverified: not computed by the sender"}[s]
}

// CheckChecksums verifies the checksums of the innermost IP header and of
// what it carries: TCP, UDP or ICMP (RFC 1071). A checksum that hardware may
// have been meant to finish is not called bad, and none is on loopback, where
// no system finishes them.
func (p *Packet) CheckChecksums() (ip, transport ChecksumState) {
	ip = p.ipChecksum()
	transport = p.transportChecksum()
	return p.doubt(ip), p.doubt(transport)
}

// doubt turns bad into offloaded where the capturing system leaves checksums
// to others.
func (p *Packet) doubt(s ChecksumState) ChecksumState {
	if s == ChecksumBad && (p.Frame.Checksums != capture.ChecksumsUnsaid || p.Loopback()) {
		return ChecksumOffloaded
	}
	return s
}

// Loopback reports whether the frame never left the machine, as far as it
// shows.
func (p *Packet) Loopback() bool {
	if p.IP.Src.IsLoopback() || p.IP.Dst.IsLoopback() || p.IP.Src == p.IP.Dst {
		return true
	}
	switch p.Frame.Link {
	case capture.LinkNull, capture.LinkLoop:
		return true
	}
	const arphrdLoopback = 772
	b := p.Frame.Data
	if p.NumLayers == 0 {
		return false
	}
	switch l := p.Layers[0]; l.Kind {
	case LayerEthernet:
		return [12]byte(b) == [12]byte{} // Linux gives lo no addresses
	case LayerSLL:
		return be16(b[2:]) == arphrdLoopback
	case LayerSLL2:
		return be16(b[8:]) == arphrdLoopback
	}
	return false
}

func (p *Packet) ipChecksum() ChecksumState {
	for i := p.NumLayers - 1; i >= 0 && p.IP.Version == 4; i-- {
		if l := p.Layers[i]; l.Kind == LayerIPv4 {
			return headerChecksum(p.bytesOf(l))
		}
	}
	return ChecksumNone
}

// headerChecksum verifies that of an IPv4 header.
func headerChecksum(b []byte) ChecksumState {
	switch {
	case fold(sum(0, b)) == 0xffff:
		return ChecksumGood
	case b[10]|b[11] == 0:
		return ChecksumOffloaded
	}
	return ChecksumBad
}

func (p *Packet) transportChecksum() ChecksumState {
	if p.Content == ContentFragment {
		return ChecksumFragment
	}
	if p.NumLayers == 0 || p.IP.Version == 0 {
		return ChecksumNone
	}
	l := p.Layers[p.NumLayers-1]
	at, pseudo := 0, true
	switch l.Kind {
	case LayerTCP:
		at = 16
	case LayerUDP:
		at = 6
	case LayerICMPv4:
		at, pseudo = 2, false
	case LayerICMPv6:
		at = 2
	default:
		return ChecksumNone
	}
	b, state := p.covered(l)
	if state != ChecksumGood {
		return state
	}
	if len(b) < at+2 {
		return ChecksumTruncated
	}
	return p.compare(b, at, pseudo, l.Kind == LayerUDP)
}

// covered returns the bytes that a transport's checksum covers.
func (p *Packet) covered(l Layer) ([]byte, ChecksumState) {
	b := p.Frame.Data
	if l.Joined {
		b = p.Joined
	}
	length := p.IP.Total - int(p.IP.Header)
	if l.Kind == LayerUDP && l.Length == udpHeader {
		if n := int(be16(b[l.Offset+4:])); n >= udpHeader && n <= length {
			length = n
		}
	}
	if !l.Joined && p.firstFragment() {
		return nil, ChecksumFragment
	}
	if length < 0 || int(l.Offset)+length > len(b) {
		return nil, ChecksumTruncated
	}
	return b[l.Offset : int(l.Offset)+length], ChecksumGood
}

// firstFragment reports whether the packet is a first fragment that was cut
// off, and parsed for that reason.
func (p *Packet) firstFragment() bool {
	for i := p.NumLayers - 1; i >= 0; i-- {
		switch l := p.Layers[i]; l.Kind {
		case LayerIPv4:
			return be16(p.bytesOf(l)[6:])&0x3fff != 0
		case LayerFragment:
			return be16(p.bytesOf(l)[2:])&^6 != 0
		case LayerIPv6:
			return false
		}
	}
	return false
}

// compare verifies the checksum that stands at a place in b.
func (p *Packet) compare(b []byte, at int, pseudo, zeroMeansNone bool) ChecksumState {
	stored := be16(b[at:])
	if stored == 0 && zeroMeansNone {
		return ChecksumZero
	}
	var head uint64
	if pseudo {
		head = p.addressSum()
	}
	protocol := uint64(p.IP.Protocol)
	if !pseudo {
		protocol = 0
	}
	length := uint64(0)
	if pseudo {
		length = uint64(len(b))
	}
	if fold(sum(head+protocol+length, b)) == 0xffff {
		return ChecksumGood
	}
	if pseudo && (stored == fold(head+protocol+length) || stored == fold(head+protocol)) {
		return ChecksumOffloaded // what a system leaves for the card to add to
	}
	return ChecksumBad
}

// addressSum is the addresses' part of the pseudo-header's sum.
func (p *Packet) addressSum() uint64 {
	return addSum(p.IP.Src) + addSum(p.finalDestination())
}

func addSum(a netip.Addr) uint64 {
	if a.Is4() {
		b := a.As4()
		return uint64(be16(b[:])) + uint64(be16(b[2:]))
	}
	b := a.As16()
	return uint64(fold(sum(0, b[:])))
}

// finalDestination returns the address that a checksum is made with: behind a
// routing header with segments left that is the last (RFC 8200, section 8.1).
func (p *Packet) finalDestination() netip.Addr {
	for i := p.NumLayers - 1; i >= 0 && p.Layers[i].Kind != LayerIPv6; i-- {
		if p.Layers[i].Kind != LayerRouting {
			continue
		}
		if last := lastSegment(p.bytesOf(p.Layers[i])); last != nil {
			return netip.AddrFrom16([16]byte(last))
		}
		break
	}
	return p.IP.Dst
}

// lastSegment returns the last address of a routing header with segments left,
// nil where it has none.
func lastSegment(b []byte) []byte {
	if b[3] == 0 || len(b) < 24 {
		return nil
	}
	switch b[2] {
	case 0, 2: // RFC 5095 (deprecated), RFC 6275
		at := 8 + (len(b)-8)/16*16 - 16
		return b[at : at+16]
	case 4: // RFC 8754: in reverse order
		return b[8:24]
	}
	return nil
}

// sum adds the 16-bit words of b to s without folding the carries (RFC 1071).
func sum(s uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 8 {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	s, carry = bits.Add64(s, 0, carry)
	s += carry
	var tail [8]byte
	copy(tail[:], b)
	s, carry = bits.Add64(s, binary.BigEndian.Uint64(tail[:]), 0)
	return s + carry
}

// fold brings a sum down to 16 bits.
func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
