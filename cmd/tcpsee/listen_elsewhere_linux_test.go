package main

import (
	"net"
	"strings"
	"testing"
)

// TestCalledElsewhere: who listens at one loopback address is told of a client
// that calls the port at another one of this machine, and is refused.
func TestCalledElsewhere(t *testing.T) {
	needRoot(t)
	const serve = "import socket, sys\ns = socket.socket()\ns.bind(('127.0.0.1', int(sys.argv[1])))\ns.listen(1)\n" +
		"print('up', flush=True)\nc, a = s.accept()\nc.close()\n"
	for _, c := range []struct {
		name string
		args []string
	}{
		{"listen", []string{"listen", "127.0.0.1", "PORT"}},
		{"run", []string{"run", "--", needTool(t, "python3"), "-c", serve, "PORT"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := freePort(t)
			c.args[len(c.args)-1] = port
			p := start(t, tcpsee(c.args...))
			p.err.await(t, "accept()")
			if x, err := net.Dial("tcp4", "127.0.0.2:"+port); err == nil {
				x.Close()
				t.Fatal("127.0.0.2 was not refused")
			}
			p.err.await(t, "but only at")
			x, err := net.Dial("tcp4", "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			p.err.await(t, "ESTABLISHED")
			p.interrupt(t)
		})
	}
}

// TestListenIsCalledWrongly: who listens at one address of this machine is told of
// a client from outside that calls another one, or by UDP, or a server that
// listens for this machine alone, and not of the same port of other machines.
func TestListenIsCalledWrongly(t *testing.T) {
	const port = "3000"
	nc := needTool(t, "nc.openbsd", "nc")
	l := newLab(t)
	l.batch(l.server, "addr add 10.9.1.3/24 dev s0")
	l.listener(l.client, port, nc, "-l", "-k", client4, port)
	for _, c := range []struct {
		name, at, calls, says string
		datagram              bool
	}{
		{"another address", server4, "10.9.1.3", "but only at " + server4 + ".", false},
		{"from outside", "127.0.0.1", server4, "but only at 127.0.0.1.", false},
		{"by UDP", server4, server4, "1 UDP datagram on port " + port + ": that is not TCP (nc -u, SOCK_DGRAM)", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := l.start(l.server, builtBinary(t), "listen", "--width", "120", "--wait", "20s", c.at, port)
			p.err.await(t, "accept()")
			l.start(l.server, nc, "-z", "-w", "5", client4, port).end(t) // from here, to another machine
			if c.datagram {
				p2 := l.start(l.client, nc, "-u", "-w", "1", c.calls, port)
				p2.say(t, "hello\n")
			} else {
				l.start(l.client, nc, "-z", "-w", "5", c.calls, port).end(t)
			}
			p.err.await(t, c.says)
			p.interrupt(t)
			if s := p.err.String(); strings.Contains(s, "to "+client4) || strings.Contains(s, "SYN-ACK") {
				t.Errorf("draws the connection with another machine:\n%s", s)
			}
		})
	}
}
