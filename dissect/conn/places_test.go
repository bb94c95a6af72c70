package conn

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// cutting deals the frames of a capture out to files.
type cutting struct {
	name string
	file func(i int) int // of frame i, from 0
}

func cuttings() []cutting {
	var list []cutting
	for k := 1; k <= 5; k++ {
		list = append(list, cutting{fmt.Sprintf("after every %d", k), func(i int) int { return i / k % capture.MaxFiles }})
	}
	r := rand.New(rand.NewPCG(1, 2))
	var order [4096]int
	for i := range order {
		order[i] = r.IntN(3)
	}
	return append(list,
		cutting{"two in turn", func(i int) int { return i % 2 }},
		cutting{"three as it comes", func(i int) int { return order[i%len(order)] }},
		cutting{"the second file first", func(i int) int { return 1 - i/4%2 }},
	)
}

// seen is a frame by file and number.
type seen struct {
	file   int
	number int64
}

// pieces are the frames of a capture, with where each was before it was cut.
type pieces struct {
	frames []capture.Frame
	whole  map[seen]int64
}

func readAll(t *testing.T, src capture.Source) (frames []capture.Frame) {
	t.Helper()
	for {
		batch, err := src.Next()
		for _, f := range batch {
			if f.Record == capture.RecordPacket {
				f.Data = slices.Clone(f.Data)
				f.Number, f.File = int64(len(frames)+1), 0
				frames = append(frames, f)
			}
		}
		if err != nil {
			return frames
		}
	}
}

func cut(frames []capture.Frame, file func(int) int) pieces {
	p := pieces{slices.Clone(frames), map[seen]int64{}}
	count := map[int]int64{}
	for i := range p.frames {
		f := &p.frames[i]
		f.File = file(i)
		count[f.File]++
		f.Number = count[f.File]
		p.whole[seen{f.File, f.Number}] = int64(i + 1)
	}
	return p
}

// names are what the files are called: they are easily found in a text.
func names() (list []string) {
	for i := range capture.MaxFiles {
		list = append(list, fmt.Sprintf("cut%d.pcap", i))
	}
	return list
}

var (
	inFiles   = regexp.MustCompile(`((?:\d+ )*\d+) in cut(\d+)\.pcap,?`)
	inOneFile = regexp.MustCompile(`\((?:last: )?((?:\d+ )*\d+)\)`)
	isFinACK  = regexp.MustCompile(`: (\d+) is ACK and FIN`)
)

// joined gives a text the frame numbers of the whole capture. Those that say no
// file are in the first one's, or in what is named before.
func (p *pieces) joined(text string, file int) string {
	mapped := func(numbers string, file int) string {
		var out []string
		for _, n := range strings.Fields(numbers) {
			n, _ := strconv.ParseInt(n, 10, 64)
			out = append(out, "#"+strconv.FormatInt(p.whole[seen{file, n}], 10))
		}
		return strings.Join(out, " ")
	}
	text = inFiles.ReplaceAllStringFunc(text, func(s string) string {
		m := inFiles.FindStringSubmatch(s)
		file, _ = strconv.Atoi(m[2])
		return mapped(m[1], file)
	})
	for _, x := range []*regexp.Regexp{inOneFile, isFinACK} {
		text = x.ReplaceAllStringFunc(text, func(s string) string {
			n := x.FindStringSubmatch(s)[1]
			return strings.Replace(s, n, mapped(n, file), 1)
		})
	}
	return text
}

// join gives an event the frame numbers of the whole capture.
func (p *pieces) join(t *testing.T, e Event) string {
	t.Helper()
	at := func(file int, number int64) int64 {
		if number == 0 {
			return 0
		}
		n := p.whole[seen{file, number}]
		if n == 0 {
			t.Errorf("there is no frame %d in file %d", number, file)
		}
		return n
	}
	own := e.File
	e.Frame, e.File = at(e.File, e.Frame), 0
	detail := ""
	if e.Detail != nil {
		d := *e.Detail
		for _, x := range []struct {
			number *int64
			in     *string
		}{{&d.Acks, &d.AcksIn}, {&d.Repeats, &d.RepeatsIn}, {&d.DupOf, &d.DupOfIn}} {
			file := own
			if *x.in != "" {
				fmt.Sscanf(*x.in, "cut%d.pcap", &file)
			}
			*x.number, *x.in = at(file, *x.number), ""
		}
		detail = fmt.Sprintf(" %+v", d)
		e.Detail = nil
	}
	if e.Connection != nil {
		c := *e.Connection
		v, m := &c.Verdict, &c.Measures
		v.Text, v.Meaning = p.joined(v.Text, c.File), p.joined(v.Meaning, c.File)
		v.Evidence = slices.Clone(v.Evidence)
		for i, n := range v.Evidence {
			file := c.File
			if v.EvidenceFiles != nil {
				file = v.EvidenceFiles[i]
			}
			v.Evidence[i] = at(file, n)
		}
		v.EvidenceFiles, v.EvidenceNames = nil, nil
		m.SilenceEnd, m.SilenceFile, m.SilenceFileName = at(m.SilenceFile, m.SilenceEnd), 0, ""
		c.FirstFrame, c.LastFrame = at(c.File, c.FirstFrame), at(c.LastFile, c.LastFrame)
		c.File, c.LastFile = 0, 0
		e.Connection = &c
	}
	return shown(&e) + detail
}

