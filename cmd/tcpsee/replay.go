package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/filter"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// A regular file whose first scanBytes hold more than fewConnections is drawn
// as a table unless a view is asked for.
const (
	scanBytes      = 4 << 20
	fewConnections = 8
)

type replayFlags struct {
	pictureFlags
	saveFlags
	tcpdumpFlags
	reads   []string
	lesson  lessonFlags
	noPager bool
}

func (a *app) replayCommand() *cobra.Command {
	var fl replayFlags
	cmd := &cobra.Command{
		Use:   "replay [flags] FILE… [-- FILTER…]",
		Short: "Draw saved captures (- is standard input)",
		Long: `Draw saved captures: pcap, pcapng, snoop, Endace's ERF, AIX's iptrace, Citrix
ADC's nstrace from version 3.0 on, CommView's ncf, and Microsoft Network
Monitor's, also compressed; - is standard input. CommView's, and Network
Monitor's before version 2.3, have times without a zone: this machine's is
taken. Of a pipe or a compressed file of Network Monitor's 128 MiB are held, for
they end in a table.

Words that name a file, or end like a capture, are files; the rest is a filter
in the language of tcpdump (pcap-filter). -- between them settles doubt.

What -w saves has the packets as they were, comments, interfaces, names and
keys for decryption included. It lacks a packet's id, queue, hash and verdict
and what other programs keep in blocks of their own; --anonymize also leaves
out names, keys and what is said of interfaces.`,
		Example: `  tcpsee replay lesson.pcap
  tcpsee replay lesson.pcap port 3000
  ssh host sudo tcpdump -U -w - port 80 | tcpsee replay -
  tcpsee replay big.pcap --view summary
  tcpsee replay lesson.pcap -o ndjson | jq .kind
  tcpsee replay lesson.pcap -q -o lesson.html -o lesson.pcapng --anonymize
  tcpsee replay lesson.pcap --step
  tcpsee replay lesson.pcap --quiz`,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, words := splitFiles(args, cmd.ArgsLenAtDash())
			return a.replay(cmd.Context(), &fl, append(fl.reads, files...), words)
		},
	}
	fl.pictureFlags.register(cmd)
	fl.saveFlags.register(cmd, false)
	fl.tcpdumpFlags.register(cmd)
	cmd.Flags().StringArrayVarP(&fl.reads, "read", "r", nil, "read `FILE` (as tcpdump -r; the same as naming it)")
	fl.lesson.register(cmd)
	cmd.Flags().BoolVar(&fl.noPager, "no-pager", false, pagerUsage)
	return cmd
}

// splitFiles tells files from the words of a filter. dash is where -- stood,
// −1 for nowhere.
func splitFiles(args []string, dash int) (files, words []string) {
	if dash >= 0 {
		return args[:dash], args[dash:]
	}
	n := 0
	for n < len(args) && looksLikeFile(args[n]) {
		n++
	}
	if n == 0 && len(args) > 0 {
		n = 1 // so that a mistyped name is reported as a file that isn't there
	}
	return args[:n], args[n:]
}

// looksLikeFile reports whether a word is a capture rather than part of a
// filter.
func looksLikeFile(word string) bool {
	if word == "-" {
		return true
	}
	name := strings.ToLower(word)
	for _, z := range []string{".gz", ".zst", ".lz4"} {
		name = strings.TrimSuffix(name, z)
	}
	switch filepath.Ext(name) {
	case ".pcap", ".pcapng", ".cap", ".erf", ".ncf", ".dmp", ".dump", ".ntar":
		return true
	}
	st, err := os.Stat(word)
	return err == nil && !st.IsDir()
}

// filterAlone is the error where no file was named, and the first word of the
// filter was taken for one.
func filterAlone(files, words []string) error {
	if len(files) != 1 || looksLikeFile(files[0]) {
		return nil
	}
	text := strings.Join(append(files, words...), " ")
	if _, err := filter.Parse(text); err != nil {
		return nil
	}
	return withHint(usagef("replay needs a file before the filter"), "tcpsee replay lesson.pcap "+text)
}

func (fl *replayFlags) check() error {
	if err := fl.pictureFlags.check(); err != nil {
		return err
	}
	if err := fl.tcpdumpFlags.apply(&fl.pictureFlags, &fl.saveFlags); err != nil {
		return err
	}
	return fl.saveFlags.check(&fl.pictureFlags, false)
}

// expression reads the filter, where there are files for it.
func expression(files, words []string) (*filter.Expr, error) {
	if len(files) == 0 {
		return nil, withHint(usagef("replay needs a file"), "tcpsee replay lesson.pcap, or - for standard input")
	}
	if err := filterAlone(files, words); err != nil {
		return nil, err
	}
	return parseFilter(words)
}

func (a *app) replay(ctx context.Context, fl *replayFlags, files, words []string) error {
	if err := fl.check(); err != nil {
		return err
	}
	words, err := fl.fromFile(words)
	if err != nil {
		return err
	}
	if done, err := a.insteadOfReplay(&fl.tcpdumpFlags, files, words); done {
		return err
	}
	if err := fl.lesson.check(&fl.pictureFlags); err != nil {
		return err
	}
	expr, err := expression(files, words)
	if err != nil {
		return err
	}
	src, err := openSaved(files)
	if err != nil {
		return err
	}
	defer src.Close()
	r := &replaying{replayFlags: fl, paths: files, expr: expr, selects: savedMatchers(expr), regular: allRegular(files)}
	if r.hide, err = fl.disguise(); err != nil {
		return err
	}
	r.src = r.hide.source(src, files)
	if err := becomeUser(); err != nil {
		return err
	}
	saves, err := fl.openFiles(r.src, files)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if r.pages, err = a.pages(fl, r.regular); err != nil {
		return err
	}
	if fl.lesson.any() {
		r.gate = a.newGate(ctx, fl.lesson, files, fl.conn)
	}
	forgetStartup()
	if err := confine(fl.confinement(r.regular, files)); err != nil {
		return err
	}
	l := a.loopOf(r)
	l.saves = saves
	err = r.outcome(l, r.pages.finish(l.run(ctx)))
	closed := fl.closeOutputs()
	if closed == nil && r.hasTold(l, err, a.std) {
		return errReported
	}
	return errors.Join(err, closed)
}

