package main

import (
	"errors"
	"testing"
	"time"
)

// TestRelief: packets are cut when the queue fills, and whole again after it
// has been empty for a while.
func TestRelief(t *testing.T) {
	full, kept := 0.0, -1
	r := &relief{backlog: func() float64 { return full }, keep: func(n int) error { kept = n; return nil }}
	at := func(s float64) time.Time { return time.Unix(1000, int64(s*1e9)) }
	for _, c := range []struct {
		second, full float64
		says         bool
		kept         int
	}{
		{0, 0.2, false, -1},
		{1, 0.25, true, reliefBytes},
		{2, 0.9, false, reliefBytes},
		{3, 0, false, reliefBytes},
		{7, 0.1, false, reliefBytes}, // not for long enough
		{8, 0, false, reliefBytes},
		{12.9, 0.005, false, reliefBytes},
		{13, 0, true, 0},
		{14, 0, false, 0},
		{15, 1, true, reliefBytes},
	} {
		full = c.full
		if text := r.look(at(c.second)); (text != "") != c.says || kept != c.kept {
			t.Errorf("after %v s: says %q, keeps %d, want %v, %d", c.second, text, kept, c.says, c.kept)
		}
	}
	r = &relief{backlog: func() float64 { return 1 }, keep: func(int) error { return errors.New("closed") }}
	if text := r.look(at(0)); text != "" || r.cut {
		t.Errorf("what could not be done is said: %q", text)
	}
	if text := (*relief)(nil).look(at(0)); text != "" {
		t.Errorf("without relief: %q", text)
	}
}
