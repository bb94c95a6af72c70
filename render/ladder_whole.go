package render

import (
	"fmt"
	"net/netip"
	"strings"

	"tcpsee/dissect/conn"
)

// maxChoices is how many connections are listed where one has to be chosen.
const maxChoices = 12

// whole gathers one connection, for views that draw it at its end.
type whole struct {
	o Options
	*Kept
	keeps   bool // it fills Kept; else another one does
	seen    map[int64]bool
	choices []choice
	others  int64 // connections beside the one that is drawn
}

// choice is a connection that could be drawn.
type choice struct {
	number         int64
	client, server netip.AddrPort
}

// maxWholeBytes is how many captured bytes are kept of the connection that is
// drawn: rows show the first of each packet only.
const maxWholeBytes = 32 << 20

// Kept is the connection that views draw at its end. Those with the same Kept
// keep it once, in the first of them. They must have the same Options.Conn,
// Options.Full and Options.Checksums, and be given the same events.
type Kept struct {
	conn  int64 // 0 is the first that comes
	rec   *conn.Recorder
	runs  folder
	folds []fold // of the connection in rec, in order
}

// newWhole gathers in o.Kept, where that is not nil.
func newWhole(o Options) whole {
	w := whole{o: o, Kept: o.Kept, seen: map[int64]bool{}}
	if w.Kept == nil {
		w.Kept = new(Kept)
	}
	if w.keeps = w.rec == nil; w.keeps {
		w.Kept.begin(&o)
	}
	return w
}

func (k *Kept) begin(o *Options) {
	k.conn = o.Conn
	k.rec = conn.NewRecorder(conn.RecordLimits{Conn: o.Conn, Connections: 1, Bytes: maxWholeBytes})
	k.runs = newFolder(o, k.rec.Add, func(f *fold) {
		f.before = len(k.rec.Connections()[0].Events)
		k.folds = append(k.folds, *f)
	})
}

// add keeps an event. Once a limit has been reached nothing is folded, for then
// nothing is drawn.
func (k *Kept) add(e *conn.Event) {
	number, full := k.conn, false
	if c := k.rec.Connections(); len(c) > 0 {
		number, full = c[0].Number, c[0].Missed > 0
	}
	if e.Conn != 0 && (number == 0 || number == e.Conn) && drawable(e) && !full {
		k.runs.add(e)
	} else {
		k.rec.Add(e)
	}
}

// add keeps an event of the connection that will be drawn: the one that was
// asked for, else the first.
func (w *whole) add(e *conn.Event) {
	if e.Conn != 0 && e.Type != conn.TypeCapture {
		w.note(e)
	}
	if w.keeps {
		w.Kept.add(e)
	}
}

// note remembers which connections there are.
func (w *whole) note(e *conn.Event) {
	if w.seen[e.Conn] {
		if e.Type == conn.TypeEnd && e.Conn > 1 {
			delete(w.seen, e.Conn) // so that the set does not grow with the capture
		}
		return
	}
	if e.Type != conn.TypeEnd && !e.First && len(w.seen) >= maxViews {
		return
	}
	if e.Type != conn.TypeEnd {
		w.seen[e.Conn] = true
	}
	w.others++
	if len(w.choices) < maxChoices {
		w.choices = append(w.choices, choice{e.Conn, e.Client, e.Server})
	}
}

// pick returns what to draw. Where nothing was captured that could be, the
// record is empty.
func (w *whole) pick() (*conn.Record, error) {
	w.runs.end()
	if c := w.rec.Connections(); len(c) > 0 {
		return c[0], nil
	}
	if w.o.Conn == 0 {
		return w.rec.Rest(), nil
	}
	if len(w.choices) == 0 {
		return nil, fmt.Errorf("draw connection %d: there is no connection here", w.o.Conn)
	}
	return nil, fmt.Errorf("draw connection %d: there is none; there are %s", w.o.Conn, w.list())
}

// list names the connections that there are.
func (w *whole) list() string {
	var b strings.Builder
	for i, c := range w.choices {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d (%v to %v)", c.number, c.client, c.server)
	}
	if n := w.others - int64(len(w.choices)); n > 0 {
		fmt.Fprintf(&b, " and %s more", count(uint64(n)))
	}
	return b.String()
}

// remarks says what the picture of a connection does not show.
func (w *whole) remarks(r *conn.Record, g *glyphs) []string {
	var out []string
	if n := w.others - 1; w.o.Conn == 0 && n > 0 {
		out = append(out, fmt.Sprintf("One of %s connections: --conn N draws another.", count(uint64(n+1))))
	}
	if r.Missed > 0 {
		out = append(out, fmt.Sprintf("Not drawn: %s after the first %s, a limit.", plural(uint64(r.Missed), "row"), count(uint64(len(r.Events)))))
	}
	if n := w.rec.Left().Bytes; n > 0 {
		out = append(out, fmt.Sprintf("Left out of payloads: %s after the first %s, a limit.", bytesText(uint64(n)), bytesText(maxWholeBytes)))
	}
	if c := w.rec.Capture(); c != nil {
		out = append(out, captureNotes(c, g)...)
	}
	return out
}
