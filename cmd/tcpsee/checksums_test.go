package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadChecksum: a checksum that is neither right nor left to the network
// card is said to be bad, on its row and nowhere else.
func TestBadChecksum(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "s01-chat-two-hosts.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	const (
		at  = 24 + 16 + 14 // file header, record header, Ethernet
		tcp = at + 20 + 16 // the checksum in the header behind IPv4's
	)
	if b[at] != 0x45 {
		t.Fatalf("the first frame is not IPv4 without options: %#x", b[at])
	}
	b[tcp], b[tcp+1] = 0x12, 0x34
	file := filepath.Join(t.TempDir(), "bad.pcap")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	picture := mustRun(t, "replay", file)
	if strings.Count(picture, "bad TCP checksum") != 1 || strings.Contains(picture, "IP checksum") {
		t.Error(picture)
	}
	for _, flags := range [][]string{{"--view", "ladder"}, {"--plain"}, {"-o", "text"}} {
		if picture := mustRun(t, append([]string{"replay", file}, flags...)...); strings.Count(picture, "bad TCP checksum") != 1 {
			t.Errorf("%v:\n%s", flags, picture)
		}
	}
	for _, ending := range []string{".txt", ".svg", ".mmd", ".puml", ".tex", ".md", ".html"} {
		to := filepath.Join(t.TempDir(), "bad"+ending)
		mustRun(t, "replay", file, "-q", "-o", to)
		if b, err := os.ReadFile(to); err != nil || !strings.Contains(string(b), "bad TCP checksum") {
			t.Errorf("%s says nothing of a bad checksum: %v", ending, err)
		}
	}
	data := strings.Split(mustRun(t, "replay", file, "--checksums", "-o", "ndjson"), "\n")
	if !strings.Contains(data[0], `"checksums":{"ip":"good","tcp":"bad"}`) || strings.Contains(data[1], `"bad"`) {
		t.Error(data[0], data[1])
	}
}
