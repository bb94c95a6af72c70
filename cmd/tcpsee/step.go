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
	case p.wantsTable():
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

// maxHistory is how many bytes of events are kept to go back to.
const maxHistory = 64 << 20

// keyResized stands for a terminal of another size in the place of a key.
const keyResized = 0

// gate holds each segment's row back until a key is pressed, an answer is
// given or its time has come. The renderer behind it draws into buf. A segment,
// with what follows it before the next, is a page; their events are kept, so
// that they can be drawn again, also at another width.
type gate struct {
	lessonFlags
	ctx    context.Context
	next   render.Renderer
	fresh  func() render.Renderer // one that has drawn nothing yet, at the terminal's width
	buf    *bytes.Buffer
	out    screen
	window *window
	prompt io.Writer
	keys   *os.File      // a terminal; nil where nobody can press a key
	lines  *bufio.Reader // answers; nil where there are none

	only    int64 // the one connection that is drawn; 0 is all
	events  []*conn.Event
	pages   []int // how many of events stand there behind each page
	size    int   // of the events, about
	segment int
	pressed chan byte // where a key comes that is being read; nil where none is
	playing bool
	over    bool
	quizzed score
	several bool          // connections have been asked about
	start   time.Time     // when the first row with a time was shown
	first   capture.Stamp // and its time
}

// Needs asks for what the rows need.
func (g *gate) Needs() render.Needs { return render.NeedsAll | render.NeedsOf(g.next) }

// newGate arranges the gate. It opens the terminal, which a confined process
// cannot do.
func (a *app) newGate(ctx context.Context, s lessonFlags, files []string, only int64) *gate {
	g := &gate{lessonFlags: s, ctx: ctx, buf: new(bytes.Buffer), out: screen{w: a.std.out, file: a.std.out},
		prompt: inLocale(a.std.err), only: only, first: capture.NoTime}
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
	g.keep(e, counts)
	return g.give(e)
}

// keep remembers an event to go back to, at the end of its page.
func (g *gate) keep(e *conn.Event, page bool) {
	if !g.step || g.keys == nil {
		return
	}
	kept, n := e.Clone()
	if g.size += n; g.size > maxHistory {
		g.events, g.pages, g.size = nil, nil, n
	}
	g.events = append(g.events, kept)
	if page || len(g.pages) == 0 {
		g.pages = append(g.pages, 0)
	}
	g.pages[len(g.pages)-1] = len(g.events)
}

// give draws events and shows what that gives.
func (g *gate) give(events ...*conn.Event) error {
	for _, e := range events {
		if err := g.next.Event(e); err != nil {
			return err
		}
	}
	return g.show()
}

// page is a page's events.
func (g *gate) page(i int) []*conn.Event {
	from := 0
	if i > 0 {
		from = g.pages[i-1]
	}
	return g.events[from:g.pages[i]]
}

// quit ends the showing. What is still to come goes undrawn.
func (g *gate) quit(err error) error {
	g.over = true
	return err
}

// show writes what has been drawn.
func (g *gate) show() error {
	if err := g.next.Flush(); err != nil {
		return err
	}
	_, err := g.out.w.Write(g.buf.Bytes())
	g.buf.Reset()
	return err
}

// hold puts the gate before the picture, the first of the renderers.
func (g *gate) hold(p *pictureFlags, base render.Options, rs []render.Renderer) []render.Renderer {
	view := "timeline"
	if p.plain {
		view = "plain"
	}
	g.fresh = func() render.Renderer {
		o := p.options(g.out.file, base)
		o.Live = true // every row by itself, nothing folded
		return newView(view, g.buf, o)
	}
	g.next, g.window = g.fresh(), p.newWindow(g.out)
	return append([]render.Renderer{g}, rs[1:]...)
}

// wait returns when e may be drawn.
func (g *gate) wait(e *conn.Event) error {
	select {
	case <-g.window.changed():
		g.window.resize([]render.Renderer{g.next})
	default:
	}
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
			if err := g.give(g.page(shown - 1)...); err != nil {
				return err
			}
		case keyBack, keyResized:
			if key == keyBack && shown > 1 {
				shown--
			}
			if err := g.redraw(shown); err != nil {
				return err
			}
		case keyPlay:
			for ; shown < len(g.pages); shown++ {
				if err := g.give(g.page(shown)...); err != nil {
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

// redraw shows the first n pages again, at the width that the terminal has now.
func (g *gate) redraw(n int) error {
	if isTerminal(g.out.file) {
		if _, err := io.WriteString(g.out.w, clearScreen); err != nil {
			return err
		}
	}
	g.next = g.fresh()
	if n == 0 {
		return nil
	}
	return g.give(g.events[:g.pages[n-1]]...)
}

// key asks for a key, or for the news that the terminal has another size. The
// terminal is raw while it waits only, so that rows are drawn, and Ctrl-C works,
// as usual.
func (g *gate) key(prompt string) (byte, error) {
	state, err := term.MakeRaw(int(g.keys.Fd()))
	if err != nil {
		return 0, fmt.Errorf("read keys from the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(g.keys.Fd()), state) }()
	io.WriteString(g.prompt, prompt)
	defer io.WriteString(g.prompt, eraseLine)
	if g.pressed == nil {
		g.pressed = make(chan byte, 1)
		go readKey(g.keys, g.pressed)
	}
	select {
	case k := <-g.pressed:
		g.pressed = nil
		return k, nil
	case <-g.window.changed():
		return keyResized, nil
	case <-g.ctx.Done():
		return 0, errQuit
	}
}

// readKey reads one key.
func readKey(keys io.Reader, pressed chan<- byte) {
	var b [1]byte
	if n, err := keys.Read(b[:]); n == 0 || err != nil {
		b[0] = keyQuit // the terminal has gone
	}
	pressed <- b[0]
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
	for {
		select {
		case <-timer.C:
			return nil
		case <-g.window.changed():
			g.window.resize([]render.Renderer{g.next})
		case <-g.ctx.Done():
			return errQuit
		}
	}
}

// Flush has nothing to do: each row is shown as it comes.
func (g *gate) Flush() error { return nil }

// Close draws what stands at the end, unless the user has quit before.
func (g *gate) Close() error {
	defer g.window.close()
	defer g.quizzed.tell(g)
	if g.over {
		return nil
	}
	if err := g.next.Close(); err != nil {
		return err
	}
	return g.show()
}
