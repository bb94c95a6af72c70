//go:build !unix

package main

import "os"

// writeSignals: other systems have none.
func writeSignals() []os.Signal { return nil }

// passedSignals: other systems have none.
func passedSignals() []os.Signal { return nil }
