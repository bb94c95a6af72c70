package conn

import (
	"strings"
	"testing"
)

// onPort moves a script to another port of the server.
func onPort(port, script string) string {
	return "conn 10.0.0.1:40000 10.0.0.2:" + port + "\n" + script
}

// TestToldByServers: what a server says of itself stands before what the
// segments tell.
func TestToldByServers(t *testing.T) {
	const get = `> "GET / HTTP/1.1\r\nHost: a\r\n\r\n"`
	const socket = `> "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"`
	answer := func(status, more string) string {
		return `< "HTTP/1.1 ` + status + `\r\n` + more + `Content-Length: 0\r\n\r\n"`
	}
	for name, tt := range map[string]struct {
		script, meaning, next string // meaning: its beginning
	}{
		"a password or a token":  {talk3("C", get, answer("401 Unauthorized", "")), "The server answered HTTP 401 Unauthorized (6): it wants a name and a password, or a token: WWW-Authenticate in its answer says which. That is HTTP's word", "--anyauth"},
		"a password, and given":  {talk3("C", get, answer("401 Unauthorized", ""), get, answer("200 OK", "")), "TIME-WAIT stays at the client", ""},
		"a password, and then":   {talk3("C", get, answer("401 Unauthorized", ""), get, answer("404 Not Found", "")), "The server answered HTTP 404 Not Found (10)", "another path"},
		"a wrong password":       {talk3("C", get, answer("401 Unauthorized", ""), get, answer("401 Unauthorized", "")), "The server answered HTTP 401 Unauthorized (6)", "--anyauth"},
		"proxy wants a password": {talk3("C", get, answer("407 Proxy Authentication Required", "")), "The server answered HTTP 407 Proxy Authentication Required (6): it is a proxy, and wants a name and a password for itself. That is HTTP's word, TCP did its part. TIME-WAIT", "--proxy-user"},
		"gateway":                {talk3("C", get, answer("502 Bad Gateway", "")), "The server answered HTTP 502 Bad Gateway (6): it passes requests on (a proxy), and the server behind it refused, or gave no proper answer.", "is the program behind it up?"},
		"a status without words": {talk3("C", get, answer("418 I'm a teapot", "")), "The server answered HTTP 418 I'm a teapot (6): that is HTTP's word, TCP did its part.", ""},
		"to HTTPS":               {talk3("C", get, answer("301 Moved Permanently", `Location: https://a/\r\n`)), "The server answered HTTP 301 (6): what was asked for is at https://a/, over TLS.", "curl -L"},
		"and then not":           {talk3("C", get, answer("301 Moved Permanently", `Location: https://a/\r\n`), get, answer("200 OK", "")), "TIME-WAIT stays at the client", ""},
		"elsewhere, without TLS": {talk3("C", get, answer("302 Found", `Location: /b\r\n`)), "TIME-WAIT stays at the client", ""},
		"no WebSocket":           {talk3("C", socket, answer("200 OK", "")), "The client asked for WebSocket, and the server answered HTTP 200 (6) in place of 101: it does not speak WebSocket under that path", "Upgrade and Connection"},
		"WebSocket":              {talk3("C", socket, `< "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"`), "TIME-WAIT stays at the client", ""},
		"WebSocket closed":       {talk3("C", socket, `< "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"`, `< x"880203f1"`, `> x"8882 00000000 03f1"`), "The server closed the WebSocket with 1009 (message too big) (8): that is WebSocket's word, TCP did its part. TIME-WAIT", "the program at the server"},
		"WebSocket, as usual":    {talk3("C", socket, `< "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"`, `< x"880203e9"`, `> x"8882 00000000 03e9"`), "TIME-WAIT", ""},
		"no such user": {onPort("25", talk3("S", `< "220 m ESMTP\r\n"`, `> "RCPT TO:<x@y>\r\n"`, `< "550 5.1.1 No such user\r\n"`, `> "QUIT\r\n"`, `< "221 Bye\r\n"`)),
			`The server said "550 5.1.1 No such user" (8): that is SMTP's word, TCP did its part. A number that begins with 5 is for good: the same again will not do. TIME-WAIT`, ""},
		"later":              {onPort("25", talk3("S", `< "220 m ESMTP\r\n"`, `> "RCPT TO:<x@y>\r\n"`, `< "451 Greylisted\r\n"`)), `The server said "451 Greylisted" (8): that is SMTP's word, TCP did its part. A number that begins with 4 is for now: a later try may do.`, ""},
		"no service":         {onPort("25", talk3("S", `< "554 5.7.1 blocked\r\n"`)), `The server said "554 5.7.1 blocked" (4): that is SMTP's word`, ""},
		"too many":           {onPort("21", talk3("S", `< "421 Too many users\r\n"`)), `The server said "421 Too many users" (4): that is FTP's word`, ""},
		"a number elsewhere": {talk3("S", `< "554 apples\r\n"`), "TIME-WAIT", ""},
		"login":              {onPort("110", talk3("S", `< "+OK\r\n"`, `> "PASS b\r\n"`, `< "-ERR no\r\n"`)), `The server said "-ERR no" (8): that is POP3's word, TCP did its part. TIME-WAIT`, ""},
		"IMAP":               {onPort("143", talk3("S", `< "* OK ready\r\n"`, `> "a login b c\r\n"`, `< "a NO wrong\r\n"`)), `The server said "a NO wrong" (8): that is IMAP's word, TCP did its part. TIME-WAIT`, ""},
		"all is well":        {onPort("25", talk3("S", `< "220 m ESMTP\r\n"`, `> "QUIT\r\n"`, `< "221 Bye\r\n"`)), "TIME-WAIT", ""},
		"Redis":              {talk3("S", `> "PING\r\n"`, `< "-DENIED Redis is running in protected mode\r\n"`), `The server said "-DENIED Redis is running in protected mode" (6): that is the word of Redis, TCP did its part. TIME-WAIT`, ""},
		"MySQL":              {talk3("S", `< x"0a000000ff6a04 486f7374206e6f"`), `The server said "Host no" (4): that is the word of MySQL, TCP did its part. TIME-WAIT`, ""},
		"sshd is full":       {onPort("22", talk3("S", `< "Exceeded MaxStartups\r\n"`)), `The server said "Exceeded MaxStartups" (4), and not which version of SSH it speaks`, "sshd's messages"},
	} {
		v, _ := verdictOf(t, name, tt.script)
		if v.Outcome != OutcomeClosed || v.Detail != "" || !strings.HasPrefix(v.Meaning, tt.meaning) || !strings.Contains(v.NextStep, tt.next) || tt.next == "" && v.NextStep != "" {
			t.Errorf("%s: %s, %q: %q\n%q\n%q", name, v.Outcome, v.Detail, v.Text, v.Meaning, v.NextStep)
		}
	}
}

