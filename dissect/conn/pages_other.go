//go:build !linux

package conn

import "unsafe"

// largePages does nothing: only Linux is asked.
func largePages(unsafe.Pointer, uintptr) {}
