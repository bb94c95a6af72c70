package conn

import (
	"iter"
	"net/netip"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// The limits where Limits says nothing.
const (
	DefaultConnections = 1 << 17
	DefaultLinger      = 120 * time.Second
	DefaultKept        = 1 << 12
)

// Limits bounds what a Tracker remembers.
type Limits struct {
	Connections int           // that are followed at once; 0 is DefaultConnections
	Linger      time.Duration // how long a closed one is kept after its last segment at least; 0 is DefaultLinger
	Kept        int           // closed ones that are kept longer than Linger while there are no more of them; 0 is DefaultKept, or none with Options.Live, where somebody waits for their end; less is none
	AppMemory   int           // bytes that layer 7 may put aside; 0 is DefaultAppMemory
}

// Options of a Tracker.
type Options struct {
	Limits Limits
	Live   bool // Wait events are made by Tick, neighbour events at once
	Quiet  bool // no Event.App: for views that show no rows
	Brief  bool // a Verdict has Outcome, By and Detail only: for tables
	// NoSegments leaves out TypeSegment events: for views of whole connections.
	NoSegments bool

	Detail bool // Event.Detail, of segments

	// Files are the names of the files that packets come from, as a verdict is
	// to say them where a connection's frames lie in several. A file without a
	// name here is "file 2".
	Files []string

	Measures bool // Connection.Measures, for 200 bytes a connection with data, and a body where a SYN is sent three times

	// Listening, where it is not nil, asks the local system which sockets listen
	// on an endpoint's port; mine is whether the endpoint is this machine's. It
	// is called while a connection is refused, or not answered.
	Listening func(at netip.AddrPort) (list []Listener, mine bool)

	// Program, where it is not nil, names the program at the local one of two
	// ends; "" is not known. It is called where a verdict may speak of it.
	Program func(local, remote netip.AddrPort) string

	// Ports are those that were asked for: UDP on one of them is told of.
	Ports []uint16

	// Split makes connections with the same endpoints, but in different VLANs
	// or virtual networks (see dissect.Identifier), connections of their own.
	Split bool

	// SplitFiles makes connections with the same endpoints in different files
	// connections of their own.
	SplitFiles bool

	// Verdicts gives a TypeVerdict event as soon as a connection has closed
	// at both ends, long before its TypeEnd.
	Verdicts bool
}

// Stats counts what a Tracker has seen.
type Stats struct {
	Segments    int64
	Connections int64
	Open        int   // connections that are followed now
	Evicted     int64 // connections that left early because Limits.Connections was reached, or maxTroubled
	AppRefused  int64 // times that layer 7 was not put together because Limits.AppMemory was reached
	Forgotten   int64 // segments outstanding that were not remembered because there were too many
}

// Tracker follows connections. It is not safe for concurrent use.
type Tracker struct {
	options Options
	rules   ruleSet

	table   table
	entries slab[entry]
	latest  latest
	bodies  slab[body]
	ledgers slab[ledger]
	odds    slab[oddities]
	gauges  gauges // nil unless Options.Measures
	apps    []*app // by number of the body
	sides   []*outstanding
	noSides []uint32 // free numbers of sides
	pending int      // segments in all sides
	holes   []*holes
	noHoles []uint32 // free numbers of holes
	passing int      // stretches in all holes
	budget  appBudget
	leaving leavers
	gone    departed
	ahead   ahead
	hand    uint32 // where eviction looks next
	twins   twins
	links   links

	replacing place           // the SYN at hand begins another connection with the ports of one that is being ended; else 0
	heard     map[int64]heard // by number of the connection
	shut      closings
	split     *split // nil without Options.Split

	start   capture.Stamp // first time seen
	places  places
	now     capture.Stamp // last time seen
	before  capture.Stamp // the one before it
	nanos   int64         // the same, 0 before there is one
	stats   Stats
	around  neighbours
	asked   lookups
	absent  absent // the last one
	driven  driven
	silence silence
	served  served

	datagrams []PortCount

	plodding bool // for tests: no short cut is taken

	events   []Event
	held     []Type // of which type events[i] was last
	parts    bool
	partings []Parting
	rest     rest
	ends     []*Connection
	filled   []filling // how ends[i] was last
	endsOut  int
	scratch  body // of a connection that has none
	seg      segment
	facts    facts

	trails map[int64]*trail // by number of the connection; nil unless Options.Detail
}

// New returns an empty Tracker.
func New(o Options) *Tracker {
	if o.Limits.Connections <= 0 {
		o.Limits.Connections = DefaultConnections
	}
	if o.Limits.Linger <= 0 {
		o.Limits.Linger = DefaultLinger
	}
	if o.Limits.Kept == 0 && !o.Live {
		o.Limits.Kept = DefaultKept
	}
	t := &Tracker{
		options: o,
		rules:   newRuleSet(),
		table:   newTable(),
		budget:  appBudget{Limit: o.Limits.AppMemory, Quiet: o.Quiet},
		start:   capture.NoTime,
		now:     capture.NoTime,
		before:  capture.NoTime,
		driven:  driven{last: capture.NoTime},
		silence: silence{last: capture.NoTime},
		served:  newServed(),
	}
	t.seg.t = t
	t.ahead.from = aheadFrom
	t.budget.names = &t.asked
	if o.Detail {
		t.trails = make(map[int64]*trail)
	}
	if o.Split || o.SplitFiles {
		t.split = &split{networks: o.Split, files: o.SplitFiles}
	}
	return t
}

// Stats returns what was counted so far.
func (t *Tracker) Stats() Stats {
	s := t.stats
	s.Open = t.table.n
	s.AppRefused = int64(t.budget.Refused)
	return s
}

// Segments says whether events of TypeSegment are made from now on, in place of
// Options.NoSegments.
func (t *Tracker) Segments(on bool) { t.options.NoSegments = !on }

// Sentences says whether verdicts are made whole from now on, in place of
// Options.Brief.
func (t *Tracker) Sentences(on bool) { t.options.Brief = !on }

// Add takes the next packet and returns the events that it causes, in order.
// The slice and what it points to are valid until the next call of any method.
func (t *Tracker) Add(p *dissect.Packet) []Event {
	t.before = t.now
	t.come(p.Frame)
	t.begin(p.Frame.Time)
	t.leave()
	t.makeRoom()
	t.silence.heard(t.now)
	t.enter(p)
	switch p.Content {
	case dissect.ContentTCP:
		t.segment(p)
		if t.asked.told != nil {
			t.event(TypeName).DNS, t.asked.told = t.asked.told, nil
		}
	case dissect.ContentICMP:
		t.icmp(p)
	case dissect.ContentNeighbour:
		t.neighbour(p)
	case dissect.ContentUDP:
		if p.IsDNS() {
			t.lookup(p)
		} else if len(t.options.Ports) > 0 {
			t.datagram(p)
		}
	}
	return t.events
}

// begin starts a call that happens at a time.
func (t *Tracker) begin(at capture.Stamp) {
	t.events = t.events[:0]
	t.partings = t.partings[:0]
	t.endsOut = 0
	if at.Known() {
		t.now, t.nanos = at, int64(at)
		if !t.start.Known() {
			t.start = at
		}
	}
}

// event appends an event and returns it. The fields that give sets in those for
// segments, and describeEnd in those that carry a connection, have yet to be
// set, all others are zero.
func (t *Tracker) event(typ Type) *Event {
	n := len(t.events)
	if n == cap(t.events) {
		t.events = append(t.events, Event{})
		t.held = append(t.held, make([]Type, cap(t.events)-len(t.held))...)
	}
	t.events = t.events[:n+1]
	e := &t.events[n]
	if alike := typ == TypeSegment || typ == TypeEnd || typ == TypeVerdict; !alike || t.held[n] != typ {
		*e = Event{}
		t.held[n] = typ
	}
	e.Type = typ
	return e
}

// Left gives the TypeEnd events of all connections that are left, in the order
// of their numbers, one at a time, and before them what is to be said about
// addresses that nobody had. An event is valid until the next. Afterwards the
// Tracker knows of no connection.
func (t *Tracker) Left() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		defer t.clear()
		for more := true; more; {
			var events []Event
			events, more = t.Rest(1)
			for i := range events {
				if !yield(&events[i]) {
					return
				}
			}
		}
	}
}

// End gives what Left gives, all at once: about 1 KiB for each connection that
// is left, which may be Limits.Connections.
func (t *Tracker) End() []Event {
	t.begin(capture.NoTime)
	t.unanswered()
	for _, n := range t.left(t.table.n) {
		t.end(n, t.entries.at(n))
	}
	return t.events
}
