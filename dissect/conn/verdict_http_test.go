package conn

import (
	"strings"
	"testing"
)

type answerTest struct {
	name, script string
	outcome      Outcome
	detail       string
	text         string // whole
	meaning      string // a part
	next         string // a part
	evidence     []int64
	rows         string // of layer 7, joined by |; "" is not looked at
}

func checkAnswers(t *testing.T, tests []answerTest) {
	t.Helper()
	for _, tt := range tests {
		v, rows := verdictOf(t, tt.name, tt.script)
		if v.Outcome != tt.outcome || v.Detail != tt.detail || v.Text != tt.text {
			t.Errorf("%s: %s, detail %q\n got %q\nwant %q", tt.name, v.Outcome, v.Detail, v.Text, tt.text)
		}
		if !strings.Contains(v.Meaning, tt.meaning) || !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: %q\n%q\nTry: %q", tt.name, v.Text, v.Meaning, v.NextStep)
		}
		checkEvidence(t, tt.name, v, tt.evidence)
		if got := strings.Join(rows, "|"); tt.rows != "" && got != tt.rows {
			t.Errorf("%s: rows %q, want %q", tt.name, got, tt.rows)
		}
	}
}

// left is a connection in which the given ends spoke in turn, and that is open
// so many seconds later, when another packet shows that time has passed.
func left(seconds string, turns ...string) string {
	whole := talk3("C", turns...)
	return whole[:strings.LastIndex(whole, "+1 > F.")] + "arp who-has 10.0.0.9 tell 10.0.0.8\n+" + seconds + " arp who-has 10.0.0.9 tell 10.0.0.8"
}

// after5 makes the last FIN of a script come 5 seconds later.
func after5(script string) string {
	i := strings.LastIndex(script, "+1 ")
	return script[:i] + "+5 " + script[i+3:]
}

// TestAnswerNotCaptured: that bytes of an answer are not in the capture says
// nothing of the answer, once they were acknowledged.
func TestAnswerNotCaptured(t *testing.T) {
	const head = "\"HTTP/1.1 200 OK\\r\\nContent-Length: 40000000\\r\\n\\r\\nhello12345\""
	const asked = opened3 + "> P. " + aRequest + "\n< . 1:1(0) ack 28\n< P. 1:56(55) ack 28 " + head + "\n> . 28:28(0) ack 56\n"
	const end = "< F. 40000046:40000046(0) ack 28\n> F. 28:28(0) ack 40000047\n< . 40000047:40000047(0) ack 29"
	for name, script := range map[string]string{
		"the end":             "+3 > . 28:28(0) ack 40000046\n" + end,
		"the end, and no ACK": "+3 " + end,
		"much":                "+3 < . 30000000:30001000(1000) ack 28\n> . 28:28(0) ack 30001000\n< . 30001000:30002000(1000) ack 28\n> . 28:28(0) ack 40000046\n" + end,
		"much, then RST":      "+3 < . 39999000:40000046(1046) ack 28\n> . 28:28(0) ack 40000046\n> R 28:28(0)",
	} {
		if v, _ := verdictOf(t, name, asked+script); v.Detail == detailAnswerCut || strings.Contains(v.Text, "answer") {
			t.Errorf("%s: %q %q\n%q", name, v.Detail, v.Text, v.Meaning)
		}
	}
	// What was neither captured nor acknowledged may never have come.
	v, _ := verdictOf(t, "no ACK", asked+"+3 < F. 1056:1056(0) ack 28\n> F. 28:28(0) ack 56\n< . 1057:1057(0) ack 29")
	if v.Detail != detailAnswerCut {
		t.Errorf("no ACK: %q %q\n%q", v.Detail, v.Text, v.Meaning)
	}
}

