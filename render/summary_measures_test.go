package render

import (
	"testing"
	"time"

	"tcpsee/dissect/conn"
)

func TestMeasured(t *testing.T) {
	g := newGlyphs(false)
	c := conn.Connection{First: 1e9, Last: 3e9, Unique: [2]uint64{4000, 0}}
	c.Measures = conn.Measures{
		RTT:        [2]conn.RoundTrips{conn.Server: {Count: 1, Min: time.Millisecond, Mean: 2 * time.Millisecond, Max: 4 * time.Millisecond}},
		RTO:        [2]time.Duration{204 * time.Millisecond, 0},
		InFlight:   [2]uint32{1448, 0},
		Window:     [2]conn.WindowUse{{Bytes: 1448, Window: 2896}, {}},
		Silence:    1500 * time.Millisecond,
		SilenceEnd: 7,
	}
	const want = `measured here, at the place of the capture:
  to the server and back: 1.00 ms to 4.00 ms, on average 2.00 ms (1 ACK)
  sent by the client: 4,000 B in all, 2,000 B/s; at most 1,448 B in flight, 50%
    of the window; sent again after at most 204 ms
  longest silence: 1.500 s, until frame 7
`
	if got := string(appendMeasured(nil, &c, 80, &g)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := appendMeasured(nil, &conn.Connection{}, 80, &g); len(got) != 0 {
		t.Errorf("of nothing: %s", got)
	}
	if got := percent(0.004); got != "under 1%" {
		t.Error(got)
	}
}
