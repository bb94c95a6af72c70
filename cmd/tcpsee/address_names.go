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

// maxLearned is how many addresses' names from DNS are remembered; the oldest
// is forgotten first.
const maxLearned = 4096

// learnedNames remembers the names that DNS answers in a capture tell. It
// belongs to whoever draws events, for a row says what is known by then.
type learnedNames struct {
	names map[netip.Addr]string
	order []netip.Addr // keys of names, from the oldest on
	first int          // the oldest of order, once that is full
}

// namer gives the names that the capture says itself, and those that were
// learned.
func (n *learnedNames) namer(src capture.Source) func(netip.Addr) string {
	said := namesIn(src)
	return func(a netip.Addr) string {
		if name := said(a); name != "" {
			return name
		}
		return n.names[a]
	}
}

// hear takes what a message tells. The name by which an address was asked for
// is better than what its owner calls it.
func (n *learnedNames) hear(m *conn.Lookup) {
	if n == nil {
		return
	}
	for i := range m.Answers {
		a := &m.Answers[i]
		if old, known := n.names[a.Addr]; !a.Addr.IsUnspecified() && (!known || !a.Pointer && old != a.Name) {
			n.learn(a.Addr, a.Name, known)
		}
	}
}

func (n *learnedNames) learn(a netip.Addr, name string, known bool) {
	switch {
	case known:
	case len(n.order) < maxLearned:
		if n.names == nil {
			n.names = make(map[netip.Addr]string)
		}
		n.order = append(n.order, a)
	default:
		delete(n.names, n.order[n.first])
		n.order[n.first] = a
		n.first = (n.first + 1) % maxLearned
	}
	n.names[a] = name
}

// namesIn gives the names that a capture says itself.
func namesIn(src capture.Source) func(netip.Addr) string {
	var known map[netip.Addr]string
	reads := 0
	return func(a netip.Addr) string {
		if known[a] == "" && reads < maxNameReads {
			known = namesOf(src)
			reads++
		}
		return known[a]
	}
}

// namesOf returns the names that src has by now, if it is one that has names.
func namesOf(src capture.Source) map[netip.Addr]string {
	if n, ok := src.(capture.Namer); ok {
		return n.Names()
	}
	return nil
}

// nameKeeper writes the names that become known into a file of packets, each
// before the packets that come after it: those that the capture has, and those
// that tcpsee was told to connect to.
type nameKeeper struct {
	on      bool
	src     capture.Source
	reads   int // of the names of src: as namesIn's
	had     int // how many names it had
	written int
	names   map[netip.Addr]string
}

// write writes all names, where there are more than there were.
func (n *nameKeeper) write(out frameWriter) error {
	if !n.on {
		return nil
	}
	if n.reads < maxNameReads {
		n.reads++
		if known := namesOf(n.src); len(known) > n.had {
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
