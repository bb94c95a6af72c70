package drive

import (
	"net/netip"
	"slices"
	"sync"
)

// How much is remembered of what a wrapped command owns. Beyond it the oldest
// is forgotten.
const (
	maxOwnedPairs = 1 << 17
	maxBoundPer   = 64 // addresses of one port
	maxPending    = 1 << 12
)

// pairOfEnds is a connection, seen from the command.
type pairOfEnds struct{ local, remote netip.AddrPort }

// whose says which process connects; the zero value where that was not told.
type whose struct {
	pid     int
	program string
}

// owned is the set of connections of a wrapped command. The zero value is
// empty and ready. Nothing is taken out when a connection ends, for its last
// frames may still be on their way through the capture.
type owned struct {
	mu      sync.RWMutex
	pairs   map[pairOfEnds]whose
	order   []pairOfEnds // a ring once it is full
	next    int
	bound   map[uint16][]netip.Addr
	pending map[netip.AddrPort]int // by remote: connects under way
}

// plain takes from an address what frames do not carry: the zone, and the
// mapping of IPv4 into IPv6.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// add takes in a connection, or, where remote is not valid, a local address
// to which others may connect. What has no port says nothing.
func (o *owned) add(local, remote netip.AddrPort, by whose) {
	local, remote = plain(local), plain(remote)
	if local.Port() == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !remote.IsValid() || local.Addr().IsUnspecified() && remote.Port() == 0 {
		o.addBound(local)
		return
	}
	p := pairOfEnds{local, remote}
	if old, ok := o.pairs[p]; ok {
		if old == (whose{}) {
			o.pairs[p] = by
		}
		return
	}
	if o.pairs == nil {
		o.pairs = make(map[pairOfEnds]whose)
	}
	o.pairs[p] = by
	if len(o.order) < maxOwnedPairs {
		o.order = append(o.order, p)
		return
	}
	delete(o.pairs, o.order[o.next])
	o.order[o.next] = p
	o.next = (o.next + 1) % maxOwnedPairs
}

func (o *owned) addBound(local netip.AddrPort) {
	if o.bound == nil {
		o.bound = make(map[uint16][]netip.Addr)
	}
	list := o.bound[local.Port()]
	for _, a := range list {
		if a == local.Addr() {
			return
		}
	}
	if len(list) < maxBoundPer {
		o.bound[local.Port()] = append(list, local.Addr())
	}
}

// connecting counts a connect to remote as under way, or no longer.
func (o *owned) connecting(remote netip.AddrPort, by int) {
	remote = plain(remote)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pending == nil {
		o.pending = make(map[netip.AddrPort]int)
	}
	if by > 0 && len(o.pending) >= maxPending {
		clear(o.pending)
	}
	if n := o.pending[remote] + by; n > 0 {
		o.pending[remote] = n
	} else {
		delete(o.pending, remote)
	}
}

func (o *owned) owns(local, remote netip.AddrPort) bool {
	local, remote = plain(local), plain(remote)
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, a := range o.bound[local.Port()] {
		if a == local.Addr() || a == netip.IPv6Unspecified() || a.IsUnspecified() && local.Addr().Is4() {
			return true
		}
	}
	if _, ok := o.pairs[pairOfEnds{local, remote}]; ok {
		return true
	}
	// After a connect that failed the kernel has forgotten the address, and
	// still tells the port.
	for _, a := range [...]netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if _, ok := o.pairs[pairOfEnds{netip.AddrPortFrom(a, local.Port()), remote}]; ok {
			return true
		}
	}
	return false
}

// near reports whether a port is bound at a loopback address.
func (o *owned) near(port uint16) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return slices.ContainsFunc(o.bound[port], netip.Addr.IsLoopback)
}

// whose returns which process has connected local to remote.
func (o *owned) whose(local, remote netip.AddrPort) whose {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.pairs[pairOfEnds{plain(local), plain(remote)}]
}

func (o *owned) isPending(remote netip.AddrPort) bool {
	remote = plain(remote)
	o.mu.RLock()
	defer o.mu.RUnlock()
	// A connect to the wildcard address reaches this machine itself.
	for _, a := range [...]netip.Addr{remote.Addr(), netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		if o.pending[netip.AddrPortFrom(a, remote.Port())] > 0 {
			return true
		}
	}
	return false
}
