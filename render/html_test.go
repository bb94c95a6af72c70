package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

func pageOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewHTML(w, o) })
}

// between returns what stands between two strings, once.
func between(t *testing.T, s, from, to string) string {
	t.Helper()
	if n := strings.Count(s, from); n != 1 {
		t.Fatalf("%q stands %d times", from, n)
	}
	_, rest, _ := strings.Cut(s, from)
	got, _, ok := strings.Cut(rest, to)
	if !ok {
		t.Fatalf("no %q after %q", to, from)
	}
	return got
}

// dataOf parses the data of a page.
func dataOf(t *testing.T, page string) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal([]byte(between(t, page, `<script type="application/json" id="data">`, "</script>")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPagePolicy(t *testing.T) {
	page := pageOf(t, chat(), Options{})
	csp := between(t, page, `http-equiv="Content-Security-Policy" content="`, `"`)
	if !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") || strings.Contains(csp, "*") {
		t.Errorf("policy: %s", csp)
	}
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	if want := "style-src " + hash(between(t, page, "<style>", "</style>")); !strings.Contains(csp, want) {
		t.Errorf("%s is not in %s", want, csp)
	}
	if want := "script-src " + hash(between(t, page, "<script>", "</script>")); !strings.Contains(csp, want) {
		t.Errorf("%s is not in %s", want, csp)
	}
	if i, j := strings.Index(page, "Content-Security-Policy"), strings.Index(page, "<style>"); i > j {
		t.Error("the policy comes after what it is about")
	}
}

// TestPageAsksForNothing looks for what a browser would fetch, and for ways to
// make markup of text.
func TestPageAsksForNothing(t *testing.T) {
	page := pageOf(t, chat(), Options{})
	code := strings.ReplaceAll(page, "http://www.w3.org/2000/svg", "")
	for _, re := range []string{`https?://`, `\bsrc\s*=`, `<link`, `<iframe`, `@import`, `url\(`, `\bfetch\(`, `XMLHttpRequest`, `WebSocket`, `sendBeacon`, `import\(`,
		`innerHTML`, `outerHTML`, `insertAdjacentHTML`, `document\.write`, `\beval\(`, `new Function`, ` style="`, ` on[a-z]+="`, `localStorage`, `cookie`} {
		if m := regexp.MustCompile(re).FindString(code); m != "" {
			t.Errorf("the page holds %q", m)
		}
	}
}

func TestPageWithoutScript(t *testing.T) {
	page := pageOf(t, several(), Options{Files: []string{"lesson.pcap"}})
	static := between(t, page, `<main id="static">`, "</main>")
	for _, want := range []string{`<table class="conns">`, "<svg ", `<pre id="text1"`, `<pre id="text2"`, `<section id="t2">`, "SYN-SENT", "lesson.pcap"} {
		if !strings.Contains(static, want) {
			t.Errorf("%s is missing without script", want)
		}
	}
	if n := strings.Count(static, "<svg "); n != strings.Count(static, "</svg>") || n < 2 {
		t.Errorf("%d pictures", n)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page[:strings.Index(page, `id="data"`)], -1) {
		if ids[m[1]] {
			t.Errorf("id %s twice", m[1])
		}
		ids[m[1]] = true
	}
}

// TestPageData holds the page's data against the events that it was made of.
func TestPageData(t *testing.T) {
	s := chat()
	d := dataOf(t, pageOf(t, s, Options{}))
	c := d["conns"].([]any)[0].(map[string]any)
	events := c["events"].([]any)
	kinds, states, texts := d["kinds"].([]any), d["states"].([]any), d["texts"].([]any)
	n := 0
	for i := range s.events {
		e := &s.events[i]
		if e.Type != conn.TypeSegment {
			continue
		}
		a := events[n].([]any)
		n++
		num := func(i int) int64 { return int64(a[i].(float64)) }
		got := fmt.Sprintln(num(1), kinds[num(6)], num(14), num(15), num(16), states[num(9)], states[num(10)], texts[num(20)])
		want := fmt.Sprintln(e.Frame, e.Kind, e.Seq, e.Packet.TCP.Len, e.Ack, e.States[0], e.States[1], e.Sentence())
		if got != want {
			t.Errorf("row %d: %s, want %s", n, got, want)
		}
		frame := a[23].([]any)
		data, err := base64.StdEncoding.DecodeString(frame[3].(string))
		if err != nil || !bytes.Equal(data, e.Packet.Frame.Data) {
			t.Errorf("row %d: bytes %x", n, data)
		}
	}
	if n != len(events) {
		t.Errorf("%d rows for %d segments", len(events), n)
	}
	for _, term := range []string{"SYN", "ESTABLISHED", "closed"} {
		if d["glossary"].(map[string]any)[term] == nil {
			t.Errorf("%s is not explained", term)
		}
	}
}

func TestPageOfHostileText(t *testing.T) {
	s, o := hostile()
	if n := len(attacks()); n < 100 {
		t.Fatalf("%d attacks", n)
	}
	page := pageOf(t, s, o)
	if dir := os.Getenv("TCPSEE_PICTURES"); dir != "" {
		os.WriteFile(filepath.Join(dir, "hostile.html"), []byte(page), 0o644)
	}
	if !utf8.ValidString(page) {
		t.Error("not UTF-8")
	}
	for _, r := range page {
		if r < 0x20 && r != '\n' || r >= 0x7f && r <= 0x9f || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Errorf("character %U", r)
		}
	}
	data := between(t, page, `<script type="application/json" id="data">`, "</script>")
	if strings.ContainsAny(data, "<>&") {
		t.Error("markup in the data")
	}
	dataOf(t, page)
	// What stands outside of our own style, script and data are our own tags and no others.
	rest := strings.ReplaceAll(page, data, "")
	rest = strings.ReplaceAll(strings.ReplaceAll(rest, pageScript, ""), pageStyle, "")
	tag := regexp.MustCompile(`<(/?[a-zA-Z!][^\s>]*)([^>]*)>`)
	known := regexp.MustCompile(`^/?(!DOCTYPE|html|head|meta|title|style|body|div|main|section|h1|h2|p|figure|svg|desc|text|tspan|span|line|path|rect|details|summary|pre|script|dl|dt|dd|table|caption|thead|tbody|tr|th|td)$`)
	for _, m := range tag.FindAllStringSubmatch(rest, -1) {
		if !known.MatchString(m[1]) || regexp.MustCompile(`\bon[a-z]+\s*=|javascript:|\bsrc=|\bhref=`).MatchString(m[2]) {
			t.Errorf("tag %s", m[0])
		}
	}
	if n := strings.Count(rest, "<script"); n != 2 {
		t.Errorf("%d scripts", n)
	}
}

