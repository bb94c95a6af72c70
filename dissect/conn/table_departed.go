package conn

import (
	"encoding/binary"
	"math/bits"
)

// departed remembers the address pairs of connections that have left, so that
// one that uses the ports again is told as if they had stayed. It has a fixed
// size: each slot holds the last pair that fell on it. Its hash is the same in
// every process, so that what is forgotten is too.
type departed []uint64

const departedSlots = 1 << 16 // 512 KiB, taken when the first connection leaves

// print is a number for k, never 0.
func (departed) print(k *key) uint64 {
	hi, lo := bits.Mul64(binary.BigEndian.Uint64(k.a[8:])^0x9e3779b97f4a7c15, binary.BigEndian.Uint64(k.b[8:])^0xd6e8feb86659fd93)
	h := hi ^ lo
	hi, lo = bits.Mul64(binary.BigEndian.Uint64(k.a[:8])^0xa0761d6478bd642f, binary.BigEndian.Uint64(k.b[:8])^0xe7037ed1a0b428db)
	h ^= hi ^ lo
	hi, lo = bits.Mul64(h^0x8ebc6af09c88c6e3, uint64(k.pa)<<16|uint64(k.pb)|1<<63)
	return (hi ^ lo) | 1
}

func (d *departed) add(k *key) {
	if *d == nil {
		*d = make(departed, departedSlots)
	}
	h := d.print(k)
	(*d)[h>>(64-16)] = h
}

// has reports whether the last pair on its slot was k.
func (d departed) has(k *key) bool {
	if d == nil {
		return false
	}
	h := d.print(k)
	return d[h>>(64-16)] == h
}
