package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

func TestAppendQuoted(t *testing.T) {
	tests := []struct {
		in, want string
		limit    int
	}{
		{"Hello\n", `"Hello\n"`, 20},
		{"Hello\n", `"Hello\n"`, 9},
		{"Hello\n", `"Hello"…`, 8},
		{"Hello\n", `"H"…`, 4},
		{"Hello\n", ``, 3},
		{"", `""`, 5},
		{"a\"b\\c", `"a\"b\\c"`, 20},
		{"\x1b[31mred\x07", `"\x1b[31mred\x07"`, 40},
		{"\x9b31m\xc2\x9b", `"\x9b31m\u009b"`, 40},
		{"\xff\xfeok", `"\xff\xfeok"`, 40},
		{"\u202eevil\u202c", `"\u202eevil\u202c"`, 40},
		{"zero\u200bwidth\u00ad", `"zero\u200bwidth\u00ad"`, 40},
		{"你好", `"你好"`, 6},
		{"你好", `"你"…`, 5}, // half of a character is not drawn
		{"e\u0301a\u0300\u0301\u0302", "\"e\u0301a\u0300\u0301\\u0302\"", 40},
		{"\u0301x", `"\u0301x"`, 40}, // nothing for it to stand on
		{"😀👍🏽", `"😀👍\U0001f3fd"`, 40},
		{"שלום", `"\u05e9\u05dc\u05d5\u05dd"`, 40},
		{"│ ──►", `"\u2502 \u2500\u2500\u25ba"`, 40},
		{"a\u3000b\u00a0c", `"a\u3000b\u00a0c"`, 40},
		{"\x00\t\r\n", `"\x00\t\r\n"`, 40},
	}
	g := newGlyphs(false)
	for _, tt := range tests {
		b, w := appendQuoted(nil, []byte(tt.in), tt.limit, &g)
		if string(b) != tt.want || w != textWidth(tt.want) || w > tt.limit {
			t.Errorf("%q in %d: %s (%d columns), want %s", tt.in, tt.limit, b, w, tt.want)
		}
	}
}

func TestAppendApp(t *testing.T) {
	tests := []struct {
		app   string
		limit int
		want  string
	}{
		{"HTTP 200 OK", 11, "HTTP 200 OK"},
		{"HTTP 200 OK, and more", 14, "HTTP 200 OK, …"},
		{"HTTP 200 OK", 10, ""},
		{"SMTP mail FROM:<a@b.c> size=25", 60, `SMTP mail "FROM:<a@b.c> size=25"`},
		{"SMTP mail FROM:<a@b.c> size=25", 20, `SMTP mail "FROM:<a"…`},
		{"SMTP mail FROM:<a@b.c> size=25", 13, "SMTP mail …"},
		{"HTTP 501 Unsupported method ('get')", 60, `HTTP 501 Unsupported method "('get')"`},
		{"HTTP header X:  two", 60, `HTTP header X: " two"`},
		{"HTTP header X: ─► ACK", 60, `HTTP header X: "\u2500\u25ba ACK"`},
		{"HTTP header X: a --> b", 60, `HTTP header X: a "--> b"`},
		{"<html>", 60, `"<html>"`},
		{"<html>", 2, ""},
	}
	g := newGlyphs(false)
	for _, tt := range tests {
		b, w := appendApp([]byte("> "), tt.app, tt.limit, &g)
		if got := string(b[2:]); got != tt.want || w != textWidth(got) || w > tt.limit {
			t.Errorf("%q in %d columns: %q, %d wide, want %q", tt.app, tt.limit, got, w, tt.want)
		}
	}
}

func TestASCIIEscapes(t *testing.T) {
	g := newGlyphs(true)
	b, w := appendQuoted(nil, []byte("Grüße 你"), 40, &g)
	if want := `"Gr\u00fc\u00dfe \u4f60"`; string(b) != want || w != len(want) {
		t.Errorf("%s, %d columns", b, w)
	}
	if s := safeText("32 µs – done · 你…", &g); s != `32 us - done . \u4f60...` {
		t.Error(s)
	}
}

