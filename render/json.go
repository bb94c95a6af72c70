package render

import (
	"net/netip"
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

// pairs are the numbers from 00 to 99.
const pairs = "00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" + "40414243444546474849" +
	"50515253545556575859" + "60616263646566676869" + "70717273747576777879" + "80818283848586878889" + "90919293949596979899"

// appendDigits appends v with n digits, at most 20; what v has more is left
// out.
func appendDigits(dst []byte, v uint64, n int) []byte {
	const zeros = "00000000000000000000"
	dst = append(dst, zeros[:n]...)
	d := dst[len(dst)-n:]
	for n >= 2 && v > 0 {
		q := v / 100
		r := 2 * (v - q*100)
		d[n-1], d[n-2] = pairs[r+1], pairs[r]
		v, n = q, n-2
	}
	if n == 1 {
		d[0] = '0' + byte(v%10)
	}
	return dst
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
	var b [20]byte
	i := len(b)
	for v >= 10 {
		q := v / 100
		r := 2 * (v - q*100)
		i -= 2
		b[i], b[i+1] = pairs[r], pairs[r+1]
		v = q
	}
	if v > 0 {
		i--
		b[i] = '0' + byte(v)
	}
	return append(dst, b[i:]...)
}

// appendStringKey appends nothing for an empty string.
func appendStringKey(dst []byte, key, v string) []byte {
	if v == "" {
		return dst
	}
	return appendJSONString(appendKey(dst, key), v)
}
