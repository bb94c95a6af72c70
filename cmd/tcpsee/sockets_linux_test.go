package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tcpsee/dissect/conn"
)

// socketMessage is a struct nlmsghdr with a struct inet_diag_msg, of which the
// tests set what they ask for.
func socketMessage(seq uint32, set func(body []byte)) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+diagMessageSize)
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint32(b[8:], seq)
	set(b[unix.SizeofNlMsghdr:])
	return b
}

func TestParseDump(t *testing.T) {
	listens := socketMessage(7, func(b []byte) {
		b[0], b[1] = unix.AF_INET, stateListen
		binary.BigEndian.PutUint16(b[4:], 3000)
		copy(b[8:], []byte{127, 0, 0, 1})
		binary.NativeEndian.PutUint32(b[56:], 2)
		binary.NativeEndian.PutUint32(b[60:], 1)
	})
	waits := socketMessage(7, func(b []byte) {
		b[0], b[1] = unix.AF_INET6, stateTimeWait
		b[23], b[39] = 1, 1 // ::1
		binary.BigEndian.PutUint16(b[6:], 40000)
		binary.NativeEndian.PutUint32(b[52:], 42_500)
	})
	done := socketMessage(7, func([]byte) {})
	binary.NativeEndian.PutUint16(done[4:], unix.NLMSG_DONE)
	other := socketMessage(6, func(b []byte) { b[0] = unix.AF_INET })

	answer := append(append(append([]byte{}, other...), listens...), append(waits, done...)...)
	list, over, err := parseDump(nil, answer, 7)
	if err != nil || !over || len(list) != 2 {
		t.Fatalf("%v, %v, %v", list, over, err)
	}
	if got, want := holdersText(list), "a program listens at 127.0.0.1:3000; the connection with [::1]:40000 is in TIME-WAIT for 43 s more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if list[0].waiting != 2 || list[0].room != 1 {
		t.Errorf("queue %+v", list[0])
	}
	if _, over, err := parseDump(nil, listens, 7); over || err != nil {
		t.Errorf("a part of an answer: %v, %v", over, err)
	}
}

// FuzzParseDump: whatever is read, no panic, and no more than a datagram holds.
func FuzzParseDump(f *testing.F) {
	f.Add(socketMessage(1, func(b []byte) { b[0], b[1] = unix.AF_INET, stateListen }))
	f.Add([]byte{16, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _, _ := parseDump(nil, b, 1)
		if len(list) > len(b)/(unix.SizeofNlMsghdr+diagMessageSize) {
			t.Fatalf("%d sockets in %d bytes", len(list), len(b))
		}
		holdersText(list)
	})
}

func TestSocketsOfThisMachine(t *testing.T) {
	s := openSockets()
	if s == nil {
		t.Skip("this system does not list its sockets (sock_diag)")
	}
	defer s.close()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	list, mine := s.listening(at)
	if !mine || len(list) != 1 || list[0].Addr != at.Addr() || list[0].Room == 0 {
		t.Fatalf("%v listens: %v, %v", at, list, mine)
	}
	if _, mine := s.listening(netip.MustParseAddrPort("192.0.2.1:80")); mine {
		t.Error("192.0.2.1 is taken for this machine's")
	}
	c, err := net.Dial("tcp4", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	served, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	served.Close()
	_, _ = c.Read(make([]byte, 1)) // its FIN
	c.Close()
	l.Close()
	for range 100 { // the last ACK is under way
		if strings.Contains(s.holders(at.Port()), "TIME-WAIT") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	call := conn.Call{Name: "bind", Local: at, Error: "address already in use", Result: "EADDRINUSE"}
	s.explain(&call)
	if !strings.Contains(call.Error, "is in TIME-WAIT for ") || !strings.Contains(call.Error, c.LocalAddr().String()) {
		t.Errorf("%q", call.Error)
	}
}

// TestDatagramSockets holds that a socket of UDP is told of, where a SYN would
// have gone to it.
func TestDatagramSockets(t *testing.T) {
	s := openSockets()
	if s == nil {
		t.Skip("this system does not list its sockets (sock_diag)")
	}
	defer s.close()
	if _, err := s.diag.datagrams(); err != nil {
		t.Skipf("this system does not list its sockets of UDP: %v", err)
	}
	u, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	at := u.LocalAddr().(*net.UDPAddr).AddrPort()
	list, mine := s.listening(at)
	if !mine || len(list) != 1 || !list[0].UDP || list[0].Addr != at.Addr() {
		t.Errorf("%v: %v, %v", at, list, mine)
	}
	for _, other := range []string{"127.0.0.2", "::1"} {
		if list, _ := s.listening(netip.AddrPortFrom(netip.MustParseAddr(other), at.Port())); len(list) != 0 {
			t.Errorf("%s is not where the socket is: %v", other, list)
		}
	}
}
