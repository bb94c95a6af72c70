package main

import (
	"net"
	"strings"
	"testing"
)

// TestWatchEnds: watch ends with the first connection, or with its time.
func TestWatchEnds(t *testing.T) {
	needRoot(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	w := start(t, tcpsee("watch", "-i", "lo", "--until", "closed", "port", port))
	w.err.await(t, "Ctrl-C ends")
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	s.Close()
	if status := w.end(t); status != 0 || !strings.Contains(w.out.String(), "closed by the client") {
		t.Errorf("exit status %d\n%s\n%s", status, w.out, w.err)
	}
	if status := start(t, tcpsee("watch", "-i", "lo", "--duration", "100ms", "port", port)).end(t); status != 0 {
		t.Errorf("--duration: exit status %d", status)
	}
	if status := start(t, tcpsee("watch", "--until", "tomorrow")).end(t); status != 2 {
		t.Errorf("--until tomorrow: exit status %d", status)
	}
}
