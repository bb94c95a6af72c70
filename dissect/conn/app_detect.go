package conn

import (
	"bytes"
	"unicode/utf8"
)

// Ports of protocols whose bytes do not say what they are (IANA's registry).
const (
	portFTP  = 21
	portSSH  = 22
	portSMTP = 25
	portDNS  = 53
	portSubm = 587

	portHTTPS = 443
)

// detect looks at the first bytes of a direction, or at the beginning of a
// segment where it is out of step, and picks the mode.
func (a *app) detect(side Side, b []byte) int {
	d := &a.dirs[side]
	start := d.mode == modeStart
	switch a.proto { // the other end's bytes may have told already
	case protoHTTP2:
		if start {
			return a.enter(side, protoHTTP2, modeFrames2)
		}
	case protoDNS:
		if start {
			return a.enter(side, protoDNS, modeDNS)
		}
	}
	switch b[0] {
	case 20, 21, 22, 23:
		if n, ok := a.detectTLS(side, b, start); ok {
			return n
		}
	case 'H', 'S', 'P', '2', '4', '5', '+', '*', '@':
		if n, ok := a.detectWords(side, b, start); ok {
			return n
		}
	}
	if n, ok := a.detectRequest(side, b, start); ok {
		return n
	}
	if a.port == portDNS && start && a.proto == protoNone && looksLikeDNS(b) {
		return a.enter(side, protoDNS, modeDNS)
	}
	return a.fallBack(side, b, start)
}

// enter sets protocol and mode.
func (a *app) enter(side Side, p appProto, m appMode) int {
	a.proto = p
	a.dirs[side].mode = m
	a.settle(side.Other())
	return parseAgain
}

// settle lets go what the other end said before it was known what is spoken.
func (a *app) settle(side Side) {
	d := &a.dirs[side]
	if d.mode == modeTyped {
		a.drop(d)
		d.mode = modePlain
	}
}

// fallBack takes bytes that belong to no protocol known here.
func (a *app) fallBack(side Side, b []byte, start bool) int {
	d := &a.dirs[side]
	text := isText(b)
	if start && (text && a.answered(side, b) || !text && a.wordless(side, b)) {
		return len(b)
	}
	switch {
	case !start: // still out of step
		if a.proto == protoNone {
			return a.plain(b)
		}
		return len(b)
	case !text || len(b) > appTypedLimit || a.dirs[side.Other()].mode != modeStart || side != a.first:
		d.mode = modePlain
	default:
		d.mode = modeTyped
	}
	if d.mode == modePlain {
		a.settle(side.Other())
	}
	return parseAgain
}

// plain takes bytes that nobody needs to understand.
func (a *app) plain(b []byte) int {
	if !a.binary && !isText(b) {
		a.binary = true
	}
	return len(b)
}

// typed keeps text until the other end answers: it may be a request that was
// typed wrongly. It always asks for more, and so the bytes are put aside.
func (a *app) typed(side Side, b []byte) int {
	d := &a.dirs[side]
	if len(b) > appTypedLimit || !isText(b[max(0, len(b)-appSample):]) {
		d.mode = modePlain
		return parseAgain
	}
	seen := 0
	if d.work != nil {
		seen = d.work.scanned
	}
	if seen == 0 {
		a.requestAt = a.budget.frame
	}
	if a.requestEnd == 0 && headEnd(b, seen) > 0 {
		a.requestEnd = a.budget.frame
	}
	return 0
}

// isText reports whether the first bytes of b look like text: printable
// characters in UTF-8, white space, and what a keyboard can send.
func isText(b []byte) bool {
	if len(b) > appSample {
		b = b[:appSample]
		for i := 0; i < utf8.UTFMax && len(b) > 0 && b[len(b)-1] >= utf8.RuneSelf; i++ {
			b = b[:len(b)-1] // a character that the cut may have gone through
		}
	}
	ascii := true
	for _, c := range b {
		switch {
		case c >= utf8.RuneSelf:
			ascii = false
		case c < 0x20 && (c < '\a' || c > '\r') && c != 0x1b:
			return false
		}
	}
	return ascii || utf8.Valid(b) || utf8.Valid(trimPartial(b))
}

// trimPartial leaves out a character at the end that is not complete.
func trimPartial(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; c >= utf8.RuneSelf && utf8.RuneStart(c) {
			return b[:len(b)-i]
		}
	}
	return b
}

// detectWords knows protocols by their first word.
func (a *app) detectWords(side Side, b []byte, start bool) (int, bool) {
	switch {
	case hasPrefix(b, "HTTP/1."):
		a.isHTTP(side.Other())
		a.dirs[side].enterHead()
		return parseAgain, true
	case hasPrefix(b, "PRI * HTTP/2"):
		return a.enter(side, protoHTTP2, modeFrames2), true
	case hasPrefix(b, "SSH-"):
		return a.enter(side, protoSSH, modeSSH), true
	}
	if start && len(b) < len("HTTP/1.") && (isPrefixOf(b, "HTTP/1.") || isPrefixOf(b, "SSH-")) {
		return 0, true
	}
	if !start || a.proto != protoNone || side != Server && a.spoke && a.first != side {
		return 0, false
	}
	if p := a.greeting(b); p != protoNone && a.first == side {
		a.dirs[side.Other()].mode = modeLines
		return a.enter(side, p, modeLines), true
	}
	return 0, false
}

