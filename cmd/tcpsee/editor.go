package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/term"
)

// lineEditor has lines typed on a terminal below what is written there. It
// holds the terminal in raw mode while this process is in its foreground; in
// the background it reads nothing, and what is written passes as it is.
type lineEditor struct {
	keys   *os.File // the terminal that is typed on
	screen *os.File // where it shows
	line   *term.Terminal
	shown  *tabShower  // through which line writes
	lines  chan []byte // what was typed; closed at the end of input
	stop   func()      // ends the command
	ended  func()      // tells that the input has ended

	mu     sync.Mutex
	front  *sync.Cond // raw, or closed
	raw    bool
	closed bool
	before atomic.Pointer[term.State] // the terminal's modes before they became raw
	over   atomic.Bool                // the input has ended
}

const editorPrompt = "> "

// typedAhead is how many lines may be typed before there is somebody to send
// them to.
const typedAhead = 1 << 10

// Keys that the editor's library takes for something else, or drops, stand as
// characters that no text holds (Unicode, section 23.7: noncharacters).
const (
	tabMark  = '\uFDD0' // a tab in the line
	ctrlDKey = '\uFDD1' // Ctrl-D
)

// newLineEditor prepares the editor; start begins it.
func newLineEditor(keys, screen *os.File) *lineEditor {
	e := &lineEditor{keys: keys, screen: screen, shown: &tabShower{w: screen}, lines: make(chan []byte, typedAhead)}
	e.front = sync.NewCond(&e.mu)
	e.line = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&endKeyReader{e: e}, e.shown}, editorPrompt)
	e.line.AutoCompleteCallback = e.key
	e.fit()
	return e
}

// start takes the terminal, where it is this process's, and edits lines. stop
// ends the command, and ended is called when the input has ended.
func (e *lineEditor) start(stop, ended func()) error {
	e.stop, e.ended = stop, ended
	e.followJobs()
	if err := e.take(); err != nil {
		return err
	}
	go e.edit()
	return nil
}

// edit reads lines until the input ends. After that the terminal is still
// read: where Ctrl-C is a byte, it comes there.
func (e *lineEditor) edit() {
	for !e.over.Load() {
		e.await()
		if _, closed := e.has(); closed {
			return // before it was ever in the foreground
		}
		line, err := e.line.ReadLine()
		switch {
		case e.over.Load():
		case err != nil:
			e.end()
		default:
			e.lines <- typed(line + "\n")
		}
	}
	_, _ = io.Copy(io.Discard, e)
}

// end closes the input. Only edit, and what it calls, ends it.
func (e *lineEditor) end() {
	e.over.Store(true)
	close(e.lines)
	e.line.SetPrompt("")
	_, _ = e.line.Write(nil)
	e.ended()
}

// key is asked about each key that the library has no use for. Ctrl-D sends
// the line as it is and, where there is none, ends the input, as in a
// terminal's usual mode.
func (e *lineEditor) key(line string, pos int, key rune) (string, int, bool) {
	switch {
	case key == '\t':
		return line[:pos] + string(tabMark) + line[pos:], pos + len(string(tabMark)), true
	case key != ctrlDKey:
		return "", 0, false
	case e.over.Load():
	case line == "":
		e.end()
	default:
		_, _ = e.line.Write([]byte(editorPrompt + line + "\n"))
		e.lines <- typed(line)
	}
	return "", 0, true
}

// typed is a line as it is sent.
func typed(line string) []byte { return []byte(strings.ReplaceAll(line, string(tabMark), "\t")) }

// take makes the terminal raw, where it is this process's.
func (e *lineEditor) take() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || !inForeground(e.keys) {
		e.raw = false // the shell has the terminal, and its modes
		return nil
	}
	before, err := makeRaw(e.keys)
	if err != nil {
		return err
	}
	e.before.CompareAndSwap(nil, before)
	e.raw = true
	e.fit()
	_, _ = e.line.Write(nil) // shows what was being typed
	e.front.Broadcast()
	return nil
}

// leave gives the terminal back for a time.
func (e *lineEditor) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.raw {
		e.raw = false
		e.giveBack()
	}
}

// giveBack restores the terminal's modes.
func (e *lineEditor) giveBack() {
	if before := e.before.Swap(nil); before != nil && inForeground(e.keys) {
		_ = term.Restore(int(e.keys.Fd()), before)
	}
}

// close gives the terminal back for good. Of a line that was being typed the text
// stays, in a line of its own: what the shell asks next would look like it.
func (e *lineEditor) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.raw {
		e.line.SetPrompt("")
		_, _ = e.line.Write(nil)
		e.giveBack()
		after := "\r"
		if e.shown.some.Load() {
			after = "\r\n"
		}
		_, _ = e.screen.WriteString(after)
	}
	e.raw, e.closed = false, true
	e.front.Broadcast()
}

// await returns when the terminal is raw, or closed.
func (e *lineEditor) await() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.raw && !e.closed {
		e.front.Wait()
	}
}

// has reports whether the terminal is raw, and whether it is closed.
func (e *lineEditor) has() (raw, closed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.raw, e.closed
}

// fit takes on the terminal's size.
func (e *lineEditor) fit() {
	if w, h, err := term.GetSize(int(e.screen.Fd())); err == nil && w > 0 && h > 0 {
		_ = e.line.SetSize(w, h)
	}
}

// resize is fit for a screen whose size is known.
func (e *lineEditor) resize(columns, rows int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.raw {
		return nil // take fits it
	}
	return e.line.SetSize(columns, rows)
}

// Write shows p above the line that is being typed.
func (e *lineEditor) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.raw {
		return e.line.Write(p)
	}
	return e.screen.Write(p)
}

// Read returns what is typed, and waits while the terminal is not this
// process's.
func (e *lineEditor) Read(p []byte) (int, error) {
	for {
		e.await()
		awaitInput(e.keys)
		switch raw, closed := e.has(); {
		case closed:
			return 0, io.EOF
		case raw:
			n, err := (&interruptReader{e.keys, e.stop}).Read(p)
			kept := bytes.ReplaceAll(p[:n], []byte{ctrlZ}, nil) // has what was typed after it too
			if len(kept) < n {
				e.suspend()
				n = copy(p, kept)
			}
			return n, err
		}
	}
}

// interruptReader passes on what is typed, but for Ctrl-C, which raw mode
// delivers as a byte where it is no signal.
type interruptReader struct {
	r    io.Reader
	stop func()
}

const (
	ctrlC = 3
	ctrlZ = 0x1a
)

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

// endKeyReader has Ctrl-D come as ctrlDKey, and ends once the input has.
type endKeyReader struct {
	e    *lineEditor
	rest []byte
}

func (r *endKeyReader) Read(p []byte) (int, error) {
	if r.e.over.Load() {
		return 0, io.EOF
	}
	if len(r.rest) == 0 {
		b := make([]byte, len(p))
		n, err := r.e.Read(b)
		if err != nil {
			return 0, err
		}
		r.rest = bytes.ReplaceAll(b[:n], []byte{ctrlD}, []byte(string(ctrlDKey)))
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// tabShower shows tabMark in one column, as the editor counts it.
type tabShower struct {
	w    io.Writer
	some atomic.Bool // the last Write had something to show: of the editor's, the prompt and the line
}

func (t *tabShower) Write(p []byte) (int, error) {
	t.some.Store(len(p) > 0)
	shown := "→"
	if asciiLocale() {
		shown = " "
	}
	if _, err := t.w.Write(bytes.ReplaceAll(p, []byte(string(tabMark)), []byte(shown))); err != nil {
		return 0, err
	}
	return len(p), nil
}
