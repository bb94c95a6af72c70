package dissect_test

import (
	"bytes"
	"compress/flate"
	"slices"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// wlanPiece is a fragment of an 802.11 data frame to the distribution system.
func wlanPiece(sequence int, number byte, more bool, from byte, data []byte) []byte {
	b := wlan(0x08, 1, 24)
	if more {
		b[1] |= 4
	}
	b[4], b[10] = 2, 2
	b[9], b[15] = 1, from
	b[22], b[23] = number|byte(sequence<<4), byte(sequence>>4)
	return append(b, data...)
}

// ipComp is an IPComp header and data compressed with DEFLATE.
func ipComp(next byte, data []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write(data)
	w.Close()
	return join([]byte{next, 0, 0, 2}, b.Bytes())
}

func TestJoinWLAN(t *testing.T) {
	data := snap(0x0800, packet4)
	a, b, c := data[:20], data[20:40], data[40:]
	at := func(n byte, more bool, part []byte) []byte { return wlanPiece(7, n, more, 9, part) }
	tests := map[string]struct {
		frames [][]byte
		want   []int64 // frames that were put together, of the last that was complete
	}{
		"in order":           {[][]byte{at(0, true, a), at(1, true, b), at(2, false, c)}, []int64{1, 2, 3}},
		"two":                {[][]byte{at(0, true, a), at(1, false, data[20:])}, []int64{1, 2}},
		"one sent again":     {[][]byte{at(0, true, a), at(1, true, b), at(1, true, b), at(2, false, c)}, []int64{1, 2, 4}},
		"two senders":        {[][]byte{at(0, true, a), wlanPiece(7, 1, false, 8, c), at(1, true, b), at(2, false, c)}, []int64{1, 3, 4}},
		"two frames":         {[][]byte{at(0, true, a), wlanPiece(8, 1, false, 9, c), at(1, true, b), at(2, false, c)}, []int64{1, 3, 4}},
		"one is missing":     {[][]byte{at(0, true, a), at(2, false, c)}, nil},
		"the last alone":     {[][]byte{at(2, false, c)}, nil},
		"encrypted":          {[][]byte{encrypted(at(0, true, a)), encrypted(at(1, false, data[20:]))}, nil},
		"numbered but whole": {[][]byte{at(3, false, data)}, nil}, // which needs no Joiner
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var d dissect.Decoder
			var j dissect.Joiner
			var got []int64
			for i, data := range test.frames {
				f := capture.Frame{Number: int64(i + 1), Link: capture.Link80211, Data: data, OrigLen: len(data)}
				var p dissect.Packet
				d.Decode(&f, &p)
				if j.Join(&p, &d) {
					checkSegment(t, &p)
					got = slices.Clone(p.Fragments)
				} else if p.Content == dissect.ContentPiece {
					t.Errorf("frame %d is still a piece", i+1)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("put together from %v, want %v", got, test.want)
			}
		})
	}
}

func encrypted(frame []byte) []byte {
	frame[1] |= 0x40
	return frame
}

