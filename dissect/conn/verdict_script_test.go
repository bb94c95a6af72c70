package conn

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// follow runs a script through decoder and tracker and returns the
// connections, in the order of their numbers, and the rows' texts of layer 7.
func follow(t *testing.T, script string) (ends []Connection, rows []string) {
	t.Helper()
	frames := segtest.MustFrames(t, script)
	tracker := New(Options{Measures: true}) // as with sentences everywhere
	var d dissect.Decoder
	var p dissect.Packet
	take := func(events []Event) {
		for i := range events {
			switch e := &events[i]; e.Type {
			case TypeEnd:
				ends = append(ends, *e.Connection)
			case TypeSegment:
				if e.App != "" {
					rows = append(rows, e.App)
				}
				if e.Sentence() == "" {
					t.Errorf("frame %d has no sentence", e.Frame)
				}
			}
		}
	}
	for i := range frames {
		d.Decode(&frames[i], &p)
		take(tracker.Add(&p))
	}
	take(tracker.End())
	return ends, rows
}

// briefly is the verdict of a script's only connection as a table wants it,
// with what is there before it leaves.
func briefly(t *testing.T, script string) (v Verdict) {
	t.Helper()
	tracker := New(Options{Quiet: true, Brief: true})
	tracker.Segments(false)
	var d dissect.Decoder
	var p dissect.Packet
	take := func(events []Event) {
		for i := range events {
			if events[i].Type == TypeEnd {
				v = events[i].Connection.Verdict
			}
		}
	}
	frames := segtest.MustFrames(t, script)
	for i := range frames {
		d.Decode(&frames[i], &p)
		take(tracker.Add(&p))
	}
	take(tracker.End())
	return v
}

// verdictOf is the verdict of a script's only connection, which is the same in
// brief, and the rows' texts of layer 7.
func verdictOf(t *testing.T, name, script string) (v Verdict, rows []string) {
	t.Helper()
	ends, rows := follow(t, script)
	if len(ends) != 1 {
		t.Fatalf("%s: %d connections", name, len(ends))
	}
	v = ends[0].Verdict
	if b := briefly(t, script); b.Outcome != v.Outcome || b.Detail != v.Detail || b.HasBy != v.HasBy || b.By != v.By {
		t.Errorf("%s: in brief %s, %q by %v %v; whole %s, %q by %v %v", name, b.Outcome, b.Detail, b.By, b.HasBy, v.Outcome, v.Detail, v.By, v.HasBy)
	}
	return v, rows
}

// checkEvidence requires frames to be in the evidence.
func checkEvidence(t *testing.T, name string, v Verdict, frames []int64) {
	t.Helper()
	for _, f := range frames {
		if !slices.Contains(v.Evidence, f) {
			t.Errorf("%s: frame %d is not in the evidence %v", name, f, v.Evidence)
		}
	}
}

const opened3 = `
0.0   > S 0:0(0) win 64240 <mss 1460,sackOK,nop,wscale 7>
+.001 < S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,nop,wscale 7>
+.001 > . ack 1
`

// shut3 is a handshake whose SYN-ACK leaves the client no window.
const shut3 = "0 > S 0:0(0) <mss 1460>\n< S. 0:0(0) ack 1 win 0 <mss 1460>\n> . ack 1\n"

