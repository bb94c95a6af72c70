package filter

import (
	"fmt"
	"net"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tcpsee/capture"
)

// open opens a packet socket that is bound to nothing.
func open(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skipf("packet sockets need CAP_NET_RAW: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// attach gives the socket a program.
func attach(t *testing.T, fd int, prog []Instruction) {
	t.Helper()
	raw := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		raw[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(raw)), Filter: (*unix.SockFilter)(unsafe.Pointer(&raw[0]))}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog); err != nil {
		t.Fatalf("the kernel refuses the program: %v\n%s", err, Format(prog))
	}
}

// TestKernelTakes attaches programs of all kinds.
func TestKernelTakes(t *testing.T) {
	taken := 0
	fd := open(t)
	for _, expr := range readLines(t, "accepted.txt") {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{{Link: AnyLink, ICMPErrors: true, Neighbours: true},
			{Link: capture.LinkEthernet, Live: true}} {
			prog, err := e.Compile(o)
			if err != nil {
				continue
			}
			attach(t, fd, prog)
			taken++
		}
	}
	t.Logf("%d programs taken", taken)
}

// TestKernelSelects sends datagrams on loopback and looks which of them pass
// the programs.
func TestKernelSelects(t *testing.T) {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Skip(err)
	}
	defer server.Close()
	port := server.LocalAddr().(*net.UDPAddr).Port
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		expr string
		want bool
	}{
		{"udp port %d", true}, {"udp port %d and len > 1000", false},
		{"host 127.0.0.1 and udp dst port %d", true}, {"tcp port %d", false},
		{"udp port %d and udp[8:4] = 0x68656c6c", true},
		{"udp port %d and ip[0] & 0xf = 5 and not vlan", true},
		{"udp port %d and ether host 0:0:0:0:0:0", true},
		{"udp port %d and ether host 1:0:0:0:0:0", false},
		{"udp port %d and ip6", false},
	} {
		expr := c.expr
		if expr != "" {
			expr = fmt.Sprintf(c.expr, port)
		}
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{{Link: AnyLink}, {Link: capture.LinkEthernet, Live: true}} {
			prog, err := e.Compile(o)
			if err != nil {
				continue // "ip and ip6" rejects everything
			}
			fd := open(t)
			attach(t, fd, prog)
			all := &unix.SockaddrLinklayer{Protocol: 0x0300, Ifindex: lo.Index}
			if err := unix.Bind(fd, all); err != nil {
				t.Fatal(err)
			}
			wait := unix.NsecToTimeval(int64(100 * time.Millisecond))
			_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
			conn, err := net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			n, _, err := unix.Recvfrom(fd, make([]byte, 2048), 0)
			if got := err == nil && n > 0; got != c.want {
				t.Errorf("%s, link %d: %v\n%s", expr, o.Link, got, Format(prog))
			}
		}
	}
}
