package capture

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// recvBatchBytes is the memory of one batch; it is only touched where
	// packets come.
	recvBatchBytes = 8 << 20

	// recvMinBatch and recvMaxBatch limit the messages of one recvmmsg.
	recvMinBatch = 8
	recvMaxBatch = 128

	// recvMany messages at once are more than one that was waited for.
	recvMany = 8

	// recvLasts is the time in which a flood of small packets fills the buffer.
	recvLasts = 40 * time.Millisecond

	// recvControlBytes holds a time stamp, the auxiliary data and the count
	// of drops (96 bytes on 64-bit systems) with room to spare.
	recvControlBytes = 192
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// recvmmsg(2) goes from one to the next by the size that C gives the struct: a
// word more than its first part, on 32-bit systems too.
var _ [unsafe.Sizeof(unix.Msghdr{}) + unsafe.Sizeof(uintptr(0))]byte = [unsafe.Sizeof(mmsghdr{})]byte{}

// recvReader reads a packet socket with recvmmsg(2). The kernel fills the
// memory that the headers point to; Go's collector does not move it.
type recvReader struct {
	msgs     []mmsghdr
	vecs     []unix.Iovec
	names    []unix.RawSockaddrLinklayer
	controls []byte
	mem      []byte
	other    []byte // as mem, once frames were lent
	each     int    // bytes of mem for one packet, with headroom
	got      int
	drops    uint32 // the kernel's running count, which wraps
	buffer   int
}

// newRecvReader gives the socket a large buffer and prepares the batch.
func newRecvReader(fd, bytes, snap int) (*recvReader, error) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes) != nil {
		// Without CAP_NET_ADMIN net.core.rmem_max is the limit.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes); err != nil {
			return nil, fmt.Errorf("receive buffer: %w", err)
		}
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1); err != nil {
		return nil, fmt.Errorf("ask for the count of drops: %w", err)
	}
	// SetSnapLen may raise the length later.
	const room = MaxSnapLen + packetHeadroom
	n := min(max(recvBatchBytes/room, recvMinBatch), recvMaxBatch)
	r := &recvReader{
		msgs:     make([]mmsghdr, n),
		vecs:     make([]unix.Iovec, n),
		names:    make([]unix.RawSockaddrLinklayer, n),
		controls: make([]byte, n*recvControlBytes),
		mem:      make([]byte, n*room),
		each:     room,
	}
	// The kernel doubles what was set, for its own book-keeping.
	if size, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
		r.buffer = size / 2
	}
	for i := range r.msgs {
		r.vecs[i].Base = &r.mem[i*r.each+packetHeadroom]
		r.vecs[i].SetLen(r.each - packetHeadroom)
		r.msgs[i].hdr.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		r.msgs[i].hdr.Iov = &r.vecs[i]
		r.msgs[i].hdr.SetIovlen(1)
		r.msgs[i].hdr.Control = &r.controls[i*recvControlBytes]
	}
	return r, nil
}

func (r *recvReader) ready(fd int) (bool, error) {
	for i := range r.msgs {
		r.msgs[i].hdr.Namelen = unix.SizeofSockaddrLinklayer
		r.msgs[i].hdr.SetControllen(recvControlBytes)
		r.msgs[i].hdr.Flags = 0
	}
	n, err := receive(fd, r.msgs)
	if err == unix.EAGAIN {
		return false, nil
	}
	r.got = n
	return n > 0, err
}

func (r *recvReader) many() bool { return r.got >= recvMany }

func (r *recvReader) batch(l *Live) {
	for i := range r.got {
		m := &r.msgs[i]
		start := i*r.each + packetHeadroom
		n := min(int(m.len), r.each-packetHeadroom)
		name := (*[unix.SizeofSockaddrLinklayer]byte)(unsafe.Pointer(&r.names[i]))
		a := arrival{origLen: int(m.len), from: readLinkAddr(name[:])}
		net := 0
		control := r.controls[i*recvControlBytes:]
		r.readControl(l, control[:min(int(m.hdr.Controllen), recvControlBytes)], &a, &net)
		l.add(r.mem, start, start+min(net, n), start+n, &a)
	}
}

// readControl reads the control messages of a packet: struct cmsghdr
// (length, level, type; 16 bytes on 64-bit systems) and the value of each.
func (r *recvReader) readControl(l *Live, b []byte, a *arrival, net *int) {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		if int(h.Len) < unix.SizeofCmsghdr || int(h.Len) > len(b) {
			return
		}
		v := b[unix.CmsgLen(0):h.Len]
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS && len(v) >= int(unsafe.Sizeof(unix.Timespec{})):
			a.time = Stamp((*unix.Timespec)(unsafe.Pointer(&v[0])).Nano())
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(v) >= 4:
			if now := binary.NativeEndian.Uint32(v); now != r.drops {
				l.lost(uint64(now - r.drops))
				r.drops = now
			}
		case h.Level == unix.SOL_PACKET && h.Type == unix.PACKET_AUXDATA && len(v) >= int(unsafe.Sizeof(unix.TpacketAuxdata{})):
			x := (*unix.TpacketAuxdata)(unsafe.Pointer(&v[0]))
			a.origLen, a.status = int(x.Len), x.Status
			a.tci, a.tpid = x.Vlan_tci, x.Vlan_tpid
			*net = int(x.Net)
		}
		b = b[min(len(b), unix.CmsgSpace(int(h.Len)-unix.CmsgLen(0))):]
	}
}

func (r *recvReader) release() { r.got = 0 }

// left is false: what was not received before the socket was closed is gone.
func (r *recvReader) left() bool { return false }

// backlog asks for SO_MEMINFO: nine words, of which the first is the memory
// that waiting packets take and the second its limit.
func (r *recvReader) backlog(fd int) float64 {
	var info [9]uint32
	err := socketOption(fd, unix.SOL_SOCKET, unix.SO_MEMINFO, unsafe.Pointer(&info), unsafe.Sizeof(info))
	if err != nil || info[1] == 0 {
		return 0
	}
	return float64(info[0]) / float64(info[1])
}

// lasts assumes the worst: what is in the buffer takes far more memory than its
// bytes.
func (r *recvReader) lasts([]Frame) time.Duration { return recvLasts }

func (r *recvReader) method() string {
	return fmt.Sprintf("recvmmsg with a buffer of %d KiB", r.buffer>>10)
}

func (r *recvReader) free() {}
