package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/dissect"
	"tcpsee/render"
)

// stragglers is how long a driven session waits after the last frame for what
// the other end may still send.
const stragglers = 400 * time.Millisecond

// driven is a session in which tcpsee makes a connection, captures it and
// draws it, while standard input and output carry the conversation.
type driven struct {
	app     *app
	fl      *pictureFlags
	save    *saveFlags
	console *console
	input   *drive.Input // standard input, for one relay after another
	live    *capture.Live
	iface   string                     // that live captures on
	pass    func(*dissect.Packet) bool // what of live is drawn; nil is all
	ports   []uint16                   // at which UDP is told of
	names   *processNames
	// confined is what it may still do once the capture is open.
	confined confinement
	calls    *callBox
	underway drive.Underway  // calls that will be in there
	service  string          // the remote port's name, for what nc says
	views    []kernelView    // of the connections that ended; act's until draw has its result
	ctx      context.Context // ends with Ctrl-C
	stop     func()
}

// backgroundNote is said where the shell has started a command with &.
const backgroundNote = "in the background nothing can be typed: fg brings this to the foreground"

// newDriven arranges the console and the signals. finAtEnd is whether the end
// of input is told to the other end (-N).
func (a *app) newDriven(ctx context.Context, fl *pictureFlags, save *saveFlags, finAtEnd bool) (*driven, error) {
	d := &driven{app: a, fl: fl, save: save, calls: newCallBox(), names: fl.newProcessNames()}
	conversation := a.std.out
	if fl.takesStdout() {
		conversation = a.std.err
	}
	d.console = newConsole(a.std, conversation)
	d.ctx, d.stop = interruptible(ctx, d.console.giveBack)
	d.input = drive.NewInput(d.console.in)
	if e := d.console.editor; e != nil && !inForeground(e.keys) {
		d.note(backgroundNote)
	}
	err := d.console.start(d.stop, func() {
		if !finAtEnd {
			d.note("end of input: without -N nothing is sent for it · Ctrl-C ends")
		}
	})
	if err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

// close gives everything back.
func (d *driven) close() {
	d.stop()
	d.console.close()
	d.names.close()
	if d.live != nil {
		d.live.Close()
	}
}

// report is the driver's Reporter.
func (d *driven) report(c drive.Call) { d.calls.report(c) }

// draw runs the loop beside act, which drives the connection, and returns
// act's error once everything has been drawn. The source must be open and
// filtering.
func (d *driven) draw(act func() error) error {
	hide, err := d.fl.disguise()
	if err != nil {
		return err
	}
	queue := capture.NewQueue(d.live, 0)
	src := hide.source(queue, nil)
	saves, err := giveUpRights(d.fl, d.save, src, d.names, d.confined)
	if err != nil {
		return err
	}
	rs := d.fl.renderers(d.console.picture, d.app.std.out,
		render.Options{Live: true, Interface: interfaceNamer(src), ProcessName: d.names.name}, "timeline")
	finish, result := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(finish)
		result <- act()
	}()
	l := &loop{tracking: d.fl.trackFlags.options(), src: src, window: d.fl.newWindow(d.console.picture), saves: saves, disguise: hide, live: true, prompt: true, renderers: rs, names: d.names, calls: d.calls, waiting: queue.Waiting, finish: finish, idle: stragglers}
	l.behind = func(time.Time) bool { return d.underway.Any() }
	l.pass, l.tracking.Ports = d.pass, d.ports
	l.copies = newCopies(src, d.iface, "")
	drawn := l.run(context.Background())
	interrupted := d.ctx.Err() != nil
	d.stop() // where drawing failed, the connection ends with it
	d.calls.close()
	acted := <-result
	acted = unlessInterrupted(acted)
	d.kernelSays()
	var told *tlsError
	switch drawn := l.shown > 0; {
	case acted == nil || errors.As(acted, &told):
	case !drawn && connectFailed(acted) && drive.ErrName(acted) == "ETIMEDOUT":
		acted = withHint(acted, "no packet has left this machine: its own firewall throws away what goes there (sudo nft list ruleset)")
	case !untold(acted, drawn) && !d.fl.quiet && !d.fl.takesStdout():
		acted = &drawnError{acted}
	}
	if acted == nil && drawn == nil {
		acted = d.app.unlessEnded(interrupted, d.fl.missing(l))
	}
	return errors.Join(acted, drawn, d.fl.closeOutputs())
}

// unlessInterrupted returns err, which is none where the user has ended the call
// that waited: that of a name server, too.
func unlessInterrupted(err error) error {
	if errors.Is(err, drive.ErrInterrupted) {
		return nil
	}
	return err
}

// untold reports whether the picture, in which packets were drawn or not, leaves
// err to be explained: that of a call which sends nothing, or of a connection of
// which there was no packet.
func untold(err error, drawn bool) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(several.Unwrap(), func(e error) bool { return !untold(e, drawn) })
	}
	var op *drive.OpError
	return errors.As(err, &op) && (op.Call == "socket" || op.Call == "bind") || !drawn && connectFailed(err)
}

// connectFailed reports whether err is of connect(2).
func connectFailed(err error) bool {
	var op *drive.OpError
	return errors.As(err, &op) && op.Call == "connect"
}

// drives says which ends are tcpsee's own.
func (d *driven) drives(own func(netip.AddrPort) bool) {
	if d.names == nil && !d.fl.noNames {
		d.names = &processNames{}
	}
	if d.names != nil {
		d.names.own = func(local, _ netip.AddrPort) string {
			if own(local) {
				return selfName()
			}
			return ""
		}
	}
}
