package conn

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// A capture that is changed in a way that means nothing must read as before:
// where sequence numbers and timestamps begin, which addresses the ends have,
// when it was, what carries the segments, and what else was captured meanwhile.

// taken are the frames of a capture.
type taken []capture.Frame

// takenFrom reads the packets of a source, up to most of them, and closes it.
func takenFrom(t *testing.T, src capture.Source, most int) (r taken) {
	eachPacket(t, src, func(p *dissect.Packet) {
		if len(r) < most {
			f := *p.Frame
			f.Data = slices.Clone(f.Data)
			r = append(r, f)
		}
	})
	return r
}

// packets calls f with each packet.
func (r taken) packets(f func(*dissect.Packet)) {
	var d dissect.Decoder
	var j dissect.Joiner
	var p dissect.Packet
	for i := range r {
		frame := r[i]
		d.Decode(&frame, &p)
		if p.Content == dissect.ContentFragment {
			j.Join(&p, &d)
		}
		f(&p)
	}
}

// leftOut is the type of an event that is not compared.
const leftOut = TypeCapture + 1

// said is what a Tracker says of the packets, each of which change may change.
// plain takes from an event what the change is about.
func (r taken) said(change func(*dissect.Packet), plain func(*Event)) (said []string) {
	tr := New(Options{Measures: true})
	say := func(e *Event) {
		c := *e
		if c.Connection != nil {
			x := *c.Connection
			c.Connection = &x
		}
		if plain(&c); c.Type != leftOut {
			said = append(said, shown(&c))
		}
	}
	r.packets(func(p *dissect.Packet) {
		if change != nil {
			change(p)
		}
		events := tr.Add(p)
		for i := range events {
			say(&events[i])
		}
	})
	for e := range tr.Left() {
		say(e)
	}
	return said
}

// same reports whether both say the same, and fails the test where they don't.
func same(t *testing.T, what string, want, got []string) bool {
	t.Helper()
	for i := range max(len(want), len(got)) {
		a, b := "nothing", "nothing"
		if i < len(want) {
			a = want[i]
		}
		if i < len(got) {
			b = got[i]
		}
		if a == b {
			continue
		}
		x, y := strings.Fields(a), strings.Fields(b)
		var apart []string
		for k := range min(len(x), len(y)) {
			if x[k] != y[k] {
				apart = append(apart, x[k]+" is "+y[k])
			}
		}
		t.Errorf("%s: of\n%s\n%s", what, a, strings.Join(apart, ", "))
		return false
	}
	return true
}

// eachTaken runs a test over the captures of testdata, and what eachCapture has.
func eachTaken(t *testing.T, test func(*testing.T, taken)) {
	const most = 1000
	files, err := filepath.Glob("../../testdata/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := capture.OpenFile(name)
			if err != nil {
				t.Fatal(err)
			}
			test(t, takenFrom(t, src, most))
		})
	}
	eachCapture(t, func(t *testing.T, open func() capture.Source) { test(t, takenFrom(t, open(), most)) })
}

// way is who sends to whom.
type way struct{ src, dst netip.AddrPort }

func wayOf(p *dissect.Packet) way { return way{p.Src(), p.Dst()} }

func (w way) back() way { return way{w.dst, w.src} }

// offsets are added to the numbers of each way.
type offsets map[way]uint32

// numbers calls f with each sequence number of a segment, and whose it is.
func numbers(p *dissect.Packet, f func(way, *uint32)) {
	c, w := &p.TCP, wayOf(p)
	seq, ack := uint32(c.Seq), uint32(c.Ack)
	if seq != 0 || c.Flags&dissect.RST == 0 { // 0 in an RST stands for nothing
		f(w, &seq)
	}
	if c.Flags&dissect.ACK != 0 {
		f(w.back(), &ack)
	}
	c.Seq, c.Ack = dissect.Seq(seq), dissect.Seq(ack)
	c.Options = slices.Clone(c.Options)
	for v, _ := option(c.Options, optionSACK); len(v) >= 4; v = v[4:] {
		edge := binary.BigEndian.Uint32(v)
		f(w.back(), &edge)
		binary.BigEndian.PutUint32(v, edge)
	}
}

