package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// NewLaTeX returns a Renderer that writes one connection to w, when it is
// closed, as a document for LaTeX: a table of its segments, each on its arrow
// between the two ends' states, which breaks across pages. It needs packages
// that every LaTeX has. It draws o.Conn, else the first connection.
func NewLaTeX(w io.Writer, o Options) Renderer { return newDiagram(w, o, drawLaTeX) }

// latexPreamble begins the document. \segment and \answer are arrows to the
// right and to the left with a text above them. All columns have their width,
// so that one run of LaTeX is enough.
const latexPreamble = `\documentclass[a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage{longtable}
\usepackage[margin=15mm]{geometry}
\newlength{\way}\setlength{\way}{86mm}
\newcommand{\onway}[2]{\parbox[b]{\way}{\centering\footnotesize #1\\[-1ex]\hbox to \way{#2}}}
\newcommand{\segment}[1]{\onway{#1}{\rightarrowfill}}
\newcommand{\answer}[1]{\onway{#1}{\leftarrowfill}}
\newcommand{\remark}[1]{\parbox[b]{\way}{\centering\footnotesize\itshape #1}}
\newcommand{\state}[1]{\footnotesize #1}
\setlength{\tabcolsep}{2pt}
\begin{document}
`

func drawLaTeX(b []byte, d *diagram, r *conn.Record) []byte {
	line := func(format string, args ...any) { b = fmt.Appendf(b, format+"\n", args...) }
	b = append(b, latexPreamble...)
	line(`\section*{%s}`, latexText(opening(recordTitle(r, &d.o, &d.g))))
	for _, t := range verdictLines(r, &d.g) {
		line("%s\n", latexText(t))
	}
	line(`\begin{longtable}{p{8mm}p{17mm}p{28mm}p{\way}p{28mm}}`)
	lanes := d.lanesOf(r)
	line(`\hfill\# & \hfill seconds & \hfill\textbf{%s} & & \textbf{%s} \\`, latexText(lanes[conn.Client].name), latexText(lanes[conn.Server].name))
	line(` & & & \footnotesize %s \hfill %s & \\ \hline \noalign{\vskip 2mm} \endhead`, latexText(lanes[conn.Client].address), latexText(lanes[conn.Server].address))
	var shown [2]string
	strokes := strokesOf(r, &d.o, &d.g, sequencePreview)
	for i := range strokes {
		b = appendLaTeXRow(b, &strokes[i], &shown)
	}
	line(`\end{longtable}`)
	for _, t := range d.remarks(r, &d.g) {
		line("%s\n", latexText(t))
	}
	line(`\end{document}`)
	return b
}

func appendLaTeXRow(b []byte, s *stroke, shown *[2]string) []byte {
	frame, at := "", ""
	if s.event != nil && s.event.Frame > 0 {
		frame = itoa(int(s.event.Frame))
	}
	if s.known {
		at = strings.TrimSpace(string(appendSeconds(nil, s.at, 16)))
	}
	way := `\remark`
	switch s.kind {
	case strokeSegment, strokeICMP, strokeNeighbour:
		if way = `\segment`; s.dir == pointsLeft {
			way = `\answer`
		}
	}
	client, server := s.changes(conn.Client, shown), s.changes(conn.Server, shown)
	return fmt.Appendf(b, "\\hfill %s & \\hfill %s & \\hfill\\state{%s} & %s{%s} & \\state{%s} \\\\\n", frame, at, latexText(client), way, latexText(s.plain()), latexText(server))
}

// latexText escapes text for LaTeX, the one place where that is done. What is
// neither a letter, a digit nor a space is written as a command or in braces,
// so that nothing is read together with what stands beside it; what LaTeX's
// own fonts lack is named by its number.
func latexText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == utf8.RuneError || r < 0x20:
			b.WriteByte(' ')
		case r >= '0' && r <= '9', r|0x20 >= 'a' && r|0x20 <= 'z', r == ' ', r >= 0xc0 && r <= 0xff && r != 0xd7 && r != 0xf7:
			b.WriteRune(r)
		case latexCommands[r] != "":
			b.WriteString(latexCommands[r])
		case r < 0x7f:
			b.WriteString("{" + string(r) + "}")
		default:
			fmt.Fprintf(&b, "{[}U{+}%04X{]}", r)
		}
	}
	return b.String()
}

// latexCommands are what characters are written with that mean something to
// LaTeX, or that its fonts have under a name.
var latexCommands = map[rune]string{
	'\\': `\textbackslash{}`, '{': `\{`, '}': `\}`, '$': `\$`, '&': `\&`, '#': `\#`, '%': `\%`, '_': `\_`,
	'^': `\textasciicircum{}`, '~': `\textasciitilde{}`, '"': `\textquotedbl{}`, '\'': `\textquotesingle{}`, '`': `\textasciigrave{}`,
	'<': `\textless{}`, '>': `\textgreater{}`, '|': `\textbar{}`,
	'µ': `\textmu{}`, 'μ': `\textmu{}`, '·': `\textperiodcentered{}`, '–': `\textendash{}`, '—': `\textemdash{}`, '…': `\ldots{}`,
	'×': `\texttimes{}`, '→': `$\rightarrow$`, '←': `$\leftarrow$`, '►': `$\rightarrow$`, '◄': `$\leftarrow$`, '≥': `$\geq$`, '≤': `$\leq$`,
	'±': `\textpm{}`, '°': `\textdegree{}`, '÷': `\textdiv{}`,
}
