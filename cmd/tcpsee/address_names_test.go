package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
