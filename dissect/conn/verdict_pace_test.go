package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPace has connections that ended well and took long, and some where that is
// nobody's fault.
func TestPace(t *testing.T) {
	const (
		ask   = "1.0 > P. 1:28(27) ack 1 \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n+.001 < . ack 28\n"
		reply = " < P. 1:44(43) ack 28 \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"\n+.001 > . ack 44\n"
		end   = "+.001 > F. 28:28(0) ack 44\n+.001 < F. 44:44(0) ack 29\n+.001 > . ack 45\n"
	)
	// rounds has the client send a piece of so many bytes, and the ACK come after
	// each of the waits.
	rounds := func(size int, waits ...string) string {
		var s strings.Builder
		at := 1
		for _, wait := range waits {
			fmt.Fprintf(&s, "+.0001 > P. %d:%d(%d) ack 1\n+%s < . ack %d\n", at, at+size, size, wait, at+size)
			at += size
		}
		fmt.Fprintf(&s, "+.001 > F. %d:%d(0) ack 1\n+%s < F. 1:1(0) ack %d\n+.001 > . ack 2", at, at, waits[0], at+1)
		return s.String()
	}
	tests := []struct{ name, script, has, next string }{
		{"a server that thinks", ask + "+3" + reply + end, "Slow: 3.0 s of its 4.0 s went by until the server answered (6); a packet needs 2.0 ms there and back.", "port 80"},
		{"a client that types", "4.0 > P. 1:28(27) ack 1 \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n+.001 < . ack 28\n+.01" + reply + end, "", ""},
		{"a chat", "1 < P. 1:3(2) ack 1 \"a\\n\"\n+.001 > . ack 3\n+4 > P. 1:3(2) ack 3 \"b\\n\"\n+.001 < . ack 3\n+.001 > F. 3:3(0) ack 3\n+.001 < F. 3:3(0) ack 4\n+.001 > . ack 4", "", ""},
		{"a far server", "0.01 > P. 1:28(27) ack 1 \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n+.001 < . ack 28\n+.9" + reply + end, "", ""},
		{"an answer that trickles", ask + "+.01 < P. 1:44(43) ack 28 \"HTTP/1.1 200 OK\\r\\nContent-Length: 7\\r\\n\\r\\nhello\"\n+.001 > . ack 44\n" +
			"+2 < P. 44:45(1) ack 28 \"!\"\n+.001 > . ack 45\n+2.5 < P. 45:46(1) ack 28 \"!\"\n+.001 > . ack 46\n" +
			"+.001 > F. 28:28(0) ack 46\n+.001 < F. 46:46(0) ack 29\n+.001 > . ack 47", "until the server went on with its answer (at most 2.5 s, until 10)", "top"},
		{"a late greeting", "6 < P. 1:14(13) ack 1 \"220 x ESMTP\\r\\n\"\n+.001 > . ack 14\n+.001 > P. 1:7(6) ack 14 \"QUIT\\r\\n\"\n" +
			"+.001 < P. 14:23(9) ack 7 \"221 bye\\r\\n\"\n+.001 < F. 23:23(0) ack 7\n+.001 > F. 7:7(0) ack 24\n+.001 < . ack 8",
			"until the server spoke first (4), as it has to", "getent hosts"},
		{"a client of SMTP that says nothing", "0.1 < P. 1:14(13) ack 1 \"220 x ESMTP\\r\\n\"\n+.001 > . ack 14\n300 < P. 14:29(15) ack 1 \"421 too late\\r\\n \"\n" +
			"+.001 < F. 29:29(0) ack 1\n+.001 > F. 1:1(0) ack 30\n+.001 < . ack 2", "", ""},
		{"lost twice", "0.1 > P. 1:11(10) ack 1 \"0123456789\"\n+.5 > P. 1:11(10) ack 1 \"0123456789\"\n+1 > P. 1:11(10) ack 1 \"0123456789\"\n+.001 < . ack 11\n" +
			"+.001 > F. 11:11(0) ack 1\n+.001 < F. 1:1(0) ack 12\n+.001 > . ack 2",
			"until the client sent again what was lost, or seemed to be (at most 1.0 s, until 6)", "both ends"},
		{"a SYN-ACK again after its ACK", "+1.2 < S. 0:0(0) ack 1\n+.001 > . ack 1\n+.1 > P. 1:28(27) ack 1 \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n+.001 < . ack 28\n+.01" + reply + end,
			"until the server sent its SYN-ACK again (4), though the client's ACK (3) is in the capture", "for :80, is Recv-Q over Send-Q?"},
		{"an answer again", ask + "+.01" + reply + "+1.2 < P. 1:44(43) ack 28 \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"\n+.001 > . ack 44\n" + end,
			"until the server sent again what was lost, or seemed to be (8)", "both ends"},
		{"a reader that sleeps", "0.1 > P. 1:101(100) ack 1 win 500\n+.001 < . ack 101 win 0\n+.3 > . 100:100(0) ack 1\n+.001 < . ack 101 win 0\n+3 < . ack 101 win 500\n" +
			"+.001 > F. 101:101(0) ack 1\n+.001 < F. 1:1(0) ack 102\n+.001 > . ack 2",
			"while the server's window was closed or full", "recv"},
		{"small pieces", rounds(10, slices.Repeat([]string{".04"}, 30)...), "which it holds back for 39 ms in case that data can go with them", "TCP_NODELAY"},
		{"a long way", rounds(1460, slices.Repeat([]string{".3"}, 6)...), "from the place of the capture to it and back takes 300 ms", "fewer questions"},
		{"queues on the way", rounds(1460, ".02", ".3", ".4", ".5"), "They take 1.0 ms at best and 207 ms on average: packets stand in queues", "narrowest"},
	}
	for _, x := range tests {
		open := opened3
		if strings.HasPrefix(x.name, "a long way") {
			open = strings.Replace(opened3, "+.001 < S.", "+.3 < S.", 1)
		}
		v, _ := verdictOf(t, x.name, open+x.script)
		if v.Outcome != OutcomeClosed || v.Detail != "" {
			t.Errorf("%s: %s %q: %s", x.name, v.Outcome, v.Detail, v.Text)
		}
		if got := strings.HasPrefix(v.Meaning, "Slow:"); got != (x.has != "") || !strings.Contains(v.Meaning, x.has) {
			t.Errorf("%s: %q, want %q", x.name, v.Meaning, x.has)
		}
		if strings.TrimSpace(v.Meaning) != v.Meaning {
			t.Errorf("%s: blanks around %q", x.name, v.Meaning)
		}
		if !strings.Contains(v.NextStep, x.next) || x.next == "" && v.NextStep != "" {
			t.Errorf("%s: next %q, want %q", x.name, v.NextStep, x.next)
		}
	}
}

