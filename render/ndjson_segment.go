package render

import (
	"math/bits"
	"slices"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// Segments are most of what is written. What many of them have in common is
// put together once and kept; room is made a few times a row, not for each
// number.

// Rooms of parts of a row, keys and punctuation included.
const (
	momentRoom  = 96 + uintRoom + timeRoom + secondsRoom
	tcpRoom     = 256 + 9*uintRoom
	timingsRoom = 96 + 3*secondsRoom + uintRoom
)

// textCache keeps texts by number, which is never 0: in each slot the one that
// was asked for last.
type textCache struct {
	slots [textSlots]textSlot
}

type textSlot struct {
	key  uint64
	text []byte
}

const textSlots = 256

// find returns the slot of a number. Unless its text is known it is to be
// appended.
func (c *textCache) find(key uint64) (s *textSlot, known bool) {
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: spreads what is close together
	s = &c.slots[key*golden>>40%textSlots]
	if s.key == key {
		return s, true
	}
	s.key, s.text = key, s.text[:0]
	return s, false
}

// segment appends the object of a segment.
func (n *ndjson) segment(b []byte, e *conn.Event) []byte {
	p := e.Packet
	b = n.moment(b, `{"type":"segment"`, e)
	b = n.appendEnds(b, e)
	b = n.appendKind(b, e)
	if p != nil {
		b = appendTCP(b, e, &p.TCP)
	}
	b = n.appendFate(b, e)
	b = appendTimings(b, e)
	if e.App != "" {
		b = appendJSONString(append(b, `,"app":`...), n.o.app(e))
	}
	if p != nil {
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

// moment appends what every object that belongs to a frame begins with, up to
// the time.
func (n *ndjson) moment(b []byte, kind string, e *conn.Event) []byte {
	b = append(b, kind...)
	b = slices.Grow(b, momentRoom)
	w, at := b[:cap(b)], len(b)
	if e.Frame > 0 {
		at = put(w, at, `,"frame":`)
		at = putUint(w, at, uint64(e.Frame))
	}
	if len(n.o.Files) > 1 {
		b = slices.Grow(n.file(b[:at], e.File), momentRoom)
		w, at = b[:cap(b)], len(b)
	}
	at = put(w, at, `,"time":`)
	at = n.clock.putTime(w, at, e.Time)
	at = put(w, at, `,"since_start":`)
	if e.Time.Known() {
		at = putSeconds(w, at, e.Since)
	} else {
		at = put(w, at, "null")
	}
	return b[:at]
}

// head is moment and the connection.
func (n *ndjson) head(b []byte, kind string, e *conn.Event) []byte {
	return appendConn(n.moment(b, kind, e), e)
}

func appendConn(b []byte, e *conn.Event) []byte {
	if e.Conn == 0 {
		return append(b, `,"conn":null`...)
	}
	return appendUintValue(b, `,"conn":`, uint64(e.Conn))
}

// appendEnds appends which connection a segment is of, who sent it, and to
// whom.
func (n *ndjson) appendEnds(b []byte, e *conn.Event) []byte {
	if e.Conn == 0 {
		return appendEnds(b, e)
	}
	s, known := n.ends.find(uint64(e.Conn)<<1 | uint64(e.From&1))
	if !known {
		s.text = appendEnds(s.text, e)
	}
	return append(b, s.text...)
}

func appendEnds(b []byte, e *conn.Event) []byte {
	src, dst := e.Client, e.Server
	if e.From == conn.Server {
		src, dst = dst, src
	}
	b = append(appendConn(b, e), `,"from":"`...)
	b = append(b, e.From.String()...)
	b = append(b, `","src":`...)
	b = appendAddr(b, src.Addr())
	b = appendUintValue(b, `,"sport":`, src.Port())
	b = append(b, `,"dst":`...)
	b = appendAddr(b, dst.Addr())
	return appendUintValue(b, `,"dport":`, dst.Port())
}

// appendKind appends what a segment is, and its control bits.
func (n *ndjson) appendKind(b []byte, e *conn.Event) []byte {
	key := uint64(1)<<32 | uint64(e.Kind)<<17
	if e.Handshake {
		key |= 1 << 16
	}
	if e.Packet == nil {
		key |= 1 << 31
	} else {
		key |= uint64(e.Packet.TCP.Flags)
	}
	s, known := n.kinds.find(key)
	if !known {
		s.text = appendKind(s.text, e)
	}
	return append(b, s.text...)
}

func appendKind(b []byte, e *conn.Event) []byte {
	b = append(b, `,"kind":"`...)
	b = append(b, e.Kind.String()...)
	b = append(b, '"')
	if e.Handshake {
		b = append(b, `,"role":"handshake"`...)
	}
	if e.Packet == nil {
		return b
	}
	f := e.Packet.TCP.Flags
	b = append(b, `,"flags":"0x`...)
	b = append(b, hexDigits[f>>8&15], hexDigits[f>>4&15], hexDigits[f&15])
	b = append(b, `","control_bits":[`...)
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

// appendTCP appends the header's numbers and its options.
func appendTCP(b []byte, e *conn.Event, t *dissect.TCP) []byte {
	b = slices.Grow(b, tcpRoom)
	w, at := b[:cap(b)], len(b)
	at = put(w, at, `,"seq":`)
	at = putUint(w, at, uint64(e.Seq))
	at = put(w, at, `,"ack":`)
	at = putUint(w, at, uint64(e.Ack))
	at = put(w, at, `,"seq_raw":`)
	at = putUint(w, at, uint64(t.Seq))
	at = put(w, at, `,"ack_raw":`)
	at = putUint(w, at, uint64(t.Ack))
	if e.SeqSeen {
		at = put(w, at, `,"seq_base":"seen"`)
	}
	if e.AckSeen {
		at = put(w, at, `,"ack_base":"seen"`)
	}
	at = put(w, at, `,"len":`)
	at = putUint(w, at, uint64(t.Len))
	at = put(w, at, `,"win":`)
	at = putUint(w, at, uint64(e.Window))
	at = put(w, at, `,"win_raw":`)
	at = putUint(w, at, uint64(t.Window))
	if o := t.Options; len(o) == 12 && be32(o) == timestampsOnly && !t.OptionsCut() {
		at = put(w, at, `,"options":[{"name":"nop"},{"name":"nop"},{"name":"timestamps","value":`)
		at = putUint(w, at, uint64(be32(o[4:])))
		at = put(w, at, `,"echo":`)
		at = putUint(w, at, uint64(be32(o[8:])))
		return b[:put(w, at, `}]`)]
	}
	at = put(w, at, `,"options":[`)
	b = append(appendOptions(b[:at], e, t), ']')
	if t.OptionsCut() {
		b = append(b, `,"options_cut":true`...)
	}
	return b
}

// appendFate appends what a segment means, and both ends' states.
func (n *ndjson) appendFate(b []byte, e *conn.Event) []byte {
	if e.Labels.Has(conn.DupAck) {
		return appendFate(b, e) // each has a number
	}
	states := uint64(e.Before[0]) | uint64(e.Before[1])<<4 | uint64(e.States[0])<<8 | uint64(e.States[1])<<12
	s, known := n.fates.find(1<<63 | uint64(e.Labels)<<16 | states)
	if !known {
		s.text = appendFate(s.text, e)
	}
	return append(b, s.text...)
}

func appendFate(b []byte, e *conn.Event) []byte {
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
	b = append(b, `,"states":{"client":["`...)
	b = appendStates(b, e, conn.Client)
	b = append(b, `"],"server":["`...)
	b = appendStates(b, e, conn.Server)
	return append(b, `"]}`...)
}

// lowestLabel returns the first label of a set that is not empty.
func lowestLabel(s conn.Labels) conn.Label { return conn.Label(bits.TrailingZeros32(uint32(s))) }

func appendStates(b []byte, e *conn.Event, s conn.Side) []byte {
	b = append(b, e.Before[s].String()...)
	b = append(b, '"', ',', '"')
	return append(b, e.States[s].String()...)
}

// appendTimings appends what was measured when a segment came.
func appendTimings(b []byte, e *conn.Event) []byte {
	b = slices.Grow(b, timingsRoom)
	w, at := b[:cap(b)], len(b)
	if e.RTT > 0 {
		at = put(w, at, `,"rtt":`)
		at = putSeconds(w, at, e.RTT)
		if e.RTTEchoed {
			at = put(w, at, `,"rtt_by":"timestamps"`)
		}
	}
	if e.RTO > 0 {
		at = put(w, at, `,"rto":`)
		at = putSeconds(w, at, e.RTO)
	}
	if e.InFlight > 0 && e.Packet != nil && e.Packet.TCP.Len > 0 {
		at = put(w, at, `,"in_flight":`)
		at = putUint(w, at, uint64(e.InFlight))
	}
	if e.Idle > 0 {
		at = put(w, at, `,"idle":`)
		at = putSeconds(w, at, e.Idle)
	}
	return b[:at]
}
