package render_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// replay runs a capture through decoder and tracker, and their events through
// renderers.
func replay(t testing.TB, name string, renderers ...render.Renderer) {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Skipf("no capture to replay: %v", err)
	}
	defer src.Close()
	var d dissect.Decoder
	var p dissect.Packet
	var o conn.Options
	for _, r := range renderers {
		o.Measures = o.Measures || render.NeedsOf(r)&render.NeedsMeasures != 0
	}
	tracker := conn.New(o)
	give := func(events []conn.Event) {
		for i := range events {
			for _, r := range renderers {
				if err := r.Event(&events[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for {
		frames, err := src.Next()
		for i := range frames {
			if frames[i].Record == capture.RecordPacket {
				d.Decode(&frames[i], &p)
				give(tracker.Add(&p))
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Logf("%s: %v", name, err)
			break
		}
	}
	give(tracker.End())
	for _, r := range renderers {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecordedCaptures(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*.pcap")
	if len(names) == 0 {
		t.Skip("no captures in ../testdata")
	}
	for _, name := range names {
		for _, w := range []int{60, 80, 100, 150} {
			var picture, table, data bytes.Buffer
			o := render.Options{Width: w, Files: []string{filepath.Base(name)}}
			replay(t, name, render.NewTimeline(&picture, o), render.NewSummary(&table, o), render.NewNDJSON(&data, o))
			for _, text := range []string{picture.String(), table.String()} {
				for _, l := range strings.Split(text, "\n") {
					if n := len([]rune(l)); n > w {
						t.Errorf("%s at %d columns: %d: %s", name, w, n, l)
					}
				}
			}
			if dir := os.Getenv("TCPSEE_PICTURES"); dir != "" {
				os.WriteFile(filepath.Join(dir, filepath.Base(name)+"."+string(rune('0'+w/20))), append(picture.Bytes(), table.Bytes()...), 0o644)
			}
		}
	}
}
