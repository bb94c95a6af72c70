package main

import "golang.org/x/sys/unix"

// How this system names the reading and the setting of a terminal's modes.
const (
	getModes = unix.TCGETS
	setModes = unix.TCSETS
)

// noCharacter switches a special character off (_POSIX_VDISABLE).
const noCharacter = 0
