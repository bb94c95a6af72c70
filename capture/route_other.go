//go:build !linux

package capture

import (
	"errors"
	"net/netip"
)

// RouteInterface returns the interface over which this machine reaches dst,
// and the source address that it uses for that. The way to one's own address
// is the loopback interface.
func RouteInterface(dst netip.Addr) (name string, src netip.Addr, err error) {
	if !dst.IsValid() {
		return "", netip.Addr{}, errors.New("route: no address given")
	}
	return portableRoute(connectable(dst))
}
