package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
)

// sixty is a frame of sixty bytes.
var sixty = bytes.Repeat([]byte{2}, 60)

func TestPcapKinds(t *testing.T) {
	const sec = 1700000000
	usec := Stamp(sec*1e9 + 1000)
	one := func(o binary.ByteOrder) []byte { return pcapRecord(o, sec, 1, 60, 60, nil, sixty) }
	// What the patches of 1999 put behind the lengths: interface 1, IPv4,
	// packet type 4 (outgoing), padding.
	linux24 := words(little, u32(1), u16(0x800), "\x04\x00")
	linux28 := words(little, u32(1), u16(0x800), "\x04\x00\x01\x00\x00\x00")
	four := func(extra []byte) []byte {
		return bytes.Repeat(pcapRecord(little, sec, 1, 60, 60, extra, sixty), 4)
	}
	// In old versions the original length, 100, comes first.
	swapped := pcapRecord(little, sec, 1, 100, 60, nil, sixty)
	tests := []struct {
		name   string
		file   []byte
		frames int
		time   Stamp
		wire   int
		dir    Direction
	}{
		{"microseconds", join(ethernetHead(little), one(little)), 1, usec, 60, 0},
		{"microseconds, big-endian", join(ethernetHead(big), one(big)), 1, usec, 60, 0},
		{"nanoseconds", join(pcapHead(little, 0xa1b23c4d, 2, 4, 65535, 1), one(little)), 1, usec - 999, 60, 0},
		{"nanoseconds, big-endian", join(pcapHead(big, 0xa1b23c4d, 2, 4, 65535, 1), one(big)), 1, usec - 999, 60, 0},
		{"version 2.1", join(pcapHead(little, 0xa1b2c3d4, 2, 1, 65535, 1), swapped), 1, usec, 100, 0},
		{"version 2.2", join(pcapHead(little, 0xa1b2c3d4, 2, 2, 65535, 1), swapped), 1, usec, 100, 0},
		{"version 2.3 as it was meant", join(pcapHead(little, 0xa1b2c3d4, 2, 3, 65535, 1), swapped), 1, usec, 100, 0},
		{"version 2.3 as some wrote it", join(pcapHead(little, 0xa1b2c3d4, 2, 3, 65535, 1),
			pcapRecord(little, sec, 1, 60, 100, nil, sixty)), 1, usec, 100, 0},
		{"version 543.0 of DG/UX", join(pcapHead(little, 0xa1b2c3d4, 543, 0, 65535, 1), swapped), 1, usec, 100, 0},
		{"version 2.9", join(pcapHead(little, 0xa1b2c3d4, 2, 9, 65535, 1), one(little)), 1, usec, 60, 0},
		{"AIX: nanoseconds, link type 6 is Ethernet", join(pcapHead(big, 0xa1b2c3d4, 2, 2, 65535, 6),
			pcapRecord(big, sec, 1000, 60, 60, nil, sixty)), 1, usec, 60, 0},
		{"Ixia's hardware", join(pcapHead(little, 0x1c0001ac, 2, 4, 65535, 1), []byte("size"), one(little)), 1, usec - 999, 60, 0},
		{"Ixia's software", join(pcapHead(big, 0x1c0001ab, 2, 4, 65535, 1), []byte("size"), one(big)), 1, usec, 60, 0},
		{"modified", join(pcapHead(little, 0xa1b2cd34, 2, 4, 65535, 1), four(linux24)), 4, usec, 60, DirectionOut},
		{"modified in SuSE's way", join(pcapHead(little, 0xa1b2cd34, 2, 4, 65535, 1), four(linux28)), 4, usec, 60, DirectionOut},
		{"modified in Red Hat's way", join(ethernetHead(little), four(linux24)), 4, usec, 60, DirectionOut},
		{"Nokia's", join(ethernetHead(little), four(words(little, uint32(0x9fbfb601)))), 4, usec, 60, 0},
		{"snap length 0", join(pcapHead(little, 0xa1b2c3d4, 2, 4, 0, 1), one(little)), 1, usec, 60, 0},
		{"snap length below what was captured", join(pcapHead(little, 0xa1b2c3d4, 2, 4, 10, 1), one(little)), 1, usec, 60, 0},
		{"absurd snap length", join(pcapHead(little, 0xa1b2c3d4, 2, 4, 0xffffffff, 1), one(little)), 1, usec, 60, 0},
		{"captured more than there was", join(ethernetHead(little), pcapRecord(little, sec, 1, 60, 10, nil, sixty)), 1, usec, 10, 0},
		{"a fraction that is no fraction", join(ethernetHead(little), pcapRecord(little, sec-1, 1000001, 60, 60, nil, sixty)), 1, usec, 60, 0},
		{"a fraction below 0", join(ethernetHead(little), pcapRecord(little, sec+1, 1<<32-999999, 60, 60, nil, sixty)), 1, usec, 60, 0},
		{"nanoseconds below 0", join(pcapHead(big, 0xa1b23c4d, 2, 4, 65535, 1), pcapRecord(big, sec+1, 1<<32-999999999, 60, 60, nil, sixty)), 1, usec - 999, 60, 0},
		{"a fraction a second below 0", join(ethernetHead(little), pcapRecord(little, sec-4293, 1<<32-1000000-967295, 60, 60, nil, sixty)), 1, usec, 60, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, s, err := readAll(t, tt.file)
			wantFault(t, err, "")
			if len(frames) != tt.frames {
				t.Fatalf("%d frames, want %d", len(frames), tt.frames)
			}
			for i, f := range frames {
				if f.Number != int64(i+1) || f.Time != tt.time || f.OrigLen != tt.wire || f.data != string(sixty) ||
					f.Link != LinkEthernet || f.Interface != 0 || f.Direction != tt.dir {
					t.Errorf("frame %+v, want time %d, length %d, direction %d", f.Frame, tt.time, tt.wire, tt.dir)
				}
			}
			if got := s.Stats(); got.Frames != uint64(tt.frames) {
				t.Errorf("Stats are %+v", got)
			}
		})
	}
}

