package conn

import (
	"strings"
	"testing"
)

// TestClosedLate holds that a long CLOSE-WAIT is told of where nothing more was
// sent in it, and only there.
func TestClosedLate(t *testing.T) {
	const fin = opened3 + "0.1 > F. 1:1(0) ack 1\n+.001 < . 1 ack 2\n"
	for _, tt := range []struct {
		name, script string
		text         string // a part; "" for no word of it
		meaning      string
	}{
		{"server", fin + "3.1 < F. 1:1(0) ack 2\n+.001 > . ack 2", "; the server closed 3.0 s after the FIN of the client had come.", "In between, the server was in CLOSE-WAIT: perhaps its program had not read to the end (recv() returns 0 there), waited for something else, or forgot close(). TIME-WAIT"},
		{"client", opened3 + "0.1 < F. 1:1(0) ack 1\n+.001 > . 1 ack 2\n5.1 > F. 1:1(0) ack 2\n+.001 < . 2 ack 2", "; the client closed 5.0 s after the FIN of the server had come.", "plain nc stays until it is told to go; another program has perhaps forgotten close(). TIME-WAIT"},
		{"a FIN behind data in a queue", opened3 + "0.1 > . 1:1461(1460) ack 1\n> F. 1461:1461(0) ack 1\n2.0 < . 1 ack 1461\n3.1 < . 1 ack 1462\n+.001 < F. 1:1(0) ack 1462\n+.001 > . ack 2", "", ""},
		{"a FIN that was lost", opened3 + "0.1 > F. 1:1(0) ack 1\n0.4 > F. 1:1(0) ack 1\n1.3 > F. 1:1(0) ack 1\n+.001 < . 1 ack 2\n+.001 < F. 1:1(0) ack 2\n+.001 > . ack 2", "", ""},
		{"soon", fin + "0.5 < F. 1:1(0) ack 2\n+.001 > . ack 2", "", ""},
		{"half-close in use", fin + "2.0 < P. 1:4(3) ack 2\n+.001 > . ack 4\n3.1 < F. 4:4(0) ack 2\n+.001 > . ack 5", "", ""},
		{"data with the FIN", fin + "3.1 < FP. 1:4(3) ack 2\n+.001 > . ack 5", "", ""},
		{"FIN sent again", fin + "0.5 < F. 1:1(0) ack 2\n3.1 < F. 1:1(0) ack 2\n+.001 > . ack 2", "", ""},
		{"a long way", "0.0 > S 0:0(0)\n+2 < S. 0:0(0) ack 1\n+.001 > . ack 1\n2.1 > F. 1:1(0) ack 1\n4.1 < . 1 ack 2\n4.2 < F. 1:1(0) ack 2\n+.001 > . ack 2", "", ""},
	} {
		ends, _ := follow(t, tt.script)
		v := ends[0].Verdict
		if v.Outcome != OutcomeClosed {
			t.Fatalf("%s: %s: %s", tt.name, v.Outcome, v.Text)
		}
		if tt.text == "" {
			if strings.Contains(v.Text+v.Meaning, "CLOSE-WAIT") || strings.Contains(v.Text, "after the FIN of") {
				t.Errorf("%s: %s %s", tt.name, v.Text, v.Meaning)
			}
			continue
		}
		if !strings.HasSuffix(v.Text, tt.text) || !strings.Contains(v.Meaning, tt.meaning) {
			t.Errorf("%s: %s %s", tt.name, v.Text, v.Meaning)
		}
	}
}
