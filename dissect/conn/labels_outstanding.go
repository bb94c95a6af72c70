package conn

import "sort"

// Limits of what is outstanding.
const (
	maxOutstanding      = 10_000  // segments of one direction that are remembered until they are acknowledged
	maxOutstandingTotal = 4 << 20 // of all connections; beyond, new ones are not remembered
	keepOutstanding     = 64      // segments that a recycled list keeps room for
	maxLate             = 256     // of one direction, segments that did not continue what was sent before; for one more the oldest is forgotten
	maxMarked           = 256     // segments that one sent again marks singly; what is older than those is in doubt as a whole
)

// sent is a segment that occupies sequence numbers and is not acknowledged.
type sent struct {
	seq, end uint32
	at       int64 // when it was sent; sentAgain where that is not known
	again    bool  // part of it was sent more than once: its ACK says nothing (Karn's rule)
	stamped  bool  // it has a timestamp
	point    point // where it was captured
	stamp    uint32
}

const sentAgain = -1 << 63

// outstanding is what both directions of a connection have sent and not seen
// acknowledged.
type outstanding struct {
	list [2]queue
}

// queue holds segments. What an ACK or a segment that is sent again costs does
// not grow with how many there are: those that continue each other are in order,
// and of the others there are few.
type queue struct {
	items   []sent // each begins where the one before ended, or later
	head    int32  // items before it have gone
	late    []late // the others, in the order in which they were sent
	highest uint32 // end of the newest item
	doubt   uint32 // with doubtful: items that end there or before may have been sent again

	doubtful bool
	repeats  bool  // part of it was sent more than once
	where    point // where that was captured of which acked returned the time last
}

// late is a segment that was sent behind one with higher numbers.
type late struct {
	sent
	highest uint32 // of the queue, when it was sent: items up to there are older
}

func (q *queue) live() []sent { return q.items[q.head:] }

func (q *queue) len() int { return len(q.live()) + len(q.late) }

// push remembers a segment, and reports whether another had to be forgotten.
func (q *queue) push(s sent) (forgot bool) {
	switch {
	case q.len() == 0:
		*q = queue{items: q.items[:0], late: q.late[:0], repeats: s.again, where: q.where}
	case after(q.highest, s.seq):
		if forgot = len(q.late) == maxLate; forgot {
			q.late = append(q.late[:0], q.late[1:]...)
		}
		q.late = append(q.late, late{s, q.highest})
		q.repeats = q.repeats || s.again
		return forgot
	}
	if len(q.items) == cap(q.items) && int(q.head) > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, s)
	q.repeats = q.repeats || s.again
	q.highest = s.end
	return false
}

// acked forgets what ends at or before ack, and cuts what it covers in part.
// It returns when the newest of those was sent, sentAgain where there is none
// or that is not known.
func (q *queue) acked(ack uint32) (at int64) {
	at = sentAgain
	gone, last := false, uint32(0)
	for int(q.head) < len(q.items) {
		s := &q.items[q.head]
		if after(s.end, ack) {
			s.cut(ack)
			break
		}
		at, q.where = q.when(s), s.point
		gone, last = true, s.end
		q.head++
	}
	if q.doubtful && after(ack, q.doubt) {
		q.doubtful = false
	}
	if len(q.late) == 0 {
		return at
	}
	kept := q.late[:0]
	for i := range q.late {
		x := &q.late[i]
		if after(x.end, ack) {
			x.cut(ack)
			kept = append(kept, *x)
			continue
		}
		if !gone || !after(last, x.highest) {
			at, q.where = x.when(), x.point
		}
	}
	q.late = kept
	return at
}

// cut takes off what an ACK covers of a segment.
func (s *sent) cut(ack uint32) {
	if after(ack, s.seq) {
		s.seq = ack
	}
}

// when returns what Karn's rule allows to be known of the time it was sent.
func (s *sent) when() int64 {
	if s.again {
		return sentAgain
	}
	return s.at
}

// when is that of an item.
func (q *queue) when(s *sent) int64 {
	if q.doubtful && !after(s.end, q.doubt) {
		return sentAgain
	}
	return s.when()
}

// resend marks all that overlaps what is sent again, and returns when the newest
// of it was sent; sentAgain where there is none.
func (q *queue) resend(seq, end uint32) (last int64) {
	last = sentAgain
	mark := func(x *sent) {
		x.again, q.repeats = true, true
		last = max(last, x.at)
	}
	for i := range q.late {
		if x := &q.late[i].sent; x.overlaps(seq, end) {
			mark(x)
		}
	}
	live := q.live()
	i := sort.Search(len(live), func(i int) bool { return !after(end, live[i].seq) })
	for n := 0; i > 0 && after(live[i-1].end, seq); n++ {
		i--
		if n == maxMarked {
			if !q.doubtful || after(live[i].end, q.doubt) {
				q.doubt, q.doubtful = live[i].end, true
			}
			break
		}
		mark(&live[i])
	}
	return last
}

func (s *sent) overlaps(seq, end uint32) bool { return after(s.end, seq) && after(end, s.seq) }

// echoed returns when the segment was sent whose timestamp an ACK echoes: that
// tells which copy it answers (RFC 7323, section 4). It is sentAgain where two
// copies have the same timestamp, or none has it.
func (q *queue) echoed(ack, echo uint32) (at int64) {
	is := func(x *sent) bool { return x.stamped && x.stamp == echo && !after(x.end, ack) }
	var first *sent
	live := q.live()
	live = live[:sort.Search(len(live), func(i int) bool { return after(live[i].end, ack) })] // which acked forgets next
	for i := range live {
		if is(&live[i]) {
			first = &live[i]
			break
		}
	}
	for i := range q.late {
		x := &q.late[i]
		switch {
		case !is(&x.sent):
		case first == nil:
			first = &x.sent
		case first.overlaps(x.seq, x.end):
			return sentAgain
		}
	}
	if first == nil {
		return sentAgain
	}
	return first.at
}
