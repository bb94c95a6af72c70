package capture

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Sizes of a Queue, in bytes unless said otherwise.
const (
	// DefaultQueueBytes is how much a Queue holds where NewQueue is given 0.
	DefaultQueueBytes = 64 << 20

	// queueChunkBytes and queueChunkFrames are what one chunk of it holds.
	queueChunkBytes  = 1 << 20
	queueChunkFrames = 2048 // frames

	// queueSpareChunks is how many empty chunks are kept for reuse once
	// nothing has waited for queueCalm chunks in a row. Before that all are:
	// new memory must be cleared, which takes as long as to fill it.
	queueSpareChunks = 8
	queueCalm        = 1000
)

// Queue reads a live source ahead of whoever draws or saves its frames, so
// that a terminal or a disk that makes them wait loses no packets. The kernel
// alone does not bridge that: it hands its buffer over in blocks, a
// millisecond old at most, and so may run out of blocks within 64 ms though
// hardly a packet is in them.
//
// What it holds is bounded. When it is full it reads no further, and the
// kernel begins to count drops.
type Queue struct {
	src   Source
	limit int

	arrived chan struct{} // there is something new for Next
	taken   chan struct{} // there is room again for the reader
	closed  chan struct{}
	once    sync.Once
	result  error // of closing the source

	given  atomic.Uint64
	unread atomic.Uint64 // frames that had no room when the queue was closed

	mu         sync.Mutex
	waiting    []*queueChunk
	spare      []*queueChunk
	size       int // bytes of all chunks that wait or are in use
	calm       int // chunks given out since more than one waited
	err        error
	interfaces []Interface
	deadline   time.Time

	current *queueChunk // of the goroutine that calls Next
	seen    []Interface
}

// queueChunk is a number of frames and the memory that their data is in.
type queueChunk struct {
	frames []Frame
	mem    []byte // never grown: frames point into it
}

// bytes is what the chunk costs.
func (c *queueChunk) bytes() int {
	return cap(c.mem) + cap(c.frames)*int(unsafe.Sizeof(Frame{}))
}

// fits reports whether a frame of n bytes can be added.
func (c *queueChunk) fits(n int) bool {
	return len(c.frames) < cap(c.frames) && n <= cap(c.mem)-len(c.mem)
}

var _ Source = (*Queue)(nil)

// NewQueue begins to read src, which is the queue's from now on and is closed
// with it; its Findings and Stats must be safe to call at any time, as those
// of a Live are. It holds at most limit bytes, or one frame; 0 is
// DefaultQueueBytes.
func NewQueue(src Source, limit int) *Queue {
	if limit <= 0 {
		limit = DefaultQueueBytes
	}
	q := &Queue{
		src:     src,
		limit:   limit,
		arrived: make(chan struct{}, 1),
		taken:   make(chan struct{}, 1),
		closed:  make(chan struct{}),
	}
	go q.read()
	return q
}

// notify leaves word in a channel for whoever waits, or will.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// read copies frames into the queue until the source ends.
func (q *Queue) read() {
	for {
		frames, err := q.src.Next()
		q.mu.Lock()
		q.interfaces = q.src.Interfaces()
		q.err = err
		q.mu.Unlock()
		if err != nil {
			notify(q.arrived)
			return
		}
		for len(frames) > 0 {
			n := q.put(frames)
			notify(q.arrived)
			if frames = frames[n:]; len(frames) == 0 {
				break
			}
			select {
			case <-q.taken:
			case <-q.closed:
				q.unread.Add(uint64(len(frames)))
				return
			}
		}
	}
}

// put copies frames until the queue is full, and returns how many.
func (q *Queue) put(frames []Frame) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range frames {
		c := q.room(len(frames[i].Data))
		if c == nil {
			return i
		}
		at := len(c.mem)
		c.mem = append(c.mem, frames[i].Data...)
		c.frames = append(c.frames, frames[i])
		c.frames[len(c.frames)-1].Data = c.mem[at:len(c.mem):len(c.mem)]
	}
	return len(frames)
}

