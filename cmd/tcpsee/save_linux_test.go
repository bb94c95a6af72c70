package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFilesOfSudo: whatever a command called with sudo writes is the user's
// who called it, and is nothing that this user could not write.
func TestFilesOfSudo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files away takes root")
	}
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chown(dir, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
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
	ours := filepath.Join(dir, "ours.svg")
	if err := os.WriteFile(ours, []byte("of root"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(builtBinary(t), "replay", args[1], "-q", "-o", ours)
	cmd.Env = append(os.Environ(), "SUDO_UID=65534", "SUDO_GID=65534")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("a file of root's is written: %s", out)
	}
	if b, err := os.ReadFile(ours); err != nil || string(b) != "of root" {
		t.Errorf("a file of root's reads %q, %v", b, err)
	}
}
