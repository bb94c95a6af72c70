package render

import (
	"strconv"
	"strings"
)

// appendCSVField quotes what needs it. A field that a spreadsheet would take
// for a formula is quoted and begins with an apostrophe.
func appendCSVField(dst []byte, s string) []byte {
	if s != "" && strings.IndexByte("=+-@", s[0]) >= 0 {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			s = "'" + s
		}
	}
	if !strings.ContainsAny(s, ",\"'\r\n") {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}

func appendMarkdownHead(dst []byte, files bool) []byte {
	for i, c := range summaryColumns {
		if i == fileColumn && !files {
			continue
		}
		dst = append(append(dst, "| "...), c.name...)
		dst = append(dst, ' ')
	}
	dst = append(dst, "|\n"...)
	for i, c := range summaryColumns {
		if i == fileColumn && !files {
			continue
		}
		if c.right {
			dst = append(dst, "| --: "...)
		} else {
			dst = append(dst, "| --- "...)
		}
	}
	return append(dst, "|\n"...)
}

func appendMarkdownRow(dst []byte, row []string) []byte {
	for _, s := range row {
		dst = append(append(dst, "| "...), escapeMarkdown(s)...)
		dst = append(dst, ' ')
	}
	return append(dst, "|\n"...)
}

// escapeMarkdown makes text that is safe for a terminal safe for Markdown too:
// nothing of it is markup. This is the one place where that is done.
func escapeMarkdown(s string) string {
	if !strings.ContainsAny(s, "\\`*_{}[]<>#|~&!") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '\\', '`', '*', '_', '{', '}', '[', ']', '#', '|', '~', '!':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
