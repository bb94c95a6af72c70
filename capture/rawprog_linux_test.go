package capture

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// rawICMP returns a function that sends ICMP messages to an address.
func rawICMP(t *testing.T, to netip.Addr) func(message []byte) {
	t.Helper()
	family, proto := unix.AF_INET, unix.IPPROTO_ICMP
	var sa unix.Sockaddr = &unix.SockaddrInet4{}
	if to.Is6() {
		family, proto = unix.AF_INET6, unix.IPPROTO_ICMPV6
		sa = &unix.SockaddrInet6{Addr: to.As16()}
	} else {
		sa = &unix.SockaddrInet4{Addr: to.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return func(message []byte) {
		if err := unix.Sendto(fd, message, 0, sa); err != nil {
			t.Fatal(err)
		}
	}
}

// Of two connections and several ICMP messages only those that belong to the
// one that is driven are seen, by the kernel's own filter.
func TestLiveDriveFilter(t *testing.T) {
	for _, way := range ways {
		for _, addr := range []string{"127.0.0.1", "::1"} {
			for _, iface := range []string{"lo", "any"} {
				t.Run(fmt.Sprintf("%s/%s/%s", way.name, addr, iface), func(t *testing.T) {
					newNamespace(t)
					testDriveFilter(t, way.ring, netip.MustParseAddr(addr), iface)
				})
			}
		}
	}
}

func testDriveFilter(t *testing.T, ring bool, addr netip.Addr, iface string) {
	network, unreachable := "tcp4", byte(3)
	if addr.Is6() {
		network, unreachable = "tcp6", 1
	}
	other := listenOn(t, network, netip.AddrPortFrom(addr, 0).String())
	ln := listenOn(t, network, netip.AddrPortFrom(addr, 0).String())
	local := netip.AddrPortFrom(addr, 31234)
	remote := ln.Addr().(*net.TCPAddr).AddrPort()
	l := mustOpen(t, LiveOptions{
		Interface: iface,
		Filter:    DriveFilter(DriveSpec{Local: local, Remote: remote}),
	}, ring)

	talk(t, other)
	send := rawICMP(t, addr)
	quote := func(proto byte) []byte {
		return icmp(unreachable, ip(addr.String(), addr.String(), proto, 0, ports(local.Port(), remote.Port())))
	}
	send(quote(unix.IPPROTO_UDP))
	send(quote(unix.IPPROTO_TCP))
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(local)}
	d.SetMultipathTCP(false)
	client, err := d.DialContext(context.Background(), network, remote.String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	server.Close()

	g := newLedger(ln)
	errors := 0
	collect(t, l, func(f *Frame) bool {
		s, ok := parseSegment(f)
		if ok {
			if (s.src != local || s.dst != remote) && (s.src != remote || s.dst != local) {
				t.Errorf("passed the filter: %+v", s)
			}
			return g.add(s) == 1
		}
		errors++
		quoted := quote(unix.IPPROTO_TCP)[8:] // behind the header, whose checksum is filled in
		if !bytes.HasSuffix(f.Data, quoted) {
			t.Errorf("passed the filter: %x", f.Data)
		}
		return false
	})
	c := g.conns[local.Port()]
	if errors != 1 || c == nil || c.syn != 1 || c.synAck != 1 || c.fins != 2 || len(g.conns) != 1 {
		t.Errorf("%d ICMP errors, %+v, %d connections", errors, c, len(g.conns))
	}
}

// The same program works where frames are bare IP.
func TestLiveDriveFilterTun(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			tun := newTun(t, "tun7", unix.IFF_NO_PI)
			spec := DriveSpec{Remote: netip.MustParseAddrPort("192.0.2.2:80")}
			l := mustOpen(t, LiveOptions{Interface: "tun7", Filter: DriveFilter(spec)}, way.ring)
			want := ip("192.0.2.1", "192.0.2.2", 6, 4, append(ports(9, 80), make([]byte, 12)...))
			for _, packet := range [][]byte{
				ip("192.0.2.1", "192.0.2.2", 17, 0, ports(9, 80)),
				ip("192.0.2.1", "192.0.2.2", 6, 4, append(ports(9, 81), make([]byte, 12)...)),
				ip("2001:db8::1", "2001:db8::2", 6, 0, append(ports(9, 80), make([]byte, 12)...)),
				want,
			} {
				if _, err := tun.Write(packet); err != nil {
					t.Fatal(err)
				}
			}
			collect(t, l, func(f *Frame) bool {
				if f.Link != LinkRaw || !bytes.Equal(f.Data, want) {
					t.Errorf("passed the filter: %v %x", f.Link, f.Data)
				}
				return true
			})
		})
	}
}
