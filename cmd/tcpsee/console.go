package main

import (
	"bytes"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"tcpsee/render"
)

// console is where a conversation and a picture of it meet. On a terminal the
// line being typed is kept below the rows and never torn, and the peer's text
// is prefixed, so that it cannot imitate ours; elsewhere the bytes of the
// conversation pass as they are.
type console struct {
	in      io.Reader // what the user types or pipes in
	talk    io.Writer // what the peer says
	picture screen    // where the picture goes

	mu      sync.Mutex
	editor  *term.Terminal
	restore func()
}

// newConsole arranges the three streams. stop ends the command (Ctrl-C while a
// line is edited). conversation is standard output, or standard error where
// data has standard output.
func newConsole(std stdio, conversation *os.File, stop func()) (*console, error) {
	c := &console{in: std.in, talk: conversation, picture: screen{w: std.err, file: std.err}, restore: func() {}}
	shared := isTerminal(conversation) && isTerminal(std.err)
	if isTerminal(std.in) && (isTerminal(std.err) || isTerminal(conversation)) {
		if err := c.edit(std, conversation, stop); err != nil {
			return nil, err
		}
	} else if shared {
		c.picture.w = &locked{&c.mu, std.err}
	}
	switch {
	case c.editor != nil && isTerminal(conversation):
		c.talk = &peerText{w: c.editor}
	case isTerminal(conversation):
		c.talk = &peerText{w: &locked{&c.mu, conversation}}
	}
	return c, nil
}

// edit puts the terminal into raw mode and edits lines there.
func (c *console) edit(std stdio, conversation *os.File, stop func()) error {
	screenFile := std.err
	if !isTerminal(screenFile) {
		screenFile = conversation
	}
	fd := int(std.in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return err
	}
	var once sync.Once
	c.restore = func() { once.Do(func() { _ = term.Restore(fd, state) }) }
	c.editor = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&interruptReader{std.in, stop}, screenFile}, "> ")
	if w, h, err := term.GetSize(int(screenFile.Fd())); err == nil && w > 0 && h > 0 {
		_ = c.editor.SetSize(w, h)
	}
	if isTerminal(std.err) {
		c.picture.w = c.editor
		c.picture.sized = c.editor.SetSize
	}
	r, w := io.Pipe()
	c.in = r
	go func() {
		for {
			line, err := c.editor.ReadLine()
			if err != nil {
				_ = w.CloseWithError(io.EOF)
				return
			}
			if _, err := io.WriteString(w, line+"\n"); err != nil {
				return
			}
		}
	}()
	return nil
}

// close gives the terminal back. Lines that come after it are printed as
// usual.
func (c *console) close() {
	if c.editor != nil {
		c.editor.SetPrompt("")
		_, _ = c.editor.Write(nil)
	}
	c.restore()
	if c.editor != nil {
		_, _ = os.Stderr.WriteString("\r")
	}
}

// locked serialises writers of one terminal.
type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// interruptReader passes on what is typed, but for Ctrl-C, which raw mode
// delivers as a byte.
type interruptReader struct {
	r    io.Reader
	stop func()
}

const ctrlC = 3

func (r *interruptReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if i := bytes.IndexByte(p[:n], ctrlC); i >= 0 {
		r.stop()
		copy(p[i:], p[i+1:n])
		n--
		if n == 0 && err == nil {
			return r.Read(p)
		}
	}
	return n, err
}

// peerText shows the peer's bytes on a terminal: each line prefixed, nothing
// in them live.
type peerText struct {
	w io.Writer
}

func (t *peerText) Write(p []byte) (int, error) {
	var b bytes.Buffer
	for _, line := range bytes.SplitAfter(p, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		b.WriteString("< ")
		b.WriteString(render.Printable(string(line)))
		b.WriteByte('\n')
	}
	if _, err := t.w.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
