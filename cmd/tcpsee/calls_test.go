package main

import (
	"context"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
	"tcpsee/dissect/segtest"
	"tcpsee/render"
)

// TestTakeSides: what a server did with its socket before it listened is the
// server's, and nothing else becomes so.
func TestTakeSides(t *testing.T) {
	made := func(pid, fd int, name string, from conn.Side) timedCall {
		return timedCall{call: conn.Call{Name: name, From: from, PID: pid}, fd: fd}
	}
	calls := []timedCall{
		made(1, 5, "socket", conn.Client), // a client's, whose descriptor a server has later
		made(1, 5, "connect", conn.Client),
		made(1, 5, "close", conn.Client),
		made(1, 5, "socket", conn.Client),
		made(2, 5, "socket", conn.Client), // of another process
		made(1, 6, "socket", conn.Client), // another of the same
		made(1, 5, "bind", conn.Client),
		made(1, 6, "connect", conn.Client),
		made(1, 5, "listen", conn.Server),
		made(1, 6, "send", conn.Client),
		made(1, 5, "accept", conn.Server),
		made(0, -1, "resolve", conn.Client), // the driver's
		made(0, -1, "listen", conn.Server),
	}
	servers := []int{3, 6, 8, 10, 12}
	takeSides(calls)
	for i, c := range calls {
		want := conn.Client
		if slices.Contains(servers, i) {
			want = conn.Server
		}
		if c.call.From != want {
			t.Errorf("call %d, %s of descriptor %d of process %d, is of %v", i, c.call.Name, c.fd, c.call.PID, c.call.From)
		}
	}
}

// tardy is a source whose calls come once its frames have.
type tardy struct {
	given
	calls *callBox
	made  capture.Stamp
	under atomic.Bool
}

func (s *tardy) Next() ([]capture.Frame, error) {
	if s.frames == nil {
		return nil, io.EOF
	}
	s.under.Store(true)
	go func() {
		s.calls.put(timedCall{at: s.made, call: conn.Call{Name: "connect"}})
		s.under.Store(false)
	}()
	return s.given.Next()
}

// TestFramesWaitForCalls: a call that was made before a frame is drawn before
// it, though it is heard of later.
func TestFramesWaitForCalls(t *testing.T) {
	frames := segtest.MustFrames(t, "> S 0:0(0)")
	frames[0].Interface, frames[0].Time = -1, capture.StampOf(time.Now())
	calls := newCallBox()
	shown := &shownTypes{}
	src := &tardy{given: given{frames: frames}, calls: calls, made: frames[0].Time - 1}
	l := &loop{src: src, live: true, calls: calls, behind: func(at time.Time) bool { return src.under.Load() && src.made <= capture.StampOf(at) }, renderers: []render.Renderer{shown}}
	if err := l.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(shown.list) < 2 || shown.list[0] != "call 0" || shown.list[1] != "segment 1" {
		t.Errorf("drawn in this order: %q", shown.list)
	}
}

// TestCallsWaitForFrames: a call that has waited for long enough is not drawn
// while frames wait to be read.
func TestCallsWaitForFrames(t *testing.T) {
	waiting := true
	shown := &shownTypes{}
	l := &loop{calls: newCallBox(), waiting: func() bool { return waiting }, renderers: []render.Renderer{shown}}
	l.tracker = conn.New(conn.Options{})
	l.held = []timedCall{{at: capture.StampOf(time.Now().Add(-time.Minute)), call: conn.Call{Name: "connect"}}}
	hold := time.NewTimer(time.Hour)
	defer hold.Stop()
	if l.overdue(hold); len(shown.list) != 0 {
		t.Errorf("drawn before the frames that wait: %q", shown.list)
	}
	waiting = false
	if l.overdue(hold); !slices.Equal(shown.list, []string{"call 0"}) {
		t.Errorf("drawn once none waits: %q", shown.list)
	}
}

// TestCallsAreSavedWhole: a replay knows of a call what the live picture knew.
func TestCallsAreSavedWhole(t *testing.T) {
	local, remote := netip.MustParseAddrPort("10.0.0.2:80"), netip.MustParseAddrPort("10.0.0.1:40000")
	for _, call := range []conn.Call{
		{Name: "close", From: conn.Server, Local: local, Remote: remote, Args: "still open elsewhere", Shared: true},
		{Name: "close", From: conn.Client, Local: remote, Remote: local, Args: "7 bytes unread", Closing: conn.Closing{Unread: 7}},
		{Name: "recv", Phase: conn.PhaseReturn, From: conn.Server, Local: local, Remote: remote, Args: "2 bytes", Result: "2", Data: []byte("hi")},
	} {
		got, ok := loadCall(encodeCall(&timedCall{at: 12, call: call}))
		if !ok || got.at != 12 || !reflect.DeepEqual(got.call, call) {
			t.Errorf("%+v is read as %+v, %v", call, got, ok)
		}
	}
}

// TestAnonymousCalls: what a call was about may be read, and whose it was not.
func TestAnonymousCalls(t *testing.T) {
	flags := anonymizeFlags{anonymize: true}
	hide, err := flags.disguise()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"SO_REUSEADDR on", "SO_LINGER on, 0 s", "still open elsewhere", "the listening socket", "7 bytes unread", "at exit, 7 bytes unread",
		"AF_INET, SOCK_STREAM", "up to 16384 bytes", "address already in use", "connection reset by peer", "interrupted",
	} {
		got := hide.call(timedCall{call: conn.Call{Name: "close", Args: text, Error: text}}).call
		if got.Args != text || got.Error != text {
			t.Errorf("%q: %q, %q", text, got.Args, got.Error)
		}
	}
	for _, call := range []conn.Call{
		{Name: "resolve", Args: "intranet.example.org"},
		{Name: "bind", Error: "address already in use: nc[4121] of alice"},
	} {
		got := hide.call(timedCall{call: call}).call
		if said := got.Args + got.Error; !strings.Contains(said, "(name)") || strings.Contains(said, "intranet") || strings.Contains(said, "nc[") || strings.Contains(said, "alice") {
			t.Errorf("%+v: %q", call, said)
		}
	}
}
