//go:build !profile

package main

// profiled runs a command line: this is no profiling build.
func profiled(run func() int) int { return run() }
