//go:build !linux

package main

// forgetStartup is done on Linux only.
func forgetStartup() {}

// forgetRuntime is done on Linux only.
func forgetRuntime() {}
