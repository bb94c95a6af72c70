package main

import (
	"bytes"
	"io"
	"os"
	"sync"
	"unicode"
	"unicode/utf8"
)

// sharedScreen is a terminal that a wrapped command writes to as it likes, and
// the picture line by line. What the command has written of a line that it has
// not ended, a question or what is being typed, moves down as rows come.
type sharedScreen struct {
	columns func() int // of the terminal
	erases  bool       // it understands the sequence that erases a line

	mu   sync.Mutex
	line []byte // what the command has written since its last newline, up to maxOpenLine
	long bool   // there was more
}

// maxOpenLine is how much of a line is drawn again, in bytes.
const maxOpenLine = 1 << 10

// commandWriter is where the command writes.
type commandWriter struct {
	s *sharedScreen
	w io.Writer
}

func (c *commandWriter) Write(p []byte) (int, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.wrote(p)
	return c.w.Write(p)
}

// wrote keeps what has been written of a line.
func (s *sharedScreen) wrote(p []byte) {
	if i := bytes.LastIndexByte(p, '\n'); i >= 0 {
		s.line, s.long, p = s.line[:0], false, p[i+1:]
	}
	s.long = s.long || len(s.line)+len(p) > maxOpenLine
	if !s.long {
		s.line = append(s.line, p...)
	}
}

// rowWriter is where the picture goes. Its lines end as a terminal in raw mode
// needs them; a part of a line waits for the rest.
type rowWriter struct {
	s    *sharedScreen
	w    io.Writer
	part []byte
}

func (r *rowWriter) Write(p []byte) (int, error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		r.part = append(r.part, p...)
		return len(p), nil
	}
	rows := append(r.part, p[:end]...)
	r.part = append([]byte(nil), p[end:]...)
	before, after := r.s.around()
	out := append([]byte(before), bytes.ReplaceAll(rows, []byte("\n"), []byte("\r\n"))...)
	if _, err := r.w.Write(append(out, after...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// around returns what is written before rows and after them, for the sake of the
// line that the command has not ended.
func (s *sharedScreen) around() (before, after string) {
	switch {
	case len(s.line) == 0 && !s.long:
		return "", ""
	case s.erases && s.redrawable():
		return eraseLine, string(s.line)
	}
	s.line, s.long = s.line[:0], false // it stays above the rows
	return "\r\n", ""
}

// redrawable reports whether the line is plain text that has room in one line of
// the terminal.
func (s *sharedScreen) redrawable() bool {
	if s.long || !utf8.Valid(s.line) || s.signalled() {
		return false
	}
	width := 0
	for _, r := range string(s.line) {
		if !unicode.IsPrint(r) {
			return false
		}
		if width++; r >= firstWide {
			width++
		}
	}
	return width < s.columns()
}

// signalled reports whether the line has ended with the echo of a key that sends a
// signal (termios(3), ECHOCTL): what was typed is gone.
func (s *sharedScreen) signalled() bool {
	n := len(s.line)
	return n >= 2 && s.line[n-2] == '^' && (s.line[n-1] == 'C' || s.line[n-1] == '\\' || s.line[n-1] == 'Z')
}

// firstWide is the first character that may take two columns (Unicode Standard
// Annex 11: Hangul Jamo).
const firstWide = 0x1100

// erasesLines reports whether the user's terminal is one that erases lines.
func erasesLines() bool { return os.Getenv("TERM") != "dumb" }
