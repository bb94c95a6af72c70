package conn

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"unsafe"
)

// key is an unordered pair of endpoints: the lower one (by address, then by
// port) first. Addresses are two words each, IPv4 in its IPv4-mapped form; the
// entry says which family is meant.
type key struct {
	addrs [4]uint64
	ports uint32
}

// set makes k the key of two endpoints, and returns whether src is the higher
// one (1) or not (0). Where both are the same it is 0.
func (k *key) set(src, dst *netip.Addr, sport, dport uint16) (from int) {
	var a1, a2, b1, b2 uint64
	if src.Is4() && dst.Is4() {
		a, b := src.As4(), dst.As4()
		a2, b2 = mapped4|uint64(binary.BigEndian.Uint32(a[:])), mapped4|uint64(binary.BigEndian.Uint32(b[:]))
	} else {
		a, b := src.As16(), dst.As16()
		a1, a2 = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
		b1, b2 = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	}
	if a1 > b1 || a1 == b1 && (a2 > b2 || a2 == b2 && sport > dport) {
		k.addrs[0], k.addrs[1], k.addrs[2], k.addrs[3] = b1, b2, a1, a2
		k.ports = uint32(dport)<<16 | uint32(sport)
		return 1
	}
	k.addrs[0], k.addrs[1], k.addrs[2], k.addrs[3] = a1, a2, b1, b2
	k.ports = uint32(sport)<<16 | uint32(dport)
	return 0
}

// mapped4 stands before an IPv4 address in the lower half of an IPv4-mapped one
// (RFC 4291, section 2.5.5.2).
const mapped4 = 0xffff << 32

// is reports whether the entry has the key.
func (e *entry) is(k *key) bool {
	return e.ports == k.ports && e.addrs[1] == k.addrs[1] && e.addrs[3] == k.addrs[3] &&
		e.addrs[0] == k.addrs[0] && e.addrs[2] == k.addrs[2]
}

func (e *entry) key() *key { return &key{e.addrs, e.ports} }

// address returns the address that sends in direction d, as 16 bytes.
func (e *entry) address(d int) (a [16]byte) {
	binary.BigEndian.PutUint64(a[:8], e.addrs[2*d])
	binary.BigEndian.PutUint64(a[8:], e.addrs[2*d+1])
	return a
}

// port returns the port that sends in direction d.
func (e *entry) port(d int) uint16 { return uint16(e.ports >> (16 * (1 - d))) }

// endpoint returns the address and port that sends in direction d.
func (e *entry) endpoint(d int) netip.AddrPort {
	if !e.flags.has(flagIPv6) {
		a := e.addrs[2*d+1]
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}), e.port(d))
	}
	return netip.AddrPortFrom(e.family(e.address(d)), e.port(d))
}

// family returns an address of the entry's family.
func (e *entry) family(a [16]byte) netip.Addr {
	addr := netip.AddrFrom16(a)
	if !e.flags.has(flagIPv6) {
		return addr.Unmap()
	}
	return addr
}

// slab hands out numbered, pointer-free records from pages, and takes them
// back. Records keep their address as long as they are in use.
type slab[T any] struct {
	pages []*[slabPage]T
	free  []uint32
	used  uint32 // highest number ever handed out
}

const (
	slabPage = 512 // records a page
	slabMany = 64  // pages, from which on as many are made at a time
)

// more makes pages.
func (s *slab[T]) more() {
	if len(s.pages) < slabMany {
		s.pages = append(s.pages, new([slabPage]T))
		return
	}
	pages := make([][slabPage]T, slabMany)
	largePages(unsafe.Pointer(unsafe.SliceData(pages)), unsafe.Sizeof(pages[0])*slabMany)
	for i := range pages {
		s.pages = append(s.pages, &pages[i])
	}
}

// take returns a zeroed record and its number, from 1.
func (s *slab[T]) take() (uint32, *T) {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		r := s.at(i)
		var zero T
		*r = zero
		return i, r
	}
	if int(s.used) == len(s.pages)*slabPage {
		s.more()
	}
	s.used++
	return s.used, s.at(s.used)
}

