package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tcpsee/render"
)

// drawnSegment is what a format tells of a segment. Diagrams leave out what
// means nothing: the sequence number of a bare ACK, the frame's number.
type drawnSegment struct {
	conn, frame, length int64
	seq, ack            int64
	hasSeq, hasAck      bool
	from, kind          string
	labels              []string
	states              [2]string // after it
	complete            bool      // conn and labels are exact; else labels holds all words
}

// differs says in what a segment as drawn differs from the same in NDJSON.
func (d *drawnSegment) differs(want *drawnSegment) string {
	switch {
	case d.kind != want.kind || d.length != want.length:
		return fmt.Sprintf("%s of %d bytes, not %s of %d", d.kind, d.length, want.kind, want.length)
	case d.from != "" && d.from != want.from:
		return "it comes from the " + d.from
	case d.frame != 0 && d.frame != want.frame:
		return fmt.Sprintf("it is frame %d", d.frame)
	case d.hasSeq && d.seq != want.seq, d.hasAck && d.ack != want.ack:
		return fmt.Sprintf("seq %d, ack %d", d.seq, d.ack)
	case !d.hasSeq && want.length > 0 && want.kind != "RST":
		return "there is no sequence number"
	case d.states != want.states:
		return fmt.Sprintf("the states are %q, not %q", d.states, want.states)
	case d.complete && (d.conn != want.conn || strings.Join(d.labels, " ") != strings.Join(want.labels, " ")):
		return fmt.Sprintf("connection %d, labels %q", d.conn, d.labels)
	}
	for _, l := range want.labels {
		if !slices.Contains(d.labels, l) && !slices.Contains(byStates, l) {
			return fmt.Sprintf("label %s is not among %q", l, d.labels)
		}
	}
	return ""
}

// byStates are the labels that diagrams show by the states beside the arrow.
var byStates = []string{"time-wait", "refused"}

// exports are the formats with how their segments are read. A diagram has one
// connection.
var exports = []struct {
	name    string
	make    func(io.Writer, render.Options) render.Renderer
	read    func(*testing.T, string) []drawnSegment
	diagram bool
}{
	{"html", render.NewHTML, pageSegments, false},
	{"json", func(w io.Writer, o render.Options) render.Renderer { return render.NewJSON(w, o) }, jsonSegments, false},
	{"csv", func(w io.Writer, o render.Options) render.Renderer { return render.NewCSV(w, o) }, csvSegments, false},
	{"mermaid", render.NewMermaid, mermaidSegments, true},
	{"plantuml", render.NewPlantUML, plantSegments, true},
	{"markdown", render.NewMarkdown, reportSegments, true},
	{"latex", render.NewLaTeX, latexSegments, true},
	{"svg", render.NewSVG, svgSegments, true},
}

// TestExportsAgree holds every format of recorded captures against their
// NDJSON, segment by segment: the data and the page whole, the diagrams
// connection by connection.
func TestExportsAgree(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*.pcap")
	more, _ := filepath.Glob("../../shared/corpus/dev/syn-*.pcap*") // with labels of every kind
	names = append(names, more...)
	if len(names) == 0 {
		t.Skip("no captures in ../testdata")
	}
	const connections = 3 // of a capture that are drawn
	for _, name := range names {
		compareExports(t, name, 0, connections)
	}
}

