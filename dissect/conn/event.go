// Package conn follows TCP connections: it takes packets in order and gives
// events, each of which says what a segment is, what it means in its place,
// and what both ends' states are after it (RFC 9293, section 3.3.2).
//
// An event is final when it is given out. What is learned later stands on a
// later event, or on the connection's own when it ends.
package conn

import (
	"net/netip"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Side is one end of a connection.
type Side uint8

// The ends. The client is the one that sent the first SYN; where none was
// seen it is inferred.
const (
	Client Side = iota
	Server
)

// Other returns the other end.
func (s Side) Other() Side { return 1 - s }

func (s Side) String() string { return [...]string{"client", "server"}[s&1] }

// Kind is what a segment is: the first that fits of RST, SYN-ACK, SYN, FIN,
// DATA, ACK, else OTHER.
type Kind uint8

// The kinds.
const (
	KindOther Kind = iota
	KindSYN
	KindSYNACK
	KindACK
	KindData
	KindFIN
	KindRST
)

func (k Kind) String() string {
	return [...]string{"OTHER", "SYN", "SYN-ACK", "ACK", "DATA", "FIN", "RST"}[k]
}

// KindOf returns the kind of a segment with the given control bits and payload
// length in bytes.
func KindOf(f dissect.Flags, length int) Kind {
	switch {
	case f&dissect.RST != 0:
		return KindRST
	case f.Has(dissect.SYN | dissect.ACK):
		return KindSYNACK
	case f&dissect.SYN != 0:
		return KindSYN
	case f&dissect.FIN != 0:
		return KindFIN
	case length > 0:
		return KindData
	case f&dissect.ACK != 0:
		return KindACK
	}
	return KindOther
}

// State is a connection state of RFC 9293, section 3.3.2, at one end, as far
// as an observer can tell.
type State uint8

// The states. StateUnknown is "?".
const (
	StateUnknown State = iota
	StateClosed
	StateListen
	StateSynSent
	StateSynReceived
	StateEstablished
	StateFinWait1
	StateFinWait2
	StateCloseWait
	StateClosing
	StateLastAck
	StateTimeWait
)

func (s State) String() string {
	return [...]string{"?", "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
		"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"}[s]
}

// Label says what a segment means in its place. A segment has any number.
type Label uint8

// The labels, in the order in which they are printed. What says that a segment
// does not belong here stands before what its number alone would say.
const (
	OutsideWindow Label = iota
	Retransmission
	FastRetransmission
	SpuriousRetransmission
	OutOfOrder
	DupAck
	LostSegment
	AckLostSegment
	ZeroWindow
	ZeroWindowProbe
	ZeroWindowProbeAck
	WindowUpdate
	WindowFull
	KeepAlive
	KeepAliveAck
	PortReuse
	TFOSyn
	TFOAck
	TFOIgnored
	SimultaneousOpen
	Refused
	ChallengeAck
	UnacceptableAck
	DuplicateCapture
	Offloaded
	HalfClose
	TimeWait
	labelCount
)

var labelNames = [labelCount]string{
	"outside-window", "retransmission", "fast-retransmission", "spurious-retransmission", "out-of-order", "dup-ack", "lost-segment",
	"ack-lost-segment", "zero-window", "zero-window-probe", "zero-window-probe-ack", "window-update", "window-full",
	"keep-alive", "keep-alive-ack", "port-reuse", "tfo-syn", "tfo-ack", "tfo-ignored", "simultaneous-open", "refused",
	"challenge-ack", "unacceptable-ack", "duplicate-capture", "offloaded", "half-close", "time-wait",
}

func (l Label) String() string { return labelNames[l] }

// Labels is a set of labels.
type Labels uint32

// With returns the set with l in it.
func (s Labels) With(l Label) Labels { return s | 1<<l }

// Has reports whether l is in the set.
func (s Labels) Has(l Label) bool { return s&(1<<l) != 0 }

// Each calls f with each label of the set, in the order of the constants.
func (s Labels) Each(f func(Label)) {
	for l := Label(0); l < labelCount; l++ {
		if s.Has(l) {
			f(l)
		}
	}
}

// Type says what an event is about.
type Type uint8

// The types of event.
const (
	TypeSegment   Type = iota // a TCP segment
	TypeICMP                  // an ICMP error; Conn is 0 where it quotes no connection that is known
	TypeNeighbour             // ARP or neighbour discovery for an address in play
	TypeDNS                   // a question for the address of an end, or its answer
	TypeName                  // a DNS answer tells names; no row
	TypeCall                  // a socket call of an end that tcpsee drives or traces
	TypeWait                  // nothing has come for a while; Text says what is awaited
	TypeRemark                // what a program that tcpsee stands in for says at this point; Text has it
	TypeVerdict               // a connection has closed at both ends, and is still followed: Connection is filled (Options.Verdicts)
	TypeEnd                   // a connection has left, or the capture has ended: Connection is filled
	TypeCapture               // the capture has ended: Capture is filled
)

// Event is one row. It and what it points to are valid until the Tracker's
// next call.
type Event struct {
	Type       Type
	Conn       int64         // number of the connection, from 1; 0 is none
	Time       capture.Stamp // of the frame, or of the call
	Since      time.Duration // since the capture's first frame with a time
	Delta      time.Duration // since the connection's first event
	SinceFrame time.Duration // since the frame before, whatever that was
	Idle       time.Duration // of a segment: since its connection's segment before; 0 of the first. Below 0 where time goes back
	Frame      int64         // number of the frame; 0 for calls and waits
	File       int           // index of the file that Frame counts in
	Client     netip.AddrPort
	Server     netip.AddrPort

	// The rest up to Packet holds for segments.
	From       Side
	Kind       Kind
	Handshake  bool // this ACK completes the handshake
	Labels     Labels
	DupAckNum  int      // with DupAck: how many in a row, from 1
	States     [2]State // by Side, after the segment
	Before     [2]State // by Side, before it
	Seq, Ack   uint32   // relative to the initial sequence numbers; Ack 0 without the ACK bit
	SeqSeen    bool     // Seq counts from the first number seen, for the SYN was not
	AckSeen    bool     // the same for Ack
	Window     uint32   // scaled where the scale is known, in bytes
	ScaleKnown bool
	WindowWas  uint32           // with WindowUpdate: Window of From's segment before
	Repeats    int              // with FastRetransmission: duplicate ACKs of the other end that were seen before it
	InFlight   uint32           // bytes sent by From and not acknowledged, after the segment
	RTT        time.Duration    // that this segment's ACK shows; 0 is none
	RTO        time.Duration    // since From had sent the same bytes last, of a segment that is sent again; 0 is not known
	OtherISS   bool             // of a SYN-ACK: another one of its sender, with another number, came before
	SentBefore bool             // with OutOfOrder: all its bytes were seen before, so that it was sent again and not overtaken; with KeepAlive: its byte was, and is not acknowledged
	Unseen     bool             // with SpuriousRetransmission: none of its bytes was captured before
	Copied     time.Duration    // with DuplicateCapture: since the same packet was captured before
	Recut      bool             // with DuplicateCapture: what was captured before had the same bytes in segments of another size
	RTTEchoed  bool             // RTT is from the timestamp that the ACK echoes, since what it acknowledges was sent more than once (RFC 7323, section 4)
	IRTT       time.Duration    // of the handshake, SYN to its completing ACK, once known; 0 before
	HalfRTT    [2]time.Duration // SYN to SYN-ACK, SYN-ACK to ACK, as seen here; on the completing ACK; 0 where a SYN-ACK was sent twice unasked

	Inferred   bool            // who is client was inferred
	First      bool            // the connection's first event
	Detail     *Detail         // of TypeSegment, with Options.Detail; else nil
	Packet     *dissect.Packet // the packet of a segment; of an ICMP or neighbour event; nil where a neighbour's came earlier and was too long to keep
	App        string          // layer 7 or 6, as far as this segment shows: `HTTP GET /`, `TLS ClientHello`; else ""
	Call       *Call
	Text       string      // of TypeWait and TypeRemark
	Connection *Connection // of TypeEnd and TypeVerdict
	Capture    *Capture    // of TypeCapture

	ICMP      dissect.ICMP      // of TypeICMP
	ICMPFrom  netip.Addr        // who sent it
	Neighbour dissect.Neighbour // of TypeNeighbour
	DNS       *Lookup           // of TypeDNS and TypeName; never changed, so that it may be kept
}

// SentAgain reports whether a segment carries what its sender had sent before,
// as its label or SentBefore says.
func (e *Event) SentAgain() bool {
	return e.Labels&resendLabels != 0 && !e.Labels.Has(OutsideWindow) || e.SentBefore
}

// SentBytes is how many bytes of payload the segment's sender sent with it: none
// with a copy, which was captured again.
func (e *Event) SentBytes() uint64 {
	if e.Labels.Has(DuplicateCapture) {
		return 0
	}
	return uint64(max(e.Packet.TCP.Len, 0))
}

// Call is a socket call that one end made.
type Call struct {
	Name    string // "connect"
	Phase   Phase
	From    Side
	Args    string         // for people
	Result  string         // for people, of a return: "6", "ECONNREFUSED"
	Error   string         // the error's meaning: "Connection refused"
	Data    []byte         // sent or received
	Local   netip.AddrPort // where known
	Remote  netip.AddrPort // where known
	PID     int
	Program string
	Closing Closing // of a close that came back
	Shared  bool    // of a close: other descriptors of the socket stay open, and nothing is sent

	// Remark makes it no call, but what a program that tcpsee stands in for
	// says at this point. Of the rest only From, Local and Remote hold then.
	Remark string
}

// Closing is what the system knew of a socket right before it was closed, as
// far as it told. Either makes close send RST in place of FIN.
type Closing struct {
	Linger0 bool   // SO_LINGER was on with 0 s: the program wants it so (RFC 9293, section 3.9.1.6: ABORT)
	Unread  uint32 // bytes that had come and that the program had not read (RFC 9293, section 3.6.1)
}

// Phase is whether a call was entered or came back.
type Phase uint8

// The phases. Whole is a call that took no time worth two rows.
const (
	PhaseWhole Phase = iota
	PhaseEntry
	PhaseReturn
)

// Connection is what is known of a connection at its end.
type Connection struct {
	Number       int64
	Client       netip.AddrPort
	Server       netip.AddrPort
	Inferred     bool          // who is client was inferred
	Told         bool          // an event of TypeVerdict has told of it before
	First, Last  capture.Stamp // of the earliest and the latest segment: where time goes back, not of FirstFrame and LastFrame
	FirstFrame   int64
	LastFrame    int64
	File         int // index of the file of FirstFrame
	LastFile     int // and of LastFrame, which may be another
	States       [2]State
	ISS          [2]dissect.Seq // initial send sequence numbers, with ISSKnown
	ISSKnown     [2]bool
	Completeness uint8         // Wireshark's bits: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST
	IRTT         time.Duration // 0 is not known
	HalfRTT      [2]time.Duration
	Segments     [2]uint64 // by sender
	Bytes        [2]uint64 // payload by sender, all that was sent: what was captured twice counts once
	Unique       [2]uint64 // of it, each byte once
	Retransmits  [2]uint64 // segments by sender that carry what it had sent before: with any retransmission label, or with Event.SentBefore
	LabelCounts  [labelCount]uint32
	SYNs         uint32   // SYNs without ACK that the client sent
	Measures     Measures // RTO always, the rest with Options.Measures
	App          string   // layer 7: "HTTP", "TLS", "SSH", "text", "bytes", "" for none
	Verdict      Verdict
}

// completenessBits name the bits of Completeness, the lowest first.
var completenessBits = [...]string{"SYN", "SYN-ACK", "ACK", "data", "FIN", "RST"}

// Captured names the parts of the connection that were captured: the bits of
// Completeness.
func (c *Connection) Captured() []string {
	var names []string
	for i, name := range completenessBits {
		if c.Completeness>>i&1 == 1 {
			names = append(names, name)
		}
	}
	return names
}

// LabelCount returns how many segments had the label.
func (c *Connection) LabelCount(l Label) uint32 { return c.LabelCounts[l] }

// Outcome names a verdict.
type Outcome string

// The outcomes.
const (
	OutcomeClosed      Outcome = "closed"      // both directions, by FIN
	OutcomeReset       Outcome = "reset"       // by RST, after it was established
	OutcomeRefused     Outcome = "refused"     // RST to SYN
	OutcomeNoAnswer    Outcome = "no-answer"   // SYNs, and nothing came back
	OutcomeUnreachable Outcome = "unreachable" // an ICMP error says so
	OutcomeHalfOpen    Outcome = "half-open"   // SYN-ACK came, its ACK did not
	OutcomeHalfClosed  Outcome = "half-closed" // one direction is closed
	OutcomeOpen        Outcome = "open"        // established when the capture ended
	OutcomeStalled     Outcome = "stalled"     // zero window, or data never acknowledged
	OutcomeMidstream   Outcome = "midstream"   // the capture began in the middle and shows no end
)

// Verdict is what became of a connection, why, and what to do.
type Verdict struct {
	Outcome  Outcome
	By       Side    // who closed, reset, refused, with HasBy
	HasBy    bool    //
	Detail   string  // a narrower name: "backlog", "bad-request", "request-incomplete", "" for none
	Text     string  // one sentence: facts, from frames
	Meaning  string  // what it means; may be a guess, then it says so
	NextStep string  // what to try; "" where nothing needs doing
	Evidence []int64 // frames that show it, in the order of time

	// EvidenceFiles are the indexes of the files of these frames, one for each,
	// and EvidenceNames what Text calls those files; both are nil where all of
	// the connection is in Connection.File.
	EvidenceFiles []int
	EvidenceNames []string
}

// Capture is what a capture held, at its end.
type Capture struct {
	Files       []string
	Interfaces  []capture.Interface
	Frames      int64
	Bytes       int64 // on the wire
	Segments    int64
	Connections int64
	NotTCP      int64            // frames with anything else
	Unfollowed  map[string]int64 // why frames were not followed: "link type 147": 3
	LeftOut     map[string]int64 // frames that the command did not ask for, by why: "copies …"; none of them is in the other counts
	Dropped     uint64
	Evicted     int64 // connections written out early because Limits.Connections was reached
	AppRefused  int64 // times that layer 7 was not put together because Limits.AppMemory was reached
	Forgotten   int64 // segments whose acknowledgement was not waited for because there were too many
	First, Last capture.Stamp
	Fault       string   // where and why reading stopped, "" for a clean end
	Findings    []string // what was odd and passed over
	Anonymized  string   // what was changed before anything was looked at; "" where nothing was
}
