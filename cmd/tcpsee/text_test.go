package main

import "testing"

func TestFolded(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{
		{"short", 20, "hint: short\n"},
		{"choose a port from 1024 up, or use sudo", 0, "hint: choose a port from 1024 up, or use sudo\n"},
		{"choose a port from 1024 up, or use sudo", 30, "hint: choose a port from 1024\n      up, or use sudo\n"},
		{"one\ntwo", 0, "hint: one\n      two\n"},
		{"nc -l  3000", 20, "hint: nc -l  3000\n"},
		{"überall paßt ein Ü", 24, "hint: überall paßt ein Ü\n"},
	} {
		if got := folded("hint: ", c.text, c.columns); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}
