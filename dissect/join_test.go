package dissect_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// whole is the segment that these tests take apart: 20 bytes of header and
// 108 of payload.
var whole = testTCP(nil, slices.Repeat([]byte("0123456789ab"), 9))

// cut4 is whole[from:to] as a fragment of IPv4.
func cut4(from, to int) []byte {
	at := from / 8
	if to < len(whole) {
		at |= 0x2000 // more fragments
	}
	return ether(0x0800, ip4(6, at, whole[from:to]))
}

// cut6 is whole[from:to] as a fragment of IPv6.
func cut6(from, to int) []byte {
	return ether(0x86dd, ip6(44, fragment6(6, from, to < len(whole), whole[from:to])))
}

// joined feeds frames to a Joiner, a second apart each, and returns the
// numbers of those that completed a datagram.
func joined(t *testing.T, j *dissect.Joiner, frames ...[]byte) (complete []int, last dissect.Packet) {
	t.Helper()
	var d dissect.Decoder
	for i, data := range frames {
		f := capture.Frame{Number: int64(i + 1), Time: capture.Stamp(i) * capture.Stamp(time.Second), Link: capture.LinkEthernet, Data: data, OrigLen: len(data)}
		var p dissect.Packet
		d.Decode(&f, &p)
		if j.Join(&p, &d) {
			complete, last = append(complete, i+1), p
		}
	}
	return complete, last
}

func TestJoin(t *testing.T) {
	for name, cut := range map[string]func(from, to int) []byte{"IPv4": cut4, "IPv6": cut6} {
		tests := map[string]struct {
			frames [][]byte
			want   []int
		}{
			"in order":             {[][]byte{cut(0, 64), cut(64, 128)}, []int{2}},
			"backwards":            {[][]byte{cut(64, 128), cut(0, 64)}, []int{2}},
			"three, last first":    {[][]byte{cut(80, 128), cut(0, 40), cut(40, 80)}, []int{3}},
			"first twice":          {[][]byte{cut(0, 64), cut(0, 64), cut(64, 128)}, []int{3}},
			"header in two":        {[][]byte{cut(0, 8), cut(8, 128)}, []int{2}},
			"again after the end":  {[][]byte{cut(0, 64), cut(64, 128), cut(64, 128), cut(0, 64)}, []int{2, 4}},
			"with a gap":           {[][]byte{cut(0, 64), cut(72, 128)}, nil},
			"first alone":          {[][]byte{cut(0, 64)}, nil},
			"no data in the first": {[][]byte{cut(0, 0), cut(0, 64), cut(64, 128)}, []int{3}},
		}
		for what, test := range tests {
			t.Run(name+" "+what, func(t *testing.T) {
				var j dissect.Joiner
				got, p := joined(t, &j, test.frames...)
				if !slices.Equal(got, test.want) {
					t.Fatalf("complete at %v, want %v", got, test.want)
				}
				if len(got) > 0 {
					checkWhole(t, &p)
				}
			})
		}
	}
}

// checkWhole holds that p is whole, put together.
func checkWhole(t *testing.T, p *dissect.Packet) {
	t.Helper()
	if p.Content != dissect.ContentTCP || p.TCP.SrcPort != 4000 || p.TCP.Len != 108 || string(p.TCP.Payload) != string(whole[20:]) {
		t.Fatalf("content %d, %+v", p.Content, p.TCP)
	}
	last := p.Layers[p.NumLayers-1]
	if last.Kind != dissect.LayerTCP || !last.Joined || string(p.Joined[last.Offset:last.Offset+20]) != string(whole[:20]) {
		t.Errorf("layers %+v", p.Layers[:p.NumLayers])
	}
	if len(p.Fragments) < 2 || p.Fragments[len(p.Fragments)-1] != p.Frame.Number {
		t.Errorf("fragments %v", p.Fragments)
	}
}

