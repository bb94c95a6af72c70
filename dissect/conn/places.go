package conn

import (
	"iter"
	"sort"

	"tcpsee/capture"
)

// place says where a frame stands among all that a Tracker was given: frame
// numbers begin anew in each file, places rise in the order in which frames
// come. Of one file they are the frame numbers; 0 is no frame.
type place int64

// manyStretches is how many stretches there are at least, 24 bytes each, before
// those are forgotten of which no connection knows a frame any more. They are
// many where the frames of several captures alternate. What is left is bounded
// by Limits.Connections: of each one some twenty frames are known.
const manyStretches = 1 << 18

// places tells places from frames, and back.
type places struct {
	file   int   // of the frame at hand
	number int64 // its number
	shift  int64 // its place minus its number

	stretches []stretch // by place; empty as long as frames came out of the first file only
	many      int       // how many are too many; 0 is manyStretches, and it grows where all are needed
}

// stretch is frames of one file that came one after the other, up to the next
// stretch.
type stretch struct {
	from  place
	shift int64
	file  int
}

// at is the place of the frame at hand.
func (l *places) at() place { return place(l.number + l.shift) }

// several reports whether frames came out of several files, or out of one anew.
func (l *places) several() bool { return len(l.stretches) > 0 }

// frame returns the file and the number of the frame at a place.
func (l *places) frame(p place) (file int, number int64) {
	if l == nil || len(l.stretches) == 0 {
		return 0, int64(p)
	}
	i := l.find(p)
	if p == 0 || i < 0 {
		return 0, 0
	}
	s := &l.stretches[i]
	return s.file, int64(p) - s.shift
}

// find returns the stretch that a place is in, −1 where it is before all.
func (l *places) find(p place) int {
	return sort.Search(len(l.stretches), func(i int) bool { return l.stretches[i].from > p }) - 1
}

// come takes the next frame.
func (t *Tracker) come(f *capture.Frame) {
	if l := &t.places; f.File != l.file || f.Number < l.number {
		t.turn(f)
	}
	t.places.number = f.Number
}

// turn begins a stretch with a frame.
func (t *Tracker) turn(f *capture.Frame) {
	l := &t.places
	if f.File != l.file && (t.split == nil || !t.split.files) {
		t.twins.apart()
	}
	if len(l.stretches) == 0 {
		l.stretches = append(l.stretches, stretch{file: l.file})
	}
	if l.many == 0 {
		l.many = manyStretches
	}
	if len(l.stretches) >= l.many {
		l.forget(t.known())
		l.many = max(l.many, 2*len(l.stretches))
	}
	from := l.at() + 1
	l.file, l.shift = f.File, int64(from)-f.Number
	l.stretches = append(l.stretches, stretch{from, l.shift, f.File})
}

// forget leaves out the stretches without a known place.
func (l *places) forget(known iter.Seq[place]) {
	keep := make([]bool, len(l.stretches))
	for p := range known {
		if i := l.find(p); p != 0 && i >= 0 {
			keep[i] = true
		}
	}
	kept := l.stretches[:0]
	for i, s := range l.stretches {
		if keep[i] {
			kept = append(kept, s)
		}
	}
	l.stretches = kept
}

// known gives all places that may be asked for, and some zeros.
func (t *Tracker) known() iter.Seq[place] {
	return func(yield func(place) bool) {
		give := func(list ...place) {
			for _, p := range list {
				yield(p) // which wants all
			}
		}
		for i := uint32(1); i <= t.entries.used; i++ {
			if e := t.entries.at(i); e.number.get() != 0 {
				t.knownOf(e, give)
			}
		}
		for i := range t.around.seen {
			give(t.around.seen[i].place)
		}
		for _, tr := range t.trails {
			for d := range tr.dir {
				x := &tr.dir[d]
				give(x.newest.frame, x.ackFrame)
				for i := range x.sent {
					give(x.sent[i].frame)
				}
			}
		}
	}
}

// knownOf gives the places that a connection knows.
func (t *Tracker) knownOf(e *entry, give func(...place)) {
	refs := []uint32{1, e.lastFrame, e.synLast, e.synAck}
	if e.body != 0 {
		b := t.bodies.at(e.body)
		refs = append(refs, b.handshake)
		for d := range 2 {
			refs = append(refs, b.dataFirst[d], b.dataLast[d], b.fin[d], b.finAcked[d])
		}
		if b.ledger != 0 {
			l := t.ledgers.at(b.ledger)
			refs = append(refs, l.rst, l.stray.frame, l.stray.goes, l.stray.bare, l.back.frame, l.icmpFrame, l.began, l.older, l.cleared)
			if x := t.oddOf(b); x != nil {
				refs = append(refs, x.rivals.unfit, x.rivals.other, x.outside.frame, x.outside.leap[0].frame, x.outside.leap[1].frame, x.unfitACK, x.otherRST)
			}
			for d := range 2 {
				refs = append(refs, l.zeroWindow[d], l.againFrame[d], l.keepFrame[d], l.since[d], l.unheardLast[d], l.answered[d])
			}
		}
		if t.options.Measures {
			refs = append(refs, t.gauges.at(e.body).ended)
		}
		if a := t.appOf(e); a != nil {
			a.known(give)
		}
	}
	for _, ref := range refs {
		give(e.frame(ref))
	}
}

// known gives the places that layer 7 of a connection knows.
func (a *app) known(give func(...place)) {
	give(a.requestAt, a.requestEnd, a.answerAt)
	if x := a.trouble; x != nil {
		give(x.frame, x.alertAt, x.noStatus, x.clashAt, x.wantsTLS, x.endless, x.echoAt, x.refusedAt, x.wsCloseAt, x.fault.answer, x.fault.at)
		if x.surplus != nil {
			give(x.surplus.request, x.surplus.at)
		}
	}
	for d := range a.dirs {
		if w := a.dirs[d].work; w != nil {
			for i := range w.held {
				give(w.held[i].frame)
			}
		}
	}
}
