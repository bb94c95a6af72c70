package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come; it only runs out
// when something is broken.
const patience = 10 * time.Second

// counter is a live source whose frames hold their number, in memory that is
// used again for each batch.
type counter struct {
	batch  int // frames in a batch
	size   int // bytes of a frame, at least 8
	last   int64
	mem    []byte
	frames []Frame
	n      int64
	closed chan struct{}
	once   sync.Once
	behind float64 // Backlog
	loans  int
}

var errCounted = errors.New("counted to the end")

func newCounter(batch, size int, last int64) *counter {
	return &counter{
		batch: batch, size: size, last: last,
		mem: make([]byte, batch*size), frames: make([]Frame, batch),
		closed: make(chan struct{}),
	}
}

func (c *counter) Next() ([]Frame, error) {
	select {
	case <-c.closed:
		return nil, io.EOF
	default:
	}
	if c.n == c.last {
		if c.last == 0 { // waits
			<-c.closed
			return nil, io.EOF
		}
		return nil, errCounted
	}
	k := 0
	for ; k < c.batch && c.n < c.last; k++ {
		c.n++
		data := c.mem[k*c.size : (k+1)*c.size]
		binary.BigEndian.PutUint64(data, uint64(c.n))
		c.frames[k] = Frame{Number: c.n, Data: data, OrigLen: c.size}
	}
	return c.frames[:k], nil
}

func (c *counter) Lend() {
	c.loans++
	c.mem, c.frames = make([]byte, len(c.mem)), make([]Frame, len(c.frames))
}

func (c *counter) Reclaim()         { c.loans-- }
func (c *counter) Backlog() float64 { return c.behind }

func (c *counter) Waiting() bool        { return false }
func (c *counter) Lasts() time.Duration { return 10 * time.Millisecond }

func (c *counter) Interfaces() []Interface { return []Interface{{Name: "counter"}} }
func (c *counter) Stats() Stats            { return Stats{Dropped: 7} }
func (c *counter) Findings() []Fault       { return []Fault{{Reason: "none"}} }
func (c *counter) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// Every frame comes, once, in order and whole, whoever is slower.
func TestQueue(t *testing.T) {
	for _, c := range []struct {
		batch, size, limit int
		last               int64
	}{
		{1, 8, 0, 1000},
		{100, 66, 0, 100_000},
		{2000, 66, 1 << 20, 20_000}, // the queue is always full
		{3, 70_000, 1 << 20, 200},
		{1, 500_000, 1, 20}, // no frame fits
		{7, 300_000, 2 << 20, 50},
	} {
		for _, behind := range []float64{0, 1} {
			t.Run(fmt.Sprintf("%d x %d in %d, %g behind", c.batch, c.size, c.limit, behind), func(t *testing.T) {
				src := newCounter(c.batch, c.size, c.last)
				src.behind = behind
				q := NewQueue(src, c.limit)
				defer q.Close()
				next := int64(1)
				for {
					frames, err := q.Next()
					if err != nil {
						if !errors.Is(err, errCounted) {
							t.Fatal(err)
						}
						break
					}
					next = counted(t, frames, next, c.size)
					if q.Interfaces()[0].Name != "counter" {
						t.Fatal("interfaces are missing")
					}
				}
				if next-1 != c.last {
					t.Errorf("%d frames, want %d", next-1, c.last)
				}
				if _, err := q.Next(); !errors.Is(err, errCounted) {
					t.Errorf("after the end: %v", err)
				}
				if s := q.Stats(); s.Frames != uint64(c.last) || s.Dropped != 7 || len(q.Findings()) != 1 {
					t.Errorf("stats %+v, findings %v", s, q.Findings())
				}
				if b := q.Backlog(); b != 0 || src.loans != 0 {
					t.Errorf("backlog %v, %d loans", b, src.loans)
				}
			})
		}
	}
}

// counted checks that frames follow those before, and returns the next number.
func counted(t *testing.T, frames []Frame, next int64, size int) int64 {
	t.Helper()
	for i := range frames {
		f := &frames[i]
		if f.Number != next || int64(binary.BigEndian.Uint64(f.Data)) != next || len(f.Data) != size {
			t.Fatalf("frame %d: number %d, %d bytes", next, f.Number, len(f.Data))
		}
		next++
	}
	return next
}

// A consumer that is away has the source read in its stead, and its frames stay
// what they are. Once it has caught up it reads the source itself.
func TestQueueReadsAhead(t *testing.T) {
	src := &stepped{counter: newCounter(10, 66, 1<<40), steps: make(chan struct{})}
	q := NewQueue(src, 0)
	defer q.Close()
	isAhead := func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.ahead
	}
	next := int64(1)
	take := func() []Frame {
		frames, err := q.Next()
		if err != nil {
			t.Fatal(err)
		}
		next = counted(t, frames, next, 66)
		return frames
	}
	for round := range 3 {
		for end := time.Now().Add(patience); isAhead() && time.Now().Before(end); {
			go src.step()
			take()
		}
		if isAhead() {
			t.Fatal("who reads ahead goes on though the consumer waits for it")
		}
		go src.step()
		held, first := take(), next-10
		for range 5 { // it is away, and batches come
			src.step()
		}
		counted(t, held, first, 66)
		if !isAhead() {
			t.Fatalf("round %d: five batches were read, and nobody reads ahead", round)
		}
		for next < first+60 {
			take()
		}
	}
}

// stepped is a counter that gives a batch for each step.
type stepped struct {
	*counter
	steps chan struct{}
}

func (s *stepped) Next() ([]Frame, error) {
	select {
	case <-s.steps:
		return s.counter.Next()
	case <-s.closed:
		return nil, io.EOF
	}
}

func (s *stepped) step() {
	select {
	case s.steps <- struct{}{}:
	case <-s.closed:
	}
}

// A consumer that waits does not make the queue grow beyond its limit.
func TestQueueIsBounded(t *testing.T) {
	src := newCounter(100, 66, 1<<40)
	q := NewQueue(src, 2<<20)
	defer q.Close()
	for end := time.Now().Add(patience); q.Backlog() < 0.7 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // it would go on growing
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size > q.limit || q.size < q.limit/2 {
		t.Errorf("%d bytes, limit %d", q.size, q.limit)
	}
}

// Close wakes a Next that waits, for the source or for who reads ahead.
func TestQueueWakes(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		src := &stepped{counter: newCounter(1, 8, 1<<40), steps: make(chan struct{})}
		q := NewQueue(src, 0)
		if !ahead {
			go src.step()
			if _, err := q.Next(); err != nil {
				t.Fatal(err)
			}
		}
		got := make(chan error, 1)
		go func() {
			_, err := q.Next()
			got <- err
		}()
		time.Sleep(5 * time.Millisecond) // so that it waits, most likely
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		select {
		case err := <-got:
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("Close did not wake Next")
		}
		if err := q.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	}
}

func BenchmarkQueue(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(66)
	q := NewQueue(newCounter(200, 66, int64(b.N)), 0)
	defer q.Close()
	for {
		if _, err := q.Next(); err != nil {
			return
		}
	}
}
