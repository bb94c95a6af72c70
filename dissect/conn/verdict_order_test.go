package conn

import "testing"

// Sentences in which the order of frames, or who has heard what, decides what
// is true.
func TestVerdictsHeedOrder(t *testing.T) {
	checkTongues(t, []tongueTest{
		{"RST before the last data of the other end", opened3 + "> P. \"GET /page.html\\n\\n\"\n< . 1:1001(1000)\n> R. ack 1001\n< . 1001:2001(1000)\n> R #19:#19(0)\n< P. 2001:3001(1000)\n> R #19:#19(0)",
			detailAfterData, "data of the server was on its way, and came after it (last: 9).", "before it had taken all", "messages", []int64{6, 9}, "HTTP GET /page.html|HTTP response without a status line|HTTP continued|HTTP continued"},
		{"RST of a client that has closed, before the server's FIN", opened3 + "> P. \"QUIT\\n\"\n> F.\n< P. \"221 bye\\n\" ack 7\n> R. ack 9\n< F. ack 7",
			"", "closed by the client, FIN from both ends (5 8), and RST by the client (7).", "the server still sent data (6) after the FIN of the client (5)", "", []int64{5, 7, 8}, "text|text"},
		{"RST in place of FIN, of a server that was at work", opened3 + "> P. \"hello\\n\"\n< P. \"hi\\n\"\n> .\n> P. \"bye\\n\"\n> F.\n< R. ack 12",
			detailPeerClosed, "after the FIN of the client (8), it sent RST in place of its own.", "was ended by force", "", []int64{8, 9}, "text|text|text"},
		{"a client that does not wait for its second answer", talk3("C", "> "+aRequest, `< "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`, "> "+aRequest),
			detailNoReply, "no answer to it came; what came before it was answered (6).", "The client gave up after 1.0 s", "", []int64{6, 8}, "HTTP GET / HTTP/1.1|HTTP 200 OK|HTTP GET / HTTP/1.1"},
		{"a request with a hole", opened3 + "> . \"GET / HTTP/1.0\\n\"\n> . 33:45(12) \"User-Agent:\\n\"\n+.1 < R. ack 17",
			detailAfterData, "it came after data of the client (5)", "", "", []int64{5, 6}, "HTTP GET / HTTP/1.0|HTTP continued"},
		{"no answer, and no time for one", opened3 + "> P. \"hello\\n\"\n+.0006 < .", detailWaiting, "established", "The capture ends 600 µs after the client's last data (4)", "some seconds more", []int64{3, 4}, "text"},
		{"no answer, and time enough", opened3 + "> P. \"hello\\n\"\n+1.5 < .", detailWaiting, "established", "perhaps it is busy", "Recv-Q", []int64{3, 4}, "text"},
		{"an older capture's end of a dead path", "> P. 1:649(648) ack 1\n+.2 > P. 1:649(648) ack 1\n+.6 > P. 1:649(648) ack 1\n+1.2 > P. 1:649(648) ack 1", detailUnacked,
			"the client sent the same bytes again, 3 times (last: 4), as one does that gets no ACK.", "either the server has gone", "ping", []int64{4}, "text|text|text|text"},
	})
}

// What port scanners send is no part of a connection, and its answer no reset
// of one.
func TestProbes(t *testing.T) {
	checkTongues(t, []tongueTest{
		{"Xmas, closed", "> FPU 1:1(0)\n< R. #0:#0(0) ack 2", detailProbe, "reset by the server: RST (2) answered a segment with neither SYN nor ACK (1).", "nothing listens on port 80 of 10.0.0.2", "", []int64{1, 2}, ""},
		{"FIN, at the capture's end", "> F 1:1(0)\n+1 > F 1:1(0)", detailProbe, "2 segments with neither SYN nor ACK (1), and the capture ends with it.", "tells nothing of an answer", "", []int64{1}, ""},
		{"FIN, silent", "> F 1:1(0)\n+1 > F 1:1(0)\n+2 arp who-has 10.0.0.9 tell 10.0.0.8", detailProbe, "2 segments with neither SYN nor ACK (1), and nothing came back.", "is open, or a firewall", "", []int64{1}, ""},
		{"an ACK without a connection", "> . 1:1(0) ack 1\n< R #1:#1(0)", detailNoData, "reset by the server, no data in this capture.", "", "", []int64{2}, ""},
	})
}
