package conn

// Limits of what is outstanding.
const (
	maxOutstanding      = 10_000  // segments of one direction that are remembered until they are acknowledged
	maxOutstandingTotal = 4 << 20 // of all connections; beyond, new ones are not remembered
	keepOutstanding     = 64      // segments that a recycled list keeps room for
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

// queue holds segments in the order in which they were sent.
type queue struct {
	items   []sent
	head    int  // items before it have gone
	mixed   bool // not in order of sequence numbers
	repeats bool // part of it was sent more than once
	highest uint32
	where   point // where that was captured of which acked returned the time last
}

func (q *queue) live() []sent { return q.items[q.head:] }

func (q *queue) len() int { return len(q.items) - q.head }

func (q *queue) push(s sent) {
	if q.head == len(q.items) {
		q.items, q.head, q.mixed, q.repeats = q.items[:0], 0, false, s.again
	} else if after(q.highest, s.end) {
		q.mixed = true
	}
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, s)
	q.repeats = q.repeats || s.again
	q.highest = s.end
}

// acked forgets what ends at or before ack, and cuts what it covers in part.
// It returns when the newest of those was sent, sentAgain where there is none
// or that is not known.
func (q *queue) acked(ack uint32) (at int64) {
	at = sentAgain
	if !q.mixed {
		for q.head < len(q.items) {
			s := &q.items[q.head]
			if after(s.end, ack) {
				if after(ack, s.seq) {
					s.seq = ack
				}
				break
			}
			at, q.where = s.when(), s.point
			q.head++
		}
		return at
	}
	kept := q.items[q.head:q.head]
	for _, s := range q.items[q.head:] {
		if !after(s.end, ack) {
			at, q.where = s.when(), s.point
			continue
		}
		if after(ack, s.seq) {
			s.seq = ack
		}
		kept = append(kept, s)
	}
	q.items = q.items[:q.head+len(kept)]
	return at
}

// when returns what Karn's rule allows to be known of the time it was sent.
func (s *sent) when() int64 {
	if s.again {
		return sentAgain
	}
	return s.at
}

// echoed returns when the segment was sent whose timestamp an ACK echoes: that
// tells which copy it answers (RFC 7323, section 4). It is sentAgain where two
// copies have the same timestamp, or none has it.
func (q *queue) echoed(ack, echo uint32) (at int64) {
	at = sentAgain
	var first *sent
	live := q.live()
	for i := range live {
		x := &live[i]
		switch {
		case !x.stamped || x.stamp != echo || after(x.end, ack):
		case first == nil:
			first, at = x, x.at
		case after(first.end, x.seq) && after(x.end, first.seq):
			return sentAgain
		}
	}
	return at
}
