package capture

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// netmonStart is what the clock on the wall said at the start of each capture
// here.
var netmonStart = time.Date(2024, 2, 29, 23, 59, 58, 250e6, time.Local)

// netmonRecord is a record of version 2.0 or 1.0, with its trailer.
type netmonRecord struct {
	after    uint64 // microseconds; in version 1, milliseconds
	original int
	data     string
	trailer  []byte
}

func (r netmonRecord) bytes(major int) []byte {
	if major == 1 {
		return words(little, uint32(r.after), u16(r.original), u16(len(r.data)), r.data)
	}
	return words(little, r.after, u32(r.original), u32(len(r.data)), r.data, r.trailer)
}

// netmonFileHead is a file header whose table of n frames is at at.
func netmonFileHead(major, minor, network, at, n int) []byte {
	magic := "GMBU"
	if major == 1 {
		magic = "RTSS"
	}
	b := words(little, magic, []byte{byte(minor), byte(major)}, u16(network))
	for _, v := range []int{2024, 2, 4, 29, 23, 59, 58, 250} {
		b = append(b, words(little, u16(v))...)
	}
	b = append(b, words(little, u32(at), u32(4*n))...)
	return append(b, make([]byte, netmonHeader-len(b))...)
}

// netmonFile is a capture whose records stand in the order given, a hole after
// each, and are in the table in the order of their indexes.
func netmonFile(major, minor, network int, order []int, all ...netmonRecord) []byte {
	body := []byte(nil)
	table := make([]byte, 0, 4*len(all))
	offsets := make([]int, len(all))
	for _, i := range order {
		offsets[i] = netmonHeader + len(body)
		body = append(append(body, all[i].bytes(major)...), "hole"...)
	}
	for _, at := range offsets {
		table = append(table, words(little, u32(at))...)
	}
	return join(netmonFileHead(major, minor, network, netmonHeader+len(body), len(all)), body, table)
}

// plainNetmon is a capture of version 2.0, of n frames of Ethernet without
// holes.
func plainNetmon(n, size int) []byte {
	one := netmonRecord{original: size, data: string(make([]byte, size))}.bytes(2)
	table := make([]byte, 0, 4*n)
	for i := range n {
		table = append(table, words(little, u32(netmonHeader+i*len(one)))...)
	}
	return join(netmonFileHead(2, 0, 1, netmonHeader+n*len(one), n), bytes.Repeat(one, n), table)
}

// netmonReads reads a capture from memory, and as it comes out of a pipe.
func netmonReads(t *testing.T, file []byte, check func(t *testing.T, frames []kept, s Source, err error)) {
	for name, r := range map[string]io.Reader{"file": bytes.NewReader(file), "pipe": struct{ io.Reader }{bytes.NewReader(file)}} {
		t.Run(name, func(t *testing.T) {
			s, err := NewReader("test", r)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			frames, err := drain(s)
			check(t, frames, s, err)
		})
	}
}

