package segtest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// token is a word, a payload or a list of options.
type token struct {
	kind byte // tokWord, tokPayload, tokOptions
	text string
}

const (
	tokWord    = 'w'
	tokPayload = 'p'
	tokOptions = 'o'
)

// split cuts a line into tokens and leaves out its comment.
func split(line string) ([]token, error) {
	var out []token
	first := true
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || startsComment(line, first) {
			return out, nil
		}
		first = false
		t, rest, err := next(line)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		line = rest
	}
}

func startsComment(s string, first bool) bool {
	if strings.HasPrefix(s, "//") {
		return true
	}
	if s[0] != '#' {
		return false
	}
	return first || len(s) == 1 || s[1] < '0' || s[1] > '9'
}

// next reads one token from the non-empty s.
func next(s string) (token, string, error) {
	switch {
	case s[0] == '"':
		text, rest, err := quoted(s)
		return token{tokPayload, text}, rest, err
	case strings.HasPrefix(s, `x"`):
		text, rest, err := quoted(s[1:])
		if err != nil {
			return token{}, "", err
		}
		b, err := unhex(text)
		return token{tokPayload, string(b)}, rest, err
	case s[0] == '<' && len(s) > 1 && s[1] != ' ' && s[1] != '\t':
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return token{}, "", errors.New("options have no closing >")
		}
		return token{tokOptions, s[1:end]}, s[end+1:], nil
	}
	end := strings.IndexAny(s, " \t\r")
	if end < 0 {
		end = len(s)
	}
	return token{tokWord, s[:end]}, s[end:], nil
}

func quoted(s string) (text, rest string, err error) {
	q, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", errors.New("text has no closing quote, or an escape that Go does not know")
	}
	text, err = strconv.Unquote(q)
	return text, s[len(q):], err
}

func unhex(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' {
			return -1
		}
		return r
	}, s))
	if err != nil {
		return nil, fmt.Errorf("hexadecimal bytes: %w", err)
	}
	return b, nil
}

// seconds reads a decimal number of seconds exactly.
func seconds(s string) (time.Duration, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" {
		whole = "0"
	}
	n, err := strconv.ParseUint(whole, 10, 31)
	if err != nil || len(frac) > 9 {
		return 0, fmt.Errorf("time %q is not a number of seconds", s)
	}
	var ns uint64
	if frac != "" {
		if ns, err = strconv.ParseUint(frac+strings.Repeat("0", 9-len(frac)), 10, 31); err != nil {
			return 0, fmt.Errorf("time %q is not a number of seconds", s)
		}
	}
	return time.Duration(n)*time.Second + time.Duration(ns), nil
}

// looksLikeTime reports whether a line's first word is a time.
func looksLikeTime(s string) bool {
	s = strings.TrimPrefix(s, "+")
	return s != "" && (s[0] >= '0' && s[0] <= '9' || s[0] == '.')
}

// number reads an unsigned number of at most bits bits, decimal or 0x….
func number(what, s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, bits)
	if err != nil {
		return 0, fmt.Errorf("%s %q is not a number of at most %d bits", what, s, bits)
	}
	return n, nil
}

// words is a reader over tokens.
type words struct {
	t []token
}

func (w *words) done() bool { return len(w.t) == 0 }

func (w *words) peek() token {
	if len(w.t) == 0 {
		return token{}
	}
	return w.t[0]
}

// word takes the next token, which is a word and stands for what.
func (w *words) word(what string) (string, error) {
	if len(w.t) == 0 || w.t[0].kind != tokWord {
		return "", fmt.Errorf("%s is missing", what)
	}
	s := w.t[0].text
	w.t = w.t[1:]
	return s, nil
}

// expect takes the next word, which is the given one.
func (w *words) expect(want string) error {
	got, err := w.word(strconv.Quote(want))
	if err == nil && got != want {
		err = fmt.Errorf("%q where %q is expected", got, want)
	}
	return err
}

// number takes the next word as a number.
func (w *words) number(what string, bits int) (uint64, error) {
	s, err := w.word(what)
	if err != nil {
		return 0, err
	}
	return number(what, s, bits)
}

// end reports what is left over.
func (w *words) end() error {
	if len(w.t) > 0 {
		return fmt.Errorf("%q is too much", w.t[0].text)
	}
	return nil
}
