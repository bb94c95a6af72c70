package conn

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// dnsMessage is a question for an address, or the answer with these.
func dnsMessage(id uint16, name string, code byte, answers ...netip.Addr) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	if code != 0 || len(answers) > 0 {
		b = append(b, 0x81, 0x80|code)
	} else {
		b = append(b, 1, 0)
	}
	b = append(b, 0, 1, 0, byte(len(answers)), 0, 0, 0, 0)
	for _, l := range strings.Split(name, ".") {
		b = append(append(b, byte(len(l))), l...)
	}
	b = append(b, 0, 0, dissect.DNSTypeA, 0, 1)
	for _, a := range answers {
		b = append(b, 0xc0, 12, 0, dissect.DNSTypeA, 0, 1, 0, 0, 0, 60, 0, 4)
		b = append(b, a.AsSlice()...)
	}
	return b
}

// dnsPacket is a packet of UDP with a message, in seconds of capture time.
func dnsPacket(number int64, at float64, src, dst string, message []byte) *dissect.Packet {
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	frame := &capture.Frame{Number: number, Time: capture.Stamp(1e18) + capture.Stamp(at*1e9)}
	return &dissect.Packet{Frame: frame, Content: dissect.ContentUDP, IP: dissect.IP{Version: 4, Src: from.Addr(), Dst: to.Addr()},
		UDPSrc: from.Port(), UDPDst: to.Port(), Payload: message}
}

