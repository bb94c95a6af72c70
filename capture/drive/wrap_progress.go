package drive

import (
	"sync/atomic"
	"time"
)

// progress is how far the calls of a wrapped command have come on their way from
// the tracer, which writes it, to who reads its messages. It is in memory that
// both processes share: a message that tells of it would be on that way itself.
type progress struct {
	since atomic.Int64 // the oldest time of a call that was, or may be, taken and that has not been sent; nanoseconds since 1970, 0 for none
	sent  atomic.Int64 // messages, counted before each

	looked atomic.Int64 // when the last look at the sockets of a command that is not traced began, of those that are over; nanoseconds since 1970, 0 for none
}

// received is the reading side's own count.
type received struct {
	messages atomic.Int64
	last     atomic.Int64 // the time of the last call, nanoseconds since 1970
}

// Behind reports whether a call that was made before at may still be on its way
// to the Reporter: what was captured at that time may have been caused by it.
func (w *Wrapped) Behind(at time.Time) bool {
	if w.progress == nil || isClosed(w.gone) {
		return false
	}
	limit := at.UnixNano()
	// In this order: the tracer counts a message before it says that nothing is
	// left to be sent.
	if since := w.progress.since.Load(); since != 0 && since <= limit {
		return true
	}
	return w.received.messages.Load() < w.progress.sent.Load() && w.received.last.Load() <= limit
}

// Looking reports whether a socket that the command had at a time may not be
// known to Owns yet, where it is not traced and its sockets are looked at.
func (w *Wrapped) Looking(at time.Time) bool {
	if w.progress == nil || isClosed(w.gone) {
		return false
	}
	// In this order: what a look has found is counted before the look is over.
	return w.progress.looked.Load() <= at.UnixNano() || w.received.messages.Load() < w.progress.sent.Load()
}

// took notes that a message has been passed on.
func (r *received) took(m *wireMessage) {
	if m.Call != nil {
		r.last.Store(m.Call.Time)
	}
	r.messages.Add(1)
}
