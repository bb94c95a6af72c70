package conn

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// plainQueue is a queue that looks at each segment each time.
type plainQueue struct{ list []sent }

func (q *plainQueue) acked(ack uint32) (at int64) {
	at = sentAgain
	q.list = slices.DeleteFunc(q.list, func(s sent) bool {
		if after(s.end, ack) {
			return false
		}
		at = s.when()
		return true
	})
	for i := range q.list {
		q.list[i].cut(ack)
	}
	return at
}

func (q *plainQueue) resend(seq, end uint32) (last int64) {
	last = sentAgain
	for i := range q.list {
		if x := &q.list[i]; x.overlaps(seq, end) {
			x.again, last = true, max(last, x.at)
		}
	}
	return last
}

func (q *plainQueue) echoed(ack, echo uint32) int64 {
	for _, x := range q.list {
		if x.stamp == echo && !after(x.end, ack) {
			return x.at
		}
	}
	return sentAgain
}

// TestOutstandingAlike holds that the queue tells what one does that looks at
// each segment: new ones, some overtaken, some sent again, ACKs in between.
func TestOutstandingAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		var q queue
		var plain plainQueue
		base := r.Uint32()
		next, ack := base, base
		for step := range 120 {
			at := int64(step + 1)
			x := sent{seq: next, end: next + 1 + r.Uint32N(9), at: at, stamped: true, stamp: uint32(step)}
			switch r.IntN(6) {
			case 0: // a gap, which may be filled later
				x.seq, x.end = x.seq+5, x.end+5
			case 1:
				x.seq = ack + r.Uint32N(next-ack+1)
				x.end = x.seq + 1 + r.Uint32N(20)
				x.again = true
				if got, want := q.resend(x.seq, x.end), plain.resend(x.seq, x.end); got != want {
					t.Fatalf("round %d, step %d: last sent at %d, want %d", round, step, got, want)
				}
			case 2:
				ack += r.Uint32N(next - ack + 1)
				echo := r.Uint32N(uint32(step + 1))
				if got, want := q.echoed(ack, echo), plain.echoed(ack, echo); got != want {
					t.Fatalf("round %d, step %d: echoes %d, want %d", round, step, got, want)
				}
				if got, want := q.acked(ack), plain.acked(ack); got != want {
					t.Fatalf("round %d, step %d: acknowledged was sent at %d, want %d", round, step, got, want)
				}
				if q.len() != len(plain.list) {
					t.Fatalf("round %d, step %d: %d are left, want %d", round, step, q.len(), len(plain.list))
				}
				continue
			}
			if after(x.end, next) {
				next = x.end
			}
			if q.push(x) {
				t.Fatalf("round %d, step %d: %d are too many", round, step, q.len())
			}
			plain.list = append(plain.list, x)
		}
	}
}

// TestOutstandingBounded holds that no more segments are looked at one by one
// than the limits say, whatever their order, and that what is not looked at
// tells no round trip.
func TestOutstandingBounded(t *testing.T) {
	const many = 10 * maxLate
	var q queue
	forgot := 0
	for i := uint32(many); i > 0; i-- { // backwards
		if q.push(sent{seq: 10 * i, end: 10*i + 10, at: int64(i)}) {
			forgot++
		}
	}
	if len(q.late) != maxLate || q.len() != many-forgot || forgot != many-maxLate-1 {
		t.Errorf("%d late, %d in all, %d forgotten", len(q.late), q.len(), forgot)
	}
	q = queue{}
	for i := uint32(0); i < many; i++ {
		q.push(sent{seq: i, end: i + 1, at: int64(i)})
	}
	if last := q.resend(0, many-1); last != many-2 {
		t.Errorf("the newest was sent at %d", last)
	}
	marked := 0
	for _, x := range q.live() {
		if x.again {
			marked++
		}
	}
	if marked != maxMarked {
		t.Errorf("%d marked singly, want %d", marked, maxMarked)
	}
	if at := q.acked(5); at != sentAgain {
		t.Errorf("what was sent again tells %d", at)
	}
	if at := q.acked(many); at != many-1 {
		t.Errorf("what was not sent again tells %d", at)
	}
}
