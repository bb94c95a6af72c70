package capture

import (
	"fmt"
	"strings"
)

// Fault is a place in a capture file where it stops making sense. As the
// error of Source.Next it ends the reading; in Source.Findings it was passed
// over.
type Fault struct {
	File   string // its name as given; "standard input" for -
	Record int64  // 1-based number of the record or block at fault; 0 for the file header
	Frames int64  // frames read before the fault
	Offset int64  // byte offset of that record (in the expanded stream of a compressed file); -1 where there is no file
	Reason string // lower case, no full stop
	Err    error  // the cause, where there is one
}

func (f *Fault) Error() string {
	var b strings.Builder
	if f.File != "" {
		fmt.Fprintf(&b, "%s: ", f.File)
	}
	if f.Offset < 0 {
		return b.String() + f.Reason
	}
	if f.Record > 0 {
		fmt.Fprintf(&b, "record %d ", f.Record)
	} else {
		b.WriteString("file header ")
	}
	fmt.Fprintf(&b, "at byte %d: %s", f.Offset, f.Reason)
	return b.String()
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
