package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"tcpsee/dissect/conn"
	"time"
)

func ladderOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewLadder(w, o) })
}

func TestLadderGolden(t *testing.T) {
	for _, sc := range scenes {
		for _, width := range []int{80, 120} {
			o := drawn(Options{Width: width}, sc.name)
			golden(t, fmt.Sprintf("ladder-%s-%d.txt", sc.name, width), ladderOf(t, sc.make(), o))
		}
	}
	golden(t, "ladder-chat-60-ascii.txt", ladderOf(t, chat(), Options{Width: 60, ASCII: true}))
	golden(t, "ladder-distant-80.txt", ladderOf(t, distant(), Options{Width: 80}))
	golden(t, "ladder-distant-100.txt", ladderOf(t, distant(), Options{Width: 100}))
}

// distant is a request over a line of 30 ms, captured at the client, with a
// segment that is sent again.
func distant() *scene {
	s := newScene("2025-11-20 17:00:00.000000")
	l := s.link(1, "10.9.0.1:50000", "198.51.100.7:80", 10, 20)
	l.mac = true
	l.send(0, conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 64240, mss: 1460})
	l.send(0.030, conn.Server, segment{flags: synAck, ack: 1, client: conn.StateEstablished, server: conn.StateSynReceived, win: 65160, mss: 1460})
	e := l.send(0.03002, conn.Client, segment{flags: ack, seq: 1, ack: 1, server: conn.StateEstablished, win: 502, role: true})
	e.HalfRTT = [2]time.Duration{30e6, 20e3}
	l.send(0.0301, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", app: "HTTP GET /", win: 502})
	l.send(0.0602, conn.Server, segment{flags: ack, seq: 1, ack: 38, win: 509})
	for i := range 14 {
		l.send(0.061+at(i)*0.0001, conn.Server, segment{flags: ack, seq: uint32(1 + 1448*i), ack: 38, data: strings.Repeat("x", 1448), win: 509})
	}
	l.send(0.064, conn.Client, segment{flags: ack, seq: 38, ack: 1449, win: 600, labels: []conn.Label{conn.DupAck}, dup: 3})
	l.send(0.3, conn.Server, segment{flags: ack, seq: 1449, ack: 38, data: strings.Repeat("x", 1448), win: 509, labels: []conn.Label{conn.Retransmission}})
	l.send(0.33, conn.Client, segment{flags: ack, seq: 38, ack: 20273, win: 600})
	l.send(0.4, conn.Server, segment{flags: rst, seq: 20273, client: conn.StateClosed, server: conn.StateClosed})
	return s
}

func TestLadderFitsEveryWidth(t *testing.T) {
	for _, sc := range append(scenes, struct {
		name string
		make func() *scene
	}{"distant", distant}) {
		for width := MinWidth; width <= 200; width += 7 {
			for _, ascii := range []bool{false, true} {
				out := ladderOf(t, sc.make(), Options{Width: width, ASCII: ascii, Verbose: true})
				for _, line := range strings.Split(out, "\n") {
					if w := textWidth(line); w > width {
						t.Fatalf("%s at %d: %d columns: %s", sc.name, width, w, line)
					}
					if ascii && !safe(line) {
						t.Fatalf("%s at %d: not ASCII: %s", sc.name, width, line)
					}
				}
			}
		}
	}
}

// TestLadderNamesWhole holds that a name which says all that is known of the
// payload is not cut where there is room for it.
func TestLadderNamesWhole(t *testing.T) {
	s := newScene("2025-11-20 17:00:00.000000")
	l := s.link(1, "10.9.0.1:50000", "198.51.100.7:443", 10, 20)
	l.handshake(0, 0.00002)
	l.send(0.1, conn.Server, segment{flags: push, seq: 1, ack: 1, data: "\x17\x03\x03\x00\x10", app: "TLS application data", win: 502})
	if out := ladderOf(t, s, Options{Width: 120}); !strings.Contains(out, "TLS application data") {
		t.Error(out)
	}
}
