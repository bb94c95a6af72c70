package main

import (
	"errors"
	"testing"
	"time"
)

// TestRotationThatCannotBe: flags of rotation that say nothing that can be done
// are wrong usage, and no failure of saving.
func TestRotationThatCannotBe(t *testing.T) {
	for _, s := range []saveFlags{
		{file: "-", size: 1000}, {file: "-", every: time.Second}, {file: "x.pcapng", count: 3},
		{file: "x.pcapng", size: -1}, {file: "x.pcapng", every: -1, count: 3},
	} {
		var wrong *usageError
		if err := s.check(&pictureFlags{}, false); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	good := saveFlags{file: "x.pcapng", every: time.Second, count: 3}
	if err := good.check(&pictureFlags{}, false); err != nil {
		t.Error(err)
	}
}
