package conn

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

var (
	corpusDir  = flag.String("corpus", filepath.Join("..", "..", "..", "shared", "corpus", "dev"), "captures, with their oracles in a folder oracle, to compare labels with")
	corpusShow = flag.Int("show", 0, "how many differences to print of each file")
)

// answer is what tshark said of a segment.
type answer struct {
	Frame        int64    `json:"frame"`
	Stream       int64    `json:"stream"`
	Src          string   `json:"src"`
	Sport        uint16   `json:"sport"`
	Flags        string   `json:"flags"`
	Kind         string   `json:"kind"`
	Seq          *uint32  `json:"seq"`
	Ack          *uint32  `json:"ack"`
	SeqRaw       uint32   `json:"seq_raw"`
	AckRaw       uint32   `json:"ack_raw"`
	Len          int      `json:"len"`
	Labels       []string `json:"labels"`
	DupAckNum    int      `json:"dup_ack_num"`
	Win          *uint32  `json:"win"`
	WinRaw       uint16   `json:"win_raw"`
	IRTT         *float64 `json:"irtt"`
	Completeness *uint8   `json:"completeness"`
}

// ours is the same as this package says it.
type ours struct {
	Event
	labels []string
}

func readAnswers(t testing.TB, name string) map[int64]*answer {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	m := map[int64]*answer{}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		a := new(answer)
		if err := json.Unmarshal(s.Bytes(), a); err != nil {
			t.Fatal(err)
		}
		m[a.Frame] = a
	}
	return m
}

