package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// The loop's times. A socket call waits callHold for frames that were stamped
// before it and are still in the kernel's ring. Frames wait for calls that were
// made before them and are on their way, until they are frameHold old, for a row
// is to be on the screen within 20 ms of its packet; or for lateHold, where they
// come late themselves.
const (
	callHold     = 5 * time.Millisecond
	frameHold    = 12 * time.Millisecond
	lateHold     = 2 * time.Millisecond
	behindPause  = 100 * time.Microsecond // until it is looked again whether calls are on their way
	readAgain    = time.Millisecond       // until it is looked again whether frames wait
	tickInterval = 250 * time.Millisecond
	drainTime    = 50 * time.Millisecond
	maxStraggle  = 3 * time.Second

	gatherTime    = 60 * time.Millisecond  // for frames that nobody reads as rows
	flushInterval = 100 * time.Millisecond // of rows of saved captures
	settled       = 20 * time.Millisecond  // in place of loop.idle, once every connection has closed
	giveUp        = 200 * time.Millisecond
)

// timedCall is a socket call of an end that tcpsee drives.
type timedCall struct {
	at   capture.Stamp
	call conn.Call
	fd   int // of call.PID's descriptors
}

// loop is the one place where frames become events, for live and for saved
// captures alike.
type loop struct {
	src       capture.Source
	live      bool                         // frames come as they happen
	prompt    bool                         // flush after each batch: live, and pipes
	match     func(f *capture.Frame) bool  // nil lets everything pass
	untested  func(func(string, int64))    // tells of frames that match could not judge; nil where there is no match
	pass      func(p *dissect.Packet) bool // nil lets everything pass
	others    string                       // what pass stops, for the footer; empty where that is not worth a word
	patience  func(time.Duration)          // tells the source how long frames may wait to be read; nil where it does not ask
	relief    *relief                      // nil where packets are not cut under load
	copies    *copies                      // nil where each packet is seen once
	calls     *callBox                     // nil where nothing is driven
	waiting   func() bool                  // whether frames have come that were not read; nil where calls need not wait for them
	behind    func(at time.Time) bool      // whether calls from before that time have not come yet; nil where that is not known
	finish    <-chan struct{}              // closed when nothing more will be driven; nil where nothing is
	renderers []render.Renderer
	saves     []*saver
	disguise  *disguise     // nil where packets are drawn as they are
	names     *processNames // nil where nobody is asked
	learned   *learnedNames // nil where nobody reads them
	idle      time.Duration // with finish: how long to wait for stragglers
	files     []string
	limit     int64     // end after so many frames; 0 is never
	window    *window   // of the picture; nil where its width stays
	progress  *progress // nil where nobody watches

	sockets  *sockets     // nil where the system is not asked
	tracking conn.Options // what flags say of it

	work sync.Mutex // of read's two goroutines; what is below belongs to who has it
	over bool       // read takes no more frames

	decoder dissect.Decoder
	joiner  dissect.Joiner
	tracker *conn.Tracker
	packet  dissect.Packet
	few     *few
	held    []timedCall
	armed   bool        // the timer of those runs
	inHand  atomic.Bool // frames have been read and are not drawn yet
	ends    verdicts    // of connections whose last calls are still to come
	total   conn.Capture
	broken  failures   // of renderers and of saving: the first ends the loop
	reached bool       // the limit
	flushed time.Time  // when saved rows were shown last
	dropped uint64     // packets that the kernel lost before the next frame
	stopped int64      // frames that pass stopped
	told    int        // findings of a live source that were told
	rowless bool       // nobody reads events of segments at present
	blind   bool       // nobody reads any event: packets are saved at most
	unread  unread     // of which no events were made since that was told
	steady  *steady    // what names interfaces, where reading may be ahead of drawing; nil where it is not
	parcel  *parcel    // where events go; nil is to the renderers
	parting conn.Event // of a connection that parted
	parted  conn.Connection
	wordy   bool           // verdicts have sentences
	percent int            // that thrift found; 0 before
	pieces  int64          // fragments of TCP segments that were not put together yet
	shown   int64          // frames that events stand for
	unknown int64          // frames that could not be followed, and that nothing stands for
	open    map[int64]bool // driven connections that are not closed yet
}

