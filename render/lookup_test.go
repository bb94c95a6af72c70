package render

import (
	"net/netip"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// dns adds a question to a resolver, or its answer.
func (l *link) dns(t at, answer bool, m dissect.DNS) *conn.Event {
	e := l.event(t, conn.TypeDNS)
	l.s.frame++
	e.Frame = l.s.frame
	asker, resolver := netip.AddrPortFrom(l.client.Addr(), 53124), netip.MustParseAddrPort("192.168.1.1:53")
	e.DNS = &conn.Lookup{DNS: m, Src: asker, Dst: resolver}
	if answer {
		e.DNS.Src, e.DNS.Dst = resolver, asker
	}
	p := &dissect.Packet{Content: dissect.ContentUDP, NumLayers: 3}
	p.Layers[0] = dissect.Layer{Kind: dissect.LayerEthernet, Length: 14}
	p.Layers[1] = dissect.Layer{Kind: dissect.LayerIPv4, Offset: 14, Length: 20}
	p.Layers[2] = dissect.Layer{Kind: dissect.LayerUDP, Offset: 34, Length: 8}
	p.IP = dissect.IP{Version: 4, Src: e.DNS.Src.Addr(), Dst: e.DNS.Dst.Addr(), Offset: 14, Header: 20, Total: 61 + 16*len(m.Answers)}
	p.Frame = &capture.Frame{Number: e.Frame, Time: e.Time, OrigLen: 14 + p.IP.Total}
	e.Packet = p
	return e
}

// lookup is a connection whose server's address was asked for just before.
func lookup() *scene {
	s := newScene("2025-11-20 16:46:00.000000")
	l := s.link(1, "192.168.1.20:40518", "192.0.2.80:80", 1, 2)
	ask := dissect.DNS{ID: 4660, Name: "www.example.com", Type: dissect.DNSTypeA}
	l.dns(0, false, ask)
	ask.Response = true
	ask.Answers = []dissect.DNSAnswer{{Addr: netip.MustParseAddr("192.0.2.7"), Name: "www.example.com"}, {Addr: l.server.Addr(), Name: "www.example.com"}}
	l.dns(0.0042, true, ask)
	l.handshake(0.006, 0.011)
	l.end(0.02, conn.Connection{Verdict: conn.Verdict{Outcome: conn.OutcomeOpen, Text: "open when the capture ended."}})
	other := s.link(0, "192.168.1.20:0", "192.0.2.80:0", 1, 2)
	ask.Name, ask.Code, ask.Answers = "nowhere\\027[31m.example", 3, nil
	other.dns(0.03, true, ask)
	return s
}