func TestScenarios(t *testing.T) {
	tests := []struct {
		name, script string
		outcome      Outcome
		by, detail   string
		text         string // a part
		rows         string // of layer 7, joined by |
	}{
		{"S1 chat", opened3 + `
			1.0 < P. 1:7(6) "Hello\n"
			+.001 > .
			2.0 > P. 1:7(6) "World\n"
			+.001 < .
			3.0 > F.
			+.001 < F.
			+.001 > .`,
			OutcomeClosed, "client", "", "three segments (8 9 10): 9 is ACK and FIN in one.", "text|text"},
		{"S2 a request by hand", opened3 + `
			> P. "GET / HTTP/1.1\n"
			< .
			> P. "Host: www.example.org\n"
			< .
			> P. "\n"
			< P. "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
			> .
			< P. "def"
			> .
			< F.
			> F.
			< .`,
			OutcomeClosed, "server", "", "three segments (13 14 15)",
			"HTTP GET / HTTP/1.1|HTTP header Host: www.example.org|HTTP blank line: the request is complete|HTTP 200 OK|HTTP end of the response"},
		{"S3 typed wrongly", opened3 + `
			> P. "GET / HTP/1.1\nHost: x\n\n"
			< .
			< P. "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
			> .
			< F.
			> F.
			< .`,
			OutcomeClosed, "server", detailBadRequest, "line 1, character 9: this is not HTTP/1.1", "HTTP GET / HTP/1.1|HTTP 400 Bad Request"},
		{"S4 too slow", opened3 + `
			> P. "GET / HTTP/1.1\n"
			< .
			60.002 < F.
			> .
			61 > F.
			< .`,
			OutcomeClosed, "server", detailIncomplete, "it gave up after 60.0 s; the request (4) was not complete: 1 line", "HTTP GET / HTTP/1.1"},
		{"S5 refused", "0.0 > S 0:0(0)\n+.000016 < R. #0:#0(0) ack 1 win 0",
			OutcomeRefused, "server", "", "10.0.0.2 is up, and answered the SYN with RST after 16 µs.", ""},
		{"S5 no answer", "0 > S 0:0(0)\n1 > S 0:0(0)\n3 > S 0:0(0)\n7 > S 0:0(0)",
			OutcomeNoAnswer, "", "", "4 SYNs in 7.0 s, and nothing came back.", ""},
		{"S5 unreachable", "0 > S 0:0(0)\nicmp from 10.0.0.254 unreachable host",
			OutcomeUnreachable, "", "", `10.0.0.254 answered with ICMP "host unreachable".`, ""},
		{"S5 unreachable, IPv6", "conn [fd00::1]:1 [fd00::2]:80\n0 > S 0:0(0)\nicmp from fd00::2 unreachable port",
			OutcomeUnreachable, "", detailProhibited, `fd00::2 answered with ICMP "port unreachable".`, ""},
		{"S6 Python", opened3 + `
			> P. "Hello Server"
			< .
			< P. "Hello Client"
			> .
			< F.
			> .
			> F.
			< .`,
			OutcomeClosed, "server", "", "four segments (8 9 10 11)", "text|text"},
		{"S12 half-close", opened3 + "> F.\n< .\n< P. \"more\"\n> .",
			OutcomeHalfClosed, "client", "", "the client has sent FIN (4), acknowledged (5)", "text"},
		{"S15 accept and exit", opened3 + "< F.\n> .\n2 > P. \"hello\\n\"\n+.001 < R",
			OutcomeReset, "server", detailAfterClose, "data (6) came after its FIN (4)", "text"},
		{"S17 TLS", opened3 + `
			> P. x"16 0301 0031 01 00002d 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 1301 01 00 0002 0000"
			< P. x"15 0303 0002 02 28"
			< F.
			> F.
			< .`,
			OutcomeClosed, "server", detailTLSAlert, "handshake failure", "TLS ClientHello|TLS alert: handshake failure"},
		{"half-open", "> S 0:0(0)\n< S. 0:0(0)\n+1 < S. 0:0(0) ack 1\n+2 < S. 0:0(0) ack 1",
			OutcomeHalfOpen, "", "", "the server sent 3 SYN-ACKs", ""},
		{"window closed", opened3 + "> P. 1(1000)\n< . win 0\n+.3 > . 1000:1000(0)\n< . win 0\n+.6 > . 1000:1000(0)\n< . win 0",
			OutcomeStalled, "server", detailZeroWindow, "the server's window has been 0 since (5)", "text"},
		{"window closed, opened, and closed again", opened3 + "> P. 1(1000)\n< . win 0\n< . win 9\n> P. 1001(1000)\n< . win 0\n+.3 > . 2000:2000(0)\n< . win 0",
			OutcomeStalled, "server", detailZeroWindow, "the server's window has been 0 since (8)", ""},
		{"window closed, opened with an ACK, and closed again", opened3 + "> P. 1(1000)\n< . win 0 ack 501\n< . win 9 ack 1001\n> P. 1001(1000)\n< . win 0\n+.3 > . 2000:2000(0)\n< . win 0",
			OutcomeStalled, "server", detailZeroWindow, "the server's window has been 0 since (8)", ""},
		{"bytes that do not reach one who is there", opened3 + "> P. 1(77)\n< . ack 78\n< P. 1(300) ack 78\n+.2 < P. 1(300) ack 78\n+.1 > P. 1(77) ack 1\n+.3 < P. 1(300) ack 78\n+.1 > P. 1(77) ack 1\n< . ack 78",
			OutcomeStalled, "server", detailUnacked, "never acknowledged, though the client has sent since (10).", ""},
		{"FIN from both ends, and data in vain", opened3 + "> P. 1:101(100) ack 1\n> F. 101:101(0) ack 1\n< F. 1:1(0) ack 1\n> . 102:102(0) ack 2\n+.3 > P. 1:101(100) ack 2\n+.6 > P. 1:101(100) ack 2\n+1.2 > P. 1:101(100) ack 2",
			OutcomeClosed, "client", detailUnacked, "FIN from both ends (5 6); the oldest of 100 bytes of the client was sent again 3 times (last: 10) and never acknowledged.", ""},
		{"data in vain after the server's FIN", opened3 + "< F. 1:1(0) ack 1\n> . 1:1(0) ack 2\n> P. 1:101(100) ack 2\n> F. 101:101(0) ack 2\n+.3 > P. 1:101(100) ack 2\n+.6 > P. 1:101(100) ack 2",
			OutcomeClosed, "server", detailUnacked, "FIN from both ends (4 7); the oldest of 100 bytes", ""},
		{"the last ACK is lost, and nothing comes any more", opened3 + "> P. 1(77)\n< . ack 78\n+.2 > P. 1(77)\n+.4 > P. 1(77)\n+.8 > P. 1(77)",
			OutcomeStalled, "client", detailUnacked, "the client sent the same bytes again 3 times (last: 8), though the server had acknowledged them before; since then nothing came from there.", ""},
		{"SYN-ACK is lost", "> S 0:0(0)\n< S. 0:0(0) ack 1\n+1 > S 0:0(0)\n< S. 0:0(0) ack 1\n+2 < S. 0:0(0) ack 1",
			OutcomeHalfOpen, "", "", "the server answers with SYN-ACK (2), and the client has sent its SYN again since (3).", ""},
		{"ACKs that do not reach the client", opened3 + "> P. 1(77)\n< . ack 78\n+.2 > P. 1(77)\n< . ack 78\n+.4 > P. 1(77)\n< . ack 78\n+.8 > P. 1(77)\n< . ack 78",
			OutcomeStalled, "client", detailUnacked, "the client sent the same bytes again 3 times (last: 10), though the server has acknowledged them (last: 11).", ""},
		{"ACKs that do not reach the client, of several segments", opened3 + "> . 1(100)\n> P. 101(77)\n< . ack 178\n+.2 > . 1(100)\n> P. 101(77)\n< . ack 178\n+.4 > . 1(100)\n> P. 101(77)\n< . ack 178\n+.8 > . 1(100)\n> P. 101(77)\n< . ack 178",
			OutcomeStalled, "client", detailUnacked, "again 3 times (last: 13), though the server has acknowledged them (last: 15).", ""},
		{"ACKs that are unreachable", opened3 + "> P. 1(77)\n< . ack 78\nicmp from 10.0.0.254 unreachable host\n+.2 > P. 1(77)\n< . ack 78\n+.4 > P. 1(77)\n< . ack 78\n+.8 > P. 1(77)\n< . ack 78\nicmp from 10.0.0.254 unreachable host",
			OutcomeStalled, "client", detailUnacked, "(last: 12); 10.0.0.254 says by ICMP \"host unreachable\" (13).", ""},
		{"ACKs that came late", opened3 + "> P. 1(77)\n< . ack 78\n+.2 > P. 1(77)\n< . ack 78\n+.4 > P. 1(77)\n< . ack 78\n+.8 > P. 1(77)\n< . ack 78\n> P. 78(9)\n< . ack 87",
			OutcomeOpen, "", detailWaiting, "established", ""},
		{"ACKs that came late, and nothing more to say", opened3 + "> P. 1(77)\n< . ack 78\n+.2 > P. 1(77)\n< . ack 78\n+.4 > P. 1(77)\n< . ack 78\n+.8 > P. 1(77)\n< . ack 78\n+60 < . 0:0(0) ack 78\n> . 78:78(0) ack 1",
			OutcomeOpen, "", detailWaiting, "established", ""},
		{"lost three times, and then not", opened3 + "> P. 1(77)\n+.2 > P. 1(77)\n+.4 > P. 1(77)\n+.8 > P. 1(77)\n< . ack 78",
			OutcomeOpen, "", detailWaiting, "established", ""},
		{"an ACK that does not complete the handshake", "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n+1 < S. 0:0(0) ack 1\n> . ack 1\n+2 < S. 0:0(0) ack 1\n> . ack 1\n+4 < S. 0:0(0) ack 1\n> . ack 1",
			OutcomeStalled, "server", detailUnacked, "the server sent its SYN-ACK again 3 times (last: 8), though the client has acknowledged it (last: 9).", ""},
		{"a FIN whose ACK does not arrive, and given up", opened3 + "> F. 1:1(0) ack 1\n< . ack 2\n+.2 > F. 1:1(0) ack 1\n< . ack 2\n+.4 > F. 1:1(0) ack 1\n< . ack 2\n+.8 > F. 1:1(0) ack 1\n< . ack 2\n+9 > R. 2:2(0) ack 1",
			OutcomeReset, "client", detailUnacked, "reset by the client: it gave up; the client sent its FIN again 3 times (last: 10), though the server has acknowledged it (last: 11).", ""},
		{"black hole", opened3 + "> P. 1(10)\n< . ack 11\n> . 11(1460)\n+.3 > . 11(1460)\n+.6 > . 11(1460)\n+1.2 > . 11(1460)",
			OutcomeStalled, "client", detailPathMTU, "smaller segments got through", ""},
		{"gone", opened3 + "> P. 1(10)\n+.3 > P. 1(10)\n+.6 > P. 1(10)\n+1.2 > P. 1(10)",
			OutcomeStalled, "client", detailUnacked, "sent again 3 times", ""},
		{"reset after data", opened3 + "> P. \"x\"\n< .\n< R.",
			OutcomeReset, "server", detailAfterData, "after data of the client (4)", ""},
		{"an RST that does not fit", opened3 + "> P. 1:11(10)\n< . ack 11\n> R 111:111(0)\n< . 1 ack 11\n> P. 11:21(10) ack 1\n< . 1 ack 21\n> F. 21:21(0) ack 1\n< F. 1:1(0) ack 22\n> . 22 ack 2",
			OutcomeClosed, "client", "", "closed by the client, three segments (10 11 12)", ""},
		{"an RST that does not fit, and the connection goes on", opened3 + "> P. 1:11(10)\n< . ack 11\n> R 111:111(0)\n< . 1 ack 11\n> P. 11:21(10) ack 1\n< P. 1:11(10) ack 21\n> . 21 ack 11",
			OutcomeOpen, "", "", "established", ""},
		{"connected to itself", "conn 127.0.0.1:4000 127.0.0.1:4000\niss 1000 1000\n> S 0:0(0)\n> S. 0:0(0) ack 1\n> . 1 ack 1\n> F. 1:1(0) ack 1\n> . 2 ack 2",
			OutcomeClosed, "", detailSelf, "its FIN (4) is that of both", ""},
		{"refused at last", "0 > S 0:0(0)\n1 > S 0:0(0)\n3 > S 0:0(0)\n+.001 < R. #0:#0(0) ack 1 win 0",
			OutcomeRefused, "server", "", "answered the last of 3 SYNs with RST after 1.0 ms.", ""},
		{"refused each time, as Windows asks", "0 > S 0:0(0)\n+.01 < R. 0:0(0) ack 1\n.5 > S 0:0(0)\n+.01 < R. 0:0(0) ack 1\n1 > S 0:0(0)\n+.01 < R. 0:0(0) ack 1",
			OutcomeRefused, "server", "", "answered each of 3 SYNs with RST.", ""},
		{"refused at first", "0 > S 0:0(0)\n+.01 < R. 0:0(0) ack 1\n.5 > S 0:0(0)\n1.5 > S 0:0(0)",
			OutcomeRefused, "server", "", "answered 1 of 3 SYNs with RST.", ""},
		{"RST that answers no SYN", "0 > S 0:0(0)\n+.01 < R 0:0(0)\n1 > S 0:0(0)\n3 > S 0:0(0)",
			OutcomeNoAnswer, "", detailStale, "3 SYNs in 3.0 s, and an RST in the server's name (2) that acknowledges none of them, so that the client takes no notice.", ""},
		{"the client gives its own request up", opened3 + "> P. \"GET / HTTP/1.1\\n\"\n< .\n60 > F.\n< F.\n> .",
			OutcomeClosed, "client", detailIncomplete, "it did so after 60.0 s; the request (4) was not complete", ""},
		{"closed at once upon half a request", opened3 + "> P. \"GET / HTTP/1.1\\n\"\n< .\n+.01 < F.\n> F.\n< .",
			OutcomeClosed, "server", detailIncomplete, "it did so after", ""},
		{"refused, and the SYN is not in the capture", "> S 0:0(0) lost\n< R. #0:#0(0) ack 1 win 0",
			OutcomeRefused, "server", "", "10.0.0.2 is up, and answered a SYN that was not captured with RST.", ""},
		{"refused by a port over the client's", "conn 10.0.0.1:4000 10.0.0.2:50000\n> S 0:0(0) lost\n< R. #0:#0(0) ack 1 win 0",
			OutcomeRefused, "server", "", "a SYN that was not captured", ""},
		{"an RST alone", "< R. 77:77(0) ack 90", OutcomeReset, "server", detailNoData, "reset by the server, and nothing else of the connection is in the capture.", ""},
		{"an RST, and its like", "< R 77:77(0)\n< R 77:77(0)", OutcomeReset, "server", detailNoData, "reset by the server, no data in this capture.", ""},
		{"the answer did not come", opened3 + "> P. \"GET / HTTP/1.1\\n\\n\"\n< .\n< . 1:1401(1400) lost\n< . 1401:2801(1400) lost\n+4 > F. ack 1\n< . 2801:2801(0)",
			OutcomeHalfClosed, "client", detailNoReply, "the request (4) was complete, and its answer did not come: 2,800 bytes of it, which the server's numbers count, the client never acknowledged.", ""},
		{"the answer's end alone came", opened3 + "> P. \"GET / HTTP/1.1\\n\\n\"\n< .\n< . 1:1401(1400) lost\n< P. 1401:1411(10)\n> . ack 1\n+4 > F. ack 1\n< .",
			OutcomeHalfClosed, "client", detailNoReply, "its answer did not come: up to 1,410 bytes of it", ""},
		{"keep-alives in vain", opened3 + "> P. 1:2(1)\n< .\n+1 > . 1:1(0) ack 1\n+1 > . 1:1(0) ack 1\n+1 > . 1:1(0) ack 1",
			OutcomeStalled, "client", detailDeadPeer, "the client has asked 3 times whether the server is still there (keep-alives, the last: 8), and nothing came back.", ""},
		{"given up after keep-alives", opened3 + "> P. 1:2(1)\n< .\n+1 > . 1:1(0) ack 1\n+1 > . 1:1(0) ack 1\n+1 > R. 2:2(0) ack 1",
			OutcomeReset, "client", detailDeadPeer, "reset by the client: it gave up after 2 keep-alives that nobody answered (the last: 7).", ""},
		{"keep-alives that were answered", opened3 + "> P. 1:2(1)\n< .\n+1 > . 1:1(0) ack 1\n+1 > . 1:1(0) ack 1\n< . ack 2",
			OutcomeOpen, "", detailWaiting, "established", ""},
		{"keep-alives that were answered, and an RST", opened3 + "> P. 1:2(1)\n< .\n+1 > . 1:1(0) ack 1\n< . ack 2\n+1 > . 1:1(0) ack 1\n< . ack 2\n> R. 2:2(0) ack 1",
			OutcomeReset, "client", detailAfterData, "reset by the client after 2.0 s.", ""},
		{"forgotten in a silence", opened3 + "> P. 1:2(1)\n< P. 1:2(1) ack 2\n> . 2:2(0) ack 2\n+30 > P. 2:3(1) ack 2\n< R 2:2(0)",
			OutcomeReset, "server", detailForgotten, "reset by the server: RST without ACK (8) answered data of the client (7); the server had not been heard for 30.0 s.", ""},
		{"a keep-alive finds it forgotten", opened3 + "> P. 1:2(1)\n< P. 1:2(1) ack 2\n> . 2:2(0) ack 2\n+30 > . 1:1(0) ack 2\n< R 2:2(0)",
			OutcomeReset, "server", detailForgotten, "answered a keep-alive of the client (7)", ""},
		{"without ACK, at once", opened3 + "> P. 1:2(1)\n< R 1:1(0)", OutcomeReset, "server", detailAfterData, "it came after data of the client (4)", ""},
		{"with ACK, after a silence", opened3 + "+30 > P. 1:2(1)\n< R. 1:1(0)", OutcomeReset, "server", detailAfterData, "it came after data of the client (4)", ""},
		{"with ACK, after a long silence", opened3 + "> P. 1:2(1)\n< P. 1:2(1) ack 2\n> . 2:2(0) ack 2\n+300 < R. 2:2(0) ack 2", OutcomeReset, "server", detailAfterData,
			"reset by the server after 5 min 0 s; nothing had come from it for 5 min 0 s.", ""},
		{"given up, for nothing was acknowledged", opened3 + "> P. 1:2(1)\n< . ack 2\n+30 > P. 2:9(7) ack 1\n+.3 > P. 2:9(7) ack 1\n+.6 > P. 2:9(7) ack 1\n+9 > R. 9:9(0) ack 1",
			OutcomeReset, "client", detailUnacked, "reset by the client: it gave up; the oldest of 7 bytes of the client was sent again twice (last: 8) and never acknowledged.", ""},
		{"several segments in vain, each round from the first on", opened3 + "> P. 1:2(1)\n< . ack 2\n+30 > P. 2:9(7) ack 1\n> P. 9:16(7) ack 1\n+.3 > P. 2:9(7) ack 1\n> P. 9:16(7) ack 1\n+.6 > P. 2:9(7) ack 1\n> P. 9:16(7) ack 1",
			OutcomeStalled, "client", detailUnacked, "the oldest of 14 bytes of the client was sent again twice (last: 11)", ""},
		{"a FIN behind what is stuck, and a host that is back", opened3 + "> P. 1:10(9)\n+.3 > P. 1:10(9) ack 1\n+.6 > P. 1:10(9) ack 1\n> F. 10:10(0) ack 1\n+.9 > F. 10:10(0) ack 1",
			OutcomeStalled, "client", detailUnacked, "was sent again twice (last: 6) and never acknowledged.", ""},
		{"a restarted server answers what was stuck", opened3 + "> P. 1:2(1)\n< . ack 2\n+30 > P. 2:9(7) ack 1\n+.3 > P. 2:9(7) ack 1\n+.6 > P. 2:9(7) ack 1\n< R 1:1(0)",
			OutcomeReset, "server", detailForgotten, "RST without ACK (9) answered data of the client (8)", ""},
		{"a restarted server answers soon what was stuck", opened3 + "> P. 1:2(1)\n< . ack 2\n> P. 2:9(7) ack 1\n+.2 > P. 2:9(7) ack 1\n+.4 > P. 2:9(7) ack 1\n< R 1:1(0)",
			OutcomeReset, "server", detailForgotten, "RST without ACK (9) answered data of the client (8); the server had not been heard for 602 ms.", ""},
		{"a restarted server answers a FIN that was stuck", opened3 + "> P. 1:2(1)\n< . ack 2\n> F. 2:2(0) ack 1\n+.2 > F. 2:2(0) ack 1\n+.4 > F. 2:2(0) ack 1\n< R 1:1(0)",
			OutcomeReset, "server", detailForgotten, "RST without ACK (9) answered the FIN of the client (8)", ""},
		{"a restarted server answers a large segment", opened3 + "> P. 1:11(10)\n< . ack 11\n> . 11:1471(1460) ack 1\n+.3 > . 11:1471(1460) ack 1\n+.6 > . 11:1471(1460) ack 1\n< R 1:1(0)",
			OutcomeReset, "server", detailForgotten, "RST without ACK (9) answered data of the client (8)", ""},
		{"bytes that do not reach one who gives up", opened3 + "> P. 1:2(1)\n< . ack 2\n> P. 2:9(7) ack 1\n+.2 > P. 2:9(7) ack 1\n+.4 > P. 2:9(7) ack 1\n+5 < R. 1:1(0) ack 2",
			OutcomeReset, "server", detailUnacked, "was sent again twice (last: 8) and never acknowledged, though the server has sent since (9).", ""},
		{"a black hole, and an RST at last", opened3 + "> P. 1:11(10)\n< . ack 11\n> . 11:1471(1460) ack 1\n+.3 > . 11:1471(1460) ack 1\n+.6 > . 11:1471(1460) ack 1\n+20 > F. 1471:1471(0) ack 1\n< R 1:1(0)",
			OutcomeReset, "server", detailPathMTU, "reset by the server: smaller segments got through; the oldest of 1,460 bytes of the client was sent again twice", ""},
		{"a request that never arrived, and the server closes", opened3 + "> P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\" ack 1\n+.3 > P. 1:28(27) ack 1\n+.6 > P. 1:28(27) ack 1\n+20 < F. 1:1(0) ack 1\n> . ack 2\n> F. 28:28(0) ack 2\n< R 2:2(0)",
			OutcomeClosed, "server", detailUnacked, "closed by the server after 20.9 s: the oldest of 27 bytes of the client was sent again twice (last: 6) and never acknowledged, though the server has sent since", ""},
		{"a request that was sent again once, and never arrived", opened3 + "> P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\" ack 1\n+.3 > P. 1:28(27) ack 1\n+20 < F. 1:1(0) ack 1\n> . ack 2\n> F. 28:28(0) ack 2\n< R 2:2(0)",
			OutcomeClosed, "server", detailUnacked, "closed by the server: the request (4) was sent again once (last: 5), and never acknowledged.", ""},
		{"a request that arrived late, and no answer", opened3 + "> P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\" ack 1\n+.3 > P. 1:28(27) ack 1\n+.6 > P. 1:28(27) ack 1\n< . ack 28\n+20 < F. 1:1(0) ack 28\n> F. 28:28(0) ack 2\n< . ack 29",
			OutcomeClosed, "server", detailNoReply, "the request (4) was complete, and no answer to it came", ""},
		{"accepted by nobody, and an RST at last", opened3 + "> P. 1:11(10)\n+1 < S. 0:0(0) ack 1\n> P. 1:11(10) ack 1\n+2 < S. 0:0(0) ack 1\n> P. 1:11(10) ack 1\n+9 < R. 1:1(0) ack 1",
			OutcomeReset, "server", detailBacklog, "reset by the server: the server sent 3 SYN-ACKs, and the oldest of 10 bytes", ""},
		{"unreachable after a while", opened3 + "> P. 1:11(10)\n< . ack 11\n> P. 11:21(10) ack 1\n+.3 > P. 11:21(10) ack 1\nicmp from 10.0.0.254 unreachable host\n+.6 > P. 11:21(10) ack 1",
			OutcomeStalled, "client", detailUnacked, "10.0.0.254 says by ICMP \"host unreachable\" (8), and the oldest of 10 bytes of the client was sent again twice (last: 9)", ""},
		{"the SYN-ACK is unreachable", "> S 0:0(0)\n< S. 0:0(0) ack 1\n+1 < S. 0:0(0) ack 1\nicmp from 10.0.0.254 unreachable host",
			OutcomeHalfOpen, "", "", "the server answered with SYN-ACK (2), and 10.0.0.254 says by ICMP \"host unreachable\" (4).", ""},
		{"window closed, and given up", opened3 + "> P. 1(1000)\n< . win 0\n+.3 > . 1000:1000(0)\n< . win 0\n+.6 > . 1000:1000(0)\n< . win 0\n+9 > R. 1001:1001(0)",
			OutcomeReset, "client", detailZeroWindow, "reset by the client: the server's window had been 0 since (5); the client probed it twice.", ""},
		{"window closed, and ended with that unread", opened3 + "> P. 1(1000)\n< . win 0\n+.3 > . 1000:1000(0)\n< . win 0\n+9 < R. 1:1(0) ack 1001 win 100",
			OutcomeReset, "server", detailZeroWindow, "reset by the server: its window had been 0 since (5).", ""},
		{"window closed, and nobody answers any more", opened3 + "> P. 1(1000)\n< . win 0\n+.3 > . 1000:1000(0)\n< . win 0\n+.6 > . 1000:1000(0)\n+.6 > . 1000:1000(0)",
			OutcomeStalled, "server", detailDeadPeer, "the server's window has been 0 since (5); the client probed it 3 times, the last 2 in vain: nothing came back.", ""},
		{"window closed, nobody answers, and given up", opened3 + "> P. 1(1000)\n< . win 0\n+.6 > . 1000:1000(0)\n+.6 > . 1000:1000(0)\n+9 > R. 1001:1001(0)",
			OutcomeReset, "client", detailDeadPeer, "reset by the client: the server's window had been 0 since (5); the client probed it twice in vain: nothing came back.", ""},
		{"a SYN proxy before a dead server", shut3 + "+.2 > . 0:0(0)\n+.4 > . 0:0(0)",
			OutcomeStalled, "server", detailDeadPeer, "the server's window has been 0 since (2); the client probed it twice in vain", ""},
		{"a SYN proxy that is alive, before a dead server", shut3 + "+.2 > . 0:0(0)\n< . win 0",
			OutcomeStalled, "server", detailZeroWindow, "the server's window has been 0 since (2); the client probed it once.", ""},
		{"a SYN proxy before a server that refuses", shut3 + "< R.",
			OutcomeReset, "server", detailNoData, "reset by the server after 1.0 ms, no data was sent: its SYN-ACK (2) had left the client no window.", ""},
		{"a SYN proxy before a server that answers", shut3 + "< . win 500\n> P. 1:3(2)\n< .\n< R.",
			OutcomeReset, "server", detailAfterData, "it came after data of the client (5)", ""},
		{"a FIN without a window, and RST", opened3 + "< F. win 0\n> P. 1:3(2)\n< R 2:2(0)",
			OutcomeReset, "server", detailAfterClose, "data (5) came after its FIN (4).", ""},
		{"open", opened3, OutcomeOpen, "", "", "established", ""},
		{"midstream", "> P. 1(10) ack 5\n< . 5 ack 11\n> P. 11(10) ack 5\n< . 5 ack 21",
			OutcomeMidstream, "", "", "neither the beginning nor the end: 4 segments", "text|text"},
		{"simultaneous open", "conn 10.0.0.1:7 10.0.0.2:7\n> S 0:0(0)\n< S 0:0(0)\n> S. 0:0(0) ack 1\n< S. 0:0(0) ack 1",
			OutcomeOpen, "", "", "established", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, rows := verdictOf(t, tt.name, tt.script)
			by := ""
			if v.HasBy {
				by = v.By.String()
			}
			if v.Outcome != tt.outcome || by != tt.by || v.Detail != tt.detail || !strings.Contains(v.Text, tt.text) {
				t.Errorf("%s by %q, detail %q: %q", v.Outcome, by, v.Detail, v.Text)
			}
			if got := strings.Join(rows, "|"); tt.rows != "" && got != tt.rows {
				t.Errorf("rows\n got %s\nwant %s", got, tt.rows)
			}
		})
	}
}

