package conn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Fields returns all that is known of the event's packet as trees of fields:
// first the frame and what its capture says of it, then the packet's headers as
// dissect.Packet.Fields has them. What its connection tells of a segment stands
// behind the fields of its TCP header; it is computed, and stands in no byte.
// iface is where the frame was captured, empty where that is not known. Of a
// packet that was kept, some bytes may have been left out, and headers with
// them.
func (e *Event) Fields(iface capture.Interface) []dissect.LayerFields {
	p := e.Packet
	if p == nil || p.Frame == nil {
		return nil
	}
	layers := append([]dissect.LayerFields{e.frameFields(iface)}, whole(p).Fields()...)
	if e.Type != TypeSegment {
		return layers
	}
	for i := len(layers) - 1; i >= 0; i-- {
		if l := &layers[i]; l.Kind == dissect.LayerTCP && !l.Quoted {
			l.Fields = append(l.Fields, e.segmentFields()...)
			break
		}
	}
	return layers
}

// whole returns the packet as far as the bytes of its headers are there.
func whole(p *dissect.Packet) *dissect.Packet {
	for i := range min(p.NumLayers, len(p.Layers)) {
		l, data := &p.Layers[i], p.Frame.Data
		if l.Joined {
			data = p.Joined
		}
		if int(l.Offset)+int(l.Length) > len(data) {
			q := *p
			q.NumLayers = i
			return &q
		}
	}
	return p
}

// fieldList collects computed fields.
type fieldList []dissect.Field

func (l *fieldList) add(name, value, meaning string) {
	*l = append(*l, dissect.Field{Name: name, Value: value, Meaning: meaning})
}

func (l *fieldList) number(name string, v int64, meaning string) {
	l.add(name, strconv.FormatInt(v, 10), meaning)
}

func (l *fieldList) seconds(name string, d time.Duration, meaning string) {
	l.add(name, seconds(d), meaning)
}

// group adds fields under a name of their own.
func (l *fieldList) group(name string, fill func(*fieldList)) {
	var parts fieldList
	if fill(&parts); len(parts) > 0 {
		*l = append(*l, dissect.Field{Name: name, Group: true, Parts: parts})
	}
}

// seconds writes a duration with all nine digits, "-0.000000001".
func seconds(d time.Duration) string {
	sign, n := "", uint64(d)
	if d < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%09d", sign, n/1e9, n%1e9)
}

// frameFields describes the frame.
func (e *Event) frameFields(iface capture.Interface) dissect.LayerFields {
	f := e.Packet.Frame
	var l fieldList
	l.number("frame number", f.Number, "")
	if f.Interface >= 0 {
		l.number("interface", int64(f.Interface), iface.Name)
		if iface.Description != "" {
			l.add("interface description", iface.Description, "")
		}
		if iface.Section > 0 {
			l.number("section", int64(iface.Section)+1, "of the file")
		}
	}
	l.number("encapsulation", int64(f.Link), f.Link.String()+": how its bytes begin")
	e.arrival(&l)
	l.number("length on the wire", int64(f.OrigLen), "bytes")
	captured := "bytes"
	if len(f.Data) < f.OrigLen {
		captured = "bytes: the rest was cut off"
	}
	l.number("captured length", int64(len(f.Data)), captured)
	l.add("direction", [...]string{"not recorded", "in", "out"}[min(f.Direction, capture.DirectionOut)], "")
	if f.Checksums != capture.ChecksumsUnsaid {
		l.add("checksums", [...]string{"", "left to the network card", "verified by the network card"}[min(f.Checksums, capture.ChecksumsVerified)], "")
	}
	if f.Dropped > 0 {
		l.add("lost just before", strconv.FormatUint(f.Dropped, 10), "packets")
	}
	e.joined(&l)
	l.add("protocols", protocols(e.Packet), "outermost first")
	if e.Packet.Problem != dissect.ProblemNone {
		l.add("not followed further", e.Packet.Problem.String(), "")
	}
	for _, c := range f.Comments {
		l.add("comment", c, "")
	}
	return dissect.LayerFields{Kind: dissect.LayerFrame, Name: dissect.LayerFrame.String(), OSI: dissect.LayerFrame.OSI(), Fields: l}
}

// arrival adds the frame's time, in all its forms.
func (e *Event) arrival(l *fieldList) {
	t := e.Packet.Frame.Time
	if !t.Known() {
		l.add("arrival time", "not recorded", "")
		return
	}
	l.add("arrival time", t.Time().Format("2006-01-02 15:04:05.000000000"), "UTC")
	l.seconds("since the epoch", time.Duration(t), "seconds since 1970")
	if e.Time.Known() {
		l.seconds("since the frame before", e.SinceFrame, "seconds")
		l.seconds("since the capture began", e.Since, "seconds")
	}
}

// joined adds what the datagram was put together from.
func (e *Event) joined(l *fieldList) {
	p := e.Packet
	if len(p.Fragments) == 0 {
		return
	}
	var frames []string
	for _, n := range p.Fragments {
		frames = append(frames, strconv.FormatInt(n, 10))
	}
	l.add("put together from", strings.Join(frames, ", "), "frames: each has a fragment of it")
	l.number("fragments", int64(len(p.Fragments)), "")
	l.number("length put together", int64(len(p.Joined)), "bytes behind the IP header")
}

// protocols names the headers of a packet.
func protocols(p *dissect.Packet) string {
	var names []string
	for i := range min(p.NumLayers, len(p.Layers)) {
		names = append(names, p.Layers[i].Kind.String())
	}
	return strings.Join(names, ", ")
}

