package render

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"
)

// This file writes numbers, three digits at a time. What begins with put writes
// to a slice that has room for it, from at on, and returns where that ends: for
// rows of many numbers, which make room once. Behind what they return, within
// the room, it may leave bytes that mean nothing.

// Rooms of what is written.
const (
	uintRoom    = 20 + 4        // of putUint
	secondsRoom = uintRoom + 10 // of putSeconds
	timeRoom    = 40            // of a time in quotation marks
)

// triples are the numbers below 1000 as three digits, the first of them in the
// lowest byte. The highest byte says how many bits those of zeros take that
// stand in front, 0, 8 or 16.
var triples = makeTriples()

func makeTriples() (t [1000]uint32) {
	for i := range t {
		v := uint32(i)
		t[i] = ('0' + v/100) | ('0'+v/10%10)<<8 | ('0'+v%10)<<16
		switch {
		case v < 10:
			t[i] |= 16 << 24
		case v < 100:
			t[i] |= 8 << 24
		}
	}
	return t
}

// put writes s.
func put(w []byte, at int, s string) int { return at + copy(w[at:at+len(s)], s) }

// putUint writes v in decimal digits.
func putUint(w []byte, at int, v uint64) int {
	if v >= 1e9 {
		high := v / 1e9
		if high < 10 { // the numbers of TCP, mostly
			w[at] = '0' + byte(high)
			at++
		} else {
			at = putUint(w, at, high)
		}
		return putNine(w, at, uint32(v-high*1e9))
	}
	low := uint32(v)
	if low < 1e3 {
		return putFirst(w, at, low)
	}
	high := low / 1e3
	low -= high * 1e3
	if high < 1e3 {
		at = putFirst(w, at, high)
		return putThree(w, at, low)
	}
	top := high / 1e3
	at = putFirst(w, at, top)
	at = putThree(w, at, high-top*1e3)
	return putThree(w, at, low)
}

// putFirst writes v < 1000.
func putFirst(w []byte, at int, v uint32) int {
	t := triples[v]
	binary.LittleEndian.PutUint32(w[at:], t>>(t>>24))
	return at + 3 - int(t>>27)
}

// putThree writes v < 1000 with three digits.
func putThree(w []byte, at int, v uint32) int {
	binary.LittleEndian.PutUint32(w[at:], triples[v])
	return at + 3
}

// putNine writes v < 1e9 with nine digits.
func putNine(w []byte, at int, v uint32) int {
	high := v / 1e3
	top := high / 1e3
	at = putThree(w, at, top)
	at = putThree(w, at, high-top*1e3)
	return putThree(w, at, v-high*1e3)
}

// putSeconds writes d in seconds with nine decimals.
func putSeconds(w []byte, at int, d time.Duration) int {
	u := uint64(d)
	if d < 0 {
		w[at] = '-'
		at++
		u = -u
	}
	s := u / 1e9
	at = putUint(w, at, s)
	w[at] = '.'
	return putNine(w, at+1, uint32(u-s*1e9))
}

// appendUint appends v in decimal digits.
func appendUint(dst []byte, v uint64) []byte {
	dst = slices.Grow(dst, uintRoom)
	return dst[:putUint(dst[:cap(dst)], len(dst), v)]
}

// appendSecondsJSON appends d in seconds with nine decimals.
func appendSecondsJSON(dst []byte, d time.Duration) []byte {
	dst = slices.Grow(dst, secondsRoom)
	return dst[:putSeconds(dst[:cap(dst)], len(dst), d)]
}

// appendDigits appends v with n digits; what v has more is left out.
func appendDigits(dst []byte, v uint64, n int) []byte {
	dst = slices.Grow(dst, n)[:len(dst)+n]
	for i := range n {
		dst[len(dst)-1-i] = '0' + byte(v%10)
		v /= 10
	}
	return dst
}

// appendIntValue appends a key, given with what stands around it, and a number.
func appendIntValue[T ~int | ~int32 | ~int64](dst []byte, key string, v T) []byte {
	dst = append(dst, key...)
	if v < 0 {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return appendUint(dst, uint64(v))
}

// appendUintValue does the same for numbers without a sign.
func appendUintValue[T ~uint8 | ~uint16 | ~uint32 | ~uint64](dst []byte, key string, v T) []byte {
	return appendUint(append(dst, key...), uint64(v))
}
