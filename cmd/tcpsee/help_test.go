package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tcpsee/render"
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

// TestHelpNamesEveryColumn: the help has each column of CSV, with what it
// holds, in lines that fit a terminal.
func TestHelpNamesEveryColumn(t *testing.T) {
	help := csvHelp()
	for _, c := range append(render.SegmentColumns(), render.ConnectionColumns()...) {
		for _, name := range strings.Split(c.Names, ",") {
			if !strings.Contains(help, " "+name) {
				t.Errorf("the help lacks %s", name)
			}
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > columnsWidth+1 {
			t.Errorf("too wide: %s", line)
		}
	}
}
