package conn

// departed remembers the address pairs of connections that have left, so that
// one that uses the ports again is told as if they had stayed. It has a fixed
// size: each slot holds the last pair that fell on it. Its hash is the same in
// every process, so that what is forgotten is too.
type departed []uint64

// Its size: 512 KiB, taken when the first connection leaves.
const (
	departedBits  = 16
	departedSlots = 1 << departedBits
)

// departedSeed is the same in every process.
func departedSeed() *[4]uint64 {
	return &[4]uint64{0x9e3779b97f4a7c15, 0xd6e8feb86659fd93, 0xa0761d6478bd642f, 0xe7037ed1a0b428db}
}

// add remembers a pair by its departedHash.
func (d *departed) add(h uint64) {
	if *d == nil {
		*d = make(departed, departedSlots)
	}
	(*d)[departedSlot(h)] = h
}

// departedHash is what add and has look at.
func (k *key) departedHash() uint64 { return k.hash(departedSeed()) | 1 }

// departedSlot is the slot that a departedHash falls on.
func departedSlot(h uint64) uint64 { return h >> (64 - departedBits) }

// has reports whether the last pair on the slot of a departedHash was its own.
func (d departed) has(h uint64) bool { return d != nil && d[departedSlot(h)] == h }
