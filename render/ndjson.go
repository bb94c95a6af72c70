package render

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// ndjson writes one JSON object a line.
type ndjson struct {
	out   output
	o     Options
	clock clockCache
	ends  endsCache
}

// endsCache keeps what is said of a segment's two ends, for the connections
// that were written lately.
type endsCache struct {
	slots [256]struct {
		conn int64 // and which side sent it, in the lowest bit; 0 is empty
		text []byte
	}
}

// append appends who sent a segment, and to whom.
func (c *endsCache) append(b []byte, e *conn.Event) []byte {
	key := e.Conn<<1 | int64(e.From&1)
	slot := &c.slots[uint64(key)%uint64(len(c.slots))]
	if slot.conn != key || e.Conn == 0 {
		slot.conn, slot.text = key, appendEnds(slot.text[:0], e)
	}
	return append(b, slot.text...)
}

func appendEnds(b []byte, e *conn.Event) []byte {
	src, dst := e.Client, e.Server
	if e.From == conn.Server {
		src, dst = dst, src
	}
	b = append(b, `,"from":"`...)
	b = append(b, e.From.String()...)
	b = append(b, `","src":`...)
	b = appendAddr(b, src.Addr())
	b = appendUintValue(b, `,"sport":`, src.Port())
	b = append(b, `,"dst":`...)
	b = appendAddr(b, dst.Addr())
	return appendUintValue(b, `,"dport":`, dst.Port())
}

// NewNDJSON returns a Renderer that writes one JSON object a line to w: of
// type segment, connection, socket, remark, icmp, neighbour, dns or capture.
// Times are RFC 3339 in UTC, durations are seconds, sizes are bytes: see Schema.
// Of o, Conn, Files, NoPayload, Notes and Checksums count.
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
	case conn.TypeEnd:
		return n.connection(b, e)
	case conn.TypeCapture:
		return n.capture(b, e)
	}
	return b
}

func (n *ndjson) needs() Needs { return NeedsSegments | NeedsApp | NeedsSentences | NeedsMeasures }

func (n *ndjson) Flush() error { return n.out.flush() }
func (n *ndjson) Close() error { return n.out.flush() }

