package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// The names of the processes at the ends of connections come from a helper: a
// process of the same binary, which may look into other processes and does
// nothing else (names_linux.go). This file is its client, and what they say to
// each other over a socket pair: endpoints one way, a process the other. No
// captured byte goes there, and what comes back is believed no more than a
// packet is.

// namesWord is the hidden command that the helper is started with.
const namesWord = "__names"

// Bounds of the client.
const (
	maxNames      = 8192                   // answers kept, the oldest forgotten
	namesPatience = 8 * time.Millisecond   // a lookup waits no longer: a row is to be there 20 ms after its packet
	namesRate     = 200                    // questions a second, on the average
	namesBurst    = 64                     // questions at once
	namedFor      = 3 * time.Second        // an answer is asked for again after that: ports are reused
	unnamedFor    = 20 * time.Millisecond  // and no answer after that: a process may be found late
	slowFor       = 100 * time.Millisecond // no lookup waits for so long after one that waited in vain
	helloTime     = 3 * time.Second        // the helper is up by then
	endTime       = time.Second            // and down by then
)

// namesOptions say how the helper is started.
type namesOptions struct {
	command []string // the program and its arguments; nil is this binary
	env     []string // beside what the helper needs
}

// names asks the helper. A nil *names knows no name.
type names struct {
	conn *os.File
	end  func() error  // waits for the helper to end
	up   chan struct{} // closed when the helper has said what it can, or has failed

	mu     sync.Mutex
	ready  hello
	known  map[ends]*answer
	order  []ends // the keys of known, oldest first
	byID   map[uint32]ends
	id     uint32
	tokens float64
	filled time.Time
	slow   time.Time // the last lookup that waited in vain
	full   time.Time // the last question that the helper had no room for
	broken bool
}

// ends are one end of a connection, whose process is asked for, and the other.
type ends struct{ local, remote netip.AddrPort }

// answer is what is known of ends.
type answer struct {
	text  string
	at    time.Time     // of the answer, zero before the first
	asked time.Time     // zero where nothing is asked
	done  chan struct{} // closed by the answer
}

// newNames makes a client on its end of the pair.
func newNames(conn *os.File, end func() error) *names {
	return &names{conn: conn, end: end, up: make(chan struct{}), known: make(map[ends]*answer), byID: make(map[uint32]ends),
		tokens: namesBurst, filled: time.Now()}
}

// lookup returns the process at the local end of a connection as "nc[4121]",
// and "" where it is not known, or not yet: it waits for the helper up to
// namesPatience, once, and what comes later is there for the next lookup.
func (n *names) lookup(local, remote netip.AddrPort) string {
	if n == nil {
		return ""
	}
	plain := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
	a := n.ask(ends{plain(local), plain(remote)})
	n.await(a)
	n.mu.Lock()
	defer n.mu.Unlock()
	return a.name()
}

func (a *answer) name() string {
	if a == nil {
		return ""
	}
	return a.text
}

// ask puts a question, unless it is answered already or there are too many.
// The answer may be nil.
func (n *names) ask(e ends) *answer {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	a := n.known[e]
	if a != nil && a.current(now) || n.broken || now.Sub(n.full) < slowFor || !n.take(now) {
		return a
	}
	if a == nil {
		a = &answer{}
		n.remember(e, a)
	}
	a.asked, a.done = now, make(chan struct{})
	n.id++
	n.byID[n.id] = e
	_ = n.conn.SetWriteDeadline(now.Add(namesPatience))
	switch _, err := n.conn.Write(question{n.id, e}.append(nil)); {
	case errors.Is(err, os.ErrDeadlineExceeded): // the helper has much to do: ask again later
		delete(n.byID, n.id)
		n.full = now
		a.settle(now)
	case err != nil:
		n.fail()
	}
	return a
}

// settle ends the waiting for a.
func (a *answer) settle(now time.Time) {
	a.at, a.asked = now, time.Time{}
	close(a.done)
}

// current reports whether a need not be asked for.
func (a *answer) current(now time.Time) bool {
	switch {
	case !a.asked.IsZero():
		return true
	case a.text == "":
		return now.Sub(a.at) < unnamedFor
	}
	return now.Sub(a.at) < namedFor
}

// take takes one of the questions that may be put.
func (n *names) take(now time.Time) bool {
	n.tokens = min(namesBurst, n.tokens+now.Sub(n.filled).Seconds()*namesRate)
	n.filled = now
	if n.tokens < 1 {
		return false
	}
	n.tokens--
	return true
}

func (n *names) remember(e ends, a *answer) {
	if len(n.order) >= maxNames {
		delete(n.known, n.order[0])
		n.order = n.order[1:]
	}
	n.known[e] = a
	n.order = append(n.order, e)
}

// await waits for an answer that is on its way.
func (n *names) await(a *answer) {
	n.mu.Lock()
	if a == nil || a.asked.IsZero() || n.broken || time.Since(n.slow) <= slowFor {
		n.mu.Unlock()
		return
	}
	done := a.done
	n.mu.Unlock()
	select {
	case <-done:
	case <-time.After(namesPatience):
		n.mu.Lock()
		n.slow = time.Now()
		n.mu.Unlock()
	}
}

