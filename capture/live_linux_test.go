package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ways are the two readers; each must pass the same tests.
var ways = []struct {
	name string
	ring bool
}{{"ring", true}, {"recvmmsg", false}}

// mustOpen opens a capture, closed at the end of the test.
func mustOpen(t testing.TB, o LiveOptions, ring bool) *Live {
	t.Helper()
	l, err := openLive(o, ring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if got := strings.HasPrefix(l.Method(), "ring"); got != ring {
		t.Fatalf("reads by %q, want ring %v", l.Method(), ring)
	}
	return l
}

// segment is what the tests look at of a TCP segment.
type segment struct {
	src, dst netip.AddrPort
	seq, ack uint32
	flags    byte
	size     int // of the data
}

const (
	finBit = 0x01
	synBit = 0x02
	ackBit = 0x10
)

// parseSegment reads a frame of Ethernet or raw IP, IPv4 without options or
// IPv6 without extension headers.
func parseSegment(f *Frame) (s segment, ok bool) {
	ip := f.Data
	if f.Link == LinkEthernet {
		if len(ip) < 14 {
			return s, false
		}
		ip = ip[14:]
	}
	var src, dst netip.Addr
	var tcp []byte
	switch {
	case len(ip) >= 40 && ip[0] == 0x45 && ip[9] == unix.IPPROTO_TCP:
		src, dst = netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
		tcp = ip[20:binary.BigEndian.Uint16(ip[2:])]
	case len(ip) >= 60 && ip[0]>>4 == 6 && ip[6] == unix.IPPROTO_TCP:
		src, dst = netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:]))
		tcp = ip[40 : 40+binary.BigEndian.Uint16(ip[4:])]
	default:
		return s, false
	}
	return segment{
		src:   netip.AddrPortFrom(src, binary.BigEndian.Uint16(tcp[0:])),
		dst:   netip.AddrPortFrom(dst, binary.BigEndian.Uint16(tcp[2:])),
		seq:   binary.BigEndian.Uint32(tcp[4:]),
		ack:   binary.BigEndian.Uint32(tcp[8:]),
		flags: tcp[13],
		size:  len(tcp) - int(tcp[12]>>4)*4,
	}, true
}

// collect reads frames until done says that it has enough.
func collect(t testing.TB, l *Live, done func(f *Frame) bool) {
	t.Helper()
	if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		frames, err := l.Next()
		if err != nil {
			t.Fatalf("after %d frames: %v", l.Stats().Frames, err)
		}
		enough := false
		for i := range frames {
			enough = done(&frames[i]) || enough
		}
		if enough {
			return
		}
	}
}

// sendUntil sends a frame again and again until the capture shows it: a
// virtual interface that was just switched on drops what it is given until
// the kernel gets round to activating its queue.
func sendUntil(t testing.TB, l *Live, iface string, frame []byte) {
	t.Helper()
	send := rawSender(t, iface)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		send(frame)
		if err := l.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		for {
			frames, err := l.Next()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(frames, func(f Frame) bool {
				return f.Direction != DirectionOut && bytes.Equal(f.Data, frame)
			}) {
				return
			}
		}
	}
	t.Fatalf("no frame passed %s", iface)
}

// experimental is a frame with an EtherType for experiments (0x88b5), and
// text.
func experimental(text string) []byte {
	addrs := []byte{0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2}
	return append(append(addrs, 0x88, 0xb5), text+strings.Repeat(".", 46-len(text))...)
}

