package render

import (
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// noAnswer is SYN after SYN, and nothing back.
func noAnswer() *scene {
	s := newScene("2025-11-20 16:41:00.000000")
	l := s.link(1, "10.9.0.1:41300", "10.9.0.77:80", 77)
	l.mac = true
	l.send(0, conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 64240, mss: 1460})
	for _, t := range []at{1.024113, 2.048210, 3.072099, 4.096230, 5.120177, 7.168310} {
		l.send(t, conn.Client, segment{flags: syn, win: 64240, mss: 1460, labels: []conn.Label{conn.Retransmission}})
	}
	e := l.event(10.2, conn.TypeWait)
	e.Text = "7 SYNs, no answer yet"
	l.end(7.168310, conn.Connection{
		Segments: [2]uint64{7, 0}, Completeness: 1, SYNs: 7, Retransmits: [2]uint64{6, 0},
		Verdict: conn.Verdict{Outcome: conn.OutcomeNoAnswer,
			Text:     "the client sent 7 SYNs in 7.2 s, and nothing came back.",
			Meaning:  "a firewall drops them silently, or no machine has the address 10.9.0.77.",
			NextStep: "ping 10.9.0.77; ip route get 10.9.0.77; on the other side, the rules of its firewall.", Evidence: []int64{1, 2, 3, 4, 5, 6, 7}},
	})
	return s
}

// unreachable is a SYN that a router answers with an ICMP error.
func unreachable() *scene {
	s := newScene("2025-11-20 16:41:30.000000")
	l := s.link(1, "10.9.0.1:41310", "192.0.2.7:80", 99)
	l.mac = true
	l.send(0, conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 64240, mss: 1460})
	l.icmp(0.000511, "10.9.0.254", 3, 1)
	l.end(0.000511, conn.Connection{
		Segments: [2]uint64{1, 0}, Completeness: 1, SYNs: 1,
		Verdict: conn.Verdict{Outcome: conn.OutcomeUnreachable, Text: "10.9.0.254 says that host 192.0.2.7 is unreachable.",
			Meaning: "a router on the way knows no way to it.", NextStep: "is the address right? ip route get 192.0.2.7", Evidence: []int64{1, 2}},
	})
	return s
}

// reset is a connection that the server ends by RST while data is on its way.
func reset() *scene {
	s := newScene("2025-11-20 16:42:00.000000")
	l := s.link(1, "10.9.0.1:41400", "10.9.0.2:8080", 5, 6)
	l.mac = true
	l.handshake(0, 0.0004)
	l.send(0.5, conn.Server, segment{flags: fin, seq: 1, ack: 1, client: conn.StateCloseWait, server: conn.StateFinWait1, win: 509})
	l.send(0.5004, conn.Client, segment{flags: ack, seq: 1, ack: 2, server: conn.StateFinWait2, win: 502, labels: []conn.Label{conn.HalfClose}})
	l.send(3.25, conn.Client, segment{flags: push, seq: 1, ack: 2, data: "are you there?\n", win: 502})
	l.timestamps = false
	l.send(3.2505, conn.Server, segment{flags: rst, seq: 2, client: conn.StateClosed, server: conn.StateClosed})
	l.end(3.2505, conn.Connection{
		Segments: [2]uint64{4, 3}, Bytes: [2]uint64{15, 0}, Completeness: 63, SYNs: 1,
		Verdict: conn.Verdict{Outcome: conn.OutcomeReset, By: conn.Server, HasBy: true,
			Text:    "reset by the server, after 15 bytes that it no longer takes.",
			Meaning: "the program there had ended already (4), and the client wrote on (6).", Evidence: []int64{4, 6, 7}},
	})
	return s
}

