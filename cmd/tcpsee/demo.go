package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/render"
)

// recordedDemo is the demonstration as it was captured once, for systems on
// which nobody may capture. `make demo` on Linux records nothing: it is live.
//
//go:embed demo.pcapng
var recordedDemo []byte

// demoPort is the exercise's port. Where it is taken the kernel chooses.
const demoPort = 3000

type demoFlags struct {
	pictureFlags
	saveFlags
	step     bool
	recorded bool
	six      bool
}

func (a *app) demoCommand() *cobra.Command {
	var fl demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A real connection on this machine, captured and drawn from start to finish",
		Long: `Make a real connection between two ends on this machine (greeting, a line each
way, close), capture it as it happens, and draw it. Needs no root where the
system allows user namespaces; where nothing allows to capture, a recorded one
is drawn and said to be so.`,
		Example: `  tcpsee demo
  tcpsee demo --step        wait for Enter before each call`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.demo(cmd.Context(), &fl) },
	}
	fl.pictureFlags.register(cmd)
	fl.saveFlags.register(cmd, false)
	cmd.Flags().BoolVar(&fl.step, "step", false, "wait for Enter before each socket call")
	cmd.Flags().BoolVarP(&fl.six, "ipv6", "6", false, "over IPv6, ::1")
	cmd.Flags().BoolVar(&fl.recorded, "recorded", false, "draw the recorded demonstration")
	return cmd
}

func (a *app) demo(ctx context.Context, fl *demoFlags) error {
	if err := fl.pictureFlags.check(); err != nil {
		return err
	}
	if err := fl.saveFlags.check(&fl.pictureFlags, false); err != nil {
		return err
	}
	if fl.recorded {
		return a.demoRecorded(ctx, fl, "as asked")
	}
	err := a.demoLive(ctx, fl)
	var denied *capture.PermissionError
	cannot := errors.As(err, &denied) || errors.Is(err, capture.ErrNoLiveCapture)
	switch {
	case !cannot:
		return err
	case isIsolated(): // as where AppArmor grants a namespace, and nothing in it
		return a.demoRecorded(ctx, fl, fmt.Sprintf("%v, in a user namespace too", err))
	}
	status, isolated := a.runIsolated(os.Args[1:])
	if isolated == nil {
		if status != exitOK {
			return errReported
		}
		return nil
	}
	return a.demoRecorded(ctx, fl, fmt.Sprintf("%v, and %v", err, isolated))
}

// demoLive makes the connection and captures it.
func (a *app) demoLive(ctx context.Context, fl *demoFlags) error {
	if isIsolated() {
		if err := loopbackUp(); err != nil {
			return &capture.PermissionError{Op: "use the loopback interface", Missing: "CAP_NET_ADMIN", Err: err}
		}
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	host := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if fl.six {
		host = netip.IPv6Loopback()
	}
	// The rights are asked for first: nothing is made, and no key press is
	// asked for, where the picture could not be drawn.
	name, _, err := capture.RouteInterface(host)
	if err != nil {
		return err
	}
	live, err := capture.OpenLive(capture.LiveOptions{Interface: name, Filter: capture.DriveFilter(capture.DriveSpec{Local: netip.AddrPortFrom(host, 1), Remote: netip.AddrPortFrom(host, 1)})})
	if err != nil {
		return err
	}
	d := &driven{app: a, fl: &fl.pictureFlags, save: &fl.saveFlags, live: live, iface: name, calls: newCallBox(), ctx: ctx, stop: stop,
		console: &console{picture: screen{w: a.std.out, file: a.std.out}}}
	defer d.close()
	return d.demonstrate(host, fl)
}

// demonstrate makes both ends, and then, with the filter in place, runs them.
func (d *driven) demonstrate(host netip.Addr, fl *demoFlags) error {
	o := drive.DemoOptions{Host: host, Port: demoPort, Underway: &d.underway}
	if fl.step {
		o.Step = d.stepper()
	}
	demo, err := drive.PrepareDemo(d.ctx, o, d.report)
	if drive.ErrName(err) == "EADDRINUSE" {
		o.Port = 0
		demo, err = drive.PrepareDemo(d.ctx, o, d.report)
	}
	if err != nil {
		return unlessInterrupted(err)
	}
	defer demo.Close()
	if err := d.live.SetFilter(capture.DriveFilter(capture.DriveSpec{Local: demo.Client, Remote: demo.Server})); err != nil {
		return err
	}
	d.confined.connect = []uint16{demo.Server.Port()}
	return d.draw(func() error { return demo.Run(d.ctx) })
}

// stepPause lets the rows of one step be drawn before the next is asked for.
const stepPause = 100 * time.Millisecond

// stepper waits for Enter before each call.
func (d *driven) stepper() func(string) error {
	lines := make(chan error)
	go func() {
		for r := bufio.NewReader(d.app.std.in); ; {
			_, err := r.ReadString('\n')
			lines <- err
		}
	}()
	echoed := isTerminal(d.app.std.in)
	return func(what string) error {
		time.Sleep(stepPause)
		fmt.Fprintf(d.app.std.err, "next: %s, press Enter ", what)
		select {
		case err := <-lines:
			if !echoed || err != nil {
				fmt.Fprintln(d.app.std.err)
			}
			if err != nil && d.ctx.Err() != nil {
				return drive.ErrInterrupted
			}
			return nil // where the input has ended: go on without waiting
		case <-d.ctx.Done():
			return drive.ErrInterrupted
		}
	}
}

// demoRecorded draws the capture that the binary carries.
func (a *app) demoRecorded(ctx context.Context, fl *demoFlags, why string) error {
	fmt.Fprintf(a.std.err, "recorded earlier, not live: %s\n", printable(why))
	src, err := capture.NewReader("the recorded demonstration", bytes.NewReader(recordedDemo))
	if err != nil {
		return err
	}
	defer src.Close()
	ctx, stop := interruptible(ctx)
	defer stop()
	hide, err := fl.disguise()
	if err != nil {
		return err
	}
	src = hide.source(src, nil)
	saves, err := giveUpRights(&fl.pictureFlags, &fl.saveFlags, src, nil, confinement{})
	if err != nil {
		return err
	}
	pic := screen{w: a.std.out, file: a.std.out}
	rs := fl.renderers(pic, a.std.out, render.Options{Interface: interfaceNamer(src)}, "timeline")
	l := &loop{tracking: fl.trackFlags.options(), src: src, saves: saves, disguise: hide, renderers: rs}
	err = l.run(ctx)
	if err == nil {
		err = a.unlessEnded(ctx.Err() != nil, fl.missing(l))
	}
	return errors.Join(err, fl.closeOutputs())
}
