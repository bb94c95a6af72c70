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

// fileTag writes the tag of the file that the event's frame is in, where there
// are several files.
func (t *timeline) fileTag(e *conn.Event) {
	n := len(t.o.Files)
	if n < 2 {
		return
	}
	col := t.row.col + len(fileTag(n-1)) + 1
	if e.Frame > 0 && e.File >= 0 && e.File < n {
		t.row.ascii(fileTag(e.File))
	}
	t.row.to(col)
}

// filesLine says which tag is which file.
func (t *timeline) filesLine() {
	if len(t.o.Files) < 2 {
		return
	}
	var parts []string
	for i, name := range shortNames(t.o.Files) {
		if i == maxLegend {
			parts = append(parts, "and so on in the order given, to "+fileTag(len(t.o.Files)-1))
			break
		}
		parts = append(parts, fileTag(i)+" "+cutMiddle(safeText(name, &t.g), 2*maxName, &t.g))
	}
	l := &t.row
	l.reset(t.lay.width)
	l.ascii(" files")
	l.to(cardValue)
	t.wrapped(strings.Join(parts, ", "), cardValue)
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
