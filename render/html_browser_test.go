package render_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tcpsee/render"
)

// browserTime is what all checks in the browser may take together.
const browserTime = 8 * time.Minute

// TestPageInBrowser opens the pages of all recorded captures, and of scenes
// that are worse, in a browser: every control is used, by mouse and by
// keyboard; nothing may be asked for, logged, or be too wide; the rules of
// axe-core hold. The checks are in testdata/browser/pages.cjs.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("short: no browser")
	}
	chromium := browserFor(t)
	dir := t.TempDir()
	writePages(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/browser/pages.cjs", dir, chromium)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	checks := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var c struct {
			Name, Note, Error string
			MS                int
		}
		if json.Unmarshal(lines.Bytes(), &c) != nil {
			t.Errorf("said: %s", lines.Text())
			continue
		}
		checks++
		t.Run(c.Name, func(t *testing.T) {
			t.Logf("%d ms %s", c.MS, c.Note)
			if c.Error != "" {
				t.Error(c.Error)
			}
		})
	}
	if err != nil || checks == 0 {
		t.Errorf("%d checks: %v\n%s", checks, err, errs.String())
	}
}

// browserFor finds chromium, node and the modules, or skips.
func browserFor(t *testing.T) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node here")
	}
	if err := exec.Command("node", "-e", "require.resolve('playwright-core');require.resolve('axe-core')").Run(); err != nil {
		t.Skip("NODE_PATH leads to no playwright-core and axe-core")
	}
	return chromium
}

// writePages writes a page of each capture and scene.
func writePages(t *testing.T, dir string) {
	t.Helper()
	names, _ := filepath.Glob("../testdata/*.pcap")
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".pcap")
		var page bytes.Buffer
		replay(t, name, render.NewHTML(&page, render.Options{Embed: base == "s01-chat", Files: []string{name}}))
		keepPage(t, dir, base, &page)
	}
	for name, s := range render.ScenePages() {
		var page bytes.Buffer
		r := render.NewHTML(&page, s.Options)
		for i := range s.Events {
			if err := r.Event(&s.Events[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		keepPage(t, dir, name, &page)
	}
}

func keepPage(t *testing.T, dir, name string, page *bytes.Buffer) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name+".html"), page.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("TCPSEE_PICTURES"); dir != "" {
		os.WriteFile(filepath.Join(dir, name+".html"), page.Bytes(), 0o644)
	}
}