// head appends what every object that belongs to a frame begins with.
func (n *ndjson) head(b []byte, kind string, e *conn.Event) []byte {
	b = append(b, kind...)
	if e.Frame > 0 {
		b = appendIntValue(b, `,"frame":`, e.Frame)
	}
	b = n.file(b, e.File)
	b = append(b, `,"time":`...)
	b = n.clock.appendTime(b, e.Time)
	b = append(b, `,"since_start":`...)
	if e.Time.Known() {
		b = appendSecondsJSON(b, e.Since)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"conn":`...)
	if e.Conn == 0 {
		return append(b, "null"...)
	}
	return appendUint(b, uint64(e.Conn))
}

func (n *ndjson) file(b []byte, i int) []byte {
	if len(n.o.Files) < 2 || i < 0 || i >= len(n.o.Files) {
		return b
	}
	return appendJSONString(appendKey(b, "file"), n.o.Files[i])
}

func (n *ndjson) segment(b []byte, e *conn.Event) []byte {
	b = n.head(b, `{"type":"segment"`, e)
	b = n.ends.append(b, e)
	b = append(b, `,"kind":"`...)
	b = append(b, e.Kind.String()...)
	b = append(b, '"')
	if e.Handshake {
		b = append(b, `,"role":"handshake"`...)
	}
	if p := e.Packet; p != nil {
		b = appendTCP(b, e, p)
	}
	b = appendLabels(b, e)
	b = append(b, `,"states":{"client":["`...)
	b = appendStates(b, e, conn.Client)
	b = append(b, `"],"server":["`...)
	b = appendStates(b, e, conn.Server)
	b = append(b, `"]}`...)
	if e.RTT > 0 {
		b = appendSecondsJSON(appendKey(b, "rtt"), e.RTT)
		if e.RTTEchoed {
			b = append(b, `,"rtt_by":"timestamps"`...)
		}
	}
	if e.RTO > 0 {
		b = appendSecondsJSON(appendKey(b, "rto"), e.RTO)
	}
	if e.InFlight > 0 && e.Packet != nil && e.Packet.TCP.Len > 0 {
		b = appendUintValue(b, `,"in_flight":`, e.InFlight)
	}
	b = appendStringKey(b, "app", e.App)
	if p := e.Packet; p != nil {
		b = appendLayers(b, p)
		if p.HasIdentifiers() {
			b = appendIdentifiers(b, p)
		}
		if n.o.Checksums {
			b = appendChecksums(b, p)
		}
	}
	if n.o.Notes {
		b = appendStringKey(b, "note", e.Sentence())
	}
	return append(b, '}', '\n')
}

// appendTCP appends what the header holds.
func appendTCP(b []byte, e *conn.Event, p *dissect.Packet) []byte {
	t := &p.TCP
	b = append(b, `,"flags":"0x`...)
	b = append(b, hexDigits[t.Flags>>8&15], hexDigits[t.Flags>>4&15], hexDigits[t.Flags&15])
	b = append(b, `","control_bits":`...)
	b = appendBits(b, t.Flags)
	b = appendUintValue(b, `,"seq":`, e.Seq)
	b = appendUintValue(b, `,"ack":`, e.Ack)
	b = appendUintValue(b, `,"seq_raw":`, uint32(t.Seq))
	b = appendUintValue(b, `,"ack_raw":`, uint32(t.Ack))
	if e.SeqSeen {
		b = append(b, `,"seq_base":"seen"`...)
	}
	if e.AckSeen {
		b = append(b, `,"ack_base":"seen"`...)
	}
	b = appendIntValue(b, `,"len":`, t.Len)
	b = appendUintValue(b, `,"win":`, e.Window)
	b = appendUintValue(b, `,"win_raw":`, t.Window)
	b = append(b, `,"options":[`...)
	b = appendOptions(b, e, t)
	return append(b, ']')
}

// appendBits appends the names of the control bits as an array.
func appendBits(b []byte, f dissect.Flags) []byte {
	switch f { // the usual ones, without asking for a slice of names
	case dissect.ACK:
		return append(b, `["ACK"]`...)
	case dissect.ACK | dissect.PSH:
		return append(b, `["PSH","ACK"]`...)
	case dissect.SYN:
		return append(b, `["SYN"]`...)
	case dissect.SYN | dissect.ACK:
		return append(b, `["SYN","ACK"]`...)
	case dissect.FIN | dissect.ACK:
		return append(b, `["FIN","ACK"]`...)
	case dissect.RST:
		return append(b, `["RST"]`...)
	case dissect.RST | dissect.ACK:
		return append(b, `["RST","ACK"]`...)
	case 0:
		return append(b, `[]`...)
	}
	b = append(b, '[')
	for i, name := range f.Names() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, '"')
	}
	return append(b, ']')
}

func appendLabels(b []byte, e *conn.Event) []byte {
	if e.Labels == 0 {
		return append(b, `,"labels":[]`...)
	}
	b = append(b, `,"labels":[`...)
	for s := e.Labels; s != 0; s &= s - 1 {
		if s != e.Labels {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, lowestLabel(s).String()...)
		b = append(b, '"')
	}
	b = append(b, ']')
	if e.Labels.Has(conn.DupAck) {
		b = appendIntValue(b, `,"dup_ack_num":`, e.DupAckNum)
	}
	return b
}

// lowestLabel returns the first label of a set that is not empty.
func lowestLabel(s conn.Labels) conn.Label { return conn.Label(bits.TrailingZeros32(uint32(s))) }

