package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/dissect/conn"
)

type listenFlags struct {
	pictureFlags
	saveFlags
	relay     drive.RelayOptions
	listen    drive.ListenOptions
	four, six bool
	port      string
	keep      bool
	udp       bool
	tls       serverTLS
}

func (a *app) listenCommand() *cobra.Command {
	var fl listenFlags
	cmd := &cobra.Command{
		Use:   "listen [HOST] PORT",
		Short: "Wait for a connection, like nc -l PORT, and draw its packets",
		Long: `Wait for a TCP connection and draw its packets. Standard input goes out, what
comes back is printed on standard output, the picture goes to standard error.
It ends with the connection (--keep waits for the next).

Capturing needs root or CAP_NET_RAW.`,
		Example: `  sudo tcpsee listen 3000          and in another terminal: nc 127.0.0.1 3000
  sudo tcpsee listen 127.0.0.1 3000
  sudo tcpsee listen --keep 8080
  sudo tcpsee listen --tls 4433  and: tcpsee connect --tls --insecure HOST 4433`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ncQuit(a.words, args); err != nil && (len(args) == 2 || fl.port != "") {
				return err
			}
			if err := fl.address(args); err != nil {
				return err
			}
			if err := fl.extras(cmd.Flags().Changed("backlog")); err != nil {
				return err
			}
			if err := fl.tls.check(); err != nil {
				return err
			}
			return a.listen(cmd.Context(), &fl)
		},
	}
	fl.pictureFlags.register(cmd)
	fl.saveFlags.register(cmd, true)
	f := cmd.Flags()
	f.BoolVarP(&fl.four, "ipv4", "4", false, "IPv4 only")
	f.BoolVarP(&fl.six, "ipv6", "6", false, "listen on IPv6 addresses (as with nc, IPv4 clients reach it, too, where it has no HOST)")
	f.StringVarP(&fl.port, "port", "p", "", "listen on `PORT` (as nc -l -p; the same as naming it)")
	f.IntVar(&fl.listen.Backlog, "backlog", 0, "with --keep, clients that may wait while one is served, `N` (default: nc's)")
	f.Var((*timeValue)(&fl.listen.Wait), "wait", "give up waiting after this `TIME` (30s), and end after so long without a byte")
	f.BoolVar(&fl.listen.NoDelay, "no-delay", false, "switch Nagle's algorithm off")
	f.BoolVarP(&fl.keep, "keep", "k", false, "wait for the next client when one has gone")
	f.BoolVarP(&fl.relay.HalfClose, "half-close", "N", false, "send a FIN at the end of input (Ctrl-D)")
	f.BoolVarP(&fl.relay.CRLF, "crlf", "C", false, "end lines with CR LF")
	f.BoolVar(&fl.relay.Reset, "linger0", false, "end with RST in place of FIN")
	f.BoolVar(&fl.relay.StopReading, "zero-window", false, "stop reading: the window closes as data comes")
	f.BoolVar(&fl.tls.on, "tls", false, "talk TLS, with a certificate made for this run unless --cert names one")
	f.StringVar(&fl.tls.cert, "cert", "", "with --tls, the certificate (and those above it) in `FILE`, as PEM")
	f.StringVar(&fl.tls.key, "key", "", "with --tls, the certificate's private key in `FILE`, as PEM")
	f.BoolVarP(&fl.udp, "udp", "u", false, "")
	_ = f.MarkHidden("udp")
	return cmd
}

// address reads [HOST] PORT and -p.
func (fl *listenFlags) address(args []string) error {
	if fl.udp {
		return withHint(usagef("tcpsee shows TCP: there is no -u"), "sudo tcpdump -n udp shows datagrams")
	}
	if fl.port != "" {
		args = append(args, fl.port)
	}
	switch args = parted(args); len(args) {
	case 1:
		if _, err := netip.ParseAddr(unbracketed(args[0])); err == nil {
			return withHint(usagef("listen needs a port, and got only the address %s", args[0]), "tcpsee listen "+onlyAddress(args[0]))
		}
		fl.listen.Port = args[0]
	case 2:
		if swapped(args) {
			return withHint(usagef("the address comes first, then the port"), "tcpsee listen "+args[1]+" "+args[0])
		}
		if err := noHost("listen", args[0], args[1]); err != nil {
			return err
		}
		fl.listen.Host, fl.listen.Port = args[0], args[1]
	default:
		return withHint(usagef("listen needs a port, and got %s", words(len(args))), "tcpsee listen 3000")
	}
	return nil
}

