package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// keyboardSignals are those that a terminal sends to all that run in it: Ctrl-C
// and Ctrl-\.
func keyboardSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGQUIT} }

// endSignals are what asks tcpsee to end: keyboardSignals first, SIGTERM, and
// the terminal that closes, unless nohup(1) has had that ignored.
func endSignals() []os.Signal {
	list := append(keyboardSignals(), syscall.SIGTERM)
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

// survivePipes makes a reader that has left, and a file that may not grow, an
// error of writing, which ends the command with its files whole, in place of the
// signal that Go ends itself with. Programs that are started keep the signal: it
// is not ignored.
func survivePipes() {
	signal.Notify(make(chan os.Signal, 1), append(writeSignals(), syscall.SIGPIPE)...)
}

// overEcho has the next line written over the ^C that the terminal has echoed.
func overEcho() {
	if isTerminal(os.Stderr) {
		_, _ = os.Stderr.WriteString("\r")
	}
}

// impatience is how long after a first signal a second one means that somebody
// does not want to wait: timeout(1) sends each twice.
const impatience = 400 * time.Millisecond

// interruptible returns a context that ends with the first of endSignals. One
// that comes later than impatience after it ends the process at once, with what
// has been drawn, after abandon has been called.
func interruptible(parent context.Context, abandon ...func()) (context.Context, func()) {
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	go func() {
		var first time.Time
		for range signals {
			switch {
			case first.IsZero():
				first = time.Now()
			case time.Since(first) > impatience:
				for _, f := range abandon {
					f()
				}
				os.Exit(exitFailure)
			default:
				continue
			}
			overEcho()
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}
