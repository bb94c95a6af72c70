package render

import (
	"bytes"
	"strings"
	"testing"

	"tcpsee/dissect/conn"
)

// TestOpenAlready: of a connection whose SYN was not captured it is said, once,
// before its first segment; of others never.
func TestOpenAlready(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(1, "127.0.0.1:37602", "127.0.0.1:3000", 1, 2)
	l.send(0, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "Hello\n", win: 502}).SeqSeen = true
	l.send(0.01, conn.Server, segment{flags: ack, seq: 1, ack: 7, win: 502}).SeqSeen = true
	for name, draw := range map[string]func(*bytes.Buffer) Renderer{
		"timeline": func(b *bytes.Buffer) Renderer { return NewTimeline(b, Options{Width: 100}) },
		"plain":    func(b *bytes.Buffer) Renderer { return NewPlain(b, Options{Width: 100}) },
	} {
		for what, c := range map[string]struct {
			events []conn.Event
			says   int
		}{"midstream": {s.events, 1}, "from its SYN": {chat().events, 0}} {
			var b bytes.Buffer
			r := draw(&b)
			for i := range c.events {
				if err := r.Event(&c.events[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(strings.ToLower(b.String()), "open before the capture began"); n != c.says {
				t.Errorf("%s, %s: said %d times\n%s", name, what, n, b.String())
			}
		}
	}
}
