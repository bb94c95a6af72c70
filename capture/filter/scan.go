package filter

import (
	"fmt"
	"net/netip"
	"strings"
)

// tokenKind is the class of a token.
type tokenKind uint8

const (
	tokEnd   tokenKind = iota
	tokNum             // a number, or the name of one
	tokName            // an identifier that is no reserved word
	tokWord            // a reserved word
	tokIPv4            // two to four numbers with dots
	tokIPv6            // an IPv6 address
	tokMAC             // six bytes
	tokARC             // $ and one byte: an ARCNET address
	tokOp              // punctuation; && || ! are reserved words
	tokError           // nothing the language has
)

// token is one word of an expression.
type token struct {
	span
	kind tokenKind
	text string // as written, without the backslash of an escaped name
	num  uint32 // tokNum
	word reserved
	mac  [6]byte
	addr netip.Addr // tokIPv6
	msg  string     // tokError
}

// span is a place in an expression, in bytes.
type span struct{ off, end int }

func (s span) to(t span) span { return span{s.off, t.end} }
func (s span) where() span    { return s }

// scan returns the token at off, the first that is not blank. Of all patterns
// that fit there, the one that takes most counts.
func scan(s string, off int) token {
	for off < len(s) && strings.IndexByte(" \t\r\n", s[off]) >= 0 {
		off++
	}
	t := token{span: span{off, off}}
	if off == len(s) {
		return t
	}
	rest := s[off:]
	if rest[0] == '\\' {
		if n := escaped(rest); n > 1 {
			t.kind, t.text, t.end = tokName, rest[1:n], off+n
			return t
		}
	}
	if n, ok := scanAddress(rest, &t); ok {
		t.text, t.end = rest[:n], off+n
		return t
	}
	if n := identifier(rest); n > 0 {
		t.text, t.end = rest[:n], off+n
		t.classify()
		return t
	}
	scanOp(rest, &t)
	t.end = off + len(t.text)
	return t
}

// escaped returns the length of a backslash and the name after it.
func escaped(s string) int {
	n := 1
	for n < len(s) && strings.IndexByte(" !()\n\t", s[n]) < 0 {
		n++
	}
	return n
}

// identifier returns the length of the run of letters, digits, dots, minus
// signs and underscores at the start of s that begins with a letter or digit
// and does not end with a sign.
func identifier(s string) int {
	n := 0
	for n < len(s) && (isAlnum(s[n]) || n > 0 && strings.IndexByte("-_.", s[n]) >= 0) {
		n++
	}
	for n > 0 && (s[n-1] == '-' || s[n-1] == '_') {
		n--
	}
	return n
}

// classify says what the identifier in t.text is.
func (t *token) classify() {
	if w, ok := words[t.text]; ok {
		t.kind, t.word = tokWord, w
		return
	}
	if n, ok := constants[t.text]; ok {
		t.kind, t.num = tokNum, n
		return
	}
	if numeric(t.text) {
		t.kind = tokNum
		t.num, t.msg = number(t.text)
		if t.msg != "" {
			t.kind = tokError
		}
		return
	}
	parts := strings.Split(t.text, ".")
	t.kind = tokName
	if len(parts) < 2 || len(parts) > 4 {
		return
	}
	for _, p := range parts {
		if !numeric(p) {
			return
		}
	}
	t.kind = tokIPv4
}