// stamps is the same for timestamps.
func stamps(p *dissect.Packet, f func(way, *uint32)) {
	c, w := &p.TCP, wayOf(p)
	c.Options = slices.Clone(c.Options)
	v, _ := option(c.Options, optionTimestamps)
	if len(v) != 8 {
		return
	}
	value, echo := binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
	f(w, &value)
	if c.Flags&dissect.ACK != 0 { // else it stands for nothing (RFC 7323, section 3.2)
		f(w.back(), &echo)
	}
	binary.BigEndian.PutUint32(v, value)
	binary.BigEndian.PutUint32(v[4:], echo)
}

// marks returns the numbers of each way: what read gives, where segments end,
// and, of sequence numbers, the edges of windows.
func (r taken) marks(read func(*dissect.Packet, func(way, *uint32)), ends bool) map[way][]uint32 {
	m, scale := map[way][]uint32{}, map[way]uint8{}
	r.packets(func(p *dissect.Packet) {
		if p.Content != dissect.ContentTCP {
			return
		}
		c, w := &p.TCP, wayOf(p)
		read(p, func(w way, n *uint32) { m[w] = append(m[w], *n) })
		if !ends {
			return
		}
		var s segment
		s.reset(p)
		m[w] = append(m[w], s.end)
		if c.Flags&dissect.SYN != 0 {
			scale[w] = readSYNOptions(c.Options).scale
		}
		if c.Flags&dissect.ACK != 0 {
			m[w.back()] = append(m[w.back()], s.ack+uint32(s.win)<<scale[w])
		}
	})
	for w := range m {
		slices.Sort(m[w])
		m[w] = slices.Compact(m[w])
	}
	return m
}

// move makes the k-th of the marks of each way the number to. The two ways of a
// connection take different ones.
func move(marks map[way][]uint32, k int, to uint32) offsets {
	by := offsets{}
	for w, m := range marks {
		at := k
		if w.src.Compare(w.dst) < 0 {
			at = 7*k + 3
		}
		by[w] = to - m[at%len(m)]
	}
	return by
}

// tellsNothing reports whether a capture has a segment that tells nothing of its
// connection, so that its number is given as it is, or an ACK that would be taken
// for a forged one if its number were 0.
func (r taken) tellsNothing() (found bool) {
	last := map[way]uint32{}
	r.packets(func(p *dissect.Packet) {
		if p.Content != dissect.ContentTCP {
			return
		}
		w, seq := wayOf(p), uint32(p.TCP.Seq)
		before, known := last[w]
		leap := known && p.TCP.Len == 0 && p.TCP.Flags&(dissect.SYN|dissect.FIN) == 0 && seq-before > farOutside && before-seq > farOutside
		blank := known && seq < farOutside && before < farOutside && (seq == 0 || before == 0) // one of which may be an RST's
		found = found || leap || blank || p.Problem == dissect.ProblemMalformed || p.Problem == dissect.ProblemFragment
		last[w] = seq
	})
	return found
}

// testMoved holds that a capture reads the same wherever the numbers begin that
// read gives. What it does is bounded by packets.
func testMoved(t *testing.T, r taken, read func(*dissect.Packet, func(way, *uint32)), ends bool, packets int) {
	if r.tellsNothing() {
		return
	}
	absolute := func(e *Event) {
		e.ICMP.QuotedSeq = 0
		if e.Connection != nil {
			e.Connection.ISS = [2]dissect.Seq{}
		}
	}
	want, marks, most := r.said(nil, absolute), r.marks(read, ends), 0
	for _, m := range marks {
		most = max(most, len(m))
	}
	step := 1 + 4*most*len(r)/packets
	for k := 0; k < most; k += step {
		for _, to := range []uint32{0, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			by := move(marks, k, to)
			got := r.said(func(p *dissect.Packet) {
				if p.Content == dissect.ContentICMP {
					p.ICMP.QuotedSeq += dissect.Seq(by[way{p.ICMP.QuotedSrc, p.ICMP.QuotedDst}])
				} else if p.Content == dissect.ContentTCP {
					read(p, func(w way, n *uint32) { *n += by[w] })
				}
			}, absolute)
			if !same(t, fmt.Sprintf("mark %d at %#x", k, to), want, got) {
				return
			}
		}
	}
}

