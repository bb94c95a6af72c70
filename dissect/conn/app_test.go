package conn

import (
	"encoding/hex"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"tcpsee/dissect"
)

// talk drives an app with turns: "> text" is the client's segment, "< text"
// the server's, in Go's escapes; "~" before it leaves the segment out.
type talk struct {
	a     *app
	b     *appBudget
	next  [2]dissect.Seq
	frame int64
}

func newTalk(port uint16) *talk {
	t := &talk{b: new(appBudget), next: [2]dissect.Seq{1001, 0xfffffff0}} // the server's numbers wrap
	t.a = newApp(t.b, port)
	t.a.begin(Client, t.next[Client])
	t.a.begin(Server, t.next[Server])
	return t
}

func (t *talk) say(side Side, data string) string {
	t.frame++
	seq := t.next[side]
	t.next[side] = seq.Add(len(data))
	return t.a.segment(side, seq, []byte(data), len(data), place(t.frame))
}

func (t *talk) run(turns ...string) []string {
	var rows []string
	for _, s := range turns {
		side := Client
		if strings.HasPrefix(strings.TrimPrefix(s, "~"), "<") {
			side = Server
		}
		if strings.HasPrefix(s, "~") {
			t.next[side] = t.next[side].Add(len(s) - 3)
			continue
		}
		rows = append(rows, t.say(side, s[2:]))
	}
	return rows
}

