package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tcpsee/render"
)

// TestCSVAgrees holds what CSV tells of segments and connections against the
// NDJSON of the same captures, number by number.
func TestCSVAgrees(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*.pcap")
	more, _ := filepath.Glob("../../shared/corpus/dev/syn-*.pcap*")
	told := map[string]bool{}
	for _, name := range append(names, more...) {
		var data, segments, connections bytes.Buffer
		var o render.Options
		table := o
		table.Format = render.FormatCSV
		replay(t, name, render.NewNDJSON(&data, o), render.NewCSV(&segments, o), render.NewSummary(&connections, table))
		objects := map[string][]map[string]any{}
		for line := range strings.Lines(data.String()) {
			var x map[string]any
			if err := json.Unmarshal([]byte(line), &x); err != nil {
				t.Fatal(err)
			}
			kind := x["type"].(string)
			objects[kind] = append(objects[kind], x)
		}
		agreeCSV(t, name, segments.String(), objects["segment"], told)
		agreeCSV(t, name, connections.String(), objects["connection"], told)
	}
	for _, c := range append(render.SegmentColumns(), render.ConnectionColumns()...) {
		for _, column := range strings.Split(c.Names, ",") {
			if len(names) > 0 && len(more) > 0 && !told[column] && column != "file" && column != "silence_end_file" && column != "client_longest_rto" && column != "seq_base" && column != "ack_base" {
				t.Errorf("column %s is empty everywhere", column)
			}
		}
	}
}

// agreeCSV compares the columns that are numbers in an object, and remembers
// which ones held anything.
func agreeCSV(t *testing.T, name, text string, objects []map[string]any, told map[string]bool) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(rows)-1 != len(objects) {
		t.Fatalf("%s: %d rows, %d objects", name, len(rows)-1, len(objects))
	}
	byConn := map[string]map[string]any{}
	for _, x := range objects {
		byConn[strconv.FormatFloat(x["conn"].(float64), 'f', -1, 64)] = x
	}
	for i, row := range rows[1:] {
		x := objects[i]
		if x["type"] == "connection" {
			x = byConn[row[0]]
		}
		if x["type"] == "segment" {
			agreeWords(t, fmt.Sprintf("%s: row %d", name, i+1), rows[0], row, x)
		}
		for k, column := range rows[0] {
			told[column] = told[column] || row[k] != ""
			want, ok := inObject(x, column)
			if !ok && row[k] != "" && measured[strings.TrimPrefix(strings.TrimPrefix(column, "client_"), "server_")] {
				t.Errorf("%s: row %d: %s is %s, and not in NDJSON", name, i+1, column, row[k])
			}
			if got, err := strconv.ParseFloat(row[k], 64); ok && (err != nil || got != want) {
				t.Errorf("%s: row %d: %s is %q, in NDJSON %v", name, i+1, column, row[k], want)
			}
		}
	}
}

// agreeWords compares what of a segment is no number: which file it is in, what
// its numbers count from, what its options say.
func agreeWords(t *testing.T, where string, names, row []string, x map[string]any) {
	t.Helper()
	cell := func(name string) string { return row[slices.Index(names, name)] }
	for _, name := range []string{"file", "role", "seq_base", "ack_base", "rtt_by"} {
		if want, _ := x[name].(string); cell(name) != want {
			t.Errorf("%s: %s is %q, in NDJSON %q", where, name, cell(name), want)
		}
	}
	words := strings.Fields(cell("options"))
	said := func(prefix string) (list []string) {
		for _, w := range words {
			if rest, ok := strings.CutPrefix(w, prefix); ok && rest != "" {
				list = append(list, strings.Split(rest, ",")...)
			}
		}
		return list
	}
	malformed, blocks := false, map[string][]string{}
	for _, o := range x["options"].([]any) {
		o := o.(map[string]any)
		malformed = malformed || o["malformed"] == true
		for _, key := range []string{"blocks", "blocks_raw"} {
			list, _ := o[key].([]any)
			for _, b := range list {
				blocks[key] = append(blocks[key], fmt.Sprintf("%.0f-%.0f", b.([]any)[0], b.([]any)[1]))
			}
		}
	}
	if got := slices.Contains(words, "malformed"); got != malformed {
		t.Errorf("%s: malformed is %v, in NDJSON %v: %q, %v", where, got, malformed, words, x["options"])
	}
	if got := slices.Contains(words, "cut"); got != (x["options_cut"] == true) {
		t.Errorf("%s: cut is %v, in NDJSON %v", where, got, x["options_cut"])
	}
	if got, raw := said("sack="), said("sack_raw="); !slices.Equal(got, blocks["blocks"]) || !slices.Equal(raw, blocks["blocks_raw"]) {
		t.Errorf("%s: SACK is %q, %q, in NDJSON %q", where, got, raw, blocks)
	}
}

