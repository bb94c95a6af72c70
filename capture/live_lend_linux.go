package capture

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Lend lets the frames that Next gave out last stay as they are while Next is
// called again, until Reclaim. One batch can be lent at a time.
func (l *Live) Lend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lent = true
	l.frames, l.other = l.other[:0], l.frames
	l.reader.lend()
}

// Reclaim ends the use of the frames that were lent. It may be called while
// Next runs.
func (l *Live) Reclaim() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lent {
		return
	}
	l.lent = false
	l.reader.reclaim()
	if l.closed && !l.busy {
		l.unmap()
	}
}

// lentBlocks are the blocks of a ring whose frames are lent. The kernel fills
// blocks one after the other and does not pass over one: before it comes to
// these, they are cleared for it, by moving what is in them elsewhere. Whoever
// uses the frames finds them where they were.
type lentBlocks struct {
	mu    sync.Mutex
	first int
	count int
	moved []byte // the mapping that they were lent in, once another is in use
}

// lentNear is the part of the ring that must be free before the blocks that are
// lent. The kernel may fill it in a few milliseconds.
const lentNear = 0.5

func (r *ringReader) lend() {
	r.lent.mu.Lock()
	defer r.lent.mu.Unlock()
	r.lent.first, r.lent.count = r.at, r.held
	r.at, r.held = (r.at+r.held)%r.blocks, 0
}

func (r *ringReader) reclaim() {
	r.lent.mu.Lock()
	defer r.lent.mu.Unlock()
	if r.lent.moved != nil {
		_ = unix.Munmap(r.lent.moved) // cannot fail for what Mmap returned
		r.lent.moved = nil
	} else {
		r.giveBack(r.lent.first, r.lent.count)
	}
	r.lent.count = 0
}

// makeWay moves what is lent once the next block to be read is near it.
func (r *ringReader) makeWay(l *Live) {
	r.lent.mu.Lock()
	defer r.lent.mu.Unlock()
	if r.lent.count == 0 || r.lent.moved != nil {
		return
	}
	if free := (r.lent.first - r.at + r.blocks) % r.blocks; float64(free) < lentNear*float64(r.blocks) {
		// Where that fails the kernel counts what it drops.
		_ = l.control(func(fd int) { _ = r.moveLent(fd) })
	}
}

// moveLent maps the ring a second time, to be read there, and puts copies of
// the blocks that are lent in their place in the first mapping.
func (r *ringReader) moveLent(fd int) error {
	again, err := r.mapRing(fd)
	if err != nil {
		return err
	}
	for at, left := r.lent.first, r.lent.count; left > 0; {
		n := min(left, r.blocks-at)
		if err := replaceByCopy(r.mem[at*r.blockSize : (at+n)*r.blockSize]); err != nil {
			_ = unix.Munmap(again)
			return err
		}
		at, left = (at+n)%r.blocks, left-n
	}
	r.lent.moved, r.mem = r.mem, again
	r.giveBack(r.lent.first, r.lent.count)
	return nil
}

// replaceByCopy puts memory of this process alone in the place of b, with the
// same bytes. Others may read b meanwhile: mremap(2) exchanges it in one step.
func replaceByCopy(b []byte) error {
	size := uintptr(len(b))
	p, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("memory for frames in use: %w", err)
	}
	copy(unsafe.Slice((*byte)(p), len(b)), b)
	if _, err := unix.MremapPtr(p, size, unsafe.Pointer(&b[0]), size, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED); err != nil {
		_ = unix.MunmapPtr(p, size)
		return fmt.Errorf("memory for frames in use: %w", err)
	}
	return nil
}

func (r *recvReader) lend() {
	if r.other == nil {
		r.other = make([]byte, len(r.mem))
	}
	r.mem, r.other = r.other, r.mem
	r.got = 0
	for i := range r.vecs {
		r.vecs[i].Base = &r.mem[i*r.each+packetHeadroom]
	}
}

func (r *recvReader) reclaim() {}
