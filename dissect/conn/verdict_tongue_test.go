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
		{"TLS after STARTTLS", talk3("S", `< "220 m ESMTP\r\n"`, `> "STARTTLS\r\n"`, `< "220 go\r\n"`, "> "+helloBytes, `< x"17 0303 0004 00000000"`, `> x"17 0303 0004 00000000"`), "", "three segments", "TIME-WAIT", "",
			nil, "SMTP 220 m ESMTP|SMTP STARTTLS|SMTP 220 go|TLS ClientHello|TLS application data|TLS application data"},
		{"text before SSH's version", talk3("S", `< "be welcome\r\n"`, `> "SSH-2.0-x\r\n"`, `< "SSH-2.0-y\r\n"`), "", "three segments", "TIME-WAIT", "",
			nil, "text|SSH SSH-2.0-x|SSH continued"},
		{"a proxy that says for whom it speaks", talk3("S", `> "PROXY TCP4 10.0.0.9 10.0.0.2 1 22\r\n"`, `< "SSH-2.0-y\r\n"`), "", "three segments", "TIME-WAIT", "",
			nil, "text|SSH SSH-2.0-y"},
		{"TLS refused in TLS", talk3("S", "> "+helloBytes, "< "+alertBytes), detailTLSAlert, "it broke off the TLS handshake (6): protocol version.", "", "",
			[]int64{6}, "TLS ClientHello|TLS alert: protocol version"},
	})
}

