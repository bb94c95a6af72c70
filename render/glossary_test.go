package render

import (
	"bytes"
	"strings"
	"testing"

	"tcpsee/dissect/conn"
)

func entries(t *testing.T, o Options, e ...conn.Entry) string {
	t.Helper()
	var b bytes.Buffer
	if err := DrawEntries(&b, o, e); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGlossaryGolden(t *testing.T) {
	var some []conn.Entry
	for _, w := range []string{"handshake", "SYN-SENT", "dup-ack", "no-answer", "zero-window", "OSI", "MSS"} {
		e, ok := conn.Explain(w)
		if !ok {
			t.Fatalf("no entry %s", w)
		}
		some = append(some, e)
	}
	golden(t, "glossary/some-80.txt", entries(t, Options{Width: 80}, some...))
	golden(t, "glossary/some-60-ascii.txt", entries(t, Options{Width: 60, ASCII: true}, some...))
}

// TestGlossaryHasThreeLines holds of each entry at the usual width: a line that
// says what it is and where it is defined, and two at most of what it means. At
// every width it fits, and its picture is whole.
func TestGlossaryHasThreeLines(t *testing.T) {
	pictures := 0
	for _, e := range conn.Terms() {
		text := entries(t, Options{Width: DefaultWidth}, e)
		body, _, _ := strings.Cut(text, "\n    ")
		if n := len(strings.Split(strings.TrimRight(body, "\n"), "\n")); n > 3 {
			t.Errorf("%s has %d lines:\n%s", e.Term, n, text)
		}
		if e.RFC != "" && !strings.Contains(text, "("+e.RFC+")") {
			t.Errorf("%s does not say where it is defined:\n%s", e.Term, text)
		}
		if e.Picture() != nil {
			pictures++
		}
		for _, s := range e.Picture() {
			if s.Way != conn.WayNone && len(s.Text) > pictureArrow-len("-- ")-len(" ->") {
				t.Errorf("%s: %q leaves an arrow no head", e.Term, s.Text)
			}
			if s.Way != conn.WayNone && len(s.Client) > pictureClient {
				t.Errorf("%s: %q is too long", e.Term, s.Client)
			}
		}
		for _, w := range terminalWidths {
			for _, ascii := range []bool{false, true} {
				text := entries(t, Options{Width: w, ASCII: ascii}, e)
				checkTerminal(t, text, w)
				for _, s := range e.Picture() {
					for _, part := range []string{s.Client, s.Text, s.Server} {
						if !strings.Contains(text, part) {
							t.Errorf("%s at %d columns does not show %q:\n%s", e.Term, w, part, text)
						}
					}
				}
				for l := range strings.Lines(text) {
					switch {
					case !ascii && strings.Contains(l, "── ") && !strings.Contains(l, "►") && !strings.Contains(l, "◄") && !strings.Contains(l, "x"):
						t.Errorf("%s: an arrow without a head: %q", e.Term, l)
					}
				}
			}
		}
	}
	if pictures < 30 {
		t.Errorf("only %d entries have a picture", pictures)
	}
}

// TestGlossaryDrawsAPictureOnce: entries that share one say where it is.
func TestGlossaryDrawsAPictureOnce(t *testing.T) {
	text := entries(t, Options{Width: 80}, conn.Terms()...)
	for _, once := range []string{"SYN-ACK  seq=0 ack=1 ──── SYN-RECEIVED\n                 ── ACK", "zero-window-probe ──"} {
		if n := strings.Count(text, once); n != 1 {
			t.Errorf("%q stands there %d times", once, n)
		}
	}
	if !strings.Contains(text, "(the picture is at ") {
		t.Error("nothing says where the shared pictures are")
	}
}
