package render

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// onScreen shows text on the screen of a real terminal emulator, so many
// columns wide, and returns the lines that stand there afterwards.
func onScreen(t *testing.T, text string, width int) []string {
	t.Helper()
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		t.Skipf("no terminal to look at: %v", err)
	}
	dir := t.TempDir()
	shown, done := filepath.Join(dir, "shown"), filepath.Join(dir, "done")
	if err := os.WriteFile(shown, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "tmux")
	run := func(args ...string) (string, error) {
		cmd := exec.Command(tmux, append([]string{"-u", "-f", "/dev/null", "-S", socket}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX=", "TMUX_TMPDIR="+dir)
		out, err := cmd.Output()
		return string(out), err
	}
	show := fmt.Sprintf("cat '%s'; : >'%s'; sleep 600", shown, done)
	if _, err := run("set", "-g", "history-limit", "100000", ";", "new-session", "-d", "-x", fmt.Sprint(width), "-y", "50", show); err != nil {
		t.Skipf("no terminal to look at: %v", err)
	}
	defer func() { _, _ = run("kill-server") }()
	for range 500 {
		if _, err = os.Stat(done); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal("the terminal does not show the text")
	}
	want := strings.Count(text, "\n")
	var lines []string
	for range 100 { // what cat wrote is on its way through the terminal
		out, err := run("capture-pane", "-p", "-S", "-")
		if err != nil {
			t.Fatal(err)
		}
		lines = strings.Split(strings.TrimRight(out, "\n"), "\n")
		if len(lines) >= want && strings.Contains(out, lastLine) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return lines
}

// lastLine stands at the end of a text, to see that all of it has come.
const lastLine = "this is the last line"

// TestHostileOnAScreen shows pictures of payloads and names that want to be
// more than text on a real screen: each line stands there as it was written,
// where it was written.
func TestHostileOnAScreen(t *testing.T) {
	const width = 80
	var text bytes.Buffer
	for _, p := range hostilePayloads() {
		if len(p) > 10_000 { // the length matters to us, and not to the terminal
			p = p[:10_000]
		}
		s, o := hostileScene(p, width)
		name := p[:min(len(p), 100)]
		o.ProcessName = func(netip.AddrPort) string { return name }
		text.WriteString(timelineOf(t, s, o))
	}
	text.WriteString(lastLine + "\n")
	want := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	got := onScreen(t, text.String(), width)
	for i := range want {
		w := strings.TrimRight(want[i], " ")
		if i >= len(got) || strings.TrimRight(got[i], " ") != w {
			g := ""
			if i < len(got) {
				g = got[i]
			}
			t.Fatalf("line %d of %d stands there as\n%q, and was written as\n%q", i+1, len(want), g, w)
		}
	}
}