func TestJoinCompressed(t *testing.T) {
	cut := ipComp(6, whole)
	cut = append(cut, make([]byte, 8-len(cut)%8)...)
	for name, test := range map[string]struct {
		frames [][]byte
		want   int // the frame that is a segment, 0 for none
	}{
		"TCP":                {[][]byte{ether(0x0800, ip4(108, 0, ipComp(6, whole)))}, 1},
		"TCP over IPv6":      {[][]byte{ether(0x86dd, ip6(108, ipComp(6, whole)))}, 1},
		"a tunnel":           {[][]byte{ether(0x0800, ip4(108, 0, ipComp(4, ip4(6, 0, whole))))}, 1},
		"twice":              {[][]byte{ether(0x0800, ip4(108, 0, ipComp(108, ipComp(6, whole))))}, 1},
		"in fragments":       {[][]byte{ether(0x0800, ip4(108, 0x2000, cut[:32])), ether(0x0800, ip4(108, 4, cut[32:]))}, 2},
		"what has fragments": {[][]byte{ether(0x0800, ip4(108, 0, ipComp(4, ip4(6, 0x2000, whole[:64])))), ether(0x0800, ip4(108, 0, ipComp(4, ip4(6, 8, whole[64:]))))}, 2},
		"another algorithm":  {[][]byte{ether(0x0800, ip4(108, 0, join([]byte{6, 0, 0, 3}, whole)))}, 0},
		"cut short":          {[][]byte{ether(0x0800, ip4(108, 0, ipComp(6, whole)[:40]))}, 0},
		"nothing":            {[][]byte{ether(0x0800, ip4(108, 0, ipComp(6, nil)))}, 0},
		"more than 64 KiB":   {[][]byte{ether(0x0800, ip4(108, 0, ipComp(6, append(slices.Clone(whole), make([]byte, 1<<20)...))))}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var j dissect.Joiner
			var d dissect.Decoder
			got := 0
			for i, data := range test.frames {
				f := capture.Frame{Number: int64(i + 1), Time: capture.Stamp(time.Second), Link: capture.LinkEthernet, Data: data, OrigLen: len(data)}
				var p dissect.Packet
				d.Decode(&f, &p)
				j.Join(&p, &d)
				check(t, &p)
				if p.Content == dissect.ContentTCP {
					got = i + 1
					if p.TCP.Len != len(whole)-20 || p.Problem != dissect.ProblemNone || len(p.Fragments) != len(test.frames)/2*2 {
						t.Errorf("%d bytes, problem %q, fragments %v", p.TCP.Len, p.Problem, p.Fragments)
					}
				}
			}
			if got != test.want {
				t.Errorf("a segment at %d, want %d", got, test.want)
			}
		})
	}
}

// TestExpansionIsBounded: many small packets that each become 60 KB are not
// worth their time.
func TestExpansionIsBounded(t *testing.T) {
	bomb := ether(0x0800, ip4(108, 0, ipComp(6, append(slices.Clone(whole), make([]byte, 60000)...))))
	var d dissect.Decoder
	var j dissect.Joiner
	expanded := 0
	for range 3 * dissect.MaxExpanded / 60000 {
		f := capture.Frame{Number: 1, Link: capture.LinkEthernet, Data: bomb, OrigLen: len(bomb)}
		var p dissect.Packet
		d.Decode(&f, &p)
		if j.Join(&p, &d) {
			expanded += len(p.Joined)
		}
	}
	if expanded > dissect.MaxExpanded+1<<20 || j.Stats().Oversized == 0 {
		t.Errorf("%d bytes, %d refused", expanded, j.Stats().Oversized)
	}
}

// TestJoinSlot: RFC 1144 sends the header that later ones refer to whole, but
// for the protocol, in whose place there is a number.
func TestJoinSlot(t *testing.T) {
	const slot = 3
	sent := slices.Clone(packet4)
	sent[9] = slot
	for name, test := range map[string]struct {
		data []byte
		cut  int // bytes that were not captured
	}{
		"whole":             {join([]byte{0xff, 3, 0, 0x2f}, sent), 0},
		"short PPP header":  {join([]byte{0x2f}, sent), 0},
		"payload cut short": {join([]byte{0xff, 3, 0, 0x2f}, sent[:len(sent)-2]), 2},
	} {
		t.Run(name, func(t *testing.T) {
			var d dissect.Decoder
			var j dissect.Joiner
			f := capture.Frame{Number: 1, Link: capture.LinkPPP, Data: test.data, OrigLen: len(test.data) + test.cut}
			var p dissect.Packet
			d.Decode(&f, &p)
			j.Join(&p, &d)
			check(t, &p)
			if test.cut == 0 {
				checkSegment(t, &p)
			}
			if p.Content != dissect.ContentTCP || p.TCP.Len != 6 || len(p.TCP.Payload) != 6-test.cut || len(p.Fragments) != 0 {
				t.Errorf("content %d, length %d, payload %q, fragments %v", p.Content, p.TCP.Len, p.TCP.Payload, p.Fragments)
			}
			if !bytes.HasPrefix(packet4, p.Joined) {
				t.Errorf("restored to % x", p.Joined)
			}
			if test.data[len(test.data)-len(sent)+test.cut+9] != slot {
				t.Error("the frame was changed")
			}
		})
	}
}

// capwapPart is a fragment of a frame in CAPWAP: flags besides those of the
// fragment say whether it is one of 802.11.
func capwapPart(id, offset int, more bool, flags int, data []byte) []byte {
	flags |= 0x80 // fragment
	if !more {
		flags |= 0x40 // the last
	}
	return ether(0x0800, ip4(17, 0, udp(5000, 5247, join([]byte{0, 2 << 3}, u16(flags), u16(id), u16(offset), data))))
}

