//go:build !netdrive

package drive

import (
	"context"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSocketsArePlainTCP(t *testing.T) {
	client, server := pair(t, "127.0.0.1", nil)
	for _, c := range []*Conn{client, server} {
		for _, option := range []struct {
			name               string
			level, opt, expect int
		}{
			{"SO_PROTOCOL (262 is MPTCP)", unix.SOL_SOCKET, unix.SO_PROTOCOL, unix.IPPROTO_TCP},
			{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0},
			{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 0},
		} {
			var got int
			err := c.s.control(func(fd int) (err error) {
				got, err = unix.GetsockoptInt(fd, option.level, option.opt)
				return err
			})
			if err != nil || got != option.expect {
				t.Errorf("%s: %s is %d, %v; want %d", c.End(), option.name, got, err, option.expect)
			}
		}
	}
}

func TestNoDelay(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1", NoDelay: true}, nil)
	o := to(l.Addr)
	o.NoDelay = true
	c, err := Dial(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []*Conn{c, s} {
		on := 0
		err := c.s.control(func(fd int) (err error) {
			on, err = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
			return err
		})
		if err != nil || on == 0 {
			t.Errorf("%s: TCP_NODELAY is %d, %v", c.End(), on, err)
		}
	}
}

func TestTCPInfo(t *testing.T) {
	client, server := pair(t, "127.0.0.1", nil)
	if _, err := client.Write([]byte("Hello\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	info, err := server.TCPInfo()
	if err != nil {
		t.Fatal(err)
	}
	if info.State != "ESTABLISHED" || info.CongestionWin == 0 || info.BytesReceived != 6 || info.RTO == 0 || info.SendMSS == 0 {
		t.Errorf("the kernel says %+v", info)
	}
	client.CloseWrite()
	if n, err := server.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Fatal(n, err)
	}
	if info, _ = server.TCPInfo(); info.State != "CLOSE-WAIT" {
		t.Errorf("state is %s", info.State)
	}
	if info, _ = client.TCPInfo(); !strings.HasPrefix(info.State, "FIN-WAIT-") { // 1 until the ACK is there
		t.Errorf("state is %s", info.State)
	}
	client.Close()
	if _, err := client.TCPInfo(); err == nil {
		t.Error("a closed connection has a state")
	}
	if stateName(12) != "SYN-RECEIVED" || stateName(99) != "" {
		t.Errorf("names are %q, %q", stateName(12), stateName(99))
	}
}

func TestManyConnectionsLeaveNoDescriptor(t *testing.T) {
	const connections = 500
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	client, server := pairOf(t, l, nil) // Go's poller opens its descriptors now
	client.Close()
	server.Close()
	before := descriptors(t)
	for i := range connections {
		client, err := Dial(context.Background(), to(l.Addr), nil)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		server, err := l.Accept(context.Background())
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		done := relayed(context.Background(), server, nil, nil, RelayOptions{})
		o := client.Relay(context.Background(), nil, nil, RelayOptions{First: []byte("x"), HalfClose: true})
		s := within(t, "the server's end", done)
		if o.Err != nil || s.Err != nil || s.Received != 1 {
			t.Fatalf("connection %d: %+v, %+v", i, o, s)
		}
	}
	closed := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	closed.Close()
	for range 50 { // failures leave none either
		if _, err := Dial(context.Background(), to(closed.Addr), nil); ErrName(err) != "ECONNREFUSED" {
			t.Fatal(err)
		}
		if _, err := Listen(context.Background(), ListenOptions{Host: "127.0.0.1", Port: port(l.Addr)}, nil); ErrName(err) != "EADDRINUSE" {
			t.Fatal(err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d sockets were open before, %d are after", before, after)
	}
}

// descriptors counts this process's open sockets.
func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	n := 0
	for _, fd := range open {
		if at, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(at, "socket:") {
			n++
		}
	}
	return n
}

func TestOrdinaryUserBelow1024(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may bind every port; the hint is tested without")
	}
	_, err := Listen(context.Background(), ListenOptions{Host: "127.0.0.1", Port: "80"}, nil)
	if name := ErrName(err); name != "EACCES" {
		t.Skipf("this system lets everybody bind port 80 (%v)", err)
	}
}
