package conn

import (
	"strings"
	"testing"
)

// helloBytes is a ClientHello without extensions, alertBytes TLS's refusal of
// the version, as segtest writes payload.
const (
	helloBytes = `x"16 0301 0031 01 00002d 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 1301 01 00 0002 0000"`
	alertBytes = `x"15 0301 0002 02 46"`
	aRequest   = `"GET / HTTP/1.1\r\nHost: a\r\n\r\n"`
)

// talk3 is a connection in which the given ends speak in turn and whose client ("C")
// or server ("S") closes it.
func talk3(closes string, turns ...string) string {
	var b strings.Builder
	b.WriteString(opened3)
	for _, t := range turns {
		who, what, _ := strings.Cut(t, " ")
		back := "<"
		if who == "<" {
			back = ">"
		}
		b.WriteString(who + " P. " + what + "\n" + back + " .\n")
	}
	if closes == "S" {
		return b.String() + "+1 < F.\n> F.\n< ."
	}
	return b.String() + "+1 > F.\n< F.\n> ."
}

type tongueTest struct {
	name, script, detail, text, meaning, next string
	evidence                                  []int64 // that must be among the verdict's
	rows                                      string
}

func checkTongues(t *testing.T, tests []tongueTest) {
	t.Helper()
	for _, tt := range tests {
		v, rows := verdictOf(t, tt.name, tt.script)
		if v.Detail != tt.detail || !strings.Contains(v.Text, tt.text) || !strings.Contains(v.Meaning, tt.meaning) || !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: %s, %q, %q, %q", tt.name, v.Detail, v.Text, v.Meaning, v.NextStep)
		}
		checkEvidence(t, tt.name, v, tt.evidence)
		if got := strings.Join(rows, "|"); got != tt.rows {
			t.Errorf("%s: rows %q, want %q", tt.name, got, tt.rows)
		}
	}
}

