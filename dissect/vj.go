package dissect

import (
	"crypto/sha256"
	"encoding/binary"

	"tcpsee/capture"
)

// The change mask, first octet of a header that RFC 1144, section 3.2.2, has
// compressed: which fields are other than in the packet before.
const (
	vjUrgent = 0x01
	vjWindow = 0x02
	vjAck    = 0x04
	vjSeq    = 0x08
	vjPush   = 0x10 // the control bit, as it is
	vjID     = 0x20 // changed by something else than 1
	vjSlot   = 0x40 // the connection's slot follows

	vjWhich = vjUrgent | vjWindow | vjAck | vjSeq
	vjEcho  = vjUrgent | vjWindow | vjSeq // stands for: both numbers went on by what the packet before had of data
	vjBulk  = vjWhich                     // stands for: the sequence number did
)

// changed parses a compressed header: mask, slot, checksum, differences. What it
// stands for only the Joiner can know, which takes it from there; also one that
// cannot be read, for then what follows cannot be either.
func (c *cursor) changed() step {
	if n := c.changedLength(); n > 0 {
		c.take(LayerVJ, n)
	}
	q := Piece{Changes: true, Data: c.rest(), Len: c.left()}
	c.p.Content, c.p.Piece, c.p.extra = ContentPiece, q, true
	return c.fail(ProblemCompressed) // unless the Joiner can
}

// changedLength returns the length of a compressed header, 0 where it is cut off.
func (c *cursor) changedLength() int {
	if !c.need(1) {
		return 0
	}
	b := c.rest()
	mask, n := b[0], 3
	if mask&vjSlot != 0 {
		n++
	}
	for range vjDifferences(mask) {
		if !c.need(n + 1) {
			return 0
		}
		if b[n] == 0 {
			n += 2
		}
		n++
	}
	if !c.need(n) {
		return 0
	}
	return n
}

// vjDifferences is how many differences follow a checksum.
func vjDifferences(mask byte) int {
	n := 0
	if mask&vjID != 0 {
		n++
	}
	if special := mask & vjWhich; special == vjEcho || special == vjBulk {
		return n
	}
	for bit := byte(vjUrgent); bit <= vjSeq; bit <<= 1 {
		if mask&bit != 0 {
			n++
		}
	}
	return n
}

// maxVJLinks is how many directions of links a Joiner knows the slots of. The
// one that was met first is forgotten for another.
const maxVJLinks = 256

// vjLinks are the directions of links, by what tells them apart.
type vjLinks struct {
	known map[[sha256.Size]byte]*vjLink
	order [][sha256.Size]byte // in which they were met
}

// vjLink is what the receiver at a link's end keeps (RFC 1144, section 3.2.4).
// A slot is empty where what it held is not known any more.
type vjLink struct {
	slots map[uint8]*vjHeaders
	last  int // the slot that is meant where none is said; -1 where that is not known
}

// vjHeaders are the IPv4 and the TCP header of a connection's last packet.
type vjHeaders struct {
	b       [120]byte
	ip, len int // bytes of the first, and of both
	data    int // bytes that the packet had behind them
}

// tcp returns the TCP header.
func (h *vjHeaders) tcp() []byte { return h.b[h.ip:h.len] }

// total sets IPv4's length and checksum for so many bytes of data.
func (h *vjHeaders) total(data int) {
	h.data = data
	binary.BigEndian.PutUint16(h.b[2:], uint16(h.len+data))
	binary.BigEndian.PutUint16(h.b[10:], 0)
	binary.BigEndian.PutUint16(h.b[10:], ^fold(sum(0, h.b[:h.ip])))
}

// verify reports whether TCP's checksum is right for data.
func (h *vjHeaders) verify(data []byte) bool {
	s := sum(uint64(protoTCP+h.len-h.ip+len(data)), h.b[12:20])
	s = sum(uint64(fold(s)), h.tcp())
	return fold(sum(uint64(fold(s)), data)) == 0xffff
}

// link returns the state of the link, in the direction in which p goes. It
// returns nil where nothing tells the direction.
func (l *vjLinks) link(p *Packet) *vjLink {
	var room [256]byte
	id, ok := p.heading(room[:0])
	if !ok {
		return nil
	}
	key := sha256.Sum256(id)
	if v := l.known[key]; v != nil {
		return v
	}
	if l.known == nil {
		l.known = make(map[[sha256.Size]byte]*vjLink)
	}
	if len(l.order) == maxVJLinks {
		delete(l.known, l.order[0])
		l.order = append(l.order[:0], l.order[1:]...)
	}
	v := &vjLink{last: -1, slots: make(map[uint8]*vjHeaders)}
	l.known[key], l.order = v, append(l.order, key)
	return v
}

// forget empties all slots.
func (v *vjLink) forget() {
	v.last = -1
	clear(v.slots)
}

// restore appends a datagram with its protocol put back in its place (RFC 1144,
// section 3.2.2), and keeps its headers for those that follow. It returns the
// datagram's length on the wire, 0 where it is none.
func (j *Joiner) restore(p *Packet, q *Piece) int {
	const protocol = 9
	v := j.links.link(p)
	if len(q.Data) < ipv4Header {
		if v != nil {
			v.forget()
		}
		return 0
	}
	base := len(j.out)
	j.out = append(j.out, q.Data...)
	j.out[base+protocol] = protoTCP
	if v != nil {
		v.last = int(q.Data[protocol])
		v.keep(q.Data[protocol], j.out[base:])
	}
	return q.Len
}

