package main

import (
	"net"
	"net/netip"
	"time"

	"tcpsee/dissect"
)

// ownAddresses knows which addresses are this machine's, as they come and go.
// The zero value is ready.
type ownAddresses struct {
	at   time.Time // of list
	list []netip.Addr
}

// has reports whether an address is one of this machine's at a time that is now,
// or was when the list was last made, up to socketsStay ago.
func (o *ownAddresses) has(a netip.Addr, now time.Time) bool {
	a = a.Unmap().WithZone("")
	if a.IsLoopback() {
		return true
	}
	if now.Sub(o.at) > socketsStay || now.Before(o.at) {
		o.at = now
		o.list = o.list[:0]
		known, _ := net.InterfaceAddrs()
		for _, k := range known {
			if p, err := netip.ParsePrefix(k.String()); err == nil {
				o.list = append(o.list, p.Addr().Unmap())
			}
		}
	}
	for _, x := range o.list {
		if x == a {
			return true
		}
	}
	return false
}

// maxAtPort bounds atPort.known.
const maxAtPort = 1 << 8

// atPort lets through what concerns a port of this machine, at whichever of its
// addresses: the same port of another machine is a server's that somebody here
// calls.
type atPort struct {
	port  uint16
	own   ownAddresses
	known map[netip.Addr]bool // this machine's, of packets so far: one that is taken away still has its connections
	now   func() time.Time
}

func newAtPort(port uint16) *atPort {
	return &atPort{port: port, known: make(map[netip.Addr]bool), now: time.Now}
}

func (t *atPort) pass(p *dissect.Packet) bool {
	switch p.Content {
	case dissect.ContentTCP:
		return t.here(p.Dst()) || t.here(p.Src())
	case dissect.ContentUDP:
		return t.here(p.Dst())
	case dissect.ContentICMP:
		return !p.ICMP.Error || !p.ICMP.QuotedTCP || t.here(p.ICMP.QuotedDst) || t.here(p.ICMP.QuotedSrc)
	}
	return true
}

func (t *atPort) here(at netip.AddrPort) bool {
	if at.Port() != t.port {
		return false
	}
	a := at.Addr()
	if t.known[a] {
		return true
	}
	mine := t.own.has(a, t.now())
	if mine && len(t.known) < maxAtPort {
		t.known[a] = true
	}
	return mine
}
