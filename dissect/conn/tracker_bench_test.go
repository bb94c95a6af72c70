package conn

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// traffic makes packets without decoding, for benchmarks: only what the
// tracker looks at is filled.
type traffic struct {
	frame capture.Frame
	p     dissect.Packet
}

func newTraffic() *traffic {
	t := new(traffic)
	t.frame.Time = 1_700_000_000 * 1e9
	t.p.Frame = &t.frame
	t.p.Content = dissect.ContentTCP
	t.p.IP.Version = 4
	return t
}

func (t *traffic) packet(src, dst netip.AddrPort, seq, ack uint32, f dissect.Flags, n int, after time.Duration) *dissect.Packet {
	t.frame.Number++
	t.frame.Time += capture.Stamp(after)
	p := &t.p
	p.IP.Src, p.IP.Dst = src.Addr(), dst.Addr()
	p.IP.ID = uint32(t.frame.Number & 0xffff)
	p.TCP = dissect.TCP{SrcPort: src.Port(), DstPort: dst.Port(), Seq: dissect.Seq(seq), Ack: dissect.Seq(ack),
		Flags: f, Window: 500, Header: 20, Len: n}
	return p
}

func v4(n uint32, port uint16) netip.AddrPort {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], n)
	return netip.AddrPortFrom(netip.AddrFrom4(a), port)
}

// BenchmarkOneConnection is a download: two full segments, then an ACK.
func BenchmarkOneConnection(b *testing.B) {
	for _, quiet := range []bool{true, false} {
		name := "rows"
		if quiet {
			name = "quiet"
		}
		b.Run(name, func(b *testing.B) {
			w, t := newTraffic(), New(Options{Quiet: quiet, NoSegments: quiet})
			client, server := v4(0x0a000001, 40000), v4(0x0a000002, 80)
			t.Add(w.packet(client, server, 0, 0, dissect.SYN, 0, 1000))
			t.Add(w.packet(server, client, 0, 1, dissect.SYN|dissect.ACK, 0, 1000))
			t.Add(w.packet(client, server, 1, 1, dissect.ACK, 0, 1000))
			payload := make([]byte, 1448)
			seq := uint32(1)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				var p *dissect.Packet
				if i%3 < 2 {
					p = w.packet(server, client, seq, 1, dissect.ACK, 1448, 1000)
					p.TCP.Payload = payload
					seq += 1448
				} else {
					p = w.packet(client, server, 1, seq, dissect.ACK, 0, 1000)
				}
				t.Add(p)
			}
		})
	}
}

// BenchmarkScan is a SYN to another address each time, and often an RST.
func BenchmarkScan(b *testing.B) {
	w, t := newTraffic(), New(Options{Quiet: true, NoSegments: true, Limits: Limits{Connections: 1 << 21}})
	scanner := v4(0x0a000001, 40000)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%2 == 0 {
			t.Add(w.packet(scanner, v4(0x0b000000+uint32(i/2)%(1<<20), 80), 7, 0, dissect.SYN, 0, 1000))
		} else {
			t.Add(w.packet(v4(0x0b000000+uint32(i/2)%(1<<20), 80), scanner, 0, 8, dissect.RST|dissect.ACK, 0, 1000))
		}
	}
}

// BenchmarkWeb is 20,000 connections at once, each of 60 segments.
func BenchmarkWeb(b *testing.B) {
	w, t := newTraffic(), New(Options{Quiet: true, NoSegments: true})
	const conns = 20_000
	seqs := make([]uint32, conns)
	payload := make([]byte, 1448)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		c := i % conns
		client, server := v4(0x0a000000+uint32(c), 40000), v4(0x0b000000+uint32(c%100), 443)
		var p *dissect.Packet
		switch k := i / conns; {
		case k == 0:
			p = w.packet(client, server, 0, 0, dissect.SYN, 0, 100)
		case k == 1:
			p = w.packet(server, client, 0, 1, dissect.SYN|dissect.ACK, 0, 100)
		case k%3 != 2:
			p = w.packet(server, client, 1+seqs[c], 1, dissect.ACK, 1448, 100)
			p.TCP.Payload = payload
			seqs[c] += 1448
		default:
			p = w.packet(client, server, 1, 1+seqs[c], dissect.ACK, 0, 100)
		}
		t.Add(p)
	}
}

// BenchmarkPackets is what the benchmarks themselves cost.
func BenchmarkPackets(b *testing.B) {
	w := newTraffic()
	client, server := v4(0x0a000001, 40000), v4(0x0a000002, 80)
	for i := range b.N {
		w.packet(client, server, uint32(i), 1, dissect.ACK, 1448, 1000)
	}
}
