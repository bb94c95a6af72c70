package render_test

import (
	"net/netip"
	"os"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// A refused connection, as a sequence diagram for Mermaid.
func ExampleNewMermaid() {
	client, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:3000")
	r := render.NewMermaid(os.Stdout, render.Options{})
	r.Event(&conn.Event{
		Type: conn.TypeSegment, Conn: 1, Frame: 1, Client: client, Server: server, Kind: conn.KindSYN,
		States: [2]conn.State{conn.StateSynSent, conn.StateUnknown},
		Packet: &dissect.Packet{Content: dissect.ContentTCP, TCP: dissect.TCP{Flags: dissect.SYN}},
	})
	r.Event(&conn.Event{
		Type: conn.TypeSegment, Conn: 1, Frame: 2, Client: client, Server: server, From: conn.Server, Kind: conn.KindRST, Ack: 1,
		States: [2]conn.State{conn.StateClosed, conn.StateClosed},
		Packet: &dissect.Packet{Content: dissect.ContentTCP, TCP: dissect.TCP{Flags: dissect.RST | dissect.ACK}},
	})
	r.Close()
	// Output:
	// sequenceDiagram
	//     accTitle: connection 1, from 1970-01-01 00:00:00.000000 UTC
	//     participant C as client<br/>10.0.0.1:40000
	//     participant S as server<br/>10.0.0.2:3000
	//     Note over C,S: connection 1, from 1970-01-01<br/>00:00:00.000000 UTC
	//     C->>S: 1: SYN seq=0
	//     Note left of C: SYN-SENT
	//     Note right of S: ?
	//     S-xC: 2: RST seq=0 ack=1
	//     Note left of C: CLOSED
	//     Note right of S: CLOSED
}
