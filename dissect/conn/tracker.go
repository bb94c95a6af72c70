package conn

import (
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Limits bounds what a Tracker remembers.
type Limits struct {
	Connections int           // that are followed at once; 0 is DefaultConnections
	Linger      time.Duration // how long a closed or idle one is kept after its last segment; 0 is DefaultLinger
}

// Options of a Tracker.
type Options struct {
	Limits Limits
	Live   bool // Wait events are made by Tick
}

// Tracker follows connections. It is not safe for concurrent use.
type Tracker struct{}

// New returns an empty Tracker.
func New(o Options) *Tracker { return &Tracker{} }

// Add takes the next packet and returns the events that it causes, in order.
// The slice and what it points to are valid until the next call of any method.
func (t *Tracker) Add(p *dissect.Packet) []Event { return nil }

// Call takes a socket call of an end that is driven or traced. at is when it
// happened by the clock that stamps frames.
func (t *Tracker) Call(c *Call, at capture.Stamp) []Event { return nil }

// Tick tells the time while nothing arrives, so that silence can be said.
func (t *Tracker) Tick(now capture.Stamp) []Event { return nil }

// End gives the TypeEnd events of all connections that are left, in the order
// of their numbers.
func (t *Tracker) End() []Event { return nil }
