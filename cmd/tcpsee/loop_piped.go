package main

import (
	"context"
	mapset "maps"
	"net/netip"
	"runtime"
	"sync"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// With more than one core a saved capture goes through three stages at once:
// frames are read and decoded, connections followed, events drawn. Some workers
// take turns: each takes a parcel of frames through all stages, so that what
// one core has read stays in its cache, and each stage takes the parcels in
// order, so that what is written is what one core writes.

// Sizes of a parcel.
const (
	parcelPackets = 256   // at least, where one reading gives them
	parcelRoom    = 512   // at most: what was read together mostly stays together
	parcelReads   = 1     // times that the source is asked for frames
	parcelEvents  = 256   // events of a parcel that has no packets
	impatient     = 20000 // looks, of a few nanoseconds each, before a worker sleeps
)

// The stages.
const (
	stageDecode = iota
	stageFollow
	stageDraw
	stageCount
)

// parcel is what a worker takes through the stages: packets, then the events
// that they cause.
type parcel struct {
	packets    []dissect.Packet
	events     []conn.Event
	ends       []*conn.Connection // that events point to; those behind are to be used again
	coming     conn.Coming        // packets
	partings   []conn.Parting     // Before counts events
	interfaces []capture.Interface
	names      map[netip.Addr]string // to be read only
	alone      bool                  // no other may be decoded until this one is drawn
	last       bool                  // the source has ended
}

func newParcel() *parcel { return &parcel{packets: make([]dissect.Packet, 0, parcelRoom)} }

// add returns a packet to fill.
func (p *parcel) add() *dissect.Packet {
	n := len(p.packets)
	if n == cap(p.packets) {
		p.packets = append(p.packets, dissect.Packet{})
	}
	p.packets = p.packets[:n+1]
	return &p.packets[n]
}

// keep copies an event, as far as it is not the parcel's own.
func (p *parcel) keep(e *conn.Event) {
	p.events = append(p.events, *e)
	if e.Connection == nil {
		return
	}
	n := len(p.ends)
	if n == cap(p.ends) {
		p.ends = append(p.ends, nil)
	}
	p.ends = p.ends[:n+1]
	if p.ends[n] == nil {
		p.ends[n] = new(conn.Connection)
	}
	*p.ends[n] = *e.Connection
	p.events[len(p.events)-1].Connection = p.ends[n]
}

// part copies what the tracker gave in place of events.
func (p *parcel) part(list []conn.Parting) {
	for i := range list {
		p.partings = append(p.partings, list[i])
		p.partings[len(p.partings)-1].Before += len(p.events)
	}
}

func (p *parcel) empty() {
	p.packets, p.events, p.ends, p.partings = p.packets[:0], p.events[:0], p.ends[:0], p.partings[:0]
	p.interfaces, p.names, p.alone, p.last = nil, nil, false, false
}

// stages is what the workers share. What belongs to a stage is used by the
// worker whose turn it is there.
type stages struct {
	turns [stageCount][]chan struct{} // by worker

	frames []capture.Frame       // stageDecode: read, and not decoded
	err    error                 // why the source ended
	over   bool                  // it did
	names  map[netip.Addr]string // that it knew when frames were read

	closed bool // stageFollow: nothing is left

	lock   sync.Mutex
	failed bool // a renderer did
	spare  bool // no renderer reads segments any more
}

// isPiped reports whether stages are worth it, and possible.
func (l *loop) isPiped() bool {
	_, ok := l.src.(capture.Retainer)
	return ok && l.steady != nil && len(l.saves) == 0 && l.disguise == nil && runtime.GOMAXPROCS(0) > 1
}

// readPiped is readSaved in stages. It draws what is left at the end, too.
func (l *loop) readPiped(ctx context.Context) error {
	defer l.src.Close()
	workers := min(runtime.GOMAXPROCS(0), stageCount)
	l.src.(capture.Retainer).Retain(workers*parcelReads + 1)
	s := &stages{}
	for i := range s.turns {
		for range workers {
			s.turns[i] = append(s.turns[i], make(chan struct{}, 1))
		}
		s.turns[i][0] <- struct{}{}
	}
	l.tracker.Part(true)
	defer l.tracker.Part(false)
	l.sparing()
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for p := newParcel(); l.carry(ctx, s, p, i); p.empty() {
			}
		})
	}
	all.Wait()
	l.steady.ahead = false
	return endOf(s.err)
}

// carry takes one parcel through the stages. It reports whether there may be
// more.
func (l *loop) carry(ctx context.Context, s *stages, p *parcel, worker int) bool {
	next := (worker + 1) % len(s.turns[0])
	pass := func(stage int) { s.turns[stage][next] <- struct{}{} }

	s.await(stageDecode, worker)
	l.decodeParcel(ctx, s, p)
	if !p.alone {
		pass(stageDecode)
	}

	s.await(stageFollow, worker)
	l.followParcel(s, p)
	more := !s.closed
	pass(stageFollow)

	s.await(stageDraw, worker)
	l.drawParcel(s, p)
	pass(stageDraw)
	if p.alone {
		pass(stageDecode)
	}
	return more
}

