//go:build !linux

package main

import (
	"errors"
	"runtime"
)

// exitCannotCapture is not used here; see isolate_linux.go.
const exitCannotCapture = 99

var errNotIsolated = errors.New("namespaces are a thing of Linux, and this is " + runtime.GOOS)

func isIsolated() bool { return false }

func (a *app) runIsolated([]string, int) (int, error) { return 0, errNotIsolated }

func enterIsolated() error { return errNotIsolated }

func isolationAdvice() string { return "" }

func loopbackUp() error { return nil }