// run reads the source to its end, or until ctx ends, and draws. A fault in
// the capture is returned after everything before it has been drawn.
func (l *loop) run(ctx context.Context) error {
	if l.live {
		l.sockets = openSockets()
		defer l.sockets.close()
	}
	options := l.trackerOptions()
	l.tracker, l.wordy = conn.New(options), !options.Brief
	l.blind = len(l.renderers) == 0 && l.finish == nil && !slices.ContainsFunc(l.saves, func(s *saver) bool { return s.notes })
	l.total.Files = l.files
	l.total.First, l.total.Last = capture.NoTime, capture.NoTime
	defer l.window.close()
	defer l.progress.clear()
	defer l.splurge()
	read := l.read
	switch {
	case l.isSaved() && l.isPiped():
		read = l.readPiped
	case l.isSaved():
		read = l.readSaved
	}
	fault := read(ctx)
	l.held = l.calls.take(l.held)
	l.releaseCalls(capture.Stamp(1<<63 - 1))
	l.left() // of which none are left after readPiped
	l.finishCapture(fault)
	for _, r := range l.renderers {
		l.keep(r.Close())
	}
	for _, s := range l.saves {
		l.keep(s.finish())
	}
	if err := l.broken.err(); err != nil {
		return err
	}
	return fault
}

// follow keeps the set of driven connections that are not closed at both ends.
func (l *loop) follow(e *conn.Event) {
	if l.finish == nil || e.Type != conn.TypeSegment {
		return
	}
	over := func(s conn.State) bool { return s == conn.StateClosed || s == conn.StateTimeWait }
	if over(e.States[conn.Client]) && over(e.States[conn.Server]) {
		delete(l.open, e.Conn)
		return
	}
	if l.open == nil {
		l.open = make(map[int64]bool)
	}
	l.open[e.Conn] = true
}

// frames turns one batch into events.
func (l *loop) frames(fs []capture.Frame) {
	if l.rowless && !l.blind && l.calls == nil && l.limit == 0 && l.disguise == nil {
		l.framesAhead(fs)
		return
	}
	for i := range fs {
		f := &fs[i]
		if len(l.held)+len(l.ends.held) > 0 && f.Time.Known() {
			l.releaseCalls(f.Time)
		}
		l.frame(f)
		if l.limit > 0 && l.total.Frames >= l.limit {
			l.reached = true
			return
		}
	}
}

// frame turns one frame into events.
func (l *loop) frame(f *capture.Frame) {
	if f.Record == capture.RecordCustom {
		l.custom(f)
		return
	}
	if l.prepare(f, &l.packet) {
		l.track(&l.packet)
	}
}

// custom takes a socket call that stands in the capture.
func (l *loop) custom(f *capture.Frame) {
	if c, ok := loadCall(f.Data); ok {
		l.call(&c)
	}
}

// prepare decodes a frame, and reports whether it is to be followed.
func (l *loop) prepare(f *capture.Frame, p *dissect.Packet) bool {
	l.dropped += f.Dropped
	if l.match != nil && !l.match(f) {
		return false
	}
	if !l.blind || l.pass != nil || l.copies != nil {
		l.decoder.Decode(f, p)
	}
	if l.pass != nil && !l.pass(p) {
		l.stopped++
		return false
	}
	if !l.copies.pass(p) {
		return false
	}
	if l.disguise != nil { // nothing from here on sees what came
		f = l.disguise.frame(f)
		l.decoder.Decode(f, p)
	}
	l.count(f)
	for _, s := range l.saves {
		if !s.notes {
			l.keep(s.frame(f))
		}
	}
	if l.blind {
		return false
	}
	if p.Content == dissect.ContentFragment || p.Content == dissect.ContentPiece {
		l.join(p)
	}
	l.classify(p)
	return true
}

// track turns a packet into events.
func (l *loop) track(p *dissect.Packet) {
	events := l.tracker.Add(p)
	l.part()
	for _, s := range l.saves {
		if s.notes && s.wants(events) {
			l.keep(s.frame(annotated(p.Frame, events)))
		}
	}
	l.emit(events)
	if l.rowless && p.Content == dissect.ContentTCP {
		l.shown += framesOf(p)
		l.unread.add(p)
	}
}

