package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tcpsee/capture"
	"tcpsee/render"
)

// pictureFlags are the flags of every command that draws.
type pictureFlags struct {
	view      string
	outputs   []string
	quiet     bool
	width     int
	color     string
	ascii     bool
	time      string
	noPayload bool
	absolute  bool
	verbose   bool
	hex       bool
	dump      render.DumpMode
	full      bool
	conn      int64
	plain     bool
	notes     bool
	checksums bool
	sort      string
	only      []string
	noNames   bool
	embed     bool
	anonymizeFlags
	trackFlags

	opened []*os.File    // the files of outputs, in order, once openOutputs has run
	inUse  []os.FileInfo // files that are read, and those
}

func (p *pictureFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.view, "view", "", "`VIEW` to draw: timeline, ladder, stack, summary or graph (default: what suits); of data, summary is an object or a line for each connection")
	f.StringArrayVarP(&p.outputs, "output", "o", nil, "data to standard output in place of the picture: `FORMAT` "+strings.Join(formatWords(), ", ")+
		"; or a file, written as well, whose ending says what it is: "+strings.Join(formatEndings(), " "))
	p.registerAnonymize(f)
	p.trackFlags.register(f)
	f.BoolVarP(&p.quiet, "quiet", "q", false, "no picture")
	f.IntVar(&p.width, "width", 0, "`N` columns of the picture (default: the terminal's, else COLUMNS, else 100)")
	f.StringVar(&p.color, "color", "auto", "colour: `WHEN` is auto, always or never")
	f.BoolVar(&p.ascii, "ascii", false, "draw with ASCII characters only")
	f.StringVar(&p.time, "time", "start", "time column, in the picture and in .txt .md .html .svg .tex: `FROM` is start (since the first row), delta (since the row before) or clock (UTC); .mmd and .puml have no times, data have their own")
	f.BoolVar(&p.noPayload, "no-payload", false, "leave payloads out of pictures and data; packets that are saved keep them (--anonymize blanks those), and a verdict quotes a line that is wrong")
	f.BoolVarP(&p.absolute, "absolute", "S", false, "sequence numbers as they are on the wire")
	f.BoolVarP(&p.verbose, "verbose", "v", false, "a sentence under each row of the timeline, and behind each of --plain")
	f.BoolVar(&p.hex, "hex", false, "layer 7 as hexadecimal bytes, as Node prints a Buffer")
	f.BoolVar(&p.full, "full", false, "fold nothing, and draw each segment of a flood; in JSON, every field of each packet")
	f.Int64Var(&p.conn, "conn", 0, "draw only connection `N`")
	f.BoolVar(&p.embed, "embed", false, "with -o FILE.html: put the packets into the page, as a pcapng file to save from it (16 MiB at most)")
	f.BoolVar(&p.noNames, "no-names", false, "do not look for the names of this machine's programs")
	f.BoolVar(&p.plain, "plain", false, "one sentence a segment, for a screen reader")
	f.BoolVar(&p.checksums, "checksums", false, "verify checksums in NDJSON and JSON and in live pictures too; pictures of files always say which is bad")
	f.BoolVar(&p.notes, "notes", false, "a sentence in each object of data")
	f.StringVar(&p.sort, "sort", "", "order of the summary by `KEY`: "+strings.Join(render.SortKeys(), ", ")+"; -KEY turns it round")
	f.StringSliceVar(&p.only, "only", nil, "in the summary, connections with one of these `WORDS`: an outcome (refused) or a label (retransmission)")
}

// check refuses values that make no sense before anything is opened.
func (p *pictureFlags) check() error {
	p.anonymize = p.anonymize || p.anonymizeKey != "" || p.anonymizePorts
	p.noNames = p.noNames || p.anonymize // names would say whose the packets are
	if p.view != "" && !oneOf(p.view, views...) {
		return usagef("--view %q: the views are %s", p.view, strings.Join(views, ", "))
	}
	if !oneOf(p.color, colors...) {
		return usagef("--color %q: say auto, always or never", p.color)
	}
	if !oneOf(p.time, times...) {
		return usagef("--time %q: say start, delta or clock", p.time)
	}
	if p.width != 0 && p.width < render.MinWidth {
		return usagef("--width %d: the picture needs %d columns or more", p.width, render.MinWidth)
	}
	if err := p.trackFlags.check(); err != nil {
		return err
	}
	if p.conn < 0 {
		return usagef("--conn %d: connections are numbered from 1", p.conn)
	}
	if k := strings.TrimPrefix(p.sort, "-"); k != "" && !oneOf(k, render.SortKeys()...) {
		return usagef("--sort %q: the keys are %s", p.sort, strings.Join(render.SortKeys(), ", "))
	}
	for _, w := range p.only {
		if !oneOf(w, render.OnlyWords()...) {
			return withHint(usagef("--only %q is neither an outcome nor a label", w), "one of: "+strings.Join(render.OnlyWords(), ", "))
		}
	}
	if p.plain && p.view != "" && p.view != "timeline" {
		return usagef("--plain is a form of the timeline, and --view asks for %s", p.view)
	}
	if err := p.checkTable(); err != nil {
		return err
	}
	data := 0
	for _, o := range p.outputs {
		if _, ok := wordFormat(o); ok {
			data++
			continue
		}
		if _, ok := fileFormat(o); !ok {
			return noFormat(o)
		}
	}
	if p.embed && !slices.ContainsFunc(p.outputs, func(o string) bool { f, _ := fileFormat(o); return f.name == "html" }) {
		return withHint(usagef("--embed is about a page, and none is written"), "-o lesson.html --embed")
	}
	if data > 1 {
		return usagef("-o: only one format can go to standard output; give the others file names")
	}
	return nil
}

