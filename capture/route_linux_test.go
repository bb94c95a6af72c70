package capture

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRouteInterface(t *testing.T) {
	newNamespace(t)
	newVeth(t, "near", "far")
	addAddress(t, "near", netip.MustParsePrefix("10.9.0.1/24"))
	addAddress(t, "near", netip.MustParsePrefix("fd09::1/64"))
	// The kernel enters IPv6 routes when it has seen the interfaces come up.
	for _, dst := range []string{"fd09::1", "fe80::77%near"} {
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			name, _, err := RouteInterface(netip.MustParseAddr(dst))
			if err == nil && (name == "lo" || dst != "fd09::1") {
				break
			}
		}
	}
	for _, c := range []struct{ dst, name, src string }{
		{"127.0.0.1", "lo", "127.0.0.1"},
		{"127.1.2.3", "lo", "127.0.0.1"},
		{"::1", "lo", "::1"},
		{"0.0.0.0", "lo", "127.0.0.1"},
		{"::", "lo", "::1"},
		{"10.9.0.1", "lo", "10.9.0.1"},
		{"fd09::1", "lo", "fd09::1"},
		{"::ffff:10.9.0.1", "lo", "10.9.0.1"},
		{"10.9.0.2", "near", "10.9.0.1"},
		{"::ffff:10.9.0.2", "near", "10.9.0.1"},
		{"fd09::2", "near", "fd09::1"},
	} {
		dst := netip.MustParseAddr(c.dst)
		name, src, err := RouteInterface(dst)
		if err != nil || name != c.name || src.String() != c.src {
			t.Errorf("%s: %s from %v, %v; want %s from %s", dst, name, src, err, c.name, c.src)
		}
		name, src, err = portableRoute(connectable(dst))
		if err != nil || name != c.name || c.dst != "127.1.2.3" && src.String() != c.src {
			t.Errorf("%s, portable: %s from %v, %v; want %s from %s", dst, name, src, err, c.name, c.src)
		}
	}
	for a, own := range map[string]bool{"10.9.0.1": true, "fd09::1": true, "127.0.0.1": true, "::ffff:10.9.0.1": true,
		"10.9.0.2": false, "fd09::2": false, "192.0.2.1": false, "2001:db8::1": false} {
		if OwnAddress(netip.MustParseAddr(a)) != own {
			t.Errorf("%s is this machine's own: %v", a, !own)
		}
	}
	if name, _, err := RouteInterface(netip.MustParseAddr("fe80::77%near")); err != nil || name != "near" {
		t.Errorf("zone: %s, %v", name, err)
	}
	if _, _, err := RouteInterface(netip.MustParseAddr("fe80::77%nosuch0")); err == nil {
		t.Error("unknown zone was taken")
	}
	if _, _, err := RouteInterface(netip.MustParseAddr("192.0.2.1")); !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("no way: %v", err)
	}
	if _, _, err := RouteInterface(netip.MustParseAddr("2001:db8::1")); !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("no way, v6: %v", err)
	}
	if _, _, err := RouteInterface(netip.Addr{}); err == nil {
		t.Error("no address was taken")
	}
}

func TestInterfacesLinux(t *testing.T) {
	newNamespace(t)
	newVeth(t, "near", "far")
	newTun(t, "tun7", unix.IFF_NO_PI)
	addAddress(t, "near", netip.MustParsePrefix("10.9.0.1/24"))
	setUp(t, "far", false)
	list, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]InterfaceInfo)
	for _, i := range list {
		got[i.Name] = i
	}
	if i := got["lo"]; !i.Up || !i.Loopback || i.Link != LinkEthernet || i.Hardware != nil || i.Kind != "loopback" || i.MTU != 65536 {
		t.Errorf("%+v", i)
	}
	near := got["near"]
	if !near.Up || near.Loopback || near.Link != LinkEthernet || len(near.Hardware) != 6 || near.Kind != "veth" || near.MTU != 1500 {
		t.Errorf("%+v", near)
	}
	if len(near.Addrs) == 0 || near.Addrs[0] != netip.MustParsePrefix("10.9.0.1/24") {
		t.Errorf("addresses %v", near.Addrs)
	}
	if i := got["far"]; i.Up || i.Running {
		t.Errorf("%+v", i)
	}
	if i := got["tun7"]; i.Link != LinkRaw || i.Kind != "tun" || i.Hardware != nil {
		t.Errorf("%+v", i)
	}
}

func TestLinkOf(t *testing.T) {
	for _, c := range []struct {
		hatype, proto uint16
		want          LinkType
	}{
		{1, 0x0800, LinkEthernet},
		{1, 0x88cc, LinkEthernet},
		{772, 0x0800, LinkEthernet},
		{65534, 0x0800, LinkRaw},
		{65534, 0x86dd, LinkRaw},
		{65534, 0x0004, LinkSLL},
		{512, 0x0800, LinkRaw},
		{512, 0x8847, LinkSLL},
		{768, 0x0800, LinkRaw},
		{769, 0x86dd, LinkRaw},
		{776, 0x86dd, LinkRaw},
		{778, 0x0800, LinkRaw},
		{823, 0x86dd, LinkRaw},
		{519, 0x0800, LinkRaw},
		{32, 0x0800, LinkSLL}, // InfiniBand
		{280, 0x000c, LinkSLL},
		{801, 0x0019, Link80211},
		{803, 0x0019, LinkRadiotap},
	} {
		if got := linkOf(c.hatype, c.proto); got != c.want {
			t.Errorf("linkOf(%d, %#04x) is %v, want %v", c.hatype, c.proto, got, c.want)
		}
	}
}
