package capture

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls that come with every batch, and never wait. Go's scheduler is
// not told of them: once all its processors are idle, as between two batches,
// it would wake its monitor (sysmon of runtime/proc.go) at the first call of
// which it is told, and that costs as much as to read the batch.

// socketOption reads a socket's option into to, which has size bytes.
func socketOption(fd, level, name int, to unsafe.Pointer, size uintptr) error {
	length := uint32(size)
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(to), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// socketFault takes the error that a socket reports.
func socketFault(fd int) error {
	var n int32
	if err := socketOption(fd, unix.SOL_SOCKET, unix.SO_ERROR, unsafe.Pointer(&n), unsafe.Sizeof(n)); err != nil {
		return err
	}
	if n != 0 {
		return unix.Errno(n)
	}
	return nil
}

// receive takes the packets that are there.
func receive(fd int, msgs []mmsghdr) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd),
		uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)), unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Waiting reports whether the kernel has packets that Next has not given out,
// or that are in use. Unlike the others it may be called while Next runs.
func (l *Live) Waiting() bool {
	waiting := false
	_ = l.control(func(fd int) { // fails only after Close
		p := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p[:], 0)
		waiting = err == nil && n > 0 && p[0].Revents&unix.POLLIN != 0
	})
	return waiting
}