func bytesOf(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// clientHelloFor builds a record with a ClientHello that names a server and,
// optionally, protocols.
func clientHelloFor(name string, alpn ...string) string {
	u16 := func(n int) string { return string([]byte{byte(n >> 8), byte(n)}) }
	ext := ""
	if name != "" {
		entry := "\x00" + u16(len(name)) + name
		ext += u16(extServerName) + u16(len(entry)+2) + u16(len(entry)) + entry
	}
	if len(alpn) > 0 {
		list := ""
		for _, p := range alpn {
			list += string([]byte{byte(len(p))}) + p
		}
		ext += u16(extALPN) + u16(len(list)+2) + u16(len(list)) + list
	}
	body := "\x03\x03" + strings.Repeat("r", 32) + "\x00" + u16(2) + "\x13\x01" + "\x01\x00" + u16(len(ext)) + ext
	return record(recordHandshake, "\x01\x00"+u16(len(body))+body)
}

func serverHelloOf(version string) string {
	ext := "\x00\x2b\x00\x02" + version
	body := "\x03\x03" + strings.Repeat("r", 32) + "\x00" + "\x13\x01" + "\x00" + "\x00\x06" + ext
	return record(recordHandshake, "\x02\x00\x00"+string([]byte{byte(len(body))})+body)
}

func record(kind byte, body string) string {
	return string([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}) + body
}

func TestAppRows(t *testing.T) {
	hello := clientHelloFor("www.example.org", "h2", "http/1.1")
	tests := []struct {
		name  string
		port  uint16
		turns []string
		rows  []string
		app   string
	}{
		{"HTTP in one segment each", 80,
			[]string{"> GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
			[]string{"HTTP GET /a HTTP/1.1", "HTTP 200 OK"}, "HTTP"},
		{"HTTP typed line by line, with LF alone", 80,
			[]string{"> GET / HTTP/1.1\n", "> Host: www.google.com\n", "> \n", "< HTTP/1.1 404 Not Found\r\n\r\n", "< <html>"},
			[]string{"HTTP GET / HTTP/1.1", "HTTP header Host: www.google.com", "HTTP blank line: the request is complete",
				"HTTP 404 Not Found", "HTTP continued"}, "HTTP"},
		{"body in pieces", 80,
			[]string{"> POST /f HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n", "> abc", "> def",
				"< HTTP/1.1 200 OK\r\nContent-Le", "< ngth: 4\r\n\r\nab", "< cd"},
			[]string{"HTTP POST /f HTTP/1.1", "HTTP continued", "HTTP end of the request",
				"HTTP 200 OK", "HTTP continued", "HTTP end of the response"}, "HTTP"},
		{"chunks cut anywhere", 80,
			[]string{"> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r", "< \nhel",
				"< lo\r\n", "< 0;x=y\r\n\r", "< \n"},
			[]string{"HTTP GET / HTTP/1.1", "HTTP 200 OK", "HTTP continued", "HTTP continued", "HTTP continued",
				"HTTP end of the response"}, "HTTP"},
		{"pipelined, and HEAD has no body", 80,
			[]string{"> HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
				"< HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
			[]string{"HTTP HEAD / HTTP/1.1, GET /b HTTP/1.1", "HTTP 200 OK, 204 No Content"}, "HTTP"},
		{"100 before the answer", 80,
			[]string{"> PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", "< HTTP/1.1 100 Continue\r\n\r\n", "> x",
				"< HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"},
			[]string{"HTTP PUT / HTTP/1.1", "HTTP 100 Continue", "HTTP end of the request", "HTTP 201 Created"}, "HTTP"},
		{"WebSocket", 80,
			[]string{"> GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
				"< HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n", "> \x81\x82mask\x05\x08", "< \x88\x00"},
			[]string{"HTTP GET /ws HTTP/1.1", "WebSocket 101 Switching Protocols, WebSocket upgrade", "WebSocket text",
				"WebSocket close"}, "WebSocket"},
		{"WebSocket closes, and says why", 80,
			[]string{"> GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
				"< HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n", "> \x88\x85mask\x6e\x88bye", "< \x88\x02\x0f", "< \xa0"},
			[]string{"HTTP GET /ws HTTP/1.1", "WebSocket 101 Switching Protocols, WebSocket upgrade", "WebSocket close 1001 (going away)",
				"WebSocket continued", "WebSocket close 4000"}, "WebSocket"},
		{"TLS", 443,
			[]string{"> " + hello, "< " + serverHelloOf("\x03\x04") + record(20, "\x01") + record(23, "secret"), "< " + record(23, "more"),
				"> " + record(20, "\x01") + record(23, "xx")},
			[]string{"TLS ClientHello (www.example.org, ALPN h2 http/1.1)",
				"TLS ServerHello (TLS 1.3), ChangeCipherSpec, application data", "TLS application data",
				"TLS ChangeCipherSpec, application data"}, "TLS"},
		{"TLS hello in two segments", 443,
			[]string{"> " + hello[:60], "> " + hello[60:], "< " + record(21, "\x02\x28")},
			[]string{"TLS ClientHello, first part", "TLS ClientHello (www.example.org, ALPN h2 http/1.1)",
				"TLS alert: handshake failure"}, "TLS"},
		{"TLS record over segments", 443,
			[]string{"> " + hello, "< " + serverHelloOf("\x03\x03") + record(22, "\x0b\x00\x00\x10abcdefghijklmnop")[:12], "< defghijklmnop",
				"< " + record(22, "\x0e\x00\x00\x00")},
			[]string{"TLS ClientHello (www.example.org, ALPN h2 http/1.1)", "TLS ServerHello (TLS 1.2), Certificate", "TLS continued",
				"TLS ServerHelloDone"}, "TLS"},
		{"SSH", 22,
			[]string{"< SSH-2.0-OpenSSH_9.6\r\n", "> SSH-2.0-x\r\n", "> \x00\x00\x00\x10\x04\x14cookie", "< \x01\x02"},
			[]string{"SSH SSH-2.0-OpenSSH_9.6", "SSH SSH-2.0-x", "SSH key exchange", "SSH continued"}, "SSH"},
		{"SMTP", 25,
			[]string{"< 220 mail.example.org ESMTP\r\n", "> EHLO me\r\n", "< 250-mail\r\n250 HELP\r\n", "> STARTTLS\r\n", "< 220 go\r\n", "> " + hello},
			[]string{"SMTP 220 mail.example.org ESMTP", "SMTP EHLO me", "SMTP 250-mail", "SMTP STARTTLS", "SMTP 220 go",
				"TLS ClientHello (www.example.org, ALPN h2 http/1.1)"}, "TLS"},
		{"FTP by its port", 21, []string{"< 220 ready\r\n", "> USER x\r\n"}, []string{"FTP 220 ready", "FTP USER x"}, "FTP"},
		{"DNS", 53,
			[]string{"> " + bytesOf("0011 0001 0100 0001 0000 0000 0000 03 777777 00 0001 0001")[:0] +
				bytesOf("0015 0001 0100 0001 0000 0000 0000 03777777 00 0001 0001"),
				"< " + bytesOf("0015 0001 8183 0001 0000 0000 0000 03777777 00 0001 0001")},
			[]string{"DNS query www A", "DNS answer www A: no such name"}, "DNS"},
		{"HTTP/2", 80,
			[]string{"> " + http2Preface + bytesOf("000000 04 00 00000000"), "< " + bytesOf("000004 08 00 00000003 00000001")},
			[]string{"HTTP/2 preface, SETTINGS", "HTTP/2 WINDOW_UPDATE (stream 3)"}, "HTTP/2"},
		{"chat", 3000, []string{"< Hello\n", "> GET lost\n", "< Grüße\n"}, []string{"text", "text", "text"}, "text"},
		{"greeting", 8080, []string{"< What's your name? ", "> Alice\n", "< Hello Alice\n"}, []string{"text", "text", "text"}, "text"},
		{"bytes", 9, []string{"> \x00\x01\x02", "< ok"}, []string{"bytes", "text"}, "bytes"},
		{"wrong request, answered with 400", 80,
			[]string{"> HELLO\n", "> \n", "< HTTP/1.1 400 Bad Request\r\n\r\n"}, []string{"text", "text", "HTTP 400 Bad Request"}, "HTTP"},
		{"wrong request, answered without a status line", 80,
			[]string{"> HELLO\n", "< <html><p>Error code: 400</p>"}, []string{"text", "HTTP 400, without a status line"}, "HTTP"},
		{"TLS to a plain server", 80,
			[]string{"> " + hello, "< HTTP/1.1 400 Bad Request\r\n\r\n"},
			[]string{"TLS ClientHello (www.example.org, ALPN h2 http/1.1)", "HTTP 400 Bad Request"}, "HTTP"},
	}
	for _, tt := range tests {
		k := newTalk(tt.port)
		rows := k.run(tt.turns...)
		for i, want := range tt.rows {
			if rows[i] != want {
				t.Errorf("%s: row %d is %q, want %q", tt.name, i+1, rows[i], want)
			}
		}
		if got := k.a.name(); got != tt.app {
			t.Errorf("%s: name %q, want %q", tt.name, got, tt.app)
		}
		k.a.release()
		if k.b.used != 0 {
			t.Errorf("%s: %d bytes of the budget are not given back", tt.name, k.b.used)
		}
	}
}

func TestAppOrder(t *testing.T) {
	// The parts of one exchange come in every order of four, with repeats.
	stream := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
	cuts := []int{0, 9, 20, 41, len(stream)}
	for order := 0; order < 24; order++ {
		k := newTalk(80)
		k.run("> GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		perm := rand.New(rand.NewSource(int64(order))).Perm(4)
		for _, i := range append(perm, perm[0]) {
			part := stream[cuts[i]:cuts[i+1]]
			k.a.segment(Server, k.next[Server].Add(cuts[i]), []byte(part), len(part), 1)
		}
		f := k.a.facts()
		if f.responses != 1 || f.status != 200 || f.answerCut != 0 || f.lost {
			t.Errorf("order %v: %+v", perm, f)
		}
		k.a.release()
		if k.b.used != 0 {
			t.Errorf("order %v: %d bytes not given back", perm, k.b.used)
		}
	}
}

// TestAppSentAgain: what is sent again is called what it was called, where that
// can be told by itself, and counts no second time.
func TestAppSentAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		port  uint16
		first []string // before it
		again string
		want  string
	}{
		{"request", 80, nil, "> GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP GET /a HTTP/1.1"},
		{"answer", 80, []string{"> GET / HTTP/1.1\r\nHost: x\r\n\r\n"}, "< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "HTTP 200 OK"},
		{"body", 80, []string{"> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, "< abcdefghi", "HTTP continued"},
		{"ClientHello", 443, nil, "> " + clientHelloFor("x.example", "h2"), "TLS ClientHello (x.example, ALPN h2)"},
	} {
		k := newTalk(c.port)
		k.run(c.first...)
		at, side := k.next, Client
		if c.again[0] == '<' {
			side = Server
		}
		k.run(c.again)
		before := k.a.facts()
		if got := k.a.segment(side, at[side], []byte(c.again[2:]), len(c.again)-2, 9); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if after := k.a.facts(); after.requests != before.requests || after.responses != before.responses {
			t.Errorf("%s: counted again: %+v", c.name, after)
		}
		k.a.release()
		if k.b.used != 0 || k.b.troubles != 0 {
			t.Errorf("%s: %d bytes not given back", c.name, k.b.used)
		}
	}
}

func TestAppHoles(t *testing.T) {
	t.Run("in a body", func(t *testing.T) {
		k := newTalk(80)
		k.run("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "~< def")
		if got := k.run("< ghi"); got[0] != "HTTP continued" {
			t.Errorf("behind the hole: %q", got)
		}
		k.a.acked(Server, k.next[Server])
		if f := k.a.facts(); f.answerCut != 0 || f.lost {
			t.Errorf("still %d bytes to come, lost %v", f.answerCut, f.lost)
		}
	})
	t.Run("in a head", func(t *testing.T) {
		k := newTalk(80)
		k.run("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 2", "~< 00 OK\r\n", "< Server: x\r\n\r\n")
		k.a.acked(Server, k.next[Server])
		got := k.run("> GET /2 HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 304 Not Modified\r\n\r\n")
		if got[1] != "HTTP 304 Not Modified" {
			t.Errorf("does not fall into step: %q", got)
		}
		if !k.a.facts().lost {
			t.Error("nothing says that bytes were missing")
		}
	})
	t.Run("its frame", func(t *testing.T) {
		k := newTalk(80)
		k.run("> GET / HTTP/1.1\r\n", "~> Host: x\r\n\r\n", "> GET /2 HTTP/1.1\r\n", "> Host: y\r\n\r\n")
		other := newApp(k.b, 80) // which shares the budget, and takes its turns between
		other.segment(Client, 1, []byte("GET / HTTP/1.1\r\n\r\n"), 18, 99)
		k.a.acked(Client, k.next[Client])
		if k.a.requestAt != 2 || k.a.requestEnd != 3 {
			t.Errorf("the request behind the hole is in frames 2 and 3, and not %d and %d", k.a.requestAt, k.a.requestEnd)
		}
	})
	t.Run("cut by the snap length", func(t *testing.T) {
		k := newTalk(80)
		got := k.a.segment(Client, k.next[Client], []byte("GET / HTTP/1.1\r\nHo"), 40, 1)
		if got != "HTTP GET / HTTP/1.1" {
			t.Errorf("row %q", got)
		}
	})
	t.Run("midstream", func(t *testing.T) {
		b := new(appBudget)
		a := newApp(b, 443)
		got := []string{
			a.segment(Server, 100, []byte("\x99middle of a record"), 19, 1),
			a.segment(Server, 119, []byte(record(23, "x")), 6, 2),
			a.segment(Client, 7, []byte(record(22, "\x33\x34\x35\x36\x37")), 10, 3),
		}
		if want := "bytes, TLS application data, TLS encrypted handshake"; strings.Join(got, ", ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAppIsBounded(t *testing.T) {
	k := newTalk(80)
	k.run("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\n")
	line := "X-Long: " + strings.Repeat("y", 1000) + "\r\n"
	for range 100 {
		k.run("< " + line)
		if k.b.used > 2*appBufferLimit {
			t.Fatalf("%d bytes put aside for one direction", k.b.used)
		}
	}
	k = newTalk(80)
	far := k.next[Client]
	for i := range 1000 { // a hole at the front that nobody fills
		far = far.Add(1001)
		k.a.segment(Client, far, make([]byte, 1000), 1000, place(i))
		if k.b.used > 2*appBufferLimit {
			t.Fatalf("%d bytes put aside behind a hole", k.b.used)
		}
	}
	k.a.release()
	if k.b.used != 0 {
		t.Errorf("%d bytes not given back", k.b.used)
	}
	small := &appBudget{Limit: 100}
	a := newApp(small, 80)
	a.begin(Client, 1)
	a.segment(Client, 1, []byte("GET / HTTP/1.1\r\n"), 16, 1)
	if small.Refused == 0 || small.used != 0 {
		t.Errorf("beyond the budget: refused %d, used %d", small.Refused, small.used)
	}
}

func TestAppSkipsWithoutAllocation(t *testing.T) {
	body := strings.Repeat("x", 1448)
	for name, first := range map[string]string{
		"HTTP": "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
		"text": "some text\n",
		"TLS":  "\x16\x03\x03\x40\x00\x0b\x00\x3f\xfc",
	} {
		k := newTalk(80)
		k.run("< " + first)
		seq, data := k.next[Server], []byte(body)
		n := testing.AllocsPerRun(5, func() {
			k.a.segment(Server, seq, data, len(data), 1)
			seq = seq.Add(len(data))
		})
		if n != 0 {
			t.Errorf("%s: %v allocations for a segment that is skipped", name, n)
		}
	}
}

func FuzzApp(f *testing.F) {
	f.Add([]byte("\x00GET / HTTP/1.1\nHost: x\n\n"), uint16(80), uint64(3))
	f.Add([]byte("\x01HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), uint16(80), uint64(99))
	f.Add([]byte("\x00"+clientHelloFor("a.example", "h2")), uint16(443), uint64(7))
	f.Add([]byte("\x00"+http2Preface), uint16(80), uint64(5))
	f.Add([]byte("\x00\x00\x15\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01"), uint16(53), uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, port uint16, seed uint64) {
		b := &appBudget{Limit: 1 << 20}
		a := newApp(b, port)
		r := rand.New(rand.NewSource(int64(seed)))
		seq := [2]dissect.Seq{5, 0xfffffffa}
		if seed&1 == 0 {
			a.begin(Client, seq[0])
			a.begin(Server, seq[1])
		}
		side := Client
		for i := int64(1); len(data) > 0; i++ {
			if r.Intn(4) == 0 || i == 1 && data[0]&1 == 1 {
				side = side.Other()
			}
			n := min(len(data), 1+r.Intn(40))
			length := n + r.Intn(2)*r.Intn(9)
			at := seq[side].Add(r.Intn(60)*(r.Intn(5)/4) - r.Intn(20)*(r.Intn(5)/4))
			row := a.segment(side, at, data[:n], length, place(i))
			if len(row) > 8*appTextLimit {
				t.Fatalf("a row of %d bytes", len(row))
			}
			seq[side] = seq[side].Add(n)
			if r.Intn(3) == 0 {
				a.acked(side, seq[side])
			}
			data = data[n:]
		}
		a.fin(Client, seq[0])
		a.facts()
		if b.used > 4*appBufferLimit {
			t.Fatalf("%d bytes put aside", b.used)
		}
		a.release()
		if b.used != 0 {
			t.Fatalf("%d bytes not given back", b.used)
		}
	})
}

func BenchmarkApp(b *testing.B) {
	head := []byte("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/html\r\nContent-Length: 14480\r\n\r\n")
	request := []byte("GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n")
	body := make([]byte, 1448)
	for _, quiet := range []bool{false, true} {
		b.Run(fmt.Sprintf("quiet=%v", quiet), func(b *testing.B) {
			budget := &appBudget{Quiet: quiet}
			a := newApp(budget, 80)
			var seq [2]dissect.Seq
			a.begin(Client, 0)
			a.begin(Server, 0)
			send := func(side Side, p []byte) {
				a.segment(side, seq[side], p, len(p), 1)
				seq[side] = seq[side].Add(len(p))
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(request) + len(head) + 10*len(body)))
			for b.Loop() { // one exchange of twelve segments
				send(Client, request)
				send(Server, head)
				for range 10 {
					send(Server, body)
				}
			}
		})
	}
}
