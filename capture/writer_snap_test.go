package capture

import "testing"

// TestSnapLensCountOnce holds that each interface is looked at once, however
// many there are, and that a snap length is written unless files differ in it.
func TestSnapLensCountOnce(t *testing.T) {
	var l snapLens
	var ifaces []Interface
	for i := range 100 {
		ifaces = append(ifaces, Interface{SnapLen: 96 + i})
		if got := l.of(ifaces[i], ifaces); got != 96+i || l.looked != i+1 {
			t.Fatalf("interface %d: %d, %d looked at", i, got, l.looked)
		}
	}
	ifaces = append(ifaces, Interface{File: 1, SnapLen: 96})
	if got := l.of(ifaces[0], ifaces); got != 96 || l.looked != 101 {
		t.Errorf("equal in both files: %d, %d looked at", got, l.looked)
	}
	if got := l.of(ifaces[1], ifaces); got != 0 {
		t.Errorf("another in the other file: %d, want 0", got)
	}
}
