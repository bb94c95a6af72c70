package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tcpsee/dissect/conn"
)

func graphOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewGraph(w, o) })
}

// lossy is a transfer with a hole that is reported by SACK and filled.
func lossy() *scene {
	s := newScene("2025-11-20 16:50:00.000000")
	l := s.link(1, "10.9.0.1:40000", "10.9.0.2:80", 0xffffff00, 7) // wraps in the middle
	l.timestamps = false
	l.handshake(0, 0.01)
	const size = 1000
	for i := range 20 {
		seq := uint32(1 + i*size)
		g := segment{flags: ack, seq: seq, ack: 1, data: strings.Repeat("x", size), win: 502}
		l.send(0.03+0.005*at(i), conn.Client, g)
		if i < 8 {
			l.send(0.035+0.005*at(i), conn.Server, segment{flags: ack, seq: 1, ack: seq + size, win: uint16(160 - i)})
			continue
		}
		from, to := l.iss[0]+1+9*size, l.iss[0]+seq+size // the ninth is missing
		sack := []byte{1, 1, 5, 10, byte(from >> 24), byte(from >> 16), byte(from >> 8), byte(from), byte(to >> 24), byte(to >> 16), byte(to >> 8), byte(to)}
		l.send(0.035+0.005*at(i), conn.Server, segment{flags: ack, seq: 1, ack: 1 + 8*size, win: 150, options: sack})
	}
	l.send(0.16, conn.Client, segment{flags: ack, seq: 1 + 8*size, ack: 1, data: strings.Repeat("x", size), win: 502, labels: []conn.Label{conn.Retransmission}})
	l.send(0.17, conn.Server, segment{flags: ack, seq: 1, ack: 1 + 20*size, win: 0, labels: []conn.Label{conn.ZeroWindow}})
	l.send(0.30, conn.Server, segment{flags: ack, seq: 1, ack: 1 + 20*size, win: 300, labels: []conn.Label{conn.WindowUpdate}})
	l.end(0.30, conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeOpen}})
	for i := range s.events {
		s.events[i].ScaleKnown = true
	}
	return s
}

func TestGraphGolden(t *testing.T) {
	for _, w := range []int{60, 80, 120} {
		golden(t, fmt.Sprintf("graph/lossy.%d.txt", w), graphOf(t, lossy(), Options{Width: w}))
		golden(t, fmt.Sprintf("graph/lossy.%d.ascii.txt", w), graphOf(t, lossy(), Options{Width: w, ASCII: true}))
	}
	golden(t, "graph/lossy.color.txt", graphOf(t, lossy(), Options{Width: 80, Color: true}))
	var b bytes.Buffer
	recorded(t, "../testdata/s01-chat.pcap", NewGraph(&b, Options{Width: 80}))
	golden(t, "graph/chat.80.txt", b.String())
}

func TestGraphFits(t *testing.T) {
	for _, s := range scenes {
		for w := 60; w <= 200; w += 20 {
			for _, ascii := range []bool{false, true} {
				for _, l := range strings.Split(graphOf(t, s.make(), Options{Width: w, ASCII: ascii}), "\n") {
					if n := len([]rune(l)); n > w {
						t.Fatalf("%s at %d columns: %d: %s", s.name, w, n, l)
					}
				}
			}
		}
	}
}

func TestGraphHostile(t *testing.T) {
	for _, p := range hostilePayloads() {
		s, o := hostileScene(p, 80)
		got := graphOf(t, s, o)
		checkTerminal(t, strings.Map(func(r rune) rune {
			if r >= 0x2800 && r <= 0x28ff { // our own dots
				return 'x'
			}
			return r
		}, got), 80)
	}
}

// TestGraphStaysSmall holds that a plot does not grow with its connection, and
// that connections which are too many are counted.
func TestGraphStaysSmall(t *testing.T) {
	g := NewGraph(io.Discard, Options{}).(*graph)
	e := download().events[3]
	e.Conn, e.Type = 1, conn.TypeSegment
	for i := range 200_000 {
		e.Delta = time.Duration(i) * 700 * time.Microsecond
		e.Seq += 1448
		e.From = conn.Side(i & 1)
		g.Event(&e)
	}
	for side := range g.plots[1].bins {
		if n := len(g.plots[1].bins[side]); n > graphBins || n < graphBins/2 {
			t.Errorf("%d bins", n)
		}
	}
	for i := range int64(2 * maxGraphs) {
		e.Conn = i + 1
		g.Event(&e)
		g.Event(&e)
	}
	if len(g.plots) != maxGraphs {
		t.Errorf("%d plots", len(g.plots))
	}
	for i := range int64(2 * maxGraphs) {
		g.Event(&conn.Event{Type: conn.TypeEnd, Connection: &conn.Connection{Number: i + 1}})
	}
	if len(g.plots) != 0 || g.left != maxGraphs {
		t.Errorf("%d plots, %d left out", len(g.plots), g.left)
	}
}

func BenchmarkGraph(b *testing.B) { benchmarkSegments(b, download(), NewGraph(io.Discard, Options{})) }
