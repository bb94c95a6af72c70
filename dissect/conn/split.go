package conn

import (
	"math/bits"

	"tcpsee/dissect"
)

// split keeps connections apart by the VLANs and virtual networks that their
// packets carry (Options.Split), and by the files that they stand in
// (Options.SplitFiles). Without that, equal endpoints are one connection: tags
// are often there in one direction only, and one capture may be in several
// files.
type split struct {
	networks, files bool

	ids []dissect.Identifier
	now uint64   // of the packet at hand
	of  []uint64 // by number of the entry
}

// network makes a number of a packet's identifiers and its file: 0 for none of
// them. Two networks have the same one with a probability of 1 in 2^64.
func (s *split) network(p *dissect.Packet) uint64 {
	var n uint64
	if s.networks {
		s.ids = p.AppendIdentifiers(s.ids[:0])
		for _, id := range s.ids {
			n = stir(n ^ uint64(id.Kind)<<32 ^ uint64(id.Value))
		}
	}
	if s.files && p.Frame.File != 0 {
		n = stir(n ^ uint64(p.Frame.File)<<40)
	}
	return n
}

// stir spreads the bits of n.
func stir(n uint64) uint64 {
	hi, lo := bits.Mul64(n^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// enter sets which network the packet at hand is of.
func (t *Tracker) enter(p *dissect.Packet) {
	if t.split != nil {
		t.split.now = t.split.network(p)
	}
}

// salted returns a key whose hash depends on the network.
func salted(k *key, network uint64) *key {
	x := *k
	x.addrs[0] ^= network
	return &x
}

// salted returns the key of the packet at hand as its hash is made of it.
func (t *Tracker) salted(k *key) *key {
	if t.split == nil {
		return k
	}
	return salted(k, t.split.now)
}

// hash returns what the table has a key of the packet's network under.
func (t *Tracker) hash(k *key) uint64 {
	return t.table.hash(t.salted(k))
}

// lookUp returns the connection with key k in the packet's network, and its
// number; 0 where there is none.
func (t *Tracker) lookUp(h uint64, k *key, v6 bool) (uint32, *entry) {
	if t.split == nil {
		return t.table.find(h, k, v6, &t.entries)
	}
	return t.table.findWhere(h, &t.entries, func(number uint32, e *entry) bool {
		return t.split.of[number] == t.split.now && e.is(k) && e.flags.has(flagIPv6) == v6
	})
}

// settle notes the network of a new entry.
func (t *Tracker) settle(number uint32) {
	s := t.split
	if s == nil {
		return
	}
	for len(s.of) <= int(number) {
		s.of = append(s.of, 0)
	}
	s.of[number] = s.now
}

// keyIn returns an entry's key as its hash is made of it.
func (t *Tracker) keyIn(number uint32, e *entry) *key {
	if t.split == nil {
		return e.key()
	}
	return salted(e.key(), t.split.of[number])
}

// inNetwork returns the connection with key k in a network, nil for none.
func (t *Tracker) inNetwork(network uint64, k *key, v6 bool) *entry {
	if t.split != nil {
		t.split.now = network
	}
	_, e := t.lookUp(t.hash(k), k, v6)
	return e
}

// network returns that of the packet at hand.
func (t *Tracker) network() uint64 {
	if t.split == nil {
		return 0
	}
	return t.split.now
}

// findWhere is find with another notion of which entry it is.
func (t *table) findWhere(h uint64, entries *slab[entry], is func(uint32, *entry) bool) (uint32, *entry) {
	mask := len(t.slots) - 1
	for i := t.home(h); ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			return 0, nil
		}
		if s>>32 == h>>32 {
			if e := entries.at(uint32(s)); is(uint32(s), e) {
				return uint32(s), e
			}
		}
	}
}
