package capture

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// commviewRecord is a record of the second of January, 03:04:05 on the wall.
func commviewRecord(year int, flags byte, micros uint32, data string) []byte {
	return words(little, u16(len(data)), u16(len(data)), []byte{0}, u16(year), []byte{1, 2, 3, 4, 5}, micros, []byte{flags}, make([]byte, 7), data)
}

func TestCommview(t *testing.T) {
	at := func(year int) Stamp { return StampOf(time.Date(year, 1, 2, 3, 4, 5, 0, time.Local)) }
	file := join(commviewRecord(2024, 0, 7, "abcd"), commviewRecord(2024, 1, 0, "80211"), commviewRecord(1999, 2, 999999, ""))
	file = append(file, bytes.Repeat(commviewRecord(2024, 0, 0, "x"), guessLook)...)
	file = append(file, join(commviewRecord(2024, commviewCompressed, 0, "packed"), commviewRecord(2024, 9, 0, "what"),
		commviewRecord(1969, 0, 2_000_001, "early"), commviewRecord(65535, 0, 0, "late"))...)
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	if len(frames) != guessLook+5 {
		t.Fatalf("%d frames", len(frames))
	}
	for i, want := range map[int]struct {
		number int64
		time   Stamp
		data   string
		link   LinkType
	}{
		0: {1, at(2024) + 7000, "abcd", LinkEthernet}, 1: {2, at(2024), "80211", Link80211}, 2: {3, at(1999) + 999_999_000, "", LinkTokenRing},
		guessLook + 3: {guessLook + 6, at(1969) + 2_000_001_000, "early", LinkEthernet}, guessLook + 4: {guessLook + 7, math.MaxInt64, "late", LinkEthernet},
	} {
		f := frames[i]
		if f.Number != want.number || f.Time != want.time || f.data != want.data || f.OrigLen != len(want.data) || f.Link != want.link ||
			s.Interfaces()[f.Interface].Link != want.link {
			t.Errorf("frame %d is %+v %q, want %+v", i, f.Frame, f.data, want)
		}
	}
	if all := fmt.Sprint(s.Findings()); len(s.Findings()) != 2 || !strings.Contains(all, "a packet that is compressed was passed over") ||
		!strings.Contains(all, "a packet of medium 9, which is not known, was passed over") {
		t.Errorf("findings %s", all)
	}
}

func TestCommviewRecognised(t *testing.T) {
	one := commviewRecord(2024, 0, 1, "abcd")
	patched := func(at int, v byte) []byte {
		b := bytes.Clone(one)
		b[at] = v
		return b
	}
	for name, test := range map[string]struct {
		file   []byte
		frames int
		reason string
	}{
		"one record":        {one, 1, ""},
		"third record cut":  {join(one, one, one[:20]), 0, "unknown data"},
		"fourth record cut": {join(one, one, one, one[:20]), 3, "record 4 at byte 84: the file is cut short: of the 24 bytes of this record only 20 are there"},
		"a later version":   {join(bytes.Repeat(one, guessLook), patched(4, 1)), guessLook, "record 21 at byte 560: a record of version 1, where 0 is known"},
		"version":           {patched(4, 1), 0, "unknown data"},
		"month":             {patched(7, 13), 0, "unknown data"},
		"hour":              {patched(9, 24), 0, "unknown data"},
		"medium":            {patched(16, 3), 0, "unknown data"},
		"strength":          {patched(17, 101), 0, "unknown data"},
		"second record":     {join(one, patched(8, 0)), 0, "unknown data"},
	} {
		t.Run(name, func(t *testing.T) {
			frames, _, err := readAll(t, test.file)
			wantFault(t, err, test.reason)
			if len(frames) != test.frames {
				t.Errorf("%d frames", len(frames))
			}
		})
	}
}

func FuzzReadCommview(f *testing.F) {
	one := commviewRecord(2024, 0, 1, "abcd")
	f.Add(bytes.Repeat(one, 4))
	f.Add(join(one, commviewRecord(2024, 1, 1, "80211"), commviewRecord(2024, 2, 1, "")))
	f.Add(join(bytes.Repeat(one, guessLook), commviewRecord(1600, commviewCompressed, math.MaxUint32, ""), commviewRecord(65535, 0, math.MaxUint32, "")))
	f.Fuzz(fuzzRead)
}

func BenchmarkReadCommview(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchmarkReader(b, bytes.Repeat(commviewRecord(2024, 0, 1, string(make([]byte, size))), packets), packets)
		})
	}
}
