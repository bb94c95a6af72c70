package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"tcpsee/dissect/conn"
)

func plainOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewPlain(w, o) })
}

func TestPlainGolden(t *testing.T) {
	for _, s := range scenes {
		for _, w := range []int{80, 120} {
			golden(t, fmt.Sprintf("plain/%s.%d.txt", s.name, w), plainOf(t, s.make(), drawn(Options{Width: w}, s.name)))
		}
	}
	golden(t, "plain/chat.verbose.txt", plainOf(t, chat(), drawn(Options{Width: 80, Verbose: true, Time: TimeDelta, Absolute: true}, "")))
}

func TestPlainHex(t *testing.T) {
	got := plainOf(t, chat(), Options{Width: 160, Hex: true})
	if !strings.Contains(got, "number 1: <Buffer 48 65 6c 6c 6f 0a>.") || strings.Contains(got, "Hello") {
		t.Error(got)
	}
}

// TestPlainIsWords holds that nothing is drawn.
func TestPlainIsWords(t *testing.T) {
	for _, s := range scenes {
		for w := 60; w <= 200; w += 20 {
			got := plainOf(t, s.make(), drawn(Options{Width: w, Color: true}, s.name))
			if i := strings.IndexFunc(got, func(r rune) bool { return r >= 0x2190 && r <= 0x25ff || r == 0x1b }); i >= 0 {
				t.Fatalf("%s: %q", s.name, got[i:min(i+20, len(got))])
			}
			for _, l := range strings.Split(got, "\n") {
				if n := textWidth(l); n > w {
					t.Fatalf("%s at %d columns: %d: %s", s.name, w, n, l)
				}
			}
			segments := 0
			for _, e := range s.make().events {
				if e.Type == conn.TypeSegment {
					segments++
				}
			}
			if n := strings.Count("\n"+got, "\nFrame "); n < segments {
				t.Fatalf("%s: %d sentences for %d segments", s.name, n, segments)
			}
		}
	}
}

func TestPlainHostile(t *testing.T) {
	for _, p := range hostilePayloads() {
		s, o := hostileScene(p, 80)
		checkTerminal(t, plainOf(t, s, o), 80)
	}
}

func BenchmarkPlain(b *testing.B) {
	benchmarkSegments(b, download(), NewPlain(io.Discard, Options{Width: 100}))
}
