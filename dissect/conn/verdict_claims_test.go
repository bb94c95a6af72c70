package conn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// claimTest is about what a verdict may say of what is seen, and what it must
// not.
type claimTest struct {
	name, script string
	outcome      Outcome
	detail       string
	says         []string // parts of text, meaning, next step
	not          string   // and what is in none of them
	evidence     []int64
}

func checkClaims(t *testing.T, tests []claimTest) {
	t.Helper()
	for _, tt := range tests {
		v, _ := verdictOf(t, tt.name, tt.script)
		all := v.Text + "\n" + v.Meaning + "\n" + v.NextStep
		if v.Outcome != tt.outcome || v.Detail != tt.detail {
			t.Errorf("%s: %s, %q: %s", tt.name, v.Outcome, v.Detail, all)
		}
		for _, part := range tt.says {
			if !strings.Contains(all, part) {
				t.Errorf("%s: %q is missing in\n%s", tt.name, part, all)
			}
		}
		if tt.not != "" && strings.Contains(all, tt.not) {
			t.Errorf("%s: %q is in\n%s", tt.name, tt.not, all)
		}
		checkEvidence(t, tt.name, v, tt.evidence)
	}
}

// What the end of a capture, or of its time, hides is not claimed.
func TestClaimsOfTime(t *testing.T) {
	const days = "\n100000 arp who-has 10.0.0.9 tell 10.0.0.8"
	checkClaims(t, []claimTest{
		{"one SYN, nothing behind", "> S 0:0(0)", OutcomeNoAnswer, "", []string{"1 SYN, and the capture ends with it."}, "0 ns", nil},
		{"one SYN, and time", "> S 0:0(0)\n+2 arp who-has 10.0.0.9 tell 10.0.0.8", OutcomeNoAnswer, "", []string{"1 SYN, and nothing came back.", "a firewall drops it,"}, "them", nil},
		{"two SYNs", "> S 0:0(0)\n+1 > S 0:0(0)\n+2 arp who-has 10.0.0.9 tell 10.0.0.8", OutcomeNoAnswer, "", []string{"2 SYNs in 1.0 s", "a firewall drops them,"}, "", nil},
		{"data, nothing behind", opened3 + "> P. \"hello\\n\"", OutcomeOpen, detailWaiting, []string{"The capture ends with the client's last data (4)"}, "0 ns", nil},
		{"open, and another day's capture behind", opened3 + "> P. \"hello\\n\"\n< . \n+1 < P. \"hi\\n\"" + days, OutcomeOpen, "", []string{"no end of it was captured in 1.0 s."}, " d ", nil},
		{"a clock that went back", "1.0 > . 1:1(0) ack 1\n0.5 < . 1:1(0) ack 1", OutcomeMidstream, "", []string{"the capture has neither the beginning nor the end: 2 segments.", "Time goes back by 500 ms"}, "", nil},
	})
	if s := duration(94804*time.Hour + 31*time.Minute); s != "3,950 d 5 h" {
		t.Errorf("a duration of years is %q", s)
	}
}

