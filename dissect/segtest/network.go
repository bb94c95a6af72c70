package segtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"tcpsee/capture"
)

// Numbers of IANA's registry of protocols, and EtherTypes.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoICMPv6 = 58
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
)

// addSum adds b to a ones' complement sum (RFC 1071).
func addSum(sum uint32, b []byte) uint32 {
	for len(b) >= 2 {
		sum += uint32(b[0])<<8 | uint32(b[1])
		sum = sum&0xffff + sum>>16
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

// pseudoSum is the sum of the pseudo header (RFC 9293, section 3.1; RFC 8200,
// section 8.1).
func pseudoSum(src, dst netip.Addr, proto, length int) uint32 {
	sum := addSum(0, src.AsSlice())
	sum = addSum(sum, dst.AsSlice())
	return sum + uint32(proto) + uint32(length)
}

// datagram puts an IP header before payload.
func (b *builder) datagram(src, dst netip.Addr, proto int, f ipFields, payload []byte) ([]byte, error) {
	if len(payload) > maxDatagram-20 {
		return nil, fmt.Errorf("%d bytes do not fit in a datagram", len(payload))
	}
	if b.o.link() == capture.LinkIPv4 && !src.Is4() || b.o.link() == capture.LinkIPv6 && src.Is4() {
		return nil, fmt.Errorf("%v frames do not carry %v", b.o.link(), src)
	}
	if !src.Is4() {
		h := make([]byte, 40, 40+len(payload))
		h[0] = 6<<4 | f.tos>>4
		h[1] = f.tos << 4
		binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
		h[6], h[7] = byte(proto), f.ttl
		copy(h[8:], src.AsSlice())
		copy(h[24:], dst.AsSlice())
		return append(h, payload...), nil
	}
	b.ipID++
	if !f.hasID {
		f.id = b.ipID
	}
	h := make([]byte, 20, 20+len(payload))
	h[0], h[1] = 0x45, f.tos
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(h[4:], f.id)
	binary.BigEndian.PutUint16(h[6:], 0x4000) // don't fragment
	h[8], h[9] = f.ttl, byte(proto)
	copy(h[12:], src.AsSlice())
	copy(h[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(h[10:], ^fold(addSum(0, h)))
	return append(h, payload...), nil
}

// macOf makes the hardware address of an address: locally administered, the
// address's last four bytes at its end; for multicast as RFC 2464, section 7,
// says.
func (b *builder) macOf(a netip.Addr) (m [6]byte) {
	if b.o.Loopback {
		return m
	}
	s := a.AsSlice()
	m[0] = 2
	if a.Is6() && a.IsMulticast() {
		m[0], m[1] = 0x33, 0x33
	}
	copy(m[2:], s[len(s)-4:])
	return m
}

// wrap puts the link's header before an IP datagram and adds the frame.
func (b *builder) wrap(ip []byte, src, dst netip.Addr, dir capture.Direction) error {
	kind := uint16(etherIPv4)
	if !src.Is4() {
		kind = etherIPv6
	}
	head, err := b.linkHeader(kind, b.macOf(src), b.macOf(dst), dir)
	if err != nil {
		return err
	}
	data := append(head, ip...)
	return b.add(data, len(data), dir, ip)
}

// linkHeader makes the header of the script's link type.
func (b *builder) linkHeader(kind uint16, src, dst [6]byte, dir capture.Direction) ([]byte, error) {
	var h []byte
	switch b.o.link() {
	case capture.LinkEthernet:
		h = append(append(h, dst[:]...), src[:]...)
		for _, v := range b.vlans {
			h = binary.BigEndian.AppendUint16(h, etherVLAN)
			h = binary.BigEndian.AppendUint16(h, v)
		}
		return binary.BigEndian.AppendUint16(h, kind), nil
	case capture.LinkSLL:
		h = append(h, 0, sllType(dir), 0, 1, 0, 6)
		h = append(append(h, src[:]...), 0, 0)
		return binary.BigEndian.AppendUint16(h, kind), nil
	case capture.LinkSLL2:
		h = binary.BigEndian.AppendUint16(h, kind)
		h = append(h, 0, 0, 0, 0, 0, 1, 0, 1, sllType(dir), 6)
		return append(append(h, src[:]...), 0, 0), nil
	}
	if kind == etherARP {
		return nil, fmt.Errorf("%v frames do not carry ARP", b.o.link())
	}
	switch b.o.link() {
	case capture.LinkNull: // the family in host order: little-endian here
		return []byte{family(kind), 0, 0, 0}, nil
	case capture.LinkLoop:
		return []byte{0, 0, 0, family(kind)}, nil
	}
	return nil, nil
}

// sllType is the packet type of a Linux cooked header: 0 to us, 4 from us.
func sllType(dir capture.Direction) byte {
	if dir == capture.DirectionOut {
		return 4
	}
	return 0
}

// family is BSD's number of the address family; IPv6's is FreeBSD's.
func family(kind uint16) byte {
	if kind == etherIPv6 {
		return 28
	}
	return 2
}

// neighbourLine reads who-has A tell B, or reply A is-at MAC.
func (b *builder) neighbourLine(arp bool, w *words) error {
	verb, err := w.word("who-has or reply")
	if err != nil {
		return err
	}
	addr, err := b.address(w, arp)
	if err != nil {
		return err
	}
	switch verb {
	case "who-has":
		if err := w.expect("tell"); err != nil {
			return err
		}
		asker, err := b.address(w, arp)
		if err != nil {
			return err
		}
		if err := w.end(); err != nil {
			return err
		}
		b.asker = asker
		return b.neighbour(arp, false, asker, addr, b.macOf(asker))
	case "reply":
		if err := w.expect("is-at"); err != nil {
			return err
		}
		s, err := w.word("hardware address")
		if err != nil {
			return err
		}
		hw, err := net.ParseMAC(s)
		if err != nil || len(hw) != 6 {
			return fmt.Errorf("hardware address %q is not six bytes", s)
		}
		if !b.asker.IsValid() || b.asker.Is4() != arp {
			return errors.New("reply: nobody has asked before")
		}
		if err := w.end(); err != nil {
			return err
		}
		return b.neighbour(arp, true, addr, b.asker, [6]byte(hw))
	}
	return fmt.Errorf("%q is neither who-has nor reply", verb)
}

func (b *builder) address(w *words, v4 bool) (netip.Addr, error) {
	s, err := w.word("address")
	if err != nil {
		return netip.Addr{}, err
	}
	a, err := netip.ParseAddr(s)
	if err == nil && (a.Is4() != v4 || a.Zone() != "" || a.Is4In6()) {
		err = fmt.Errorf("%s: arp is for IPv4, nd for IPv6", s)
	}
	return a, err
}

// neighbour makes an ARP packet (RFC 826) or, for IPv6, a neighbour
// solicitation or advertisement (RFC 4861, section 4.3 and 4.4).
func (b *builder) neighbour(arp, reply bool, sender, target netip.Addr, mac [6]byte) error {
	if !arp {
		return b.discovery(reply, sender, target, mac)
	}
	op, to := byte(1), [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	var targetMAC [6]byte
	if reply {
		op, to = 2, b.macOf(target)
		targetMAC = to
	}
	head, err := b.linkHeader(etherARP, mac, to, capture.DirectionUnknown)
	if err != nil {
		return err
	}
	p := append(head, 0, 1, 8, 0, 6, 4, 0, op)
	p = append(append(p, mac[:]...), sender.AsSlice()...)
	p = append(append(p, targetMAC[:]...), target.AsSlice()...)
	return b.add(p, len(p), capture.DirectionUnknown, nil)
}

func (b *builder) discovery(reply bool, sender, target netip.Addr, mac [6]byte) error {
	m := make([]byte, 8, 32)
	m[0] = 135 // solicitation
	about, to := target, solicited(target)
	option := byte(1) // source link-layer address
	if reply {
		m[0], m[4] = 136, 0x60 // advertisement: solicited, override
		about, to, option = sender, target, 2
	}
	m = append(m, about.AsSlice()...)
	m = append(append(m, option, 1), mac[:]...)
	binary.BigEndian.PutUint16(m[2:], ^fold(addSum(pseudoSum(sender, to, protoICMPv6, len(m)), m)))
	ip, err := b.datagram(sender, to, protoICMPv6, ipFields{ttl: 255}, m)
	if err != nil {
		return err
	}
	return b.wrap(ip, sender, to, capture.DirectionUnknown)
}

// solicited is the solicited-node multicast address (RFC 4291, section 2.7.1).
func solicited(a netip.Addr) netip.Addr {
	x := a.As16()
	return netip.AddrFrom16([16]byte{0xff, 2, 11: 1, 12: 0xff, 13: x[13], 14: x[14], 15: x[15]})
}
