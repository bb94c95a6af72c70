package render

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// A scene is a list of events made by hand, so that the views can be looked at
// without a decoder and a tracker.
type scene struct {
	events []conn.Event
	frame  int64
	start  capture.Stamp
	file   int
}

// at is a point in time, in seconds after the scene's start.
type at = float64

func newScene(start string) *scene {
	t, err := time.Parse("2006-01-02 15:04:05.000000", start)
	if err != nil {
		panic(err)
	}
	return &scene{start: capture.StampOf(t)}
}

func (s *scene) stamp(t at) capture.Stamp { return s.start + capture.Stamp(math.Round(t*1e9)) }

// link is one connection of a scene.
type link struct {
	s              *scene
	n              int64
	client, server netip.AddrPort
	iss            [2]uint32
	states         [2]conn.State
	mac            bool // real addresses on the link
	scale          uint
	timestamps     bool
	began          at
	heard          at   // its last segment, 0 before
	known          bool // began is
	irtt           time.Duration
}

func (s *scene) link(n int64, client, server string, iss ...uint32) *link {
	l := &link{s: s, n: n, client: netip.MustParseAddrPort(client), server: netip.MustParseAddrPort(server), timestamps: true}
	copy(l.iss[:], iss)
	l.states = [2]conn.State{conn.StateClosed, conn.StateUnknown}
	return l
}

// segment is a segment in few words.
type segment struct {
	flags    dissect.Flags
	seq, ack uint32 // relative
	data     string
	win      uint16
	client   conn.State // after it; StateUnknown keeps the state
	server   conn.State
	mss      uint16
	options  []byte
	labels   []conn.Label
	dup      int
	role     bool
	app      string
}

func (l *link) event(t at, kind conn.Type) *conn.Event {
	if !l.known {
		l.began, l.known = t, true
	}
	s := l.s
	s.events = append(s.events, conn.Event{
		Type: kind, Conn: l.n, Time: s.stamp(t), Since: time.Duration(t*1e9 + 0.5),
		Delta: time.Duration((t-l.began)*1e9 + 0.5), Client: l.client, Server: l.server, File: s.file,
	})
	return &s.events[len(s.events)-1]
}

func (l *link) send(t at, from conn.Side, g segment) *conn.Event {
	e := l.event(t, conn.TypeSegment)
	l.s.frame++
	e.Frame, e.From = l.s.frame, from
	if l.heard > 0 {
		e.Idle = time.Duration((t-l.heard)*1e9 + 0.5)
	}
	l.heard = t
	e.Kind = conn.KindOf(g.flags, len(g.data))
	e.Handshake, e.App, e.DupAckNum = g.role, g.app, g.dup
	for _, x := range g.labels {
		e.Labels = e.Labels.With(x)
	}
	e.Before = l.states
	if g.client != 0 {
		l.states[conn.Client] = g.client
	}
	if g.server != 0 {
		l.states[conn.Server] = g.server
	}
	e.States = l.states
	e.Seq, e.Ack, e.Window = g.seq, g.ack, uint32(g.win)<<l.scale
	e.IRTT = l.irtt
	e.Packet = l.packet(e, from, g)
	return e
}

// packet makes a packet as the decoder would.
func (l *link) packet(e *conn.Event, from conn.Side, g segment) *dissect.Packet {
	src, dst := l.client, l.server
	if from == conn.Server {
		src, dst = dst, src
	}
	var opts []byte
	if g.mss > 0 { // mss, SACK permitted, timestamps, nop, scale 7: as Linux sends them
		opts = binary.BigEndian.AppendUint16([]byte{2, 4}, g.mss)
		opts = append(opts, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7)
	} else if l.timestamps {
		opts = []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}
	}
	opts = append(opts, g.options...)
	for len(opts)%4 != 0 {
		opts = append(opts, 1)
	}
	ip, kind := 20, dissect.LayerIPv4
	if src.Addr().Is6() {
		ip, kind = 40, dissect.LayerIPv6
	}
	header := 20 + len(opts)
	p := &dissect.Packet{Content: dissect.ContentTCP, NumLayers: 3, Payload: []byte(g.data)}
	p.Layers[0] = dissect.Layer{Kind: dissect.LayerEthernet, Length: 14}
	p.Layers[1] = dissect.Layer{Kind: kind, Offset: 14, Length: int32(ip)}
	p.Layers[2] = dissect.Layer{Kind: dissect.LayerTCP, Offset: int32(14 + ip), Length: int32(header)}
	version := uint8(4)
	if ip == 40 {
		version = 6
	}
	p.IP = dissect.IP{Version: version, HopLimit: 64, Protocol: 6, Src: src.Addr(), Dst: dst.Addr(), Offset: 14, Header: int32(ip),
		Total: ip + header + len(g.data)}
	p.TCP = dissect.TCP{
		SrcPort: src.Port(), DstPort: dst.Port(), Flags: g.flags, Window: g.win, Seq: dissect.Seq(l.iss[from] + g.seq),
		Offset: int32(14 + ip), Header: int32(header), Options: opts, Payload: []byte(g.data), Len: len(g.data),
	}
	if g.flags.Has(dissect.ACK) {
		p.TCP.Ack = dissect.Seq(l.iss[from.Other()] + g.ack)
	}
	data := append(make([]byte, 14+ip+header), g.data...)
	if l.mac {
		copy(data, []byte{0x06, 0x26, 0xcb, 0xdc, 0x9e, 0x41})
	}
	p.Frame = &capture.Frame{Number: e.Frame, Time: e.Time, Data: data, OrigLen: 14 + p.IP.Total, Link: capture.LinkEthernet}
	return p
}

