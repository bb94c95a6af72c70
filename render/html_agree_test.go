package render_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// pageSegments reads the segments in the data of a page.
func pageSegments(t *testing.T, page string) (list []drawnSegment) {
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
				if num(7)>>i&1 == 1 {
					labels = append(labels, l)
				}
			}
			state := func(i int) string { return d.States[num(i)] }
			list = append(list, drawnSegment{conn: c.N, frame: num(1), from: [...]string{"client", "server"}[num(4)], kind: d.Kinds[num(6)], seq: num(14), ack: num(16), length: num(15),
				hasSeq: true, hasAck: true, labels: labels, states: [2]string{state(9), state(10)}, complete: true})
		}
	}
	return list
}
