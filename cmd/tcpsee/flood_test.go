package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// counter counts what reaches a picture.
type counter struct {
	rows, ends, captures, closed, width int

	text string        // of the last wait
	at   capture.Stamp // and its time
}

func (c *counter) Event(e *conn.Event) error {
	switch e.Type {
	case conn.TypeSegment:
		c.rows++
	case conn.TypeVerdict, conn.TypeEnd:
		c.ends++
	case conn.TypeWait:
		c.text, c.at = e.Text, e.Time
	case conn.TypeCapture:
		c.captures++
	}
	return nil
}

func (*counter) Flush() error       { return nil }
func (c *counter) Close() error     { c.closed++; return nil }
func (c *counter) Resize(width int) { c.width = width }

// floodTest is a flood whose clock the test turns.
type floodTest struct {
	*flood
	rows, table counter
	out         bytes.Buffer
	at          time.Time
}

func newFloodTest() *floodTest {
	t := &floodTest{at: time.Unix(0, 0)}
	t.flood = newFlood(&t.rows, &t.table, &t.out, func() int { return 80 })
	t.flood.now = func() time.Time { return t.at }
	return t
}

// pass gives rows evenly, so many a second for so long.
func (t *floodTest) pass(rate int, d time.Duration) {
	p := dissect.Packet{}
	p.TCP.Len = 100
	for range int(d.Seconds() * float64(rate)) {
		_ = t.Event(&conn.Event{Type: conn.TypeSegment, Conn: 1, Packet: &p, Time: capture.StampOf(t.at)})
		t.at = t.at.Add(time.Second / time.Duration(rate))
	}
}

// TestFlood gives rows evenly for three seconds: at 190 a second all are
// drawn, at 400 those of the first two seconds, and of a burst the beginning.
func TestFlood(t *testing.T) {
	for _, c := range []struct {
		rate   int
		fewest int
		most   int
	}{{190, 570, 570}, {400, 800, 1000}, {50_000, floodBurst, floodBurst}} {
		f := newFloodTest()
		f.pass(c.rate, 3*time.Second)
		_ = f.Event(&conn.Event{Type: conn.TypeEnd, Conn: 1, Connection: &conn.Connection{Number: 1}})
		_ = f.Event(&conn.Event{Type: conn.TypeCapture, Capture: &conn.Capture{}})
		if f.rows.rows < c.fewest || f.rows.rows > c.most || f.rows.captures != 1 {
			t.Errorf("%d rows a second: %d drawn, %d captures ended", c.rate, f.rows.rows, f.rows.captures)
		}
		flooded := c.rate > floodRows
		if flooded != (f.table.ends == 1) || flooded != (f.rows.ends == 0) || flooded != (f.table.closed == 1) {
			t.Errorf("%d rows a second: the connection's end: %d times in the table, %d as a row", c.rate, f.table.ends, f.rows.ends)
		}
		if said := f.out.String(); flooded != strings.Contains(said, "a flood, more than 200 rows a second") ||
			flooded != strings.Contains(said, "seen and not drawn") {
			t.Errorf("%d rows a second: says %q", c.rate, said)
		}
		for l := range strings.Lines(f.out.String()) {
			if len(strings.TrimRight(l, "\n")) > 80 {
				t.Errorf("wider than the picture: %q", l)
			}
		}
	}
}

// TestFloodGoesAway: rows are drawn again once it is calm, whether a row comes
// or nothing does, and what stands in the table is not told twice.
func TestFloodGoesAway(t *testing.T) {
	for _, silent := range []bool{false, true} {
		f := newFloodTest()
		f.pass(1000, 4*time.Second)
		_ = f.Event(&conn.Event{Type: conn.TypeVerdict, Conn: 7, Connection: &conn.Connection{Number: 7}})
		drawn := f.rows.rows
		if silent {
			for range 20 {
				f.at = f.at.Add(tickInterval)
				_ = f.Flush()
			}
		} else {
			f.pass(10, 5*time.Second)
		}
		before := f.rows.rows
		f.pass(10, time.Second)
		if f.rows.rows != before+10 || !silent && before == drawn {
			t.Errorf("silent %v: %d rows before, %d after", silent, before, f.rows.rows)
		}
		if !strings.Contains(f.rows.text, "the flood is over") || f.rows.at != f.last || !f.last.Known() {
			t.Errorf("silent %v: the rows hear %q of %v, and the last that was not drawn came at %v", silent, f.rows.text, f.rows.at, f.last)
		}
		_ = f.Event(&conn.Event{Type: conn.TypeEnd, Conn: 7, Connection: &conn.Connection{Number: 7}})
		_ = f.Event(&conn.Event{Type: conn.TypeEnd, Conn: 8, Connection: &conn.Connection{Number: 8}})
		if f.rows.ends != 1 || f.table.ends != 2 {
			t.Errorf("silent %v: %d ends as rows, %d in the table", silent, f.rows.ends, f.table.ends)
		}
	}
}

// TestFloodResizes passes a new width to both pictures.
func TestFloodResizes(t *testing.T) {
	f := newFloodTest()
	f.Resize(132)
	if f.rows.width != 132 || f.table.width != 132 {
		t.Errorf("rows %d, table %d columns", f.rows.width, f.table.width)
	}
}
