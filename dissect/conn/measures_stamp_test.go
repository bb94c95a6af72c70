package conn

import (
	"testing"
	"time"
)

// Karn's rule forbids a sample where bytes were sent twice; timestamps tell
// which copy is answered.
func TestRoundTripByTimestamps(t *testing.T) {
	const open = `
		0.000 > S 0:0(0) <TS val 100 ecr 0>
		0.010 < S. 0:0(0) ack 1 <TS val 900 ecr 100>
		0.020 > . ack 1 <nop,nop,TS val 120 ecr 900>
		1.000 > P. 1:11(10) ack 1 <nop,nop,TS val 1000 ecr 900>
		1.300 > P. 1:11(10) ack 1 <nop,nop,TS val %RESEND ecr 900>
		`
	tests := []struct {
		name, script string
		want         time.Duration
		echoed       bool
	}{
		{"the second copy", "1.350 < . ack 11 <nop,nop,TS val 2000 ecr 1300>", 50 * time.Millisecond, true},
		{"the first copy: sending it again was for nothing", "1.350 < . ack 11 <nop,nop,TS val 2000 ecr 1000>", 350 * time.Millisecond, true},
		{"neither", "1.350 < . ack 11 <nop,nop,TS val 2000 ecr 1200>", 0, false},
		{"no timestamp", "1.350 < . ack 11", 0, false},
		{"nothing acknowledged", "1.350 < . ack 1 <nop,nop,TS val 2000 ecr 1300>", 0, false},
	}
	script := func(resend string) string {
		const mark = "%RESEND"
		for i := 0; ; i++ {
			if open[i:i+len(mark)] == mark {
				return open[:i] + resend + open[i+len(mark):]
			}
		}
	}
	last := func(s string) (rtt time.Duration, echoed bool) {
		run(t, New(Options{}), s, func(e *Event) {
			if e.Type == TypeSegment {
				rtt, echoed = e.RTT, e.RTTEchoed
			}
		})
		return rtt, echoed
	}
	for _, tt := range tests {
		if rtt, echoed := last(script("1300") + tt.script); rtt != tt.want || echoed != tt.echoed {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, rtt, echoed, tt.want, tt.echoed)
		}
	}
	if rtt, echoed := last(script("1000") + "1.350 < . ack 11 <nop,nop,TS val 2000 ecr 1000>"); rtt != 0 || echoed {
		t.Errorf("both copies have the same timestamp, and %v is measured", rtt)
	}
}

// What lies in the acknowledgement number of a segment without ACK acknowledges
// nothing (RFC 9293, section 3.1), wherever numbers begin.
func TestNoAckAcknowledgesNothing(t *testing.T) {
	scripts := map[string]string{
		"data":      "0 > S 0:0(0)\n.1 < S. 0:0(0) ack 1\n.2 > . ack 1\n1 > P. 1:11(10) ack 1\n1.1 < - 1:1(0)\n1.3 < . ack 11",
		"a SYN":     "0 > S 0:0(0)\n.1 < S 0:0(0)\n.2 > S. 0:0(0) ack 1\n.3 < S. 0:0(0) ack 1",
		"an answer": "0 > S 0:0(0)\n.1 < S. 0:0(0) ack 1\n.2 > S 0:0(0)\n.3 < S. 0:0(0) ack 1\n.4 > . ack 1",
	}
	for name, script := range scripts {
		for _, iss := range []string{"1000 5000", "1000 3000000000", "3000000000 5000", "4294967295 4294967295"} {
			last := time.Duration(0)
			run(t, New(Options{}), "iss "+iss+"\n"+script, func(e *Event) {
				if e.Type == TypeSegment && e.RTT+e.RTO > 0 {
					last = e.RTT + e.RTO
				}
			})
			want := map[string]time.Duration{"data": 300, "a SYN": 300, "an answer": 200}[name] * time.Millisecond
			if last != want {
				t.Errorf("%s, from %s: the last time is %v, want %v", name, iss, last, want)
			}
		}
	}
}
