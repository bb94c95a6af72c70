//go:build amd64 || arm64

package drive

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// dropCapabilities gives up, in all threads, what the binary's file
// capabilities gave this process, and only then lets the command, which is the
// same user's, look into it: who may write the memory of a process has the
// rights of its every thread. Root keeps what is root's, for the command is to
// have it.
func dropCapabilities() error {
	if os.Geteuid() == 0 {
		return nil
	}
	_, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0)
	if errno != 0 && errno != unix.EINVAL { // EINVAL: before Linux 4.3 there are none
		return fmt.Errorf("give up the tracer's ambient capabilities: %v", errno)
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	none := &[2]unix.CapUserData{}
	pin.Pin(header)
	pin.Pin(none)
	if _, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(header)), uintptr(unsafe.Pointer(none)), 0); errno != 0 {
		return fmt.Errorf("give up the tracer's capabilities: %v", errno)
	}
	// Who started it sees then what is traced (PR_SET_DUMPABLE of prctl(2)).
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("open the tracer to its own user: %v", err)
	}
	return nil
}