func TestJoinCAPWAP(t *testing.T) {
	const native = 0x100
	wlanFrame := join(wlan(0x08, 1, 24), snap(0x0800, packet4))
	swapped := slices.Clone(wlanFrame)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	part := func(id, offset int, more bool) []byte {
		if more {
			return capwapPart(id, offset, true, 0, frame4[offset:offset+16])
		}
		return capwapPart(id, offset, false, 0, frame4[offset:])
	}
	for name, test := range map[string]struct {
		frames [][]byte
		want   []int64
	}{
		"Ethernet":              {[][]byte{part(1, 0, true), part(1, 16, false)}, []int64{1, 2}},
		"out of order":          {[][]byte{part(1, 32, false), part(1, 0, true), part(1, 16, true)}, []int64{1, 2, 3}},
		"802.11":                {[][]byte{capwapPart(1, 0, true, native, wlanFrame[:48]), capwapPart(1, 48, false, native, wlanFrame[48:])}, []int64{1, 2}},
		"802.11, swapped":       {[][]byte{capwapPart(1, 0, true, native, swapped[:48]), capwapPart(1, 48, false, native, swapped[48:])}, []int64{1, 2}},
		"another between":       {[][]byte{part(1, 0, true), part(2, 0, true), part(1, 16, false)}, []int64{1, 3}},
		"one is missing":        {[][]byte{part(1, 0, true), part(1, 32, false)}, nil},
		"of different frames":   {[][]byte{part(1, 0, true), part(2, 16, false)}, nil},
		"larger than can be":    {[][]byte{part(1, 0, true), capwapPart(1, 0xfff8, false, 0, frame4), part(1, 16, false)}, nil},
		"nothing behind header": {[][]byte{part(1, 0, true), capwapPart(1, 16, false, 0, nil)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var d dissect.Decoder
			var j dissect.Joiner
			var got []int64
			for i, data := range test.frames {
				f := capture.Frame{Number: int64(i + 1), Link: capture.LinkEthernet, Data: data, OrigLen: len(data)}
				var p dissect.Packet
				d.Decode(&f, &p)
				if j.Join(&p, &d) {
					checkSegment(t, &p)
					got = slices.Clone(p.Fragments)
				}
				check(t, &p)
				checkFields(t, &p)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("put together from %v, want %v", got, test.want)
			}
		})
	}
}

// meshPart is a fragment of a packet of batman-adv.
func meshPart(sequence int, number byte, total int, data []byte) []byte {
	return ether(0x4305, join([]byte{0x41, 15, 50, number << 4}, []byte{2, 0, 0, 0, 0, 7}, []byte{2, 0, 0, 0, 0, 8}, u16(sequence), u16(total), data))
}

func TestJoinMesh(t *testing.T) {
	whole := join([]byte{0x40, 15, 50, 0}, []byte{2, 0, 0, 0, 0, 7}, frame4)
	n := len(whole)
	at := func(sequence int, number byte) []byte {
		return meshPart(sequence, number, n, whole[(2-int(number))*30:min(n, (3-int(number))*30)])
	}
	for name, test := range map[string]struct {
		frames [][]byte
		want   []int64
	}{
		"from the last on":    {[][]byte{at(1, 0), at(1, 1), at(1, 2)}, []int64{1, 2, 3}},
		"from the first on":   {[][]byte{at(1, 2), at(1, 1), at(1, 0)}, []int64{1, 2, 3}},
		"one seen twice":      {[][]byte{at(1, 0), at(1, 0), at(1, 1), at(1, 2)}, []int64{1, 3, 4}},
		"another between":     {[][]byte{at(1, 0), at(2, 0), at(1, 1), at(1, 2)}, []int64{1, 3, 4}},
		"one is missing":      {[][]byte{at(1, 0), at(1, 2)}, nil},
		"longer than said":    {[][]byte{at(1, 0), meshPart(1, 1, n, whole), at(1, 1), at(1, 2)}, nil},
		"nothing is the most": {[][]byte{meshPart(1, 0, 0, whole)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var d dissect.Decoder
			var j dissect.Joiner
			var got []int64
			for i, data := range test.frames {
				f := capture.Frame{Number: int64(i + 1), Link: capture.LinkEthernet, Data: data, OrigLen: len(data)}
				var p dissect.Packet
				d.Decode(&f, &p)
				if j.Join(&p, &d) {
					checkSegment(t, &p)
					got = slices.Clone(p.Fragments)
				}
				check(t, &p)
				checkFields(t, &p)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("put together from %v, want %v", got, test.want)
			}
		})
	}
}