// count keeps the totals of frames.
func (l *loop) count(f *capture.Frame) {
	l.total.Frames++
	l.total.Bytes += int64(f.OrigLen)
	f.Dropped, l.dropped = l.dropped, 0
	if l.live { // counted anew, as -w numbers what it saves
		f.Number = l.total.Frames
	}
	if !f.Time.Known() {
		return
	}
	if !l.total.First.Known() || f.Time < l.total.First {
		l.total.First = f.Time
	}
	if !l.total.Last.Known() || f.Time > l.total.Last {
		l.total.Last = f.Time
	}
}

// ipProtocolTCP is TCP's number in an IP header (RFC 9293, section 3.1).
const ipProtocolTCP = 6

// What is said of fragments of which nothing was made.
const (
	fragmentsAlone    = "fragment of a TCP segment whose other parts are not in the capture"
	fragmentsOverlap  = "fragment of a TCP segment, thrown away because such fragments must not overlap (RFC 5722)"
	fragmentsLate     = "fragment of a TCP segment whose other parts did not come in time"
	fragmentsCut      = "fragment of a TCP segment, not captured whole"
	fragmentsTooLarge = "fragment of what is larger than a datagram can be"
	fragmentsTooMany  = "fragment of a TCP segment, given up because too many waited for others"
)

// join puts fragments together, and counts those of TCP that wait for others.
func (l *loop) join(p *dissect.Packet) {
	tcp := p.Content == dissect.ContentFragment && p.Fragment.Protocol == ipProtocolTCP
	if l.joiner.Join(p, &l.decoder); !tcp {
		return
	}
	l.pieces++
	if p.Joined != nil {
		l.pieces -= int64(len(p.Fragments))
	}
}

// leaveFragments tells of the fragments that nothing was made of.
func (l *loop) leaveFragments() {
	n := min(l.pieces, l.total.NotTCP)
	if n <= 0 {
		return
	}
	l.total.NotTCP -= n
	lost := l.joiner.Stats().TCP
	for _, r := range [...]struct {
		why string
		n   int64
	}{
		{fragmentsOverlap, lost.Overlapping}, {fragmentsLate, lost.TimedOut}, {fragmentsCut, lost.Cut},
		{fragmentsTooLarge, lost.Oversized}, {fragmentsTooMany, lost.Evicted}, {fragmentsAlone, n},
	} {
		if r.n = min(r.n, n); r.n > 0 {
			l.unfollowed(r.why, r.n)
			n -= r.n
		}
	}
}

// classify keeps the totals of what was and was not followed.
func (l *loop) classify(p *dissect.Packet) {
	if p.Content == dissect.ContentTCP {
		l.total.Segments++
		if p.Problem == dissect.ProblemAggregate {
			l.unfollowed(p.Problem.String(), 1)
		}
		return
	}
	why := ""
	switch p.Problem {
	case dissect.ProblemNone, dissect.ProblemUnknownProto:
		return
	case dissect.ProblemLinkType:
		why = p.Frame.Link.String()
	default:
		why = p.Problem.String()
	}
	l.unfollowed(why, 1)
	if p.Content == dissect.ContentNone || p.Content == dissect.ContentOther {
		l.unknown++ // nobody can say that they are without TCP
	}
}

func (l *loop) unfollowed(why string, n int64) {
	if l.total.Unfollowed == nil {
		l.total.Unfollowed = make(map[string]int64)
	}
	l.total.Unfollowed[why] += n
}

// releaseCalls gives the tracker the held calls that happened before t.
func (l *loop) releaseCalls(t capture.Stamp) {
	sort.SliceStable(l.held, func(i, j int) bool { return l.held[i].at < l.held[j].at })
	takeSides(l.held)
	n := 0
	for n < len(l.held) && l.held[n].at < t {
		c := l.held[n]
		l.ends.release(endedBefore(c.at), l.judged)
		l.call(&c)
		n++
	}
	l.held = append(l.held[:0], l.held[n:]...)
	l.ends.release(endedBefore(t), l.judged)
}

// call turns a socket call into events.
func (l *loop) call(c *timedCall) {
	l.sockets.explain(&c.call)
	told := l.disguise.call(*c)
	for _, s := range l.saves {
		l.keep(s.call(&told))
	}
	l.emit(l.tracker.Call(&told.call, told.at))
}

// emit draws events.
func (l *loop) emit(events []conn.Event) {
	for i := range events {
		l.draw(&events[i])
	}
}

