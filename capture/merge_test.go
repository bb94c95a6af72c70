package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFiles makes files of the contents and returns their names.
func writeFiles(t testing.TB, contents ...[]byte) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i, c := range contents {
		name := filepath.Join(dir, fmt.Sprintf("%d.pcap", i))
		if err := os.WriteFile(name, c, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// secondsFile is a file whose frames stand at these seconds.
func secondsFile(seconds ...uint32) []byte {
	b := ethernetHead(little)
	for _, s := range seconds {
		b = append(b, plainRecord(little, s, 4, byte(s))...)
	}
	return b
}

func TestOpenFilesInOrderOfTime(t *testing.T) {
	o := little
	ng := join(ngSection(o), ngInterfaceBlock(o, 1, 0), ngInterfaceBlock(o, 101, 0),
		ngPacket(o, 1, 2_500_000, 1, "a"), ngBlock(o, blockSimple, u32(1), "b"), ngPacket(o, 0, 6_000_000, 1, "c"))
	names := writeFiles(t, secondsFile(1, 3, 3, 9, 4), ng, secondsFile(3, 5), secondsFile())
	s, err := OpenFiles(names)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	frames, err := drain(s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range frames {
		in := s.Interfaces()[f.Interface]
		if in.File != f.File || in.Link != f.Link {
			t.Errorf("frame %+v is of interface %+v", f.Frame, in)
		}
		got = append(got, fmt.Sprintf("%d/%d", f.File, f.Number))
	}
	// 1/2 has no time and follows 1/1; 0/5 stands after 0/4 though its time
	// is earlier; of equal times the first file comes first.
	want := "0/1 1/1 1/2 0/2 0/3 2/1 2/2 1/3 0/4 0/5"
	if g := strings.Join(got, " "); g != want {
		t.Errorf("order\n%s, want\n%s", g, want)
	}
	if got := s.Stats(); got != (Stats{Frames: 10}) {
		t.Errorf("Stats %+v", got)
	}
	if n := len(s.Interfaces()); n != 5 {
		t.Errorf("%d interfaces: %+v", n, s.Interfaces())
	}
}

func TestOpenFilesWithFaults(t *testing.T) {
	bad := func(seconds ...uint32) []byte { return append(secondsFile(seconds...), "cut"...) }
	names := writeFiles(t, bad(1, 5), secondsFile(2, 9), []byte("no capture"))
	s, err := OpenFiles(names)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := drain(s)
	if len(frames) != 4 {
		t.Errorf("%d frames", len(frames))
	}
	wantFault(t, err, names[0]+": record 3 at byte 64")
	wantFault(t, err, names[2]+": file header at byte 0")
	var fault *Fault
	if !errors.As(err, &fault) || fault.Frames != 2 && fault.Frames != 0 {
		t.Errorf("error %v", err)
	}
	if _, again := s.Next(); again == nil || again.Error() != err.Error() {
		t.Errorf("Next after the end: %v", again)
	}

	s, err = OpenFiles(writeFiles(t, secondsFile(1), bad(2)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = drain(s); err == nil {
		t.Error("no error")
	}
	if _, ok := err.(*Fault); !ok {
		t.Errorf("a single fault is joined: %T", err)
	}
}

func TestOpenFilesRefuses(t *testing.T) {
	one := writeFiles(t, secondsFile(1))[0]
	for _, tt := range []struct {
		names  []string
		reason string
	}{
		{nil, "no file given"},
		{[]string{one, one + "x"}, "no such file"},
		{[]string{"-", one, "-"}, "standard input is named twice"},
		{make([]string, MaxFiles+1), "over the limit of 512"},
	} {
		_, err := OpenFiles(tt.names)
		wantFault(t, err, tt.reason)
	}
	s, err := OpenFiles([]string{one})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Batches of several files do not disturb each other's data.
func TestOpenFilesKeepsData(t *testing.T) {
	var contents [][]byte
	const files, each = 7, 1500
	for i := range files {
		b := ethernetHead(little)
		for j := range each {
			b = append(b, plainRecord(little, uint32(j*(i+1)), 200, byte(i*31+j))...)
		}
		contents = append(contents, b)
	}
	s, err := OpenFiles(writeFiles(t, contents...))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n, last := 0, Stamp(0)
	for {
		frames, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			want := byte(f.File*31 + int(f.Number) - 1)
			if f.Time < last || f.Data[0] != want || f.Data[199] != want {
				t.Fatalf("frame %+v after %d", f, last)
			}
			last = f.Time
			n++
		}
	}
	if n != files*each {
		t.Errorf("%d frames", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("Next after Close: %v", err)
	}
}
