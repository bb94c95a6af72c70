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
