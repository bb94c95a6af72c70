package main

import (
	"os"
	"strconv"
	"strings"

	"tcpsee/render"
)

// printable makes a message safe for a terminal, keeping its lines.
func printable(s string) string { return render.Printable(s) }

// paragraph writes a message behind a word such as "hint: ", its lines below
// each other. On a terminal no word of it is broken.
func paragraph(f *os.File, word, text string) string {
	columns := 0
	if isTerminal(f) {
		columns = widthOf(f)
	}
	return folded(word, printable(text), columns)
}

// folded is paragraph in so many columns; 0 is any number.
func folded(word, text string, columns int) string {
	hang := strings.Repeat(" ", len(word))
	var b strings.Builder
	for _, line := range strings.Split(text, "\n") {
		lines := []string{line}
		if columns > 0 && len([]rune(line)) > columns-len(word) {
			lines = wrapWords(line, columns-len(word))
		}
		for _, l := range lines {
			b.WriteString(word + l + "\n")
			word = hang
		}
	}
	return b.String()
}

// words counts those of a command line.
func words(n int) string {
	if n == 1 {
		return "1 word"
	}
	return strconv.Itoa(n) + " words"
}
