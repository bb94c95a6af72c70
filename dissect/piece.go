package dissect

import (
	"bytes"
	"compress/flate"
	"io"
	"net/netip"
)

// piece ends the parsing at what the Joiner goes on with. Where that was not
// captured to its end, nobody can.
func (c *cursor) piece(q Piece) step {
	q.Data, q.Len = c.rest(), c.left()
	if len(q.Data) == 0 || len(q.Data) < q.Len && !q.Slot {
		return c.fail(ProblemUnknownProto)
	}
	c.p.Content, c.p.Piece, c.p.extra = ContentPiece, q, true
	return c.fail(ProblemUnknownProto) // unless the Joiner can
}

// compressed parses an IPComp header (RFC 3173, section 3): next header, flags,
// index. Which index stands for which algorithm two ends may have negotiated;
// DEFLATE is the one in use, and data that are not it do not expand.
func (c *cursor) compressed() step {
	const header = 4
	if !c.need(header) {
		return stepDone
	}
	next := c.rest()[0]
	c.take(LayerOther, header)
	c.p.IP.Header += header
	return c.piece(Piece{Compressed: true, Protocol: next})
}

// wlanPiece is a fragment of the frame whose header is b.
func (c *cursor) wlanPiece(b []byte, more bool) step {
	return c.piece(Piece{
		More: more, Number: b[22] & 0xf, Sequence: uint32(b[22])>>4 | uint32(b[23])<<4,
		From: [6]byte(b[10:16]), To: [6]byte(b[4:10]),
	})
}

// unpack goes on with a packet of ContentPiece. It reports whether that could
// be done; if not, the packet is one that is not followed.
func (j *Joiner) unpack(p *Packet) bool {
	q := p.Piece
	p.Content, p.Piece = ContentOther, Piece{}
	base := len(j.out)
	next, wire := j.whole(p, &q)
	if next == stepDone {
		return false
	}
	p.Joined, p.extra = j.out, true
	if p.Problem == ProblemUnknownProto || p.Problem == ProblemCompressed {
		p.Problem = ProblemNone
	}
	if alone := q.Compressed || q.Slot || q.Changes; !alone || len(p.Fragments) > 0 {
		p.Fragments = j.frames
	}
	c := cursor{
		p: p, buf: j.out, off: base, end: len(j.out), wire: base + wire, arg: uint16(q.Protocol), joined: true,
		hasIP: q.Compressed || q.CAPWAP,
	}
	c.run(next)
	return true
}

// whole appends to j.out what a piece stands for, or what it is the last of. It
// returns what that begins with, stepDone where nothing can be made of the
// piece, and its bytes on the wire.
func (j *Joiner) whole(p *Packet, q *Piece) (next step, wire int) {
	base := len(j.out)
	switch {
	case q.Slot:
		next, wire = stepIPv4, j.restore(p, q)
	case q.Changes:
		next, wire = stepIPv4, j.change(p, q)
	case q.Compressed:
		if j.expand(q.Data) {
			next, wire = stepProtocol, len(j.out)-base
			p.IP.Total = int(p.IP.Header) + wire
		}
	default:
		next = j.gather(p, q)
		wire = len(j.out) - base
	}
	if wire == 0 {
		next = stepDone
	}
	return next, wire
}

// gather keeps a fragment, and appends to j.out what it was the last missing
// one of. It returns what that begins with, else stepDone.
func (j *Joiner) gather(p *Packet, q *Piece) step {
	add, next := j.addPiece, stepLLC
	switch {
	case q.Multilink:
		add, next = j.addLink, stepPPPHeader
	case q.BATMAN:
		add, next = j.addMesh, stepBATMAN
	case q.CAPWAP:
		add, next = j.addCarried, stepEthernet
	}
	g := add(p, q)
	if g == nil {
		return stepDone
	}
	if g.protocol == carriedWLAN {
		next = stepCarried80211
	}
	if q.CAPWAP {
		j.assemble(g)
	} else {
		j.line(g)
	}
	j.release(g)
	j.stats.Joined++
	return next
}

// expand appends what a compressed datagram holds to j.out.
func (j *Joiner) expand(data []byte) bool {
	j.compressed += int64(len(data))
	if j.expanded > MaxExpanded && j.expanded > maxInflation*j.compressed {
		j.stats.Oversized++
		return false
	}
	if j.expander == nil {
		j.expander = flate.NewReader(bytes.NewReader(data))
	} else if err := j.expander.(flate.Resetter).Reset(bytes.NewReader(data), nil); err != nil {
		return false
	}
	base := len(j.out)
	for {
		if len(j.out) == cap(j.out) {
			j.out = append(j.out, 0)[:len(j.out)]
		}
		n, err := j.expander.Read(j.out[len(j.out):cap(j.out)])
		j.expanded += int64(n)
		j.out = j.out[:len(j.out)+n]
		switch {
		case len(j.out)-base > MaxDatagramBytes:
			j.stats.Oversized++
			j.out = j.out[:base]
			return false
		case err == io.EOF:
			return len(j.out) > base
		case err != nil:
			j.out = j.out[:base]
			return false
		}
	}
}

