//go:build amd64 || arm64

package drive

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// WrapHelper is the tracer. Every program that calls Wrap calls it first of
// all with os.Args, and ends with status where ok says that this process was
// started to be the tracer.
func WrapHelper(args []string) (status int, ok bool) {
	if len(args) < 2 || args[0] != helperName {
		return 0, false
	}
	if args[1] == helperWake {
		return 0, true
	}
	if len(args) < 5 {
		return StatusCannotRun, true
	}
	own, err := strconv.Atoi(args[2])
	if err != nil || own < 3 {
		return StatusCannotRun, true
	}
	for n := range ownFiles {
		unix.CloseOnExec(own + n)
	}
	h := &helper{
		mode: args[1], tty: args[3] == "tty", command: args[4:], own: own, files: handedOn(own),
		control: os.NewFile(uintptr(own), "control"), out: os.NewFile(uintptr(own+1), "report"),
		released: make(chan struct{}), detach: make(chan struct{}), acks: make(chan struct{}, 1), deserted: make(chan struct{}),
	}
	if h.mode == helperStub {
		return h.becomeCommand(), true
	}
	if h.progress, err = mapProgress(os.NewFile(uintptr(own+2), "progress")); err != nil {
		return StatusCannotRun, true
	}
	h.report = newWireWriter(h.out)
	h.report.sent = &h.progress.sent
	return h.run(), true
}

// helper is the process that starts the command, and traces or watches it.
type helper struct {
	mode     string
	tty      bool
	command  []string
	own      int        // the first of its ownFiles descriptors
	files    []*os.File // the command's, each in its place
	control  *os.File
	out      *os.File
	report   *wireWriter
	progress *progress

	released chan struct{} // closed by controlRelease
	detach   chan struct{} // closed by controlDetach
	deserted chan struct{} // closed when the other side has ended
	acks     chan struct{}

	announcing sync.WaitGroup // the command's end

	mu   sync.Mutex
	root *os.Process // the command
}

// handedOn returns the descriptors below own that are the command's, with nil
// in the gaps, which the Go runtime may have filled with its own.
func handedOn(own int) []*os.File {
	files := make([]*os.File, own)
	for fd := range files {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			files[fd] = os.NewFile(uintptr(fd), "")
		}
	}
	return files
}

func (h *helper) run() int {
	// ptrace knows threads, not processes: everything happens in this one.
	runtime.LockOSThread()
	if err := dropCapabilities(); err != nil {
		return h.refuse(err)
	}
	h.leaveSignals()
	path, err := lookPath(h.command[0])
	if err != nil {
		return h.refuse(err)
	}
	go h.listen()
	if h.mode == helperTrace {
		why, err := h.trace(path)
		switch {
		case err != nil:
			return h.refuse(err)
		case why == "":
			return 0
		}
		return h.watch(path, why)
	}
	return h.watch(path, "tracing is switched off")
}

// refuse says why the command was not started.
func (h *helper) refuse(err error) int {
	m := wireMessage{Kind: wireRefused, Status: StatusCannotRun}
	var errno syscall.Errno
	var at *os.PathError
	switch {
	case errors.Is(err, ErrNotInPath):
		m.Status = StatusNotFound
	case errors.As(err, &errno):
		m.Errno = uint32(errno)
		if errno == unix.ENOENT {
			m.Status = StatusNotFound
		}
		if errors.As(err, &at) && at.Path != h.command[0] {
			m.Text = at.Path
		}
	default:
		m.Text = err.Error()
	}
	h.report.send(m)
	return m.Status
}

// ignoreAsBefore has ignored, for what is executed from here too, what was
// ignored before. Go's runtime takes every signal for itself but SIGHUP (nohup)
// and SIGINT where these were ignored, and does not tell of the others. A shell
// that ignores SIGINT for a command in the background ignores SIGQUIT with it
// (POSIX.1-2017, XCU 2.11).
func ignoreAsBefore() {
	if signal.Ignored(unix.SIGINT) {
		signal.Ignore(unix.SIGQUIT)
	}
}

