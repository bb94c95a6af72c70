package capture

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// erfRecord is a record of sec seconds and a fraction in 2^-32 s: type, flags,
// losses or colour, the length on the wire, and what follows the header.
func erfRecord(sec, fraction uint32, kind, flags byte, lost, wire int, body ...any) []byte {
	b := words(big, body...)
	return join(words(little, fraction, sec), words(big, []byte{kind, flags}, u16(erfHeader+len(b)), u16(lost), u16(wire), b))
}

// erfEthernet is a record of an Ethernet frame, with its FCS.
func erfEthernet(sec uint32, data string) []byte {
	return erfRecord(sec, 0, 2, 4, 0, len(data), "\x00\x00", data)
}

func TestERF(t *testing.T) {
	const more = erfMore
	extension := func(last byte) []byte { return []byte{last, 1, 2, 3, 4, 5, 6, 7} }
	file := join(
		erfRecord(10, 1<<31, 2, 4, 0, 60, "\x00\x00", "abcd"),                                         // snapped
		erfRecord(10, 0xffffffff, 2|more, 4|1, 7, 4, extension(3|more), extension(4), "\x00\x00abcd"), // less than half a ns below 11 s
		erfRecord(0, 0, erfPad, 0, 0, 0, make([]byte, 24)),
		erfRecord(11, 0, 11, 4, 99, 3, "\x00\x00abc", "padding"), // a colour, not a loss
		erfRecord(11, 0, erfMetadata, 4, 0, 8, "metadata"),
		erfRecord(11, 1, 1, 4|0x40, 2, 9, "\xff\x03\x00!abFCS4"),
		erfRecord(11, 2, 5, 4, 0, 4, "\x00\x00\x00\x01\x0f\x00\x08\x00"),
		erfRecord(11, 3, 22, 4, 0, 1, "E"),
		erfRecord(11, 3, 23, 4, 0, 1, "`"),
		erfRecord(11, 4, 3, 4, 5, 52, "an ATM cell"),
		erfRecord(11, 6, 16, 4, 0, 0, "\x00\x00"))
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	want := []struct {
		number    int64
		time      Stamp
		data      string
		wire      int
		link      LinkType
		name      string
		dropped   uint64
		fcs       int
		headerToo bool
	}{
		{1, 10_500_000_000, "abcd", 60, LinkEthernet, "port A", 0, 4, false},
		{2, 11_000_000_000, "abcd", 4, LinkEthernet, "port B", 7, 4, false},
		{3, 11_000_000_000, "abc", 3, LinkEthernet, "port A", 0, 4, false},
		{5, 11_000_000_000, "\xff\x03\x00!abFCS", 9, LinkPPPSerial, "port E", 2, 4, false},
		{6, 11_000_000_000, "\x0f\x00\x08\x00", 4, LinkPPPSerial, "port A", 0, 4, false},
		{7, 11_000_000_001, "E", 1, LinkIPv4, "port A", 0, 0, false},
		{8, 11_000_000_001, "`", 1, LinkIPv6, "port A", 0, 0, false},
		{9, 11_000_000_001, "an ATM cell", erfHeader + 52, LinkERF, "port A", 0, 0, true},
		{10, 11_000_000_001, "", 0, LinkEthernet, "port A", 0, 4, false},
	}
	if len(frames) != len(want) || s.Stats().Dropped != 9 {
		t.Fatalf("%d frames, %d lost", len(frames), s.Stats().Dropped)
	}
	for i, w := range want {
		f := frames[i]
		in := s.Interfaces()[f.Interface]
		data := f.data
		if w.headerToo {
			data = data[erfHeader:]
		}
		if f.Number != w.number || f.Time != w.time || data != w.data || f.Link != w.link || in.Link != w.link ||
			in.Name != w.name || in.FCSLen != w.fcs || f.Dropped != w.dropped || f.OrigLen != w.wire {
			t.Errorf("frame %d is %+v %q of %+v, want %+v", i+1, f.Frame, f.data, in, w)
		}
	}
}

func TestERFWithoutRoom(t *testing.T) {
	file := join(bytes.Repeat(erfEthernet(11, "abcd"), guessLook), erfRecord(11, 0, 2|erfMore, 4, 0, 60, "\x03\x00"), erfEthernet(11, "abcd"))
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	if len(frames) != guessLook+2 || frames[guessLook].Link != LinkERF || len(frames[guessLook].data) != erfHeader+2 {
		t.Errorf("%d frames", len(frames))
	}
	if f := s.Findings(); len(f) != 1 || f[0].Reason != "a record of 18 bytes has no room for its headers" || f[0].Record != guessLook+1 {
		t.Errorf("findings %v", f)
	}
}