// Of an end that was not captured, or captured twice, little is known.
func TestClaimsOfOneDirection(t *testing.T) {
	checkClaims(t, []claimTest{
		{"the server's bytes again", "< S. 0:0(0) ack 1\n< . 1:1001(1000) ack 1\n< . 1001:2001(1000)\n+.3 < . 1001:2001(1000)\n+.6 < . 1001:2001(1000)\n+1.2 < . 1001:2001(1000)", OutcomeStalled, detailUnacked,
			[]string{"the server sent the same bytes again, 3 times (last: 6)", "Only what the server sent was captured", "both directions"}, "2,000 bytes", []int64{6}},
		{"a FIN again", "> . 1:1(0) ack 1\n> F. 2:2(0) ack 1\n+.3 > F. 2:2(0) ack 1\n+.6 > F. 2:2(0) ack 1", OutcomeStalled, detailUnacked, []string{"the client sent its FIN again, twice (last: 4)"}, "bytes", []int64{4}},
		{"no ACK, and time for one", "> S 0:0(0)\n< S. 0:0(0) ack 1\n+2 arp who-has 10.0.0.9 tell 10.0.0.8", OutcomeHalfOpen, "", []string{"a scanner"}, "too early", nil},
		{"no ACK, and no time for one", "> S 0:0(0)\n< S. 0:0(0) ack 1", OutcomeHalfOpen, "", []string{"too early"}, "a scanner", nil},
		{"a FIN without the ACK bit", opened3 + "< F. 1:1(0) ack 1\n> . 1:1(0) ack 2\n> F 1:1(0)\n< . 2:2(0) ack 2", OutcomeClosed, "", []string{"TIME-WAIT stays at the server"}, "both", []int64{4, 5, 6, 7}},
		{"an ACK of something else", "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 500000", OutcomeHalfOpen, "", []string{"what the client sent then (3) does not acknowledge it"}, "not in the capture", []int64{1, 2, 3}},
		{"an RST of one that does not know the connection", "< P. 1:77(76) ack 1\n> R 1:1(0)", OutcomeReset, detailForgotten, []string{"uptime"}, "silence", []int64{1, 2}},
		{"an RST with nothing before it", opened3 + "> P. \"x\"\n< .\n> F.\n< F.\n> .\n+1 > R", OutcomeClosed, "", []string{"perhaps something arrived"}, "", []int64{6, 7, 9}},
		{"RST after FIN", "> F. 1:1(0) ack 1\n+20 > R. 2:2(0) ack 1", OutcomeReset, "", []string{"it had sent FIN (1) before.", "perhaps data of the server came"}, "did not wait", []int64{1, 2}},
		{"the whole again, after both FINs", opened3 + "> P. \"hello\\n\"\n< P. \"hi\\n\"\n> F.\n< .\n< F.\n> .\n+20 < P. 1:4(3) ack 8 \"hi\\n\"", OutcomeClosed, "", []string{"four segments (6 7 8 9): FIN and ACK each way."}, "half-closed", []int64{6, 7, 8, 9}},
		{"an RST alone, with a text in it", "< R. 1:19(18) ack 1 \"no such connection\"", OutcomeReset, detailNoData, []string{"nothing else of the connection is in the capture"}, "SO_LINGER", []int64{1}},
		{"RST and FIN in one, that nobody takes", opened3 + "> P. \"hello\\n\"\n< . ack 7\n> RF 7:7(0)\n> P. 7:10(3) ack 1 \"hi\\n\"\n< . ack 10\n< P. 1:4(3) ack 10", OutcomeOpen, "", []string{"An RST (6) ended nothing"}, "FIN", nil},
		{"an RST that does not acknowledge the SYN, and another", "> S 0:0(0)\n< R. 0:0(0) ack 0\n+1 < S. 0:0(0) ack 1\n> .\n> P. \"hello\\n\"\n< .\n< R.", OutcomeReset, detailAfterData, []string{"it came after data of the client (5)", "An RST (2) ended nothing"}, "refused", []int64{5, 7}},
		{"an RST of the server with a wrong number, before the ACK", "> S 0:0(0)\n< S. 0:0(0) ack 1\n< R 500:500(0)\n> . 1:1(0) ack 1\n> P. 1:5(4) ack 1\n< . 1:1(0) ack 5", OutcomeOpen, detailWaiting, []string{"An RST (3) ended nothing: its number did not fit, and its sender went on (6)."}, "reset", nil},
		{"an RST of the client with a wrong number, before the ACK", "> S 0:0(0)\n< S. 0:0(0) ack 1\n> R 500:500(0)\n> . 1:1(0) ack 1\n< F. 1:1(0) ack 1\n> F. 1:1(0) ack 2\n< . 2:2(0) ack 2", OutcomeClosed, "", []string{"An RST (3) ended nothing: its number did not fit, and its sender went on (4)."}, "reset", nil},
		{"an RST that nobody takes, and then the SYN-ACK", "> S 0:0(0)\n< R. 500:500(0) ack 77\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 1\n> P. 1:5(4) ack 1\n< . 1:1(0) ack 5", OutcomeOpen, detailWaiting, []string{"An RST (2) ended nothing"}, "reset", nil},
		{"a header longer than its datagram", "raw 0200000000020200000000010800" + "4500002800010000400666cd0a0000010a000002" + "9c40005000000001" + "00000000f002ffff00000000\n+2 arp who-has 10.0.0.9 tell 10.0.0.8", OutcomeMidstream, "", []string{"1 segment, of which the header is cut off, or wrong."}, "neither SYN nor ACK", []int64{1}},
		{"closed, and begun before", "> F. 1:1(0) ack 1\n< F. 1:1(0) ack 2\n> . 2:2(0) ack 2", OutcomeClosed, "", []string{"who is client is inferred"}, "", nil},
		{"a FIN to one that waits for SYN-ACK", "> S 0:0(0)\n< F. #4000:#4000(0) ack #9000\n< S. 0:0(0) ack 1\n> .\n> P. 1:7(6) ack 1 \"hello\\n\"\n< . 1:1(0) ack 7", OutcomeOpen, detailWaiting, nil, "FIN", nil},
		{"RST, FIN, and then the answer", "> S 0:0(0)\n< R. #0:#0(0) ack 1\n< F. #4000:#4000(0) ack 1\n> R 1:1(0)\n< S. 0:0(0) ack 1\n> . 1:1(0) ack 1\n> P. 1:7(6) ack 1 \"hello\\n\"\n< . 1:1(0) ack 7", OutcomeOpen, detailWaiting, nil, "FIN", nil},
		{"RST and then FIN, and the beginning is missing", "> P. 1:2(1) ack 1\n< F. 1:1(0) ack 2\n> P. 2:3(1) ack 2\n< R 2:2(0)\n> F. 3:3(0) ack 2", OutcomeClosed, "", []string{"FIN from both ends (2 5), and RST by the server (4)."}, "", nil},
		{"a FIN to one that waits for SYN-ACK, and no more", "> S 0:0(0)\n+9 < F. #7000:#7000(0) ack #9000", OutcomeNoAnswer, detailStale, []string{"to which its segments belong"}, "", []int64{1, 2}},
		{"to itself, without a SYN", "conn 10.0.0.1:7 10.0.0.1:7\n> P. 1:2(1) ack 1", OutcomeMidstream, detailSelf, []string{"forged packets"}, "Its SYN", nil},
	})
}

