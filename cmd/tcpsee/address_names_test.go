package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestAddressNames: the names that a pcapng file has for addresses stand in
// the card, harmless, unless -n is given.
func TestAddressNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "named.pcapng")
	mustRun(t, "replay", filepath.Join("..", "..", "testdata", "s01-chat-two-hosts.pcap"), "-q", "-w", file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var body []byte
	for _, n := range []string{"\x0a\x09\x00\x01alice.example\x00", "\x0a\x09\x01\x02bob\x1b[2J\x00"} {
		body = binary.LittleEndian.AppendUint16(body, 1) // an IPv4 record
		body = binary.LittleEndian.AppendUint16(body, uint16(len(n)))
		body = append(body, n...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	body = append(body, 0, 0, 0, 0) // the end of the records
	total := uint32(len(body) + 12)
	block := binary.LittleEndian.AppendUint32(nil, 4)
	block = binary.LittleEndian.AppendUint32(block, total)
	block = binary.LittleEndian.AppendUint32(append(block, body...), total)
	header := binary.LittleEndian.Uint32(b[4:]) // of the section: the names follow it
	named := append(append(append([]byte(nil), b[:header]...), block...), b[header:]...)
	if err := os.WriteFile(file, named, 0o600); err != nil {
		t.Fatal(err)
	}
	picture := mustRun(t, "replay", file)
	if !strings.Contains(picture, "10.9.0.1 (alice.example) to 10.9.1.2 (bob") || strings.Contains(picture, "\x1b") {
		t.Error(picture)
	}
	if picture := mustRun(t, "replay", file, "-n"); strings.Contains(picture, "alice") {
		t.Error(picture)
	}
}

// TestNamesFromDNS: what a capture's own DNS answers tell stands in the card,
// and the question and its answer before the connection.
func TestNamesFromDNS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "asked.pcap")
	datagram := func(src, dst string, sport, dport uint16, m []byte) []byte {
		b := append(bytes.Repeat([]byte{2}, 12), 8, 0, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(28+len(m)))
		b = append(b, 0, 1, 0, 0, 64, 17, 0, 0)
		for _, a := range []string{src, dst} {
			b = append(b, netip.MustParseAddr(a).AsSlice()...)
		}
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, sport), dport)
		b = binary.BigEndian.AppendUint16(b, uint16(8+len(m)))
		return append(append(b, 0, 0), m...)
	}
	question := "\x03www\x07example\x00\x00\x01\x00\x01"
	ask := datagram("10.9.0.1", "10.9.0.53", 40000, 53, []byte("\x00\x09\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"+question))
	answer := datagram("10.9.0.53", "10.9.0.1", 53, 40000, []byte("\x00\x09\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"+question+
		"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x09\x01\x02"))
	src, err := capture.OpenFile(filepath.Join("..", "..", "testdata", "s01-chat-two-hosts.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.WriterOptions{})
	for first := true; ; first = false {
		frames, err := src.Next()
		for i := range frames {
			f := &frames[i]
			if first && i == 0 {
				for k, data := range [][]byte{ask, answer} {
					x := capture.Frame{Time: f.Time - capture.Stamp(1-k) - 1, Data: data, OrigLen: len(data), Link: f.Link, Interface: f.Interface}
					if err := w.WriteFrame(&x, src.Interfaces()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.WriteFrame(f, src.Interfaces()); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	picture := mustRun(t, "replay", file, "--width", "120")
	for _, want := range []string{"10.9.0.1 to 10.9.1.2 (www.example)", "DNS  asks 10.9.0.53: IPv4 address of www.example?", "DNS  www.example is 10.9.1.2, says 10.9.0.53"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in\n%s", want, picture)
		}
	}
	if picture := mustRun(t, "replay", file, "-n"); strings.Contains(picture, "(www.example)") {
		t.Error(picture)
	}
	if picture := mustRun(t, "replay", file, "tcp"); strings.Contains(picture, "www.example") {
		t.Errorf("a filter that leaves DNS out leaves in\n%s", picture)
	}
	if data := mustRun(t, "replay", file, "-o", "ndjson"); strings.Count(data, `{"type":"dns"`) != 2 || !strings.Contains(data, `"answers":[{"addr":"10.9.1.2","name":"www.example"}]`) {
		t.Error(data)
	}
}

// TestLearnedBounded: of more names than are remembered the oldest are
// forgotten, and a name that was asked for is kept against what a pointer says.
func TestLearnedBounded(t *testing.T) {
	var n learnedNames
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	tell := func(i int, name string, pointer bool) {
		n.hear(&conn.Lookup{DNS: dissect.DNS{Answers: []dissect.DNSAnswer{{Addr: addr(i), Name: name, Pointer: pointer}}}})
	}
	const more = 100
	for i := range maxLearned + more {
		tell(i, "asked.example", false)
	}
	tell(maxLearned, "pointer.example", true)
	tell(maxLearned+1, "anew.example", false)
	name := n.namer(nil)
	if len(n.names) != maxLearned || len(n.order) != maxLearned || name(addr(more-1)) != "" || name(addr(more)) != "asked.example" ||
		name(addr(maxLearned)) != "asked.example" || name(addr(maxLearned+1)) != "anew.example" {
		t.Errorf("%d names, %d in order", len(n.names), len(n.order))
	}
}
