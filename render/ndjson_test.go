package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

func ndjsonOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewNDJSON(w, o) })
}

// decodeLines decodes each line, and holds that no name stands twice in one
// object and that no control character is there.
func decodeLines(t testing.TB, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		for _, c := range []byte(l) {
			if c < 0x20 || c == 0x7f {
				t.Fatalf("control character %#x in %q", c, l)
			}
		}
		d := json.NewDecoder(strings.NewReader(l))
		d.UseNumber()
		var m map[string]any
		if err := d.Decode(&m); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		if n := topLevelNames(t, l); n != len(m) {
			t.Fatalf("%d names, %d of them different: %s", n, len(m), l)
		}
		all = append(all, m)
	}
	return all
}

func topLevelNames(t testing.TB, l string) int {
	d := json.NewDecoder(strings.NewReader(l))
	depth, n, key := 0, 0, false
	for {
		tok, err := d.Token()
		if err != nil {
			return n
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
			key = depth == 1
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
			key = depth == 1
			continue
		}
		if depth == 1 {
			if key {
				n++
			}
			key = !key
		}
	}
}

func TestNDJSONSaysWhatTheEventSays(t *testing.T) {
	for _, s := range scenes {
		sc := s.make()
		var lines []map[string]any
		for _, m := range decodeLines(t, ndjsonOf(t, sc, Options{})) {
			if m["type"] == "segment" {
				lines = append(lines, m)
			}
		}
		i := 0
		for k := range sc.events {
			e := &sc.events[k]
			if e.Type != conn.TypeSegment {
				continue
			}
			checkSegment(t, e, lines[i])
			i++
		}
		if i != len(lines) {
			t.Errorf("%s: %d segments, %d lines", s.name, i, len(lines))
		}
	}
}

func checkSegment(t *testing.T, e *conn.Event, m map[string]any) {
	t.Helper()
	tcp := &e.Packet.TCP
	src, dst := e.Client, e.Server
	if e.From == conn.Server {
		src, dst = dst, src
	}
	names := func(n []string) []any {
		a := []any{}
		for _, s := range n {
			a = append(a, s)
		}
		return a
	}
	num := func(v any) json.Number { return json.Number(fmt.Sprint(v)) }
	labels := []any{}
	e.Labels.Each(func(l conn.Label) { labels = append(labels, l.String()) })
	want := map[string]any{
		"frame": num(e.Frame), "time": e.Time.Time().Format("2006-01-02T15:04:05.000000000Z"), "conn": num(e.Conn),
		"since_start": num(fmt.Sprintf("%.9f", e.Since.Seconds())),
		"from":        e.From.String(), "src": src.Addr().String(), "sport": num(src.Port()), "dst": dst.Addr().String(), "dport": num(dst.Port()),
		"kind": e.Kind.String(), "flags": fmt.Sprintf("0x%03x", uint16(tcp.Flags)), "control_bits": names(tcp.Flags.Names()),
		"seq": num(e.Seq), "ack": num(e.Ack), "seq_raw": num(uint32(tcp.Seq)), "ack_raw": num(uint32(tcp.Ack)), "len": num(tcp.Len),
		"win": num(e.Window), "win_raw": num(tcp.Window), "labels": labels,
		"states": map[string]any{
			"client": []any{e.Before[0].String(), e.States[0].String()}, "server": []any{e.Before[1].String(), e.States[1].String()}},
	}
	if e.Handshake {
		want["role"] = "handshake"
	}
	if e.SeqSeen {
		want["seq_base"] = "seen"
	}
	if e.Labels.Has(conn.DupAck) {
		want["dup_ack_num"] = num(e.DupAckNum)
	}
	for _, absent := range []string{"role", "dup_ack_num", "seq_base", "fragments", "file"} {
		if _, ok := m[absent]; ok && want[absent] == nil {
			t.Errorf("frame %d has %s", e.Frame, absent)
		}
	}
	for k, v := range want {
		if !reflect.DeepEqual(m[k], v) {
			t.Errorf("frame %d: %s is %v, want %v", e.Frame, k, m[k], v)
		}
	}
}

