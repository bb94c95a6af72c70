package render

import (
	"io"
	"strconv"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// plain writes sentences, for a screen reader and for whoever would rather
// read than look.
type plain struct {
	sheet
	o     Options
	g     glyphs
	when  rowTimes
	seen  map[int64]capture.Stamp // when each connection began
	files []string                // names of several
	many  bool                    // there was more than one connection
	text  strings.Builder
}

// maxPlainData is how many columns of payload a sentence holds.
const maxPlainData = 200

// NewPlain returns a Renderer that writes to w in sentences, one for each
// event: no columns, no lines, no arrows. Of o, Width, ASCII, Conn, Time,
// Absolute, NoPayload, Hex, Verbose, Checksums, Files, Interface and ProcessName
// count.
func NewPlain(w io.Writer, o Options) Renderer {
	o.Color = false
	return &plain{sheet: newSheet(w, &o), o: o, g: newGlyphs(o.ASCII), when: newRowTimes(&o), seen: make(map[int64]capture.Stamp)}
}

func (p *plain) Event(e *conn.Event) error {
	if p.o.Conn != 0 && e.Conn != p.o.Conn && e.Type != conn.TypeCapture {
		return p.out.err
	}
	_, known := p.seen[e.Conn]
	p.begin(e)
	if e.Type == conn.TypeSegment && e.SeqSeen && !known && !e.AnswersUnseenSYN() {
		p.say(sentence(openAlready))
	}
	if lost := lostBefore(e); lost != "" {
		p.say(sentence(lost))
	}
	switch e.Type {
	case conn.TypeSegment:
		p.segment(e)
	case conn.TypeICMP:
		p.icmp(e)
	case conn.TypeNeighbour:
		p.neighbour(e)
	case conn.TypeDNS:
		p.lookup(e)
	case conn.TypeCall:
		p.call(e)
	case conn.TypeRemark:
		p.say("Here " + safeText(e.Text, &p.g))
	case conn.TypeWait:
		p.say(sentence(safeText(e.Text, &p.g)))
	case conn.TypeEnd:
		p.end(e)
	case conn.TypeCapture:
		if e.Capture != nil {
			for _, n := range captureNotes(e.Capture, &p.g) {
				p.say(n)
			}
		}
	}
	p.when.passed(e)
	return p.out.settle()
}

// Resize wraps the sentences to come elsewhere.
func (p *plain) Resize(width int) {
	p.o.Width = width
	p.width = newLayout(&p.o).width
}

func (p *plain) Flush() error { return p.out.flush() }
func (p *plain) Close() error { return p.out.flush() }

func (p *plain) say(s string) { p.note(0, s, "") }

// sentence gives text a capital letter and a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// begin introduces a connection, and says where time passed in silence.
func (p *plain) begin(e *conn.Event) {
	if e.Type != conn.TypeCapture && e.Type != conn.TypeEnd && e.Type != conn.TypeVerdict && p.when.last.Known() && e.Time.Known() && e.Time.Sub(p.when.last) >= firstGap {
		p.say("Then nothing for " + p.span(e.Time.Sub(p.when.last)) + ".")
	}
	if e.Conn == 0 || e.Type == conn.TypeEnd {
		return
	}
	if _, ok := p.seen[e.Conn]; ok {
		return
	}
	if len(p.seen) >= maxViews {
		clear(p.seen)
	}
	p.many = p.many || len(p.seen) > 0
	p.seen[e.Conn] = e.Time
	s := "Connection " + strconv.FormatInt(e.Conn, 10)
	if p.o.Interface != nil && e.Packet != nil && e.Packet.Frame != nil {
		if n := safeName(p.o.Interface(e.Packet.Frame), maxName, &p.g); n != "" {
			s += " on " + n
		}
	} else if e.File >= 0 && e.File < len(p.o.Files) {
		s += " in " + safeName(baseName(p.o.Files[e.File]), maxName, &p.g)
	}
	if e.Time.Known() {
		s += ", from " + e.Time.Time().Format("2006-01-02 15:04:05.000000") + " UTC"
	}
	s += ": the client is " + p.address(e, conn.Client) + ", the server is " + p.address(e, conn.Server) + "."
	p.say(s)
}

func (p *plain) address(e *conn.Event, side conn.Side) string {
	a := e.Client
	if side == conn.Server {
		a = e.Server
	}
	if !a.IsValid() {
		return "not known"
	}
	s := safeText(a.Addr().String(), &p.g) + " port " + utoa(uint32(a.Port()))
	if p.o.ProcessName != nil {
		if n := safeName(p.o.ProcessName(a), maxName, &p.g); n != "" {
			s += " (" + n + ")"
		}
	}
	return s
}

// span gives a duration with whole words.
func (p *plain) span(d time.Duration) string {
	s := spanText(d, &p.g)
	for _, u := range [...][2]string{{" ns", " nanoseconds"}, {" " + p.g.micro + "s", " microseconds"}, {" ms", " milliseconds"}, {" s", " seconds"}} {
		if t, ok := strings.CutSuffix(s, u[0]); ok {
			return t + u[1]
		}
	}
	return s
}

// fileName is how a sentence calls one of several files.
func (p *plain) fileName(i int) string {
	if p.files == nil {
		p.files = shortNames(p.o.Files)
	}
	return safeName(p.files[i], maxName, &p.g)
}

// lead begins a sentence: the frame's number, the connection's where there are
// several, and the time.
func (p *plain) lead(e *conn.Event) {
	b := &p.text
	b.Reset()
	if e.Frame > 0 {
		b.WriteString("Frame " + strconv.FormatInt(e.Frame, 10))
		if fileOf(e, &p.o) != "" {
			b.WriteString(" in " + p.fileName(e.File))
		}
	} else {
		b.WriteString("Socket call")
	}
	if p.many && e.Conn > 0 {
		b.WriteString(", connection " + strconv.FormatInt(e.Conn, 10))
	}
	if e.Time.Known() {
		switch p.o.Time {
		case TimeClock:
			b.WriteString(", at " + string(p.when.append(nil, e.Time, clockWidth)))
		case TimeDelta:
			if p.when.last.Known() {
				b.WriteString(", " + p.span(e.Time.Sub(p.when.last)) + " later")
			}
		default:
			if began, ok := p.seen[e.Conn]; ok && e.Conn > 0 && e.Time.Sub(began) >= 0 {
				b.WriteString(", after " + p.span(e.Time.Sub(began)))
			}
		}
	}
	b.WriteString(": ")
}

func (p *plain) segment(e *conn.Event) {
	if e.Packet == nil {
		return
	}
	tcp := &e.Packet.TCP
	p.lead(e)
	b := &p.text
	b.WriteString("the " + e.From.String() + " sends " + e.Kind.String())
	if tcp.Len > 0 {
		b.WriteString(" of " + plural(uint64(tcp.Len), "byte"))
	}
	seq, ack := e.Seq, e.Ack
	if p.o.Absolute {
		seq, ack = uint32(tcp.Seq), uint32(tcp.Ack)
	}
	if e.Kind != conn.KindACK {
		b.WriteString(", sequence number " + utoa(seq))
	}
	if tcp.Flags.Has(dissect.ACK) {
		b.WriteString(", acknowledgment number " + utoa(ack))
	}
	p.payload(e)
	e.Labels.Each(func(l conn.Label) {
		b.WriteString("; " + l.String())
		if l == conn.DupAck {
			b.WriteString(" number " + itoa(e.DupAckNum))
		}
	})
	if p.o.Checksums {
		if bad := badChecksums(e.Packet); bad != "" {
			b.WriteString("; " + bad)
		}
	}
	if e.Handshake {
		b.WriteString("; the handshake is complete")
		if e.IRTT > 0 {
			b.WriteString(" in " + p.span(e.IRTT))
		}
	}
	for _, s := range [...]conn.Side{conn.Client, conn.Server} {
		if now := e.States[s]; now != e.Before[s] && now != conn.StateUnknown {
			b.WriteString("; the " + s.String() + " is now " + now.String())
		}
	}
	p.say(b.String() + ".")
	if p.o.Verbose {
		if s := e.Sentence(); s != "" {
			p.say("  " + safeText(s, &p.g))
		}
	}
}

func (p *plain) payload(e *conn.Event) {
	data := e.Packet.TCP.Payload
	switch {
	case p.o.NoPayload || e.Packet.TCP.Len == 0:
	case named(e.App) && !(p.o.Hex && len(data) > 0):
		b, _ := appendApp([]byte(": "), e.App, maxPlainData, &p.g)
		p.text.Write(b)
	case len(data) > 0:
		p.data(data)
	}
}

// data ends a sentence with bytes, as text or as Options.Hex asks for.
func (p *plain) data(data []byte) {
	form := appendQuoted
	if p.o.Hex {
		form = appendBuffer
	}
	b, _ := form([]byte(": "), data, maxPlainData, &p.g)
	p.text.Write(b)
}

func (p *plain) icmp(e *conn.Event) {
	p.lead(e)
	m := &e.ICMP
	what := icmpMeaning(m)
	if what == "" {
		what = "type " + itoa(int(m.Type)) + ", code " + itoa(int(m.Code))
	}
	who := "somebody"
	if e.ICMPFrom.IsValid() {
		who = safeText(e.ICMPFrom.String(), &p.g)
	}
	p.say(p.text.String() + who + " answers with an ICMP error: " + what + ".")
}

func (p *plain) neighbour(e *conn.Event) {
	p.lead(e)
	m := &e.Neighbour
	if m.Reply {
		mac := "an address that cannot be read"
		if m.HasMAC {
			mac = string(appendMAC(nil, m.SenderMAC))
		}
		p.say(p.text.String() + m.Target.String() + " answers: its link address is " + mac + ".")
		return
	}
	p.say(p.text.String() + m.Sender.String() + " asks for the link address of " + m.Target.String() + ".")
}

func (p *plain) call(e *conn.Event) {
	c := e.Call
	if c == nil {
		return
	}
	p.lead(e)
	b := &p.text
	b.WriteString("the " + c.From.String() + "'s " + safeName(c.Name, maxCallName, &p.g))
	switch {
	case c.Error != "":
		b.WriteString(" fails: " + safeText(c.Error, &p.g))
	case c.Phase == conn.PhaseEntry:
		b.WriteString(" begins")
	case c.Phase == conn.PhaseReturn:
		b.WriteString(" returns")
	}
	if c.Args != "" && c.Phase != conn.PhaseReturn {
		b.WriteString(", with " + safeName(c.Args, maxPlainData, &p.g))
	}
	if c.Result != "" && c.Error == "" {
		b.WriteString(", result " + safeName(c.Result, maxPlainData, &p.g))
	}
	if len(c.Data) > 0 && !p.o.NoPayload && !saidBefore(c) {
		p.data(c.Data)
	}
	p.say(sentence(b.String()))
}

func (p *plain) end(e *conn.Event) {
	c := e.Connection
	if c == nil {
		return
	}
	delete(p.seen, c.Number)
	head := "End"
	if p.many || p.o.Conn != 0 {
		head = "End of connection " + strconv.FormatInt(c.Number, 10)
	}
	v := &c.Verdict
	if s := verdictHead(v, &p.g); s != "" {
		p.say(head + ": " + s)
	} else {
		p.say(head + ".")
	}
	if s := safeText(v.Meaning, &p.g); s != "" {
		p.say(sentence(s))
	}
	if s := safeText(v.NextStep, &p.g); s != "" {
		p.say(sentence("Try: " + s))
	}
}
