package main

import (
	"io"
	"path/filepath"
	"strings"

	"tcpsee/render"
)

// format is a way to write data.
type format struct {
	name    string
	word    bool     // may stand in the place of the picture: -o NAME
	endings []string // of files; the first is the one that is told
	// make gives its renderer. view is the picture's, which says whether
	// segments or connections are wanted. It is nil for packets, which a
	// saver writes.
	make func(view string, w io.Writer, o render.Options) render.Renderer
}

const (
	packetFormat  = "pcapng" // which is no renderer's
	pictureFormat = "text"   // the picture itself
)

// formats lists what -o takes.
var formats = [...]format{
	{"ndjson", true, []string{".ndjson", ".jsonl"}, plainly(render.NewNDJSON)},
	{"json", true, []string{".json"}, plainly(render.NewJSON)},
	{"csv", true, []string{".csv"}, table(render.FormatCSV, render.NewCSV)},
	{"markdown", true, nil, table(render.FormatMarkdown, render.NewMarkdown)},
	{pictureFormat, true, []string{".txt"}, func(view string, w io.Writer, o render.Options) render.Renderer { return newView(view, w, o) }},
	{"report", false, []string{".md"}, plainly(render.NewMarkdown)},
	{"html", false, []string{".html", ".htm"}, plainly(render.NewHTML)},
	{"svg", false, []string{".svg"}, plainly(render.NewSVG)},
	{"mermaid", false, []string{".mmd"}, plainly(render.NewMermaid)},
	{"plantuml", false, []string{".puml"}, plainly(render.NewPlantUML)},
	{"latex", false, []string{".tex"}, plainly(render.NewLaTeX)},
	{packetFormat, false, []string{".pcapng"}, nil},
}

// picks is the view that counts for a format: the picture's for a picture, else
// the one that was asked for.
func (f format) picks(pictured, asked string) string {
	if f.name == pictureFormat {
		return pictured
	}
	return asked
}

// isData reports whether a format is for programs, which ask for what they want.
func (f format) isData() bool { return oneOf(f.name, "ndjson", "json", "csv") }

// plainly makes a renderer whatever the view.
func plainly[R render.Renderer](make func(io.Writer, render.Options) R) func(string, io.Writer, render.Options) render.Renderer {
	return func(_ string, w io.Writer, o render.Options) render.Renderer { return make(w, o) }
}

// tabular reports whether what -o asks for can be the summary.
func tabular(output string) bool {
	f, ok := wordFormat(output)
	if !ok {
		f, _ = fileFormat(output)
	}
	return oneOf(f.name, "csv", "markdown", pictureFormat)
}

// table makes the summary's table where that is the view.
func table[R render.Renderer](f render.Format, make func(io.Writer, render.Options) R) func(string, io.Writer, render.Options) render.Renderer {
	return func(view string, w io.Writer, o render.Options) render.Renderer {
		if view != "summary" {
			return make(w, o)
		}
		o.Format = f
		return render.NewSummary(w, o)
	}
}

// formatWords are the words that -o takes.
func formatWords() (words []string) {
	for _, f := range formats {
		if f.word {
			words = append(words, f.name)
		}
	}
	return words
}

// formatEndings are the endings of files that -o takes, one a format.
func formatEndings() (endings []string) {
	for _, f := range formats {
		if len(f.endings) > 0 {
			endings = append(endings, f.endings[0])
		}
	}
	return endings
}

// wordFormat returns the format that a word of -o names.
func wordFormat(word string) (format, bool) {
	for _, f := range formats {
		if f.word && f.name == word {
			return f, true
		}
	}
	return format{}, false
}

// fileFormat returns the format that a file name's ending stands for.
func fileFormat(name string) (format, bool) {
	ending := strings.ToLower(filepath.Ext(name))
	for _, f := range formats {
		if oneOf(ending, f.endings...) {
			return f, true
		}
	}
	return format{}, false
}

// noFormat says what -o can be, and what to do for what it cannot.
func noFormat(name string) error {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".pdf", ".jpg", ".jpeg":
		return withHint(usagef("-o %q: tcpsee draws no pixels and no pages", name),
			"-o lesson.svg, then rsvg-convert -z 2 lesson.svg -o lesson.png, or print lesson.html from a browser")
	case ".pcap", ".cap":
		return withHint(usagef("-o %q: the older format has no room for comments", name), "-o lesson.pcapng, with comments; -w lesson.pcapng, the packets alone")
	}
	return withHint(usagef("-o %q is neither a format nor a file whose ending is one", name),
		"formats: "+strings.Join(formatWords(), ", ")+"; file endings: "+strings.Join(formatEndings(), " "))
}
