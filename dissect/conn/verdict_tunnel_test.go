package conn

import (
	"net/netip"
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// An ICMP error about a tunnel's packet is one about the connection that the
// packet carries, and names the tunnel's end, not the server.
func TestErrorsAboutTunnels(t *testing.T) {
	const stuck = opened3 + "> P. 1(10)\n< . ack 11\n> . 11(1460)\nicmp from 203.0.113.9 unreachable frag mtu 1400\n+.3 > . 11(1460)\n+.6 > . 11(1460)\n+1.2 > . 11(1460)"
	via := netip.MustParseAddr("192.0.2.9")
	for name, tt := range map[string]struct {
		script              string
		outcome             Outcome
		detail              string
		text, meaning, next string
	}{
		"the end is down": {"> S 0:0(0)\nicmp from 203.0.113.9 unreachable host", OutcomeUnreachable, "",
			"203.0.113.9 answered with ICMP \"host unreachable\".",
			"either 203.0.113.9 knows the way and 192.0.2.9 (the end of the tunnel that leads to 10.0.0.2) does not answer there",
			"ping -c 1 192.0.2.9"},
		"no tunnel there": {"> S 0:0(0)\nicmp from 192.0.2.9 unreachable port", OutcomeUnreachable, "",
			"192.0.2.9 answered with ICMP \"port unreachable\".",
			"192.0.2.9 says that nothing takes the tunnel's packets at 192.0.2.9 (the end of the tunnel that leads to 10.0.0.2).",
			"ip -d link show"},
		"too narrow": {stuck, OutcomeStalled, detailPathMTU,
			"203.0.113.9 says by ICMP that packets may have 1,400 bytes at most, the tunnel's headers among them, and the oldest of 1,460 bytes",
			"does not heed the error", "mtu 1400"},
	} {
		frames, err := segtest.Frames(segtest.Options{}, tt.script)
		if err != nil {
			t.Fatal(name, err)
		}
		tracker := New(Options{})
		for i := range frames {
			var d dissect.Decoder
			var p dissect.Packet
			if d.Decode(&frames[i], &p); p.Content == dissect.ContentICMP {
				p.ICMP.QuotedVia = via
			}
			tracker.Add(&p)
		}
		v := tracker.End()[0].Connection.Verdict
		if v.Outcome != tt.outcome || v.Detail != tt.detail || !strings.Contains(v.Text, tt.text) || !strings.Contains(v.Meaning, tt.meaning) || !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: %s %s: %q\n%q\nTry: %q", name, v.Outcome, v.Detail, v.Text, v.Meaning, v.NextStep)
		}
	}
}
