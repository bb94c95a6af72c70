package conn

import (
	"fmt"
	"strings"
	"testing"
)

// far is a connection whose server is twelve hops away.
const far = `
0.0   > S 0:0(0) win 64240 <mss 1460>
+.020 < S. 0:0(0) ack 1 ttl 52 <mss 1460>
+.001 > . ack 1
`

// RSTs in the name of an end that did not send them.
func TestForgedReset(t *testing.T) {
	const get = "> P. 1:6(5) ack 1\n"
	for name, tt := range map[string]struct {
		script         string
		outcome        Outcome
		by, detail     string
		text, meaning  string
		lacks          string // in text and meaning
		evidence       string
		client, server State
	}{
		"the server goes on": {far + get + "+.004 < R. 1:1(0) ack 6 ttl 119\n+.016 < . 1:1(0) ack 6 ttl 52\n< P. 1:10(9) ack 6 ttl 52\n> R 6:6(0)",
			OutcomeReset, "", detailForged, "reset in the server's name by somebody on the way (5): the server went on (6), and the client, for which the connection was over, answered that with RST (8).",
			"RST (5) came with the hop limit (TTL) 119, what the server sent with 52.", "ended nothing", "5 6 8", StateClosed, StateClosed},
		"the same, of a machine as far away": {opened3 + get + "< R. 1:1(0) ack 6\n< P. 1:10(9) ack 6\n> R 6:6(0)",
			OutcomeReset, "", detailForged, "reset in the server's name by somebody on the way (5): the server went on (6)", "had the number that the client expected", "TTL", "5 6 7", StateClosed, StateClosed},
		"an ACK that RST overtook": {opened3 + get + "< R. 1:1(0) ack 6\n< . 1:1(0) ack 6\n> R 6:6(0)",
			OutcomeReset, "server", detailAfterData, "reset by the server: it came after data of the client (4)", "", "somebody on the way", "", StateClosed, StateClosed},
		"in the client's name": {opened3 + get + "< . 1:1(0) ack 6\n> R. 6:6(0) ack 1\n> P. 6:11(5) ack 1\n< R 1:1(0)",
			OutcomeReset, "", detailForged, "reset in the client's name by somebody on the way (6): the client went on (7), and the server", "capture", "", "6 7 8", StateClosed, StateClosed},
		"the client's next words crossed it": {far + get + "< P. 1:10(9) ack 6 ttl 52\n< R. 10:10(0) ack 6 ttl 119\n> P. 6:11(5) ack 10\n+.02 < P. 10:19(9) ack 11 ttl 52\n> R 11:11(0)",
			OutcomeReset, "", detailForged, "reset in the server's name by somebody on the way (6): the server went on (8), and the client, for which the connection was over, answered that with RST (9).",
			"", "ended nothing", "6 8 9", StateClosed, StateClosed},
		"the client lived on, and ends later": {far + get + "< R. 1:1(0) ack 6 ttl 119\n< P. 1:10(9) ack 6 ttl 52\n> . 6:6(0) ack 10\n+5 < P. 10:19(9) ack 6 ttl 52\n> R 6:6(0)",
			OutcomeReset, "client", detailForgotten, "", "An RST (5) ended nothing", "", "", StateUnknown, StateUnknown},
		"nobody heeds it": {far + get + "< R. 1:1(0) ack 6 ttl 119\n< P. 1:10(9) ack 6 ttl 52\n> . 6:6(0) ack 10\n> F. 6:6(0) ack 10\n< F. 10:10(0) ack 7\n> . 7:7(0) ack 11",
			OutcomeClosed, "client", "", "closed by the client", "An RST (5) ended nothing: it came in the server's name, perhaps from somebody on the way, and both ends went on. RST (5) came with the hop limit (TTL) 119", "", "", StateTimeWait, StateClosed},
		"who heeds it does not show": {far + get + "< R. 1:1(0) ack 6 ttl 52\n< P. 1:10(9) ack 6 ttl 52",
			OutcomeOpen, "", "", "established", "An RST (5) came in the server's name, perhaps from somebody on the way: the server went on (6). The client may have taken it.", "TTL", "", StateEstablished, StateEstablished},
		"its number does not fit": {far + get + "< R. 900:900(0) ack 6 ttl 119\n< P. 1:10(9) ack 6 ttl 52\n> . 6:6(0) ack 10",
			OutcomeOpen, "", "", "established", "An RST (5) ended nothing: its number did not fit, and its sender went on (6).", "", "", StateEstablished, StateEstablished},
		"the hop limit alone": {far + get + "+.004 < R. 1:1(0) ack 6 ttl 119",
			OutcomeReset, "server", detailForged, "reset by the server, or in its name after", "perhaps it is not the server that sent RST", "", "4 5", StateClosed, StateClosed},
		"at both ends at once": {far + get + "+.004 > R 6:6(0) ttl 249\n+.001 < R 1:1(0) ttl 249\n+.02 < . 1:1(0) ack 6 ttl 52",
			OutcomeReset, "", detailForged, "reset in both ends' names after", "RST (5) of the client came with the hop limit (TTL) 249, its SYN with 64; RST (6) of the server came with 249, its SYN-ACK with 52.", "", "5 6", StateUnknown, StateUnknown},
		"hop limits that routes explain": {far + get + "+.004 < R. 1:1(0) ack 6 ttl 54",
			OutcomeReset, "server", detailAfterData, "it came after data of the client (4)", "", "TTL", "", StateClosed, StateClosed},
		"refused in its name": {"> S 0:0(0)\n+.0003 < R. #0:#0(0) ack 1 ttl 255 win 0\n+.03 < S. 0:0(0) ack 1 ttl 57\n> R 1:1(0)",
			OutcomeRefused, "", detailForged, "refused in the server's name by somebody on the way (2): the server itself answered with SYN-ACK (3), which the client met with RST (4)", "RST (2) came with the hop limit (TTL) 255, what the server sent with 57.", "gave up", "2 3 4", StateClosed, StateClosed},
		"refused in its name, and no more": {"> S 0:0(0)\n< R. #0:#0(0) ack 1 win 0\n< S. 0:0(0) ack 1",
			OutcomeRefused, "", detailForged, "answered with SYN-ACK (3).", "the port itself is open", "TTL", "2 3", StateClosed, StateSynReceived},
		"refused, and asked again": {"> S 0:0(0)\n< R. #0:#0(0) ack 1 win 0\n+.5 > S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 1",
			OutcomeOpen, "", "", "established", "", "name", "", StateUnknown, StateUnknown},
	} {
		ends, _ := follow(t, tt.script)
		c := ends[0]
		v, by := c.Verdict, ""
		if v.HasBy {
			by = v.By.String()
		}
		said := v.Text + " " + v.Meaning + " " + v.NextStep
		if len(ends) != 1 || v.Outcome != tt.outcome || by != tt.by || v.Detail != tt.detail || !strings.Contains(v.Text, tt.text) ||
			!strings.Contains(said, tt.meaning) || tt.lacks != "" && strings.Contains(said, tt.lacks) || tt.evidence != "" && fmt.Sprint(v.Evidence) != "["+tt.evidence+"]" {
			t.Errorf("%s: %s by %q, detail %q, evidence %v: %q\n%q", name, v.Outcome, by, v.Detail, v.Evidence, v.Text, v.Meaning)
		}
		if got := [2]State{c.States[Client], c.States[Server]}; tt.client != StateUnknown && got != [2]State{tt.client, tt.server} {
			t.Errorf("%s: the ends are in %v and %v", name, got[0], got[1])
		}
	}
}
