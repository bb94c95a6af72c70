package conn

import (
	"bytes"
	"maps"
	"slices"

	"tcpsee/dissect"
)

// cloneSize is about what an event and its packet take beside their bytes.
const cloneSize = 2 << 10

// Clone returns a copy of an event that stays valid, with everything it refers
// to, and about how many bytes that takes.
func (e *Event) Clone() (*Event, int) {
	size := cloneSize + len(e.App) + len(e.Text)
	c := e.clone(func(n int) int {
		size += n
		return n
	})
	return &c, size
}

// clone copies an event and what it points to, but for what is never changed: its
// Detail and its DNS message. Of n captured or sent bytes it keeps the first
// keep(n).
func (e *Event) clone(keep func(n int) int) Event {
	c := *e
	if e.Call != nil {
		call := *e.Call
		call.Data = bytes.Clone(call.Data[:keep(len(call.Data))])
		c.Call = &call
	}
	if e.Packet != nil {
		c.Packet = clonePacket(e.Packet, keep)
	}
	c.Connection, c.Capture = e.Connection.clone(), e.Capture.clone()
	return c
}

// clone copies what is known of a connection, nil for nil.
func (c *Connection) clone() *Connection {
	if c == nil {
		return nil
	}
	d := *c
	v := &d.Verdict
	v.Evidence = slices.Clone(v.Evidence)
	v.EvidenceFiles, v.EvidenceNames = slices.Clone(v.EvidenceFiles), slices.Clone(v.EvidenceNames)
	return &d
}

// clone copies what a capture held, nil for nil.
func (c *Capture) clone() *Capture {
	if c == nil {
		return nil
	}
	d := *c
	d.Files, d.Findings, d.Interfaces = slices.Clone(c.Files), slices.Clone(c.Findings), slices.Clone(c.Interfaces)
	d.Unfollowed, d.LeftOut = maps.Clone(c.Unfollowed), maps.Clone(c.LeftOut)
	return &d
}

// clonePacket copies a packet, its frame and their bytes. Where keep cuts the
// frame, its header lengths stay and the payload is what is left of it.
func clonePacket(p *dissect.Packet, keep func(n int) int) *dissect.Packet {
	c := *p
	var data []byte
	if p.Frame != nil {
		f := *p.Frame
		f.Data = bytes.Clone(f.Data[:keep(len(f.Data))])
		f.Comments = slices.Clone(f.Comments)
		c.Frame, data = &f, p.Frame.Data
	}
	if p.Joined != nil {
		c.Joined = bytes.Clone(p.Joined[:keep(len(p.Joined))])
	}
	c.Fragments = slices.Clone(p.Fragments)
	at := func(b []byte) []byte {
		if c.Frame != nil {
			if moved, ok := relocate(b, data, c.Frame.Data); ok {
				return moved
			}
		}
		if moved, ok := relocate(b, p.Joined, c.Joined); ok {
			return moved
		}
		return bytes.Clone(b[:keep(len(b))])
	}
	c.TCP.Options, c.TCP.Payload = at(p.TCP.Options), at(p.TCP.Payload)
	c.Payload, c.Fragment.Data, c.Piece.Data = at(p.Payload), at(p.Fragment.Data), at(p.Piece.Data)
	return &c
}

// relocate returns the part of to, a copy of a beginning of from, that b is of
// from. ok is false where b is no part of from.
func relocate(b, from, to []byte) (moved []byte, ok bool) {
	if len(b) == 0 {
		return nil, true
	}
	i := 0
	for i < len(from) && &from[i] != &b[0] { // headers: it is found soon
		i++
	}
	if i+len(b) > len(from) {
		return nil, false
	}
	if i >= len(to) {
		return nil, true
	}
	return to[i:min(i+len(b), len(to))], true
}
