package capture

import (
	"bytes"
	"io"
)

// window is the part of a stream that is in memory. Frames point into it, so
// only more, which their owner calls when they are no longer valid, moves it.
type window struct {
	r      io.Reader
	buf    []byte
	step   int      // bytes to ask for at a time
	lo, hi int      // what is in use of buf
	start  int64    // offset of buf[0] in the stream
	skip   int64    // bytes still to be passed over, before buf[lo] is read
	err    error    // from r; kept
	ring   [][]byte // with keep: the buffers that are used in turn
	turn   int      // which one is buf
	given  bool     // frames were given out of buf
}

func newWindow(r io.Reader, size int) *window {
	return &window{r: r, step: size, buf: make([]byte, size)}
}

// resize sets the size of the buffer of a window that has not been used.
func (w *window) resize(size int) { w.step, w.buf = size, make([]byte, size) }

// bytes returns what is there and not yet done with.
func (w *window) bytes() []byte { return w.buf[w.lo:w.hi:w.hi] }

// end returns the offset in the stream of the first byte that is not there.
func (w *window) end() int64 { return w.start + int64(w.hi) }

// rest returns a reader of what is there and all that follows.
func (w *window) rest() io.Reader {
	if w.err != nil {
		return bytes.NewReader(w.bytes())
	}
	return io.MultiReader(bytes.NewReader(w.bytes()), w.r)
}

// advance passes over n bytes, also such that are not there yet.
func (w *window) advance(n int) {
	if have := w.hi - w.lo; n > have {
		w.skip += int64(n - have)
		n = have
	}
	w.lo += n
}

// more reads once, and makes room for need bytes first. It waits for no more
// than one byte. Where bytes are to be passed over it reads until they are.
// The end is io.EOF, and io.ErrUnexpectedEOF in what is to be passed over.
func (w *window) more(need int) error {
	w.makeRoom(need)
	for {
		if w.err != nil {
			if w.err == io.EOF && w.skip > 0 {
				return io.ErrUnexpectedEOF
			}
			return w.err
		}
		n := w.readOnce()
		if w.skip > 0 {
			passed := int(min(w.skip, int64(n)))
			w.skip -= int64(passed)
			w.lo += passed
			if w.lo == w.hi {
				w.makeRoom(need)
				continue
			}
		}
		if n > 0 {
			return nil
		}
	}
}

// readOnce reads what r gives at once, and keeps its error.
func (w *window) readOnce() int {
	for range maxEmptyRead {
		n, err := w.r.Read(w.buf[w.hi:])
		w.hi += n
		if err != nil {
			w.err = err
		}
		if n > 0 || err != nil {
			return n
		}
	}
	w.err = io.ErrNoProgress
	return 0
}

// makeRoom makes room for need bytes from lo on, and for half a read at least
// behind what is there: with little room many small reads would each have to
// move what is in use to the front.
func (w *window) makeRoom(need int) {
	if w.lo == w.hi {
		w.start += int64(w.lo)
		w.lo, w.hi = 0, 0
		if w.given {
			w.buf = w.another(len(w.buf))
		}
	}
	if len(w.buf) >= max(w.lo+need, w.hi+w.step/2) {
		return
	}
	buf := w.buf
	switch {
	case len(buf) < need+w.step/2:
		buf = w.larger(need + w.step)
	case w.given:
		buf = w.another(len(buf))
	}
	copy(buf, w.buf[w.lo:w.hi])
	w.buf = buf
	w.start += int64(w.lo)
	w.lo, w.hi = 0, w.hi-w.lo
}

// waker reads from r in a goroutine, so that a Close elsewhere is noticed
// while r waits. The goroutine ends at the Close, or when r returns after it.
type waker struct {
	r      io.Reader
	closed <-chan struct{}
	ask    chan []byte
	answer chan answer
}

type answer struct {
	n   int
	err error
}

func newWaker(r io.Reader, closed <-chan struct{}) *waker {
	return &waker{r: r, closed: closed}
}

// Read implements io.Reader. After the Close p may still be written to.
func (w *waker) Read(p []byte) (int, error) {
	if w.ask == nil {
		w.ask, w.answer = make(chan []byte), make(chan answer, 1)
		go w.serve()
	}
	select {
	case w.ask <- p:
	case <-w.closed:
		return 0, io.EOF
	}
	select {
	case a := <-w.answer:
		return a.n, a.err
	case <-w.closed:
		return 0, io.EOF
	}
}

func (w *waker) serve() {
	for {
		select {
		case p := <-w.ask:
			n, err := w.r.Read(p)
			w.answer <- answer{n, err}
		case <-w.closed:
			return
		}
	}
}
