package dissect_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// sentAs is packet4 with other numbers and its checksums: what a connection
// sends after it.
func sentAs(id int, seq, ack uint32, flags byte, window, urgent int, data string) []byte {
	b := ip4(6, 0x4000, join(segment[:20], []byte(data)))
	binary.BigEndian.PutUint16(b[4:], uint16(id))
	t := b[20:]
	binary.BigEndian.PutUint32(t[4:], seq)
	binary.BigEndian.PutUint32(t[8:], ack)
	t[12], t[13] = 5<<4, flags
	binary.BigEndian.PutUint16(t[14:], uint16(window))
	binary.BigEndian.PutUint16(t[16:], 0)
	binary.BigEndian.PutUint16(t[18:], uint16(urgent))
	binary.BigEndian.PutUint16(t[16:], checksumOf(join(b[12:20], u16(6), u16(len(t)), t)))
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], checksumOf(b[:20]))
	return b
}

// inSlot is how RFC 1144 sends a datagram whose headers the next ones refer to.
func inSlot(slot byte, datagram []byte) []byte {
	b := slices.Clone(datagram)
	b[9] = slot
	return join([]byte{0, 0x2f}, b)
}

// asChanged is how it sends one of which only what is in differences is other
// than before; a slot stands before the checksum, and is -1 where the mask has
// none.
func asChanged(mask byte, slot int, differences []byte, datagram []byte) []byte {
	b := []byte{0, 0x2d, mask}
	if slot >= 0 {
		b = append(b, byte(slot))
	}
	return join(b, datagram[36:38], differences, datagram[40:])
}

// vjFrame is a frame of PPP with its direction.
func vjFrame(n int, out bool, data []byte) capture.Frame {
	to := byte(0)
	if out {
		to = 1
	}
	data = join([]byte{to, 0xff, 3}, data)
	return capture.Frame{Number: int64(n), Link: capture.LinkPPPDir, Data: data, OrigLen: len(data)}
}

// joinAll puts frames through a Joiner, and returns the datagram that each gave,
// nil for none.
func joinAll(t *testing.T, frames []capture.Frame) (got [][]byte, why []dissect.Problem) {
	t.Helper()
	var d dissect.Decoder
	var j dissect.Joiner
	for i := range frames {
		var p dissect.Packet
		d.Decode(&frames[i], &p)
		j.Join(&p, &d)
		check(t, &p)
		checkFields(t, &p)
		if p.Content == dissect.ContentPiece {
			t.Errorf("frame %d is still a piece", i+1)
		}
		if p.Content != dissect.ContentTCP {
			p.Joined = nil
		}
		got, why = append(got, slices.Clone(p.Joined)), append(why, p.Problem)
	}
	return got, why
}

func TestJoinChanges(t *testing.T) {
	const ack, psh, urg = 0x10, 0x18, 0x38
	first := sentAs(7, 1000, 5000, psh, 4000, 0, "four")
	for name, test := range map[string]struct {
		mask        byte
		slot        int
		differences []byte
		want        []byte
	}{
		"more data":              {0x0f, -1, nil, sentAs(8, 1004, 5000, ack, 4000, 0, "more")},
		"more data, PSH":         {0x1f, -1, nil, sentAs(8, 1004, 5000, psh, 4000, 0, "more")},
		"an echo":                {0x1b, -1, nil, sentAs(8, 1004, 5004, psh, 4000, 0, "echo")},
		"sequence and ack":       {0x0c, -1, []byte{9, 4}, sentAs(8, 1004, 5009, ack, 4000, 0, "")},
		"a large difference":     {0x04, -1, []byte{0, 1, 0}, sentAs(8, 1000, 5256, ack, 4000, 0, "")},
		"a smaller window":       {0x02, -1, []byte{0, 0xff, 0xfe}, sentAs(8, 1000, 5000, ack, 3998, 0, "")},
		"urgent data":            {0x19, -1, []byte{3, 4}, sentAs(8, 1004, 5000, urg, 4000, 3, "now")},
		"window, ack, sequence":  {0x0e, -1, []byte{1, 2, 4}, sentAs(8, 1004, 5002, ack, 4001, 0, "x")},
		"another identification": {0x2f, -1, []byte{0, 2, 0}, sentAs(7+512, 1004, 5000, ack, 4000, 0, "more")},
		"the slot again":         {0x4f, 3, nil, sentAs(8, 1004, 5000, ack, 4000, 0, "more")},
	} {
		t.Run(name, func(t *testing.T) {
			changed := asChanged(test.mask, test.slot, test.differences, test.want)
			got, why := joinAll(t, []capture.Frame{vjFrame(1, true, inSlot(3, first)), vjFrame(2, true, changed)})
			if !bytes.Equal(got[1], test.want) || why[1] != dissect.ProblemNone {
				t.Errorf("% x, problem %q, want\n% x", got[1], why[1], test.want)
			}
		})
	}
}

