package conn

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// datagramPacket is one of UDP, in seconds of capture time.
func datagramPacket(at float64, from, to string) *dissect.Packet {
	src, dst := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	frame := &capture.Frame{Time: capture.Stamp(at * float64(time.Second)), Number: int64(at)}
	return &dissect.Packet{Frame: frame, Content: dissect.ContentUDP, IP: dissect.IP{Version: 4, Src: src.Addr(), Dst: dst.Addr()},
		UDPSrc: src.Port(), UDPDst: dst.Port(), Payload: []byte("hello\n")}
}

// TestDatagramsAreTold holds that UDP at a port that was asked for is named as
// soon as it comes, and counted, and that other UDP is not.
func TestDatagramsAreTold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ports []uint16
		live  bool
		want  []string // in the order in which it is said, one a tick
		count []PortCount
	}{
		{"on the port", []uint16{3000}, true, []string{
			"1 UDP datagram on port 3000: that is not TCP (nc -u, SOCK_DGRAM)", "3 UDP datagrams on port 3000: that is not TCP (nc -u, SOCK_DGRAM)"},
			[]PortCount{{3000, 3}}},
		{"on one that nobody asked for", nil, true, []string{"nothing has arrived"}, nil},
		{"on two", []uint16{3000, 443}, true, []string{
			"1 UDP datagram on port 3000: that is not TCP (nc -u, SOCK_DGRAM)",
			"3 UDP datagrams on port 3000, 1 UDP datagram on port 443: that is not TCP"}, []PortCount{{3000, 3}, {443, 1}}},
		{"in a file", []uint16{3000}, false, nil, []PortCount{{3000, 3}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := New(Options{Live: tt.live, Ports: tt.ports})
			var said []string
			hear := func(events []Event) {
				for _, e := range events {
					if e.Type == TypeWait {
						said = append(said, e.Text)
					}
				}
			}
			hear(tr.Add(datagramPacket(1, "127.0.0.1:40000", "127.0.0.1:3000")))
			first := len(said)
			tr.Add(datagramPacket(2, "127.0.0.1:3000", "127.0.0.1:40000"))
			tr.Add(datagramPacket(3, "127.0.0.1:40000", "127.0.0.1:3000"))
			hear(tr.Add(datagramPacket(3, "127.0.0.1:40000", "127.0.0.1:443")))
			hear(tr.Tick(capture.Stamp(4 * time.Second))) // too early
			hear(tr.Tick(capture.Stamp(8 * time.Second)))
			hear(tr.Tick(capture.Stamp(80 * time.Second))) // the same
			if !slices.Equal(said, tt.want) {
				t.Errorf("said %q, want %q", said, tt.want)
			}
			if tt.live && len(tt.ports) > 0 && first != 1 {
				t.Errorf("%d notes when the first came", first)
			}
			if got := tr.Datagrams(); !slices.Equal(got, tt.count) {
				t.Errorf("counted %v, want %v", got, tt.count)
			}
		})
	}
}

// TestDatagramsBesideConnections: who has connections is told of UDP once, but at
// the port where QUIC runs beside TCP, for it is counted at the end.
func TestDatagramsBesideConnections(t *testing.T) {
	for port, want := range map[uint16]int{80: 1, portQUIC: 0} {
		tr := New(Options{Live: true, Ports: []uint16{port}})
		run(t, tr, "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1", func(*Event) {})
		told := 0
		for n := range 3 {
			told += len(tr.Add(datagramPacket(float64(9+n), "10.0.0.1:40000", fmt.Sprintf("10.0.0.2:%d", port))))
		}
		if told != want {
			t.Errorf("port %d: told %d times, want %d", port, told, want)
		}
		if got := tr.Datagrams(); !slices.Equal(got, []PortCount{{port, 3}}) {
			t.Errorf("counted %v", got)
		}
	}
}
