package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hardFrames are frames with everything that is hard to save.
func hardFrames() ([]Frame, []Interface) {
	ifaces := []Interface{
		{Name: "lo", Link: LinkEthernet},
		{Name: "any", Description: "all of them", Link: LinkSLL2, SnapLen: 96, FCSLen: 4},
		{Link: 65535},
	}
	frames := []Frame{
		{Number: 1, Time: 1700000000123456789, Data: []byte("first"), OrigLen: 1500, Link: LinkSLL2, Interface: 1, Direction: DirectionIn},
		{Number: 2, Time: 0, Data: nil, OrigLen: 0, Link: LinkEthernet, Interface: 0, Direction: DirectionOut, Checksums: ChecksumsUnfinished},
		{Number: 3, Time: -1, Data: []byte("before 1970"), OrigLen: 11, Link: LinkEthernet, Interface: 0},
		{Number: 4, Time: NoTime + 1, Data: []byte("the earliest"), OrigLen: 12, Link: LinkEthernet, Interface: 0},
		{Number: 5, Time: math.MaxInt64, Data: []byte("the latest"), OrigLen: 3, Link: 65535, Interface: 2, Checksums: ChecksumsVerified},
		{Number: 6, Time: 1, Data: []byte("lost"), OrigLen: 4, Link: LinkEthernet, Interface: 0, Dropped: 1 << 40,
			Comments: []string{"one", "", "zwölf ► \n two"}},
		{Number: 7, Time: NoTime, Data: []byte("whole"), OrigLen: 5, Link: LinkEthernet, Interface: 0},
		{Number: 8, Time: NoTime, Data: []byte("cut"), OrigLen: 99, Link: LinkEthernet, Interface: 0},
		{Number: 9, Time: NoTime, Data: []byte("too"), OrigLen: 98, Link: LinkEthernet, Interface: 0},
		{Number: 10, Time: NoTime, Data: []byte("cut elsewhere"), OrigLen: 99, Link: LinkSLL2, Interface: 1},
		{Number: 11, Time: 2, Data: []byte("with a time again"), OrigLen: 17, Link: LinkSLL2, Interface: 1},
		{Number: 12, Time: 3, Data: bytes.Repeat([]byte{7}, MaxRecord), OrigLen: 1<<31 - 1, Link: LinkSLL2, Interface: 1},
		{Record: RecordCustom, Data: []byte("connect() 10.0.0.1")},
		{Record: RecordCustom},
		{Number: 13, Time: 3, Data: []byte("unknown interface"), OrigLen: 17, Link: LinkRaw, Interface: -1},
	}
	return frames, ifaces
}

