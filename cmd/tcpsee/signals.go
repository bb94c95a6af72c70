package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// interruptible returns a context that ends with the first Ctrl-C or SIGTERM.
// A second one ends the process at once, with what has been drawn.
func interruptible(parent context.Context) (context.Context, func()) {
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var over atomic.Bool
	go func() {
		for range signals {
			if over.Swap(true) {
				os.Exit(exitFailure)
			}
			if isTerminal(os.Stderr) {
				_, _ = os.Stderr.WriteString("\r") // over the ^C that the terminal has echoed
			}
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
