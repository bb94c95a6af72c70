package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/filter"
	"tcpsee/render"
)

// tcpdumpFlags are flags that tcpdump's users type without thinking, in the
// commands where none of them means something else.
type tcpdumpFlags struct {
	numeric  int    // -n, -nn
	program  int    // -d, -dd, -ddd
	filter   string // a file, -F
	list     bool
	dump     int // -X, -XX
	snapLen  int
	packets  int64 // -c
	millions int64 // of bytes, -C
	files    int   // -W
	seconds  int64 // -G
	already  bool  // -l, -U and -p ask for what happens anyway
}

// maxRotate bounds -C and -G, whose units are large.
const maxRotate = 1 << 33

func (t *tcpdumpFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.CountVarP(&t.numeric, "numeric", "n", "no names of programs`` (as tcpdump -n; addresses are never looked up)")
	f.CountVarP(&t.program, "dump", "d", "print the filter's program``, as tcpdump -d, and end; -dd as C, -ddd as numbers")
	f.StringVarP(&t.filter, "filter-file", "F", "", "read the filter from `FILE` (as tcpdump -F); in it # begins a comment")
	f.BoolVarP(&t.list, "list-interfaces", "D", false, "list the interfaces and end (the same as tcpsee interfaces)")
	f.CountVarP(&t.dump, "bytes", "X", "each packet's bytes`` under its row, as hexadecimal and as text; -XX with the link header (as tcpdump)")
	f.Int64VarP(&t.packets, "count", "c", 0, "stop after `N` packets")
	f.IntVarP(&t.snapLen, "snapshot-length", "s", 0, "keep `N` bytes of a packet of a live capture; else all that is saved, and 9216 of what is only drawn")
	f.Int64VarP(&t.millions, "rotate-millions", "C", 0, "with -w: begin the next file after `N` million bytes")
	f.IntVarP(&t.files, "rotate-files", "W", 0, "with -C or -G: keep at most `N` files")
	f.Int64VarP(&t.seconds, "rotate-seconds", "G", 0, "with -w: begin the next file after `N` seconds")
	f.BoolVarP(&t.already, "line-buffered", "l", false, "as tcpdump -l; rows always come at once")
	f.BoolVarP(&t.already, "packet-buffered", "U", false, "as tcpdump -U; packets are always saved at once")
	f.BoolVarP(&t.already, "no-promiscuous-mode", "p", false, "as tcpdump -p; --promiscuous is the other")
	for _, name := range []string{"line-buffered", "packet-buffered", "no-promiscuous-mode"} {
		f.Lookup(name).Hidden = true
	}
}

// apply checks the flags, and hands on what others do.
func (t *tcpdumpFlags) apply(p *pictureFlags, s *saveFlags) error {
	switch {
	case t.packets < 0:
		return usagef("-c %d: packets are counted from 1", t.packets)
	case t.snapLen < 0:
		return usagef("-s %d: a length cannot be negative", t.snapLen)
	case t.millions < 0 || t.millions > maxRotate || t.seconds < 0 || t.seconds > maxRotate || t.files < 0:
		return usagef("-C, -G and -W: the number is negative or too large")
	}
	p.noNames = p.noNames || t.numeric > 0
	p.dump = render.DumpMode(min(t.dump, int(render.DumpFrame)))
	if t.dump > 0 && p.chosen("timeline") != "timeline" {
		return usagef("-X is for the timeline, whose rows it stands under; --view stack has the bytes of each field")
	}
	if t.millions > 0 {
		s.size = t.millions * 1_000_000
	}
	if t.seconds > 0 {
		s.every = time.Duration(t.seconds) * time.Second
	}
	if t.files > 0 {
		s.count = t.files
	}
	return nil
}

// fromFile gives the words of the filter: those of the command line, or what the
// file of -F holds.
func (t *tcpdumpFlags) fromFile(words []string) ([]string, error) {
	switch {
	case t.filter == "":
		return words, nil
	case len(words) > 0:
		return nil, withHint(usagef("the filter is in %s, and here as well: %s", quoted(t.filter), quoted(strings.Join(words, " "))), "leave out -F, or the words behind it")
	}
	f, err := os.Open(t.filter)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, filter.MaxExpr+1)) // one more, so that it is refused
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		said, _, _ := strings.Cut(line, "#")
		words = append(words, strings.TrimRight(said, "\r\n"))
	}
	return words, nil
}

// instead does what -D and -d ask for in place of the command; what the program
// is for is in o.
func (a *app) instead(t *tcpdumpFlags, words []string, o filter.Options) (done bool, err error) {
	if t.list {
		return true, a.listInterfaces()
	}
	if t.program == 0 {
		return false, nil
	}
	expr, err := parseFilter(words)
	if err != nil {
		return true, err
	}
	return true, a.dumpFilter(expr, o, t.program)
}

// insteadOfReplay is the same for saved captures: the program is for the first
// file's link type and snapshot length.
func (a *app) insteadOfReplay(t *tcpdumpFlags, files, words []string) (done bool, err error) {
	o := filter.Options{Link: capture.LinkEthernet}
	if t.program > 0 && !t.list {
		if o, err = optionsOf(files); err != nil {
			return true, err
		}
	}
	return a.instead(t, words, o)
}

// dumpFilter prints a program in the form of tcpdump -d, -dd or -ddd.
func (a *app) dumpFilter(expr *filter.Expr, o filter.Options, form int) error {
	if expr == nil {
		return withHint(usagef("-d needs a filter"), "tcpsee watch -d port 3000")
	}
	prog, err := expr.Compile(o)
	if err != nil {
		return err
	}
	format := filter.Format
	switch form {
	case 1:
	case 2:
		format = filter.FormatC
	default:
		format = filter.FormatDecimal
	}
	_, err = fmt.Fprint(a.std.out, format(prog))
	return err
}

// optionsOf returns what a capture's first interface says of programs for it,
// Ethernet where there is none.
func optionsOf(files []string) (filter.Options, error) {
	o := filter.Options{Link: capture.LinkEthernet}
	if len(files) == 0 {
		return o, nil
	}
	src, err := capture.OpenFiles(files[:1])
	if err != nil {
		return o, err
	}
	defer src.Close()
	_, err = src.Next() // an empty file has no fault worth a word here
	if list := src.Interfaces(); len(list) > 0 {
		o.Link = list[0].Link
		if n := list[0].SnapLen; n > 0 && n < filter.MaxSnapLen {
			o.SnapLen = uint32(n)
		}
		return o, nil
	}
	return o, endOf(err)
}
