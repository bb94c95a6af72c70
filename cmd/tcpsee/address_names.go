package main

import (
	"net/netip"
	"strings"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
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

// namerOf returns src as one that has names, nil where it is none.
func namerOf(src capture.Source) capture.Namer {
	n, _ := src.(capture.Namer)
	return n
}

// nameKeeper writes the names that become known into a file of packets, each
// before the packets that come after it: those that the capture has, and those
// that tcpsee was told to connect to.
type nameKeeper struct {
	on      bool
	namer   capture.Namer // nil where the source has no names
	reads   int           // of namer: as addressNamer's
	had     int           // how many names it had
	written int
	names   map[netip.Addr]string
}

// write writes all names, where there are more than there were.
func (n *nameKeeper) write(out frameWriter) error {
	if !n.on {
		return nil
	}
	if n.namer != nil && n.reads < maxNameReads {
		n.reads++
		if known := n.namer.Names(); len(known) > n.had {
			n.had = len(known)
			if n.names == nil {
				n.names = make(map[netip.Addr]string)
			}
			for a, name := range known {
				n.names[a] = name
			}
		}
	}
	if len(n.names) <= n.written {
		return nil
	}
	n.written = len(n.names)
	return out.WriteNames(n.names)
}

// resolved takes the name that a call has looked up: "host: address, address".
func (n *nameKeeper) resolved(c *conn.Call) {
	host, list, ok := strings.Cut(c.Args, ": ")
	if !n.on || c.Name != "resolve" || !ok {
		return
	}
	for _, s := range strings.Split(list, ", ") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			continue
		}
		if n.names == nil {
			n.names = make(map[netip.Addr]string)
		}
		n.names[a] = host
	}
}
