package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
)

// dealt writes the packets of a capture into two files, each into the one that
// second says.
func dealt(t *testing.T, name string, second func(number int64) bool) (files []string) {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dir := t.TempDir()
	var writers []*capture.Writer
	for _, base := range []string{"a.pcapng", "b.pcapng"} {
		f, err := os.Create(filepath.Join(dir, base))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f.Name())
		writers = append(writers, capture.NewWriter(f, capture.WriterOptions{}))
	}
	for {
		frames, err := src.Next()
		for i := range frames {
			w := writers[0]
			if second(frames[i].Number) {
				w = writers[1]
			}
			if err := w.WriteFrame(&frames[i], src.Interfaces()); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break
		}
	}
	for _, w := range writers {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestRotated: a connection in two files has the verdict that it has in one,
// and its frames are told apart.
func TestRotated(t *testing.T) {
	chat := filepath.Join("..", "..", "testdata", "s01-chat.pcap")
	whole := "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one.\n"
	if got := mustRun(t, "replay", chat, "--width", "120"); !strings.Contains(got, whole) {
		t.Fatal(got)
	}
	for _, tt := range []struct {
		name           string
		second         func(int64) bool
		text, evidence string
	}{
		{"one after the other", func(n int64) bool { return n > 8 },
			"closed by the client, three segments (8 in a.pcapng, 1 2 in b.pcapng): 1 in b.pcapng is ACK and FIN in one.",
			`"evidence":[8,1,2],"evidence_files":["A","B","B"]`},
		{"in turn", func(n int64) bool { return n%2 == 0 },
			"closed by the client, three segments (4 in b.pcapng, 5 in a.pcapng, 5 in b.pcapng): 5 in a.pcapng is ACK and FIN in one.",
			`"evidence":[4,5,5],"evidence_files":["B","A","B"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := dealt(t, chat, tt.second)
			for _, view := range []string{"timeline", "ladder"} {
				if got := mustRun(t, "replay", files[0], files[1], "--width", "130", "--view", view); !strings.Contains(got, tt.text+"\n") {
					t.Error(got)
				}
			}
			data := mustRun(t, "replay", files[0], files[1], "-o", "ndjson")
			for i, letter := range []string{`"A"`, `"B"`} {
				tt.evidence = strings.ReplaceAll(tt.evidence, letter, `"`+files[i]+`"`)
			}
			if filepath.Separator != '/' {
				return // paths are escaped
			}
			for _, want := range []string{tt.evidence, `"last_file":"` + files[1] + `"`, tt.text, `"by":"client"`} {
				if !strings.Contains(data, want) {
					t.Errorf("no %s in\n%s", want, data)
				}
			}
		})
	}
}
