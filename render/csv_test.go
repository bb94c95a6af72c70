package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"path/filepath"
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
			if len(names) > 0 && len(more) > 0 && !told[column] && column != "file" && column != "silence_end_file" && column != "client_longest_rto" {
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
		for k, column := range rows[0] {
			told[column] = told[column] || row[k] != ""
			want, ok := inObject(x, column)
			if !ok && row[k] != "" && row[k] != "0" && measured[strings.TrimPrefix(strings.TrimPrefix(column, "client_"), "server_")] {
				t.Errorf("%s: row %d: %s is %s, and not in NDJSON", name, i+1, column, row[k])
			}
			if got, err := strconv.ParseFloat(row[k], 64); ok && (err != nil || got != want) {
				t.Errorf("%s: row %d: %s is %q, in NDJSON %v", name, i+1, column, row[k], want)
			}
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