// listenOn listens without MPTCP, so that plain TCP is seen.
func listenOn(t testing.TB, network, addr string) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	ln, err := lc.Listen(context.Background(), network, addr)
	if err != nil {
		t.Skipf("listen on %s: %v", addr, err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// talk opens a connection, sends a line each way and closes, the client
// first. It runs on the calling goroutine.
func talk(t testing.TB, ln net.Listener) {
	t.Helper()
	client, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	for _, c := range [][2]net.Conn{{server, client}, {client, server}} {
		if _, err := c[0].Write([]byte("Hello\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c[1], buf[:6]); err != nil {
			t.Fatal(err)
		}
	}
	client.Close()
	if _, err := server.Read(buf); err != io.EOF {
		t.Fatalf("server reads %v, want EOF", err)
	}
	server.Close()
}

// tally counts the segments of one connection, seen from its client.
type tally struct{ syn, synAck, fins, finAcks, data int }

// complete is what each connection of talk must show at least.
func (c tally) complete() bool {
	return c.syn == 1 && c.synAck == 1 && c.fins == 2 && c.data == 2 && c.finAcks >= 1
}

// ledger tallies connections by the client's port and finds doubles.
type ledger struct {
	port  uint16
	conns map[uint16]*tally
	seen  map[segment]int
	done  int
	fin   map[uint16]uint32 // what acknowledges the server's FIN
}

func newLedger(ln net.Listener) *ledger {
	return &ledger{
		port:  uint16(ln.Addr().(*net.TCPAddr).Port),
		conns: make(map[uint16]*tally),
		seen:  make(map[segment]int),
		fin:   make(map[uint16]uint32),
	}
}

// add counts a segment and reports how many connections are over: their
// server's FIN is acknowledged.
func (g *ledger) add(s segment) int {
	g.seen[s]++
	client, fromServer := s.src.Port(), false
	if s.src.Port() == g.port {
		client, fromServer = s.dst.Port(), true
	}
	c := g.conns[client]
	if c == nil {
		c = new(tally)
		g.conns[client] = c
	}
	switch {
	case s.flags&synBit != 0 && fromServer:
		c.synAck++
	case s.flags&synBit != 0:
		c.syn++
	case s.flags&finBit != 0:
		c.fins++
		if fromServer {
			g.fin[client] = s.seq + uint32(s.size) + 1
		}
	case s.size > 0:
		c.data++
	}
	if end, ok := g.fin[client]; ok && !fromServer && s.flags&ackBit != 0 && s.ack == end {
		c.finAcks++
		g.done++
	}
	return g.done
}

// check complains of what is missing or there twice.
func (g *ledger) check(t *testing.T, want int) {
	t.Helper()
	if len(g.conns) != want {
		t.Errorf("saw %d connections, want %d", len(g.conns), want)
	}
	for port, c := range g.conns {
		if !c.complete() {
			t.Errorf("connection from port %d: %+v", port, *c)
		}
	}
	for s, n := range g.seen {
		if n > 1 {
			t.Errorf("seen %d times: %+v", n, s)
		}
	}
}

func TestLiveConnection(t *testing.T) {
	for _, way := range ways {
		for _, c := range []struct{ iface, network, addr string }{
			{"lo", "tcp4", "127.0.0.1:0"},
			{"any", "tcp4", "127.0.0.1:0"},
			{"", "tcp6", "[::1]:0"},
			{"lo", "tcp6", "[::1]:0"},
		} {
			t.Run(fmt.Sprintf("%s/%s/%s", way.name, c.iface, c.network), func(t *testing.T) {
				newNamespace(t)
				ln := listenOn(t, c.network, c.addr)
				before := time.Now()
				l := mustOpen(t, LiveOptions{Interface: c.iface}, way.ring)
				talk(t, ln)
				g := newLedger(ln)
				number := int64(0)
				collect(t, l, func(f *Frame) bool {
					if number++; f.Number != number {
						t.Errorf("frame %d has number %d", number, f.Number)
					}
					checkLoopbackFrame(t, l, f, before)
					s, ok := parseSegment(f)
					return ok && g.add(s) == 1
				})
				g.check(t, 1)
			})
		}
	}
}

// checkLoopbackFrame checks what all frames of loopback have in common.
func checkLoopbackFrame(t *testing.T, l *Live, f *Frame, before time.Time) {
	t.Helper()
	if f.Link != LinkEthernet || f.Direction != DirectionIn || f.Dropped != 0 {
		t.Errorf("frame %d: link %v, direction %v, dropped %d", f.Number, f.Link, f.Direction, f.Dropped)
	}
	if f.OrigLen != len(f.Data) {
		t.Errorf("frame %d: %d bytes of %d", f.Number, len(f.Data), f.OrigLen)
	}
	if _, tcp := parseSegment(f); tcp && f.Checksums != ChecksumsUnfinished {
		t.Errorf("frame %d: checksums %v, want unfinished", f.Number, f.Checksums)
	}
	const slack = Stamp(time.Second)
	if f.Time < StampOf(before)-slack || f.Time > StampOf(time.Now())+slack {
		t.Errorf("frame %d at %v, not between %v and now", f.Number, f.Time.Time(), before.UTC())
	}
	if i := l.Interfaces()[f.Interface]; i.Name != "lo" || i.Link != LinkEthernet || i.Index != 1 {
		t.Errorf("frame %d: interface %+v", f.Number, i)
	}
}

func TestLiveThousandConnections(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			const connections = 1000
			ln := listenOn(t, "tcp4", "127.0.0.1:0")
			l := mustOpen(t, LiveOptions{Interface: "any"}, way.ring)
			g := newLedger(ln)
			var wg sync.WaitGroup
			wg.Go(func() {
				for g.done < connections {
					frames, err := l.Next()
					if err != nil {
						t.Errorf("after %d connections: %v", g.done, err)
						return
					}
					for i := range frames {
						if s, ok := parseSegment(&frames[i]); ok {
							g.add(s)
						}
					}
				}
			})
			for range connections {
				talk(t, ln)
			}
			time.AfterFunc(patience, func() { l.Close() }) // only matters when segments are missing
			wg.Wait()
			g.check(t, connections)
			if d := l.Stats().Dropped; d != 0 {
				t.Errorf("%d dropped", d)
			}
		})
	}
}

