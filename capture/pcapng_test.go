package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
)

// bothOrders runs a test for each byte order.
func bothOrders(t *testing.T, test func(t *testing.T, o binary.ByteOrder)) {
	for _, o := range []binary.ByteOrder{little, big} {
		t.Run(o.String(), func(t *testing.T) { test(t, o) })
	}
}

func TestPcapngBlocks(t *testing.T) {
	bothOrders(t, func(t *testing.T, o binary.ByteOrder) {
		const ts = 0x0006000000000000 // in 2023, in microseconds
		file := join(
			ngSection(o),
			ngInterfaceBlock(o, 1, 40, ngOption(o, optName, []byte("eth0")), ngOption(o, optDescription, []byte("wired")),
				ngOption(o, optFCSLen, []byte{4})),
			ngInterfaceBlock(o, 276, 0, ngOption(o, optResolution, []byte{9})),
			ngPacket(o, 0, ts, 99, "enhanced", ngOption(o, optComment, []byte("one")), ngOption(o, optComment, []byte("two")),
				ngOption(o, optFlags, words(o, u32(flagOut|flagUnfinished))), ngOption(o, optDropCount, words(o, uint64(7)))),
			ngBlock(o, blockSimple, u32(44), strings.Repeat("s", 40)),
			ngBlock(o, blockSimple, u32(6), "simple"),
			ngBlock(o, blockPacket, u16(1), u16(3), u32(ts>>32), u32(ts&0xffffffff), u32(8), u32(8), "obsolete",
				ngOption(o, optFlags, words(o, u32(flagIn|flagVerified)))),
			ngBlock(o, blockPacket, u16(0), u16(0xffff), u32(0), u32(0), u32(0), u32(0)), // drops not known
			ngBlock(o, blockSecrets, u32(0x544c534b), u32(4), "key\n"),
			ngBlock(o, 0x7777, "unknown"),
			ngBlock(o, blockCustom, u32(4242), "of someone"), // Wireshark numbers it
			ngBlock(o, blockCustom, u32(customEnterprise), customMark, words(little, u32(5)), "calls"),
			ngBlock(o, blockStatistics, u32(1), u32(0), u32(0), ngOption(o, optIfDropped, words(o, uint64(20))),
				ngOption(o, optOSDropped, words(o, uint64(5)))),
			ngBlock(o, blockStatistics, u32(1), u32(0), u32(0), ngOption(o, optIfDropped, words(o, uint64(30)))),
			ngPacket(o, 1, ts, 4, "last"),
		)
		frames, s, err := readAll(t, file)
		wantFault(t, err, "")
		want := []string{
			"1 1688849860263936000 enhanced 99 EN10MB if 0 out sums 1 lost 7 [one two]",
			"2 none " + strings.Repeat("s", 40) + " 44 EN10MB if 0",
			"3 none simple 6 EN10MB if 0",
			"4 1688849860263936 obsolete 8 LINUX_SLL2 if 1 in sums 2 lost 3",
			"5 0  0 EN10MB if 0",
			"custom calls",
			"8 1688849860263936 last 4 LINUX_SLL2 if 1",
		}
		var got []string
		for _, f := range frames {
			got = append(got, frameLine(f))
		}
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("frames are\n%s\nwant\n%s", g, w)
		}
		wantIfs := []Interface{
			{Name: "eth0", Description: "wired", Link: LinkEthernet, SnapLen: 40, FCSLen: 4},
			{Link: LinkSLL2},
		}
		if got := s.Interfaces(); fmt.Sprint(got) != fmt.Sprint(wantIfs) {
			t.Errorf("interfaces %+v, want %+v", got, wantIfs)
		}
		if got := s.Stats(); got != (Stats{Frames: 6, Dropped: 30}) {
			t.Errorf("Stats %+v", got)
		}
		if len(s.Findings()) > 0 {
			t.Errorf("findings %v", s.Findings())
		}
	})
}

func frameLine(f kept) string {
	if f.Record == RecordCustom {
		return "custom " + f.data
	}
	time := "none"
	if f.Time.Known() {
		time = fmt.Sprint(int64(f.Time))
	}
	s := fmt.Sprintf("%d %s %s %d %v if %d", f.Number, time, f.data, f.OrigLen, f.Link, f.Interface)
	s += []string{"", " in", " out"}[f.Direction]
	if f.Checksums != 0 {
		s += fmt.Sprintf(" sums %d", f.Checksums)
	}
	if f.Dropped > 0 {
		s += fmt.Sprintf(" lost %d", f.Dropped)
	}
	if f.Comments != nil {
		s += fmt.Sprint(" ", f.Comments)
	}
	return s
}