func TestPageLimitsAreSaid(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	for i := range int64(maxPageConnections + 5) {
		l := s.link(i+1, "10.0.0.1:4000", "10.0.0.2:80", 1, 2)
		l.send(at(i), conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 1})
	}
	page := pageOf(t, s, Options{})
	if !strings.Contains(page, "first 1,000 connections; 5 more were seen") {
		t.Error("the limit is not said")
	}
	if n := len(dataOf(t, page)["conns"].([]any)); n != maxPageConnections {
		t.Errorf("%d connections", n)
	}
	if more := dataOf(t, page)["more"]; more != 5.0 {
		t.Errorf("beside the table, %v more", more)
	}
}

// TestPageOfMoreThanItHolds has more bytes than a page takes, so that the last
// frames have no headers any more.
func TestPageOfMoreThanItHolds(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(1, "10.0.0.1:4000", "10.0.0.2:80", 1, 2)
	data := strings.Repeat("x", maxPageFrame)
	for i := range maxPageBytes/maxPageFrame + 3 {
		l.send(at(i), conn.Client, segment{flags: push, seq: uint32(1 + i*len(data)), ack: 1, data: data, win: 1})
	}
	for _, embed := range []bool{false, true} {
		page := pageOf(t, s, Options{Embed: embed})
		if !strings.Contains(page, "of frames are left out") {
			t.Error("the limit is not said")
		}
		if got := strings.Contains(page, `id="capture" download="tcpsee.pcapng"`); got != embed {
			t.Errorf("embedded: %v", got)
		}
		dataOf(t, page)
	}
}

