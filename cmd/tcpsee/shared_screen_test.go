package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestSharedScreen: rows that come while a command has not ended its line neither
// begin in its midst nor hide it.
func TestSharedScreen(t *testing.T) {
	const row = "row\n"
	long := strings.Repeat("x", 40)
	tests := []struct {
		name   string
		writes []string // by turns: the command, the picture
		want   string
	}{
		{"lines", []string{"one\r\n", row, "two\r\n", row}, "one\r\nrow\r\ntwo\r\nrow\r\n"},
		{"a question", []string{"your name? ", row, "Bob\r\n", row}, "your name? \r\x1b[Krow\r\nyour name? Bob\r\nrow\r\n"},
		{"a line in two writes", []string{"Hel", row + row, "lo\r\n", row}, "Hel\r\x1b[Krow\r\nrow\r\nHello\r\nrow\r\n"},
		{"twice", []string{"a", row, "b", row}, "a\r\x1b[Krow\r\nab\r\x1b[Krow\r\nab"},
		{"too long for the terminal", []string{long, row, "y\r\n", row}, long + "\r\nrow\r\ny\r\nrow\r\n"},
		{"wide characters", []string{strings.Repeat("あ", 20), row}, strings.Repeat("あ", 20) + "\r\nrow\r\n"},
		{"too long to be kept", []string{strings.Repeat("z", 2*maxOpenLine), row, "", row}, strings.Repeat("z", 2*maxOpenLine) + "\r\nrow\r\nrow\r\n"},
		{"more than text", []string{"\x1b[31mred", row, "\x1b[0m\r\n", row}, "\x1b[31mred\r\nrow\r\n\x1b[0m\r\nrow\r\n"},
		{"Ctrl-C", []string{"typed^C", row, "", row}, "typed^C\r\nrow\r\nrow\r\n"},
		{"half a character", []string{"\xe3\x81", row}, "\xe3\x81\r\nrow\r\n"},
		{"a row in parts", []string{"ask ", "ro", "", "w\n"}, "ask \r\x1b[Krow\r\nask "},
		{"a row and a part", []string{"ask ", row + "ro", "", "w\n"}, "ask \r\x1b[Krow\r\nask \r\x1b[Krow\r\nask "},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		s := &sharedScreen{columns: func() int { return 40 }, erases: true}
		command, picture := &commandWriter{s, &out}, &rowWriter{s: s, w: &out}
		for i, text := range tt.writes {
			w := []interface{ Write([]byte) (int, error) }{command, picture}[i%2]
			if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
				t.Fatalf("%s: wrote %d of %d: %v", tt.name, n, len(text), err)
			}
		}
		if out.String() != tt.want {
			t.Errorf("%s: %q\nwant %q", tt.name, out.String(), tt.want)
		}
	}
	var out bytes.Buffer
	s := &sharedScreen{columns: func() int { return 40 }}
	_, _ = (&commandWriter{s, &out}).Write([]byte("ask "))
	_, _ = (&rowWriter{s: s, w: &out}).Write([]byte(row))
	if out.String() != "ask \r\nrow\r\n" {
		t.Errorf("a terminal that erases nothing: %q", out.String())
	}
}