// keep puts the headers of a datagram into a slot, which is empty afterwards
// where they are damaged or not all there.
func (v *vjLink) keep(slot uint8, b []byte) {
	delete(v.slots, slot)
	header := int(b[0]&15) * 4
	if b[0]>>4 != 4 || header < ipv4Header || len(b) < header+tcpHeader || fold(sum(0, b[:header])) != 0xffff || be16(b[6:])&0x3fff != 0 {
		return
	}
	n := header + int(b[header+12]>>4)*4
	total := int(be16(b[2:]))
	if n < header+tcpHeader || n > len(b) || n > total {
		return
	}
	h := &vjHeaders{ip: header, len: n, data: total - n}
	copy(h.b[:], b[:n])
	v.slots[slot] = h
}

// change appends the datagram that a compressed header and what follows it stand
// for. It returns the datagram's length on the wire, 0 where that cannot be
// known: the packet that the header refers to was not captured, or one between.
// The checksum of TCP shows which (RFC 1144, section 4.2), where all of the
// data was captured; then a packet that was captured twice spoils nothing.
func (j *Joiner) change(p *Packet, q *Piece) int {
	v := j.links.link(p)
	if v == nil {
		p.Problem = ProblemDirection
		return 0
	}
	l := p.Layers[p.NumLayers-1]
	if l.Kind != LayerVJ {
		v.forget()
		return 0
	}
	b := p.bytesOf(l)
	mask, b := b[0], b[1:]
	if mask&vjSlot != 0 {
		v.last, b = int(b[0]), b[1:]
	}
	if v.last < 0 || v.slots[uint8(v.last)] == nil {
		return 0
	}
	h := *v.slots[uint8(v.last)]
	h.apply(mask, b)
	data := q.Data
	if h.len+q.Len > MaxDatagramBytes {
		return 0
	}
	if h.total(q.Len); len(data) == q.Len {
		if data = h.verified(data); data == nil {
			return 0
		}
	}
	*v.slots[uint8(v.last)] = h
	j.out = append(append(j.out, h.b[:h.len]...), data...)
	return h.len + h.data
}

// verified returns as much of data as TCP's checksum is right for, and nil where
// it is for nothing: a frame check sequence may stand behind them, of which no
// length tells.
func (h *vjHeaders) verified(data []byte) []byte {
	for _, fcs := range [...]int{0, 2, 4} {
		if n := len(data) - fcs; n >= 0 {
			if h.total(n); h.verify(data[:n]) {
				return data[:n:n]
			}
		}
	}
	return nil
}

// apply makes the headers those of the packet whose checksum and differences
// are in b.
func (h *vjHeaders) apply(mask byte, b []byte) {
	t := h.tcp()
	copy(t[16:18], b[:2])
	b = b[2:]
	next := func() uint16 {
		v := uint16(b[0])
		if b = b[1:]; v == 0 {
			v, b = be16(b), b[2:]
		}
		return v
	}
	more := func(field []byte, n uint32) { binary.BigEndian.PutUint32(field, be32(field)+n) }
	more16 := func(field []byte, n uint16) { binary.BigEndian.PutUint16(field, be16(field)+n) }
	t[13] &^= uint8(PSH | URG)
	if mask&vjPush != 0 {
		t[13] |= uint8(PSH)
	}
	switch special := mask & vjWhich; special {
	case vjEcho:
		more(t[8:], uint32(h.data))
		more(t[4:], uint32(h.data))
	case vjBulk:
		more(t[4:], uint32(h.data))
	default:
		if special&vjUrgent != 0 {
			t[13] |= uint8(URG)
			binary.BigEndian.PutUint16(t[18:], next())
		}
		if special&vjWindow != 0 {
			more16(t[14:], next())
		}
		if special&vjAck != 0 {
			more(t[8:], uint32(next()))
		}
		if special&vjSeq != 0 {
			more(t[4:], uint32(next()))
		}
	}
	id := uint16(1)
	if mask&vjID != 0 {
		id = next()
	}
	more16(h.b[4:], id)
}

// heading appends to b what tells the link that a packet comes over, and its
// direction there, from others. It reports whether a direction is among it: as
// the capture has it, or by the addresses of what carries the link.
func (p *Packet) heading(b []byte) ([]byte, bool) {
	f := p.Frame
	towards := p.direction()
	known := towards != capture.DirectionUnknown
	b = append(binary.BigEndian.AppendUint32(b, uint32(f.File)), byte(towards))
	b = binary.BigEndian.AppendUint32(b, uint32(f.Interface))
	for _, l := range p.Layers[:p.NumLayers] {
		h := p.bytesOf(l)
		switch l.Kind {
		case LayerEthernet:
			h, known = h[:12], true
		case LayerIPv4:
			h, known = h[12:20], true
		case LayerIPv6:
			h, known = h[8:40], true
		case LayerVLAN:
			h = []byte{h[0] & 0xf, h[1]}
		case LayerPPPoE:
			h = h[2:4]
		case LayerUDP:
			h = h[:4]
		case LayerL2TP:
			h = l2tpSession(h)
		case LayerGRE:
			h = greCall(h)
		default:
			continue
		}
		b = append(append(b, byte(l.Kind)), h...)
	}
	return b, known
}

// direction returns which way the frame went: as the capture says, or the first
// octet of its link type.
func (p *Packet) direction() capture.Direction {
	f := p.Frame
	if f.Direction != capture.DirectionUnknown || len(f.Data) == 0 {
		return f.Direction
	}
	switch f.Link {
	case capture.LinkPPPDir, capture.LinkPPPPPPD, capture.LinkCHDLCDir, capture.LinkFrameRelayDir:
		if f.Data[0] == 0 {
			return capture.DirectionIn
		}
		return capture.DirectionOut
	}
	return capture.DirectionUnknown
}