// Where large segments got through, the way is wide enough.
func TestClaimsOfWidth(t *testing.T) {
	got := opened3 + "> P. \"x\\n\"\n"
	for i := range 5 {
		got += fmt.Sprintf("< . %d:%d(1448)\n> .\n", 1+1448*i, 1+1448*(i+1))
	}
	again := "< . 7241:8689(1448)\n+.3 < . 7241:8689(1448)\n+.6 < . 7241:8689(1448)\n+1.2 < . 7241:8689(1448)"
	checkClaims(t, []claimTest{
		{"large ones got through", got + again, OutcomeStalled, detailUnacked, []string{"has gone without a word"}, "narrow", nil},
		{"only small ones", opened3 + "> P. \"x\\n\"\n< . 1:4(3)\n> .\n" + strings.ReplaceAll(again, "7241:8689", "4:1452"), OutcomeStalled, detailPathMTU, []string{"too narrow"}, "", nil},
	})
}

// What a program sent was not typed, and nc has no part in it.
func TestClaimsOfPrograms(t *testing.T) {
	const asks = `"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: y/1\r\n`
	checkClaims(t, []claimTest{
		{"a client that does not wait", opened3 + "> P. " + asks + "\\r\\n\"\n< .\n> F.\n< F.\n> .", OutcomeClosed, detailNoReply, []string{"did not wait for the answer"}, "nc", nil},
		{"half a request", opened3 + "> P. " + asks + "\"\n< .\n+9 < F.\n> F.\n< .", OutcomeClosed, detailIncomplete, []string{"3 lines and no blank one", "the client's program"}, "nc", nil},
		{"nobody listens on SMB's port", "conn 127.0.0.1:40000 127.0.0.1:139\n> S 0:0(0)\n< R. #0:#0(0) ack 1", OutcomeRefused, "", []string{"start the server first"}, "nc", nil},
		{"nobody listens on an exercise's port", "conn 127.0.0.1:40000 127.0.0.1:3000\n> S 0:0(0)\n< R. #0:#0(0) ack 1", OutcomeRefused, "", []string{"start the server first: nc -l 3000"}, "", nil},
		{"half a request, still open", opened3 + "> P. " + asks + "\"\n< .", OutcomeOpen, detailIncomplete, nil, "Enter", nil},
		{"a TLS client that stayed", opened3 + "> P. " + helloBytes + "\n< P. " + `x"170303000100"` + "\n> .\n< F.\n> .\n< .\n+9 > F.\n< .", OutcomeClosed, "", []string{"keeps connections for later"}, "nc", nil},
		{"TLS that gets no further answer", opened3 + "> P. " + helloBytes + "\n< P. " + `x"170303000100"` + "\n> P. x\"170303000100\"\n< .\n+9 > . 30:30(0)", OutcomeOpen, "", nil, "end of the line", nil},
		{"nobody speaks on the port for HTTPS", "conn 10.0.0.1:40000 10.0.0.2:443\n" + opened3 + "+20 < F.\n> F.\n< .", OutcomeClosed, detailIdle, []string{"opens a new connection"}, "type", nil},
		{"a port scan's segment in binary", opened3 + "> P. x\"00010203\"\n< .\n< F.\n> P. x\"0001\"\n< R", OutcomeReset, detailAfterClose, nil, "nc", nil},
	})
}

