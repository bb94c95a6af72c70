package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/dissect"
	"tcpsee/render"
)

// exitRun is run's own failure, as env(1) and nohup(1) have it.
const exitRun = 125

// statusError ends tcpsee with the status of the command that it wrapped.
type statusError struct{ status int }

func (s *statusError) Error() string {
	return fmt.Sprintf("the command ended with status %d", s.status)
}

type runFlags struct {
	pictureFlags
	saveFlags
	noTrace  bool
	isolated bool
}

func (a *app) runCommand() *cobra.Command {
	var fl runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [--] COMMAND [ARG…]",
		Short: "Run a command and draw the TCP connections that it makes or accepts",
		Long: `Run a command and draw only the connections that it and its children make or
accept, with their socket calls (layer 5). The command keeps standard input and
output; the picture goes to standard error; the exit status is the command's.

The calls are seen by ptrace(2), which makes every system call of the command
slower (by 10 to 100 µs) and runs setuid programs without their rights, unless
root traces; calls made through io_uring are not seen. A process has one tracer:
strace and gdb do not work in there. --no-trace leaves all that out: the packets
are drawn, the calls are not, and a connection that is over within a few
milliseconds may be missed (--isolated has them all).

Signals that ask to end, SIGUSR1, SIGUSR2, SIGALRM and SIGWINCH are passed on to
the command. What nohup, or & in a script, has had ignored (SIGHUP; SIGINT and
SIGQUIT) is ignored in the command too; of other signals that is not known. On
a terminal the command has one of its own, with no shell around it, so that
Ctrl-Z does not stop it.

It ends with the command. One that puts itself into the background (nginx) is
followed there until it ends, or until Ctrl-C; what a script has left behind &
is named, and followed where the script ends with wait.

With --isolated both ends of a connection, and what watches them, have a small
network of their own, loopback only, which needs no root where the system lets
users have namespaces (tcpsee doctor says so). The command is root in there, and
its files are yours.

Under sudo the command runs as you, with sudo's PATH: a program that is not
found there is found by sudo env "PATH=$PATH" tcpsee run …`,
		Example: `  sudo tcpsee run nc 10.0.0.2 3000
  sudo tcpsee run curl http://10.0.0.2/
  sudo tcpsee run -- python3 server.py
  sudo tcpsee run nginx
  tcpsee run --isolated sh -c 'nc -l 80 & sleep 1; echo hi | nc -N 127.0.0.1 80'`,
		ValidArgsFunction: completeCommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runWrapped(cmd.Context(), &fl, args)
		},
	}
	fl.pictureFlags.register(cmd)
	fl.saveFlags.register(cmd, false)
	cmd.Flags().BoolVar(&fl.noTrace, "no-trace", false, "do not trace the command: packets only")
	cmd.Flags().BoolVar(&fl.isolated, "isolated", false, "in a user and a network namespace of its own: without root, and with nothing but loopback")
	cmd.Flags().SetInterspersed(false) // what follows the command's name is the command's
	return cmd
}

// runWrapped checks the flags; whatever else fails is 125.
func (a *app) runWrapped(ctx context.Context, fl *runFlags, args []string) error {
	if err := fl.pictureFlags.check(); err != nil {
		return err
	}
	if err := fl.saveFlags.check(&fl.pictureFlags, true); err != nil {
		return err
	}
	if len(args) == 0 {
		return withHint(usagef("run needs a command"), "tcpsee run nc 127.0.0.1 3000")
	}
	if fl.isolated && !isIsolated() {
		return a.wrapIsolated()
	}
	if isIsolated() {
		if err := enterIsolated(); err != nil {
			return &failedRun{err, exitRun}
		}
	}
	err := a.wrap(ctx, fl, args)
	var start *drive.StartError
	var status *statusError
	switch {
	case err == nil || errors.As(err, &status):
		return err
	case errors.As(err, &start):
		return &failedRun{withHint(err, startHint(start, os.Getenv)), start.Status}
	}
	return &failedRun{err, exitRun}
}