// TestLiveWaiting: packets that came wait until they have been read and used.
func TestLiveWaiting(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			ln := listenOn(t, "tcp4", "127.0.0.1:0")
			l := mustOpen(t, LiveOptions{Interface: "lo"}, way.ring)
			if l.Waiting() {
				t.Error("before anything was sent, packets wait")
			}
			talk(t, ln)
			for until := time.Now().Add(10 * time.Second); !l.Waiting(); time.Sleep(time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("what was sent does not wait")
				}
			}
			if err := l.SetDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			for {
				if _, err := l.Next(); err != nil {
					break
				}
			}
			if l.Waiting() {
				t.Error("packets wait that were read")
			}
			l.Close()
			if l.Waiting() {
				t.Error("packets wait after Close")
			}
		})
	}
}

func TestLiveCloseWakes(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			l := mustOpen(t, LiveOptions{Interface: "lo"}, way.ring)
			got := make(chan error, 1)
			go func() {
				_, err := l.Next()
				got <- err
			}()
			time.Sleep(20 * time.Millisecond) // so that it waits, most likely
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-got:
				if err != io.EOF {
					t.Fatalf("Next returned %v, want io.EOF", err)
				}
			case <-time.After(patience):
				t.Fatal("Next was not woken")
			}
			if _, err := l.Next(); err != io.EOF {
				t.Errorf("Next after Close returned %v", err)
			}
			if err := l.Close(); err != nil {
				t.Errorf("second Close: %v", err)
			}
			if err := l.SetFilter(nil); err == nil {
				t.Error("SetFilter after Close succeeded")
			}
			if b := l.Backlog(); b != 0 {
				t.Errorf("Backlog after Close is %v", b)
			}
		})
	}
}

// Frames in use when another goroutine closes must stay readable.
func TestLiveCloseKeepsFrames(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo"}, way.ring)
			if err := sendMany(fd, []byte("still here"), 1); err != nil {
				t.Fatal(err)
			}
			frames, err := l.Next()
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			if !bytes.HasSuffix(frames[0].Data, []byte("still here")) {
				t.Errorf("data is %q", frames[0].Data)
			}
			if _, err := l.Next(); err != io.EOF {
				t.Errorf("Next returned %v", err)
			}
			if !l.freed {
				t.Error("the memory was not freed")
			}
		})
	}
}

func TestLiveDeadline(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo"}, way.ring)
			if err := l.SetDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Next returned %v", err)
			}
			if err := l.SetDeadline(time.Time{}); err != nil {
				t.Fatal(err)
			}
			if err := sendMany(fd, []byte("x"), 1); err != nil {
				t.Fatal(err)
			}
			if frames, err := l.Next(); err != nil || len(frames) != 1 {
				t.Fatalf("Next returned %d frames, %v", len(frames), err)
			}
		})
	}
}

