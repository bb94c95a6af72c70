// Package drive opens a real TCP connection (active OPEN), waits for one
// (passive OPEN), carries a conversation over it as nc does, and reports every
// socket call that it makes, with its time and its bytes. RFC 9293, section
// 3.10 ("Event Processing") governs what each call does on the wire; which
// calls are made, with which options, follows OpenBSD's nc.
//
// In go a host, a port and a few of nc's options; out come Calls through a
// Reporter, and a Conn. Opening has two stages, so that a capture can be
// opened and filtering in between: the local port is known before the first
// packet leaves.
//
//	plan, err := drive.Prepare(ctx, drive.DialOptions{Host: "localhost", Port: "3000"}, report)
//	attempt, err := plan.Bind(0)          // attempt.Local is known, nothing has been sent
//	// … open the capture for attempt.Local and attempt.Remote …
//	conn, err := attempt.Connect(ctx)     // SYN
//	outcome := conn.Relay(ctx, os.Stdin, os.Stdout, drive.RelayOptions{})
//
// Sockets are plain: TCP and not MPTCP, no keep-alive, Nagle's algorithm left
// on, nothing shared. Where this differs from nc on purpose: the local port of
// an active OPEN is bound first (nc leaves it to connect), a listener sets
// SO_REUSEADDR but not SO_REUSEPORT (with which two nc of one user share a
// port in silence), and shutdown(SHUT_RD), which sends nothing, is left out.
//
// Linux and macOS use the system's calls; elsewhere the same API stands on
// Go's net package, with its extras switched off. System calls that make or
// name a socket are made in the caller's goroutine, so a locked thread in a
// network namespace of its own gets sockets of that namespace.
package drive

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// The two ends of a connection, as Call.End names them.
const (
	Client = "client" // the end that opens actively
	Server = "server" // the end that opens passively
)

// Phase says which part of a socket call a Call reports.
type Phase uint8

// The phases. Calls that may wait (resolve, connect, accept, send, recv) are
// reported twice, as Entry and as Return; those that return at once are
// reported once, as Whole, after they returned and with the time of their
// entry. (A wrapped command's close is reported before it is made.)
const (
	Whole Phase = iota
	Entry
	Return
)

// String returns "whole", "entry" or "return".
func (p Phase) String() string {
	switch p {
	case Entry:
		return "entry"
	case Return:
		return "return"
	}
	return "whole"
}

// Call is one socket call of the driver, or one end of it. Calls that only ask
// or keep house (getsockname, fcntl, poll) are not reported.
type Call struct {
	Name   string // resolve, socket, setsockopt, bind, listen, accept, connect, send, recv, shutdown, close
	Phase  Phase
	End    string         // Client or Server: whose call it is
	Time   time.Time      // wall clock: of the entry for Entry and Whole, of the return for Return
	Took   time.Duration  // from entry to return; 0 in an Entry
	FD     int            // the descriptor; -1 where there is none; accept returns with the new one
	Local  netip.AddrPort // invalid until known
	Remote netip.AddrPort // invalid until known
	Args   string         // for people: "127.0.0.1:3000", "6 bytes"
	Data   []byte         // bytes given to send, or received; owned by the receiver of the Call (the Entry and Return of a send share them)
	N      int            // Return of send and recv: bytes moved; 0 from recv is the end of the stream
	Err    error          // Return and Whole: why it failed; see ErrName

	Closing Closing // of a close: what decides between FIN and RST

	// Of a wrapped command only: which process made the call, and by which
	// system call ("write" where Name is "send"). See Wrap.
	PID     int
	Program string
	Syscall string
}

// Closing is what the system knew of a socket right before it was closed, as
// far as it tells: the zero value also stands for what is not known.
type Closing struct {
	Linger0 bool // SO_LINGER is on with 0 s: close throws the connection away with RST (socket(7))
	Shared  bool // other descriptors of it stay open, as in the process that has forked: nothing is sent, and of the rest nothing is told
	Unread  int  // bytes that were received and that the program has not read: RST tells the other end of it (RFC 1122, section 4.2.2.13)
}

// args are for people: what cannot be seen in the calls before.
func (c Closing) args() string {
	switch {
	case c.Shared:
		return "still open elsewhere"
	case c.Unread == 0:
		return ""
	}
	return byteCount(c.Unread) + " unread"
}

// listeningSocket says of a close that it ends no connection.
const listeningSocket = "the listening socket"

// Reporter takes the driver's calls. It is called in the goroutine that makes
// the call, before it for an Entry and right after it for the rest, so that
// what it does delays the connection; and from several goroutines at once.
type Reporter func(Call)

// Underway tells of calls that are on their way to a Reporter: what has happened
// since may have been caused by them. The zero value is ready, and so is nil. Its
// methods may be called from several goroutines.
type Underway struct{ n atomic.Int64 }

// Any reports whether the time of a call has been taken, or is about to be, and
// the Reporter has not come back with it. A call of which entry and return are
// reported is not on its way between the two.
func (u *Underway) Any() bool { return u != nil && u.n.Load() > 0 }

// add begins n more, or ends some.
func (u *Underway) add(n int64) {
	if u != nil {
		u.n.Add(n)
	}
}

// tracer reports the calls of one socket.
type tracer struct {
	report Reporter
	under  *Underway
	end    string
	fd     int
	local  netip.AddrPort
	remote netip.AddrPort
}

// fill adds to c what is the same for all calls of the socket.
func (t *tracer) fill(c Call) Call {
	c.End, c.FD = t.end, t.fd
	c.Local = t.local
	if !c.Remote.IsValid() {
		c.Remote = t.remote
	}
	return c
}

// entry reports that the call c is about to be made, and returns its time.
func (t *tracer) entry(c Call) time.Time {
	t.under.add(1)
	defer t.under.add(-1)
	now := time.Now()
	if t.report != nil {
		c.Phase, c.Time = Entry, now
		t.report(t.fill(c))
	}
	return now
}

// returned reports that the call c, entered at began, has returned.
func (t *tracer) returned(c Call, began time.Time) {
	if t.report == nil {
		return
	}
	t.under.add(1)
	defer t.under.add(-1)
	c.Phase, c.Time = Return, time.Now()
	c.Took = c.Time.Sub(began)
	t.report(t.fill(c))
}

// whole makes a call that returns at once and reports it.
func (t *tracer) whole(name, args string, call func() error) error {
	return t.wholeCall(Call{Name: name, Args: args}, call)
}

// wholeCall is whole for a call of which more is to be said.
func (t *tracer) wholeCall(c Call, call func() error) error {
	t.under.add(1)
	defer t.under.add(-1)
	began := time.Now()
	err := call()
	if t.report != nil {
		c.Phase, c.Time, c.Took, c.Err = Whole, began, time.Since(began), err
		t.report(t.fill(c))
	}
	return err
}
