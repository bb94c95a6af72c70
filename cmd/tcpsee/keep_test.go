package main

import (
	"testing"

	"tcpsee/capture"
)

// TestKeeping: what is saved is kept whole, what is only drawn is not, and -s
// is obeyed.
func TestKeeping(t *testing.T) {
	for _, tt := range []struct {
		name    string
		snap    int
		outputs []string
		file    string
		want    int
		buffer  int
	}{
		{"drawn", 0, nil, "", drawnBytes, drawnBuffer},
		{"drawn, with -s", 96, []string{"ndjson"}, "", 96, drawnBuffer},
		{"drawn in a file", 0, []string{"x.html", "json"}, "", drawnBytes, drawnBuffer},
		{"saved", 0, nil, "x.pcapng", 0, savedBuffer},
		{"saved, with -s", 96, nil, "-", 96, savedBuffer},
		{"saved by -o", 0, []string{"ndjson", "x.pcapng"}, "", 0, savedBuffer},
	} {
		got := keeping(capture.LiveOptions{SnapLen: tt.snap}, &pictureFlags{outputs: tt.outputs}, &saveFlags{file: tt.file})
		if got.SnapLen != tt.want || got.BufferBytes != tt.buffer {
			t.Errorf("%s: %d bytes from a buffer of %d", tt.name, got.SnapLen, got.BufferBytes)
		}
	}
}