// checkTable refuses --sort and --only where no table is drawn for them.
func (p *pictureFlags) checkTable() error {
	if !p.wantsTable() {
		return nil
	}
	switch {
	case p.plain:
		return withHint(usagef("--sort and --only are for the summary, and --plain is a form of the timeline"), "leave out --plain, or those two")
	case p.view != "" && p.view != "summary":
		return withHint(usagef("--sort and --only are for the summary, and --view asks for %s", p.view), "leave out --view, or those two")
	case !p.quiet && !p.takesStdout() || slices.ContainsFunc(p.outputs, tabular):
		return nil
	}
	return withHint(usagef("--sort and --only are for the summary, and nothing here draws one"),
		`-o csv and -o markdown can be one; of data, jq 'select(.verdict == "refused")' chooses as well`)
}

// wantsTable reports whether the flags say what stands in the summary.
func (p *pictureFlags) wantsTable() bool { return p.sort != "" || len(p.only) > 0 }

// What --view, --color and --time take.
var (
	views  = []string{"timeline", "ladder", "stack", "summary", "graph"}
	colors = []string{"auto", "always", "never"}
	times  = []string{"start", "delta", "clock"}
)

// wantsRows reports whether the flags name a view, or something that only rows
// have.
func (p *pictureFlags) wantsRows() bool {
	return p.view != "" || p.plain || p.verbose || p.hex || p.dump != render.DumpNone || p.conn > 0
}

// takesStdout reports whether a format word claims standard output.
func (p *pictureFlags) takesStdout() bool {
	for _, o := range p.outputs {
		if _, ok := wordFormat(o); ok {
			return true
		}
	}
	return false
}

// interfaceNamer names the interface of a frame while the frame is drawn.
func interfaceNamer(src capture.Source) func(*capture.Frame) string {
	return func(f *capture.Frame) string {
		list := src.Interfaces()
		if f.Interface < 0 || f.Interface >= len(list) {
			return ""
		}
		return list[f.Interface].Name
	}
}

// openOutputs makes the files of -o. It comes before the process gives up the
// right to open files, and after it has become the user's.
func (p *pictureFlags) openOutputs() error {
	for _, o := range p.outputs {
		if _, ok := wordFormat(o); ok {
			continue
		}
		err := capture.CheckUnused(o, p.inUse)
		var f *os.File
		if err == nil {
			f, err = os.Create(o)
		}
		if err != nil {
			_ = p.closeOutputs()
			return outputError(err)
		}
		p.opened = append(p.opened, f)
		p.uses(f.Stat)
	}
	return nil
}

// uses notes a file that must not be written over.
func (p *pictureFlags) uses(stat func() (os.FileInfo, error)) {
	if st, err := stat(); err == nil {
		p.inUse = append(p.inUse, st)
	}
}

// outputError says what to do where a file cannot be made.
func outputError(err error) error {
	var at *fs.PathError
	switch {
	case errors.Is(err, capture.ErrInUse):
		return withHint(&usageError{err}, "give another name")
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &at):
		dir := filepath.Dir(at.Path)
		if _, err2 := os.Stat(dir); err2 == nil { // as /proc, or a link to what is not there
			return withHint(err, "no file can be made by that name: give another one")
		}
		return withHint(err, "mkdir -p "+quoted(dir)+" makes the directory")
	}
	return err
}

// closeOutputs closes them.
func (p *pictureFlags) closeOutputs() error {
	var first error
	for _, f := range p.opened {
		if err := f.Close(); err != nil && first == nil {
			first = err
		}
	}
	p.opened = nil
	return first
}

// missing says of a loop that has ended that no connection had the number that
// --conn asks for. Where nothing was followed, nothing was asked.
func (p *pictureFlags) missing(l *loop) error {
	n := l.total.Connections
	switch {
	case l.blind || p.conn <= n:
		return nil
	case n == 0:
		return fmt.Errorf("draw connection %d: there is none", p.conn)
	case n == 1:
		return fmt.Errorf("draw connection %d: there is only connection 1", p.conn)
	}
	return withHint(fmt.Errorf("draw connection %d: there are connections 1 to %d", p.conn, n), "--view summary lists them")
}

