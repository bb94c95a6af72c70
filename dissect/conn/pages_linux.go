package conn

import (
	"syscall"
	"unsafe"
)

const (
	hugePage      = 2 << 20
	adviseHuge    = 14 // MADV_HUGEPAGE of madvise(2)
	minHugeBuffer = 1 << 20
)

// largePages asks the system for large pages behind memory that has not been
// used yet: with small ones, finding the page is most of what a look-up among
// many connections costs. Where the system has none to give, nothing changes.
func largePages(at unsafe.Pointer, size uintptr) {
	if size < minHugeBuffer {
		return
	}
	from := uintptr(at) &^ (hugePage - 1)
	to := (uintptr(at) + size + hugePage - 1) &^ (hugePage - 1)
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, adviseHuge)
}
