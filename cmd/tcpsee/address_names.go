package main

import (
	"net/netip"

	"tcpsee/capture"
)

// maxNameReads bounds how often the names of a capture are asked for anew:
// there may be many, and blocks of them usually stand in front.
const maxNameReads = 64

// addressNamer gives the names that a capture has for addresses, nil where it
// can have none. It is used while a frame is drawn.
func addressNamer(src capture.Source) func(netip.Addr) string {
	n, ok := src.(capture.Namer)
	if !ok {
		return nil
	}
	var known map[netip.Addr]string
	reads := 0
	return func(a netip.Addr) string {
		if known[a] == "" && reads < maxNameReads {
			known = n.Names()
			reads++
		}
		return known[a]
	}
}
