package conn

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// covered is the plain union of what one end of a connection has sent, by
// positions that do not wrap.
type covered struct {
	known  bool
	last   uint32
	at     int64 // position of last
	parts  [][2]int64
	before int64  // position before which nothing counts: behind its SYN
	sum    uint64 // of what was sent before another SYN
}

const noSYN = -1 << 62

func (c *covered) add(seq uint32, n int, syn bool) {
	if !c.known {
		c.known, c.last, c.before = true, seq, noSYN
	}
	c.at += int64(int32(seq - c.last))
	c.last = seq
	from := c.at
	if syn {
		from++
		if from != c.before && c.before != noSYN { // numbers count anew
			*c = covered{known: true, last: seq, at: c.at, sum: c.size()}
		}
		c.before = from
	}
	if n > 0 {
		c.parts = append(c.parts, [2]int64{from, from + int64(n)})
	}
}

func (c *covered) size() uint64 {
	n := c.sum
	slices.SortFunc(c.parts, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	end := c.before
	for _, p := range c.parts {
		if from := max(p[0], end); p[1] > from {
			n += uint64(p[1] - from)
			end = p[1]
		}
	}
	return n
}

// uniques compares Connection.Unique with the union.
// It compares the longest silence with the plain one as well.
type uniques struct {
	t       *testing.T
	tracker *Tracker
	ends    map[sender]*covered
	quiet   map[int64]*quiet
}

// quiet is the longest time between two segments of a connection.
type quiet struct {
	last    capture.Stamp
	longest time.Duration
	frame   int64
}

type sender struct {
	conn int64
	at   netip.AddrPort
}

func newUniques(t *testing.T) *uniques {
	return &uniques{t: t, tracker: New(Options{Quiet: true, Brief: true, Measures: true}), ends: make(map[sender]*covered), quiet: make(map[int64]*quiet)}
}

func (u *uniques) add(p *dissect.Packet) {
	events := u.tracker.Add(p)
	for i := range events {
		u.take(&events[i])
	}
}

func (u *uniques) take(e *Event) {
	switch {
	case e.Type == TypeSegment:
		p := e.Packet
		k := sender{e.Conn, netip.AddrPortFrom(p.IP.Src, p.TCP.SrcPort)}
		if u.ends[k] == nil {
			u.ends[k] = new(covered)
		}
		u.ends[k].add(uint32(p.TCP.Seq), p.TCP.Len, p.TCP.Flags&dissect.SYN != 0)
		q := u.quiet[e.Conn]
		if q == nil {
			q = &quiet{last: p.Frame.Time}
			u.quiet[e.Conn] = q
		}
		if d := p.Frame.Time.Sub(q.last); d > q.longest {
			q.longest, q.frame = d, p.Frame.Number
		}
		q.last = p.Frame.Time
	case e.Type == TypeEnd && e.Connection.Client.IsValid():
		c := e.Connection
		if q := u.quiet[c.Number]; q != nil && (q.longest != c.Measures.Silence || q.frame != c.Measures.SilenceEnd) {
			u.t.Errorf("connection %d: longest silence %v before %d, want %v before %d", c.Number, c.Measures.Silence, c.Measures.SilenceEnd, q.longest, q.frame)
		}
		for side, at := range []netip.AddrPort{c.Client, c.Server} {
			var want uint64
			if x := u.ends[sender{c.Number, at}]; x != nil {
				want = x.size()
			}
			if c.Unique[side] != want {
				u.t.Errorf("connection %d, %v: %d of %d bytes are unique, want %d", c.Number, Side(side), c.Unique[side], c.Bytes[side], want)
			}
		}
	}
}

func (u *uniques) end() {
	for e := range u.tracker.Left() {
		u.take(e)
	}
	if u.tracker.passing != 0 {
		u.t.Errorf("%d holes are left over", u.tracker.passing)
	}
}

func checkUnique(t *testing.T, src capture.Source) {
	u := newUniques(t)
	eachPacket(t, src, u.add)
	u.end()
}

func TestUniqueOfCaptures(t *testing.T) {
	eachCapture(t, func(t *testing.T, open func() capture.Source) { checkUnique(t, open()) })
	files, err := filepath.Glob("../../testdata/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatal("no captures in testdata", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := capture.OpenFile(name)
			if err != nil {
				t.Fatal(err)
			}
			checkUnique(t, src)
		})
	}
}

