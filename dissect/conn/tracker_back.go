package conn

import (
	"time"

	"tcpsee/capture"
)

// backAfter is by how much a connection's time goes back before it is said:
// less than that, packets change places on their way into a capture.
const backAfter = 100 * time.Millisecond

// back is what a ledger knows of time that went back: the clock was set, or
// captures were put together in the wrong order.
type back struct {
	frame            uint32        // the first after a step back; 0 is none
	by               time.Duration // that step
	earliest, latest capture.Stamp // of what came before the last of these steps
}

// goesBack reports whether the segment is older than the one before by so much.
func (s *segment) goesBack() bool {
	at := s.p.Frame.Time
	return at < s.heard && at.Known() && s.heard.Sub(at) >= backAfter && s.e.body != 0
}

// wentBack notes such a step.
func (t *Tracker) wentBack(s *segment) {
	l, e := t.ledger(t.bodies.at(s.e.body)), s.e
	x, at := &l.back, s.p.Frame.Time
	if x.frame == 0 {
		*x = back{e.frameRef(t.places.at()), s.heard.Sub(at), e.first, s.heard}
	}
	x.earliest, x.latest = min(x.earliest, at), max(x.latest, s.heard)
}

// summarizeBack makes the times of a connection the earliest and the latest of
// its segments.
func (t *Tracker) summarizeBack(c *Connection, e *entry, l *ledger) {
	x := &l.back
	if x.frame == 0 || !c.First.Known() || !c.Last.Known() {
		return
	}
	c.First, c.Last = min(c.First, x.earliest), max(c.Last, x.latest)
	t.facts.back, t.facts.backBy = e.frame(x.frame), x.by
}

// aboutTime is a sentence about time that went back, "" where it did not.
func (j *judgement) aboutTime() string {
	if f := j.f; f.back != 0 {
		return j.words("Time goes back by %s (%d): the clock was set, or captures were put together in the wrong order. What lasted across that is not known.", j.duration(f.backBy), f.back)
	}
	return ""
}
