package capture

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var askTshark = flag.Bool("tshark", false, "ask tshark about each capture of the corpus, and write testdata/tshark.tsv anew")

const tsharkAnswers = "testdata/tshark.tsv"

// corpusFiles lists the captures that lie beside the project, or skips.
func corpusFiles(t testing.TB) []string {
	var files []string
	for _, dir := range []string{"dev", "hostile-dev"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", dir, "*.pcap*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("no captures to compare with: ../shared/corpus is not there")
	}
	return files
}

// seen is what there is to compare of a frame.
type seen struct {
	number   int64
	time     string // seconds.nanoseconds, empty where not known
	wire     int
	captured int
	id       int // of the interface in its section, -1 where not known and in pcap files
}

// readSeen reads a whole source.
func readSeen(s Source) (all []seen, err error) {
	for {
		frames, err := s.Next()
		for _, f := range frames {
			if f.Record == RecordPacket {
				all = append(all, seenOf(s, f))
			}
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

func seenOf(s Source, f Frame) seen {
	v := seen{number: f.Number, wire: f.OrigLen, captured: len(f.Data), id: -1}
	if f.Time.Known() {
		v.time = fmt.Sprintf("%d.%09d", int64(f.Time)/1e9, int64(f.Time)%1e9)
	}
	if _, classic := s.(*fileSource).format.(*pcap); f.Interface >= 0 && !classic {
		interfaces := s.Interfaces()
		v.id = f.Interface - slices.IndexFunc(interfaces, func(i Interface) bool {
			return i.Section == interfaces[f.Interface].Section
		})
	}
	return v
}

// tsharkSeen asks tshark the same. Rows that are no packets, which have
// neither a time nor an interface, are left out.
func tsharkSeen(t *testing.T, file string) (all []seen, complaint string) {
	cmd := exec.Command("tshark", "-n", "-r", file, "-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch",
		"-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.interface_id")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		complaint = err.Error() + " " + stderr.String()
	}
	for line := range strings.Lines(out.String()) {
		v := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(v) != 5 {
			t.Fatalf("tshark wrote %q", line)
		}
		n, _ := strconv.ParseInt(v[0], 10, 64)
		s := seen{number: n, time: carried(v[1]), id: -1}
		s.wire, _ = strconv.Atoi(v[2])
		s.captured, _ = strconv.Atoi(v[3])
		if v[4] != "" {
			s.id, _ = strconv.Atoi(v[4])
		}
		if s.time != "" || s.id >= 0 {
			all = append(all, s)
		}
	}
	return all, complaint
}

// carried turns 1.1000000000 into 2.000000000, which tshark does not, and
// clamps what a Stamp does not hold.
func carried(s string) string {
	sec, frac, ok := strings.Cut(s, ".")
	if !ok {
		return s
	}
	a, _ := strconv.ParseInt(sec, 10, 64)
	b, _ := strconv.ParseInt(frac, 10, 64)
	ns := a*1e9 + b
	if a >= math.MaxInt64/1_000_000_000 {
		ns = math.MaxInt64
	}
	return fmt.Sprintf("%d.%09d", ns/1e9, ns%1e9)
}

// difference is where tshark and tcpsee differ on purpose.
type difference struct {
	frames int  // more than tshark gives
	errors bool // tshark ends with an error, tcpsee does not
	times  bool // tshark's are not compared
	why    string
}

var differences = map[string]difference{
	"mal-badif.pcapng":                {frames: 1, why: "a packet of an unknown interface costs that packet, not the file"},
	"mal-mut-ng-1.pcapng":             {frames: 37, why: "damaged blocks are passed over"},
	"mal-badlink.pcap":                {frames: 3, errors: true, why: "an unknown link type does not keep frames from being read"},
	"td-brcm-tag-prepend.pcap":        {frames: 15, errors: true, why: "an unknown link type does not keep frames from being read"},
	"td-timestamp-invalid-micro.pcap": {times: true, why: "tshark's nanoseconds overflow 32 bits"},
	"td-timestamp-invalid-nano.pcap":  {times: true, why: "tshark's nanoseconds overflow 32 bits"},
	"mal-mut-sll2-1.pcap":             {times: true, why: "tshark's nanoseconds overflow 32 bits"},
}

// answer is what tshark says of a file, in short.
func answerOf(rows []seen, times bool, failed bool) string {
	h := sha256.New()
	for _, r := range rows {
		if !times {
			r.time = ""
		}
		fmt.Fprintln(h, r)
	}
	return fmt.Sprintf("%d\t%v\t%.8x", len(rows), failed, h.Sum(nil))
}

func TestCorpusAgreesWithTshark(t *testing.T) {
	files := corpusFiles(t)
	answers := make(map[string]string)
	if !*askTshark {
		b, err := os.ReadFile(tsharkAnswers)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			name, answer, _ := strings.Cut(strings.TrimSpace(line), "\t")
			answers[name] = answer
		}
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			s, err := OpenFile(file)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			rows, err := readSeen(s)
			var fault *Fault
			if err != nil && !errors.As(err, &fault) {
				t.Errorf("error %v is no *Fault", err)
			}
			t.Log(err, s.Findings())
			d := differences[name]
			ours := rows[:max(0, len(rows)-d.frames)]
			got := answerOf(ours, !d.times, err != nil || d.errors)
			want, known := answers[name]
			if *askTshark {
				theirs, complaint := tsharkSeen(t, file)
				want = answerOf(theirs, !d.times, complaint != "")
				answers[name] = want
				for i := range min(len(ours), len(theirs)) {
					if got, want := answerOf(ours[i:i+1], !d.times, false), answerOf(theirs[i:i+1], !d.times, false); got != want {
						t.Errorf("row %d: %+v, tshark has %+v", i, ours[i], theirs[i])
						break
					}
				}
				t.Log(complaint)
			} else if !known {
				t.Skip("testdata/tshark.tsv has no answer for this file: run with -tshark")
			}
			if got != want {
				t.Errorf("frames, error, digest are\n%s, but tshark's\n%s\nerror %v", got, want, err)
			}
		})
	}
	if *askTshark {
		writeAnswers(t, answers)
	}
}

