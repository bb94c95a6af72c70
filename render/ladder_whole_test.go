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

// TestWholeKeepsWhatItDraws holds that what is folded is not kept, is told, and
// takes no place from what comes after it.
func TestWholeKeepsWhatItDraws(t *testing.T) {
	const data = conn.DefaultRecordEvents + 7
	segment := func(n int64, kind conn.Kind, length int) *conn.Event {
		f := capture.Frame{Number: n, Time: capture.Stamp(n * 1000)}
		return &conn.Event{Type: conn.TypeSegment, Conn: 1, Frame: n, Time: f.Time, First: n == 1, Kind: kind,
			Packet: &dissect.Packet{Frame: &f, TCP: dissect.TCP{Len: length}}}
	}
	var out bytes.Buffer
	l := NewLadder(&out, Options{}).(*ladder)
	for n := int64(1); n <= data; n++ {
		e := segment(n, conn.KindData, 5)
		if n == 20 {
			e.Labels = conn.Labels(0).With(conn.Retransmission)
		}
		l.add(e)
	}
	l.add(segment(data+1, conn.KindFIN, 0))
	if kept := len(l.rec.Connections()[0].Events); kept != foldAfter+2 {
		t.Errorf("%d events are kept, want %d", kept, foldAfter+2)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"9 segments folded, 45 B from the client",
		count(data-20) + " segments folded, 249.9 kB from the client",
		"── FIN", "retransmission",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "a limit") {
		t.Errorf("a limit was reached:\n%s", &out)
	}
}
