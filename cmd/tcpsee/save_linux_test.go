package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// TestFileSizeLimit: a file that becomes longer than ulimit -f allows is an error
// that is told, and no sudden end; what is in the file can be read.
func TestFileSizeLimit(t *testing.T) {
	file := t.TempDir() + "/x.pcapng"
	p := start(t, exec.Command("sh", "-c", `ulimit -f 1; exec "$@"`, "sh", builtBinary(t), "replay",
		filepath.Join("..", "..", "testdata", "s01-chat.pcap"), "-q", "-w", file))
	if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "file too large") || !strings.Contains(p.err.String(), "hint: ulimit -f") {
		t.Errorf("exit status %d\n%s", status, p.err)
	}
	if out, err := tcpsee("replay", file, "-o", "ndjson").CombinedOutput(); err != nil || !strings.Contains(string(out), `"segment"`) {
		t.Errorf("the file reads %v\n%s", err, out)
	}
}

// TestFileSizeLimitOfLines: data in lines end with a whole one.
func TestFileSizeLimitOfLines(t *testing.T) {
	for ending, blocks := range map[string]string{".ndjson": "8", ".csv": "1"} {
		file := t.TempDir() + "/x" + ending
		p := start(t, exec.Command("sh", "-c", `ulimit -f `+blocks+`; exec "$@"`, "sh", builtBinary(t), "replay",
			filepath.Join("..", "..", "testdata", "s01-chat.pcap"), "-q", "-o", file))
		if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "file too large") {
			t.Errorf("exit status %d\n%s", status, p.err)
		}
		b, err := os.ReadFile(file)
		if err != nil || len(b) == 0 || b[len(b)-1] != '\n' {
			t.Errorf("%s ends with %q, %v", ending, b[max(0, len(b)-20):], err)
		}
	}
}

// TestEachFullDiskIsNamed: where several outputs cannot be written, each is
// named, and the way out is told once.
func TestEachFullDiskIsNamed(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full: " + err.Error())
	}
	defer full.Close()
	page := filepath.Join(t.TempDir(), "page.html")
	if err := os.Symlink("/dev/full", page); err != nil {
		t.Fatal(err)
	}
	cmd := tcpsee("replay", filepath.Join("..", "..", "testdata", "s01-chat.pcap"), "-w", "/dev/full", "-o", "ndjson", "-o", page)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = full, &said
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailure {
		t.Errorf("ended with %v", err)
	}
	for _, want := range []string{"write /dev/stdout: no space left", "write /dev/full: no space left", "write " + page + ": no space left", "hint: df -h"} {
		if strings.Count(said.String(), want) != 1 {
			t.Errorf("%q is not told once:\n%s", want, said.String())
		}
	}
}