// ipProtoFilter lets one IPv4 protocol through: load the EtherType, compare,
// load the protocol of the IP header, compare.
func ipProtoFilter(proto uint32) []Instruction {
	return []Instruction{
		{Op: 0x28, K: extProto},
		{Op: 0x15, K: etherIPv4, Jf: 3},
		{Op: 0x30, K: netOffset + 9},
		{Op: 0x15, K: proto, Jf: 1},
		{Op: 0x06, K: 0xffff},
		{Op: 0x06, K: 0},
	}
}

// The filter is in force before the first packet: not one of a flood that
// runs while the capture opens may be seen.
func TestLiveFilterFirst(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			flood, _ := udpSocket(t)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if err := sendMany(flood, make([]byte, 32), 64); err != nil {
							t.Errorf("flood: %v", err)
							return
						}
					}
				}
			})
			defer wg.Wait()
			defer close(stop)
			ln := listenOn(t, "tcp4", "127.0.0.1:0")
			for i := range 10 {
				iface := []string{"lo", "any"}[i%2]
				o := LiveOptions{Interface: iface, Filter: ipProtoFilter(unix.IPPROTO_TCP), BufferBytes: 8 << 20}
				l := mustOpen(t, o, way.ring)
				talk(t, ln)
				g := newLedger(ln)
				collect(t, l, func(f *Frame) bool {
					s, ok := parseSegment(f)
					if !ok {
						t.Errorf("passed the filter: %x", f.Data)
					}
					return ok && g.add(s) == 1
				})
				g.check(t, 1)
				l.Close()
			}
		})
	}
}

func TestLiveSetFilter(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Filter: ipProtoFilter(unix.IPPROTO_TCP)}, way.ring)
			send := func(text string) {
				t.Helper()
				if err := sendMany(fd, []byte(text), 1); err != nil {
					t.Fatal(err)
				}
			}
			send("not let through")
			if err := l.SetFilter(ipProtoFilter(unix.IPPROTO_UDP)); err != nil {
				t.Fatal(err)
			}
			send("let through")
			collect(t, l, func(f *Frame) bool {
				if !bytes.HasSuffix(f.Data, []byte("let through")) || bytes.Contains(f.Data, []byte("not")) {
					t.Errorf("got %q", f.Data)
				}
				return true
			})
			if err := l.SetSnapLen(16); err != nil {
				t.Fatal(err)
			}
			send("cut")
			collect(t, l, func(f *Frame) bool {
				if len(f.Data) != 16 || f.OrigLen != 14+20+8+3 {
					t.Errorf("cut to %d bytes of %d", len(f.Data), f.OrigLen)
				}
				return true
			})
			if err := l.SetFilter([]Instruction{{Op: 0xffff}}); err == nil {
				t.Error("a filter that is none was taken")
			}
			if err := l.SetFilter([]Instruction{}); err == nil {
				t.Error("an empty filter was taken")
			}
			if err := l.SetFilter(make([]Instruction, MaxFilterLen+1)); err == nil {
				t.Error("a huge filter was taken")
			}
			send("and on")
			collect(t, l, func(f *Frame) bool { return len(f.Data) == 16 })
		})
	}
}

// A tag that the kernel took out of the frame is put back where it was.
func TestLiveVLAN(t *testing.T) {
	payload := []byte{0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1} // an ARP header begins so
	addrs := []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // to all
		0x02, 0x00, 0x00, 0x00, 0x00, 0x05, // from
	}
	tags := []struct {
		name string
		tag  []byte
	}{
		{"none", nil},
		{"802.1Q", []byte{0x81, 0x00, 0x60, 0x05}},                             // priority 3, VLAN 5
		{"802.1ad", []byte{0x88, 0xa8, 0x00, 0x07}},                            // VLAN 7
		{"both", []byte{0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x09}},       // VLAN 7, in it 9
		{"priority only", []byte{0x81, 0x00, 0xe0, 0x00}},                      // VLAN 0
		{"same twice", []byte{0x81, 0x00, 0x00, 0x01, 0x81, 0x00, 0x00, 0x02}}, // VLAN 1, in it 2
	}
	for _, way := range ways {
		for _, iface := range []string{"right", "any"} {
			t.Run(way.name+"/"+iface, func(t *testing.T) {
				newNamespace(t)
				newVeth(t, "left", "right")
				l := mustOpen(t, LiveOptions{Interface: iface}, way.ring)
				send := rawSender(t, "left")
				sendUntil(t, l, "left", experimental("warm"))
				for _, c := range tags {
					frame := slices.Concat(addrs, c.tag, payload, make([]byte, 40))
					send(frame)
					collect(t, l, func(f *Frame) bool {
						ours := len(f.Data) > 12 && bytes.Equal(f.Data[:12], addrs)
						if !ours || f.Direction == DirectionOut || l.Interfaces()[f.Interface].Name != "right" {
							return false
						}
						if !bytes.Equal(f.Data, frame) || f.OrigLen != len(frame) {
							t.Errorf("%s: got %x (%d)\nwant %x (%d)", c.name, f.Data, f.OrigLen, frame, len(frame))
						}
						return true
					})
				}
			})
		}
	}
}

