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
	c := *e
	size := cloneSize + len(c.App) + len(c.Text)
	if e.Packet != nil {
		p := clonePacket(e.Packet)
		c.Packet = p
		size += len(p.Payload) + len(p.TCP.Payload) + len(p.Joined)
		if p.Frame != nil {
			size += len(p.Frame.Data)
		}
	}
	if e.Call != nil {
		call := *e.Call
		call.Data = bytes.Clone(call.Data)
		c.Call = &call
		size += len(call.Data)
	}
	if e.Connection != nil {
		connection := *e.Connection
		connection.Verdict = connection.Verdict.clone()
		c.Connection = &connection
	}
	if e.Capture != nil {
		all := *e.Capture
		all.Files, all.Findings = slices.Clone(all.Files), slices.Clone(all.Findings)
		all.Interfaces, all.Unfollowed = slices.Clone(all.Interfaces), maps.Clone(all.Unfollowed)
		c.Capture = &all
	}
	return &c, size
}

// clone copies a verdict with its lists.
func (v Verdict) clone() Verdict {
	v.Evidence = slices.Clone(v.Evidence)
	v.EvidenceFiles, v.EvidenceNames = slices.Clone(v.EvidenceFiles), slices.Clone(v.EvidenceNames)
	return v
}

// clonePacket copies a packet, its frame, and the bytes of both.
func clonePacket(p *dissect.Packet) *dissect.Packet {
	c := *p
	c.Payload, c.Joined = bytes.Clone(p.Payload), bytes.Clone(p.Joined)
	c.TCP.Payload, c.TCP.Options = bytes.Clone(p.TCP.Payload), bytes.Clone(p.TCP.Options)
	c.Fragments = slices.Clone(p.Fragments)
	if p.Frame != nil {
		f := *p.Frame
		f.Data, f.Comments = bytes.Clone(f.Data), slices.Clone(f.Comments)
		c.Frame = &f
	}
	return &c
}
