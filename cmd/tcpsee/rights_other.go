//go:build !linux

package main

// becomeUser does nothing here: under sudo this process stays root until it
// ends. Files that it makes are given to the user who called sudo.
func becomeUser() error { return nil }

// confine does nothing here: neither capabilities nor Landlock exist on this
// system, and what it has instead is not used. The process that parses packets
// keeps the rights of the one that opened the capture.
func confine(confinement) error { return nil }

// mapsAccount reports that a user exists: there are no user namespaces here.
func mapsAccount(account) bool { return true }