// await waits for a worker's turn. A turn comes within some tens of
// microseconds, about as long as it takes to put a thread to sleep and to wake
// it: so it looks a while before it sleeps.
func (s *stages) await(stage, worker int) {
	turn := s.turns[stage][worker]
	for i := range impatient {
		select {
		case <-turn:
			return
		default:
		}
		if i%64 == 63 {
			runtime.Gosched() // to who collects garbage
		}
	}
	<-turn
}

// decodeParcel fills a parcel with packets; it stays empty once the source has
// ended.
func (l *loop) decodeParcel(ctx context.Context, s *stages, p *parcel) {
	p.names = s.names
	for reads := 0; len(p.packets) < parcelPackets && !p.alone; {
		if len(s.frames) == 0 {
			if s.over = s.over || l.reached || ctx.Err() != nil || s.hasFailed(); s.over || reads == parcelReads {
				break
			}
			var err error
			if s.frames, err = l.src.Next(); err != nil {
				s.err, s.over = err, true
			}
			reads++
			if n := namesOf(l.src); len(n) != len(s.names) {
				s.names = mapset.Clone(n)
				if len(p.packets) > 0 {
					break // what comes now is drawn with them
				}
				p.names = s.names
			}
		}
		l.decodeSome(s, p, parcelRoom-len(p.packets))
	}
	l.tracker.Meet(p.packets, &p.coming)
	p.interfaces, p.last = l.src.Interfaces(), s.over && len(s.frames) == 0
}

// decodeSome decodes most frames that were read, or fewer. What was put together
// from fragments lives until the next fragment comes: then the parcel ends.
func (l *loop) decodeSome(s *stages, p *parcel, most int) {
	for ; most > 0 && len(s.frames) > 0 && !p.alone; most-- {
		f := &s.frames[0]
		s.frames = s.frames[1:]
		q := p.add()
		switch {
		case f.Record == capture.RecordCustom:
			q.Frame, q.Content = f, dissect.ContentNone
		case !l.prepare(f, q):
			p.packets = p.packets[:len(p.packets)-1]
		default:
			p.alone = q.Joined != nil || q.Content == dissect.ContentFragment
		}
		if l.limit > 0 && l.total.Frames >= l.limit {
			l.reached, s.frames = true, nil
		}
	}
}

// followParcel has the events of a parcel's packets made, or those of the
// connections that are left once there are no more packets.
func (l *loop) followParcel(s *stages, p *parcel) {
	if !l.rowless && s.isSpare() {
		l.rowless = true
		l.tracker.Segments(false)
		l.tracker.StopMeasuring() // what needs no segments measures none
	}
	l.parcel = p
	defer func() { l.parcel = nil }()
	l.trackAll(p)
	if len(p.packets) > 0 || !p.last || s.closed {
		return
	}
	for more := true; more && len(p.events)+len(p.partings) < parcelEvents; {
		var events []conn.Event
		events, more = l.tracker.Rest(parcelEvents / 4)
		l.part()
		l.emit(events)
		s.closed = !more
	}
}

// trackAll turns a parcel's packets into events.
func (l *loop) trackAll(p *parcel) {
	l.thrift()
	l.tracker.Ahead(&p.coming)
	for i := range p.packets {
		if q := &p.packets[i]; q.Frame.Record == capture.RecordCustom {
			l.custom(q.Frame)
		} else {
			l.track(q)
		}
	}
}

// part keeps what the tracker gave in place of events, before those.
func (l *loop) part() {
	if list := l.tracker.Partings(); len(list) > 0 {
		l.total.Connections += int64(len(list))
		l.parcel.part(list)
	}
}

// drawParcel gives a parcel's events to the renderers.
func (l *loop) drawParcel(s *stages, p *parcel) {
	l.steady.at(p)
	rest := p.partings
	for i := range p.events {
		for len(rest) > 0 && rest[0].Before == i {
			l.showParting(&rest[0])
			rest = rest[1:]
		}
		l.show(&p.events[i])
	}
	for i := range rest {
		l.showParting(&rest[i])
	}
	l.shows()
	s.lock.Lock()
	defer s.lock.Unlock()
	s.failed = len(l.broken) > 0
	s.spare = s.spare || l.needs()&render.NeedsSegments == 0
}

// showParting shows the event that it stands for.
func (l *loop) showParting(x *conn.Parting) {
	x.Event(&l.parting, &l.parted)
	l.show(&l.parting)
}

func (s *stages) hasFailed() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.failed
}

func (s *stages) isSpare() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.spare
}

// steady is a source whose interfaces and names are those that were known when
// the events that are being drawn were read, while the source has gone on
// already.
type steady struct {
	capture.Source
	ahead bool // the source has
	list  []capture.Interface
	known map[netip.Addr]string // nil as long as there is none
}

func (s *steady) at(p *parcel) {
	s.ahead, s.list = true, p.interfaces
	if s.known == nil {
		s.known = mapset.Clone(p.names)
	} else if len(p.names) > len(s.known) { // names are added, and never change
		mapset.Copy(s.known, p.names)
	}
}

// Interfaces implements capture.Source.
func (s *steady) Interfaces() []capture.Interface {
	if s.ahead {
		return s.list
	}
	return s.Source.Interfaces()
}

// Names implements capture.Namer.
func (s *steady) Names() map[netip.Addr]string {
	if s.ahead {
		return s.known
	}
	return namesOf(s.Source)
}
