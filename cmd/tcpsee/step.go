package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// lessonFlags are replay's flags for a class.
type lessonFlags struct {
	step  bool
	quiz  bool
	speed float64
}

func (s *lessonFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.step, "step", false, "show a segment at a key press: space next, b back, p play, q quit")
	f.Float64Var(&s.speed, "speed", 0, "replay in the capture's own time, `X` times as fast (1, 0.5, 10)")
	f.BoolVar(&s.quiz, "quiz", false, "guess each segment before it is shown; the answer is explained, and a score kept")
}

// any reports whether rows wait for a key, an answer or their time.
func (s *lessonFlags) any() bool { return s.step || s.quiz || s.speed != 0 }

// check refuses what cannot be meant together.
func (s *lessonFlags) check(p *pictureFlags) error {
	switch {
	case !s.any():
		return nil
	case s.speed < 0:
		return usagef("--speed %g: 1 is the capture's own time, 2 twice as fast, 0.5 half as fast", s.speed)
	case s.quiz && s.speed != 0:
		return usagef("--quiz waits for answers, and --speed for the time: choose one")
	case p.view != "" && p.view != "timeline":
		return usagef("--step, --speed and --quiz are for the timeline, and --view asks for %s", p.view)
	case p.sort != "" || len(p.only) > 0:
		return usagef("--step, --speed and --quiz are for the timeline, and --sort and --only for the summary")
	case p.quiet || p.takesStdout():
		return usagef("--step, --speed and --quiz need the picture, which -q and -o FORMAT leave out")
	}
	return nil
}

// errQuit ends the loop where the user has seen enough.
var errQuit = errors.New("the user has seen enough")

// What the keyboard says.
const (
	keyForward = ' '
	keyEnter   = '\r'
	keyNewline = '\n'
	keyBack    = 'b'
	keyPlay    = 'p'
	keyQuit    = 'q'
)

// maxHistory is how many bytes of rows are kept to go back to.
const maxHistory = 16 << 20

// gate holds each segment's row back until a key is pressed, an answer is
// given or its time has come. The renderer behind it draws into buf; what one
// segment adds, with what follows it before the next, is a page.
type gate struct {
	lessonFlags
	ctx    context.Context
	next   render.Renderer
	buf    *bytes.Buffer
	out    screen
	prompt io.Writer
	keys   *os.File      // a terminal; nil where nobody can press a key
	lines  *bufio.Reader // answers; nil where there are none

	only    int64 // the one connection that is drawn; 0 is all
	pages   [][]byte
	size    int
	segment int
	playing bool
	over    bool
	quizzed score
	start   time.Time     // when the first row with a time was shown
	first   capture.Stamp // and its time
}

// Needs asks for what the rows need.
func (g *gate) Needs() render.Needs { return render.NeedsAll | render.NeedsOf(g.next) }

// newGate arranges the gate. It opens the terminal, which a confined process
// cannot do.
func (a *app) newGate(ctx context.Context, s lessonFlags, files []string, only int64) *gate {
	g := &gate{lessonFlags: s, ctx: ctx, buf: new(bytes.Buffer), out: screen{w: a.std.out, file: a.std.out},
		prompt: a.std.err, only: only, first: capture.NoTime}
	in := a.std.in
	if oneOf("-", files...) {
		in, _ = os.Open(ttyName) // nil where there is no terminal
	}
	if isTerminal(in) {
		g.keys = in
	}
	switch {
	case s.quiz && in != nil:
		g.lines = bufio.NewReader(in)
	case s.quiz:
		g.say("no terminal to answer on: the rows go on without questions")
	case s.step && g.keys == nil:
		g.say("no terminal on standard input: the rows go on without waiting for a key")
	}
	if !s.step || g.keys == nil {
		g.playing = true
	}
	return g
}

// ttyName is the terminal of a process whose standard input is a capture.
const ttyName = "/dev/tty"

func (g *gate) say(format string, a ...any) { fmt.Fprintf(g.prompt, format+"\n", a...) }

// Event draws e when its turn has come.
func (g *gate) Event(e *conn.Event) error {
	if g.over {
		return nil
	}
	counts := e.Type == conn.TypeSegment && (g.only == 0 || e.Conn == g.only)
	if counts {
		g.segment++
		if err := g.wait(e); err != nil {
			return g.quit(err)
		}
	}
	if err := g.next.Event(e); err != nil {
		return err
	}
	return g.show(counts)
}

// quit ends the showing. What is still to come goes undrawn.
func (g *gate) quit(err error) error {
	g.over = true
	return err
}