// TestJoinOverlap holds what overlapping fragments give: nothing in IPv6, and
// in IPv4 the data of the one that begins first.
func TestJoinOverlap(t *testing.T) {
	var j dissect.Joiner
	if got, _ := joined(t, &j, cut6(0, 64), cut6(48, 128), cut6(64, 128)); got != nil {
		t.Errorf("IPv6: complete at %v", got)
	}
	if s := j.Stats(); s.Overlapping != 1 || s.Joined != 0 || s.TCP != (dissect.DiscardedFragments{Overlapping: 3}) {
		t.Errorf("IPv6: %+v", s)
	}
	var twice dissect.Joiner
	if _, p := joined(t, &twice, cut6(0, 64), cut6(0, 64), cut6(64, 128)); !slices.Equal(p.Fragments, []int64{1, 2, 3}) {
		t.Errorf("IPv6, one twice: put together of frames %v", p.Fragments)
	}
	var k dissect.Joiner
	other := slices.Clone(whole)
	for i := range other {
		other[i] ^= 0xff
	}
	late := ether(0x0800, ip4(6, 0x2000|48/8, other[48:80])) // 48 to 80, other bytes
	got, p := joined(t, &k, late, cut4(64, 128), cut4(0, 64))
	if !slices.Equal(got, []int{3}) {
		t.Fatalf("IPv4: complete at %v", got)
	}
	if want := string(whole[:64]) + string(other[64:80]) + string(whole[80:]); string(p.Joined) != want {
		t.Errorf("IPv4: got %x", p.Joined)
	}
}

// TestJoinKeys holds what keeps datagrams apart.
func TestJoinKeys(t *testing.T) {
	tag := func(id int, frame []byte) []byte {
		return join(frame[:12], u16(0x8100), u16(id), frame[12:])
	}
	otherID := cut4(64, 128)
	otherID[14+5]++
	for name, test := range map[string]struct {
		frames [][]byte
		want   []int
	}{
		"another identification": {[][]byte{cut4(0, 64), otherID}, nil},
		"two VLANs, IPv4":        {[][]byte{tag(5, cut4(0, 64)), tag(6, cut4(64, 128))}, nil},
		"one VLAN":               {[][]byte{tag(5, cut4(0, 64)), tag(5, cut4(64, 128))}, []int{2}},
		"two VLANs, IPv6":        {[][]byte{tag(5, cut6(0, 64)), tag(6, cut6(64, 128))}, []int{2}},
	} {
		var j dissect.Joiner
		if got, _ := joined(t, &j, test.frames...); !slices.Equal(got, test.want) {
			t.Errorf("%s: complete at %v, want %v", name, got, test.want)
		}
	}
}

// TestJoinTunnels holds that fragments in tunnels, of tunnels, and both are
// put together.
func TestJoinTunnels(t *testing.T) {
	vx := func(frame []byte) []byte { return udp(5555, 4789, join([]byte{8, 0, 0, 0, 0, 0, 5, 0}, frame)) }
	outer := func(protocol byte, data []byte, id byte) [][]byte {
		half := len(data) / 2 &^ 7
		a, b := ip4(protocol, 0x2000, data[:half]), ip4(protocol, half/8, data[half:])
		a[4], b[4] = id, id // identification
		return [][]byte{ether(0x0800, a), ether(0x0800, b)}
	}
	inside := ether(0x0800, ip4(6, 0, whole))
	for name, frames := range map[string][][]byte{
		"of VXLAN":           outer(17, vx(inside), 1),
		"of IP in IP":        outer(4, inside[14:], 1),
		"in VXLAN":           {ether(0x0800, ip4(17, 0, vx(cut4(0, 64)))), ether(0x0800, ip4(17, 0, vx(cut4(64, 128))))},
		"of VXLAN and in it": append(outer(17, vx(cut4(0, 64)), 1), outer(17, vx(cut4(64, 128)), 2)...),
	} {
		t.Run(name, func(t *testing.T) {
			var j dissect.Joiner
			got, p := joined(t, &j, frames...)
			if !slices.Equal(got, []int{len(frames)}) {
				t.Fatalf("complete at %v", got)
			}
			checkWhole(t, &p)
			if j.Held() != 0 {
				t.Errorf("%d datagrams are left", j.Held())
			}
			for _, l := range p.Fields() {
				if len(l.Fields) == 0 {
					t.Errorf("%s has no fields", l.Name)
				}
			}
		})
	}
}

