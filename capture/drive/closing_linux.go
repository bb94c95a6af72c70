package drive

import "golang.org/x/sys/unix"

// unreadAt returns how many bytes a TCP socket has received that its program has
// not read; 0 where that is not known (tcp(7), SIOCINQ).
func unreadAt(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	if err != nil { // it listens
		return 0
	}
	return n
}