// addPiece keeps a fragment of an 802.11 frame and returns the frame's pieces
// if they are complete. A fragment that was sent again is passed over.
func (j *Joiner) addPiece(p *Packet, q *Piece) *datagram {
	j.expire(p.Frame.Time)
	k := datagramKey{src: linkAddr(q.From), dst: linkAddr(q.To), id: q.Sequence, file: int32(p.Frame.File)}
	g := j.held[k]
	if g == nil {
		g = j.begin(k, p.Frame.Time)
	}
	number := int(q.Number)
	if g.whole.any(number, number+1) {
		return nil
	}
	j.keep(g, &Fragment{Offset: number, Len: 1, More: q.More, Data: q.Data}, p.Frame.Number)
	if g.complete() {
		return g
	}
	return nil
}

// addMesh keeps a fragment of a packet of batman-adv and returns the packet's
// fragments if they are complete, which their length tells. They are numbered
// from the last on.
func (j *Joiner) addMesh(p *Packet, q *Piece) *datagram {
	const numbers = 16
	j.expire(p.Frame.Time)
	k := datagramKey{src: linkAddr(q.From), dst: linkAddr(q.To), id: q.Sequence, file: int32(p.Frame.File), version: keyBATMAN}
	g := j.held[k]
	if g == nil {
		g = j.begin(k, p.Frame.Time)
	}
	at := numbers - 1 - int(q.Number)
	if g.whole.any(at, at+1) {
		return nil
	}
	if len(g.buf)+len(q.Data) > q.Total {
		j.release(g) // some are of another packet
		return nil
	}
	j.keep(g, &Fragment{Offset: at, Len: 1, More: true, Data: q.Data}, p.Frame.Number)
	if len(g.buf) < q.Total {
		return nil
	}
	g.total = len(g.parts)
	return g
}

// carriedWLAN is what a datagram of CAPWAP has in the place of its protocol,
// where it is a frame of 802.11.
const carriedWLAN = 1

// addCarried keeps a fragment of a frame in CAPWAP and returns the frame's
// fragments if they are complete.
func (j *Joiner) addCarried(p *Packet, q *Piece) *datagram {
	j.expire(p.Frame.Time)
	k := datagramKey{
		src: p.IP.Src, dst: p.IP.Dst, id: uint32(p.UDPSrc)<<16 | q.Sequence, vlan: p.UDPDst, file: int32(p.Frame.File), version: keyCAPWAP,
	}
	g := j.held[k]
	if g == nil {
		g = j.begin(k, p.Frame.Time)
	}
	f := Fragment{Offset: q.Offset, More: q.More, Data: q.Data, Len: q.Len}
	if q.WLAN {
		f.Protocol = carriedWLAN
	}
	if g.dead || !j.fits(g, &f) {
		return nil
	}
	j.keep(g, &f, p.Frame.Number)
	if g.complete() {
		return g
	}
	return nil
}

// addLink keeps a fragment of a multilink and returns the packet's pieces if
// they are complete. They are followed in order, as one link carries them: a
// packet that has begun is held under the number of the piece that it waits
// for.
func (j *Joiner) addLink(p *Packet, q *Piece) *datagram {
	const numbers = 1<<24 - 1
	j.expire(p.Frame.Time)
	k := datagramKey{
		src: p.IP.Src, dst: p.IP.Dst, id: q.Sequence, file: int32(p.Frame.File), version: keyMultilink, protocol: uint8(p.direction()),
	}
	g := j.held[k]
	if q.Begin {
		if g != nil {
			j.release(g) // which goes on differently
		}
		g = j.begin(k, p.Frame.Time)
	}
	if g == nil {
		return nil
	}
	if len(g.buf)+len(q.Data) > MaxDatagramBytes || len(g.parts) == MaxFragments {
		j.stats.Oversized++
		j.release(g)
		return nil
	}
	j.keep(g, &Fragment{Offset: len(g.parts), Len: 1, More: q.More, Data: q.Data}, p.Frame.Number)
	if !q.More {
		return g
	}
	delete(j.held, g.key)
	g.key.id = (q.Sequence + 1) & numbers
	if other := j.held[g.key]; other != nil {
		j.release(other)
	}
	j.held[g.key] = g
	return nil
}

// linkAddr makes a key of a hardware address.
func linkAddr(mac [6]byte) netip.Addr {
	var a [16]byte
	copy(a[:], mac[:])
	return netip.AddrFrom16(a)
}

// line appends the numbered pieces of a frame to j.out, and its frames to
// j.frames.
func (j *Joiner) line(g *datagram) {
	g.sort()
	for _, q := range g.parts[:min(len(g.parts), g.total)] {
		j.out = append(j.out, g.buf[q.at:q.at+q.size]...)
	}
	j.addFrames(g)
}