// A SYN of traceroute is in no circle; one with a hop limit as systems begin with,
// less a few routers, may be.
func TestTraceroute(t *testing.T) {
	for ttl, want := range map[string]string{
		"ttl 1":  "the SYN (1) had a hop limit (TTL) of 1 here, and systems begin with 64, 128 or 255: it is of traceroute or the like, which learns so that 10.0.0.254 is on the way to 10.0.0.2.",
		"ttl 30": "of traceroute",
		"ttl 64": "perhaps routers send it in a circle.",
	} {
		v, _ := verdictOf(t, ttl, "0 > S 0:0(0) "+ttl+"\nicmp from 10.0.0.254 exceeded")
		if v.Outcome != OutcomeUnreachable || v.Detail != detailLoop || !strings.Contains(v.Meaning, want) {
			t.Errorf("%s: %s, detail %q: %q", ttl, v.Outcome, v.Detail, v.Meaning)
		}
	}
}

// A SYN as the capture ends says nothing, one that was followed by a second of
// other packets does.
func TestSYNAtTheEnd(t *testing.T) {
	for after, want := range map[string]string{".5": "1 SYN, and the capture ends 500 ms later.", "2": "1 SYN, and nothing came back."} {
		ends, _ := follow(t, "0 > S 0:0(0)\nconn 10.0.0.3:9 10.0.0.4:9\n"+after+" > S 0:0(0)")
		if got := ends[0].Verdict.Text; got != want {
			t.Errorf("after %s s: %q, want %q", after, got, want)
		}
	}
}