// screen is where a picture goes.
type screen struct {
	w    io.Writer
	file *os.File // what w ends in, for its width and whether it is a terminal

	sized func(columns, rows int) error // told of a new size; nil where nobody minds
}

// columns is how wide the picture is now.
func (p *pictureFlags) columns(pic screen) int {
	if p.width != 0 {
		return p.width
	}
	return widthOf(pic.file)
}

// renderers builds what the flags ask for, after openOutputs. view is the
// picture's where the flags name none.
func (p *pictureFlags) renderers(pic screen, data io.Writer, base render.Options, view string) []render.Renderer {
	var rs []render.Renderer
	base.Kept = new(render.Kept)
	opt := p.options(pic.file, base)
	asked := p.chosen("timeline") // data do not change with what suits a picture
	view = p.chosen(view)
	if !p.quiet && !p.takesStdout() {
		rs = append(rs, newView(view, pic.w, opt))
	}
	plain := base
	plain.Conn, plain.Width, plain.Full, plain.Time, plain.Hex, plain.Notes, plain.Sort, plain.Only = p.conn, opt.Width, p.full, opt.Time, p.hex, p.notes, p.sort, p.only
	plain.NoPayload, plain.Absolute, plain.ASCII, plain.ProcessName = p.noPayload, p.absolute, opt.ASCII, base.ProcessName
	plain.Embed, plain.SavedCall = p.embed, savedCallOf
	plain.Summary = p.view == "summary"
	files := p.opened
	for _, o := range p.outputs {
		f, w, made := outputOf(o, data, &files)
		if !made {
			continue
		}
		if plain.Checksums = opt.Checksums; f.isData() {
			plain.Checksums = p.checksums
		}
		rs = append(rs, f.make(f.picks(view, asked), w, plain))
	}
	return rs
}

// outputOf says what a value of -o stands for and where it goes: data or the first
// of files, which it takes. ok is false where no renderer writes it.
func outputOf(value string, data io.Writer, files *[]*os.File) (f format, w io.Writer, ok bool) {
	if f, ok = wordFormat(value); ok {
		return f, data, true
	}
	f, _ = fileFormat(value)
	to := (*files)[0]
	*files = (*files)[1:]
	return f, &wholeLines{f: to}, f.make != nil
}

// chosen is the picture's view, which is otherwise where the flags name none.
func (p *pictureFlags) chosen(otherwise string) string {
	switch {
	case p.plain:
		return "plain"
	case p.wantsTable():
		return "summary"
	case p.view != "":
		return p.view
	}
	return otherwise
}

// newView makes one of the pictures.
func newView(view string, w io.Writer, o render.Options) render.Renderer {
	switch view {
	case "summary":
		return render.NewSummary(w, o)
	case "ladder":
		return render.NewLadder(w, o)
	case "stack":
		return render.NewStack(w, o)
	case "graph":
		return render.NewGraph(w, o)
	case "plain":
		return render.NewPlain(w, o)
	}
	return render.NewTimeline(w, o)
}

// options are the picture's for a given output.
func (p *pictureFlags) options(out *os.File, o render.Options) render.Options {
	o.Width = p.width
	if o.Width == 0 {
		o.Width = widthOf(out)
	}
	o.Color = p.color == "always" || p.color == "auto" && wantsColor(out)
	o.ASCII = p.ascii || asciiLocale()
	o.Time = map[string]render.TimeMode{"start": render.TimeStart, "delta": render.TimeDelta, "clock": render.TimeClock}[p.time]
	o.Sort, o.Only = p.sort, p.only
	o.Checksums = p.checksums || len(o.Files) > 0 && !o.Live
	o.NoPayload, o.Absolute, o.Verbose, o.Hex, o.Dump, o.Full, o.Conn = p.noPayload, p.absolute, p.verbose, p.hex, p.dump, p.full, p.conn
	return o
}

// widthOf returns the columns of a terminal, else what COLUMNS says. What goes
// through a pipe mostly ends in the terminal that takes our messages; all else
// has the default.
func widthOf(f *os.File) int {
	if w := terminalWidth(f); w > 0 {
		return w
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w >= render.MinWidth && w <= maxColumns {
		return w
	}
	if f != nil {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeNamedPipe != 0 {
			return cmp.Or(terminalWidth(os.Stderr), render.DefaultWidth)
		}
	}
	return render.DefaultWidth
}

// terminalWidth is how many columns f has; 0 where it is no terminal.
func terminalWidth(f *os.File) int {
	if f == nil {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || w <= 0 {
		return 0
	}
	return max(w, render.MinWidth)
}

// maxColumns is the widest picture that COLUMNS can ask for.
const maxColumns = 1000

// wantsColor follows https://no-color.org and the terminal's own word.
func wantsColor(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(f)
}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}