func TestPcapngSections(t *testing.T) {
	file := join(
		ngSection(little), ngInterfaceBlock(little, 1, 0), ngPacket(little, 0, 1, 3, "one"),
		ngSection(big), ngInterfaceBlock(big, 101, 0), ngInterfaceBlock(big, 0, 0), ngPacket(big, 1, 2, 3, "two"),
		ngSection(little), ngPacket(little, 0, 3, 5, "three"), // has no interface of its own
	)
	frames, s, err := readAll(t, file)
	wantFault(t, err, "record 9 at byte 216: a packet of interface 0, but the section has described 0; the rest was read")
	if len(frames) != 2 || frames[1].Link != LinkNull || frames[1].Interface != 2 || frames[1].data != "two" {
		t.Errorf("frames %+v", frames)
	}
	if in := s.Interfaces(); len(in) != 3 || in[0].Section != 0 || in[2].Section != 1 {
		t.Errorf("interfaces %+v", in)
	}
}

func TestPcapngTimes(t *testing.T) {
	const ts = 0x1234567812345678
	tests := []struct {
		resolution byte
		offset     int64
		ts         uint64
		want       Stamp
	}{
		{6, 0, 1_500_000, 1_500_000_000},
		{9, 0, 7, 7},
		{0, 0, 9223372036, 9223372036e9},
		{0, 0, 9223372037, math.MaxInt64}, // clamped
		{3, 0, 1500, 1_500_000_000},
		{12, 0, ts, 1311768465173141},
		{19, 0, ts, 131176846},
		{20, 0, ts, 13117684},
		{28, 0, math.MaxUint64, 1},
		{29, 0, math.MaxUint64, 0},
		{127, 0, ts, 0},
		{0x80, 0, 3, 3e9},
		{0x8a, 0, 1536, 1_500_000_000},       // 2^-10 s
		{0x94, 0, 1<<20 + 1, 1_000_000_953},  // 2^-20 s, rounded down
		{0xbf, 0, ts, 142222221},             // 2^-63 s
		{0xc0, 0, ts, 71111110},              // 2^-64 s
		{0xff, 0, math.MaxUint64, 0},         // 2^-127 s
		{6, 10, 5, 10_000_005_000},           // later by an offset
		{6, -10, 5_500_000, -4_500_000_000},  // before 1970
		{6, math.MinInt64, 5, NoTime + 1},    // clamped
		{6, math.MaxInt64, 5, math.MaxInt64}, // clamped
		{9, -9223372036, 0, -9223372036e9},
		{9, -9223372037, 145224192, NoTime + 1},
		{9, -9223372037, 145224193, NoTime + 1},
		{9, -9223372037, 145224194, NoTime + 2},
		{9, 0, math.MaxInt64, math.MaxInt64},
		{9, 0, math.MaxInt64 + 1, math.MaxInt64},
		{9, 9223372036, 854775806, math.MaxInt64 - 1},
		{0, -math.MaxInt64, math.MaxUint64, math.MaxInt64},
		{0, -math.MaxInt64, 5, NoTime + 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%#x%+d", tt.resolution, tt.offset), func(t *testing.T) {
			c := newClock(tt.resolution)
			c.offset = tt.offset
			if got, _ := c.stamp(tt.ts); got != tt.want {
				t.Errorf("stamp is %d, want %d", got, tt.want)
			}
		})
	}
}

// TestPcapngTimeBeyond: a time that no Stamp holds is said once.
func TestPcapngTimeBeyond(t *testing.T) {
	start := join(ngSection(little), ngInterfaceBlock(little, 1, 0))
	far := ngPacket(little, 0, 1<<62, 1, "a")
	frames, s, err := readAll(t, join(start, ngPacket(little, 0, 1, 1, "a"), far, far))
	wantFault(t, err, "")
	if len(frames) != 3 || frames[1].Time != math.MaxInt64 || len(s.Findings()) != 1 ||
		!strings.Contains(s.Findings()[0].Error(), "record 4 at byte 84: a time is outside of the years 1677 to 2262") {
		t.Errorf("%d frames, findings %v", len(frames), s.Findings())
	}
}