func (a *app) listen(ctx context.Context, fl *listenFlags) error {
	if err := fl.pictureFlags.check(); err != nil {
		return err
	}
	if err := fl.saveFlags.check(&fl.pictureFlags, true); err != nil {
		return err
	}
	var err error
	if fl.listen.Family, err = family(fl.four, fl.six); err != nil {
		return err
	}
	d, err := a.newDriven(ctx, &fl.pictureFlags, &fl.saveFlags, fl.relay.HalfClose)
	if err != nil {
		return err
	}
	defer d.close()
	fl.listen.Underway = &d.underway
	l, err := drive.Bind(d.ctx, fl.listen, d.report)
	if err != nil {
		return unlessInterrupted(inUse(err, fl.listen.Port))
	}
	defer l.Close()
	if err := fl.tls.prepare(l.Reachable()); err != nil {
		return err
	}
	// Who calls another address of this machine, as nc localhost calls ::1
	// first, or the port by UDP, gets nowhere: that is to be seen, too.
	port := l.Addr.Port()
	d.iface, d.pass = capture.AnyInterface, newAtPort(port).pass
	d.ports = []uint16{port}
	d.live, err = capture.OpenLive(keeping(capture.LiveOptions{
		Interface: d.iface,
		Filter: capture.DriveFilter(capture.DriveSpec{
			Local:     netip.AddrPortFrom(netip.IPv6Unspecified(), port),
			Datagrams: !holdsDatagrams(port),
		}),
	}, &fl.pictureFlags, &fl.saveFlags))
	if err != nil {
		return err
	}
	if err := l.Listen(); err != nil {
		return inUse(err, fl.listen.Port)
	}
	d.says(conn.Server, l.Addr, netip.AddrPort{}, "Listening on %s %d", l.Addr.Addr(), l.Addr.Port())
	d.announce(l, fl)
	d.drives(func(a netip.AddrPort) bool {
		return a.Port() == l.Addr.Port() && (l.Addr.Addr().IsUnspecified() || a.Addr().Unmap() == l.Addr.Addr().Unmap())
	})
	return d.draw(func() error { return d.serve(l, fl) })
}

// announce says what the other side may type.
func (d *driven) announce(l *drive.Listener, fl *listenFlags) {
	var b strings.Builder
	at := l.Reachable()
	fmt.Fprintf(&b, "listening on %s · the other side types one of:\n", l.Addr)
	for _, a := range at {
		command := "nc"
		if fl.tls.on {
			command = "tcpsee connect --tls --insecure"
		}
		fmt.Fprintf(&b, "  %s %s %d%s\n", command, a.Addr(), a.Port(), typedWhere(a.Addr()))
	}
	if fl.tls.on {
		b.WriteString(fl.tls.about() + "\n")
	}
	if l.Addr.Port() < drive.FirstFreePort && invokingUser() != nil {
		fmt.Fprintf(&b, "ports below %d are root's: without sudo bind() fails, and no packet is sent\n", drive.FirstFreePort)
	}
	if s := translated(at, cloudVendor()); s != "" {
		b.WriteString(s + "\n")
	}
	b.WriteString("Ctrl-C ends\n")
	text := b.String()
	if isTerminal(d.app.std.err) {
		text = folded("", strings.TrimSuffix(text, "\n"), d.fl.columns(d.console.picture))
	}
	_, _ = io.WriteString(inLocale(d.console.picture.w), text)
}

// typedWhere says of an address who can type it, and what is another's to type:
// a zone is the name of each machine's own interface (RFC 4007, section 11.2).
func typedWhere(a netip.Addr) string {
	switch {
	case a.IsLoopback():
		return "   on this machine"
	case a.Zone() != "":
		return "   there with its own interface, not " + a.Zone()
	}
	return ""
}

// serve accepts one client after another; the listener listens already.
func (d *driven) serve(l *drive.Listener, fl *listenFlags) error {
	for {
		c, err := l.Accept(d.ctx)
		if errors.Is(err, drive.ErrInterrupted) {
			return nil
		}
		if err != nil {
			return err
		}
		d.says(conn.Server, c.Local(), c.Remote(), "Connection received on %s %d", c.Remote().Addr(), c.Remote().Port())
		if !fl.keep { // as nc does: the next client is refused, not kept waiting
			l.Close()
		}
		err = d.attend(c, fl)
		if !fl.keep || d.ctx.Err() != nil || isOurs(err) {
			return err
		}
	}
}

// isOurs reports whether a conversation ended because of what the user types, or
// of where it is printed: the next client's would, too.
func isOurs(err error) bool {
	var in *drive.InputError
	var out *drive.OutputError
	return errors.As(err, &in) || errors.As(err, &out)
}

// attend carries the conversation with one client.
func (d *driven) attend(c *drive.Conn, fl *listenFlags) error {
	over, err := fl.tls.over(d, c, fl.listen.Wait)
	if err != nil {
		if fl.keep && d.ctx.Err() == nil {
			d.note("no conversation: " + err.Error())
		}
		return err
	}
	o := fl.relay
	o.Over = over
	return d.ended(c, c.Relay(d.ctx, d.input, d.console.talk, o))
}
