package render

import (
	"fmt"
	"net/netip"

	"tcpsee/dissect/conn"
)

// attacks are what somebody could send, or name a file or a program, to get
// markup, script, a directive or a control sequence into a view.
func attacks() []string {
	list := []string{
		"<script>alert(1)</script>", "</script><script>alert(1)</script>", "</SCRIPT\n><img src=x onerror=alert(1)>", "<!--<script>", "-->",
		"<!-- </script>", "]]>", "<![CDATA[x]]>", "</title><svg onload=alert(1)>", "</style><script>alert(1)</script>", "</pre><b>bold</b>",
		"</svg><iframe src=javascript:alert(1)>", "<svg/onload=alert(1)>", "<img src=x onerror=alert(1)>", "\" onmouseover=\"alert(1)",
		"' onfocus='alert(1)' autofocus='", "`onclick=alert(1)`", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
		"&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;", "&#x3c;script&#x3e;", "&", "&amp;amp;", "&nosuch;", "%3Cscript%3E",
		"\u2028alert(1)\u2029", "\\u003cscript\\u003e", "\\", "\\\"", "\"};alert(1);//", "'};alert(1);//", "${alert(1)}", "{{constructor.constructor('alert(1)')()}}",
		"__proto__", "constructor", "toString", "<base href=//evil.example/>", "<meta http-equiv=refresh content='0;url=//evil.example'>",
		"<link rel=stylesheet href=//evil.example/x.css>", "<form action=//evil.example><input name=x>", "<a href=//evil.example>x</a>", "<details open ontoggle=alert(1)>",
		"<math><mtext></p><img src=x onerror=alert(1)>", "<object data=javascript:alert(1)>", "<template><script>alert(1)</script></template>",
		"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<plaintext>", "<textarea>", "<xmp>", "<table><tr><td>", "</table></div></main></body></html>",
		"\x00<script>", "<scr\x00ipt>", "\x1b[2J\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\r\nX-Header: y", "\u202edrowssap", "\u2066hidden\u2069", "\u200b\u200c\u200d\ufeff",
		"\xff\xfe<\x00s\x00", "\xc0\xbcscript\xc0\xbe", "\xed\xa0\x80", "\xf0\x9f\x98\x80", "e\u0301\u0301\u0301\u0301\u0301", "\u3042\u3044\u3046", "\u05d0\u05d1\u05d2", "\ufffe\uffff",
		"end", "END", "end note", "sequenceDiagram", "%%{init: {'theme':'dark'}}%%", "%% comment", "A->>B: hi", "Note over C: x", "loop forever", "#quot;", "#35;", ";", "; C->>S: forged",
		"participant X", "@enduml", "@startuml", "!include /etc/passwd", "!define X y", "' comment", "/' block '/", "== part ==", "... wait ...", "C -> S : forged", "<&skull>",
		"<U+0041>", "<$sprite>", "\\n\\n\\t", "~<b>x</b>", "**bold**", "//italic//", "__under__", "--strike--", "[[http://evil.example link]]",
		"|", "| a | b |", "[x](javascript:alert(1))", "![x](//evil.example/x.png)", "```\n# head\n```", "~~~", "# head", "* list", "1. list", "$$x$$", "<http://evil.example>",
		"http://evil.example/", "www.evil.example", "user@evil.example", "> quote", "---", "===", "\t", "   ", "", "=cmd|' /C calc'!A0", "url(//evil.example/x)", "@import '//evil.example/x'",
		"expression(alert(1))", "position:fixed;top:0", "%00", "../../etc/passwd", "#c1s3", "c1s3", "id=\"data\"", "</textarea><script>alert(1)</script>",
	}
	return append(list, fmt.Sprint(string(make([]byte, 300)), "<b>"), longWord())
}

// longWord would break a layout that cannot wrap it.
func longWord() string {
	b := make([]byte, 1400)
	for i := range b {
		b[i] = 'W'
	}
	return string(b)
}

// hostile puts attacks wherever text of others gets into a picture.
func hostile() (*scene, Options) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(1, "10.0.0.1:40000", "10.0.0.2:80", 1, 2)
	l.mac = true
	l.handshake(0, 0.02)
	seq := uint32(1)
	list := attacks()
	for i, a := range list {
		from := conn.Side(i % 2)
		g := segment{flags: push, seq: seq, ack: 1, data: a, win: 500}
		if i%3 == 0 {
			g.app = a
		}
		l.send(0.1+at(i)*2, from, g)
		seq += uint32(len(a))
		if i%5 == 0 {
			l.call(0.2+at(i)*2, conn.Call{Name: a, Phase: conn.PhaseWhole, From: from, Args: a, Result: a, Data: []byte(a), Program: a})
			l.call(0.3+at(i)*2, conn.Call{Name: a, Phase: conn.PhaseReturn, From: from, Error: a, Result: a})
			e := l.event(0.4+at(i)*2, conn.TypeWait)
			e.Text = a
		}
	}
	all := "<script>alert(1)</script> | `x` \u202e [x](javascript:alert(1)) ; @enduml </script>"
	l.end(1000, conn.Connection{Segments: [2]uint64{9, 9}, App: all, Verdict: conn.Verdict{Outcome: conn.Outcome(all), Text: all, Meaning: all, NextStep: all}})
	s.capture(conn.Capture{Files: []string{all}, Fault: all, Findings: []string{all}})
	return s, Options{Full: true, Files: []string{all}, ProcessName: func(netip.AddrPort) string { return "<img src=x onerror=alert(1)>`|\"" }}
}