func TestJoinMultilink(t *testing.T) {
	whole := join([]byte{0, 0x21}, packet4)
	a, b, c := whole[:1], whole[1:30], whole[30:]
	at := func(flags byte, number uint32, part []byte) []byte {
		return join([]byte{0xff, 3, 0, 0x3d}, u32(uint32(flags)<<24|number), part)
	}
	const begin, end = 0x80, 0x40
	for name, test := range map[string]struct {
		frames [][]byte
		want   []int64
	}{
		"in order":          {[][]byte{at(begin, 1, a), at(0, 2, b), at(end, 3, c)}, []int64{1, 2, 3}},
		"over the top":      {[][]byte{at(begin, 0xfffffe, a), at(0, 0xffffff, b), at(end, 0, c)}, []int64{1, 2, 3}},
		"another between":   {[][]byte{at(begin, 1, a), at(begin, 9, a), at(0, 2, b), at(end, 3, c)}, []int64{1, 3, 4}},
		"begun again":       {[][]byte{at(begin, 1, a), at(begin, 1, a), at(0, 2, b), at(end, 3, c)}, []int64{2, 3, 4}},
		"the middle missed": {[][]byte{at(begin, 1, a), at(end, 3, c)}, nil},
		"never begun":       {[][]byte{at(0, 2, b), at(end, 3, c)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var d dissect.Decoder
			var j dissect.Joiner
			var got []int64
			for i, data := range test.frames {
				f := capture.Frame{Number: int64(i + 1), Link: capture.LinkPPP, Data: data, OrigLen: len(data)}
				var p dissect.Packet
				d.Decode(&f, &p)
				if j.Join(&p, &d) {
					checkSegment(t, &p)
					got = slices.Clone(p.Fragments)
				}
				check(t, &p)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("put together from %v, want %v", got, test.want)
			}
		})
	}
}

// TestJoinMultilinkBothWays: each direction of a link numbers its fragments by
// itself.
func TestJoinMultilinkBothWays(t *testing.T) {
	whole := join([]byte{0, 0x21}, packet4)
	var d dissect.Decoder
	var j dissect.Joiner
	for i, test := range []struct {
		direction byte
		flags     byte
		part      []byte
		want      []int64
	}{
		{0, 0x80, whole[:9], nil}, {1, 0x80, whole[:30], nil},
		{0, 0x40, whole[9:], []int64{1, 3}}, {1, 0x40, whole[30:], []int64{2, 4}},
	} {
		data := join([]byte{test.direction, 0xff, 3, 0, 0x3d}, u32(uint32(test.flags)<<24|uint32(i/2)), test.part)
		f := capture.Frame{Number: int64(i + 1), Link: capture.LinkPPPDir, Data: data, OrigLen: len(data)}
		var p dissect.Packet
		d.Decode(&f, &p)
		if j.Join(&p, &d) {
			checkSegment(t, &p)
		}
		if !slices.Equal(p.Fragments, test.want) {
			t.Errorf("frame %d: put together from %v, want %v", i+1, p.Fragments, test.want)
		}
	}
}

// TestMultilinkIsBounded: a packet that never ends is given up.
func TestMultilinkIsBounded(t *testing.T) {
	var d dissect.Decoder
	var j dissect.Joiner
	for n := range uint32(1000) {
		flags := uint32(0)
		if n == 0 {
			flags = 0x80 << 24
		}
		data := join([]byte{0xff, 3, 0, 0x3d}, u32(flags|n), make([]byte, 1000))
		f := capture.Frame{Number: int64(n + 1), Link: capture.LinkPPP, Data: data, OrigLen: len(data)}
		var p dissect.Packet
		d.Decode(&f, &p)
		j.Join(&p, &d)
	}
	if j.Held() != 0 || j.Stats().Oversized != 1 {
		t.Errorf("%d held, %+v", j.Held(), j.Stats())
	}
}
