//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// windowChanges tells when the size of the terminal has changed.
func windowChanges() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1) // one is as good as many: the size is asked for then
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}
