//go:build !windows && (netdrive || !(linux || darwin))

package drive

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const errTimedOut = syscall.ETIMEDOUT

func errnoName(e syscall.Errno) string { return unix.ErrnoName(e) }
