package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	"tcpsee/dissect"
)

// endpoints are the two ends of a connection, in either order.
type endpoints struct{ a, b netip.AddrPort }

// leaveOut returns a test that stops the packets of some connections, nil for
// none.
func leaveOut(list []endpoints) func(*dissect.Packet) bool {
	if len(list) == 0 {
		return nil
	}
	out := make(map[endpoints]bool)
	for _, e := range list {
		out[e], out[endpoints{e.b, e.a}] = true, true
	}
	return func(p *dissect.Packet) bool {
		if p.Content != dissect.ContentTCP {
			return true
		}
		return !out[endpoints{p.Src(), p.Dst()}]
	}
}

// lookupTime is how long a name in a filter may take to resolve.
const lookupTime = 10 * time.Second

// lookupHost resolves a name with the system's means.
func lookupHost(name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return list, err
}
