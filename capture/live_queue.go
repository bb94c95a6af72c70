package capture

import (
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
	queueChunkFrames = 6144 // frames, of 170 bytes

	// queueSpareChunks is how many empty chunks are kept for reuse once
	// nothing has waited for queueCalm chunks in a row. Before that all are:
	// new memory must be cleared, which takes as long as to fill it.
	queueSpareChunks = 8
	queueCalm        = 1000
)

// A source is read ahead of its consumer once queueBehind of the source's own
// buffer is full, or that has been busy with a batch for the time in which so
// much comes, within limits. That is noticed after twice the time at most.
const (
	queueBehind      = 0.25
	queueMinPatience = 2 * time.Millisecond
	queueMaxPatience = 50 * time.Millisecond
)

// Lender is a live Source that can be read on while frames that it gave out
// before are in use.
type Lender interface {
	Source

	// Lend lets the frames that Next gave out last stay as they are while
	// Next is called again, until Reclaim. One batch can be lent at a time.
	Lend()

	// Reclaim ends the use of the frames that were lent. It may be called
	// while Next runs.
	Reclaim()

	// Backlog returns which part of the source's own buffer waits to be
	// read, from 0 to 1. It must not be called while Next runs.
	Backlog() float64

	// Waiting reports whether there are packets that Next has not given out.
	// It may be called while Next runs.
	Waiting() bool

	// Lasts returns in which time the source's own buffer fills, about, if
	// all goes on as while the last batch came. It must not be called while
	// Next runs.
	Lasts() time.Duration
}

