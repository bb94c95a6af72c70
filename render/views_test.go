package render

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// TestEveryCaptureInEveryView holds that whatever a file of the corpus holds,
// broken ones included, no line is wider than the picture and no control
// character is in it.
func TestEveryCaptureInEveryView(t *testing.T) {
	files, _ := filepath.Glob("../../shared/corpus/dev/*.pcap*")
	if len(files) == 0 {
		t.Skip("no corpus beside the project")
	}
	broken, _ := filepath.Glob("../../shared/corpus/hostile-dev/*")
	for i, name := range append(files, broken...) {
		if i%4 != 0 || strings.Contains(name, "mqtt-limit") { // a part is enough for each run, and does not take long
			continue
		}
		src, err := capture.OpenFile(name)
		if err != nil {
			continue // no capture, or too broken to begin with
		}
		src.Close()
		w := 60 + i*7%141
		o := Options{Width: w, ASCII: i%3 == 0}
		var stack, graph, plain, table bytes.Buffer
		recorded(t, name, &atMost{NewStack(&stack, o), 300}, NewGraph(&graph, o), NewPlain(&plain, o), NewSummary(&table, o))
		for _, b := range []*bytes.Buffer{&stack, &graph, &plain, &table} {
			checkTerminal(t, strings.Map(func(r rune) rune {
				if r >= 0x2800 && r <= 0x28ff { // the graph's own dots
					return 'x'
				}
				return r
			}, b.String()), w)
		}
	}
}

// atMost passes on so many events.
type atMost struct {
	Renderer
	left int
}

func (a *atMost) Event(e *conn.Event) error {
	if a.left--; a.left < 0 {
		return nil
	}
	return a.Renderer.Event(e)
}

// ExampleNewPlain tells a handshake.
func ExampleNewPlain() {
	s := chat()
	var b bytes.Buffer
	r := NewPlain(&b, Options{Width: 80})
	for i := range 3 {
		r.Event(&s.events[i])
	}
	r.Close()
	fmt.Print(b.String())
	// Output:
	// Connection 1, from 2025-11-20 16:39:16.442830 UTC: the client is 127.0.0.1 port
	//   37602, the server is 127.0.0.1 port 3000.
	// Frame 1, after 0 microseconds: the client sends SYN, sequence number 0; the
	//   client is now SYN-SENT.
	// Frame 2, after 17 microseconds: the server sends SYN-ACK, sequence number 0,
	//   acknowledgment number 1; the client is now ESTABLISHED; the server is now
	//   SYN-RECEIVED.
	// Frame 3, after 32 microseconds: the client sends ACK, acknowledgment number 1;
	//   the handshake is complete in 32 microseconds; the server is now ESTABLISHED.
}

// FuzzGraph holds that no numbers make a plot grow, hang or reach beyond its
// lines.
func FuzzGraph(f *testing.F) {
	f.Add(uint32(1), uint32(1), uint32(65535), int64(1000), byte(0))
	f.Add(uint32(0xffffffff), uint32(0x80000000), uint32(0xffffffff), int64(1<<62), byte(3))
	f.Fuzz(func(t *testing.T, seq, ack, win uint32, delta int64, how byte) {
		s := download()
		for i := range s.events {
			if e := &s.events[i]; e.Type == conn.TypeSegment && i%2 == int(how&1) {
				e.Seq, e.Ack, e.Window, e.Delta = e.Seq+seq*uint32(i), e.Ack^ack, win, time.Duration(delta*int64(i))
			}
		}
		s.events = s.events[:min(len(s.events), 60)]
		for _, l := range strings.Split(graphOf(t, s, Options{Width: 60, ASCII: how&2 > 0}), "\n") {
			if n := len([]rune(l)); n > 60 {
				t.Fatalf("%d columns: %s", n, l)
			}
		}
	})
}