// A tun interface carries bare IP; what is not IP gets a cooked header.
func TestLiveTun(t *testing.T) {
	packet := []byte{
		0x45, 0, 0, 21, 0, 1, 0, 0, 64, 253, 0, 0, // IPv4, 21 bytes, ttl 64, protocol 253 (experiments)
		192, 0, 2, 1, 192, 0, 2, 2, // from, to
		'!',
	}
	const lldp = 0x88cc
	for _, way := range ways {
		for _, iface := range []string{"tun7", "any"} {
			t.Run(way.name+"/"+iface, func(t *testing.T) {
				newNamespace(t)
				tun := newTun(t, "tun7", 0) // with struct tun_pi: flags 2, EtherType 2
				l := mustOpen(t, LiveOptions{Interface: iface}, way.ring)
				for _, c := range []struct {
					proto uint16
					link  LinkType
					want  []byte
				}{
					{unix.ETH_P_IP, LinkRaw, packet},
					// packet type 0 (to us), ARPHRD_NONE, no address, EtherType
					{lldp, LinkSLL, slices.Concat([]byte{0, 0, 0xff, 0xfe}, make([]byte, 10), []byte{0x88, 0xcc}, packet)},
					{unix.ETH_P_IP, LinkRaw, packet},
				} {
					pi := binary.BigEndian.AppendUint16([]byte{0, 0}, c.proto)
					if _, err := tun.Write(append(pi, packet...)); err != nil {
						t.Fatal(err)
					}
					collect(t, l, func(f *Frame) bool {
						if f.Direction == DirectionOut || !bytes.HasSuffix(f.Data, packet) {
							return false // the kernel's own neighbour and router discovery
						}
						if f.Link != c.link || !bytes.Equal(f.Data, c.want) || f.OrigLen != len(c.want) {
							t.Errorf("got %v %x (%d)\nwant %v %x", f.Link, f.Data, f.OrigLen, c.link, c.want)
						}
						i := l.Interfaces()[f.Interface]
						if i.Name != "tun7" || i.Link != f.Link {
							t.Errorf("interface %+v for a frame of %v", i, f.Link)
						}
						return true
					})
				}
			})
		}
	}
}

// Every packet is either given out or counted as dropped, and the count
// stands where the packets are missing.
func TestLiveDrops(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo", BufferBytes: 1}, way.ring)
			const flood = 5000
			payload := make([]byte, 100)
			if err := sendMany(fd, payload, flood); err != nil {
				t.Fatal(err)
			}
			if b := l.Backlog(); b <= 0 {
				t.Errorf("backlog is %v", b)
			}
			// After room was made one more comes, behind the gap.
			var seen, dropped uint64
			count := func(f *Frame) {
				seen++
				dropped += f.Dropped
			}
			collect(t, l, func(f *Frame) bool { count(f); return true })
			if dropped != 0 {
				t.Errorf("%d dropped before the first frames", dropped)
			}
			for last := []byte("the last"); ; {
				if err := sendMany(fd, last, 1); err != nil {
					t.Fatal(err)
				}
				end := false
				if err := l.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
					t.Fatal(err)
				}
				for {
					frames, err := l.Next()
					if errors.Is(err, os.ErrDeadlineExceeded) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					for i := range frames {
						count(&frames[i])
						end = end || bytes.HasSuffix(frames[i].Data, last)
					}
				}
				if end {
					break
				}
				t.Log("the last packet was dropped too: again")
				dropped-- // it is counted, and not of the flood
			}
			if seen-1+dropped != flood || dropped == 0 {
				t.Errorf("saw %d, dropped %d, sum %d, want %d", seen-1, dropped, seen-1+dropped, flood)
			}
			if s := l.Stats(); s.Frames != seen || s.Dropped < dropped {
				t.Errorf("stats %+v, want %d and %d", s, seen, dropped)
			}
		})
	}
}