// TestJoinChangesOf: what a compressed header refers to is the packet before, of
// its connection, over the same link, in the same direction; where that was not
// captured, nothing is made up.
func TestJoinChangesOf(t *testing.T) {
	const ack = 0x10
	at := func(seq uint32) []byte { return sentAs(int(seq), seq, 5000, ack, 4000, 0, "x") } // one byte and one identification more
	next := func(seq uint32) []byte { return asChanged(0x0f, -1, nil, at(seq)) }
	of := func(slot int, seq uint32) []byte { return asChanged(0x4f, slot, nil, at(seq)) }
	damaged := inSlot(3, at(2000))
	damaged[2+8]++ // time to live, not in the checksum
	var otherFile, noDirection, flagged capture.Frame
	otherFile = vjFrame(2, true, next(2001))
	otherFile.File = 1
	noDirection = vjFrame(2, true, next(2001))
	noDirection.Link, noDirection.Data = capture.LinkPPP, noDirection.Data[1:]
	flagged = noDirection
	flagged.Direction = capture.DirectionOut
	first := vjFrame(1, true, inSlot(3, at(2000)))
	firstFlagged := first
	firstFlagged.Link, firstFlagged.Data, firstFlagged.Direction = capture.LinkPPP, first.Data[1:], capture.DirectionOut
	checked := vjFrame(2, true, next(2001))
	checked.Data = append(checked.Data, 0x12, 0x34) // a frame check sequence
	checked.OrigLen += 2
	cut := vjFrame(2, true, next(2001))
	cut.Data = cut.Data[:len(cut.Data)-1]
	headerCut := vjFrame(2, true, of(3, 2001))
	headerCut.Data = headerCut.Data[:6]
	for name, test := range map[string]struct {
		frames []capture.Frame
		want   []uint32 // sequence numbers; 0 where nothing can be known
	}{
		"in order":           {[]capture.Frame{first, vjFrame(2, true, next(2001)), vjFrame(3, true, next(2002))}, []uint32{2000, 2001, 2002}},
		"begun in between":   {[]capture.Frame{vjFrame(2, true, next(2001)), vjFrame(3, true, of(3, 2002))}, []uint32{0, 0}},
		"one is missing":     {[]capture.Frame{first, vjFrame(3, true, next(2002)), vjFrame(4, true, next(2003))}, []uint32{2000, 0, 0}},
		"whole after that":   {[]capture.Frame{first, vjFrame(3, true, next(2002)), vjFrame(4, true, inSlot(3, at(2003))), vjFrame(5, true, next(2004))}, []uint32{2000, 0, 2003, 2004}},
		"captured twice":     {[]capture.Frame{first, vjFrame(2, true, next(2001)), vjFrame(3, true, next(2001)), vjFrame(4, true, next(2002))}, []uint32{2000, 2001, 0, 2002}},
		"two slots":          {[]capture.Frame{first, vjFrame(2, true, inSlot(4, at(3000))), vjFrame(3, true, of(3, 2001)), vjFrame(4, true, next(2002)), vjFrame(5, true, of(4, 3001))}, []uint32{2000, 3000, 2001, 2002, 3001}},
		"a slot not met":     {[]capture.Frame{first, vjFrame(2, true, of(5, 2001))}, []uint32{2000, 0}},
		"two directions":     {[]capture.Frame{first, vjFrame(2, false, inSlot(3, at(3000))), vjFrame(3, true, next(2001)), vjFrame(4, false, next(3001))}, []uint32{2000, 3000, 2001, 3001}},
		"another direction":  {[]capture.Frame{first, vjFrame(2, false, next(2001))}, []uint32{2000, 0}},
		"another file":       {[]capture.Frame{first, otherFile}, []uint32{2000, 0}},
		"no direction":       {[]capture.Frame{first, noDirection}, []uint32{2000, 0}},
		"direction by flags": {[]capture.Frame{firstFlagged, flagged}, []uint32{2000, 2001}},
		"damaged":            {[]capture.Frame{first, vjFrame(2, true, damaged), vjFrame(3, true, next(2001))}, []uint32{2000, 2000, 0}},
		"data cut off":       {[]capture.Frame{first, cut, vjFrame(3, true, next(2002))}, []uint32{2000, 2001, 2002}},
		"with an FCS":        {[]capture.Frame{first, checked, vjFrame(3, true, next(2002))}, []uint32{2000, 2001, 2002}},
		"header cut off":     {[]capture.Frame{first, headerCut, vjFrame(3, true, next(2002))}, []uint32{2000, 0, 0}},
		"nothing but a mask": {[]capture.Frame{first, vjFrame(2, true, []byte{0, 0x2d, 0x0f}), vjFrame(3, true, next(2001))}, []uint32{2000, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got, why := joinAll(t, test.frames)
			for i, b := range got {
				seq := uint32(0)
				if b != nil {
					seq = binary.BigEndian.Uint32(b[24:])
				}
				if seq != test.want[i] || (seq == 0) != (why[i] != dissect.ProblemNone) {
					t.Errorf("frame %d: sequence number %d, problem %q, want %d", i+1, seq, why[i], test.want[i])
				}
			}
		})
	}
}

