package segtest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"

	"tcpsee/capture"
)

// Kind is what a generated capture is made of.
type Kind string

// The kinds. They are the same byte for byte wherever they are made, from the
// same size and seed.
const (
	// KindWeb is traffic like that of a site behind TLS: about 1.2 million
	// packets and 20,000 connections a GB, some hundreds of them at a time, a
	// tenth IPv6, answers of 1 kB to 500 kB, timestamps on every segment. One
	// data segment in a hundred is lost, half of them before the place of the
	// capture and half behind it, and is sent again after duplicate ACKs with
	// SACK. Most connections end by FIN, some by RST.
	KindWeb Kind = "web"
	// KindScan is a scan for open ports: 11 connections in 20 packets, most
	// of them refused, some not answered and asked again, few accepted and
	// reset. About 72 bytes a packet.
	KindScan Kind = "scan"
	// KindElephant is one connection that carries everything one way, with an
	// ACK for every second segment and now and then a loss.
	KindElephant Kind = "elephant"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{KindWeb, KindScan, KindElephant} }

// Made says what a generated capture holds.
type Made struct {
	Bytes       int64 // of the file
	Packets     int64
	Connections int64
}

// Generate writes a capture of a kind to w, as classic pcap with microseconds,
// of about so many bytes. Seed picks one of many.
func Generate(w io.Writer, kind Kind, size int64, seed uint64) (Made, error) {
	g := newGenerator(w, size, seed)
	switch kind {
	case KindWeb:
		g.web()
	case KindScan:
		g.scan()
	case KindElephant:
		g.elephant()
	default:
		return Made{}, fmt.Errorf("generate: kind %q is none of %v", kind, Kinds())
	}
	if err := g.out.Flush(); err != nil {
		return g.made, fmt.Errorf("generate %s: %w", kind, err)
	}
	return g.made, nil
}

// Sizes of what is generated, in bytes.
const (
	genMSS        = 1448 // with timestamps
	genBlock      = 64 << 10
	genFileHeader = 24
	genRecord     = 16
	genSnap       = 1 << 18
)

// generator writes packets in order of time.
type generator struct {
	out   *bufio.Writer
	rnd   *rand.Rand
	limit int64
	made  Made
	queue moments
	noise []byte // what payload is made of
	frame []byte
	id    uint16
}

func newGenerator(w io.Writer, size int64, seed uint64) *generator {
	g := &generator{out: bufio.NewWriterSize(w, 1<<20), rnd: rand.New(rand.NewPCG(seed, 0x7c95ee)), limit: size}
	g.noise = make([]byte, genBlock)
	for i := 0; i < len(g.noise); i += 8 {
		binary.LittleEndian.PutUint64(g.noise[i:], g.rnd.Uint64())
	}
	var h [genFileHeader]byte
	binary.LittleEndian.PutUint32(h[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], genSnap)
	binary.LittleEndian.PutUint32(h[20:], uint32(capture.LinkEthernet))
	g.write(h[:])
	return g
}

// write writes bytes of the file; bufio.Writer keeps the first error.
func (g *generator) write(b []byte) {
	_, _ = g.out.Write(b)
	g.made.Bytes += int64(len(b))
}

func (g *generator) full() bool { return g.made.Bytes >= g.limit }

// between returns a number from lo up to hi.
func (g *generator) between(lo, hi int) int { return lo + g.rnd.IntN(hi-lo) }

// one reports true once in n times.
func (g *generator) one(n int) bool { return g.rnd.IntN(n) == 0 }

// moment is a packet of a connection and when it is due, in microseconds.
type moment struct {
	at   int64
	turn int64 // equal times keep their order
	c    *genConn
	p    genPacket
}

// moments is a heap, the earliest first.
type moments struct {
	items []moment
	turns int64
}

func (q *moments) push(at int64, c *genConn, p genPacket) {
	q.turns++
	q.items = append(q.items, moment{at, q.turns, c, p})
	for i := len(q.items) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.before(i, parent) {
			break
		}
		q.items[i], q.items[parent] = q.items[parent], q.items[i]
		i = parent
	}
}

func (q *moments) before(i, j int) bool {
	a, b := &q.items[i], &q.items[j]
	return a.at < b.at || a.at == b.at && a.turn < b.turn
}

func (q *moments) pop() moment {
	top := q.items[0]
	last := len(q.items) - 1
	q.items[0] = q.items[last]
	q.items = q.items[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if q.before(c, least) {
				least = c
			}
		}
		if least == i {
			return top
		}
		q.items[i], q.items[least] = q.items[least], q.items[i]
		i = least
	}
}

// genConn is a connection; index 0 is the client.
type genConn struct {
	addr [2]netip.Addr
	port [2]uint16
	iss  [2]uint32
	// The rest is what was planned so far.
	at     int64 // time of the last packet at the place of the capture
	trip   int64 // microseconds from there to the server and back
	back   int64 // the same to the client
	next   [2]uint32
	record [2]int // bytes left of the TLS record being sent
}

// genPacket is one segment. Numbers are relative to the ISS.
type genPacket struct {
	from     uint8
	flags    uint8
	seq, ack uint32
	len      uint16
	win      uint16
	record   uint16    // a TLS record begins so many bytes into the payload, plus one; 0 is none
	kind     uint8     // its type
	size     uint16    // its length
	sack     [2]uint32 // with sack[1] > 0
	bare     bool      // no timestamps
}

