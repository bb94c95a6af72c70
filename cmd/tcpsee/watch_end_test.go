package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tcpsee/dissect/conn"
)

// counter counts what reaches the picture.
type counter struct{ rows, captures int }

func (c *counter) Event(e *conn.Event) error {
	switch e.Type {
	case conn.TypeSegment:
		c.rows++
	case conn.TypeCapture:
		c.captures++
	}
	return nil
}

func (*counter) Flush() error { return nil }
func (*counter) Close() error { return nil }

// TestFlood gives rows evenly for three seconds: at 190 a second all are
// drawn, at 400 those of the first two seconds.
func TestFlood(t *testing.T) {
	for _, c := range []struct {
		rate   int
		fewest int
		most   int
		says   string
	}{
		{190, 570, 570, ""},
		{400, 800, 1000, "not drawn: "},
	} {
		var (
			out   bytes.Buffer
			drawn counter
			now   = time.Unix(0, 0)
		)
		f := newFlood(&drawn, &out)
		f.now = func() time.Time { return now }
		for range 3 * c.rate {
			_ = f.Event(&conn.Event{Type: conn.TypeSegment})
			now = now.Add(time.Second / time.Duration(c.rate))
		}
		_ = f.Event(&conn.Event{Type: conn.TypeEnd, Connection: &conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeClosed}}})
		_ = f.Event(&conn.Event{Type: conn.TypeCapture, Capture: &conn.Capture{}})
		if drawn.rows < c.fewest || drawn.rows > c.most || drawn.captures != 1 {
			t.Errorf("%d rows a second: %d drawn, %d captures ended", c.rate, drawn.rows, drawn.captures)
		}
		if c.says == "" && out.Len() > 0 || !strings.Contains(out.String(), c.says) {
			t.Errorf("%d rows a second: says %q", c.rate, out.String())
		}
		if c.says != "" && !strings.Contains(out.String(), "1 (1 closed)") {
			t.Errorf("does not count connections: %q", out.String())
		}
	}
}

// TestUntilClosed: a connection that was open before is not waited for.
func TestUntilClosed(t *testing.T) {
	stopped := 0
	u := &untilClosed{any: true, stop: func() { stopped++ }}
	for _, e := range []conn.Event{
		{Type: conn.TypeSegment, Conn: 1, Kind: conn.KindData},
		{Type: conn.TypeSegment, Conn: 2, Kind: conn.KindSYN},
		{Type: conn.TypeSegment, Conn: 3, Kind: conn.KindSYN},
		{Type: conn.TypeVerdict, Conn: 1},
		{Type: conn.TypeVerdict, Conn: 3},
	} {
		_ = u.Event(&e)
	}
	if stopped != 0 {
		t.Error("ends with another connection")
	}
	_ = u.Event(&conn.Event{Type: conn.TypeVerdict, Conn: 2})
	if stopped == 0 {
		t.Error("does not end with the first connection")
	}
}
