//go:build amd64 || arm64

package drive

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// What is read of a traced process's memory in one call, at most. The kernel
// itself takes no more than UIO_MAXIOV, 1024, of buffers and of messages.
const (
	maxVectors    = 1024    // of readv, writev and the like
	maxMessages   = 1024    // of sendmmsg and recvmmsg
	maxAllVectors = 1 << 14 // of all messages of one call
	maxSockaddr   = 28      // struct sockaddr_in6
	vectorSize    = 16      // struct iovec
	messageSize   = 56      // struct msghdr
	maxControl    = 4096    // of its control messages: the kernel passes 253 descriptors at once
	messagesSize  = 64      // struct mmsghdr
	messagesCount = 56      // of msg_len in it
)

// buffer is a piece of a traced process's memory.
type buffer struct{ at, size uint64 }

// readMemory reads n bytes at an address of a process; nil where it cannot.
func readMemory(tid int, at uint64, n int) []byte {
	if at == 0 || n <= 0 {
		return nil
	}
	b := make([]byte, n)
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(n)
	got, err := unix.ProcessVMReadv(tid, local, []unix.RemoteIovec{{Base: uintptr(at), Len: n}}, 0)
	if err != nil || got <= 0 {
		return nil
	}
	return b[:got]
}

// readData reads the first n bytes of buffers, at most MaxCallData.
func readData(tid int, buffers []buffer, n int) []byte {
	n = min(n, MaxCallData)
	var out []byte
	for _, b := range buffers {
		take := n - len(out)
		if take <= 0 {
			break
		}
		if b.size < uint64(take) {
			take = int(b.size)
		}
		part := readMemory(tid, b.at, take)
		out = append(out, part...)
		if len(part) < take {
			break
		}
	}
	return out
}

// readVectors reads an array of struct iovec.
func readVectors(tid int, at, count uint64) []buffer {
	raw := readMemory(tid, at, vectorSize*int(min(count, maxVectors)))
	var list []buffer
	for ; len(raw) >= vectorSize; raw = raw[vectorSize:] {
		list = append(list, buffer{binary.NativeEndian.Uint64(raw), binary.NativeEndian.Uint64(raw[8:])})
	}
	return list
}

// readMessage reads the buffers of a struct msghdr, and its address.
func readMessage(tid int, at uint64) (list []buffer, name buffer) {
	raw := readMemory(tid, at, messageSize)
	if len(raw) < messageSize {
		return nil, buffer{}
	}
	word := func(at int) uint64 { return binary.NativeEndian.Uint64(raw[at:]) }
	name = buffer{word(0), uint64(binary.NativeEndian.Uint32(raw[8:]))}
	return readVectors(tid, word(16), word(24)), name
}

// readMessages reads the buffers of an array of struct mmsghdr.
func readMessages(tid int, at, count uint64) []buffer {
	var list []buffer
	for i := range min(count, maxMessages) {
		more, _ := readMessage(tid, at+i*messagesSize)
		if list = append(list, more...); len(list) >= maxAllVectors {
			break
		}
	}
	return list
}

// readRights reads the descriptors that a struct msghdr carries along (unix(7),
// SCM_RIGHTS).
func readRights(tid int, at uint64) []int {
	raw := readMemory(tid, at, messageSize)
	if len(raw) < messageSize {
		return nil
	}
	control := readMemory(tid, binary.NativeEndian.Uint64(raw[32:]), int(min(binary.NativeEndian.Uint64(raw[40:]), maxControl)))
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	var fds []int
	for i := range messages {
		list, err := unix.ParseUnixRights(&messages[i])
		if err == nil {
			fds = append(fds, list...)
		}
	}
	return fds
}

// sumMessages adds up what each of count messages moved.
func sumMessages(tid int, at uint64, count int) int {
	sum := 0
	for i := range uint64(min(count, maxMessages)) {
		if raw := readMemory(tid, at+i*messagesSize+messagesCount, 4); len(raw) == 4 {
			sum += int(binary.NativeEndian.Uint32(raw))
		}
	}
	return sum
}

// total is how many bytes buffers hold.
func total(buffers []buffer) int {
	sum := uint64(0)
	for _, b := range buffers {
		sum += b.size
	}
	return int(min(sum, 1<<31-1))
}

// readInt reads an int; 0 where it cannot.
func readInt(tid int, at uint64) int {
	raw := readMemory(tid, at, 4)
	if len(raw) < 4 {
		return 0
	}
	return int(int32(binary.NativeEndian.Uint32(raw)))
}

// readSockaddr reads a struct sockaddr_in or sockaddr_in6.
func readSockaddr(tid int, at, size uint64) (family int, a netip.AddrPort) {
	return parseSockaddr(readMemory(tid, at, int(min(size, maxSockaddr))))
}

// parseSockaddr takes a struct sockaddr apart (ip(7), ipv6(7)). The family is
// -1 where there is none; the address is invalid where it is another family's
// or too short.
func parseSockaddr(b []byte) (family int, a netip.AddrPort) {
	if len(b) < 2 {
		return -1, a
	}
	family = int(binary.NativeEndian.Uint16(b))
	switch {
	case family == unix.AF_INET && len(b) >= 8:
		a = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:]))
	case family == unix.AF_INET6 && len(b) >= 24:
		a = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])).Unmap(), binary.BigEndian.Uint16(b[2:]))
	}
	return family, a
}

// optionText says what a setsockopt sets; "" for one that is not reported.
func optionText(tid int, level, name, at, size uint64) string {
	if size < 4 {
		return ""
	}
	n := readInt(tid, at)
	var label string
	switch {
	case level == unix.SOL_SOCKET && name == unix.SO_LINGER && size >= 8:
		return fmt.Sprintf("SO_LINGER %s, %d s", onOff(n), readInt(tid, at+4))
	case level == unix.SOL_SOCKET && (name == unix.SO_RCVBUF || name == unix.SO_SNDBUF):
		label = "SO_RCVBUF"
		if name == unix.SO_SNDBUF {
			label = "SO_SNDBUF"
		}
		return fmt.Sprintf("%s %d", label, n)
	case level == unix.SOL_SOCKET:
		label = map[uint64]string{unix.SO_REUSEADDR: "SO_REUSEADDR", unix.SO_REUSEPORT: "SO_REUSEPORT", unix.SO_KEEPALIVE: "SO_KEEPALIVE"}[name]
	case level == unix.IPPROTO_TCP:
		label = map[uint64]string{unix.TCP_NODELAY: "TCP_NODELAY", unix.TCP_CORK: "TCP_CORK", unix.TCP_QUICKACK: "TCP_QUICKACK"}[name]
	case level == unix.IPPROTO_IPV6 && name == unix.IPV6_V6ONLY:
		label = "IPV6_V6ONLY"
	}
	if label == "" {
		return ""
	}
	return label + " " + onOff(n)
}

func onOff(n int) string {
	if n != 0 {
		return "on"
	}
	return "off"
}
