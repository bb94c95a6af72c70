package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tcpsee/capture/drive"
)

// asCommand makes the test binary behave as tcpsee, for tests that start it.
const asCommand = "TCPSEE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if status, ok := drive.WrapHelper(os.Args); ok {
		os.Exit(status)
	}
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"tcpsee": main})
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