// TestPageSize holds a page of 10,000 segments to 5 MB beside their bytes.
func TestPageSize(t *testing.T) {
	s := long(10_000)
	page := pageOf(t, s, Options{})
	size, frames := len(page), 0
	for i := range s.events {
		if p := s.events[i].Packet; p != nil {
			frames += base64.StdEncoding.EncodedLen(len(p.Frame.Data))
		}
	}
	t.Logf("%d bytes, %d of them frames", size, frames)
	if size-frames > 5_000_000 {
		t.Errorf("%d bytes, %d beside the frames", size, size-frames)
	}
	if n := len(dataOf(t, page)["conns"].([]any)[0].(map[string]any)["events"].([]any)); n != 10_000 {
		t.Errorf("%d rows", n)
	}
}

func TestPageWithoutPayload(t *testing.T) {
	page := pageOf(t, chat(), Options{NoPayload: true})
	if strings.Contains(page, "Hello") || strings.Contains(page, base64.StdEncoding.EncodeToString([]byte("Hello\n"))) {
		t.Error("the payload is there")
	}
}

func TestPageOfNothing(t *testing.T) {
	page := pageOf(t, &scene{}, Options{})
	if !strings.Contains(page, "No connection") {
		t.Error("an empty page says nothing")
	}
	r := NewHTML(io.Discard, Options{Conn: 7})
	if err := r.Close(); err == nil {
		t.Error("a connection that is not there is no error")
	}
}

// FuzzPage feeds names and payloads of any bytes.
func FuzzPage(f *testing.F) {
	for _, a := range attacks() {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := newScene("2025-11-20 16:39:16.000000")
		l := s.link(1, "10.0.0.1:4000", "10.0.0.2:80", 1, 2)
		l.send(0, conn.Client, segment{flags: push, seq: 1, ack: 1, data: text, app: text})
		l.call(1, conn.Call{Name: text, Args: text, Error: text, Result: text})
		page := pageOf(t, s, Options{Files: []string{text}})
		data := between(t, page, `<script type="application/json" id="data">`, "</script>")
		if strings.ContainsAny(data, "<>&") || strings.Count(page, "</script>") != 2 {
			t.Error(text)
		}
		dataOf(t, page)
	})
}

func BenchmarkPage(b *testing.B) {
	s := download()
	n := int64(0)
	for b.Loop() {
		n = int64(len(pageOf(b, s, Options{})))
	}
	b.SetBytes(n)
	b.ReportAllocs()
}

// TestPageDataComesInPieces holds that the data of a long page are not gathered
// before they are written.
func TestPageDataComesInPieces(t *testing.T) {
	s := chat()
	var r conn.Record
	for len(r.Events) < 2000 {
		for i := range s.events {
			if drawable(&s.events[i]) {
				r.Events = append(r.Events, s.events[i])
			}
		}
	}
	longest, whole := 0, 0
	g := newGlyphs(false)
	d := pageData{o: &Options{}, g: &g, put: func(b []byte) {
		longest = max(longest, len(b))
		whole += len(b)
	}}
	d.gather([]*conn.Record{&r})
	d.encode([]*conn.Record{&r})
	if whole < 10*outputChunk || longest > 2*outputChunk {
		t.Errorf("%d bytes, in pieces of up to %d", whole, longest)
	}
}