func TestNetmon(t *testing.T) {
	start := StampOf(netmonStart)
	third := func(network int, ticks uint64) []byte {
		return words(little, u16(network), u32(7), ticks, "\x00")
	}
	const epoch = 116444736000000000
	type want struct {
		number int64
		time   Stamp
		data   string
		wire   int
		link   LinkType
	}
	for name, test := range map[string]struct {
		file     []byte
		want     []want
		findings string
	}{
		"1.1, out of order": {netmonFile(1, 1, 2, []int{2, 0, 1}, netmonRecord{5, 60, "abcd", nil}, netmonRecord{math.MaxUint32, 2, "ab", nil}, netmonRecord{0, 0, "", nil}),
			[]want{{1, start + 5e6, "abcd", 60, LinkTokenRing}, {2, start + math.MaxUint32*1e6, "ab", 2, LinkTokenRing}, {3, start, "", 0, LinkTokenRing}}, ""},
		"2.0, a time before the start": {netmonFile(2, 0, 1, []int{0, 1}, netmonRecord{5, 60, "abcd", nil}, netmonRecord{math.MaxUint64 - 9, 4, "abcd", nil}),
			[]want{{1, start + 5e3, "abcd", 60, LinkEthernet}, {2, start - 10e3, "abcd", 4, LinkEthernet}}, ""},
		"2.1, link types by frame": {netmonFile(2, 1, 1, []int{0, 1, 2, 3, 4, 5, 6, 7, 8},
			netmonRecord{1, 4, "abcd", words(little, u16(9))},
			netmonRecord{2, 4, "conv", words(little, u16(netmonPcap+113))},
			netmonRecord{3, 4, "says", words(little, u16(0xfffe))},
			netmonRecord{4, 4, "asks", words(little, u16(netmonFilter))},
			netmonRecord{5, 4, "what", words(little, u16(77))},
			netmonRecord{6, 9, "\x02\x05\x00xx80211", words(little, u16(netmonWireless))},
			netmonRecord{7, 40, "ADDRESSADDRE\xaa\xaa\x03llc", words(little, u16(netmonATM))},
			netmonRecord{8, 40, "ADDRESSADDRELANE", words(little, u16(netmonATM))},
			netmonRecord{9, 4, "last", words(little, u16(0))}),
			[]want{{1, start + 1e3, "abcd", 4, LinkRaw}, {2, start + 2e3, "conv", 4, LinkSLL}, {5, start + 6e3, "80211", 4, Link80211},
				{6, start + 7e3, "\xaa\xaa\x03llc", 28, LinkATMRFC1483}, {8, start + 9e3, "last", 4, LinkEthernet}},
			"a packet of network type 77, which is not known, was passed over"},
		"2.2": {netmonFile(2, 2, 1, []int{0}, netmonRecord{1, 4, "abcd", words(little, u16(1), u32(3))}),
			[]want{{1, start + 1e3, "abcd", 4, LinkEthernet}}, ""},
		"2.3, with times of its own": {netmonFile(2, 3, 1, []int{1, 0}, netmonRecord{1, 4, "abcd", third(1, epoch+12345)}, netmonRecord{1, 4, "efgh", third(1, epoch-1)}),
			[]want{{1, 1234500, "abcd", 4, LinkEthernet}, {2, -100, "efgh", 4, LinkEthernet}}, ""},
		"2.3, with times of no sense": {netmonFile(2, 3, 1, []int{0, 1}, netmonRecord{1, 4, "abcd", third(1, math.MaxUint64)}, netmonRecord{1, 4, "efgh", third(1, 0)}),
			[]want{{1, math.MaxInt64, "abcd", 4, LinkEthernet}, {2, NoTime + 1, "efgh", 4, LinkEthernet}}, "a time is outside of the years 1677 to 2262"},
		"none": {netmonFile(2, 0, 1, nil), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			netmonReads(t, test.file, func(t *testing.T, frames []kept, s Source, err error) {
				wantFault(t, err, "")
				if len(frames) != len(test.want) {
					t.Fatalf("%d frames", len(frames))
				}
				for i, w := range test.want {
					f := frames[i]
					if got := (want{f.Number, f.Time, f.data, f.OrigLen, f.Link}); got != w || s.Interfaces()[f.Interface].Link != w.link {
						t.Errorf("frame %d is %+v, want %+v", i+1, got, w)
					}
				}
				findings := s.Findings()
				if test.findings == "" && len(findings) > 0 || test.findings != "" && (len(findings) == 0 || !strings.Contains(findings[0].Reason, test.findings)) {
					t.Errorf("findings %v, want %q", findings, test.findings)
				}
			})
		})
	}
}

// A start of no sense makes times that are as near to it as can be.
func TestNetmonStart(t *testing.T) {
	file := netmonFile(2, 0, 1, []int{0}, netmonRecord{5, 4, "abcd", nil})
	copy(file[8:], words(little, u16(60000)))
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	if len(frames) != 1 || frames[0].Time != math.MaxInt64 || len(s.Findings()) != 1 {
		t.Errorf("frames %+v, findings %v", frames, s.Findings())
	}
}