// TestAnswerHeads: the headers of an answer do not end where they should.
func TestAnswerHeads(t *testing.T) {
	const unended = `< "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n<h1>Hello</h1>"`
	checkAnswers(t, []answerTest{
		{name: "no blank line", script: talk3("S", "> "+aRequest, unended), outcome: OutcomeClosed, detail: detailAnswerHead,
			text: "closed by the server: the answer (6) began with HTTP 200 OK, and no blank line ended its headers.", meaning: "None of its 2 lines is blank", next: `\r\n\r\n`, evidence: []int64{4, 6},
			rows: "HTTP GET / HTTP/1.1|HTTP 200 OK"},
		{name: "no blank line, and the client gives up", script: talk3("C", "> "+aRequest, unended), outcome: OutcomeClosed, detail: detailAnswerHead,
			text: "closed by the client: the answer (6) began with HTTP 200 OK, and no blank line ended its headers.", next: `\r\n\r\n`},
		{name: "no blank line, and still open", script: left("0.01", "> "+aRequest, unended), outcome: OutcomeOpen, detail: detailAnswerHead,
			text: "open: the answer (6) began with HTTP 200 OK, and no blank line ended its headers.", next: `\r\n\r\n`, evidence: []int64{4, 6}},
		{name: "no blank line, and reset", script: opened3 + "> P. " + aRequest + "\n< .\n" + strings.Replace(unended, "<", "< P.", 1) + "\n> .\n< R.", outcome: OutcomeReset, detail: detailAnswerHead,
			text: "reset by the server: the answer (6) began with HTTP 200 OK, and no blank line ended its headers."},
		{name: "a status line alone", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK"`), outcome: OutcomeClosed, detail: detailAnswerHead,
			text: "closed by the server: the answer (6) began with HTTP 200 OK, and no blank line ended its headers.", meaning: "Nothing of a page came. Either the server's program ended too early, or something on the way cut the connection; or", next: `written by hand`},
		{name: "cut in a header", script: opened3 + "> P. " + aRequest + "\n< .\n< P. \"HTTP/1.1 200 OK\\r\\nServer: x\\r\\nContent-Len\"\n> .\n< R.", outcome: OutcomeReset, detail: detailAnswerHead,
			text: "reset by the server: the answer (6) began with HTTP 200 OK, and no blank line ended its headers.", meaning: "ended too early, or something on the way cut the connection", next: "that program's messages"},
		{name: "no blank line in a page that is not kept whole", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK\r\n<p>"`, `< "`+strings.Repeat("a", 16<<10)+`"`), outcome: OutcomeClosed, detail: detailAnswerHead,
			text: "closed by the server: the answer (6) began, and no blank line ended its headers."},
		{name: "a blank line in the page", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK\r\nServer: x\r\n<h1>Hello</h1>\r\n\r\n<p>b"`), outcome: OutcomeClosed, detail: detailAnswerHead,
			text: "closed by the server: line 3 in the head of the answer (6) has no colon, and is no header.", meaning: `It is "<h1>Hello</h1>".`, next: `\r\n\r\n`},
		{name: "part of the head was lost", script: opened3 + "> P. " + aRequest + "\n< .\n< P. 1:29(28) \"HTTP/1.1 200 OK\\r\\nServer: x\\r\\n\"\n> .\n< P. 29:60(31) lost\n+2 > F. ack 29\n< F. 60:60(0)\n> . ack 29",
			outcome: OutcomeClosed, detail: detailNoReply, text: "closed by the client: the request (4) was complete, and its answer did not come: up to 31 bytes of it, which the server's numbers count, the client never acknowledged."},
		{name: "a header that goes on in another line", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK\r\nA: b,\r\n c\r\nContent-Length: 0\r\n\r\n"`), outcome: OutcomeClosed,
			text: "closed by the server, three segments (8 9 10): 9 is ACK and FIN in one."},
	})
}

// TestAnswersWithoutStatus: what came in the place of an answer is none.
func TestAnswersWithoutStatus(t *testing.T) {
	checkAnswers(t, []answerTest{
		{name: "a page alone", script: talk3("S", "> "+aRequest, `< "Hello World\n"`), outcome: OutcomeClosed, detail: detailNoReply,
			text: "closed by the server: the answer (6) to the request (4) begins with no status line.", meaning: `It begins with "Hello World"`, next: "HTTP/1.1 200 OK", evidence: []int64{4, 6},
			rows: "HTTP GET / HTTP/1.1|HTTP answer without a status line"},
		{name: "a page alone, still open", script: left("1", "> "+aRequest, `< "Hello World\n"`), outcome: OutcomeOpen, detail: detailNoReply,
			text: "open: the answer (6) to the request (4) begins with no status line."},
		{name: "an echo", script: talk3("C", "> "+aRequest, "< "+aRequest), outcome: OutcomeClosed, detail: detailNoReply,
			text: "closed by the client: the answer (6) to the request (4) begins with no status line.", meaning: "sends back what it gets"},
		{name: "text to half a request", script: talk3("S", `> "GET / HTTP/1.1\r\n"`, `< "what?\n"`), outcome: OutcomeClosed, detail: detailNoReply,
			text: "closed by the server: the answer (6) to the request (4) begins with no status line.", meaning: `"what?"`},
		{name: "to the second request", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"`, "> "+aRequest, `< "hi"`), outcome: OutcomeClosed, detail: detailNoReply,
			text: "closed by the server: the answer (10) to the request (8) begins with no status line.", meaning: `"hi"`, evidence: []int64{8, 10}},
		{name: "to HTTP/0.9", script: talk3("S", `> "GET /\r\n"`, `< "<html>old"`), outcome: OutcomeClosed,
			text: "closed by the server, three segments (8 9 10): 9 is ACK and FIN in one.", rows: "HTTP GET /|HTTP response without a status line"},
	})
}