// orIsolated adds to the advice about a refused right what needs none.
func orIsolated(err error) error {
	var denied *capture.PermissionError
	if s := adviceFor(err); s != "" && errors.As(err, &denied) {
		return withHint(err, s+"\nboth ends on this machine? tcpsee run --isolated … needs no right")
	}
	return err
}

// startHint is what to try where a command did not start.
func startHint(e *drive.StartError, env func(string) string) string {
	switch {
	case errors.Is(e.Err, drive.ErrNotInPath) && env("SUDO_UID") != "":
		return "sudo has a PATH of its own; with yours: sudo env \"PATH=$PATH\" " + ownCommand() + " run " + quoted(e.Command) + " …"
	case errors.Is(e.Err, drive.ErrNotInPath):
		return "check the name; a program that is not in PATH is named with its directory: ./" + quoted(e.Command)
	case errors.Is(e.Err, syscall.EACCES):
		return "ls -l " + quoted(e.Command) + " shows whether it may be executed; a script is run by its interpreter: tcpsee run python3 FILE"
	case errors.Is(e.Err, syscall.ENOENT):
		return interpreterHint(e.Command)
	}
	return ""
}

// interpreterHint is for what execve(2) says of a file that is there: that the
// program is not which its first line names, or which loads it. "" for another
// file.
func interpreterHint(command string) string {
	path, err := exec.LookPath(command)
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n') // BINPRM_BUF_SIZE of linux/binfmts.h
	named, script := strings.CutPrefix(line, "#!")
	words := strings.Fields(named)
	switch {
	case !script || len(words) == 0:
		return quoted(path) + " is there; what loads it is not: is it a program for this system? file " + quoted(path)
	case strings.HasSuffix(line, "\r\n"):
		return "the first line of " + quoted(path) + " ends with CR LF, as on Windows, and CR is no part of an interpreter's name: sed -i 's/\\r$//' " + quoted(path)
	}
	return quoted(path) + " is there; the interpreter that its first line names is not: " + printable(words[0])
}

// wrapIsolated runs this very command in namespaces of its own.
func (a *app) wrapIsolated() error {
	status, err := a.runIsolated(os.Args[1:])
	switch {
	case err != nil:
		return &failedRun{withHint(err, isolationAdvice()), exitRun}
	case status != 0:
		return &statusError{status}
	}
	return nil
}

// failedRun is an error of run with its exit status.
type failedRun struct {
	err    error
	status int
}

func (f *failedRun) Error() string { return f.err.Error() }
func (f *failedRun) Unwrap() error { return f.err }

// wrap runs the command beside the loop.
func (a *app) wrap(ctx context.Context, fl *runFlags, args []string) error {
	names := fl.newProcessNames()
	defer names.close()
	terminal := isTerminal(a.std.in) && isTerminal(a.std.out)
	if terminal && !inForeground(a.std.in) { // the command has the shell's terminal, and its job control
		terminal = false
		fmt.Fprintf(a.std.err, "note: %s\n", backgroundNote)
	}
	pic := screen{w: a.std.err, file: a.std.err}
	options := drive.WrapOptions{Command: args, Stdin: a.std.in, Stdout: a.std.out, Stderr: a.std.err, NoTrace: fl.noTrace, User: wrapUser()}
	if fl.takesStdout() {
		options.Stdout = a.std.err
	}
	if terminal {
		options.TTY = a.std.in
		shared := &sharedScreen{columns: func() int { return widthOf(a.std.err) }, erases: erasesLines()}
		options.TTYOutput = &commandWriter{shared, a.std.out}
		if isTerminal(a.std.err) {
			pic.w = &rowWriter{s: shared, w: a.std.err}
		}
	}
	options.Notice = func(s string) { fmt.Fprintf(pic.w, "note: %s\n", printable(s)) }
	calls := newCallBox()
	w, err := drive.Wrap(options, calls.report)
	if err != nil {
		return err
	}
	defer w.Close()
	prog, err := watchProgram(nil, false, nil)
	if err != nil {
		return err
	}
	live, err := capture.OpenLive(keeping(capture.LiveOptions{Filter: prog}, &fl.pictureFlags, &fl.saveFlags))
	if err != nil {
		return orIsolated(err)
	}
	src := capture.NewQueue(live, 0)
	defer src.Close()
	if why := w.Missing(); why != "" && !fl.noTrace {
		fmt.Fprintf(pic.w, "note: no socket calls: %s\n", printable(why))
	}
	return a.drawWrapped(fl, w, src, calls, pic, names)
}

