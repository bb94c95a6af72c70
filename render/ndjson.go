package render

import (
	"io"
	"slices"
	"strconv"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// ndjson writes one JSON object a line.
type ndjson struct {
	out   output
	o     Options
	clock clockCache
	ends  textCache     // by connection and sender
	kinds textCache     // by control bits
	fates textCache     // by labels and states
	waits []conn.Waited // of the last connection
}

// NewNDJSON returns a Renderer that writes one JSON object a line to w: of
// type segment, connection, socket, remark, icmp, neighbour, dns or capture.
// Times are RFC 3339 in UTC, durations are seconds, sizes are bytes: see Schema.
// Of o, Conn, Files, NoPayload, Notes, Checksums and Summary count.
func NewNDJSON(w io.Writer, o Options) Renderer {
	return &ndjson{out: newOutput(w), o: o}
}

func (n *ndjson) Event(e *conn.Event) error {
	if n.o.Conn != 0 && e.Conn != n.o.Conn && e.Type != conn.TypeCapture {
		return n.out.err
	}
	n.out.buf = n.object(n.out.buf, e)
	return n.out.settle()
}

// object appends the object of an event and a line feed; nothing for events
// that have none.
func (n *ndjson) object(b []byte, e *conn.Event) []byte {
	switch {
	case e.Type == conn.TypeEnd:
		return n.connection(b, e)
	case e.Type == conn.TypeCapture:
		return n.capture(b, e)
	case n.o.Summary:
		return b
	}
	switch e.Type {
	case conn.TypeSegment:
		return n.segment(b, e)
	case conn.TypeICMP:
		return n.icmp(b, e)
	case conn.TypeNeighbour:
		return n.neighbour(b, e)
	case conn.TypeDNS:
		return n.lookup(b, e)
	case conn.TypeCall:
		return n.socket(b, e)
	case conn.TypeRemark:
		return n.remark(b, e)
	}
	return b
}

func (n *ndjson) needs() Needs {
	if n.o.Summary {
		return NeedsSentences | NeedsMeasures
	}
	return NeedsSegments | NeedsApp | NeedsSentences | NeedsMeasures
}

func (n *ndjson) Flush() error { return n.out.flush() }
func (n *ndjson) Close() error { return n.out.flush() }

func (n *ndjson) file(b []byte, i int) []byte { return n.fileAs(b, "file", i) }

// fileAs appends the name of one of several files.
func (n *ndjson) fileAs(b []byte, key string, i int) []byte {
	if len(n.o.Files) < 2 || i < 0 || i >= len(n.o.Files) {
		return b
	}
	return appendJSONString(appendKey(b, key), n.o.Files[i])
}

// evidenceFiles appends the names of the files that evidence lies in.
func (n *ndjson) evidenceFiles(b []byte, files []int) []byte {
	for _, i := range files {
		if len(n.o.Files) < 2 || i < 0 || i >= len(n.o.Files) {
			return b
		}
	}
	b = append(appendKey(b, "evidence_files"), '[')
	for k, i := range files {
		if k > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, n.o.Files[i])
	}
	return append(b, ']')
}

func appendFrames(b []byte, frames []int64) []byte {
	b = append(b, '[')
	for i, f := range frames {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, f, 10)
	}
	return append(b, ']')
}

func (n *ndjson) icmp(b []byte, e *conn.Event) []byte {
	b = n.head(b, `{"type":"icmp"`, e)
	m := &e.ICMP
	b = append(b, `,"src":`...)
	b = appendAddr(b, e.ICMPFrom)
	if e.Packet != nil {
		b = append(b, `,"dst":`...)
		b = appendAddr(b, e.Packet.IP.Dst)
	}
	b = appendUintValue(b, `,"version":`, m.Version)
	b = appendUintValue(b, `,"icmp_type":`, m.Type)
	b = appendUintValue(b, `,"icmp_code":`, m.Code)
	b = appendStringKey(b, "meaning", icmpMeaning(m))
	if m.MTU > 0 {
		b = appendUintValue(b, `,"mtu":`, m.MTU)
	}
	if m.QuotedTCP {
		b = append(b, `,"quoted":{"src":`...)
		b = appendAddr(b, m.QuotedSrc.Addr())
		b = appendUintValue(b, `,"sport":`, m.QuotedSrc.Port())
		b = append(b, `,"dst":`...)
		b = appendAddr(b, m.QuotedDst.Addr())
		b = appendUintValue(b, `,"dport":`, m.QuotedDst.Port())
		if !m.QuotedCut {
			b = appendUintValue(b, `,"seq_raw":`, uint32(m.QuotedSeq))
		}
		if m.QuotedVia.IsValid() {
			b = append(b, `,"tunnel_to":`...)
			b = appendAddr(b, m.QuotedVia)
		}
		b = append(b, '}')
	}
	if e.Packet != nil {
		b = appendLayers(b, e.Packet)
	}
	return append(b, '}', '\n')
}

