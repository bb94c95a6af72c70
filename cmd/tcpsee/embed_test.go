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
		html, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, ok := strings.Cut(string(html), `href="data:application/octet-stream;base64,`)
		text, _, _ := strings.Cut(rest, `"`)
		b, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			t.Fatalf("%s: no file in the page: %v", name, err)
		}
		if err := os.WriteFile(copied, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := events(mustRun(t, "replay", copied, "-o", "ndjson")), events(mustRun(t, "replay", name, "-o", "ndjson")); got != want {
			t.Errorf("%s: the embedded file says\n%s\nthe capture says\n%s", name, got, want)
		}
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
