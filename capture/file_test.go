package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// flusher is a compressor that can say all that it knows.
type flusher interface {
	io.Writer
	Flush() error
}

type plain struct{ io.Writer }

func (plain) Flush() error { return nil }

// A frame is given out as soon as its bytes are there: the pipe below gets
// nothing more until it has been, so that waiting for more would hang.
func TestPipeGivesFramesAsTheyCome(t *testing.T) {
	streams := map[string][][]byte{
		"pcap":   {ethernetHead(little), plainRecord(little, 1, 60, 1), plainRecord(little, 2, 3, 2), plainRecord(little, 3, 0, 3)},
		"pcapng": {join(ngSection(big), ngInterfaceBlock(big, 1, 0)), ngPacket(big, 0, 1, 4, "abcd"), ngPacket(big, 0, 1, 1, "a"), ngPacket(big, 0, 1, 1, "b")},
	}
	kinds := map[string]func(w io.Writer) flusher{
		"plain": func(w io.Writer) flusher { return plain{w} },
		"gzip":  func(w io.Writer) flusher { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) flusher {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
		"lz4": func(w io.Writer) flusher { return lz4.NewWriter(w) },
	}
	for format, stream := range streams {
		for kind, compress := range kinds {
			for _, pieces := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%t", format, kind, pieces), func(t *testing.T) {
					testLive(t, stream, compress, pieces)
				})
			}
		}
	}
}

