package render

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// timedForms are the forms in which a row has its frame's number and its time,
// and how both are found there.
var timedForms = []struct {
	name string
	make func(io.Writer, Options) Renderer
	row  *regexp.Regexp // number, time
}{
	{"timeline", NewTimeline, regexp.MustCompile(`(?m)^ *(\d+) +(-?[\d:.]+) [2-7] `)},
	{"ladder", NewLadder, regexp.MustCompile(`(?m)^ *(\d+) +(-?[\d:.]+) `)},
	{"report", NewMarkdown, regexp.MustCompile(`(?m)^\| (\d+) \| (-?[\d:.]+) \|`)},
	{"svg", NewSVG, regexp.MustCompile(`class="number"[^>]*>(\d+)</text>\n<text class="time"[^>]*>(-?[\d:.]+)<`)},
	{"latex", NewLaTeX, regexp.MustCompile(`(?m)^\\hfill (\d+) & \\hfill (-?[\d:.]+) &`)},
	{"page's table", NewHTML, regexp.MustCompile(`<tr><td>(\d+)<td>(-?[\d:.]+)<td>`)},
	{"page's data", NewHTML, regexp.MustCompile(`\[[0-3],([1-9]\d*),-?\d+,"(-?[\d:.]+)"`)},
	{"page's picture", NewHTML, regexp.MustCompile(`class="number"[^>]*>(\d+)</text>\n<text class="time"[^>]*>(-?[\d:.]+)<`)},
}

// ticks is a chat whose times have nanoseconds, end in 999 of them, and go back
// once.
func ticks() *scene {
	s := chat()
	for i := range s.events {
		if s.events[i].Frame > 0 {
			s.events[i].Time += capture.Stamp(999 + 7*i)
		}
	}
	s.events[4].Time -= 300_000
	return s
}

// TestRowTimesAgree holds every form to the times of the timeline, in each of
// the ways in which a time can be told.
func TestRowTimesAgree(t *testing.T) {
	for name, make := range map[string]func() *scene{"chat": chat, "ticks": ticks, "calls": calls, "refused": refused, "distant": distant, "several": several} {
		for mode := TimeStart; mode <= TimeClock; mode++ {
			var told map[string]string
			for _, f := range timedForms {
				// A wide timeline tells what a narrow ladder draws in two lines.
				out := draw(t, make(), func(w *bytes.Buffer) Renderer { return f.make(w, Options{Width: 120, Time: mode, Full: true, Conn: 1}) })
				got := map[string]string{}
				for _, m := range f.row.FindAllStringSubmatch(out, -1) {
					got[m[1]] = m[2]
				}
				if f.name == "timeline" {
					told = got
				}
				want := maps.Clone(told)
				if f.name == "page's table" || f.name == "page's picture" { // which fold
					maps.DeleteFunc(want, func(frame, _ string) bool { return got[frame] == "" })
				}
				if len(got) < 3 || !maps.Equal(got, want) {
					t.Errorf("%s, %s, mode %d: %v\nwant %v", name, f.name, mode, sorted(got), sorted(want))
				}
			}
		}
	}
}

func sorted(m map[string]string) (list []string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, k+" at "+m[k])
	}
	return list
}

// TestRowTimesGolden shows ladders with other times than seconds since the
// first row, where a segment has a time at each end.
func TestRowTimesGolden(t *testing.T) {
	for mode, word := range map[TimeMode]string{TimeDelta: "delta", TimeClock: "clock"} {
		for _, width := range []int{60, 80, 120} {
			golden(t, fmt.Sprintf("ladder-distant-%s-%d.txt", word, width), ladderOf(t, distant(), Options{Width: width, Time: mode}))
		}
	}
}

// TestEndIsNoRow has a connection leave, long after its last segment, while
// another goes on: the next row comes shortly after the row before, not after
// that segment.
func TestEndIsNoRow(t *testing.T) {
	s := newScene("2025-11-20 17:00:00.000000")
	a := s.link(1, "10.9.0.1:50000", "10.9.0.2:80", 10, 20)
	b := s.link(2, "10.9.0.1:50001", "10.9.0.2:80", 10, 20)
	a.send(0, conn.Client, segment{flags: syn, client: conn.StateSynSent})
	b.send(100, conn.Client, segment{flags: syn, client: conn.StateSynSent})
	a.end(0, conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeNoAnswer, Text: "one SYN was sent, and nothing came back."}})
	b.send(100.25, conn.Server, segment{flags: rst | ack, ack: 1, client: conn.StateClosed})
	for name, make := range map[string]func(io.Writer, Options) Renderer{"timeline": NewTimeline, "plain": NewPlain} {
		out := draw(t, s, func(w *bytes.Buffer) Renderer { return make(w, Options{Width: 120, Time: TimeDelta}) })
		if n := strings.Count(out, "nothing for") + strings.Count(out, "no packet"); n != 1 {
			t.Errorf("%s tells of %d silences, not one:\n%s", name, n, out)
		}
		if !strings.Contains(out, "0.250000") && !strings.Contains(out, "250 milliseconds later") {
			t.Errorf("%s counts from another row than the one before:\n%s", name, out)
		}
	}
}