// TestStartTLS: what both ends agreed on before, they do not come to speak.
func TestStartTLS(t *testing.T) {
	mail := []string{`< "220 m ESMTP\r\n"`, `> "STARTTLS\r\n"`, `< "220 go\r\n"`, "> " + helloBytes}
	const rows = "SMTP 220 m ESMTP|SMTP STARTTLS|SMTP 220 go|TLS ClientHello"
	const serverHello = `x"16 0303 002c 02 000028 0303 0000000000000000000000000000000000000000000000000000000000000000 00 1301 00 0000"`
	checkTongues(t, []tongueTest{
		{"no ServerHello", talk3("S", mail...), detailNoReply, "the ClientHello (10) got no answer.", "The server had agreed to TLS", "openssl s_client -starttls smtp -connect 10.0.0.2:80, with", []int64{10}, rows},
		{"the client gives up", strings.Replace(talk3("C", mail...), "+1 > F.", "+9 > F.", 1), detailNoReply, "the ClientHello (10) got no answer.", "The client gave up after 9.0 s: perhaps the server's program is busy", "", []int64{10}, rows},
		{"an alert", talk3("S", append(mail, "< "+alertBytes)...), detailTLSAlert, "it broke off the TLS handshake (12): protocol version.", "", "openssl s_client -starttls smtp -connect 10.0.0.2:80 -tls1_2", []int64{12}, rows + "|TLS alert: protocol version"},
		{"the client does not go on", talk3("C", append(mail, "< "+serverHello)...), detailTLSAlert, "nothing of the client came after the server's answer (12).", "", "openssl s_client -starttls smtp", []int64{10, 12}, rows + "|TLS ServerHello (TLS 1.2)"},
		{"AUTH TLS, when another command was refused", strings.Replace(talk3("S", `< "220 FTP\r\n"`, `> "AUTH SSL\r\n"`, `< "504 no\r\n"`, `> "AUTH TLS\r\n"`, `< "234 go\r\n"`, "> "+helloBytes), "\n", "\nconn 10.0.0.1:40000 10.0.0.2:21\n", 1),
			detailNoReply, "the ClientHello (14) got no answer.", "", "-starttls ftp", []int64{14}, "FTP 220 FTP|FTP AUTH SSL|FTP 504 no|FTP AUTH TLS|FTP 234 go|TLS ClientHello"},
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

// TestForeignTongues: servers of other protocols than were asked for, known by
// their first bytes.
func TestForeignTongues(t *testing.T) {
	const began, meaning = "the client began with HTTP (4), and the server speaks ", "either the port or the program is not the one"
	mysql := `x"2d000000 0a 382e302e333600 0800000000000000000000000000ff0200ffff15000000000000000000000000000000"`
	checkTongues(t, []tongueTest{
		{"HTTP to Redis", talk3("S", "> "+aRequest, `< "-ERR wrong number of arguments for 'get' command\r\n"`), detailOtherTongue, began + "Redis (6).", meaning, "redis-cli -h 10.0.0.2 -p 80", []int64{4, 6},
			"HTTP GET / HTTP/1.1|not HTTP: -ERR wrong number of arguments for 'get' command"},
		{"HTTP to PostgreSQL", talk3("S", "> "+aRequest, `< x"45 00000010 53464154414c00 4d7800 00"`), detailOtherTongue, began + "PostgreSQL (6).", meaning, "psql -h 10.0.0.2 -p 80", []int64{4, 6}, "HTTP GET / HTTP/1.1|not HTTP: PostgreSQL"},
		{"HTTP to HTTP/2 alone", talk3("S", "> "+aRequest, `< x"000006 04 00 00000000 000300000064"`), detailOtherTongue, began + "HTTP/2 (6).", meaning, "--http2-prior-knowledge http://10.0.0.2:80/", []int64{4, 6}, "HTTP GET / HTTP/1.1|not HTTP: HTTP/2"},
		{"HTTP to AMQP", talk3("S", "> "+aRequest, `< x"414d515000000901"`), detailOtherTongue, began + "AMQP (6).", meaning, "a client of AMQP", []int64{4, 6}, "HTTP GET / HTTP/1.1|not HTTP: AMQP"},
		{"HTTP to SMB", talk3("S", "> "+aRequest, `< x"00000054 fe534d4240000000"`), detailOtherTongue, began + "SMB (6).", meaning, "smbclient", []int64{4, 6}, "HTTP GET / HTTP/1.1|not HTTP: SMB"},
		{"HTTP to LDAP", talk3("S", "> "+aRequest, `< x"30240201007820 0a0100"`), detailOtherTongue, began + "LDAP (6).", meaning, "ldapsearch", []int64{4, 6}, "HTTP GET / HTTP/1.1|not HTTP: LDAP"},
		{"HTTP to RDP", talk3("S", "> "+aRequest, `< x"03000013 0ed0000012340002"`), detailOtherTongue, began + "RDP (6).", meaning, "xfreerdp /v:10.0.0.2:80", []int64{4, 6}, "HTTP GET / HTTP/1.1|not HTTP: RDP"},
		{"MySQL greets, and HTTP comes", talk3("S", "< "+mysql, "> "+aRequest), detailOtherTongue, "the client began with HTTP (6), and the server speaks MySQL (4).", meaning, "mysql -h 10.0.0.2 -P 80", []int64{4, 6}, "bytes|HTTP GET / HTTP/1.1"},
		{"MySQL greets, and somebody types", talk3("S", "< "+mysql, `> "hello\n"`), detailOtherTongue, "the client began with plain text (6), and the server speaks MySQL (4).", meaning, "mysql -h", []int64{4, 6}, "bytes|text"},
		{"MySQL greets, and TLS comes", talk3("S", "< "+mysql, "> "+helloBytes), detailTLSToPlain, "the client began with TLS (6), and the server speaks MySQL (4).", "does not speak TLS", "mysql -h", []int64{4, 6}, "bytes|TLS ClientHello"},
		{"VNC greets, and HTTP comes", talk3("S", `< "RFB 003.008\n"`, "> "+aRequest), detailOtherTongue, "the client began with HTTP (6), and the server speaks VNC (4).", meaning, "vncviewer 10.0.0.2::80", []int64{4, 6}, "text|HTTP GET / HTTP/1.1"},
		{"VNC at both ends", talk3("S", `< "RFB 003.008\n"`, `> "RFB 003.008\n"`), "", "closed by the server, three segments", "", "", nil, "text|text"},
		{"Redis, typed", talk3("S", `> "PIMG\r\n"`, `< "-ERR unknown command 'PIMG'\r\n"`), "", "closed by the server, three segments", "", "", nil, "text|text"},
		{"memcached, typed", talk3("S", `> "bye\r\n"`, `< "ERROR\r\n"`), "", "closed by the server, three segments", "", "", nil, "text|text"},
		{"telnet, typed", talk3("S", `< x"fffd18fffd20"`, `> "root\r\n"`), "", "closed by the server, three segments", "", "", nil, "bytes|text"},
		{"HTTP/2 at both ends", talk3("S", `> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"`, `< x"000006 04 00 00000000 000300000064"`), "", "closed by the server, three segments", "", "", nil, "HTTP/2 preface|HTTP/2 SETTINGS"},
	})
}

// TestWordlessAnswers: what answers a request in HTTP is no text, and of no
// protocol that is known by its first bytes.
func TestWordlessAnswers(t *testing.T) {
	const row = "HTTP GET / HTTP/1.1|HTTP answer that is no text"
	of := func(bytes string) string { return talk3("S", "> "+aRequest, `< x"`+bytes+`"`) }
	says := func(bytes string) string {
		return "the answer (6) to the request (4) is no text: it begins with the bytes " + bytes + "."
	}
	checkTongues(t, []tongueTest{
		{"bytes", of("0001020304050607 0809"), detailOtherTongue, says("00 01 02 03 04 05 06 07"), "Perhaps another protocol", "on 10.0.0.2, ss -ltnp", []int64{4, 6}, row},
		{"one byte", of("05"), detailOtherTongue, says("05"), "Perhaps another protocol", "ss -ltnp", []int64{4, 6}, row},
		{"gzip", of("1f8b080000000000 0003"), detailOtherTongue, says("1f 8b 08 00 00 00 00 00"), "what gzip has compressed", "Content-Encoding: gzip", []int64{4, 6}, row},
		{"a picture", of("89504e470d0a1a0a 00"), detailOtherTongue, says("89 50 4e 47 0d 0a 1a 0a"), "So begins a file", "Content-Type", []int64{4, 6}, row},
		{"TLS", of("1603030002 0228"), detailOtherTongue, says("16 03 03 00 02 02 28"), "a record of TLS", "https://", []int64{4, 6}, row},
		{"still open", left("0.01", "> "+aRequest, `< x"00010203"`), detailOtherTongue, "open: " + says("00 01 02 03"), "", "", []int64{4, 6}, row},
		{"after a good one", talk3("S", "> "+aRequest, `< "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"`, "> "+aRequest, `< x"00010203"`), detailOtherTongue,
			"the answer (10) to the request (8) is no text: it begins with the bytes 00 01 02 03.", "", "", []int64{8, 10}, "HTTP GET / HTTP/1.1|HTTP 200 OK|HTTP GET / HTTP/1.1|HTTP answer that is no text"},
		{"behind CONNECT", talk3("S", `> "CONNECT a:1 HTTP/1.1\r\n\r\n"`, `< "HTTP/1.1 200 OK\r\n\r\n"`, `> x"0001"`, `< x"00010203"`), "", "closed by the server, three segments", "", "", nil,
			"HTTP CONNECT a:1 HTTP/1.1|200 OK|bytes|bytes"},
	})
}