// testLive writes the first part of a stream, and each further one, a frame,
// only when the frame before it has arrived.
func testLive(t *testing.T, stream [][]byte, compress func(io.Writer) flusher, pieces bool) {
	r, w := io.Pipe()
	defer w.Close()
	s, err := NewReader("pipe", r)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	arrived := make(chan struct{}, 1)
	go func() {
		z := compress(w)
		for i, part := range stream {
			if i > 1 {
				<-arrived
			}
			size := len(part)
			if pieces {
				size = 1
			}
			for ; len(part) > 0; part = part[size:] {
				if _, err := z.Write(part[:size]); err != nil {
					t.Error(err)
				}
				if err := z.Flush(); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for range len(stream) - 1 {
		frames, err := s.Next()
		if err != nil || len(frames) != 1 {
			t.Fatalf("Next gives %d frames, error %v", len(frames), err)
		}
		arrived <- struct{}{}
	}
}

func TestCloseWakesNext(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Write(join(ethernetHead(little), plainRecord(little, 1, 60, 1))); err != nil {
		t.Fatal(err)
	}
	s, err := NewReader("pipe", r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		if frames, err := s.Next(); err != io.EOF {
			t.Errorf("Next gives %d frames, error %v", len(frames), err)
		}
	})
	all.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("Next after Close: %v", err)
	}
}

// Readers that give one byte at a time, data with their error, or an error of
// their own.
func TestAwkwardReaders(t *testing.T) {
	file := join(ngSection(little), ngInterfaceBlock(little, 1, 0), ngPacket(little, 0, 1, 4, "abcd"),
		ngBlock(little, 0x7777, strings.Repeat("x", maxWhole)), ngPacket(little, 0, 1, 4, "efgh"))
	for name, r := range map[string]io.Reader{
		"one byte":       iotest.OneByteReader(bytes.NewReader(file)),
		"half":           iotest.HalfReader(bytes.NewReader(file)),
		"data and error": iotest.DataErrReader(bytes.NewReader(file)),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := NewReader("r", r)
			frames, err := drain(s)
			if err != nil || len(frames) != 2 || frames[1].data != "efgh" {
				t.Errorf("%d frames, error %v", len(frames), err)
			}
		})
	}
	broken := errors.New("the disk is broken")
	s, _ := NewReader("r", io.MultiReader(bytes.NewReader(file[:len(file)-10]), iotest.ErrReader(broken)))
	frames, err := drain(s)
	wantFault(t, err, "r: record 5 at byte")
	wantFault(t, err, "the disk is broken")
	if !errors.Is(err, broken) || len(frames) != 1 {
		t.Errorf("%d frames, error %v", len(frames), err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderThatGivesNothing(t *testing.T) {
	s, _ := NewReader("r", stuck{})
	if _, err := drain(s); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
	if _, err := NewReader("r", nil); err == nil {
		t.Error("a nil reader is taken")
	}
}

func TestNoCapture(t *testing.T) {
	tests := []struct{ file, reason string }{
		{"TRSNIFF data    \x1a", "a Sniffer capture"},
		{"\x01\x22\x00NetScaler V20 Performance Data\x00", "a NetScaler trace before version 3.0; have the appliance write pcap"},
		{"\x01\x01\x40\x00\x00\x00\x00\x00NetScaler Performance Data\x00", "a NetScaler trace before version 3.0; tcpsee reads"},
		{"+---------+---------------+----------+\n", "a K12 text file; tcpsee reads"},
		{"PK\x03\x04", "a zip archive"},
		{"BZh91AY", "bunzip2"},
		{"\xfd7zXZ\x00", "unxz"},
		{strings.Repeat("\x00", 257) + "ustar", "a tar archive"},
		{"GET / HTTP/1.1\r\n", `text ("GET / HTTP/1.1\r\n")`},
		{"01:42:51.349019 IP 127.0.0.1.40670 > 127.0.0.1.3000: Flags [S]", "tcpdump and tshark write packets with -w -, and lines without it"},
		{"\x01\x02\x03\x04\x05\xff", "unknown data, 01 02 03 04 05 ff"},
		{"ab", "it has 2 bytes (6162)"},
		{"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
		{"\xa1\xb2\x34\xcd", "magic a1b234cd"},
		{gzipOf(t, "hello, world"), "expanded with gzip, this is no capture: it begins with text"},
		{gzipOf(t, gzipOf(t, "hello")), "compressed with gzip twice"},
	}
	for _, tt := range tests {
		frames, _, err := readAll(t, []byte(tt.file))
		wantFault(t, err, tt.reason)
		if f, ok := err.(*Fault); !ok || len(frames) > 0 || f.Record != 0 {
			t.Errorf("%d frames, error %v", len(frames), err)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	for _, file := range []string{"", gzipOf(t, "")} {
		frames, s, err := readAll(t, []byte(file))
		if err != nil || len(frames) > 0 || len(s.Findings()) != 1 {
			t.Errorf("%d frames, error %v, findings %v", len(frames), err, s.Findings())
		}
	}
}

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenFile(filepath.Join(dir, "none.pcap")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := OpenFile(dir); err == nil || !strings.Contains(err.Error(), "it is a directory") {
		t.Errorf("a directory: %v", err)
	}
	name := filepath.Join(dir, "a.pcap")
	if err := os.WriteFile(name, join(ethernetHead(big), plainRecord(big, 5, 60, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := drain(s)
	if err != nil || len(frames) != 1 || frames[0].Time != 5_000_001_000 {
		t.Errorf("frames %+v, error %v", frames, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The data of a batch stay as they are until the next Next.
func TestBatchStaysValid(t *testing.T) {
	var file bytes.Buffer
	file.Write(ethernetHead(little))
	for i := range 5000 {
		file.Write(plainRecord(little, uint32(i), i%1500, byte(i)))
	}
	s, _ := NewReader("r", iotest.HalfReader(&file))
	number := 0
	for {
		frames, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(frames) > maxBatch {
			t.Fatalf("a batch of %d", len(frames))
		}
		for _, f := range frames {
			if len(f.Data) != number%1500 || bytes.Count(f.Data, []byte{byte(number)}) != len(f.Data) || int64(number+1) != f.Number {
				t.Fatalf("frame %d: %+v", number, f)
			}
			number++
		}
	}
	if number != 5000 {
		t.Errorf("%d frames", number)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	record := plainRecord(little, 1, 1000, 1)
	ng := ngPacket(little, 0, 1, 1000, string(make([]byte, 1000)), ngOption(little, optFlags, words(little, u32(1))))
	foreign := ngPacket(little, 0, 1, 1000, string(make([]byte, 1000)), ngCustom(little, 4242, "of someone"))
	for name, file := range map[string][]byte{
		"pcap":                  append(ethernetHead(little), bytes.Repeat(record, 20000)...),
		"pcapng":                append(join(ngSection(little), ngInterfaceBlock(little, 1, 0)), bytes.Repeat(ng, 20000)...),
		"snoop":                 append(snoopFile(4), bytes.Repeat(snoopRecord(1, 1000, 0, string(make([]byte, 1000)), 0), 20000)...),
		"ERF":                   bytes.Repeat(erfEthernet(1, string(make([]byte, 1000))), 20000),
		"Network Monitor":       plainNetmon(20000, 1000),
		"iptrace":               append([]byte("iptrace 2.0"), bytes.Repeat(iptraceRecordOf(2, "en", 0, 6, 0, 10, 0, string(make([]byte, 1000))), 20000)...),
		"nstrace":               nstraceFile("35", bytes.Repeat(nstracePacket(0xac, 0, 10, 1000, nstrace35(nstraceEthernet), string(make([]byte, 1000))), 20000)),
		"CommView":              bytes.Repeat(commviewRecord(2024, 0, 1, string(make([]byte, 1000))), 20000),
		"custom data of others": append(join(ngSection(little), ngInterfaceBlock(little, 1, 0)), bytes.Repeat(foreign, 20000)...),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := NewReader("r", bytes.NewReader(file))
			next := func() {
				if _, err := s.Next(); err != nil {
					t.Fatal(err)
				}
			}
			next()
			if n := testing.AllocsPerRun(50, next); n > 0 {
				t.Errorf("%g allocations a batch", n)
			}
		})
	}
}

func benchmarkReader(b *testing.B, file []byte, packets int) {
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := NewReader("r", bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for err == nil {
			var frames []Frame
			frames, err = s.Next()
			n += len(frames)
		}
		if n != packets || err != io.EOF {
			b.Fatalf("%d frames, error %v", n, err)
		}
	}
	b.ReportMetric(float64(packets)*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}

func BenchmarkReadPcap(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchmarkReader(b, append(ethernetHead(little), bytes.Repeat(plainRecord(little, 1, size, 1), packets)...), packets)
		})
	}
}

func BenchmarkReadPcapng(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			one := ngPacket(little, 0, 1, size, string(make([]byte, size)), ngOption(little, optFlags, words(little, u32(1))))
			benchmarkReader(b, append(join(ngSection(little), ngInterfaceBlock(little, 1, 0)), bytes.Repeat(one, packets)...), packets)
		})
	}
}
