package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect/segtest"
	"tcpsee/render"
)

// replayed is what each view writes of a capture, with so many cores.
func replayed(t *testing.T, name string, cores int, limit int64) string {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var (
		out   [3]bytes.Buffer
		names = &steady{Source: src}
		o     = render.Options{Files: []string{name}, Interface: interfaceNamer(names), AddressName: namesIn(names)}
	)
	l := &loop{src: src, steady: names, limit: limit, files: o.Files,
		renderers: []render.Renderer{render.NewNDJSON(&out[0], o), render.NewTimeline(&out[1], o), render.NewSummary(&out[2], o)}}
	if got := l.isPiped(); got != (cores > 1) {
		t.Fatalf("in stages: %v with %d cores", got, cores)
	}
	err = l.run(context.Background())
	var alone bytes.Buffer // the table by itself needs less of events
	if src, err = capture.OpenFile(name); err != nil {
		t.Fatal(err)
	}
	l = &loop{src: src, steady: &steady{Source: src}, limit: limit, renderers: []render.Renderer{render.NewSummary(&alone, o)}}
	again := l.run(context.Background())
	return fmt.Sprint(err, again, out[0].String(), out[1].String(), out[2].String(), alone.String())
}

// TestCoresWriteTheSame holds that what is written does not depend on the
// number of cores.
func TestCoresWriteTheSame(t *testing.T) {
	var files []string
	for _, kind := range segtest.Kinds() {
		var b bytes.Buffer
		size := int64(3e6)
		if testing.Short() {
			size = 3e5
		}
		if _, err := segtest.Generate(&b, kind, size, 5); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), string(kind))
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	ours, _ := filepath.Glob("../../testdata/*.pcap*")
	corpus, _ := filepath.Glob("../../../shared/corpus/*dev/*")
	if len(corpus) == 0 {
		t.Log("the corpus is not there: other captures only")
	}
	for _, name := range append(append(files, ours...), corpus...) {
		largest := int64(4 << 20)
		if testing.Short() { // as with the race detector, which is slow
			largest = 32 << 10
		}
		if st, err := os.Stat(name); err != nil || !st.Mode().IsRegular() || st.Size() > largest {
			continue
		}
		for _, limit := range []int64{0, 7} {
			if one, two := replayed(t, name, 1, limit), replayed(t, name, 2, limit); one != two {
				t.Errorf("%s: two cores write something else than one", name)
			}
		}
	}
}

// TestStagesEndEarly holds that a renderer's error ends all stages.
func TestStagesEndEarly(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var b bytes.Buffer
	if _, err := segtest.Generate(&b, segtest.KindWeb, 3e6, 5); err != nil {
		t.Fatal(err)
	}
	src, err := capture.NewReader("web", bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{src: src, steady: &steady{Source: src}, renderers: []render.Renderer{render.NewNDJSON(full{}, render.Options{})}}
	if err := l.run(context.Background()); err != io.ErrShortWrite {
		t.Errorf("%v", err)
	}
}

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