// TestLookups holds which DNS messages stand before which connection.
func TestLookups(t *testing.T) {
	server := netip.MustParseAddr("10.0.0.2")
	ask := func(at float64) *dissect.Packet {
		return dnsPacket(1, at, "10.0.0.1:5000", "10.0.0.53:53", dnsMessage(7, "www.example", 0))
	}
	answer := func(at float64, to string, code byte, a ...netip.Addr) *dissect.Packet {
		return dnsPacket(2, at, "10.0.0.53:53", to, dnsMessage(7, "www.example", code, a...))
	}
	for _, tt := range []struct {
		name    string
		live    bool
		packets []*dissect.Packet
		want    string
	}{
		{"asked and answered", false, []*dissect.Packet{ask(1), answer(1.1, "10.0.0.1:5000", 0, server)}, "1:#1 2:#1 syn"},
		{"live", true, []*dissect.Packet{ask(1), answer(1.1, "10.0.0.1:5000", 0, server)}, "1:#1 2:#1 syn"},
		{"only the answer was captured", false, []*dissect.Packet{answer(1, "10.0.0.1:5000", 0, server)}, "2:#1 syn"},
		{"somebody else asked", false, []*dissect.Packet{answer(1, "10.0.0.9:5000", 0, server)}, "syn"},
		{"a resolver on this machine", false, []*dissect.Packet{answer(1, "127.0.0.1:5000", 0, server)}, "2:#1 syn"},
		{"too long ago", false, []*dissect.Packet{ask(-60), answer(-59, "10.0.0.1:5000", 0, server)}, "syn"},
		{"another address", false, []*dissect.Packet{ask(1), answer(1.1, "10.0.0.1:5000", 0, netip.MustParseAddr("10.0.0.3"))}, "syn"},
		{"no such name, saved", false, []*dissect.Packet{ask(1), answer(1.1, "10.0.0.1:5000", 3)}, "syn"},
		{"no such name, live", true, []*dissect.Packet{ask(1), answer(1.1, "10.0.0.1:5000", 3)}, "1:#0 2:#0 syn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tracker := New(Options{Live: tt.live})
			var got []string
			hear := func(events []Event) {
				for i := range events {
					switch e := &events[i]; e.Type {
					case TypeDNS:
						got = append(got, fmt.Sprintf("%d:#%d", e.Frame, e.Conn))
						if e.DNS.Name != "www.example" || e.Packet == nil {
							t.Errorf("%+v", e.DNS)
						}
					case TypeSegment:
						got = append(got, "syn")
					}
				}
			}
			for _, p := range tt.packets {
				hear(tracker.Add(p))
			}
			frames, err := segtest.Parse("conn 10.0.0.1:4000 10.0.0.2:80\n> S 0:0(0)")
			if err != nil {
				t.Fatal(err)
			}
			frames[0].Time = capture.Stamp(1e18) + capture.Stamp(2*time.Second)
			var d dissect.Decoder
			var p dissect.Packet
			d.Decode(&frames[0], &p)
			hear(tracker.Add(&p))
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

// TestNamesOverTCP: an answer over TCP tells names too.
func TestNamesOverTCP(t *testing.T) {
	server := netip.MustParseAddr("192.0.2.1")
	m := dnsMessage(9, "over.example", 0, server)
	m = append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...)
	q := dnsMessage(9, "over.example", 0)
	q = append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)
	for _, quiet := range []bool{false, true} {
		tracker := New(Options{Quiet: quiet})
		var told []dissect.DNSAnswer
		run(t, tracker, fmt.Sprintf(`
			conn 10.0.0.1:4000 10.0.0.53:53
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> . ack 1
			> P. 1:%d(%d) ack 1 x"%x"
			< P. 1:%d(%d) ack %d x"%x"`, 1+len(q), len(q), q, 1+len(m), len(m), 1+len(q), m), func(e *Event) {
			if e.Type == TypeName {
				told = append(told, e.DNS.Answers...)
			}
		})
		if len(told) != 1 || told[0] != (dissect.DNSAnswer{Addr: server, Name: "over.example"}) {
			t.Errorf("quiet %v: %v", quiet, told)
		}
	}
}

// TestWhoStayed holds that the verdict on data after the other end's FIN suits
// the program that sent it.
func TestWhoStayed(t *testing.T) {
	const toClosed = "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n< F. 1:1(0) ack 1\n> . ack 2\n> P. 1:2(1) ack 2\n< R. 2:2(0) ack 2"
	const toLeft = "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> F. 1:1(0) ack 1\n< . ack 2\n< P. 1:2(1) ack 2\n> R. 2:2(0) ack 2"
	for _, tt := range []struct{ script, program, says, not string }{
		{toClosed, "", "; plain nc stays until it is told to go.", "recv()"},
		{toClosed, "nc", "; plain nc stays until it is told to go.", "recv()"},
		{toClosed, "ncat", "; plain nc stays until it is told to go.", "recv()"},
		{toClosed, "tcpsee", "; like plain nc, tcpsee stays until it is told to go.", "recv()"},
		{toClosed, "python3", "was the sign: recv() returns 0 (Python: b'') at the client then. It should stop sending.", "nc "},
		{toLeft, "", "was the sign.", "nc "},
		{toLeft, "node", "was the sign: recv() returns 0 (Python: b'') at the server then.", "nc "},
		{toLeft, "nc", "; plain nc stays", "recv()"},
	} {
		o := Options{}
		asked := 0
		if tt.program != "" {
			o.Program = func(local, remote netip.AddrPort) string {
				asked++
				if (local.Port() == 80) != (tt.script == toLeft) || (remote.Port() == 80) != (tt.script == toClosed) {
					t.Errorf("asked for %v to %v", local, remote)
				}
				return tt.program
			}
		}
		var v Verdict
		run(t, New(o), tt.script, func(e *Event) {
			if e.Type == TypeEnd {
				v = e.Connection.Verdict
			}
		})
		if v.Detail != detailAfterClose || !strings.Contains(v.Meaning, tt.says) || strings.Contains(v.Meaning, tt.not) {
			t.Errorf("%q: %q, %s", tt.program, v.Detail, v.Meaning)
		}
		if tt.program != "" && asked == 0 {
			t.Errorf("%q: nobody was asked", tt.program)
		}
	}
}