// TestAnyISN holds that no number is taken for none, and none for beyond another
// that it is not, wherever it falls.
func TestAnyISN(t *testing.T) {
	eachTaken(t, func(t *testing.T, r taken) { testMoved(t, r, numbers, true, 4_000) })
}

// TestAnyTimestamp is the same for timestamps, of which 0 is one like any other.
func TestAnyTimestamp(t *testing.T) {
	eachTaken(t, func(t *testing.T, r taken) { testMoved(t, r, stamps, false, 1_500) })
}

// TestNumberZero has each number of these at 0 once.
func TestNumberZero(t *testing.T) {
	const (
		opening = "> S 0:0(0) <mss 1460,sackOK,nop,wscale 2>\n< S. 0:0(0) ack 1 <mss 1460,sackOK,nop,wscale 2>\n> . ack 1\n"
		refusal = "0 > S 0:0(0)\n< R. #0 ack 1\n"
	)
	for name, script := range map[string]string{
		"closed":              opening + "> P. 1:11(10) ack 1\n< P. 1:21(20) ack 11\n> F. 11:11(0) ack 21\n< . ack 12\n< F. 21:21(0) ack 12\n> . ack 22",
		"data after its FIN":  opening + "> F. 1:1(0) ack 1\n> P. 2:12(10) ack 1\n< . ack 2\n< F. 1:1(0) ack 2\n> . ack 2",
		"RST":                 opening + "> P. 1:11(10) ack 1\n< R. 1:1(0) ack 11",
		"RST behind a gap":    opening + "> P. 1:11(10) ack 1\n> R. 111:111(0) ack 1\n< P. 1:8(7) ack 11",
		"ACK behind a gap":    opening + "> P. 1:11(10) ack 1\n> . 51:51(0) ack 1\n> P. 51:61(10) ack 1\n< . ack 61",
		"lost and told":       opening + "> . 1:101(100) ack 1\n> . 201:301(100) ack 1\n< . ack 101 <sack 201:301>\n< . ack 101 <sack 201:301>\n> . 101:201(100) ack 1\n< . ack 301",
		"window closed":       opening + "> . 1:101(100) ack 1\n< . ack 101 win 0\n1 > . 100:100(0) ack 1\n< . ack 101 win 0\n3 > P. 101:102(1) ack 1\n< . ack 102 win 100",
		"kept alive":          opening + "> P. 1:11(10) ack 1\n< . ack 11\n60 > . 10:10(0) ack 1\n< . ack 11\n120 > . 10:11(1) ack 1",
		"refused and sent":    refusal + "1 > S 0:0(0)\n< R. #0 ack 1",
		"older RST, then SYN": "0 < R 500:500(0)\n50 > S #77777:#77777(0)\n< S. #9000:#9000(0) ack #77778\n> . #77778 ack #9001\n< P. #9001:#9011(10) ack #77778",
	} {
		t.Run(name, func(t *testing.T) { testMoved(t, segtest.MustFrames(t, script), numbers, true, 1<<20) })
	}
}

// withoutAddresses takes from an event what names an end.
func withoutAddresses(e *Event) {
	e.Text, e.Client, e.Server, e.ICMPFrom = "", netip.AddrPort{}, netip.AddrPort{}, netip.Addr{}
	e.ICMP.QuotedSrc, e.ICMP.QuotedDst, e.ICMP.QuotedVia = netip.AddrPort{}, netip.AddrPort{}, netip.Addr{}
	if c := e.Connection; c != nil {
		c.Client, c.Server = netip.AddrPort{}, netip.AddrPort{}
		v := &c.Verdict
		v.Text, v.Meaning, v.NextStep = "", "", ""
	}
}

