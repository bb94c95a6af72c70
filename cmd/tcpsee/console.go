package main

import (
	"bytes"
	"io"
	"os"
	"sync"
	"unicode/utf8"

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

	mu     sync.Mutex
	editor *lineEditor // nil where nobody types
}

// newConsole arranges the three streams; start begins to read. conversation is
// standard output, or standard error where data has standard output.
func newConsole(std stdio, conversation *os.File) *console {
	c := &console{in: std.in, talk: conversation, picture: screen{w: std.err, file: std.err}}
	shared := isTerminal(conversation) && isTerminal(std.err)
	if isTerminal(std.in) && (isTerminal(std.err) || isTerminal(conversation)) {
		c.edit(std, conversation)
	} else if shared {
		c.picture.w = &locked{&c.mu, std.err}
	}
	switch {
	case c.editor != nil && isTerminal(conversation):
		c.talk = &peerText{w: c.editor}
	case isTerminal(conversation):
		c.talk = &peerText{w: &locked{&c.mu, conversation}}
	}
	return c
}

// edit has lines edited on the terminal.
func (c *console) edit(std stdio, conversation *os.File) {
	screenFile := std.err
	if !isTerminal(screenFile) {
		screenFile = conversation
	}
	c.editor = newLineEditor(std.in, screenFile)
	if isTerminal(std.err) {
		c.picture.w = c.editor
		c.picture.sized = c.editor.resize
	}
	c.in = &typedLines{lines: c.editor.lines}
}

// start begins to read the terminal. stop ends the command (Ctrl-C), and ended
// is called when the user has ended the input (Ctrl-D).
func (c *console) start(stop, ended func()) error {
	if c.editor == nil {
		return nil
	}
	return c.editor.start(stop, ended)
}

// close gives the terminal back. Lines that come after it are printed as
// usual.
func (c *console) close() {
	if c.editor != nil {
		c.editor.close()
	}
}

// giveBack is close for a process that ends at once.
func (c *console) giveBack() {
	if c.editor != nil {
		c.editor.giveBack()
	}
}

// typedLines reads what an editor has made.
type typedLines struct {
	lines <-chan []byte
	rest  []byte
}

func (t *typedLines) Read(p []byte) (int, error) {
	if len(t.rest) == 0 {
		line, ok := <-t.lines
		if !ok {
			return 0, io.EOF
		}
		t.rest = line
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
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

// peerText shows the peer's bytes on a terminal: each line prefixed, nothing
// in them live. A character that has come in part waits for its other bytes,
// which may be in the next segment.
type peerText struct {
	w io.Writer

	mu   sync.Mutex
	part []byte // of a character, fewer than utf8.UTFMax
}

func (t *peerText) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := append(t.part, p...)
	whole := wholeCharacters(text)
	t.part = bytes.Clone(text[whole:])
	if err := t.show(text[:whole]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush shows what waits: the rest of it does not come. Where the terminal
// takes nothing it waits for nobody.
func (t *peerText) flush() error {
	if !t.mu.TryLock() {
		return nil
	}
	defer t.mu.Unlock()
	part := t.part
	t.part = nil
	return t.show(part)
}

func (t *peerText) show(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	var b bytes.Buffer
	for _, line := range bytes.SplitAfter(text, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		b.WriteString("< ")
		b.WriteString(render.Printable(string(line)))
		b.WriteByte('\n')
	}
	_, err := t.w.Write(b.Bytes())
	return err
}

// wholeCharacters is how many bytes of text stand before a character of UTF-8
// that is only begun at its end.
func wholeCharacters(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if at := len(text) - n; utf8.RuneStart(text[at]) {
			if utf8.FullRune(text[at:]) {
				break
			}
			return at
		}
	}
	return len(text)
}