// Neither does it where other handshakes with that server came about, but on
// one machine, where an answer takes no time.
func TestSYNAtTheEndBesideOthers(t *testing.T) {
	const open = "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n"
	for _, tt := range []struct{ from, to, after, want string }{
		{"10.0.0.3", "10.0.0.4", "+.5", "1 SYN, and the capture ends 500 ms later."},
		{"10.0.0.3", "10.0.0.4", "+2", "1 SYN, no answer, though 1 other handshake with port 9 of 10.0.0.4 completed, before or after."},
		{"127.0.0.1", "127.0.0.1", "+.5", "1 SYN, no answer, though 1 other handshake with port 9 of 127.0.0.1 completed, before or after."},
		{"127.0.0.1", "127.0.0.1", "+.001", "1 SYN, and the capture ends 1.0 ms later."},
	} {
		server := " " + tt.to + ":9\n"
		ends, _ := follow(t, "conn "+tt.from+":7"+server+open+"conn "+tt.from+":8"+server+"> S 0:0(0)\nconn 10.0.0.5:7 10.0.0.6:9\n"+tt.after+" > S 0:0(0)")
		i := slices.IndexFunc(ends, func(c Connection) bool { return c.Client.Port() == 8 })
		if got := ends[i].Verdict.Text; got != tt.want {
			t.Errorf("to %s, after %s s: %q, want %q", tt.to, tt.after, got, tt.want)
		}
	}
}