// Queue reads a live source for whoever draws or saves its frames, and ahead
// of them where a terminal or a disk makes them wait, so that no packets are
// lost. The kernel alone does not bridge that: it hands its buffer over in
// blocks, a millisecond old at most, and so may run out of blocks within 64 ms
// though hardly a packet is in them.
//
// Who calls Next reads the source itself, where nothing waits in the queue: to
// wake another for each batch costs more than to read it. While it stays away
// for long, a goroutine reads in its stead, and copies frames into the queue.
//
// What that holds is bounded. When it is full it reads no further, and the
// kernel begins to count drops.
type Queue struct {
	src   Lender
	limit int

	arrived chan struct{} // there is something new for Next
	taken   chan struct{} // there is room again for the reader
	closed  chan struct{}
	once    sync.Once
	result  error // of closing the source

	given  atomic.Uint64
	unread atomic.Uint64 // frames that had no room when the queue was closed

	mu         sync.Mutex
	ahead      bool          // read runs
	late       *time.Timer   // runs look; nil at first
	watched    bool          // it will
	patience   time.Duration // with the batch that is in use
	away       time.Time     // since when Next has been done; zero while it runs
	active     bool          // Next was done since look looked last
	borrowed   bool          // the frames in use are the source's
	lent       bool          // and it is read meanwhile
	waiting    []*queueChunk
	spare      []*queueChunk
	size       int // bytes of all chunks that wait or are in use
	calm       int // chunks given out since more than one waited
	err        error
	interfaces []Interface

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
func NewQueue(src Lender, limit int) *Queue {
	if limit <= 0 {
		limit = DefaultQueueBytes
	}
	q := &Queue{
		src:     src,
		limit:   limit,
		arrived: make(chan struct{}, 1),
		taken:   make(chan struct{}, 1),
		closed:  make(chan struct{}),
		away:    time.Now(),
		ahead:   true,
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

// read copies frames into the queue until Next has caught up, or the source
// ends.
func (q *Queue) read() {
	for {
		frames, err := q.src.Next()
		q.mu.Lock()
		q.interfaces = q.src.Interfaces()
		q.err = err
		caughtUp := q.away.IsZero() && len(q.waiting) == 0
		q.mu.Unlock()
		for err == nil && len(frames) > 0 {
			n := q.put(frames)
			if frames = frames[n:]; len(frames) == 0 {
				break
			}
			notify(q.arrived)
			select {
			case <-q.taken:
			case <-q.closed:
				q.unread.Add(uint64(len(frames)))
				err = q.countRest()
			}
		}
		if err != nil || caughtUp {
			q.mu.Lock()
			q.err, q.ahead = err, false
			q.mu.Unlock()
			notify(q.arrived)
			return
		}
		notify(q.arrived)
	}
}

// countRest counts what is left of a source that is being closed.
func (q *Queue) countRest() error {
	for {
		frames, err := q.src.Next()
		if err != nil {
			return err
		}
		q.unread.Add(uint64(len(frames)))
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
	q.mu.Lock()
	defer q.mu.Unlock()
	q.back()
	for {
		switch {
		case len(q.waiting) > 0:
			return q.take(), nil
		case q.ahead:
			q.mu.Unlock()
			<-q.arrived
			q.mu.Lock()
		case q.err != nil:
			return nil, q.err
		default:
			return q.direct()
		}
	}
}

// back ends the use of the frames given out before. q.mu is held.
func (q *Queue) back() {
	q.away = time.Time{}
	if q.lent {
		q.src.Reclaim()
	}
	q.borrowed, q.lent = false, false
	if q.current != nil {
		q.size -= q.current.bytes()
		q.keep(q.current)
		q.current = nil
		notify(q.taken)
	}
}

// take returns what waits. q.mu is held.
func (q *Queue) take() []Frame {
	if q.calm++; len(q.waiting) > 1 {
		q.calm = 0
	}
	q.current, q.waiting = q.waiting[0], q.waiting[1:]
	q.seen = q.interfaces
	q.give(len(q.current.frames))
	return q.current.frames
}

// direct returns what comes from the source next. q.mu is held, but while it
// waits.
func (q *Queue) direct() ([]Frame, error) {
	q.mu.Unlock()
	frames, err := q.src.Next()
	q.mu.Lock()
	q.interfaces = q.src.Interfaces()
	q.seen = q.interfaces
	if q.err = err; err != nil {
		return nil, err
	}
	q.borrowed = true
	q.give(len(frames))
	return frames, nil
}

// give counts frames, and sees to it that the source is read should they be in
// use for long. q.mu is held.
func (q *Queue) give(n int) {
	q.given.Add(uint64(n))
	q.away, q.active = time.Now(), true
	switch {
	case q.ahead:
		return
	case q.src.Backlog() > queueBehind:
		q.readAhead()
		return
	}
	q.patience = time.Duration(queueBehind * float64(q.src.Lasts()))
	q.patience = min(max(q.patience, queueMinPatience), queueMaxPatience)
	if q.watched {
		return // to set a timer wakes a thread
	}
	q.watch(q.patience)
}

// watch looks after some time. q.mu is held.
func (q *Queue) watch(after time.Duration) {
	q.watched = true
	if q.late == nil {
		q.late = time.AfterFunc(after, q.look)
	} else {
		q.late.Reset(after)
	}
}

// look begins to read ahead where Next has been done for long.
func (q *Queue) look() {
	q.mu.Lock()
	defer q.mu.Unlock()
	active := q.active
	q.watched, q.active = false, false
	switch left := q.patience - time.Since(q.away); {
	case q.ahead || q.err != nil:
	case !q.away.IsZero() && left <= 0:
		q.readAhead()
	case !q.away.IsZero():
		q.watch(left)
	case active: // each look wakes threads
		q.watch(2 * q.patience)
	}
}

// readAhead has another read the source. q.mu is held, and Next does not run.
func (q *Queue) readAhead() {
	if q.borrowed {
		q.src.Lend()
		q.lent = true
	}
	q.ahead = true
	go q.read()
}

// Backlog returns how full the queue is, from 0 to 1. It may be called at
// any time.
func (q *Queue) Backlog() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(1, float64(q.size)/float64(q.limit))
}

// Waiting reports whether there are packets that Next has not given out. It may
// be called at any time.
func (q *Queue) Waiting() bool {
	q.mu.Lock()
	waiting := len(q.waiting) > 0
	q.mu.Unlock()
	return waiting || q.src.Waiting()
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
