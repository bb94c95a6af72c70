package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/dissect/segtest"
	"tcpsee/render"
)

// given is a live source of frames that are there.
type given struct {
	frames []capture.Frame
	lost   uint64
}

func (g *given) Next() ([]capture.Frame, error) {
	list := g.frames
	if g.frames = nil; list == nil {
		return nil, io.EOF
	}
	return list, nil
}

func (g *given) Interfaces() []capture.Interface { return nil }
func (g *given) Stats() capture.Stats            { return capture.Stats{Dropped: g.lost} }
func (g *given) Findings() []capture.Fault       { return nil }
func (g *given) Close() error                    { return nil }

// heard keeps what is told of segments, and the capture's end.
type heard struct {
	rows []string
	end  conn.Capture
}

func (h *heard) Event(e *conn.Event) error {
	switch e.Type {
	case conn.TypeSegment:
		h.rows = append(h.rows, fmt.Sprintf("%d %s lost %d", e.Frame, e.Kind, e.Packet.Frame.Dropped))
	case conn.TypeCapture:
		h.end = *e.Capture
	}
	return nil
}

func (*heard) Flush() error { return nil }
func (*heard) Close() error { return nil }

// TestLoopCountsOnce: a frame that cannot be followed is not called one without
// TCP as well.
func TestLoopCountsOnce(t *testing.T) {
	frames := segtest.MustFrames(t, "> S 0:0(0)")
	compressed := []byte{0xff, 3, 0, 0x2d, 0x10, 0x95, 0xcd, 1}
	echo := []byte{0xff, 3, 0xc0, 0x21, 9, 1, 0, 4}
	for _, data := range [][]byte{compressed, echo} {
		frames = append(frames, capture.Frame{Time: frames[0].Time, Link: capture.LinkPPP, Data: data, OrigLen: len(data), Number: int64(len(frames) + 1)})
	}
	for i := range frames {
		frames[i].Interface = -1
	}
	h := &heard{}
	l := &loop{src: &given{frames: frames}, renderers: []render.Renderer{h}}
	if err := l.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := h.end.Unfollowed[dissect.ProblemDirection.String()]; n != 1 || h.end.NotTCP != 1 {
		t.Errorf("%d compressed, %d without TCP", n, h.end.NotTCP)
	}
}

// TestLoopTellsOfAggregates: of a frame with two packets the first is drawn, and
// that there is another is told.
func TestLoopTellsOfAggregates(t *testing.T) {
	f := segtest.MustFrames(t, "> S 0:0(0)")[0]
	packet := f.Data[14:]
	subframe := append(make([]byte, 12), 0, byte(8+len(packet)), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0) // addresses, length, LLC and SNAP
	subframe = append(subframe, packet...)
	subframe = append(subframe, make([]byte, -len(subframe)&3)...)
	data := append([]byte{0x88, 1}, make([]byte, 22)...) // QoS data, to the access point
	data = append(data, 0x80, 0)                         // A-MSDU
	data = append(append(data, subframe...), subframe...)
	f.Link, f.Data, f.OrigLen, f.Interface = capture.Link80211, data, len(data), -1
	h := &heard{}
	l := &loop{src: &given{frames: []capture.Frame{f}}, renderers: []render.Renderer{h}}
	if err := l.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := h.end.Unfollowed[dissect.ProblemAggregate.String()]; n != 1 || h.end.Segments != 1 || h.end.NotTCP != 0 {
		t.Errorf("told of %d, %d segments, %d without TCP", n, h.end.Segments, h.end.NotTCP)
	}
}

// TestLoopLeavesOut: frames that are left out are counted, the others have the
// numbers that -w gives them, and packets that the kernel lost before a frame
// that is left out are told with the next one.
func TestLoopLeavesOut(t *testing.T) {
	frames := segtest.MustFrames(t, "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:6(5) ack 1")
	for i := range frames {
		frames[i].Interface = -1
	}
	frames[1].Dropped, frames[2].Dropped = 3, 4
	n := 0
	h := &heard{}
	l := &loop{src: &given{frames: frames, lost: 9}, live: true, others: "of others", renderers: []render.Renderer{h},
		pass: func(*dissect.Packet) bool { n++; return n != 2 }}
	if err := l.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := "[1 SYN lost 0 2 ACK lost 7 3 DATA lost 0]"; fmt.Sprint(h.rows) != want {
		t.Errorf("rows %v, want %s", h.rows, want)
	}
	if h.end.LeftOut["of others"] != 1 || h.end.Dropped != 9 || h.end.Frames != 3 {
		t.Errorf("the capture is %+v", h.end)
	}
}

