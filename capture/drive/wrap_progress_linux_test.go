//go:build amd64 || arm64

package drive

import (
	"sync"
	"testing"
	"time"
)

// TestNothingIsBehind: once Behind says so of a moment, every call of a traced
// command from before that has been reported.
func TestNothingIsBehind(t *testing.T) {
	traceable(t)
	python := program(t, "python3")
	var mu sync.Mutex
	var calls []time.Time
	w, err := Wrap(WrapOptions{Command: []string{python, "-c", "import socket\nfor i in range(200):\n s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(1); s.close()\n"}}, func(c Call) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, c.Time)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Release(); err != nil {
		t.Fatal(err)
	}
	type moment struct {
		at    time.Time
		known int // calls that had been reported when Behind said that none from before was missing
	}
	var moments []moment
	for !w.Ended() {
		now := time.Now()
		for w.Behind(now) && !w.Ended() {
			time.Sleep(20 * time.Microsecond)
		}
		mu.Lock()
		moments = append(moments, moment{now, len(calls)})
		mu.Unlock()
		time.Sleep(50 * time.Microsecond)
	}
	if len(calls) < 800 {
		t.Fatalf("%d calls were reported", len(calls))
	}
	for _, m := range moments {
		for _, c := range calls[m.known:] {
			if c.Before(m.at) {
				t.Fatalf("a call that was made %v before a moment was reported after all of those were said to be", m.at.Sub(c))
			}
		}
	}
}