func (n *ndjson) neighbour(b []byte, e *conn.Event) []byte {
	b = n.head(b, `{"type":"neighbour"`, e)
	m := &e.Neighbour
	b = append(b, `,"protocol":"`...)
	b = append(b, neighbourProtocol(m)...)
	b = append(b, `","operation":"`...)
	if m.Reply {
		b = append(b, `reply","sender":`...)
	} else {
		b = append(b, `request","sender":`...)
	}
	b = appendAddr(b, m.Sender)
	b = append(b, `,"target":`...)
	b = appendAddr(b, m.Target)
	if m.HasMAC {
		b = append(b, `,"mac":"`...)
		b = appendMAC(b, m.SenderMAC)
		b = append(b, '"')
	}
	if e.Packet != nil {
		b = appendLayers(b, e.Packet)
	}
	return append(b, '}', '\n')
}

func (n *ndjson) socket(b []byte, e *conn.Event) []byte {
	b = n.head(b, `{"type":"socket"`, e)
	c := e.Call
	if c == nil {
		return append(b, '}', '\n')
	}
	b = append(b, `,"from":"`...)
	b = append(b, c.From.String()...)
	b = append(b, '"')
	b = appendStringKey(b, "call", c.Name)
	b = append(b, `,"phase":"`...)
	b = append(b, phaseName(c.Phase)...)
	b = append(b, '"')
	b = appendStringKey(b, "args", c.Args)
	b = appendStringKey(b, "result", c.Result)
	b = appendStringKey(b, "error", c.Error)
	if c.Data != nil {
		b = appendIntValue(b, `,"len":`, len(c.Data))
		if !n.o.NoPayload {
			b = appendJSONString(appendKey(b, "data"), c.Data)
		}
	}
	if c.Local.IsValid() {
		b = appendJSONString(appendKey(b, "local"), c.Local.String())
	}
	if c.Remote.IsValid() {
		b = appendJSONString(appendKey(b, "remote"), c.Remote.String())
	}
	if c.PID != 0 {
		b = appendIntValue(b, `,"pid":`, c.PID)
	}
	b = appendStringKey(b, "program", c.Program)
	if c.Closing.Linger0 {
		b = append(b, `,"linger0":true`...)
	}
	if c.Closing.Unread > 0 {
		b = appendIntValue(b, `,"unread":`, int(c.Closing.Unread))
	}
	if c.Shared {
		b = append(b, `,"shared":true`...)
	}
	return append(b, '}', '\n')
}

// remark appends what stands between the calls of a program that is driven.
func (n *ndjson) remark(b []byte, e *conn.Event) []byte {
	b = n.head(b, `{"type":"remark"`, e)
	b = append(b, `,"from":"`...)
	b = append(b, e.From.String()...)
	b = appendJSONString(append(b, `","text":`...), e.Text)
	return append(b, '}', '\n')
}

func phaseName(p conn.Phase) string {
	switch p {
	case conn.PhaseEntry:
		return "entry"
	case conn.PhaseReturn:
		return "return"
	}
	return "whole"
}