func TestPcapngNames(t *testing.T) {
	o := little
	record := func(kind int, value string) []byte {
		return words(o, u16(kind), u16(len(value)), padded([]byte(value)))
	}
	file := join(ngSection(o), ngBlock(o, blockNames,
		record(namesIPv4, "\xc0\x00\x02\x01alpha\x00second\x00"),
		record(namesIPv4, "\xc0\x00\x02\x01again\x00"),
		record(9, "what"),
		record(namesIPv6, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01bad \xff\x00"),
		record(namesIPv4, "ab"), // too short
		words(o, u32(0))))
	_, s, err := readAll(t, file)
	wantFault(t, err, "")
	got := fmt.Sprint(s.(Namer).Names())
	want := fmt.Sprint(map[netip.Addr]string{
		netip.MustParseAddr("192.0.2.1"):   "alpha",
		netip.MustParseAddr("2001:db8::1"): "bad \ufffd",
	})
	if got != want {
		t.Errorf("names %s, want %s", got, want)
	}
}

func TestPcapngDamage(t *testing.T) {
	o := little
	start := join(ngSection(o), ngInterfaceBlock(o, 1, 0)) // 28 and 20 bytes
	packet := func(s string) []byte { return ngPacket(o, 0, 1, len(s), s) }
	edit := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		o.PutUint32(b[at:], v)
		return b
	}
	one, two, six := packet("one."), packet("two."), packet("sixsix")
	tests := []struct {
		name   string
		file   []byte
		frames string
		reason string
	}{
		{"length 0", join(start, one, edit(two, 4, 0), six), "one. sixsix",
			"record 4 at byte 84: a block length of 0 bytes is less than the least, 12; 36 bytes on a block was found to go on with; the rest was read"},
		{"length 4 GB", join(start, one, edit(two, 4, 0xfffffffc), six), "one. sixsix", "over the limit"},
		{"length of some MB", join(start, one, edit(two, 4, 50<<20), six), "one. sixsix", "a packet block of 52428800 bytes for 4 captured ones"},
		{"length a little more", join(start, one, edit(two, 4, 40), six), "one. sixsix", "40 bytes at its front"},
		{"length beyond the end", join(start, one, edit(two, 4, 4000), six), "one. sixsix", "of the 4000 bytes of this block only 76 are there"},
		{"length wrong at the end", join(start, one, edit(two, 32, 99), six), "one. two. sixsix", "at its end; the first was believed; the rest was read"},
		{"length wrong at the end of the last", join(start, one, edit(two, 32, 99)), "one. two.", "the first was believed"},
		{"an unknown block with a wrong end", join(start, one, edit(ngBlock(o, 0x7777, "abcd"), 12, 1), six), "one. sixsix", "the first was believed"},
		{"bytes too many", join(start, one, []byte("some junk, 19 bytes"), two), "one. two.", "19 bytes on"},
		{"bytes missing", join(start, one, two[:17], six), "one. sixsix", "record 4 at byte 84"},
		{"captured length", join(start, one, edit(two, 20, 5), six), "one. sixsix", "a captured length of 5 bytes in a block that has room for 4"},
		{"interface", join(start, one, edit(two, 8, 7), six), "one. sixsix", "a packet of interface 7, but the section has described 1"},
		{"an option that runs out", join(start, packet("one."), ngPacket(o, 0, 1, 4, "two.", words(o, u16(1), u16(9), "abcd")), six),
			"one. two. sixsix", "an option of the packet block runs out of it"},
		{"two places", join(start, edit(one, 8, 7), two, edit(one, 8, 7)), "two.", "; 2 places in all were passed over"},
		{"cut short", join(start, one, two[:30]), "one.", "record 4 at byte 84: the file is cut short: of the 36 bytes of this block only 30 are there"},
		{"cut at once", join(start, one, two[:5]), "one.", "of a block only 5 bytes are there"},
		{"no section", one, "", "file header at byte 0: this is no capture"},
		{"a second section of another version", join(start, one, ngBlock(o, blockSection, u32(byteOrderMagic), u16(2), u16(0), int64(-1)), two),
			"one.", "pcapng version 2.0"},
		{"byte-order magic", join(edit(start, 8, 0x12345678), one), "", "file header at byte 0: a section header without the byte-order magic"},
		{"section header cut", start[:20], "", "file header at byte 0: the file is cut short"},
		{"a simple packet before any interface", join(ngSection(o), ngBlock(o, blockSimple, u32(1), "a")), "", "before any interface"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, s, err := readAll(t, tt.file)
			wantFault(t, err, tt.reason)
			var got []string
			for _, f := range frames {
				got = append(got, f.data)
			}
			if g := strings.Join(got, " "); g != tt.frames {
				t.Errorf("frames %q, want %q; error %v", g, tt.frames, err)
			}
			if strings.Contains(tt.reason, "the rest was read") && len(s.Findings()) == 0 {
				t.Error("no finding")
			}
		})
	}
}

