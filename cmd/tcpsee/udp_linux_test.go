package main

import (
	"net"
	"strings"
	"testing"
)

// TestDatagramsByMistake: who uses UDP where TCP was meant is told so, beside the
// port that is watched and around a command.
func TestDatagramsByMistake(t *testing.T) {
	needRoot(t)
	port := freePort(t)
	w := start(t, tcpsee("watch", "--width", "120", "-i", "lo", "port", port))
	w.err.await(t, "Ctrl-C ends")
	c, err := net.Dial("udp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	w.out.await(t, "1 UDP datagram on port "+port+": that is not TCP (nc -u, SOCK_DGRAM)")
	w.interrupt(t)
	if !strings.Contains(w.out.String(), "UDP on port "+port+", which is not TCP (nc -u, SOCK_DGRAM).") {
		t.Errorf("the end does not count it:\n%s", w.out)
	}
	r := start(t, tcpsee("run", "--", needTool(t, "python3"), "-c", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', "+port+"))"))
	r.err.await(t, "a socket of UDP")
}
