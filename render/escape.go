package render

import (
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// This file is the one place where bytes that come from a packet, a file
// name, a host name or a process name are made fit for a terminal. What comes
// out of it holds no control character, nothing invisible, nothing that turns
// the direction of text, and nothing that tcpsee itself draws with; and each
// character's width is known.

// maxMarks is how many combining marks one character may carry. More of them
// would be drawn over the lines above and below.
const maxMarks = 2

const hexDigits = "0123456789abcdef"

// runeCells measures a character: those of ambiguous width count as one, as in
// every locale that is not East Asian.
func runeCells(r rune) int {
	c := runewidth.Condition{StrictEmojiNeutral: true}
	return c.RuneWidth(r)
}

// escaped lists, beside what Unicode itself calls unprintable, the characters
// that never reach a terminal as they are. Ranges are sorted.
var escaped = [...]struct{ first, last rune }{
	{0x034f, 0x034f},   // combining grapheme joiner: invisible
	{0x0590, 0x08ff},   // right-to-left scripts: terminals that obey them reorder the row
	{0x115f, 0x11ff},   // Hangul fillers, and vowels that join: width differs
	{0x17b4, 0x17b5},   // Khmer vowels that nobody sees
	{0x180b, 0x180f},   // Mongolian variation selectors
	{0x2500, 0x259f},   // lines and blocks: what rows are drawn with
	{0x25ac, 0x25ac},   // a thick line
	{0x25b6, 0x25c5},   // arrowheads
	{0x2800, 0x2800},   // Braille blank
	{0x2e3a, 0x2e3b},   // dashes of two and three columns
	{0x3164, 0x3164},   // Hangul filler
	{0xd7b0, 0xd7ff},   // Hangul letters that join
	{0xfb1d, 0xfdff},   // right-to-left forms
	{0xfe00, 0xfe0f},   // variation selectors: width differs
	{0xfe70, 0xfeff},   // right-to-left forms
	{0xffa0, 0xffa0},   // Hangul filler
	{0x10800, 0x10fff}, // right-to-left scripts
	{0x1e800, 0x1efff},
	{0x1f1e6, 0x1f1ff}, // halves of flags: width differs
	{0x1f3fb, 0x1f3ff}, // skin tones: width differs
	{0xe0000, 0xe0fff}, // tags and variation selectors
}

// plainRune reports whether r may reach a terminal as it is, and how many
// columns it takes there; marks have none.
func plainRune(r rune) (width int, ok bool) {
	if r < 0x7f {
		return 1, r >= 0x20
	}
	if !unicode.IsPrint(r) {
		return 0, false
	}
	for _, e := range escaped {
		if r < e.first {
			break
		}
		if r <= e.last {
			return 0, false
		}
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0, true
	}
	w := runeCells(r)
	return w, w == 1 || w == 2
}

// escaper walks over bytes and gives, one after the other, what to print.
type escaper struct {
	ascii bool // only ASCII comes out
	quote bool // the quotation mark and the backslash are escaped too
	marks int  // combining marks since the last character; maxMarks where none may follow
	piece [12]byte
}

// next takes the first character of s and returns what to print for it, its
// width in columns, and how many bytes of s it was. The result is valid until
// the next call. s is not empty.
func (x *escaper) next(s []byte) (out []byte, width, size int) {
	c := s[0]
	if c < utf8.RuneSelf {
		x.marks = 0
		if c >= 0x20 && c < 0x7f && !(x.quote && (c == '"' || c == '\\')) {
			return s[:1], 1, 1
		}
		x.marks = maxMarks
		out = x.escapeByte(c)
		return out, len(out), 1
	}
	r, size := utf8.DecodeRune(s)
	if r == utf8.RuneError && size <= 1 {
		x.marks = maxMarks
		out = append(x.piece[:0], '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		return out, len(out), 1
	}
	w, ok := plainRune(r)
	switch {
	case !ok || x.ascii || w == 0 && x.marks >= maxMarks:
		x.marks = maxMarks
		out = x.escapeRune(r)
		return out, len(out), size
	case w == 0:
		x.marks++
	default:
		x.marks = 0
	}
	return s[:size], w, size
}

func (x *escaper) escapeByte(c byte) []byte {
	p := append(x.piece[:0], '\\')
	switch c {
	case '\n':
		return append(p, 'n')
	case '\r':
		return append(p, 'r')
	case '\t':
		return append(p, 't')
	case '"', '\\':
		return append(p, c)
	}
	return append(p, 'x', hexDigits[c>>4], hexDigits[c&15])
}

func (x *escaper) escapeRune(r rune) []byte {
	p := append(x.piece[:0], '\\', 'u')
	shift := 12
	if r > 0xffff {
		p[1], shift = 'U', 28
	}
	for ; shift >= 0; shift -= 4 {
		p = append(p, hexDigits[r>>shift&15])
	}
	return p
}

// appendEscaped appends s, made safe, in at most limit columns. It returns the
// columns used and how many bytes of s they stand for.
func (x *escaper) appendEscaped(dst, s []byte, limit int) (_ []byte, width, used int) {
	x.marks = maxMarks
	for used < len(s) {
		out, w, n := x.next(s[used:])
		if width+w > limit {
			break
		}
		dst = append(dst, out...)
		width += w
		used += n
	}
	return dst, width, used
}

// appendQuoted appends s in quotation marks, in at most limit columns: what
// does not fit is left out, and an ellipsis behind the closing mark says so.
// It returns the columns used, 0 where limit leaves no room for a character.
func appendQuoted(dst, s []byte, limit int, g *glyphs) ([]byte, int) {
	x := escaper{ascii: g.ascii, quote: true}
	start := len(dst)
	dst = append(dst, '"')
	dst, w, used := x.appendEscaped(dst, s, limit-2)
	if used == len(s) && limit >= 2 {
		return append(dst, '"'), w + 2
	}
	more := len(g.ellipsis)
	if !g.ascii {
		more = 1
	}
	dst, w, used = x.appendEscaped(dst[:start+1], s, limit-2-more)
	if used == 0 {
		return dst[:start], 0
	}
	dst = append(dst, '"')
	return append(dst, g.ellipsis...), w + 2 + more
}

// maxText is how many bytes of a sentence are shown.
const maxText = 2000

// safeText returns s with everything escaped that must not reach a terminal,
// at most maxText bytes of it. Typographic characters of our own become ASCII
// where g asks for that.
func safeText(s string, g *glyphs) string {
	if len(s) > maxText {
		n := maxText
		for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		return safeText(s[:n], g) + g.ellipsis
	}
	if safe(s) {
		return s
	}
	x := escaper{ascii: g.ascii, marks: maxMarks}
	out := make([]byte, 0, len(s)+16)
	for b := []byte(s); len(b) > 0; {
		if g.ascii {
			if sub, n := asciiFor(b); n > 0 {
				out, b = append(out, sub...), b[n:]
				continue
			}
		}
		p, _, n := x.next(b)
		out = append(out, p...)
		b = b[n:]
	}
	return string(out)
}

func safe(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// asciiFor gives the ASCII spelling of a typographic character at the
// beginning of b and its length there; 0 where there is none.
func asciiFor(b []byte) (string, int) {
	r, n := utf8.DecodeRune(b)
	switch r {
	case 'µ', 'μ':
		return "u", n
	case '–', '−':
		return "-", n
	case '·':
		return ".", n
	case '…':
		return "...", n
	case '≥':
		return ">=", n
	case '≤':
		return "<=", n
	case '×':
		return "x", n
	}
	return "", 0
}

// safeName returns s as safeText does, at most limit columns of it, and
// without anything that could be taken for a part of tcpsee's own rows: the
// names of programs, files and interfaces.
func safeName(s string, limit int, g *glyphs) string {
	if len(s) > 4*limit {
		s = s[:4*limit]
	}
	t := safeText(s, g)
	if textWidth(t) <= limit {
		return t
	}
	x := escaper{ascii: g.ascii}
	out, _, _ := x.appendEscaped(nil, []byte(t), limit-textWidth(g.ellipsis))
	return string(append(out, g.ellipsis...))
}

// textWidth returns the columns that a string takes which is safe already, or
// is drawn by ourselves.
func textWidth(s string) int {
	w := 0
	for _, r := range s {
		if r < 0x7f {
			w++
			continue
		}
		if r >= 0x2500 && r <= 0x25ff || r == 'µ' || r == '…' || r == '–' || r == '·' {
			w++
			continue
		}
		n, _ := plainRune(r)
		w += n
	}
	return w
}