func (n *ndjson) connection(b []byte, e *conn.Event) []byte {
	c := e.Connection
	if c == nil {
		return b
	}
	b = append(b, `{"type":"connection"`...)
	b = appendIntValue(b, `,"conn":`, c.Number)
	b = n.file(b, c.File)
	b = appendEnd(appendKey(b, "client"), c, conn.Client)
	b = appendEnd(appendKey(b, "server"), c, conn.Server)
	if c.Inferred {
		b = append(b, `,"inferred":true`...)
	}
	b = append(b, `,"start":`...)
	b = n.clock.appendTime(b, c.First)
	b = append(b, `,"end":`...)
	b = n.clock.appendTime(b, c.Last)
	b = append(b, `,"duration":`...)
	if c.First.Known() && c.Last.Known() {
		b = appendSecondsJSON(b, c.Last.Sub(c.First))
	} else {
		b = append(b, "null"...)
	}
	b = appendIntValue(b, `,"first_frame":`, c.FirstFrame)
	b = appendIntValue(b, `,"last_frame":`, c.LastFrame)
	if c.LastFile != c.File {
		b = n.fileAs(b, "last_file", c.LastFile)
	}
	b = appendUintValue(b, `,"completeness":`, c.Completeness)
	b = append(b, `,"irtt":`...)
	if c.IRTT > 0 {
		b = appendSecondsJSON(b, c.IRTT)
	} else {
		b = append(b, "null"...)
	}
	b = appendUintValue(b, `,"syns":`, c.SYNs)
	if m := &c.Measures; m.Silence > 0 {
		b = appendSecondsJSON(appendKey(b, "longest_silence"), m.Silence)
		b = appendIntValue(b, `,"silence_end":`, m.SilenceEnd)
		if m.SilenceFile != c.File {
			b = n.fileAs(b, "silence_end_file", m.SilenceFile)
		}
	}
	n.waits = c.Measures.Longest(n.waits)
	b = appendWaits(b, n.waits)
	b = appendLabelCounts(b, c)
	b = appendStringKey(b, "app", c.App)
	b = n.verdict(b, &c.Verdict)
	return append(b, '}', '\n')
}

// appendWaits appends what a connection waited for, the longest wait first.
func appendWaits(b []byte, list []conn.Waited) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"waits":[`...)
	for i, w := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"for":"`...), w.Wait.String()...)
		b = append(append(b, `","by":"`...), w.For.String()...)
		b = append(appendSecondsJSON(append(b, `","seconds":`...), w.Time), '}')
	}
	return append(b, ']')
}

// appendEnd appends one end of a connection: what it is, and what it sent.
func appendEnd(b []byte, c *conn.Connection, s conn.Side) []byte {
	a := c.Client
	if s == conn.Server {
		a = c.Server
	}
	b = append(b, `{"addr":`...)
	b = appendAddr(b, a.Addr())
	b = appendUintValue(b, `,"port":`, a.Port())
	b = append(b, `,"state":"`...)
	b = append(b, c.States[s].String()...)
	b = append(b, `","iss":`...)
	if c.ISSKnown[s] {
		b = strconv.AppendUint(b, uint64(c.ISS[s]), 10)
	} else {
		b = append(b, "null"...)
	}
	b = appendUintValue(b, `,"segments":`, c.Segments[s])
	b = appendUintValue(b, `,"bytes":`, c.Bytes[s])
	b = appendUintValue(b, `,"unique_bytes":`, c.Unique[s])
	b = appendUintValue(b, `,"retransmissions":`, c.Retransmits[s])
	// Of the handshake's halves the first, SYN to SYN-ACK, is there and back to
	// the server.
	if half := c.HalfRTT[s.Other()]; half > 0 {
		b = appendSecondsJSON(appendKey(b, "half_rtt"), half)
	}
	b = appendMeasures(b, c, s)
	return append(b, '}')
}

// appendMeasures appends what was measured of one end.
func appendMeasures(b []byte, c *conn.Connection, s conn.Side) []byte {
	m := &c.Measures
	if r := &m.RTT[s]; r.Count > 0 {
		b = appendUintValue(b, `,"rtt":{"count":`, r.Count)
		b = appendSecondsJSON(appendKey(b, "min"), r.Min)
		b = appendSecondsJSON(appendKey(b, "mean"), r.Mean)
		b = appendSecondsJSON(appendKey(b, "max"), r.Max)
		b = append(b, '}')
	}
	if m.RTO[s] > 0 {
		b = appendSecondsJSON(appendKey(b, "longest_rto"), m.RTO[s])
	}
	if m.InFlight[s] > 0 {
		b = appendUintValue(b, `,"most_in_flight":`, m.InFlight[s])
	}
	if m.Window[s].Window != 0 {
		b = appendWindowUsed(appendKey(b, "window_used"), c, s)
	}
	if _, ok := c.Goodput(s); ok {
		b = appendGoodput(appendKey(b, "goodput"), c, s)
	}
	return b
}

