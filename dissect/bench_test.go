package dissect_test

import (
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// timestampOptions is what most segments of a connection carry.
var timestampOptions = []byte{
	1, 1, // no-operation, twice
	8, 10, 0, 0, 0, 123, 0, 0, 0, 45, // timestamps 123/45
}

func benchmarkDecode(b *testing.B, link capture.LinkType, data []byte) {
	f := &capture.Frame{Number: 1, Link: link, Data: data, OrigLen: len(data)}
	var (
		d dissect.Decoder
		p dissect.Packet
	)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(f, &p)
	}
	if p.Content != dissect.ContentTCP {
		b.Fatal(p.Content, p.Problem)
	}
}

func BenchmarkDecodeEthernetIPv4(b *testing.B) {
	benchmarkDecode(b, capture.LinkEthernet, ether(0x0800, ip4(6, 0, testTCP(timestampOptions, make([]byte, 100)))))
}

func BenchmarkDecodeEthernetIPv6(b *testing.B) {
	benchmarkDecode(b, capture.LinkEthernet, ether(0x86dd, ip6(6, testTCP(timestampOptions, make([]byte, 100)))))
}

func BenchmarkDecodeVLAN(b *testing.B) {
	benchmarkDecode(b, capture.LinkEthernet, ether(0x8100, vlan(5, 0x0800, ip4(6, 0, testTCP(timestampOptions, nil)))))
}

func BenchmarkDecodeCooked(b *testing.B) {
	benchmarkDecode(b, capture.LinkSLL2, join(sll2(0x0800), ip4(6, 0, testTCP(timestampOptions, nil))))
}

func BenchmarkDecodeVXLAN(b *testing.B) {
	inner := ether(0x0800, ip4(6, 0, testTCP(timestampOptions, nil)))
	benchmarkDecode(b, capture.LinkEthernet, ether(0x0800, ip4(17, 0, udp(5555, 4789, join([]byte{8, 0, 0, 0, 0, 0, 5, 0}, inner)))))
}

func BenchmarkParseOptions(b *testing.B) {
	p := decode(capture.LinkEthernet, ether(0x0800, ip4(6, 0, testTCP(timestampOptions, nil))))
	var o dissect.Options
	b.ReportAllocs()
	for b.Loop() {
		p.TCP.ParseOptions(&o)
	}
}

func BenchmarkParseOptionsSYN(b *testing.B) {
	p := decode(capture.LinkEthernet, ether(0x0800, ip4(6, 0, testTCP(synOptions, nil))))
	var o dissect.Options
	b.ReportAllocs()
	for b.Loop() {
		p.TCP.ParseOptions(&o)
	}
}

func BenchmarkChecksums(b *testing.B) {
	data := ether(0x0800, ip4(6, 0, testTCP(timestampOptions, make([]byte, 1400))))
	p := decode(capture.LinkEthernet, data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p.CheckChecksums()
	}
}

func BenchmarkJoin(b *testing.B) {
	segment := testTCP(nil, make([]byte, 2000))
	first := ether(0x0800, ip4(6, 0x2000, segment[:1024]))
	last := ether(0x0800, ip4(6, 1024/8, segment[1024:]))
	frames := [2]capture.Frame{
		{Number: 1, Link: capture.LinkEthernet, Data: first, OrigLen: len(first)},
		{Number: 2, Link: capture.LinkEthernet, Data: last, OrigLen: len(last)},
	}
	var (
		d dissect.Decoder
		j dissect.Joiner
		p dissect.Packet
	)
	b.SetBytes(int64(len(first) + len(last)))
	b.ReportAllocs()
	for b.Loop() {
		for i := range frames {
			d.Decode(&frames[i], &p)
			j.Join(&p, &d)
		}
	}
	if p.Content != dissect.ContentTCP {
		b.Fatal(p.Content)
	}
}

func BenchmarkFields(b *testing.B) {
	p := decode(capture.LinkEthernet, ether(0x0800, ip4(6, 0, testTCP(timestampOptions, nil))))
	b.ReportAllocs()
	for b.Loop() {
		p.Fields()
	}
}
