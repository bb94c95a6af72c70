package render

import (
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"tcpsee/capture"
)

// This file appends JSON (RFC 8259) by hand. Strings are escaped here and
// nowhere else.

// appendJSONString appends s as a JSON string. Control characters, 0x7f and
// those of C1, line and paragraph separators become \u00XX; each byte that is
// not UTF-8 becomes U+FFFD.
func appendJSONString[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start, i := 0, unescaped(s)
	for i < len(s) {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			dst = appendJSONEscape(dst, c)
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && n == 1 || r <= 0x9f || r == 0x2028 || r == 0x2029 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
			i += n
			start = i
			continue
		}
		i += n
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// unescaped returns how many bytes at least of the beginning of s are ASCII that
// needs no escape: it looks at eight at a time.
func unescaped[T ~string | ~[]byte](s T) (n int) {
	const (
		ones = 0x01010101_01010101
		tops = 0x80808080_80808080
	)
	for ; n+8 <= len(s); n += 8 {
		w := s[n : n+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 | uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		// Each difference has the top bit of a byte that is below, or borrows
		// from the next, which is then looked at for nothing.
		low, quote, slash, del := x-ones*0x20, x^ones*'"'-ones, x^ones*'\\'-ones, x^ones*0x7f-ones
		if (x|low|quote|slash|del)&tops != 0 {
			break
		}
	}
	return n
}

func appendJSONEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// clockCache keeps the last second that was written, for times come close to
// each other.
type clockCache struct {
	second int64
	text   [21]byte // "2025-11-20T16:39:16.
	valid  bool
}

// putTime writes t as RFC 3339 with nanoseconds in UTC, in quotation marks, or
// null.
func (c *clockCache) putTime(w []byte, at int, t capture.Stamp) int {
	if !t.Known() {
		return put(w, at, "null")
	}
	sec, ns := int64(t)/1e9, int64(t)%1e9
	if ns < 0 {
		sec, ns = sec-1, ns+1e9
	}
	if !c.valid || sec != c.second {
		time.Unix(sec, 0).UTC().AppendFormat(c.text[:0], `"2006-01-02T15:04:05.`)
		c.second, c.valid = sec, true
	}
	*(*[len(c.text)]byte)(w[at:]) = c.text
	at = putNine(w, at+len(c.text), uint32(ns))
	return put(w, at, `Z"`)
}

// appendTime appends what putTime writes.
func (c *clockCache) appendTime(dst []byte, t capture.Stamp) []byte {
	dst = slices.Grow(dst, timeRoom)
	return dst[:c.putTime(dst[:cap(dst)], len(dst), t)]
}

// appendAddr appends an address as a JSON string, null where it is none.
func appendAddr(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(dst, "null"...)
	}
	if a.Zone() != "" {
		return appendJSONString(dst, a.String())
	}
	dst = append(dst, '"')
	dst = a.AppendTo(dst)
	return append(dst, '"')
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

// appendStringKey appends nothing for an empty string.
func appendStringKey(dst []byte, key, v string) []byte {
	if v == "" {
		return dst
	}
	return appendJSONString(appendKey(dst, key), v)
}
