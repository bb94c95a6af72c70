package main

import (
	"os"

	"golang.org/x/term"

	"tcpsee/render"
)

// window is the terminal that a picture is drawn on, as it is resized. A nil
// window never changes.
type window struct {
	pic     screen
	changes <-chan os.Signal
	stop    func()
}

// newWindow follows the terminal of a picture; nil where there is none, or the
// width is given.
func (p *pictureFlags) newWindow(pic screen) *window {
	if p.width != 0 || p.quiet || p.takesStdout() || !isTerminal(pic.file) {
		return nil
	}
	w := &window{pic: pic}
	w.changes, w.stop = windowChanges()
	return w
}

// changed is ready when the size may have changed.
func (w *window) changed() <-chan os.Signal {
	if w == nil {
		return nil
	}
	return w.changes
}

// close follows the terminal no longer.
func (w *window) close() {
	if w != nil {
		w.stop()
	}
}

// resize gives the terminal's width of now to the pictures that can take it on.
func (w *window) resize(rs []render.Renderer) {
	columns, rows, err := term.GetSize(int(w.pic.file.Fd()))
	if err != nil || columns <= 0 {
		return
	}
	if w.pic.sized != nil {
		_ = w.pic.sized(columns, max(rows, 1))
	}
	for _, r := range rs {
		if r, ok := r.(render.Resizer); ok {
			r.Resize(max(columns, render.MinWidth))
		}
	}
}