// leaveSignals catches the signals that a terminal, or kill(1), sends to a whole
// group: they are the command's to heed. Catching, unlike ignoring, is not
// inherited.
func (h *helper) leaveSignals() {
	ignoreAsBefore()
	caught := make(chan os.Signal, 1)
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGPIPE,
		unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM} {
		if !signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	go func() {
		for range caught {
		}
	}()
}

// listen obeys the other side.
func (h *helper) listen() {
	var b [1]byte
	var release, detach sync.Once
	for {
		if _, err := io.ReadFull(h.control, b[:]); err != nil {
			close(h.deserted)
			h.wake()
			return
		}
		switch b[0] {
		case controlRelease:
			release.Do(func() { close(h.released) })
		case controlDetach:
			detach.Do(func() { close(h.detach); h.wake() })
		case controlAck:
			select {
			case h.acks <- struct{}{}:
			default:
			}
		case controlSignal:
			if _, err := io.ReadFull(h.control, b[:]); err == nil {
				h.signal(syscall.Signal(b[0]))
			}
		}
	}
}

func (h *helper) signal(s syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.root != nil {
		_ = h.root.Signal(s) // by pidfd: never another process's
	}
}

func (h *helper) setRoot(p *os.Process) {
	h.mu.Lock()
	h.root = p
	h.mu.Unlock()
}

// wake ends the wait of the tracing thread: a child that ends at once is an
// event for it, and no other thread can give it one.
func (h *helper) wake() {
	_, _ = os.StartProcess(selfPath, []string{helperName, helperWake}, &os.ProcAttr{})
}

// left reports whether the other side wants no more.
func (h *helper) left() bool { return isClosed(h.detach) || isClosed(h.deserted) }

// commandAttr is how the command itself is started.
func (h *helper) commandAttr() *os.ProcAttr {
	attr := &os.ProcAttr{Files: h.files, Sys: &syscall.SysProcAttr{}}
	if h.tty {
		attr.Sys.Setsid, attr.Sys.Setctty, attr.Sys.Ctty = true, true, 0
	}
	return attr
}

// letGo closes this process's copies of the command's descriptors, so that
// others see when the command has closed them.
func (h *helper) letGo() {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	for fd, f := range h.files {
		if f != nil {
			_ = unix.Dup3(null, fd, unix.O_CLOEXEC)
		}
	}
	unix.Close(null)
}

// lookPath finds the command as execvp(3) does.
func lookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path, ok := os.LookupEnv("PATH")
	if !ok {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	var denied error
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		info, err := os.Stat(file)
		if err != nil || info.IsDir() {
			continue
		}
		if err := unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS); err != nil {
			denied = &os.PathError{Op: "exec", Path: file, Err: err}
			continue
		}
		return file, nil
	}
	if denied != nil {
		return "", denied
	}
	return "", ErrNotInPath
}

// shell is what runs a file that the kernel does not know how to, as
// execvp(3) has it.
const shell = "/bin/sh"

// start starts the command with attr.
func (h *helper) start(path string, attr *os.ProcAttr) (*os.Process, error) {
	p, err := os.StartProcess(path, h.command, attr)
	if errors.Is(err, unix.ENOEXEC) {
		p, err = os.StartProcess(shell, append([]string{shell, path}, h.command[1:]...), attr)
	}
	if p != nil {
		h.setRoot(p)
	}
	return p, err
}

// becomeCommand is the stub of a command that is not traced: it waits until
// it is told to go on and executes the command in its place.
func (h *helper) becomeCommand() int {
	var b [1]byte
	if _, err := io.ReadFull(h.control, b[:]); err != nil {
		return statusSignal + int(unix.SIGKILL)
	}
	ignoreAsBefore()
	path := h.command[0]
	argv := h.command[1:]
	err := syscall.Exec(path, argv, os.Environ())
	if errors.Is(err, unix.ENOEXEC) {
		err = syscall.Exec(shell, append([]string{shell, path}, argv[1:]...), os.Environ())
	}
	fmt.Fprintf(os.Stderr, "tcpsee: run %s: %v\n", argv[0], err)
	if errors.Is(err, unix.ENOENT) {
		return StatusNotFound
	}
	return StatusCannotRun
}
