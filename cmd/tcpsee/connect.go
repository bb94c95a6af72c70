package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/capture/filter"
)

type connectFlags struct {
	pictureFlags
	saveFlags
	relay     drive.RelayOptions
	dial      drive.DialOptions
	four, six bool
	zero      bool
	udp       bool
	send      string
	repeat    int
	extras    clientExtras
}

func (a *app) connectCommand() *cobra.Command {
	var fl connectFlags
	cmd := &cobra.Command{
		Use:   "connect HOST PORT",
		Short: "Open a connection, like nc HOST PORT, and draw its packets",
		Long: `Open a TCP connection and draw its packets. Standard input goes out, what comes
back is printed on standard output, the picture goes to standard error. Ctrl-C
ends the connection with a FIN, as nc's does. HOST:PORT is the same.

Capturing needs root or CAP_NET_RAW.`,
		Example: `  sudo tcpsee connect 10.0.0.2 3000
  printf 'GET / HTTP/1.0\r\n\r\n' | sudo tcpsee connect example.org 80 >page
  sudo tcpsee connect -z localhost 8080      only open and close`,
		Args: a.hostAndPort,
		RunE: func(cmd *cobra.Command, args []string) error {
			args = parted(args)
			fl.dial.Host, fl.dial.Port = args[0], args[1]
			fl.dial.Source = unbracketed(fl.dial.Source)
			return a.connect(cmd.Context(), &fl)
		},
	}
	fl.pictureFlags.register(cmd)
	fl.saveFlags.register(cmd, true)
	f := cmd.Flags()
	f.BoolVarP(&fl.four, "ipv4", "4", false, "IPv4 only")
	f.BoolVarP(&fl.six, "ipv6", "6", false, "IPv6 only")
	f.StringVarP(&fl.dial.Source, "source", "s", "", "send from local `ADDRESS`")
	f.StringVarP(&fl.dial.SourcePort, "source-port", "p", "", "send from local `PORT`")
	f.Var((*timeValue)(&fl.dial.Wait), "wait", "give up connecting after this `TIME` (5s), and end after so long without a byte")
	f.BoolVar(&fl.dial.NoDelay, "no-delay", false, "switch Nagle's algorithm off")
	f.BoolVarP(&fl.zero, "zero", "z", false, "open and close, send nothing")
	f.BoolVarP(&fl.relay.HalfClose, "half-close", "N", false, "send a FIN at the end of input (Ctrl-D)")
	f.BoolVarP(&fl.relay.CRLF, "crlf", "C", false, "end lines with CR LF")
	f.BoolVar(&fl.relay.Reset, "linger0", false, "end with RST in place of FIN")
	f.StringVar(&fl.send, "send", "", "send `TEXT` and a newline first")
	f.StringVar(&fl.extras.http, "http", "", "send a GET request for `PATH` first (/)")
	f.BoolVar(&fl.extras.tls, "tls", false, "talk TLS: the conversation is enciphered on the wire")
	f.BoolVar(&fl.extras.insecure, "insecure", false, "with --tls, accept any certificate")
	f.IntVar(&fl.repeat, "repeat", 1, "open `N` connections, one after another")
	f.BoolVarP(&fl.udp, "udp", "u", false, "")
	_ = f.MarkHidden("udp")
	return cmd
}

// says names the flag that asks for something to be sent first.
func (fl *connectFlags) says() string {
	switch {
	case fl.send != "":
		return "--send"
	case fl.extras.http != "":
		return "--http"
	case fl.extras.tls:
		return "--tls"
	}
	return ""
}

// hostAndPort checks the two arguments of connect.
func (a *app) hostAndPort(cmd *cobra.Command, args []string) error {
	switch both := parted(args); {
	case swapped(args):
		return withHint(usagef("the host comes first, then the port"), "tcpsee connect "+args[1]+" "+args[0])
	case len(both) == 2 && both[0] == "":
		return withHint(usagef("connect needs a host before the port"), "tcpsee connect 127.0.0.1 "+cmp.Or(both[1], "3000"))
	case len(both) == 2:
		return noHost("connect", both[0], both[1])
	case len(args) == 1:
		return withHint(usagef("connect needs a host and a port, and got 1 word"), insteadOf(args[0]))
	}
	if err := ncQuit(a.words, args); len(args) == 3 && err != nil {
		return err
	}
	return withHint(usagef("connect needs a host and a port, and got %s", words(len(args))), "tcpsee connect 127.0.0.1 3000")
}

