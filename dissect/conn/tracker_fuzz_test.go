package conn

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// FuzzTracker reads its input as a list of twelve-byte commands, each a
// segment or something beside it, and holds the tracker to what must always be
// so.
func FuzzTracker(f *testing.F) {
	f.Add([]byte("\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x01\x12\x00\x00\x00\x00\x00\x01\x00\x00\x10\x00"))
	f.Add([]byte("\x00\x10\x00\x07\x00\x00\x00\x10\x00\x00\x00\x00\x01\x10\x00\x00\x00\x07\x00\x00\x01\x00\x00\x00"))
	f.Add([]byte("\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\xf0\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x11\x00\x01\x00\x00\x00\x00\x00\x00\x10\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tracker := New(Options{Limits: Limits{Connections: 3, AppMemory: 1 << 12}})
		frame := capture.Frame{Time: 1_700_000_000 * 1e9}
		p := dissect.Packet{Frame: &frame}
		open := map[int64]bool{}
		check := func(events []Event, segments int) {
			for i := range events {
				e := &events[i]
				switch e.Type {
				case TypeSegment:
					segments--
					open[e.Conn] = true
					for _, s := range [...]State{e.States[0], e.States[1], e.Before[0], e.Before[1]} {
						if s > StateTimeWait {
							t.Fatalf("state %d", s)
						}
					}
					if e.Labels >= 1<<labelCount || e.Labels.Has(DupAck) != (e.DupAckNum > 0) {
						t.Fatalf("labels %b, duplicate ACK %d", e.Labels, e.DupAckNum)
					}
				case TypeEnd:
					sent := e.Connection.Segments[0]+e.Connection.Segments[1] > 0 // none where nobody had the address
					if !open[e.Conn] && sent {
						t.Fatalf("connection %d ends and was not open", e.Conn)
					}
					delete(open, e.Conn)
				}
			}
			if segments != 0 {
				t.Fatalf("%d segment events are missing", segments)
			}
		}
		for ; len(data) >= 12; data = data[12:] {
			frame.Number++
			frame.Time += capture.Stamp(int32(binary.BigEndian.Uint16(data[10:])) * 1_000_000)
			if data[0] == 0xff {
				frame.Time += 200e9
			}
			segments := fuzzPacket(&p, data)
			check(tracker.Add(&p), segments)
		}
		for e := range tracker.Left() {
			if e.Type == TypeEnd {
				check([]Event{*e}, 0)
			}
		}
		if len(open) != 0 || tracker.table.n != 0 || tracker.budget.used != 0 || tracker.pending != 0 || tracker.passing != 0 {
			t.Fatalf("%d connections never ended, %d are in the table, layer 7 keeps %d bytes, %d segments are outstanding, %d holes left", len(open), tracker.table.n, tracker.budget.used, tracker.pending, tracker.passing)
		}
	})
}

// fuzzPacket makes a packet of a command: which connection and direction, the
// control bits, and small numbers. It returns how many segments that is.
func fuzzPacket(p *dissect.Packet, c []byte) int {
	client, server := netip.AddrFrom4([4]byte{10, 0, 0, 1}), netip.AddrFrom4([4]byte{10, 0, 0, 2 + c[0]>>1&3})
	ports := [2]uint16{4000, 80}
	p.IP = dissect.IP{Version: 4, Src: client, Dst: server, ID: uint32(c[9] & 3)}
	if c[0]&1 != 0 {
		p.IP.Src, p.IP.Dst = server, client
		ports[0], ports[1] = ports[1], ports[0]
	}
	if c[0]&8 != 0 {
		p.IP.Dst, ports[1] = p.IP.Src, ports[0] // with itself
	}
	switch {
	case c[0] >= 0xf0 && c[0] < 0xf8:
		p.Content = dissect.ContentICMP
		p.ICMP = dissect.ICMP{Version: 4, Type: 3, Error: true, QuotedTCP: true,
			QuotedSrc: netip.AddrPortFrom(p.IP.Src, ports[0]), QuotedDst: netip.AddrPortFrom(p.IP.Dst, ports[1])}
		return 0
	case c[0] >= 0xe0 && c[0] < 0xf0:
		p.Content = dissect.ContentNeighbour
		p.Neighbour = dissect.Neighbour{ARP: true, Reply: c[1]&1 != 0, Sender: p.IP.Src, Target: p.IP.Dst}
		return 0
	}
	p.Content = dissect.ContentTCP
	n := int(c[7])
	if c[7] == 0xff {
		n = 4000
	}
	p.TCP = dissect.TCP{SrcPort: ports[0], DstPort: ports[1], Flags: dissect.Flags(c[1]),
		Seq: dissect.Seq(uint32(int32(int16(binary.BigEndian.Uint16(c[2:]))))), Ack: dissect.Seq(uint32(int32(int16(binary.BigEndian.Uint16(c[4:]))))),
		Window: uint16(c[8]), Header: 20, Len: n, Payload: c[:min(n, len(c))]}
	if c[6] < 64 {
		p.TCP.Options = []byte{5, 10, 0, 0, 0, c[6], 0, 0, 0, c[7]}
		p.TCP.Header = 32
	}
	return 1
}
