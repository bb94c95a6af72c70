package render

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tcpsee/dissect/conn"
)

func summaryOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewSummary(w, o) })
}

// classroom is what an afternoon's lesson leaves in a file.
func classroom(n int) *scene {
	s := newScene("2025-11-20 16:44:00.000000")
	outcomes := []conn.Verdict{
		{Outcome: conn.OutcomeClosed, By: conn.Client, HasBy: true}, {Outcome: conn.OutcomeRefused, By: conn.Server, HasBy: true},
		{Outcome: conn.OutcomeNoAnswer}, {Outcome: conn.OutcomeReset, By: conn.Server, HasBy: true}, {Outcome: conn.OutcomeOpen},
	}
	for i := range n {
		client := fmt.Sprintf("10.9.0.%d:%d", 1+i%9, 40000+i)
		server := "10.9.0.2:3000"
		if i%4 == 3 {
			client, server = fmt.Sprintf("[2001:db8::%x]:%d", i, 40000+i), "[2001:db8:ffff:ffff:ffff:ffff:ffff:2]:443"
		}
		l := s.link(int64(i+1), client, server, 1, 2)
		l.began, l.known = at(i)*0.5, true
		l.irtt = time.Duration(i%3) * 12345 * time.Microsecond
		l.end(at(i)*0.5+at(i%7)*1.25, conn.Connection{
			Segments: [2]uint64{uint64(i % 11), uint64(i % 13)}, Bytes: [2]uint64{uint64(i * 1000), uint64(i%5) * 987654}, App: []string{"HTTP", "", "TLS", "text"}[i%4],
			Retransmits: [2]uint64{uint64(i % 2), uint64(i % 3)}, Completeness: []uint8{31, 37, 1, 47, 15}[i%5], Verdict: outcomes[i%5],
		})
	}
	s.capture(conn.Capture{Frames: 40, NotTCP: 2, Connections: int64(n)})
	return s
}

func TestSummaryGolden(t *testing.T) {
	for _, w := range []int{60, 80, 100, 120, 160} {
		golden(t, fmt.Sprintf("summary/classroom.%d.txt", w), summaryOf(t, classroom(12), Options{Width: w}))
	}
	golden(t, "summary/classroom.ascii.txt", summaryOf(t, classroom(12), Options{Width: 100, ASCII: true}))
	golden(t, "summary/classroom.md", summaryOf(t, classroom(12), Options{Format: FormatMarkdown}))
	golden(t, "summary/classroom.csv", summaryOf(t, classroom(12), Options{Format: FormatCSV}))
	golden(t, "summary/nothing.txt", summaryOf(t, &scene{}, Options{}))
}

// TestBothTablesLookTheSame holds our own writer to tablewriter's output.
func TestBothTablesLookTheSame(t *testing.T) {
	for _, w := range []int{60, 80, 100, 133, 200} {
		for _, colour := range []string{"", sgrRed} {
			g := newGlyphs(false)
			var rows [][]string
			var colours []string
			for _, e := range classroom(30).events {
				if e.Connection != nil {
					rows = append(rows, summaryRow(e.Connection, &g))
					colours = append(colours, colour)
				}
			}
			table := newPlainTable(rows, w, &g)
			theirs, err := appendTable(nil, table, rows, colours)
			if err != nil {
				t.Fatal(err)
			}
			ours := table.appendHead(nil)
			for _, r := range rows {
				ours = table.appendRow(ours, r, colour)
			}
			if got, want := string(ours), string(theirs); got != want {
				t.Fatalf("at %d columns ours is\n%s\ntablewriter's\n%s", w, got, want)
			}
		}
	}
}

func TestSummaryStreams(t *testing.T) {
	var w bytes.Buffer
	r := NewSummary(&w, Options{Width: 100})
	s := classroom(3 * tableRows)
	for i := range s.events {
		if err := r.Event(&s.events[i]); err != nil {
			t.Fatal(err)
		}
		if i == tableRows+10 {
			r.Flush()
			if n := strings.Count(w.String(), "\n"); n != tableRows+10+1+2 {
				t.Errorf("%d lines after %d connections", n, tableRows+11)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(w.String(), "\n")
	if want := 2 + 3*tableRows + 3 + 1; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	at := strings.Index(lines[0], "client")
	for _, l := range lines[2 : 2+3*tableRows] {
		if n := textWidth(l); n > 100 || l[at-1] != ' ' || l[at] == ' ' {
			t.Fatalf("%d columns: %s", n, l)
		}
	}
}

func TestSummaryWidths(t *testing.T) {
	for w := 60; w <= 200; w++ {
		for _, l := range strings.Split(summaryOf(t, classroom(12), Options{Width: w}), "\n") {
			if n := textWidth(l); n > w {
				t.Fatalf("%d columns of %d: %s", n, w, l)
			}
		}
	}
}

func TestSummaryHostile(t *testing.T) {
	for _, p := range hostilePayloads() {
		for _, f := range []Format{FormatText, FormatMarkdown, FormatCSV} {
			s, o := hostileScene(p, 80)
			s.events[len(s.events)-2].Connection.Verdict.Outcome = conn.Outcome(p)
			o.Format = f
			got := summaryOf(t, s, o)
			checkTerminal(t, strings.ReplaceAll(got, "\r\n", "\n"), 1<<20)
			if f == FormatCSV {
				if rows, err := csv.NewReader(strings.NewReader(got)).ReadAll(); err != nil || len(rows) != 2 {
					t.Fatalf("%q: %d rows, %v", p[:min(len(p), 40)], len(rows), err)
				}
			}
		}
	}
}

func TestEscapeMarkdown(t *testing.T) {
	const in, want = "a|b <img src=x onerror=y> [l](u) `c` *d* _e_ &amp; \\", `a\|b &lt;img src=x onerror=y&gt; \[l\](u) ` + "\\`c\\`" + ` \*d\* \_e\_ &amp;amp; \\`
	if got := escapeMarkdown(in); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func BenchmarkSummary(b *testing.B) {
	s := classroom(10)
	r := NewSummary(io.Discard, Options{Width: 120})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := r.Event(&s.events[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == 10 {
			i = 0
		}
	}
}
