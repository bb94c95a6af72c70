package drive

import (
	"testing"
	"time"
)

// TestBehind: whoever draws what was captured at a time is told whether a call from
// before it is still to come.
func TestBehind(t *testing.T) {
	at := func(ns int64) time.Time { return time.Unix(0, ns) }
	w := newWrapped(WrapOptions{}, nil)
	if w.Behind(at(9)) {
		t.Error("nothing is known, and something is to come")
	}
	w.progress = new(progress)
	for _, c := range []struct {
		name               string
		since, sent, taken int64
		last               int64
		want               bool // of what was captured at 100
	}{
		{"idle", 0, 3, 3, 90, false},
		{"a call from before is in the making", 99, 3, 3, 90, true},
		{"one at the same time", 100, 3, 3, 90, true},
		{"a later one is", 101, 3, 3, 90, false},
		{"a message was not taken yet", 0, 4, 3, 90, true},
		{"and is later than one that was taken", 0, 4, 3, 101, false},
	} {
		w.progress.since.Store(c.since)
		w.progress.sent.Store(c.sent)
		w.received.messages.Store(c.taken)
		w.received.last.Store(c.last)
		if got := w.Behind(at(100)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	close(w.gone)
	w.progress.since.Store(1)
	if w.Behind(at(100)) {
		t.Error("the tracer has ended, and something is to come")
	}
}

// TestLooking: whoever has a SYN is told whether a look at sockets that has not been
// heard of may find whose it is.
func TestLooking(t *testing.T) {
	at := time.Unix(0, 100)
	w := newWrapped(WrapOptions{}, nil)
	if w.Looking(at) {
		t.Error("nobody looks, and something is to come")
	}
	w.progress = new(progress)
	for _, c := range []struct {
		name                string
		looked, sent, taken int64
		want                bool // of what was captured at 100
	}{
		{"no look is over", 0, 3, 3, true},
		{"the last began before", 99, 3, 3, true},
		{"it began at the same time", 100, 3, 3, true},
		{"it began later", 101, 3, 3, false},
		{"and what it found was not taken yet", 101, 4, 3, true},
	} {
		w.progress.looked.Store(c.looked)
		w.progress.sent.Store(c.sent)
		w.received.messages.Store(c.taken)
		if got := w.Looking(at); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	close(w.gone)
	w.progress.looked.Store(0)
	if w.Looking(at) {
		t.Error("who looked has ended, and something is to come")
	}
}

// TestUnderway: a driver's call is under way while it is reported, and is not
// between its entry and its return.
func TestUnderway(t *testing.T) {
	var u Underway
	seen := 0
	tr := &tracer{under: &u, report: func(Call) {
		if seen++; !u.Any() {
			t.Errorf("call %d is not under way while it is reported", seen)
		}
	}}
	began := tr.entry(Call{Name: "recv"})
	if u.Any() {
		t.Error("a call that waits is under way")
	}
	tr.returned(Call{Name: "recv"}, began)
	_ = tr.whole("close", "", func() error {
		if !u.Any() {
			t.Error("a call that is told when it has returned is not under way before")
		}
		return nil
	})
	if u.Any() || seen != 3 {
		t.Errorf("under way %v after %d reports", u.Any(), seen)
	}
}
