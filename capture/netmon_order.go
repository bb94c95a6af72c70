package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxHeld is how many bytes are held of a Network Monitor capture that cannot
// be sought in, a pipe or a compressed file: its table of frames comes last.
// Files that are merged share it.
const MaxHeld = 128 << 20

const (
	netmonPlace = 4 // bytes of a record's offset, which stand before it in what a netmonOrder gives
	netmonEntry = 4 // bytes of the table for each frame
	orderBuffer = 64 << 10
	heldPiece   = 1 << 20
)

// seekable is a file that can be read out of order.
type seekable interface {
	io.ReadSeeker
	io.ReaderAt
}

// netmonOrder gives the records of a Network Monitor capture in the order of
// its table, each after its offset. Where the table is not there, it is the
// order in which they stand.
type netmonOrder struct {
	netmonHead
	file   seekable
	base   int64 // where the capture begins in the file
	size   int64 // of the capture
	table  *bufio.Reader
	left   int64         // bytes that records may still have: no two share any
	in     *bufio.Reader // of the file, at
	at     int64
	place  [netmonPlace]byte
	front  []byte // of place, what is still to be given
	rest   int    // of the record, what is still to be given
	offset int64  // of the record
	next   int64  // of the one behind it
	ended  bool
	why    string // the order came to its end where it should not
	err    error  // of the file
}

// newNetmonOrder returns the order of a capture of size bytes at base. odd says
// what is passed over in it.
func newNetmonOrder(h netmonHead, file seekable, base, size int64) (o *netmonOrder, odd string) {
	o = &netmonOrder{netmonHead: h, file: file, base: base, size: size, left: size, at: -1, next: netmonHeader}
	o.in = bufio.NewReaderSize(file, orderBuffer)
	if h.tableLen%netmonEntry != 0 {
		odd = fmt.Sprintf("a table of frames of %d bytes, which is not a multiple of %d", h.tableLen, netmonEntry)
	}
	if whole := h.tableLen &^ (netmonEntry - 1); h.tableAt >= netmonHeader && h.tableAt+whole <= size {
		o.table = bufio.NewReader(io.NewSectionReader(file, base+h.tableAt, whole))
	}
	return o, odd
}

// Read implements io.Reader. It fills p, for a file never waits.
func (o *netmonOrder) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case len(o.front) > 0:
			k := copy(p[n:], o.front)
			o.front = o.front[k:]
			n += k
		case o.rest > 0:
			k, err := o.in.Read(p[n:min(len(p), n+o.rest)])
			o.rest -= k
			o.at += int64(k)
			n += k
			if err != nil {
				o.rest, o.ended, o.err = 0, true, err
			}
		case o.ended:
			if n > 0 {
				return n, nil
			}
			if o.err != nil {
				return 0, o.err
			}
			return 0, io.EOF
		default:
			o.begin()
		}
	}
	return n, nil
}

// begin goes to the next record, or ends.
func (o *netmonOrder) begin() {
	if !o.locate() {
		o.ended = true
		return
	}
	size, err := o.measure()
	if o.ended = size == 0; o.ended {
		o.err = err
		return
	}
	binary.LittleEndian.PutUint32(o.place[:], uint32(o.offset))
	o.front, o.rest = o.place[:], size
	o.next = o.offset + int64(size)
	o.left -= int64(size)
}

// locate sets the offset of the next record and reports whether there is one.
func (o *netmonOrder) locate() bool {
	if o.table == nil {
		if o.offset = o.next; o.offset < o.size && (o.offset < o.tableAt || o.tableAt < netmonHeader) {
			return true
		}
		o.why = fmt.Sprintf("the file is cut short: its table of frames, %d bytes at byte %d, is not all there; the frames were read in the order in which they stand",
			o.tableLen, o.tableAt)
		return false
	}
	entry, err := o.table.Peek(netmonEntry)
	if err != nil {
		if err != io.EOF {
			o.err = err
		}
		return false
	}
	o.offset = int64(binary.LittleEndian.Uint32(entry))
	_, err = o.table.Discard(netmonEntry)
	return err == nil
}

