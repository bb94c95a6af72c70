package conn

import "tcpsee/dissect"

// Limits of layer 7 and 6.
const (
	appBufferLimit = 16 << 10 // bytes put aside for one direction
	appTypedLimit  = 2 << 10  // of them, for text that may turn out to be a request typed wrongly
	appTextLimit   = 120      // bytes of a description or of a line as typed
	appSample      = 64       // bytes looked at to tell text from other bytes
	appNotes       = 4        // things told about one segment
	appFarAhead    = 16 << 20 // a segment this far ahead of the stream is none of it
	heldCost       = 48       // bytes that a segment put aside takes besides its payload
	// DefaultAppMemory is how many bytes layer 7 may put aside over all
	// connections.
	DefaultAppMemory = 64 << 20
)

// app reads layer 7, or 6, of one connection. The Tracker makes one when the
// first byte of payload shows up, and drives it so:
//
//	a := newApp(budget, serverPort)     // at the connection's first payload
//	a.begin(side, iss+1)                // for each end whose SYN was seen; else the first segment begins
//	text := a.segment(side, seq, payload, length, frame)  // each segment with length > 0, in any order
//	a.acked(side, ack)                  // side's bytes before ack have arrived: holes in them stay holes
//	a.fin(side, seq)                    // FIN, with the sequence number behind the last byte
//	a.missed = …                        // what is known to have come and was not captured
//	f.app = a.facts()                   // before judge
//	a.release()                         // when the connection leaves; gives memory back
//
// segment leaves out what it has had before, and puts aside what comes too
// early, up to appBufferLimit; what it returns is Event.App.
// length is TCP.Len, payload may be shorter (snap length).
// With budget.Quiet it returns "" and allocates no text: for views that show
// no rows. What can be skipped (the body of an answer, a record, plain text) is
// not looked at: it costs a subtraction.
type app struct {
	budget *appBudget
	dirs   [2]appDir
	proto  appProto
	port   uint16 // of the server

	spoke     bool // payload was seen
	captured  bool // and some of it was captured
	first     Side // who sent the first of it
	binary    bool // some of it was no text
	requester Side // with protoHTTP: who asks

	methods    uint32       // of requests not answered, two bits each, the oldest lowest
	pending    uint16       // requests not answered
	requests   uint32       // complete heads
	responses  uint32       // final ones, begun
	requestAt  place        // frame in which the last request began
	requestEnd place        // frame with the blank line of the last complete one
	answerAt   place        // frame in which the last response began
	status     uint16       // of the last final response
	lineFeed   bool         // the first line of the last complete head ended in LF alone
	body       bodyRule     // of that request
	versioned  bool         // its first line names one of HTTP's versions
	upgrade    bool         // the last complete request asks for WebSocket
	agent      bool         // a head has named the program that asks (User-Agent)
	answer     answerTraits // of the last final response
	tongues    [2]tongue    // how each end began, TLS or what it went over from to that
	agreed     tongue       // what the server spoke before both went over to TLS (STARTTLS); else tongueNone
	missed     [2]bool      // bytes of an end came at the other and were not captured; of use to facts
	trouble    *appTrouble
}

// appTrouble is what few connections have.
type appTrouble struct {
	mistake   *mistake
	request   uint32 // which one has it, from 1
	status    int    // of the first response over 399
	reason    string // its words
	frame     place  // and its frame
	answers   uint32 // which request that response answers, from 1; 0 is none
	alert     string // of TLS, in the clear
	alertBy   Side
	alertAt   place
	noStatus  place // frame of an answer whose first line has no status
	clashAt   place // the ends do not speak the same: the frame that shows it
	wantsTLS  place // HTTP to a port of HTTPS: the frame that says so
	surplus   *surplus
	fault     answerFault
	endless   place  // where an answer begins whose head did not end within appBufferLimit
	echoAt    place  // a ClientHello from the server, after the client's
	redirect  string // where the last answer of HTTP sends to, over TLS; cut to appTextLimit
	refusal   string // the last line of SMTP and its like with which the server said no; cut to appTextLimit
	refusedAt place
	wsClose   int // status of the first Close frame of WebSocket that is no usual one; 0 is none
	wsCloseBy Side
	wsCloseAt place
}

// appDir is one direction.
type appDir struct {
	next  dissect.Seq
	known bool // next is
	ended bool // FIN was seen
	mode  appMode
	flags uint8
	skip  int64  // bytes that need not be looked at; −1 is all that come
	rec   uint32 // bytes left of a TLS record
	part  uint32 // bytes left of a handshake message in it
	work  *appWork
}

