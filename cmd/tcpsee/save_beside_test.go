package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
)

const testKeys = "CLIENT_RANDOM 00112233 44556677\n"

// keyedCapture copies a capture with a TLS key log.
func keyedCapture(t *testing.T, from, to string) {
	t.Helper()
	copyWith(t, from, to, func(w *capture.Writer) error {
		return w.WriteSecrets(capture.Secrets{Kind: 0x544c534b, Data: []byte(testKeys)})
	})
}

// besideOf reads what a file says beside its packets.
func besideOf(t *testing.T, name string) (keys []string, names map[string]string) {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for err == nil {
		_, err = src.Next()
	}
	a := src.(capture.Original).Aside()
	names = make(map[string]string)
	for _, n := range a.Names {
		names[n.Addr.String()] = n.Name
	}
	for _, s := range a.Secrets {
		keys = append(keys, string(s.Data))
	}
	return keys, names
}

// TestSavedKeysAndNames: what decrypts a capture and the names in it stand in
// what is saved of it, also of several files and through a pipe, but never in
// an anonymous copy.
func TestSavedKeysAndNames(t *testing.T) {
	dir := t.TempDir()
	keyed, named := filepath.Join(dir, "keyed.pcapng"), filepath.Join(dir, "named.pcapng")
	raw, noted := filepath.Join(dir, "raw.pcapng"), filepath.Join(dir, "noted.pcapng")
	keyedCapture(t, "../../testdata/s17-tls.pcap", keyed)
	namedCapture(t, "../../testdata/s01-chat-two-hosts.pcap", named)
	check := func(keys, names int) {
		t.Helper()
		for _, file := range []string{raw, noted} {
			gotKeys, gotNames := besideOf(t, file)
			if len(gotKeys) != keys || len(gotNames) != names || keys > 0 && gotKeys[0] != testKeys || names > 0 && gotNames["10.9.0.1"] != "alice.example" {
				t.Errorf("%s: keys %q, names %v", filepath.Base(file), gotKeys, gotNames)
			}
		}
	}
	mustRun(t, "replay", keyed, named, "-q", "-w", raw, "-o", noted)
	check(1, 2)
	if text := mustRun(t, "replay", raw); !strings.Contains(text, "alice.example") {
		t.Errorf("a copy does not show its names:\n%s", text)
	}
	for _, tool := range []string{"tshark", "capinfos"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("not read by %s: %v", tool, err)
			continue
		}
		for _, file := range []string{raw, noted} {
			if out := toolSays(t, tool, map[string][]string{"tshark": {"-r", file}, "capinfos": {file}}[tool]...); tool == "capinfos" && !strings.Contains(out, "decryption secrets in file: 1") {
				t.Errorf("capinfos prints\n%s", out)
			}
		}
	}
	mustRun(t, "replay", keyed, named, "-q", "-w", raw, "-o", noted, "--anonymize")
	check(0, 0)
	for _, file := range []string{raw, noted} {
		if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), "CLIENT_RANDOM") || strings.Contains(string(b), "alice") {
			t.Errorf("%s: an anonymous copy has keys or names, %v", filepath.Base(file), err)
		}
	}
	mustRun(t, "replay", keyed, named, "-q", "-w", raw, "-o", noted, "port", "1")
	check(1, 2)
}

// TestSavedInterfaces: what a capture says of its interfaces and its origin
// stands in a copy, and not in an anonymous one.
func TestSavedInterfaces(t *testing.T) {
	dir := t.TempDir()
	first, raw, hidden := filepath.Join(dir, "first.pcapng"), filepath.Join(dir, "raw.pcapng"), filepath.Join(dir, "hidden.pcapng")
	f, err := os.Create(first)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := capture.NewWriter(f, capture.WriterOptions{Application: "dumper", Hardware: "vax", Comment: "in the zebra room"})
	option := "\x0c\x00\x05\x00zebra\x00\x00\x00" // the system of an interface
	ifaces := []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet, SnapLen: 1500, Options: option}, {Name: "silent", Link: capture.LinkEthernet, SnapLen: 1500}}
	if err := w.WriteFrame(&capture.Frame{Time: 1, Link: capture.LinkEthernet, Data: make([]byte, 60), OrigLen: 60}, ifaces); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "replay", first, "-q", "-w", raw)
	mustRun(t, "replay", raw, "-q", "-w", hidden, "--anonymize")
	src, err := capture.OpenFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Next(); err != nil {
		t.Fatal(err)
	}
	if list := src.Interfaces(); list[0] != ifaces[0] {
		t.Errorf("interfaces %+v", list)
	}
	if s := src.(capture.Original).Aside().Sections[0]; s.Hardware != "vax" || !strings.HasSuffix(s.Application, " (copy of dumper)") || len(s.Comments) != 1 {
		t.Errorf("section %+v", s)
	}
	if b, err := os.ReadFile(hidden); err != nil || strings.Contains(string(b), "zebra") || strings.Contains(string(b), "vax") {
		t.Errorf("an anonymous copy says where it is from, %v", err)
	}
	if _, err := exec.LookPath("capinfos"); err != nil {
		t.Logf("not read by capinfos: %v", err)
		return
	}
	if out := toolSays(t, "capinfos", raw); !strings.Contains(out, "Operating system = zebra") || !strings.Contains(out, "in the zebra room") {
		t.Errorf("capinfos prints\n%s", out)
	}
}
