//go:build amd64 || arm64

package drive

import "testing"

// TestWrapDatagrams holds that a command that makes sockets of UDP alone is told
// from one that makes some of TCP, or none.
func TestWrapDatagrams(t *testing.T) {
	python := program(t, "python3")
	for _, tt := range []struct {
		code string
		want bool
	}{
		{"socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", true},
		{"socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", true},
		{"socket.socket(); socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", false},
		{"socket.socket(socket.AF_INET, socket.SOCK_DGRAM); socket.socket()", false},
		{"socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)", false},
	} {
		x := begin(t, WrapOptions{}, python, "-S", "-c", "import socket; "+tt.code)
		x.end(t)
		if got := x.w.OnlyDatagrams(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.code, got, tt.want)
		}
	}
}
