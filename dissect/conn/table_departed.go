package conn

// departed remembers the address pairs of connections that have left, so that
// one that uses the ports again is told as if they had stayed. It has a fixed
// size: each slot holds the last pair that fell on it. Its hash is the same in
// every process, so that what is forgotten is too.
type departed []uint64

const departedSlots = 1 << 16 // 512 KiB, taken when the first connection leaves

// departedSeed is the same in every process.
func departedSeed() *[4]uint64 {
	return &[4]uint64{0x9e3779b97f4a7c15, 0xd6e8feb86659fd93, 0xa0761d6478bd642f, 0xe7037ed1a0b428db}
}

func (d *departed) add(k *key) {
	if *d == nil {
		*d = make(departed, departedSlots)
	}
	h := k.hash(departedSeed()) | 1
	(*d)[h>>(64-16)] = h
}

// has reports whether the last pair on its slot was k.
func (d departed) has(k *key) bool {
	return d.hasHash(k.departedHash())
}

// departedHash is what add and hasHash look at.
func (k *key) departedHash() uint64 { return k.hash(departedSeed()) | 1 }

func (d departed) hasHash(h uint64) bool { return d != nil && d[h>>(64-16)] == h }