// TestUniqueOfDisorder sends pieces of a stream in any order, more than once,
// cut elsewhere, around the end of the number space and around probes.
func TestUniqueOfDisorder(t *testing.T) {
	client, server := v4(0x0a000001, 40000), v4(0x0a000002, 80)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		w, u := newTraffic(), newUniques(t)
		iss := r.Uint32()
		if r.IntN(2) == 0 {
			iss = -uint32(r.IntN(3000)) // soon around
		}
		if r.IntN(3) > 0 {
			u.add(w.packet(client, server, iss, 0, dissect.SYN, 0, 1000))
			u.add(w.packet(server, client, 7, iss+1, dissect.SYN|dissect.ACK, 0, 1000))
			u.add(w.packet(client, server, iss+1, 8, dissect.ACK, 0, 1000))
		}
		at := uint32(0)
		for range 200 {
			from, n := at, 1+r.IntN(60)
			switch r.IntN(8) {
			case 0: // again, or what was left out
				from = uint32(r.IntN(int(at) + 1))
			case 1: // a gap
				from = at + uint32(r.IntN(200))
			case 2: // a probe, or a keep-alive
				n = 1
				from -= min(from, uint32(r.IntN(2)))
				p := w.packet(server, client, 8, iss+1+at, dissect.ACK, 0, 1000)
				p.TCP.Window = uint16(r.IntN(2))
				u.add(p)
			case 3:
				u.add(w.packet(server, client, 8, iss+1+uint32(r.IntN(int(at)+1)), dissect.ACK, 0, 1000))
			}
			p := w.packet(client, server, iss+1+from, 8, dissect.ACK, n, 1000)
			u.add(p)
			if r.IntN(5) == 0 { // captured twice
				w.frame.Number++
				u.add(p)
			}
			at = max(at, from+uint32(n))
		}
		u.end()
		if t.Failed() {
			t.Fatal("seed ", seed)
		}
	}
}

// TestUniqueIsBounded passes over more than is remembered: what fills a
// forgotten hole counts as repeated, nothing counts twice, and nothing is kept.
func TestUniqueIsBounded(t *testing.T) {
	w, u := newTraffic(), New(Options{Quiet: true, Brief: true})
	client, server := v4(0x0a000001, 40000), v4(0x0a000002, 80)
	const pieces = 3 * maxHoles
	for pass := range uint32(2) {
		for i := range uint32(pieces) {
			u.Add(w.packet(client, server, 1+20*i+10*pass, 8, dissect.ACK, 10, 1000))
		}
		if n := u.passing; n != []int{maxHoles, 0}[pass] {
			t.Errorf("%d holes after pass %d", n, pass)
		}
	}
	for e := range u.Left() {
		if e.Type != TypeEnd {
			continue
		}
		if n, want := e.Connection.Unique[Client], uint64(10*(pieces+maxHoles+1)); n != want {
			t.Errorf("%d of %d bytes are unique, want %d", n, e.Connection.Bytes[Client], want)
		}
	}
}

// A segment that is out-of-order by its time was sent again where its bytes were
// seen before: it counts as that, says so, and its ACK shows no round trip.
func TestSentAgainOutOfOrder(t *testing.T) {
	const open = "> S 0:0(0)\n+.010 < S. 0:0(0) ack 1\n> . ack 1\n"
	for name, tt := range map[string]struct {
		script   string
		again    bool // the last segment of the client
		resent   uint64
		sentence string
	}{
		"sent again":    {open + "> . 1:101(100)\n> . 101:201(100)\n> . 201:301(100)\n+.002 > . 1:101(100)", true, 1, "The client sends byte 1 and what follows again 4.0 ms after it had sent it last (frame 4)."},
		"of two":        {open + "> . 1:101(100)\n> . 101:201(100)\n> . 201:301(100)\n+.002 > . 51:151(100)", true, 1, "The client sends byte 51 and what follows again"},
		"overtaken":     {open + "> . 1:101(100)\n> . 201:301(100)\n+.002 > . 101:201(100)", false, 0, "Byte 101 and what follows arrive late: a later segment has overtaken them."},
		"in part":       {open + "> . 1:101(100)\n> . 201:301(100)\n+.002 > . 51:151(100)", false, 0, "Byte 51 and what follows arrive late"},
		"a FIN, and it": {open + "> . 1:101(100)\n> F. 101:101(0)\n> . 102:102(0)\n+.002 > . 51:101(50)", true, 1, "again"},
	} {
		tracker := New(Options{Detail: true})
		var d dissect.Decoder
		var p dissect.Packet
		var sentence string
		var again bool
		for _, f := range segtest.MustFrames(t, tt.script+"\n< . ack 301") {
			d.Decode(&f, &p)
			for _, e := range tracker.Add(&p) {
				switch {
				case e.Type != TypeSegment:
				case e.From == Client:
					if sentence, again = e.Sentence(), e.SentBefore; e.Labels.Has(OutOfOrder) != (e.Frame == int64(strings.Count(tt.script, "\n")+1)) {
						t.Errorf("%s: frame %d has labels %b", name, e.Frame, e.Labels)
					}
				case again && e.RTT != 0:
					t.Errorf("%s: the ACK shows a round trip of %v", name, e.RTT)
				}
			}
		}
		if n := tracker.End()[0].Connection.Retransmits[Client]; again != tt.again || n != tt.resent || !strings.Contains(sentence, tt.sentence) {
			t.Errorf("%s: sent before %v, %d in all: %q", name, again, n, sentence)
		}
	}
}

