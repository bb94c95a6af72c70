package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/render"
)

// TestExportsAgree holds the page and the diagrams of recorded captures
// against their NDJSON, segment by segment.
func TestExportsAgree(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*.pcap")
	if len(names) == 0 {
		t.Skip("no captures in ../testdata")
	}
	for _, name := range names {
		var data, page, mermaid, plant, report bytes.Buffer
		o := render.Options{Full: true}
		replay(t, name, render.NewNDJSON(&data, o), render.NewHTML(&page, o), render.NewMermaid(&mermaid, o), render.NewPlantUML(&plant, o), render.NewMarkdown(&report, o))
		want := ndjsonSegments(t, data.String())
		if got := pageSegments(t, page.String()); got != strings.Join(want.all, "\n") {
			t.Errorf("%s: the page says\n%s\nNDJSON says\n%s", name, got, strings.Join(want.all, "\n"))
		}
		for what, text := range map[string]string{"Mermaid": mermaid.String(), "PlantUML": plant.String(), "report": report.String()} {
			rest := text
			for _, s := range want.first {
				i := strings.Index(rest, s)
				if i < 0 {
					t.Errorf("%s: %s lacks %q, or has it in another place", name, what, s)
					break
				}
				rest = rest[i+len(s):]
			}
		}
	}
}

// segmentLines are segments in words: all of a capture by connection, and
// those of the first connection as diagrams spell them.
type segmentLines struct{ all, first []string }

func ndjsonSegments(t *testing.T, text string) segmentLines {
	t.Helper()
	var out segmentLines
	byConn := map[int64][]string{}
	var order []int64
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `{"type":"segment"`) {
			continue
		}
		var s struct {
			Kind, From    string
			Frame, Conn   int64
			Seq, Ack, Len int64
			Labels        []string
			States        struct{ Client, Server [2]string }
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if byConn[s.Conn] == nil {
			order = append(order, s.Conn)
		}
		byConn[s.Conn] = append(byConn[s.Conn], fmt.Sprintln(s.Conn, s.Frame, s.From, s.Kind, s.Seq, s.Ack, s.Len, s.Labels, s.States.Client, s.States.Server))
		if s.Conn == order[0] {
			out.first = append(out.first, s.Kind+" ")
			if s.Len > 0 {
				out.first[len(out.first)-1] += fmt.Sprintf("%d B", s.Len)
			}
		}
	}
	for _, n := range order {
		out.all = append(out.all, byConn[n]...)
	}
	return out
}

func pageSegments(t *testing.T, page string) string {
	t.Helper()
	_, text, _ := strings.Cut(page, `<script type="application/json" id="data">`)
	text, _, _ = strings.Cut(text, "</script>")
	var d struct {
		Kinds, States, Labels []string
		Conns                 []struct {
			N      int64
			Events [][]json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range d.Conns {
		for _, e := range c.Events {
			num := func(i int) (v int64) {
				if err := json.Unmarshal(e[i], &v); err != nil {
					t.Fatalf("place %d: %s: %v", i, e[i], err)
				}
				return v
			}
			if num(0) != 0 {
				continue
			}
			labels := []string{}
			for i, l := range d.Labels {
				if num(6)>>i&1 == 1 {
					labels = append(labels, l)
				}
			}
			state := func(i int) string { return d.States[num(i)] }
			lines = append(lines, fmt.Sprintln(c.N, num(1), [...]string{"client", "server"}[num(3)], d.Kinds[num(5)], num(13), num(15), num(14), labels,
				[2]string{state(10), state(8)}, [2]string{state(11), state(9)}))
		}
	}
	return strings.Join(lines, "\n")
}
