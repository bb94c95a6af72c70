package conn

import (
	"net/netip"
	"time"

	"tcpsee/capture"
)

// Limits of a Recorder where RecordLimits names none.
const (
	DefaultRecordConnections = 1000
	DefaultRecordEvents      = 50_000   // in all connections together, about 2 KB each
	DefaultRecordBytes       = 64 << 20 // captured bytes, in all connections together
)

// RecordLimits say how much a Recorder keeps. Zero stands for the default.
type RecordLimits struct {
	Conn        int64 // keep only this connection; 0 is all
	Connections int   // how many are kept
	Events      int   // events in all of them together
	Bytes       int64 // captured bytes in all of them together
	FrameBytes  int   // captured bytes of one frame; 0 is all that was captured
}

// Record is one connection from its beginning to its end, in memory. It owns
// all that it points to.
type Record struct {
	Number         int64 // 0 for events that belong to no connection
	Client, Server netip.AddrPort
	Events         []Event     // segments, ICMP, neighbours, calls, waits, in order
	End            *Connection // nil as long as the connection has not ended
	Missed         int64       // events that came after a limit was reached
}

// Left counts what a Recorder did not keep, because a limit was reached.
type Left struct {
	Connections int64 // of which nothing was kept
	Events      int64
	Bytes       int64 // of frames whose event was kept
}

// Recorder keeps a bounded copy of connections' events and of their packets,
// for views that need a whole connection. What it keeps stays valid.
type Recorder struct {
	limits  RecordLimits
	records []*Record
	byConn  map[int64]*Record
	rest    Record
	leftOut map[int64]bool // connections left out; up to maxLeftOut are told apart
	left    Left
	events  int
	bytes   int64
	capture *Capture
}

// maxLeftOut is how many connections that were left out are told apart. What
// comes after them is counted by their ends.
const maxLeftOut = 1 << 16

// NewRecorder returns a Recorder that keeps so much.
func NewRecorder(l RecordLimits) *Recorder {
	if l.Connections == 0 {
		l.Connections = DefaultRecordConnections
	}
	if l.Events == 0 {
		l.Events = DefaultRecordEvents
	}
	if l.Bytes == 0 {
		l.Bytes = DefaultRecordBytes
	}
	return &Recorder{limits: l, byConn: map[int64]*Record{}, leftOut: map[int64]bool{}}
}

// Connections returns the connections kept, in the order of their first
// events.
func (r *Recorder) Connections() []*Record { return r.records }

// Rest holds the events that belong to no connection: questions for an
// address that nobody has, ICMP errors about what was not seen.
func (r *Recorder) Rest() *Record { return &r.rest }

// Left returns what was not kept because of a limit.
func (r *Recorder) Left() Left { return r.left }

// Capture returns what the capture held, nil as long as it has not ended.
func (r *Recorder) Capture() *Capture { return r.capture }

// Add copies an event, as far as the limits allow.
func (r *Recorder) Add(e *Event) {
	if e.Type == TypeCapture {
		r.capture = e.Capture.clone()
		return
	}
	if r.limits.Conn != 0 && e.Conn != r.limits.Conn {
		return
	}
	rec := r.recordOf(e)
	if rec == nil {
		return
	}
	if e.Client.IsValid() && (!rec.Client.IsValid() || e.Type == TypeEnd) {
		rec.Client, rec.Server = e.Client, e.Server
	}
	if e.Type == TypeEnd {
		rec.end(e)
		return
	}
	if r.events >= r.limits.Events {
		rec.Missed++
		r.left.Events++
		return
	}
	r.events++
	rec.Events = append(rec.Events, e.clone(r.take))
}

// recordOf returns where an event belongs, nil where there is no room for its
// connection.
func (r *Recorder) recordOf(e *Event) *Record {
	if e.Conn == 0 {
		return &r.rest
	}
	if rec := r.byConn[e.Conn]; rec != nil {
		return rec
	}
	if len(r.records) >= r.limits.Connections {
		if e.Type == TypeEnd && !r.leftOut[e.Conn] || e.Type != TypeEnd && !r.leftOut[e.Conn] && len(r.leftOut) < maxLeftOut {
			r.left.Connections++
		}
		if e.Type == TypeEnd {
			delete(r.leftOut, e.Conn)
			return nil
		}
		if len(r.leftOut) < maxLeftOut {
			r.leftOut[e.Conn] = true
		}
		r.left.Events++
		return nil
	}
	rec := &Record{Number: e.Conn, Client: e.Client, Server: e.Server}
	r.byConn[e.Conn] = rec
	r.records = append(r.records, rec)
	return rec
}

func (rec *Record) end(e *Event) {
	if e.Connection == nil {
		return
	}
	c := e.Connection.clone()
	if c.Client.IsValid() {
		rec.Client, rec.Server = c.Client, c.Server
	}
	rec.End = c
}

// take says how many of n bytes may be kept.
func (r *Recorder) take(n int) int {
	keep := n
	if f := r.limits.FrameBytes; f > 0 {
		keep = min(keep, f)
	}
	keep = int(min(int64(keep), r.limits.Bytes-r.bytes))
	r.bytes += int64(keep)
	r.left.Bytes += int64(n - keep)
	return keep
}

// Base returns the time of the record's first packet, in the order of the
// record, that has one; NoTime where none has.
func (rec *Record) Base() capture.Stamp {
	for i := range rec.Events {
		if e := &rec.Events[i]; e.Frame > 0 && e.Time.Known() {
			return e.Time
		}
	}
	return capture.NoTime
}

// Path is how long a segment travels between each end and the place of the
// capture, as the handshake shows it where both ways take equally long.
type Path struct {
	Known     bool
	ToClient  time.Duration // between the client and the place of the capture
	ToServer  time.Duration // between the server and that place
	RoundTrip time.Duration // the whole round trip, which the two are halves of
}

// minPath is the shortest round trip of which Path believes that it is spent
// on the way. Below that it is the ends' own work, as on one machine.
const minPath = time.Millisecond

// Path returns how far the ends are. SYN to SYN-ACK, as seen at the place of
// the capture, is there and back to the server; SYN-ACK to ACK there and back
// to the client.
func (rec *Record) Path() Path {
	for i := range rec.Events {
		if e := &rec.Events[i]; e.Type == TypeSegment && e.Handshake && e.HalfRTT[0]+e.HalfRTT[1] > 0 {
			return pathOf(e.HalfRTT)
		}
	}
	if rec.End != nil && rec.End.HalfRTT[0]+rec.End.HalfRTT[1] > 0 {
		return pathOf(rec.End.HalfRTT)
	}
	return Path{}
}

func pathOf(h [2]time.Duration) Path {
	if h[0] < 0 || h[1] < 0 || h[0]+h[1] < minPath {
		return Path{}
	}
	return Path{Known: true, ToServer: h[0] / 2, ToClient: h[1] / 2, RoundTrip: h[0] + h[1]}
}

// Flight says how long before it was captured a segment of one side left, and
// how long after that it arrives.
func (p Path) Flight(from Side) (before, after time.Duration) {
	if from == Client {
		return p.ToClient, p.ToServer
	}
	return p.ToServer, p.ToClient
}
