//go:build amd64 || arm64

package drive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// helperName is the tracer's argv[0], by which WrapHelper knows it and ps
// shows it.
const helperName = "tcpsee: tracer"

// What the process that is started is to be, as its first argument.
const (
	helperTrace = "trace" // start and trace the command
	helperWatch = "watch" // start it, and look at its sockets now and then
	helperStub  = "stub"  // become the command when told to
	helperWake  = "wake"  // nothing: that it ends is what wakes the tracer
)

// selfPath is this binary for whoever runs it, also where its directory may
// not be entered.
const selfPath = "/proc/self/exe"

// Wrap starts the command of o, held before its first instruction, and traces
// it. A command that cannot be started is a *StartError. The caller calls
// Close in the end.
func Wrap(o WrapOptions, report Reporter) (*Wrapped, error) {
	if len(o.Command) == 0 || o.Command[0] == "" {
		return nil, &StartError{Status: StatusNotFound, Err: errors.New("no command")}
	}
	w := newWrapped(o, report)
	files := [3]*os.File{o.Stdin, o.Stdout, o.Stderr}
	if o.TTY != nil {
		t, err := openTerminal(o)
		if err != nil {
			return nil, fmt.Errorf("a terminal for the command: %w", err)
		}
		w.terminal = t
		files = [3]*os.File{t.slave, t.slave, t.slave}
	}
	m, err := w.start(files)
	if err != nil {
		w.terminal.end()
		return nil, fmt.Errorf("start the tracer: %w", err)
	}
	if m.Kind == wireRefused {
		w.Close()
		return nil, &StartError{Command: o.Command[0], Status: m.Status, Err: refusal(m)}
	}
	w.mu.Lock()
	w.pid, w.missing = m.PID, m.Text
	w.mu.Unlock()
	return w, nil
}

// refusal turns the tracer's word back into an error.
func refusal(m wireMessage) error {
	switch {
	case m.Errno == 0 && m.Text == "":
		return ErrNotInPath
	case m.Errno == 0:
		return errors.New(m.Text)
	case m.Text != "":
		return fmt.Errorf("%s: %w", m.Text, syscall.Errno(m.Errno))
	}
	return syscall.Errno(m.Errno)
}

// ends are the files between this process and the tracer.
type ends struct {
	control, reports *os.File // ours: to tell it something, and to hear from it

	null, told, report, shared *os.File // those that it is given
}

func openEnds() (e ends, err error) {
	defer func() {
		if err != nil {
			e.closeOurs()
			e.closeGiven()
		}
	}()
	if e.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return e, err
	}
	if e.told, e.control, err = os.Pipe(); err != nil {
		return e, err
	}
	if e.reports, e.report, err = os.Pipe(); err != nil {
		return e, err
	}
	e.shared, err = newSharedMemory()
	return e, err
}

func (e *ends) closeOurs() {
	e.control.Close()
	e.reports.Close()
}

// closeGiven closes what the tracer has for itself now, or never will.
func (e *ends) closeGiven() {
	e.null.Close()
	e.told.Close()
	e.report.Close()
	e.shared.Close()
}

// start starts the tracer and returns its first word.
func (w *Wrapped) start(files [3]*os.File) (wireMessage, error) {
	e, err := openEnds()
	if err != nil {
		return wireMessage{}, err
	}
	defer e.closeGiven()
	var helper *os.Process
	if w.progress, err = mapProgress(e.shared); err == nil {
		helper, err = w.startHelper(files, &e)
	}
	if err != nil {
		e.closeOurs()
		return wireMessage{}, err
	}
	w.terminal.closeSlave()
	w.mu.Lock()
	w.control = e.control
	w.mu.Unlock()
	started := make(chan wireMessage, 1)
	go func() {
		w.receive(e.reports, started)
		e.reports.Close()
		_, _ = helper.Wait()
		close(w.gone)
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		e.control.Close()
	}()
	return <-started, nil
}

// startHelper starts the tracer's process.
func (w *Wrapped) startHelper(files [3]*os.File, e *ends) (*os.Process, error) {
	attr, args := w.helperAttr(files, e)
	defer func() {
		for _, f := range attr.Files[3 : len(attr.Files)-ownFiles] {
			if f != nil {
				f.Close() // a duplicate
			}
		}
	}()
	var limit unix.Rlimit
	if n := len(attr.Files); unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && uint64(n) > limit.Cur {
		return nil, fmt.Errorf("descriptor %d is to be handed on, and %d more: %w", n-ownFiles-1, ownFiles, unix.EMFILE)
	}
	helper, err := os.StartProcess(selfPath, args, attr)
	if err == nil {
		return helper, nil
	}
	if _, at := os.Stat(selfPath); at != nil {
		err = errors.New("there is no " + selfPath + ": /proc is not mounted")
	}
	return nil, err
}

// ownFiles is how many descriptors the tracer has for itself.
const ownFiles = 3

// helperAttr says how to start the tracer: the command's descriptors where
// the command will have them, its own ones behind.
func (w *Wrapped) helperAttr(files [3]*os.File, e *ends) (*os.ProcAttr, []string) {
	attr := &os.ProcAttr{Dir: w.options.Dir, Env: w.options.Env}
	for _, f := range files {
		if f == nil {
			f = e.null
		}
		attr.Files = append(attr.Files, f)
	}
	attr.Files = append(attr.Files, inheritedFiles()...)
	own := len(attr.Files)
	attr.Files = append(attr.Files, e.told, e.report, e.shared)
	if u := w.options.User; u != nil {
		attr.Sys = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}}
	}
	mode, tty := helperTrace, "pipes"
	if w.options.NoTrace {
		mode = helperWatch
	}
	if w.options.TTY != nil {
		tty = "tty"
	}
	args := append([]string{helperName, mode, strconv.Itoa(own), tty}, w.options.Command...)
	return attr, args
}

// maxInherited is the highest descriptor that is handed on to the command
// beside the first three.
const maxInherited = 255

// inheritedFiles returns duplicates of the descriptors from 3 on that a
// program started from here would inherit (not close-on-exec: what a shell's
// redirections or socket activation left open), each in its place, with nil
// in the gaps.
func inheritedFiles() []*os.File {
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return nil
	}
	var files []*os.File
	for _, name := range names {
		fd, err := strconv.Atoi(filepath.Base(name))
		if err != nil || fd < 3 || fd > maxInherited {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			continue
		}
		for len(files) <= fd-3 {
			files = append(files, nil)
		}
		files[fd-3] = os.NewFile(uintptr(dup), name)
	}
	return files
}

// Signal sends a signal to the command, as kill(1) does. A command that has
// ended needs none.
func (w *Wrapped) Signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok || s <= 0 || s > 64 {
		return fmt.Errorf("signal the command: %v is no signal of this system", sig)
	}
	if err := w.tell(controlSignal, byte(s)); err != nil {
		return fmt.Errorf("signal the command: %w", err)
	}
	return nil
}