// A server that still has an older connection with the same ports: its ACK is
// met by RST, which ends nothing of the new one (RFC 9293, section 3.5.1).
func TestOlderConnection(t *testing.T) {
	const cleared = "> S 0:0(0)\n< . #7000:#7000(0) ack #99999\n> R #99999:#99999(0)\n"
	tracker := New(Options{Verdicts: true})
	frames := segtest.MustFrames(t, cleared+"+1 > S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 1\n> P. 1:3(2) ack 1\n< . ack 3\n> F. 3:3(0) ack 1\n< F. 1:1(0) ack 4\n> . 4:4(0) ack 2")
	var d dissect.Decoder
	var p dissect.Packet
	for i := range frames {
		d.Decode(&frames[i], &p)
		for _, e := range tracker.Add(&p) {
			if e.Type == TypeVerdict && e.Frame != 11 {
				t.Errorf("a verdict at frame %d: %s", e.Frame, e.Connection.Verdict.Text)
			}
			if e.Type == TypeSegment && e.Frame == 3 && (e.States[Client] != StateSynSent || !strings.Contains(e.Sentence(), "an older connection")) {
				t.Errorf("at the RST the client is in %s: %s", e.States[Client], e.Sentence())
			}
		}
	}
	v := tracker.End()[0].Connection.Verdict
	if v.Outcome != OutcomeClosed || v.Text != "closed by the client, three segments (9 10 11): 10 is ACK and FIN in one." ||
		!strings.Contains(v.Meaning, "an older connection with the same ports, and answered the SYN with an ACK of that (2); the client's RST (3) made it forget.") {
		t.Errorf("%s: %q\n%q", v.Outcome, v.Text, v.Meaning)
	}
	ends, _ := follow(t, cleared+"+1 > S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 1")
	if v := ends[0].Verdict; !strings.HasPrefix(v.Meaning, "Slow: 1.0 s of its 1.0 s went by until the client sent its SYN again (4).") || strings.Contains(v.NextStep, "lost") {
		t.Errorf("why it was slow: %q\nTry: %q", v.Meaning, v.NextStep)
	}
	ends, _ = follow(t, cleared)
	if v := ends[0].Verdict; v.Outcome != OutcomeNoAnswer || v.Detail != detailStale {
		t.Errorf("without another SYN: %s: %q", v.Outcome, v.Text)
	}
}

