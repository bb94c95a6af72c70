package main

import (
	"testing"

	"tcpsee/dissect/conn"
)

// TestUntilClosed: a connection that was open before is not waited for.
func TestUntilClosed(t *testing.T) {
	stopped := 0
	u := &untilClosed{any: true, stop: func() { stopped++ }}
	for _, e := range []conn.Event{
		{Type: conn.TypeSegment, Conn: 1, Kind: conn.KindData},
		{Type: conn.TypeSegment, Conn: 2, Kind: conn.KindSYN},
		{Type: conn.TypeSegment, Conn: 3, Kind: conn.KindSYN},
		{Type: conn.TypeVerdict, Conn: 1},
		{Type: conn.TypeVerdict, Conn: 3},
	} {
		_ = u.Event(&e)
	}
	if stopped != 0 {
		t.Error("ends with another connection")
	}
	_ = u.Event(&conn.Event{Type: conn.TypeVerdict, Conn: 2})
	if stopped == 0 {
		t.Error("does not end with the first connection")
	}
}
