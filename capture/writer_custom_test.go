package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// writeRecords saves what the words of a line say: p is a packet, s one
// without a time, n one before 1970, c1 custom data "c1" and c:5000 data of
// 5000 bytes, f a Flush.
func writeRecords(t testing.TB, w FrameWriter, line string) {
	t.Helper()
	ifaces := []Interface{{Name: "lo", Link: LinkRaw}}
	at := Stamp(1700000000e9)
	for word := range strings.FieldsSeq(line) {
		packet := Frame{Time: at, Data: []byte("packet"), OrigLen: 6, Link: LinkRaw}
		var err error
		switch word[0] {
		case 'p':
			err = w.WriteFrame(&packet, ifaces)
		case 's':
			packet.Time = NoTime
			err = w.WriteFrame(&packet, ifaces)
		case 'n':
			packet.Time = -1
			err = w.WriteFrame(&packet, ifaces)
		case 'f':
			err = w.Flush()
		default:
			data := []byte(word)
			if n := 0; scan(word, &n) {
				data = make([]byte, n)
			}
			err = w.WriteFrame(&Frame{Record: RecordCustom, Data: data}, ifaces)
			clear(data) // it is the caller's again
		}
		if err != nil {
			t.Fatal(err)
		}
		at += 1e9
	}
}

func scan(word string, n *int) bool {
	_, err := fmt.Sscanf(word, "c:%d", n)
	return err == nil
}

// recordsLine says what was read: p and its number for packets, data as they
// are where they are short.
func recordsLine(t testing.TB, frames []kept) string {
	t.Helper()
	var all []string
	for _, f := range frames {
		switch {
		case f.Record == RecordPacket:
			all = append(all, fmt.Sprint("p", f.Number))
		case f.Number != 0 || f.Time.Known() || f.Interface != -1 || f.OrigLen != 0 || f.Comments != nil:
			t.Errorf("custom data with %+v", f.Frame)
		case len(f.data) > 5:
			all = append(all, fmt.Sprint("c:", len(f.data)))
		default:
			all = append(all, f.data)
		}
	}
	return strings.Join(all, " ")
}

func TestCustomDataKeepTheirPlace(t *testing.T) {
	tests := []struct{ name, records, want string }{
		{"before, between and after", "c1 p c2 c3 p p c4 p c5", "c1 p1 c2 c3 p2 p3 c4 p4 c5"},
		{"no packet", "c1 c2", "c1 c2"},
		{"no data", "c:0 p c:0", " p1 "},
		{"an interface of its own", "p c1 n c2 p", "p1 c1 p2 c2 p3"},
		{"flushed", "c1 f f p f c2 f p c3 f c4", "c1 p1 c2 p2 c3 c4"},
		{"packets without a time carry none", "c1 s c2 s c3 p c4 s", "p1 p2 c1 c2 c3 p3 p4 c4"},
		{"the largest that fit", "c:65520 c1 p", "c:65520 c1 p1"},
		{"too large", "c1 c:65521 c2 p c3 c:200000 p c4", "c1 c2 p1 c3 p2 c:65521 c:200000 c4"},
		{"too large after the last packet", "p c1 c:65521 c2", "p1 c1 c:65521 c2"},
		{"too many for one packet", "c:60000 c:60000 c:60000 c1 p p c2 p", "c:60000 c:60000 p1 c:60000 c1 p2 c2 p3"},
		{"too many for the last", "c:60000 c:60000 c:60000 c1 c:65521 c2 p c3", "c:60000 c:60000 p1 c:60000 c1 c:65521 c2 c3"},
		{"more than are held back", strings.Repeat("c:262144 ", 31) + "c1 p c:262144 c2 p",
			"c1 p1 " + strings.Repeat("c:262144 ", 31) + "c2 p33 c:262144"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			w := NewWriter(&out, WriterOptions{})
			writeRecords(t, w, tt.records)
			if err := errors.Join(w.Close(), w.Close()); err != nil {
				t.Fatal(err)
			}
			if int64(out.Len()) != w.Size() {
				t.Errorf("Size is %d, written were %d bytes", w.Size(), out.Len())
			}
			frames, s, err := readAll(t, out.Bytes())
			wantFault(t, err, "")
			if got := recordsLine(t, frames); got != tt.want || len(s.Findings()) > 0 {
				t.Errorf("read is\n%q, want\n%q; findings %v", got, tt.want, s.Findings())
			}
		})
	}
}

