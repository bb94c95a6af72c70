package main

import (
	"slices"
	"strconv"
	"strings"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// annotated returns f with what events say of it as a further comment. The
// events are those that f led to; some stand for other frames. Comments that f
// has already stay.
func annotated(f *capture.Frame, events []conn.Event) *capture.Frame {
	var more []string
	for i := range events {
		e := &events[i]
		if e.Type != conn.TypeSegment || e.Frame != f.Number || e.File != f.File {
			continue
		}
		if c := commentOn(e); !slices.Contains(f.Comments, c) {
			more = append(more, c)
		}
	}
	if len(more) == 0 {
		return f
	}
	g := *f // the frame is its source's
	g.Comments = append(slices.Clip(f.Comments), more...)
	return &g
}

// commentOn says what a segment is: connection, kind, labels, explanation.
func commentOn(e *conn.Event) string {
	var b strings.Builder
	b.WriteString(render.CommentMark + "connection " + strconv.FormatInt(e.Conn, 10) + ": " + e.Kind.String() + " from the " + e.From.String())
	for l := range conn.Label(32) {
		if e.Labels.Has(l) {
			b.WriteString(", " + l.String())
		}
	}
	if e.Handshake {
		b.WriteString(", completes the handshake")
	}
	b.WriteString(".")
	if s := e.Sentence(); s != "" {
		b.WriteString(" " + s)
	}
	return b.String()
}
