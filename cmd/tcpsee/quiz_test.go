package main

import (
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestNumbersGuessed takes numbers in the forms that people type them.
func TestNumbersGuessed(t *testing.T) {
	both := &conn.Event{Seq: 7, Ack: 8, Packet: &dissect.Packet{}}
	both.Packet.TCP.Flags, both.Packet.TCP.Seq, both.Packet.TCP.Ack = dissect.ACK, 1007, 2008
	first := &conn.Event{Packet: &dissect.Packet{}}
	first.Packet.TCP.Flags, first.Packet.TCP.Seq = dissect.SYN, 1000
	for _, c := range []struct {
		e     *conn.Event
		guess string
		want  bool
	}{
		{both, "7 8", true}, {both, "7, 8", true}, {both, "seq=7 ack=8", true}, {both, "ack 8, seq 7", true}, {both, "1007 2008", true},
		{both, "8 7", false}, {both, "7", false}, {both, "ack=8", false}, {both, "7 8 9", false}, {both, "seven 8", false}, {both, "", false},
		{both, "-7 8", false}, {both, "99999999999 8", false}, {both, "7 ack", false},
		{first, "0", true}, {first, "seq=0", true}, {first, "1000", true}, {first, "0 0", false}, {first, "1", false},
	} {
		if got := rightNumbers(c.guess, c.e); got != c.want {
			t.Errorf("%q for seq=%d ack=%d: %v", c.guess, c.e.Seq, c.e.Ack, got)
		}
	}
}

// TestKindsGuessed tells a wrong guess, which counts, from what is no guess.
func TestKindsGuessed(t *testing.T) {
	for guess, want := range map[string]bool{
		"syn": true, "syn-ack": true, "synack": true, "s.": true, "[p.]": true, "psh ack": true, "other": true, "rst": true,
		"sny": false, "hello": false, "-": false, "ack 1": false,
	} {
		if got := misreadKind(guess) == ""; got != want {
			t.Errorf("%q is a guess: %v", guess, got)
		}
	}
}
