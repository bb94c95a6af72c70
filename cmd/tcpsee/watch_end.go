package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// endFlags say when watch ends by itself.
type endFlags struct {
	duration time.Duration
	until    string
}

func (e *endFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&e.duration, "duration", 0, "end after this `TIME` (30s)")
	f.StringVar(&e.until, "until", "", "end when a connection that was seen from its SYN is `closed`: the first, or --conn's")
}

func (e *endFlags) check() error {
	if e.duration < 0 {
		return usagef("--duration %s: it is a time to come", e.duration)
	}
	if e.until != "" && e.until != "closed" {
		return usagef("--until %q: the only thing to wait for is closed", e.until)
	}
	return nil
}

// limit ends ctx when the time is over.
func (e *endFlags) limit(ctx context.Context) (context.Context, func()) {
	if e.duration == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, e.duration)
}

// untilClosed calls stop when a connection has closed that was seen from its
// beginning.
type untilClosed struct {
	conn int64 // its number; 0 until there is one
	any  bool  // the first that opens
	stop func()
}

func (u *untilClosed) Event(e *conn.Event) error {
	switch e.Type {
	case conn.TypeSegment:
		if u.any && u.conn == 0 && e.Kind == conn.KindSYN {
			u.conn = e.Conn
		}
	case conn.TypeVerdict, conn.TypeEnd:
		if u.conn != 0 && e.Conn == u.conn {
			u.stop()
		}
	}
	return nil
}

func (*untilClosed) Flush() error { return nil }
func (*untilClosed) Close() error { return nil }

// A flood is more than floodRows rows a second for floodTime: nobody reads
// that.
const (
	floodRows = 200
	floodTime = 2 * time.Second
)

// flood draws rows until there are too many of them for too long. From then on
// it counts, and says what it has counted at the end.
type flood struct {
	next render.Renderer
	w    io.Writer
	now  func() time.Time

	began    time.Time // of the second that is counted
	rows     int       // in it
	since    time.Time // when the first of the seconds with too many began; zero for none
	over     bool      // rows are counted only
	segments int64
	conns    int64
	outcomes map[conn.Outcome]int64
}

func newFlood(next render.Renderer, w io.Writer) *flood {
	return &flood{next: next, w: w, now: time.Now, outcomes: make(map[conn.Outcome]int64)}
}

func (f *flood) Event(e *conn.Event) error {
	if !f.over {
		if e.Type == conn.TypeSegment && f.tooMany() {
			f.over = true
			if err := f.next.Flush(); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(f.w, "more than %d rows a second: from here on they are counted, not drawn (a filter, or --view summary, shows more)\n", floodRows); err != nil {
				return err
			}
		} else {
			return f.next.Event(e)
		}
	}
	switch e.Type {
	case conn.TypeSegment:
		f.segments++
	case conn.TypeEnd:
		f.conns++
		f.outcomes[e.Connection.Verdict.Outcome]++
	case conn.TypeCapture:
		if err := f.tell(); err != nil {
			return err
		}
		return f.next.Event(e)
	}
	return nil
}

// tooMany counts a row and says whether the flood has lasted.
func (f *flood) tooMany() bool {
	f.rows++
	now := f.now()
	if f.began.IsZero() {
		f.began = now
	}
	took := now.Sub(f.began)
	if took < time.Second {
		return false
	}
	busy := float64(f.rows) > floodRows*took.Seconds()
	if busy && f.since.IsZero() {
		f.since = f.began
	} else if !busy {
		f.since = time.Time{}
	}
	f.began, f.rows = now, 0
	return busy && now.Sub(f.since) >= floodTime
}

// tell says what became of what was not drawn.
func (f *flood) tell() error {
	outcomes := make([]conn.Outcome, 0, len(f.outcomes))
	for o := range f.outcomes {
		outcomes = append(outcomes, o)
	}
	slices.SortFunc(outcomes, func(a, b conn.Outcome) int {
		return cmp.Or(cmp.Compare(f.outcomes[b], f.outcomes[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(outcomes))
	for i, o := range outcomes {
		parts[i] = fmt.Sprintf("%d %s", f.outcomes[o], o)
	}
	_, err := fmt.Fprintf(f.w, "not drawn: %s; connections that ended meanwhile: %d (%s)\n", segments(int(f.segments)), f.conns, strings.Join(parts, ", "))
	return err
}

func (f *flood) Flush() error { return f.next.Flush() }
func (f *flood) Close() error { return f.next.Close() }

// watched puts what ends and what calms the picture around the renderers.
func (fl *watchFlags) watched(rs []render.Renderer, pic screen, stop func()) []render.Renderer {
	if !fl.quiet && !fl.takesStdout() && isTerminal(pic.file) && oneOf(fl.view, "", "timeline") && fl.sort == "" && len(fl.only) == 0 {
		rs[0] = newFlood(rs[0], pic.w)
	}
	if fl.until != "" {
		rs = append(rs, &untilClosed{conn: fl.conn, any: fl.conn == 0, stop: stop})
	}
	return rs
}
