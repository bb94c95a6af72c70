package filter

import (
	"testing"

	"tcpsee/capture"
)

var benchmarks = []string{
	"tcp", "tcp port 80", "port 80 or 443", "host 192.0.2.1 and tcp port 443",
	"tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0",
	"net 10.0.0.0/8 or net 172.16.0.0/12 or net 192.168.0.0/16",
}

func BenchmarkMatch(b *testing.B) {
	pkt := tcpPacket(443)
	for _, expr := range benchmarks {
		b.Run(expr, func(b *testing.B) {
			e, err := Parse(expr)
			if err != nil {
				b.Fatal(err)
			}
			m, err := e.Matcher(capture.LinkEthernet)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(pkt)))
			b.ReportAllocs()
			for b.Loop() {
				m.Match(pkt, len(pkt))
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		e, err := Parse("host 192.0.2.1 and tcp port 443")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := e.Compile(Options{Link: capture.LinkEthernet}); err != nil {
			b.Fatal(err)
		}
	}
}
