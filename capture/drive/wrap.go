// # A wrapped command
//
// Wrap starts a command and reports the socket calls that it, its threads and
// its children make on TCP sockets. The command is held before its first
// instruction, so that a capture can be opened and filtering first:
//
//	// first thing in main, for the tracer is the same binary:
//	if status, ok := drive.WrapHelper(os.Args); ok {
//		os.Exit(status)
//	}
//
//	w, err := drive.Wrap(drive.WrapOptions{Command: args, …}, report)
//	var cannot *drive.StartError          // 126 or 127 in cannot.Status
//	// … open the capture; give up rights; say w.Missing() …
//	w.Release()
//	// … draw; w.Owns(local, remote) tells the command's connections …
//	status, err := w.Wait()               // every call it made has been reported
//	w.Close()                             // children that live on are let go
//
// The tracer is a process of its own, started as the command's user and
// before the caller confines itself: ptrace(2), process_vm_readv(2) and
// pidfd_getfd(2) are then not limited by what the caller gives up, and
// nothing that the caller gives up reaches the command.
//
// What tracing costs and changes. Every system call of the command stops
// twice, which makes each call slower by some 10 to 100 µs, socket call or
// not. Programs that are setuid, setgid or have file capabilities run without
// these, unless root traces. Calls made through io_uring, and those of 32-bit
// programs on a 64-bit kernel, are not seen; Notice says when it happens. A
// seccomp filter would spare the calls that are not of interest, but needs
// no_new_privs (or CAP_SYS_ADMIN), would stay with children that outlive the
// tracer, and would make their socket calls fail then with ENOSYS: so there
// is none.
//
// Calls. Name is one of the driver's (send, recv, accept, …), Syscall the
// system call that it was (write, recvfrom, accept4, …), PID and Program whose
// it is. Data holds at most MaxCallData bytes. A close that the kernel makes
// because the process ends or executes another program is reported as close
// with Syscall "exit" or "execve". On a non-blocking socket accept and recv are
// reported when they have returned (Entry and Return one after the other), and
// not at all where they would have waited (EAGAIN); a non-blocking connect returns
// EINPROGRESS, and a getsockopt SO_ERROR reports how it ended. A call that a
// signal interrupts and the kernel restarts is one call. A call that its
// process does not survive has an Entry and no Return.
//
// The Entry of connect and the Whole of bind and listen have been taken by the
// Reporter before the command goes on: no SYN overtakes the first.
package drive

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
)

// MaxCallData is how many bytes of one send or recv a Call of a wrapped
// command holds at most.
const MaxCallData = 4 << 10

// Exit statuses of a command that did not start, as the shell has them.
const (
	StatusCannotRun = 126
	StatusNotFound  = 127
	statusSignal    = 128 // plus the signal's number
)

// WrapUser is whom the command runs as.
type WrapUser struct {
	UID, GID uint32
	Groups   []uint32 // supplementary groups
}

// WrapOptions say what to run and how.
type WrapOptions struct {
	Command []string // program and arguments; a program without a slash is looked for in Env's PATH
	Dir     string   // where to run it; "" is the current directory
	Env     []string // nil is this process's own environment

	Stdin, Stdout, Stderr *os.File // handed through as they are; nil is the null device

	// TTY is the user's terminal. Where it is set the command gets a terminal
	// of its own in place of Stdin, Stdout and Stderr; what is typed in TTY
	// goes there as it is, size changes are passed on, and what the command
	// writes goes to TTYOutput (nil is TTY). From Release until the command
	// has ended TTY is in raw mode: lines written to it end in CR LF.
	TTY       *os.File
	TTYOutput io.Writer

	// User is whom to run the command as; nil is who this process is. Setting
	// it takes root.
	User *WrapUser

	// NoTrace leaves the tracing out: no call is reported, and Owns learns by
	// looking every few milliseconds, so that it may miss connections that are
	// shorter. Where the system does not allow tracing it happens by itself.
	NoTrace bool

	// Notice, if set, is told in a sentence what of the command cannot be
	// seen (a 32-bit program, io_uring, …), from where Reporter is called.
	Notice func(string)
}

// StartError says that the command could not be started.
type StartError struct {
	Command string
	Status  int   // StatusNotFound or StatusCannotRun: what a shell would end with
	Err     error // a syscall.Errno inside
}

// Error says "run nosuch: not found in PATH".
func (e *StartError) Error() string { return fmt.Sprintf("run %s: %v", e.Command, e.Err) }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// ErrNotInPath is the cause in a StartError of a command without a slash that
// no directory of PATH has.
var ErrNotInPath = errors.New("not found in PATH")

