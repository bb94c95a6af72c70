package conn

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// mistake is where a request breaks the rules of HTTP/1.
type mistake struct {
	line, char int    // from 1; char counts characters
	what       string // "a space before the colon"
	hint       string // how it should be, "" for nothing to add
	typed      string // the line, cut to appTextLimit
}

// diagnosis looks for the first mistake that servers refuse, and the first that
// some of them forgive.
type diagnosis struct {
	strong, weak *mistake
	line         int
	text         []byte // the line at hand
	is11         bool   // the version is HTTP/1.1
	hosts        int
	almost       *mistake // a field whose name is nearly Host
}

// diagnose reads the complete lines of a request's head (RFC 9112, sections 3
// and 5; RFC 9110, sections 5 and 7.2) and returns the first mistake in it. A
// lone LF at the end of a line is none (RFC 9112, section 2.2).
func diagnose(head []byte) (mistake, bool) {
	var d diagnosis
	r := lineReader{b: head}
	ended := false
	for !ended && d.strong == nil {
		line, ok := r.next()
		if !ok {
			break
		}
		d.line, d.text = r.line, line
		switch {
		case r.line == 1:
			d.requestLine()
		case len(line) == 0:
			ended = true
			d.end()
		default:
			d.field()
		}
	}
	switch {
	case d.strong != nil:
		return *d.strong, true
	case d.weak != nil:
		return *d.weak, true
	}
	return mistake{}, false
}

// at makes a mistake at byte i of the line at hand.
func (d *diagnosis) at(i int, what, hint string) *mistake {
	return &mistake{line: d.line, char: utf8.RuneCount(d.text[:i]) + 1, what: what, hint: hint, typed: bounded(d.text)}
}

func (d *diagnosis) refuse(i int, what, hint string) {
	if d.strong == nil {
		d.strong = d.at(i, what, hint)
	}
}

func (d *diagnosis) doubt(i int, what, hint string) {
	if d.weak == nil {
		d.weak = d.at(i, what, hint)
	}
}

// control looks for bytes that a keyboard sends and no line may hold.
func (d *diagnosis) control() bool {
	for i, c := range d.text {
		if c >= 0x20 && c != 0x7f || c == '\t' {
			continue
		}
		switch c {
		case 0x1b:
			d.refuse(i, "an escape byte (0x1b)", "an arrow key was pressed: nc sends it as it is")
		case 0x08, 0x7f:
			d.refuse(i, fmt.Sprintf("a backspace byte (0x%02x)", c), "the correction itself was sent: type the line anew")
		case '\r':
			d.refuse(i, "a carriage return in the middle of the line", "")
		default:
			d.refuse(i, fmt.Sprintf("a control byte (0x%02x)", c), "")
		}
		return true
	}
	return false
}

// requestLine wants METHOD SP TARGET SP VERSION (RFC 9112, section 3).
func (d *diagnosis) requestLine() {
	l := d.text
	switch {
	case d.control():
		return
	case len(l) > 0 && (l[0] == ' ' || l[0] == '\t'):
		d.refuse(0, "a space before the method", "the line begins with the method: GET / HTTP/1.1")
		return
	}
	end := bytes.IndexAny(l, " \t")
	if end < 0 {
		d.oneWord()
		return
	}
	if !d.method(l[:end]) {
		return
	}
	target := end + 1
	if l[end] == '\t' {
		d.refuse(end, "a tab where a space belongs", "one space stands between method, target and version")
		return
	}
	for target < len(l) && (l[target] == ' ' || l[target] == '\t') {
		d.doubt(target, "a second space", "one space stands between method, target and version")
		target++
	}
	d.targetAndVersion(target)
}

// oneWord is for a first line without any space.
func (d *diagnosis) oneWord() {
	l := d.text
	for _, m := range httpMethods {
		if hasPrefix(l, m) && len(l) > len(m) {
			d.refuse(len(m), "no space after "+m, "one space stands between method, target and version: GET / HTTP/1.1")
			return
		}
	}
	d.refuse(0, "this is no request line", "it has three parts: GET / HTTP/1.1")
}

