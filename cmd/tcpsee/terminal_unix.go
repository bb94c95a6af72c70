//go:build linux || darwin

package main

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// inForeground reports whether f, a terminal, is this process's to read and to
// set. Another job's terminal would stop it (SIGTTIN, SIGTTOU); one that is no
// job's of ours, because it does not control this session, stops nobody.
func inForeground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// makeRaw switches a terminal to raw mode, in which Ctrl-C and Ctrl-\ are still
// signals where the terminal can send this process signals. Ctrl-Z is a byte.
func makeRaw(f *os.File) (*term.State, error) {
	fd := int(f.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	if _, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil {
		return before, nil // Ctrl-C is a byte there: interruptReader
	}
	if modes, err := unix.IoctlGetTermios(fd, getModes); err == nil {
		modes.Lflag |= unix.ISIG
		modes.Cc[unix.VSUSP] = noCharacter
		_ = unix.IoctlSetTermios(fd, setModes, modes)
	}
	return before, nil
}

// awaitInput returns when a terminal has something to read, or when that
// cannot be told.
func awaitInput(f *os.File) {
	fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != unix.EINTR {
			return
		}
	}
}

// stopGrace is how long a process that has told itself to stop may run on.
const stopGrace = 100 * time.Millisecond

// suspend does what Ctrl-Z asks for, with the terminal as it was. The signal is
// not one to be caught: Go keeps its handler for good, which does not stop.
func (e *lineEditor) suspend() {
	if signal.Ignored(unix.SIGTSTP) {
		return
	}
	e.leave()
	_ = unix.Kill(0, unix.SIGTSTP)
	time.Sleep(stopGrace) // over at once after fg and bg: time has gone by
	_ = e.take()          // without job control nothing has stopped it
}

// frontCheck is how often a job in the background looks whether fg has brought
// it to the front: no signal tells a job that runs.
const frontCheck = 250 * time.Millisecond

// followJobs takes the terminal when the shell hands it over (fg).
func (e *lineEditor) followJobs() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGCONT)
	check := time.NewTicker(frontCheck)
	go func() {
		defer check.Stop()
		for {
			select {
			case <-signals:
				_ = e.take()
			case <-check.C:
				raw, closed := e.has()
				if closed {
					return
				}
				if !raw {
					_ = e.take()
				}
			}
		}
	}()
}
