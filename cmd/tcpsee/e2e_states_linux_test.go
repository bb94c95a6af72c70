package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestE2EStates compares the states that are drawn with those of two real
// kernels, after every segment. Between the two ends is a stile that holds each
// segment until the test lets it pass, so that both ends are at rest when they
// are looked at.
func TestE2EStates(t *testing.T) {
	const opened = "listen, connect, >, <, >, accept, "
	tests := []struct {
		name, script string
	}{
		{"the client closes first", opened + "client send, >, <, server read, client close, >, <, server close, <, >"},
		{"the server closes first", opened + "server send, <, >, client read, server close, <, >, client close, >, <"},
		{"half-close, and data after it", opened + "client shutdown, >, <, server send, <, >, server close, <, >"},
		// The server's FIN is on its way already: nobody can know that.
		{"both close at once", opened + "client close, server close, > ~server, <, >, <"},
		{"reset", opened + "client send, >, <, client reset, >"},
		{"closed with data unread", opened + "client send, >, <, server close, <"},
		{"refused", "connect, >, <"},
		// Its SYN was sent before the other's arrived.
		{"both open at once", "connect, answer, > ~server, < ~server, >, <"},
		{"the SYN-ACK is lost", "listen, connect, >, drop <, <, >"},
		{"the handshake's ACK is lost", "listen, connect, >, <, drop >, client send, >"},
		{"a FIN is lost", opened + "client close, drop >, >, <"},
		{"the ACK of a FIN is lost", opened + "client close, >, drop <, > , <"},
		{"the last ACK is lost", opened + "client close, >, <, server close, <, drop >, <, >"},
		{"the same ports while the server is in TIME-WAIT", opened + "server close, <, >, client close, >, <, connect, >, <, >"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newStile(t)
			for _, step := range strings.Split(tt.script, ",") {
				if g.step(strings.TrimSpace(step)); t.Failed() {
					t.Fatalf("in %q, at %q", tt.script, step)
				}
			}
		})
	}
}

// stile is a wire between two kernels that passes segments one at a time.
type stile struct {
	t       *testing.T
	l       *lab
	wires   [2]int // packet sockets towards client and server
	mu      sync.Mutex
	held    [2][][]byte // segments by sender
	sockets [2]int      // of client and server; -1 is none
	listens int
	frames  int64
	decoder dissect.Decoder
	tracker *conn.Tracker
}

// The ends of a stile.
const stileClient, stileServer = 0, 1

var stileEnds = [2]unix.SockaddrInet4{{Addr: [4]byte{10, 9, 9, 1}, Port: 40000}, {Addr: [4]byte{10, 9, 9, 2}, Port: 3000}}

func newStile(t *testing.T) *stile {
	g := &stile{t: t, l: newLab(t), sockets: [2]int{-1, -1}, listens: -1, tracker: conn.New(conn.Options{})}
	for i, ns := range []string{g.l.client, g.l.server} {
		wire := fmt.Sprintf("w%d", i)
		g.l.command("ip", "link", "add", "g0", "netns", ns, "type", "veth", "peer", "name", wire, "netns", g.l.router)
		g.l.batch(ns, fmt.Sprintf("addr add 10.9.9.%d/24 dev g0", i+1), "link set g0 up")
		g.l.batch(g.l.router, "link set "+wire+" up")
		inNamespace(t, g.l.router, func() error {
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(networkOrder(unix.ETH_P_ALL)))
			if err != nil {
				return err
			}
			g.wires[i] = fd
			at, err := net.InterfaceByName(wire)
			if err != nil {
				return err
			}
			if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}); err != nil {
				return err
			}
			return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: at.Index})
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for side := range g.wires {
		readers.Go(func() { g.read(side, stop) })
	}
	t.Cleanup(func() {
		close(stop)
		readers.Wait()
		for _, fd := range append(g.sockets[:], g.listens, g.wires[0], g.wires[1]) {
			if fd >= 0 {
				unix.Close(fd)
			}
		}
	})
	return g
}

func networkOrder(n uint16) uint16 { return n<<8 | n>>8 }

// inNamespace runs f in a network namespace. The thread that did comes back
// from there: it may be the main one, which cannot end, and whose namespace
// /proc/net is of.
func inNamespace(t *testing.T, ns string, f func() error) {
	t.Helper()
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	file, err := os.Open("/var/run/netns/" + ns)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatalf("enter %s: %v", ns, err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		t.Fatalf("come back from %s: %v", ns, back) // the thread stays locked, and ends with the test
	}
	runtime.UnlockOSThread()
	if err != nil {
		t.Fatalf("in %s: %v", ns, err)
	}
}

// read passes on what is no TCP, and holds what is.
func (g *stile) read(side int, stop <-chan struct{}) {
	b := make([]byte, 65536)
	for {
		select {
		case <-stop:
			return
		default:
		}
		n, from, err := unix.Recvfrom(g.wires[side], b, 0)
		if ll, ok := from.(*unix.SockaddrLinklayer); err != nil || !ok || ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		frame := append([]byte(nil), b[:n]...)
		if n < 34 || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP || frame[23] != unix.IPPROTO_TCP {
			g.send(1-side, frame)
			continue
		}
		sumTCP(frame[14:])
		g.mu.Lock()
		g.held[side] = append(g.held[side], frame)
		g.mu.Unlock()
	}
}

func (g *stile) send(side int, frame []byte) {
	if _, err := unix.Write(g.wires[side], frame); err != nil && err != unix.ENETDOWN {
		g.t.Errorf("write a frame: %v", err)
	}
}