// swapped reports whether two words are a port and then an address.
func swapped(args []string) bool {
	if len(args) != 2 {
		return false
	}
	_, port := strconv.ParseUint(args[0], 10, 16)
	_, addr := netip.ParseAddr(unbracketed(args[1]))
	return port == nil && (addr == nil || args[1] == "localhost")
}

// family is what -4 and -6 ask for.
func family(four, six bool) (drive.Family, error) {
	switch {
	case four && six:
		return drive.AnyFamily, usagef("-4 and -6 exclude each other")
	case four:
		return drive.IPv4, nil
	case six:
		return drive.IPv6, nil
	}
	return drive.AnyFamily, nil
}

// check refuses what makes no sense, and works out what is to be sent first.
func (fl *connectFlags) check() error {
	if err := fl.pictureFlags.check(); err != nil {
		return err
	}
	if err := fl.saveFlags.check(&fl.pictureFlags, true); err != nil {
		return err
	}
	if fl.udp {
		return withHint(usagef("tcpsee shows TCP: there is no -u"), "sudo tcpdump -n udp shows datagrams")
	}
	if fl.send != "" && fl.extras.http != "" {
		return usagef("--send and --http both say what to send first")
	}
	if says := fl.says(); fl.zero && says != "" {
		return usagef("-z sends nothing, and %s sends something", says)
	}
	if fl.repeat < 1 {
		return usagef("--repeat %d: one connection at least is opened", fl.repeat)
	}
	fl.relay.Idle = fl.dial.Wait
	var err error
	if fl.dial.Family, err = family(fl.four, fl.six); err != nil {
		return err
	}
	if fl.send != "" {
		fl.relay.First = []byte(fl.send + "\n")
		if fl.relay.CRLF {
			fl.relay.First = []byte(fl.send + "\r\n")
		}
	}
	return nil
}

func (a *app) connect(ctx context.Context, fl *connectFlags) error {
	if err := fl.check(); err != nil {
		return err
	}
	d, err := a.newDriven(ctx, &fl.pictureFlags, &fl.saveFlags, fl.relay.HalfClose)
	if err != nil {
		return err
	}
	defer d.close()
	plan, first, err := d.plan(fl)
	if err != nil {
		return unlessInterrupted(err)
	}
	return d.draw(func() error {
		err := d.dial(plan, first, fl)
		for n := 1; n < fl.repeat && err == nil && d.ctx.Err() == nil; n++ {
			err = d.dial(plan, nil, fl)
		}
		return err
	})
}

// plan finds out what to connect to, binds the first attempt, and opens the
// capture for it.
func (d *driven) plan(fl *connectFlags) (*drive.Plan, *drive.Attempt, error) {
	fl.dial.Underway = &d.underway
	plan, err := drive.Prepare(d.ctx, fl.dial, d.report)
	if err != nil {
		return nil, nil, err
	}
	if err := fl.extras.prepare(fl, plan); err != nil {
		return nil, nil, err
	}
	if fl.verbose {
		d.service = cmp.Or(filter.ServiceName(plan.Targets[0].Port()), "*") // as nc has it
	}
	first, err := plan.Bind(0)
	if err != nil {
		return nil, nil, err
	}
	if err := fl.staysHere(first); err != nil {
		first.Close()
		return nil, nil, err
	}
	d.iface = interfaceFor(plan.Targets)
	d.live, err = capture.OpenLive(keeping(capture.LiveOptions{
		Interface: d.iface,
		Filter:    attemptFilter(first, fl.repeat > 1),
	}, &fl.pictureFlags, &fl.saveFlags))
	if err != nil {
		first.Close()
		return nil, nil, err
	}
	d.confined.connect = []uint16{first.Remote.Port()}
	d.confined.bind = []uint16{0}
	if fl.dial.SourcePort != "" {
		d.confined.bind = []uint16{first.Local.Port()}
	}
	d.drives(func(a netip.AddrPort) bool { return !isTarget(plan, a) })
	return plan, first, nil
}

