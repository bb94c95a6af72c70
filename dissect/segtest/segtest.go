// Package segtest turns lines in the manner of packetdrill into frames, so
// that tests and hand-drawn captures say what is on the wire in the field's
// own notation. A script goes in, frames with valid lengths and checksums come
// out; nothing is sent anywhere.
//
// A script is read line by line. A comment begins with // or with a # that no
// digit follows (or that begins the line). These lines change what follows and
// make no frame:
//
//	conn 10.0.0.1:1000 10.0.0.2:80   a further connection, client first; the next lines are about it
//	iss 1000 5000                    initial sequence numbers of client and server (these are the defaults)
//	vlan 7                           802.1Q tag on the frames that follow; several: vlan 7 9; off: vlan 0
//	snap 96                          keep at most that many bytes of each frame; off: snap 0
//
// The others make a frame each. They may begin with @N, which picks the N-th
// connection for that line, and with a time in seconds: 1.5 since the start,
// +.25 since the frame before, - for none at all. Without one the frame comes
// 1 ms after the one before.
//
//	> S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
//	< S. 0:0(0) ack 1 win 65160 <mss 1460>
//	> P. 1:19(18) ack 1 "GET / HTTP/1.1\r\n\r\n"
//	icmp from 10.0.0.9 unreachable host
//	arp who-has 10.0.0.2 tell 10.0.0.1
//	arp reply 10.0.0.2 is-at 02:00:00:00:00:02
//	nd who-has fe80::2 tell fe80::1
//	nd reply fe80::2 is-at 02:00:00:00:00:02
//	raw 0200000000020200000000010800
//	dup
//
// A segment is a direction, control bits, and then in any order what differs
// from the usual:
//
//	> or <       from the client, or from the server
//	S . P F R U E W A   SYN, ACK, PSH, FIN, RST, URG, ECE, CWR, AE; 1 2 3 the reserved bits; - for none
//	1:7(6)       sequence number, its end, bytes of payload; also 1(6), or 1 alone. Relative to the sender's
//	             ISS; #123 is as on the wire. Without it: what the sender sends next
//	ack 7        relative to the other end's ISS, or #123. Without it and with the ACK bit: all that the other
//	             end has sent
//	win 512      as in the header, not scaled; 65535 without it
//	urg 3        urgent pointer
//	ttl 64, tos 2, id 7   fields of the IP header
//	<…>          options: mss N, nop, eol, wscale N, sackOK, TS val N ecr N, sack 1:2 3:4, FO [HEX], FOEXP [HEX],
//	             md5 [HEX], uto N, mptcp HEX, opt KIND [HEX], separated by commas, padded with zeros to 32 bits.
//	             The blocks of sack are relative to the other end's ISS
//	"text", x"0a0b"  the payload; without one, letters of the alphabet as many as the length says
//	badsum       a wrong TCP checksum
//	lost         the segment was sent, and is not in the capture
//
// An ICMP error quotes the last segment of the connection or, with quoting N,
// frame N, and goes to its sender. It is unreachable net, host, proto, port,
// admin or frag mtu N, or exceeded; with bytes N it quotes only so much.
// In IPv6 these are ICMPv6's (RFC 4443) and frag is "packet too big".
// dup is the last frame, captured once more.
package segtest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
)

// Start is the time of 0.000 in a script: 2023-11-14T22:13:20Z.
const Start capture.Stamp = 1_700_000_000 * 1e9

// Step is how long after the one before a frame comes where a line says no
// time.
const Step = time.Millisecond

// MaxBytes is how much all frames of a script may hold together.
const MaxBytes = 64 << 20

// MaxConnections is how many connections one script may have.
const MaxConnections = 4096

// Options say how frames are wrapped. The zero value is Ethernet.
type Options struct {
	Link     capture.LinkType // Ethernet, NULL, LOOP, RAW, IPV4, IPV6, LINUX_SLL or LINUX_SLL2; 0 is Ethernet
	Null     bool             // NULL, whose number is 0
	Loopback bool             // no hardware addresses, and 127.0.0.1 where the script names no addresses
	// Unfinished leaves in the TCP checksum only the sum of the pseudo header,
	// as a system does whose network card is to finish it.
	Unfinished bool
	// At is the end where the capture was made: "client" or "server". Frames
	// say then whether they went in or out. Empty is unknown.
	At string
}

// Parse turns a script into Ethernet frames, numbered from 1. The error names
// the line.
func Parse(script string) ([]capture.Frame, error) { return Frames(Options{}, script) }

// Frames turns a script into frames, numbered from 1. The caller owns them and
// their data. The error names the line.
func Frames(o Options, script string) ([]capture.Frame, error) {
	b, err := newBuilder(o)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(script, "\n") {
		if err := b.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return b.frames, nil
}

// MustFrames is Parse for tests: an error ends the test.
func MustFrames(t testing.TB, script string) []capture.Frame {
	t.Helper()
	f, err := Parse(script)
	if err != nil {
		t.Fatalf("segtest: %v", err)
	}
	return f
}

// connection is one endpoint pair and what its ends have sent so far.
type connection struct {
	ends [2]netip.AddrPort // client, server
	iss  [2]uint32
	next [2]uint32 // relative: what each end sends next
	last []byte    // the IP datagram of the last segment, for ICMP to quote
}

// The ends of a connection, as indexes.
const (
	client = 0
	server = 1
)

// Defaults of a script that names no connection.
const (
	defaultClientISS  = 1000
	defaultServerISS  = 5000
	defaultClientPort = 40000
	defaultServerPort = 80
)

func newConnection(from, to netip.AddrPort) *connection {
	return &connection{ends: [2]netip.AddrPort{from, to}, iss: [2]uint32{defaultClientISS, defaultServerISS}}
}

func (o *Options) defaultConnection() *connection {
	a, b := netip.AddrFrom4([4]byte{10, 0, 0, 1}), netip.AddrFrom4([4]byte{10, 0, 0, 2})
	switch {
	case o.link() == capture.LinkIPv6:
		a, b = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	case o.Loopback:
		a = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		b = a
	}
	return newConnection(netip.AddrPortFrom(a, defaultClientPort), netip.AddrPortFrom(b, defaultServerPort))
}

func (o *Options) link() capture.LinkType {
	if o.Link == 0 && !o.Null {
		return capture.LinkEthernet
	}
	return o.Link
}
