package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
)

// readComments returns the comments that tcpsee wrote on the frames of a file.
func readComments(t *testing.T, name string) map[int64]string {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	found := make(map[int64]string)
	for {
		frames, err := src.Next()
		for _, f := range frames {
			for _, c := range f.Comments {
				if strings.HasPrefix(c, "tcpsee: ") {
					found[f.Number] += c
				}
			}
		}
		if err != nil {
			return found
		}
	}
}

// expectedComments is how the comments begin that NDJSON's segments must have.
func expectedComments(t *testing.T, ndjson string) map[int64]string {
	t.Helper()
	want := make(map[int64]string)
	for line := range strings.Lines(ndjson) {
		var s struct {
			Type, Kind, From, Role string
			Frame, Conn            int64
			Labels                 json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Type != "segment" {
			continue
		}
		var labels []string
		if err := json.Unmarshal(s.Labels, &labels); err != nil {
			t.Fatal(err)
		}
		begin := fmt.Sprintf("tcpsee: connection %d: %s from the %s", s.Conn, s.Kind, s.From)
		for _, l := range labels {
			begin += ", " + l
		}
		if s.Role == "handshake" {
			begin += ", completes the handshake"
		}
		want[s.Frame] = begin + "."
	}
	return want
}

// TestCommentsAgree holds the packet comments of annotated captures against
// NDJSON, segment by segment.
func TestCommentsAgree(t *testing.T) {
	names, _ := filepath.Glob("../../testdata/*.pcap")
	if len(names) == 0 {
		t.Skip("no captures in ../../testdata")
	}
	for _, name := range names {
		file := filepath.Join(t.TempDir(), "x.pcapng")
		want := expectedComments(t, mustRun(t, "replay", name, "-o", "ndjson", "-o", file))
		got := readComments(t, file)
		for n, begin := range want {
			if !strings.HasPrefix(got[n], begin) {
				t.Errorf("%s: frame %d: %q does not begin with %q", name, n, got[n], begin)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d comments for %d segments", name, len(got), len(want))
		}
	}
}

// namedCapture copies a capture with names for two addresses of it.
func namedCapture(t *testing.T, from, to string) {
	t.Helper()
	names := map[netip.Addr]string{netip.MustParseAddr("10.9.0.1"): "alice.example", netip.MustParseAddr("10.9.1.2"): "bob.example"}
	copyWith(t, from, to, func(w *capture.Writer) error { return w.WriteNames(names) })
}

// copyWith copies a capture's packets behind what beside writes.
func copyWith(t *testing.T, from, to string, beside func(*capture.Writer) error) {
	t.Helper()
	src, err := capture.OpenFile(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := capture.NewWriter(f, capture.WriterOptions{})
	if err := beside(w); err != nil {
		t.Fatal(err)
	}
	for {
		frames, end := src.Next()
		for i := range frames {
			if err := w.WriteFrame(&frames[i], src.Interfaces()); err != nil {
				t.Fatal(err)
			}
		}
		if end != nil {
			break
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func toolSays(t *testing.T, name string, args ...string) string {
	t.Helper()
	var errs strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// TestTsharkReadsComments lets tshark print what an annotated capture says,
// names included, and lets editcap add a word that tcpsee then shows.
func TestTsharkReadsComments(t *testing.T) {
	for _, tool := range []string{"tshark", "editcap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here: %v", tool, err)
		}
	}
	dir := t.TempDir()
	named, noted, edited := filepath.Join(dir, "named.pcapng"), filepath.Join(dir, "noted.pcapng"), filepath.Join(dir, "edited.pcapng")
	namedCapture(t, "../../testdata/s01-chat-two-hosts.pcap", named)
	mustRun(t, "replay", named, "-q", "-o", noted)
	out := toolSays(t, "tshark", "-r", noted, "-N", "n", "-T", "fields", "-e", "frame.number", "-e", "ip.src_host", "-e", "frame.comment")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 10 || !strings.HasPrefix(lines[0], "1\talice.example\ttcpsee: connection 1: SYN from the client.") ||
		!strings.HasPrefix(lines[1], "2\tbob.example\ttcpsee: connection 1: SYN-ACK from the server.") {
		t.Errorf("tshark prints\n%s", out)
	}
	toolSays(t, "editcap", "-a", "4:look here", noted, edited)
	if text := mustRun(t, "replay", edited); !strings.Contains(text, "comment: look here") {
		t.Errorf("after editcap tcpsee draws\n%s", text)
	}
}

// TestAnonymousExport makes every format of an anonymous capture and looks in
// them for what the original says; tshark finds every checksum good.
func TestAnonymousExport(t *testing.T) {
	dir := t.TempDir()
	named := filepath.Join(dir, "zebra7.pcapng")
	namedCapture(t, "../../testdata/s01-chat-two-hosts.pcap", named)
	original := mustRun(t, "replay", named)
	for _, secret := range []string{"10.9.0.1", "bob.example", "Hello", "zebra7"} {
		if !strings.Contains(original, secret) {
			t.Fatalf("the original does not show %q", secret)
		}
	}
	args := []string{"replay", named, "--anonymize"}
	var files []string
	for _, ending := range formatEndings() {
		file := filepath.Join(dir, "out"+ending)
		files = append(files, file)
		args = append(args, "-o", file)
	}
	raw := filepath.Join(dir, "raw.pcapng")
	text := mustRun(t, append(args, "-w", raw)...)
	check := func(what, content string) {
		for _, secret := range []string{"10.9.0.1", "10.9.1.2", "alice", "bob.example", "Hello", "World", "zebra7"} {
			if strings.Contains(content, secret) {
				t.Errorf("%s still says %q", what, secret)
			}
		}
		if !strings.Contains(content, "Anonymized") && !strings.HasSuffix(what, ".csv") {
			t.Errorf("%s does not say that it is anonymous", what)
		}
	}
	check("the picture", text)
	for _, file := range append(files, raw) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check(file, string(b))
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Logf("checksums not read by tshark: %v", err)
		return
	}
	bad := toolSays(t, "tshark", "-r", raw, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", "tcp.checksum.status != 1 || ip.checksum.status != 1")
	if bad != "" {
		t.Errorf("tshark finds bad checksums:\n%s", bad)
	}
}