// TestSentAgainTwice: where bytes were sent more than once before, the time is since
// the last, and the frame named as the first, with its file.
func TestSentAgainTwice(t *testing.T) {
	frames := segtest.MustFrames(t, "> S 0:0(0)\n+.010 < S. 0:0(0) ack 1\n> . ack 1\n> . 1:101(100)\n> . 101:201(100)\n> . 201:301(100)\n> . 1:101(100)\n+.002 > . 1:101(100)")
	for _, files := range []int{1, 2} {
		tracker := New(Options{Detail: true, Files: []string{"a.pcap", "b.pcap"}})
		var d dissect.Decoder
		var p dissect.Packet
		var sentence string
		for i, f := range frames {
			if i > 4 && files == 2 {
				f.File, f.Number = 1, int64(i-4)
			}
			d.Decode(&f, &p)
			for _, e := range tracker.Add(&p) {
				sentence = e.Sentence()
			}
		}
		want := [...]string{1: "2.0 ms after it had sent it last (first in frame 4).", 2: "2.0 ms after it had sent it last (first in frame 4 in a.pcap)."}[files]
		if !strings.Contains(sentence, want) {
			t.Errorf("%q does not say %q", sentence, want)
		}
	}
}

// TestSentAgainByte: a single byte that is not acknowledged is sent again, and no
// sign of life is asked for, whatever the label.
func TestSentAgainByte(t *testing.T) {
	const key = opened3 + "+1 > P. 1:2(1) ack 1\n"
	for name, tt := range map[string]struct {
		script, text, sentence string
		resent                 uint64
	}{
		"never acknowledged": {key + "+.3 > P. 1:2(1) ack 1\n+.6 > P. 1:2(1) ack 1", "1 byte of the client was sent again twice (last: 6) and never acknowledged.",
			"The client sends byte 1 again 600 ms after it had sent it last, for no ACK came in time. \"Keep-alive\" only says", 2},
		"acknowledged": {key + "< . 1:1(0) ack 2\n+9 > . 1:2(1) ack 1\n+9 > . 1:2(1) ack 1", "the client has asked twice whether the server is still there",
			"The client asks whether the server is still there", 0},
		"without the other end": {"> P. 1:2(1) ack 1\n+9 > . 1:2(1) ack 1", "the capture has neither", "The client asks whether the server is still there", 0},
	} {
		ends, _ := follow(t, tt.script)
		c := ends[0]
		tracker := New(Options{})
		var d dissect.Decoder
		var p dissect.Packet
		sentence := ""
		for _, f := range segtest.MustFrames(t, tt.script) {
			d.Decode(&f, &p)
			for _, e := range tracker.Add(&p) {
				if e.Labels.Has(KeepAlive) {
					sentence = e.Sentence()
				}
			}
		}
		if !strings.Contains(c.Verdict.Text, tt.text) || !strings.Contains(sentence, tt.sentence) || c.Retransmits[Client] != tt.resent {
			t.Errorf("%s: %d sent again, %q\n%q", name, c.Retransmits[Client], sentence, c.Verdict.Text)
		}
		if waited := c.Measures.Waits[WaitResend][Client]; (waited > 0) != (tt.resent > 0) || (c.Measures.RTO[Client] > 0) != (tt.resent > 0) {
			t.Errorf("%s: waited %v, RTO %v", name, waited, c.Measures.RTO[Client])
		}
	}
}