// TestAnswerLengths: the length of an answer is wrong, or not said.
func TestAnswerLengths(t *testing.T) {
	const (
		more    = `< "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHello"`
		fewer   = `< "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHello"`
		chunked = `< "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n"`
		none    = `< "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nHello"`
		events  = `< "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n`
	)
	checkAnswers(t, []answerTest{
		{name: "more announced, and the client gives up", script: after5(talk3("C", "> "+aRequest, more)), outcome: OutcomeClosed, detail: detailAnswerCut,
			text: "closed by the client: the answer (6) ended 45 bytes before its announced length.", meaning: "The client gave up after 5.0 s in which nothing more came. Perhaps Content-Length is too large", next: "Content-Length must be"},
		{name: "more announced, and the client wants no more", script: strings.Replace(talk3("C", "> "+aRequest, more), "+1 > F.", "+.1 > F.", 1), outcome: OutcomeClosed, detail: detailAnswerCut,
			text: "closed by the client: the answer (6) ended 45 bytes before its announced length.", meaning: "The client did not want the rest."},
		{name: "more announced, and the server closes", script: talk3("S", "> "+aRequest, more), outcome: OutcomeClosed, detail: detailAnswerCut,
			text: "closed by the server: the answer (6) ended 45 bytes before its announced length.", meaning: "Either Content-Length is too large"},
		{name: "the rest was lost", script: opened3 + "> P. " + aRequest + "\n< .\n" + strings.Replace(more, "<", "< P.", 1) + "\n> .\n< . 44:89(45) lost\n+5 > F.\n< F. 89:89(0)\n> . ack 44", outcome: OutcomeClosed, detail: detailAnswerCut,
			text: "closed by the client: the answer (6) ended 45 bytes before its announced length.", meaning: "Perhaps that was lost", next: "ping -M do"},
		{name: "no last chunk, and the client gives up", script: after5(talk3("C", "> "+aRequest, chunked)), outcome: OutcomeClosed, detail: detailAnswerCut,
			text: "closed by the client: the answer (6) ended before its last chunk.", meaning: "Perhaps the program forgets the end (in Node, res.end())", next: "end the answer"},
		{name: "no last chunk, still open", script: left("2", "> "+aRequest, chunked), outcome: OutcomeOpen, detail: detailAnswerCut,
			text: "open: the last chunk of the answer (6) has not come.", meaning: "res.end()"},
		{name: "more announced, still open", script: left("2", "> "+aRequest, more), outcome: OutcomeOpen, detail: detailAnswerCut,
			text: "open: the answer (6) is still 45 bytes short of its announced length.", meaning: "Or it is still at work."},
		{name: "more announced, and the capture ends", script: left("0.1", "> "+aRequest, more), outcome: OutcomeOpen,
			text: "established, and no end of it was captured in 105 ms."},
		{name: "a stream of events, and the client leaves", script: after5(talk3("C", "> "+aRequest, events+`Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n"`)), outcome: OutcomeClosed,
			text: "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one."},
		{name: "a stream of events without chunks", script: after5(talk3("C", "> "+aRequest, events+`\r\ndata: 1\n\n"`)), outcome: OutcomeClosed,
			text: "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one."},
		{name: "characters were counted", script: talk3("S", "> "+aRequest, fewer), outcome: OutcomeClosed, detail: detailAnswerLong,
			text: "closed by the server: 3 bytes came after the announced end of the answer (6).", meaning: "counts bytes, not characters", next: "Buffer.byteLength", evidence: []int64{6},
			rows: "HTTP GET / HTTP/1.1|HTTP 200 OK, 3 bytes after the end of the response"},
		{name: "the rest comes by itself, still open", script: left("1", "> "+aRequest, fewer, `< "abc"`), outcome: OutcomeOpen, detail: detailAnswerLong,
			text: "open: 6 bytes came after the announced end of the answer (6).",
			rows: "HTTP GET / HTTP/1.1|HTTP 200 OK, 3 bytes after the end of the response|HTTP 3 bytes after the end of the response"},
		{name: "a page with an answer that has none", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 204 No Content\r\n\r\nHello"`), outcome: OutcomeClosed, detail: detailAnswerLong,
			text: "closed by the server: 5 bytes came after the answer (6), which has no body.", meaning: "status 204"},
		{name: "a page with the answer to HEAD", script: talk3("S", `> "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"`, `< "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"`), outcome: OutcomeClosed, detail: detailAnswerLong,
			text: "closed by the server: 5 bytes came after the answer (6), which has no body.", meaning: "to HEAD"},
		{name: "an empty line too many", script: talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\r\n"`), outcome: OutcomeClosed,
			text: "closed by the server, three segments (8 9 10): 9 is ACK and FIN in one."},
		{name: "no length, and the client gives up", script: after5(talk3("C", "> "+aRequest, none)), outcome: OutcomeClosed, detail: detailNoLength,
			text: "closed by the client: the answer (6) does not say how long it is, so that only the server's FIN ends it.", meaning: "The client waited for more, and gave up after 5.0 s.", next: "close() after the page"},
		{name: "no length, still open", script: left("2", "> "+aRequest, none), outcome: OutcomeOpen, detail: detailNoLength,
			text: "open: the answer (6) does not say how long it is, so that only the server's FIN ends it.", meaning: "The client waits for more."},
		{name: "no length, and the server closes", script: after5(talk3("S", "> "+aRequest, none)), outcome: OutcomeClosed,
			text: "closed by the server, three segments (8 9 10): 9 is ACK and FIN in one."},
		{name: "no length, and the client closes at once", script: strings.Replace(talk3("C", "> "+aRequest, none), "+1 > F.", "+.1 > F.", 1), outcome: OutcomeClosed,
			text: "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one."},
	})
}

