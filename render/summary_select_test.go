package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpsee/dissect/conn"
)

// firstCells gives the first cell of each row of a table.
func firstCells(table string) []string {
	var cells []string
	for i, l := range strings.Split(table, "\n") {
		f := strings.Fields(l)
		if i < 2 || len(f) < 3 || strings.HasSuffix(f[1], "connections:") || strings.HasSuffix(f[1], "connection:") {
			continue
		}
		if f[0] == "Left" || f[0] == "Not" {
			continue
		}
		cells = append(cells, f[0])
	}
	return cells
}

func TestSummarySorts(t *testing.T) {
	for _, tt := range []struct{ key, want string }{
		{"number", "1 2 3 4 5 6 7"}, {"-number", "7 6 5 4 3 2 1"}, {"resent", "6 2 3 4 5 1 7"}, {"sent", "7 6 5 4 3 2 1"},
		{"verdict", "1 6 3 5 2 7 4"}, {"", "1 2 3 4 5 6 7"}, {"no such key", "1 2 3 4 5 6 7"},
	} {
		got := strings.Join(firstCells(summaryOf(t, classroom(7), Options{Width: 120, Sort: tt.key})), " ")
		if got != tt.want {
			t.Errorf("sorted by %q: %s, want %s", tt.key, got, tt.want)
		}
	}
	for _, k := range SortKeys() {
		for _, f := range []Format{FormatText, FormatCSV, FormatMarkdown} {
			if got := summaryOf(t, classroom(7), Options{Sort: k, Format: f}); strings.Count(got, "10.9.0.") < 7 {
				t.Errorf("sorted by %s: %s", k, got)
			}
		}
	}
}

func TestSummarySelects(t *testing.T) {
	s := classroom(10)
	s.events[3].Connection.LabelCounts[conn.ZeroWindow] = 2
	for _, tt := range []struct{ only, want, foot string }{
		{"refused", "2 7", "Left out, not refused: 8 connections."},
		{"zero-window", "4", "Left out, not zero-window: 9 connections."},
		{"refused,open", "2 5 7 10", "Left out, not refused or open: 6 connections."},
		{"retransmission", "2 3 4 5 6 8 9 10", ""},
		{"nothing", "", "Left out, not nothing: 10 connections."},
	} {
		got := summaryOf(t, s, Options{Width: 120, Only: strings.Split(tt.only, ",")})
		if cells := strings.Join(firstCells(got), " "); cells != tt.want || !strings.Contains(got, tt.foot) {
			t.Errorf("only %s: %s, want %s:\n%s", tt.only, cells, tt.want, got)
		}
	}
	for _, w := range []string{"refused", "no-answer", "retransmission", "zero-window", "time-wait"} {
		if !slices.Contains(OnlyWords(), w) {
			t.Errorf("%s is not listed", w)
		}
	}
}

func TestSortedHasALimit(t *testing.T) {
	o := ordered{order: orderBy("bytes"), limit: 10}
	for i := range 1000 {
		o.add(&conn.Connection{Number: int64(i), Bytes: [2]uint64{uint64(i * 7 % 1000)}})
	}
	o.cut()
	if len(o.list) != 10 || o.left != 990 || o.list[0].Bytes[0] != 999 || o.list[9].Bytes[0] != 990 {
		t.Errorf("%d kept, %d left out, from %d to %d", len(o.list), o.left, o.list[0].Bytes[0], o.list[9].Bytes[0])
	}
}

func TestSummaryOfOne(t *testing.T) {
	for _, w := range []int{80, 120} {
		var b bytes.Buffer
		recorded(t, "../testdata/s02-http-200.pcap", NewSummary(&b, Options{Width: w}))
		golden(t, fmt.Sprintf("summary/one.%d.txt", w), b.String())
		b.Reset()
		recorded(t, "../testdata/s02-http-200.pcap", NewSummary(&b, Options{Width: w, ASCII: true}))
		golden(t, fmt.Sprintf("summary/one.%d.ascii.txt", w), b.String())
	}
}

// TestCourseStaysSmall holds that a long connection takes no more room than a
// short one, and loses no byte.
func TestCourseStaysSmall(t *testing.T) {
	c := newCourses()
	e := download().events[3]
	e.Conn, e.Type = 1, conn.TypeSegment
	sent := uint64(0)
	for i := range 100_000 {
		e.Delta = time.Duration(i) * 17 * time.Millisecond
		c.add(&e)
		sent += uint64(e.Packet.TCP.Len)
	}
	kept := uint64(0)
	for _, b := range c.bins {
		kept += b.bytes[0] + b.bytes[1]
	}
	if len(c.bins) > courseBins || len(c.bins) < courseBins/2 || kept != sent {
		t.Errorf("%d bins, %d of %d bytes", len(c.bins), kept, sent)
	}
}
