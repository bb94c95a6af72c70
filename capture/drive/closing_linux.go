package drive

import "golang.org/x/sys/unix"

// unreadAt returns how many bytes a TCP socket has received that its program has
// not read; 0 where that is not known (tcp(7), SIOCINQ).
func unreadAt(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	if err != nil { // it listens
		return 0
	}
	if p, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL); n == 1 && p == unix.IPPROTO_MPTCP {
		// MPTCP counts the end of the stream as a byte.
		n, _, _ = unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	}
	return max(n, 0)
}
