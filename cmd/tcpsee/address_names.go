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
	on    bool
	names map[netip.Addr]string // all so far
	news  map[netip.Addr]string // that were not written
}

// take takes a name.
func (n *nameKeeper) take(a netip.Addr, name string) {
	if !n.on || n.names[a] == name {
		return
	}
	if n.names == nil {
		n.names, n.news = make(map[netip.Addr]string), make(map[netip.Addr]string)
	}
	n.names[a], n.news[a] = name, name
}

// write writes the names that have come since it did.
func (n *nameKeeper) write(out capture.FrameWriter) error {
	if len(n.news) == 0 {
		return nil
	}
	defer clear(n.news)
	return out.WriteNames(n.news)
}

// resolved takes the name that a call has looked up: "host: address, address".
func (n *nameKeeper) resolved(c *conn.Call) {
	host, list, ok := strings.Cut(c.Args, ": ")
	if c.Name != "resolve" || !ok {
		return
	}
	for _, s := range strings.Split(list, ", ") {
		a, err := netip.ParseAddr(s)
		if err == nil {
			n.take(a, host)
		}
	}
}
