package conn_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// synFrame is a SYN with four bytes of payload, over Ethernet and IPv4.
func synFrame(number int64) *capture.Frame {
	b := []byte{
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, // Ethernet: IPv4
		0x45, 0, 0, 48, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, // 48 bytes, TCP
		0x9c, 0x40, 0x0b, 0xb8, 0, 0, 0, 9, 0, 0, 0, 0, 0x60, 0x02, 0xff, 0xff, 0, 0, 0, 0, // 40000 to 3000, SYN, 24 bytes of header
		2, 4, 5, 180, // mss 1460
		'a', 'b', 'c', 'd',
	}
	return &capture.Frame{Number: number, Time: capture.Stamp(number * 1e6), Data: b, OrigLen: len(b), Link: capture.LinkEthernet}
}

func recordedEvent(t *testing.T, number int64, f *capture.Frame) *conn.Event {
	t.Helper()
	var d dissect.Decoder
	var p dissect.Packet
	d.Decode(f, &p)
	if p.Content != dissect.ContentTCP {
		t.Fatalf("the frame is no TCP: %v", p.Problem)
	}
	return &conn.Event{Type: conn.TypeSegment, Conn: number, Time: f.Time, Frame: f.Number, Packet: &p, Client: p.Src(), Server: p.Dst(), Kind: conn.KindSYN}
}

func TestRecorderOwnsItsBytes(t *testing.T) {
	f := synFrame(1)
	e := recordedEvent(t, 1, f)
	call := conn.Event{Type: conn.TypeCall, Conn: 1, Call: &conn.Call{Name: "send", Data: []byte("hi")}}
	r := conn.NewRecorder(conn.RecordLimits{})
	r.Add(e)
	r.Add(&call)
	evidence := []int64{1}
	r.Add(&conn.Event{Type: conn.TypeEnd, Conn: 1, Connection: &conn.Connection{Number: 1, Verdict: conn.Verdict{Evidence: evidence}}})
	for i := range f.Data {
		f.Data[i] = 0xee
	}
	call.Call.Data[0], call.Call.Name, evidence[0] = 'X', "gone", 99
	*e.Packet = dissect.Packet{}

	got := r.Connections()[0]
	p := got.Events[0].Packet
	if string(p.TCP.Payload) != "abcd" || string(p.Payload) != "abcd" || len(p.TCP.Options) != 4 || p.TCP.Options[0] != 2 {
		t.Errorf("payload %q, options %x", p.TCP.Payload, p.TCP.Options)
	}
	p.Frame.Data[len(p.Frame.Data)-1] = '!'
	if string(p.TCP.Payload) != "abc!" {
		t.Error("the payload is a copy of its own: bytes are kept twice")
	}
	if c := got.Events[1].Call; string(c.Data) != "hi" || c.Name != "send" {
		t.Errorf("call %q %q", c.Name, c.Data)
	}
	if got.End == nil || got.End.Verdict.Evidence[0] != 1 {
		t.Errorf("end %+v", got.End)
	}
}

func TestRecorderLimits(t *testing.T) {
	r := conn.NewRecorder(conn.RecordLimits{Connections: 2, Events: 4, FrameBytes: 56})
	for n := int64(1); n <= 3; n++ {
		for i := int64(0); i < 3; i++ {
			r.Add(recordedEvent(t, n, synFrame(n*10+i)))
		}
		r.Add(&conn.Event{Type: conn.TypeEnd, Conn: n, Connection: &conn.Connection{Number: n}})
	}
	c := r.Connections()
	if len(c) != 2 || len(c[0].Events) != 3 || len(c[1].Events) != 1 || c[1].Missed != 2 || c[1].End == nil {
		t.Fatalf("%d connections: %+v", len(c), c)
	}
	want := conn.Left{Connections: 1, Events: 5, Bytes: 4 * 6}
	if r.Left() != want {
		t.Errorf("left %+v, want %+v", r.Left(), want)
	}
	if p := c[0].Events[0].Packet; len(p.Frame.Data) != 56 || len(p.TCP.Payload) != 0 || len(p.TCP.Options) != 2 || p.TCP.Len != 4 {
		t.Errorf("a frame that was cut: %d bytes, payload %q, options %x", len(p.Frame.Data), p.TCP.Payload, p.TCP.Options)
	}
}

func TestRecorderBytes(t *testing.T) {
	r := conn.NewRecorder(conn.RecordLimits{Bytes: 100})
	r.Add(recordedEvent(t, 1, synFrame(1)))
	r.Add(recordedEvent(t, 1, synFrame(2)))
	if e := r.Connections()[0].Events; len(e[1].Packet.Frame.Data) != 38 || r.Left().Bytes != 24 {
		t.Errorf("%d bytes of the second frame, %d left", len(e[1].Packet.Frame.Data), r.Left().Bytes)
	}
}

func TestRecorderOnlyOne(t *testing.T) {
	r := conn.NewRecorder(conn.RecordLimits{Conn: 2})
	for n := int64(1); n <= 3; n++ {
		r.Add(recordedEvent(t, n, synFrame(n)))
	}
	if c := r.Connections(); len(c) != 1 || c[0].Number != 2 || r.Left() != (conn.Left{}) {
		t.Errorf("%d connections, left %+v", len(c), r.Left())
	}
}

func ExampleRecord_Path() {
	r := conn.NewRecorder(conn.RecordLimits{})
	a, b := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	// Captured near the client: the server's answer took 20 ms, the client's 40 µs.
	r.Add(&conn.Event{Type: conn.TypeSegment, Conn: 1, Client: a, Server: b, Kind: conn.KindACK, Handshake: true,
		HalfRTT: [2]time.Duration{20 * time.Millisecond, 40 * time.Microsecond}})
	before, after := r.Connections()[0].Path().Flight(conn.Client)
	fmt.Println("left", before, "before, arrives", after, "after it was captured")
	// Output: left 20µs before, arrives 10ms after it was captured
}
