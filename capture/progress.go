package capture

import (
	"io"
	"os"
)

// Measured is a Source that knows how much of its files has been read.
type Measured interface {
	// Progress returns how many bytes of the files have been read, as they
	// are on the disk, and how many there are; 0 and 0 where that is not
	// known. It may be called at any time.
	Progress() (done, size int64)
}

var (
	_ Measured = (*fileSource)(nil)
	_ Measured = (*merger)(nil)
)

// Progress implements Measured. What is read ahead counts as read.
func (s *fileSource) Progress() (done, size int64) {
	f, ok := s.owned.(*os.File)
	if !ok {
		return 0, 0
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, 0
	}
	if done, err = f.Seek(0, io.SeekCurrent); err != nil {
		return 0, 0
	}
	return min(done, info.Size()), info.Size()
}

// Progress implements Measured: the sum of all files, unless one does not
// know.
func (m *merger) Progress() (done, size int64) {
	for _, f := range m.files {
		p, ok := f.source.(Measured)
		if !ok {
			return 0, 0
		}
		d, n := p.Progress()
		if n == 0 {
			return 0, 0
		}
		done, size = done+d, size+n
	}
	return done, size
}