// hostilePayloads gives a hundred payloads and more that try to leave the
// place that they are shown in.
func hostilePayloads() []string {
	p := []string{
		"\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x1bP$q\x1b\\", "\x1b[6n", "\x1bc", "\x1b[?1049h",
		"\x9b2J", "\xc2\x9b2J", "\x90q\x9c", "\x07\x07\x07", "\b\b\b\b", "\r  1  0.000000 4 ESTABLISHED", "\v\f", "\x7f\x7f", "\x00",
		"\u202eabc", "\u2066abc\u2069", "\u061c", "\u200e\u200f", "\u200b\u200c\u200d\u2060\ufeff", "\u00ad", "\u2028\u2029\u0085",
		"\u115f\u1160\u3164\uffa0", "\ufe0f\ufe0e", "\U000e0041\U000e007f", "\ue000\U000f0000", "\ufffe\uffff", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xc0\x80", "\xff", "\xe2\x80", "e" + strings.Repeat("\u0301", 500), strings.Repeat("你", 400), strings.Repeat("👨‍👩‍👧‍👦", 50), "🇩🇪🇫🇷",
		"שלום עולם", "مرحبا", "\u2800", "\u3000", "\u00a0", strings.Repeat("x", 1<<20), strings.Repeat("\n", 5000), "\" ───► ESTABLISHED\n  5  1.0",
		"closed by the client, three segments (8 9 10).", "│", "► ◄ ▶ ◀", "\\", "\\x1b[31m", "\"\"\"\"", "ﷺ", "꧅", "⸻", "\u17b4\u17b5", "\u034f",
		"\x1b", "\x1b[", "\x1b[38;5", "\x0e\x0f", "ＡＢＣ", "ａ\u0301", "क्षि", "ก็็็็็", "\u0e33", "\u1f3fb", "\U0001f3fb", "\u2066\u2067\u2068",
	}
	for c := range 0x20 {
		p = append(p, "a"+string(rune(c))+"b", string([]byte{byte(0x80 + c)}))
	}
	return p
}

// checkTerminal holds that text is fit for a terminal and no line of it is
// wider than width.
func checkTerminal(t testing.TB, text string, width int) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	for _, l := range strings.Split(text, "\n") {
		marks := 0
		for _, r := range l {
			switch {
			case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r),
				unicode.Is(unicode.Co, r), unicode.Is(unicode.Bidi_Control, r), unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Variation_Selector),
				unicode.IsSpace(r) && r != ' ':
				t.Fatalf("%U reaches the terminal: %q", r, l)
			}
			if unicode.In(r, unicode.Mn, unicode.Me) {
				if marks++; marks > maxMarks {
					t.Fatalf("%d combining marks on one character: %q", marks, l)
				}
				continue
			}
			marks = 0
		}
		if w := textWidth(l); w > width {
			t.Fatalf("%d columns: %q", w, l)
		}
	}
}

// TestHostilePayloads reads what is emitted for payloads, names and texts that
// try to do more than to be read.
func TestHostilePayloads(t *testing.T) {
	payloads := hostilePayloads()
	if len(payloads) < 100 {
		t.Fatalf("only %d", len(payloads))
	}
	for i, p := range payloads {
		for _, w := range []int{60, 80, 101, 160} {
			s, o := hostileScene(p, w)
			o.ASCII, o.Hex, o.Live = i%5 == 0, i%7 == 0, i%2 == 0
			got := timelineOf(t, s, o)
			checkTerminal(t, got, w)
			rows := 0
			for _, l := range strings.Split(got, "\n") {
				if strings.Contains(l, "ACK      ack=77") {
					rows++
				}
			}
			if rows != 1 {
				t.Fatalf("%q breaks the rows:\n%s", p[:min(len(p), 40)], got)
			}
		}
	}
}

