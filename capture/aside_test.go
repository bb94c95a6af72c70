package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ngSecrets is a decryption secrets block that says to have n bytes of data.
func ngSecrets(o binary.ByteOrder, n uint32, data string) []byte {
	return ngBlock(o, blockSecrets, u32(0x544c534b), n, padded([]byte(data)))
}

func ngNames(o binary.ByteOrder, addr, names string) []byte {
	return ngBlock(o, blockNames, u16(namesIPv4), u16(len(addr)+len(names)), padded([]byte(addr+names)), u32(0))
}

// copyBeside copies a source with what it says beside packets, as it comes.
func copyBeside(t testing.TB, s Source, w FrameWriter) {
	t.Helper()
	names, secrets := 0, 0
	for {
		frames, end := s.Next()
		a := s.(Original).Aside()
		if len(a.Sections) == 1 {
			w.SetOrigin(a.Sections[0])
		}
		for _, n := range a.Names[names:] {
			if err := w.WriteNames(map[netip.Addr]string{n.Addr: n.Name}); err != nil {
				t.Fatal(err)
			}
		}
		for _, x := range a.Secrets[secrets:] {
			if err := w.WriteSecrets(x); err != nil {
				t.Fatal(err)
			}
		}
		names, secrets = len(a.Names), len(a.Secrets)
		for i := range frames {
			if err := w.WriteFrame(&frames[i], s.Interfaces()); err != nil {
				t.Fatal(err)
			}
		}
		if end != nil {
			break
		}
	}
	if err := w.SetCounts(s.(Original).Counts(), s.Interfaces()); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteStatistics(s.Stats()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// blocksOf lists the blocks of a little-endian file by a letter: S a section, I
// an interface, P a packet, N names, K secrets, T statistics.
func blocksOf(b []byte) string {
	letters := map[uint32]byte{blockSection: 'S', blockInterface: 'I', blockEnhanced: 'P', blockSimple: 'p',
		blockNames: 'N', blockSecrets: 'K', blockStatistics: 'T', blockCustom: 'C'}
	var list []byte
	for len(b) >= minBlock {
		list = append(list, letters[little.Uint32(b)])
		b = b[little.Uint32(b[4:]):]
	}
	return string(list)
}

func asideText(a Aside) string {
	var all []string
	for _, n := range a.Names {
		all = append(all, n.Addr.String()+"="+n.Name)
	}
	for _, s := range a.Secrets {
		all = append(all, fmt.Sprintf("%x:%s", s.Kind, s.Data))
	}
	return strings.Join(all, " ")
}

// TestAsideIsCopied: what a file says beside its packets stands in a copy, in
// front of the packets that it stood in front of.
func TestAsideIsCopied(t *testing.T) {
	for _, o := range []binary.ByteOrder{little, big} {
		file := join(ngSection(o), ngSecrets(o, 6, "first\n"), ngInterfaceBlock(o, 101, 0),
			ngNames(o, "\x0a\x00\x00\x01", "one.example\x00"), ngPacket(o, 0, 1, 4, "abcd"),
			ngSecrets(o, 7, "second\n"), ngNames(o, "\x0a\x00\x00\x02", "two.example\x00"), ngPacket(o, 0, 2, 4, "efgh"),
			ngSecrets(o, 0, ""))
		s, err := NewReader("test", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		copyBeside(t, s, NewWriter(&out, WriterOptions{}))
		want := "10.0.0.1=one.example 10.0.0.2=two.example 544c534b:first\n 544c534b:second\n 544c534b:"
		if got := asideText(s.(Original).Aside()); got != want {
			t.Errorf("the file says %q", got)
		}
		frames, again, err := readAll(t, out.Bytes())
		if got := asideText(again.(Original).Aside()); got != want || err != nil || len(frames) != 2 || len(again.Findings()) > 0 {
			t.Errorf("the copy says %q, %d frames, %v, %v", got, len(frames), err, again.Findings())
		}
		if got := blocksOf(out.Bytes()); got != "SIKKKNNPPT" && got != "SIKKKNPPT" {
			t.Errorf("the copy's blocks are %s", got)
		}
	}
}

func TestHostileSecrets(t *testing.T) {
	front := join(ngSection(little), ngInterfaceBlock(little, 101, 0))
	packet := ngPacket(little, 0, 1, 4, "abcd")
	tests := []struct {
		name, fault, finding string
		secrets              []byte
		kept                 int
	}{
		{"short", "less than the least", "", ngBlock(little, blockSecrets, u32(1)), 0},
		{"longer than the block", "has room for 4", "", ngSecrets(little, 5, "four"), 0},
		{"absurdly long", "has room for 4", "", ngSecrets(little, 0xffffffff, "four"), 0},
		{"long", "", "", ngSecrets(little, 2<<20, strings.Repeat("k", 2<<20)), 1},
		{"over the limit", "", "a copy will lack", ngSecrets(little, MaxAside, strings.Repeat("k", MaxAside)), 0},
		{"together over the limit", "", "a copy will lack", bytes.Repeat(ngSecrets(little, 1<<20, strings.Repeat("k", 1<<20)), 9), 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames, s, err := readAll(t, join(front, tt.secrets, packet))
			wantFault(t, err, tt.fault)
			a := s.(Original).Aside()
			if len(frames) != 1 || len(a.Secrets) != tt.kept {
				t.Errorf("%d frames, %d secrets", len(frames), len(a.Secrets))
			}
			if found := fmt.Sprint(s.Findings()); !strings.Contains(found, tt.finding) || tt.finding != "" && len(s.Findings()) != 1 {
				t.Errorf("findings %s", found)
			}
		})
	}
	if err := NewWriter(new(bytes.Buffer), WriterOptions{}).WriteSecrets(Secrets{Data: make([]byte, MaxAside+1)}); err == nil {
		t.Error("secrets over the limit were written")
	}
}

// TestAsideOfSeveralFiles: each file's names and secrets come before its own
// packets, and all files together keep no more than one may.
func TestAsideOfSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 2 {
		key := fmt.Sprint("key", i)
		file := join(ngSection(little), ngInterfaceBlock(little, 101, 0), ngSecrets(little, 4, key),
			ngNames(little, "\x0a\x00\x00\x01", key+".example\x00"), ngPacket(little, 0, uint64(i), 4, "abcd"),
			ngSecrets(little, MaxAside/2, strings.Repeat("k", MaxAside/2)))
		names = append(names, filepath.Join(dir, key+".pcapng"))
		if err := os.WriteFile(names[i], file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenFiles(names)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	copyBeside(t, s, NewWriter(&out, WriterOptions{}))
	_, again, err := readAll(t, out.Bytes())
	if got := asideText(again.(Original).Aside()); got != "10.0.0.1=key0.example 544c534b:key0 544c534b:key1" || err != nil {
		t.Errorf("the copy says %.200q, %v", got, err)
	}
	if len(s.Findings()) != 2 {
		t.Errorf("findings %v", s.Findings())
	}
}

// TestAsideInEachFileOfARotation: a file that begins later can be decrypted
// alone, and what it repeats does not make it full.
func TestAsideInEachFileOfARotation(t *testing.T) {
	key := strings.Repeat("k", 3000)
	file := [][]byte{ngSection(little), ngInterfaceBlock(little, 101, 0), ngSecrets(little, uint32(len(key)), key), ngNames(little, "\x0a\x00\x00\x01", "one.example\x00")}
	for i := range 40 {
		file = append(file, ngPacket(little, 0, uint64(i), 100, strings.Repeat("p", 100)))
	}
	s, err := NewReader("test", bytes.NewReader(join(file...)))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "x")
	w, err := NewRotatingWriter(name, RotateOptions{Size: 2000})
	if err != nil {
		t.Fatal(err)
	}
	copyBeside(t, s, w)
	if n := len(w.Files()); n < 3 || n > 5 {
		t.Fatalf("%d files", n)
	}
	for _, f := range w.Files() {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		frames, again, err := readAll(t, b)
		if got := asideText(again.(Original).Aside()); got != "10.0.0.1=one.example 544c534b:"+key || err != nil || len(frames) < 2 {
			t.Errorf("%s: %.80q, %d frames, %v", f, got, len(frames), err)
		}
	}
}

// TestManyNames: more names than one block may have stand in several.
func TestManyNames(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{})
	names := make(map[netip.Addr]string)
	for i := range 4000 {
		names[netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})] = fmt.Sprint(i, strings.Repeat(".example", 25))
	}
	if err := w.WriteNames(names); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, s, err := readAll(t, out.Bytes())
	if got := s.(Namer).Names(); err != nil || len(got) != len(names) || len(s.Findings()) > 0 {
		t.Errorf("%d names of %d, %v, %v", len(got), len(names), err, s.Findings())
	}
	if !slices.Equal([]byte(blocksOf(out.Bytes()))[:2], []byte("SN")) {
		t.Errorf("blocks %s", blocksOf(out.Bytes()))
	}
}

