package conn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// rowsTold gives what is said of each segment of a capture, and how many
// connections ended before the capture did.
func rowsTold(t *testing.T, file []byte, l Limits) (rows []string, left int) {
	t.Helper()
	src, err := capture.NewReader("made", bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	tr := New(Options{Limits: l})
	var d dissect.Decoder
	var p dissect.Packet
	for {
		frames, err := src.Next()
		for i := range frames {
			d.Decode(&frames[i], &p)
			for _, e := range tr.Add(&p) {
				switch e.Type {
				case TypeSegment:
					rows = append(rows, fmt.Sprint(e.Frame, e.Conn, e.From, e.Kind, e.Labels, e.DupAckNum, e.Before, e.States, e.Seq, e.Ack, e.Window, e.RTT))
				case TypeEnd:
					left++
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return rows, left
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// In a capture of many connections those that are closed leave. What is said of
// each segment must be the same as if they had stayed, and as the last time.
func TestLeavingInCrowds(t *testing.T) {
	for _, kind := range []segtest.Kind{segtest.KindWeb, segtest.KindScan} {
		t.Run(string(kind), func(t *testing.T) {
			var file bytes.Buffer
			if _, err := segtest.Generate(&file, kind, 3<<20, 7); err != nil {
				t.Fatal(err)
			}
			stay, early := rowsTold(t, file.Bytes(), Limits{Linger: time.Hour})
			if early != 0 {
				t.Fatalf("%d connections left that were to stay", early)
			}
			gone := Limits{Linger: time.Millisecond * 200, Kept: -1}
			leave, left := rowsTold(t, file.Bytes(), gone)
			if left == 0 {
				t.Fatal("no connection has left: this compares nothing")
			}
			again, _ := rowsTold(t, file.Bytes(), gone)
			if len(stay) == 0 || len(stay) != len(leave) || len(stay) != len(again) {
				t.Fatalf("%d rows where all stay, %d where they leave, %d the second time", len(stay), len(leave), len(again))
			}
			for i := range stay {
				if stay[i] != leave[i] || leave[i] != again[i] {
					t.Fatalf("row %d\n%s\nwhere its like have left\n%s\nand the second time\n%s", i, stay[i], leave[i], again[i])
				}
			}
		})
	}
}

// A connection that is reset and goes on, again and again, has one place among
// those that leave, and leaves when it is over.
func TestPlaceAmongLeaving(t *testing.T) {
	script := "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1 ack 1\n" + strings.Repeat("< R 1:1(0)\n< . 1 ack 1\n", 50)
	for _, last := range []string{"", "< R 1:1(0)\n"} {
		tr := New(Options{Limits: Limits{Kept: -1}})
		most := 0
		var end *Event
		var d dissect.Decoder
		var p dissect.Packet
		frames := segtest.MustFrames(t, script+last+"conn 10.0.0.3:5 10.0.0.4:6\n+119 > S 0:0(0)\n+2 > S 0:0(0)\n+200 > S 0:0(0)")
		for i := range frames {
			d.Decode(&frames[i], &p)
			events := tr.Add(&p)
			for i := range events {
				if events[i].Type == TypeEnd && events[i].Conn == 1 {
					end, _ = events[i].Clone()
				}
			}
			most = max(most, tr.leaving.len())
		}
		if most != 1 {
			t.Errorf("%q: it has %d places", last, most)
		}
		if left := end != nil; left != (last != "") {
			t.Errorf("%q: it has left: %v", last, left)
		}
	}
}

// An RST to a SYN has number 0, which stands for nothing: what its sender sends
// when the program has started after all follows no gap.
func TestNumberOfRefusal(t *testing.T) {
	rows := rowsOf(t, segtest.Options{}, `
		> S 0:0(0)
		< R. #0 ack 1
		+.5 > S 0:0(0)
		< S. 0:0(0) ack 1
		> . ack 1`)
	for _, r := range rows {
		if bytes.Contains([]byte(r), []byte("lost-segment")) {
			t.Errorf("a gap is told: %s", r)
		}
	}
}

// Of a header whose end was not captured Wireshark says nothing, nor do we.
func TestShortHeader(t *testing.T) {
	rows := rowsOf(t, segtest.Options{}, `
		snap 50
		> S 0:0(0)
		+1 > S 0:0(0)`)
	for _, r := range rows {
		if bytes.Contains([]byte(r), []byte("retransmission")) {
			t.Errorf("labelled: %s", r)
		}
	}
}