// drawWrapped releases the command and draws until it has ended.
func (a *app) drawWrapped(fl *runFlags, w *drive.Wrapped, queue *capture.Queue, calls *callBox, pic screen, names *processNames) error {
	hide, err := fl.disguise()
	if err != nil {
		return err
	}
	src := hide.source(queue, nil)
	keyboard := hasTerminal()
	saves, err := giveUpRights(&fl.pictureFlags, &fl.saveFlags, src, names, confinement{signals: true})
	if err != nil {
		return err
	}
	rs := fl.renderers(pic, a.std.out, render.Options{Live: true, Interface: interfaceNamer(src), ProcessName: names.name}, "timeline")
	unfollow, enough := context.WithCancel(context.Background())
	defer enough()
	defer passSignals(w, keyboard, enough)()
	say := func(text string) { fmt.Fprint(inLocale(pic.w), paragraph(a.std.err, "note: ", text)) }
	finish := make(chan struct{})
	status, waited := 0, error(nil)
	go func() {
		defer close(finish)
		if waited = w.Release(); waited == nil {
			status, waited = w.Wait()
		}
		followServer(unfollow, w, say)
	}()
	mine := &ownPackets{w: w, untraced: w.Missing() != ""}
	if names != nil {
		names.own = mine.program
	}
	l := &loop{tracking: fl.trackFlags.options(), src: src, window: fl.newWindow(pic), live: true, prompt: true, renderers: rs, names: names, saves: saves, disguise: hide, calls: calls, waiting: queue.Waiting, behind: w.Behind, finish: finish, idle: stragglers, pass: mine.pass}
	l.copies = newCopies(src, capture.AnyInterface, "")
	drawn := l.run(context.Background())
	calls.close()
	if drawn != nil {
		enough()
		if !w.Ended() && !readerLeft(drawn) {
			say(drawn.Error() + "\nnothing more is drawn or saved; the command goes on")
		}
	}
	<-finish
	if w.OnlyDatagrams() && !fl.quiet {
		say("the command has made a socket of UDP (SOCK_DGRAM) and none of TCP (SOCK_STREAM): what goes through it are datagrams, with no connection to draw. (Name servers are asked in that way, too.)")
	}
	if n := mine.passed; n > 0 && !fl.quiet {
		say(notDrawn(n))
	}
	sayLeft(w, say)
	if err := errors.Join(waited, drawn, fl.closeOutputs()); err != nil {
		return err
	}
	if err := fl.missing(l); err != nil {
		a.note(err) // the status is the command's
	}
	if status != 0 {
		return &statusError{status}
	}
	return nil
}

// followServer goes on, after the command's end, with what it has left in the
// background, until ctx ends.
func followServer(ctx context.Context, w *drive.Wrapped, say func(string)) {
	if !w.Serves() {
		return
	}
	if left := named(w.Left()); left != "" {
		say("the command has ended; what it left in the background is followed until Ctrl-C: " + left)
	}
	select {
	case <-w.Done():
	case <-ctx.Done():
	}
}

// sayLeft tells of the command's children that are left alone from now on.
func sayLeft(w *drive.Wrapped, say func(string)) {
	list := w.Left()
	if len(list) == 0 {
		return
	}
	kill := "kill"
	for _, c := range list[:min(len(list), maxNamed)] {
		kill += " " + strconv.Itoa(c.PID)
	}
	say(fmt.Sprintf("no longer followed, and still running: %s\n%s ends that; a script that ends with wait is followed until they have ended", named(list), kill))
}

// notDrawn tells of SYNs of which it was not seen whose they were.
func notDrawn(n int) string {
	text := "1 SYN was not drawn: another program's,"
	if n > 1 {
		text = fmt.Sprintf("%d SYNs were not drawn: other programs',", n)
	}
	return text + " or of a connection that was over before it could be seen that it was the command's. A command that is traced, or that has --isolated, misses none."
}

