package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFilesOfSudo: whatever a command called with sudo writes is the user's
// who called it.
func TestFilesOfSudo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files away takes root")
	}
	dir := t.TempDir()
	names := []string{"packets.pcapng", "page.html", "data.ndjson", "annotated.pcapng"}
	args := []string{"replay", filepath.Join("..", "..", "testdata", "s01-chat.pcap"), "-q", "-w", filepath.Join(dir, names[0])}
	for _, name := range names[1:] {
		args = append(args, "-o", filepath.Join(dir, name))
	}
	cmd := exec.Command(builtBinary(t), args...)
	cmd.Env = append(os.Environ(), "SUDO_UID=65534", "SUDO_GID=65534")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if s := info.Sys().(*syscall.Stat_t); s.Uid != nobody || s.Gid != nobody || info.Size() == 0 {
			t.Errorf("%s: user %d, group %d, %d bytes", name, s.Uid, s.Gid, info.Size())
		}
	}
}
