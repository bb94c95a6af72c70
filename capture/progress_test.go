package capture

import (
	"errors"
	"io"
	"os"
	"testing"
)

// TestProgress reads one file and several: what is read grows to all there is.
func TestProgress(t *testing.T) {
	one := "../testdata/s02-http-200.pcap"
	info, err := os.Stat(one)
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{one}, {one, one, one}} {
		src, err := OpenFiles(names)
		if err != nil {
			t.Fatal(err)
		}
		m := src.(Measured)
		want := int64(len(names)) * info.Size()
		if done, size := m.Progress(); done != 0 || size != want {
			t.Errorf("%d files, before: %d of %d, want 0 of %d", len(names), done, size, want)
		}
		for err == nil {
			_, err = src.Next()
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if done, size := m.Progress(); done != want || size != want {
			t.Errorf("%d files, behind: %d of %d, want all of %d", len(names), done, size, want)
		}
		src.Close()
		if _, size := m.Progress(); size != 0 {
			t.Errorf("%d files, closed: still %d bytes", len(names), size)
		}
	}
}