// maxNamed is how many of a command's children are named.
const maxNamed = 3

// named names children; "" for none.
func named(list []drive.Child) string {
	var names []string
	for _, c := range list[:min(len(list), maxNamed)] {
		names = append(names, processName(c.Program, int32(c.PID)))
	}
	if n := len(list) - maxNamed; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return strings.Join(names, ", ")
}

// passSignals hands signals on to the command, whose end is ours, until stop is
// called. A keyboard's own come to the command too. After its end one that asks
// for an end is enough.
func passSignals(w *drive.Wrapped, keyboard bool, enough func()) (stop func()) {
	list := append(endSignals(), passedSignals()...)
	came := make(chan os.Signal, len(list))
	signal.Notify(came, list...)
	go func() {
		for s := range came {
			switch {
			case w.Ended() && slices.Contains(endSignals(), s):
				overEcho()
				enough()
			case !keyboard || !slices.Contains(keyboardSignals(), s):
				_ = w.Signal(s)
			}
		}
	}()
	return func() { signal.Stop(came) }
}

// ownPackets lets the wrapped command's packets through.
type ownPackets struct {
	w        *drive.Wrapped
	untraced bool                // which sockets are the command's is seen a little late
	passed   int                 // SYNs of which it was not seen in time whose they are
	peers    map[netip.Addr]bool // the other ends so far
}

// How long a SYN waits for the tracer to learn which port the kernel chose.
const (
	pendingWait  = 5 * time.Millisecond
	pendingSleep = 100 * time.Microsecond
)

// untracedWait is how long after its capture a SYN waits at most for a look at the
// sockets of a command that is not traced: a few milliseconds as a rule. What
// comes behind it waits no longer than that, either.
const untracedWait = time.Second

// maxPeers bounds ownPackets.peers.
const maxPeers = 1 << 12

func (o *ownPackets) pass(p *dissect.Packet) bool {
	switch p.Content {
	case dissect.ContentTCP:
		return o.segment(p) || o.turnsOut(p)
	case dissect.ContentICMP:
		return p.ICMP.Error && p.ICMP.QuotedTCP && o.owns(p.ICMP.QuotedSrc, p.ICMP.QuotedDst)
	case dissect.ContentNeighbour:
		return o.peers[p.Neighbour.Target] || o.peers[p.Neighbour.Sender]
	}
	return false
}

// segment reports whether a segment is of the command's connections, or is sent
// to one of its ports at another address of this machine.
func (o *ownPackets) segment(p *dissect.Packet) bool {
	return o.owns(p.Src(), p.Dst()) || p.Loopback() && (o.w.BoundNear(p.Src().Port()) || o.w.BoundNear(p.Dst().Port()))
}

// turnsOut reports whether a SYN turns out to be the command's, of which a look
// at its sockets tells when the SYN has been sent.
func (o *ownPackets) turnsOut(p *dissect.Packet) bool {
	if !o.untraced || p.TCP.Flags&(dissect.SYN|dissect.ACK) != dissect.SYN {
		return false
	}
	at := p.Frame.Time.Time()
	for o.w.Looking(at) && time.Since(at) < untracedWait {
		time.Sleep(pendingSleep)
	}
	if o.segment(p) {
		return true
	}
	o.passed++
	return false
}

func (o *ownPackets) owns(src, dst netip.AddrPort) bool {
	for waited := time.Duration(0); ; waited += pendingSleep {
		if o.w.Owns(src, dst) || o.w.Owns(dst, src) {
			break
		}
		if waited >= pendingWait || !o.w.Pending(dst) && !o.w.Pending(src) {
			return false
		}
		time.Sleep(pendingSleep)
	}
	if o.peers == nil {
		o.peers = make(map[netip.Addr]bool)
	}
	if len(o.peers) < maxPeers {
		o.peers[src.Addr()], o.peers[dst.Addr()] = true, true
	}
	return true
}

// program names who connects, of the wrapped command and its children.
func (o *ownPackets) program(local, remote netip.AddrPort) string {
	name, pid, ok := o.w.Program(local, remote)
	if !ok {
		return ""
	}
	return processName(name, int32(pid))
}
