package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// Each difference from Wireshark has a script that shows it, and what
// Wireshark 4.0 calls the last segment.
func TestDifferences(t *testing.T) {
	const open = "> S 0:0(0) <mss 1000>\n< S. 0:0(0) ack 1 <mss 1000>\n> . ack 1\n"
	tests := map[Label][]struct{ script, wireshark, want string }{
		ZeroWindowProbe: {
			{open + "> P. 1:101(100)\n< . ack 101 win 0\n+.2 > . 100:100(0)", "keep-alive", "zero-window-probe"},
			{open + "> P. 1:101(100)\n< . ack 101 win 0\n+.2 > . 100:101(1)", "keep-alive window-full", "zero-window-probe window-full"},
			{open + "> P. 1:101(100)\n< . ack 101 win 9\n+.2 > . 100:100(0)", "keep-alive", "keep-alive"},
		},
		ZeroWindowProbeAck: {
			{open + "> P. 1:101(100)\n< . ack 101 win 0\n+.2 > . 100:100(0)\n< . ack 101 win 0", "zero-window", "zero-window zero-window-probe-ack"},
			{open + "> P. 1:101(100)\n< . ack 101 win 0\n+.2 > . 100:100(0)\n< . ack 101 win 99", "window-update", "window-update"},
			{open + "> P. 1:101(100)\n< . ack 101 win 0\n+.2 > . 101:102(1)\n< . ack 101 win 0\n< . ack 101 win 99\n< . ack 101 win 0", "zero-window", "zero-window"},
		},
		SimultaneousOpen: {
			{"> S 0:0(0)\n< S 0:0(0)\n> S. 0:0(0) ack 1", "retransmission", "simultaneous-open"},
			{"> S 0:0(0)\n< S 0:0(0)\n< S 0:0(0)", "retransmission", "retransmission"},
		},
		ChallengeAck: {
			{open + "> P. 1:101(100)\n< . ack 101\n> R 900:900(0)\n< . ack 101", "dup-ack", "dup-ack challenge-ack"},
			{open + "> P. 1:101(100)\n< . ack 101\n+1 > S 0:0(0)\n< . ack 101", "dup-ack", "dup-ack challenge-ack"},
			{"> S 0:0(0)\n< . 700:700(0) ack 900", "", "ack-lost-segment challenge-ack"},
			{open + "> P. 1:101(100)\n< . ack 101\n< . ack 101", "dup-ack", "dup-ack"},
		},
		Refused: {
			{"> S 0:0(0)\n< R. 0:0(0) ack 1", "", "refused"},
			{"> S 0:0(0)\n< R. 0:0(0) ack 1\n+.5 > S 0:0(0)\n< R. 0:0(0) ack 1", "", "refused"},
			{"> S 0:0(0)\n< S. 0:0(0) ack 1\n< R. 1:1(0) ack 1", "", ""},
		},
		Offloaded: {
			{open + "> P. 1:3001(3000)", "", "offloaded"},
			{open + "> P. 1:1001(1000)", "", ""},
		},
		HalfClose: {
			{open + "> F. 1:1(0) ack 1\n< . ack 2\n< P. 1:9(8) ack 2", "", "half-close"},
			{open + "< P. 1:9(8) ack 1", "", ""},
		},
		DuplicateCapture: {
			{open + "> P. 1:101(100)\ndup", "retransmission", "duplicate-capture"},
			{open + "> P. 1:101(100)\n< . ack 101 id 7\ndup", "dup-ack", "duplicate-capture"},
			{open + "> P. 1:101(100)\n< . ack 101 id 7\n< . ack 101 id 8", "dup-ack", "dup-ack"},
		},
		UnacceptableAck: {
			{"> S 0:0(0)\n< S. 0:0(0) ack 900", "ack-lost-segment tfo-ack", "ack-lost-segment tfo-ack unacceptable-ack"},
			{"> S 0:0(0)\n< S. 0:0(0) ack #900", "tfo-ack", "tfo-ack unacceptable-ack"},
			{"> S 0:0(0)\n< S. 0:0(0) ack 1", "", ""},
		},
		OutsideWindow: {
			{open + "> P. 1:101(100)\n< . ack 101\n> P. 1073741825:1073741925(100) ack 1", "lost-segment", "outside-window"},
			{open + "> P. 1:101(100)\n< . ack 101\n> P. #100:#200(100) ack 1\n> P. #4000000000:#4000000100(100) ack 1", "spurious-retransmission", "outside-window spurious-retransmission"},
			{open + "> P. 1:101(100)\n< . ack 101\n+60 > P. 1073741825:1073741925(100) ack 1", "lost-segment", "lost-segment"},
			{open + "> P. 1:101(100)\n< . ack 101\n> P. 1000101:1000201(100) ack 1", "lost-segment", "lost-segment"},
		},
		PortReuse: {
			{"> S 0:0(0)\n< S. 0:0(0) ack 1\n< S. 9000:9000(0) ack 1", "lost-segment port-reuse", "port-reuse"},
			{"> S 0:0(0)\n< S. 9000:9000(0) ack 1\n< S. 0:0(0) ack 1", "retransmission port-reuse", "port-reuse"},
		},
		DupAck: {
			{open + "> P. 1:101(100)\n< . ack 101 <mptcp 2001,mptcp 30>\n< . ack 101 <mptcp 2001,mptcp 30>", "dup-ack", ""},
			{open + "> P. 1:101(100)\n< . ack 101 <mptcp 2001>\n< . ack 101 <mptcp 7000>", "dup-ack", ""},
			{open + "> P. 1:101(100)\n< . ack 101 <mptcp 2001>\n< . ack 101 <mptcp 2001>", "dup-ack", "dup-ack"},
		},
		AckLostSegment: {
			{open + strings.Repeat("> . \"x\"\n", 10001) + "> F.\n< .", "ack-lost-segment", ""},
			{open + "> . \"x\"\n< . ack 3", "ack-lost-segment", "ack-lost-segment"},
		},
		SpuriousRetransmission: {
			{open + "> P. 1:101(100)\n< R 1:1(0) ack #900000\n> P. 101:201(100) ack 1", "spurious-retransmission", ""},
			{open + "> P. 1:101(100)\n< R. 1:1(0) ack 101\n> P. 1:101(100) ack 1", "spurious-retransmission", "spurious-retransmission"},
		},
		TimeWait: {
			{open + "> F. 1:1(0) ack 1\n< F. 1:1(0) ack 2", "", "time-wait"},
			{open + "> F. 1:1(0) ack 1\n< . ack 2", "", ""},
		},
	}
	for _, d := range differences() {
		cases := tests[d.label]
		if len(cases) == 0 {
			t.Errorf("%v has no test", d.label)
		}
		if d.reason == "" {
			t.Errorf("%v has no reason", d.label)
		}
		for _, tt := range cases {
			rows := rowsOf(t, segtest.Options{}, tt.script)
			words := strings.Fields(rows[len(rows)-1])[4:]
			if got := strings.Join(words, " "); got != tt.want {
				t.Errorf("%v: %q of\n%s\nwant %q (Wireshark: %q)", d.label, got, tt.script, tt.want, tt.wireshark)
			}
		}
	}
}