// TestNoGreeting: a connection to a server that should speak, and ended before
// it did.
func TestNoGreeting(t *testing.T) {
	const version = "> P. \"SSH-2.0-x\\r\\n\"\n< .\n"
	const endsServer, endsClient = "< F.\n> F.\n< .", "> F.\n< F.\n> ."
	for name, tt := range map[string]struct{ script, meaning string }{
		"it closes at once":        {onPort("22", opened3+"+.003 "+endsServer), "A server of SSH speaks first, and this one ended without a word after 3.0 ms: perhaps its rules do not let this client in"},
		"it resets":                {onPort("22", opened3+"+.003 < R."), "a server of SSH speaks first, and this one ended without a word after 3.0 ms"},
		"after the client's words": {onPort("2222", opened3+version+"+.003 < R."), "a server of SSH speaks first, and this one ended without a word after 5.0 ms"},
		"late, and nobody spoke":   {onPort("22", opened3+"+120 "+endsServer), "A server of SSH speaks first, and this one ended without a word"},
		"late":                     {onPort("22", opened3+version+"+120 "+endsServer), "A server of SSH speaks first, and this one ended without a word. TIME-WAIT"},
		"the client gives up":      {onPort("25", opened3+"+30 "+endsClient), "A server of SMTP speaks first, and this one said nothing after 30.0 s: its program is busy"},
		"another port":             {opened3 + "+.003 " + endsServer, "The program at the server took the connection, and closed it at once"},
	} {
		if v, _ := verdictOf(t, name, tt.script); !strings.HasPrefix(v.Meaning, tt.meaning) {
			t.Errorf("%s: %q\n%q", name, v.Text, v.Meaning)
		}
	}
	checkTongues(t, []tongueTest{
		{"SSH 1 and 2", onPort("22", talk3("C", `< "SSH-1.5-x\r\n"`, `> "SSH-2.0-y\r\n"`)), detailOtherTongue, "the client speaks SSH 2 (6), and the server SSH 1 (4).", "Version 1 of SSH is broken", "newer software", []int64{4, 6}, "SSH SSH-1.5-x|not SSH: SSH-2.0-y"},
		{"a server of both, and SSH 1", onPort("22", talk3("C", `< "SSH-1.99-x\r\n"`, `> "SSH-1.5-y\r\n"`)), "", "closed by the client, three segments", "", "", nil, "SSH SSH-1.99-x|SSH SSH-1.5-y"},
		{"both", onPort("22", talk3("C", `< "SSH-1.99-x\r\n"`, `> "SSH-2.0-y\r\n"`)), "", "closed by the client, three segments", "", "", nil, "SSH SSH-1.99-x|SSH SSH-2.0-y"},
	})
}