// An RST without ACK that came before the first SYN is of an older connection
// with the same ports, and ends nothing of the new one.
func TestResetBeforeSYN(t *testing.T) {
	const syn = "0 < R 500:500(0)\n50 > S #77777:#77777(0)\n"
	tests := map[string]struct {
		script  string
		outcome Outcome
		text    string
		shown   []int64
	}{
		"no answer":   {syn + "51 > S #77777:#77777(0)\n53 > S #77777:#77777(0)", OutcomeNoAnswer, "3 SYNs in 3.0 s, and nothing came back.", []int64{2, 4}},
		"refused":     {syn + "+.01 < R. 0:0(0) ack #77778", OutcomeRefused, "10.0.0.2 is up, and answered the SYN with RST after 10 ms.", []int64{3}},
		"established": {syn + "+.01 < S. #9000:#9000(0) ack #77778\n+.01 > . #77778 ack #9001\n60 < . #9001 ack #77778", OutcomeOpen, "established, and no end of it was captured in 10.0 s.", []int64{4}},
	}
	for name, tt := range tests {
		for _, ends := range []string{"", "conn 10.0.0.1:40000 10.0.0.2:50000\n"} { // of which the client's is not the higher port
			end, _ := follow(t, ends+tt.script)
			c := end[0]
			if v := c.Verdict; len(end) != 1 || v.Outcome != tt.outcome || v.Text != tt.text || !slices.Equal(v.Evidence, tt.shown) {
				t.Errorf("%s: %s %v: %q", name, v.Outcome, v.Evidence, v.Text)
			}
			if c.Client.Addr() != netip.MustParseAddr("10.0.0.1") || c.Inferred {
				t.Errorf("%s: the client is %v, inferred: %v", name, c.Client, c.Inferred)
			}
		}
	}
}

