package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// fuzzRead reads b whole and in pieces, and checks what any source promises.
func fuzzRead(t *testing.T, b []byte) {
	s, err := NewReader("fuzz", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	packets, last, secrets := 0, int64(0), 0
	var order recordOrder
	for {
		frames, err := s.Next()
		if err == nil && len(frames) == 0 {
			t.Fatal("an empty batch without an error")
		}
		for i := range frames {
			f := &frames[i]
			if len(f.Data) > MaxRecord || f.OrigLen < 0 {
				t.Fatalf("frame %+v", f)
			}
			if f.Record == RecordPacket {
				packets++
				if f.Number <= last || f.Interface < 0 || f.Interface >= len(s.Interfaces()) {
					t.Fatalf("frame %+v after number %d", f, last)
				}
				last = f.Number
			}
			order.add(f)
			if err := w.WriteFrame(f, s.Interfaces()); err != nil {
				t.Fatal(err)
			}
		}
		a := s.(Original).Aside()
		for ; secrets < len(a.Secrets); secrets++ {
			if err := w.WriteSecrets(a.Secrets[secrets]); err != nil {
				t.Fatal(err)
			}
		}
		if len(a.Sections) > 0 {
			w.SetOrigin(a.Sections[0])
		}
		if err != nil {
			checkEnd(t, s, err, packets)
			break
		}
	}
	if err := errors.Join(w.SetCounts(s.(Original).Counts(), s.Interfaces()), w.WriteStatistics(s.Stats()), w.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := NewReader("copy", bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	got := copies(t, again, nil)
	if a := again.(Original).Aside(); len(a.Secrets) != secrets {
		t.Fatalf("of %d secrets the copy has %d", secrets, len(a.Secrets))
	}
	if len(again.Findings()) > 0 || int(again.Stats().Frames) != packets || len(got) != len(order.records) {
		t.Fatalf("of %d packets in %d records the copy has %d records, with findings %v", packets, len(order.records), len(got), again.Findings())
	}
	order.check(t, got)
}

// recordOrder is in what order packets and custom data came.
type recordOrder struct {
	records []Record
	custom  int  // bytes of data, with what options need besides
	loose   bool // some data cannot stay before their packet
}

func (o *recordOrder) add(f *Frame) {
	o.records = append(o.records, f.Record)
	if f.Record == RecordCustom {
		o.custom += customOptionHead + len(f.Data) + 3
		o.loose = o.loose || o.custom > maxCustomOptions/2
	} else {
		o.loose = o.loose || !f.Time.Known() || len(f.Comments) > 0
	}
}

// check checks that a copy has the same order where all data can keep it.
func (o *recordOrder) check(t *testing.T, all []copyOf) {
	for i, c := range all {
		if !o.loose && c.record != o.records[i] {
			t.Fatalf("record %d of %v is of kind %d in the copy", i, o.records, c.record)
		}
	}
}

// checkEnd checks what a source says at its end.
func checkEnd(t *testing.T, s Source, err error, packets int) {
	if f, ok := err.(*Fault); err != io.EOF && (!ok || f.Reason == "" || f.Frames > int64(packets) || f.Offset < 0) {
		t.Fatalf("after %d packets the end is %+v", packets, err)
	}
	if _, again := s.Next(); again != err {
		t.Fatalf("the end was %v, then %v", err, again)
	}
	if got := int(s.Stats().Frames); got != packets {
		t.Fatalf("Stats count %d packets of %d", got, packets)
	}
	if n := len(s.Findings()); n > MaxFindings+1 {
		t.Fatalf("%d findings", n)
	}
}

func FuzzReadPcap(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(join(ethernetHead(little), plainRecord(little, 1, 3, 1), plainRecord(little, 2, 0, 2)))
	f.Add(join(ethernetHead(big), plainRecord(big, 1, 3, 1), plainRecord(big, 2, 60, 2)))
	f.Add(join(pcapHead(little, 0xa1b2cd34, 2, 4, 0, 1), pcapRecord(little, 1, 1, 4, 4, make([]byte, 8), []byte("abcd"))))
	f.Add(join(pcapHead(big, 0xa1b23c4d, 2, 3, 0xffffffff, 0x24000001), plainRecord(big, 1, 3, 1)))
	f.Add(join(pcapHead(little, 0xa1b2c3d4, 2, 2, 0, 15), plainRecord(little, 1, 2, 1)))
	f.Add(join(pcapHead(little, 0x1c0001ac, 2, 4, 0, 231), make([]byte, 4), pcapRecord(little, 1, 1, 1<<20, 4, nil, []byte("abcd"))))
	f.Fuzz(fuzzRead)
}

func FuzzReadPcapng(f *testing.F) {
	for _, o := range []binary.ByteOrder{little, big} {
		start := join(ngSection(o), ngInterfaceBlock(o, 1, 0, ngOption(o, optResolution, []byte{0x8a}), ngOption(o, optOffset, make([]byte, 8))))
		packet := ngPacket(o, 0, 1, 9, "abcd", ngOption(o, optComment, []byte("hi")), ngOption(o, optFlags, words(o, u32(1))))
		f.Add(join(start, packet, packet))
		f.Add(join(start, packet[:9], packet, start[:4], packet))
		f.Add(join(start, ngBlock(o, blockSimple, u32(4), "abcd"), ngBlock(o, blockPacket, u16(0), u16(1), u32(0), u32(0), u32(4), u32(4), "abcd")))
		f.Add(join(start, ngBlock(o, blockNames, u16(1), u16(6), "\xc0\x00\x02\x01a\x00\x00\x00", u32(0)),
			ngBlock(o, blockStatistics, u32(0), u32(0), u32(0), ngOption(o, optOSDropped, make([]byte, 8)))))
		f.Add(join(start, ngBlock(o, blockCustom, u32(customEnterprise), customMark, words(little, u32(1)), "x"), packet))
		f.Add(join(start, ngSecrets(o, 4, "keys"), packet, ngSecrets(o, 9, "keys"), ngInterfaceBlock(o, 1, 9, ngOption(o, optSpeed, make([]byte, 8)), ngCustom(o, 1, "x")),
			ngBlock(o, blockStatistics, u32(1), u32(0), u32(0), ngOption(o, optStart, make([]byte, 8)), ngOption(o, optIfDropped, make([]byte, 8)))))
		f.Add(join(start, words(o, u32(0x7777), u32(1<<20)), packet))
		f.Add(join(start, packet, ngPacket(o, 0, 1, 1, "a", ngOwn(o, "one"), ngOption(o, optFlags, words(o, u32(2))), ngOwn(o, ""), ngCustom(o, 1, "x")),
			ngPacket(o, 0, 1, 1, "b", ngOption(o, optCustom, []byte("abc")), ngOption(o, optCustom, []byte("tcps")))))
	}
	f.Fuzz(fuzzRead)
}

func FuzzDecompress(f *testing.F) {
	whole := string(join(ethernetHead(little), plainRecord(little, 1, 40, 1)))
	for _, s := range []string{gzipOf(f, whole), zstdOf(f, whole), lz4Of(f, whole), gzipOf(f, whole[:30]) + gzipOf(f, whole[30:]),
		zstdOf(f, whole) + "junk", lz4Of(f, whole) + lz4Of(f, whole)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kind := compression(b)
		if kind == notCompressed {
			return
		}
		z := newZip(kind, bytes.NewReader(b), minWindow)
		// Enough to see that it goes on; more is only slow.
		_, err := io.Copy(io.Discard, io.LimitReader(z, 16<<20))
		z.close()
		if err == nil && z.out > int64(len(b)+1024)*1<<20 {
			t.Fatalf("%d bytes became %d", len(b), z.out)
		}
		fuzzRead(t, b)
	})
}