// show writes what has been drawn, and keeps it to go back to.
func (g *gate) show(page bool) error {
	if err := g.next.Flush(); err != nil {
		return err
	}
	text := bytes.Clone(g.buf.Bytes())
	g.buf.Reset()
	if g.size += len(text); g.size > maxHistory {
		g.pages, g.size = nil, len(text)
	}
	if page || len(g.pages) == 0 {
		g.pages = append(g.pages, text)
	} else {
		last := len(g.pages) - 1
		g.pages[last] = append(g.pages[last], text...)
	}
	_, err := g.out.w.Write(text)
	return err
}

// hold puts the gate before the picture, the first of the renderers.
func (g *gate) hold(p *pictureFlags, base render.Options, rs []render.Renderer) []render.Renderer {
	o := p.options(g.out.file, base)
	o.Live = true // every row by itself, nothing folded
	view := "timeline"
	if p.plain {
		view = "plain"
	}
	g.next = newView(view, g.buf, o)
	return append([]render.Renderer{g}, rs[1:]...)
}

// wait returns when e may be drawn.
func (g *gate) wait(e *conn.Event) error {
	switch {
	case g.ctx.Err() != nil:
		return errQuit
	case g.lines != nil:
		return g.ask(e)
	case !g.playing:
		return g.turn()
	case g.speed != 0 || g.step && g.keys != nil:
		return g.pace(e.Time)
	}
	return nil
}

// turn waits for a key. Back shows what has been shown but for the last row,
// and forward from there shows it again.
func (g *gate) turn() error {
	shown := len(g.pages)
	for {
		key, err := g.key(fmt.Sprintf("%d shown · space next · b back · p play · q quit ", g.segment-1-(len(g.pages)-shown)))
		if err != nil {
			return err
		}
		switch key {
		case keyForward, keyEnter, keyNewline:
			if shown == len(g.pages) {
				return nil
			}
			shown++
			if _, err := g.out.w.Write(g.pages[shown-1]); err != nil {
				return err
			}
		case keyBack:
			if shown > 1 {
				shown--
				if err := g.redraw(shown); err != nil {
					return err
				}
			}
		case keyPlay:
			for ; shown < len(g.pages); shown++ {
				if _, err := g.out.w.Write(g.pages[shown]); err != nil {
					return err
				}
			}
			g.playing = true
			return nil
		case keyQuit, ctrlC, ctrlD:
			return errQuit
		}
	}
}

// ctrlD ends input in a terminal's usual mode.
const ctrlD = 4

// clearScreen empties a terminal: cursor home, erase.
const clearScreen = "\x1b[H\x1b[2J"

// redraw shows the first n pages again.
func (g *gate) redraw(n int) error {
	if isTerminal(g.out.file) {
		if _, err := io.WriteString(g.out.w, clearScreen); err != nil {
			return err
		}
	}
	_, err := g.out.w.Write(bytes.Join(g.pages[:n], nil))
	return err
}

// key asks for a key. The terminal is raw while it waits only, so that rows
// are drawn, and Ctrl-C works, as usual.
func (g *gate) key(prompt string) (byte, error) {
	state, err := term.MakeRaw(int(g.keys.Fd()))
	if err != nil {
		return 0, fmt.Errorf("read keys from the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(g.keys.Fd()), state) }()
	io.WriteString(g.prompt, prompt)
	defer io.WriteString(g.prompt, "\r\x1b[K")
	pressed := make(chan byte, 1)
	go func() {
		var b [1]byte
		if n, err := g.keys.Read(b[:]); n == 0 || err != nil {
			b[0] = keyQuit // the terminal has gone
		}
		pressed <- b[0]
	}()
	select {
	case k := <-pressed:
		return k, nil
	case <-g.ctx.Done():
		return 0, errQuit
	}
}

// pace waits until a frame's time has come. Frames that are earlier than the
// first, and those without a time, come at once.
func (g *gate) pace(at capture.Stamp) error {
	if !at.Known() {
		return nil
	}
	if !g.first.Known() {
		g.first, g.start = at, time.Now()
		return nil
	}
	speed := g.speed
	if speed == 0 {
		speed = 1
	}
	due := time.Duration(float64(at-g.first) / speed)
	timer := time.NewTimer(time.Until(g.start.Add(due)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-g.ctx.Done():
		return errQuit
	}
}

// Flush has nothing to do: each row is shown as it comes.
func (g *gate) Flush() error { return nil }

// Close draws what stands at the end, unless the user has quit before.
func (g *gate) Close() error {
	defer g.quizzed.tell(g)
	if g.over {
		return nil
	}
	if err := g.next.Close(); err != nil {
		return err
	}
	return g.show(false)
}