// TestCSVAgreesOnOptions compares options that no stack sends, and what is left
// of some where the capture cut them off.
func TestCSVAgreesOnOptions(t *testing.T) {
	for _, o := range [][]byte{
		{2, 4, 5, 0xb4}, {2, 3, 5, 0}, {5, 10, 0, 0, 3, 0xed, 0, 0, 4, 0, 0, 0}, {5, 6, 0, 0, 0, 1, 0, 0}, {8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0},
		{8, 4, 0, 0}, {3, 3, 7, 0}, {3, 1, 0, 0}, {3, 90, 0, 0}, {34, 4, 1, 2}, {254, 4, 1, 2}, {30, 2, 0, 0}, {1, 1, 1, 99}, {},
		{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 4, 2, 1, 1},
		{5, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 1},
	} {
		for _, missing := range []int{0, 4, 8} {
			missing = min(missing, len(o))
			events := render.SegmentWithOptions(o, missing)
			var data, table bytes.Buffer
			files := render.Options{Files: []string{"a.pcap", "b.pcap"}}
			for _, r := range []render.Renderer{render.NewNDJSON(&data, files), render.NewCSV(&table, files)} {
				if err := r.Event(&events[0]); err != nil {
					t.Fatal(err)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			var x map[string]any
			if err := json.Unmarshal(data.Bytes(), &x); err != nil {
				t.Fatal(err)
			}
			if (x["options_cut"] == true) != (missing > 0) {
				t.Errorf("%x, %d missing: %s", o, missing, data.String())
			}
			agreeCSV(t, fmt.Sprintf("%x, %d missing", o, missing), table.String(), []map[string]any{x}, map[string]bool{})
		}
	}
}

// measured are the columns that NDJSON has wherever they are not 0.
var measured = map[string]bool{"rtt": true, "rto": true, "in_flight": true, "idle": true, "rtt_count": true, "rtt_min": true, "rtt_mean": true, "rtt_max": true, "half_rtt": true,
	"longest_rto": true, "most_in_flight": true, "window_used": true, "goodput": true, "longest_silence": true, "silence_end": true, "unique_bytes": true, "irtt": true}

// inObject finds the number that a column stands for.
func inObject(x map[string]any, column string) (float64, bool) {
	if n, ok := x[column].(float64); ok {
		return n, true
	}
	end, name, _ := strings.Cut(column, "_")
	side, _ := x[end].(map[string]any)
	if n, ok := side[name].(float64); ok {
		return n, true
	}
	if trips, ok := side["rtt"].(map[string]any); ok && strings.HasPrefix(name, "rtt_") {
		n, ok := trips[strings.TrimPrefix(name, "rtt_")].(float64)
		return n, ok
	}
	return 0, false
}

// TestCSVSquare wants as many fields in each row as there are names, none of
// them twice.
func TestCSVSquare(t *testing.T) {
	for _, list := range [][]render.Columns{render.SegmentColumns(), render.ConnectionColumns()} {
		seen := map[string]bool{}
		for _, c := range list {
			for _, name := range strings.Split(c.Names, ",") {
				if seen[name] {
					t.Errorf("%s stands twice", name)
				}
				seen[name] = true
			}
		}
	}
}

// TestMeasuresNeeded wants measures taken for those who tell of them, and for
// no one else.
func TestMeasuresNeeded(t *testing.T) {
	var b bytes.Buffer
	table := render.Options{Format: render.FormatCSV}
	for name, r := range map[string]render.Renderer{"html": render.NewHTML(&b, render.Options{}), "summary as csv": render.NewSummary(&b, table), "ndjson": render.NewNDJSON(&b, render.Options{})} {
		if render.NeedsOf(r)&render.NeedsMeasures == 0 {
			t.Errorf("%s tells of measures and does not ask for them", name)
		}
	}
	table.Format = render.FormatMarkdown
	for name, r := range map[string]render.Renderer{"csv": render.NewCSV(&b, render.Options{}), "summary as markdown": render.NewSummary(&b, table), "timeline": render.NewTimeline(&b, render.Options{}), "svg": render.NewSVG(&b, render.Options{})} {
		if render.NeedsOf(r)&render.NeedsMeasures != 0 {
			t.Errorf("%s asks for measures and tells of none", name)
		}
	}
}