// TestJoinLimits holds that fragments which never make a datagram are
// forgotten.
func TestJoinLimits(t *testing.T) {
	var (
		d dissect.Decoder
		j dissect.Joiner
		p dissect.Packet
	)
	feed := func(n int, at time.Duration, data []byte) {
		f := capture.Frame{Number: int64(n), Time: capture.Stamp(at), Link: capture.LinkEthernet, Data: data, OrigLen: len(data)}
		d.Decode(&f, &p)
		j.Join(&p, &d)
	}
	big := ether(0x0800, ip4(6, 0x2000, make([]byte, 60000)))
	for i := range 3 * dissect.MaxDatagrams {
		data := cut4(0, 64)
		if i%8 == 0 {
			data = big
		}
		data[14+4], data[14+5], data[14+15] = byte(i>>8), byte(i), byte(i>>16) // identification, address
		feed(i+1, time.Duration(i), data)
	}
	if j.Held() > dissect.MaxDatagrams || j.Stats().Evicted == 0 {
		t.Errorf("%d datagrams held, %+v", j.Held(), j.Stats())
	}
	feed(1, 2*dissect.FragmentTimeout, cut4(0, 64))
	if j.Held() != 1 || j.Stats().TimedOut == 0 {
		t.Errorf("after the time-out: %d datagrams held, %+v", j.Held(), j.Stats())
	}
	beyond := ether(0x0800, ip4(6, 0x1fff, make([]byte, 100))) // ends behind 64 KiB
	feed(2, 2*dissect.FragmentTimeout, beyond)
	if j.Stats().Oversized != 1 {
		t.Errorf("too large: %+v", j.Stats())
	}
	var cut capture.Frame
	cut.Data, cut.OrigLen, cut.Link = cut4(64, 128)[:60], 98, capture.LinkEthernet
	d.Decode(&cut, &p)
	j.Join(&p, &d)
	tcp := j.Stats().TCP
	if sum := tcp.Evicted + tcp.TimedOut; sum != 3*dissect.MaxDatagrams || tcp.Evicted == 0 || tcp.Oversized != 2 || tcp.Cut != 1 {
		t.Errorf("of TCP: %+v, %d in all", tcp, sum)
	}
}

// TestJoinCut holds that of a first fragment that the capture cut off, and
// that can thus never be put together, the segment is shown at once, and that
// nothing is said of its length.
func TestJoinCut(t *testing.T) {
	data := cut4(0, 64)
	f := capture.Frame{Number: 1, Link: capture.LinkEthernet, Data: data[:60], OrigLen: len(data)}
	p := decodeFrame(&f)
	if p.Content != dissect.ContentTCP || p.TCP.Seq != 0x01020304 {
		t.Errorf("content %d, %+v", p.Content, p.TCP)
	}
	if p.Problem != dissect.ProblemFragment || p.TCP.Len != 0 {
		t.Errorf("problem %q, length %d", p.Problem, p.TCP.Len)
	}
	if _, transport := p.CheckChecksums(); transport != dissect.ChecksumFragment {
		t.Errorf("checksum %v", transport)
	}
}

func ExampleJoiner() {
	frames := []capture.Frame{
		{Number: 1, Link: capture.LinkEthernet, Data: cut4(0, 64), OrigLen: 98},
		{Number: 2, Link: capture.LinkEthernet, Data: cut4(64, 128), OrigLen: 98},
	}
	var (
		d dissect.Decoder
		j dissect.Joiner
		p dissect.Packet
	)
	for i := range frames {
		d.Decode(&frames[i], &p)
		if j.Join(&p, &d) {
			fmt.Println(p.Src(), p.Dst(), p.TCP.Flags, p.TCP.Len, p.Fragments)
		}
	}
	// Output: 192.0.2.1:4000 198.51.100.2:80 SYN,ACK 108 [1 2]
}
