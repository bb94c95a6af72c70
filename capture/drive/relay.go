package drive

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// RelayOptions says how a conversation is carried. The zero value is what nc
// does, but for its end: see StayAfterEOF.
type RelayOptions struct {
	First        []byte        // sent at once, before any input
	HalfClose    bool          // nc -N: the end of the input sends a FIN
	CRLF         bool          // nc -C: lines end in CR LF
	StayAfterEOF bool          // nc as a client: the other end's FIN does not end it, input is sent on
	StopReading  bool          // stop receiving after ReadLimit bytes: the window closes
	ReadLimit    int64         // with StopReading
	Reset        bool          // end with RST instead of FIN
	Idle         time.Duration // nc -w: ends after so long without a byte either way; 0 is never

	// Over is laid over the connection (TLS): the conversation goes through
	// it, and it sends and receives through the Conn. Where it can CloseWrite
	// or Close it is asked to before the Conn is. nil is the Conn itself.
	Over io.ReadWriter
}

// Outcome says how a conversation ended.
type Outcome struct {
	Sent       int64   // bytes of conversation that the kernel took
	Received   int64   // bytes of conversation that came
	InputEnded bool    // the input ended
	PeerClosed bool    // the other end's FIN was received
	Cancelled  bool    // by the context
	IdledOut   bool    // by Idle
	Err        error   // what ended it otherwise: of a socket call (OpError), the input or the output
	Info       TCPInfo // the kernel's view just before the end; zero where it tells none
}

// outputGrace is how long the end waits for output that is being written. An
// output that takes longer (a stopped terminal) is left to its goroutine.
const outputGrace = 200 * time.Millisecond

// Relay carries in to the connection and the connection to out, both at once,
// until the other end closes, the connection fails, ctx is cancelled, or
// nothing is left to do; then it closes the connection. The end of in alone
// closes nothing and sends nothing (see HalfClose). in may be an *Input, and
// nil is an input that has ended; out may be nil.
//
// Neither a blocked in nor a blocked out keeps Relay from returning: the
// goroutine that is blocked is left behind, until its Read or Write returns.
// A Conn has one Relay.
func (c *Conn) Relay(ctx context.Context, in io.Reader, out io.Writer, o RelayOptions) Outcome {
	r := newRelay(c, in, out, o)
	go r.receive()
	go r.transmit()
	r.wait(ctx)
	r.finish()
	return r.outcome
}

// HangUp is a conversation without a word (nc -z): it closes the connection,
// with RST instead of FIN where reset is set.
func (c *Conn) HangUp(reset bool) (o Outcome) {
	o.Info, _ = c.TCPInfo() // not every system tells
	if reset {
		o.Err = c.ResetOnClose()
	}
	o.Err = errors.Join(o.Err, c.Close())
	return o
}

// relay is one conversation. Calls on the connection are made with the
// direction's lock held, so that the end can wait for a call to return and be
// sure that none follows.
type relay struct {
	c    *Conn
	over io.ReadWriter
	in   *Input
	out  io.Writer
	o    RelayOptions
	crlf crlf

	stop     chan struct{} // closed: take no more input
	stopOnce sync.Once
	received chan error // the receiving side is done, nil at the end of the stream; nil once taken
	sent     chan error // the sending side is done, nil at the end of the input; nil once taken

	receiving, sending sync.Mutex
	ended              atomic.Bool // make no more calls
	sentN, receivedN   atomic.Int64
	lastMove           atomic.Int64 // when a byte moved last, ns
	inputEnded         atomic.Bool
	peerClosed         atomic.Bool

	outcome Outcome
}

func newRelay(c *Conn, in io.Reader, out io.Writer, o RelayOptions) *relay {
	r := &relay{c: c, over: o.Over, out: out, o: o,
		stop: make(chan struct{}), received: make(chan error, 1), sent: make(chan error, 1)}
	if r.over == nil {
		r.over = c
	}
	if r.out == nil {
		r.out = io.Discard
	}
	switch in := in.(type) {
	case nil:
	case *Input:
		r.in = in
	default:
		r.in = NewInput(in)
	}
	r.moved()
	return r
}

func (r *relay) moved() { r.lastMove.Store(time.Now().UnixNano()) }

// receive carries the connection to out.
func (r *relay) receive() {
	buf := make([]byte, readSize)
	for {
		part := buf
		if r.o.StopReading {
			left := r.o.ReadLimit - r.receivedN.Load()
			if left <= 0 {
				r.received <- r.hangup()
				return
			}
			part = buf[:min(int64(len(buf)), left)]
		}
		n, err := r.read(part)
		if n > 0 {
			r.receivedN.Add(int64(n))
			r.moved()
			if _, werr := r.out.Write(part[:n]); werr != nil {
				r.received <- &OutputError{werr}
				return
			}
		}
		if errors.Is(err, io.EOF) {
			r.received <- r.afterEOF()
			return
		}
		if err != nil {
			r.received <- err
			return
		}
	}
}

// afterEOF deals with the other end's FIN.
func (r *relay) afterEOF() error {
	r.peerClosed.Store(true)
	if r.o.StayAfterEOF && !r.inputEnded.Load() {
		return r.hangup()
	}
	return nil
}