// eachPacket decodes the packets of a capture up to its end, or to a fault, and
// closes it.
func eachPacket(t testing.TB, src capture.Source, f func(*dissect.Packet)) {
	t.Helper()
	defer src.Close()
	var d dissect.Decoder
	var j dissect.Joiner
	var p dissect.Packet
	for {
		frames, err := src.Next()
		for i := range frames {
			if frames[i].Record != capture.RecordPacket {
				continue
			}
			d.Decode(&frames[i], &p)
			if p.Content == dissect.ContentFragment {
				j.Join(&p, &d)
			}
			f(&p)
		}
		var fault *capture.Fault
		if errors.Is(err, io.EOF) || errors.As(err, &fault) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// trackFile runs a capture through the decoder and a tracker.
func trackFile(t testing.TB, name string, tr *Tracker, each func(*Event)) {
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	eachPacket(t, src, func(p *dissect.Packet) {
		events := tr.Add(p)
		for i := range events {
			each(&events[i])
		}
	})
	for e := range tr.Left() {
		each(e)
	}
}

// tally counts agreement about one label.
type tally struct{ both, ours, theirs int }

func (x tally) f1() float64 {
	if x == (tally{}) {
		return 1
	}
	return 2 * float64(x.both) / float64(2*x.both+x.ours+x.theirs)
}

// excuse returns the frames whose labels differ on purpose: the same
// conditions as the scorer's.
func excuse(answers map[int64]*answer, got map[int64]*ours) map[int64]string {
	type end struct {
		stream int64
		src    string
		port   uint16
	}
	type twin struct {
		end
		seq, ack uint32
		flags    string
		len      int
		win      uint16
	}
	out := map[int64]string{}
	window, seen, probed := map[end]uint16{}, map[twin]int64{}, map[end]bool{}
	ends := map[int64][2]end{}
	for _, f := range sortedFrames(answers) {
		a := answers[f]
		me := end{a.Stream, a.Src, a.Sport}
		x := twin{me, a.SeqRaw, a.AckRaw, a.Flags, a.Len, a.WinRaw}
		var labels Labels
		var peer end
		if g := got[f]; g != nil {
			labels = g.Labels
			dst := g.Packet
			_ = dst
			peer = end{a.Stream, g.labels[0], uint16(g.InFlight)}
		}
		ends[f] = [2]end{me, peer}
		last, twice := seen[x]
		resent := slices.ContainsFunc(a.Labels, func(l string) bool {
			return strings.HasSuffix(l, "retransmission") || l == "out-of-order"
		})
		w, shut := window[peer]
		switch {
		case labels.Has(DuplicateCapture) && twice && f-last <= 64:
			out[f] = "duplicate"
		case labels.Has(SimultaneousOpen) && strings.HasPrefix(a.Kind, "SYN") && resent:
			out[f] = "crossing"
		case labels.Has(ZeroWindowProbe) && slices.Contains(a.Labels, "keep-alive") && a.Len <= 1 && shut && w == 0:
			out[f] = "probe"
			probed[peer] = true
		case labels.Has(ZeroWindowProbeAck) && probed[me]:
			out[f] = "probe"
			delete(probed, me)
		}
		seen[x], window[me] = f, a.WinRaw
	}
	return out
}

func sortedFrames(m map[int64]*answer) []int64 {
	var f []int64
	for n := range m {
		f = append(f, n)
	}
	slices.Sort(f)
	return f
}

// names returns those of the labels that the oracle knows, spurious and fast
// retransmissions being retransmissions as well.
func oracleNames(labels []string) map[string]bool {
	m := map[string]bool{}
	for _, l := range labels {
		m[l] = true
	}
	if m[FastRetransmission.String()] || m[SpuriousRetransmission.String()] {
		m[Retransmission.String()] = true
	}
	for l := range labelCount {
		if !wiresharkLabels.Has(l) {
			delete(m, l.String())
		}
	}
	return m
}

func TestLabelsAgreeWithWireshark(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(*corpusDir, "*.pcap*"))
	if len(files) == 0 {
		t.Skipf("no captures to compare with: %s is not there", *corpusDir)
	}
	total := map[string]*tally{}
	macro := map[string][]float64{}
	wrong := map[string]int{}
	checked := map[string]int{}
	for _, name := range files {
		answers := readAnswers(t, filepath.Join(*corpusDir, "oracle", filepath.Base(name)+".ndjson.gz"))
		got := map[int64]*ours{}
		ends := map[int64]*Connection{}
		trackFile(t, name, New(Options{}), func(e *Event) {
			switch e.Type {
			case TypeSegment:
				o := &ours{Event: *e}
				p := *e.Packet
				o.Packet = nil
				e.Labels.Each(func(l Label) { o.labels = append(o.labels, l.String()) })
				o.labels = append([]string{p.IP.Dst.String()}, o.labels...)
				o.InFlight = uint32(p.TCP.DstPort)
				got[e.Frame] = o
			case TypeEnd:
				c := *e.Connection
				ends[c.Number] = &c
			}
		})
		shown := 0
		show := func(format string, a ...any) {
			if shown < *corpusShow {
				shown++
				t.Logf("%s: "+format, append([]any{filepath.Base(name)}, a...)...)
			}
		}
		excused := excuse(answers, got)
		per := map[string]*tally{}
		group := map[int64]int64{}
		back := map[int64]int64{}
		check := func(what string, f int64, ok bool, ours, theirs any) {
			checked[what]++
			if !ok {
				wrong[what]++
				show("frame %d: %s is %v, tshark has %v", f, what, ours, theirs)
			}
		}
		for f := range got {
			if answers[f] == nil {
				check("frames", f, false, "a segment", "none")
			}
		}
		for _, f := range sortedFrames(answers) {
			a, g := answers[f], got[f]
			check("frames", f, g != nil, "none", "a segment")
			if g == nil {
				continue
			}
			if _, ok := group[a.Stream]; !ok && back[g.Conn] == 0 {
				group[a.Stream], back[g.Conn] = g.Conn, a.Stream+1
			}
			check("partition", f, group[a.Stream] == g.Conn, g.Conn, group[a.Stream])
			check("kind", f, strings.EqualFold(g.Kind.String(), a.Kind), g.Kind, a.Kind)
			check("seq", f, a.Seq != nil && *a.Seq == g.Seq, g.Seq, deref(a.Seq))
			if a.Ack != nil && g.Ack != 0 {
				check("ack", f, *a.Ack == g.Ack, g.Ack, deref(a.Ack))
			}
			if a.Win != nil {
				check("win", f, *a.Win == g.Window, g.Window, *a.Win)
			}
			if excused[f] == "" {
				if a.DupAckNum != 0 {
					check("dup_ack_num", f, a.DupAckNum == g.DupAckNum, g.DupAckNum, a.DupAckNum)
				}
				x, y := oracleNames(a.Labels), oracleNames(g.labels[1:])
				var missing, extra []string
				for l := range x {
					if per[l] == nil {
						per[l] = new(tally)
					}
					if y[l] {
						per[l].both++
					} else {
						per[l].theirs++
						missing = append(missing, l)
					}
				}
				for l := range y {
					if per[l] == nil {
						per[l] = new(tally)
					}
					if !x[l] {
						per[l].ours++
						extra = append(extra, l)
					}
				}
				if missing != nil || extra != nil {
					show("frame %d (stream %d, %s): without %v, with %v; has %v", f, a.Stream, a.Kind, missing, extra, g.labels[1:])
				}
			}
			if c := ends[g.Conn]; c != nil && f == c.LastFrame {
				if a.Completeness != nil && (c.Segments[0]+c.Segments[1] > 1 || c.Completeness&completeSYN != 0) {
					check("completeness", f, *a.Completeness == c.Completeness, c.Completeness, *a.Completeness)
				}
				if a.IRTT != nil && c.IRTT != 0 && c.LabelCounts[SimultaneousOpen] == 0 { // see numberDifferences
					d := c.IRTT.Seconds() - *a.IRTT
					check("irtt", f, d < 2e-6 && d > -2e-6, c.IRTT, *a.IRTT)
				}
			}
		}
		for l, x := range per {
			if total[l] == nil {
				total[l] = new(tally)
			}
			total[l].both += x.both
			total[l].ours += x.ours
			total[l].theirs += x.theirs
			macro[l] = append(macro[l], x.f1())
		}
	}
	var names []string
	for l := range total {
		names = append(names, l)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(a, b) })
	for _, l := range names {
		x := total[l]
		var sum float64
		for _, f := range macro[l] {
			sum += f
		}
		line := fmt.Sprintf("%-24s oracle %5d  ours only %4d  oracle only %4d  F1 %.4f  mean over %d files %.4f", l,
			x.both+x.theirs, x.ours, x.theirs, x.f1(), len(macro[l]), sum/float64(len(macro[l])))
		if x.f1() < 0.99 || sum/float64(len(macro[l])) < 0.99 {
			t.Errorf("%s, want at least 0.99", line)
		} else {
			t.Log(line)
		}
	}
	for _, what := range []string{"frames", "partition", "kind", "seq", "ack", "win", "dup_ack_num", "completeness", "irtt"} {
		if wrong[what] > (checked[what]+49)/50 {
			t.Errorf("%s: %d of %d differ", what, wrong[what], checked[what])
		} else {
			t.Logf("%s: %d of %d differ", what, wrong[what], checked[what])
		}
	}
}

func deref(p *uint32) any {
	if p == nil {
		return "none"
	}
	return *p
}
