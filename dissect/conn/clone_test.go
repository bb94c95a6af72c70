package conn_test

import (
	"reflect"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestCloneStays: what the next frame does to its memory leaves a copy as it
// was, whatever it points to.
func TestCloneStays(t *testing.T) {
	make1 := func() *conn.Event {
		f := &capture.Frame{Data: []byte("frame data"), Comments: []string{"note"}}
		p := &dissect.Packet{Frame: f, Payload: f.Data[6:], Joined: []byte("joined"), Fragments: []int64{1, 2}}
		p.TCP.Payload, p.TCP.Options = f.Data[6:], f.Data[:2]
		return &conn.Event{Packet: p, Text: "text", App: "app", Call: &conn.Call{Name: "send", Data: []byte("sent")},
			Connection: &conn.Connection{Number: 7, Verdict: conn.Verdict{Evidence: []int64{3}}},
			Capture:    &conn.Capture{Frames: 9, Findings: []string{"odd"}, Unfollowed: map[string]int64{"why": 1}}}
	}
	e, want := make1(), make1()
	c, size := e.Clone()
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("the copy is %+v", c)
	}
	if least := len(want.Packet.Frame.Data); size < least {
		t.Errorf("said to take %d bytes", size)
	}
	clear(e.Packet.Frame.Data)
	clear(e.Packet.Joined)
	e.Packet.Fragments[0], e.Packet.Frame.Comments[0] = 0, ""
	clear(e.Call.Data)
	*e.Connection = conn.Connection{}
	e.Capture.Findings[0], e.Capture.Unfollowed["why"] = "", 0
	*e.Packet, *e.Call, *e.Capture = dissect.Packet{}, conn.Call{}, conn.Capture{}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("the copy changes with the event: %+v", c)
	}
}