// sumTCP puts the checksum into a segment, which its kernel had left to the
// network card.
func sumTCP(packet []byte) {
	header := int(packet[0]&15) * 4
	tcp := packet[header:binary.BigEndian.Uint16(packet[2:])]
	tcp[16], tcp[17] = 0, 0
	sum := uint32(unix.IPPROTO_TCP) + uint32(len(tcp))
	for _, part := range [][]byte{packet[12:20], tcp} {
		for i := 0; i < len(part); i += 2 {
			sum += uint32(part[i]) << 8
			if i+1 < len(part) {
				sum += uint32(part[i+1])
			}
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
}

// take waits for the next segment of a side.
func (g *stile) take(side int) []byte {
	g.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		g.mu.Lock()
		if h := g.held[side]; len(h) > 0 {
			g.held[side] = h[1:]
			g.mu.Unlock()
			return h[0]
		}
		g.mu.Unlock()
	}
	g.t.Fatalf("nothing comes from %v", conn.Side(side))
	return nil
}

// step does one thing of a script.
func (g *stile) step(step string) {
	g.t.Helper()
	words := strings.Fields(step)
	switch words[0] {
	case ">", "<":
		side := strings.Index("><", words[0])
		frame := g.take(side)
		g.send(1-side, frame)
		g.compare(frame, strings.Join(words[1:], " "))
	case "drop":
		// It was captured before it was lost: what is said of the other end
		// does not hold.
		g.take(strings.Index("><", words[1]))
	case "listen":
		g.call(stileServer, "listen")
	case "connect":
		g.call(stileClient, "connect")
	case "answer":
		g.call(stileServer, "connect")
	case "accept":
		g.call(stileServer, "accept")
	case "client":
		g.call(stileClient, words[1])
	case "server":
		g.call(stileServer, words[1])
	}
}

// call makes a socket call at one end.
func (g *stile) call(side int, name string) {
	g.t.Helper()
	ns := []string{g.l.client, g.l.server}[side]
	inNamespace(g.t, ns, func() (err error) {
		switch fd := g.sockets[side]; name {
		case "listen":
			if g.listens, err = boundSocket(side); err == nil {
				err = unix.Listen(g.listens, 5)
			}
		case "connect":
			if fd, err = boundSocket(side); err == nil {
				g.sockets[side] = fd
				if err = unix.Connect(fd, &stileEnds[1-side]); err == unix.EINPROGRESS {
					err = nil
				}
			}
		case "accept":
			for range 1000 {
				if g.sockets[side], _, err = unix.Accept(g.listens); err != unix.EAGAIN {
					break
				}
				time.Sleep(time.Millisecond)
			}
		case "send":
			_, err = unix.Write(fd, []byte("hello"))
		case "read":
			_, err = unix.Read(fd, make([]byte, 64))
		case "shutdown":
			err = unix.Shutdown(fd, unix.SHUT_WR)
		case "reset":
			err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			fallthrough
		case "close":
			if err == nil {
				err = unix.Close(fd)
			}
			g.sockets[side] = -1
		}
		return err
	})
}

func boundSocket(side int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return -1, err
	}
	return fd, unix.Bind(fd, &stileEnds[side])
}

// compare holds the states that are drawn for a segment that has passed
// against those of the kernels. Not of the end that except names.
func (g *stile) compare(frame []byte, except string) {
	g.t.Helper()
	g.frames++
	f := capture.Frame{Number: g.frames, Time: capture.Stamp(time.Now().UnixNano()), Data: frame, OrigLen: len(frame), Link: capture.LinkEthernet}
	var p dissect.Packet
	g.decoder.Decode(&f, &p)
	var row conn.Event
	for _, e := range g.tracker.Add(&p) {
		if e.Type == conn.TypeSegment {
			row = e
		}
	}
	var got string
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		got = ""
		for side, ns := range []string{g.l.client, g.l.server} {
			drawn, real := row.States[side], g.state(ns, side)
			if drawn != conn.StateUnknown && drawn.String() != real && except != "~"+conn.Side(side).String() {
				got += fmt.Sprintf(" the %v is drawn in %v, and is in %s;", conn.Side(side), drawn, real)
			}
		}
		if got == "" {
			return
		}
	}
	g.t.Errorf("frame %d, %v of the %v:%s", g.frames, row.Kind, row.From, got)
}

// procStates are the numbers in /proc/net/tcp.
var procStates = map[string]conn.State{"01": conn.StateEstablished, "02": conn.StateSynSent, "03": conn.StateSynReceived,
	"04": conn.StateFinWait1, "05": conn.StateFinWait2, "06": conn.StateTimeWait, "07": conn.StateClosed, "08": conn.StateCloseWait,
	"09": conn.StateLastAck, "0A": conn.StateListen, "0B": conn.StateClosing}

// state is what a kernel has of its end of the connection.
func (g *stile) state(ns string, side int) string {
	local, remote := fmt.Sprintf(":%04X", stileEnds[side].Port), fmt.Sprintf(":%04X", stileEnds[1-side].Port)
	state := conn.StateClosed
	inNamespace(g.t, ns, func() error {
		text, err := os.ReadFile("/proc/thread-self/net/tcp")
		for line := range strings.Lines(string(text)) {
			if w := strings.Fields(line); len(w) > 3 && strings.HasSuffix(w[1], local) && strings.HasSuffix(w[2], remote) {
				state = procStates[w[3]]
			}
		}
		return err
	})
	return state.String()
}
