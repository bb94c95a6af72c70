// Package render draws events: as a timeline for people, as a table of
// connections, as data. It computes no protocol facts; what it shows, the
// model knows. Bytes of packets are escaped before they reach any medium.
package render

import (
	"net/netip"
	"strings"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// Renderer takes events in order and writes them.
type Renderer interface {
	// Event draws one event. e is valid during the call only.
	Event(e *conn.Event) error
	// Flush makes everything drawn so far visible. A live source calls it
	// after each batch.
	Flush() error
	// Close draws what stands at the end and flushes. It does not close the
	// writer.
	Close() error
}

// Resizer is a Renderer whose picture takes on another width while it grows.
// What is drawn stays as it is.
type Resizer interface {
	// Resize sets the columns of what is drawn from now on.
	Resize(width int)
}

// Needs is what a Renderer reads of events. What nobody reads need not be made.
type Needs uint8

// The parts of it.
const (
	NeedsSegments  Needs = 1 << iota // events of TypeSegment
	NeedsVerdicts                    // events of TypeVerdict
	NeedsApp                         // Event.App
	NeedsSentences                   // Verdict's texts and evidence
	NeedsDetail                      // Event.Detail; only those that say so read it
	NeedsMeasures                    // Connection.Measures; only those that say so read it
	NeedsAll       = NeedsSegments | NeedsVerdicts | NeedsApp | NeedsSentences
)

// NeedsOf returns what a Renderer reads from now on: it may become less. Those
// that do not say read everything.
func NeedsOf(r Renderer) Needs {
	switch m := r.(type) {
	case interface{ needs() Needs }:
		return m.needs()
	case interface{ Needs() Needs }:
		return m.Needs()
	}
	return NeedsAll
}

// TimeMode is what the time column counts from.
type TimeMode uint8

// The ways to show time.
const (
	TimeStart TimeMode = iota // seconds since the connection's first event
	TimeDelta                 // since the row before
	TimeClock                 // UTC
)

// Format is how a table is written.
type Format uint8

// The formats of a table.
const (
	FormatText Format = iota
	FormatMarkdown
	FormatCSV
)

// MinWidth and DefaultWidth of a picture, in columns.
const (
	MinWidth     = 60
	DefaultWidth = 100
)

// Options of the views. The zero value is plain text, DefaultWidth wide.
type Options struct {
	Width     int
	Color     bool
	ASCII     bool // draw with ASCII characters only
	Live      bool // every row at once; nothing is folded
	Time      TimeMode
	NoPayload bool     // no payload, and of what was read from it the protocol alone
	Absolute  bool     // sequence numbers as on the wire
	Verbose   bool     // a sentence under each row
	Notes     bool     // a sentence in each object of data
	Hex       bool     // layer 7 as hex
	Dump      DumpMode // the bytes of each packet under its row of the timeline
	Checksums bool     // verify checksums: a row says which is bad, data hold what each is
	Full      bool     // fold nothing
	Conn      int64    // only this connection; 0 is all
	Files     []string // names of the files that events count in
	Kept      *Kept    // of ladders and diagrams: what they keep together; nil is each by itself
	Embed     bool     // of a page: the packets as a pcapng file in it
	Format    Format   // of the summary
	Summary   bool     // of NDJSON and JSON: the objects of connections and of the capture alone
	Sort      string   // of the summary: one of SortKeys, "-" before it for the other way round; "" writes rows as they end
	Only      []string // of the summary: connections with one of these of OnlyWords; empty is all
	// Interface names the interface that a frame was captured on; nil or ""
	// where nobody knows.
	Interface func(*capture.Frame) string
	// AddressName is a name that the capture has for an address; nil or ""
	// where it has none.
	AddressName func(netip.Addr) string
	// SavedCall gives a socket call as tcpsee's own data in a pcapng file; nil
	// leaves calls out of an embedded file.
	SavedCall func(*conn.Event) []byte
	// ProcessName names the program that has an address on this machine,
	// "nc[4121]"; nil or "" where nobody knows.
	ProcessName func(netip.AddrPort) string
}

// app is what a segment's layer 7 may be said to be: its protocol alone where
// payloads are left out, for what follows that word is read from them.
func (o *Options) app(e *conn.Event) string {
	if !o.NoPayload {
		return e.App
	}
	protocol, _, _ := strings.Cut(e.App, " ")
	return protocol
}