func (l *link) call(t at, c conn.Call) *conn.Event {
	e := l.event(t, conn.TypeCall)
	e.Call = &c
	return e
}

// arp adds a question about an address, or with a MAC the answer.
func (l *link) arp(t at, sender, target string, reply bool) *conn.Event {
	e := l.event(t, conn.TypeNeighbour)
	l.s.frame++
	e.Frame = l.s.frame
	p := &dissect.Packet{Content: dissect.ContentNeighbour, NumLayers: 2}
	p.Layers[0] = dissect.Layer{Kind: dissect.LayerEthernet, Length: 14}
	p.Layers[1] = dissect.Layer{Kind: dissect.LayerARP, Offset: 14, Length: 28}
	e.Neighbour = dissect.Neighbour{ARP: true, Reply: reply, Sender: netip.MustParseAddr(sender), Target: netip.MustParseAddr(target)}
	if reply {
		e.Neighbour.SenderMAC, e.Neighbour.HasMAC = [6]byte{0x06, 0x26, 0xcb, 0xdc, 0x9e, 0x41}, true
	}
	p.Frame = &capture.Frame{Number: e.Frame, Time: e.Time, OrigLen: 42, Data: make([]byte, 54)}
	e.Packet = p
	return e
}

// icmp adds an error of version 4 that quotes the connection.
func (l *link) icmp(t at, from string, kind, code uint8) *conn.Event {
	e := l.event(t, conn.TypeICMP)
	l.s.frame++
	e.Frame = l.s.frame
	p := &dissect.Packet{Content: dissect.ContentICMP, NumLayers: 3}
	p.Layers[0] = dissect.Layer{Kind: dissect.LayerEthernet, Length: 14}
	p.Layers[1] = dissect.Layer{Kind: dissect.LayerIPv4, Offset: 14, Length: 20}
	p.Layers[2] = dissect.Layer{Kind: dissect.LayerICMPv4, Offset: 34, Length: 8}
	p.IP = dissect.IP{Version: 4, HopLimit: 64, Src: netip.MustParseAddr(from), Dst: l.client.Addr(), Header: 20, Total: 88}
	e.ICMPFrom = p.IP.Src
	e.ICMP = dissect.ICMP{Version: 4, Type: kind, Code: code, Error: true, QuotedTCP: true, QuotedSrc: l.client, QuotedDst: l.server,
		QuotedSeq: dissect.Seq(l.iss[0])}
	p.Frame = &capture.Frame{Number: e.Frame, Time: e.Time, OrigLen: 102}
	e.Packet = p
	return e
}

func (l *link) end(t at, c conn.Connection) {
	e := l.event(t, conn.TypeEnd)
	c.Number, c.Client, c.Server, c.States = l.n, l.client, l.server, l.states
	c.First, c.Last = l.s.stamp(l.began), l.s.stamp(t)
	c.ISSKnown = [2]bool{true, l.iss[1] != 0}
	c.ISS = [2]dissect.Seq{dissect.Seq(l.iss[0]), dissect.Seq(l.iss[1])}
	c.IRTT = l.irtt
	e.Connection = &c
}

func (s *scene) capture(c conn.Capture) {
	s.events = append(s.events, conn.Event{Type: conn.TypeCapture, Capture: &c, Time: capture.NoTime})
}

const (
	syn    = dissect.SYN
	synAck = dissect.SYN | dissect.ACK
	ack    = dissect.ACK
	push   = dissect.PSH | dissect.ACK
	fin    = dissect.FIN | dissect.ACK
	rst    = dissect.RST
)

