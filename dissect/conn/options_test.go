package conn

import (
	"math/rand/v2"
	"testing"
)

// TestReadSYNOptions holds that reading all in one go finds what looking for
// one after the other does.
func TestReadSYNOptions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := []byte{optionEnd, optionNop, optionMSS, optionScale, optionTimestamps, optionFastOpen, optionExperiment, 2, 3, 34, 99}
	for range 200_000 {
		var opts []byte
		for range r.IntN(6) {
			kind := kinds[r.IntN(len(kinds))]
			if kind <= optionNop && r.IntN(4) > 0 {
				opts = append(opts, kind)
				continue
			}
			n := []int{1, 2, 0, 8, 4}[r.IntN(5)]
			opts = append(opts, kind, byte(n+2))
			for range n {
				opts = append(opts, []byte{0xf9, 0x89, 7}[r.IntN(3)])
			}
		}
		opts = opts[:r.IntN(len(opts)+1)]
		var want synOptions
		if v, ok := option(opts, optionMSS); ok && len(v) == 2 {
			want.mss, want.hasMSS = uint16(v[0])<<8|uint16(v[1]), true
		}
		if v, ok := option(opts, optionScale); ok && len(v) == 1 {
			want.scale, want.hasScale = v[0], true
		}
		if v, ok := option(opts, optionFastOpen); ok {
			want.cookie = len(v) > 0
		} else if v, ok := option(opts, optionExperiment); ok {
			want.cookie = len(v) > 2 && v[0] == 0xf9 && v[1] == 0x89
		}
		if got := readSYNOptions(opts); got != want {
			t.Fatalf("% x: %+v, want %+v", opts, got, want)
		}
	}
}

// TestUsualTimestamps holds that the usual place is one of all.
func TestUsualTimestamps(t *testing.T) {
	for _, opts := range [][]byte{stamped(1<<31, 5), append(stamped(7, 8), 1, 1), stamped(1, 2)[2:], stamped(1, 2)[:11], {1, 1, 8, 10}} {
		v, ok := option(opts, optionTimestamps)
		value, echo, has := timestamps(opts)
		if has != (ok && len(v) == 8) || has && string(stamped(value, echo)[4:]) != string(v) {
			t.Errorf("% x: %d, %d, %v", opts, value, echo, has)
		}
	}
}