// draw gives an event to the renderers.
func (l *loop) draw(e *conn.Event) {
	if e.Type == conn.TypeEnd {
		l.total.Connections++
	}
	l.follow(e)
	l.names.about(e)
	l.shown += framesBehind(e)
	if l.parcel != nil {
		l.parcel.keep(e)
		return
	}
	if l.calls != nil {
		l.showWithCalls(e)
		return
	}
	l.show(e)
}

// show hands an event to the renderers, or remembers the names that it tells.
func (l *loop) show(e *conn.Event) {
	if e.Type == conn.TypeName {
		l.learned.hear(e.DNS)
		return
	}
	for _, r := range l.renderers {
		l.keep(r.Event(e))
	}
}

// framesBehind counts the frames that an event stands for.
func framesBehind(e *conn.Event) int64 {
	switch e.Type {
	case conn.TypeSegment:
		if e.Packet != nil && len(e.Packet.Fragments) > 1 {
			return int64(len(e.Packet.Fragments))
		}
		return 1
	case conn.TypeICMP, conn.TypeNeighbour, conn.TypeDNS:
		return 1
	}
	return 0
}

// finishCapture draws the event that ends the capture.
func (l *loop) finishCapture(fault error) {
	if fault != nil {
		l.total.Fault = fault.Error()
	}
	l.total.Findings = append(l.total.Findings, counted(l.src.Findings())...)
	l.total.NotTCP = max(0, l.total.Frames-l.shown-l.unknown)
	l.leaveFragments()
	for _, c := range l.tracker.Datagrams() {
		if n := min(c.N, l.total.NotTCP); n > 0 {
			l.total.NotTCP -= n
			l.unfollowed(c.Why(), n)
		}
	}
	l.total.Anonymized = l.disguise.says()
	l.total.Interfaces = l.src.Interfaces()
	s := l.tracker.Stats()
	l.total.Evicted, l.total.AppRefused, l.total.Forgotten = s.Evicted, s.AppRefused, s.Forgotten
	l.total.Dropped = l.src.Stats().Dropped
	l.leaveOut(l.others, l.stopped)
	l.leaveOut(l.copies.note())
	if l.untested != nil {
		l.untested(l.leaveOut)
	}
	e := conn.Event{Type: conn.TypeCapture, Time: l.total.Last, Capture: &l.total}
	for _, r := range l.renderers {
		l.keep(r.Event(&e))
	}
}

// counted writes findings, each once: an interface may go down again and again.
func counted(list []capture.Fault) []string {
	var texts []string
	times := make(map[string]int)
	for _, f := range list {
		text := f.Error()
		if times[text]++; times[text] == 1 {
			texts = append(texts, text)
		}
	}
	for i, text := range texts {
		if n := times[text]; n > 1 {
			texts[i] = fmt.Sprintf("%s (%d times)", text, n)
		}
	}
	return texts
}

// tellFindings says what has gone wrong with a live source, as it goes: that
// its interface is down.
func (l *loop) tellFindings(now capture.Stamp) {
	list := l.src.Findings()
	for _, f := range list[min(l.told, len(list)):] {
		l.emit([]conn.Event{{Type: conn.TypeWait, Time: now, Text: f.File + ": " + f.Reason}})
	}
	l.told = len(list)
}

// ease keeps less of each packet where that is due, and says so.
func (l *loop) ease() {
	if text := l.relief.look(time.Now()); text != "" {
		l.emit([]conn.Event{{Type: conn.TypeWait, Time: l.total.Last, Text: text}})
	}
}

// leaveOut notes frames that were left out on purpose.
func (l *loop) leaveOut(why string, n int64) {
	if why == "" || n == 0 {
		return
	}
	if l.total.LeftOut == nil {
		l.total.LeftOut = make(map[string]int64)
	}
	l.total.LeftOut[why] += n
}

// flush shows what was drawn, where somebody watches it grow.
func (l *loop) flush() {
	if !l.prompt {
		return
	}
	for _, r := range l.renderers {
		l.keep(r.Flush())
	}
	for _, s := range l.saves {
		l.keep(s.out.Flush())
	}
}

// keep remembers an error.
func (l *loop) keep(err error) {
	if errors.Is(err, capture.ErrRotateDone) { // as many files as were asked for
		l.reached = true
		return
	}
	l.broken.add(err)
}
