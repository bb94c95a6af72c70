package conn

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// shown is what an event says, without what it points to.
func shown(e *Event) string {
	c := *e
	c.Packet, c.Connection, c.DNS = nil, nil, nil
	s := fmt.Sprintf("%+v", c)
	if e.DNS != nil {
		s += fmt.Sprintf(" %+v", *e.DNS)
	}
	if e.Connection != nil {
		s += fmt.Sprintf(" %+v", *e.Connection)
	}
	return s
}

// alike runs a capture through two trackers at once, and holds that what they
// say is the same, but for what skip says of the second one's lack.
func alike(t *testing.T, src capture.Source, a, b *Tracker, skip func(*Event) bool, brief bool) {
	t.Helper()
	var (
		d dissect.Decoder
		j dissect.Joiner
		p dissect.Packet
	)
	say := func(events []Event, skip func(*Event) bool) (out []string) {
		for i := range events {
			e := events[i]
			if skip != nil && skip(&e) {
				continue
			}
			if brief {
				e.App = ""
				if e.Connection != nil {
					c := *e.Connection
					v := c.Verdict
					c.Verdict = Verdict{Outcome: v.Outcome, Detail: v.Detail, By: v.By, HasBy: v.HasBy}
					e.Connection = &c
				}
			}
			out = append(out, shown(&e))
		}
		return out
	}
	for n := 0; ; {
		frames, err := src.Next()
		for i := range frames {
			n++
			if frames[i].Record != capture.RecordPacket {
				continue
			}
			d.Decode(&frames[i], &p)
			if p.Content == dissect.ContentFragment {
				j.Join(&p, &d)
			}
			x, y := say(a.Add(&p), skip), say(b.Add(&p), nil)
			if fmt.Sprint(x) != fmt.Sprint(y) {
				t.Fatalf("frame %d:\n%v\nbut\n%v", n, x, y)
			}
		}
		if err != nil {
			break
		}
	}
	if x, y := say(a.End(), skip), say(b.End(), nil); fmt.Sprint(x) != fmt.Sprint(y) {
		t.Fatalf("at the end:\n%v\nbut\n%v", x, y)
	}
}

// eachCapture runs a test over generated captures and the corpus, where that
// is there.
func eachCapture(t *testing.T, test func(*testing.T, func() capture.Source)) {
	for _, kind := range segtest.Kinds() {
		var b bytes.Buffer
		if _, err := segtest.Generate(&b, kind, 1e6, 3); err != nil {
			t.Fatal(err)
		}
		t.Run(string(kind), func(t *testing.T) {
			test(t, func() capture.Source {
				src, err := capture.NewReader(string(kind), io.NewSectionReader(bytes.NewReader(b.Bytes()), 0, int64(b.Len())))
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
	files, _ := filepath.Glob("../../../shared/corpus/*dev/*")
	if len(files) == 0 {
		t.Log("the corpus is not there: generated captures only")
	}
	for _, name := range files {
		if st, err := os.Stat(name); err != nil || !st.Mode().IsRegular() || st.Size() > 500<<10 {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			test(t, func() capture.Source {
				src, err := capture.OpenFile(name)
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

// TestShortCut holds that the short cut changes nothing.
func TestShortCut(t *testing.T) {
	eachCapture(t, func(t *testing.T, open func() capture.Source) {
		slow := New(Options{})
		slow.plodding = true
		src := open()
		defer src.Close()
		alike(t, src, slow, New(Options{}), nil, false)
		slow = New(Options{Measures: true})
		slow.plodding = true
		again := open()
		defer again.Close()
		alike(t, again, slow, New(Options{Measures: true}), nil, false)
	})
}

// TestBriefAndRowless holds that what is left out changes nothing else.
func TestBriefAndRowless(t *testing.T) {
	eachCapture(t, func(t *testing.T, open func() capture.Source) {
		brief := New(Options{Quiet: true, Brief: true})
		brief.Segments(false)
		src := open()
		defer src.Close()
		alike(t, src, New(Options{}), brief, func(e *Event) bool { return e.Type == TypeSegment }, true)
	})
}
