//go:build unix

package main

import (
	"os"
	"syscall"
)

// writeSignals would end a process whose write fails: that of a file that has
// become as long as ulimit -f allows is an error like others.
func writeSignals() []os.Signal { return []os.Signal{syscall.SIGXFSZ} }

// passedSignals are those that mean nothing to run, and something to many
// programs: it hands them on, as timeout(1) and sudo(8) do.
func passedSignals() []os.Signal {
	return []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGWINCH}
}