// labels has data with a label each, among them long numbers.
func labels() *scene {
	s := newScene("2025-11-20 16:43:00.000000")
	l := s.link(1, "10.9.0.1:41500", "10.9.0.2:80", 4294967000, 6)
	l.mac = true
	l.handshake(0, 0.02)
	l.send(0.05, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", win: 502, app: "HTTP GET /big"})
	l.send(0.07, conn.Server, segment{flags: ack, seq: 1, ack: 32, data: "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1429), win: 510, app: "HTTP 200 OK"})
	l.send(0.071, conn.Server, segment{flags: ack, seq: 2897, ack: 32, data: strings.Repeat("y", 1448), win: 510, labels: []conn.Label{conn.LostSegment}})
	for i := 1; i <= 2; i++ {
		l.send(0.09+at(i)/1000, conn.Client, segment{flags: ack, seq: 32, ack: 1449, win: 502, labels: []conn.Label{conn.DupAck}, dup: i,
			options: []byte{1, 1, 5, 10, 0, 0, 0x0b, 0x57, 0, 0, 0x10, 0xff}})
	}
	l.send(0.11, conn.Server, segment{flags: ack, seq: 1449, ack: 32, data: strings.Repeat("z", 1448), win: 510,
		labels: []conn.Label{conn.Retransmission, conn.FastRetransmission}})
	l.send(0.13, conn.Client, segment{flags: ack, seq: 32, ack: 4345, win: 0, labels: []conn.Label{conn.ZeroWindow}})
	l.send(0.33, conn.Server, segment{flags: ack, seq: 4344, ack: 32, win: 510, labels: []conn.Label{conn.ZeroWindowProbe}})
	l.send(0.35, conn.Client, segment{flags: ack, seq: 32, ack: 4345, win: 0, labels: []conn.Label{conn.ZeroWindow, conn.ZeroWindowProbeAck}})
	l.send(0.9, conn.Client, segment{flags: ack, seq: 32, ack: 4345, win: 400, labels: []conn.Label{conn.WindowUpdate}})
	l.send(12.5, conn.Server, segment{flags: push, seq: 4123456789, ack: 4111111111, data: strings.Repeat("w", 1448), win: 510,
		labels: []conn.Label{conn.Retransmission, conn.SpuriousRetransmission}})
	l.send(900.25, conn.Server, segment{flags: ack, seq: 4345, ack: 32, data: strings.Repeat("w", 65000), win: 510, labels: []conn.Label{conn.Offloaded}}).Packet.Frame.Dropped = 12
	l.end(900.25, conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	s.capture(conn.Capture{Frames: 20, NotTCP: 3, Unfollowed: map[string]int64{"link type 147": 1, "header cut off": 3}, Dropped: 12,
		LeftOut:  map[string]int64{"seen again on port0 (--copies draws them)": 7},
		Findings: []string{"lesson.pcap: record 4 at byte 96: times run backwards"}, Fault: "lesson.pcap: record 21 at byte 1888: the file ends inside of a packet"})
	return s
}

// several is three connections at once, one of them over IPv6.
func several() *scene {
	s := newScene("2025-11-20 16:44:00.000000")
	a := s.link(1, "127.0.0.1:37602", "127.0.0.1:3000", 1, 2)
	b := s.link(2, "127.0.0.1:37604", "127.0.0.1:3000", 3, 4)
	c := s.link(112, "[2001:db8::1:2:3]:50000", "[2001:db8:ffff:ffff:ffff:ffff:ffff:2]:443", 5, 6)
	a.handshake(0, 0.00002)
	b.handshake(0.2, 0.00002)
	a.send(0.3, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "one\n", win: 502})
	b.send(0.301, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "two\n", win: 502})
	a.send(0.302, conn.Server, segment{flags: ack, seq: 1, ack: 5, win: 502})
	c.handshake(0.4, 0.01)
	c.send(0.43, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "\x16\x03\x01\x02\x00\x01", win: 502, app: "TLS ClientHello"})
	b.send(0.5, conn.Server, segment{flags: rst | ack, seq: 1, ack: 5, client: conn.StateClosed, server: conn.StateClosed})
	b.end(0.5, conn.Connection{Segments: [2]uint64{3, 2}, Bytes: [2]uint64{4, 0}, Completeness: 47,
		Verdict: conn.Verdict{Outcome: conn.OutcomeReset, By: conn.Server, HasBy: true, Text: "reset by the server after 300 ms.",
			Meaning: "its program ended without reading.", Evidence: []int64{13}}})
	a.end(0.302, conn.Connection{Segments: [2]uint64{3, 2}, Bytes: [2]uint64{4, 0}, Completeness: 15, App: "text",
		Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	c.end(0.43, conn.Connection{Segments: [2]uint64{3, 1}, Bytes: [2]uint64{6, 0}, Completeness: 15, App: "TLS",
		Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	s.capture(conn.Capture{Frames: 13, Segments: 13, Connections: 3})
	return s
}

// carried is connections of which each carried more than the one before.
func carried() *scene {
	s := newScene("2025-11-20 16:44:00.000000")
	for i, n := range []uint64{999, 1007, 9999, 10_000, 999_999, 1_234_567_890} {
		l := s.link(int64(i+1), "127.0.0.1:"+itoa(40000+i), "127.0.0.1:3000", 1, 2)
		l.handshake(float64(i), 0.00002)
		l.end(float64(i)+0.5, conn.Connection{Bytes: [2]uint64{n, 0}, Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	}
	return s
}

// ipv6 is a short connection over IPv6, with a question about the link address.
func ipv6() *scene {
	s := newScene("2025-11-20 16:45:00.000000")
	l := s.link(1, "[fe80::1ff:fe23:4567:890a]:50000", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:8080", 1, 2)
	l.mac = true
	e := l.arp(0, "fe80::1ff:fe23:4567:890a", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", false)
	e.Neighbour.ARP = false
	e.Packet.Layers[1] = dissect.Layer{Kind: dissect.LayerIPv6, Offset: 14, Length: 40}
	e.Packet.IP.Total = 72
	e.Packet.Frame.OrigLen = 86
	e = l.arp(0.0001, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", true)
	e.Neighbour.ARP = false
	e.Packet.Layers[1] = dissect.Layer{Kind: dissect.LayerIPv6, Offset: 14, Length: 40}
	e.Packet.IP.Total = 72
	e.Packet.Frame.OrigLen = 86
	l.handshake(0.0002, 0.0001)
	l.send(0.5, conn.Server, segment{flags: push, seq: 1, ack: 1, data: "Grüße, 你好! \x1b[31m\u202eevil\u202c", win: 502})
	l.end(0.5, conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	return s
}

// calls is a connection of which both ends' socket calls are known.
func calls() *scene {
	s := newScene("2025-11-20 16:46:00.000000")
	l := s.link(1, "127.0.0.1:50002", "127.0.0.1:12345", 1, 2)
	l.call(-0.5, conn.Call{Name: "listen", From: conn.Server, Args: "1", Result: "0"})
	l.call(-0.4, conn.Call{Name: "accept", From: conn.Server, Phase: conn.PhaseEntry})
	l.call(-0.00001, conn.Call{Name: "connect", Phase: conn.PhaseEntry, Args: "127.0.0.1:12345"})
	l.handshake(0, 0.00002)
	l.call(0.00005, conn.Call{Name: "connect", Phase: conn.PhaseReturn, Result: "0"})
	l.call(0.00006, conn.Call{Name: "accept", From: conn.Server, Phase: conn.PhaseReturn, Result: "127.0.0.1:50002"})
	l.call(0.0001, conn.Call{Name: "sendall", Args: "12 bytes", Result: "12", Data: []byte("Hello Server")})
	l.send(0.00011, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "Hello Server", win: 502})
	l.call(0.00015, conn.Call{Name: "recv", From: conn.Server, Phase: conn.PhaseReturn, Result: "12", Data: []byte("Hello Server")})
	l.call(0.0002, conn.Call{Name: "bind", From: conn.Server, Phase: conn.PhaseReturn, Result: "EADDRINUSE", Error: "Address already in use"})
	l.call(0.0003, conn.Call{Name: "close", Result: "0"})
	l.send(0.00031, conn.Client, segment{flags: fin, seq: 13, ack: 1, client: conn.StateFinWait1, server: conn.StateCloseWait, win: 502})
	l.end(0.00031, conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeHalfClosed, By: conn.Client, HasBy: true, Text: "half-closed by the client.", Evidence: []int64{5}}})
	return s
}

// download is bulk data that is folded.
func download() *scene {
	s := newScene("2025-11-20 16:47:00.000000")
	l := s.link(1, "10.9.0.1:41500", "10.9.0.2:80", 1, 2)
	l.handshake(0, 0.02)
	l.send(0.05, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "GET / HTTP/1.1\r\n\r\n", win: 502, app: "HTTP GET /"})
	t, seq := at(0.07), uint32(1)
	for i := range 300 {
		g := segment{flags: ack, seq: seq, ack: 19, data: strings.Repeat("x", 1448), win: 510}
		if i%100 == 50 {
			g.labels = []conn.Label{conn.Retransmission}
		}
		l.send(t, conn.Server, g)
		seq += 1448
		if i%2 == 1 {
			l.send(t+0.0001, conn.Client, segment{flags: ack, seq: 19, ack: seq, win: 600})
		}
		t += 0.001
	}
	l.send(t, conn.Server, segment{flags: fin, seq: seq, ack: 19, server: conn.StateFinWait1, client: conn.StateCloseWait, win: 510})
	l.end(t, conn.Connection{Segments: [2]uint64{153, 302}, Bytes: [2]uint64{18, 434400}, Retransmits: [2]uint64{0, 3}, Completeness: 31, App: "HTTP",
		Verdict: conn.Verdict{Outcome: conn.OutcomeHalfClosed, By: conn.Server, HasBy: true, Text: "half-closed by the server.", Evidence: []int64{455}}})
	return s
}

// long has n segments, an even number: data with losses, and its
// acknowledgements.
func long(n int) *scene {
	s := newScene("2025-11-20 16:48:00.000000")
	l := s.link(1, "10.9.0.1:41500", "10.9.0.2:80", 1, 2)
	l.handshake(0, 0.02)
	l.send(0.05, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "GET / HTTP/1.1\r\n\r\n", win: 502, app: "HTTP GET /"})
	t, seq := at(0.07), uint32(1)
	for i := range (n - 4) / 2 {
		g := segment{flags: ack, seq: seq, ack: 19, data: strings.Repeat("x", 100), win: 510}
		if i%100 == 50 {
			g.labels = []conn.Label{conn.Retransmission}
		}
		l.send(t, conn.Server, g)
		seq += 100
		l.send(t+0.0001, conn.Client, segment{flags: ack, seq: 19, ack: seq, win: uint16(400 + i%200)})
		t += 0.001
	}
	l.end(t, conn.Connection{Segments: [2]uint64{uint64(n/2 + 1), uint64(n/2 - 1)}, Bytes: [2]uint64{18, uint64(n-4) * 50}, App: "HTTP",
		Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	return s
}