// The flags of a direction.
const (
	dirEncrypted uint8 = 1 << iota // TLS: ChangeCipherSpec or data was seen
	dirBodyEnded                   // the body ended in the segment at hand
	dirHeadSeen                    // a head ended in the segment at hand
	dirBegun                       // the first byte of the stream was seen
	dirChunked                     // what is skipped is a chunk
	dirLost                        // out of step at least once
	dirMail                        // SMTP: what comes is a message, no command
	dirHello                       // TLS: a ClientHello was seen
)

// appProto is a protocol of layer 7 or 6.
type appProto uint8

const (
	protoNone appProto = iota
	protoHTTP
	protoHTTP2
	protoWebSocket
	protoTLS
	protoSSH
	protoSMTP
	protoFTP
	protoPOP3
	protoIMAP
	protoDNS
)

var protoNames = [...]string{"", "HTTP", "HTTP/2", "WebSocket", "TLS", "SSH", "SMTP", "FTP", "POP3", "IMAP", "DNS"}

var protoContinued = [...]string{"", "HTTP continued", "HTTP/2 continued", "WebSocket continued", "TLS continued",
	"SSH continued", "SMTP continued", "FTP continued", "POP3 continued", "IMAP continued", "DNS continued"}

// appMode is what a direction waits for.
type appMode uint8

const (
	modeStart     appMode = iota // its first bytes
	modeLost                     // something to fall into step with
	modePlain                    // nothing: text or bytes
	modeTyped                    // nothing, but the text is kept until the other end answers
	modeLines                    // lines of SMTP and its like
	modeHead                     // head of an HTTP request or response
	modeChunk                    // size of a chunk, or the CR LF behind one
	modeTrailer                  // fields behind the last chunk
	modeOver                     // more than a response announced
	modeRecord                   // TLS record
	modeHandshake                // handshake message in a TLS record
	modeFrames2                  // HTTP/2 frame
	modeFramesWS                 // WebSocket frame
	modeDNS
	modeSSH // after the banner
)

// newApp returns an app. serverPort helps to tell protocols whose bytes do not
// say what they are (DNS, FTP against SMTP).
func newApp(b *appBudget, serverPort uint16) *app {
	return &app{budget: b, port: serverPort}
}

// begin says which sequence number side's first byte has.
func (a *app) begin(side Side, seq dissect.Seq) {
	d := &a.dirs[side]
	if !d.known {
		d.next, d.known = seq, true
		d.flags |= dirBegun
	}
}

// segment takes a segment's payload and says what it shows, in about
// appTextLimit bytes: `HTTP GET / HTTP/1.1`, `TLS ClientHello (example.org)`,
// `text`. The bytes in it are those of the packet, not escaped.
func (a *app) segment(side Side, seq dissect.Seq, payload []byte, length int, frame place) string {
	d := &a.dirs[side]
	if length <= 0 {
		return ""
	}
	if a.budget.Quiet && d.known && seq == d.next && d.skip > int64(length) && d.work == nil && a.spoke && a.trouble == nil {
		d.flags &^= dirBodyEnded | dirHeadSeen
		d.next = d.next.Add(length)
		d.skip -= int64(length)
		return ""
	}
	payload = payload[:min(len(payload), length)]
	a.captured = a.captured || len(payload) > 0
	if !d.known {
		d.next, d.known, d.mode = seq, true, modeLost
	}
	off := int(seq.Diff(d.next))
	switch {
	case off+length <= 0:
		return a.again(side, payload, length, frame)
	case off > appFarAhead || d.ended && off >= 0:
		return a.describe(payload)
	case off > 0:
		return a.early(side, off, seq, payload, length, frame)
	}
	a.budget.frame, a.budget.n, a.budget.more = frame, 0, 0
	d.flags &^= dirBodyEnded | dirHeadSeen
	if !a.spoke {
		a.spoke, a.first = true, side
	}
	said := ""
	if off == 0 && a.tongues[side] == tongueNone && a.agreed == tongueNone && d.flags&(dirBegun|dirLost) == dirBegun {
		said = a.meet(side, payload)
	}
	a.take(side, payload, length, -off)
	if d.work != nil {
		a.drain(side)
	}
	if t := a.trouble; t != nil && t.status == statusBadRequest && t.wantsTLS == 0 && side != a.requester && wantsTLS(payload) {
		t.wantsTLS = frame
	}
	if said != "" && !a.budget.Quiet {
		return said
	}
	return a.told(side, payload)
}

// take feeds what is new of a segment, whose first old bytes are known.
func (a *app) take(side Side, data []byte, length, old int) {
	d := &a.dirs[side]
	if old < len(data) {
		a.feed(side, data[old:])
	}
	d.next = d.next.Add(length - old)
	if missing := length - max(len(data), old); missing > 0 {
		a.gap(side, int64(missing))
	}
}

