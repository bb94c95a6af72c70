//go:build !linux

package main

import (
	"errors"
	"runtime"
)

// errNoNames says that processes are named on Linux only.
var errNoNames = errors.New("the names of processes are not asked for on " + runtime.GOOS)

// startNames fails here: names come from sock_diag(7) and /proc.
func startNames(namesOptions) (*names, error) { return nil, errNoNames }

func serveNames() error { return errNoNames }