// TestInterfacesAreCopied: a copy says of sections and interfaces, also of
// those without packets, and of what each lost, what the file said.
func TestInterfacesAreCopied(t *testing.T) {
	for _, o := range []binary.ByteOrder{little, big} {
		file := join(
			ngBlock(o, blockSection, u32(byteOrderMagic), u16(1), u16(0), int64(-1), ngOption(o, optComment, []byte("on the whole")),
				ngOption(o, optHardware, []byte("vax")), ngOption(o, optOS, []byte("vms")), ngOption(o, optApplication, []byte("dumper"))),
			ngInterfaceBlock(o, 101, 96, ngOption(o, optName, []byte("tun0")), ngOption(o, optResolution, []byte{6}), ngOption(o, optComment, []byte("a word")),
				ngOption(o, optSpeed, words(o, uint64(1e9))), ngOption(o, optMAC, []byte("\x02\x00\x00\x00\x00\x01")),
				ngOption(o, optIPv4, []byte("\x0a\x00\x00\x01\xff\x00\x00\x00")), ngOption(o, optFilter, []byte("\x00port 80")),
				ngOption(o, optIfOS, []byte("os")), ngOption(o, optIfHW, []byte("card")), ngCustom(o, 7, "theirs"), ngOption(o, 999, []byte("unknown"))),
			ngInterfaceBlock(o, 113, 0, ngOption(o, optName, []byte("silent"))),
			ngPacket(o, 0, 5, 4, "abcd"),
			ngBlock(o, blockStatistics, u32(0), u32(0), u32(9), ngOption(o, optComment, []byte("at the end")), ngOption(o, optStart, words(o, u32(0), u32(4))),
				ngOption(o, optReceived, words(o, uint64(100))), ngOption(o, optIfDropped, words(o, uint64(3))), ngOption(o, optOSDropped, words(o, uint64(4)))),
			ngBlock(o, blockStatistics, u32(1), u32(0), u32(0), ngOption(o, optIfDropped, words(o, uint64(5)))))
		var states []string
		for generation := range 3 {
			frames, s, err := readAll(t, file)
			if err != nil || len(frames) != 1 || len(s.Findings()) > 0 || s.Stats().Dropped != 12 {
				t.Fatalf("generation %d: %d frames, %v, %v, %+v", generation, len(frames), err, s.Findings(), s.Stats())
			}
			states = append(states, fmt.Sprintf("%#v %+v", s.Interfaces(), s.(Original).Counts()))
			from := s.(Original).Aside().Sections[0]
			app := []string{"dumper", "tcpsee (copy of dumper)", "tcpsee (copy of dumper)"}[generation]
			if fmt.Sprint(from) != fmt.Sprint(Section{"vax", "vms", app, []string{"on the whole"}}) {
				t.Errorf("generation %d: the section says %q", generation, from)
			}
			again, err := NewReader("test", bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			copyBeside(t, again, NewWriter(&out, WriterOptions{}))
			file = out.Bytes()
		}
		for _, words := range []string{`"tun0"`, "card", "port 80", "theirs", `"silent"`, "at the end"} {
			if !strings.Contains(states[0], words) {
				t.Errorf("the interfaces lack %s: %s", words, states[0])
			}
		}
		if states[1] != states[2] || strings.Contains(states[0], "unknown") {
			t.Errorf("a copy says\n%s, its copy\n%s", states[1], states[2])
		}
		// Of the second interface our copy counts nothing: it has statistics.
		if states[0] != states[1] {
			t.Errorf("the file says\n%s, its copy\n%s", states[0], states[1])
		}
	}
}

// TestLossesAreNotMadeUp: a copy of a file that does not say what was lost does
// not say that nothing was.
func TestLossesAreNotMadeUp(t *testing.T) {
	const lost = 1<<optIfDropped | 1<<optOSDropped
	for name, test := range map[string]struct {
		file []byte
		want bool
	}{
		"nothing said": {join(ngSection(little), ngInterfaceBlock(little, 101, 0), ngPacket(little, 0, 5, 4, "abcd")), false},
		"of one of two": {join(ngSection(little), ngInterfaceBlock(little, 101, 0), ngInterfaceBlock(little, 101, 0), ngPacket(little, 0, 5, 4, "abcd"),
			ngBlock(little, blockStatistics, u32(1), u32(0), u32(0), ngOption(little, optOSDropped, words(little, uint64(0))))), true},
	} {
		s, err := NewReader("test", bytes.NewReader(test.file))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		copyBeside(t, s, NewWriter(&out, WriterOptions{}))
		_, again, err := readAll(t, out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, c := range again.(Original).Counts() {
			if c.has&lost != 0 {
				said++
			}
		}
		if (said == 1) != test.want || said > 1 {
			t.Errorf("%s: the copy says it of %d interfaces", name, said)
		}
	}
}

// TestSnapLengthsOfSeveralFiles: where they differ a copy states none, so that
// tcpdump reads it as it did the files.
func TestSnapLengthsOfSeveralFiles(t *testing.T) {
	for _, tt := range []struct{ first, second, want int }{{96, 96, 96}, {96, 65535, 0}} {
		var out bytes.Buffer
		w := NewWriter(&out, WriterOptions{})
		ifaces := []Interface{{Link: LinkRaw, SnapLen: tt.first}, {Link: LinkRaw, SnapLen: tt.second, File: 1}}
		if err := w.WriteFrame(&Frame{Link: LinkRaw, Interface: 1, File: 1}, ifaces); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, s, err := readAll(t, out.Bytes())
		if got := s.Interfaces(); err != nil || len(got) != 2 || got[0].SnapLen != tt.want || got[1].SnapLen != tt.want {
			t.Errorf("%+v gave %+v, %v", tt, got, err)
		}
	}
}
