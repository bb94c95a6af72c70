package render

import (
	"bytes"
	"fmt"
	"io"
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

// TestNoPayloadInAnyView holds that what is read from a payload is left out with
// it: a header may hold a password. Its protocol may be said.
func TestNoPayloadInAnyView(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(1, "10.0.0.1:4000", "10.0.0.2:80", 1, 2)
	const header = "Authorization: Basic b3BlbjpzZXNhbWU="
	l.send(0, conn.Client, segment{flags: push, seq: 1, ack: 1, data: header + "\r\n", app: "HTTP header " + header})
	l.send(0.1, conn.Client, segment{flags: push, seq: 40, ack: 1, data: "\x16\x03\x01", app: "TLS ClientHello (Authorization.example)"})
	s.capture(conn.Capture{Frames: 2, Segments: 2, Connections: 1})
	for name, make := range map[string]func(io.Writer, Options) Renderer{
		"timeline": NewTimeline, "ladder": NewLadder, "stack": NewStack, "plain": NewPlain, "summary": NewSummary, "graph": NewGraph,
		"ndjson": NewNDJSON, "json": NewJSON, "csv": NewCSV, "markdown": NewMarkdown, "html": NewHTML, "svg": NewSVG,
		"mermaid": NewMermaid, "plantuml": NewPlantUML, "latex": NewLaTeX,
	} {
		for _, width := range []int{80, 200} {
			o := Options{Width: width, Verbose: true, Notes: true, Full: true}
			with := draw(t, s, func(w *bytes.Buffer) Renderer { return make(w, o) })
			o.NoPayload = true
			without := draw(t, s, func(w *bytes.Buffer) Renderer { return make(w, o) })
			if strings.Contains(without, "Authorization") {
				t.Errorf("%s, %d columns: the payload is there", name, width)
			}
			if name != "summary" && name != "graph" && !strings.Contains(with, "Authorization") {
				t.Errorf("%s, %d columns: the payload is never there", name, width)
			}
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
