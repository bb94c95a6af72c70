package render

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestKeptTogether holds that views of one connection which keep it together
// draw what each draws by itself, and that one of them keeps it.
func TestKeptTogether(t *testing.T) {
	makers := []func(io.Writer, Options) Renderer{NewLadder, NewSVG, NewMermaid, NewPlantUML, NewLaTeX, NewMarkdown}
	s := chat()
	together := Options{Kept: new(Kept)}
	var out [6]bytes.Buffer
	var views []Renderer
	for i, make := range makers {
		views = append(views, make(&out[i], together))
	}
	for i := range s.events {
		for _, v := range views {
			if err := v.Event(&s.events[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept := len(together.Kept.rec.Connections()[0].Events)
	alone := newWhole(Options{})
	for i := range s.events {
		alone.add(&s.events[i])
	}
	if want := len(alone.rec.Connections()[0].Events); kept != want {
		t.Errorf("%d events are kept, want %d", kept, want)
	}
	for i, v := range views {
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if want := draw(t, s, func(w *bytes.Buffer) Renderer { return makers[i](w, Options{}) }); out[i].String() != want {
			t.Errorf("view %d differs:\n%s\nwant\n%s", i, out[i].String(), want)
		}
	}
}

// TestWholeSaysWhatItLeavesOut holds that the limit of captured bytes shows.
func TestWholeSaysWhatItLeavesOut(t *testing.T) {
	w := newWhole(Options{})
	f := capture.Frame{Data: make([]byte, 64<<10)}
	for n := range maxWholeBytes>>16 + 1 {
		f.Number = int64(n + 1)
		w.add(&conn.Event{Type: conn.TypeSegment, Conn: 1, Frame: f.Number, First: n == 0, Packet: &dissect.Packet{Frame: &f}})
	}
	g := newGlyphs(false)
	if said := strings.Join(w.remarks(w.rec.Connections()[0], &g), "\n"); !strings.Contains(said, "Left out of payloads: 65.5 kB after the first 33.6 MB") {
		t.Error(said)
	}
}
