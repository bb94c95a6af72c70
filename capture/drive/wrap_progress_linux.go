//go:build amd64 || arm64

package drive

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newSharedMemory makes the memory of a progress, as a file to hand on.
func newSharedMemory() (*os.File, error) {
	fd, err := unix.MemfdCreate("tcpsee-progress", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "progress")
	if err := f.Truncate(int64(unsafe.Sizeof(progress{}))); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// mapProgress returns the progress in a shared memory. It stays until the process
// ends.
func mapProgress(f *os.File) (*progress, error) {
	mem, err := unix.Mmap(int(f.Fd()), 0, int(unsafe.Sizeof(progress{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return (*progress)(unsafe.Pointer(&mem[0])), nil
}

// begin notes that the time of a call may be taken from now on.
func (t *tracing) begin() {
	if p := t.h.progress; p.since.Load() == 0 {
		p.since.Store(time.Now().UnixNano())
	}
}

// end notes that the calls whose time was taken have been sent, but those that
// are told when they return.
func (t *tracing) end() {
	kept, oldest := t.untold[:0], int64(0)
	for _, k := range t.untold {
		if k.call == nil || k.call.told {
			continue
		}
		kept = append(kept, k)
		if at := k.call.began.UnixNano(); oldest == 0 || at < oldest {
			oldest = at
		}
	}
	t.untold = kept
	t.h.progress.since.Store(oldest)
}