func TestWriterKeepsEverything(t *testing.T) {
	frames, ifaces := hardFrames()
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{Application: "a test"})
	for i := range frames {
		if err := w.WriteFrame(&frames[i], ifaces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, s, err := readAll(t, out.Bytes())
	wantFault(t, err, "")
	if len(got) != len(frames) || len(s.Findings()) > 0 {
		t.Fatalf("%d frames of %d, findings %v", len(got), len(frames), s.Findings())
	}
	for i, f := range frames {
		g := got[i]
		if g.Time != f.Time && f.Record == RecordPacket || g.data != string(f.Data) || g.OrigLen != f.OrigLen || g.Link != f.Link ||
			g.Direction != f.Direction || g.Checksums != f.Checksums || g.Dropped != f.Dropped || g.Record != f.Record ||
			!slices.Equal(g.Comments, f.Comments) {
			t.Errorf("frame %+v was read as %+v", f, g.Frame)
		}
		if f.Record == RecordPacket && g.Number != f.Number {
			t.Errorf("frame %d was read as %d", f.Number, g.Number)
		}
		if f.Interface >= 0 && f.Record == RecordPacket {
			in, was := s.Interfaces()[g.Interface], ifaces[f.Interface]
			if in.Name != was.Name || in.Description != was.Description || in.FCSLen != was.FCSLen {
				t.Errorf("frame %d: interface %+v was read as %+v", f.Number, was, in)
			}
		}
	}
}

// In the first section interfaces keep their numbers and their snap lengths,
// unless a frame is longer.
func TestWriterKeepsInterfaceNumbers(t *testing.T) {
	_, ifaces := hardFrames()
	ifaces[2].Index, ifaces[2].SnapLen = 3, 192
	lie := Interface{Name: "short", SnapLen: 4}
	ifaces = append(ifaces, lie)
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	for _, i := range []int{2, 0, 1, 3} {
		if err := w.WriteFrame(&Frame{Link: ifaces[i].Link, Interface: i, Data: []byte("five.")}, ifaces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, s, err := readAll(t, out.Bytes())
	wantFault(t, err, "")
	ifaces[2].Index = 0 // means nothing in a file
	ifaces[3].SnapLen = 0
	if got, want := fmt.Sprint(s.Interfaces()), fmt.Sprint(ifaces); got != want {
		t.Errorf("interfaces %s, want %s", got, want)
	}
}

func TestWriterNamesAndStatistics(t *testing.T) {
	names := map[netip.Addr]string{
		netip.MustParseAddr("192.0.2.1"):   "client",
		netip.MustParseAddr("2001:db8::1"): "server.example",
	}
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	_, ifaces := hardFrames()
	for i := range ifaces {
		if err := w.WriteFrame(&Frame{Link: ifaces[i].Link, Interface: i}, ifaces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteNames(names); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteStatistics(Stats{Frames: 3, Dropped: 17}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, s, err := readAll(t, out.Bytes())
	wantFault(t, err, "")
	if got := s.(Namer).Names(); fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("names %v", got)
	}
	if got := s.Stats(); got != (Stats{Frames: 3, Dropped: 17}) {
		t.Errorf("Stats %+v", got)
	}
}

// TestStatisticsBefore1970: when an interface's counts were taken, and when its
// capture began and ended, is the same in a copy, and is left out where no time
// of the interface's packets lies before 1970 and these do.
func TestStatisticsBefore1970(t *testing.T) {
	const began, ended = -5_000_000_000, 7_000_000_000
	for _, first := range []Stamp{began, 1} {
		var out bytes.Buffer
		w := NewWriter(&out, WriterOptions{})
		ifaces := []Interface{{Name: "old", Link: LinkRaw}}
		c := InterfaceCounts{at: began, has: 1<<optStart | 1<<optStop}
		c.times[optStart], c.times[optStop] = began, ended
		if err := errors.Join(w.WriteFrame(&Frame{Time: first, Link: LinkRaw, Data: []byte("a"), OrigLen: 1}, ifaces),
			w.SetCounts([]InterfaceCounts{c}, ifaces), w.WriteStatistics(Stats{}), w.Close()); err != nil {
			t.Fatal(err)
		}
		_, s, err := readAll(t, out.Bytes())
		wantFault(t, err, "")
		got := s.(Original).Counts()[0]
		want := c
		if first > 0 {
			want.at, want.times[optStart], want.has = 0, 0, 1<<optStop
		}
		if got.at != want.at || got.times != want.times || got.has&want.has != want.has || got.has>>optStart&1 != want.has>>optStart&1 {
			t.Errorf("packets from %d on: taken at %d, times %v (%b), want %d, %v (%b)", first, got.at, got.times, got.has, want.at, want.times, want.has)
		}
	}
}

// The bytes of the smallest file.
func TestWriterBytes(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{Application: "app", Hardware: "hw", OS: "os"})
	if err := w.WriteFrame(&Frame{Time: 1, Data: []byte("abcde"), OrigLen: 6, Link: LinkRaw, Direction: DirectionIn,
		Comments: []string{"hi"}}, []Interface{{Name: "lo", Link: LinkRaw}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := join(
		ngBlock(little, blockSection, u32(byteOrderMagic), u16(1), u16(0), int64(-1),
			ngOption(little, optHardware, []byte("hw")), ngOption(little, optOS, []byte("os")),
			ngOption(little, optApplication, []byte("app")), u32(optEnd)),
		ngInterfaceBlock(little, 101, 0, ngOption(little, optName, []byte("lo")),
			ngOption(little, optResolution, []byte{9}), words(little, u32(optEnd))),
		ngPacket(little, 0, 1, 6, "abcde", ngOption(little, optComment, []byte("hi")),
			ngOption(little, optFlags, words(little, u32(flagIn))), words(little, u32(optEnd))))
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the file is\n% x, want\n% x", out.Bytes(), want)
	}
}

func TestWriterLimits(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	long := strings.Repeat("ü", 40000) // 80000 bytes
	if err := w.WriteFrame(&Frame{Comments: []string{long}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	frames, _, err := readAll(t, out.Bytes())
	wantFault(t, err, "")
	if c := frames[0].Comments[0]; len(c) != 65534 || !strings.HasPrefix(long, c) {
		t.Errorf("the comment has %d bytes", len(c))
	}
	for name, err := range map[string]error{
		"data":      NewWriter(io.Discard, WriterOptions{}).WriteFrame(&Frame{Data: make([]byte, MaxRecord+1)}, nil),
		"link type": NewWriter(io.Discard, WriterOptions{}).WriteFrame(&Frame{Link: 1 << 16}, nil),
		"length":    NewWriter(io.Discard, WriterOptions{}).WriteFrame(&Frame{OrigLen: -1}, nil),
		"custom":    NewWriter(io.Discard, WriterOptions{}).WriteCustom(make([]byte, MaxCustom+1)),
	} {
		if err == nil {
			t.Errorf("too large a %s is taken", name)
		}
	}
}

type full struct{}

var errFull = errors.New("the disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterKeepsItsError(t *testing.T) {
	w := NewWriter(full{}, WriterOptions{})
	_ = w.WriteFrame(&Frame{}, nil) // may still fit into the buffer
	for range 2 {
		if err := w.Flush(); !errors.Is(err, errFull) {
			t.Errorf("error %v", err)
		}
	}
	if err := w.WriteFrame(&Frame{}, nil); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

// tshark reads what was written as it was meant.
func TestTsharkReadsWriter(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	t.Parallel()
	frames, ifaces := hardFrames()
	name := filepath.Join(t.TempDir(), "a.pcapng")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := NewWriter(f, WriterOptions{})
	for i := range frames {
		if t := frames[i].Time; t.Known() && t < 0 {
			continue // tshark prints such times wrongly
		}
		if err := w.WriteFrame(&frames[i], ifaces); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.WriteNames(map[netip.Addr]string{netip.MustParseAddr("192.0.2.1"): "client"}),
		w.WriteStatistics(Stats{Dropped: 5}), w.Close()); err != nil {
		t.Fatal(err)
	}
	theirs, complaint := tsharkSeen(t, name)
	if complaint != "" {
		t.Error(complaint)
	}
	s, err := OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ours, err := readSeen(s)
	if err != nil {
		t.Error(err)
	}
	if !slices.Equal(ours, theirs) {
		t.Errorf("tshark reads\n%v, tcpsee\n%v", theirs, ours)
	}
}

func BenchmarkWriter(b *testing.B) {
	frames, ifaces := hardFrames()
	f := frames[0]
	f.Data = make([]byte, 800)
	b.SetBytes(800)
	b.ReportAllocs()
	w := NewWriter(io.Discard, WriterOptions{})
	for b.Loop() {
		if err := w.WriteFrame(&f, ifaces); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}
