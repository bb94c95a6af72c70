package capture

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrRotateDone is returned by a RotatingWriter that has written as many
// files as it should: with RotateOptions.Every and Count, but no Size. The
// files are complete.
var ErrRotateDone = errors.New("save capture: all files have been written")

// savedMode is the permission of saved files.
const savedMode = 0o644

// Owner is who saved files are given to.
type Owner struct{ UID, GID int }

// RotateOptions says when the next file is begun, in the manner of tcpdump's
// -C, -G and -W. The zero value writes one file.
type RotateOptions struct {
	// Size is how many bytes a file may have before the next is begun, beside
	// names and secrets, which each has; 0 is no limit. A file has at least
	// one frame. The files are NAME, NAME1, NAME2, …
	Size int64

	// Every is how much time of the frames' own clock a file covers; 0 is no
	// limit. The conversions of strftime(3) in the name (%Y %y %m %b %d %a %j
	// %H %M %S %F %T %z %Z %s %%) give the time at which the span of the file's
	// frames begins. Where a name comes again a number is appended.
	Every time.Duration

	// Count, where not 0, bounds the number of files. With Size they form a
	// ring, NAME0, NAME1, …, with zeros in front to equal width, of which the
	// oldest is overwritten; with both Size and Every each span of time has
	// its ring, where its name is another one than that of the span before. With
	// Every alone ErrRotateDone comes after the last.
	Count int

	// Location is where the times in names are told; nil is UTC.
	Location *time.Location

	// Owner, where not nil, is given each file as it is made.
	Owner *Owner

	// InUse are files that are read or written besides. To make one of them
	// anew fails with ErrInUse: what is in it would be lost.
	InUse []os.FileInfo

	// Writer is for each file.
	Writer WriterOptions
}

// RotatingWriter saves frames in one or more files, each of which is complete
// in itself: names and secrets that one has stand in those after it, too.
// Custom data go into the file of the frame that they wait for, as Writer says,
// or at Close into the last. It is not safe for concurrent use.
type RotatingWriter struct {
	name  string
	o     RotateOptions
	file  *os.File
	out   *Writer
	held  heldCustom // of all files' writers
	names map[netip.Addr]string
	keys  []Secrets
	used  map[string]bool // names that were written
	spans int             // spans of time begun
	part  int             // files begun in this span, or in its ring
	ring  string          // name of the ring; "" where there is none
	begun int             // files begun in all
	from  Stamp           // beginning of the span; NoTime before the first frame with a time
	all   uint64          // frames in this file
	end   error           // why nothing more is written: ErrRotateDone, or what has failed
	files []string
}

// maxSaved bounds how many names of written files are kept, to tell whether
// one comes again and for Files.
const maxSaved = 1 << 16

// ErrInUse is why a file is not made anew.
var ErrInUse = errors.New("it is read or written already, and would be lost")

// CheckUnused returns an error that wraps ErrInUse where path is one of the
// files, by this name or another, and no device.
func CheckUnused(path string, inUse []os.FileInfo) error {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return nil
	}
	for _, f := range inUse {
		if os.SameFile(st, f) {
			return fmt.Errorf("%s: %w", path, ErrInUse)
		}
	}
	return nil
}