// hostileScene puts p wherever something from outside is drawn.
func hostileScene(p string, width int) (*scene, Options) {
	s := newScene("2025-11-20 16:39:16.442830")
	l := s.link(1, "127.0.0.1:37602", "127.0.0.1:3000", 1, 2)
	l.handshake(0, 0.00001)
	l.send(0.1, conn.Server, segment{flags: push, seq: 1, ack: 1, data: p, win: 510})
	l.send(0.2, conn.Client, segment{flags: push, seq: 1, ack: 1, data: "x", win: 510, app: "HTTP GET /" + p})
	l.call(0.3, conn.Call{Name: p, Args: p, Result: p, Data: []byte(p)})
	l.call(0.3, conn.Call{Name: "send", Phase: conn.PhaseReturn, From: conn.Server, Args: p, Result: p, Error: p})
	l.send(0.4, conn.Client, segment{flags: ack, seq: 2, ack: 77, win: 510})
	e := l.event(0.5, conn.TypeWait)
	e.Text = p
	l.end(0.6, conn.Connection{App: p, Verdict: conn.Verdict{Outcome: conn.OutcomeReset, Text: p, Meaning: p, NextStep: p}})
	s.capture(conn.Capture{Fault: p, Findings: []string{p}, Unfollowed: map[string]int64{p: 1}, NotTCP: 1})
	name := p[:min(len(p), 300)]
	return s, Options{
		Width: width, Files: []string{name}, Interface: func(*capture.Frame) string { return name },
		ProcessName: nil,
	}
}

func FuzzTerminal(f *testing.F) {
	for _, p := range []string{"Hello\n", "\x1b[2J", "你好", "\u202e", "e\u0301\u0302\u0303", "\xff\xc3"} {
		f.Add(p, 80)
	}
	f.Fuzz(func(t *testing.T, p string, w int) {
		w = 60 + (w&0x7fffffff)%141
		s, o := hostileScene(p, w)
		checkTerminal(t, timelineOf(t, s, o), w)
	})
}

func TestWrapText(t *testing.T) {
	for _, text := range []string{"", "one", "one two three four", strings.Repeat("x", 50), "  indented text goes on and on", "你好 你好你好你好 你好"} {
		for w := 6; w < 40; w++ {
			lines := wrapText(text, w, 0)
			for _, l := range lines {
				if textWidth(l) > w {
					t.Errorf("%q in %d: %q", text, w, l)
				}
			}
			if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(text), ""); got != want {
				t.Errorf("%q in %d gives %q", text, w, lines)
			}
		}
	}
}

func TestAppendSeconds(t *testing.T) {
	tests := []struct {
		ns    int64
		width int
		want  string
	}{
		{0, 9, "0.000000"}, {1995770000, 9, "1.995770"}, {99999999999, 9, "99.999999"}, {100e9, 9, "100.00000"}, {12345678e9, 9, "12345678"},
		{123456789e9, 9, "123456789"}, {1234567890e9, 9, "234567890"}, {-17000, 9, "-0.000017"}, {-1 << 63, 9, "223372036"}, {5e9, 3, "5.0"},
	}
	for _, tt := range tests {
		if got := string(appendSeconds(nil, time.Duration(tt.ns), tt.width)); strings.TrimPrefix(got, "-") != strings.TrimPrefix(tt.want, "-") || len(got) > tt.width {
			t.Errorf("%d ns in %d columns: %q, want %q", tt.ns, tt.width, got, tt.want)
		}
	}
}

func ExampleNewTimeline() {
	var w bytes.Buffer
	r := NewTimeline(&w, Options{Width: 80})
	for _, e := range chat().events[:3] {
		r.Event(&e)
	}
	r.Close()
	fmt.Print(w.String())
	// Output:
	// connection 1, from 2025-11-20 16:39:16.442830 UTC
	//  7 application  nothing yet                   6 presentation –   5 session –
	//  4 transport    TCP    port 37602 to port 3000
	//  3 network      IPv4   127.0.0.1 to 127.0.0.1, ttl 64
	//  2 data link    Ethernet, no real addresses   1 physical  this machine only
	//   #   seconds L client                                              server
	//   1  0.000000 4 SYN-SENT     ── SYN      seq=0 ───────────────────► ?
	//   2  0.000017 4 ESTABLISHED  ◄─ SYN-ACK  seq=0 ack=1 ────────────── SYN-RECEIVED
	//   3  0.000032 4 │            ── ACK      ack=1 ───────────────────► ESTABLISHED
	//                 handshake complete in 32 µs; seq=0 is ISS 2823569774|1857223169
}