// feed reads bytes that are next in the stream.
func (a *app) feed(side Side, data []byte) {
	d := &a.dirs[side]
	for len(data) > 0 {
		switch {
		case d.skip < 0:
			return
		case d.skip > 0:
			n := min(d.skip, int64(len(data)))
			data = data[n:]
			if d.skip -= n; d.skip == 0 {
				a.skipped(side)
			}
		default:
			data = a.step(side, data)
		}
	}
}

// step reads what is at the front of data, with what was put aside before it,
// and returns what is left.
func (a *app) step(side Side, data []byte) []byte {
	d := &a.dirs[side]
	if d.work == nil || len(d.work.buf) == 0 {
		n := a.parse(side, data)
		switch {
		case n > 0:
			return data[n:]
		case a.keep(d, data):
			d.work.scanned = len(data)
		default:
			a.tooLong(side, len(data))
			a.giveUp(side)
		}
		return nil
	}
	w := d.work
	old := len(w.buf)
	fits := data[:min(len(data), appBufferLimit-old)]
	if !a.keep(d, fits) {
		a.giveUp(side)
		return data
	}
	n := a.parse(side, w.buf)
	switch {
	case n > old:
		a.drop(d)
		return data[n-old:]
	case n > 0: // what was put aside holds more than one thing
		w.buf = w.buf[:copy(w.buf, w.buf[n:old])]
		w.scanned = 0
		return data
	case len(fits) < len(data):
		a.tooLong(side, old+len(data))
		a.giveUp(side)
		return data[len(fits):]
	}
	w.scanned = len(w.buf)
	return nil
}

// parse reads one thing from the front of b and returns its length, 0 where b
// ends before that.
func (a *app) parse(side Side, b []byte) int {
	for {
		d := &a.dirs[side]
		n := 0
		switch d.mode {
		case modeStart, modeLost:
			n = a.detect(side, b)
		case modePlain:
			n = a.plain(b)
		case modeTyped:
			n = a.typed(side, b)
		case modeLines:
			n = a.lines(side, b)
		case modeHead:
			n = a.head(side, b)
		case modeChunk, modeTrailer:
			n = a.chunk(side, b)
		case modeOver:
			n = a.over(side, b)
		case modeRecord:
			n = a.record(side, b)
		case modeHandshake:
			n = a.handshake(side, b)
		case modeFrames2:
			n = a.frame2(side, b)
		case modeFramesWS:
			n = a.frameWS(side, b)
		case modeDNS:
			n = a.dns(side, b)
		case modeSSH:
			n = a.ssh(side, b)
		}
		if n != parseAgain {
			return n
		}
	}
}

// parseAgain is what a parser returns that has only changed the mode.
const parseAgain = -1

// skipped is called when what was skipped has come to its end.
func (a *app) skipped(side Side) {
	d := &a.dirs[side]
	if a.proto != protoHTTP {
		return
	}
	if d.flags&dirChunked != 0 {
		d.flags &^= dirChunked
		d.mode = modeChunk
		return
	}
	d.flags |= dirBodyEnded
}

// gap passes over n bytes that were not captured.
func (a *app) gap(side Side, n int64) {
	d := &a.dirs[side]
	if d.skip < 0 {
		return
	}
	if n < d.skip {
		d.skip -= n
		return
	}
	if n == d.skip {
		d.skip = 0
		a.skipped(side)
		return
	}
	if d.mode != modePlain && d.mode != modeTyped && d.mode != modeLines {
		a.lose(d)
	}
	a.drop(d)
	if d.mode == modeTyped {
		d.mode = modePlain
	}
}

// lose leaves the direction out of step.
func (a *app) lose(d *appDir) {
	d.mode, d.skip, d.rec, d.part = modeLost, 0, 0, 0
	d.flags |= dirLost
	d.flags &^= dirChunked
}

// acked says that the other end has side's bytes before ack, so that holes in
// them will not be filled.
func (a *app) acked(side Side, ack dissect.Seq) {
	d := &a.dirs[side]
	if d.work == nil || len(d.work.held) == 0 || !d.next.Less(ack) {
		return
	}
	a.budget.n, a.budget.more = 0, 0
	for d.work != nil && len(d.work.held) > 0 && d.next.Less(d.work.held[0].seq) && d.work.held[0].seq.LessEq(ack) {
		a.hole(side)
		a.drain(side)
	}
}

// fin says that side has sent FIN; seq is what follows its last byte.
func (a *app) fin(side Side, seq dissect.Seq) {
	d := &a.dirs[side]
	if d.known && seq.LessEq(d.next) {
		d.ended = true
	}
}

// name is Connection.App: "HTTP", "TLS", "SSH", "text", "bytes" …
func (a *app) name() string {
	switch {
	case a.proto != protoNone:
		return protoNames[a.proto]
	case !a.spoke || !a.captured:
		return ""
	case a.binary:
		return "bytes"
	}
	return textName
}

// textName is name's word for what is text, and of no protocol known here.
const textName = "text"