// hangup waits for the end of a connection that is not read from.
func (r *relay) hangup() error {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	if r.ended.Load() {
		return ErrInterrupted
	}
	if err := r.c.ended(r.c.s.hangup()); err != nil {
		return &OpError{Call: "poll", Addr: r.c.Remote(), Err: err}
	}
	return nil
}

func (r *relay) read(p []byte) (int, error) {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	if r.ended.Load() {
		return 0, ErrInterrupted
	}
	return r.over.Read(p)
}

func (r *relay) write(p []byte) (int, error) {
	r.sending.Lock()
	defer r.sending.Unlock()
	if r.ended.Load() {
		return 0, ErrInterrupted
	}
	n, err := r.over.Write(p)
	r.sentN.Add(int64(n))
	if n > 0 {
		r.moved()
	}
	return n, err
}

// transmit carries the input to the connection.
func (r *relay) transmit() {
	if len(r.o.First) > 0 {
		if _, err := r.write(r.o.First); err != nil {
			r.sent <- err
			return
		}
	}
	for r.in != nil {
		b, err := r.in.next(r.stop)
		if err == errStopped {
			r.sent <- nil
			return
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.sent <- &InputError{err}
			return
		}
		text := b
		if r.o.CRLF {
			text = r.crlf.convert(b)
		}
		if n, err := r.write(text); err != nil {
			if n == 0 {
				r.in.putBack(b)
			}
			r.sent <- err
			return
		}
	}
	r.inputEnded.Store(true)
	r.sent <- r.halfClose()
}

// halfClose sends the FIN that the end of the input stands for with nc -N.
func (r *relay) halfClose() error {
	if !r.o.HalfClose {
		return nil
	}
	r.sending.Lock()
	defer r.sending.Unlock()
	if r.ended.Load() {
		return ErrInterrupted
	}
	if w, ok := r.o.Over.(interface{ CloseWrite() error }); ok {
		if err := w.CloseWrite(); err != nil {
			return err
		}
	}
	err := r.c.CloseWrite()
	if ErrName(err) == "ENOTCONN" {
		return nil // the connection is gone already, and recv says how
	}
	return err
}

// wait returns when the conversation is over, and says why in the outcome.
func (r *relay) wait(ctx context.Context) {
	idle := r.idleTimer()
	defer idle.Stop()
	for r.received != nil || r.sent != nil {
		select {
		case <-ctx.Done():
			r.outcome.Cancelled = true
			return
		case <-idle.C:
			if quiet := time.Since(time.Unix(0, r.lastMove.Load())); quiet < r.o.Idle {
				idle.Reset(r.o.Idle - quiet)
				continue
			}
			r.outcome.IdledOut = true
			return
		case err := <-r.received:
			r.received = nil
			r.fail(err)
			if err != nil {
				return
			}
			// What was read from the input is still sent, and no more is read.
			r.stopInput()
		case err := <-r.sent:
			r.sent = nil
			r.fail(err)
			if err != nil && !connectionGone(err) {
				return
			}
			// What has come is still read: after a send that failed because the
			// connection is gone, that ends soon.
			if err == nil && r.o.StayAfterEOF && r.peerClosed.Load() {
				return
			}
		}
	}
}

// idleTimer fires after Idle; without Idle never.
func (r *relay) idleTimer() *time.Timer {
	if r.o.Idle > 0 {
		return time.NewTimer(r.o.Idle)
	}
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// fail keeps the first error.
func (r *relay) fail(err error) {
	if err != nil && r.outcome.Err == nil {
		r.outcome.Err = err
	}
}

// connectionGone reports whether err says that nothing more will come from the
// connection but what has been received.
func connectionGone(err error) bool {
	switch ErrName(err) {
	case "EPIPE", "ECONNRESET", "ETIMEDOUT", "ECONNABORTED":
		return true
	}
	return false
}

func (r *relay) stopInput() { r.stopOnce.Do(func() { close(r.stop) }) }

// finish ends the calls that wait, and closes.
func (r *relay) finish() {
	r.ended.Store(true)
	r.stopInput()
	r.c.interrupt()
	if r.sent != nil {
		<-r.sent // so that input which was not sent has been put back
	}
	r.receiving.Lock() // wait for the last recv, and for its report
	r.receiving.Unlock()
	r.awaitOutput()
	r.outcome.Sent, r.outcome.Received = r.sentN.Load(), r.receivedN.Load()
	r.outcome.InputEnded, r.outcome.PeerClosed = r.inputEnded.Load(), r.peerClosed.Load()
	r.outcome.Info, _ = r.c.TCPInfo() // not every system tells
	r.c.resume()
	if r.o.Reset {
		r.fail(r.c.ResetOnClose())
	} else if over, ok := r.o.Over.(io.Closer); ok {
		_ = over.Close() // says goodbye if it can; the Conn is closed in any case
	}
	r.fail(r.c.Close())
}

// awaitOutput gives the receiving side time to write what has come.
func (r *relay) awaitOutput() {
	if r.received == nil {
		return
	}
	grace := time.NewTimer(outputGrace)
	defer grace.Stop()
	select {
	case err := <-r.received:
		if !errors.Is(err, ErrInterrupted) {
			r.fail(err)
		}
	case <-grace.C:
	}
}

// InputError says that the conversation's input could not be read.
type InputError struct{ Err error }

func (e *InputError) Error() string { return "read the input: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// OutputError says that what came could not be written.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "write what came: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *OutputError) Unwrap() error { return e.Err }
