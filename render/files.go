package render

import (
	"path/filepath"
	"strconv"
	"strings"

	"tcpsee/dissect/conn"
)

// maxLegend is how many files the legend of a picture lists.
const maxLegend = 32

// shortNames names files by their last elements, and by the whole path those
// that would have the same name.
func shortNames(files []string) []string {
	names, uses := make([]string, len(files)), make(map[string]int)
	for i, f := range files {
		names[i] = baseName(f)
		uses[names[i]]++
	}
	for i, f := range files {
		if uses[names[i]] > 1 {
			names[i] = filepath.ToSlash(f)
		}
	}
	return names
}

// FileNames are how a Tracker is to call files in sentences
// (conn.Options.Files): by their last elements where these differ, and the
// middle of long ones left out.
func FileNames(files []string) []string {
	g := newGlyphs(false)
	names := shortNames(files)
	for i, name := range names {
		names[i] = cutMiddle(safeText(name, &g), 2*maxName, &g)
	}
	return names
}

// fileTag is how rows name one of several files.
func fileTag(i int) string { return "f" + strconv.Itoa(i+1) }

// fileOf is the tag of the file that an event's frame is in, where there are
// several; else "".
func fileOf(e *conn.Event, o *Options) string {
	if len(o.Files) < 2 || e.Frame <= 0 || e.File < 0 || e.File >= len(o.Files) {
		return ""
	}
	return fileTag(e.File)
}

// fileTagWidth is how many columns tags have at most; 0 where there is one file.
func fileTagWidth(o *Options) int {
	if len(o.Files) < 2 {
		return 0
	}
	return len(fileTag(len(o.Files) - 1))
}

// filesText says which tag is which file, of those that are wanted.
func filesText(o *Options, g *glyphs, wanted func(i int) bool) string {
	var parts []string
	for i, name := range shortNames(o.Files) {
		if !wanted(i) {
			continue
		}
		if len(parts) == maxLegend {
			parts = append(parts, "and so on in the order given, to "+fileTag(len(o.Files)-1))
			break
		}
		parts = append(parts, fileTag(i)+" "+cutMiddle(safeText(name, g), 2*maxName, g))
	}
	return strings.Join(parts, ", ")
}

// recordFiles says which tag is which of the files that a record is from; ""
// where there is one file only.
func recordFiles(r *conn.Record, o *Options, g *glyphs) string {
	if len(o.Files) < 2 {
		return ""
	}
	from := make(map[int]bool)
	for i := range r.Events {
		if r.Events[i].Frame > 0 {
			from[r.Events[i].File] = true
		}
	}
	return filesText(o, g, func(i int) bool { return from[i] })
}

// fileTag writes the tag of the file that the event's frame is in, where there
// are several files.
func (t *timeline) fileTag(e *conn.Event) {
	w := fileTagWidth(&t.o)
	if w == 0 {
		return
	}
	col := t.row.col + w + 1
	t.row.ascii(fileOf(e, &t.o))
	t.row.to(col)
}

// filesLine says which tag is which file.
func (t *timeline) filesLine() {
	if len(t.o.Files) < 2 {
		return
	}
	l := &t.row
	l.reset(t.lay.width)
	l.ascii(" files")
	l.to(cardValue)
	t.wrapped(filesText(&t.o, &t.g, func(int) bool { return true }), cardValue)
	t.emit()
}

// fileCell names the file that a connection began in, safe for a terminal;
// nothing where there is one file only.
func (s *summary) fileCell(c *conn.Connection) string {
	if len(s.o.Files) < 2 || c.File < 0 || c.File >= len(s.o.Files) {
		return ""
	}
	if s.files == nil {
		for _, name := range shortNames(s.o.Files) {
			s.files = append(s.files, cutMiddle(safeText(name, &s.g), 2*maxName, &s.g))
		}
	}
	return s.files[c.File]
}
