//go:build !unix

package main

import "os"

// windowChanges tells nothing here: this system has no signal for it.
func windowChanges() (<-chan os.Signal, func()) { return nil, func() {} }