// greeting tells the protocol of a server that speaks first.
func (a *app) greeting(b []byte) appProto {
	line, _, _ := bytes.Cut(b[:min(len(b), 512)], []byte("\n"))
	switch {
	case hasPrefix(line, "+OK"):
		return protoPOP3
	case hasPrefix(line, "* OK"), hasPrefix(line, "* PREAUTH"):
		return protoIMAP
	case hasPrefix(line, "554"), hasPrefix(line, "421"): // no service (RFC 5321, section 3.1)
		switch a.port {
		case portSMTP, portSubm:
			return protoSMTP
		case portFTP:
			return protoFTP
		}
	case hasPrefix(line, "220 "), hasPrefix(line, "220-"):
		upper := bytes.ToUpper(line)
		switch {
		case bytes.Contains(upper, []byte("SMTP")):
			return protoSMTP
		case bytes.Contains(upper, []byte("FTP")), a.port == portFTP:
			return protoFTP
		case a.port == portSMTP, a.port == portSubm:
			return protoSMTP
		}
	}
	return protoNone
}

// lines tells the first line of a segment; what follows needs no order.
func (a *app) lines(side Side, b []byte) int {
	if b[0] == recordHandshake && len(b) > 1 && b[1] == 3 { // after STARTTLS
		for i := range a.dirs {
			if d := &a.dirs[i]; d.mode == modeLines {
				d.mode = modeLost
			}
		}
		a.agreed, a.tongues = a.tongues[Server], [2]tongue{}
		a.overTLS(side, tongueHello)
		if t := a.trouble; t != nil {
			t.refusal, t.refusedAt = "", 0 // what was refused before matters no more
		}
		return a.enter(side, protoTLS, modeRecord)
	}
	d := &a.dirs[side]
	if d.flags&dirMail != 0 {
		return a.mail(d, b)
	}
	line, _, _ := bytes.Cut(b[:min(len(b), appTextLimit+2)], []byte("\n"))
	if a.proto == protoSMTP && side == Server {
		a.dirs[Client].flags &^= dirMail
		if hasPrefix(line, "354") {
			a.dirs[Client].flags |= dirMail
		}
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	a.noteLine("", line)
	if side == Server && a.saysNo(line) {
		t := a.troubled()
		t.refusal, t.refusedAt = bounded(line), a.budget.frame
	}
	return len(b)
}

// saysNo reports whether a server's line is a refusal: 4xx and 5xx of SMTP and
// FTP (RFC 5321, section 4.2.1; RFC 959, section 4.2), -ERR of POP3, NO and BAD
// of IMAP.
func (a *app) saysNo(line []byte) bool {
	switch a.proto {
	case protoSMTP, protoFTP:
		return len(line) > 3 && (line[0] == '4' || line[0] == '5') && line[1] >= '0' && line[1] <= '9' && line[2] >= '0' && line[2] <= '9' && (line[3] == ' ' || line[3] == '-')
	case protoPOP3:
		return hasPrefix(line, "-ERR")
	case protoIMAP:
		_, rest, _ := bytes.Cut(line, []byte(" "))
		return hasPrefix(rest, "NO ") || hasPrefix(rest, "BAD ")
	}
	return false
}

// mail takes a message, to the line with nothing but a full stop (RFC 5321,
// section 4.1.1.4). An end that a segment cuts in two is told by the answer.
func (a *app) mail(d *appDir, b []byte) int {
	const end = "\r\n.\r\n"
	i := bytes.Index(b, []byte(end))
	if i < 0 {
		a.note("message")
		return len(b)
	}
	d.flags &^= dirMail
	a.note("message, to its end")
	return i + len(end)
}

// ssh tells the banner (RFC 4253, section 4.2), and the key exchange by the
// number of its first message (section 12), as long as that is in the clear.
func (a *app) ssh(side Side, b []byte) int {
	d := &a.dirs[side]
	if hasPrefix(b, "SSH-") {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			if len(b) < 255 {
				return 0
			}
			i = len(b) - 1
		}
		a.noteLine("", bytes.TrimSuffix(b[:i], []byte("\r")))
		return i + 1
	}
	if len(b) >= 6 && d.flags&dirEncrypted == 0 {
		switch b[5] {
		case 20:
			a.note("key exchange")
			d.flags |= dirEncrypted
		}
	}
	return len(b)
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// isPrefixOf reports whether s begins with b.
func isPrefixOf(b []byte, s string) bool { return len(b) <= len(s) && s[:len(b)] == string(b) }
