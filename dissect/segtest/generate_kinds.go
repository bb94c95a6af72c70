package segtest

import (
	"encoding/binary"
	"net/netip"
)

// How web traffic goes, in microseconds and bytes.
const (
	webEvery   = 2000  // from one connection's begin to the next one's, on average
	webBurst   = 16    // segments in a row
	webSpacing = 12    // between them
	webLoss    = 60    // one data segment of long answers in so many is lost: one in 100 of all
	webRecord  = 16384 // bytes of a TLS record
	webWindow  = 501
)

// web makes connections until the file is full. Those that have begun are left
// as they are, as in any capture.
func (g *generator) web() {
	at := int64(0)
	for {
		for len(g.queue.items) > 0 && g.queue.items[0].at <= at {
			m := g.queue.pop()
			g.emit(m.at, m.c, &m.p)
		}
		if g.full() {
			break
		}
		g.webConn(at)
		at += int64(g.between(1, 2*webEvery))
	}
}

// webConn plans a connection that begins at a time.
func (g *generator) webConn(at int64) {
	g.made.Connections++
	c := g.newConn(at, g.one(10), 443)
	g.open(c)
	g.say(c, 0, 517, genHandshake)
	g.say(c, 1, 127, genHandshake)
	g.say(c, 1, g.between(2400, 4400), genData)
	g.say(c, 0, 80, genData)
	for range g.between(1, 4) {
		g.wait(c, int64(g.between(1000, 200_000)))
		g.say(c, 0, g.between(200, 900), genData)
		g.say(c, 1, g.webAnswer(), genData)
	}
	if g.one(20) {
		g.plan(c, 0, c.back/2, genPacket{flags: genRST | genACK, seq: c.next[0], ack: c.next[1]})
		return
	}
	by := uint8(g.rnd.IntN(2))
	g.plan(c, by, 1000, genPacket{flags: genFIN | genACK, seq: c.next[by], ack: c.next[1-by]})
	c.next[by]++
	g.plan(c, 1-by, c.trip, genPacket{flags: genFIN | genACK, seq: c.next[1-by], ack: c.next[by]})
	c.next[1-by]++
	g.plan(c, by, c.back, genPacket{flags: genACK, seq: c.next[by], ack: c.next[1-by]})
}

// webAnswer is the size of an answer: many small ones, few large ones.
func (g *generator) webAnswer() int {
	switch n := g.rnd.IntN(1000); {
	case n < 600:
		return g.between(1000, 9000)
	case n < 900:
		return g.between(9000, 36_000)
	case n < 990:
		return g.between(36_000, 130_000)
	}
	return g.between(150_000, 500_000)
}

// newConn returns a connection with addresses of its own.
func (g *generator) newConn(at int64, v6 bool, port uint16) *genConn {
	c := &genConn{at: at}
	r := g.rnd.Uint32()
	if v6 {
		a := [16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1}
		b := [16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 2}
		binary.BigEndian.PutUint32(a[12:], r&0xffff)
		b[15] = byte(r >> 28)
		c.addr = [2]netip.Addr{netip.AddrFrom16(a), netip.AddrFrom16(b)}
	} else {
		c.addr = [2]netip.Addr{netip.AddrFrom4([4]byte{10, byte(r >> 16 & 15), byte(r >> 8), byte(r)}),
			netip.AddrFrom4([4]byte{192, 0, 2, byte(r>>28) + 1})}
	}
	c.port = [2]uint16{uint16(g.between(32768, 61000)), port}
	c.iss = [2]uint32{g.rnd.Uint32(), g.rnd.Uint32()}
	c.trip, c.back = int64(g.between(300, 30_000)), int64(g.between(1000, 60_000))
	return c
}

// plan puts a segment into the queue, so long after the last one.
func (g *generator) plan(c *genConn, from uint8, after int64, p genPacket) {
	c.at += after
	p.from = from
	if p.win == 0 && p.flags&genRST == 0 {
		p.win = webWindow
	}
	g.queue.push(c.at, c, p)
}

func (g *generator) wait(c *genConn, us int64) { c.at += us }

func (g *generator) open(c *genConn) {
	g.plan(c, 0, 0, genPacket{flags: genSYN, win: 64240})
	g.plan(c, 1, c.trip, genPacket{flags: genSYN | genACK, ack: 1, win: 65160})
	g.plan(c, 0, c.back, genPacket{flags: genACK, seq: 1, ack: 1})
	c.next = [2]uint32{1, 1}
}

