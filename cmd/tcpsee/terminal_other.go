//go:build !linux && !darwin

package main

import (
	"os"

	"golang.org/x/term"
)

// inForeground: there is no job control here.
func inForeground(*os.File) bool { return true }

// makeRaw switches a terminal to raw mode; Ctrl-C is a byte there.
func makeRaw(f *os.File) (*term.State, error) { return term.MakeRaw(int(f.Fd())) }

// awaitInput does nothing here: reading waits.
func awaitInput(*os.File) {}

// followJobs has nothing to follow here.
func (e *lineEditor) followJobs() {}

// suspend: there is no job control here.
func (e *lineEditor) suspend() {}
