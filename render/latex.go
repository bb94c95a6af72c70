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
\newlength{\way}
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
	strokes := strokesOf(r, d.folds, &d.o, &d.g, sequencePreview)
	lanes, when := d.lanesOf(r), newRowTimes(&d.o)
	number, at := latexColumns(strokes)
	if files := recordFiles(r, &d.o, &d.g); files != "" {
		line("Files: %s.\n", latexText(files))
	}
	line(`\setlength{\way}{%dmm}`, latexWay-number-at)
	line(`\begin{longtable}{p{%dmm}p{%dmm}p{28mm}p{\way}p{28mm}}`, number, at)
	line(`\hfill\# & \hfill %s & \hfill\textbf{%s} & & \textbf{%s} \\`, latexText(when.head()), latexText(lanes[conn.Client].name), latexText(lanes[conn.Server].name))
	line(` & & & \footnotesize %s \hfill %s & \\ \hline \noalign{\vskip 2mm} \endhead`, latexText(lanes[conn.Client].address), latexText(lanes[conn.Server].address))
	var shown [2]string
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

// latexWay is how many millimetres there are for the arrows, the frames' numbers
// and the times.
const latexWay = 111

// latexColumns gives the millimetres that numbers and times need. Ten of LaTeX's
// figures are 18 mm wide at most.
func latexColumns(strokes []stroke) (number, at int) {
	for i := range strokes {
		number = max(number, len(strokes[i].numbered()))
		at = max(at, len(strokes[i].time(wideTime)))
	}
	wide := func(columns int) int { return (columns*18 + 9) / 10 }
	return max(8, wide(number)), max(17, wide(at))
}

func appendLaTeXRow(b []byte, s *stroke, shown *[2]string) []byte {
	way := `\remark`
	switch s.kind {
	case strokeSegment, strokeICMP, strokeNeighbour:
		if way = `\segment`; s.dir == pointsLeft {
			way = `\answer`
		}
	}
	client, server := s.changes(conn.Client, shown), s.changes(conn.Server, shown)
	return fmt.Appendf(b, "\\hfill %s & \\hfill %s & \\hfill\\state{%s} & %s{%s} & \\state{%s} \\\\\n", s.numbered(), s.time(wideTime), latexText(client), way, latexText(s.plain()), latexText(server))
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
