package main

import (
	"fmt"
	"io"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// A flood is more than floodRows rows a second for floodTime, or floodBurst
// rows in a second at once: nobody reads that. It is over when there have been
// no more than calmRows rows a second for calmTime.
const (
	floodRows  = 200
	floodTime  = 2 * time.Second
	floodBurst = 2000
	calmRows   = 50
	calmTime   = 3 * time.Second
)

// flood draws rows until there are too many of them for too long. From then on
// a table has a row for each connection that closes, until it is calm again.
type flood struct {
	rows  render.Renderer
	table render.Renderer
	w     io.Writer
	width func() int
	now   func() time.Time

	began  time.Time // of the second that is counted
	count  int       // rows in it
	since  time.Time // when the first of the seconds with too many began; zero for none
	calm   time.Time // when the last of the seconds with many ended
	over   bool      // the table has the picture
	tabled bool      // it had it once
	told   numbers   // connections that have their row in the table, and are still followed
	left   int64     // segments that were not drawn, in all
	before int64     // of them, when this flood began
	bytes  int64     // payload of those of this flood
	last   capture.Stamp
}

// newFlood draws on rows, and in a flood on table; both write to w.
func newFlood(rows, table render.Renderer, w io.Writer, width func() int) *flood {
	return &flood{rows: rows, table: table, w: w, width: width, now: time.Now, told: make(numbers)}
}

// Needs asks for what the picture reads that is drawn now. Layer 7 is read all
// along, for connections go on when it changes.
func (f *flood) Needs() render.Needs {
	if f.over {
		return render.NeedsOf(f.table) | render.NeedsVerdicts | render.NeedsApp
	}
	return render.NeedsAll | render.NeedsOf(f.rows)
}

func (f *flood) Event(e *conn.Event) error {
	if e.Type == conn.TypeSegment {
		if err := f.segment(e); err != nil {
			return err
		}
	}
	switch {
	case e.Type == conn.TypeCapture:
		return f.end(e)
	case f.over && e.Type == conn.TypeSegment:
		f.left++
		f.last = e.Time
		if e.Packet != nil {
			f.bytes += int64(e.Packet.TCP.Len)
		}
		return nil
	case f.over && e.Type == conn.TypeVerdict:
		f.told.add(e.Conn)
		return f.table.Event(e)
	case f.over && e.Type == conn.TypeEnd:
		f.told.remove(e.Conn)
		return f.table.Event(e)
	case f.over:
		return nil
	case e.Type == conn.TypeEnd && f.told.has(e.Conn):
		f.told.remove(e.Conn)
		return f.table.Event(e)
	}
	return f.rows.Event(e)
}

// segment counts a row, and turns the picture around where it is time.
func (f *flood) segment(e *conn.Event) error {
	f.count++
	switch {
	case !f.over && f.tooMany():
		return f.begin()
	case f.over:
		return f.settle()
	}
	return nil
}

// unread counts segments of which it was given no events.
func (f *flood) unread(u unread) error {
	f.count += int(u.segments)
	if !f.over {
		return nil
	}
	f.left += u.segments
	f.bytes += u.bytes
	f.last = u.last
	return f.settle()
}

// numbers is a set of connections' numbers, which come one after the other: a
// bit for each, in words. It holds no more of them than are followed at once.
type numbers map[int64]uint64

func (s numbers) has(n int64) bool { return s[n>>6]&(1<<(n&63)) != 0 }

func (s numbers) add(n int64) { s[n>>6] |= 1 << (n & 63) }

func (s numbers) remove(n int64) {
	if w, ok := s[n>>6]; !ok {
		return
	} else if w &^= 1 << (n & 63); w != 0 {
		s[n>>6] = w
	} else {
		delete(s, n>>6)
	}
}

// tooMany says whether there have been too many rows for too long.
func (f *flood) tooMany() bool {
	now := f.now()
	if f.began.IsZero() {
		f.began = now
	}
	took := now.Sub(f.began)
	if took < time.Second {
		return f.count > floodBurst
	}
	busy := float64(f.count) > floodRows*took.Seconds()
	if busy && f.since.IsZero() {
		f.since = f.began
	} else if !busy {
		f.since = time.Time{}
	}
	f.began, f.count = now, 0
	return busy && now.Sub(f.since) >= floodTime
}

// begin hands the picture to the table.
func (f *flood) begin() error {
	now := f.now()
	f.over, f.tabled = true, true
	f.calm, f.began, f.count = now, now, 0
	f.before, f.bytes = f.left, 0
	if err := f.rows.Flush(); err != nil {
		return err
	}
	return f.say(fmt.Sprintf("a flood, more than %d rows a second: from here on a row for each connection that closes, and no more for each segment (--full draws all; a filter leaves out the others)", floodRows))
}

// settle hands the picture back once it has been calm for a while.
func (f *flood) settle() error {
	now := f.now()
	if took := now.Sub(f.began); took >= time.Second {
		if float64(f.count) > calmRows*took.Seconds() {
			f.calm = now
		}
		f.began, f.count = now, 0
	}
	if now.Sub(f.calm) < calmTime {
		return nil
	}
	f.over, f.since, f.began, f.count = false, time.Time{}, time.Time{}, 0
	if err := f.table.Flush(); err != nil {
		return err
	}
	// The rows hear of it in the place of what they were not given, so that they
	// take none of it for silence.
	return f.rows.Event(&conn.Event{Type: conn.TypeWait, Time: f.last,
		Text: fmt.Sprintf("the flood is over: %s with %s of data were not drawn", segments(int(f.left-f.before)), render.Size(f.bytes))})
}

// say writes a line of our own, wrapped.
func (f *flood) say(text string) error {
	for i, l := range wrapWords(text, f.width()-len("* ")) {
		mark := "* "
		if i > 0 {
			mark = "  "
		}
		if _, err := fmt.Fprintf(f.w, "%s%s\n", mark, l); err != nil {
			return err
		}
	}
	return nil
}

// end says, before the capture's own notes, what was seen and not drawn.
func (f *flood) end(e *conn.Event) error {
	if f.left > 0 {
		if err := f.close(); err != nil {
			return err
		}
		if err := f.say("seen and not drawn, for there were too many at once: " + segments(int(f.left))); err != nil {
			return err
		}
	}
	return f.rows.Event(e)
}

// close ends the table, where there was one, and its totals.
func (f *flood) close() error {
	if !f.tabled {
		return nil
	}
	f.tabled = false
	if err := f.rows.Flush(); err != nil {
		return err
	}
	return f.table.Close()
}

// Flush comes when nothing else does, too: that is how a flood ends.
func (f *flood) Flush() error {
	if f.over {
		if err := f.settle(); err != nil {
			return err
		}
	}
	if f.tabled {
		if err := f.table.Flush(); err != nil {
			return err
		}
	}
	return f.rows.Flush()
}

func (f *flood) Close() error {
	if err := f.close(); err != nil {
		return err
	}
	return f.rows.Close()
}

// Resize passes a new width on.
func (f *flood) Resize(width int) {
	for _, r := range []render.Renderer{f.rows, f.table} {
		if r, ok := r.(render.Resizer); ok {
			r.Resize(width)
		}
	}
}