// method checks the first word, and reports whether to go on.
func (d *diagnosis) method(m []byte) bool {
	for _, known := range httpMethods {
		if string(m) == known {
			return true
		}
	}
	for _, known := range httpMethods {
		switch {
		case string(bytes.ToUpper(m)) == known:
			d.refuse(0, fmt.Sprintf("the method %s is not in capitals", m), "methods are case-sensitive: "+known)
		case hasPrefix(m, known) && (m[len(known)] == '/' || m[len(known)] == '*'):
			d.refuse(len(known), "no space after "+known, "one space stands between method, target and version: GET / HTTP/1.1")
		default:
			continue
		}
		return false
	}
	for i, c := range m {
		if !isToken(c) {
			if hasPrefix(m, "HTTP/") {
				i = 0
			}
			d.refuse(i, "the line does not begin with a method", "the order is method, target, version: GET / HTTP/1.1")
			return false
		}
	}
	for _, known := range httpMethods {
		if near(string(bytes.ToUpper(m)), known) {
			d.refuse(0, fmt.Sprintf("%s is no method", bounded(m)), known+" is meant, perhaps")
			return false
		}
	}
	d.doubt(0, fmt.Sprintf("%s is no method that servers know", bounded(m)), "GET asks for a page")
	return true
}

// targetAndVersion checks what follows the method.
func (d *diagnosis) targetAndVersion(i int) {
	l := d.text
	rest := l[i:]
	end := bytes.IndexAny(rest, " \t")
	target := rest
	if end >= 0 {
		target = rest[:end]
	}
	switch {
	case len(target) == 0:
		d.refuse(len(l), "the target is missing", "GET / HTTP/1.1 asks for the first page")
		return
	case hasPrefix(target, "HTTP/"):
		d.refuse(i, "the target is missing before the version", "GET / HTTP/1.1 asks for the first page")
		return
	case !hasPrefix(l, "CONNECT ") && target[0] != '/' && string(target) != "*" && !bytes.Contains(target, []byte("://")):
		d.refuse(i, "the target does not begin with /", "GET /index.html HTTP/1.1")
		return
	}
	if glued := bytes.Index(target, []byte("HTTP/")); end < 0 && glued > 0 && target[0] == '/' {
		d.refuse(i+glued, "no space before the version", "one space stands between method, target and version: GET / HTTP/1.1")
		return
	}
	for j, c := range target {
		if c >= utf8.RuneSelf || noTarget.has(c) {
			d.doubt(i+j, "a character that a target must not have", "it is written as % and two hexadecimal digits")
			break
		}
	}
	if end < 0 {
		d.refuse(len(l), "the version is missing", "GET / HTTP/1.1: without it, it is the HTTP of 1991")
		return
	}
	d.versionAt(i + end + 1)
}

// versionAt checks the last word, which begins at byte i.
func (d *diagnosis) versionAt(i int) {
	l := d.text
	for i < len(l) && (l[i] == ' ' || l[i] == '\t') {
		d.doubt(i, "a second space", "one space stands between method, target and version")
		i++
	}
	v := bytes.TrimRight(l[i:], " \t")
	if len(v) == 0 {
		d.refuse(i, "the version is missing", "GET / HTTP/1.1")
		return
	}
	if len(v) < len(l)-i {
		d.doubt(i+len(v), "a space after the version", "")
	}
	switch string(v) {
	case "HTTP/1.1":
		d.is11 = true
		return
	case "HTTP/1.0":
		return
	case "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0":
		d.refuse(i, string(v)+" is not spoken in text", "by hand, HTTP/1.1 is spoken")
		return
	}
	if j := bytes.LastIndexAny(v, " \t"); j >= 0 && hasPrefix(v[j+1:], "HTTP/") {
		d.refuse(i-1, "a space within the target", "a space in a name is written %20")
		return
	}
	if equalFold(v, "http/1.1") || equalFold(v, "http/1.0") {
		d.refuse(i, "HTTP is not in capitals", "HTTP/1.1")
		return
	}
	const right = "HTTP/1.1"
	for j := 0; j < len(right); j++ {
		if j >= len(v) || v[j] != right[j] {
			d.refuse(i+j, "this is not HTTP/1.1", "write the version as HTTP/1.1")
			return
		}
	}
	d.refuse(i+len(right), "something follows the version", "the line ends with HTTP/1.1")
}

