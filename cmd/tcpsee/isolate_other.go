//go:build !linux

package main

import (
	"errors"
	"runtime"
)

var errNotIsolated = errors.New("namespaces are a thing of Linux, and this is " + runtime.GOOS)

func isIsolated() bool { return false }

func (a *app) runIsolated([]string) (int, error) { return 0, errNotIsolated }

func enterIsolated() error { return errNotIsolated }

func isolationAdvice() string { return "" }

func loopbackUp() error { return nil }
