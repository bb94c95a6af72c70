package capture

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"runtime"
	"unicode/utf8"
)

// WriterOptions is what a saved file says about its origin.
type WriterOptions struct {
	Application string // empty is "tcpsee"
	Hardware    string // empty is the processor's architecture
	OS          string // empty is the system's name
	Comment     string // on the whole; empty is none

	// Origin is what the copied file says of itself. Its hardware and system
	// are taken over, its application stands behind ours, and its comments
	// behind the one here.
	Origin Section
}

const (
	writeSize       = 256 << 10 // bytes that are gathered before they are written
	maxOrdered      = 256       // interfaces that are described in the source's order
	maxComment      = maxOption
	sectionNoLength = ^uint64(0)
	nanoResolution  = 9
	maxLinkType     = 1<<16 - 1 // an interface block has 16 bits for it
)

// Writer saves frames as pcapng (draft-ietf-opsawg-pcapng), little-endian,
// with times in nanoseconds. It keeps what a Frame has: bytes, both lengths,
// time or its absence, link type, interface, direction, state of checksums,
// drop count and comments; what an Interface has, and, where it is told, an
// Original's names, secrets, origin and counts. It is not safe for concurrent
// use. After an error it writes nothing more, and returns that error again; a
// regular file, as on a disk that is full, ends with the last block of which
// all was written.
//
// A copy does not keep other options of packets (id, queue, hash, verdict,
// those of other programs), custom and journal blocks of other programs, units
// of time below a nanosecond, further names of an address and which server
// gave them, where one section ends and the next begins, comments of sections
// that begin later, options of names and secrets, and options that the
// specification does not know.
//
// Custom records, tcpsee's own data, are held back until the next frame, and
// become options of its block, for Wireshark would number blocks of their own
// like packets. So a reader gets them just before that frame. A frame without
// a time carries none, and one with a time up to 128 KiB; what is left waits
// for the frame after it. Records of more than 65520 bytes, which no option
// holds, and what comes after the last frame are written at Close, as blocks
// behind all frames. Only where more than 8 MiB would be held back do they
// become blocks between frames, and shift the numbers of those that follow.
type Writer struct {
	w       io.Writer
	o       WriterOptions
	buf     []byte // blocks that wait to be written, and behind them the one being made
	at      int    // where that one begins
	size    int64  // bytes of whole blocks
	begun   bool
	section int // sections written
	ids     map[writerKey]uint32
	lastKey writerKey // of the last frame with a time, and its id where there is one
	lastID  uint32
	hasLast bool
	used    []Interface           // of this section, by id
	from    []writerKey           // what of the source they describe
	snaps   snapLens              // of the source's
	each    []InterfaceCounts     // that the source states
	copied  bool                  // what it does not state is not known
	counts  []uint64              // packets written, by id
	names   map[netip.Addr]string // that wait for the first interface
	secrets []Secrets             // likewise
	aside   int64                 // bytes of names and secrets in size
	held    *heldCustom           // for the next packet; of a RotatingWriter's files the same
	err     error
}

// writerKey is what needs an interface block of its own in a section. Time
// before 1970 does: it takes a negative if_tsoffset.
type writerKey struct {
	index    int
	link     LinkType
	negative bool
}

// beforeEpoch is the if_tsoffset, in seconds, of interfaces with times before
// 1970: the whole range of Stamp lies after it.
const beforeEpoch = -firstSecond

// NewWriter returns a Writer to w. Nothing is written before the first frame
// or Flush.
func NewWriter(w io.Writer, o WriterOptions) *Writer {
	if o.Application == "" {
		o.Application = "tcpsee"
	}
	if o.Hardware == "" {
		o.Hardware = runtime.GOARCH
	}
	if o.OS == "" {
		o.OS = runtime.GOOS
	}
	return &Writer{w: w, o: o, ids: make(map[writerKey]uint32), held: new(heldCustom)}
}

