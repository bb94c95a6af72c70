package render

import (
	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// folder parts the events of a connection, as they come, into those that a
// sequence diagram draws and those that it folds: of a stretch of data and its
// acknowledgements the first are drawn, and some of those that have a label.
// What is folded is not kept, so that a diagram takes the memory of what it
// shows, however long the connection is.
type folder struct {
	full bool // nothing is folded
	sums bool // what has a bad checksum is not
	draw func(*conn.Event)
	tell func(*fold)

	latest capture.Stamp
	rows   int // of the present stretch
	told   int // of those, drawn for their labels
	run    fold
	few    []*conn.Event // the first of those that are folded, in case no more follow
}

// fold is what was folded between two events that are drawn.
type fold struct {
	before   int // which of the events that are drawn it stands before
	segments uint64
	bytes    [2]uint64 // of payload, by sender
	labels   [32]uint32
	passed   capture.Stamp // of the last that has a time
	latest   capture.Stamp // where times go back, the greatest
}

func newFolder(o *Options, draw func(*conn.Event), tell func(*fold)) folder {
	f := folder{full: o.Full, sums: o.Checksums, draw: draw, tell: tell, latest: capture.NoTime}
	f.begin()
	return f
}

func (f *folder) begin() {
	f.run, f.few = fold{passed: capture.NoTime, latest: capture.NoTime}, f.few[:0]
}

// add takes the next event, which it copies where it may be drawn later.
func (f *folder) add(e *conn.Event) {
	if !drawable(e) {
		return
	}
	quiet := e.Time.Known() && f.latest.Known() && e.Time.Sub(f.latest) >= firstGap
	one := e.Type == conn.TypeSegment && bulk(e) && !(f.sums && badChecksums(e.Packet) != "")
	if quiet || !one {
		f.end()
	}
	f.latest = max(f.latest, e.Time)
	if one && !f.full {
		told := e.Labels != 0 && f.told < maxTold
		if told {
			f.told++
			f.say()
		}
		if f.rows++; f.rows > foldAfter && !told {
			f.fold(e)
			return
		}
	}
	f.draw(e)
}

// drawable reports whether an event can be a stroke.
func drawable(e *conn.Event) bool {
	switch e.Type {
	case conn.TypeSegment:
		return e.Packet != nil
	case conn.TypeCall:
		return e.Call != nil
	case conn.TypeICMP, conn.TypeNeighbour, conn.TypeDNS, conn.TypeWait, conn.TypeRemark:
		return true
	}
	return false
}

func (f *folder) fold(e *conn.Event) {
	r := &f.run
	if r.segments < foldLeast {
		one, _ := e.Clone()
		f.few = append(f.few, one)
	}
	r.segments++
	r.bytes[e.From&1] += uint64(max(e.Packet.TCP.Len, 0))
	for l := e.Labels; l != 0; l &= l - 1 {
		r.labels[lowestLabel(l)]++
	}
	if e.Time.Known() {
		r.passed, r.latest = e.Time, max(r.latest, e.Time)
	}
}

// end ends a stretch.
func (f *folder) end() {
	f.say()
	f.rows, f.told = 0, 0
}

// say draws what was folded: few as they are, many as their number.
func (f *folder) say() {
	if f.run.segments > foldLeast {
		f.tell(&f.run)
	} else {
		for _, e := range f.few {
			f.draw(e)
		}
	}
	clear(f.few)
	f.begin()
}