// segmentFields describes a segment as a part of its connection.
func (e *Event) segmentFields() []dissect.Field {
	var l fieldList
	l.group("in its connection", e.placeFields)
	l.group("relative numbers", e.numberFields)
	l.group("window", e.windowFields)
	l.group("times", e.timeFields)
	l.group("analysis", e.analysisFields)
	return l
}

func (e *Event) placeFields(l *fieldList) {
	l.number("connection", e.Conn, "")
	l.add("kind", e.Kind.String(), "")
	for _, side := range []Side{Client, Server} {
		now, before := e.States[side].String(), e.Before[side].String()
		if now != before {
			now = before + ", then " + now
		}
		l.add("state of the "+side.String(), now, "")
	}
	if e.Detail != nil {
		l.number("completeness", int64(e.Detail.Completeness), completenessWords(e.Detail.Completeness))
	}
}

// completenessWords says which bits of a completeness are set.
func completenessWords(c uint8) string {
	var seen []string
	for i, w := range [...]string{"SYN", "SYN-ACK", "ACK", "data", "FIN", "RST"} {
		if c&(1<<i) != 0 {
			seen = append(seen, w)
		}
	}
	if len(seen) == 0 {
		return "nothing of it was seen so far"
	}
	return "seen so far: " + strings.Join(seen, ", ")
}

func (e *Event) numberFields(l *fieldList) {
	base := func(seen bool) string {
		if seen {
			return ", counted from the first number seen"
		}
		return ", counted from its initial one"
	}
	if e.Packet.Problem == dissect.ProblemFragment {
		l.add("segment length", "not known", "the datagram's first fragment was cut off")
	} else {
		l.number("segment length", int64(e.Packet.TCP.Len), "bytes of data")
	}
	l.number("relative sequence number", int64(e.Seq), "the sender's"+base(e.SeqSeen))
	if e.Detail != nil {
		l.number("next sequence number", int64(e.Detail.Next), "that its sender's next byte will have")
	}
	if e.Packet.TCP.Flags.Has(dissect.ACK) {
		l.number("relative acknowledgment", int64(e.Ack), "the other end's"+base(e.AckSeen))
	}
	if e.Detail == nil {
		return
	}
	for i, r := range e.Detail.SACK {
		l.add("relative SACK block "+strconv.Itoa(i+1), fmt.Sprintf("%d-%d", r.Left, r.Right), "")
	}
}

func (e *Event) windowFields(l *fieldList) {
	syn := e.Packet.TCP.Flags.Has(dissect.SYN)
	meaning := "bytes that the other end may send now"
	if !e.ScaleKnown {
		meaning = "bytes, if it is not scaled: " + e.unscaled()
	}
	l.number("calculated window", int64(e.Window), meaning)
	if e.Detail == nil || syn {
		return
	}
	switch e.Detail.Scale {
	case ScaleUnknown:
		l.add("window scaling factor", "?", e.unscaled())
	case ScaleNone:
		l.number("window scaling factor", 1, "not both ends offered to scale")
	default:
		l.number("window scaling factor", 1<<e.Detail.Scale, "2 to the power of "+strconv.Itoa(e.Detail.Scale))
	}
}

// unscaled says why the scale of the sender's windows is not known: its SYN, in
// whose options that stands, was not captured, or not to its end.
func (e *Event) unscaled() string {
	if e.SeqSeen {
		return "the handshake was not seen"
	}
	return "the capture cut off the options of its SYN"
}

func (e *Event) timeFields(l *fieldList) {
	if !e.Time.Known() {
		return
	}
	l.seconds("since connection began", e.Delta, "seconds")
	l.seconds("since its segment before", e.Idle, "seconds")
	if e.IRTT > 0 {
		l.seconds("initial round trip", e.IRTT, "seconds, of the handshake: iRTT")
	}
}

func (e *Event) analysisFields(l *fieldList) {
	if e.Labels != 0 {
		var names []string
		e.Labels.Each(func(x Label) { names = append(names, x.String()) })
		l.add("labels", strings.Join(names, ", "), "")
	}
	d := e.Detail
	if d == nil {
		d = &Detail{}
	}
	if d.Acks > 0 {
		l.number("acknowledges frame", d.Acks, inFile(d.AcksIn))
		if d.AckTime > 0 {
			l.seconds("round trip of this ACK", d.AckTime, "seconds since that frame")
		}
	} else if e.Labels.Has(DuplicateCapture) && e.RTT > 0 {
		l.seconds("round trip of this ACK", e.RTT, "seconds since what it acknowledges was captured here")
	}
	if e.Labels.Has(DupAck) {
		l.number("duplicate ACK", int64(e.DupAckNum), "how many in a row")
		if d.DupOf > 0 {
			l.number("repeats the ACK of frame", d.DupOf, inFile(d.DupOfIn))
		}
	}
	if d.Repeats > 0 {
		l.number("sent before in frame", d.Repeats, inFile(d.RepeatsIn))
		l.seconds("sent again after", d.RepeatTime, "seconds since that frame: the retransmission time-out (RTO)")
	}
	l.number("bytes in flight", int64(e.InFlight), "sent by this end and not acknowledged")
	if d.SincePush > 0 {
		l.number("bytes since PSH", int64(d.SincePush), "sent by this end since it last set PSH")
	}
}

// inFile is "in b.pcap", "" where there is no name.
func inFile(name string) string {
	if name == "" {
		return ""
	}
	return "in " + name
}