// events gives all that is said of frames, with the numbers of the whole.
// With forgetful the tracker forgets stretches as often as it can.
func (p *pieces) events(t *testing.T, tracker *Tracker, forgetful bool) (out []string) {
	t.Helper()
	var (
		d dissect.Decoder
		j dissect.Joiner
		k dissect.Packet
	)
	for i := range p.frames {
		d.Decode(&p.frames[i], &k)
		if k.Content == dissect.ContentFragment {
			j.Join(&k, &d)
		}
		if forgetful {
			tracker.places.many = 1
		}
		for _, e := range tracker.Add(&k) {
			out = append(out, p.join(t, e))
		}
	}
	for e := range tracker.Left() {
		out = append(out, p.join(t, *e))
	}
	return out
}

// holds runs the frames through trackers, whole and cut, and holds that they
// say the same.
func holds(t *testing.T, frames []capture.Frame) {
	t.Helper()
	whole := cut(frames, func(int) int { return 0 })
	for _, o := range []Options{{Detail: true, Measures: true, Verdicts: true}, {Measures: true}, {Brief: true}} {
		want := whole.events(t, New(o), false)
		for _, c := range cuttings() {
			for _, forgetful := range []bool{false, true} {
				if forgetful && (o.Detail || o.Brief) {
					continue // details know most frames too; tables name the last one only
				}
				p := cut(frames, c.file)
				o.Files = names()
				got := p.events(t, New(o), forgetful)
				for i := range max(len(got), len(want)) {
					if i >= len(got) || i >= len(want) || got[i] != want[i] {
						t.Fatalf("cut %s, forgetful %t: event %d is\n%s\nand of the whole\n%s", c.name, forgetful, i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
					}
				}
			}
		}
	}
}

// TestFiles holds that what is said of a capture does not depend on how many
// files it is in.
func TestFiles(t *testing.T) {
	list, _ := filepath.Glob("../../testdata/*.pcap*")
	if len(list) == 0 {
		t.Fatal("no captures in testdata")
	}
	for _, name := range list {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := capture.OpenFile(name)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			holds(t, readAll(t, src))
		})
	}
	for name, script := range map[string]string{
		"resent":        "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:101(100) ack 1\n+1 > P. 1:101(100) ack 1\n+2 > P. 1:101(100) ack 1\n+4 > P. 1:101(100) ack 1",
		"zero":          "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:101(100) ack 1\n< . ack 101 win 0\n+1 > . 100:101(1) ack 1\n< . ack 101 win 0",
		"reset":         "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> F. 1:1(0) ack 1\n< P. 1:51(50) ack 2\n> R 2:2(0)",
		"half":          "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> F. 1:1(0) ack 1\n< . ack 2\n< P. 1:51(50) ack 2\n> . ack 51\n< F. 51:51(0) ack 2\n> . ack 52",
		"both":          "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> F. 1:1(0) ack 1\n< F. 1:1(0) ack 1\n> . ack 2\n< . ack 2",
		"SMTP's no":     "conn 10.0.0.1:1000 10.0.0.2:25\n> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n< P. \"220 x ESMTP\\r\\n\"\n> P. \"MAIL FROM:<a@b>\\r\\n\"\n< P. \"550 no\\r\\n\"\n> P. \"QUIT\\r\\n\"\n< P. \"221 bye\\r\\n\"\n> .\n< F.\n> F.\n< .",
		"other words":   "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n< P. \"SSH-2.0-x\\r\\n\"\n> P. \"EHLO me\\r\\n\"\n< P. \"Invalid SSH identification string.\\r\\n\"\n> P. \"QUIT\\r\\n\"\n< .\n< F.\n> F.\n< .",
		"too much":      "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. \"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 3\\r\\n\\r\\nabc\"\n< .\n> P. \"defghi\\r\\n\"\n< .\n> P. \"more\\r\\n\\r\\n\"\n< P. \"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n> .\n< F.\n> F.\n< .",
		"behind a hole": "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. \"GET / HTTP/1.1\\r\\n\"\n> P. \"Host: x\\r\\n\\r\\n\" lost\n> P. \"GET /2 HTTP/1.1\\r\\n\"\n> P. \"Host: y\\r\\n\\r\\n\"\n> P. \"x\"\n< .\n< F.\n> F.\n< .",
		"duplicates":    "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:101(100) ack 1\n> P. 201:301(100) ack 1\n< . ack 101\n> P. 301:401(100) ack 1\n< . ack 101\n< . ack 101\n> P. 101:201(100) ack 1\n< . ack 401",
	} {
		t.Run(name, func(t *testing.T) { holds(t, framesOf(t, script)) })
		t.Run(name+" captured twice", func(t *testing.T) {
			var twice []capture.Frame
			for _, f := range framesOf(t, script) {
				twice = append(twice, f, f)
				twice[len(twice)-1].Time += 1000
			}
			for i := range twice {
				twice[i].Number = int64(i + 1)
			}
			holds(t, twice)
		})
	}
}