func TestNetmonDamaged(t *testing.T) {
	two := plainNetmon(2, 4) // records at 128 and 148, table at 168
	const table = 168
	patched := func(at int, values ...any) []byte {
		b := bytes.Clone(two)
		copy(b[at:], words(little, values...))
		return b
	}
	cutShort := "table of frames, 8 bytes at byte 168, is not all there; the frames were read in the order in which they stand"
	for name, test := range map[string]struct {
		file   []byte
		frames int
		reason string
	}{
		"header cut":          {two[:100], 0, "file header at byte 0: the file is cut short: of the 128 bytes of the file header only 100"},
		"version":             {patched(4, "\x00\x03"), 0, "Network Monitor version 3.0 is not known"},
		"table cut":           {two[:table+7], 2, "record 3 at byte 168: the file is cut short: its " + cutShort},
		"no table":            {two[:table], 2, cutShort},
		"header not finished": {patched(24, u32(0), u32(0))[:table], 2, "its table of frames, 0 bytes at byte 0, is not all there"},
		"record cut":          {two[:table-1], 1, "record 2 at byte 148: the file is cut short: of the 20 bytes of this record only 19 are there"},
		"record header cut":   {two[:150], 1, "record 2 at byte 148: the file is cut short: it has 150 bytes, and this record begins at byte 148"},
		"place beyond":        {patched(table+4, u32(1<<31-1)), 1, "record 2 at byte 2147483647: the file is cut short: it has 176 bytes"},
		"length":              {patched(148+12, u32(MaxRecord+1)), 1, "record 2 at byte 148: a captured length of 262145 bytes is over the limit"},
		"same place":          {join(netmonFileHead(2, 0, 1, 148, 99), plainNetmon(1, 4)[128:148], bytes.Repeat(words(little, u32(128)), 99)), 27, "more bytes of records than the file has"},
		"half an entry":       {patched(28, u32(11)), 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			netmonReads(t, test.file, func(t *testing.T, frames []kept, s Source, err error) {
				wantFault(t, err, test.reason)
				if len(frames) != test.frames {
					t.Errorf("%d frames", len(frames))
				}
				if n := len(s.Findings()); (n == 1) != (name == "half an entry") {
					t.Errorf("findings %v", s.Findings())
				}
			})
		})
	}
}

// A file that begins in the middle of another one is sought in from there.
func TestNetmonWithin(t *testing.T) {
	r := bytes.NewReader(join([]byte("before"), plainNetmon(3, 100)))
	if _, err := r.Seek(6, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	s, _ := NewReader("test", r)
	frames, err := drain(s)
	wantFault(t, err, "")
	if len(frames) != 3 {
		t.Errorf("%d frames", len(frames))
	}
	frames, _, err = readAll(t, []byte(gzipOf(t, string(plainNetmon(3, 100)))))
	wantFault(t, err, "")
	if len(frames) != 3 {
		t.Errorf("%d frames of a compressed file", len(frames))
	}
}

// What cannot be sought in is held, up to a limit, also where it breaks off.
func TestNetmonHeld(t *testing.T) {
	file := plainNetmon(2000, 1000) // 2 MB, in several pieces
	read := func(r io.Reader, holds int64) ([]kept, error) {
		s := newFileSource("test", struct{ io.Reader }{r}, readSize)
		defer s.Close()
		s.holds = holds
		return drain(s)
	}
	frames, err := read(bytes.NewReader(file), int64(len(file)))
	wantFault(t, err, "")
	if len(frames) != 2000 {
		t.Errorf("%d frames", len(frames))
	}
	_, err = read(bytes.NewReader(file), int64(len(file)-1))
	wantFault(t, err, "bytes of a Network Monitor capture that cannot be sought in")
	frames, err = read(io.MultiReader(bytes.NewReader(file[:len(file)/2]), errReader{}), int64(len(file)))
	wantFault(t, err, "the line is down")
	if len(frames) != 1003 {
		t.Errorf("%d frames", len(frames))
	}
}

// errReader is a reader that fails.
type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, fmt.Errorf("the line is down") }

func FuzzReadNetmon(f *testing.F) {
	f.Add(plainNetmon(3, 4))
	f.Add(netmonFile(1, 1, 1, []int{1, 0}, netmonRecord{5, 60, "abcd", nil}, netmonRecord{9, 2, "ab", nil}))
	f.Add(netmonFile(2, 1, 1, []int{0, 1}, netmonRecord{5, 60, "\x02\x03\x00abcd", words(little, u16(netmonWireless))}, netmonRecord{9, 2, "ab", words(little, u16(0xfffc))}))
	f.Add(netmonFile(2, 3, 1, []int{0}, netmonRecord{5, 60, "abcd", words(little, u16(netmonPcap+1), u32(0), uint64(1<<62), "\x00")}))
	f.Add(plainNetmon(3, 4)[:170])
	f.Fuzz(func(t *testing.T, b []byte) {
		if isNetmon(b) {
			fuzzRead(t, b)
		}
	})
}

func BenchmarkReadNetmon(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchmarkReader(b, plainNetmon(packets, size), packets)
		})
	}
}
