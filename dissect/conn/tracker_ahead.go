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

// coming is a packet that is to be added soon, and not of the same connection as
// the one before: that is found without being looked for.
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
	soon []soon
	left int    // how many of soon have, or had no need to
	sink uint64 // of what was loaded: else the compiler would leave the loads out
}

// Meet fills c with packets, which must not be changed from then on until they
// are added. It may be called while another goroutine calls other methods.
func (t *Tracker) Meet(packets []dissect.Packet, c *Coming) {
	c.list = c.list[:0]
	if t.split != nil || !t.ahead.on.Load() {
		return
	}
	var last ends // of the packet before
	for i := range packets {
		p := &packets[i]
		if p.Content != dissect.ContentTCP {
			continue
		}
		if _, same := last.goes(p); same && !mayBegin(p.TCP.Flags) {
			continue
		}
		last.set(p)
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

// soon is a connection that may have to leave, and what it is found by.
type soon struct {
	who        leaver
	hash, gone uint64
}

// leavingSoon loads what the connections have that may have to leave for n
// packets.
func (t *Tracker) leavingSoon(n int) (sum uint64) {
	t.ahead.soon, t.ahead.left = t.ahead.soon[:0], 0
	if t.table.n+n < t.options.Limits.Connections {
		return 0
	}
	l := &t.leaving
	n = min(n, l.len())
	for i := range n {
		sum += t.loadEntry(t.entries.at(l.at(i).entry))
	}
	for i := range n {
		x := *l.at(i)
		k := t.keyIn(x.entry, t.entries.at(x.entry))
		next := soon{x, t.table.hash(k), k.departedHash()}
		t.ahead.soon = append(t.ahead.soon, next)
		sum += t.table.slots[t.table.home(next.hash)]
		if t.gone != nil {
			sum += t.gone[departedSlot(next.gone)]
		}
	}
	return sum
}

// hashes returns what a connection is found by that leaves: in the table, and
// among the departed.
func (t *Tracker) hashes(n uint32, e *entry) (hash, gone uint64) {
	a := &t.ahead
	for a.left < len(a.soon) { // they leave in that order, if they do
		x := &a.soon[a.left]
		a.left++
		if x.who.entry == n && x.who.number == uint32(e.number.get()) {
			return x.hash, x.gone
		}
	}
	k := t.keyIn(n, e)
	return t.table.hash(k), k.departedHash()
}

// loadEntry loads what a connection has: an entry and a body are two cache lines
// each.
func (t *Tracker) loadEntry(e *entry) (sum uint64) {
	sum = uint64(e.first) + uint64(e.tail)
	if e.body != 0 {
		b := t.bodies.at(e.body)
		sum += uint64(b.maxAck[0]) + uint64(b.lastData[0][0])
		if a := t.appOf(e); a != nil {
			sum += uint64(a.requests)
		}
	}
	return sum
}

// meet fills c with what finds p's connection.
func (t *Tracker) meet(c *coming, p *dissect.Packet) {
	c.p = p
	c.from = c.key.set(&p.IP.Src, &p.IP.Dst, p.TCP.SrcPort, p.TCP.DstPort)
	c.hash, c.gone = t.hash(&c.key), 0
	if mayBegin(p.TCP.Flags) {
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
