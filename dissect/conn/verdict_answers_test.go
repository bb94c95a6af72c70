package conn

import (
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

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
		"the second is sent again": {two + "+1 < S. #905000:#905000(0) ack 1\n+2 < S. #905000:#905000(0) ack 1\n" + rest,
			"0 900000 900000 900000 1 10", "closed by the client, three segments (10 11 12)", "two SYN-ACKs with different numbers (2 6): perhaps two machines have the address 10.0.0.2. The client went on with the first."},
		"nobody minds the second": {two + rest, "0 900000 1 10", "closed by the client, three segments (8 9 10)", "two SYN-ACKs with different numbers (2 4)"},
		"a SYN proxy, seen from both sides": {strings.Replace(opened3, "ack 1 win 65160", "ack 1 win 0", 1) + "> S 0:0(0) win 0 <mss 1460,sackOK,nop,wscale 7>\n< S. #905000:#905000(0) ack 1 <mss 1460>\n> . 1:1(0) ack #905001\n",
			"0 900000", "established", "different numbers (2 5): the first (2) offered no window, as a SYN proxy does"},
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

type answersTest struct {
	script     string
	outcome    Outcome
	by, detail string
	text       string
	said       string // in meaning or next step
	lacks      string // in all of that
	states     [2]State
	labels     string // of the segments that have some, joined by |
}

func checkRivals(t *testing.T, tests map[string]answersTest) {
	t.Helper()
	for name, tt := range tests {
		v, _ := verdictOf(t, name, tt.script)
		by := ""
		if v.HasBy {
			by = v.By.String()
		}
		said := v.Meaning + " " + v.NextStep
		if v.Outcome != tt.outcome || by != tt.by || v.Detail != tt.detail || v.Text != tt.text || !strings.Contains(said, tt.said) ||
			tt.lacks != "" && strings.Contains(v.Text+" "+said, tt.lacks) {
			t.Errorf("%s: %s by %q, detail %q, evidence %v\n%q\n%q\n%q", name, v.Outcome, by, v.Detail, v.Evidence, v.Text, v.Meaning, v.NextStep)
		}
		var labels []string
		for _, row := range rowsOf(t, segtest.Options{}, tt.script) {
			if w := strings.Fields(strings.Replace(row, " handshake", "", 1)); len(w) > 4 {
				labels = append(labels, strings.Join(w[4:], " "))
			}
		}
		if got := strings.Join(labels, "|"); got != tt.labels {
			t.Errorf("%s: labels %q, want %q", name, got, tt.labels)
		}
		ends, _ := follow(t, tt.script)
		if got := ends[0].States; got != tt.states {
			t.Errorf("%s: the ends are in %v, want %v", name, got, tt.states)
		}
	}
}

// A SYN-ACK that acknowledges another SYN is met by RST, and the SYN that is
// sent again is answered (RFC 9293, section 3.5, figure 8).
func TestUnfitAnswer(t *testing.T) {
	const old = "> S 0:0(0)\n< S. 0:0(0) ack #901\n> R #901:#901(0)\n"
	const talk = "> P. 1:6(5) ack #5001\n< . #5001:#5001(0) ack 6\n< P. #5001:#5005(4) ack 6\n> . 6:6(0) ack #5005\n"
	checkRivals(t, map[string]answersTest{
		"figure 8": {"iss 1000 9000\n" + old + "+1 > S 0:0(0)\n< S. #5000:#5000(0) ack 1\n> . 1:1(0) ack #5001\n" + talk,
			OutcomeOpen, "", "", "established, and no end of it was captured.", "The server first answered an older SYN with the same ports (2): ack=4,294,967,197, where ack=1 was due; the client's RST (3) made it forget.", "", [2]State{StateEstablished, StateEstablished},
			"tfo-ack unacceptable-ack|retransmission|port-reuse"},
		"and the numbers rise": {"iss 1000 4000\n" + old + "+1 > S 0:0(0)\n< S. #5000:#5000(0) ack 1\n> . 1:1(0) ack #5001\n" + talk,
			OutcomeOpen, "", "", "established, and no end of it was captured.", "first answered an older SYN", "were lost", [2]State{StateEstablished, StateEstablished},
			"tfo-ack unacceptable-ack|retransmission|port-reuse"},
		"and no more": {old, OutcomeHalfOpen, "", detailStale, "the server's SYN-ACK (2) acknowledges another SYN: it has ack=4,294,967,197, and the client's SYN needs ack=1; the client met it with RST (3).",
			"the client sends its own SYN again", "", [2]State{StateSynSent, StateListen}, "tfo-ack unacceptable-ack"},
		"with RST and ACK": {strings.Replace(old, "> R ", "> R. ", 1), OutcomeHalfOpen, "", detailStale, "the server's SYN-ACK (2) acknowledges another SYN: it has ack=4,294,967,197, and the client's SYN needs ack=1; the client met it with RST (3).",
			"", "", [2]State{StateSynSent, StateListen}, "tfo-ack unacceptable-ack"},
		"each time": {"> S 0:0(0)\n< S. 0:0(0) ack #77777\n> R #77777:#77777(0)\n+1 > S 0:0(0)\n< S. 0:0(0) ack #77777\n> R #77777:#77777(0)", OutcomeHalfOpen, "", detailStale,
			"2 SYN-ACKs of the server (the first: 2) acknowledge another SYN: ack=76,777, and the client's SYN needs ack=1; the client meets them with RST (6).",
			"a device on the way changes the client's numbers and the way back goes around it", "", [2]State{StateSynSent, StateListen},
			"ack-lost-segment tfo-ack unacceptable-ack|retransmission|tfo-ack unacceptable-ack"},
		"and nobody minds": {"> S 0:0(0)\n< S. 0:0(0) ack #901\n> . 1:1(0) ack 1\n> P. 1:6(5) ack 1\n< . 1:1(0) ack 6",
			OutcomeOpen, "", detailWaiting, "established, and no end of it was captured in 2.0 ms.", "and the client went on with it: either another SYN was sent that is not here, or a header was damaged or changed.", "", [2]State{StateEstablished, StateEstablished},
			"tfo-ack unacceptable-ack"},
		"refused at last": {"> S 0:0(0)\n< S. 0:0(0) ack #901\n> R #901:#901(0)\n+1 > S 0:0(0)\n< R. #0:#0(0) ack 1", OutcomeRefused, "server", "",
			"10.0.0.2 is up, and answered the last of 2 SYNs with RST after 1.0 ms.", "", "", [2]State{StateClosed, StateClosed}, "tfo-ack unacceptable-ack|retransmission|refused"},
	})
}

// Two SYN-ACKs with different numbers, before the client has answered the first.
func TestTwoAnswers(t *testing.T) {
	const two = "iss 1000 9000\n> S 0:0(0) <mss 1000,wscale 2>\n< S. 0:0(0) ack 1 <mss 1000,wscale 2>\n< S. #5000:#5000(0) ack 1 <mss 900,wscale 5>\n"
	checkRivals(t, map[string]answersTest{
		"the first counts": {two + "> . 1:1(0) ack 1\n> P. 1:6(5) ack 1\n< . 1:1(0) ack 6\n< P. 1:5(4) ack 6\n> . 6:6(0) ack 5", OutcomeOpen, "", "",
			"established, and no end of it was captured in 4.0 ms.", "There are two SYN-ACKs with different numbers (2 3): perhaps two machines have the address 10.0.0.2. The client went on with the first.", "", [2]State{StateEstablished, StateEstablished}, "port-reuse"},
		"the second counts": {two + "> . 1:1(0) ack #5001\n> P. 1:6(5) ack #5001\n< . #5001:#5001(0) ack 6\n< P. #5001:#5005(4) ack 6\n> . 6:6(0) ack #5005", OutcomeOpen, "", "",
			"established, and no end of it was captured in 4.0 ms.", "The client went on with the second.", "", [2]State{StateEstablished, StateEstablished}, "port-reuse"},
		"RST of the other": {two + "> . 1:1(0) ack 1\n< R 1:1(0)", OutcomeReset, "server", detailTwoAnswers,
			"reset in the name of the server, by RST without ACK (5), after two SYN-ACKs with different numbers (2 3).", "perhaps two machines have the address 10.0.0.2. The client went on with the first. Its ACK may have come to the other machine", "There are", [2]State{StateClosed, StateClosed}, "port-reuse"},
		"RST of the other to the first's ACK, unheeded": {two + "> . 1:1(0) ack 1\n< R #5001:#5001(0)\n> P. 1:6(5) ack 1\n< . 1:1(0) ack 6", OutcomeOpen, "", detailWaiting,
			"established, and no end of it was captured in 3.0 ms.", "The client went on with the first.", "", [2]State{StateEstablished, StateEstablished}, "port-reuse"},
		"hop limits": {strings.Replace(two, "ack 1 <mss 900", "ack 1 ttl 52 <mss 900", 1) + "> . 1:1(0) ack 1", OutcomeOpen, "", "", "established, and no end of it was captured.",
			"they came with the hop limits (TTL) 64 and 52, so that two machines have sent them.", "", [2]State{StateEstablished, StateEstablished}, "port-reuse"},
		"a SYN between": {"iss 1000 9000\n> S 0:0(0)\n< S. 0:0(0) ack 1\n+1 > S 0:0(0)\n< S. #5000:#5000(0) ack 1\n> . 1:1(0) ack #5001", OutcomeOpen, "", "", "established, and no end of it was captured.",
			"perhaps a load balancer gave the second SYN to another machine, or the server was restarted", "", [2]State{StateEstablished, StateEstablished}, "retransmission|port-reuse"},
		"none acknowledged": {two + "+2 < S. #7000:#7000(0) ack 1 <mss 900>", OutcomeHalfOpen, "", detailTwoAnswers, "3 SYN-ACKs with different numbers (2 4) came, and no ACK of any of them.",
			"perhaps two machines", "", [2]State{StateEstablished, StateSynReceived}, "port-reuse|port-reuse"},
	})
}

// The window's scale and the round trip are those of the SYN-ACK that counts.
func TestTwoAnswersOptions(t *testing.T) {
	const two = "iss 1000 9000\n0 > S 0:0(0) <mss 1000,wscale 2>\n.010 < S. 0:0(0) ack 1 <mss 1000,wscale 2>\n.050 < S. #5000:#5000(0) ack 1 <mss 900,wscale 5>\n"
	for name, tt := range map[string]struct {
		script string
		window uint32
		half   int64 // ms
	}{
		"first":  {two + ".051 > . 1:1(0) ack 1\n< P. 1:5(4) ack 1 win 10", 40, 10},
		"second": {two + ".051 > . 1:1(0) ack #5001\n< P. #5001:#5005(4) ack 1 win 10", 320, 50},
	} {
		tracker := New(Options{})
		var d dissect.Decoder
		var p dissect.Packet
		var window uint32
		for _, f := range segtest.MustFrames(t, tt.script) {
			d.Decode(&f, &p)
			for _, e := range tracker.Add(&p) {
				if window = e.Window; e.Kind == KindSYNACK && e.OtherISS != strings.Contains(e.Sentence(), "at another number than its SYN-ACK before") {
					t.Errorf("%s: %q", name, e.Sentence())
				}
			}
		}
		c := tracker.End()[0].Connection
		if window != tt.window || c.HalfRTT[0].Milliseconds() != tt.half {
			t.Errorf("%s: window %d, SYN-ACK after %v", name, window, c.HalfRTT[0])
		}
	}
}

// Hardware addresses show that two machines have sent them.
func TestTwoAnswersLinks(t *testing.T) {
	frames := segtest.MustFrames(t, "iss 1000 9000\n> S 0:0(0)\n< S. 0:0(0) ack 1\n< S. #5000:#5000(0) ack 1\n> . 1:1(0) ack 1")
	frames[2].Data[11]++ // the last byte of the sender's
	tracker := New(Options{})
	var d dissect.Decoder
	var p dissect.Packet
	for i := range frames {
		d.Decode(&frames[i], &p)
		tracker.Add(&p)
	}
	const want = "they come from the hardware addresses 02:00:0a:00:00:02 and 02:00:0a:00:00:03. Either two machines here have the address 10.0.0.2, or two routers lead to it."
	if v := tracker.End()[0].Connection.Verdict; !strings.Contains(v.Meaning, want) {
		t.Errorf("%q", v.Meaning)
	}
}

// An ACK that fits no SYN-ACK is met by RST (RFC 9293, section 3.10.7.4), and a
// SYN with another number takes the place of a connection.
func TestUnfitACK(t *testing.T) {
	const text = "the server met the client's ACK with RST (4): it has ack=77, and the SYN-ACK (2) needs ack=1."
	const asked = "> S 0:0(0)\n< S. 0:0(0) ack 1\n"
	checkRivals(t, map[string]answersTest{
		"ACK":        {asked + "> . 1:1(0) ack 77\n< R 77:77(0)", OutcomeHalfOpen, "server", detailStale, text, "the client believes in another SYN-ACK than this one", "", [2]State{StateClosed, StateClosed}, "ack-lost-segment"},
		"with data":  {asked + "> P. 1:6(5) ack 77\n< R 77:77(0)", OutcomeHalfOpen, "server", detailStale, text, "the client believes in another SYN-ACK than this one", "", [2]State{StateClosed, StateClosed}, "ack-lost-segment"},
		"a good one": {asked + "> . 1:1(0) ack 1\n< R 1:1(0)", OutcomeReset, "server", detailNoData, "reset by the server after 1.0 ms, no data was sent.", "", "ack=", [2]State{StateClosed, StateClosed}, ""},
	})
	ends, _ := follow(t, opened3+"> P. 1:7(6)\n< .\n+30 > S #900000:#900000(0)\n< . #5001:#5001(0) ack 7\n> R 7:7(0)\n+1 > S #900000:#900000(0)\n< S. #70000:#70000(0) ack #900001")
	const want = "A SYN with the same ports and another number (6) began a connection anew, so that its sender does not know this one any more"
	if v := ends[0].Verdict; len(ends) != 2 || v.Outcome != OutcomeOpen || !strings.HasPrefix(v.Meaning, want) || v.Evidence[len(v.Evidence)-1] != 6 {
		t.Errorf("%d connections: %s: %q\n%q %v", len(ends), v.Outcome, v.Text, v.Meaning, v.Evidence)
	}
}

// Of two connections with the same ports, of which only what the server sent was
// captured, no second machine has to answer.
func TestRivalsOfUnheardClient(t *testing.T) {
	ends, _ := follow(t, "0 < S. 0:0(0) ack 1\n1 < P. 1:11(10) ack 1\n2 < F. 11:11(0) ack 1\n30 < S. #90000:#90000(0) ack #700001\n31 < P. #90001:#90011(10) ack #700001")
	v := ends[0].Verdict
	if !strings.Contains(v.Meaning, "different numbers (1 4): of the client nothing was captured, so that they may as well be of two connections with the same ports.") || strings.Contains(v.Meaning, "two machines") {
		t.Errorf("%s: %q", v.Outcome, v.Meaning)
	}
}
