package capture

import (
	"math"
	"testing"
)

// snoopFile is a snoop file of a data link type with the given records.
func snoopFile(link int, records ...[]byte) []byte {
	return join(append([][]byte{[]byte("snoop\x00\x00\x00"), words(big, u32(2), u32(link))}, records...)...)
}

// snoopRecord holds data of a longer packet, with padding, 10 s and us µs after
// 1970; lost packets in all.
func snoopRecord(us int, original uint32, lost int, data string, padding int) []byte {
	n := len(data)
	return join(words(big, original, u32(n), u32(snoopRecordHeader+n+padding), u32(lost), u32(10), u32(us)),
		[]byte(data), make([]byte, padding))
}

func TestSnoop(t *testing.T) {
	file := snoopFile(4, snoopRecord(1, 60, 0, "abcd", 0), snoopRecord(999999, 3, 2, "abc", 1), snoopRecord(2, 1, 5, "a", 7))
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	if len(frames) != 3 || len(s.Interfaces()) != 1 || s.Interfaces()[0].Link != LinkEthernet || s.Stats().Dropped != 5 {
		t.Fatalf("%d frames, interfaces %v, %d lost", len(frames), s.Interfaces(), s.Stats().Dropped)
	}
	for i, want := range []Frame{
		{Number: 1, Time: 10_000_001_000, Data: []byte("abcd"), OrigLen: 60, Link: LinkEthernet},
		{Number: 2, Time: 10_999_999_000, Data: []byte("abc"), OrigLen: 3, Link: LinkEthernet, Dropped: 2},
		{Number: 3, Time: 10_000_002_000, Data: []byte("a"), OrigLen: 1, Link: LinkEthernet, Dropped: 3},
	} {
		got := frames[i]
		if got.Number != want.Number || got.Time != want.Time || string(got.Data) != string(want.Data) ||
			got.OrigLen != want.OrigLen || got.Link != want.Link || got.Dropped != want.Dropped {
			t.Errorf("frame %d is %+v, want %+v", i+1, got, want)
		}
	}
}

func TestSnoopDamaged(t *testing.T) {
	one := snoopRecord(1, 4, 0, "abcd", 0)
	for name, test := range map[string]struct {
		file   []byte
		frames int
		reason string
	}{
		"header cut":     {snoopFile(4)[:12], 0, "file header at byte 0: the file is cut short: of the 16 bytes"},
		"no snoop":       {[]byte("snooker and more"), 0, "and is none"},
		"version":        {join([]byte("snoop\x00\x00\x00"), words(big, u32(1), u32(4))), 0, "snoop version 1"},
		"Surveyor":       {join([]byte("snoop\x00\x00\x00"), words(big, u32(3), u32(4))), 0, "snoop version 3 is of Shomiti's and Finisar's Surveyor; convert it with: editcap -F pcapng"},
		"version 6":      {join([]byte("snoop\x00\x00\x00"), words(big, u32(6), u32(4))), 0, "snoop version 6 is not known"},
		"link type":      {snoopFile(99, one), 0, "data link type 99"},
		"record cut":     {snoopFile(4, one, one[:20]), 1, "record 2 at byte 44: the file is cut short: of the 24 bytes"},
		"data cut":       {snoopFile(4, one, one[:26]), 1, "record 2 at byte 44: the file is cut short: of the 28 bytes"},
		"length":         {snoopFile(4, one, words(big, u32(4), u32(1<<30), u32(1<<30+24), u32(0), u32(0), u32(0))), 1, "over the limit"},
		"no room":        {snoopFile(4, one, words(big, u32(4), u32(4), u32(24), u32(0), u32(0), u32(0))), 1, "a record of 24 bytes for 4 captured ones"},
		"endless record": {snoopFile(4, one, words(big, u32(4), u32(4), uint32(1<<31), u32(0), u32(0), u32(0))), 1, "a record of 2147483648 bytes"},
		"none at all":    {snoopFile(4), 0, ""},
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

func FuzzReadSnoop(f *testing.F) {
	f.Add(snoopFile(4, snoopRecord(1, 60, 0, "abcd", 0), snoopRecord(2, 3, 2, "abc", 1)))
	f.Add(snoopFile(8, snoopRecord(1, 0, math.MaxInt32, "", 0)))
	f.Fuzz(fuzzRead)
}