// TestJoinChangesInTunnels: the addresses around a link tell its directions, and
// sessions between the same addresses are links of their own.
func TestJoinChangesInTunnels(t *testing.T) {
	first := sentAs(1, 2000, 5000, 0x10, 4000, 0, "x")
	other := sentAs(1, 7000, 9000, 0x10, 4000, 0, "x")
	after := sentAs(2, 2001, 5000, 0x10, 4000, 0, "y")
	for name, in := range map[string]func(session int, data []byte) []byte{
		"PPPoE": func(s int, b []byte) []byte { return ether(0x8864, join([]byte{0x11, 0}, u16(s), u16(len(b)), b)) },
		"PPTP": func(s int, b []byte) []byte {
			return ether(0x0800, ip4(47, 0, join(u16(0x2001), u16(0x880b), u16(len(b)), u16(s), b)))
		},
		"L2TP": func(s int, b []byte) []byte {
			return ether(0x0800, ip4(17, 0, udp(1701, 1701, join(u16(2), u16(1), u16(s), b))))
		},
		"L2TP, with its length": func(s int, b []byte) []byte {
			return ether(0x86dd, ip6(17, udp(1701, 1701, join(u16(0x4002), u16(8+len(b)), u16(1), u16(s), b))))
		},
		"PPPoE in two VLANs": func(s int, b []byte) []byte {
			return ether(0x8100, vlan(s, 0x8864, join([]byte{0x11, 0}, u16(1), u16(len(b)), b)))
		},
		"GRE": func(s int, b []byte) []byte {
			return ether(0x86dd, ip6(47, join(u16(0x2000), u16(0x880b), u32(uint32(s)), b)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var frames []capture.Frame
			for _, data := range [][]byte{in(1, inSlot(3, first)), in(2, inSlot(3, other)), in(1, asChanged(0x0f, -1, nil, after))} {
				frames = append(frames, capture.Frame{Number: int64(len(frames) + 1), Link: capture.LinkEthernet, Data: data, OrigLen: len(data)})
			}
			if got, why := joinAll(t, frames); !bytes.Equal(got[2], after) {
				t.Errorf("% x, problem %q", got[2], why[2])
			}
		})
	}
}

// TestSlotsAreBounded: of very many links the first are forgotten, and the last
// are not.
func TestSlotsAreBounded(t *testing.T) {
	first := sentAs(1, 2000, 5000, 0x10, 4000, 0, "x")
	after := sentAs(2, 2001, 5000, 0x10, 4000, 0, "y")
	var frames []capture.Frame
	add := func(link int, data []byte) {
		f := vjFrame(len(frames)+1, true, data)
		f.Interface = link
		frames = append(frames, f)
	}
	const links = 1000
	for n := range links {
		add(n, inSlot(byte(n), first))
	}
	add(0, asChanged(0x0f, -1, nil, after))
	add(links-1, asChanged(0x0f, -1, nil, after))
	got, why := joinAll(t, frames)
	if got[links] != nil || why[links] != dissect.ProblemCompressed || !bytes.Equal(got[links+1], after) {
		t.Errorf("of the first link % x, problem %q, of the last % x", got[links], why[links], got[links+1])
	}
}
