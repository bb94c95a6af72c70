package capture

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// ringBlockBytes holds three of the largest frames of loopback (64 KiB).
	ringBlockBytes = 256 << 10

	// ringSmallBytes is the size of blocks where no frame is kept beyond
	// ringSmallSnap. The kernel uses up a block each millisecond in which
	// anything comes: of small ones there are enough for a quarter of a second.
	ringSmallBytes = 128 << 10
	ringSmallSnap  = 16 << 10

	// ringMinBlocks is the fewest that let the kernel write one while
	// another is read.
	ringMinBlocks = 2

	// ringTimeoutMillis is after how long the kernel hands over a block that
	// is not full.
	ringTimeoutMillis = 1

	// ringHeldPart is the part of the ring's blocks that one batch takes at
	// most; with so many frames or bytes it is large enough. What is not
	// given back the kernel cannot fill.
	ringHeldPart    = 8
	ringBatchFrames = 1024
	ringBatchBytes  = ringBlockBytes / 2

	// ringFrameBytes has no meaning in TPACKET_V3 but must be sound.
	ringFrameBytes = 2048
)

// ringReader reads a TPACKET_V3 ring: memory shared with the kernel, divided
// into blocks, each of them either the kernel's or ours
// (Documentation/networking/packet_mmap.rst of Linux).
type ringReader struct {
	mem       []byte
	blockSize int
	blocks    int
	at        int // the block to be read next, or the first one in use
	held      int // blocks in use
	taken     int // bytes of the last batch
	lent      lentBlocks
}

// preferRing reports whether the kernel times blocks precisely: since Linux
// 6.18 with high-resolution timers, before that in its ticks.
func preferRing() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	return releaseAtLeast(unix.ByteSliceToString(u.Release[:]), 6, 18)
}

// releaseAtLeast compares a kernel release such as "6.18.2-arch1".
func releaseAtLeast(release string, major, minor int) bool {
	leading := func(s string) int {
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			s = s[:end]
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0
		}
		return n
	}
	first, rest, _ := strings.Cut(release, ".")
	if got := leading(first); got != major {
		return got > major
	}
	return leading(rest) >= minor
}

// newRingReader sets up the ring, a smaller one where memory is short.
func newRingReader(fd, bytes, snap int) (*ringReader, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("packet ring: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, packetHeadroom); err != nil {
		return nil, fmt.Errorf("packet ring: %w", err)
	}
	r := &ringReader{blockSize: ringBlockBytes}
	if snap <= ringSmallSnap {
		r.blockSize = ringSmallBytes
	}
	page := unix.Getpagesize()
	for r.blockSize > page && r.blockSize > bytes/ringMinBlocks {
		r.blockSize /= 2
	}
	for r.blocks = max(bytes/r.blockSize, ringMinBlocks); ; r.blocks /= 2 {
		err := r.setUp(fd)
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, unix.ENOMEM) || r.blocks/2 < ringMinBlocks {
			return nil, fmt.Errorf("packet ring: %w", errors.Join(err, resetVersion(fd)))
		}
	}
}

// setUp asks for the ring and maps it.
func (r *ringReader) setUp(fd int) error {
	frame := min(ringFrameBytes, r.blockSize)
	req := unix.TpacketReq3{
		Block_size:     uint32(r.blockSize),
		Block_nr:       uint32(r.blocks),
		Frame_size:     uint32(frame),
		Frame_nr:       uint32(r.blockSize / frame * r.blocks),
		Retire_blk_tov: ringTimeoutMillis,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return err
	}
	mem, err := r.mapRing(fd)
	if err != nil {
		// Without memory behind it the ring must go, or recv would starve.
		none := unix.TpacketReq3{}
		return errors.Join(err, unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &none))
	}
	r.mem = mem
	return nil
}

// mapRing maps all blocks.
func (r *ringReader) mapRing(fd int) ([]byte, error) {
	return unix.Mmap(fd, 0, r.blockSize*r.blocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// resetVersion makes a socket without a ring ready for recvmsg.
func resetVersion(fd int) error {
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, 0),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V1))
}

// Offsets in struct tpacket_block_desc (version 4, offset to private area 4)
// and the struct tpacket_hdr_v1 within.
const (
	blockStatusOffset  = 8
	blockPacketsOffset = 12
	blockFirstOffset   = 16
	blockLengthOffset  = 20
)

