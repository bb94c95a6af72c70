package render

import (
	"fmt"
	"math"
	"strconv"
	"testing"
)

// TestAppendUint compares with strconv around every power of ten and of two.
func TestAppendUint(t *testing.T) {
	check := func(v uint64) {
		t.Helper()
		if got, want := string(appendUint([]byte("x"), v)), "x"+strconv.FormatUint(v, 10); got != want {
			t.Fatalf("appendUint(%d) = %s", v, got)
		}
	}
	for _, v := range []uint64{0, 9, 10, 99, math.MaxUint32, math.MaxInt64, math.MaxUint64} {
		check(v)
	}
	for p := uint64(1); ; p *= 10 {
		check(p - 1)
		check(p)
		check(p + 1)
		if p == 1e19 {
			break
		}
	}
	for shift := range 64 {
		check(1 << shift)
		check(1<<shift - 1)
	}
}

// TestAppendDigits: as many digits as are asked for, with zeros before them,
// and without those that are too many.
func TestAppendDigits(t *testing.T) {
	for _, v := range []uint64{0, 7, 42, 999, 1000, 123456789, 987654321012} {
		for n := range 21 {
			want := fmt.Sprintf("%020d", v)[20-n:]
			if got := string(appendDigits(nil, v, n)); got != want {
				t.Errorf("appendDigits(%d, %d) = %q, want %q", v, n, got, want)
			}
		}
	}
}

func BenchmarkAppendUint(b *testing.B) {
	buf := make([]byte, 0, 64)
	for _, v := range []uint64{7, 1460, 64240, 123456, 3405691582} {
		b.Run(strconv.FormatUint(v, 10), func(b *testing.B) {
			for b.Loop() {
				buf = appendUint(buf[:0], v)
			}
		})
	}
}
