package render

import (
	"io"
	"strconv"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// SegmentColumns are the columns of NewCSV, in order, named as NewNDJSON names
// them where it has them. Columns stay where they are: new ones come last.
func SegmentColumns() []Columns {
	return []Columns{
		{"frame", "its number in the capture, from 1"},
		{"file", "the one of several that frame counts in"},
		{"time", "RFC 3339 in UTC"},
		{"since_start", "since the capture's first frame"},
		{"conn", "number of the connection, from 1"},
		{"from", "client or server"},
		{"src,sport,dst,dport", "addresses and ports"},
		{"kind", "SYN, SYN-ACK, ACK, DATA, FIN, RST or OTHER"},
		{"role", "handshake where this ACK completes it"},
		{"flags", "all twelve control bits"},
		{"seq,ack", "counted from the initial sequence numbers"},
		{"seq_raw,ack_raw", "as on the wire"},
		{"len", "of the payload"},
		{"win,win_raw", "the window, scaled where the scale is known, and as on the wire"},
		{"options", "TCP's, with spaces between them: mss=, sackOK, ts=value/echo, wscale=, sack=left-right with edges counted as ack is and sack_raw= with them as on the wire, tfo=, mptcp=, uto=, md5, ao, other; cut where the capture ends inside of them, malformed where a length cannot be"},
		{"labels", "what the segment means in its place, with spaces between them"},
		{"state_client,state_server", "RFC 9293's states of both ends after it"},
		{"rtt", "the round trip that this ACK shows, from what it acknowledges to it"},
		{"app", "layer 7, as far as this segment shows"},
		{"rtt_by", "timestamps where only they tell which copy of a segment sent twice was acknowledged"},
		{"rto", "how long ago the same bytes had been sent before, of a segment that is sent again"},
		{"in_flight", "bytes sent by its sender and not acknowledged yet, this segment's among them; of segments with data"},
		{"idle", "how long nothing of the connection had come before it"},
		{"seq_base,ack_base", "seen where seq or ack counts from the first number seen, for the SYN was not captured"},
		{"dup_ack_num", "of a dup-ack: how many in a row, from 1"},
	}
}

// csvWriter writes one row a segment.
type csvWriter struct {
	out     output
	o       Options
	g       glyphs
	clock   clockCache
	scratch []byte
}

// NewCSV returns a Renderer that writes segments to w as CSV (RFC 4180), one
// row each, after a row of names: SegmentColumns. Durations are seconds, sizes
// bytes; what is not known is empty. Of o, Conn, NoPayload and Files count.
func NewCSV(w io.Writer, o Options) Renderer {
	c := &csvWriter{out: newOutput(w), o: o, g: newGlyphs(false)}
	c.out.buf = appendCSVHead(c.out.buf, SegmentColumns())
	return c
}

func (c *csvWriter) Event(e *conn.Event) error {
	if e.Type == conn.TypeSegment && e.Packet != nil && (c.o.Conn == 0 || e.Conn == c.o.Conn) {
		c.out.buf = c.row(c.out.buf, e)
	}
	return c.out.settle()
}

func (c *csvWriter) Flush() error { return c.out.flush() }
func (c *csvWriter) Close() error { return c.out.flush() }

func (c *csvWriter) row(b []byte, e *conn.Event) []byte {
	p := e.Packet
	b = strconv.AppendInt(b, e.Frame, 10)
	b = append(b, ',')
	if len(c.o.Files) > 1 && e.File >= 0 && e.File < len(c.o.Files) {
		b = appendCSVField(b, safeText(c.o.Files[e.File], &c.g))
	}
	b = append(b, ',')
	if e.Time.Known() {
		c.scratch = c.clock.appendTime(c.scratch[:0], e.Time)
		b = append(b, c.scratch[1:len(c.scratch)-1]...)
		b = appendSecondsJSON(append(b, ','), e.Since)
	} else {
		b = append(b, ',')
	}
	b = append(b, ',')
	b = strconv.AppendInt(b, e.Conn, 10)
	b = append(b, ',')
	b = append(b, e.From.String()...)
	src, dst := e.Client, e.Server
	if e.From == conn.Server {
		src, dst = dst, src
	}
	b = src.Addr().AppendTo(append(b, ','))
	b = appendUintValue(b, ",", src.Port())
	b = dst.Addr().AppendTo(append(b, ','))
	b = appendUintValue(b, ",", dst.Port())
	b = append(b, ',')
	b = append(b, e.Kind.String()...)
	b = append(b, ',')
	if e.Handshake {
		b = append(b, "handshake"...)
	}
	return append(c.rest(b, e, p), '\r', '\n')
}

// rest appends what the header says and what it means.
func (c *csvWriter) rest(b []byte, e *conn.Event, p *dissect.Packet) []byte {
	t := &p.TCP
	b = append(b, ",0x"...)
	b = append(b, hexDigits[t.Flags>>8&15], hexDigits[t.Flags>>4&15], hexDigits[t.Flags&15])
	b = appendUintValue(b, ",", e.Seq)
	b = appendUintValue(b, ",", e.Ack)
	b = appendUintValue(b, ",", uint32(t.Seq))
	b = appendUintValue(b, ",", uint32(t.Ack))
	b = appendIntValue(b, ",", t.Len)
	b = appendUintValue(b, ",", e.Window)
	b = appendUintValue(b, ",", t.Window)
	b = append(b, ',')
	if len(t.Options) > 0 || t.OptionsCut() {
		var o dissect.Options
		t.ParseOptions(&o)
		c.scratch = appendCSVOptions(c.scratch[:0], &o, t.Ack-dissect.Seq(e.Ack))
		b = appendCSVField(b, string(c.scratch))
	}
	b = append(b, ',')
	for s := e.Labels; s != 0; s &= s - 1 {
		if s != e.Labels {
			b = append(b, ' ')
		}
		b = append(b, lowestLabel(s).String()...)
	}
	for _, s := range e.States {
		b = append(b, ',')
		b = append(b, s.String()...)
	}
	b = append(b, ',')
	if e.RTT > 0 {
		b = appendSecondsJSON(b, e.RTT)
	}
	b = append(b, ',')
	if e.App != "" {
		b = appendCSVField(b, safeText(c.o.app(e), &c.g))
	}
	return appendCSVMeasured(b, e)
}

// appendCSVOptions appends options, the edges of SACK counted from base, as ack
// is, and behind the rest as on the wire.
func appendCSVOptions(b []byte, o *dissect.Options, base dissect.Seq) []byte {
	wire := dissect.Options{Has: dissect.HasSACK, NumSACK: o.NumSACK, SACK: o.SACK}
	for i := range o.SACK[:o.NumSACK] {
		o.SACK[i].Left -= base
		o.SACK[i].Right -= base
	}
	b = o.Append(b)
	if o.NumSACK > 0 {
		raw := wire.Append(nil)
		b = append(append(b, " sack_raw"...), raw[len("sack"):]...)
	}
	return b
}

// appendCSVMeasured appends what was measured at the segment.
func appendCSVMeasured(b []byte, e *conn.Event) []byte {
	b = append(b, ',')
	if e.RTT > 0 && e.RTTEchoed {
		b = append(b, "timestamps"...)
	}
	b = append(b, ',')
	b = appendCSVSpan(b, e.RTO)
	b = append(b, ',')
	if e.Packet.TCP.Len > 0 && e.InFlight > 0 {
		b = appendUint(b, uint64(e.InFlight))
	}
	b = append(b, ',')
	b = appendCSVSpan(b, e.Idle)
	for _, seen := range [...]bool{e.SeqSeen, e.AckSeen} {
		if b = append(b, ','); seen {
			b = append(b, "seen"...)
		}
	}
	b = append(b, ',')
	if e.Labels.Has(conn.DupAck) {
		b = strconv.AppendInt(b, int64(e.DupAckNum), 10)
	}
	return b
}