// field checks a line NAME: VALUE (RFC 9112, section 5).
func (d *diagnosis) field() {
	l := d.text
	colon := bytes.IndexByte(l, ':')
	switch {
	case d.control():
		return
	case l[0] == ' ' || l[0] == '\t':
		d.refuse(0, "a space at the beginning of the line", "a header begins with its name: Host: www.example.org")
		return
	case colon < 0:
		d.refuse(len(l), "no colon", "a header is written NAME: VALUE, such as Host: www.example.org")
		return
	case colon == 0:
		d.refuse(0, "no name before the colon", "a header is written NAME: VALUE")
		return
	}
	name := l[:colon]
	for i, c := range name {
		if isToken(c) {
			continue
		}
		switch {
		case len(bytes.TrimRight(name[i:], " \t")) == 0:
			d.refuse(i, "a space before the colon", "the colon follows the name at once: Host: www.example.org")
		case c == ' ' || c == '\t':
			d.refuse(i, "a space in the name of a header", "a header is written NAME: VALUE, such as Host: www.example.org")
		default:
			d.refuse(i, "a character that the name of a header must not have", "")
		}
		return
	}
	value := bytes.TrimSpace(l[colon+1:])
	switch {
	case equalFold(name, "host"):
		d.host(colon, value)
	case equalFold(name, "content-length"):
		for _, c := range value {
			if c < '0' || c > '9' {
				d.refuse(colon+1, "the length is not a number", "")
				return
			}
		}
	case d.almost == nil && len(name) >= 3 && len(name) <= 5 && near(string(bytes.ToUpper(name)), "HOST"):
		d.almost = d.at(0, fmt.Sprintf("%s is not Host", bounded(name)), "HTTP/1.1 asks for a line Host: www.example.org")
	}
}

// host checks the one field that HTTP/1.1 asks for (RFC 9112, section 3.2).
func (d *diagnosis) host(colon int, value []byte) {
	d.hosts++
	at := bytes.Index(d.text, value)
	switch {
	case d.hosts > 1:
		d.refuse(0, "a second Host line", "there must be one")
	case len(value) == 0:
		d.refuse(colon+1, "Host has no value", "it names the server: Host: www.example.org")
	case bytes.Contains(value, []byte("://")):
		d.refuse(at, "Host holds a whole URL", "it takes the name alone: Host: www.example.org")
	default:
		if i := bytes.IndexAny(value, " \t/\\?#@<>\""); i >= 0 {
			d.refuse(max(at, 0)+i, fmt.Sprintf("Host holds %q, which no name has", value[i]), "it takes the name alone: Host: www.example.org")
		}
	}
}

// end is called at the blank line.
func (d *diagnosis) end() {
	if d.hosts > 0 || !d.is11 {
		return
	}
	if d.almost != nil {
		d.strong = d.almost
		return
	}
	d.refuse(0, "the line Host: is missing before this blank one", "HTTP/1.1 asks for it: Host: www.example.org")
}

// isToken reports whether a method or a field name may hold c (RFC 9110,
// section 5.6.2).
func isToken(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || tokenMarks.has(c)
}

// asciiSet is a set of ASCII characters, a bit each.
type asciiSet [2]uint64

func (s asciiSet) has(c byte) bool { return c < utf8.RuneSelf && s[c/64]>>(c%64)&1 == 1 }

// The sets: what a token may have besides letters and digits, and what a target
// must not have.
var (
	tokenMarks = asciiOf("!#$%&'*+-.^_`|~")
	noTarget   = asciiOf("\"<>\\^{}|`")
)

func asciiOf(text string) (s asciiSet) {
	for _, c := range []byte(text) {
		s[c/64] |= 1 << (c % 64)
	}
	return s
}

// nearLimit is how long a word may be that is compared letter by letter.
const nearLimit = 12

// near reports whether typed is want but for one slip of the finger: a letter
// too much, too few, wrong, or two in the wrong order.
func near(typed, want string) bool {
	if len(typed) > nearLimit || typed == want {
		return false
	}
	i := 0
	for i < len(typed) && i < len(want) && typed[i] == want[i] {
		i++
	}
	t, w := typed[i:], want[i:]
	switch {
	case len(t) == len(w) && len(t) > 0 && t[1:] == w[1:]:
		return true
	case len(t) == len(w) && len(t) > 1 && t[0] == w[1] && t[1] == w[0] && t[2:] == w[2:]:
		return true
	case len(t) == len(w)+1 && t[1:] == w, len(w) == len(t)+1 && w[1:] == t:
		return true
	}
	return false
}