func compareExports(t *testing.T, name string, only int64, more int64) {
	t.Helper()
	o := render.Options{Full: true, Conn: only}
	var data bytes.Buffer
	renderers := []render.Renderer{render.NewNDJSON(&data, o)}
	texts := make([]bytes.Buffer, len(exports))
	for i, x := range exports {
		if x.diagram == (only > 0) {
			renderers = append(renderers, x.make(&texts[i], o))
		}
	}
	replay(t, name, renderers...)
	want := ndjsonSegments(t, data.String())
	for i, x := range exports {
		if x.diagram != (only > 0) {
			continue
		}
		got := x.read(t, texts[i].String())
		if x.name == "html" { // by connection, not by frame
			slices.SortStableFunc(got, func(a, b drawnSegment) int { return int(a.frame - b.frame) })
		}
		for n := range min(len(got), len(want)) {
			if why := got[n].differs(&want[n]); why != "" {
				t.Errorf("%s as %s: segment %d (frame %d) of connection %d: %s", name, x.name, n+1, want[n].frame, want[n].conn, why)
				break
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s as %s: %d segments, NDJSON has %d", name, x.name, len(got), len(want))
		}
	}
	seen := int64(0)
	for _, s := range want {
		if only == 0 && s.conn > seen && s.conn <= more {
			seen = s.conn
			compareExports(t, name, s.conn, 0)
		}
	}
}

// segmentObject is a segment in NDJSON and JSON.
type segmentObject struct {
	Type, Kind, From string
	Frame, Conn      int64
	Seq, Ack, Len    int64
	Labels           json.RawMessage // of a connection they are counted
	States           struct{ Client, Server [2]string }
}

func (s *segmentObject) drawn() drawnSegment {
	var labels []string
	_ = json.Unmarshal(s.Labels, &labels)
	return drawnSegment{conn: s.Conn, frame: s.Frame, length: s.Len, seq: s.Seq, ack: s.Ack, hasSeq: true, hasAck: true, from: s.From, kind: s.Kind,
		labels: labels, states: [2]string{s.States.Client[1], s.States.Server[1]}, complete: true}
}

func ndjsonSegments(t *testing.T, text string) (list []drawnSegment) {
	t.Helper()
	for line := range strings.Lines(text) {
		var s segmentObject
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Type == "segment" {
			list = append(list, s.drawn())
		}
	}
	return list
}

func jsonSegments(t *testing.T, text string) (list []drawnSegment) {
	var all []segmentObject
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Type == "segment" {
			list = append(list, s.drawn())
		}
	}
	return list
}

func csvSegments(t *testing.T, text string) (list []drawnSegment) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		cell := func(name string) string { return row[slices.Index(rows[0], name)] }
		num := func(name string) int64 {
			n, err := strconv.ParseInt(cell(name), 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return n
		}
		list = append(list, drawnSegment{conn: num("conn"), frame: num("frame"), length: num("len"), seq: num("seq"), ack: num("ack"), hasSeq: true, hasAck: true,
			from: cell("from"), kind: cell("kind"), labels: strings.Fields(cell("labels")), states: [2]string{cell("state_client"), cell("state_server")}, complete: true})
	}
	return list
}

// onArrow matches what stands on an arrow, up to the payload.
var onArrow = regexp.MustCompile(`^(SYN-ACK|SYN|ACK|DATA|FIN|RST|OTHER)(?: (\d+) B)?(?: seq=(\d+))?(?: ack=(\d+))?`)

// arrow reads what stands on an arrow; false where it is no segment's.
func arrow(text, from string) (s drawnSegment, ok bool) {
	m := onArrow.FindStringSubmatch(text)
	if m == nil {
		return s, false
	}
	s.from, s.kind = from, m[1]
	s.length, _ = strconv.ParseInt(m[2], 10, 64)
	s.seq, _ = strconv.ParseInt(m[3], 10, 64)
	s.ack, _ = strconv.ParseInt(m[4], 10, 64)
	s.hasSeq, s.hasAck = m[3] != "", m[4] != ""
	before, _, _ := strings.Cut(text, `"`)
	s.labels = strings.Fields(before)
	return s, true
}

// numberedArrow is the same where a frame's number comes first.
func numberedArrow(text, from string) (s drawnSegment, ok bool) {
	number, what, _ := strings.Cut(text, ": ")
	s, ok = arrow(what, from)
	frame, err := strconv.ParseInt(number, 10, 64)
	s.frame = frame
	return s, ok && err == nil
}

// stated sets the state of a segment's end, and that of those after it.
type stated struct {
	list []drawnSegment
	now  [2]string
}

func (s *stated) add(d drawnSegment) {
	d.states = s.now
	s.list = append(s.list, d)
}

func (s *stated) state(side int, now string) {
	if now != "" && len(s.list) > 0 {
		s.now[side] = now
		s.list[len(s.list)-1].states[side] = now
	}
}

var mermaidEntity = regexp.MustCompile(`#(\d+);`)

