package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEmbed: the file in a page says of its connections what the capture says
// that the page was made of, socket calls included.
func TestEmbed(t *testing.T) {
	for _, name := range []string{"demo.pcapng", "../../testdata/s07-backlog.pcap", "../../testdata/s05-unreachable.pcap"} {
		dir := t.TempDir()
		page, copied := filepath.Join(dir, "page.html"), filepath.Join(dir, "copy"+filepath.Ext(name))
		mustRun(t, "replay", name, "-q", "-o", page, "--embed")
		if err := os.WriteFile(copied, embeddedIn(t, page), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := events(mustRun(t, "replay", copied, "-o", "ndjson")), events(mustRun(t, "replay", name, "-o", "ndjson")); got != want {
			t.Errorf("%s: the embedded file says\n%s\nthe capture says\n%s", name, got, want)
		}
	}
}

// embeddedIn is the file in a page.
func embeddedIn(t *testing.T, page string) []byte {
	t.Helper()
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(html), `href="data:application/octet-stream;base64,`)
	text, _, _ := strings.Cut(rest, `"`)
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		t.Fatalf("%s: no file in the page: %v", page, err)
	}
	return b
}

// TestEmbedAnonymized: the file in a page says of itself what -w writes into one.
func TestEmbedAnonymized(t *testing.T) {
	dir := t.TempDir()
	page, file := filepath.Join(dir, "page.html"), filepath.Join(dir, "file.pcapng")
	mustRun(t, "replay", "demo.pcapng", "-q", "-o", page, "--embed", "-w", file, "--anonymize")
	saved, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(saved), anonymized) {
		t.Fatalf("the file says nothing: %v", err)
	}
	if got := embeddedIn(t, page); !strings.Contains(string(got), anonymized) {
		t.Error("the file in the page does not say that it is anonymized")
	}
}

// events leaves out the object about the capture, which names the file.
func events(ndjson string) string {
	var out []string
	for line := range strings.Lines(ndjson) {
		if !strings.HasPrefix(line, `{"type":"capture"`) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
