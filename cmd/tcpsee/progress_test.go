package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// halfRead is a source of which half is read.
type halfRead struct{ size int64 }

func (h halfRead) Progress() (done, size int64) { return h.size / 2, h.size }

// TestProgress turns the clock: nothing is said of short work, one line of
// long work, and that is gone before anything else is written.
func TestProgress(t *testing.T) {
	at := time.Unix(100, 0)
	var screen bytes.Buffer
	p := &progress{w: &screen, src: halfRead{3_000_000_000}, now: func() time.Time { return at }, began: at}
	out := p.over(&screen, true)
	for range 9 {
		p.step()
		at = at.Add(100 * time.Millisecond)
	}
	if screen.Len() > 0 {
		t.Errorf("after less than a second: %q", screen.String())
	}
	for range 10 {
		at = at.Add(100 * time.Millisecond)
		p.step()
	}
	said := screen.String()
	if n := strings.Count(said, eraseLine+"reading: 50%, 1.5 GB of 3.0 GB, 1 s"); n == 0 || n > 6 || strings.Contains(said, "\n") {
		t.Errorf("said %d times in a second: %q", n, said)
	}
	screen.Reset()
	_, _ = out.Write([]byte("row\n"))
	at = at.Add(time.Minute)
	p.step()
	_, _ = out.Write([]byte("row\n"))
	p.clear()
	if got := screen.String(); got != eraseLine+"row\nrow\n" {
		t.Errorf("rows are written as %q", got)
	}
}

// TestProgressOfNothing: no terminal, no word, and no difference.
func TestProgressOfNothing(t *testing.T) {
	var p *progress
	var out bytes.Buffer
	p.step()
	p.clear()
	if w := p.over(&out, true); w != &out {
		t.Error("output is changed where nothing is said")
	}
	q := &progress{w: &out, src: halfRead{0}, now: time.Now}
	q.step()
	q.clear()
	if out.Len() > 0 {
		t.Errorf("says %q of a file whose size is not known", out.String())
	}
}
