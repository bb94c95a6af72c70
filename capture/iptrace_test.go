package capture

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// iptraceRecordOf is a record of version 1.0 or 2.0: interface, its type,
// whether it was sent, seconds and nanoseconds.
func iptraceRecordOf(version int, name string, unit, kind, sent byte, sec, nanos uint32, data string) []byte {
	info := words(big, []byte{0, 0, 0, unit}, (name + "\x00\x00\x00\x00")[:4], "text of AIX.", []byte{kind, sent})
	if version == 2 {
		info = words(big, info, u16(0), sec, nanos)
	}
	return words(big, u32(len(info)+len(data)), sec, info, data)
}

func TestIptrace(t *testing.T) {
	one := join([]byte("iptrace 1.0"),
		iptraceRecordOf(1, "en", 0, 6, 0, 10, 0, "abcd"), iptraceRecordOf(1, "en", 0, 6, 1, 11, 0, ""),
		iptraceRecordOf(1, "fi", 1, 15, 0, 12, 0, "padfddi"))
	two := join([]byte("iptrace 2.0"),
		iptraceRecordOf(2, "lo", 0, 24, 1, 10, 7, "E"), iptraceRecordOf(2, "ib", 0, 199, 1, 10, 8, "what"),
		iptraceRecordOf(2, "what", 255, 9, 0, 10, 1e9, "ring"))
	for _, test := range []struct {
		file       []byte
		frames     []Frame
		data       []string
		interfaces string
		finding    string
	}{
		{one, []Frame{{Number: 1, Time: 10e9, OrigLen: 4, Link: LinkEthernet, Direction: DirectionIn}, {Number: 2, Time: 11e9, Link: LinkEthernet, Direction: DirectionOut},
			{Number: 3, Time: 12e9, OrigLen: 4, Link: LinkFDDI, Interface: 1, Direction: DirectionIn}}, []string{"abcd", "", "fddi"}, "en0 fi1 ", ""},
		{two, []Frame{{Number: 1, Time: 10e9 + 7, OrigLen: 1, Link: LinkRaw, Direction: DirectionOut}, {Number: 3, Time: 11e9, OrigLen: 4, Link: LinkTokenRing, Interface: 1, Direction: DirectionIn}},
			[]string{"E", "ring"}, "lo0 what255 ", "a packet of interface type 199, which is not known, was passed over"},
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
				t.Errorf("frame %d is %+v %q, want %+v %q", i+1, got, frames[i].data, want, test.data[i])
			}
		}
		names := ""
		for _, in := range s.Interfaces() {
			names += in.Name + " "
		}
		if names != test.interfaces {
			t.Errorf("interfaces %q, want %q", names, test.interfaces)
		}
		if all := fmt.Sprint(s.Findings()); !strings.Contains(all, test.finding) || test.finding == "" && len(s.Findings()) > 0 {
			t.Errorf("findings %s", all)
		}
	}
}

func TestIptraceDamaged(t *testing.T) {
	head := []byte("iptrace 2.0")
	one := iptraceRecordOf(2, "en", 0, 6, 0, 10, 0, "abcd")
	many := head
	for i := range MaxInterfaces + 1 {
		many = append(many, iptraceRecordOf(2, string([]byte{byte(i>>16) + 1, byte(i >> 8), 'n'}), byte(i), 6, 0, 10, 0, "")...)
	}
	for name, test := range map[string]struct {
		file   []byte
		frames int
		reason string
	}{
		"header cut":       {head[:9], 0, "of the 11 bytes of the file header only 9 are there"},
		"no iptrace":       {[]byte("iptrouble at the mill"), 0, "and is none"},
		"version":          {[]byte("iptrace 3.0"), 0, `iptrace version "3.0" is not known`},
		"record cut":       {join(head, one, one[:5]), 1, "record 2 at byte 55: the file is cut short: of the 8 bytes"},
		"data cut":         {join(head, one, one[:42]), 1, "record 2 at byte 55: the file is cut short: of the 44 bytes"},
		"no room":          {join(head, one, words(big, u32(31), u32(0), make([]byte, 40))), 1, "a record of 31 bytes, of which what is said of the packet has 32"},
		"length":           {join(head, one, words(big, u32(1<<30), u32(0), make([]byte, 40))), 1, "over the limit"},
		"too many of them": {many, MaxInterfaces, "it describes more than 65536 interfaces"},
		"none at all":      {head, 0, ""},
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

func FuzzReadIptrace(f *testing.F) {
	f.Add(join([]byte("iptrace 1.0"), iptraceRecordOf(1, "en", 0, 6, 0, 10, 0, "abcd"), iptraceRecordOf(1, "fi", 1, 15, 1, 12, 0, "pa")))
	f.Add(join([]byte("iptrace 2.0"), iptraceRecordOf(2, "en", 0, 6, 0, 10, 0, "abcd"), iptraceRecordOf(2, "ib", 1, 199, 1, 12, 0, "pa")))
	f.Fuzz(fuzzRead)
}

func BenchmarkReadIptrace(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			one := iptraceRecordOf(2, "en", 0, 6, 0, 10, 0, string(make([]byte, size)))
			benchmarkReader(b, append([]byte("iptrace 2.0"), bytes.Repeat(one, packets)...), packets)
		})
	}
}
