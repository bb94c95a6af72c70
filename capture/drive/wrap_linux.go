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

// start starts the tracer and returns its first word.
func (w *Wrapped) start(files [3]*os.File) (wireMessage, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return wireMessage{}, err
	}
	defer null.Close()
	controlR, controlW, err := os.Pipe()
	if err != nil {
		return wireMessage{}, err
	}
	defer controlR.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		controlW.Close()
		return wireMessage{}, err
	}
	defer reportW.Close()
	shared, err := newSharedMemory()
	if err == nil {
		defer shared.Close()
		w.progress, err = mapProgress(shared)
	}
	if err != nil {
		controlW.Close()
		reportR.Close()
		return wireMessage{}, err
	}
	attr, args := w.helperAttr(files, null, controlR, reportW, shared)
	var helper *os.Process
	var limit unix.Rlimit
	if n := len(attr.Files); unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && uint64(n) > limit.Cur {
		err = fmt.Errorf("descriptor %d is to be handed on, and %d more: %w", n-ownFiles-1, ownFiles, unix.EMFILE)
	} else {
		helper, err = os.StartProcess(selfPath, args, attr)
	}
	for _, f := range attr.Files[3 : len(attr.Files)-ownFiles] {
		if f != nil {
			f.Close() // a duplicate
		}
	}
	if err != nil {
		controlW.Close()
		reportR.Close()
		if _, at := os.Stat(selfPath); at != nil {
			err = errors.New("there is no " + selfPath + ": /proc is not mounted")
		}
		return wireMessage{}, err
	}
	w.terminal.closeSlave()
	w.mu.Lock()
	w.control = controlW
	w.mu.Unlock()
	started := make(chan wireMessage, 1)
	go func() {
		w.receive(reportR, started)
		reportR.Close()
		_, _ = helper.Wait()
		close(w.gone)
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		controlW.Close()
	}()
	return <-started, nil
}

// ownFiles is how many descriptors the tracer has for itself.
const ownFiles = 3

// helperAttr says how to start the tracer: the command's descriptors where
// the command will have them, its own ones behind.
func (w *Wrapped) helperAttr(files [3]*os.File, null, control, report, shared *os.File) (*os.ProcAttr, []string) {
	attr := &os.ProcAttr{Dir: w.options.Dir, Env: w.options.Env}
	for _, f := range files {
		if f == nil {
			f = null
		}
		attr.Files = append(attr.Files, f)
	}
	attr.Files = append(attr.Files, inheritedFiles()...)
	own := len(attr.Files)
	attr.Files = append(attr.Files, control, report, shared)
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