// What verdicts say of bytes that are not there.
func TestMissingBytes(t *testing.T) {
	const get = opened3 + "> P. \"GET / HTTP/1.1\\n\\n\"\n< .\n"
	tests := map[string]struct{ script, meaning, next string }{
		"nothing sent":          {opened3, "Nobody has sent anything yet.", ""},
		"both sent":             {opened3 + "< . 1:1(0) ack 20001\n> . 20001:20001(0) ack 1\n> . 20001:20001(0) ack 5001", "the numbers count 20,000 bytes of the client and 5,000 bytes of the server.", ""},
		"the client sent":       {opened3 + "< . 1:1(0) ack 20001", "The client has sent data that was not captured: the numbers count 20,000 bytes.", ""},
		"the server sent":       {opened3 + "> P. 1:9(8)\n> . ack 71", "The server has sent data that was not captured: the numbers count 70 bytes.", ""},
		"sent and lost":         {opened3 + "> P. 1:9(8)\n< . 1:1401(1400) lost\n< . 1401:1401(0)", "The server has sent 1,400 bytes that did not come here", "ping -M do -s 1472 10.0.0.2"},
		"TLS, sent and lost":    {opened3 + "> P. 1:9(8)\n< .\n< . 1:1401(1400) lost\n+5 > F. 9:9(0) ack 1\n< . 1401:1401(0)", "the server has sent 1,400 bytes that did not come here", "ping -M do"},
		"lost, and the client":  {get + "< . 1:1401(1400) lost\n+4 > F. ack 1\n< . 1401:1401(0)", "a path-MTU black hole). The client gave up after 4.0 s.", "ping -M do -s 1472 10.0.0.2"},
		"a server that hears":   {opened3 + "> P. 1:1449(1448) lost\n+8 < F. 1:1(0) ack 1\n> . 1449:1449(0) ack 2", "the client has sent 1,448 bytes that did not come here", "ping -M do -s 1472 10.0.0.1"},
		"slow":                  {get + "+4 > F. ack 1\n< .", "the client gave up after 4.0 s: perhaps the server's program is slow", "Or let the client wait longer"},
		"closed at once, as nc": {get + "+.01 > F. ack 1\n< .", "the client did not wait for the answer.", "nc -q 5"},
	}
	for name, tt := range tests {
		ends, _ := follow(t, tt.script)
		if v := ends[0].Verdict; !strings.Contains(v.Meaning, tt.meaning) || !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: %s: %q\n%q\nTry: %q", name, v.Outcome, v.Text, v.Meaning, v.NextStep)
		}
	}
}

// An RST on the loopback interface, and in the name of another machine, is the
// own firewall's.
func TestTurnedBack(t *testing.T) {
	const script = "conn 10.0.0.1:40000 10.0.0.2:80\n> S 0:0(0) lost\n< R. #0:#0(0) ack 1 win 0"
	frames, err := segtest.Frames(segtest.Options{Loopback: true}, script)
	if err != nil {
		t.Fatal(err)
	}
	mine := func(yes bool) func(netip.AddrPort) ([]Listener, bool) {
		return func(netip.AddrPort) ([]Listener, bool) { return nil, yes }
	}
	for _, tt := range []struct {
		listening func(netip.AddrPort) ([]Listener, bool)
		want      string
	}{
		{nil, "this machine itself answered a SYN that was not captured with RST, in the name of 10.0.0.2."},
		{mine(false), "this machine itself answered a SYN that was not captured with RST, in the name of 10.0.0.2."},
		{mine(true), "10.0.0.2 is up, and answered a SYN that was not captured with RST."},
	} {
		tracker := New(Options{Listening: tt.listening})
		var d dissect.Decoder
		var p dissect.Packet
		d.Decode(&frames[0], &p)
		if events := tracker.Add(&p); !events[0].AnswersUnseenSYN() || !strings.Contains(events[0].Sentence(), "refuses") {
			t.Errorf("%q", events[0].Sentence())
		}
		events := tracker.End()
		if v := events[0].Connection.Verdict; v.Outcome != OutcomeRefused || v.Text != tt.want {
			t.Errorf("%s: %q, want %q", v.Outcome, v.Text, tt.want)
		}
	}
}

