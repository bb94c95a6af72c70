package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

func TestFailures(t *testing.T) {
	full := func(name string) error { return &fs.PathError{Op: "write", Path: name, Err: syscall.ENOSPC} }
	left := fmt.Errorf("write /dev/stdout: %w", syscall.EPIPE)
	for want, list := range map[string][]error{
		"<nil>":                            {nil, nil},
		"write a: no space left on device": {full("a"), nil, full("a")},
		"write a: no space left on device\nwrite b: no space left on device":     {full("a"), full("b"), full("a"), full("b")},
		"write b: no space left on device":                                       {left, full("b")},
		"write /dev/stdout: broken pipe":                                         {left, left},
		"save capture: write c: no space left on device\nwrite d: strange error": {fmt.Errorf("save capture: %w", full("c")), left, errors.New("write d: strange error")},
	} {
		var f failures
		for _, err := range list {
			f.add(err)
		}
		if got := fmt.Sprint(f.err()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var f failures
	for i := range 2 * maxFailures {
		f.add(fmt.Errorf("error %d", i))
	}
	if len(f) != maxFailures {
		t.Errorf("%d are kept", len(f))
	}
}
