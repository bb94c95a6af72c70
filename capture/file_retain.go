package capture

// Retainer is a Source whose frames can be made to live longer.
type Retainer interface {
	Source

	// Retain has what Next returns stay valid until n further calls of Next,
	// in place of one. It must be called before the first Next.
	Retain(n int)
}

// Retain implements Retainer.
func (s *fileSource) Retain(n int) {
	s.batches = make([][]Frame, n+1)
	s.batches[0] = s.batch
	s.retain = n + 1
	s.in.keep(n + 1)
}

// nextBatch returns where frames go, and says that those given out before are
// still in use.
func (s *fileSource) nextBatch() []Frame {
	if s.batches == nil {
		return s.batch[:0]
	}
	if s.batches[s.turn] == nil {
		s.batches[s.turn] = make([]Frame, 0, maxBatch)
	}
	return s.batches[s.turn][:0]
}

// given says that frames were given out of the batch and of the window at
// hand.
func (s *fileSource) given() {
	if s.batches == nil {
		return
	}
	s.turn = (s.turn + 1) % len(s.batches)
	s.in.given = true
}

// keep has the window change its buffer where frames were given out of it, and
// use each of n again only in turn.
func (w *window) keep(n int) { w.ring = make([][]byte, n) }

// another returns the next buffer in turn, of at least size bytes. The one in
// use stays as it is.
func (w *window) another(size int) []byte {
	w.given = false
	w.ring[w.turn] = w.buf
	w.turn = (w.turn + 1) % len(w.ring)
	if b := w.ring[w.turn]; len(b) >= size {
		return b
	}
	return make([]byte, size)
}

// larger returns a buffer of size bytes, more than the one in use has.
func (w *window) larger(size int) []byte {
	if w.given {
		return w.another(size)
	}
	return make([]byte, size)
}

var _ Retainer = (*fileSource)(nil)