func TestERFRecognised(t *testing.T) {
	one := erfEthernet(1000, "abcdefgh")
	later := erfEthernet(1000+erfForward+1, "abcdefgh")
	earlier := erfEthernet(998, "abcdefgh")
	pad := erfRecord(0, 0, erfPad, 0, 0, 0, make([]byte, 8))
	for name, test := range map[string]struct {
		file   []byte
		frames int
		reason string
	}{
		"one record":              {one, 1, ""},
		"padding first":           {join(pad, one), 1, ""},
		"a second back":           {join(one, erfEthernet(999, "x")), 2, ""},
		"a year on":               {join(one, erfEthernet(1000+erfForward, "x")), 2, ""},
		"padding alone":           {join(pad, pad, pad), 0, "unknown data"},
		"more than a second back": {join(one, earlier), 0, "unknown data"},
		"more than a year on":     {join(one, later), 0, "unknown data"},
		"legacy":                  {erfRecord(1, 0, 0, 0, 0, 4, "abcd"), 0, "unknown data"},
		"a type of no sense":      {erfRecord(1, 0, 33, 0, 0, 4, "abcd"), 0, "unknown data"},
		"no room for a subheader": {erfRecord(1, 0, 2, 0, 0, 4, "a"), 0, "unknown data"},
		"third record cut":        {join(one, one, one[:20]), 0, "unknown data"},
		"fourth record cut":       {join(one, one, one, one[:20]), 3, "record 4 at byte 78: the file is cut short: of the 26 bytes of this record only 20 are there"},
		"fourth header cut":       {join(one, one, one, one[:9]), 3, "record 4 at byte 78: the file is cut short: of the 16 bytes of this record only 9 are there"},
		"no length, far behind":   {join(bytes.Repeat(one, 20), erfHeaderOf(8)), 20, "record 21 at byte 520: a record of 8 bytes, of which the header alone has 16"},
		"text":                    {[]byte("What has no magic number may be anything, this too."), 0, "begins with text"},
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

// erfHeaderOf is a header that says a length of its record.
func erfHeaderOf(size int) []byte {
	return join(make([]byte, 8), words(big, []byte{2, 4}, u16(size), u16(0), u16(60)))
}

// Three records show what a pipe gives, and each later one comes at once; what
// is typed is refused at once.
func TestERFPiped(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	s, err := NewReader("pipe", r)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next := make(chan bool, 1)
	go func() {
		for n := uint32(0); n < 6; n++ {
			for _, b := range erfEthernet(n, "abcd") {
				if _, err := w.Write([]byte{b}); err != nil {
					t.Error(err)
				}
			}
			if n >= guessSure-1 {
				<-next
			}
		}
	}()
	for n := 0; n < 6; {
		frames, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if n += len(frames); n >= guessSure {
			next <- true
		}
	}
	r, w = io.Pipe()
	s, _ = NewReader("pipe", r)
	go io.WriteString(w, "hello\n")
	if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), "begins with text") {
		t.Errorf("error %v", err)
	}
	w.Close()
}

// What is read is the same in a copy, and as packets of LinkERF in a pcap file.
func TestSplitERF(t *testing.T) {
	b := erfRecord(1, 0, 2|erfMore, 4|3, 5, 1504, []byte{0x83, 1, 2, 3, 4, 5, 6, 7, 4, 1, 2, 3, 4, 5, 6, 7}, "\x00\x00abcd")
	r, need := SplitERF(b)
	if want := (ERFRecord{Link: LinkEthernet, Header: 34, Wire: 1504, FCS: 4, Port: 3, Lost: 5, Type: 2}); r != want || need != 34 {
		t.Errorf("%+v, %d octets", r, need)
	}
	for n := range b {
		want := erfHeader
		switch {
		case n >= 32:
			want = 34
		case n >= 24:
			want = 32
		case n >= 16:
			want = 24
		}
		if _, need := SplitERF(b[:n]); need != want {
			t.Errorf("of %d octets %d are needed, want %d", n, need, want)
		}
	}
}

func FuzzReadERF(f *testing.F) {
	one := erfEthernet(1000, "abcdefgh")
	f.Add(bytes.Repeat(one, 4))
	f.Add(join(one, erfRecord(1001, 0, 2|erfMore, 5, 9, 4, []byte{3, 0, 0, 0, 0, 0, 0, 0}, "\x00\x00abcd"), erfRecord(0, 0, erfPad, 0, 0, 0, "padding "), one))
	f.Add(join(erfRecord(1, 0, erfMetadata, 0, 0, 4, "meta"), erfRecord(1, 0, 1, 0, 0, 4, "\xff\x03\x00!"), erfRecord(1, 0, 3, 0, 0, 52, "cell"), erfRecord(1, 0, 22, 0, 0, 9, "E")))
	f.Add(join(bytes.Repeat(one, 20), erfRecord(1000, 0, 0x82, 0, 0, 60, []byte{0x82})))
	f.Fuzz(fuzzRead)
}

func BenchmarkReadERF(b *testing.B) {
	const packets = 100_000
	for _, size := range []int{60, 800} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchmarkReader(b, bytes.Repeat(erfEthernet(1, string(make([]byte, size))), packets), packets)
		})
	}
}
