package drive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What the tracer tells, one JSON object a message.
const (
	wireHeld    = "held"    // the command is there: PID; Text says why it is not traced
	wireRefused = "refused" // it could not be started: Status, Errno, Text
	wireCall    = "call"    // Call; with Ack the tracer waits for controlAck
	wireOwn     = "own"     // Local and Remote are the command's; PID and Text (its program) where known
	wireUDP     = "udp"     // the command has made a socket of UDP, the first
	wireNotice  = "notice"  // Text
	wireExit    = "exit"    // the command has ended: Status, Left, Serves
	wireEnded   = "ended"   // and so has one of those that it left, maybe before that was told: PID
	wireGone    = "gone"    // and all its children, or they have been let go
)

// wireMessage is what the tracer tells.
type wireMessage struct {
	Kind   string         `json:"k"`
	PID    int            `json:"p,omitempty"`
	Status int            `json:"s,omitempty"`
	Errno  uint32         `json:"e,omitempty"`
	Text   string         `json:"t,omitempty"`
	Ack    bool           `json:"a,omitempty"`
	Local  netip.AddrPort `json:"l,omitzero"`
	Remote netip.AddrPort `json:"r,omitzero"`
	Call   *wireCallBody  `json:"c,omitempty"`
	Left   []Child        `json:"f,omitempty"`
	Serves bool           `json:"v,omitempty"`
}

// wireCallBody is a Call in a form that JSON carries whole.
type wireCallBody struct {
	Name    string         `json:"n"`
	Syscall string         `json:"y,omitempty"`
	Phase   Phase          `json:"h,omitempty"`
	End     string         `json:"e,omitempty"`
	Time    int64          `json:"t"` // nanoseconds since 1970
	Took    time.Duration  `json:"k,omitempty"`
	FD      int            `json:"f"`
	Local   netip.AddrPort `json:"l,omitzero"`
	Remote  netip.AddrPort `json:"r,omitzero"`
	Args    string         `json:"a,omitempty"`
	Data    []byte         `json:"d,omitempty"`
	N       int            `json:"m,omitempty"`
	Errno   uint32         `json:"o,omitempty"`
	Closing Closing        `json:"z,omitzero"`
	PID     int            `json:"p,omitempty"`
	Program string         `json:"g,omitempty"`
}

// toWire takes c apart. Of an error only the system's number is kept.
func toWire(c Call) *wireCallBody {
	b := &wireCallBody{
		Name: c.Name, Syscall: c.Syscall, Phase: c.Phase, End: c.End, Time: c.Time.UnixNano(), Took: c.Took,
		FD: c.FD, Local: c.Local, Remote: c.Remote, Args: c.Args, Data: c.Data, N: c.N, PID: c.PID, Program: c.Program,
		Closing: c.Closing,
	}
	var errno syscall.Errno
	if errors.As(c.Err, &errno) {
		b.Errno = uint32(errno)
	}
	return b
}

// call is the reverse of toWire.
func (b *wireCallBody) call() Call {
	c := Call{
		Name: b.Name, Syscall: b.Syscall, Phase: b.Phase, End: b.End, Time: time.Unix(0, b.Time), Took: b.Took,
		FD: b.FD, Local: b.Local, Remote: b.Remote, Args: b.Args, Data: b.Data, N: b.N, PID: b.PID, Program: b.Program,
		Closing: b.Closing,
	}
	if b.Errno != 0 {
		c.Err = syscall.Errno(b.Errno)
	}
	return c
}

// wireWriter sends messages, from several goroutines.
type wireWriter struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error // the first failure: nobody reads any more

	sent *atomic.Int64 // counts messages; nil where nobody asks
}

func newWireWriter(w io.Writer) *wireWriter {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &wireWriter{enc: enc}
}

// send sends m and reports whether someone still reads.
func (w *wireWriter) send(m wireMessage) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent != nil {
		w.sent.Add(1)
	}
	if w.err == nil {
		w.err = w.enc.Encode(m)
	}
	return w.err == nil
}

// errTracerEnded is the end of a tracer that has not said why.
var errTracerEnded = errors.New("the tracer ended before the command")

// receive reads the tracer's messages until it has ended. The first that says
// whether the command is there goes to started.
func (w *Wrapped) receive(r io.Reader, started chan<- wireMessage) {
	dec := json.NewDecoder(r)
	var failure error
	for {
		var m wireMessage
		if err := dec.Decode(&m); err != nil {
			if !errors.Is(err, io.EOF) {
				failure = fmt.Errorf("%w: %w", errTracerEnded, err)
			}
			break
		}
		w.take(m, started)
		w.received.took(&m)
	}
	if failure == nil {
		failure = errTracerEnded
	}
	select {
	case started <- wireMessage{Kind: wireRefused, Status: StatusCannotRun, Text: failure.Error()}:
	default:
	}
	w.finish(0, failure)
}

func (w *Wrapped) take(m wireMessage, started chan<- wireMessage) {
	switch m.Kind {
	case wireHeld, wireRefused:
		select {
		case started <- m:
		default: // only one is waited for
		}
	case wireCall:
		if m.Call != nil {
			w.takeCall(m.Call.call())
		}
		if m.Ack {
			_ = w.tell(controlAck)
		}
	case wireOwn:
		w.owned.add(m.Local, m.Remote, whose{m.PID, m.Text})
	case wireUDP:
		w.mu.Lock()
		w.datagrams = true
		w.mu.Unlock()
	case wireNotice:
		if w.options.Notice != nil {
			w.options.Notice(m.Text)
		}
	case wireExit:
		w.mu.Lock()
		w.left, w.serves = slices.DeleteFunc(m.Left, func(c Child) bool { return slices.Contains(w.early, c.PID) }), m.Serves
		w.mu.Unlock()
		w.finish(m.Status, nil)
	case wireEnded:
		w.mu.Lock()
		if !isClosed(w.exited) {
			w.early = append(w.early, m.PID)
		}
		w.left = slices.DeleteFunc(w.left, func(c Child) bool { return c.PID == m.PID })
		w.mu.Unlock()
	}
}

func (w *Wrapped) takeCall(c Call) {
	if c.Name == "socket" {
		w.mu.Lock()
		w.streams = true
		w.mu.Unlock()
	}
	if c.Name == "connect" && c.Remote.IsValid() {
		switch c.Phase {
		case Entry:
			w.owned.connecting(c.Remote, 1)
		case Return:
			w.owned.connecting(c.Remote, -1)
		}
	}
	if w.report != nil {
		w.report(c)
	}
}

// finish says how the command ended; the first word counts. It is called by
// receive alone.
func (w *Wrapped) finish(status int, err error) {
	if isClosed(w.exited) {
		return
	}
	if w.Serves() {
		w.terminal.giveBack()
	} else {
		w.terminal.drain()
	}
	w.status, w.err = status, err
	close(w.exited)
}