// TestTonguesThatClash: the ends speak different protocols, whoever begins.
func TestTonguesThatClash(t *testing.T) {
	checkTongues(t, []tongueTest{
		{"TLS, and SMTP has greeted", talk3("C", `< "220 mail.example.org ESMTP\r\n"`, "> "+helloBytes, `< "500 5.5.2 Error: bad syntax\r\n"`),
			detailTLSToPlain, "the client began with TLS (6), and the server speaks SMTP (4).", "after the command STARTTLS", "openssl s_client -starttls smtp -connect 10.0.0.2:80, or the port for TLS from the first byte on (465).",
			[]int64{4, 6}, "SMTP 220 mail.example.org ESMTP|not SMTP: TLS ClientHello|SMTP 500 5.5.2 Error: bad syntax"},
		{"TLS, and SMTP greets then", talk3("C", "> "+helloBytes, `< "220 mail.example.org ESMTP\r\n"`),
			detailTLSToPlain, "the client began with TLS (4), and the server speaks SMTP (6).", "STARTTLS", "-starttls smtp", []int64{4, 6},
			"TLS ClientHello|not TLS: 220 mail.example.org ESMTP"},
		{"TLS to SMTP's port for TLS", strings.Replace(talk3("C", `< "220 m ESMTP\r\n"`, "> "+helloBytes), "\n", "\nconn 10.0.0.1:40000 10.0.0.2:465\n", 1),
			detailTLSToPlain, "the client began with TLS (6), and the server speaks SMTP (4).", "does not begin with TLS there", "has to be told", []int64{4, 6}, "SMTP 220 m ESMTP|not SMTP: TLS ClientHello"},
		{"TLS to FTP", talk3("S", `< "220 FTP server ready\r\n"`, "> "+helloBytes), detailTLSToPlain, "the server speaks FTP (4)", "AUTH TLS", "990",
			[]int64{4, 6}, "FTP 220 FTP server ready|not FTP: TLS ClientHello"},
		{"TLS to POP3", talk3("S", `< "+OK ready\r\n"`, "> "+helloBytes), detailTLSToPlain, "the server speaks POP3 (4)", "STLS", "995",
			[]int64{4, 6}, "POP3 +OK ready|not POP3: TLS ClientHello"},
		{"TLS to IMAP", talk3("S", `< "* OK ready\r\n"`, "> "+helloBytes), detailTLSToPlain, "the server speaks IMAP (4)", "STARTTLS", "993",
			[]int64{4, 6}, "IMAP * OK ready|not IMAP: TLS ClientHello"},
		{"TLS to SSH", talk3("S", `< "SSH-2.0-OpenSSH_9.2\r\n"`, "> "+helloBytes, `< "Invalid SSH identification string.\r\n"`),
			detailTLSToPlain, "closed by the server: the client began with TLS (6), and the server speaks SSH (4).", "does not speak TLS", "ssh -p 80 10.0.0.2", []int64{4, 6},
			"SSH SSH-2.0-OpenSSH_9.2|not SSH: TLS ClientHello|SSH continued"},
		{"TLS to a program that greets", talk3("S", `< "What's your name? "`, "> "+helloBytes),
			detailTLSToPlain, "the client began with TLS (6), and the server speaks plain text (4).", "does not speak TLS", "the same without TLS", []int64{4, 6},
			"text|TLS ClientHello"},
		{"HTTP to TLS", talk3("S", "> "+aRequest, "< "+alertBytes),
			detailPlainToTLS, "the client began with HTTP (4), and the server answered in TLS (6).", "from the first byte on", "https://", []int64{4, 6},
			"HTTP GET / HTTP/1.1|not HTTP: TLS alert: protocol version"},
		{"typing to TLS", talk3("S", `> "hello\n"`, "< "+alertBytes),
			detailPlainToTLS, "the client began with plain text (4), and the server answered in TLS (6).", "", "openssl s_client -connect 10.0.0.2:80", []int64{4, 6},
			"text|TLS alert: protocol version"},
		{"SSH to TLS", talk3("S", `> "SSH-2.0-x\r\n"`, "< "+alertBytes),
			detailPlainToTLS, "the client began with SSH (4), and the server answered in TLS (6).", "", "openssl", []int64{4, 6},
			"SSH SSH-2.0-x|not SSH: TLS alert: protocol version"},
		{"HTTP to HTTPS, told by nginx", talk3("S", "> "+aRequest, `< "HTTP/1.1 400 Bad Request\r\nContent-Length: 58\r\n\r\n"`, `< "<html>The plain HTTP request was sent to HTTPS port</html>"`),
			detailPlainToTLS, "it answered HTTP 400 Bad Request (6), and says that this port is for HTTPS.", "within TLS", "https://", []int64{4, 6, 8},
			"HTTP GET / HTTP/1.1|HTTP 400 Bad Request|HTTP end of the response"},
		{"HTTP to HTTPS, told by Go", talk3("S", "> "+aRequest, `< "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"`),
			detailPlainToTLS, "says that this port is for HTTPS", "", "https://", []int64{4, 6}, "HTTP GET / HTTP/1.1|HTTP 400 Bad Request"},
		{"HTTP to SSH", talk3("S", "> "+aRequest, `< "SSH-2.0-OpenSSH_9.2\r\n"`),
			detailOtherTongue, "the client began with HTTP (4), and the server speaks SSH (6).", "its own protocol", "ssh -p 80 10.0.0.2; web servers", []int64{4, 6},
			"HTTP GET / HTTP/1.1|not HTTP: SSH-2.0-OpenSSH_9.2"},
		{"typing to SSH", talk3("S", `< "SSH-2.0-OpenSSH_9.2\r\n"`, `> "hello\n"`),
			detailOtherTongue, "the client began with plain text (6), and the server speaks SSH (4).", "", "ssh -p 80 10.0.0.2", []int64{4, 6},
			"SSH SSH-2.0-OpenSSH_9.2|not SSH: hello"},
		{"HTTP to SMTP", talk3("S", `< "220 m ESMTP\r\n"`, "> "+aRequest, `< "221 2.7.0 Goodbye\r\n"`),
			detailOtherTongue, "the client began with HTTP (6), and the server speaks SMTP (4).", "", "port 80", []int64{4, 6},
			"SMTP 220 m ESMTP|not SMTP: GET / HTTP/1.1|SMTP 221 2.7.0 Goodbye"},
		{"SSH to HTTP", talk3("S", `> "SSH-2.0-x\r\n"`, `< "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"`),
			detailOtherTongue, "the client began with SSH (4), and the server speaks HTTP (6).", "", "port 22", []int64{4, 6}, "SSH SSH-2.0-x|HTTP 400 Bad Request"},
		{"a ClientHello without an answer", talk3("S", "> "+helloBytes), detailNoReply, "closed by the server: the ClientHello (4) got no answer.", "does not speak TLS", "openssl s_client -connect 10.0.0.2:80", []int64{4}, "TLS ClientHello"},
		{"a ClientHello answered with RST", opened3 + "> P. " + helloBytes + "\n< R.", detailNoReply, "reset by the server: the ClientHello (4) got no answer.", "a firewall on the way", "openssl", []int64{4, 5}, "TLS ClientHello"},
		{"a request to the port of HTTPS", strings.Replace(talk3("S", "> "+aRequest), "\n", "\nconn 10.0.0.1:40000 10.0.0.2:443\n", 1), detailNoReply, "no answer to it came", "the port is that of HTTPS", "https://", []int64{4}, "HTTP GET / HTTP/1.1"},
	})
}