// openSaved opens captures, and says what to do where there is none.
func openSaved(files []string) (capture.Source, error) {
	src, err := capture.OpenFiles(files)
	if errors.Is(err, fs.ErrNotExist) {
		err = withHint(err, "check the name; tcpsee replay - reads standard input")
	}
	return src, err
}

// openFiles makes the files of -o and -w, none of them one that is read.
func (fl *replayFlags) openFiles(src capture.Source, read []string) ([]*saver, error) {
	for _, f := range read {
		if f == "-" {
			fl.uses(os.Stdin.Stat)
		} else {
			fl.uses(func() (os.FileInfo, error) { return os.Stat(f) })
		}
	}
	if err := fl.openOutputs(); err != nil {
		return nil, err
	}
	return openSavers(&fl.pictureFlags, &fl.saveFlags, src)
}

// replaying is what is replayed, and how.
type replaying struct {
	*replayFlags
	paths   []string
	src     capture.Source
	hide    *disguise    // nil where packets are drawn as they are
	expr    *filter.Expr // nil lets everything pass
	selects *matchers    // of expr
	regular bool         // all are files, and nothing grows
	pages   *pager       // nil where there is none
	gate    *gate        // nil where no row waits for anything
}

// suits is the view that is drawn where none is asked for.
func (r *replaying) suits() string {
	if r.regular && r.gate == nil && !r.wantsRows() && manyConnections(r.paths, r.expr) {
		return "summary"
	}
	return "timeline"
}

// loopOf is the loop that draws it.
func (a *app) loopOf(r *replaying) *loop {
	view := r.suits()
	progress := a.newProgress(r.src, r.regular && r.gate == nil)
	data := progress.over(a.std.out, isTerminal(a.std.out))
	pic := screen{w: progress.over(r.pages.writer(a.std.out), isTerminal(a.std.out)), file: a.std.out}
	names := &steady{Source: r.src}
	files := r.hide.files(r.paths)
	l := &loop{tracking: r.trackFlags.options(), src: r.src, disguise: r.hide, limit: r.packets,
		match: r.selects.test(), untested: r.selects.untested, learned: new(learnedNames), files: files,
		prompt: !r.regular, window: r.newWindow(pic), progress: progress, steady: names}
	base := render.Options{Files: files, Interface: interfaceNamer(names)}
	if !r.noNames {
		base.AddressName = l.learned.namer(names)
	}
	l.renderers = r.renderers(pic, data, base, view)
	if r.gate != nil {
		l.renderers = r.gate.hold(&r.pictureFlags, base, l.renderers)
		l.steady = nil
	}
	drawn := !r.quiet && !r.takesStdout()
	l.tracking.Ports = r.expr.Ports()
	l.tracking.SplitFiles = len(files) > 1 && r.chosen(view) == "summary" && (drawn || r.view != "")
	return l
}

// outcome is what the command ends with once l has: err, unless the user had
// seen enough, or what was asked for and is not there.
func (r *replaying) outcome(l *loop, err error) error {
	switch {
	case errors.Is(err, errQuit):
		err = nil
	case err == nil:
		err = r.selects.refusal()
	}
	if err == nil {
		err = r.missing(l)
	}
	return err
}

// hasTold reports whether the picture has told of a fault in a file, in the
// place where the error would be told: what a pager showed is gone, and of what
// to do next only the error speaks.
func (r *replaying) hasTold(l *loop, err error, std stdio) bool {
	drawn := !r.quiet && !r.takesStdout() && r.pages == nil
	return err != nil && err.Error() == l.total.Fault && hintFor(err) == "" && drawn && isTerminal(std.out) && isTerminal(std.err)
}

// confinement is what replay may still open once it parses: its own files
// again, to choose a view, and the next file of a rotation.
func (fl *replayFlags) confinement(regular bool, files []string) confinement {
	c := confinement{write: fl.directories()}
	if regular && !fl.wantsRows() {
		c.read = files
	}
	return c
}

// allRegular reports whether every name is a regular file: nothing grows
// while it is drawn.
func allRegular(files []string) bool {
	for _, f := range files {
		st, err := os.Stat(f)
		if f == "-" || err != nil || !st.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// manyConnections looks at the beginning of regular files, to choose a view.
func manyConnections(files []string, expr *filter.Expr) bool {
	src, err := capture.OpenFiles(files)
	if err != nil {
		return false // the command proper will say why
	}
	defer src.Close()
	var (
		match   = savedMatchers(expr).test()
		dec     dissect.Decoder
		pkt     dissect.Packet
		tracker = conn.New(conn.Options{})
		bytes   int
	)
	for bytes < scanBytes {
		frames, err := src.Next()
		for i := range frames {
			f := &frames[i]
			bytes += len(f.Data)
			if f.Record != capture.RecordPacket || match != nil && !match(f) {
				continue
			}
			dec.Decode(f, &pkt)
			for _, e := range tracker.Add(&pkt) {
				if e.Conn > fewConnections {
					return true
				}
			}
		}
		if err != nil {
			return false
		}
	}
	return false
}
