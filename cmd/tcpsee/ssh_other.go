//go:build !linux

package main

// sshSessions finds none: how to is known for Linux only.
func sshSessions() []endpoints { return nil }
