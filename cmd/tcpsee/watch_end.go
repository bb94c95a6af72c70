package main

import (
	"context"
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
	f.Var((*timeValue)(&e.duration), "duration", "end after this `TIME` (30s)")
	f.StringVar(&e.until, "until", "", "end when a connection that was seen from its SYN is `closed`: the first, or --conn's")
}

func (e *endFlags) check() error {
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

// ending puts what ends and what calms the picture around the renderers.
func (fl *watchFlags) ending(rs []render.Renderer, pic screen, base render.Options, stop func()) []render.Renderer {
	if !fl.full && !fl.quiet && !fl.takesStdout() && isTerminal(pic.file) && oneOf(fl.view, "", "timeline") && !fl.wantsTable() {
		table := render.NewSummary(pic.w, fl.options(pic.file, base))
		rs[0] = newFlood(rs[0], table, pic.w, func() int { return fl.columns(pic) })
	}
	if fl.until != "" {
		rs = append(rs, &untilClosed{conn: fl.conn, any: fl.conn == 0, stop: stop})
	}
	return rs
}
