package filter

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrRejectsAll is wrapped by the error for an expression that no packet of
// the link type can match, as "ip and arp".
var ErrRejectsAll = errors.New("expression rejects all packets")

// ErrTooLong is the error for an expression whose program is longer than
// MaxInstructions, or longer than any machine should run.
var ErrTooLong = errors.New("filter program is too long")

// SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Expr   string // the whole expression
	Offset int    // of the place at fault, in bytes; len(Expr) is its end
	Length int    // of the place, in bytes; 0 at the end
	Msg    string // lower case, no full stop
	Hint   string // what to write instead; empty where nothing is obvious

	err   error
	lacks bool // a link type does not have this
}

// Error returns the message in one line, without the hint.
func (e *SyntaxError) Error() string {
	at := clip(e.place(), 40)
	if at == "" {
		return "filter: " + oneLine(e.Msg) + " at the end"
	}
	return fmt.Sprintf("filter: %s at %q", oneLine(e.Msg), at)
}

// Unwrap returns ErrRejectsAll where that is the matter.
func (e *SyntaxError) Unwrap() error { return e.err }

// Caret returns two lines: the expression, and carets under the place at
// fault. Tabs, newlines and control characters are shown as blanks, and of a
// long expression only the part around the place.
func (e *SyntaxError) Caret() string {
	const before, after = 50, 26
	off := min(max(e.Offset, 0), len(e.Expr))
	left := oneLine(e.Expr[:off])
	mid := oneLine(e.place())
	right := oneLine(e.Expr[off+len(e.place()):])
	if n := utf8.RuneCountInString(left); n > before {
		left = "…" + string([]rune(left)[n-before:])
	}
	mid = clip(mid, before)
	right = clip(right, after)
	marks := max(1, utf8.RuneCountInString(mid))
	return strings.TrimRight(left+mid+right, " ") + "\n" +
		strings.Repeat(" ", utf8.RuneCountInString(left)) + strings.Repeat("^", marks)
}

func (e *SyntaxError) place() string {
	off := min(max(e.Offset, 0), len(e.Expr))
	return e.Expr[off : off+min(max(e.Length, 0), len(e.Expr)-off)]
}

// oneLine replaces what would break or disturb a line of a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