// TestPassedOver: within one machine a SYN that is sent again was not lost on the
// way.
func TestPassedOver(t *testing.T) {
	const script = "> S 0:0(0) <mss 1000>\n+1.01 > S 0:0(0) <mss 1000>\n+.0001 < S. 0:0(0) ack 1 <mss 1000>\n+.0001 > . ack 1\n" +
		"+.001 > F. 1:1(0) ack 1\n+.001 < F. 1:1(0) ack 2\n+.001 > . ack 2"
	for ends, want := range map[string][2]string{
		"127.0.0.1:4000 127.0.0.1:80": {"sent its SYN again (2). Within one machine none gets lost", "ss -ltn: for :80, is Recv-Q over Send-Q?"},
		"10.0.0.1:4000 10.0.0.2:80":   {"sent again what was lost, or seemed to be (2)", "capture at both ends"},
	} {
		v, _ := verdictOf(t, ends, "conn "+ends+"\n"+script)
		if !strings.Contains(v.Meaning, want[0]) || !strings.Contains(v.NextStep, want[1]) {
			t.Errorf("%s: %q, next %q; want %q", ends, v.Meaning, v.NextStep, want)
		}
	}
}

// TestIdleBefore: a server that closes what programs had left silent.
func TestIdleBefore(t *testing.T) {
	const (
		request = "> P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\nUser-Agent: y\\r\\n\\r\\n\"\n< .\n"
		answer  = "< P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\na\"\n> .\n"
		socket  = "> P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\n\\r\\n\"\n< .\n" +
			"< P. \"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n\\r\\n\"\n> .\n"
		server = " < F.\n> F.\n< ."
	)
	const told = "Nobody had sent anything for 60.0 s when the server closed (8): perhaps an idle time-out, its own or that of a load balancer or a proxy on the way. TIME-WAIT"
	for name, tt := range map[string]struct{ script, meaning, next string }{
		"HTTP":          {request + answer + "60.006" + server, told, "give an idle connection up before"},
		"WebSocket":     {socket + "60.006" + server, told, "Ping"},
		"by the client": {request + answer + "60.006 > F.\n< F.\n> .", "TIME-WAIT", ""},
		"sooner":        {request + answer + "5" + server, "TIME-WAIT", ""},
		"people":        {"> P. \"hello\\n\"\n< .\n< P. \"hi\\n\"\n> .\n60.006" + server, "TIME-WAIT", ""},
	} {
		v, _ := verdictOf(t, name, opened3+tt.script)
		if v.Outcome != OutcomeClosed || !strings.HasPrefix(v.Meaning, tt.meaning) || !strings.Contains(v.NextStep, tt.next) || tt.next == "" && v.NextStep != "" {
			t.Errorf("%s: %s: %q\n%q\nTry: %q", name, v.Outcome, v.Text, v.Meaning, v.NextStep)
		}
	}
}
