package capture

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// portableRoute finds the route as every system can: it connects a UDP
// socket, which sends nothing, and looks which address that got.
func portableRoute(dst netip.Addr) (name string, src netip.Addr, err error) {
	const discard = 9 // any port would do
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(dst, discard)))
	if err != nil {
		return "", netip.Addr{}, fmt.Errorf("route to %s: %w", dst, err)
	}
	defer c.Close()
	src = c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	list, err := Interfaces()
	if err != nil {
		return "", netip.Addr{}, err
	}
	own := slices.ContainsFunc(list, func(i InterfaceInfo) bool { return hasAddr(i, dst) })
	for _, i := range list {
		if own && i.Loopback || !own && hasAddr(i, src) {
			return i.Name, src, nil
		}
	}
	return "", src, fmt.Errorf("route to %s: no interface has the address %s", dst, src)
}

// hasAddr reports whether a is an address of the interface.
func hasAddr(i InterfaceInfo, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if i.Loopback && a.IsLoopback() {
		return true
	}
	return slices.ContainsFunc(i.Addrs, func(p netip.Prefix) bool { return p.Addr() == a })
}

// loopbackName returns the name of the loopback interface.
func loopbackName() (string, error) {
	list, err := Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range list {
		if i.Loopback {
			return i.Name, nil
		}
	}
	return "", fmt.Errorf("no loopback interface")
}

// connectable maps the unspecified address, which connect(2) takes as this
// machine, to the loopback address, and IPv4 in IPv6 to IPv4.
func connectable(dst netip.Addr) netip.Addr {
	switch dst = dst.Unmap(); {
	case dst == netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case dst == netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	}
	return dst
}