func appendStates(b []byte, e *conn.Event, s conn.Side) []byte {
	b = append(b, e.Before[s].String()...)
	b = append(b, '"', ',', '"')
	return append(b, e.States[s].String()...)
}

// timestampsOnly is how the options begin that most segments have: two for
// padding, then timestamps (RFC 7323, appendix A).
const timestampsOnly = dissect.OptionNOP<<24 | dissect.OptionNOP<<16 | dissect.OptionTimestamps<<8 | 10

// appendOptions appends the options as objects. The edges of SACK blocks are
// relative as Ack is; the header's own stand beside them.
func appendOptions(b []byte, e *conn.Event, t *dissect.TCP) []byte {
	if ts := t.Options; len(ts) == 12 && be32(ts) == timestampsOnly {
		b = append(b, `{"name":"nop"},{"name":"nop"},{"name":"timestamps"`...)
		b = appendUintValue(b, `,"value":`, be32(ts[4:]))
		b = appendUintValue(b, `,"echo":`, be32(ts[8:]))
		return append(b, '}')
	}
	first := true
	for o := range t.RawOptions() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, `{"name":"`...)
		b = append(b, optionName(o.Kind)...)
		b = append(b, '"')
		b = appendOption(b, e, t, &o)
		b = append(b, '}')
	}
	return b
}

// optionName is the short name of an option in data.
func optionName(kind byte) string {
	switch kind {
	case dissect.OptionEnd:
		return "end"
	case dissect.OptionNOP:
		return "nop"
	case dissect.OptionMSS:
		return "mss"
	case dissect.OptionWindowScale:
		return "window-scale"
	case dissect.OptionSACKPermitted:
		return "sack-permitted"
	case dissect.OptionSACK:
		return "sack"
	case dissect.OptionTimestamps:
		return "timestamps"
	case dissect.OptionMD5:
		return "md5"
	case dissect.OptionUserTimeout:
		return "user-timeout"
	case dissect.OptionAO:
		return "authentication"
	case dissect.OptionMPTCP:
		return "mptcp"
	case dissect.OptionFastOpen:
		return "fast-open"
	}
	return "other"
}

func appendOption(b []byte, e *conn.Event, t *dissect.TCP, o *dissect.RawOption) []byte {
	data := o.Data
	switch {
	case o.Bad:
		b = append(b, `,"malformed":true`...)
		data = o.Bytes
	case o.Kind == dissect.OptionEnd, o.Kind == dissect.OptionNOP, o.Kind == dissect.OptionSACKPermitted && len(data) == 0:
		return b
	case o.Kind == dissect.OptionMSS && len(data) == 2:
		return appendUintValue(b, `,"mss":`, be16(data))
	case o.Kind == dissect.OptionWindowScale && len(data) == 1:
		return appendUintValue(b, `,"shift":`, data[0])
	case o.Kind == dissect.OptionTimestamps && len(data) == 8:
		b = appendUintValue(b, `,"value":`, be32(data))
		return appendUintValue(b, `,"echo":`, be32(data[4:]))
	case o.Kind == dissect.OptionSACK && len(data) > 0 && len(data)%8 == 0:
		base := uint32(t.Ack) - e.Ack
		b = appendBlocks(appendKey(b, "blocks"), data, base)
		return appendBlocks(appendKey(b, "blocks_raw"), data, 0)
	}
	b = appendUintValue(b, `,"kind":`, o.Kind)
	b = append(b, `,"data":"`...)
	b = hex.AppendEncode(b, data)
	return append(b, '"')
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

func appendBlocks(b, data []byte, base uint32) []byte {
	b = append(b, '[')
	for i := 0; i+8 <= len(data); i += 8 {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = strconv.AppendUint(b, uint64(be32(data[i:])-base), 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, uint64(be32(data[i+4:])-base), 10)
		b = append(b, ']')
	}
	return append(b, ']')
}

// appendLayers appends the names of the headers, outermost first, and which
// frames were put together, and what comments the file has on the packet.
func appendLayers(b []byte, p *dissect.Packet) []byte {
	if p.NumLayers == 3 && p.Layers[0].Kind == dissect.LayerEthernet && p.Layers[2].Kind == dissect.LayerTCP && len(p.Fragments) == 0 {
		switch p.Layers[1].Kind {
		case dissect.LayerIPv4:
			return appendComments(append(b, `,"layers":["ethernet","ipv4","tcp"]`...), p)
		case dissect.LayerIPv6:
			return appendComments(append(b, `,"layers":["ethernet","ipv6","tcp"]`...), p)
		}
	}
	b = append(b, `,"layers":[`...)
	for i := range min(p.NumLayers, len(p.Layers)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, layerName(p.Layers[i].Kind)...)
		b = append(b, '"')
	}
	b = append(b, ']')
	if len(p.Fragments) > 0 {
		b = appendFrames(appendKey(b, "fragments"), p.Fragments)
	}
	return appendComments(b, p)
}

