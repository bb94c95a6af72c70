package main

import (
	"errors"
	"strings"
	"testing"
)

// TestRoomForFiles: a limit that is too low is named with the way out before
// anything fails, and only where files are opened.
func TestRoomForFiles(t *testing.T) {
	few := func(enough int) (int, int) { return 20, 17 }
	root := (&app{}).root()
	for name, refused := range map[string]bool{"watch": true, "run": true, "connect": true, "listen": true, "replay": true, "demo": true, "version": false, "doctor": false} {
		cmd, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		err = roomForFiles(cmd, few)
		if (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), name+" opens up to 20 files, and the limit of 20 ") || !strings.Contains(hintFor(err), "prlimit --nofile=1024")) {
			t.Errorf("%s: %v, hint %q", name, err, hintFor(err))
		}
		var failed *failedRun
		if errors.As(err, &failed) != (name == "run") {
			t.Errorf("%s has the wrong status: %v", name, err)
		}
		if err := roomForFiles(cmd, func(enough int) (int, int) { return 1024, enough }); err != nil {
			t.Errorf("%s with room: %v", name, err)
		}
	}
	if _, free := openFiles(filesNeeded); free < filesNeeded {
		t.Skipf("only %d files are left to this test", free)
	}
}
