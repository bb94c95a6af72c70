//go:build !netdrive

package drive

import "golang.org/x/sys/unix"

// noSignal keeps a send to a closed connection from raising SIGPIPE.
const noSignal = unix.MSG_NOSIGNAL

func streamSocket(domain int) (int, error) {
	return unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
}

// unread returns how many bytes have been received and not read; 0 where that is
// not known.
func (s *sock) unread() (n int) {
	_ = s.control(func(fd int) error {
		n = unreadAt(fd)
		return nil
	})
	return n
}

func acceptSocket(fd int) (int, error) {
	nfd, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return nfd, err
}
