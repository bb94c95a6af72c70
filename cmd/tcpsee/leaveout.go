package main

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"tcpsee/dissect"
)

// endpoints are the two ends of a connection, in either order.
type endpoints struct{ a, b netip.AddrPort }

// leaveOut returns a test that stops the packets of a user's ssh sessions, nil for
// none. This machine's end of them comes first. What comes later from the same
// machines to the same server are that user's next terminals, and stopped too,
// unless the server's port is among those that were asked for.
func leaveOut(list []endpoints, asked []uint16) func(*dissect.Packet) bool {
	if len(list) == 0 {
		return nil
	}
	out := make(map[endpoints]bool)
	servers, clients := make(map[netip.AddrPort]bool), make(map[netip.Addr]bool)
	for _, e := range list {
		out[e], out[endpoints{e.b, e.a}] = true, true
		servers[e.a], clients[e.b.Addr()] = !slices.Contains(asked, e.a.Port()), true
	}
	later := func(server, client netip.AddrPort) bool { return servers[server] && clients[client.Addr()] }
	return func(p *dissect.Packet) bool {
		if p.Content != dissect.ContentTCP {
			return true
		}
		src, dst := p.Src(), p.Dst()
		return !out[endpoints{src, dst}] && !later(src, dst) && !later(dst, src)
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