// appendIdentifiers appends which VLANs and virtual networks the packet is in,
// outermost first.
func appendIdentifiers(b []byte, p *dissect.Packet) []byte {
	var room [dissect.MaxLayers]dissect.Identifier
	ids := p.AppendIdentifiers(room[:0])
	if len(ids) == 0 {
		return b
	}
	b = append(b, `,"networks":[`...)
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"layer":"`...)
		b = append(b, layerName(id.Kind)...)
		b = appendUintValue(b, `","id":`, id.Value)
		b = append(b, '}')
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

// layerName is the short name of a header in data, lower case.
func layerName(k dissect.LayerKind) string {
	switch k {
	case dissect.LayerEthernet:
		return "ethernet"
	case dissect.LayerIPv4:
		return "ipv4"
	case dissect.LayerIPv6:
		return "ipv6"
	case dissect.LayerTCP:
		return "tcp"
	case dissect.LayerSLL:
		return "sll"
	case dissect.LayerSLL2:
		return "sll2"
	case dissect.LayerNull:
		return "null"
	case dissect.LayerRaw:
		return "raw"
	case dissect.LayerCHDLC:
		return "chdlc"
	case dissect.LayerMPLSControl:
		return "mpls-control"
	case dissect.LayerHopByHop:
		return "hop-by-hop"
	case dissect.LayerDestination:
		return "destination-options"
	}
	return strings.ReplaceAll(strings.ToLower(k.String()), " ", "-")
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
		b = appendUintValue(b, `,"seq_raw":`, uint32(m.QuotedSeq))
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
	}
	b = appendLabelCounts(b, c)
	b = appendStringKey(b, "app", c.App)
	b = appendVerdict(b, &c.Verdict)
	return append(b, '}', '\n')
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

func appendVerdict(b []byte, v *conn.Verdict) []byte {
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
	b = append(b, `,"interfaces":[`...)
	for i, f := range c.Interfaces {
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
	b = append(b, ']')
	b = appendIntValue(b, `,"frames":`, c.Frames)
	b = appendIntValue(b, `,"bytes":`, c.Bytes)
	b = appendIntValue(b, `,"segments":`, c.Segments)
	b = appendIntValue(b, `,"connections":`, c.Connections)
	b = appendIntValue(b, `,"not_tcp":`, c.NotTCP)
	b = append(b, `,"unfollowed":{`...)
	for i, why := range sortedKeys(c.Unfollowed) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, why), ':')
		b = strconv.AppendInt(b, c.Unfollowed[why], 10)
	}
	b = append(b, '}')
	if len(c.LeftOut) > 0 {
		b = append(b, `,"left_out":{`...)
		for i, why := range sortedKeys(c.LeftOut) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONString(b, why), ':')
			b = strconv.AppendInt(b, c.LeftOut[why], 10)
		}
		b = append(b, '}')
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