// WriteFrame saves f, which came from a source with these interfaces. An
// interface is described when its first frame is saved, and those before it
// with it, so that numbers stay as they were. A custom record is saved as
// WriteCustom does.
func (w *Writer) WriteFrame(f *Frame, ifaces []Interface) error {
	if f.Record == RecordCustom {
		return w.WriteCustom(f.Data)
	}
	if len(f.Data) > MaxRecord || f.OrigLen < 0 || f.Link > maxLinkType {
		return w.fail(fmt.Errorf("save frame %d: %d bytes of %d with link type %d do not fit into pcapng",
			f.Number, len(f.Data), f.OrigLen, f.Link))
	}
	w.begin()
	if !f.Time.Known() {
		return w.writeSimple(f, ifaces)
	}
	id := w.describe(f, ifaces)
	w.asideDue()
	ts := moment(f.Time, f.Time < 0)
	w.start(blockEnhanced)
	w.put32(id)
	w.put32(uint32(ts >> 32))
	w.put32(uint32(ts))
	w.put32(uint32(len(f.Data)))
	w.put32(length32(f.OrigLen))
	w.putPadded(f.Data)
	w.packetOptions(f)
	w.finish()
	w.counts[id]++
	return w.err
}

// moment is a time in nanoseconds as it stands in a block of an interface, whose
// times may begin before 1970 or not.
func moment(at Stamp, negative bool) uint64 {
	offset := int64(0)
	if negative {
		offset = beforeEpoch
	}
	return uint64(at) - uint64(offset)*1e9 // wraps around to the right sum
}

// packetOptions appends a packet's options.
func (w *Writer) packetOptions(f *Frame) {
	before := len(w.buf)
	for _, c := range f.Comments {
		w.option(optComment, clip(c, maxComment))
	}
	if flags := joinFlags(f.Direction, f.Checksums); flags != 0 {
		w.put16(optFlags)
		w.put16(4)
		w.put32(flags)
	}
	if f.Dropped > 0 {
		w.option64(optDropCount, f.Dropped)
	}
	w.customOptions(before)
	if len(w.buf) > before {
		w.put32(optEnd)
	}
}

// writeSimple saves a frame without a time. A simple packet block is the only
// one without, and belongs to the section's interface 0, whose snap length
// says how much was captured. So where that does not fit a section begins in
// which it does.
func (w *Writer) writeSimple(f *Frame, ifaces []Interface) error {
	captured := f.OrigLen
	fits := false
	if len(w.used) > 0 {
		if snap := w.used[0].SnapLen; snap > 0 { // as it was written
			captured = min(captured, snap)
		}
		id, known := w.ids[keyOf(f)]
		fits = known && id == 0 && captured == len(f.Data)
	}
	if !fits {
		if len(w.used) > 0 {
			w.beginSection()
		}
		in := interfaceOf(f, ifaces)
		in.SnapLen = 0
		if len(f.Data) < f.OrigLen {
			in.SnapLen = len(f.Data)
		}
		if w.section > 1 {
			in.Options = "" // once is enough: there may be a section a frame
		}
		w.addInterface(keyOf(f), in, in.SnapLen)
	}
	w.asideDue()
	w.start(blockSimple)
	w.put32(uint32(f.OrigLen))
	w.putPadded(f.Data)
	w.finish()
	w.counts[0]++
	return w.err
}

// Flush hands everything on to the underlying writer, except for custom data
// that wait for a frame; a file without a frame gets its section header.
func (w *Writer) Flush() error {
	w.begin()
	w.write()
	return w.err
}

// write hands on the blocks that wait.
func (w *Writer) write() {
	if w.err == nil && len(w.buf) > 0 {
		n, err := w.w.Write(w.buf)
		if err == nil && n < len(w.buf) {
			err = io.ErrShortWrite
		}
		if err != nil {
			w.err = fmt.Errorf("save capture: %w", errors.Join(err, CutBack(w.w, n-wholeBlocks(w.buf[:n]))))
		}
	}
	w.buf, w.at = w.buf[:0], 0
}

