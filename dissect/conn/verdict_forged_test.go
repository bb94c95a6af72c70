package conn

import (
	"fmt"
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
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
		"nobody heeds it": {far + get + "< R. 1:1(0) ack 6 ttl 119\n< P. 1:10(9) ack 6 ttl 52\n> . 6:6(0) ack 10\n> F. 6:6(0) ack 10\n< F. 10:10(0) ack 7\n> . 7:7(0) ack 11",
			OutcomeClosed, "client", "", "closed by the client", "An RST (5) ended nothing: it came in the server's name, perhaps from somebody on the way, and both ends went on. RST (5) came with the hop limit (TTL) 119", "", "", StateTimeWait, StateClosed},
		"who heeds it does not show": {far + get + "< R. 1:1(0) ack 6 ttl 52\n< P. 1:10(9) ack 6 ttl 52",
			OutcomeOpen, "", "", "established", "An RST (5) came in the server's name, perhaps from somebody on the way: the server went on (6). The client may have taken it.", "TTL", "", StateEstablished, StateEstablished},
		"its number does not fit": {far + get + "< R. 900:900(0) ack 6 ttl 119\n< P. 1:10(9) ack 6 ttl 52\n> . 6:6(0) ack 10",
			OutcomeOpen, "", "", "established", "An RST (5) ended nothing: its number did not fit, and its sender went on (6).", "", "", StateEstablished, StateEstablished},
		"the hop limit alone": {far + get + "+.004 < R. 1:1(0) ack 6 ttl 119",
			OutcomeReset, "server", detailForged, "reset by the server, or in its name after", "perhaps it is not the server that sent RST", "", "4 5", StateClosed, StateClosed},
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

// A SYN-ACK with another number than the one that was acknowledged changes
// nothing, unless the client acknowledges it in turn.
func TestSecondAnswer(t *testing.T) {
	const two = opened3 + "< S. #905000:#905000(0) ack 1 <mss 900,wscale 3>\n"
	const rest = "> P. 1:6(5) ack 1\n< P. 1:10(9) ack 6\n> . 6:6(0) ack 10\n> F. 6:6(0) ack 10\n< F. 10:10(0) ack 7\n> . 7:7(0) ack 11"
	for name, tt := range map[string]struct{ script, seqs, text, meaning string }{
		"the first counts": {two + "> . 1:1(0) ack 1\n< R #905001:#905001(0)\n" + rest,
			"0 900000 900001 1 10", "closed by the client, three segments (10 11 12)", "two SYN-ACKs with different numbers (2 4): perhaps two machines have the address 10.0.0.2. The client went on with the first."},
		"the second counts": {two + "> . 1:1(0) ack #905001\n> P. 1:6(5) ack #905001\n< . #905001:#905001(0) ack 6",
			"0 900000 1", "established", "different numbers (2 4): perhaps two machines have the address 10.0.0.2. The client went on with the second."},
		"the first again": {opened3 + "< S. 0:0(0) ack 1\n> . 1:1(0) ack 1\n" + rest,
			"0 0 1 10", "closed by the client, three segments", ""},
	} {
		tracker := New(Options{})
		var d dissect.Decoder
		var p dissect.Packet
		var seqs []string
		for _, f := range segtest.MustFrames(t, tt.script) {
			d.Decode(&f, &p)
			for _, e := range tracker.Add(&p) {
				if e.Type == TypeSegment && e.From == Server {
					seqs = append(seqs, strings.ReplaceAll(count(uint64(e.Seq)), ",", ""))
				}
				if e.Type == TypeSegment && e.Kind == KindRST && !strings.Contains(e.Sentence(), "takes no notice") {
					t.Errorf("%s: %q", name, e.Sentence())
				}
			}
		}
		v := tracker.End()[0].Connection.Verdict
		if got := strings.Join(seqs, " "); got != tt.seqs || !strings.Contains(v.Text, tt.text) || !strings.Contains(v.Meaning, tt.meaning) ||
			tt.meaning == "" && strings.Contains(v.Meaning, "two SYN-ACKs") {
			t.Errorf("%s: %s\n%q\n%q", name, got, v.Text, v.Meaning)
		}
	}
}
