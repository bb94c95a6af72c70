package render

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// TestPageSpans has the page's script tell times, which must be as Go tells
// them: cut to microseconds, and rounded where a duration is for people.
func TestPageSpans(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here")
	}
	var list []int64
	for unit := int64(1); unit <= 1e15; unit *= 10 {
		for _, n := range []int64{1, 5, 9, 15, 35, 49, 50, 51, 59, 60, 61, 99, 995, 999, 1005, 3599, 3600, 86399, 172799, 172800, 999999} {
			for _, more := range []int64{-1, 0, 1} {
				if v := n*unit + more; v < maxScriptNumber {
					list = append(list, v, -v)
				}
			}
		}
	}
	list = append(list, 0)
	script := scriptTimes + "\nconst list = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n" +
		"console.log(JSON.stringify(list.map(n => [seconds(n), span(n)])));\n"
	numbers, _ := json.Marshal(list)
	cmd := exec.Command("node", "-e", script)
	cmd.Stdin = bytes.NewReader(numbers)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]string
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(list) {
		t.Fatalf("%d answers to %d: %v", len(got), len(list), err)
	}
	g := newGlyphs(false)
	for i, n := range list {
		d := time.Duration(n)
		if want := [2]string{string(appendSeconds(nil, d, wideTime)), spanText(d, &g)}; got[i] != want {
			t.Errorf("%d ns: %q, want %q", n, got[i], want)
		}
	}
}

// TestPageTellsTimes has the page's script tell the times of all rows in each
// way, which must be as Go tells them where it is asked for that way.
func TestPageTellsTimes(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here")
	}
	waits := newScene("2025-11-20 16:39:16.000000")
	l := waits.link(1, "10.9.0.1:41258", "10.9.0.2:3000", 1000)
	l.send(0, conn.Client, segment{flags: syn, client: conn.StateSynSent})
	l.event(2.5, conn.TypeWait).Text = "1 SYN, no answer yet"
	l.send(3, conn.Client, segment{flags: syn})
	list := append([]scene{}, *ticks(), *waits)
	for _, s := range scenes {
		list = append(list, *s.make())
	}
	modes := []TimeMode{TimeStart, TimeDelta, TimeClock}
	var pages []json.RawMessage
	for i := range list {
		for _, mode := range modes {
			page := pageOf(t, &list[i], Options{Time: mode})
			pages = append(pages, json.RawMessage(between(t, page, `<script type="application/json" id="data">`, "</script>")))
		}
	}
	parts, _ := json.Marshal(scriptTimes + scriptModel + "return mode => { S.times = mode; return D.conns.map(c => { tellTimes(c); return eventsOf(c).map(e => e.time); }); };")
	script := "const pages = JSON.parse(require('fs').readFileSync(0, 'utf8')), page = new Function('document', 'S', " + string(parts) + ");\n" +
		"console.log(JSON.stringify(pages.map(p => { const tell = page({ getElementById: () => ({ textContent: JSON.stringify(p) }) }, {});\n" +
		"  return ['seconds', '+seconds', 'UTC'].map(tell); })));\n"
	cmd := exec.Command("node", "-e", script)
	text, _ := json.Marshal(pages)
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	var told [][][][]string // of page, mode, connection and row
	if err != nil || json.Unmarshal(out, &told) != nil || len(told) != len(pages) {
		t.Fatalf("%d pages, %d told: %v", len(pages), len(told), err)
	}
	rows := 0
	for i := range told {
		for j, conns := range told[i] {
			var want struct{ Conns []struct{ Events [][]any } }
			if err := json.Unmarshal(pages[i/len(modes)*len(modes)+j], &want); err != nil {
				t.Fatal(err)
			}
			for c, events := range conns {
				for n, got := range events {
					rows++
					if there := want.Conns[c].Events[n][3]; got != there {
						t.Fatalf("scene %d, row %d in way %d: %q, and Go tells %q", i/len(modes), n, j, got, there)
					}
				}
			}
		}
	}
	if rows < 100 {
		t.Errorf("only %d rows", rows)
	}
}

// TestSpanOfAnything tells the shortest and the longest durations.
func TestSpanOfAnything(t *testing.T) {
	g := newGlyphs(true)
	for d, want := range map[time.Duration]string{
		math.MinInt64: "-106751 days 23 h", math.MaxInt64: "106751 days 23 h", -1: "-1 ns", 999: "999 ns", 1999: "1 us",
		1_995_730_000: "1.996 s", 1_124_999: "1.12 ms", 1_125_000: "1.13 ms", -5 * time.Second: "-5.000 s",
	} {
		if got := spanText(d, &g); got != want {
			t.Errorf("%d ns: %q, want %q", int64(d), got, want)
		}
	}
}

// TestPageOfManyYears has a page of more nanoseconds than JavaScript's numbers
// hold: nothing is lost of the times that are shown.
func TestPageOfManyYears(t *testing.T) {
	s := newScene("1975-01-01 00:00:00.000000")
	l := s.link(1, "10.9.0.1:50000", "10.9.0.2:80", 10, 20)
	l.send(0, conn.Client, segment{flags: syn, client: conn.StateSynSent})
	const years = capture.Stamp(60*365*24*3600*1e9 + 123456789)
	l.send(1, conn.Server, segment{flags: rst | ack, ack: 1, client: conn.StateClosed}).Time = s.stamp(0) + years
	if page := pageOf(t, s, Options{}); !strings.Contains(page, `,"1892160000123456789","1892160000.123456",`) {
		t.Error("the time is not there, to the nanosecond")
	}
}