// Each number that is not Wireshark's has a script that shows it.
func TestNumberDifferences(t *testing.T) {
	const open = "> S 0:0(0) <mss 1000>\n< S. 0:0(0) ack 1 <mss 1000>\n> . ack 1\n"
	tests := map[string]struct {
		script    string
		of        func(*Event) uint32 // of the last segment
		want      uint32
		wireshark uint32
		labels    Labels
	}{
		"retransmissions": {open + "> . 1:101(100)\n> . 101:201(100)\n> . 201:301(100)\n+.0001 > . 1:101(100)",
			func(e *Event) uint32 { return uint32(e.Connection.Retransmits[Client]) }, 1, 0, 1 << OutOfOrder},
		"ack": {"> S 0:0(0) ack #4711", func(e *Event) uint32 { return e.Ack }, 0, 4711, 0},
		"seq": {open + "< S. #7000:#7000(0) ack 1\n> . 1:1(0) ack 1\n< P. 1:11(10) ack 1", func(e *Event) uint32 { return e.Seq }, 1, 0xffffffff, 0},
		"dup_ack_num": {open + "> P. 1:101(100)\n< . ack 101 id 7\ndup\n< . ack 101 id 8", func(e *Event) uint32 { return uint32(e.DupAckNum) }, 1, 2,
			1 << DupAck},
		"win": {"> S 0:0(0) win 900 <wscale 3>\n< S. 0:0(0) ack 1\n+1 > S 0:0(0) win 900 <wscale 3>\n< S. 0:0(0) ack 1\n> . ack 1 win 100",
			func(e *Event) uint32 { return e.Window }, 100, 800, 0},
		"rtt": {open + "1.000 > P. 101:201(100)\n1.001 > P. 1:101(100)\n1.005 < . ack 201", func(e *Event) uint32 { return uint32(e.RTT.Microseconds()) }, 4000, 5000, 0},
		"rto": {open + "1.0 > P. 1:101(100)\n2.0 > P. 1:101(100)\n4.0 > P. 1:101(100)", func(e *Event) uint32 { return uint32(e.RTO.Seconds()) }, 2, 3,
			1 << Retransmission},
		"in_flight": {"> S 0:0(0) <sackOK>\n< S. 0:0(0) ack 1 <sackOK>\n> . ack 1\n> P. 1:101(100)\n> P. 101:201(100)\n< . ack 1 <sack 101:201>\n> P. 201:301(100)",
			func(e *Event) uint32 { return e.InFlight }, 300, 200, 0},
		"irtt": {"0.000 > S 0:0(0)\n0.001 < S 0:0(0)\n0.010 > S. 0:0(0) ack 1\n0.011 < S. 0:0(0) ack 1\n0.100 > P. 1:8(7) ack 1",
			func(e *Event) uint32 { return uint32(e.IRTT.Milliseconds()) }, 11, 99, 0},
		"labels": {"> S 0:0(0)\n< . #7000:#7000(0) ack #99999\n> R #99999:#99999(0)\n+1 > S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 1\n> P. 1:3(2) ack 1\n< P. 1:11(10) ack 3",
			func(e *Event) uint32 { return uint32(e.Labels) }, 0, 1 << Retransmission, 0},
		"completeness": {"> P. 1:11(10) ack 1", func(e *Event) uint32 { return uint32(e.Detail.Completeness) }, uint32(completeData), 0, 0},
	}
	for _, d := range numberDifferences() {
		tt, ok := tests[d.field]
		if !ok || d.reason == "" {
			t.Errorf("%s has no test, or no reason", d.field)
			continue
		}
		tracker := New(Options{Detail: true})
		var dec dissect.Decoder
		var p dissect.Packet
		var got uint32
		var labels Labels
		for _, f := range segtest.MustFrames(t, tt.script) {
			dec.Decode(&f, &p)
			for _, e := range tracker.Add(&p) {
				if labels = e.Labels; d.field != "retransmissions" {
					got = tt.of(&e)
				}
			}
		}
		if d.field == "retransmissions" { // it is the connection's
			got = tt.of(&tracker.End()[0])
		}
		if got != tt.want || labels != tt.labels {
			t.Errorf("%s is %d, labels %b; want %d, %b (Wireshark: %d)", d.field, got, labels, tt.want, tt.labels, tt.wireshark)
		}
	}
}