// A block of any size is passed over without being held in memory, but for
// secrets that are kept.
func TestPcapngLargeBlocks(t *testing.T) {
	o := little
	start := join(ngSection(o), ngInterfaceBlock(o, 1, 0), ngInterfaceBlock(o, 249, 0)) // the latter USBPcap
	large := strings.Repeat("x", 3<<20)
	after := ngPacket(o, 0, 1, 5, "after")
	tests := []struct {
		name   string
		block  []byte
		frames int
		reason string
	}{
		{"unknown", ngBlock(o, 0x7777, large), 1, ""},
		{"secrets over the limit", ngBlock(o, blockSecrets, u32(0), u32(MaxAside), strings.Repeat("x", MaxAside)), 1, ""},
		{"names", ngBlock(o, blockNames, large), 1, ""},
		{"custom", ngBlock(o, blockCustom, u32(1), large), 1, ""},
		{"a packet that may not be so large", ngPacket(o, 0, 1, 1, large), 1, "over the limit"},
		{"a packet that may", ngPacket(o, 1, 1, len(large), large), 2, ""},
		{"with junk behind it", append(ngBlock(o, 0x7777, large), "some junk"...), 1, "record 5 at byte 3145808"},
		{"with a wrong end", words(o, u32(0x7777), u32(12+len(large)), large, u32(1)), 1,
			"record 4 at byte 68: the block's length is 3145740 bytes at its front and 1 at its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, s, err := readAll(t, join(start, tt.block, after))
			wantFault(t, err, tt.reason)
			if len(frames) != tt.frames || frames[len(frames)-1].data != "after" {
				t.Errorf("%d frames, error %v", len(frames), err)
			}
			if n := len(s.(*fileSource).in.buf); n > 2*maxWhole {
				t.Errorf("the buffer grew to %d bytes", n)
			}
		})
	}
}

func TestPcapngInterfaceLimit(t *testing.T) {
	file := append(ngSection(little), bytes.Repeat(ngInterfaceBlock(little, 1, 0), MaxInterfaces+1)...)
	_, s, err := readAll(t, file)
	wantFault(t, err, "more than 65536 interfaces")
	if len(s.Interfaces()) != MaxInterfaces {
		t.Errorf("%d interfaces", len(s.Interfaces()))
	}
}

func TestFindingsLimit(t *testing.T) {
	file := join(ngSection(little), ngInterfaceBlock(little, 1, 0),
		bytes.Repeat(ngPacket(little, 9, 1, 1, "x"), 10*MaxFindings))
	_, s, err := readAll(t, file)
	wantFault(t, err, "1000 places in all")
	if n := len(s.Findings()); n != MaxFindings+1 {
		t.Errorf("%d findings", n)
	}
}

// A search among bytes that all look like the beginning of a large block must
// not cost more than reading them: this took minutes with a buffer that was
// moved for each of them.
func TestPcapngSearchIsLinear(t *testing.T) {
	o := little
	file := join(ngSection(o), ngInterfaceBlock(o, 1, 0), words(o, u32(blockEnhanced), u32(0)),
		bytes.Repeat(words(o, u32(blockStatistics), u32(maxWhole), u32(1)), 1<<19)) // 6 MiB
	_, s, err := readAll(t, file)
	wantFault(t, err, "record 3 at byte 48: a block length of 0")
	if n := len(s.(*fileSource).in.buf); n > 2*maxWhole {
		t.Errorf("the buffer grew to %d bytes", n)
	}
}