// room returns a chunk to which n bytes can be added; nil where the queue is
// full. q.mu is held.
func (q *Queue) room(n int) *queueChunk {
	if len(q.waiting) > 0 {
		if c := q.waiting[len(q.waiting)-1]; c.fits(n) {
			return c
		}
	}
	var c *queueChunk
	if k := len(q.spare); k > 0 && n <= queueChunkBytes {
		c, q.spare = q.spare[k-1], q.spare[:k-1]
	} else {
		c = &queueChunk{mem: make([]byte, 0, max(n, queueChunkBytes)), frames: make([]Frame, 0, queueChunkFrames)}
	}
	if q.size+c.bytes() > q.limit && q.size > 0 {
		q.keep(c)
		return nil
	}
	q.size += c.bytes()
	q.waiting = append(q.waiting, c)
	return c
}

// keep puts an empty chunk of usual size aside. q.mu is held.
func (q *Queue) keep(c *queueChunk) {
	most := max(queueSpareChunks, (q.limit-q.size)/c.bytes())
	if q.calm >= queueCalm {
		most = queueSpareChunks
		clear(q.spare[min(most, len(q.spare)):])
		q.spare = q.spare[:min(most, len(q.spare))]
	}
	if len(q.spare) < most && cap(c.mem) == queueChunkBytes {
		clear(c.frames) // they may hold comments
		c.frames, c.mem = c.frames[:0], c.mem[:0]
		q.spare = append(q.spare, c)
	}
}

// Next returns the next frames; see Source.
func (q *Queue) Next() ([]Frame, error) {
	for {
		frames, deadline, err := q.take()
		if frames != nil || err != nil {
			return frames, err
		}
		if err := q.wait(deadline); err != nil {
			return nil, err
		}
	}
}

// take returns what is there, without waiting.
func (q *Queue) take() ([]Frame, time.Time, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.current != nil {
		q.size -= q.current.bytes()
		q.keep(q.current)
		q.current = nil
		notify(q.taken)
	}
	q.seen = q.interfaces
	if len(q.waiting) == 0 {
		select {
		case <-q.closed:
			return nil, q.deadline, io.EOF
		default:
			return nil, q.deadline, q.err
		}
	}
	if q.calm++; len(q.waiting) > 1 {
		q.calm = 0
	}
	q.current, q.waiting = q.waiting[0], q.waiting[1:]
	q.given.Add(uint64(len(q.current.frames)))
	return q.current.frames, q.deadline, nil
}

// wait returns when it is worth looking again.
func (q *Queue) wait(deadline time.Time) error {
	var late <-chan time.Time
	if !deadline.IsZero() {
		left := time.Until(deadline)
		if left <= 0 {
			return os.ErrDeadlineExceeded
		}
		timer := time.NewTimer(left)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-q.arrived:
	case <-q.closed:
	case <-late:
	}
	return nil
}

// SetDeadline makes Next return os.ErrDeadlineExceeded when t has come and
// nothing is there; the zero time takes that back.
func (q *Queue) SetDeadline(t time.Time) error {
	q.mu.Lock()
	q.deadline = t
	q.mu.Unlock()
	notify(q.arrived)
	return nil
}

// Backlog returns how full the queue is, from 0 to 1. It may be called at
// any time.
func (q *Queue) Backlog() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(1, float64(q.size)/float64(q.limit))
}

// Interfaces lists the interfaces of the frames given out so far, at least.
func (q *Queue) Interfaces() []Interface { return q.seen }

// Stats counts frames given out, and the source's drops with those that had
// no room when the queue was closed.
func (q *Queue) Stats() Stats {
	return Stats{Frames: q.given.Load(), Dropped: q.src.Stats().Dropped + q.unread.Load()}
}

// Findings lists those of the source.
func (q *Queue) Findings() []Fault { return q.src.Findings() }

// Close closes the source and wakes a Next that waits. What has been read
// already is still given out, then Next returns io.EOF.
func (q *Queue) Close() error {
	q.once.Do(func() {
		close(q.closed)
		q.result = q.src.Close()
	})
	return q.result
}
