//go:build amd64 || arm64

package drive

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// dropCapabilities gives up what the binary's file capabilities gave this
// process, and only then lets the command, which is the same user's, look into
// it. Root keeps what is root's, for the command is to have it.
func dropCapabilities() error {
	if os.Geteuid() == 0 {
		return nil
	}
	if err := KeepCapabilities(0); err != nil {
		return fmt.Errorf("in the tracer: %w", err)
	}
	// Who started it sees then what is traced (PR_SET_DUMPABLE of prctl(2)).
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("open the tracer to its own user: %w", err)
	}
	return nil
}