// measure returns how many bytes the record at offset has, 0 where the order
// ends there.
func (o *netmonOrder) measure() (size int, err error) {
	head := o.recordHeader()
	if o.offset+int64(head) > o.size {
		o.why = fmt.Sprintf("the file is cut short: it has %d bytes, and this record begins at byte %d", o.size, o.offset)
		return 0, nil
	}
	if err = o.seek(); err != nil {
		return 0, err
	}
	b, err := o.in.Peek(head)
	if err != nil {
		return 0, err
	}
	captured, _ := o.lens(b)
	if captured > MaxRecord {
		o.why = fmt.Sprintf("a captured length of %d bytes is over the limit of %d", captured, MaxRecord)
		return 0, nil
	}
	size = head + int(captured) + o.trailer()
	switch end := o.offset + int64(size); {
	case end > o.size:
		o.why = fmt.Sprintf("the file is cut short: of the %d bytes of this record only %d are there", size, o.size-o.offset)
		return 0, nil
	case int64(size) > o.left:
		o.why = "its table of frames has more bytes of records than the file has"
		return 0, nil
	}
	return size, nil
}

// seek goes to offset.
func (o *netmonOrder) seek() error {
	if ahead := o.offset - o.at; o.at >= 0 && ahead >= 0 && ahead <= int64(o.in.Buffered()) {
		_, err := o.in.Discard(int(ahead))
		o.at = o.offset
		return err
	}
	_, err := o.file.Seek(o.base+o.offset, io.SeekStart)
	o.in.Reset(o.file)
	o.at = o.offset
	return err
}

// held is a stream that was read whole, up to a limit. It is not copied to grow.
type held struct {
	pieces [][]byte
	size   int64
}

// hold reads r to its end. full reports that it has more than limit bytes.
func hold(r io.Reader, limit int64) (h *held, full bool, err error) {
	h = &held{}
	for err == nil && h.size <= limit {
		piece := make([]byte, heldPiece)
		var n int
		n, err = io.ReadFull(r, piece)
		h.pieces = append(h.pieces, piece[:n])
		h.size += int64(n)
	}
	if errors.Is(err, io.EOF) || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return h, h.size > limit, err
}

// ReadAt implements io.ReaderAt.
func (h *held) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) && at < h.size {
		k := copy(p[n:], h.pieces[at/heldPiece][at%heldPiece:])
		n += k
		at += int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// beginNetmon finds the frames of a Network Monitor capture, and returns the
// source's end where there are none to be found.
func (s *fileSource) beginNetmon() error {
	if err := s.look(netmonHeader); err != nil {
		return s.ioFault(0, 0, err)
	}
	b := s.in.bytes()
	if len(b) < netmonHeader {
		return s.fault(0, 0, "the file is cut short: of the %d bytes of the file header only %d are there", netmonHeader, len(b))
	}
	h, odd := readNetmonHead(b)
	if odd != "" {
		return s.fault(0, 4, "%s", odd)
	}
	file, size, err := s.sought()
	if err != nil {
		return err
	}
	order, odd := newNetmonOrder(h, file, s.base, size)
	if odd != "" {
		s.find(*s.fault(0, 28, "%s", odd))
	}
	s.readFrom(order)
	s.format = &netmon{records: records{led: &s.logbook, begun: true}, netmonHead: h, order: order}
	return nil
}

// sought returns the stream as a file that can be sought in, and its size; what
// cannot is held. The error is the source's end.
func (s *fileSource) sought() (seekable, int64, error) {
	if s.file != nil && s.expanded == nil {
		end, err := s.file.Seek(0, io.SeekEnd)
		if err != nil {
			return nil, 0, s.ioFault(0, 0, err)
		}
		return s.file, end - s.base, nil
	}
	s.base = 0
	h, full, err := hold(s.in.rest(), s.holds)
	if full {
		return nil, 0, s.fault(0, 0, "more than %d bytes of a Network Monitor capture that cannot be sought in: its table of frames comes last; give it as a file, not compressed", s.holds)
	}
	s.broken = err
	return io.NewSectionReader(h, 0, h.size), h.size, nil
}
