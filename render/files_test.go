package render

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"tcpsee/dissect/conn"
)

// halves is a chat whose first four frames are in one file, and the rest in
// another, which counts its own.
func halves() (*scene, Options) {
	s := chat()
	for i := range s.events {
		if e := &s.events[i]; e.Frame > 4 {
			e.File, e.Frame = 1, e.Frame-4
		}
	}
	return s, Options{Width: 80, Files: []string{"x/first.pcap", "x/second.pcap"}, Conn: 1}
}

// TestRowsNameTheirFile holds every form to saying which of several files a
// row's number counts in, and which tag is which file; and to saying nothing of
// it where there is one.
func TestRowsNameTheirFile(t *testing.T) {
	for _, f := range []struct {
		name   string
		make   func(io.Writer, Options) Renderer
		row    string // a row of file %
		legend string
	}{
		{"timeline", NewTimeline, `(?m)^ +\d+ +\S+ [47] +(\S+ +)?f% (──|◄─) `, "f1 first.pcap, f2 second.pcap"},
		{"ladder", NewLadder, `(?m)^f% +\d+ +\d+\.\d+ `, "files  f1 first.pcap, f2 second.pcap"},
		{"report", NewMarkdown, `(?m)^\| f% \d+ \| `, "Files: f1 first.pcap, f2 second.pcap."},
		{"svg", NewSVG, `class="number"[^>]*>f% \d+<`, "Files: f1 first.pcap, f2 second.pcap."},
		{"latex", NewLaTeX, `\\hfill f% \d+ & `, "Files: f1 first{.}pcap"},
		{"mermaid", NewMermaid, `[CS]->>[CS]: f% `, "f1 first.pcap, f2 second.pcap"},
		{"plantuml", NewPlantUML, `[CS] -> [CS] : f% `, "f1 first.pcap, f2 second.pcap"},
		{"plain", NewPlain, `Frame \d+ in %.pcap, `, ""},
		{"page's table", NewHTML, `<tr><td>f% \d+<td>`, "Files: f1 first.pcap, f2 second.pcap."},
		{"page's picture", NewHTML, `class="number"[^>]*>f% \d+<`, ""},
		{"page's data", NewHTML, `\[0,\[\d+,-%\],`, `"files":["first.pcap","second.pcap"]`},
		{"stack", NewStack, `(?m)^frame \d+ in %.pcap, `, ""},
		{"ndjson", NewNDJSON, `"type":"segment","frame":\d+,"file":"x/%.pcap"`, ""},
		{"csv", NewCSV, `(?m)^\d+,x/%.pcap,`, ""},
	} {
		s, o := halves()
		out := draw(t, s, func(w *bytes.Buffer) Renderer { return f.make(w, o) })
		for i, want := range []int{4, 6} {
			is := strings.NewReplacer("f%", fileTag(i), "-%", string(rune('0'+i)), "%", [...]string{"first", "second"}[i]).Replace(f.row)
			if n := len(regexp.MustCompile(is).FindAllString(out, -1)); n != want {
				t.Errorf("%s: %d rows, not %d, match %s:\n%s", f.name, n, want, is, cut(out))
			}
		}
		if !strings.Contains(out, f.legend) {
			t.Errorf("%s: does not say %q:\n%s", f.name, f.legend, cut(out))
		}
		o.Files = o.Files[:1]
		one := draw(t, chat(), func(w *bytes.Buffer) Renderer { return f.make(w, o) })
		if regexp.MustCompile(`\bf1 |Frame \d+ in`).MatchString(one) {
			t.Errorf("%s: names the only file in a row:\n%s", f.name, cut(one))
		}
	}
}

func cut(s string) string { return s[:min(len(s), 2000)] }

// TestFilesOfARecord lists only the files that a connection is from, and not
// more than a person reads.
func TestFilesOfARecord(t *testing.T) {
	o := Options{Files: make([]string, 100)}
	r := &conn.Record{}
	for i := range o.Files {
		o.Files[i] = "trace" + itoa(i) + ".pcap"
		if i%2 == 1 {
			r.Events = append(r.Events, conn.Event{Frame: 1, File: i})
		}
	}
	g := newGlyphs(false)
	got := recordFiles(r, &o, &g)
	if !strings.HasPrefix(got, "f2 trace1.pcap, f4 trace3.pcap, ") || !strings.HasSuffix(got, "and so on in the order given, to f100") || strings.Count(got, ",") != maxLegend+1 {
		t.Error(got)
	}
	if got := recordFiles(r, &Options{Files: o.Files[:1]}, &g); got != "" {
		t.Error(got)
	}
}

// TestPageNamesFilesShortly: a page says of a file no more than others need to
// tell it from the rest, and calls standard input so.
func TestPageNamesFilesShortly(t *testing.T) {
	for _, tt := range []struct {
		files []string
		says  string
	}{
		{[]string{"-"}, " in standard input, "},
		{[]string{"home/me/lesson.pcap"}, " in lesson.pcap, "},
		{[]string{"home/me/a.pcap", "home/me/b.pcap", "home/you/a.pcap"}, " in home/me/a.pcap, b.pcap, home/you/a.pcap, "},
	} {
		s := chat()
		for i := range s.events {
			if c := s.events[i].Capture; c != nil {
				c.Files = tt.files
			}
		}
		out := draw(t, s, func(w *bytes.Buffer) Renderer { return NewHTML(w, Options{Files: tt.files}) })
		if about := regexp.MustCompile(`<p>\d+ packets? [^<]*`).FindString(out); !strings.Contains(about, tt.says) {
			t.Errorf("%q: the page says %q, not %q", tt.files, about, tt.says)
		}
	}
}
