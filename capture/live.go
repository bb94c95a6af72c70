package capture

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits and defaults of live capture, in bytes unless said otherwise.
const (
	// MaxSnapLen is the most of a frame that is kept, and what SnapLen 0
	// means. It is tcpdump's default, and more than any frame but BIG TCP's.
	MaxSnapLen = 256 << 10

	// DefaultBufferBytes is the kernel's buffer where LiveOptions names none.
	DefaultBufferBytes = 16 << 20

	// MinBufferBytes and MaxBufferBytes are what LiveOptions.BufferBytes is
	// raised or lowered to.
	MinBufferBytes = 8 << 10
	MaxBufferBytes = 1 << 30

	// MaxFilterLen is the most instructions that a filter may have. The
	// kernel takes 4096 (BPF_MAXINSNS); a few are kept for our own use.
	MaxFilterLen = 4096 - 16
)

// AnyInterface is the name that stands for all interfaces.
const AnyInterface = "any"

// Instruction is one instruction of a classic BPF program, as struct
// sock_filter of Linux and struct bpf_insn of the BSDs have it.
type Instruction struct {
	Op     uint16 // operation code
	Jt, Jf uint8  // instructions to skip, where true and where false
	K      uint32 // constant
}

// LiveOptions says what to capture.
type LiveOptions struct {
	Interface   string        // "" or "any" is all of them
	Filter      []Instruction // nil lets everything through
	SnapLen     int           // bytes to keep of a frame; 0 is MaxSnapLen
	Promiscuous bool          // frames for other hosts too; ignored for all interfaces
	BufferBytes int           // the kernel's buffer; 0 is DefaultBufferBytes
}

// all reports whether o asks for all interfaces.
func (o LiveOptions) all() bool { return o.Interface == "" || o.Interface == AnyInterface }

// snapLen returns the bytes to keep of a frame.
func (o LiveOptions) snapLen() int {
	if o.SnapLen <= 0 || o.SnapLen > MaxSnapLen {
		return MaxSnapLen
	}
	return o.SnapLen
}

// bufferBytes returns the size that the kernel's buffer should have.
func (o LiveOptions) bufferBytes() int {
	if o.BufferBytes == 0 {
		return DefaultBufferBytes
	}
	return min(max(o.BufferBytes, MinBufferBytes), MaxBufferBytes)
}

// ErrInterfaceGone is what Live.Next ends with when the interface that it
// captures on is removed. The frames before that were all given out.
var ErrInterfaceGone = errors.New("the interface is gone")

// ErrNoLiveCapture is what OpenLive's error wraps on systems whose way of
// capturing is not built in.
var ErrNoLiveCapture = errors.New("live capture is not available on this system")

// PermissionError says that the system does not allow to capture.
type PermissionError struct {
	Op      string // what was tried, "capture on eth0"
	Missing string // what it takes, "root or the capability CAP_NET_RAW"
	Hint    string // what the user can do
	Err     error  // what the system said
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s: not permitted: it takes %s", e.Op, e.Missing)
}

// Unwrap returns what the system said.
func (e *PermissionError) Unwrap() error { return e.Err }

// UnknownInterfaceError says that an interface is not there, and which are.
type UnknownInterfaceError struct {
	Name string
	Have []string // names of those that are there
}

func (e *UnknownInterfaceError) Error() string {
	s := fmt.Sprintf("no interface %q", e.Name)
	if len(e.Have) > 0 {
		s += ": there are " + strings.Join(e.Have, ", ")
	}
	return s
}

// findInterface returns the interface of that name.
func findInterface(name string) (InterfaceInfo, error) {
	all, err := Interfaces()
	if err != nil {
		return InterfaceInfo{}, err
	}
	have := make([]string, 0, len(all)+1)
	for _, i := range all {
		if i.Name == name {
			return i, nil
		}
		have = append(have, i.Name)
	}
	return InterfaceInfo{}, &UnknownInterfaceError{Name: name, Have: have}
}

// checkFilter refuses programs that no kernel would take.
func checkFilter(prog []Instruction) error {
	if len(prog) > MaxFilterLen {
		return fmt.Errorf("filter of %d instructions: at most %d are possible", len(prog), MaxFilterLen)
	}
	if prog != nil && len(prog) == 0 {
		return errors.New("filter without instructions")
	}
	return nil
}

// The parts of an operation code that live capture looks at.
const (
	opClassMask = 0x07
	opClassLd   = 0x00
	opClassLdx  = 0x01
	opClassJmp  = 0x05
	opClassRet  = 0x06
	opSizeMask  = 0x18
	opModeMask  = 0xe0
	opModeAbs   = 0x20
	opModeInd   = 0x40
	opModeMsh   = 0xa0
	opJumpMask  = 0xf0
	opJumpJa    = 0x00
	opRetMask   = 0x18
	opRetK      = 0x00
)

// cutTo returns prog with its constant results lowered to snap bytes; a
// program that keeps everything where prog is nil.
func cutTo(prog []Instruction, snap int) []Instruction {
	if prog == nil {
		return []Instruction{{Op: opClassRet, K: uint32(snap)}}
	}
	out := make([]Instruction, len(prog))
	for i, in := range prog {
		if in.Op&opClassMask == opClassRet && in.Op&opRetMask == opRetK {
			in.K = min(in.K, uint32(snap))
		}
		out[i] = in
	}
	return out
}

// The contract that Live keeps on every system.
var _ interface {
	Lender
	SetFilter([]Instruction) error
	SetSnapLen(int) error
	SetDeadline(time.Time) error
	SetPatience(time.Duration)
	Method() string
} = (*Live)(nil)
