package conn

import (
	"strings"
	"testing"
)

// What is said of requests on a connection that was kept open for more of them,
// and of answers that come early.
func TestKeptOpen(t *testing.T) {
	const (
		get    = "> P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\" ack 1\n"
		again  = "> P. \"GET /b HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n"
		ok     = "< P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi\"\n> .\n"
		one    = opened3 + get + ok
		two    = one + again + ok
		post   = opened3 + "> P. \"POST /up HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5000\\r\\n\\r\\n\"\n< .\n"
		denied = "< P. \"HTTP/1.1 413 Payload Too Large\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n\"\n"
	)
	for name, tt := range map[string]struct{ script, detail, text, meaning string }{
		"closed meanwhile": {two + "+5 < F.\n" + again + "< R",
			detailNoReply, "reset by the server: it had closed (10), after 5.0 s of silence, when the request (11) came.", "nothing is wrong with it"},
		"closed after one answer": {one + "< F.\n" + again + "< R",
			detailNoReply, "it had closed (7), when the request (8) came.", "the server closes after one answer"},
		"forgotten in the silence": {two + "+350 " + again + "< R",
			detailForgotten, "RST without ACK (11) answered data of the client (10); the server had not been heard for 5 min 50 s.", "a NAT or a firewall on the way forgot it"},
		"reset after the silence": {two + "+350 " + again + "< R.",
			detailNoReply, "no answer to it came; what came before it was answered (8); nothing had come from it for 5 min 50 s.", "perhaps an idle time-out"},
		"failed at the third": {two + "+1 " + again + "< .\n+30 < F.\n> F.\n< .",
			detailNoReply, "closed by the server: the request (10) was complete, and no answer to it came; what came before it was answered (8).", "The server's program failed on it"},
		"an early answer": {post + denied + "+.01 > P. 53(1000)\n< R.",
			detailIncomplete, "reset by the server: it answered HTTP 413 Payload Too Large (6) before the end of the request's body (4): 4,000 bytes had not come.", "it did not want the rest"},
		"an early answer, and closed": {post + "> P. 53(2500)\n" + "< P. \"HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n< F.\n> P. 2553(2500)\n< R",
			detailAfterClose, "data (9) came after its FIN (8)", "the server answered HTTP 401 Unauthorized (7)"},
		"408 to nothing": {one + "+10 < P. \"HTTP/1.1 408 Request Timeout\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n< F.\n> F.\n< .",
			detailIdle, "closed by the server: it said HTTP 408 Request Timeout (7), and no request was open", "on which no further request comes"},
		"408 to half a body": {post + "> P. 53(2500)\n+30 < P. \"HTTP/1.1 408 Request Timeout\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n< F.\n> F.\n< .",
			detailIncomplete, "it answered HTTP 408 Request Timeout (7); the request (4) had announced 2,500 bytes of body that had not come.", "only so long"},
		"the body is lost": {post + "> . 53(1400) lost\n> P. 1453(3600) lost\n> F. 5053:5053(0)\n< F. ack 53\n> .",
			detailIncomplete, "of the body of the request (4) did not come here, as the client's numbers tell.", "a path-MTU black hole"},
	} {
		if v, _ := verdictOf(t, name, tt.script); v.Detail != tt.detail || !strings.Contains(v.Text, tt.text) || !strings.Contains(v.Meaning, tt.meaning) {
			t.Errorf("%s: %s, %q: %q\n%q", name, v.Outcome, v.Detail, v.Text, v.Meaning)
		}
	}
}

// What is said of programs that do not read, or not far enough.
func TestUnread(t *testing.T) {
	const said = opened3 + "> P. \"hi\\n\"\n< .\n"
	for name, tt := range map[string]struct{ script, detail, meaning, next string }{
		"closed unread, after words of its own": {said + "< P. \"Welcome\\n\"\n> .\n< R.",
			detailAfterData, "perhaps the program at the server closed with data of the client (4) unread", "until recv() returns 0"},
		"words of its own alone": {opened3 + "< P. \"Welcome\\n\"\n> .\n< R.",
			detailAfterData, "perhaps the program at the server was ended", ""},
		"an end that has sent has accepted": {said + "< P. \"HI\\n\"\n> .\n> F.\n< R.",
			detailPeerClosed, "or was ended by force", ""},
		"an end that has not": {said + "> F.\n< R.",
			detailPeerClosed, "or without having accepted the connection", ""},
		"reads once": {said + "< P. \"HI\\n\"\n> .\n> P. \"two\\n\"\n< .\n+1.2 arp who-has 10.0.0.9 tell 10.0.0.8",
			"", "the last data of the client (8), its program has sent nothing since", "Recv-Q"},
		"has had no time yet": {said + "< P. \"HI\\n\"\n> .\n> P. \"two\\n\"\n< .",
			"", "", ""},
		"answers when the client has gone": {opened3 + "> P. \"hi\"\n< .\n+2 > F.\n< P. \"hi\"\n> R",
			detailAfterClose, "the client had waited 2.0 s for an answer to its data (4)", ""},
	} {
		v, _ := verdictOf(t, name, tt.script)
		if v.Detail != tt.detail || !strings.Contains(v.Meaning, tt.meaning) || tt.meaning == "" && v.Meaning != "" || !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: %s, %q: %q\n%q\n%q", name, v.Outcome, v.Detail, v.Text, v.Meaning, v.NextStep)
		}
	}
}
