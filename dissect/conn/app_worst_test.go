package conn

import (
	"strings"
	"testing"
)

// worstPayloads are streams of which each byte may cost much: many small things
// in a frame.
var worstPayloads = []struct {
	name   string
	port   uint16
	before []string
	from   Side
	frame  string
}{
	{"blank lines", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, Client, strings.Repeat("\r\n", 700)},
	{"blank LF lines", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, Client, strings.Repeat("\n", 1400)},
	{"blank lines at start", 80, nil, Client, strings.Repeat("\r\n", 700)},
	{"blank lines of answer", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, Server, strings.Repeat("\r\n", 700)},
	{"chunks of 1", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Server, strings.Repeat("1\r\na\r\n", 233)},
	{"chunk blank lines", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Server, strings.Repeat("\r\n", 700)},
	{"chunk LF lines", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Server, strings.Repeat("\n", 1400)},
	{"chunk trailers", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"}, Server, strings.Repeat("a\n", 700)},
	{"chunk line without end", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Server, strings.Repeat("1", 1400)},
	{"pipelined", 80, nil, Client, strings.Repeat("GET / HTTP/1.0\n\n", 87)},
	{"pipelined, wrong", 80, nil, Client, strings.Repeat("GET /\n\n", 200)},
	{"HTTP/0.9", 80, nil, Client, strings.Repeat("GET /\r\n\r\n", 155)},
	{"answers", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, Server, strings.Repeat("HTTP/1.1 204 \n\n", 93)},
	{"continues", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, Server, strings.Repeat("HTTP/1.1 100 \n\n", 93)},
	{"short headers", 80, []string{"> GET / HTTP/1.1\r\n"}, Client, strings.Repeat("a:\n", 466)},
	{"short heads", 80, nil, Client, "GET / HTTP/1.1\n" + strings.Repeat("a:\n", 460) + "\n"},
	{"colons", 80, nil, Client, "GET / HTTP/1.1\n" + strings.Repeat(":", 1380) + "\n\n"},
	{"odd lines", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, Server, "HTTP/1.1 204 OK\n" + strings.Repeat("a\n", 690) + "\n"},
	{"connections", 80, nil, Client, "GET / HTTP/1.1\nConnection: " + strings.Repeat(",", 1370) + "\n\n"},
	{"hosts", 80, nil, Client, "GET / HTTP/1.1\n" + strings.Repeat("hos:\n", 270) + "\n"},
	{"control", 80, nil, Client, "GET /" + strings.Repeat("x", 1370) + " HTTP/1.1\nHost: a\n\n"},
	{"target bytes", 80, nil, Client, "GET /" + strings.Repeat("~", 1370) + " HTTP/1.1\nHost: a\n\n"},
	{"TLS records of 1", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00", "> \x17\x03\x03\x00\x01x"}, Client, strings.Repeat("\x17\x03\x03\x00\x01x", 233)},
	{"TLS records of 0", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00", "> \x17\x03\x03\x00\x01x"}, Client, strings.Repeat("\x17\x03\x03\x00\x00", 280)},
	{"TLS ChangeCipherSpec", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00"}, Client, strings.Repeat("\x14\x03\x03\x00\x01\x01", 233)},
	{"TLS alerts", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00"}, Client, strings.Repeat("\x15\x03\x03\x00\x02\x01\x28", 200)},
	{"TLS messages of 0", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00"}, Client, "\x16\x03\x03\x05\x70" + strings.Repeat("\x0e\x00\x00\x00", 348)},
	{"TLS messages in records", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00"}, Client, strings.Repeat("\x16\x03\x03\x00\x04\x0e\x00\x00\x00", 155)},
	{"TLS hellos", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00"}, Client, strings.Repeat("\x16\x03\x03\x00\x04\x01\x00\x00\x00", 155)},
	{"TLS message in 1-byte records", 443, []string{"> \x16\x03\x01\x00\x04\x01\x00\x00\x00"}, Client, strings.Repeat("\x16\x03\x03\x00\x01\x00", 233)},
	{"HTTP/2 frames of 0", 80, []string{"> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}, Client, strings.Repeat("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 155)},
	{"HTTP/2 data of 0", 80, []string{"> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}, Client, strings.Repeat("\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x01", 77)},
	{"WebSocket frames of 0", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "< HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"}, Server, strings.Repeat("\x81\x00", 700)},
	{"WebSocket mixed", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "< HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"}, Server, strings.Repeat("\x81\x00\x89\x00", 350)},
	{"WebSocket closes", 80, []string{"> GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "< HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"}, Server, strings.Repeat("\x88\x02\x03\xf1", 350)},
	{"DNS of 0", 53, []string{"> " + dnsAsk}, Client, strings.Repeat("\x00\x00", 700)},
	{"DNS of 12", 53, []string{"> " + dnsAsk}, Client, strings.Repeat("\x00\x0c\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", 100)},
	{"DNS questions", 53, []string{"> " + dnsAsk}, Client, strings.Repeat(dnsAsk, 73)},
	{"DNS loops", 53, []string{"> " + dnsAsk}, Client, strings.Repeat("\x00\x12\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x00\x01\x00\x01\x00", 70)},
	{"DNS answers", 53, []string{"> " + dnsAsk}, Server, "\x05\x74\x00\x01\x81\x80\x00\x00\x00\x72\x00\x00\x00\x00" + strings.Repeat("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00", 115)},
	{"DNS answers long names", 53, []string{"> " + dnsAsk}, Server, "\x05\x00\x00\x01\x81\x80\x00\x01\x00\x60\x00\x00\x00\x00" + strings.Repeat("\x01a", 120) + "\x00\x00\x01\x00\x01" + strings.Repeat("\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x00\x00\x02\xc0\x0c", 73)},
	{"SMTP lines", 25, []string{"< 220 a ESMTP\r\n"}, Client, strings.Repeat("a\n", 700)},
	{"SMTP ends of mail", 25, []string{"< 220 a ESMTP\r\n", "> DATA\r\n", "< 354 go\r\n"}, Client, strings.Repeat("\r\n.\r\n", 280)},
	{"SSH banners", 22, []string{"< SSH-2.0-a\r\n"}, Client, strings.Repeat("SSH-2.0-\n", 155)},
	{"SSH lines", 22, []string{"< SSH-2.0-a\r\n"}, Server, strings.Repeat("SSH-\n", 280)},
	{"text", 3000, nil, Client, strings.Repeat("a\n", 700)},
	{"capitals", 3000, nil, Client, strings.Repeat("A", 1400)},
	{"UTF-8", 3000, nil, Client, strings.Repeat("ü", 700)},
	{"Redis", 6379, nil, Client, strings.Repeat("*1\r\n$1\r\na\r\n", 127)},
	{"requests to text", 3000, nil, Client, strings.Repeat("G", 1400)},
	{"400 page", 80, []string{"> GET / HTTP/1.1\r\n\r\n", "< HTTP/1.1 400 x\r\n\r\n"}, Server, strings.Repeat("The plain HTTP request was sent to HTTPS por", 32)},
	{"400 page, c", 80, []string{"> GET / HTTP/1.1\r\n\r\n", "< HTTP/1.1 400 x\r\n\r\n"}, Server, strings.Repeat("c", 1400)},
}

const dnsAsk = "\x00\x11\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01"

// inWorst calls f with a frame of each such stream, again and again, at which
// the stream has begun.
func inWorst(f func(name string, frame []byte, next func())) {
	for _, w := range worstPayloads {
		t := newTalk(w.port)
		t.run(w.before...)
		frame := []byte(w.frame)
		f(w.name, frame, func() {
			t.a.segment(w.from, t.next[w.from], frame, len(frame), place(t.frame))
			t.next[w.from] = t.next[w.from].Add(len(frame))
		})
	}
}

// TestAppWorst holds that a frame is told of in a few allocations, however many
// things are in it.
func TestAppWorst(t *testing.T) {
	const most = 12
	inWorst(func(name string, _ []byte, next func()) {
		if n := testing.AllocsPerRun(50, next); n > most {
			t.Errorf("%s: %v allocations for a frame", name, n)
		}
	})
}

// BenchmarkAppWorst is a frame of such a stream.
func BenchmarkAppWorst(b *testing.B) {
	inWorst(func(name string, frame []byte, next func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				next()
			}
		})
	})
}