func appendLabelCounts(b []byte, c *conn.Connection) []byte {
	b = append(b, `,"labels":{`...)
	first := true
	for i, v := range c.LabelCounts {
		if v == 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '"')
		b = append(b, conn.Label(i).String()...)
		b = append(b, '"', ':')
		b = strconv.AppendUint(b, uint64(v), 10)
	}
	return append(b, '}')
}

func (n *ndjson) verdict(b []byte, v *conn.Verdict) []byte {
	b = append(b, `,"verdict":`...)
	b = appendJSONString(b, string(v.Outcome))
	if v.HasBy {
		b = append(b, `,"by":"`...)
		b = append(b, v.By.String()...)
		b = append(b, '"')
	}
	b = appendStringKey(b, "detail", v.Detail)
	b = appendStringKey(b, "text", v.Text)
	b = appendStringKey(b, "meaning", v.Meaning)
	b = appendFrames(appendKey(b, "evidence"), v.Evidence)
	if len(v.EvidenceFiles) > 0 {
		b = n.evidenceFiles(b, v.EvidenceFiles)
	}
	b = append(b, `,"next_step":`...)
	if v.NextStep == "" {
		return append(b, "null"...)
	}
	return appendJSONString(b, v.NextStep)
}

func (n *ndjson) capture(b []byte, e *conn.Event) []byte {
	c := e.Capture
	if c == nil {
		return b
	}
	b = append(b, `{"type":"capture","schema":1,"files":`...)
	b = appendStrings(b, c.Files)
	b = appendInterfaces(appendKey(b, "interfaces"), c.Interfaces)
	b = appendIntValue(b, `,"frames":`, c.Frames)
	b = appendIntValue(b, `,"bytes":`, c.Bytes)
	b = appendIntValue(b, `,"segments":`, c.Segments)
	b = appendIntValue(b, `,"connections":`, c.Connections)
	b = appendIntValue(b, `,"not_tcp":`, c.NotTCP)
	b = appendCounts(appendKey(b, "unfollowed"), c.Unfollowed)
	if len(c.LeftOut) > 0 {
		b = appendCounts(appendKey(b, "left_out"), c.LeftOut)
	}
	b = appendUintValue(b, `,"dropped":`, c.Dropped)
	b = appendIntValue(b, `,"evicted":`, c.Evicted)
	b = appendIntValue(b, `,"layer7_refused":`, c.AppRefused)
	b = appendIntValue(b, `,"forgotten":`, c.Forgotten)
	b = append(b, `,"start":`...)
	b = n.clock.appendTime(b, c.First)
	b = append(b, `,"end":`...)
	b = n.clock.appendTime(b, c.Last)
	b = append(b, `,"fault":`...)
	if c.Fault == "" {
		b = append(b, "null"...)
	} else {
		b = appendJSONString(b, c.Fault)
	}
	b = appendStrings(appendKey(b, "findings"), c.Findings)
	b = appendStringKey(b, "anonymized", c.Anonymized)
	return append(b, '}', '\n')
}

func appendInterfaces(b []byte, list []capture.Interface) []byte {
	b = append(b, '[')
	for i, f := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendJSONString(b, f.Name)
		b = appendStringKey(b, "description", f.Description)
		b = appendJSONString(appendKey(b, "link"), f.Link.String())
		b = appendIntValue(b, `,"snap_length":`, f.SnapLen)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendCounts appends how often each reason was met.
func appendCounts(b []byte, counts map[string]int64) []byte {
	b = append(b, '{')
	for i, why := range sortedKeys(counts) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, why), ':')
		b = strconv.AppendInt(b, counts[why], 10)
	}
	return append(b, '}')
}

func appendStrings(b []byte, s []string) []byte {
	b = append(b, '[')
	for i, v := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, v)
	}
	return append(b, ']')
}

func sortedKeys(m map[string]int64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