// TestAnswerAfterFIN: the client's FIN ended the headers of its request.
func TestAnswerAfterFIN(t *testing.T) {
	const typed = opened3 + "> P. \"GET / HTTP/1.1\\nHost: a\\n\"\n< .\n+8 > F.\n< .\n"
	checkAnswers(t, []answerTest{
		{name: "and it was reset", script: typed + "< P. \"HTTP/1.0 200 OK\\r\\nContent-Length: 1035\\r\\n\\r\\n\"\n> R", outcome: OutcomeReset, detail: detailIncomplete,
			text: "reset by the client: it did so after 8.0 s; the request (4) was not complete: 2 lines and no blank one.", meaning: "took the FIN for the end, and answered then (8)", next: "press Enter once more, or paste: printf", evidence: []int64{4, 8}},
		{name: "and it was read", script: typed + "< P. \"HTTP/1.0 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi\"\n> .\n< F.\n> .", outcome: OutcomeClosed, detail: detailIncomplete,
			text: "closed by the client: it did so after 8.0 s; the request (4) was not complete: 2 lines and no blank one.", meaning: "took the FIN for the end, and answered then (8)"},
	})
}

// TestSecondRequest: a request after others on the same connection gets no
// answer.
func TestSecondRequest(t *testing.T) {
	const again = "> \"GET /b HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\""
	kept := func(head string) string { return "< \"" + head + "Content-Length: 2\\r\\n\\r\\nhi\"" }
	const failed = "closed by the server: the request (8) was complete, and no answer to it came; what came before it was answered (6)."
	checkAnswers(t, []answerTest{
		{name: "the program failed on it", script: talk3("S", "> "+aRequest, kept(`HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n`), again), outcome: OutcomeClosed, detail: detailNoReply,
			text: failed, meaning: "The server's program failed on it", next: "look at the server's messages", evidence: []int64{6, 8}},
		{name: "the same without a word on the connection", script: talk3("S", "> "+aRequest, kept(`HTTP/1.1 200 OK\r\n`), again), outcome: OutcomeClosed, detail: detailNoReply, text: failed, meaning: "The server's program failed on it"},
		{name: "HTTP/1.0 that stays", script: talk3("S", "> "+aRequest, kept(`HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n`), again), outcome: OutcomeClosed, detail: detailNoReply, text: failed, meaning: "The server's program failed on it"},
		{name: "HTTP/1.0", script: talk3("S", "> "+aRequest, kept(`HTTP/1.0 200 OK\r\n`), again), outcome: OutcomeClosed, detail: detailNoReply,
			text: "closed by the server: an earlier request was answered (6), the one after it (8) was not.", meaning: "The server closes after that answer", evidence: []int64{6, 8}},
		{name: "Connection: close", script: talk3("S", "> "+aRequest, kept(`HTTP/1.1 200 OK\r\nconnection: TE, Close\r\n`), again), outcome: OutcomeClosed, detail: detailNoReply,
			text: "closed by the server: an earlier request was answered (6), the one after it (8) was not.", meaning: "The server closes after that answer"},
	})
}