// Whatever is saved comes out once, not before its place, small data in
// order, and packets are numbered from 1 on.
func TestCustomDataAtRandom(t *testing.T) {
	sizes := []int{6, 100, 1000, 40000, maxCustomOption, maxCustomOption + 1, 100_000}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 0))
		var out bytes.Buffer
		w := NewWriter(&out, WriterOptions{})
		var place []int // how many packets stood before each record
		packets, total := 0, 0
		for range 150 {
			f := Frame{Time: 1, Link: LinkRaw, Interface: -1}
			size := sizes[r.IntN(len(sizes))]
			switch k := r.IntN(10); {
			case k < 4:
				packets++
			case k < 5:
				packets++
				f.Time = NoTime
			case total+size < maxHeld*9/10:
				f.Record, f.Data = RecordCustom, make([]byte, size)
				binary.LittleEndian.PutUint32(f.Data, uint32(len(place)))
				place = append(place, packets)
				total += size
			}
			if err := w.WriteFrame(&f, nil); err != nil {
				t.Fatal(err)
			}
			if f.Record == RecordPacket && packets == 0 {
				packets++ // there was no room for data
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		checkRandom(t, seed, out.Bytes(), place)
	}
}

func checkRandom(t *testing.T, seed uint64, file []byte, place []int) {
	t.Helper()
	frames, s, err := readAll(t, file)
	wantFault(t, err, "")
	if len(s.Findings()) > 0 {
		t.Errorf("seed %d: findings %v", seed, s.Findings())
	}
	packets, last := 0, -1
	came := make([]bool, len(place))
	for _, f := range frames {
		if f.Record == RecordPacket {
			packets++
			if f.Number != int64(packets) {
				t.Errorf("seed %d: packet %d has number %d", seed, packets, f.Number)
			}
			continue
		}
		n := int(binary.LittleEndian.Uint32([]byte(f.data)))
		if came[n] || packets < place[n] {
			t.Errorf("seed %d: record %d of packet %d came after %d, before: %t", seed, n, place[n], packets, came[n])
		}
		came[n] = true
		if len(f.data) <= maxCustomOption {
			if n < last {
				t.Errorf("seed %d: record %d came after %d", seed, n, last)
			}
			last = n
		}
	}
	if slices.Contains(came, false) {
		t.Errorf("seed %d: not all data came: %v", seed, came)
	}
}