func writeAnswers(t *testing.T, answers map[string]string) {
	var b strings.Builder
	for name, answer := range answers {
		fmt.Fprintf(&b, "%s\t%s\n", name, answer)
	}
	lines := strings.SplitAfter(b.String(), "\n")
	slices.Sort(lines)
	if err := os.WriteFile(tsharkAnswers, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyOf is all that a frame has, with its own memory and without what its
// place in a file makes of it.
type copyOf struct {
	time      Stamp
	data      string
	wire      int
	link      LinkType
	name      string
	fcs       int
	direction Direction
	checksums Checksums
	dropped   uint64
	comments  string
	record    Record
}

func copies(t testing.TB, s Source, into FrameWriter) (all []copyOf) {
	for {
		frames, err := s.Next()
		for i := range frames {
			f := &frames[i]
			c := copyOf{time: f.Time, data: string(f.Data), wire: f.OrigLen, link: f.Link, direction: f.Direction,
				checksums: f.Checksums, dropped: f.Dropped, comments: strings.Join(f.Comments, "\x00"), record: f.Record}
			if f.Record == RecordPacket && f.Interface >= 0 {
				in := s.Interfaces()[f.Interface]
				c.name, c.fcs = in.Name, in.FCSLen
			}
			all = append(all, c)
			if into != nil {
				if err := into.WriteFrame(f, s.Interfaces()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err != nil {
			return all
		}
	}
}

func TestCopyLosesNothing(t *testing.T) {
	for _, file := range corpusFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, err := OpenFile(file)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var out bytes.Buffer
			w := NewWriter(&out, WriterOptions{})
			want := copies(t, s, w)
			if err := w.WriteStatistics(s.Stats()); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if int64(out.Len()) != w.Size() {
				t.Errorf("Size is %d, written were %d bytes", w.Size(), out.Len())
			}
			again, err := NewReader("copy", bytes.NewReader(out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			got := copies(t, again, nil)
			if _, err := again.Next(); err != io.EOF {
				t.Errorf("reading the copy ends with %v", err)
			}
			if len(again.Findings()) > 0 {
				t.Errorf("the copy has findings: %v", again.Findings())
			}
			if !slices.Equal(got, want) {
				t.Errorf("the copy's %d frames differ from the %d read", len(got), len(want))
			}
			if got, want := again.Stats().Dropped, s.Stats().Dropped; got != want && len(again.Interfaces()) > 0 {
				t.Errorf("the copy has %d drops, the file %d", got, want)
			}
		})
	}
}
