package render

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestAppendUint compares with strconv around every power of ten and of two.
func TestAppendUint(t *testing.T) {
	check := func(v uint64) {
		t.Helper()
		if got, want := string(appendUint([]byte("x"), v)), "x"+strconv.FormatUint(v, 10); got != want {
			t.Fatalf("appendUint(%d) = %s", v, got)
		}
	}
	for _, v := range []uint64{0, 9, 10, 99, math.MaxUint32, math.MaxInt64, math.MaxUint64} {
		check(v)
	}
	for p := uint64(1); ; p *= 10 {
		check(p - 1)
		check(p)
		check(p + 1)
		if p == 1e19 {
			break
		}
	}
	for shift := range 64 {
		check(1 << shift)
		check(1<<shift - 1)
	}
}

// TestAppendDigits: as many digits as are asked for, with zeros before them,
// and without those that are too many.
func TestAppendDigits(t *testing.T) {
	for _, v := range []uint64{0, 7, 42, 999, 1000, 123456789, 987654321012} {
		for n := range 21 {
			want := fmt.Sprintf("%020d", v)[20-n:]
			if got := string(appendDigits(nil, v, n)); got != want {
				t.Errorf("appendDigits(%d, %d) = %q, want %q", v, n, got, want)
			}
		}
	}
}

// TestRooms: the longest numbers, times and parts of a row fit where room was
// made for them, with what they write beyond their end.
func TestRooms(t *testing.T) {
	const beyond = 4
	if n := putUint(make([]byte, uintRoom), 0, math.MaxUint64); n+beyond > uintRoom {
		t.Errorf("a number takes %d of %d bytes", n, uintRoom)
	}
	if n := putSeconds(make([]byte, secondsRoom), 0, math.MinInt64); n+beyond > secondsRoom {
		t.Errorf("seconds take %d of %d bytes", n, secondsRoom)
	}
	if n := new(clockCache).putTime(make([]byte, timeRoom), 0, math.MinInt64+1); n+beyond > timeRoom {
		t.Errorf("a time takes %d of %d bytes", n, timeRoom)
	}
	options := []byte{1, 1, 8, 10, 255, 255, 255, 255, 255, 255, 255, 255}
	e := conn.Event{
		Type: conn.TypeSegment, Frame: math.MaxInt64, Conn: math.MaxInt64, Time: math.MaxInt64, Since: math.MinInt64,
		Seq: math.MaxUint32, Ack: math.MaxUint32, SeqSeen: true, AckSeen: true, Window: math.MaxUint32, InFlight: math.MaxUint32,
		RTT: math.MaxInt64, RTTEchoed: true, RTO: math.MaxInt64, Idle: math.MaxInt64,
		Packet: &dissect.Packet{TCP: dissect.TCP{Seq: math.MaxUint32, Ack: math.MaxUint32, Window: math.MaxUint16, Len: math.MaxInt, Options: options}},
	}
	n := new(ndjson)
	for _, part := range []struct {
		name string
		room int
		text []byte
	}{
		{"the moment", momentRoom, n.moment(nil, "", &e)},
		{"the header", tcpRoom, appendTCP(nil, &e, &e.Packet.TCP)},
		{"timings", timingsRoom, appendTimings(nil, &e)},
	} {
		if len(part.text)+beyond > part.room {
			t.Errorf("%s: %d of %d bytes: %s", part.name, len(part.text), part.room, part.text)
		}
	}
	var row map[string]any
	if err := json.Unmarshal(n.segment(nil, &e), &row); err != nil {
		t.Error(err)
	}
}

func BenchmarkAppendUint(b *testing.B) {
	buf := make([]byte, 0, 64)
	for _, v := range []uint64{7, 1460, 64240, 123456, 3405691582} {
		b.Run(strconv.FormatUint(v, 10), func(b *testing.B) {
			for b.Loop() {
				buf = appendUint(buf[:0], v)
			}
		})
	}
}