// wholeBlocks returns how many bytes the blocks have of which b holds all.
func wholeBlocks(b []byte) int {
	whole := 0
	for len(b)-whole >= minBlock {
		size := int(binary.LittleEndian.Uint32(b[whole+4:]))
		if size > len(b)-whole {
			break
		}
		whole += size
	}
	return whole
}

// CutBack takes away the last n bytes that were written to w, where they are the
// last of a regular file, and does nothing elsewhere: of what a full disk let be
// written in part, readers say that it is damaged.
func CutBack(w io.Writer, n int) error {
	f, ok := w.(*os.File)
	if !ok || n == 0 {
		return nil
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return err
	}
	end, err := f.Seek(0, io.SeekCurrent)
	if err != nil || end != st.Size() { // somebody else writes there, too
		return err
	}
	if err = f.Truncate(end - int64(n)); err == nil {
		_, err = f.Seek(-int64(n), io.SeekCurrent)
	}
	return err
}

// Close writes the custom data that are still held back, and flushes. It does
// not close the underlying writer.
func (w *Writer) Close() error {
	w.asideDue()
	w.customBlocks(len(w.held.ends))
	return w.Flush()
}

// Size returns how many bytes the file has so far, without custom data that
// are held back.
func (w *Writer) Size() int64 { return w.size }

// fail keeps the first error.
func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = err
	}
	return err
}

// begin writes the first section header.
func (w *Writer) begin() {
	if !w.begun {
		w.begun = true
		w.beginSection()
	}
}

// beginSection writes a section header (section 4.1). Interfaces count from 0
// again.
func (w *Writer) beginSection() {
	clear(w.ids)
	w.hasLast = false
	w.used, w.from, w.counts = w.used[:0], w.from[:0], w.counts[:0]
	w.section++
	w.start(blockSection)
	w.put32(byteOrderMagic)
	w.put16(1)
	w.put16(0)
	w.put64(sectionNoLength)
	if w.o.Comment != "" {
		w.option(optComment, clip(w.o.Comment, maxComment))
	}
	w.originComments()
	w.option(optHardware, clip(cmp.Or(w.o.Origin.Hardware, w.o.Hardware), maxComment))
	w.option(optOS, clip(cmp.Or(w.o.Origin.OS, w.o.OS), maxComment))
	w.option(optApplication, clip(w.application(), maxComment))
	w.put32(optEnd)
	w.finish()
}

func keyOf(f *Frame) writerKey {
	return writerKey{index: f.Interface, link: f.Link, negative: f.Time.Known() && f.Time < 0}
}

// interfaceOf returns the interface of f as far as it is known.
func interfaceOf(f *Frame, ifaces []Interface) Interface {
	in := Interface{}
	if f.Interface >= 0 && f.Interface < len(ifaces) {
		in = ifaces[f.Interface]
	}
	in.Link = f.Link
	return in
}

// describe returns the id of f's interface in the section, after describing
// it where that has not been done.
func (w *Writer) describe(f *Frame, ifaces []Interface) uint32 {
	key := keyOf(f)
	if !w.hasLast || key != w.lastKey {
		w.lastKey, w.lastID, w.hasLast = key, w.newID(key, f, ifaces), true
	}
	return w.lastID
}

// newID is describe for another interface than that of the frame before.
func (w *Writer) newID(key writerKey, f *Frame, ifaces []Interface) uint32 {
	if id, ok := w.ids[key]; ok {
		return id
	}
	if w.section == 1 && f.Interface < len(ifaces) && len(ifaces) <= maxOrdered {
		w.describeUpTo(f.Interface, ifaces)
	}
	in := interfaceOf(f, ifaces)
	snap := w.snaps.of(in, ifaces)
	if in.Index == 0 && snap < len(f.Data) {
		snap = 0 // the file lies
	}
	return w.addInterface(key, in, snap)
}

// describeUpTo describes the interfaces before the n-th that were not yet.
func (w *Writer) describeUpTo(n int, ifaces []Interface) {
	for i := range n {
		key := writerKey{index: i, link: ifaces[i].Link}
		if _, ok := w.ids[key]; !ok {
			w.addInterface(key, ifaces[i], w.snaps.of(ifaces[i], ifaces))
		}
	}
}