// Control bits.
const (
	genFIN = 1 << iota
	genSYN
	genRST
	genPSH
	genACK
)

// emit writes a packet at a time in microseconds since Start.
func (g *generator) emit(at int64, c *genConn, p *genPacket) {
	b := g.frame[:0]
	b = append(b, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1)
	src, dst := c.addr[p.from], c.addr[1-p.from]
	options := g.options(at, c, p)
	size := 20 + len(options) + int(p.len)
	if src.Is4() {
		g.id++
		b = append(b, 0x08, 0x00, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+size))
		b = binary.BigEndian.AppendUint16(b, g.id)
		b = append(b, 0x40, 0, 60, protoTCP, 0, 0)
		s, d := src.As4(), dst.As4()
		b = append(append(b, s[:]...), d[:]...)
		binary.BigEndian.PutUint16(b[24:], ^fold(addSum(0, b[14:34])))
	} else {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, protoTCP, 60)
		s, d := src.As16(), dst.As16()
		b = append(append(b, s[:]...), d[:]...)
	}
	tcp := len(b)
	b = binary.BigEndian.AppendUint16(b, c.port[p.from])
	b = binary.BigEndian.AppendUint16(b, c.port[1-p.from])
	b = binary.BigEndian.AppendUint32(b, c.iss[p.from]+p.seq)
	ack := uint32(0)
	if p.flags&genACK != 0 {
		ack = c.iss[1-p.from] + p.ack
	}
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, byte((20+len(options))/4<<4), p.flags)
	b = binary.BigEndian.AppendUint16(b, p.win)
	b = append(b, 0, 0, 0, 0)
	b = append(b, options...)
	b = g.payload(b, p)
	binary.BigEndian.PutUint16(b[tcp+16:], ^fold(addSum(pseudoSum(src, dst, protoTCP, size), b[tcp:])))
	g.frame = b
	t := int64(Start)/1000 + at
	var h [genRecord]byte
	binary.LittleEndian.PutUint32(h[0:], uint32(t/1e6))
	binary.LittleEndian.PutUint32(h[4:], uint32(t%1e6))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(b)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(b)))
	g.write(h[:])
	g.write(b)
	g.made.Packets++
}

// options returns a segment's options: those of a SYN, timestamps, SACK.
func (g *generator) options(at int64, c *genConn, p *genPacket) []byte {
	var o []byte
	switch {
	case p.bare && p.flags&genSYN != 0:
		return []byte{2, 4, 1460 >> 8, 1460 & 255} // maximum segment size
	case p.bare:
		return nil
	case p.flags&genSYN != 0:
		o = []byte{2, 4, 1460 >> 8, 1460 & 255, 4, 2, 8, 10} // maximum segment size, SACK permitted, timestamps
	default:
		o = []byte{1, 1, 8, 10} // padding, timestamps
	}
	o = binary.BigEndian.AppendUint32(o, uint32(at/1000)+c.iss[p.from])
	o = binary.BigEndian.AppendUint32(o, uint32(at/1000)+c.iss[1-p.from])
	switch {
	case p.flags&genSYN != 0:
		o = append(o, 1, 3, 3, 7) // padding, window scale 2^7
	case p.sack[1] > 0:
		o = append(o, 1, 1, 5, 10) // padding, one SACK block
		o = binary.BigEndian.AppendUint32(o, c.iss[1-p.from]+p.sack[0])
		o = binary.BigEndian.AppendUint32(o, c.iss[1-p.from]+p.sack[1])
	}
	return o
}

// payload appends noise, with a record's header in it where one begins there.
func (g *generator) payload(b []byte, p *genPacket) []byte {
	if p.len == 0 {
		return b
	}
	n := int(p.len)
	from := len(b)
	at := int(p.seq) % (genBlock - n)
	b = append(b, g.noise[at:at+n]...)
	if p.record == 0 {
		return b
	}
	head := b[from+int(p.record)-1:]
	copy(head, []byte{p.kind, 3, 3, byte(p.size >> 8), byte(p.size)})
	if p.kind == genHandshake {
		hello(head[5:], p.from, int(p.size))
	}
	return b
}

// Types of TLS records (RFC 8446, section 5.1).
const (
	genHandshake = 22
	genData      = 23
)

// hello turns the beginning of noise into a ClientHello or a ServerHello (RFC
// 8446, sections 4.1.2 and 4.1.3) of size bytes, of which the last extension
// has what is left.
func hello(b []byte, from uint8, size int) {
	const random = 34 // where what follows version and random number begins
	body := b[4:]
	b[0], b[1], b[2], b[3] = 1+from, 0, byte((size-4)>>8), byte(size-4)
	body[0], body[1] = 3, 3
	at := random
	put := func(x ...byte) { at += copy(body[at:], x) }
	if from == 0 {
		put(0, 0, 2, 0x13, 0x01, 1, 0) // no session, one cipher suite, no compression
	} else {
		put(0, 0x13, 0x01, 0)
	}
	left := size - 4 - at - 2
	put(byte(left>>8), byte(left))
	if from == 0 {
		name := "www.example.org"
		put(0, 0, 0, byte(len(name)+5), 0, byte(len(name)+3), 0, 0, byte(len(name)))
		put([]byte(name)...)
		left -= 9 + len(name)
	} else {
		put(0, 43, 0, 2, 3, 4) // version 1.3
		left -= 6
	}
	put(0, 21, byte((left-4)>>8), byte(left-4)) // padding (RFC 7685)
}