// Options of which all bytes are shown say in words what CSV says of them, too.
func TestNDJSONOptionWords(t *testing.T) {
	for _, x := range []struct {
		options []byte
		want    string
	}{
		{[]byte{34, 6, 0xab, 0xcd, 0xef, 1}, `{"name":"fast-open","cookie":"abcdef01","kind":34,"data":"abcdef01"}`},
		{[]byte{34, 2}, `{"name":"fast-open","cookie":"","kind":34,"data":""}`},
		{[]byte{254, 6, 0xf9, 0x89, 0xab, 0xcd}, `{"name":"fast-open","cookie":"abcd","kind":254,"data":"f989abcd"}`},
		{[]byte{254, 6, 0xac, 0xc0, 0, 1}, `{"name":"other","kind":254,"data":"acc00001"}`},
		{[]byte{254, 9, 0xf9, 0x89}, `{"name":"other","malformed":true,"kind":254,"data":"fe09f989"}`},
		{[]byte{30, 4, 0x81, 0}, `{"name":"mptcp","subtype":"MP_TCPRST","kind":30,"data":"8100"}`},
		{[]byte{30, 2}, `{"name":"mptcp","malformed":true,"kind":30,"data":""}`},
		{[]byte{28, 4, 0x80, 2}, `{"name":"user-timeout","seconds":120,"kind":28,"data":"8002"}`},
	} {
		s := newScene("2025-11-20 16:39:16.442830")
		s.link(1, "10.0.0.1:40000", "10.0.0.2:80", 1, 1).send(0, conn.Client, segment{flags: 2, options: x.options})
		if got := ndjsonOf(t, s, Options{}); !strings.Contains(got, x.want) {
			t.Errorf("% x: %s, want %s", x.options, got, x.want)
		}
	}
}

func TestNDJSONSegment(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.442830")
	l := s.link(3, "[2001:db8::1]:40000", "[2001:db8::2]:80", 0xfffffff0, 1000)
	l.send(1.5, conn.Client, segment{flags: 0xe18, seq: 17, ack: 5, data: "x", win: 7, app: "HTTP \"\x7f\xff\"", labels: []conn.Label{conn.DupAck, conn.Retransmission}, dup: 2,
		options: []byte{1, 1, 5, 10, 0, 0, 3, 0xed, 0, 0, 4, 0, 34, 4, 0xab, 0xcd}})
	e := &s.events[0]
	e.SeqSeen, e.File = true, 1
	e.Packet.Fragments = []int64{7, 8}
	got := ndjsonOf(t, s, Options{Files: []string{"a.pcap", "b\n.pcap"}})
	const want = `{"type":"segment","frame":1,"file":"b\n.pcap","time":"2025-11-20T16:39:17.942830000Z","since_start":1.500000000,"conn":3,` +
		`"from":"client","src":"2001:db8::1","sport":40000,"dst":"2001:db8::2","dport":80,"kind":"DATA","flags":"0xe18",` +
		`"control_bits":["PSH","ACK","R3","R2","R1"],"seq":17,"ack":5,"seq_raw":1,"ack_raw":1005,"seq_base":"seen","len":1,"win":7,"win_raw":7,` +
		`"options":[{"name":"nop"},{"name":"nop"},{"name":"timestamps","value":1,"echo":2},{"name":"nop"},{"name":"nop"},` +
		`{"name":"sack","blocks":[[5,24]],"blocks_raw":[[1005,1024]]},{"name":"fast-open","malformed":true,"kind":34,"data":"abcd"}],` +
		`"labels":["retransmission","dup-ack"],"dup_ack_num":2,"states":{"client":["CLOSED","CLOSED"],"server":["?","?"]},` +
		`"app":"HTTP \"\u007f\ufffd\"","layers":["ethernet","ipv6","tcp"],"fragments":[7,8]}` + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNDJSONOthers(t *testing.T) {
	s := refused()
	s.capture(conn.Capture{
		Files: []string{"x.pcap"}, Interfaces: []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet, SnapLen: 65535}},
		Frames: 4, Bytes: 212, Segments: 2, Connections: 1, NotTCP: 2, Unfollowed: map[string]int64{"b": 1, "a": 2}, LeftOut: map[string]int64{"c": 5}, Dropped: 3, Evicted: 4, AppRefused: 5, Forgotten: 6,
		First: s.stamp(0), Last: capture.NoTime, Fault: "broken", Findings: []string{"odd"},
	})
	got := decodeLines(t, ndjsonOf(t, s, Options{}))
	var types []string
	for _, m := range got {
		types = append(types, m["type"].(string))
	}
	if want := "socket neighbour neighbour segment segment socket connection capture"; strings.Join(types, " ") != want {
		t.Fatalf("types %v, want %s", types, want)
	}
	last := ndjsonOf(t, &scene{events: s.events[len(s.events)-2:]}, Options{})
	const want = `{"type":"connection","conn":1,` +
		`"client":{"addr":"10.9.0.1","port":41258,"state":"CLOSED","iss":1000,"segments":1,"bytes":0,"unique_bytes":0,"retransmissions":0},` +
		`"server":{"addr":"10.9.0.2","port":3000,"state":"CLOSED","iss":null,"segments":1,"bytes":0,"unique_bytes":0,"retransmissions":0},` +
		`"start":"2025-11-20T16:40:52.568669000Z","end":"2025-11-20T16:40:52.568751000Z","duration":0.000082000,"first_frame":0,"last_frame":0,` +
		`"completeness":37,"irtt":null,"syns":1,"labels":{},"verdict":"refused","by":"server",` +
		`"text":"10.9.0.2 is up, and answered the SYN with RST after 16 µs.",` +
		`"meaning":"no program there listens on port 3000 of that address, or a firewall refuses in its name.","evidence":[4],` +
		`"next_step":"on 10.9.0.2, ss -ltn: is :3000 there, and not 127.0.0.1:3000 only?"}` + "\n" +
		`{"type":"capture","schema":1,"files":["x.pcap"],"interfaces":[{"name":"eth0","link":"EN10MB","snap_length":65535}],"frames":4,"bytes":212,` +
		`"segments":2,"connections":1,"not_tcp":2,"unfollowed":{"a":2,"b":1},"left_out":{"c":5},"dropped":3,"evicted":4,"layer7_refused":5,"forgotten":6,"start":"2025-11-20T16:40:52.568690000Z",` +
		`"end":null,"fault":"broken","findings":["odd"]}` + "\n"
	if last != want {
		t.Errorf("got\n%s\nwant\n%s", last, want)
	}
	if m := got[5]; m["call"] != "connect" || m["phase"] != "return" || m["error"] != "Connection refused" || m["result"] != "ECONNREFUSED" || m["from"] != "client" {
		t.Errorf("socket: %v", m)
	}
	if m := got[2]; m["protocol"] != "arp" || m["operation"] != "reply" || m["mac"] != "06:26:cb:dc:9e:41" || m["target"] != "10.9.0.2" {
		t.Errorf("neighbour: %v", m)
	}
	m := decodeLines(t, ndjsonOf(t, unreachable(), Options{}))[1]
	if m["type"] != "icmp" || m["meaning"] != "host unreachable" || m["src"] != "10.9.0.254" || m["icmp_code"] != json.Number("1") {
		t.Errorf("icmp: %v", m)
	}
}

