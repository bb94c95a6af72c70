package render

import (
	"io"
	"strconv"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// strokeKind says what a stroke of a sequence diagram is.
type strokeKind uint8

const (
	strokeSegment   strokeKind = iota
	strokeICMP                 // an ICMP error: ends at one lane, begins at none
	strokeNeighbour            // ARP, neighbour discovery or DNS
	strokeCall                 // beside one lane
	strokeNote                 // between the lanes: silence, what was folded, what is awaited
)

// stroke is one thing to draw between the lanes of a sequence diagram. Its
// strings are safe for a terminal; markup in them is not escaped.
type stroke struct {
	kind     strokeKind
	event    *conn.Event // nil for notes of our own
	file     string      // tag of the file that its frame is in, where there are several
	dir      direction
	side     conn.Side // of a call: whose
	word     string    // what it is: "SYN", "ICMP", "connect()"
	tokens   []string  // what must be said: length, numbers, labels; or words
	extra    []string  // what may be left out: window, options
	payload  string    // layer 7, in quotation marks or named
	readable bool      // the payload is worth a line of its own
	bad      string    // which of its checksums are wrong; one of the tokens, too
	again    bool      // sent again
	known    bool      // the times below are
	leaves   time.Duration
	arrives  time.Duration // equal to leaves where the way is not known
	at       time.Duration // when it was captured, since the record's first packet
	when     rowTimes      // how they are told
	gap      bool          // a note that stands for time that passed
}

// frame is the number of a stroke's frame; "" where it has none.
func (s *stroke) frame() string {
	if s.event == nil || s.event.Frame == 0 {
		return ""
	}
	return strconv.FormatInt(s.event.Frame, 10)
}

// numbered is the same behind its file's tag.
func (s *stroke) numbered() string { return strings.TrimSpace(s.file + " " + s.frame()) }

// time is when a stroke was captured, as it is told in at most width columns;
// "" where it is not.
func (s *stroke) time(width int) string {
	if !s.known {
		return ""
	}
	return string(s.when.append(nil, s.when.told(s.event), width))
}

// guessed is the same for when it left or arrived, d before or after. It is not
// told how long after the row before that was: often it was before that.
func (s *stroke) guessed(d time.Duration, width int) string {
	if !s.known || s.when.mode == TimeDelta {
		return ""
	}
	return "~" + string(s.when.append(nil, s.event.Time+capture.Stamp(d), width-len("~")))
}

// text is everything that must be said.
func (s *stroke) text() string { return strings.Join(append([]string{s.word}, s.tokens...), " ") }

// sketch makes strokes of a record.
type sketch struct {
	o       *Options
	g       *glyphs
	words   *timeline // gives segments their words
	when    rowTimes
	path    conn.Path
	preview int // columns of payload
	last    time.Duration
	timed   bool // last holds
	out     []stroke
}

// shortPreview is how many columns are shown of a payload that is not worth a
// line, shortNamed of one whose name says all ("TLS application data"), maxTold how many segments of a run are drawn for their labels.
const (
	shortPreview = 16
	shortNamed   = 24
	maxTold      = 40
)

// strokesOf gives what a sequence diagram of a record draws, in the order in
// which it was captured, with what was folded as it was recorded.
func strokesOf(r *conn.Record, folds []fold, o *Options, g *glyphs, preview int) []stroke {
	s := newSketch(r, o, g, preview)
	s.path = r.Path()
	for i := range r.Events {
		for ; len(folds) > 0 && folds[0].before <= i; folds = folds[1:] {
			s.fold(&folds[0])
		}
		s.add(&r.Events[i])
	}
	for i := range folds {
		s.fold(&folds[i])
	}
	return s.out
}

// foldedStrokesOf is the same for a record of everything, which it folds.
func foldedStrokesOf(r *conn.Record, o *Options, g *glyphs, preview int) []stroke {
	s := newSketch(r, o, g, preview)
	s.path = r.Path()
	runs := newFolder(o, s.add, s.fold)
	for i := range r.Events {
		runs.add(&r.Events[i])
	}
	runs.end()
	return s.out
}

func newSketch(r *conn.Record, o *Options, g *glyphs, preview int) sketch {
	s := sketch{o: o, g: g, when: newRowTimes(o), preview: preview, words: NewTimeline(io.Discard, *o).(*timeline)}
	s.when.stamp(r.Base())
	return s
}

func (s *sketch) add(e *conn.Event) {
	st, ok := s.strokeOf(e)
	if !ok {
		return
	}
	s.place(&st, e)
	if st.known {
		if s.timed && st.at-s.last >= firstGap {
			s.out = append(s.out, stroke{kind: strokeNote, tokens: []string{spanText(st.at-s.last, s.g)}, gap: true})
		}
		s.passed(st.at)
	}
	s.out = append(s.out, st)
}

// passed notes how far time has come.
func (s *sketch) passed(at time.Duration) {
	if !s.timed || at > s.last {
		s.last, s.timed = at, true
	}
}

// fold draws how much was folded.
func (s *sketch) fold(f *fold) {
	text := plural(f.segments, "segment") + " folded"
	for _, side := range [...]conn.Side{conn.Client, conn.Server} {
		if f.bytes[side] > 0 {
			text += ", " + bytesText(f.bytes[side]) + " from the " + side.String()
		}
	}
	for l, n := range f.labels {
		if n > 0 {
			text += ", " + labelCount(uint64(n), conn.Label(l))
		}
	}
	s.out = append(s.out, stroke{kind: strokeNote, tokens: strings.Fields(text)})
	if f.passed.Known() {
		s.when.last = f.passed
	}
	if f.latest.Known() && s.when.base.Known() {
		s.passed(f.latest.Sub(s.when.base))
	}
}

// place says of which event a stroke is, and when it left and arrived.
func (s *sketch) place(st *stroke, e *conn.Event) {
	st.event, st.when, st.file = e, s.when, fileOf(e, s.o)
	s.when.passed(e)
	if !e.Time.Known() || !s.when.base.Known() {
		return
	}
	st.known, st.at = true, e.Time.Sub(s.when.base)
	st.leaves, st.arrives = st.at, st.at
	if st.kind == strokeSegment && s.path.Known {
		before, after := s.path.Flight(e.From)
		st.leaves, st.arrives = st.at-before, st.at+after
	}
}

func (s *sketch) strokeOf(e *conn.Event) (stroke, bool) {
	switch e.Type {
	case conn.TypeSegment:
		if e.Packet == nil {
			return stroke{}, false
		}
		return s.segment(e), true
	case conn.TypeICMP:
		return s.icmp(e), true
	case conn.TypeNeighbour:
		return s.neighbour(e), true
	case conn.TypeDNS:
		return s.lookup(e), true
	case conn.TypeCall:
		if e.Call == nil {
			return stroke{}, false
		}
		return s.call(e.Call), true
	case conn.TypeWait, conn.TypeRemark:
		return stroke{kind: strokeNote, tokens: strings.Fields(safeText(e.Text, s.g))}, true
	}
	return stroke{}, false
}

func (s *sketch) segment(e *conn.Event) stroke {
	st := stroke{kind: strokeSegment, dir: directionOf(e.From), word: e.Kind.String()}
	if n := e.Packet.TCP.Len; n > 0 {
		st.tokens = append(st.tokens, strconv.Itoa(n)+" B")
	}
	st.tokens = append(st.tokens, strings.Fields(s.words.numbers(e))...)
	st.tokens = append(st.tokens, labelWords(e)...)
	if s.o.Checksums {
		if st.bad = badChecksums(e.Packet); st.bad != "" {
			st.tokens = append(st.tokens, st.bad)
		}
	}
	st.again = e.SentAgain()
	st.extra = strings.Fields(optionsText(e))
	if e.Packet.TCP.Len > 0 && !s.o.NoPayload && s.preview > 0 {
		st.readable = s.words.readable(e)
		limit := s.preview
		switch {
		case st.readable:
		case named(e.App) && !s.o.Hex:
			limit = min(limit, shortNamed)
		default:
			limit = min(limit, shortPreview)
		}
		b, _ := s.words.appendPayload(nil, e, limit)
		st.payload = string(b)
	}
	return st
}

// labelWords gives the labels that neither the states nor the verdict tell.
func labelWords(e *conn.Event) []string {
	var out []string
	for l := e.Labels; l != 0; l &= l - 1 {
		switch x := lowestLabel(l); x {
		case conn.TimeWait, conn.Refused:
		case conn.DupAck:
			out = append(out, x.String(), "#"+itoa(e.DupAckNum))
		default:
			out = append(out, x.String())
		}
	}
	return out
}

func (s *sketch) icmp(e *conn.Event) stroke {
	m := &e.ICMP
	st := stroke{kind: strokeICMP, dir: pointsLeft, word: "ICMP"}
	if m.Version == 6 {
		st.word = "ICMPv6"
	}
	if m.QuotedTCP && m.QuotedSrc == e.Server && e.Server != e.Client {
		st.dir = pointsRight
	}
	what := icmpMeaning(m)
	if what == "" {
		what = "type " + itoa(int(m.Type)) + " code " + itoa(int(m.Code))
	}
	if m.MTU > 0 {
		what += ", mtu " + utoa(m.MTU)
	}
	if e.ICMPFrom.IsValid() {
		what += ", from " + safeText(e.ICMPFrom.String(), s.g)
	}
	st.tokens = strings.Fields(what)
	return st
}

func (s *sketch) neighbour(e *conn.Event) stroke {
	m := &e.Neighbour
	st := stroke{kind: strokeNeighbour, dir: s.words.neighbourDirection(e), word: "ARP"}
	if !m.ARP {
		st.word = "ND"
	}
	if m.Reply {
		st.tokens = []string{m.Target.String(), neighbourPlace(m)}
		return st
	}
	st.tokens = []string{"who has", m.Target.String() + "?"}
	return st
}

// callColumns is how many columns of a call are shown, maxFailedCall how many
// of why it failed.
const (
	callColumns   = 60
	maxFailedCall = 200
)

func (s *sketch) call(c *conn.Call) stroke {
	st := stroke{kind: strokeCall, side: c.From & 1}
	if c.Phase != conn.PhaseEntry && c.Error != "" {
		st.word = safeName(c.Name, maxCallName, s.g) + "()"
		st.tokens = append(append(st.tokens, "fails:"), strings.Fields(safeName(c.Error, maxFailedCall, s.g))...)
		st.tokens = append(st.tokens, "("+safeName(c.Result, maxCallName, s.g)+")")
		return st
	}
	text, _ := s.words.callText(c, callColumns)
	st.word = string(text)
	return st
}
