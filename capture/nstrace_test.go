package capture

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

// nstraceRecord is a record of a type with its size in one octet or two.
func nstraceRecord(kind byte, body ...any) []byte {
	b := words(little, body...)
	if n := len(b) + 2; n < nstraceLong {
		return join([]byte{kind, byte(n)}, b)
	}
	n := len(b) + 3
	return join([]byte{kind, byte(n) | nstraceLong, byte(n >> 7)}, b)
}

// nstracePacket is a record of a packet whose size has two octets: card, time,
// length on the wire, what has the version's own, and data.
func nstracePacket(kind, card byte, ns uint64, wire int, own []byte, data string) []byte {
	b := words(little, []byte{card}, ns, u32(1), u32(2), u16(wire), u16(0), u16(3), own, data)
	n := len(b) + 3
	return join([]byte{kind, byte(n) | nstraceLong, byte(n >> 7)}, b)
}

// nstrace30 is what packets of version 3.0 have of their own, with two names.
func nstrace30(source, destination string) []byte {
	return join(make([]byte, 5), []byte{byte(len(source)), byte(len(destination))}, make([]byte, 19), []byte(source+destination))
}

// nstrace35 is what packets of version 3.5 have of their own, with records of
// more of the types given, and the type of what follows those.
func nstrace35(types ...byte) []byte {
	b := join(make([]byte, 8), types[:1])
	for i := range types[1:] {
		b = append(b, words(little, u16(5), types[i+1:i+2], "xy")...)
	}
	return b
}

func nstraceFile(version string, records ...[]byte) []byte {
	return join(append([][]byte{nstraceRecord(1, "\x01Netscaler V"+version+" Performance Data\x00")}, records...)...)
}

func TestNstrace(t *testing.T) {
	const sec = 1e9
	page := func(b []byte) []byte { return append(b, make([]byte, nstracePage-len(b)%nstracePage)...) }
	thirty := nstraceFile("30", nstraceRecord(7, u16(0), u32(99)),
		nstracePacket(0xa8, 0, 10*sec+1, 60, nstrace30("", ""), "abcd"),
		nstracePacket(0xaa, 2, 11*sec, 4, nstrace30("vm", "other"), "efgh"))
	thirty = append(page(thirty), nstracePacket(0xab, 2, 12*sec, 20000, nstrace30("", ""), strings.Repeat("jumbo", 4000))...) // into the second page
	thirty = append(thirty, 0, 0, 0)                                                                                          // the last page is cut
	thirtyFive := nstraceFile("35",
		nstracePacket(0xac, 0, 10*sec, 4, nstrace35(nstraceEthernet), "abcd"),
		nstracePacket(0xad, 0, 10*sec, 4, nstrace35(0x83, 0x87, nstraceEthernet), "efgh"),
		nstracePacket(0xae, 0, 10*sec, 4, nstrace35(0x87, 2), "GET "),
		nstracePacket(0xaf, 7, math.MaxUint64, 4, nstrace35(nstraceEthernet), "ijkl"))
	for _, test := range []struct {
		file       []byte
		frames     []Frame
		data       []string
		interfaces string
		finding    string
	}{
		{thirty, []Frame{
			{Number: 1, Time: 10*sec + 1, OrigLen: 60, Link: LinkEthernet, Direction: DirectionOut},
			{Number: 2, Time: 11 * sec, OrigLen: 4, Link: LinkEthernet, Interface: 1, Direction: DirectionIn},
			{Number: 3, Time: 12 * sec, OrigLen: 20000, Link: LinkEthernet, Interface: 1, Direction: DirectionIn},
		}, []string{"abcd", "efgh", strings.Repeat("jumbo", 4000)}, "nic 0,nic 2,", ""},
		{thirtyFive, []Frame{
			{Number: 1, Time: 10 * sec, OrigLen: 4, Link: LinkEthernet, Direction: DirectionOut},
			{Number: 2, Time: 10 * sec, OrigLen: 4, Link: LinkEthernet, Direction: DirectionOut},
			{Number: 4, Time: math.MaxInt64, OrigLen: 4, Link: LinkEthernet, Interface: 1, Direction: DirectionIn},
		}, []string{"abcd", "efgh", "ijkl"}, "nic 0,nic 7,", "a record of 44 bytes holds no packet, but what has type 2; it was passed over"},
	} {
		frames, s, err := readAll(t, test.file)
		wantFault(t, err, "")
		if len(frames) != len(test.frames) {
			t.Fatalf("%d frames", len(frames))
		}
		for i, want := range test.frames {
			got := frames[i].Frame
			got.Data = nil
			if frames[i].data != test.data[i] || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("frame %d is %+v, want %+v", i+1, got, want)
			}
		}
		names := ""
		for _, in := range s.Interfaces() {
			names += in.Name + ","
		}
		if all := fmt.Sprint(s.Findings()); names != test.interfaces || !strings.Contains(all, test.finding) || test.finding == "" && len(s.Findings()) > 0 {
			t.Errorf("interfaces %s, findings %s", names, all)
		}
	}
}

