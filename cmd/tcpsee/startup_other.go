//go:build !linux

package main

// forgetStartup is done on Linux only.
func forgetStartup() {}
