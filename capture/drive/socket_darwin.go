//go:build !netdrive

package drive

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// noSignal is nothing: macOS has SO_NOSIGPIPE on the socket instead.
const noSignal = 0

func streamSocket(domain int) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(domain, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, err
	}
	return fd, quiet(fd)
}

func acceptSocket(fd int) (int, error) {
	syscall.ForkLock.RLock()
	nfd, _, err := unix.Accept(fd)
	if err == nil {
		unix.CloseOnExec(nfd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, err
	}
	return nfd, quiet(nfd)
}

// unread is not asked for here: what a close with bytes unread sends is told by
// Linux's rules.
func (s *sock) unread() int { return 0 }

// quiet keeps a send to a closed connection from raising SIGPIPE, and closes
// fd where it cannot.
func quiet(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1)
	if err != nil {
		_ = unix.Close(fd)
	}
	return err
}
