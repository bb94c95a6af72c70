package drive

import (
	"net/netip"
	"testing"
)

func TestOwnedNear(t *testing.T) {
	var o owned
	for _, at := range []string{"127.0.0.1:3000", "[::1]:3001", "0.0.0.0:3002", "192.0.2.1:3003"} {
		o.add(netip.MustParseAddrPort(at), netip.AddrPort{}, whose{})
	}
	o.add(netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:80"), whose{}) // connected
	for port, want := range map[uint16]bool{3000: true, 3001: true, 3002: false, 3003: false, 40000: false, 80: false, 1: false} {
		if got := o.near(port); got != want {
			t.Errorf("port %d: %v, want %v", port, got, want)
		}
	}
}