// TestPcapPipedOddity holds that an odd record that is shorter than the headers
// of other variants is read the same from a pipe, where no more may come.
func TestPcapPipedOddity(t *testing.T) {
	const sec = 1700000000
	file := join(ethernetHead(little), pcapRecord(little, sec, 1000001, 4, 2, nil, sixty[:4]))
	s, err := NewReader("pipe", struct{ io.Reader }{bytes.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	frames, err := drain(s)
	wantFault(t, err, "")
	if len(frames) != 1 || frames[0].Time != Stamp((sec+1)*1e9+1000) || frames[0].data != string(sixty[:4]) {
		t.Errorf("frames %+v", frames)
	}
}

func TestPcapLinkTypeField(t *testing.T) {
	// 2 in the top four bits and the bit 0x04000000: 2·16 bits of FCS.
	_, s, err := readAll(t, pcapHead(little, 0xa1b2c3d4, 2, 4, 96, 1|0x24000000))
	wantFault(t, err, "")
	want := Interface{Link: LinkEthernet, SnapLen: 96, FCSLen: 4}
	if got := s.Interfaces(); len(got) != 1 || got[0] != want {
		t.Errorf("interfaces %+v, want %+v", got, want)
	}
	_, s, err = readAll(t, pcapHead(little, 0xa1b2c3d4, 2, 4, 96, 276|0x00100000))
	wantFault(t, err, "")
	if got := s.Interfaces()[0].Link; got != LinkSLL2 {
		t.Errorf("link type %v", got)
	}
	if len(s.Findings()) != 1 {
		t.Errorf("findings %v, want one on reserved bits", s.Findings())
	}
}

func TestPcapFaults(t *testing.T) {
	head := ethernetHead(little)
	rec := plainRecord(little, 1, 60, 2)
	tests := []struct {
		name   string
		file   []byte
		frames int
		record int64
		offset int64
		reason string
	}{
		{"cut in the magic", head[:3], 0, 0, 0, "cut short"},
		{"cut in the file header", head[:20], 0, 0, 0, "of the 24 bytes of the file header only 20 are there"},
		{"version 1.0", pcapHead(little, 0xa1b2c3d4, 1, 0, 65535, 1), 0, 0, 0, "version 1.0"},
		{"cut in a record header", join(head, rec, rec[:9]), 1, 2, 100, "of the 16 bytes of this record only 9 are there"},
		{"cut in a record", join(head, rec, rec[:75]), 1, 2, 100, "of the 76 bytes of this record only 75 are there"},
		{"a length over the limit", join(head, rec, pcapRecord(little, 1, 1, MaxRecord+1, 60, nil, sixty), rec), 1, 2, 100,
			"262145 bytes is over the limit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, _, err := readAll(t, tt.file)
			f, ok := err.(*Fault)
			if !ok {
				t.Fatalf("error %v is no *Fault", err)
			}
			wantFault(t, err, tt.reason)
			if len(frames) != tt.frames || f.Record != tt.record || f.Offset != tt.offset || f.Frames != int64(tt.frames) || f.File != "test" {
				t.Errorf("%d frames, fault %+v", len(frames), f)
			}
		})
	}
}

func TestPcapLargestRecord(t *testing.T) {
	file := join(ethernetHead(little), plainRecord(little, 1, MaxRecord, 1), plainRecord(little, 2, 4, 2),
		plainRecord(little, 3, MaxRecord, 3))
	frames, _, err := readAll(t, file)
	wantFault(t, err, "")
	if len(frames) != 3 || len(frames[0].data) != MaxRecord || frames[1].data != "\x02\x02\x02\x02" {
		t.Fatalf("%d frames", len(frames))
	}
	// A D-Bus message may be larger: its beginning is read, and what follows.
	const dbus = 231
	file = join(pcapHead(little, 0xa1b2c3d4, 2, 4, 0, dbus), plainRecord(little, 1, 2*MaxRecord, 1), plainRecord(little, 2, 4, 2))
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	if len(frames) != 2 || len(frames[0].data) != MaxRecord || frames[0].OrigLen != 2*MaxRecord || frames[1].data != "\x02\x02\x02\x02" {
		t.Fatalf("%d frames", len(frames))
	}
	if len(s.Findings()) != 1 {
		t.Errorf("findings %v", s.Findings())
	}
}