func TestDuplicateCapture(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string // labels of the rows, in order
	}{
		{"each packet twice", `
			> S 0:0(0)
			dup
			< S. 0:0(0) ack 1
			dup
			> . ack 1
			dup
			> P. 1:11(10)
			dup
			< . ack 11
			dup`, []string{"", "duplicate-capture", "", "duplicate-capture", "", "duplicate-capture", "", "duplicate-capture", "", "duplicate-capture"}},
		{"sent again after a time-out", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> . ack 1
			> P. 1:11(10) id 7
			+.3 > P. 1:11(10) id 8`, []string{"", "", "", "", "retransmission"}},
		{"duplicate ACKs are no copies", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> . ack 1
			> P. 1:11(10)
			< . 1 ack 11 id 5
			< . 1 ack 11 id 6
			< . 1 ack 11 id 7`, []string{"", "", "", "", "", "dup-ack", "dup-ack"}},
		{"sent again at once after an ACK that came twice and was captured twice each time", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> . ack 1
			> P. 1:11(10)
			> P. 11:21(10)
			> P. 21:31(10)
			< . 1 ack 11 id 5
			dup
			< . 1 ack 11 id 6
			dup
			> P. 11:21(10) id 9`, []string{"", "", "", "", "", "", "", "duplicate-capture", "dup-ack", "duplicate-capture", "fast-retransmission"}},
		{"sent again after \"fragmentation needed\", in the same millisecond", `
			+.0002 > S 0:0(0) id 0
			+.0002 < S. 0:0(0) ack 1 id 0
			+.0002 > . ack 1 id 0
			+.0002 > P. 1:11(10) id 0
			+.0002 icmp from 10.0.0.9 unreachable frag mtu 1400
			+.0002 > P. 1:11(10) id 0
			dup`, []string{"", "", "", "", "retransmission", "duplicate-capture"}},
		{"sent again since the other end asks, in the same millisecond", `
			+.0002 > S 0:0(0) id 0
			+.0002 < S. 0:0(0) ack 1 id 0
			+.0002 > . ack 1 id 0
			+.0002 > P. 1:11(10) id 0
			+.0002 < . 1 ack 1 win 60000 id 0
			+.0002 > P. 1:11(10) id 0`, []string{"", "", "", "", "window-update", "retransmission"}},
		{"captured twice, and the answer in between", `
			+.0002 > S 0:0(0) id 0
			dup
			+.0002 < S. 0:0(0) ack 1 id 0
			dup
			+.0002 > . ack 1 id 0
			+.0002 > P. 1:11(10) id 0
			+.0002 < . 1 ack 11 id 0
			+.0002 > P. 1:11(10) id 0`, []string{"", "duplicate-capture", "", "duplicate-capture", "", "", "", "duplicate-capture"}},
		{"an RST for each packet that comes after the end", `
			+.0002 > S 0:0(0) id 0
			+.0002 < S. 0:0(0) ack 1 id 0
			+.0002 > . ack 1 id 0
			+.0002 < P. 1:11(10) id 0
			+.0002 < P. 11:21(10) id 0
			+.0002 > R 1:1(0) id 0
			+.0002 > R 1:1(0) id 0`, []string{"", "", "", "", "", "", ""}},
		{"a copy of the last ACK after an older one", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> . ack 1
			> P. 1:11(10)
			> P. 11:21(10)
			< . 1 ack 21 id 5
			+.0001 < . 1 ack 11 id 4
			+.0001 < . 1 ack 21 id 5
			> P. 1:11(10) id 9`, []string{"", "", "", "", "", "", "", "duplicate-capture", "spurious-retransmission"}},
		{"what both copies acknowledge was never captured", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> . ack 1
			> P. 1:11(10)
			> P. 21:31(10)
			< . 1 ack 41 id 5
			dup
			< . 1 ack 61 id 6`, []string{"", "", "", "", "lost-segment", "ack-lost-segment", "duplicate-capture", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, r := range rowsOf(t, segtest.Options{}, tt.script) {
				words := slices.DeleteFunc(strings.Fields(r)[4:], func(w string) bool { return w == "handshake" })
				got = append(got, strings.Join(words, " "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("labels %q, want %q", got, tt.want)
			}
		})
	}
}

// With transmit offload the checksum in the capture is the pseudo-header's alone,
// and without an IP identification the timestamp tells what was sent again.
func TestDuplicateCaptureOffload(t *testing.T) {
	frames := segtest.MustFrames(t, `
		conn [fd00::1]:1 [fd00::2]:2
		+.0001 > S 0:0(0)
		+.0001 < S. 0:0(0) ack 1
		+.0001 > . ack 1
		+.0001 > P. 1:11(10) <nop,nop,TS val 5 ecr 1>
		+.0001 > P. 11:21(10) <nop,nop,TS val 5 ecr 1>
		+.0001 > P. 1:11(10) <nop,nop,TS val 6 ecr 1>
		+.0001 > P. 11:21(10) <nop,nop,TS val 6 ecr 1,sack 1:2>
		+.0001 > P. 11:21(10) <nop,nop,TS val 6 ecr 1,sack 1:3>
		dup`)
	tracker := New(Options{})
	var copies []int
	var d dissect.Decoder
	var p dissect.Packet
	for i := range frames {
		d.Decode(&frames[i], &p)
		p.TCP.Checksum = 0x1234
		for _, e := range tracker.Add(&p) {
			if e.Labels.Has(DuplicateCapture) {
				copies = append(copies, i+1)
			}
		}
	}
	if want := []int{9}; !slices.Equal(copies, want) {
		t.Errorf("frames %v are copies, want %v", copies, want)
	}
}

// A second place that lags behind: many packets pass before their copies.
func TestDuplicateCaptureLagging(t *testing.T) {
	script := "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n"
	var segments strings.Builder
	for i := range 60 {
		fmt.Fprintf(&segments, "+.00002 > P. %d:%d(100) ack 1 id %d\n", 1+100*i, 101+100*i, 7+i)
	}
	rows := rowsOf(t, segtest.Options{}, script+segments.String()+segments.String())[3:]
	for i, r := range rows {
		want := "client DATA ESTABLISHED ESTABLISHED"
		if i >= 60 {
			want += " duplicate-capture"
		}
		if r != want {
			t.Errorf("segment %d: %q, want %q", i+1, r, want)
		}
	}
}

// What is passed over for ordinary segments must hold for every shape: no rule
// but WindowFull may fit one.
func TestOrdinaryShapes(t *testing.T) {
	set := newRuleSet()
	const bits = 22
	for x := shape(0); x < 1<<bits; x++ {
		// Only what classify can make: where a segment lies is one thing.
		where := x & (atNext | belowNext | behindNext | beyondNext)
		if !x.ordinary() || where != 0 && where != atNext || x&(isEmpty|occupies) == isEmpty|occupies && x&(isPlain) != 0 ||
			x&(isEmpty|occupies) == 0 || x&isEmpty != 0 && x&(isOneByte|oversize) != 0 {
			continue
		}
		for _, rules := range [][]rule{set.open, set.place, set.ack, set.resend} {
			for _, r := range rules {
				if r.label != WindowFull && x&r.needs == r.needs && x&r.lacks == 0 {
					t.Fatalf("shape %b is ordinary, and fits %v", x, r.label)
				}
			}
		}
	}
}

// lastHas holds that the last segment of a script has the labels that Wireshark
// gives it.
func lastHas(t *testing.T, script, want string) {
	t.Helper()
	rows := rowsOf(t, segtest.Options{}, script)
	if got := strings.Join(strings.Fields(rows[len(rows)-1])[4:], " "); got != want {
		t.Errorf("%q after\n%s\nwant %q, as Wireshark has it", got, script, want)
	}
}

// A SYN with the number of the one before starts over, for its own label, too:
// what was sent past a gap is no newer segment then.
func TestSYNBehindAGap(t *testing.T) {
	const open = "0 > S 0:0(0)\n.0004 < S. 0:0(0) ack 1\n.0006 > . ack 1\n"
	for script, want := range map[string]string{
		".0008 > F. 2:2(0) ack 1\n.0009 > S 0:0(0)":             "retransmission",
		".0008 > P. 11:21(10) ack 1\n.0009 > S 0:0(0)":          "retransmission",
		".0008 > F. 1:1(0) ack 1\n.0009 > S 0:0(0)":             "out-of-order",
		".0008 > P. 11:21(10) ack 1\n.0009 > P. 1:11(10) ack 1": "out-of-order",
	} {
		lastHas(t, open+script, want)
	}
}

// An ACK with the number 0 far from what its sender has sent, as middleboxes
// forge them, tells nothing of that: what follows is in order.
func TestForgedACKWithoutANumber(t *testing.T) {
	const open = "iss 3000000000 5000\n> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:11(10) ack 1\n"
	for script, want := range map[string]string{
		"> . #0:#0(0) ack 1 win 0":                                            "lost-segment zero-window",
		"> . #0:#0(0) ack 1 win 0\n+.3 > P. 11:21(10) ack 1":                  "",
		"> . #0:#0(0) ack 1 win 0\n+.3 > . 11:11(0) ack 1\n+.3 > F. 11:11(0)": "",
		"> . #5:#5(0) ack 1 win 0\n+.3 > P. 11:21(10) ack 1":                  "retransmission",
	} {
		lastHas(t, open+script, want)
	}
}

func TestRulesAreCited(t *testing.T) {
	set := newRuleSet()
	for _, rules := range [][]rule{set.open, set.place, set.ack, set.resend} {
		for _, r := range rules {
			if !strings.Contains(r.cite, "tcp.analysis.") {
				t.Errorf("%v cites %q, no field of Wireshark's", r.label, r.cite)
			}
		}
	}
}

// Bits of completeness that are easily missed, as Wireshark sets them.
func TestCompletenessBits(t *testing.T) {
	for script, want := range map[string]uint8{
		"> S 0:5(5)": completeSYN | completeData, // data, though no Fast Open cookie stands with it
		"> S 0:5(5)\n< S. 0:0(0) ack 6\n> . 6:6(0) ack 1": completeSYN | completeSYNACK | completeACK | completeData,
		"> S 0:0(0)\n< S. 0:2(2) ack 1\n> . 1:1(0) ack 3": completeSYN | completeSYNACK | completeACK,
		"> S 0:0(0)\n< R. #0:#7(7) ack 1":                 completeSYN | completeData | completeRST,
	} {
		ends, _ := follow(t, script)
		if len(ends) != 1 || ends[0].Completeness != want {
			t.Errorf("%q: %d connections, completeness %d, want %d", script, len(ends), ends[0].Completeness, want)
		}
	}
}