// numeric reports whether s is written as a number.
func numeric(s string) bool {
	if h, ok := hexDigits(s); ok {
		return h != "" && strings.Trim(h, "0123456789abcdefABCDEF") == ""
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func hexDigits(s string) (string, bool) {
	if len(s) >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return s[2:], true
	}
	return "", false
}

// number evaluates a number as C does: 0x is hexadecimal, a leading 0 octal.
func number(s string) (n uint32, msg string) {
	digits, base := s, uint64(10)
	if h, ok := hexDigits(s); ok {
		digits, base = h, 16
	} else if len(s) > 1 && s[0] == '0' {
		digits, base = s[1:], 8
	}
	var v uint64
	for i := 0; i < len(digits); i++ {
		d := uint64(hexValue(digits[i]))
		if d >= base {
			return 0, fmt.Sprintf("number %s contains non-octal digit", s)
		}
		if v = v*base + d; v > 0xffffffff {
			return 0, fmt.Sprintf("number %s overflows 32 bits", s)
		}
	}
	return uint32(v), ""
}

// operators, the longer ones first.
var operators = []string{
	"<<", ">>", "<=", ">=", "!=", "==", "&&", "||",
	"!", "<", ">", "(", ")", "[", "]", "+", "-", "*", "/", "%", "&", "|", "^", "=", ":",
}

// scanOp fills t with the operator at the start of s.
func scanOp(s string, t *token) {
	for _, op := range operators {
		if !strings.HasPrefix(s, op) {
			continue
		}
		t.kind, t.text = tokOp, op
		switch op {
		case "&&":
			t.kind, t.word.kw = tokWord, kwAnd
		case "||":
			t.kind, t.word.kw = tokWord, kwOr
		case "!":
			t.kind, t.word.kw = tokWord, kwNot
		}
		return
	}
	n := 1
	for n < len(s) && s[n] >= 0x80 {
		n++ // the rest of a character
	}
	t.kind, t.text = tokError, s[:n]
	t.msg = "this has no meaning in a filter"
}

// scanAddress looks for an Ethernet, ARCNET or IPv6 address at the start of
// s, fills t and returns its length. An identifier that is longer than the
// address wins over it.
func scanAddress(s string, t *token) (int, bool) {
	if s[0] == '$' {
		if n := hexRun(s[1:], 2); n > 0 {
			t.kind, t.num = tokARC, uint32(parseHex(s[1:1+n]))
			return 1 + n, true
		}
		return 0, false
	}
	ident := identifier(s)
	if n, mac, ok := etherAddress(s); ok && n >= ident {
		if m, _, v6 := ipv6Address(s); !v6 || n >= m {
			t.kind, t.mac = tokMAC, mac
			return n, true
		}
	}
	if n, addr, ok := ipv6Address(s); ok && n > ident {
		t.kind, t.addr = tokIPv6, addr
		return n, true
	}
	if n := brokenAddress(s); n > ident {
		t.kind, t.msg = tokError, "this is neither an Ethernet nor an IPv6 address"
		return n, true
	}
	return 0, false
}

// etherAddress reads six bytes with one kind of separator (: - .), three
// groups of four digits with dots, or twelve digits.
func etherAddress(s string) (n int, mac [6]byte, ok bool) {
	for _, sep := range ":-." {
		if n, ok = groups(s, byte(sep), 6, 1, 2, mac[:]); ok {
			return n, mac, true
		}
	}
	if n, ok = groups(s, '.', 3, 4, 4, mac[:]); ok {
		return n, mac, true
	}
	if hexRun(s, 13) == 12 {
		for i := range mac {
			mac[i] = byte(parseHex(s[2*i : 2*i+2]))
		}
		return 12, mac, true
	}
	return 0, mac, false
}

// groups reads count groups of least to most hexadecimal digits into mac.
func groups(s string, sep byte, count, least, most int, mac []byte) (int, bool) {
	n := 0
	for i := range count {
		if i > 0 {
			if n >= len(s) || s[n] != sep {
				return 0, false
			}
			n++
		}
		d := hexRun(s[n:], most)
		if d < least {
			return 0, false
		}
		v := parseHex(s[n : n+d])
		if most == 4 {
			mac[2*i], mac[2*i+1] = byte(v>>8), byte(v)
		} else {
			mac[i] = byte(v)
		}
		n += d
	}
	return n, true
}

// maxIPv6Text is the longest spelling of an IPv6 address.
const maxIPv6Text = len("0000:0000:0000:0000:0000:0000:255.255.255.255")

// ipv6Address returns the longest prefix of s that is an IPv6 address.
func ipv6Address(s string) (int, netip.Addr, bool) {
	n, colons := 0, 0
	for n < len(s) && n < maxIPv6Text && (isHex(s[n]) || s[n] == ':' || s[n] == '.') {
		if s[n] == ':' {
			colons++
		}
		n++
	}
	for ; colons >= 2 && n > 1; n-- {
		if a, err := netip.ParseAddr(s[:n]); err == nil && a.Is6() {
			return n, a, true
		}
	}
	return 0, netip.Addr{}, false
}

// brokenAddress returns the length of a run of two groups or more that each
// end in a colon, which nothing else in the language looks like.
func brokenAddress(s string) int {
	n, count := 0, 0
	for {
		d := hexRun(s[n:], 2)
		c := n + d
		for c < len(s) && s[c] == ':' {
			c++
		}
		if d == 0 || c == n+d {
			break
		}
		n = c
		count++
	}
	if count < 2 {
		return 0
	}
	return n
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isHex(c byte) bool { return hexValue(c) < 16 }

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 99
}

// hexRun returns how many of the first most characters of s are hexadecimal.
func hexRun(s string, most int) int {
	n := 0
	for n < len(s) && n < most && isHex(s[n]) {
		n++
	}
	return n
}

func parseHex(s string) (v int) {
	for i := 0; i < len(s); i++ {
		v = v<<4 | hexValue(s[i])
	}
	return v
}
