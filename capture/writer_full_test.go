//go:build unix

package capture

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// limitFileSize has writes beyond n bytes of a file fail with EFBIG, until the
// test has ended.
func limitFileSize(t *testing.T, n uint64) {
	t.Helper()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGXFSZ) // it would end the test
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	now := was
	now.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
		signal.Stop(signals)
	})
}

// wantWhole fails unless path is a capture without fault of n frames.
func wantWhole(t *testing.T, path string, n int) {
	t.Helper()
	s, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := drain(s)
	if err != nil || len(frames) != n {
		t.Errorf("%s: %d frames, want %d; %v", filepath.Base(path), len(frames), n, err)
	}
}

// oneFrame is a frame whose block has 132 bytes.
func oneFrame() *Frame {
	return &Frame{Time: 1e9, Data: make([]byte, 100), OrigLen: 100, Link: LinkRaw}
}

// fill writes frames until one cannot be written, and returns how many could.
func fill(t *testing.T, w FrameWriter, limit error) (n int) {
	t.Helper()
	for ; ; n++ {
		err := errors.Join(w.WriteFrame(oneFrame(), []Interface{{Name: "lo", Link: LinkRaw}}), w.Flush())
		if errors.Is(err, limit) {
			return n
		}
		if err != nil || n > 1000 {
			t.Fatalf("after %d frames: %v", n, err)
		}
	}
}

// TestFullFileEndsWithWholeBlock: what does not fit is cut off, whether a block
// or many of them were being written, and nothing is written after that.
func TestFullFileEndsWithWholeBlock(t *testing.T) {
	limitFileSize(t, 1001)
	path := filepath.Join(t.TempDir(), "x.pcapng")
	w, err := NewRotatingWriter(path, RotateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := fill(t, w, syscall.EFBIG)
	if err := errors.Join(w.WriteStatistics(Stats{}), w.Close()); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("closed with %v", err)
	}
	wantWhole(t, path, n)

	if w, err = NewRotatingWriter(path, RotateOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if err := w.WriteFrame(oneFrame(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("closed with %v", err)
	}
	wantWhole(t, path, n)
}

// TestFullOutputKeepsWhatStoodThere: of a file that others write, too, as by >>
// of a shell, no more is cut off than was written, and the next one writes
// behind what is left; where others have written behind, nothing is cut off.
func TestFullOutputKeepsWhatStoodThere(t *testing.T) {
	for _, tt := range []struct {
		name       string
		stands, at int
		cut        bool
	}{{"at the end", 300, 300, true}, {"in the middle", 1200, 300, false}} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			old := bytes.Repeat([]byte("x"), tt.stands)
			if err := os.WriteFile(path, old, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.Seek(int64(tt.at), io.SeekStart); err != nil {
				t.Fatal(err)
			}
			limitFileSize(t, 1001)
			n := fill(t, NewWriter(f, WriterOptions{}), syscall.EFBIG)
			b, err := os.ReadFile(path)
			if err != nil || !bytes.HasPrefix(b, old[:tt.at]) {
				t.Errorf("what stood there is gone: %v", err)
			}
			if !tt.cut {
				if len(b) != tt.stands {
					t.Errorf("%d bytes are left of %d", len(b), tt.stands)
				}
				return
			}
			if err := os.WriteFile(path+".pcapng", b[tt.at:], 0o600); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, path+".pcapng", n)
			if _, err := f.WriteString("next"); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != string(b)+"next" {
				t.Errorf("what is written next stands elsewhere: %v", err)
			}
		})
	}
}

// TestFullRingKeepsItsFiles: where a file of a ring cannot be completed, no file
// is made anew.
func TestFullRingKeepsItsFiles(t *testing.T) {
	limitFileSize(t, 1001)
	dir := t.TempDir()
	w, err := NewRotatingWriter(filepath.Join(dir, "x"), RotateOptions{Size: 1200, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = w.WriteFrame(oneFrame(), nil) // all wait to be written
	}
	if err := errors.Join(w.SetCounts(nil, nil), w.WriteStatistics(Stats{}), w.Close()); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("ended with %v", err)
	}
	wantWhole(t, filepath.Join(dir, "x0"), 6)
	if _, err := os.Stat(filepath.Join(dir, "x1")); err == nil {
		t.Error("a second file was begun")
	}
}
