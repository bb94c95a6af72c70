package conn

import (
	"testing"
	"unsafe"
)

func TestEntrySizes(t *testing.T) {
	if n := unsafe.Sizeof(entry{}); n > 128 {
		t.Errorf("a half-open connection takes %d bytes, want at most 128", n)
	}
	if n := unsafe.Sizeof(entry{}) + unsafe.Sizeof(body{}); n > 256 {
		t.Errorf("a connection with data takes %d bytes, want at most 256", n)
	}
}
