package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Limits of compressed files. They keep a small file from costing a large
// amount of memory or time.
const (
	// MaxExpansion is how many bytes one compressed file may expand to.
	MaxExpansion = 64 << 30

	// MaxRatio is how many times its size a file may expand to, once it has
	// given MaxRatioFree bytes. Deflate reaches 1032.
	MaxRatio     = 4096
	MaxRatioFree = 256 << 20

	// MaxWindow is the most memory that a zstd stream may ask for to look
	// back in. It covers zstd --ultra -22 and --long=27. Files that are
	// merged share it, but get minWindow each, which covers zstd -19.
	MaxWindow = 128 << 20

	minWindow = 8 << 20
	zipBuffer = 64 << 10
)

// zipKind is a way of compressing.
type zipKind uint8

const (
	notCompressed zipKind = iota
	gzipped
	zstandard
	lz4ed
	skippable // a frame without data, which zstd and lz4 have in common
)

func (k zipKind) String() string {
	return [...]string{"uncompressed", "gzip", "zstd", "lz4", "zstd or lz4"}[k]
}

// compression says how a stream is compressed that begins with head, of which
// four bytes are looked at (RFC 1952, section 2.3.1; RFC 8878, sections 3.1.1
// and 3.1.2; lz4_Frame_format.md, "General Structure", "Skippable Frames" and
// "Legacy frame").
func compression(head []byte) zipKind {
	switch {
	case len(head) < minMagic:
		return notCompressed
	case head[0] == 0x1f && head[1] == 0x8b:
		return gzipped
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstandard
	case head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}):
		return skippable // pzstd begins with one
	case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}), bytes.HasPrefix(head, []byte{0x02, 0x21, 0x4c, 0x18}):
		return lz4ed
	}
	return notCompressed
}

// zip expands a stream of one or more compressed members. A Read gives what
// can be expanded from what has arrived, and waits only where that is nothing.
type zip struct {
	kind     zipKind // of the member being read
	window   uint64
	raw      metered
	src      *bufio.Reader
	member   io.ReadCloser // nil between members
	out      int64         // bytes given
	trailing bool          // something that is not compressed follows the last member
	padding  bool          // and that is zeros
}

// newZip expands r. A zstd stream may ask for window bytes to look back in.
func newZip(kind zipKind, r io.Reader, window uint64) *zip {
	z := &zip{kind: kind, window: window, raw: metered{r: r}}
	z.src = bufio.NewReaderSize(&z.raw, zipBuffer)
	return z
}

// Read implements io.Reader.
func (z *zip) Read(p []byte) (n int, err error) {
	// The expanders are not ours, and what they read is hostile.
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("the %s data made its decoder fail: %v", z.kind, r)
		}
	}()
	for {
		for z.member == nil {
			if err := z.open(); err != nil {
				return 0, err
			}
		}
		n, err := z.member.Read(p)
		z.out += int64(n)
		if tooMuch := z.check(); tooMuch != nil {
			return 0, tooMuch
		}
		if err != io.EOF {
			return n, z.word(err)
		}
		z.close()
		if n > 0 {
			return n, nil
		}
	}
}

// open begins the next member, or passes over a frame without data. Its error
// is io.EOF where there is nothing more.
func (z *zip) open() error {
	head, err := z.src.Peek(minMagic)
	if len(head) == 0 {
		return err
	}
	kind := compression(head)
	if kind == notCompressed {
		z.trailing, z.padding = true, isZero(head)
		return io.EOF
	}
	z.kind = kind
	switch kind {
	case gzipped:
		var g *gzip.Reader
		if g, err = gzip.NewReader(z.src); err == nil {
			g.Multistream(false)
			z.member = g
		}
	case zstandard:
		z.member, err = newZstd(z.src, z.window)
	case lz4ed:
		z.member = newLz4(z.src)
	case skippable:
		err = z.skip()
	}
	return z.word(err)
}

// skip passes over a skippable frame: a magic number, the length of what it
// holds, and that (RFC 8878, section 3.1.2).
func (z *zip) skip() error {
	var head [8]byte
	if _, err := io.ReadFull(z.src, head[:]); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	if _, err := io.CopyN(io.Discard, z.src, n); err == io.EOF {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	return nil
}

// isZero reports whether b is what tapes and some programs fill up with.
func isZero(b []byte) bool {
	return len(bytes.Trim(b, "\x00")) == 0
}

// close lets go of the member being read.
func (z *zip) close() {
	if z.member != nil {
		_ = z.member.Close() // says again what Read said
		z.member = nil
	}
}

// check holds the limits.
func (z *zip) check() error {
	if z.out > MaxExpansion {
		return fmt.Errorf("it expands to more than %d bytes: expand it with %s -d first", int64(MaxExpansion), z.kind)
	}
	if z.out > MaxRatioFree && z.out/MaxRatio > z.raw.n {
		return fmt.Errorf("it expands to more than %d times its size: expand it with %s -d first", MaxRatio, z.kind)
	}
	return nil
}

// word turns an expander's error into one that says what is wrong.
func (z *zip) word(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case z.out > 0 && (errors.Is(err, zstd.ErrMagicMismatch) || errors.Is(err, lz4.ErrInvalidFrame)):
		z.trailing = true
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &zipError{fmt.Sprintf("the %s data are cut short", z.kind), err}
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &zipError{fmt.Sprintf("the zstd data ask for a window of more than %d MiB: expand them with zstd -d --long=31 first",
			z.window>>20), err}
	}
	return &zipError{fmt.Sprintf("the %s data are damaged: %v", z.kind, err), err}
}

// zipError keeps an expander's error under our words.
type zipError struct {
	text string
	err  error
}

func (e *zipError) Error() string { return e.text }
func (e *zipError) Unwrap() error { return e.err }

// metered counts the bytes read of r.
type metered struct {
	r io.Reader
	n int64
}

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// newZstd expands all zstd frames of r, in the caller's goroutine.
func newZstd(r io.Reader, window uint64) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(MaxExpansion))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// lz4Reader gives out each block as soon as it is expanded. The library's
// own Read waits until its buffer is full, which a live pipe may never do;
// its WriteTo does not, so that runs as a coroutine.
type lz4Reader struct {
	next  func() ([]byte, error, bool)
	stop  func()
	block []byte // what is left of the latest
}

func newLz4(r io.Reader) *lz4Reader {
	next, stop := iter.Pull2(func(yield func([]byte, error) bool) {
		_, err := lz4.NewReader(r).WriteTo(yielder(yield))
		if err == nil {
			err = io.EOF
		}
		if err != errStopped {
			yield(nil, err)
		}
	})
	return &lz4Reader{next: next, stop: stop}
}

// Read implements io.Reader.
func (l *lz4Reader) Read(p []byte) (int, error) {
	for len(l.block) == 0 {
		block, err, ok := l.next()
		if !ok {
			return 0, io.EOF
		}
		if err != nil {
			l.stop()
			return 0, err
		}
		l.block = block
	}
	n := copy(p, l.block)
	l.block = l.block[n:]
	return n, nil
}

// Close ends the coroutine.
func (l *lz4Reader) Close() error {
	l.stop()
	return nil
}

// yielder is an io.Writer that hands what is written to an iterator's loop.
type yielder func([]byte, error) bool

var errStopped = errors.New("stopped")

func (y yielder) Write(p []byte) (int, error) {
	if !y(p, nil) {
		return 0, errStopped
	}
	return len(p), nil
}