func mermaidSegments(t *testing.T, text string) []drawnSegment {
	var out stated
	for line := range strings.Lines(text) {
		head, what, _ := strings.Cut(strings.TrimSpace(line), ": ")
		what = mermaidEntity.ReplaceAllStringFunc(what, func(s string) string {
			n, _ := strconv.Atoi(strings.Trim(s, "#;"))
			return string(rune(n))
		})
		switch {
		case head == "Note left of C":
			out.state(0, what)
		case head == "Note right of S":
			out.state(1, what)
		case strings.HasPrefix(head, "C-"), strings.HasPrefix(head, "S-"):
			if s, ok := numberedArrow(what, map[byte]string{'C': "client", 'S': "server"}[head[0]]); ok {
				out.add(s)
			}
		}
	}
	return out.list
}

var plantCharacter = regexp.MustCompile(`<U\+([0-9A-F]+)>`)

func plantSegments(t *testing.T, text string) []drawnSegment {
	var out stated
	for line := range strings.Lines(text) {
		head, what, _ := strings.Cut(strings.TrimSpace(line), " : ")
		what = plantCharacter.ReplaceAllStringFunc(what, func(s string) string {
			n, _ := strconv.ParseInt(s[3:len(s)-1], 16, 32)
			return string(rune(n))
		})
		switch {
		case head == "hnote over C":
			out.state(0, what)
		case head == "hnote over S":
			out.state(1, what)
		case strings.HasPrefix(head, "C -"), strings.HasPrefix(head, "S -"):
			if s, ok := numberedArrow(what, map[byte]string{'C': "client", 'S': "server"}[head[0]]); ok {
				out.add(s)
			}
		}
	}
	return out.list
}

// unescaped takes the backslashes away that Markdown needs.
var unescaped = regexp.MustCompile(`\\(.)`)

func reportSegments(t *testing.T, text string) []drawnSegment {
	var out stated
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, "&#124;")
		cells := strings.Split(line, " | ")
		if len(cells) != 7 {
			continue
		}
		for i := range cells {
			cells[i] = html.UnescapeString(unescaped.ReplaceAllString(strings.Trim(cells[i], "| "), "$1"))
		}
		s, ok := arrow(cells[3], cells[2])
		if !ok || s.from != "client" && s.from != "server" {
			continue
		}
		s.frame, _ = strconv.ParseInt(cells[0], 10, 64)
		out.add(s)
		out.state(0, cells[5])
		out.state(1, cells[6])
	}
	return out.list
}

var latexRow = regexp.MustCompile(`^\\hfill (\d+) & \\hfill [0-9.]* & \\hfill\\state\{(.*)\} & \\(segment|answer)\{(.*)\} & \\state\{(.*)\} \\\\$`)

func latexSegments(t *testing.T, text string) []drawnSegment {
	plain := strings.NewReplacer("{-}", "-", "{=}", "=", "{?}", "?", `\#`, "#", `\textquotedbl{}`, `"`)
	var out stated
	for line := range strings.Lines(text) {
		m := latexRow.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		s, ok := arrow(plain.Replace(m[4]), map[string]string{"segment": "client", "answer": "server"}[m[3]])
		if !ok {
			continue
		}
		s.frame, _ = strconv.ParseInt(m[1], 10, 64)
		out.add(s)
		out.state(0, plain.Replace(m[2]))
		out.state(1, plain.Replace(m[5]))
	}
	return out.list
}

// svgSegments reads the texts of a picture, which stand row after row.
func svgSegments(t *testing.T, text string) []drawnSegment {
	var (
		out    stated
		class  string
		anchor string
		words  strings.Builder
		number int64
		depth  int
	)
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out.list
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if depth++; e.Name.Local != "text" {
				continue
			}
			class, anchor = "", ""
			words.Reset()
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "class":
					class = a.Value
				case "text-anchor":
					anchor = a.Value
				}
			}
		case xml.CharData:
			words.Write(e)
		case xml.EndElement:
			if depth--; e.Name.Local != "text" {
				continue
			}
			switch what := words.String(); class {
			case "number":
				number, _ = strconv.ParseInt(what, 10, 64)
			case "what":
				if s, ok := arrow(what, ""); ok {
					s.frame = number
					out.add(s)
				} else if n := len(out.list); n > 0 { // the line goes on
					out.list[n-1].labels = append(out.list[n-1].labels, strings.Fields(what)...)
				}
			case "state":
				out.state(map[string]int{"end": 0, "start": 1}[anchor], what)
			}
		}
	}
}
