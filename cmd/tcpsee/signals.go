package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// endSignals are what asks tcpsee to end: Ctrl-C, SIGTERM, and the terminal
// that closes, unless nohup(1) has had that ignored.
func endSignals() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// hasTerminal reports whether this process has a terminal from which Ctrl-C may
// come: to it and to all that it has started.
func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err == nil {
		f.Close()
	}
	return err == nil
}

// survivePipes makes a reader that has left an error of writing, which ends
// the command with its files whole, in place of the signal that Go ends itself
// with. Programs that are started keep the signal: it is not ignored.
func survivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// interruptible returns a context that ends with the first of endSignals.
// A second one ends the process at once, with what has been drawn.
func interruptible(parent context.Context) (context.Context, func()) {
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
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
