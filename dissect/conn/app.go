package conn

import (
	"tcpsee/capture"
	"tcpsee/dissect"
)

// Limits of layer 7 and 6.
const (
	appBufferLimit = 16 << 10 // bytes put aside for one direction
	appTextLimit   = 120      // bytes of a description or of a line as typed
	// DefaultAppMemory is how many bytes layer 7 may put aside over all
	// connections.
	DefaultAppMemory = 64 << 20
)

// app reads layer 7, or 6, of one connection. The Tracker makes one when the
// first byte of payload shows up, and drives it so:
//
//	a := newApp(budget, serverPort)           // at the connection's first payload
//	a.begin(side, iss+1)                      // for each end whose SYN was seen; else the first segment begins
//	text := a.segment(side, seq, payload, length, frame, time)  // each segment with length > 0, in any order
//	a.acked(side, ack)                        // side's bytes before ack have arrived: holes in them stay holes
//	a.fin(side)                               // FIN at the end of what side sent
//	f.app = a.facts()                         // before judge
//	a.release()                               // when the connection leaves; gives memory back
//
// segment leaves out what it has had before, and puts aside what comes too
// early, up to appBufferLimit; what it returns is Event.App.
// length is TCP.Len, payload may be shorter (snap length).
// With budget.Quiet it returns "" and allocates no text: for views that show
// no rows.
type app struct{}

// appBudget is what all apps of a Tracker may put aside together. Its zero
// value has DefaultAppMemory.
type appBudget struct {
	Limit   int  // bytes; 0 is DefaultAppMemory
	Quiet   bool // make no descriptions
	used    int
	refused uint64 // directions that were given up for want of memory
}

// newApp returns an app. serverPort helps to tell protocols whose bytes do not
// say what they are (DNS, FTP against SMTP).
func newApp(b *appBudget, serverPort uint16) *app { return &app{} }

// begin says which sequence number side's first byte has.
func (a *app) begin(side Side, seq dissect.Seq) {}

// segment takes a segment's payload and says what it shows, in at most
// appTextLimit bytes: `HTTP GET / HTTP/1.1`, `TLS ClientHello (example.org)`,
// `text`. The bytes in it are those of the packet, not escaped.
func (a *app) segment(side Side, seq dissect.Seq, payload []byte, length int, frame int64, at capture.Stamp) string {
	return ""
}

// acked says that the other end has side's bytes before ack.
func (a *app) acked(side Side, ack dissect.Seq) {}

// fin says that side has sent FIN.
func (a *app) fin(side Side) {}

// name is Connection.App: "HTTP", "TLS", "SSH", "text", "bytes" …
func (a *app) name() string { return "" }

// facts is what judge needs of layer 7.
func (a *app) facts() appFacts { return appFacts{} }

// release gives back what was put aside.
func (a *app) release() {}

// appFacts is what layer 7 tells a verdict. The tracker fills facts.app with
// app.facts; it is the zero value where no payload was seen.
type appFacts struct{}