// Wrapped is a command that runs, or is held. Its methods may be called from
// several goroutines.
type Wrapped struct {
	options WrapOptions
	report  Reporter
	owned   owned

	progress *progress // nil where the tracer does not tell
	received received

	mu      sync.Mutex // guards what follows, and writes to control
	control io.WriteCloser
	closed  bool
	pid     int
	missing string
	left    []Child
	early   []int // of them those that had ended when that was told
	serves  bool

	streams   bool // it has made a socket of TCP
	datagrams bool // and of UDP

	status int
	err    error
	exited chan struct{} // closed when the command has ended: status and err are set
	gone   chan struct{} // closed when the tracer has ended too

	terminal *terminal
}

func newWrapped(o WrapOptions, report Reporter) *Wrapped {
	return &Wrapped{options: o, report: report, control: discard{}, exited: make(chan struct{}), gone: make(chan struct{})}
}

// discard stands for a tracer that is not there yet.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }

// What goes to the tracer, one byte each; controlSignal is followed by the
// signal's number.
const (
	controlRelease = 'r'
	controlAck     = 'a'
	controlDetach  = 'q'
	controlSignal  = 's'
)

// PID returns the process ID of the command.
func (w *Wrapped) PID() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pid
}

// Missing says in a sentence, without full stop, why the command's socket
// calls are not seen; it is "" where they are.
func (w *Wrapped) Missing() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.missing
}

// Release lets the command run. It may be called again.
func (w *Wrapped) Release() error {
	if err := w.terminal.begin(); err != nil {
		return err
	}
	if err := w.tell(controlRelease); err != nil {
		return fmt.Errorf("release the command: %w", err)
	}
	return nil
}

// Wait waits until the command has ended and returns its exit status, or 128
// and the number of the signal that ended it. Every call that it made has been
// reported then, and everything that it wrote to its terminal been written.
// Children may still run; see Left.
func (w *Wrapped) Wait() (status int, err error) {
	<-w.exited
	return w.status, w.err
}

// Ended reports whether the command has ended.
func (w *Wrapped) Ended() bool { return isClosed(w.exited) }

// Child is a process of the command's.
type Child struct {
	PID     int
	Program string // as the kernel names it
}

// Left returns the children of a command that has ended that still ran then,
// and have not ended since.
func (w *Wrapped) Left() []Child {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.left)
}

// Serves reports of a command that has ended that it has put itself into the
// background: among the children that it left was one in a session of its own
// and with a TCP socket. What it writes to the command's terminal still comes.
func (w *Wrapped) Serves() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.serves
}

// OnlyDatagrams reports whether the command has made sockets of UDP
// (SOCK_DGRAM), as far as it was traced, and none of TCP.
func (w *Wrapped) OnlyDatagrams() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.datagrams && !w.streams
}

// Done is closed when the command and all its traced children have ended.
func (w *Wrapped) Done() <-chan struct{} { return w.gone }

// Close ends the tracing and gives the terminal back. A command that was not
// released is killed; what runs goes on untraced. Calls are reported until it
// returns, so that who takes them must not have stopped before. It may be
// called again.
func (w *Wrapped) Close() error {
	_ = w.tell(controlDetach)
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	<-w.gone
	w.terminal.end()
	return nil
}

// Owns reports whether the connection between local and remote belongs to the
// command: local is then its own end. It answers from what has been traced so
// far; see Pending.
func (w *Wrapped) Owns(local, remote netip.AddrPort) bool { return w.owned.owns(local, remote) }

// BoundNear reports whether the command has a port at a loopback address: who
// calls that port at another address of this machine is refused.
func (w *Wrapped) BoundNear(port uint16) bool { return w.owned.near(port) }

// Program returns the name and the process id of who has connected local, the
// command's own end, to remote, as early as Owns knows of it; false where that
// is not known, as of connections that were accepted.
func (w *Wrapped) Program(local, remote netip.AddrPort) (name string, pid int, ok bool) {
	by := w.owned.whose(local, remote)
	return by.program, by.pid, by != whose{}
}

// Pending reports whether the command is connecting to remote from a port
// that is not known yet: the kernel chooses it while the call runs, and Owns
// knows it within a millisecond or so.
func (w *Wrapped) Pending(remote netip.AddrPort) bool { return w.owned.isPending(remote) }

// tell writes to the tracer; a tracer that has ended needs no telling.
func (w *Wrapped) tell(b ...byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	_, err := w.control.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