// TestMirrored gives the ends other addresses, of which the lower one is the
// higher one of those before. Who asks for an address is left out with them.
func TestMirrored(t *testing.T) {
	mirrored := func(a netip.Addr) netip.Addr {
		b := a.AsSlice()
		for i := range b {
			b[i] = ^b[i]
		}
		a, _ = netip.AddrFromSlice(b)
		return a
	}
	end := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(mirrored(a.Addr()), a.Port()) }
	eachTaken(t, func(t *testing.T, r taken) {
		r = slices.DeleteFunc(r, func(f capture.Frame) (other bool) {
			taken{f}.packets(func(p *dissect.Packet) {
				other = p.Content == dissect.ContentNeighbour || p.Content == dissect.ContentUDP || p.IP.Src.IsLoopback()
			})
			return other
		})
		got := r.said(func(p *dissect.Packet) {
			p.IP.Src, p.IP.Dst = mirrored(p.IP.Src), mirrored(p.IP.Dst)
			p.ICMP.QuotedSrc, p.ICMP.QuotedDst = end(p.ICMP.QuotedSrc), end(p.ICMP.QuotedDst)
		}, withoutAddresses)
		same(t, "mirrored", r.said(nil, withoutAddresses), got)
	})
}

// TestLater moves a capture in time, by more than a clock48 holds as well.
func TestLater(t *testing.T) {
	untimed := func(e *Event) {
		e.Time = 0
		if c := e.Connection; c != nil {
			c.First, c.Last = 0, 0
		}
	}
	eachTaken(t, func(t *testing.T, r taken) {
		const earliest, latest = 1, 1 << 62 // what times are clamped to moves no further
		if slices.ContainsFunc(r, func(f capture.Frame) bool { return f.Time < earliest || f.Time > latest }) {
			return
		}
		want := r.said(nil, untimed)
		for _, by := range []capture.Stamp{1, 1 << 47, 1<<48 + 12345} {
			same(t, fmt.Sprint(by, " ns later"), want, r.said(func(p *dissect.Packet) { p.Frame.Time += by }, untimed))
		}
	})
}

// link is what stands before IP.
type link struct {
	name string
	typ  capture.LinkType
	head func(v6 bool) []byte
}

// etherType ends a header.
func etherType(head string, v6 bool) []byte {
	if v6 {
		return append([]byte(head), 0x86, 0xdd)
	}
	return append([]byte(head), 0x08, 0x00)
}

// placeless are links that say nothing of where the capture was made.
func placeless() []link {
	const macs = "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01"
	return []link{
		{"Ethernet", capture.LinkEthernet, func(v6 bool) []byte { return etherType(macs, v6) }},
		{"802.1Q", capture.LinkEthernet, func(v6 bool) []byte { return etherType(macs+"\x81\x00\x00\x07", v6) }},
		{"802.1ad", capture.LinkEthernet, func(v6 bool) []byte { return etherType(macs+"\x88\xa8\x00\x07\x81\x00\x00\x09", v6) }},
		{"raw IP", capture.LinkRaw, func(bool) []byte { return nil }},
		{"PPP", capture.LinkPPP, func(v6 bool) []byte {
			if v6 {
				return []byte{0xff, 0x03, 0x00, 0x57}
			}
			return []byte{0xff, 0x03, 0x00, 0x21}
		}},
	}
}

// over returns the segments of a capture in other packets: over a link, and in
// IPv6 with v6. Identifications, which IPv6 has none of, are left out with bare.
func (r taken) over(l link, v6, bare bool) (out taken) {
	r.packets(func(p *dissect.Packet) {
		c := &p.TCP
		if p.Content != dissect.ContentTCP || p.Joined != nil || p.Problem != dissect.ProblemNone || c.Len > 60_000 {
			return
		}
		f, six := *p.Frame, v6 || p.IP.Src.Is6()
		ip := ipHeader(p, six, bare)
		head := append(l.head(six), ip...)
		f.Link, f.OrigLen = l.typ, len(head)+int(c.Header)+c.Len
		f.Data = append(head, p.Frame.Data[c.Offset:int(c.Offset+c.Header)+len(c.Payload)]...)
		out = append(out, f)
	})
	return out
}

