package main

import (
	"slices"
	"testing"

	"tcpsee/capture"
)

// TestFindingsAreCounted: what has happened several times is said once.
func TestFindingsAreCounted(t *testing.T) {
	down := capture.Fault{File: "eth0", Offset: -1, Reason: "the interface went down"}
	other := capture.Fault{File: "a.pcap", Offset: 24, Record: 1, Reason: "too long"}
	got := counted([]capture.Fault{down, other, down})
	if want := []string{"eth0: the interface went down (2 times)", "a.pcap: record 1 at byte 24: too long"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := counted(nil); got != nil {
		t.Errorf("of none: %q", got)
	}
}
