package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/filter"
	"tcpsee/render"
)

type watchFlags struct {
	pictureFlags
	saveFlags
	tcpdumpFlags
	endFlags
	interfaces  []string // as they were given
	iface       string   // the one of them, or any
	promiscuous bool
	exact       bool
	ssh         bool
	copies      bool
	dns         bool
}

func (a *app) watchCommand() *cobra.Command {
	var fl watchFlags
	cmd := &cobra.Command{
		Use:   "watch [-i INTERFACE] [FILTER…]",
		Short: "Sit beside nc or any other program: draw what passes, as it passes",
		Long: `Draw the TCP connections that pass an interface, as they pass. FILTER is in the
language of tcpdump (pcap-filter); ICMP errors and ARP that explain a connection
pass as well (--exact stops that), and with --dns the questions for its address.

Capturing needs root or CAP_NET_RAW.`,
		Example: `  sudo tcpsee watch port 3000
  sudo tcpsee watch -i lo
  sudo tcpsee watch --dns port 443
  sudo tcpsee watch 'host 10.0.0.2 and not port 22'`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.watch(cmd.Context(), &fl, args) },
	}
	fl.pictureFlags.register(cmd)
	fl.saveFlags.register(cmd, false)
	fl.tcpdumpFlags.register(cmd)
	fl.endFlags.register(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&fl.interfaces, "interface", "i", nil, "`INTERFACE` to watch; any, the default, is all")
	f.BoolVar(&fl.promiscuous, "promiscuous", false, "take frames for other hosts too")
	f.BoolVar(&fl.exact, "exact", false, "only what matches the filter: no ICMP errors, no ARP, no DNS beside it")
	f.BoolVar(&fl.copies, "copies", false, "draw a packet on each interface that sees it, not once")
	f.BoolVar(&fl.dns, "dns", false, "let DNS, mDNS and LLMNR pass besides: what a connection asked for before, and names")
	f.BoolVar(&fl.ssh, "ssh", false, "draw your own ssh sessions too")
	return cmd
}

// chooseInterface sets the one interface to watch, or any.
func (fl *watchFlags) chooseInterface() error {
	fl.iface = capture.AnyInterface
	names := strings.Split(strings.Join(fl.interfaces, ","), ",")
	if names = slices.Compact(names); len(names) > 1 {
		return withHint(usagef("watch takes one interface, or all, and not %s", strings.Join(names, " and ")),
			"without -i it watches all of them, and a connection's first line says where it passes")
	}
	if len(fl.interfaces) == 0 {
		return nil
	}
	if fl.iface = names[0]; fl.iface == "" {
		return withHint(usagef("-i \"\" names no interface"), "tcpsee interfaces lists them; without -i all are watched")
	}
	return nil
}

func (fl *watchFlags) check() error {
	if err := fl.pictureFlags.check(); err != nil {
		return err
	}
	if err := fl.endFlags.check(); err != nil {
		return err
	}
	if err := fl.chooseInterface(); err != nil {
		return err
	}
	if err := fl.tcpdumpFlags.apply(&fl.pictureFlags, &fl.saveFlags); err != nil {
		return err
	}
	return fl.saveFlags.check(&fl.pictureFlags, false)
}

// watched is what watch lets pass.
type watched struct {
	expr *filter.Expr // nil is all TCP
	also *filter.Expr // what passes besides; nil is nothing
	own  []endpoints  // the user's ssh sessions, which are left out
}

func (fl *watchFlags) watched(words []string) (w watched, err error) {
	if w.expr, err = parseFilter(words); err != nil {
		return w, meantInterface(err, words)
	}
	if !fl.ssh {
		w.own = sshSessions()
	}
	if fl.dns && !fl.exact {
		w.also, err = lookups()
	}
	return w, err
}

// open begins to capture it.
func (w *watched) open(fl *watchFlags) (*capture.Live, error) {
	prog, err := watchProgram(w.expr, fl.exact, w.also)
	if err != nil {
		return nil, err
	}
	return capture.OpenLive(keeping(capture.LiveOptions{Interface: fl.iface, Filter: prog, SnapLen: fl.snapLen, Promiscuous: fl.promiscuous}, &fl.pictureFlags, &fl.saveFlags))
}