// staysHere refuses to send out of this machine from one of its loopback addresses,
// which -s names: the kernel says that an argument is invalid, or, with IPv6,
// sends what nobody can answer (RFC 4291, section 2.5.3).
func (fl *connectFlags) staysHere(a *drive.Attempt) error {
	if fl.dial.Source == "" || !a.Local.Addr().IsLoopback() {
		return nil
	}
	name, _, err := capture.RouteInterface(a.Remote.Addr())
	if err != nil {
		return nil // connect says so
	}
	if i, err := net.InterfaceByName(name); err != nil || i.Flags&net.FlagLoopback != 0 {
		return nil
	}
	return withHint(fmt.Errorf("send from %s to %s: what has a loopback address does not leave this machine", a.Local.Addr(), a.Remote.Addr()),
		"without -s the system chooses the right address")
}

// isTarget reports whether a is among what is tried: the other end, whichever
// of them answers. Packets carry no zone, and to 0.0.0.0 or :: they go by
// loopback.
func isTarget(p *drive.Plan, a netip.AddrPort) bool {
	return slices.ContainsFunc(p.Targets, func(t netip.AddrPort) bool {
		to := t.Addr().Unmap().WithZone("")
		switch to {
		case netip.IPv4Unspecified():
			to = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case netip.IPv6Unspecified():
			to = netip.IPv6Loopback()
		}
		return t.Port() == a.Port() && to == a.Addr().Unmap().WithZone("")
	})
}

// dial tries the targets one after another, as nc does, and carries the
// conversation over the first connection that comes about. first is the
// attempt at the first target, where that has been bound already.
func (d *driven) dial(plan *drive.Plan, first *drive.Attempt, fl *connectFlags) error {
	var failures []error
	for i := range plan.Targets {
		c, err := d.attempt(plan, i, first, fl)
		first = nil
		if err == nil {
			d.saysConnected(fl.dial.Host, c)
			return d.converse(c, fl)
		}
		failures = append(failures, err)
		if errors.Is(err, drive.ErrInterrupted) {
			break
		}
	}
	return errors.Join(failures...)
}

// attempt connects to one target, with the filter set to it before its first
// packet.
func (d *driven) attempt(plan *drive.Plan, i int, bound *drive.Attempt, fl *connectFlags) (*drive.Conn, error) {
	if bound == nil {
		time.Sleep(settleTime)
		var err error
		if bound, err = plan.Bind(i); err != nil {
			return nil, err
		}
		if err = d.live.SetFilter(attemptFilter(bound, fl.repeat > 1)); err != nil {
			bound.Close()
			return nil, err
		}
	}
	c, err := bound.Connect(d.ctx)
	if err != nil {
		d.saysFailed(fl.dial.Host, bound.Local, bound.Remote, err)
	}
	return c, err
}

// settleTime is given to the packets of one attempt before the filter changes
// to the next.
const settleTime = 5 * time.Millisecond

// converse relays until either side ends.
func (d *driven) converse(c *drive.Conn, fl *connectFlags) error {
	if fl.zero {
		return d.ended(c, c.HangUp(fl.relay.Reset))
	}
	o := fl.relay
	if fl.extras.tls {
		over, err := d.secure(c, fl)
		if err != nil {
			return err
		}
		o.Over = over
	}
	return d.ended(c, c.Relay(d.ctx, d.input, d.console.talk, o))
}

// outcomeError is what of a relay's end is an error: not that a side closed,
// and not Ctrl-C.
func outcomeError(o drive.Outcome) error {
	if o.Cancelled {
		return nil
	}
	return o.Err
}

// attemptFilter lets the attempt's connection through, and what explains its
// fate. With again, connections from other ports to the same target pass too,
// for the last packets of one may come when the next has begun.
func attemptFilter(a *drive.Attempt, again bool) []capture.Instruction {
	spec := capture.DriveSpec{Local: a.Local, Remote: a.Remote, Neighbours: []netip.Addr{a.Remote.Addr()}}
	if again {
		spec.Local = netip.AddrPortFrom(a.Local.Addr(), 0)
	}
	return capture.DriveFilter(spec)
}

// interfaceFor returns the one interface through which all targets are
// reached, else the name for all of them.
func interfaceFor(targets []netip.AddrPort) string {
	name := ""
	for _, t := range targets {
		n, _, err := capture.RouteInterface(t.Addr())
		switch {
		case err != nil:
			continue
		case name == "":
			name = n
		case name != n:
			return capture.AnyInterface
		}
	}
	if name == "" {
		return capture.AnyInterface
	}
	return name
}