// receive takes answers until the helper ends. The first message is its hello.
func (n *names) receive() {
	buf := make([]byte, 256)
	for first := true; ; first = false {
		size, err := n.conn.Read(buf)
		n.mu.Lock()
		switch f, ok := parseFound(buf[:size]); {
		case err != nil, size == 0, first && size != helloSize:
			n.fail()
		case first:
			n.ready = hello(buf[0])
		case ok:
			n.learn(f)
		}
		broken := n.broken
		n.mu.Unlock()
		if first {
			close(n.up)
		}
		if broken {
			return
		}
	}
}

// learn files an answer. A process that has ended keeps the name that it had.
func (n *names) learn(f found) {
	e, ok := n.byID[f.id]
	if !ok {
		return
	}
	delete(n.byID, f.id)
	a := n.known[e]
	if a == nil || a.asked.IsZero() {
		return
	}
	if f.pid > 0 {
		a.text = processName(f.name, f.pid)
	}
	a.settle(time.Now())
}

// fail ends all waiting: the helper is gone.
func (n *names) fail() {
	n.broken = true
	for id, e := range n.byID {
		delete(n.byID, id)
		if a := n.known[e]; a != nil && !a.asked.IsZero() {
			a.settle(time.Now())
		}
	}
}

// close ends the helper.
func (n *names) close() error {
	if n == nil {
		return nil
	}
	err := n.conn.Close()
	ended := make(chan error, 1)
	go func() { ended <- n.end() }()
	select {
	case e := <-ended:
		return errors.Join(err, e)
	case <-time.After(endTime): // it ends when it finds its socket closed
		return err
	}
}

// maxCommand is the length of a process's name as the kernel keeps it
// (TASK_COMM_LEN of proc_pid_comm(5), without the final zero).
const maxCommand = 15

// processName writes a process as "nc[4121]". Any program may give itself any
// name, so what a terminal would act on is escaped.
func processName(command string, pid int32) string {
	if len(command) > maxCommand {
		command = command[:maxCommand]
	}
	return fmt.Sprintf("%s[%d]", printable(strings.ReplaceAll(command, "\n", "?")), pid)
}

// selfName is this process's own name, for the ends that it drives itself.
func selfName() string { return processName("tcpsee", int32(os.Getpid())) }

// question asks for the process at the local of two ends.
type question struct {
	id uint32
	ends
}

// On the socket pair each message is one packet of fixed size, its numbers in
// little-endian order. IPv4 addresses are written as IPv6 does (RFC 4291,
// section 2.5.5.2).
const (
	questionSize = 4 + 2*(16+2)
	foundSize    = 4 + 4 + 1 + maxCommand
	helloSize    = 1
)

func (q question) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, q.id)
	for _, a := range [...]netip.AddrPort{q.local, q.remote} {
		ip := a.Addr().As16()
		b = append(b, ip[:]...)
		b = binary.LittleEndian.AppendUint16(b, a.Port())
	}
	return b
}

func parseQuestion(b []byte) (q question, ok bool) {
	if len(b) != questionSize {
		return q, false
	}
	q.id = binary.LittleEndian.Uint32(b)
	q.local = parseEnd(b[4:])
	q.remote = parseEnd(b[4+18:])
	return q, true
}

func parseEnd(b []byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)).Unmap(), binary.LittleEndian.Uint16(b[16:]))
}

// found is the answer. pid 0 stands for no process.
type found struct {
	id   uint32
	pid  int32
	name string
}

func (f found) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, f.id)
	b = binary.LittleEndian.AppendUint32(b, uint32(f.pid))
	var name [maxCommand]byte
	n := copy(name[:], f.name)
	b = append(b, byte(n))
	return append(b, name[:]...)
}

func parseFound(b []byte) (f found, ok bool) {
	if len(b) != foundSize || b[8] > maxCommand {
		return f, false
	}
	f.id = binary.LittleEndian.Uint32(b)
	f.pid = int32(binary.LittleEndian.Uint32(b[4:]))
	f.name = string(b[9 : 9+b[8]])
	return f, f.pid >= 0
}

// hello is the helper's first message: it has given up its rights, and what it
// can do.
type hello byte

const (
	helloAll     hello = 1 << iota // names the processes of all users
	helloSeccomp                   // limited to the system calls that it needs
	helloTrace                     // told by the kernel who connects, however short it lives
)

// errNoHelper says that the helper has ended, or says nothing.
var errNoHelper = errors.New("the name helper does not work here")

// wait waits for the helper to have given up its rights, and returns what it
// can do. Only after that is it sure to notice processes that live for a
// moment.
func (n *names) wait() (hello, error) {
	if n == nil {
		return 0, errNoHelper
	}
	select {
	case <-n.up:
	case <-time.After(helloTime):
		return 0, errNoHelper
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken {
		return 0, errNoHelper
	}
	return n.ready, nil
}

// namesCommand is the helper, hidden: it makes no sense by hand.
func (a *app) namesCommand() *cobra.Command {
	return &cobra.Command{
		Use:    namesWord,
		Hidden: true,
		Args:   noArgs,
		RunE:   func(*cobra.Command, []string) error { return serveNames() },
	}
}
