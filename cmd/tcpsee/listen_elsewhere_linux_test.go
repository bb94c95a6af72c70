package main

import (
	"net"
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
