package render

import (
	"strconv"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// csvColumns are the names of the table's columns in CSV. Times are RFC 3339,
// durations seconds, sizes bytes; what is not known is empty.
const csvColumns = "conn,start,client,client_port,server,server_port,app,completeness,irtt,client_bytes,server_bytes,client_segments,server_segments," +
	"retransmissions,duration,verdict,by,detail,file\r\n"

func appendCSVHead(dst []byte) []byte { return append(dst, csvColumns...) }

// appendCSVRow appends a connection as CSV (RFC 4180), at the end the one of
// files that it began in.
func appendCSVRow(dst []byte, c *conn.Connection, files []string, g *glyphs) []byte {
	start := ""
	if c.First.Known() {
		start = c.First.Time().Format("2006-01-02T15:04:05.000000000Z")
	}
	by, file := "", ""
	if c.File >= 0 && c.File < len(files) {
		file = files[c.File]
	}
	if c.Verdict.HasBy {
		by = c.Verdict.By.String()
	}
	num := func(n uint64) string { return strconv.FormatUint(n, 10) }
	for i, s := range [...]string{
		strconv.FormatInt(c.Number, 10), start, c.Client.Addr().String(), num(uint64(c.Client.Port())),
		c.Server.Addr().String(), num(uint64(c.Server.Port())), c.App, num(uint64(c.Completeness)), secondsOrNothing(c.IRTT, c.IRTT > 0),
		num(c.Bytes[conn.Client]), num(c.Bytes[conn.Server]), num(c.Segments[conn.Client]), num(c.Segments[conn.Server]),
		num(c.Retransmits[0] + c.Retransmits[1]), secondsOrNothing(c.Last.Sub(c.First), known(c.First, c.Last)),
		string(c.Verdict.Outcome), by, c.Verdict.Detail, file,
	} {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCSVField(dst, safeText(s, g))
	}
	return append(dst, '\r', '\n')
}

func known(a, b capture.Stamp) bool { return a.Known() && b.Known() }

func secondsOrNothing(d time.Duration, ok bool) string {
	if !ok {
		return ""
	}
	return string(appendSecondsJSON(nil, d))
}

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