// handshake adds the three segments, each a step after the one before.
func (l *link) handshake(t, step at) {
	l.send(t, conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 64240, mss: 1460})
	l.send(t+step, conn.Server, segment{flags: synAck, ack: 1, client: conn.StateEstablished, server: conn.StateSynReceived, win: 65160,
		mss: 1460})
	l.irtt = time.Duration(2*step*1e9 + 0.5)
	l.scale = 7
	l.send(t+2*step, conn.Client, segment{flags: ack, seq: 1, ack: 1, server: conn.StateEstablished, win: 502, role: true})
}

// chat is the exercise's: two programs on one machine, a line each way.
func chat() *scene {
	s := newScene("2025-11-20 16:39:16.442830")
	l := s.link(1, "127.0.0.1:37602", "127.0.0.1:3000", 2823569774, 1857223169)
	l.handshake(0, 0.000016)
	s.events[1].Time++ // as in the drawing
	s.events[1].Time += 999
	l.send(1.995770, conn.Server, segment{flags: push, seq: 1, ack: 1, data: "Hello\n", win: 510})
	l.send(1.995811, conn.Client, segment{flags: ack, seq: 1, ack: 7, win: 502})
	l.send(4.996112, conn.Client, segment{flags: push, seq: 1, ack: 7, data: "World\n", win: 502})
	l.send(4.996135, conn.Server, segment{flags: ack, seq: 7, ack: 7, win: 510})
	l.send(6.996770, conn.Client, segment{flags: fin, seq: 7, ack: 7, client: conn.StateFinWait1, server: conn.StateCloseWait, win: 502})
	l.send(6.996954, conn.Server, segment{flags: fin, seq: 7, ack: 8, client: conn.StateTimeWait, server: conn.StateLastAck, win: 510})
	l.send(6.997012, conn.Client, segment{flags: ack, seq: 8, ack: 8, server: conn.StateClosed, win: 502})
	l.end(6.997012, conn.Connection{
		Segments: [2]uint64{6, 4}, Bytes: [2]uint64{6, 6}, Unique: [2]uint64{6, 6}, Completeness: 31, SYNs: 1, App: "text",
		Verdict: conn.Verdict{Outcome: conn.OutcomeClosed, By: conn.Client, HasBy: true,
			Text:    "closed by the client, three segments: 9 is ACK and FIN in one.",
			Meaning: "TIME-WAIT stays at the client for 60 s: ss -tan shows it.", Evidence: []int64{8, 9, 10}},
	})
	s.capture(conn.Capture{Files: []string{"chat.pcap"}, Frames: 10, Segments: 10, Connections: 1})
	return s
}

// refused is a connection that tcpsee drives, to a port where nobody listens.
func refused() *scene {
	s := newScene("2025-11-20 16:40:52.568690")
	l := s.link(1, "10.9.0.1:41258", "10.9.0.2:3000", 1000)
	l.mac = true
	l.call(-0.000021, conn.Call{Name: "connect", Phase: conn.PhaseEntry})
	l.arp(0, "10.9.0.1", "10.9.0.2", false)
	l.arp(0.000020, "10.9.0.2", "10.9.0.2", true)
	l.send(0.000023, conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 64240, mss: 1460})
	l.timestamps = false
	e := l.send(0.000039, conn.Server, segment{flags: rst | ack, ack: 1, client: conn.StateClosed, server: conn.StateClosed,
		labels: []conn.Label{conn.Refused}})
	e.SeqSeen = true
	l.call(0.000061, conn.Call{Name: "connect", Phase: conn.PhaseReturn, Result: "ECONNREFUSED", Error: "Connection refused"})
	l.end(0.000061, conn.Connection{
		Segments: [2]uint64{1, 1}, Completeness: 37, SYNs: 1,
		Verdict: conn.Verdict{Outcome: conn.OutcomeRefused, By: conn.Server, HasBy: true,
			Text:     "10.9.0.2 is up, and answered the SYN with RST after 16 µs.",
			Meaning:  "no program there listens on port 3000 of that address, or a firewall refuses in its name.",
			NextStep: "on 10.9.0.2, ss -ltn: is :3000 there, and not 127.0.0.1:3000 only?", Evidence: []int64{4}},
	})
	return s
}

// draw runs a scene through a renderer.
func draw(t testing.TB, s *scene, make func(w *bytes.Buffer) Renderer) string {
	t.Helper()
	var w bytes.Buffer
	r := make(&w)
	for i := range s.events {
		if err := r.Event(&s.events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return w.String()
}
