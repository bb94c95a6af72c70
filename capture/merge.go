package capture

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync/atomic"
)

// Limits of reading several files at once.
const (
	// MaxFiles is how many files can be merged.
	MaxFiles = 512

	mergeBuffers = 32 << 20 // bytes of buffers for all files together
	minReadSize  = 64 << 10
)

// OpenFiles opens several captures as one source, in order of time. Frames of
// equal time come in the order of the names, and those of one file stay in
// the order that they have there, also where its times go back; a frame
// without a time follows the frame before it. Frame.File and Interface.File
// are indexes into names, Frame.Number counts in the frame's own file.
//
// A file with a fault gives its frames up to it while the others go on; the
// faults are the error at the end, joined where there are several.
func OpenFiles(names []string) (Source, error) {
	switch {
	case len(names) == 0:
		return nil, errors.New("read captures: no file given")
	case len(names) == 1:
		return OpenFile(names[0])
	case len(names) > MaxFiles:
		return nil, fmt.Errorf("read captures: %d files are over the limit of %d", len(names), MaxFiles)
	}
	m := &merger{}
	stdin := false
	for _, name := range names {
		if name == "-" && stdin {
			m.Close()
			return nil, errors.New("read captures: standard input is named twice")
		}
		stdin = stdin || name == "-"
		s, err := OpenFile(name)
		if err != nil {
			m.Close()
			return nil, err
		}
		if f, ok := s.(*fileSource); ok {
			f.in.resize(max(minReadSize, min(readSize, mergeBuffers/len(names))))
			f.lookBack = max(minWindow, uint64(MaxWindow/len(names)))
			f.holds = int64(max(minWindow, MaxHeld/len(names)))
			f.asideLimit = MaxAside / len(names)
			f.asideRoom = f.asideLimit
		}
		m.files = append(m.files, &mergeFile{source: s, index: len(m.files), latest: NoTime})
	}
	m.batch = make([]Frame, 0, maxBatch)
	m.heap = make([]*mergeFile, 0, len(m.files))
	m.idle = append(m.idle, m.files...)
	return m, nil
}

// mergeFile is one of the files of a merger.
type mergeFile struct {
	source     Source
	index      int
	frames     []Frame // left of its latest batch
	latest     Stamp   // time of frames[0], or of the last frame before it that has one
	interfaces []int   // where its interfaces stand among all
	names      int     // of its Aside that were taken over
	secrets    int
	sections   int
}

// merger is a Source over several others.
type merger struct {
	files      []*mergeFile
	idle       []*mergeFile // those whose next batch has to be asked for
	heap       []*mergeFile // those with frames, the earliest first
	batch      []Frame
	interfaces []Interface
	aside      Aside
	named      map[netip.Addr]bool // in aside
	faults     []error
	closed     atomic.Bool
}

// Next implements Source.
func (m *merger) Next() ([]Frame, error) {
	for _, f := range m.idle {
		if err := m.refill(f); err != nil && err != io.EOF {
			m.faults = append(m.faults, err)
		}
	}
	m.idle = m.idle[:0]
	if m.closed.Load() {
		return nil, io.EOF
	}
	if len(m.heap) == 0 {
		if len(m.faults) == 1 {
			return nil, m.faults[0]
		}
		if err := errors.Join(m.faults...); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	m.batch = m.batch[:0]
	// Asking a file for more would take its frames away that are in batch,
	// so the batch ends with the first file that has no more.
	for len(m.idle) == 0 && len(m.batch) < cap(m.batch) {
		f := m.heap[0]
		m.batch = append(m.batch, f.frames[0])
		f.frames = f.frames[1:]
		if len(f.frames) == 0 {
			last := len(m.heap) - 1
			m.heap[0] = m.heap[last]
			m.heap = m.heap[:last]
			m.idle = append(m.idle, f)
		} else {
			f.see()
		}
		m.down(0)
	}
	return m.batch, nil
}

// refill asks a file for its next batch.
func (m *merger) refill(f *mergeFile) error {
	frames, err := f.source.Next()
	all := f.source.Interfaces()
	for i := len(f.interfaces); i < len(all); i++ {
		in := all[i]
		in.File = f.index
		f.interfaces = append(f.interfaces, len(m.interfaces))
		m.interfaces = append(m.interfaces, in)
	}
	m.takeAside(f)
	if err != nil {
		return err
	}
	for i := range frames {
		frames[i].File = f.index
		if in := frames[i].Interface; in >= 0 && in < len(f.interfaces) {
			frames[i].Interface = f.interfaces[in]
		}
	}
	f.frames = frames
	f.see()
	m.heap = append(m.heap, f)
	m.up(len(m.heap) - 1)
	return nil
}

// see takes over the time of the file's next frame.
func (f *mergeFile) see() {
	if t := f.frames[0].Time; t.Known() {
		f.latest = t
	}
}

// before orders files by their next frame.
func (f *mergeFile) before(g *mergeFile) bool {
	if f.latest != g.latest {
		return f.latest < g.latest
	}
	return f.index < g.index
}

// up restores the heap's order after a file was put at i.
func (m *merger) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !m.heap[i].before(m.heap[parent]) {
			return
		}
		m.heap[i], m.heap[parent] = m.heap[parent], m.heap[i]
		i = parent
	}
}

// down restores it after the file at i became a later one.
func (m *merger) down(i int) {
	for {
		least, left := i, 2*i+1
		for c := left; c <= left+1 && c < len(m.heap); c++ {
			if m.heap[c].before(m.heap[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

// Interfaces implements Source.
func (m *merger) Interfaces() []Interface { return m.interfaces }

// Stats implements Source.
func (m *merger) Stats() (all Stats) {
	for _, f := range m.files {
		s := f.source.Stats()
		all.Frames += s.Frames
		all.Dropped = satAdd(all.Dropped, s.Dropped)
	}
	return all
}

// Findings implements Source. They are in order of the files.
func (m *merger) Findings() (all []Fault) {
	for _, f := range m.files {
		all = append(all, f.source.Findings()...)
	}
	return all
}

// Names implements Namer. Where files disagree the first one counts.
func (m *merger) Names() map[netip.Addr]string {
	all := make(map[netip.Addr]string)
	for _, f := range m.files {
		n, ok := f.source.(Namer)
		if !ok {
			continue
		}
		for a, name := range n.Names() {
			if _, known := all[a]; !known {
				all[a] = name
			}
		}
	}
	return all
}

// Close implements Source.
func (m *merger) Close() error {
	m.closed.Store(true)
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.source.Close())
	}
	return errors.Join(errs...)
}

var (
	_ Source = (*merger)(nil)
	_ Namer  = (*merger)(nil)
)