// say plans n bytes of TLS records and their ACKs.
func (g *generator) say(c *genConn, from uint8, n int, kind uint8) {
	way := c.trip
	if from == 0 {
		way = c.back
	}
	c.at += way / 2
	for burst := 0; n > 0; burst++ {
		p := genPacket{flags: genACK, seq: c.next[from], ack: c.next[1-from], len: uint16(min(n, genMSS))}
		if c.record[from] < int(p.len) {
			p.record, p.kind = uint16(c.record[from])+1, kind
			p.size = uint16(min(n-c.record[from]-5, webRecord))
			if n-c.record[from] <= 5 { // no room for a record's body: no record
				p.record = 0
				c.record[from] = n
			} else {
				c.record[from] += 5 + int(p.size)
			}
		}
		n -= int(p.len)
		c.record[from] -= int(p.len)
		if n == 0 {
			p.flags |= genPSH
			c.record[from] = 0
		}
		c.next[from] += uint32(p.len)
		if burst%webBurst == webBurst-1 {
			c.at += way
		}
		if n > 4*genMSS && g.one(webLoss) {
			n = g.lose(c, from, p, n)
			continue
		}
		g.plan(c, from, webSpacing, p)
		if burst%2 == 1 || n == 0 {
			g.plan(c, 1-from, webSpacing/2, genPacket{flags: genACK, seq: c.next[1-from], ack: c.next[from]})
		}
	}
}

// lose plans a segment that gets lost, three that follow it, the duplicate
// ACKs and the resend. It returns how many bytes of n are left to be sent.
func (g *generator) lose(c *genConn, from uint8, lost genPacket, n int) int {
	g.plan(c, 1-from, webSpacing, genPacket{flags: genACK, seq: c.next[1-from], ack: lost.seq})
	if g.one(2) {
		g.plan(c, from, webSpacing, lost) // seen here, and lost behind
	}
	first := c.next[from]
	for range 3 {
		p := genPacket{flags: genACK, seq: c.next[from], ack: c.next[1-from], len: genMSS}
		c.record[from] -= genMSS
		if c.record[from] < 0 { // what begins in it is not followed
			c.record[from] = n
		}
		c.next[from] += genMSS
		n -= genMSS
		g.plan(c, from, webSpacing, p)
		g.plan(c, 1-from, webSpacing, genPacket{flags: genACK, seq: c.next[1-from], ack: lost.seq, sack: [2]uint32{first, c.next[from]}})
	}
	g.plan(c, from, c.trip/4, lost)
	g.plan(c, 1-from, webSpacing, genPacket{flags: genACK, seq: c.next[1-from], ack: c.next[from]})
	return n
}

// How a scan goes.
const (
	scanEvery = 100     // microseconds between SYNs
	scanAgain = 1000000 // until one that was not answered is sent again
)

// scan goes through ports and hosts from a few addresses.
func (g *generator) scan() {
	at := int64(0)
	for i := uint32(0); !g.full(); i++ {
		for len(g.queue.items) > 0 && g.queue.items[0].at <= at {
			m := g.queue.pop()
			g.emit(m.at, m.c, &m.p)
		}
		g.made.Connections++
		c := &genConn{at: at, iss: [2]uint32{g.rnd.Uint32(), g.rnd.Uint32()}}
		host := i % 4096
		c.addr = [2]netip.Addr{netip.AddrFrom4([4]byte{198, 51, 100, byte(i % 7)}), netip.AddrFrom4([4]byte{10, 20, byte(host >> 8), byte(host)})}
		c.port = [2]uint16{uint16(g.between(32768, 61000)), uint16(i/4096 + 1)}
		g.plan(c, 0, 0, genPacket{flags: genSYN, win: 1024, bare: true})
		trip := int64(g.between(200, 20_000))
		switch n := g.rnd.IntN(1000); {
		case n < 735: // refused
			g.plan(c, 1, trip, genPacket{flags: genRST | genACK, ack: 1, bare: true})
		case n < 765: // open, and not wanted
			g.plan(c, 1, trip, genPacket{flags: genSYN | genACK, ack: 1, win: 64240, bare: true})
			g.plan(c, 0, 50, genPacket{flags: genRST, seq: 1, bare: true})
		case n < 788: // no answer, asked once more
			g.plan(c, 0, scanAgain, genPacket{flags: genSYN, win: 1024, bare: true})
		}
		at += scanEvery/2 + int64(g.rnd.IntN(scanEvery))
	}
}

// How the one connection goes.
const (
	elephantBurst = 64
	elephantLoss  = 20_000
)

// elephant is one long connection that is still open at the end.
func (g *generator) elephant() {
	g.made.Connections++
	c := g.newConn(0, false, 5001)
	c.trip, c.back = 400, 20
	g.open(c)
	drain := func() {
		for len(g.queue.items) > 0 {
			m := g.queue.pop()
			g.emit(m.at, m.c, &m.p)
		}
	}
	drain()
	for i := 0; !g.full(); i++ {
		p := genPacket{flags: genACK, seq: c.next[0], ack: 1, len: genMSS}
		c.next[0] += genMSS
		if g.one(elephantLoss) {
			g.lose(c, 0, p, 0)
		} else {
			g.plan(c, 0, webSpacing, p)
			if i%2 == 1 {
				g.plan(c, 1, 2, genPacket{flags: genACK, seq: 1, ack: c.next[0]})
			}
		}
		if i%elephantBurst == 0 {
			c.at += c.trip
			drain()
		}
	}
	drain()
}
