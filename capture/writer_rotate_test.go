package capture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// rotated writes a frame of 100 bytes at each of these seconds, and returns
// what is in the directory then, each file with the seconds of its frames.
func rotated(t *testing.T, name string, o RotateOptions, seconds ...int) (files []string, err error) {
	t.Helper()
	dir := t.TempDir()
	w, err := NewRotatingWriter(filepath.Join(dir, name), o)
	if err != nil {
		t.Fatal(err)
	}
	ifaces := []Interface{{Name: "lo", Link: LinkRaw}}
	for _, s := range seconds {
		f := Frame{Time: Stamp(s) * 1e9, Data: make([]byte, 100), OrigLen: 100, Link: LinkRaw}
		if err = w.WriteFrame(&f, ifaces); err != nil {
			break
		}
	}
	if cerr := w.Close(); cerr != nil {
		t.Error(cerr)
	}
	entries, rerr := os.ReadDir(dir)
	if rerr != nil {
		t.Fatal(rerr)
	}
	for _, e := range entries {
		s, oerr := OpenFile(filepath.Join(dir, e.Name()))
		if oerr != nil {
			t.Fatal(oerr)
		}
		frames, ferr := drain(s)
		if ferr != nil {
			t.Errorf("%s is not complete: %v", e.Name(), ferr)
		}
		line := e.Name() + ":"
		for _, f := range frames {
			line += fmt.Sprint(" ", int64(f.Time)/1e9)
		}
		files = append(files, line)
	}
	if len(w.Files()) != len(files) {
		t.Errorf("Files gives %q, there are %q", w.Files(), files)
	}
	return files, err
}

func TestRotation(t *testing.T) {
	const start = 1700000000 // 2023-11-14T22:13:20Z
	tests := []struct {
		name    string
		file    string
		o       RotateOptions
		seconds []int
		want    string
		err     error
	}{
		{"none", "a", RotateOptions{}, []int{1, 2, 3}, "a: 1 2 3", nil},
		{"no frame", "a", RotateOptions{}, nil, "a:", nil},
		{"size", "a", RotateOptions{Size: 300}, []int{1, 2, 3, 4, 5}, "a: 1 2, a1: 3 4, a2: 5", nil},
		{"a size below any frame", "a", RotateOptions{Size: 1}, []int{1, 2}, "a: 1, a1: 2", nil},
		{"ring", "a", RotateOptions{Size: 1, Count: 3}, []int{1, 2, 3, 4, 5}, "a0: 4, a1: 5, a2: 3", nil},
		{"ring of more than ten", "a", RotateOptions{Size: 1, Count: 11}, []int{1, 2}, "a00: 1, a01: 2", nil},
		{"time", "a", RotateOptions{Every: 10 * time.Second}, []int{3, 12, 13, 14, 45, 52}, "a: 3 12, a1: 13 14, a2: 45 52", nil},
		{"time in the name", "%F_%H%M%S%%.%Q", RotateOptions{Every: 10 * time.Second}, []int{start, start + 9, start + 25},
			"2023-11-14_221320%.%Q: 1700000000 1700000009, 2023-11-14_221340%.%Q: 1700000025", nil},
		{"a name that comes again", "%Y", RotateOptions{Every: time.Second}, []int{start, start + 1},
			"2023: 1700000000, 20231: 1700000001", nil},
		{"time and count", "a", RotateOptions{Every: 10 * time.Second, Count: 2}, []int{1, 2, 11, 12, 21, 22}, "a: 1 2, a1: 11 12", ErrRotateDone},
		{"time and size", "%s-", RotateOptions{Every: 10 * time.Second, Size: 1}, []int{1, 2, 11}, "1-: 1, 1-1: 2, 11-: 11", nil},
		{"time and size, and no time in the name", "a", RotateOptions{Every: 10 * time.Second, Size: 1}, []int{1, 2, 3, 11, 12, 21},
			"a: 1, a1: 2, a2: 3, a3: 11, a4: 12, a5: 21", nil},
		{"all three, under one name", "a", RotateOptions{Every: 10 * time.Second, Size: 1, Count: 3}, []int{1, 2, 3, 4, 11, 12}, "a0: 4, a1: 11, a2: 12", nil},
		{"all three", "%s-", RotateOptions{Every: 10 * time.Second, Size: 1, Count: 2}, []int{1, 2, 3, 11}, "1-0: 3, 1-1: 2, 11-0: 11", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, err := rotated(t, tt.file, tt.o, tt.seconds...)
			if got := strings.Join(files, ", "); got != tt.want {
				t.Errorf("files\n%s, want\n%s", got, tt.want)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
		})
	}
}

func TestRotationRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name   string
		o      RotateOptions
		reason string
	}{
		{"", RotateOptions{}, "no file name"},
		{"-", RotateOptions{Size: 5}, "standard output cannot rotate"},
		{"a", RotateOptions{Size: -1}, "cannot be negative"},
		{"a", RotateOptions{Count: 3}, "a count of files needs"},
		{filepath.Join(dir, "none", "a"), RotateOptions{}, "save capture: open"},
	} {
		_, err := NewRotatingWriter(tt.name, tt.o)
		wantFault(t, err, tt.reason)
	}
}

// TestRotationSparesFilesInUse: neither the first file nor a later one takes the
// place of one that is read, whatever it is called.
func TestRotationSparesFilesInUse(t *testing.T) {
	dir := t.TempDir()
	read := filepath.Join(dir, "read")
	if err := os.WriteFile(read, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "later1"} {
		if err := os.Link(read, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	st, err := os.Stat(read)
	if err != nil {
		t.Fatal(err)
	}
	o := RotateOptions{Size: 1, InUse: []os.FileInfo{st}}
	if _, err := NewRotatingWriter(filepath.Join(dir, "first"), o); !errors.Is(err, ErrInUse) {
		t.Errorf("the first file: %v", err)
	}
	w, err := NewRotatingWriter(filepath.Join(dir, "later"), o)
	if err != nil {
		t.Fatal(err)
	}
	f := Frame{Data: make([]byte, 60), OrigLen: 60, Link: LinkEthernet}
	ifaces := []Interface{{Link: LinkEthernet}}
	if err := w.WriteFrame(&f, ifaces); err != nil {
		t.Error(err)
	}
	if err := w.WriteFrame(&f, ifaces); !errors.Is(err, ErrInUse) {
		t.Errorf("the second file: %v", err)
	}
	_ = w.Close()
	if b, err := os.ReadFile(read); err != nil || string(b) != "precious" {
		t.Errorf("what is read became %q, %v", b, err)
	}
}

func TestSavedFileBelongsToOwner(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no owners by number on Windows")
	}
	name := filepath.Join(t.TempDir(), "a")
	w, err := NewRotatingWriter(name, RotateOptions{Owner: &Owner{UID: os.Getuid(), GID: os.Getgid()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&^savedMode != 0 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := w.WriteFrame(&Frame{}, nil); err == nil {
		t.Error("a closed writer takes a frame")
	}
}
