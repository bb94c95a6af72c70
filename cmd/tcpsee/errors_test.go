package main

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tcpsee/capture/drive"
)

// TestStorageHints: what to do about a file that can grow no more, without a flag
// that not every command has.
func TestStorageHints(t *testing.T) {
	root := (&app{}).root()
	for errno, want := range map[syscall.Errno]string{syscall.ENOSPC: "df -h", syscall.EDQUOT: "quota -s", syscall.EFBIG: "ulimit -f"} {
		hint := hintFor(&os.PathError{Op: "write", Path: "x.pcapng", Err: errno})
		if !strings.Contains(hint, want) {
			t.Errorf("%v: %q lacks %q", errno, hint, want)
		}
		for _, word := range strings.Fields(hint) {
			name, isFlag := strings.CutPrefix(word, "--")
			for _, command := range []string{"watch", "run", "connect", "listen", "replay"} {
				if c, _, err := root.Find([]string{command}); isFlag && (err != nil || c.Flags().Lookup(name) == nil) {
					t.Errorf("%v: %s has no --%s", errno, command, name)
				}
			}
		}
	}
}

// TestBrokenPipes: a reader of our output that leaves is no failure, and a
// connection that breaks while something is sent is one, though the system says
// the same of both.
func TestBrokenPipes(t *testing.T) {
	output := &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
	send := &drive.OpError{Call: "send", Addr: netip.MustParseAddrPort("10.0.0.2:3000"), Err: syscall.EPIPE}
	for _, tt := range []struct {
		err    error
		status int
		says   string
	}{
		{output, exitOK, ""},
		{&drive.OutputError{Err: output}, exitOK, ""},
		{send, exitFailure, "error: send 10.0.0.2:3000: broken pipe\nhint: the other side has closed"},
		{errors.Join(send, output), exitFailure, "error: send 10.0.0.2:3000: broken pipe"},
	} {
		name := filepath.Join(t.TempDir(), "stderr")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		status := (&app{std: stdio{err: f}}).exit(tt.err)
		said, err := os.ReadFile(name)
		if status != tt.status || err != nil || !strings.HasPrefix(string(said), tt.says) || (tt.says == "") != (len(said) == 0) {
			t.Errorf("%v: status %d and %q, want %d and %q; %v", tt.err, status, said, tt.status, tt.says, err)
		}
	}
}