// TestServerSpeaksFirst: no web server does.
func TestServerSpeaksFirst(t *testing.T) {
	const meaning, next = "The server spoke first (4), which no web server does", "ss -ltnp"
	checkTongues(t, []tongueTest{
		{"text", talk3("C", `< "Welcome\n"`, "> "+aRequest), detailNoReply, "the request (6) was complete, and no answer to it came.", meaning, next, []int64{4, 6}, "text|HTTP GET / HTTP/1.1"},
		{"bytes", talk3("S", `< x"0102"`, "> "+aRequest), detailNoReply, "the request (6) was complete, and no answer to it came.", meaning, next, []int64{4, 6}, "bytes|HTTP GET / HTTP/1.1"},
	})
}

// TestStuckFIN: a FIN that is sent again and again, and that nobody acknowledges.
func TestStuckFIN(t *testing.T) {
	const chat = opened3 + "> P. 1:4(3)\n< .\n"
	for name, tt := range map[string]struct {
		script  string
		outcome Outcome
		text    string
	}{
		"of the server": {chat + "+5 < F.\n+.2 < F. 1:1(0) ack 4\n+.4 < F. 1:1(0) ack 4\n+.8 < F. 1:1(0) ack 4", OutcomeStalled, "the FIN of the server was sent again 3 times (last: 9) and never acknowledged."},
		"once":          {chat + "+5 < F.\n+.2 < F. 1:1(0) ack 4", OutcomeHalfClosed, "the server has sent FIN (6); its ACK is not in the capture; the client has not, as far as captured."},
		"and then":      {chat + "+5 < F.\n+.2 < F. 1:1(0) ack 4\n+.4 < F. 1:1(0) ack 4\n> . 4:4(0) ack 2", OutcomeHalfClosed, "the server has sent FIN (6), acknowledged (9); the client has not, as far as captured."},
	} {
		if v, _ := verdictOf(t, name, tt.script); v.Outcome != tt.outcome || v.Text != tt.text {
			t.Errorf("%s: %s: %q\n%q", name, v.Outcome, v.Text, v.Meaning)
		}
	}
}
