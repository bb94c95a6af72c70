//go:build unix

package main

import "golang.org/x/sys/unix"

// openFiles returns how many files this process may have open at once, and how
// many more that lets it open, of which no more than enough are counted. It
// opens none itself. The limit is the hard one already: Go raises the other.
func openFiles(enough int) (limit, free int) {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return enough, enough
	}
	limit = int(min(r.Cur, 1<<30))
	for fd := 0; fd < limit && free < enough; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			free++
		}
	}
	return limit, free
}