// word returns a 32-bit word of block i.
func (r *ringReader) word(i, offset int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[i*r.blockSize+offset]))
}

// ours reports whether block i is ours to read.
func (r *ringReader) ours(i int) bool {
	return atomic.LoadUint32(r.word(i, blockStatusOffset))&unix.TP_STATUS_USER != 0
}

func (r *ringReader) ready(fd int) (bool, error) {
	if r.ours(r.at) {
		return true, nil
	}
	return false, socketFault(fd)
}

func (r *ringReader) many() bool { return r.ours((r.at + 1) % r.blocks) }

// batch takes the blocks that are there, up to a part of the ring.
func (r *ringReader) batch(l *Live) {
	r.makeWay(l)
	r.taken = 0
	for most := max(1, r.blocks/ringHeldPart); ; {
		r.taken += r.block(l, (r.at+r.held)%r.blocks)
		r.held++
		if r.held == most || r.taken >= ringBatchBytes || len(l.frames) >= ringBatchFrames || !r.ours((r.at+r.held)%r.blocks) {
			return
		}
	}
}

// block adds the frames of block i, and returns how many bytes of it are in use.
func (r *ringReader) block(l *Live, i int) int {
	if atomic.LoadUint32(r.word(i, blockStatusOffset))&unix.TP_STATUS_LOSING != 0 {
		// Something was dropped before the kernel closed this block: that
		// is, before it opened it, as a block is opened when there is room.
		_ = l.control(func(fd int) { l.lost(takeDrops(fd)) }) // after Close: counted there
	}
	base := i * r.blockSize
	block := r.mem[base : base+r.blockSize]
	at := int(*r.word(i, blockFirstOffset))
	for n := *r.word(i, blockPacketsOffset); n > 0; n-- {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[at]))
		a := arrival{
			time:    Stamp(int64(h.Sec)*1e9 + int64(h.Nsec)),
			origLen: int(h.Len),
			status:  h.Status,
			tci:     uint16(h.Hv1.Vlan_tci),
			tpid:    h.Hv1.Vlan_tpid,
			from:    readLinkAddr(block[at+ringHeaderLen:]),
		}
		start := at + int(h.Mac)
		next := at + int(h.Next_offset)
		l.add(block, start, at+int(h.Net), start+int(h.Snaplen), &a)
		at = next
	}
	return int(*r.word(i, blockLengthOffset))
}

// ringHeaderLen is where struct sockaddr_ll follows the packet's header:
// TPACKET_ALIGN(sizeof(struct tpacket3_hdr)).
const ringHeaderLen = (int(unsafe.Sizeof(unix.Tpacket3Hdr{})) + unix.TPACKET_ALIGNMENT - 1) &^ (unix.TPACKET_ALIGNMENT - 1)

func (r *ringReader) release() {
	r.giveBack(r.at, r.held)
	r.at, r.held = (r.at+r.held)%r.blocks, 0
}

// giveBack lets the kernel fill blocks again.
func (r *ringReader) giveBack(at, count int) {
	for ; count > 0; count-- {
		atomic.StoreUint32(r.word(at, blockStatusOffset), unix.TP_STATUS_KERNEL)
		at = (at + 1) % r.blocks
	}
}

func (r *ringReader) left() bool { return r.ours(r.at) }

func (r *ringReader) backlog(int) float64 {
	n := 0
	for i := 0; i < r.blocks && r.ours((r.at+i)%r.blocks); i++ {
		n++
	}
	return float64(n-r.held) / float64(r.blocks)
}

// lasts knows that a block is used up in a millisecond at most.
func (r *ringReader) lasts(batch []Frame) time.Duration {
	each := time.Duration(ringTimeoutMillis) * time.Millisecond
	if n := len(batch); n > 1 && r.taken > 0 {
		span := max(0, batch[n-1].Time.Sub(batch[0].Time))
		each = min(each, time.Duration(float64(span)*float64(r.blockSize)/float64(r.taken)))
	}
	return time.Duration(r.blocks) * each
}

func (r *ringReader) method() string {
	return fmt.Sprintf("ring of %d blocks of %d KiB", r.blocks, r.blockSize>>10)
}

func (r *ringReader) free() {
	mem := r.mem
	r.mem = nil
	_ = unix.Munmap(mem) // cannot fail for what Mmap returned
}
