package conn_test

import (
	"reflect"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestCloneStays: what the next frame does to its memory leaves a copy as it
// was, whatever it points to, and so what a Recorder keeps.
func TestCloneStays(t *testing.T) {
	make1 := func() *conn.Event {
		f := &capture.Frame{Data: []byte("frame data"), Comments: []string{"note"}}
		p := &dissect.Packet{Frame: f, Payload: f.Data[6:], Joined: []byte("joined"), Fragments: []int64{1, 2}}
		p.Fragment.Data, p.Piece.Data = p.Joined[:2], []byte("piece")
		p.TCP.Payload, p.TCP.Options = f.Data[6:], f.Data[:2]
		return &conn.Event{Packet: p, Text: "text", App: "app", Call: &conn.Call{Name: "send", Data: []byte("sent")},
			Connection: &conn.Connection{Number: 7, Verdict: conn.Verdict{Evidence: []int64{3}, EvidenceFiles: []int{0}, EvidenceNames: []string{"a"}}},
			Capture: &conn.Capture{Frames: 9, Files: []string{"a"}, Interfaces: []capture.Interface{{Name: "lo"}}, Findings: []string{"odd"},
				Unfollowed: map[string]int64{"why": 1}, LeftOut: map[string]int64{"copies": 2}}}
	}
	e, want := make1(), make1()
	c, size := e.Clone()
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("the copy is %+v", c)
	}
	if least := len(want.Packet.Frame.Data); size < least {
		t.Errorf("said to take %d bytes", size)
	}
	r := conn.NewRecorder(conn.RecordLimits{})
	r.Add(e)
	r.Add(&conn.Event{Type: conn.TypeCapture, Capture: e.Capture})
	scribble(reflect.ValueOf(e).Elem())
	if !reflect.DeepEqual(c, want) {
		t.Errorf("the copy changes with the event: %+v", c)
	}
	if kept := &r.Rest().Events[0]; !reflect.DeepEqual(kept, want) {
		t.Errorf("what is recorded changes with the event: %+v", kept)
	}
	if !reflect.DeepEqual(r.Capture(), want.Capture) {
		t.Errorf("what is recorded of the capture changes: %+v", r.Capture())
	}
}

// scribble sets all that v points to, and can be set, to zero.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
			v.Elem().SetZero()
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				scribble(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		v.Clear()
	}
}