// Drops that no frame follows are counted at the end.
func TestLiveDropsAtClose(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo", BufferBytes: 1}, way.ring)
			if err := sendMany(fd, make([]byte, 100), 5000); err != nil {
				t.Fatal(err)
			}
			l.Close()
			if s := l.Stats(); s.Dropped < 1000 || s.Dropped > 5000 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// The data of a batch must not change before the next Next, whatever comes
// in meanwhile.
func TestLiveDataStays(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo", BufferBytes: 1 << 20}, way.ring)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for n := byte(0); ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					if err := sendMany(fd, bytes.Repeat([]byte{n}, 200), 100); err != nil {
						t.Errorf("flood: %v", err)
						return
					}
				}
			})
			defer wg.Wait()
			defer close(stop)
			for range 50 {
				frames, err := l.Next()
				if err != nil {
					t.Fatal(err)
				}
				sums := make([]uint32, len(frames))
				for i := range frames {
					sums[i] = crc32.ChecksumIEEE(frames[i].Data)
				}
				time.Sleep(time.Millisecond) // so that the buffer fills up behind them
				for i := range frames {
					if crc32.ChecksumIEEE(frames[i].Data) != sums[i] {
						t.Fatalf("frame %d of %d changed", i, len(frames))
					}
					body := frames[i].Data[14+20+8:]
					if len(body) != 200 || bytes.Count(body, body[:1]) != 200 {
						t.Fatalf("frame %d is torn: %x", i, body)
					}
				}
			}
		})
	}
}

func TestLiveLargeFrames(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo"}, way.ring)
			const size = 65507 // the most that a UDP datagram holds; loopback's MTU is 65536
			if err := sendMany(fd, make([]byte, size), 1); err != nil {
				t.Fatal(err)
			}
			collect(t, l, func(f *Frame) bool {
				if want := 14 + 20 + 8 + size; len(f.Data) != want || f.OrigLen != want {
					t.Errorf("%d of %d bytes, want %d", len(f.Data), f.OrigLen, want)
				}
				return true
			})
		})
	}
}

// An interface that goes down and comes back is waited for; one that is
// removed ends the capture, after its last frames.
func TestLiveInterfaceChanges(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			newVeth(t, "left", "right")
			setUp(t, "right", false)
			witness := mustOpen(t, LiveOptions{Interface: "right"}, false)
			l := mustOpen(t, LiveOptions{Interface: "right"}, way.ring)
			frame := experimental("changes")
			if err := l.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("down: %v", err)
			}
			for range 2 {
				setUp(t, "right", true)
				setUp(t, "left", true)
				sendUntil(t, l, "left", frame)
				setUp(t, "right", false)
			}
			setUp(t, "right", true)
			sendUntil(t, l, "left", frame)
			last := experimental("the last")
			rawSender(t, "left")(last)
			// The kernel throws away what is still on its way to the socket. Of
			// two it gives a frame to the one that was opened last first.
			collect(t, witness, func(f *Frame) bool { return bytes.Equal(f.Data, last) })
			removeInterface(t, "left")
			collect(t, l, func(f *Frame) bool { return bytes.Equal(f.Data, last) })
			var err error
			for deadline := time.Now().Add(patience); err == nil && time.Now().Before(deadline); {
				_, err = l.Next()
			}
			if !errors.Is(err, ErrInterfaceGone) || !strings.Contains(err.Error(), "right") {
				t.Fatalf("removed: %v", err)
			}
			if _, again := l.Next(); !errors.Is(again, ErrInterfaceGone) {
				t.Errorf("removed, again: %v", again)
			}
			f := l.Findings()
			if len(f) == 0 || f[0].Error() != "right: the interface went down: nothing is seen until it is up again" {
				t.Errorf("findings %v", f)
			}
		})
	}
}