func (a *app) watch(ctx context.Context, fl *watchFlags, words []string) error {
	if err := fl.check(); err != nil {
		return err
	}
	words, err := fl.fromFile(words)
	if err != nil {
		return err
	}
	if done, err := a.instead(&fl.tcpdumpFlags, words, filter.Options{Link: capture.LinkEthernet, Live: true}); done {
		return err
	}
	names := fl.newProcessNames()
	defer names.close()
	pass, err := fl.watched(words)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	live, err := pass.open(fl)
	if err != nil {
		return err
	}
	queue := capture.NewQueue(live, 0)
	defer queue.Close()
	hide, err := fl.disguise()
	if err != nil {
		return err
	}
	src := hide.source(queue, nil)
	saves, err := fl.giveUpRights(src, names, confinement{})
	if err != nil {
		return err
	}
	limited, end := fl.limit(ctx)
	defer end()
	l := fl.loop(src, &pass)
	l.saves, l.disguise, l.names = saves, hide, names
	l.patience = live.SetPatience
	if len(saves) == 0 && fl.snapLen == 0 {
		l.relief = &relief{backlog: queue.Backlog, keep: func(n int) error { return live.SetSnapLen(cmp.Or(n, drawnBytes)) }}
	}
	a.draws(fl, l, end)
	if !fl.quiet {
		fmt.Fprintln(inLocale(a.std.err), watching(fl, words, pass.own))
	}
	err = l.run(limited)
	if err == nil {
		err = a.unlessEnded(ctx.Err() != nil, fl.missing(l))
	}
	return errors.Join(err, fl.closeOutputs())
}

// loop is that which follows what passes.
func (fl *watchFlags) loop(src capture.Source, w *watched) *loop {
	l := &loop{tracking: fl.trackFlags.options(), src: src, live: true, prompt: true, limit: fl.packets,
		match: matchLive(w.expr, fl.exact, w.also), pass: leaveOut(w.own, w.expr.Ports()), learned: new(learnedNames)}
	l.tracking.Ports = w.expr.Ports()
	l.others = "of ssh sessions (--ssh draws them)"
	if !fl.copies {
		l.copies = newCopies(src, fl.iface, " (--copies draws them)")
	}
	return l
}

// draws gives the loop its renderers, which may call stop to end it.
func (a *app) draws(fl *watchFlags, l *loop, stop func()) {
	pic := screen{w: a.std.out, file: a.std.out}
	base := render.Options{Live: true, Interface: interfaceNamer(l.src), ProcessName: l.names.name}
	if !fl.noNames {
		base.AddressName = l.learned.namer(l.src)
	}
	l.renderers = fl.ending(fl.renderers(pic, a.std.out, base, "timeline"), pic, base, stop)
	l.window = fl.newWindow(pic)
}

// unlessEnded returns err, which is a note where the user has ended the command
// before the end that it would have had.
func (a *app) unlessEnded(interrupted bool, err error) error {
	if err != nil && interrupted {
		a.note(err)
		return nil
	}
	return err
}

// meantInterface returns err, of a filter that cannot be read, or what is wrong
// where the filter's first word is an interface.
func meantInterface(err error, words []string) error {
	first, rest, _ := strings.Cut(strings.TrimSpace(strings.Join(words, " ")), " ")
	if _, unknown := net.InterfaceByName(first); unknown != nil && first != capture.AnyInterface {
		return err
	}
	return withHint(usagef("%s is an interface, and no filter", printable(first)), strings.TrimSpace("tcpsee watch -i "+printable(first)+" "+printable(rest)))
}

// giveUpRights becomes the user, opens the outputs as that, and gives up every
// other right.
func (fl *watchFlags) giveUpRights(src capture.Source, names *processNames, c confinement) ([]*saver, error) {
	return giveUpRights(&fl.pictureFlags, &fl.saveFlags, src, names, c)
}

// watching is the first line: what is listened to, and what is left out.
func watching(fl *watchFlags, words []string, own []endpoints) string {
	var b strings.Builder
	fmt.Fprintf(&b, "watching %s: ", fl.iface)
	if len(words) > 0 {
		b.WriteString(printable(strings.Join(words, " ")))
	} else {
		b.WriteString("all TCP")
	}
	if !fl.exact {
		b.WriteString(" + ICMP, ARP")
		if fl.dns {
			b.WriteString(", DNS")
		}
	}
	switch n := len(own); {
	case n == 1:
		fmt.Fprintf(&b, " · your ssh session%s left out (--ssh draws it)", sshClients(own))
	case n > 1:
		fmt.Fprintf(&b, " · %d ssh sessions%s left out (--ssh draws them)", n, sshClients(own))
	}
	b.WriteString(" · Ctrl-C ends")
	return b.String()
}

// maxClients is how many clients of ssh sessions are named.
const maxClients = 2

// sshClients names the machines that ssh sessions come from. The second end of
// a session is the far one.
func sshClients(own []endpoints) string {
	var names []string
	for _, e := range own {
		if n := e.b.Addr().String(); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) > maxClients {
		return fmt.Sprintf(" from %d machines", len(names))
	}
	return " from " + strings.Join(names, ", ")
}