// HTTP: what an answer does not tell is not read into it.
func TestClaimsOfHTTP(t *testing.T) {
	const bad = `< "HTTP/1.0 400 Bad request\r\n\r\n"`
	notify := `> "NOTIFY /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd"`
	checkClaims(t, []claimTest{
		{"400 to nobody", opened3 + "+9 > F.\n< P. \"HTTP/1.0 400 Bad request\\r\\n\\r\\n\"\n< F.\n> .", OutcomeClosed, detailNoData, []string{"the server said HTTP 400 Bad request (5), and no request had come."}, "did not understand", []int64{5}},
		{"400 to what is no request", talk3("S", `> x"00010203"`, bad), OutcomeClosed, detailBadRequest, []string{"is no request of HTTP/1", "(4)"}, "its form is right", []int64{4, 6}},
		{"400 to a head without an end", opened3 + "> . \"GET / HTTP/1.1\\nA: \"\n> . 20:16403(16383)\n> . 16403:17403(1000)\n< P. \"HTTP/1.0 400 Bad request\\r\\n\\r\\n\"\n< F.\n> F.\n< .", OutcomeClosed, detailBadRequest, []string{"The head of the request (4) does not end"}, "its form is right", []int64{4, 7}},
		{"503 to a request with a mistake", talk3("S", `> "GET /a b HTTP/1.0\r\n\r\n"`, `< "HTTP/1.0 503 Busy\r\nContent-Length: 0\r\n\r\n"`), OutcomeClosed, "", []string{"The server answered HTTP 503 Busy (6)"}, "the target", nil},
		{"a space within the target, in HTTP/1.0", talk3("S", `> "GET /a b HTTP/1.0\r\n\r\n"`, bad), OutcomeClosed, detailBadRequest, []string{"line 1, character 7: a space within the target"}, "", []int64{4, 6}},
		{"a method of few, with its body", talk3("S", notify, `< "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`), OutcomeClosed, "", []string{"three segments"}, "body", nil},
		{"and less of it than announced", talk3("S", strings.Replace(notify, "abcd", "ab", 1), `< "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`), OutcomeClosed, detailIncomplete,
			[]string{"the request (4) announced 2 bytes of body that never came.", "had answered without it (6)"}, "waited", []int64{4}},
		{"no number in the status line", talk3("C", "> "+aRequest, `< "HTTP/1.1 2x0 ok\r\n\r\n"`), OutcomeClosed, detailNoReply, []string{`It is "HTTP/1.1 2x0 ok"`, "one space, and a number"}, "", []int64{4, 6}},
		{"the answer's head alone was not captured", opened3 + "> P. " + aRequest + "\n< .\n< . 1:101(100) lost\n> . ack 101\n< . 101:201(100)\n< . 201:301(100) lost\n< . 301:401(100)\n> . ack 201\n+9 > R. ack 201", OutcomeReset, detailAfterData, nil, "its answer did not come", nil},
	})
}

// TestWarningsOfTLS: a handshake goes on after some alerts.
func TestWarningsOfTLS(t *testing.T) {
	checkClaims(t, []claimTest{
		{"a warning", talk3("C", "> "+helloBytes, `< x"15030300020170"`), OutcomeClosed, "", nil, "broke off", nil},
		{"fatal", talk3("C", "> "+helloBytes, `< x"15030300020270"`), OutcomeClosed, detailTLSAlert, []string{"the server broke off the TLS handshake (6): unrecognized name."}, "", []int64{6}},
	})
}
