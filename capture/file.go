package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// Limits of the file readers.
const (
	// MaxRecord is the most bytes of one frame that are taken from a file.
	// It is also tcpdump's and Wireshark's limit for almost all link types.
	MaxRecord = 256 << 10

	// MaxFindings is how many findings a source keeps.
	MaxFindings = 100

	// MaxInterfaces is how many interfaces one file may describe.
	MaxInterfaces = 1 << 16

	readSize     = 256 << 10 // bytes asked of a file at a time
	maxBatch     = 512       // frames given out at a time
	headSize     = 16        // bytes that tell what a file is
	minMagic     = 4         // fewer say nothing
	maxEmptyRead = 100       // reads without a byte before giving up
	standardIn   = "standard input"
)

// Namer is a Source that knows names of addresses, from a pcapng file's name
// resolution blocks.
type Namer interface {
	// Names maps addresses to names as far as the file has been read. It
	// must be neither changed nor read while Next runs.
	Names() map[netip.Addr]string
}

// OpenFile opens a capture file: pcap, pcapng, snoop, ERF, iptrace,
// nstrace, Network Monitor's or CommView's, plain or compressed with gzip, zstd
// or lz4, all of which is found out by content. The name "-" is standard input. Nothing is read before the first Next, which
// therefore also reports what is wrong with the beginning of the file. A file
// without a byte in it yields no frame, a finding, and no error.
func OpenFile(name string) (Source, error) {
	if name == "-" {
		return NewReader(standardIn, os.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err // says "open NAME: why"
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("read %s: it is a directory", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s := newFileSource(name, f, readSize)
	s.owned = f
	return s, nil
}

// NewReader reads a capture from r, which may be a pipe that is still being
// written: a frame is given out as soon as its bytes are there. The name is
// for errors. Close does not close r; a Read of r that is waiting then stays
// behind until it returns.
func NewReader(name string, r io.Reader) (Source, error) {
	if r == nil {
		return nil, errors.New("read capture: no reader given")
	}
	return newFileSource(name, r, readSize), nil
}

// format takes records off the front of a stream that it sees from its first
// byte to its last.
type format interface {
	// parse appends the frames whose bytes are all in b to out, until that
	// has no more room; several that one record gives stay together and may
	// be more. It returns how many bytes of b it is done with, which may be
	// more than there are, and how many it needs after those to go on, 0
	// where out is full. last says that no byte follows b.
	parse(b []byte, out []Frame, last bool) (frames []Frame, used, need int, fault *Fault)

	// finish returns what to report at a proper end of the stream, or nil.
	finish() *Fault

	// place is the record that parse stands in and its offset.
	place() (record, offset int64)
}

// logbook is what a file's parser writes down besides frames.
type logbook struct {
	name       string
	number     int64         // of the last frame
	packets    int64         // parsed
	frames     atomic.Uint64 // given out
	dropped    atomic.Uint64
	interfaces []Interface
	names      map[netip.Addr]string
	findings   []Fault
	muffled    bool // MaxFindings was reached
	aside      Aside
	counts     []InterfaceCounts
	countsOf   map[int]int // where an interface's are
	asideLimit int         // bytes of aside
	asideRoom  int         // how many are left
	asideFull  bool
}

// find notes something odd, up to MaxFindings.
func (l *logbook) find(f Fault) {
	switch {
	case len(l.findings) < MaxFindings:
		l.findings = append(l.findings, f)
	case !l.muffled:
		l.muffled = true
		f.Reason, f.Err = "more like the above, not listed", nil
		l.findings = append(l.findings, f)
	}
}

// fault makes a Fault of this file.
func (l *logbook) fault(record, offset int64, format string, args ...any) *Fault {
	return &Fault{File: l.name, Record: record, Frames: l.packets, Offset: offset,
		Reason: fmt.Sprintf(format, args...)}
}

// fileSource is a Source over one stream of bytes.
type fileSource struct {
	logbook
	in       *window
	format   format
	batch    []Frame
	batches  [][]Frame // with Retain: batch is the first of them
	turn     int       // which one is next
	retain   int       // with Retain: buffers of the window
	last     bool      // no byte follows what in holds
	broken   error     // why, where that is not the end of the stream
	expanded *zip      // the decompressor in use, or nil
	lookBack uint64    // most memory that a zstd stream may ask for
	holds    int64     // most bytes of a stream that are held, where it must be read out of order
	file     seekable  // the stream, where it can be sought in; else nil
	base     int64     // where it begins in file
	end      error     // what Next returns from now on
	patient  bool      // waiting for more bytes costs nothing: a regular file, or memory
	owned    io.Closer

	busy   sync.Mutex // held by Next
	closed chan struct{}
	once   sync.Once
}

// newFileSource makes a source whose buffer is size bytes until a record
// needs more.
func newFileSource(name string, r io.Reader, size int) *fileSource {
	s := &fileSource{closed: make(chan struct{}), lookBack: MaxWindow, holds: MaxHeld, batch: make([]Frame, 0, maxBatch)}
	s.name = name
	s.asideLimit, s.asideRoom = MaxAside, MaxAside
	s.patient = neverWaits(r)
	if f, ok := r.(seekable); ok && s.patient {
		if base, err := f.Seek(0, io.SeekCurrent); err == nil {
			s.file, s.base = f, base
		}
	}
	if !s.patient {
		r = newWaker(r, s.closed)
	}
	s.in = newWindow(r, size)
	return s
}

// neverWaits reports whether a read of r returns without another's doing.
func neverWaits(r io.Reader) bool {
	switch r := r.(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return true
	case *os.File:
		info, err := r.Stat()
		return err == nil && info.Mode().IsRegular()
	}
	return false
}

// Next implements Source.
func (s *fileSource) Next() ([]Frame, error) {
	s.busy.Lock()
	defer s.release()
	defer s.busy.Unlock()
	for s.end == nil && !s.isClosed() {
		if s.format == nil {
			s.end = s.begin()
			continue
		}
		frames, used, need, fault := s.format.parse(s.in.bytes(), s.nextBatch(), s.last)
		s.in.advance(used)
		switch {
		case fault != nil && s.broken != nil:
			s.end = s.brokenOff()
		case fault != nil:
			s.end = s.unread(fault)
		}
		if len(frames) > 0 {
			s.count(frames)
			s.given()
			return frames, nil
		}
		if s.end == nil && need > 0 {
			s.end = s.fill(need)
		}
	}
	if s.isClosed() {
		return nil, io.EOF
	}
	return nil, s.end
}

// count adds frames that are about to be given out.
func (s *fileSource) count(frames []Frame) {
	n := uint64(0)
	for i := range frames {
		if frames[i].Record == RecordPacket {
			n++
		}
	}
	s.frames.Add(n)
}

// fill reads more bytes, and returns the source's end where there are none.
func (s *fileSource) fill(need int) error {
	if s.last {
		if s.broken != nil {
			return s.brokenOff()
		}
		if f := s.format.finish(); f != nil {
			return f
		}
		return s.trailing()
	}
	err := s.in.more(need)
	s.last = err != nil
	if err != nil && err != io.EOF {
		s.broken = err
	}
	return nil
}

// brokenOff is the fault of a stream that could not be read to its end.
func (s *fileSource) brokenOff() *Fault {
	record, offset := s.format.place()
	return s.ioFault(record, offset, s.broken)
}

// ioFault words an error of reading or expanding.
func (s *fileSource) ioFault(record, offset int64, err error) *Fault {
	f := s.fault(record, offset, "the file ends in the middle of this record")
	if err != io.ErrUnexpectedEOF {
		f.Reason = fmt.Sprintf("cannot read on after byte %d: %v", s.in.end(), err)
	}
	f.Err = err
	return f
}

// unread adds to the fault of a stream that ends too early what may be the
// reason: that not all of the file could be expanded.
func (s *fileSource) unread(f *Fault) *Fault {
	if s.last && s.expanded != nil && s.expanded.trailing && !s.expanded.padding {
		f.Reason += fmt.Sprintf("; bytes that are no %s data follow and were not read", s.expanded.kind)
	}
	return f
}

// trailing returns the end of a stream that was read whole: io.EOF, or a fault
// where what follows the compressed data is neither compressed nor zeros.
func (s *fileSource) trailing() error {
	if s.expanded == nil || !s.expanded.trailing {
		return io.EOF
	}
	record, _ := s.format.place()
	f := s.fault(record, s.in.end(), "bytes that are not compressed follow the end of the %s data; they were not read", s.expanded.kind)
	if s.expanded.padding {
		f.Reason = fmt.Sprintf("zeros follow the end of the %s data", s.expanded.kind)
		s.find(*f)
		return io.EOF
	}
	return f
}

// begin finds out what the stream is, and returns the source's end where it
// is nothing that can be read.
func (s *fileSource) begin() error {
	if err := s.look(minMagic); err != nil {
		return s.ioFault(0, 0, err)
	}
	head := s.in.bytes()
	if len(head) == 0 {
		s.find(*s.fault(0, 0, "there is nothing in it: no byte, so no frame"))
		return io.EOF
	}
	if kind := compression(head); kind != notCompressed && s.expanded == nil {
		s.expanded = newZip(kind, s.in.rest(), s.lookBack)
		s.readFrom(s.expanded)
		return nil
	}
	if isNetmon(head) {
		return s.beginNetmon()
	}
	if s.format = recognise(&s.logbook, head, s.patient); s.format != nil {
		return nil
	}
	if s.patient {
		_ = s.look(headSize) // a shorter head serves too
	}
	if foreignOf(s.in.bytes()) == nil {
		if s.format = s.guessed(); s.format != nil {
			return nil
		}
	}
	f := s.fault(0, 0, "%s", describe(s.in.bytes(), s.in.err != nil))
	if s.expanded != nil {
		f.Reason = fmt.Sprintf("expanded with %s, %s", s.expanded.kind, f.Reason)
	}
	return f
}

// readFrom has the source read on from r.
func (s *fileSource) readFrom(r io.Reader) {
	s.in = newWindow(r, s.in.step)
	if s.retain > 0 {
		s.in.keep(s.retain)
	}
}

// look reads until n bytes are there or the stream ends.
func (s *fileSource) look(n int) error {
	for len(s.in.bytes()) < n {
		if err := s.in.more(n); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// recognise returns the parser of a stream that begins with head, or nil.
func recognise(l *logbook, head []byte, patient bool) format {
	if len(head) < minMagic {
		return nil
	}
	if isPcapng(head) {
		return newPcapng(l)
	}
	if isSnoop(head) {
		return &snoop{records: records{led: l}}
	}
	if isIptrace(head) {
		return &iptrace{records: records{led: l}}
	}
	if isNstrace(head) {
		return &nstrace{records: records{led: l}}
	}
	if p := newPcap(l, head, patient); p != nil {
		return p
	}
	return nil
}

// Interfaces implements Source.
func (s *fileSource) Interfaces() []Interface { return s.interfaces }

// Names implements Namer.
func (s *fileSource) Names() map[netip.Addr]string { return s.names }

// Stats implements Source.
func (s *fileSource) Stats() Stats {
	return Stats{Frames: s.frames.Load(), Dropped: s.dropped.Load()}
}

// Findings implements Source. It must not be called while Next runs.
func (s *fileSource) Findings() []Fault { return s.findings }

// Close implements Source.
func (s *fileSource) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		if s.owned != nil {
			err = s.owned.Close()
		}
		s.release()
	})
	return err
}

// release lets go of the decompressor of a closed source, unless Next runs,
// which does it then.
func (s *fileSource) release() {
	if s.isClosed() && s.busy.TryLock() {
		if s.expanded != nil {
			s.expanded.close()
		}
		s.in.r = nil // what keeps the file and the decompressor alive
		s.busy.Unlock()
	}
}

func (s *fileSource) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

var (
	_ Source = (*fileSource)(nil)
	_ Namer  = (*fileSource)(nil)
)