// The bytes of a packet with custom data.
func TestCustomOptionBytes(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	if err := w.WriteCustom([]byte("calls")); err != nil {
		t.Fatal(err)
	}
	f := Frame{Time: 1, Data: []byte("abcde"), OrigLen: 6, Link: LinkRaw, Interface: -1, Direction: DirectionIn, Comments: []string{"hi"}}
	if err := errors.Join(w.WriteFrame(&f, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := ngPacket(little, 0, 1, 6, "abcde", ngOption(little, optComment, []byte("hi")),
		ngOption(little, optFlags, words(little, u32(flagIn))),
		// 17 bytes: enterprise number, mark, data, which three bytes fill up.
		words(little, u16(2989), u16(17), u32(32473), "tcpsee\x00\x01", "calls\x00\x00\x00"),
		words(little, u32(optEnd)))
	if !bytes.HasSuffix(out.Bytes(), want) {
		t.Errorf("the file is\n% x, want at its end\n% x", out.Bytes(), want)
	}
}

func TestReadCustomOptions(t *testing.T) {
	bothOrders(t, func(t *testing.T, o binary.ByteOrder) {
		file := join(ngSection(o), ngInterfaceBlock(o, 101, 0),
			ngPacket(o, 0, 1000, 1, "a", ngOwn(o, "one"), ngOption(o, optComment, []byte("hi")), ngOwn(o, ""),
				ngOption(o, optFlags, words(o, u32(flagOut))), ngOwn(o, "two"), words(o, u32(optEnd)), ngOwn(o, "too late")),
			ngPacket(o, 0, 2000, 1, "b",
				ngCustom(o, 4242, customMark+"of someone"), ngCustom(o, customEnterprise, "of someone"),
				ngCustom(o, customEnterprise, customMark[:7]), ngOption(o, 2988, []byte("0000text")), ngOwn(o, "mine"),
				ngOption(o, optDropCount, words(o, uint64(3)))),
			ngPacket(o, 7, 0, 1, "of no interface", ngOwn(o, "lost with it")),
			ngPacket(o, 0, 3000, 1, "c", ngOption(o, optCustom, []byte("abc"))),
			ngPacket(o, 0, 4000, 1, "d", ngOwn(o, "kept"), words(o, u16(optCustom), u16(99), "runs out")))
		frames, s, err := readAll(t, file)
		wantFault(t, err, "a packet of interface 7")
		var got []string
		for _, f := range frames {
			got = append(got, frameLine(f))
		}
		want := []string{"custom one", "custom ", "custom two", "1 1000000 a 1 RAW if 0 out [hi]",
			"custom mine", "2 2000000 b 1 RAW if 0 lost 3", "3 3000000 c 1 RAW if 0", "custom kept", "4 4000000 d 1 RAW if 0"}
		if !slices.Equal(got, want) {
			t.Errorf("frames are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := s.Stats(); got != (Stats{Frames: 4, Dropped: 3}) {
			t.Errorf("Stats %+v", got)
		}
		findings := fmt.Sprint(s.Findings())
		for _, reason := range []string{"an option of the packet block (number 2989) has 3 bytes", "an option of the packet block runs out of it"} {
			if !strings.Contains(findings, reason) {
				t.Errorf("findings %s do not say %q", findings, reason)
			}
		}
	})
}

// Data are not torn from their packet at the end of a batch, and a packet
// that is full of them makes no batch larger than its block allows.
func TestCustomOptionsAndBatches(t *testing.T) {
	o := little
	start := join(ngSection(o), ngInterfaceBlock(o, 101, 0))
	full := ngPacket(o, 0, 1, 1, "a", bytes.Repeat(ngOwn(o, ""), maxPacketOptions/customOptionHead-1))
	for _, lead := range []int{0, 1, maxBatch - 2, maxBatch - 1, maxBatch} {
		file := join(start, bytes.Repeat(ngPacket(o, 0, 1, 1, "p"), lead),
			ngPacket(o, 0, 1, 1, "q", ngOwn(o, "one"), ngOwn(o, "two")), full, full, ngPacket(o, 0, 1, 1, "r"))
		s, err := NewReader("r", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		packets, custom, last := 0, 0, Frame{}
		for err == nil {
			var frames []Frame
			frames, err = s.Next()
			if len(frames) > maxBatch+maxPacketOptions/customOptionHead {
				t.Errorf("a batch of %d", len(frames))
			}
			for _, f := range frames {
				last = f
				if f.Record == RecordPacket {
					packets++
				} else {
					custom++
				}
			}
			if len(frames) > 0 && last.Record != RecordPacket {
				t.Errorf("a batch ends with data %q", last.Data)
			}
		}
		if want := 2 + 2*(maxPacketOptions/customOptionHead-1); err != io.EOF || packets != lead+4 || custom != want || int(last.Number) != packets {
			t.Errorf("%d packets, %d records of %d, the last %d, error %v", packets, custom, want, last.Number, err)
		}
	}
}

// What is held back is written neither early nor without bound.
func TestHeldCustomData(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	writeRecords(t, w, "p")
	before := w.Size()
	for i := 0; i < maxHeld/customOptionHead; i++ {
		if err := w.WriteCustom(nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || w.Size() != before || int64(out.Len()) != before {
		t.Errorf("%d bytes, %d of them written, were %d; error %v", w.Size(), out.Len(), before, err)
	}
	if err := w.WriteCustom(nil); err != nil || w.Size() == before || len(w.held.ends) != 1 {
		t.Errorf("%d records are held back, error %v", len(w.held.ends), err)
	}
	broken := NewWriter(full{}, WriterOptions{})
	_ = broken.WriteCustom([]byte("x"))
	for range 2 {
		if err := broken.Close(); !errors.Is(err, errFull) {
			t.Errorf("error %v", err)
		}
	}
	if err := broken.WriteCustom(nil); !errors.Is(err, errFull) || len(broken.held.ends) > 0 {
		t.Errorf("error %v", err)
	}
}

func TestCustomDataAllocateNothing(t *testing.T) {
	w := NewWriter(io.Discard, WriterOptions{})
	f := Frame{Time: 1, Data: make([]byte, 100), OrigLen: 100, Link: LinkRaw, Interface: -1}
	data := make([]byte, 300)
	write := func() {
		if err := errors.Join(w.WriteCustom(data), w.WriteCustom(data), w.WriteFrame(&f, nil)); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if n := testing.AllocsPerRun(100, write); n > 0 {
		t.Errorf("%g allocations a packet", n)
	}
}

func TestRotationOfCustomData(t *testing.T) {
	tests := []struct {
		name    string
		file    string
		o       RotateOptions
		records string
		want    string
	}{
		{"one file", "a", RotateOptions{}, "c1 p c2", "a: c1 p1 c2"},
		{"no packet", "a", RotateOptions{}, "c1 c2", "a: c1 c2"},
		{"size", "a", RotateOptions{Size: 1}, "c1 p c2 p c3 p c4", "a: c1 p1, a1: c2 p1, a2: c3 p1 c4"},
		{"large data stay with their file", "a", RotateOptions{Size: 1}, "c1 c:65521 p c2 c:65522 p p c:65523",
			"a: c1 p1 c:65521, a1: c2 p1 c:65522, a2: p1 c:65523"},
		{"too many for one packet", "a", RotateOptions{Size: 1}, "c:60000 c:60000 c:60000 p p", "a: c:60000 c:60000 p1, a1: c:60000 p1"},
		{"a name with a time", "%s", RotateOptions{Every: 3 * time.Second}, "c1 p c2 p c3 p c4", "1700000001: c1 p1 c2 p2, 1700000004: c3 p1 c4"},
		{"a name with a time but no packet", "%s", RotateOptions{Every: time.Second}, "c1", "0: c1"},
		{"more than are held back", "%s", RotateOptions{Every: time.Second}, strings.Repeat("c:262144 ", 31) + "c:262144 c1",
			"0: " + strings.Repeat("c:262144 ", 31) + "c:262144 c1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := NewRotatingWriter(filepath.Join(dir, tt.file), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			writeRecords(t, w, tt.records)
			if err := errors.Join(w.WriteStatistics(Stats{}), w.Close()); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, dir, tt.want)
		})
	}
}

// wantFiles compares the files of a directory.
func wantFiles(t *testing.T, dir, want string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		s, err := OpenFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		frames, err := drain(s)
		wantFault(t, err, "")
		files = append(files, e.Name()+": "+recordsLine(t, frames))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(files, ", "); got != want {
		t.Errorf("files\n%s, want\n%s", got, want)
	}
}

// After the last of a count of files, which has what is left, all is refused.
func TestRotationOfCustomDataEnds(t *testing.T) {
	dir := t.TempDir()
	w, err := NewRotatingWriter(filepath.Join(dir, "a"), RotateOptions{Every: time.Second, Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	writeRecords(t, w, "p c1")
	if err := w.WriteFrame(&Frame{Time: 1800000000e9}, nil); err != ErrRotateDone {
		t.Errorf("error %v", err)
	}
	if err := w.WriteCustom(nil); err != ErrRotateDone {
		t.Errorf("error %v", err)
	}
	if err := w.WriteCustom(make([]byte, MaxCustom+1)); err == nil || err == ErrRotateDone {
		t.Errorf("error %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, "a: p1 c1")
}

// Other programs number the packets of a file with custom data from 1 on.
func TestOthersReadCustomData(t *testing.T) {
	t.Parallel()
	const packets = 6
	name := filepath.Join(t.TempDir(), "a.pcapng")
	w, err := NewRotatingWriter(name, RotateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	writeRecords(t, w, "c1 c:3000 p c2 c3 p p c:65520 c:65520 p c:60000 c:60000 c:60000 p c:100000 s c4 c5")
	if err := errors.Join(w.WriteStatistics(Stats{}), w.Close()); err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, program string, args ...string) string {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
		cmd := exec.Command(program, args...)
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v: %s", program, err, stderr.String())
		}
		return out.String()
	}
	t.Run("tshark", func(t *testing.T) {
		if _, err := exec.LookPath("tshark"); err != nil {
			t.Skip("tshark is not installed")
		}
		seen, complaint := tsharkSeen(t, name)
		if complaint != "" || len(seen) != packets {
			t.Errorf("%d packets, %s", len(seen), complaint)
		}
		for i, s := range seen {
			if s.number != int64(i+1) {
				t.Errorf("packet %d has number %d", i+1, s.number)
			}
		}
	})
	t.Run("capinfos", func(t *testing.T) {
		if out := run(t, "capinfos", "-t", name); !strings.Contains(out, "pcapng") {
			t.Errorf("it says %q", out)
		}
	})
	t.Run("tcpdump", func(t *testing.T) {
		if out := run(t, "tcpdump", "-nt", "-r", name); strings.Count(out, "\n") != packets {
			t.Errorf("it says %q", out)
		}
	})
}