// TestTonguesThatAgree: what looks like a clash, and is none.
func TestTonguesThatAgree(t *testing.T) {
	checkTongues(t, []tongueTest{
		{"TLS after STARTTLS", talk3("S", `< "220 m ESMTP\r\n"`, `> "STARTTLS\r\n"`, `< "220 go\r\n"`, "> "+helloBytes), "", "three segments", "TIME-WAIT", "",
			nil, "SMTP 220 m ESMTP|SMTP STARTTLS|SMTP 220 go|TLS ClientHello"},
		{"text before SSH's version", talk3("S", `< "be welcome\r\n"`, `> "SSH-2.0-x\r\n"`, `< "SSH-2.0-y\r\n"`), "", "three segments", "TIME-WAIT", "",
			nil, "text|SSH SSH-2.0-x|SSH continued"},
		{"a proxy that says for whom it speaks", talk3("S", `> "PROXY TCP4 10.0.0.9 10.0.0.2 1 22\r\n"`, `< "SSH-2.0-y\r\n"`), "", "three segments", "TIME-WAIT", "",
			nil, "text|SSH SSH-2.0-y"},
		{"TLS refused in TLS", talk3("S", "> "+helloBytes, "< "+alertBytes), detailTLSAlert, "it broke off the TLS handshake (6): protocol version.", "", "",
			[]int64{6}, "TLS ClientHello|TLS alert: protocol version"},
	})
}

// TestBodyWithoutLength: a POST typed by hand, without Content-Length, or with
// too small a one.
func TestBodyWithoutLength(t *testing.T) {
	const post = `"POST /x HTTP/1.1\nHost: a\n\n`
	const ok = `< "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"`
	const bad = `< "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"`
	checkTongues(t, []tongueTest{
		{"taken for a request, and refused", talk3("S", "> "+post+`"`, ok, `> "name=bob\n"`, bad),
			detailBadRequest, "the request (4) does not say how long its body is, so that what came after it (8) counts as another request; the server answered HTTP 400 Bad Request (10).",
			`It was "name=bob". A body is taken for one only with Content-Length`, "Content-Length must be", []int64{4, 8, 10}, "HTTP POST /x HTTP/1.1|HTTP 200 OK|HTTP name=bob|HTTP 400 Bad Request"},
		{"refused at once", talk3("S", "> "+post+`"`, `< "HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n"`),
			detailBadRequest, "it answered HTTP 411 Length Required (6): the request (4) does not say how long its body is.", "A body is taken", "Content-Length must be", []int64{4, 6},
			"HTTP POST /x HTTP/1.1|HTTP 411 Length Required"},
		{"the server waits for the rest of it", talk3("S", "> "+post+`name=bob\n"`),
			detailIncomplete, "the request (4) does not say how long its body is, so that what came after it (4) counts as another request.", "name=bob", "Content-Length", []int64{4},
			"HTTP POST /x HTTP/1.1, name=bob"},
		{"and still does", opened3 + "> P. " + post + "name=bob\\n\"\n< .", detailIncomplete, "open: the request (4) does not say", "", "", []int64{4}, "HTTP POST /x HTTP/1.1, name=bob"},
		{"too small a length", talk3("S", `> "POST /x HTTP/1.1\nHost: a\nContent-Length: 4\n\nname=bob\n"`, ok, bad),
			detailBadRequest, "more came than the request (4) announced as its body: the rest (4) counts as another request; the server answered HTTP 400 Bad Request (8).", `It began with "=bob".`, "", []int64{4, 8},
			"HTTP POST /x HTTP/1.1, =bob|HTTP 200 OK|HTTP 400 Bad Request"},
		{"refused for another reason", talk3("S", "> "+post+`name=bob\n"`, `< "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"`), "", "three segments", "The server answered HTTP 501 Not Implemented (6)", "", nil,
			"HTTP POST /x HTTP/1.1, name=bob|HTTP 501 Not Implemented"},
		{"the right length, and Enter behind it", talk3("S", `> "POST /x HTTP/1.1\nHost: a\nContent-Length: 8\n\nname=bob\n"`, ok), "", "three segments", "TIME-WAIT", "", nil,
			"HTTP POST /x HTTP/1.1, blank line|HTTP 200 OK"},
		{"none, and no body either", talk3("S", "> "+post+`"`, ok), "", "three segments", "TIME-WAIT", "", nil, "HTTP POST /x HTTP/1.1|HTTP 200 OK"},
		{"none, and another request behind it", talk3("S", "> "+post+`"`, ok, "> "+aRequest, ok), "", "three segments", "TIME-WAIT", "", nil,
			"HTTP POST /x HTTP/1.1|HTTP 200 OK|HTTP GET / HTTP/1.1|HTTP 200 OK"},
	})
}
