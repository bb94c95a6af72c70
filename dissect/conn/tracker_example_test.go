package conn_test

import (
	"fmt"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/dissect/segtest"
)

// A connection that is refused, from frames to verdict.
func ExampleTracker() {
	frames, err := segtest.Parse(`
		> S 0:0(0)
		< R. 0:0(0) ack 1
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	tracker := conn.New(conn.Options{})
	var decoder dissect.Decoder
	var packet dissect.Packet
	for i := range frames {
		decoder.Decode(&frames[i], &packet)
		for _, e := range tracker.Add(&packet) {
			fmt.Println(e.From, e.Kind, e.States[conn.Client], e.States[conn.Server])
		}
	}
	for e := range tracker.Left() {
		fmt.Println(e.Connection.Verdict.Outcome, e.Connection.Verdict.Evidence)
	}
	// Output:
	// client SYN SYN-SENT ?
	// server RST CLOSED CLOSED
	// refused [2]
}
