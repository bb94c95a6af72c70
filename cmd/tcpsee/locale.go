package main

import (
	"io"
	"os"
	"strings"

	"tcpsee/render"
)

// asciiLocale reports whether the locale says that the terminal does not take
// UTF-8. An unset locale says nothing: that is taken as yes.
func asciiLocale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			v = strings.ToLower(v)
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return false
}

// inLocale returns w for text of our own, which an ASCII locale gets in ASCII.
func inLocale(w io.Writer) io.Writer {
	if asciiLocale() {
		return asciiWriter{w}
	}
	return w
}

// asciiWriter spells what passes in ASCII. Each Write holds whole characters.
type asciiWriter struct{ w io.Writer }

func (a asciiWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(a.w, render.ASCII(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
