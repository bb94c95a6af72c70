//go:build !unix

package main

import "os"

// passedSignals: other systems have none.
func passedSignals() []os.Signal { return nil }
