package conn

import (
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Detail is what is known of a segment besides its event, for those who look at
// one packet at a time (Options.Detail). What it says is what Wireshark
// computes under tcp.analysis.* and tcp.time_*.
type Detail struct {
	Completeness uint8         // of the connection so far, as Connection.Completeness
	Next         uint32        // relative number that the sender's next byte will have
	Scale        int           // shift of the sender's windows, ScaleUnknown, or ScaleNone
	Acks         int64         // frame of the segment whose end it acknowledges; 0 is none
	AckTime      time.Duration // since that frame; 0 where another place captured that one
	Repeats      int64         // frame that the sender may have sent it in before, where it is a resend; 0 is none
	RepeatTime   time.Duration // since that frame; 0 without one
	DupOf        int64         // with DupAck: frame of the ACK that it repeats
	SincePush    uint32        // bytes of data that its sender sent since its last PSH, with these
	SACK         []Range       // its SACK blocks in relative numbers, Left ≤ n < Right

	// What to call the files of the frames above, "" where that is the segment's
	// own.
	AcksIn, RepeatsIn, DupOfIn string
}

// Range is bytes by their relative sequence numbers.
type Range struct{ Left, Right uint32 }

// The values of Detail.Scale that are no shift.
const (
	ScaleUnknown = -1 // the handshake was not seen
	ScaleNone    = -2 // one end does not scale its windows, so that neither does
)

// maxTrail is how many segments of one direction are remembered for
// Detail.Acks and Detail.Repeats until they are acknowledged; beyond, the
// oldest are forgotten.
const maxTrail = 1024

// trail is what the details of one connection are made from.
type trail struct {
	dir [2]trailEnd
}

// trailEnd is what one direction has sent.
type trailEnd struct {
	sent     []trailSent // and not acknowledged, by time
	newest   trailSent   // the one that went furthest
	push     uint32      // bytes since PSH
	pushed   bool        // its last data had PSH
	ack      uint32      // its last ACK number
	ackFrame place       // and the first frame that had it
}

// trailSent is a segment that took sequence numbers.
type trailSent struct {
	seq, end uint32
	frame    place
	at       capture.Stamp
}

// detail fills ev.Detail.
func (t *Tracker) detail(s *segment, ev *Event) {
	tr := t.trails[ev.Conn]
	if tr == nil {
		tr = new(trail)
		t.trails[ev.Conn] = tr
	}
	d := &Detail{
		Completeness: s.e.complete,
		Next:         s.end - s.e.base[s.from],
		Scale:        s.scaleOf(),
	}
	ev.Detail = d
	mine, theirs := &tr.dir[s.from], &tr.dir[s.to]
	mine.send(s, ev, d)
	mine.count(s, d)
	if s.flags&dissect.ACK != 0 {
		theirs.acked(s, d)
		if s.origin != 0 && s.rtt == 0 && !s.labels.Has(DuplicateCapture) {
			d.AckTime = 0 // that frame was captured at another place
		}
		t.relativeSACK(s, d)
	}
	if s.labels.Has(DupAck) {
		d.DupOf, d.DupOfIn = t.frameOf(mine.ackFrame)
	}
	if mine.ackFrame == 0 || mine.ack != s.ack {
		mine.ack, mine.ackFrame = s.ack, t.places.at()
	}
}

// frameOf returns the number of a frame that came before the one at hand, and
// the name of its file where that is another.
func (t *Tracker) frameOf(p place) (number int64, in string) {
	file, number := t.places.frame(p)
	if number != 0 && t.places.several() && file != t.places.file {
		in = (&fileFacts{names: t.options.Files}).call(file)
	}
	return number, in
}

// scaleOf gives Detail.Scale.
func (s *segment) scaleOf() int {
	switch scale := s.e.scale(s.from); {
	case s.e.flags.has(flagUnscaled):
		return ScaleNone
	case scale == scaleUnknown:
		return ScaleUnknown
	default:
		return scale
	}
}

// send remembers what the segment takes of the sequence numbers, and finds what
// it repeats: the eldest that had its first byte.
func (x *trailEnd) send(s *segment, ev *Event, d *Detail) {
	if ev.SentAgain() {
		before := x.newest
		for i := len(x.sent) - 1; i >= 0; i-- {
			if o := &x.sent[i]; !after(o.seq, s.seq) && after(o.end, s.seq) {
				before = *o
			}
		}
		if d.Repeats, d.RepeatsIn = s.t.frameOf(before.frame); d.Repeats != 0 {
			d.RepeatTime = s.p.Frame.Time.Sub(before.at)
		}
	}
	if s.end == s.seq || ev.Labels.Has(KeepAlive) || ev.Labels.Has(DuplicateCapture) {
		return
	}
	if len(x.sent) == maxTrail {
		x.sent = append(x.sent[:0], x.sent[1:]...)
	}
	n := trailSent{seq: s.seq, end: s.end, frame: s.t.places.at(), at: s.p.Frame.Time}
	x.sent = append(x.sent, n)
	if x.newest.frame == 0 || after(n.end, x.newest.end) {
		x.newest = n
	}
}

// count counts the bytes since PSH.
func (x *trailEnd) count(s *segment, d *Detail) {
	if s.len == 0 {
		return
	}
	if x.pushed {
		x.push = 0
	}
	x.push += uint32(s.len)
	x.pushed = s.flags&dissect.PSH != 0
	d.SincePush = x.push
}

// acked finds the segment that ends where the ACK number says, the last that
// did, and forgets what is acknowledged.
func (x *trailEnd) acked(s *segment, d *Detail) {
	kept := x.sent[:0]
	for _, n := range x.sent {
		if n.end == s.ack {
			d.Acks, d.AcksIn = s.t.frameOf(n.frame)
			d.AckTime = s.p.Frame.Time.Sub(n.at)
		}
		if after(n.end, s.ack) {
			if after(s.ack, n.seq) {
				n.seq = s.ack
			}
			kept = append(kept, n)
		}
	}
	x.sent = kept
}

// relativeSACK gives the blocks in the numbers of the other end.
func (t *Tracker) relativeSACK(s *segment, d *Detail) {
	var o dissect.Options
	s.p.TCP.ParseOptions(&o)
	base := s.e.base[s.to]
	for _, b := range o.SACK[:o.NumSACK] {
		d.SACK = append(d.SACK, Range{uint32(b.Left) - base, uint32(b.Right) - base})
	}
}
