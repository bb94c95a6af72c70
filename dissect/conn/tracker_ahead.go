package conn

import (
	"sync/atomic"

	"tcpsee/dissect"
)

// With many connections nearly each packet's slot and entry lie in memory that
// no cache holds, and so do those of the connection that has to leave for it. A
// tracker that is told which packets come next asks for all of that at once:
// the processor then waits for many at a time, in place of one after the other.

// aheadFrom is how many connections there are from which on looking ahead
// saves more than it costs: fewer stay in a cache by themselves.
const aheadFrom = 1 << 14

// coming is a packet that is to be added soon.
type coming struct {
	p    *dissect.Packet
	hash uint64
	gone uint64 // departedHash, of a SYN
	key  key
	from int
}

// Coming are packets that are to be added, in order, by one call of Add each.
type Coming struct{ list []coming }

// ahead holds the packets that were announced, and those of them that have not
// come yet.
type ahead struct {
	from int         // aheadFrom, but in tests
	on   atomic.Bool // there are as many connections
	list []coming
	next int
	one  coming // that was not announced
	sink uint64 // of what was loaded: else the compiler would leave the loads out
}

// Meet fills c with packets, which must not be changed from then on until they
// are added. It may be called while another goroutine calls other methods.
func (t *Tracker) Meet(packets []dissect.Packet, c *Coming) {
	c.list = c.list[:0]
	if t.split != nil || !t.ahead.on.Load() {
		return
	}
	for i := range packets {
		p := &packets[i]
		if p.Content != dissect.ContentTCP {
			continue
		}
		n := len(c.list)
		if n == cap(c.list) {
			c.list = append(c.list, coming{})
		}
		c.list = c.list[:n+1]
		t.meet(&c.list[n], p)
	}
}

// Ahead says which packets are added next. It changes nothing but how long that
// takes, and need not be called.
func (t *Tracker) Ahead(coming *Coming) {
	a := &t.ahead
	if on := t.table.n >= a.from; on != a.on.Load() {
		a.on.Store(on)
	}
	a.list, a.next = coming.list, 0
	if len(a.list) == 0 {
		return
	}
	sum := uint64(0)
	for i := range a.list {
		sum += t.table.slots[t.table.home(a.list[i].hash)]
	}
	if t.gone != nil {
		for i := range a.list {
			if h := a.list[i].gone; h != 0 {
				sum += t.gone[departedSlot(h)]
			}
		}
	}
	for i := range a.list {
		h := a.list[i].hash
		if s := t.table.slots[t.table.home(h)]; s != 0 && s>>32 == h>>32 {
			sum += t.loadEntry(t.entries.at(uint32(s)))
		}
	}
	a.sink += sum + t.leavingSoon(len(a.list))
}

// leavingSoon loads what the connections have that may have to leave for n
// packets.
func (t *Tracker) leavingSoon(n int) (sum uint64) {
	if t.table.n+n < t.options.Limits.Connections {
		return 0
	}
	l := &t.leaving
	n = min(n, l.len())
	for i := range n {
		sum += t.loadEntry(t.entries.at(l.at(i).entry))
	}
	for i := range n {
		k := t.entries.at(l.at(i).entry).key()
		sum += t.table.slots[t.table.home(t.table.hash(k))]
		if t.gone != nil {
			sum += t.gone[departedSlot(k.departedHash())]
		}
	}
	return sum
}

// loadEntry loads what a connection has: an entry and a body are two cache lines
// each.
func (t *Tracker) loadEntry(e *entry) (sum uint64) {
	sum = uint64(e.first) + uint64(e.tail)
	if e.body != 0 {
		b := t.bodies.at(e.body)
		sum += uint64(b.maxAck[0]) + uint64(b.lastData[0][0])
	}
	return sum
}

// meet fills c with what finds p's connection.
func (t *Tracker) meet(c *coming, p *dissect.Packet) {
	c.p = p
	c.from = c.key.set(&p.IP.Src, &p.IP.Dst, p.TCP.SrcPort, p.TCP.DstPort)
	c.hash, c.gone = t.hash(&c.key), 0
	if p.TCP.Flags&(dissect.SYN|dissect.ACK) == dissect.SYN {
		c.gone = t.salted(&c.key).departedHash()
	}
}

// met returns what finds the connection of the packet at hand.
func (t *Tracker) met(p *dissect.Packet) *coming {
	a := &t.ahead
	for a.next < len(a.list) { // those between had no need to be looked for
		c := &a.list[a.next]
		a.next++
		if c.p == p {
			return c
		}
	}
	t.meet(&a.one, p)
	return &a.one
}
