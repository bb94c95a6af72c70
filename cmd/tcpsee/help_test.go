package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryHelpHasAnExample: each command that people can find shows how it is
// typed.
func TestEveryHelpHasAnExample(t *testing.T) {
	a := &app{}
	seen := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			walk(c)
		}
		if cmd.Hidden || !cmd.Runnable() || cmd.Name() == "help" {
			return
		}
		seen++
		if !strings.Contains(cmd.Example, "tcpsee") {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
	}
	walk(a.root())
	if seen < 10 {
		t.Errorf("only %d commands", seen)
	}
}
