package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tcpsee/capture/drive"
)

// asCommand makes the test binary behave as tcpsee, for tests that start it.
const asCommand = "TCPSEE_TEST_AS_COMMAND"

// asPart makes the test binary behave as a part of tcpsee that changes its own
// rights, which a test process could not take back.
const asPart = "TCPSEE_TEST_PART"

func TestMain(m *testing.M) {
	if status, ok := drive.WrapHelper(os.Args); ok {
		os.Exit(status)
	}
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	if os.Getenv(asPart) != "" {
		os.Exit(m.Run()) // testscript's directory would be left: a part is killed, or ends by os.Exit
	}
	testscript.Main(tidyRun{m}, map[string]func(){"tcpsee": main})
}

// tidyRun is the tests' run, and removes what they have built. (testscript.Main
// ends with os.Exit.)
type tidyRun struct{ *testing.M }

func (r tidyRun) Run() int {
	defer built.remove()
	return r.M.Run()
}

// built is the command, as make builds it.
var built builtOnce

type builtOnce struct {
	once sync.Once
	dir  string // empty where nobody has asked for it
	err  error
}

// path returns where the command is.
func (b *builtOnce) path() (string, error) {
	b.once.Do(func() { b.err = b.build() })
	return filepath.Join(b.dir, "tcpsee"), b.err
}

// build builds it where every user may start it.
func (b *builtOnce) build() (err error) {
	if b.dir, err = os.MkdirTemp("", "tcpsee-built-*"); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(b.dir, "tcpsee"), ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

func (b *builtOnce) remove() {
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}

func builtBinary(t *testing.T) string {
	t.Helper()
	path, err := built.path()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScript drives the real main with the scripts of testdata/script.
func TestScript(t *testing.T) {
	captures, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("CAPTURES", captures+"/../../testdata")
			e.Setenv("TERM", "dumb")
			e.Setenv("COLUMNS", "100")
			e.Setenv("LC_ALL", "C.UTF-8")
			return nil
		},
	})
}
