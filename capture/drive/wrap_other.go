//go:build !linux || !(amd64 || arm64)

package drive

import (
	"fmt"
	"os"
	"runtime"
)

// terminal is what a wrapped command's own terminal would be.
type terminal struct{}

func (*terminal) begin() error { return nil }
func (*terminal) drain()       {}
func (*terminal) giveBack()    {}
func (*terminal) end()         {}

// Wrap starts a command and traces it: on Linux with amd64 or arm64 only.
func Wrap(WrapOptions, Reporter) (*Wrapped, error) {
	return nil, fmt.Errorf("wrapping a command is not written for %s on %s: it needs Linux's ptrace, on amd64 or arm64", runtime.GOOS, runtime.GOARCH)
}

// WrapHelper is the tracer; see Wrap.
func WrapHelper([]string) (status int, ok bool) { return 0, false }

// Signal sends a signal to the command.
func (*Wrapped) Signal(os.Signal) error { return fmt.Errorf("no wrapped command on %s", runtime.GOOS) }