func TestNDJSONRemark(t *testing.T) {
	s := refused()
	e := &s.events[0]
	e.Type, e.Call, e.From, e.Text = conn.TypeRemark, nil, conn.Server, "nc -v says: \"\x1b\""
	m := decodeLines(t, ndjsonOf(t, s, Options{}))[0]
	if m["type"] != "remark" || m["from"] != "server" || m["text"] != "nc -v says: \"\x1b\"" {
		t.Errorf("remark: %v", m)
	}
}

func TestNDJSONWithoutTime(t *testing.T) {
	s := chat()
	s.events[0].Time = capture.NoTime
	m := decodeLines(t, ndjsonOf(t, s, Options{}))[0]
	for _, k := range []string{"time", "since_start"} {
		if v, ok := m[k]; !ok || v != nil {
			t.Errorf("%s is %v, want null", k, v)
		}
	}
}

// TestLayerNames holds that each header has a name of its own that fits JSON
// without escapes.
func TestLayerNames(t *testing.T) {
	seen := map[string]bool{}
	for k := dissect.LayerNone; k <= dissect.LayerOther; k++ {
		n := layerName(k)
		if n != strings.ToLower(n) || strings.ContainsAny(n, " \"\\") || seen[n] {
			t.Errorf("layer %d is %q", k, n)
		}
		seen[n] = true
	}
}

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\x7f\"\\\n\r\t", "\xff\xc3\x28\xed\xa0\x80", "Grüße 你好 \u2028\u202e😀", "\xc3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendJSONString(nil, s)
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := string([]rune(s)); got != want { // each invalid byte is U+FFFD in both
			t.Fatalf("%q becomes %q", want, got)
		}
		for _, c := range b {
			if c < 0x20 || c == 0x7f {
				t.Fatalf("control character in %q", b)
			}
		}
		if c := appendJSONString(nil, []byte(s)); !bytes.Equal(b, c) {
			t.Fatalf("bytes give %q, the string %q", c, b)
		}
	})
}

func BenchmarkNDJSON(b *testing.B) {
	benchmarkSegments(b, download(), NewNDJSON(io.Discard, Options{}))
}

func BenchmarkTimeline(b *testing.B) {
	benchmarkSegments(b, download(), NewTimeline(io.Discard, Options{Width: 100, Full: true}))
}

func benchmarkSegments(b *testing.B, s *scene, r Renderer) {
	var events []*conn.Event
	for i := range s.events {
		if s.events[i].Type == conn.TypeSegment {
			events = append(events, &s.events[i])
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := r.Event(events[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(events) {
			i = 0
		}
	}
}

func TestNDJSONDoesNotAllocate(t *testing.T) {
	s := chat()
	r := NewNDJSON(io.Discard, Options{})
	if n := testing.AllocsPerRun(1000, func() {
		for i := range 10 {
			r.Event(&s.events[i])
		}
	}); n > 0 {
		t.Errorf("%v allocations for ten segments", n)
	}
}
