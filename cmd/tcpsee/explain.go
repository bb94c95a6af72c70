package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

func (a *app) explainCommand() *cobra.Command {
	var (
		fl      pictureFlags
		noPager bool
	)
	cmd := &cobra.Command{
		Use:   "explain [TERM|FILE#N]",
		Short: "A word, or one packet, in plain language",
		Long: `Explain a word of the field (SYN, dup-ack, CLOSE-WAIT, refused, window …), an
error as a program prints it, or packet N of a capture, each layer from 7 to 1
with every field. Without arguments it is a glossary of all words.`,
		Example: `  tcpsee explain TIME-WAIT
  tcpsee explain 'Connection reset by peer'
  tcpsee explain lesson.pcap#4
  tcpsee explain`,
		ValidArgsFunction: completeTerm,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notForExplain(cmd.Flags()); err != nil {
				return err
			}
			if err := fl.check(); err != nil {
				return err
			}
			if len(args) == 0 {
				return a.glossary(&fl, noPager)
			}
			word := strings.Join(args, " ")
			switch file, frame, ok := packetOf(word); {
			case !ok:
				return a.explainTerm(&fl, word)
			case frame < 1:
				return usagef("%s: after # stands the number of a packet, from 1", word)
			default:
				return a.explainPacket(cmd.Context(), &fl, file, frame)
			}
		},
	}
	fl.register(cmd)
	for _, name := range slices.Concat(aboutRows, soAnyway) {
		_ = cmd.Flags().MarkHidden(name)
	}
	cmd.Flags().BoolVar(&noPager, "no-pager", false, pagerUsage)
	return cmd
}

// Flags that have no meaning for one packet, or a word: what they are about
// comes with rows, and what is so anyway.
var (
	aboutRows = []string{"output", "quiet", "view", "conn", "sort", "only", "plain", "time", "verbose", "hex", "notes", "embed"}
	soAnyway  = []string{"absolute", "checksums", "no-names"}
)

// notForExplain refuses the first flag that was given and is about rows.
func notForExplain(flags *pflag.FlagSet) error {
	for _, name := range aboutRows {
		if flags.Changed(name) {
			return withHint(usagef("explain draws one packet, or a word: there is no --%s", name), "tcpsee replay FILE --view stack -o text >packets.txt; --conn N draws one connection")
		}
	}
	return nil
}

// packetOf reads FILE#N. frame is 0 where N is no number.
func packetOf(word string) (file string, frame int64, ok bool) {
	i := strings.LastIndexByte(word, '#')
	if i <= 0 {
		return "", 0, false
	}
	file = word[:i]
	frame, err := strconv.ParseInt(word[i+1:], 10, 64)
	if err != nil {
		return file, 0, looksLikeFile(file)
	}
	return file, frame, true
}

// glossary explains all words.
func (a *app) glossary(fl *pictureFlags, noPager bool) error {
	var pages *pager
	if isTerminal(a.std.out) && !noPager {
		var err error
		if pages, err = startPager(a.std.out, a.std.err); err != nil {
			return err
		}
	}
	return pages.finish(render.DrawEntries(pages.writer(a.std.out), fl.options(a.std.out, render.Options{}), conn.Terms()))
}

func (a *app) explainTerm(fl *pictureFlags, word string) error {
	e, ok := conn.Explain(word)
	if !ok {
		hint := "tcpsee explain has the words; FILE#N explains a packet"
		if s := nearTerms(word); looksLikeFile(word) {
			hint = "tcpsee explain " + quoted(word) + "#1 explains its first packet"
		} else if len(s) > 0 {
			hint = "did you mean " + strings.Join(s, " or ") + "? " + hint
		}
		return withHint(usagef("no explanation of %q", word), hint)
	}
	return render.DrawEntries(a.std.out, fl.options(a.std.out, render.Options{}), []conn.Entry{e})
}

// wrapWords breaks text of our own between words.
func wrapWords(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// errFound ends a loop that has drawn what it was to draw.
var errFound = errors.New("found")

// onePacket draws the packet of one frame and passes over everything else.
type onePacket struct {
	w     io.Writer
	o     render.Options
	frame int64
	found bool
}

func (p *onePacket) Event(e *conn.Event) error {
	if e.Frame != p.frame || e.Packet == nil {
		return nil
	}
	p.found = true
	if err := render.DrawPacket(p.w, p.o, e); err != nil {
		return err
	}
	return errFound
}

// Needs asks for all that is known of the packet.
func (*onePacket) Needs() render.Needs { return render.NeedsAll | render.NeedsDetail }

func (*onePacket) Flush() error { return nil }
func (*onePacket) Close() error { return nil }

// explainPacket draws one packet of a file, with what its connection was then.
func (a *app) explainPacket(ctx context.Context, fl *pictureFlags, file string, frame int64) error {
	src, err := capture.OpenFiles([]string{file})
	if err != nil {
		return err
	}
	defer src.Close()
	hide, err := fl.disguise()
	if err != nil {
		return err
	}
	src = hide.source(src, []string{file})
	var again confinement // the file is read once more for a packet of no connection
	if allRegular([]string{file}) {
		again.read = []string{file}
	}
	if err := confine(again); err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	name := file
	if file == "-" {
		name = "standard input"
	}
	o := fl.options(a.std.out, render.Options{Files: hide.files([]string{name}), Interface: interfaceNamer(src)})
	p := &onePacket{w: a.std.out, o: o, frame: frame}
	l := &loop{tracking: fl.trackFlags.options(), src: src, disguise: hide, renderers: []render.Renderer{p}, limit: frame}
	err = l.run(ctx)
	switch {
	case p.found:
		return nil
	case err != nil:
		return err
	case l.total.Frames < frame:
		return fmt.Errorf("%s has %d packets, and no packet %d", file, l.total.Frames, frame)
	}
	if again.read == nil {
		return withHint(fmt.Errorf("packet %d belongs to no connection, and %s cannot be read twice", frame, file), "give it as a file")
	}
	return a.explainOther(ctx, p, hide, file)
}

// explainOther draws a packet of which there is no event, because it belongs to
// no connection: a fragment, UDP, anything.
func (a *app) explainOther(ctx context.Context, p *onePacket, hide *disguise, file string) error {
	src, err := capture.OpenFiles([]string{file})
	if err != nil {
		return err
	}
	defer src.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	start, before := capture.NoTime, capture.NoTime
	var decoder dissect.Decoder
	l := &loop{src: src, pass: func(packet *dissect.Packet) bool {
		f := packet.Frame
		if f.Number == p.frame {
			if hide != nil { // with the addresses of the first time
				packet = new(dissect.Packet)
				decoder.Decode(hide.frame(f), packet)
			}
			e := conn.Event{Type: conn.TypeWait, Time: f.Time, Frame: p.frame, Packet: packet}
			e.Since, e.SinceFrame = f.Time.Sub(start), f.Time.Sub(before)
			err = p.Event(&e)
			stop()
		}
		if before = f.Time; !start.Known() {
			start = f.Time
		}
		return false
	}}
	if fault := l.run(ctx); fault != nil && !p.found {
		return fault
	}
	if !p.found {
		return fmt.Errorf("%s has no packet %d", file, p.frame)
	}
	if !errors.Is(err, errFound) {
		return err
	}
	return nil
}
