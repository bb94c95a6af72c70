package capture

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

func gzipOf(t testing.TB, s string) string {
	var b bytes.Buffer
	return compressed(t, &b, gzip.NewWriter(&b), s)
}

func zstdOf(t testing.TB, s string, o ...zstd.EOption) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, append(o, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	return compressed(t, &b, w, s)
}

func lz4Of(t testing.TB, s string, o ...lz4.Option) string {
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	if err := w.Apply(o...); err != nil {
		t.Fatal(err)
	}
	return compressed(t, &b, w, s)
}

func compressed(t testing.TB, b *bytes.Buffer, w io.WriteCloser, s string) string {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCompressedFiles(t *testing.T) {
	head := string(ethernetHead(little))
	noise := make([]byte, 600)
	rand.NewChaCha8([32]byte{}).Read(noise) // so that it does not compress to next to nothing
	one, two := string(pcapRecord(little, 1, 1, 600, 600, nil, noise)), string(plainRecord(little, 2, 70, 2))
	whole := head + one + two
	const skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
	tests := []struct {
		name     string
		file     string
		frames   int
		findings int
		reason   string
	}{
		{"gzip", gzipOf(t, whole), 2, 0, ""},
		{"zstd", zstdOf(t, whole), 2, 0, ""},
		{"lz4", lz4Of(t, whole), 2, 0, ""},
		{"lz4, legacy", lz4Of(t, whole, lz4.LegacyOption(true)), 2, 0, ""},
		{"gzip members", gzipOf(t, head) + gzipOf(t, "") + gzipOf(t, one[:5]) + gzipOf(t, one[5:]+two), 2, 0, ""},
		{"zstd frames", zstdOf(t, head+one) + skippable + zstdOf(t, two), 2, 0, ""},
		{"zstd, skippable first", skippable + zstdOf(t, whole), 2, 0, ""},
		{"lz4, skippable first", skippable + lz4Of(t, head+one) + skippable + lz4Of(t, two) + skippable, 2, 0, ""},
		{"lz4, legacy, skippable first", skippable + skippable + lz4Of(t, whole, lz4.LegacyOption(true)), 2, 0, ""},
		{"skippable, then nothing", skippable, 0, 1, ""},
		{"skippable, cut", skippable[:9], 0, 0, "the zstd or lz4 data are cut short"},
		{"skippable, cut in its length", skippable[:6], 0, 0, "the zstd or lz4 data are cut short"},
		{"zstd, then gzip, in a record", zstdOf(t, head+one+two[:20]) + gzipOf(t, two[20:]), 1, 0, "bytes that are no zstd data follow and were not read"},
		{"lz4 frames", lz4Of(t, head+one) + lz4Of(t, two), 2, 0, ""},
		{"members of two kinds", gzipOf(t, head+one) + lz4Of(t, two), 2, 0, ""},
		{"gzip and zeros", gzipOf(t, whole) + strings.Repeat("\x00", 100), 2, 1, ""},
		{"gzip and text", gzipOf(t, whole) + "some text after it", 2, 0, "bytes that are not compressed follow the end of the gzip data"},
		{"zstd and text", zstdOf(t, whole) + "some text after it", 2, 0, "record 3 at byte 726: bytes that are not compressed follow the end of the zstd data"},
		{"lz4 and text", lz4Of(t, whole) + "some text after it", 2, 0, "bytes that are not compressed follow the end of the lz4 data"},
		{"gzip, cut", cutBy(gzipOf(t, whole), 4), 2, 0, "the gzip data are cut short"},
		{"zstd, cut", zstdOf(t, head+one) + cutBy(zstdOf(t, two), 2), 1, 0, "the zstd data are cut short"},
		{"lz4, cut", cutBy(lz4Of(t, whole), 2), 2, 0, "the lz4 data are cut short"},
		{"gzip, cut in a record", gzipOf(t, head+one) + cutBy(gzipOf(t, two), 20), 1, 0, "record 2 at byte 640: cannot read on after byte"},
		{"gzip, wrong checksum", cutBy(gzipOf(t, whole), 8) + "abcd" + whole[len(whole)-4:], 2, 0, "the gzip data are damaged"},
		{"gzip, damaged", damagedMid(gzipOf(t, whole)), 0, 0, "the gzip data are damaged"},
		{"zstd, damaged", damagedMid(zstdOf(t, whole)), 0, 0, "the zstd data are damaged"},
		{"lz4, damaged", damagedMid(lz4Of(t, whole)), 2, 0, "the lz4 data are damaged"},
		{"the magic alone", "\x28\xb5\x2f\xfd", 0, 0, "the zstd data are cut short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, s, err := readAll(t, []byte(tt.file))
			wantFault(t, err, tt.reason)
			if len(frames) != tt.frames || len(s.Findings()) != tt.findings {
				t.Errorf("%d frames, findings %v", len(frames), s.Findings())
			}
		})
	}
}

func cutBy(s string, n int) string { return s[:len(s)-n] }

func damagedMid(s string) string { return s[:len(s)/2] + "\xff\xfe\xff\xfe" + s[len(s)/2+4:] }

func TestExpansionLimits(t *testing.T) {
	z := newZip(gzipped, strings.NewReader(""), MaxWindow)
	z.raw.n = 1000
	for _, tt := range []struct {
		out    int64
		reason string
	}{
		{MaxRatioFree, ""},
		{MaxRatioFree + 1, "more than 4096 times its size"},
		{MaxExpansion + 1, "more than 68719476736 bytes"},
	} {
		z.out = tt.out
		wantFault(t, z.check(), tt.reason)
	}
	z.raw.n, z.out = 1<<30, 1<<40-1<<30
	wantFault(t, z.check(), "more than 68719476736 bytes")
	z.raw.n, z.out = 1<<20, 1<<30
	wantFault(t, z.check(), "")
}

// A frame header can ask for any window. RFC 8878, section 3.1.1.1.2: the
// exponent stands in the upper five bits, 10 less than it is.
func TestZstdWindowLimit(t *testing.T) {
	const noContentSize, exponent28 = "\x00", "\x90" // 2^28 bytes
	_, _, err := readAll(t, []byte("\x28\xb5\x2f\xfd"+noContentSize+exponent28+"\x01\x00\x00"))
	wantFault(t, err, "a window of more than 128 MiB")
}

// The lz4 coroutine does not outlive its source.
func TestCloseEndsExpansion(t *testing.T) {
	s, _ := NewReader("r", strings.NewReader(lz4Of(t, string(ethernetHead(little))+strings.Repeat(string(plainRecord(little, 1, 600, 1)), 1000))))
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	z := s.(*fileSource).expanded
	if z.member == nil {
		t.Fatal("the file was expanded at once")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if z.member != nil {
		t.Error("the expander is still there")
	}
}
