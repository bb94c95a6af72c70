package render

import (
	"io"
	"strconv"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// csvSegments are the names of the columns of NewCSV.
const csvSegments = "frame,file,time,since_start,conn,from,src,sport,dst,dport,kind,role,flags,seq,ack,seq_raw,ack_raw,len,win,win_raw,options,labels," +
	"state_client,state_server,rtt,app\r\n"

// csvWriter writes one row a segment.
type csvWriter struct {
	out     output
	o       Options
	g       glyphs
	clock   clockCache
	scratch []byte
}

// NewCSV returns a Renderer that writes segments to w as CSV (RFC 4180), one
// row each, after a row of names, which are those of NewNDJSON where it has
// them. Labels are separated by spaces, states are those after the segment. Of
// o, Conn and Files count.
func NewCSV(w io.Writer, o Options) Renderer {
	c := &csvWriter{out: newOutput(w), o: o, g: newGlyphs(false)}
	c.out.buf = append(c.out.buf, csvSegments...)
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
	if e.File >= 0 && e.File < len(c.o.Files) {
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
	if len(t.Options) > 0 {
		var o dissect.Options
		t.ParseOptions(&o)
		c.scratch = o.Append(c.scratch[:0])
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
		b = appendCSVField(b, safeText(e.App, &c.g))
	}
	return b
}
