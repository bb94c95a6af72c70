package dissect_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// pseudo is the pseudo-header of a checksum over n bytes.
func pseudo(src, dst netip.Addr, protocol byte, n int) []byte {
	return join(src.AsSlice(), dst.AsSlice(), u32(uint32(n)), u32(uint32(protocol)))
}

// summed returns a segment with its right checksum, at the given place.
func summed(src, dst netip.Addr, protocol byte, at int, b []byte) []byte {
	b = join(b)
	b[at], b[at+1] = 0, 0
	binary.BigEndian.PutUint16(b[at:], checksumOf(join(pseudo(src, dst, protocol, len(b)), b)))
	return b
}

func TestChecksums(t *testing.T) {
	const none, good, bad = dissect.ChecksumNone, dissect.ChecksumGood, dissect.ChecksumBad
	right4 := summed(src4, dst4, 6, 16, segment)
	odd := summed(src4, dst4, 6, 16, testTCP(nil, []byte("odd")))
	right6 := summed(src6, dst6, 6, 16, segment)
	partial := join(segment) // the sum of the pseudo-header, as Linux leaves it
	binary.BigEndian.PutUint16(partial[16:], ^checksumOf(pseudo(src4, dst4, 6, len(segment))))
	tso := join(segment) // without the length, as for segmentation offload
	binary.BigEndian.PutUint16(tso[16:], ^checksumOf(pseudo(src4, dst4, 6, 0)))
	wrongIP := join(packet4)
	wrongIP[10] ^= 1
	emptyIP := join(packet4)
	emptyIP[10], emptyIP[11] = 0, 0
	via := netip.MustParseAddr("2001:db8::99") // the last address of a routing header
	routed := summed(src6, via, 6, 16, segment)
	datagram := udp(1, 2, []byte("Hello"))
	echo := join([]byte{8, 0, 0, 0, 0, 1, 0, 1}, []byte("ping"))
	binary.BigEndian.PutUint16(echo[2:], checksumOf(echo))
	local := netip.MustParseAddr("127.0.0.1")
	loop := ip4(6, 0, segment)
	copy(loop[12:], local.AsSlice())
	binary.BigEndian.PutUint16(loop[10:], 0)
	binary.BigEndian.PutUint16(loop[10:], checksumOf(loop[:20]))
	for name, test := range map[string]struct {
		link          capture.LinkType
		data          []byte
		ip, transport dissect.ChecksumState
	}{
		"good":                   {capture.LinkRaw, ip4(6, 0, right4), good, good},
		"good, odd length":       {capture.LinkRaw, ip4(6, 0, odd), good, good},
		"good, padded":           {capture.LinkEthernet, ether(0x0800, join(ip4(6, 0, right4), []byte{1, 2, 3})), good, good},
		"IPv6":                   {capture.LinkRaw, ip6(6, right6), none, good},
		"bad":                    {capture.LinkRaw, packet4, good, bad},
		"bad in IPv6":            {capture.LinkRaw, packet6, none, bad},
		"partial":                {capture.LinkRaw, ip4(6, 0, partial), good, dissect.ChecksumOffloaded},
		"partial without length": {capture.LinkRaw, ip4(6, 0, tso), good, dissect.ChecksumOffloaded},
		"IP bad":                 {capture.LinkRaw, wrongIP, bad, bad},
		"IP empty":               {capture.LinkRaw, emptyIP, dissect.ChecksumOffloaded, bad},
		"loopback address":       {capture.LinkRaw, loop, good, dissect.ChecksumOffloaded},
		"loopback link":          {capture.LinkNull, join([]byte{2, 0, 0, 0}, packet4), good, dissect.ChecksumOffloaded},
		"loopback of Linux":      {capture.LinkEthernet, join(make([]byte, 12), u16(0x0800), packet4), good, dissect.ChecksumOffloaded},
		"routing header":         {capture.LinkRaw, ip6(43, join([]byte{6, 2, 0, 1, 0, 0, 0, 0}, via.AsSlice(), routed)), none, good},
		"UDP good":               {capture.LinkRaw, ip4(17, 0, summed(src4, dst4, 17, 6, datagram)), good, good},
		"UDP none":               {capture.LinkRaw, ip4(17, 0, datagram), good, dissect.ChecksumZero},
		"ICMP":                   {capture.LinkRaw, ip4(1, 0, echo), good, good},
		"ICMPv6":                 {capture.LinkRaw, ip6(58, summed(src6, dst6, 58, 2, []byte{128, 0, 0, 0, 0, 1, 0, 1})), none, good},
		"fragment":               {capture.LinkRaw, ip4(6, 0x2000, right4), good, dissect.ChecksumFragment},
		"ARP":                    {capture.LinkEthernet, ether(0x0806, arpRequest()), none, none},
	} {
		ip, transport := decode(test.link, test.data).CheckChecksums()
		if ip != test.ip || transport != test.transport {
			t.Errorf("%s: got %q and %q, want %q and %q", name, ip, transport, test.ip, test.transport)
		}
	}
}

// TestChecksumsOfSystem holds what the capturing system's word changes.
func TestChecksumsOfSystem(t *testing.T) {
	f := capture.Frame{Link: capture.LinkRaw, Data: packet4, OrigLen: len(packet4), Checksums: capture.ChecksumsUnfinished}
	if _, got := decodeFrame(&f).CheckChecksums(); got != dissect.ChecksumOffloaded {
		t.Errorf("unfinished: %v", got)
	}
	f = capture.Frame{Link: capture.LinkRaw, Data: packet4[:44], OrigLen: len(packet4)}
	if _, got := decodeFrame(&f).CheckChecksums(); got != dissect.ChecksumTruncated {
		t.Errorf("truncated: %v", got)
	}
}

// TestChecksumJoined holds that the checksum of a datagram put together is
// verified.
func TestChecksumJoined(t *testing.T) {
	right := summed(src4, dst4, 6, 16, whole)
	var j dissect.Joiner
	_, p := joined(t, &j, ether(0x0800, ip4(6, 0x2000, right[:64])), ether(0x0800, ip4(6, 64/8, right[64:])))
	if ip, transport := p.CheckChecksums(); ip != dissect.ChecksumGood || transport != dissect.ChecksumGood {
		t.Errorf("got %v and %v", ip, transport)
	}
}