func framesOf(t *testing.T, script string) []capture.Frame {
	t.Helper()
	frames := segtest.MustFrames(t, script)
	for i := range frames {
		frames[i].Number, frames[i].File = int64(i+1), 0
	}
	return frames
}

// TestFilesOfGenerated holds the same for many connections at once.
func TestFilesOfGenerated(t *testing.T) {
	for _, kind := range segtest.Kinds() {
		var b strings.Builder
		if _, err := segtest.Generate(&b, kind, 4e4, 5); err != nil {
			t.Fatal(err)
		}
		src, err := capture.NewReader(string(kind), strings.NewReader(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(string(kind), func(t *testing.T) { holds(t, readAll(t, src)) })
	}
}

// TestFilesNamed holds how a verdict names frames in several files.
func TestFilesNamed(t *testing.T) {
	const closed = "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> F. 1:1(0) ack 1\n< F. 1:1(0) ack 2\n> . ack 2"
	frames := framesOf(t, closed)
	for _, tt := range []struct {
		at       int // from here on they are in the second file
		text     string
		evidence []int64
		files    []int
		last     int
	}{
		{6, "closed by the client, three segments (4 5 6): 5 is ACK and FIN in one.", []int64{4, 5, 6}, nil, 0},
		{5, "closed by the client, three segments (4 5 in a.pcap, 1 in file 2): 5 in a.pcap is ACK and FIN in one.", []int64{4, 5, 1}, []int{0, 0, 1}, 1},
		{3, "closed by the client, three segments (1 2 3 in file 2): 2 is ACK and FIN in one.", []int64{1, 2, 3}, []int{1, 1, 1}, 1},
		{0, "closed by the client, three segments (4 5 6): 5 is ACK and FIN in one.", []int64{4, 5, 6}, nil, 1},
	} {
		p := cut(frames, func(i int) int {
			if i >= tt.at {
				return 1
			}
			return 0
		})
		tracker := New(Options{Files: []string{"a.pcap"}})
		var d dissect.Decoder
		var k dissect.Packet
		for i := range p.frames {
			d.Decode(&p.frames[i], &k)
			tracker.Add(&k)
		}
		for e := range tracker.Left() {
			c := e.Connection
			v := c.Verdict
			if v.Text != tt.text || !slices.Equal(v.Evidence, tt.evidence) || !slices.Equal(v.EvidenceFiles, tt.files) || c.LastFile != tt.last {
				t.Errorf("cut at %d: %q, %v in %v, last in %d", tt.at, v.Text, v.Evidence, v.EvidenceFiles, c.LastFile)
			}
		}
	}
}

// TestStretches holds that what is remembered of files that alternate is
// bounded, and that no connection's frame is among what is forgotten.
func TestStretches(t *testing.T) {
	script := "10 > S 0:0(0)\n10 < S. 0:0(0) ack 1\n10 > . ack 1\n" + strings.Repeat("20 > S 0:0(0)\n20 < R. 0:0(0) ack 1\n", 50)
	frames := framesOf(t, script+"10 > F. 1:1(0) ack 1\n10 < F. 1:1(0) ack 2\n10 > . ack 2")
	p := cut(frames, func(i int) int { return i % 2 })
	tracker := New(Options{})
	tracker.places.many = 8
	p.events(t, tracker, false)
	if n := len(tracker.places.stretches); n > 64 {
		t.Errorf("%d stretches are remembered", n)
	}
	holds(t, frames)
}