// at returns the record with number i.
func (s *slab[T]) at(i uint32) *T { return &s.pages[(i-1)/slabPage][(i-1)%slabPage] }

// put takes the record with number i back.
func (s *slab[T]) put(i uint32) { s.free = append(s.free, i) }

// table finds the entry of an endpoint pair: open addressing with linear
// probing. A slot is the upper half of the key's hash and the entry's number,
// so that a look-up touches one slot and one entry. The hash is seeded by the
// process; nothing that is given out depends on the order of slots.
type table struct {
	seed  [4]uint64
	slots []uint64 // hash<<32 | number; 0 is free
	shift uint     // 64 − log2(len(slots))
	n     int
}

const (
	tableMin   = 1 << 8  // slots of an empty table
	tableLarge = 1 << 17 // slots from which on three eighths are in use at most, else three quarters: where each look is far, few should be needed
)

// full reports whether there is no room for one more.
func (t *table) full() bool {
	room := len(t.slots) / 4 * 3
	if len(t.slots) >= tableLarge {
		room /= 2
	}
	return t.n >= room
}

func newTable() table {
	t := table{seed: [4]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}}
	t.resize(tableMin)
	return t
}

func (t *table) resize(n int) {
	old := t.slots
	t.slots = make([]uint64, n)
	largePages(unsafe.Pointer(unsafe.SliceData(t.slots)), uintptr(n)*unsafe.Sizeof(t.slots[0]))
	t.shift = uint(64 - bits.TrailingZeros(uint(n)))
	for _, s := range old {
		if s != 0 {
			t.place(s)
		}
	}
}

// home is where a hash's probing begins: its top bits, which a slot keeps.
func (t *table) home(slot uint64) int { return int(slot >> t.shift) }

func (t *table) place(slot uint64) {
	i := t.home(slot)
	for t.slots[i] != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = slot
}

// find returns the number of the entry with key k, 0 where there is none.
func (t *table) find(h uint64, k *key, v6 bool, entries *slab[entry]) (uint32, *entry) {
	mask := len(t.slots) - 1
	for i := t.home(h); ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			return 0, nil
		}
		if s>>32 == h>>32 {
			if e := entries.at(uint32(s)); e.is(k) && e.flags.has(flagIPv6) == v6 {
				return uint32(s), e
			}
		}
	}
}

// insert puts an entry in whose key is not there.
func (t *table) insert(h uint64, number uint32) {
	if t.full() {
		t.resize(len(t.slots) * 2)
	}
	t.n++
	t.place(h&^(1<<32-1) | uint64(number))
}

// remove takes entry number out.
func (t *table) remove(h uint64, number uint32) {
	mask := len(t.slots) - 1
	i := t.home(h)
	for uint32(t.slots[i]) != number {
		if t.slots[i] == 0 {
			return
		}
		i = (i + 1) & mask
	}
	t.n--
	for j := i; ; { // what was pushed on by this one moves back
		j = (j + 1) & mask
		s := t.slots[j]
		if s == 0 {
			break
		}
		if home := t.home(s); (j-home)&mask >= (j-i)&mask {
			t.slots[i] = s
			i = j
		}
	}
	t.slots[i] = 0
}

// hash returns the hash of k: each word is mixed with a secret before it is
// multiplied, so that nobody can choose addresses that collide.
func (t *table) hash(k *key) uint64 { return k.hash(&t.seed) }

func (k *key) hash(seed *[4]uint64) uint64 {
	hi, lo := bits.Mul64(k.addrs[1]^seed[0], k.addrs[3]^seed[1])
	h := hi ^ lo
	if k.addrs[0]|k.addrs[2] != 0 {
		hi, lo = bits.Mul64(k.addrs[0]^seed[2], k.addrs[2]^seed[3])
		h ^= hi ^ lo
	}
	hi, lo = bits.Mul64(h^seed[3], uint64(k.ports)^seed[0])
	return hi ^ lo
}
