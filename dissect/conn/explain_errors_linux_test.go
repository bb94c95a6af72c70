package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFailuresAreTheSystems holds names, texts and numbers against those of the
// system that the test runs on.
func TestFailuresAreTheSystems(t *testing.T) {
	for i := range socketFailures {
		f := &socketFailures[i]
		if len(f.numbers) == 0 {
			continue
		}
		errno := unix.Errno(f.numbers[0])
		if name := unix.ErrnoName(errno); name != f.Term && !slices.Contains(f.forms, name) {
			t.Errorf("%s: number %d is %s here", f.Term, errno, name)
		}
		if text := errno.Error(); text != strings.ToLower(f.Title) {
			t.Errorf("%s: %q is %q here", f.Term, f.Title, text)
		}
		for _, message := range []string{errno.Error(), fmt.Sprintf("[Errno %d]", errno), fmt.Sprintf("OSError: [Errno %d] %s", errno, f.Title)} {
			if e, _ := Explain(message); e.Term != f.Term && f.Term != "ENONET" { // whose number is EHOSTDOWN's elsewhere
				t.Errorf("%s is explained as %q, want %s", message, e.Term, f.Term)
			}
		}
	}
}
