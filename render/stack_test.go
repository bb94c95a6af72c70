package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// recorded runs a capture of ../testdata, or of a corpus beside the project,
// through decoder, joiner and tracker into renderers.
func recorded(t testing.TB, name string, renderers ...Renderer) {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Skipf("no capture to read: %v", err)
	}
	defer src.Close()
	var d dissect.Decoder
	var j dissect.Joiner
	var p dissect.Packet
	tracker := conn.New(conn.Options{Detail: true, Measures: true})
	give := func(e *conn.Event) {
		for _, r := range renderers {
			if err := r.Event(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for {
		frames, err := src.Next()
		for i := range frames {
			if frames[i].Record != capture.RecordPacket {
				continue
			}
			d.Decode(&frames[i], &p)
			if p.Content == dissect.ContentFragment {
				j.Join(&p, &d)
			}
			events := tracker.Add(&p)
			for k := range events {
				give(&events[k])
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Logf("%s: %v", name, err)
			break
		}
	}
	events := tracker.End()
	for k := range events {
		give(&events[k])
	}
	for _, r := range renderers {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// only passes on the events of some frames.
type only struct {
	Renderer
	frames []int64
}

func (o only) Event(e *conn.Event) error {
	for _, f := range o.frames {
		if e.Frame == f {
			return o.Renderer.Event(e)
		}
	}
	return nil
}

var stackScenes = []struct {
	name, file string
	frames     []int64
}{
	{"syn", "../testdata/s01-chat.pcap", []int64{1}},
	{"data", "../testdata/s01-chat-ipv6.pcap", []int64{4}},
	{"http", "../testdata/s03-http-400.pcap", []int64{6}},
	{"arp-icmp", "../testdata/s05-no-neighbour.pcap", []int64{1, 3}},
	{"tls", "../testdata/s17-tls.pcap", []int64{4}},
}

func TestStackGolden(t *testing.T) {
	for _, s := range stackScenes {
		for _, w := range []int{60, 80, 120} {
			var b bytes.Buffer
			recorded(t, s.file, only{NewStack(&b, Options{Width: w, Files: []string{s.file}}), s.frames})
			golden(t, fmt.Sprintf("stack/%s.%d.txt", s.name, w), b.String())
		}
	}
	var b bytes.Buffer
	recorded(t, stackScenes[0].file, only{NewStack(&b, Options{Width: 80, ASCII: true}), []int64{1}})
	golden(t, "stack/syn.ascii.txt", b.String())
	b.Reset()
	recorded(t, stackScenes[0].file, only{NewStack(&b, Options{Width: 120, Color: true}), []int64{1}})
	golden(t, "stack/syn.color.txt", b.String())
}

func TestStackFits(t *testing.T) {
	for _, s := range stackScenes {
		for w := 60; w <= 200; w += 7 {
			var b bytes.Buffer
			recorded(t, s.file, NewStack(&b, Options{Width: w, ASCII: w%2 == 0}))
			for _, l := range strings.Split(b.String(), "\n") {
				if n := textWidth(l); n > w {
					t.Fatalf("%s at %d columns: %d: %s", s.name, w, n, l)
				}
			}
		}
	}
}

// headers is an Ethernet frame with a TCP segment that has every control bit
// and every reserved one set.
var headers = []byte{
	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, // Ethernet: to, from, IPv4
	0x45, 0xb9, 0, 64, 0xbe, 0xef, 0xc0, 0x00, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, // DSCP 46, ECN 1, the reserved bit and DF
	0x0b, 0xb8, 0x9e, 0xde, 0, 0, 0, 1, 0, 0, 0, 2, 0xbf, 0xff, 0x12, 0x34, 0, 0, 0, 9, // offset 11, all bits
	1, 1, 5, 10, 0, 0, 0, 3, 0, 0, 0, 4, // nop, nop, SACK 3 to 4
	3, 3, 7, 254, 4, 0xab, 0xcd, 0, 0, 0, 0, 0, // shift 7, an experiment, the end and padding
}

func headersEvent() *conn.Event {
	f := &capture.Frame{Number: 1, Time: capture.NoTime, Data: headers, OrigLen: len(headers), Link: capture.LinkEthernet, Interface: -1}
	var d dissect.Decoder
	var p dissect.Packet
	d.Decode(f, &p)
	return &conn.Event{Type: conn.TypeSegment, Conn: 1, Frame: 1, Time: capture.NoTime, Packet: &p, Kind: conn.KindOf(p.TCP.Flags, p.TCP.Len)}
}

// TestDiagramsToTheBit holds the rows that show each bit to the header.
func TestDiagramsToTheBit(t *testing.T) {
	var b bytes.Buffer
	if err := DrawPacket(&b, Options{Width: 100}, headersEvent()); err != nil {
		t.Fatal(err)
	}
	golden(t, "stack/everybit.100.txt", b.String())
	for _, want := range []string{
		"│1 0 1 1│1 1 1│1│1│1│1│1│1│1│1│1│0 0 0 1 0 0 1 0 0 0 1 1 0 1 0 0│", // TCP, fourth row
		"│0 1 0 0│0 1 0 1│1 0 1 1 1 0│0 1│0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0│", // IPv4, first row
		"│1 0 1 1 1 1 1 0 1 1 1 0 1 1 1 1│1│1│0│0 0 0 0 0 0 0 0 0 0 0 0 0│", // and second
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no row\n%s in\n%s", want, b.String())
		}
	}
}

// TestEveryByteIsNamed holds that the dump names each byte of a packet once.
func TestEveryByteIsNamed(t *testing.T) {
	check := func(p *dissect.Packet, data []byte, joined bool) {
		layers := p.Fields()
		at := 0
		for _, s := range spansOf(partsOf(p, layers, len(data), joined), layers, joined) {
			if s.from != at || s.to <= s.from || s.name == "" {
				t.Fatalf("frame %d: span %+v at byte %d", p.Frame.Number, s, at)
			}
			at = s.to
		}
		if at != len(data) {
			t.Fatalf("frame %d: %d of %d bytes named", p.Frame.Number, at, len(data))
		}
	}
	e := headersEvent()
	check(e.Packet, headers, false)
	for n := range headers {
		f := *e.Packet.Frame
		f.Data = headers[:n]
		var d dissect.Decoder
		var p dissect.Packet
		d.Decode(&f, &p)
		check(&p, f.Data, false)
		if err := DrawPacket(io.Discard, Options{}, &conn.Event{Packet: &p}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range stackScenes {
		recorded(t, s.file, eachPacket(func(p *dissect.Packet) {
			check(p, p.Frame.Data, false)
			if p.Joined != nil {
				check(p, p.Joined, true)
			}
		}))
	}
}

// eachPacket is a Renderer that looks at packets.
type eachPacket func(p *dissect.Packet)

func (f eachPacket) Event(e *conn.Event) error {
	if e.Packet != nil && e.Packet.Frame != nil {
		f(e.Packet)
	}
	return nil
}
func (f eachPacket) Flush() error { return nil }
func (f eachPacket) Close() error { return nil }

func TestStackHostile(t *testing.T) {
	for _, p := range hostilePayloads() {
		s, o := hostileScene(p, 80)
		for i := range s.events {
			if q := s.events[i].Packet; q != nil && q.Frame != nil {
				q.Frame.Comments = []string{p}
				q.Frame.Data = append(q.Frame.Data, p[:min(len(p), 3000)]...)
			}
		}
		checkTerminal(t, draw(t, s, func(w *bytes.Buffer) Renderer { return NewStack(w, o) }), 80)
	}
}

func BenchmarkStack(b *testing.B) { benchmarkSegments(b, download(), NewStack(io.Discard, Options{})) }