// NewRotatingWriter makes the first file, or, where its name needs the time of
// the first frame, checks that it can be. The name "-" is standard output,
// which does not rotate.
func NewRotatingWriter(name string, o RotateOptions) (*RotatingWriter, error) {
	switch {
	case name == "":
		return nil, errors.New("save capture: no file name given")
	case o.Size < 0 || o.Every < 0 || o.Count < 0:
		return nil, errors.New("save capture: sizes, times and counts of rotation cannot be negative")
	case name == "-" && (o.Size > 0 || o.Every > 0):
		return nil, errors.New("save capture: standard output cannot rotate: give a file name")
	case o.Count > 0 && o.Size == 0 && o.Every == 0:
		return nil, errors.New("save capture: a count of files needs a size or a time to begin the next at")
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	r := &RotatingWriter{name: name, o: o, from: NoTime, used: make(map[string]bool)}
	if o.Every > 0 && strings.Contains(name, "%") {
		return r, nil
	}
	return r, r.open()
}

// WriteFrame saves f, in the next file where it is due.
func (r *RotatingWriter) WriteFrame(f *Frame, ifaces []Interface) error {
	if f.Record == RecordCustom {
		return r.WriteCustom(f.Data)
	}
	if err := r.turn(f.Time); err != nil {
		return err
	}
	r.all++
	return r.out.WriteFrame(f, ifaces)
}

// WriteCustom saves tcpsee's own data in the file that gets the next frame.
func (r *RotatingWriter) WriteCustom(data []byte) error {
	if err := checkCustom(data); err != nil {
		return err
	}
	switch {
	case r.end != nil:
		return r.end
	case !r.held.fits(data):
		if err := r.turn(NoTime); err != nil {
			return err
		}
	case r.out == nil: // the first frame's time is in the file's name
		r.held.add(data)
		return nil
	}
	return r.out.WriteCustom(data)
}

// WriteNames saves names in the file that is being written and those to come.
func (r *RotatingWriter) WriteNames(names map[netip.Addr]string) error {
	if r.end != nil {
		return r.end
	}
	if r.names == nil {
		r.names = make(map[netip.Addr]string)
	}
	maps.Copy(r.names, names)
	if r.out == nil { // the first frame's time is in the file's name
		return nil
	}
	return r.out.WriteNames(names)
}

// WriteSecrets saves secrets in the file that is being written and those to
// come.
func (r *RotatingWriter) WriteSecrets(s Secrets) error {
	if err := checkSecrets(s); err != nil {
		return err
	}
	if r.end != nil {
		return r.end
	}
	r.keys = append(r.keys, s)
	if r.out == nil {
		return nil
	}
	return r.out.WriteSecrets(s)
}

// SetOrigin says what the source says of itself; see Writer.
func (r *RotatingWriter) SetOrigin(s Section) {
	r.o.Writer.Origin = s
	if r.out != nil {
		r.out.SetOrigin(s)
	}
}

// SetCounts completes the file that is being written; see Writer.
func (r *RotatingWriter) SetCounts(each []InterfaceCounts, ifaces []Interface) error {
	if err := r.current(); err != nil {
		return err
	}
	return r.out.SetCounts(each, ifaces)
}

// WriteStatistics saves statistics in the file that is being written.
func (r *RotatingWriter) WriteStatistics(s Stats) error {
	if err := r.current(); err != nil {
		return err
	}
	return r.out.WriteStatistics(s)
}

// Flush hands everything on to the system.
func (r *RotatingWriter) Flush() error {
	if r.out == nil {
		return nil
	}
	return r.out.Flush()
}

// Close completes the file that is being written. Where none was begun, one
// is, without frames.
func (r *RotatingWriter) Close() error {
	switch {
	case errors.Is(r.end, ErrRotateDone):
		return nil
	case r.end != nil:
		return r.end
	case r.out == nil:
		if err := r.open(); err != nil {
			return err
		}
	}
	if err := r.shut(true); err != nil {
		return err
	}
	r.end = ErrRotateDone
	return nil
}

// Files lists the files written so far, in order; those of a ring once.
func (r *RotatingWriter) Files() []string { return r.files }

// current begins a file where none is being written.
func (r *RotatingWriter) current() error {
	switch {
	case r.end != nil:
		return r.end
	case r.out == nil:
		return r.open()
	}
	return nil
}

// turn begins the next file where one is due for a frame of time t.
func (r *RotatingWriter) turn(t Stamp) error {
	if r.end != nil {
		return r.end
	}
	if r.o.Every > 0 && t.Known() {
		switch {
		case !r.from.Known():
			r.from = t
		case t.Sub(r.from) >= r.o.Every:
			return r.nextSpan(t)
		}
	}
	if r.out != nil && r.o.Size > 0 && r.all > 0 && r.out.size-r.out.aside > r.o.Size {
		if err := r.shut(false); err != nil {
			return err
		}
		r.part++
	}
	return r.current()
}

// nextSpan begins a file for the span of time that t lies in. Spans follow
// each other without gaps; those without a frame get no file.
func (r *RotatingWriter) nextSpan(t Stamp) error {
	r.spans++
	done := r.o.Count > 0 && r.o.Size == 0 && r.spans >= r.o.Count
	if err := r.shut(done); err != nil {
		return err
	}
	if done {
		r.end = ErrRotateDone
		return r.end
	}
	r.from += Stamp(t.Sub(r.from) / r.o.Every * r.o.Every)
	r.part++ // in a ring, whose name the span may change
	if r.o.Size == 0 || r.o.Count == 0 {
		r.part = 0
	}
	return r.open()
}

// open makes the next file.
func (r *RotatingWriter) open() error {
	if r.name == "-" {
		r.file, r.out = nil, r.writer(os.Stdout)
		return nil
	}
	path := r.next()
	if err := CheckUnused(path, r.o.InUse); err != nil {
		return r.fail(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, savedMode)
	if err != nil {
		return r.fail(err)
	}
	if o := r.o.Owner; o != nil {
		if err := f.Chown(o.UID, o.GID); err != nil {
			return r.fail(errors.Join(err, f.Close()))
		}
	}
	if !r.used[path] && len(r.used) < maxSaved {
		r.used[path] = true
		r.files = append(r.files, path)
	}
	r.begun++
	r.file, r.all = f, 0
	r.out = r.writer(f)
	return nil
}

// fail keeps why a file could not be made or completed: to begin the next one
// could cost an older one, and help nothing.
func (r *RotatingWriter) fail(err error) error {
	r.end = fmt.Errorf("save capture: %w", err)
	return r.end
}

// writer returns a Writer to w that takes over what custom data are held back,
// and the names and secrets so far.
func (r *RotatingWriter) writer(w io.Writer) *Writer {
	out := NewWriter(w, r.o.Writer)
	out.held = &r.held
	out.names, out.secrets = maps.Clone(r.names), slices.Clone(r.keys)
	return out
}

// shut completes the file that is being written. Custom data that are held
// back wait for the next file, where there is one, unless they came before a
// frame of this one.
func (r *RotatingWriter) shut(last bool) error {
	if r.out == nil {
		return nil
	}
	n := r.held.settled
	if last {
		n = len(r.held.ends)
	}
	r.out.asideDue()
	r.out.customBlocks(n)
	r.end = r.out.Flush()
	if r.file != nil {
		if err := r.file.Close(); err != nil && r.end == nil {
			r.fail(err)
		}
	}
	r.file, r.out = nil, nil
	return r.end
}

// next returns the name of the next file.
func (r *RotatingWriter) next() string {
	name := r.name
	if r.o.Every > 0 {
		when := time.Unix(0, 0)
		if r.from.Known() {
			when = r.from.Time()
		}
		name = expandTime(name, when.In(r.o.Location))
	}
	if r.o.Size > 0 && r.o.Count > 0 {
		if name != r.ring {
			r.ring, r.part = name, 0
		}
		width := len(strconv.Itoa(r.o.Count - 1))
		return fmt.Sprintf("%s%0*d", name, width, r.part%r.o.Count)
	}
	path := name
	if r.part > 0 {
		path += strconv.Itoa(r.part)
	}
	for n := r.begun; r.used[path]; n++ {
		path = name + strconv.Itoa(n)
	}
	return path
}

// expandTime replaces strftime's conversions that make sense in a file name.
// Others stay as they are.
func expandTime(name string, t time.Time) string {
	layouts := map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05",
		'j': "002", 'F': "2006-01-02", 'T': "15:04:05", 'y': "06", 'b': "Jan", 'a': "Mon", 'z': "-0700", 'Z': "MST"}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		switch layout, ok := layouts[name[i]]; {
		case ok:
			b.WriteString(t.Format(layout))
		case name[i] == 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case name[i] == '%':
			b.WriteByte('%')
		default:
			b.WriteString(name[i-1 : i+1])
		}
	}
	return b.String()
}

// FrameWriter is what Writer and RotatingWriter have in common.
type FrameWriter interface {
	WriteFrame(f *Frame, ifaces []Interface) error
	WriteCustom(data []byte) error
	WriteNames(names map[netip.Addr]string) error
	WriteSecrets(s Secrets) error
	SetOrigin(s Section)
	SetCounts(each []InterfaceCounts, ifaces []Interface) error
	WriteStatistics(s Stats) error
	Flush() error
	io.Closer
}

var (
	_ FrameWriter = (*Writer)(nil)
	_ FrameWriter = (*RotatingWriter)(nil)
)