// TestHelloWithoutAnswer: TLS to a server that does not speak it.
func TestHelloWithoutAnswer(t *testing.T) {
	checkAnswers(t, []answerTest{
		{name: "open", script: left("2", "> "+helloBytes), outcome: OutcomeOpen, detail: detailWaiting, text: "open: the ClientHello (4) has no answer yet.",
			meaning: "Either this port does not speak TLS", next: "http:// in place of https://", evidence: []int64{4}},
		{name: "open, and the capture ends", script: left("0.1", "> "+helloBytes), outcome: OutcomeOpen, detail: detailWaiting, text: "open: the ClientHello (4) has no answer yet.",
			meaning: "or the answer came after the end of the capture"},
		{name: "closed", script: talk3("S", "> "+helloBytes), outcome: OutcomeClosed, detail: detailNoReply, text: "closed by the server: the ClientHello (4) got no answer."},
		{name: "given up", script: after5(talk3("C", "> "+helloBytes)), outcome: OutcomeClosed, detail: detailNoReply, text: "closed by the client: the ClientHello (4) got no answer.",
			meaning: "The client gave up after 5.0 s. Either this port does not speak TLS"},
		{name: "an echo", script: talk3("C", "> "+helloBytes, "< "+helloBytes, "> "+alertBytes), outcome: OutcomeClosed, detail: detailTLSToPlain,
			text: "closed by the client: the server sent a ClientHello, too (6).", meaning: "sends back what it gets, and does not speak TLS", evidence: []int64{4, 6}},
		{name: "an echo, open", script: left("0.1", "> "+helloBytes, "< "+helloBytes), outcome: OutcomeOpen, detail: detailTLSToPlain,
			text: "open: the server sent a ClientHello, too (6)."},
	})
}

// TestAnswerFaultsInPieces: what is wrong with an answer is found wherever its
// segments are cut.
func TestAnswerFaultsInPieces(t *testing.T) {
	for _, tt := range []struct {
		answer                    string
		headless, noStatus, bytes int64
		line                      int
	}{
		{answer: "HTTP/1.1 200 OK\r\nServer: x\r\n<h1>", headless: 1},
		{answer: "Hello World\n", noStatus: 1},
		{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHello", bytes: 3},
		{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\r\n\r\n"},
		{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nabc", bytes: 3},
		{answer: "HTTP/1.1 200 OK\r\nhello\r\n\r\n", line: 2},
		{answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
	} {
		for size := 1; size <= len(tt.answer); size++ {
			k := newTalk(80)
			k.run("> GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			for rest := tt.answer; len(rest) > 0; {
				n := min(size, len(rest))
				k.say(Server, rest[:n])
				rest = rest[n:]
			}
			f := k.a.facts()
			if f.headAt != 0 != (tt.headless != 0) || f.noStatus != 0 != (tt.noStatus != 0) || f.fault.bytes != tt.bytes || f.fault.line != tt.line || f.lost {
				t.Errorf("%q in pieces of %d: head at %d, no status at %d, %+v, lost %v", tt.answer, size, f.headAt, f.noStatus, f.fault, f.lost)
			}
			k.a.release()
			if k.b.used != 0 {
				t.Errorf("%q in pieces of %d: %d bytes not given back", tt.answer, size, k.b.used)
			}
		}
	}
}
