package main

import (
	"slices"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// shownTypes is a renderer that keeps which events came, and of which connection.
type shownTypes struct{ list []string }

func (s *shownTypes) Event(e *conn.Event) error {
	word := map[conn.Type]string{conn.TypeSegment: "segment", conn.TypeCall: "call", conn.TypeVerdict: "verdict"}[e.Type]
	if e.Type == conn.TypeVerdict && e.Connection.Number != e.Conn {
		word += " of another"
	}
	s.list = append(s.list, word+" "+string(rune('0'+e.Conn)))
	return nil
}
func (s *shownTypes) Needs() render.Needs { return render.NeedsAll | render.NeedsVerdicts }
func (*shownTypes) Flush() error          { return nil }
func (*shownTypes) Close() error          { return nil }

// TestVerdictAfterCalls draws a verdict behind the calls that end with the
// connection, and neither behind another connection nor behind a later call.
func TestVerdictAfterCalls(t *testing.T) {
	const at = capture.Stamp(1e18)
	after := func(d time.Duration) capture.Stamp { return at + capture.Stamp(d) }
	verdict := func(n int64) func(*loop) {
		return func(l *loop) {
			c := conn.Connection{Number: n}
			l.draw(&conn.Event{Type: conn.TypeVerdict, Conn: n, Time: at, Connection: &c})
			c.Number = 99 // it belongs to the tracker, which uses it again
		}
	}
	segment := func(n int64, first bool) func(*loop) {
		return func(l *loop) { l.draw(&conn.Event{Type: conn.TypeSegment, Conn: n, First: first}) }
	}
	call := func(n int64, name string) func(*loop) {
		return func(l *loop) { l.draw(&conn.Event{Type: conn.TypeCall, Conn: n, Call: &conn.Call{Name: name}}) }
	}
	until := func(t capture.Stamp) func(*loop) { return func(l *loop) { l.releaseCalls(t) } }
	for _, c := range []struct {
		name  string
		steps []func(*loop)
		want  []string
	}{
		{"close ends it", []func(*loop){verdict(1), call(1, "recv"), call(1, "close"), call(1, "late")},
			[]string{"call 1", "call 1", "verdict 1", "call 1"}},
		{"another's close does not", []func(*loop){verdict(1), call(2, "close"), until(after(callsWithin))}, []string{"call 2"}},
		{"time ends it", []func(*loop){verdict(1), segment(1, false), until(after(callsWithin + 1)), segment(1, false)},
			[]string{"segment 1", "verdict 1", "segment 1"}},
		{"another connection ends it", []func(*loop){verdict(1), segment(2, true)}, []string{"verdict 1", "segment 2"}},
		{"two, the second first", []func(*loop){verdict(1), verdict(2), call(2, "close"), call(1, "close")},
			[]string{"call 2", "verdict 2", "call 1", "verdict 1"}},
		{"again in the same place", []func(*loop){verdict(1), call(1, "close"), verdict(2), call(2, "close")},
			[]string{"call 1", "verdict 1", "call 2", "verdict 2"}},
	} {
		shown := &shownTypes{}
		l := &loop{calls: newCallBox(), renderers: []render.Renderer{shown}}
		l.tracker = conn.New(conn.Options{})
		for _, step := range c.steps {
			step(l)
		}
		if !slices.Equal(shown.list, c.want) {
			t.Errorf("%s: %q, want %q", c.name, shown.list, c.want)
		}
	}
}