// One direction tells what the other end has heard, and nobody is said to have
// been silent who was not captured.
func TestOneDirection(t *testing.T) {
	const get = "> P. \"GET / HTTP/1.1\\nHost: x\\n\\n\" ack 1\n"
	for name, tt := range map[string]struct {
		script  string
		outcome Outcome
		detail  string
		text    string
		meaning string
	}{
		"the server's": {"> S 0:0(0) lost\n< S. 0:0(0) ack 1\n< . 1:1(0) ack 78\n< P. 1:301(300) ack 78\n< F. 301:301(0) ack 78\n< . 302:302(0) ack 79",
			OutcomeHalfClosed, "", "the server has sent FIN (4); what the client sent was not captured.", "Only what the server sent was captured"},
		"the server's ACK": {"> S 0:0(0) lost\n< S. 0:0(0) ack 1\n< . 1:1(0) ack 78",
			OutcomeOpen, "", "established, and no end", "Only what the server sent"},
		"the server's SYN-ACK": {"> S 0:0(0) lost\n< S. 0:0(0) ack 1",
			OutcomeHalfOpen, "", "neither its SYN nor its ACK", "perhaps only what the server sends"},
		"the client's ACK": {"> S 0:0(0)\n> . 1:1(0) ack 1",
			OutcomeOpen, "", "established, and no end", "Only what the client sent"},
		"the client's": {"> S 0:0(0)\n> . 1:1(0) ack 1\n" + get + "> . ack 79\n> F. ack 79\n> . ack 80",
			OutcomeHalfClosed, "", "the client has sent FIN (5); what the server sent was not captured.", "Only what the client sent"},
		"the client's, sent again": {"> S 0:0(0)\n> . 1:1(0) ack 1\n> P. 1:11(10) ack 1\n+.3 > P. 1:11(10) ack 1\n+.6 > P. 1:11(10) ack 1\n+1.2 > P. 1:11(10) ack 1",
			OutcomeStalled, detailUnacked, "the client sent the same bytes again, 3 times (last: 6)", "Only what the client sent"}, // it has heard no ACK
		"the client's, sent again and gone on": {"> S 0:0(0)\n> . 1:1(0) ack 1\n> P. 1:11(10) ack 1\n+.3 > P. 1:11(10) ack 1\n+.6 > P. 1:11(10) ack 1\n+.1 > P. 11:21(10) ack 1",
			OutcomeOpen, "", "established, and no end", "Only what the client sent"},
	} {
		ends, _ := follow(t, tt.script)
		if v := ends[0].Verdict; v.Outcome != tt.outcome || v.Detail != tt.detail || !strings.Contains(v.Text, tt.text) || !strings.Contains(v.Meaning, tt.meaning) {
			t.Errorf("%s: %s %q: %q\n%q", name, v.Outcome, v.Detail, v.Text, v.Meaning)
		}
	}
}

// What nobody sends until the capture's end is part of how long a connection is
// open.
func TestOpenUntilTheEnd(t *testing.T) {
	ends, _ := follow(t, opened3+"> P. \"x\"\n< .\nconn 10.0.0.3:9 10.0.0.4:9\n6.002 > S 0:0(0)")
	if got, want := ends[0].Verdict.Text, "established, and no end of it was captured in 6.0 s."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBacklogVerdict(t *testing.T) {
	var script strings.Builder
	for _, port := range []string{"1", "2", "3"} {
		script.WriteString("conn 10.0.0.1:" + port + " 10.0.0.2:12345\n> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n")
	}
	script.WriteString("conn 10.0.0.1:4 10.0.0.2:12345\n> S 0:0(0)\n+1 > S 0:0(0)\n+2 > S 0:0(0)\n@1 > F.\n")
	ends, _ := follow(t, script.String())
	if len(ends) != 4 {
		t.Fatalf("%d connections", len(ends))
	}
	if v := ends[3].Verdict; v.Outcome != OutcomeNoAnswer || v.Detail != detailBacklog {
		t.Errorf("%+v", v)
	}
}

// A port that refuses, and had a connection: its server has ended, or serves
// one client.
func TestRefusedAfterAll(t *testing.T) {
	ends, _ := follow(t, "conn 10.0.0.1:1 10.0.0.2:3000\n> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n< F. 1:1(0) ack 1\n> F. 1:1(0) ack 2\n< . ack 2\n"+
		"conn 10.0.0.1:2 10.0.0.2:3000\n> S 0:0(0)\n< R. #0:#0(0) ack 1 win 0")
	if len(ends) != 2 {
		t.Fatalf("%d connections", len(ends))
	}
	if v := ends[1].Verdict; v.Outcome != OutcomeRefused || !strings.Contains(v.Meaning, "1 connection with it came about") || !strings.Contains(v.Meaning, "perhaps") {
		t.Errorf("%+v", v)
	}
}

// TestOtherErrors: ICMP errors of other kinds, or of other machines, are not
// counted with the last.
func TestOtherErrors(t *testing.T) {
	const first = "> S 0:0(0)\nicmp from 10.0.0.9 unreachable admin\n+1 > S 0:0(0)\n"
	for name, tt := range map[string]struct{ script, text string }{
		"another machine": {first + "icmp from 10.0.0.8 unreachable admin", "10.0.0.8 answered with ICMP \"administratively prohibited\"."},
		"another kind":    {first + "icmp from 10.0.0.9 unreachable host", "10.0.0.9 answered with ICMP \"host unreachable\"."},
		"the same":        {first + "icmp from 10.0.0.9 unreachable admin", "10.0.0.9 answered with ICMP \"administratively prohibited\", twice."},
	} {
		if v, _ := verdictOf(t, name, tt.script); v.Text != tt.text {
			t.Errorf("%s: %q", name, v.Text)
		}
	}
}

// TestAskedBefore: a SYN that was sent has found its way, whoever asked for the
// server's address before and in vain, as far as the capture shows.
func TestAskedBefore(t *testing.T) {
	const syns = "> S 0:0(0)\n+1 > S 0:0(0)\n+2 > S 0:0(0)\n"
	for name, tt := range map[string]struct {
		script  string
		outcome Outcome
		detail  string
	}{
		"by another machine":     {"arp who-has 10.0.0.2 tell 10.0.0.254\n" + syns, OutcomeNoAnswer, ""},
		"and the answer is lost": {"arp who-has 10.0.0.2 tell 10.0.0.1\n" + syns, OutcomeNoAnswer, ""},
		"by a router, after it":  {syns + "arp who-has 10.0.0.2 tell 10.0.0.254\n", OutcomeUnreachable, detailNoNeighbour},
	} {
		if v, _ := verdictOf(t, name, tt.script); v.Outcome != tt.outcome || v.Detail != tt.detail {
			t.Errorf("%s: %s, %q: %q", name, v.Outcome, v.Detail, v.Text)
		}
	}
}

func TestNoNeighbourVerdict(t *testing.T) {
	// No TCP at all: the system asks for the address, and tells itself.
	ends, _ := follow(t, `
> S 0:0(0) lost
0 arp who-has 10.0.0.2 tell 10.0.0.1
1 arp who-has 10.0.0.2 tell 10.0.0.1
2 arp who-has 10.0.0.2 tell 10.0.0.1
3 icmp from 10.0.0.1 unreachable host`)
	if len(ends) != 1 {
		t.Fatalf("%d connections", len(ends))
	}
	if v := ends[0].Verdict; v.Outcome != OutcomeUnreachable || v.Detail != detailNoNeighbour || len(v.Evidence) != 4 {
		t.Errorf("%+v", v)
	}
}
