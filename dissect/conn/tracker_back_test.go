package conn

import (
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// Where time goes back, a connection lasts from its earliest to its latest
// segment, and its verdict says so once.
func TestTimeGoesBack(t *testing.T) {
	const script = opened3 + "> P. 1:6(5) ack 1\n< P. 1:10(9) ack 6\n> . 6:6(0) ack 10\n> F. 6:6(0) ack 10\n< F. 10:10(0) ack 7\n> . 7:7(0) ack 11"
	for name, tt := range map[string]struct {
		from  int // index of the first frame that is shifted
		by    time.Duration
		lasts time.Duration
		told  string
	}{
		"ten seconds":     {5, -10 * time.Second, 9998 * time.Millisecond, "Time goes back by 10.0 s (6): the clock was set"},
		"a little":        {5, -10 * time.Millisecond, 0, ""},
		"all but the SYN": {1, -50 * time.Millisecond, 0, ""},
		"not at all":      {5, 0, 8 * time.Millisecond, ""},
		"ahead":           {5, time.Second, 1008 * time.Millisecond, ""},
	} {
		for _, brief := range []bool{false, true} {
			tracker := New(Options{Brief: brief})
			var d dissect.Decoder
			var p dissect.Packet
			for i, f := range segtest.MustFrames(t, script) {
				if i >= tt.from {
					f.Time += capture.Stamp(tt.by)
				}
				d.Decode(&f, &p)
				tracker.Add(&p)
			}
			c := tracker.End()[0].Connection
			if got := c.Last.Sub(c.First); got < tt.lasts || got > tt.lasts+3*time.Millisecond {
				t.Errorf("%s: it lasts %v, want %v", name, got, tt.lasts)
			}
			if m := c.Verdict.Meaning; !brief && (!strings.Contains(m, tt.told) || tt.told == "" && strings.Contains(m, "goes back")) {
				t.Errorf("%s: %q", name, m)
			}
		}
	}
}

// What was captured twice was sent once.
func TestTwiceCapturedBytes(t *testing.T) {
	ends, _ := follow(t, opened3+"> P. 1:101(100) id 7\ndup\n< . ack 101\n> P. 101:151(50) id 8\ndup")
	if c := ends[0]; c.Bytes[Client] != 150 || c.Unique[Client] != 150 || c.LabelCount(DuplicateCapture) != 2 {
		t.Errorf("%d bytes, %d unique, %d copies", c.Bytes[Client], c.Unique[Client], c.LabelCount(DuplicateCapture))
	}
}