// ipHeader makes one for a segment.
func ipHeader(p *dissect.Packet, six, bare bool) []byte {
	const tcp, dontFragment = 6, 0x40
	length := uint16(int(p.TCP.Header) + p.TCP.Len)
	if six {
		h := binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, length)
		h = append(h, tcp, p.IP.HopLimit)
		for _, a := range []netip.Addr{p.IP.Src, p.IP.Dst} {
			b := a.As16()
			if a.Is4() {
				copy(b[:], "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00")
			}
			h = append(h, b[:]...)
		}
		return h
	}
	h := binary.BigEndian.AppendUint16([]byte{0x45, 0}, 20+length)
	id := uint16(p.IP.ID)
	if bare {
		id = 0
	}
	h = append(binary.BigEndian.AppendUint16(h, id), dontFragment, 0, p.IP.HopLimit, tcp, 0, 0)
	src, dst := p.IP.Src.As4(), p.IP.Dst.As4()
	return append(append(h, src[:]...), dst[:]...)
}

// TestAnyLink carries the segments over other links, in IPv6, and without what
// they carry.
func TestAnyLink(t *testing.T) {
	whole := func(*Event) {}
	headers := func(e *Event) { // what the payload is, and the name that it may tell, is not known
		withoutAddresses(e)
		e.App = ""
		if e.Type == TypeName {
			e.Type = leftOut
		}
		if c := e.Connection; c != nil {
			c.App, c.Verdict.Detail, c.Verdict.Evidence = "", "", nil
		}
	}
	eachTaken(t, func(t *testing.T, r taken) {
		ethernet, others := placeless()[0], placeless()[1:]
		plain := r.over(ethernet, false, false)
		want := plain.said(nil, whole)
		for _, l := range others {
			same(t, l.name, want, r.over(l, false, false).said(nil, whole))
		}
		loopback := slices.ContainsFunc(want, func(s string) bool { return strings.Contains(s, "Client:127.") || strings.Contains(s, "Server:127.") })
		if !loopback { // where segments are sure to arrive
			same(t, "IPv6", r.over(ethernet, false, true).said(nil, withoutAddresses), r.over(ethernet, true, true).said(nil, withoutAddresses))
		}
		cut := slices.Clone(plain)
		plain.packets(func(p *dissect.Packet) {
			at := slices.IndexFunc(cut, func(f capture.Frame) bool { return f.Number == p.Frame.Number })
			cut[at].Data = cut[at].Data[:p.TCP.Offset+p.TCP.Header]
		})
		same(t, "headers alone", plain.said(nil, headers), cut.said(nil, headers))
	})
}

// TestAmongOthers puts the segments of another connection between those of a
// capture.
func TestAmongOthers(t *testing.T) {
	var script strings.Builder
	script.WriteString("conn 203.0.113.1:1111 203.0.113.2:2222\n> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n")
	for i := range 600 {
		fmt.Fprintf(&script, "> P. %d(10)\n< .\n", 1+10*i)
	}
	others := segtest.MustFrames(t, script.String())
	eachTaken(t, func(t *testing.T, r taken) {
		alone := r.saidAmong(nil)
		got := r.saidAmong(others)
		slices.Sort(alone) // connections leave in the order of their numbers
		slices.Sort(got)
		same(t, "among others", alone, got)
	})
}

// saidAmong is said of the connections of r, where a frame of another one comes
// after each packet.
func (r taken) saidAmong(others taken) []string {
	const other = 1111 // port of its client
	numbers := map[int64]int64{}
	mixed := make(taken, 0, len(r)+len(others))
	for i, f := range r {
		mixed = append(mixed, f)
		if i < len(others) {
			o := others[i]
			o.Time, o.Number, o.File = f.Time, f.Number, f.File
			mixed = append(mixed, o)
		}
	}
	return mixed.said(nil, func(e *Event) {
		c := e.Connection
		if e.Client.Port() == other || c != nil && c.Client.Port() == other {
			e.Type = leftOut
			return
		}
		e.SinceFrame = 0
		if e.Conn == 0 {
			return
		}
		if numbers[e.Conn] == 0 {
			numbers[e.Conn] = int64(len(numbers) + 1)
		}
		if e.Conn = numbers[e.Conn]; c != nil {
			c.Number = e.Conn
		}
	})
}