// snapLens counts interfaces by file and snap length.
type snapLens struct {
	looked     int // interfaces that were counted
	file, snap map[int]int
	both       map[[2]int]int
}

// of is the snap length to write: that of the interface, but 0, no limit, for
// those of several files where they differ. tcpdump refuses a file of such, and
// would have read each of them.
func (l *snapLens) of(in Interface, ifaces []Interface) int {
	if in.Index != 0 {
		return in.SnapLen
	}
	if l.both == nil {
		l.file, l.snap, l.both = map[int]int{}, map[int]int{}, map[[2]int]int{}
	}
	for ; l.looked < len(ifaces); l.looked++ {
		x := &ifaces[l.looked]
		l.file[x.File]++
		l.snap[x.SnapLen]++
		l.both[[2]int{x.File, x.SnapLen}]++
	}
	if l.looked-l.file[in.File]-l.snap[in.SnapLen]+l.both[[2]int{in.File, in.SnapLen}] > 0 {
		return 0
	}
	return in.SnapLen
}

// addInterface writes an interface block (section 4.2).
func (w *Writer) addInterface(key writerKey, in Interface, snapLen int) uint32 {
	id := uint32(len(w.used))
	in.SnapLen = snapLen
	w.ids[key] = id
	w.used = append(w.used, in)
	w.from = append(w.from, key)
	w.counts = append(w.counts, 0)
	w.start(blockInterface)
	w.put16(uint16(in.Link))
	w.put16(0)
	w.put32(length32(in.SnapLen))
	if in.Name != "" {
		w.option(optName, clip(in.Name, maxComment))
	}
	if in.Description != "" {
		w.option(optDescription, clip(in.Description, maxComment))
	}
	w.option(optResolution, string([]byte{nanoResolution}))
	if in.FCSLen > 0 && in.FCSLen < 256 {
		w.option(optFCSLen, string([]byte{byte(in.FCSLen)}))
	}
	if key.negative {
		offset := int64(beforeEpoch)
		w.option64(optOffset, uint64(offset))
	}
	w.buf = append(w.buf, in.Options...)
	w.put32(optEnd)
	w.finish()
	return id
}

// start begins a block in buf.
func (w *Writer) start(kind uint32) {
	w.at = len(w.buf)
	w.put32(kind)
	w.put32(0) // the length, which finish knows
}

// finish puts in the lengths, and writes what is there once it is enough.
func (w *Writer) finish() {
	total := uint32(len(w.buf) - w.at + 4)
	binary.LittleEndian.PutUint32(w.buf[w.at+4:], total)
	w.put32(total)
	if w.err != nil {
		w.buf = w.buf[:w.at]
		return
	}
	w.size += int64(total)
	w.at = len(w.buf)
	if len(w.buf) >= writeSize {
		w.write()
	}
}

// length32 is n as the 32 bits for a length say it, or the nearest to it.
func length32(n int) uint32 { return uint32(min(uint64(max(0, n)), math.MaxUint32)) }

func (w *Writer) put16(v uint16) { w.buf = binary.LittleEndian.AppendUint16(w.buf, v) }
func (w *Writer) put32(v uint32) { w.buf = binary.LittleEndian.AppendUint32(w.buf, v) }
func (w *Writer) put64(v uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }

// pad fills up to a multiple of four bytes. Blocks begin at one.
func (w *Writer) pad() {
	for len(w.buf)%4 != 0 {
		w.buf = append(w.buf, 0)
	}
}

func (w *Writer) putPadded(b []byte) {
	w.buf = append(w.buf, b...)
	w.pad()
}

func (w *Writer) option(code uint16, value string) {
	w.put16(code)
	w.put16(uint16(len(value)))
	w.buf = append(w.buf, value...)
	w.pad()
}

func (w *Writer) option64(code uint16, v uint64) {
	w.put16(code)
	w.put16(8)
	w.put64(v)
}

// clip cuts s to n bytes, not within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
