package render

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
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
	start := 0
	for i := 0; i < len(s); {
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

// appendSecondsJSON appends d in seconds with nine decimals.
func appendSecondsJSON(dst []byte, d time.Duration) []byte {
	u := uint64(d)
	if d < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = appendUint(dst, u/1e9)
	dst = append(dst, '.')
	return appendDigits(dst, u%1e9, 9)
}

// digits8 returns the eight decimal digits of v < 1e8 as the bytes 0 to 9, the
// first of them lowest: v is halved into numbers of four, two and one digits,
// in lanes of one word that are divided all at once. The factors are
// reciprocals, exact in the lanes' range.
func digits8(v uint64) uint64 {
	x := v / 1e4
	x |= (v - x*1e4) << 32
	q := x * 10486 >> 20 & 0x7f_0000007f // of each lane below 10000, its hundreds
	x = q | (x-q*100)<<16
	q = x * 103 >> 10 & 0xf_000f_000f_000f // of each lane below 100, its tens
	return q | (x-q*10)<<8
}

// zeros8 turns eight digits into characters.
const zeros8 = 0x30303030_30303030

// appendDigits appends v with n digits, at most 20; what v has more is left
// out.
func appendDigits(dst []byte, v uint64, n int) []byte {
	if n > 8 {
		dst = appendDigits(dst, v/1e8, n-8)
		n = 8
	}
	dst = slices.Grow(dst, 8)
	at := len(dst)
	binary.LittleEndian.PutUint64(dst[at:at+8], (digits8(v%1e8)|zeros8)>>(8*(8-n)))
	return dst[:at+n]
}

// clockCache keeps the last second that was written, for times come close to
// each other.
type clockCache struct {
	second int64
	text   [20]byte // 2025-11-20T16:39:16.
	valid  bool
}

// appendTime appends t as RFC 3339 with nanoseconds in UTC, in quotation
// marks, or null.
func (c *clockCache) appendTime(dst []byte, t capture.Stamp) []byte {
	if !t.Known() {
		return append(dst, "null"...)
	}
	sec, ns := int64(t)/1e9, int64(t)%1e9
	if ns < 0 {
		sec, ns = sec-1, ns+1e9
	}
	if !c.valid || sec != c.second {
		time.Unix(sec, 0).UTC().AppendFormat(c.text[:0], "2006-01-02T15:04:05.")
		c.second, c.valid = sec, true
	}
	dst = append(dst, '"')
	dst = append(dst, c.text[:]...)
	dst = appendDigits(dst, uint64(ns), 9)
	return append(dst, 'Z', '"')
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

// appendUint appends v in decimal digits.
func appendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, '0'+byte(v))
	}
	high := v / 1e8
	if high >= 100 {
		return appendDigits(appendUint(dst, high), v-high*1e8, 8)
	}
	dst = slices.Grow(dst, 10)
	at := len(dst)
	x := digits8(v - high*1e8)
	if high > 0 { // the numbers of TCP, mostly
		if high >= 10 {
			dst = append(dst, '0'+byte(high/10))
			at++
		}
		dst = append(dst, '0'+byte(high%10))[:at+9]
		binary.LittleEndian.PutUint64(dst[at+1:at+9], x|zeros8)
		return dst
	}
	zeros := bits.TrailingZeros64(x) &^ 7 // those before the first digit
	binary.LittleEndian.PutUint64(dst[at:at+8], (x|zeros8)>>zeros)
	return dst[:at+8-zeros/8]
}

// appendStringKey appends nothing for an empty string.
func appendStringKey(dst []byte, key, v string) []byte {
	if v == "" {
		return dst
	}
	return appendJSONString(appendKey(dst, key), v)
}
