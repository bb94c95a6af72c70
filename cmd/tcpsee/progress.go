package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"tcpsee/capture"
	"tcpsee/render"
)

// When progress is said: after progressAfter, and every progressEvery from
// then on.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// eraseLine takes what stands on a terminal's line away.
const eraseLine = "\r\x1b[K"

// progress says on a terminal how far saved captures have been read, on one
// line that goes before anything else is written there. A nil progress says
// nothing.
type progress struct {
	w      io.Writer // standard error
	src    capture.Measured
	now    func() time.Time
	began  time.Time
	last   time.Time // when the line was written; zero while there is none
	silent bool      // output has the terminal now
}

// newProgress is for a source of regular files while standard error is a
// terminal.
func (a *app) newProgress(src capture.Source, regular bool) *progress {
	m, ok := src.(capture.Measured)
	if !ok || !regular || !isTerminal(a.std.err) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &progress{w: a.std.err, src: m, now: time.Now, began: time.Now()}
}

// step comes after each batch.
func (p *progress) step() {
	if p == nil || p.silent {
		return
	}
	now := p.now()
	if now.Sub(p.began) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	done, size := p.src.Progress()
	if size == 0 {
		return
	}
	p.last = now
	fmt.Fprintf(p.w, "%sreading: %d%%, %s of %s, %d s", eraseLine, 100*done/size, render.Size(done), render.Size(size), now.Sub(p.began)/time.Second)
}

// clear takes the line away.
func (p *progress) clear() {
	if p != nil && !p.last.IsZero() {
		p.last = time.Time{}
		_, _ = io.WriteString(p.w, eraseLine)
	}
}

// over returns w, which takes the line away before it writes; where w ends on
// a terminal, for good.
func (p *progress) over(w io.Writer, terminal bool) io.Writer {
	if p == nil || !terminal {
		return w
	}
	return &outputOver{p, w}
}

// outputOver is output on the terminal that progress is said on.
type outputOver struct {
	p *progress
	w io.Writer
}

func (o *outputOver) Write(b []byte) (int, error) {
	o.p.clear()
	o.p.silent = true
	return o.w.Write(b)
}