// A capture of all interfaces goes on while they come and go.
func TestLiveAnyGrows(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			l := mustOpen(t, LiveOptions{}, way.ring)
			frame := experimental("grows")
			for _, name := range []string{"first", "second"} {
				newVeth(t, name, name+"peer")
				sendUntil(t, l, name, experimental("warm"))
				rawSender(t, name)(frame)
				// What is sent is seen going out here and coming in there.
				var seen []string
				collect(t, l, func(f *Frame) bool {
					if bytes.Equal(f.Data, frame) {
						seen = append(seen, fmt.Sprint(l.Interfaces()[f.Interface].Name, f.Direction))
					}
					return len(seen) == 2
				})
				want := []string{fmt.Sprint(name, DirectionOut), fmt.Sprint(name+"peer", DirectionUnknown)}
				if !slices.Equal(seen, want) {
					t.Errorf("seen %v, want %v", seen, want)
				}
				removeInterface(t, name)
			}
			if n := len(l.Findings()); n != 0 {
				t.Errorf("%d findings", n)
			}
		})
	}
}

func TestOpenLiveErrors(t *testing.T) {
	newNamespace(t)
	_, err := OpenLive(LiveOptions{Interface: "nosuch0"})
	var unknown *UnknownInterfaceError
	if !errors.As(err, &unknown) || unknown.Name != "nosuch0" || !slices.Contains(unknown.Have, "lo") {
		t.Errorf("unknown interface: %v", err)
	}
	if _, err := OpenLive(LiveOptions{Filter: []Instruction{{Op: 0xffff}}}); err == nil {
		t.Error("a filter that is none was taken")
	}
	if _, err := OpenLive(LiveOptions{Filter: []Instruction{}}); err == nil {
		t.Error("an empty filter was taken")
	}
	// Only this thread loses its capabilities, and ends with the test.
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&hdr, &none[0]); err != nil {
		t.Fatal(err)
	}
	_, err = OpenLive(LiveOptions{Interface: "lo"})
	var denied *PermissionError
	if !errors.As(err, &denied) || !errors.Is(err, unix.EPERM) {
		t.Fatalf("without rights: %v", err)
	}
	if !strings.Contains(denied.Error(), "CAP_NET_RAW") || !strings.Contains(denied.Hint, "sudo") {
		t.Errorf("%v, hint %q", denied, denied.Hint)
	}
	if _, err := Interfaces(); err != nil {
		t.Errorf("interfaces without rights: %v", err)
	}
}

func TestReleaseAtLeast(t *testing.T) {
	for release, want := range map[string]bool{
		"6.18.2-arch1": true, "6.18": true, "6.18-rc1": true, "7.0.1": true, "10.1": true,
		"6.17.9": false, "6.2.0-39-generic": false, "5.15.0": false, "": false, "x.y": false,
		"6.18.44-fc-v657": true, "6": false,
	} {
		if got := releaseAtLeast(release, 6, 18); got != want {
			t.Errorf("releaseAtLeast(%q) is %v", release, got)
		}
	}
}

// BenchmarkLive floods loopback with small datagrams and reads them. Next's
// own processor time is that of its thread.
func BenchmarkLive(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			newNamespace(b)
			fd, _ := udpSocket(b)
			l := mustOpen(b, LiveOptions{Interface: "lo"}, way.ring)
			b.ReportAllocs()
			b.SetBytes(14 + 20 + 8 + 24)
			go func() {
				const each = 640
				for n := 0; n < b.N; n += each {
					if sendMany(fd, make([]byte, 24), min(each, b.N-n)) != nil {
						return
					}
				}
			}()
			begin := threadTime(b)
			b.ResetTimer()
			for n := 0; n < b.N; {
				frames, err := l.Next()
				if err != nil {
					b.Fatal(err)
				}
				n += len(frames) + int(l.Stats().Dropped)
			}
			b.StopTimer()
			spent := threadTime(b) - begin
			b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/frame")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
			b.ReportMetric(float64(l.Stats().Dropped)/float64(b.N), "lost/frame")
		})
	}
}

// threadTime returns the processor time of the calling thread.
func threadTime(t testing.TB) time.Duration {
	t.Helper()
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
