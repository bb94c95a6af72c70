// Package capture turns bytes from an interface, a file or a pipe into
// frames: link-layer packets with a time, a link type and two lengths. What
// comes out of a Source is the same whether it was captured now or years ago.
//
// The formats are the classic pcap file (draft-ietf-opsawg-pcap), pcapng
// (draft-ietf-opsawg-pcapng), snoop (RFC 1761), Endace's ERF, AIX's
// iptrace, Citrix ADC's nstrace, Microsoft Network Monitor's and CommView's
// files and, on Linux, packet(7) sockets.
package capture

import (
	"math"
	"time"
)

// Stamp is a point in time as nanoseconds since 1970-01-01T00:00:00Z. Times
// that a file states outside of that range are clamped to it.
type Stamp int64

// NoTime marks a frame whose file states no time (pcapng's simple packet
// block).
const NoTime Stamp = math.MinInt64

// Known reports whether s is a time at all.
func (s Stamp) Known() bool { return s != NoTime }

// Time returns s in UTC; the zero time where s is not known.
func (s Stamp) Time() time.Time {
	if !s.Known() {
		return time.Time{}
	}
	return time.Unix(0, int64(s)).UTC()
}

// Sub returns s − t, and 0 where either is not known.
func (s Stamp) Sub(t Stamp) time.Duration {
	if !s.Known() || !t.Known() {
		return 0
	}
	return time.Duration(s - t)
}

// StampOf converts a time of the system's clock.
func StampOf(t time.Time) Stamp { return Stamp(t.UnixNano()) }

// Direction is which way a frame went, seen from the capturing host.
type Direction uint8

// The directions. Unknown is what most files say.
const (
	DirectionUnknown Direction = iota
	DirectionIn
	DirectionOut
)

// Checksums is what the capturing system said about a frame's checksums.
type Checksums uint8

// The states of checksums. Unfinished ones are still to be filled in by the
// network card, or never (loopback): they are not wrong.
const (
	ChecksumsUnsaid Checksums = iota
	ChecksumsUnfinished
	ChecksumsVerified
)

// Record says what a Frame holds.
type Record uint8

// The kinds of record. A custom record carries tcpsee's own data (socket
// calls) through a pcapng file. It is no packet, and has neither a frame
// number (Number is 0) nor a time nor an interface (-1). In the file it is an
// option of the packet that it comes before, so that packets have the numbers
// in Wireshark that they had when they were captured. Where no packet could
// carry it, as after the last one, it is a block of its own (see Writer).
const (
	RecordPacket Record = iota
	RecordCustom
)

// Frame is one captured link-layer packet.
type Frame struct {
	Number    int64     // 1-based in its file or live capture, as in Wireshark, which numbers custom blocks, too; 0 for custom records
	Time      Stamp     // NoTime where the file says none
	Data      []byte    // captured bytes, owned by the Source, valid until its next Next
	OrigLen   int       // length on the wire in bytes; at least len(Data) unless the file lies
	Link      LinkType  // how Data begins
	Interface int       // index into Source.Interfaces; -1 where not known
	File      int       // index of the file in a Source of several, else 0
	Record    Record    // packet, or tcpsee's own data
	Direction Direction // seen from the capturing host
	Checksums Checksums // what the capturing system said of them
	Dropped   uint64    // packets that the capture lost just before this one
	Comments  []string  // pcapng comments; owned by the frame
}

// Interface is where frames were captured.
type Interface struct {
	Name        string // "eth0"; empty where a file does not say
	Description string
	Index       int      // the operating system's number; 0 in files
	Link        LinkType // of its frames
	SnapLen     int      // 0 is no limit
	FCSLen      int      // bytes of frame check sequence at the end of its frames, as the file says; else 0
	File        int      // index of the file that has it
	Section     int      // 0-based number of the pcapng section that has it; else 0
	Options     string   // what else a pcapng file says of it, as a little-endian section has it, for a Writer; else empty
}

// Stats counts what a Source has seen so far.
type Stats struct {
	Frames  uint64 // given out
	Dropped uint64 // lost by the kernel or the interface before they could be read
}

// Source yields frames in order.
type Source interface {
	// Next returns the next batch, at least one frame where err is nil. The
	// frames and their data are valid until the following Next or Close. The
	// end is io.EOF. A damaged file gives a *Fault after the frames that
	// could be read. Next waits on live sources; Close wakes it, and it then
	// returns io.EOF.
	Next() ([]Frame, error)

	// Interfaces lists the interfaces seen so far. It may grow while frames
	// are read, and must not be called while Next runs.
	Interfaces() []Interface

	// Stats may be called at any time.
	Stats() Stats

	// Findings lists what was odd and could be passed over, in order.
	Findings() []Fault

	// Close releases the source. It may be called from any goroutine, and
	// more than once.
	Close() error
}