func TestNstraceDamaged(t *testing.T) {
	one := nstracePacket(0xac, 0, 10, 4, nstrace35(nstraceEthernet), "abcd")
	for name, test := range map[string]struct {
		file     []byte
		frames   int
		findings int
		reason   string
	}{
		"signature cut":  {nstraceFile("35")[:12], 0, 0, "of the 16 bytes of the file header only 12 are there"},
		"no trace":       {[]byte("\x01\x22\x01Nothing of the sort, but binary\x00"), 0, 0, "and is none"},
		"no room for it": {append([]byte{1, 15}, nstraceFile("35")[2:]...), 0, 0, "its first record, of 15 bytes, has no room for a signature"},
		"version 2.0":    {[]byte("\x01\x22\x01NetScaler V20 Performance Data\x00"), 0, 0, "this is a NetScaler trace before version 3.0; have the appliance write pcap"},
		"record cut":     {nstraceFile("35", one, one[:20]), 1, 0, "the file is cut short: of the 39 bytes of this record only 20 are there"},
		"size cut":       {nstraceFile("35", one, one[:2]), 1, 0, "the file is cut short: of the 3 bytes of this record only 2 are there"},
		"no size":        {nstraceFile("35", one, []byte{0xac, 0, 0}), 1, 0, "a record of 0 bytes is less than its header"},
		"less than that": {nstraceFile("35", one, []byte{0xac, nstraceLong | 2, 0}), 1, 0, "a record of 2 bytes is less than its header"},
		"no room":        {nstraceFile("35", nstraceRecord(0xac, "few bytes"), one), 1, 1, ""},
		"no room for more": {nstraceFile("35", nstracePacket(0xac, 0, 10, 4, nstrace35(0x83), "x"),
			nstracePacket(0xac, 0, 10, 4, nstrace35(0x83), "\xff\xff\x01"), one), 1, 2, ""},
		"more without end": {nstraceFile("35", nstracePacket(0xac, 0, 10, 4, nstrace35(0x83), strings.Repeat("\x00\x00\x83", 99)), one), 1, 1, ""},
		"no room for names": {nstraceFile("30", nstracePacket(0xa8, 0, 10, 4, nstrace30(strings.Repeat("n", 200), "")[:40], ""),
			nstracePacket(0xa8, 0, 10, 4, nstrace30("", ""), "x")), 1, 1, ""},
		"a signature alone": {nstraceFile("35"), 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			frames, s, err := readAll(t, test.file)
			wantFault(t, err, test.reason)
			if len(frames) != test.frames || len(s.Findings()) != test.findings {
				t.Errorf("%d frames, findings %v", len(frames), s.Findings())
			}
		})
	}
}

func FuzzReadNstrace(f *testing.F) {
	f.Add(nstraceFile("30", nstracePacket(0xa8, 0, 10, 60, nstrace30("", ""), "abcd"), nstracePacket(0xaa, 2, 11, 4, nstrace30("vm", "other"), "efgh")))
	f.Add(nstraceFile("35", nstracePacket(0xac, 0, 10, 4, nstrace35(nstraceEthernet), "abcd"), nstracePacket(0xad, 1, 10, 4, nstrace35(0x83, 2), "efgh"), make([]byte, 9)))
	f.Fuzz(fuzzRead)
}

func BenchmarkReadNstrace(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			one := nstracePacket(0xac, 0, 10, size, nstrace35(nstraceEthernet), string(make([]byte, size)))
			benchmarkReader(b, nstraceFile("35", bytes.Repeat(one, packets)), packets)
		})
	}
}