// TestLoopFragments: fragments whose other parts never came are told, and are
// not taken for something else than TCP.
func TestLoopFragments(t *testing.T) {
	// fragment returns the bytes of a frame's IP payload from to to, as a
	// fragment.
	fragment := func(f capture.Frame, from, to int) capture.Frame {
		const ether, ip = 14, 20
		payload := f.Data[ether+ip:]
		flags := uint16(from / 8)
		if to < len(payload) {
			flags |= 0x2000 // more fragments
		}
		b := append(bytes.Clone(f.Data[:ether+ip]), payload[from:to]...)
		binary.BigEndian.PutUint16(b[ether+2:], uint16(ip+to-from))
		binary.BigEndian.PutUint16(b[ether+6:], flags)
		f.Data, f.OrigLen = b, len(b)
		return f
	}
	list := segtest.MustFrames(t, "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:41(40) ack 1 id 7\n> P. 41:81(40) ack 1 id 8")
	whole, half := list[3], list[4]
	frames := append(list[:3:3], fragment(whole, 0, 32), fragment(whole, 32, 60), fragment(half, 0, 32))
	for i := range frames {
		frames[i].Number, frames[i].Interface = int64(i+1), -1
	}
	check := func(why string) {
		t.Helper()
		for _, rowless := range []bool{false, true} {
			h := &heard{}
			l := &loop{src: &given{frames: slices.Clone(frames)}, rowless: rowless, renderers: []render.Renderer{h}}
			if err := l.run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if h.end.NotTCP != 0 || h.end.Unfollowed[why] != 1 || len(h.end.Unfollowed) != 1 {
				t.Errorf("rowless %v: %d frames without TCP, not followed %v", rowless, h.end.NotTCP, h.end.Unfollowed)
			}
		}
	}
	check(fragmentsAlone)
	last := &frames[len(frames)-1]
	last.Data = last.Data[:40] // the capture has no more of it
	last.Data[20], last.Data[21] = 0x20, 4
	check(fragmentsCut)
}

// batches is a live source of several batches, which gives all but the first
// when it has been closed.
type batches struct {
	given
	rest   [][]capture.Frame
	begun  bool
	all    int
	closed chan struct{}
	once   sync.Once
}

func (b *batches) Next() ([]capture.Frame, error) {
	if len(b.rest) == 0 {
		return nil, io.EOF
	}
	if b.begun {
		<-b.closed
		if len(b.rest) == b.all-1 {
			time.Sleep(giveUp / 10) // for who has closed it to see that
		}
	}
	b.begun = true
	b.frames, b.rest = b.rest[0], b.rest[1:]
	return b.given.Next()
}

func (b *batches) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// slow is a reader that takes longer for its second row than a source is given to
// wake when the user has ended the command, as has been done at the first.
type slow struct {
	heard
	end func()
}

func (s *slow) Event(e *conn.Event) error {
	if e.Type == conn.TypeSegment {
		switch len(s.rows) {
		case 0:
			time.Sleep(tickInterval - drainTime + giveUp/20) // a tick would keep the loop from giving up
			s.end()
		case 1:
			time.Sleep(2 * giveUp)
		default:
			time.Sleep(2 * time.Millisecond)
		}
	}
	return s.heard.Event(e)
}

// TestSlowReaderLosesNothing: what was captured before the user ended the command
// is drawn, however long that takes.
func TestSlowReaderLosesNothing(t *testing.T) {
	frames := segtest.MustFrames(t, "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n"+strings.Repeat("> P. 1:6(5) ack 1\n", 40))
	src := &batches{closed: make(chan struct{})}
	for i := range frames {
		frames[i].Interface = -1
		src.rest = append(src.rest, frames[i:i+1])
	}
	src.all = len(frames)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := &slow{end: cancel}
	l := &loop{src: src, live: true, renderers: []render.Renderer{s}}
	if err := l.run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(s.rows) != len(frames) {
		t.Errorf("%d of %d rows", len(s.rows), len(frames))
	}
}
