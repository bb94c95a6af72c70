package filter

import (
	"fmt"
	"strings"
)

// parser turns an expression into nodes. The first error ends it: from then
// on there are no more tokens, and what it returns is not used.
type parser struct {
	expr     string
	resolver Resolver
	tok      token // the next one
	last     token // the one before it
	depth    int
	err      *SyntaxError
}

// allow says what may stand in a place of the expression.
type allow uint8

const (
	allowTerm  allow = 1 << iota // a primitive with its own qualifiers
	allowIdent                   // an identifier whose qualifiers carry over
)

// unit is what stands between "and" and "or".
type unit struct {
	span
	n     node
	q     qualifiers // what carries over from it
	ident bool       // no term, an identifier
	group bool       // identifiers in parentheses
	num   arith      // no node yet: a number, to be continued or compared
	plain bool       // that number is one constant
}

func (p *parser) parse() (node, error) {
	if len(p.expr) > MaxExpr {
		p.fail(span{MaxExpr, len(p.expr)}, "the expression is longer than %d bytes", MaxExpr)
		return nil, p.err
	}
	p.tok = scan(p.expr, 0)
	if p.tok.kind == tokEnd {
		return nil, nil
	}
	u := p.exprFrom(p.unit(nothing, allowTerm))
	if p.err == nil && p.tok.kind != tokEnd {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return u.n, nil
}

// next takes the token that is due.
func (p *parser) next() token {
	t := p.tok
	p.last, p.tok = t, scan(p.expr, t.end)
	if p.err != nil {
		p.tok.kind = tokEnd
	}
	return t
}

// fail records the first error.
func (p *parser) fail(at span, format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{
			Expr: p.expr, Offset: at.off, Length: at.end - at.off,
			Msg: fmt.Sprintf(format, args...),
		}
	}
	p.tok.kind = tokEnd
}

func (p *parser) hint(format string, args ...any) {
	if p.err != nil && p.err.Hint == "" {
		p.err.Hint = fmt.Sprintf(format, args...)
	}
}

// enter counts the nesting; every enter has its leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok.span, "nested more than %d deep", maxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) isOp(op string) bool { return p.tok.kind == tokOp && p.tok.text == op }

func (p *parser) isWord(kw keyword) bool {
	return p.tok.kind == tokWord && p.tok.word.kw == kw
}

// expect takes an operator.
func (p *parser) expect(op string) token {
	if !p.isOp(op) && p.err == nil {
		p.unexpected()
		p.hint("%q is missing", op)
	}
	return p.next()
}

// exprFrom parses the rest of an expression whose first unit is u.
func (p *parser) exprFrom(u unit) unit {
	for p.isWord(kwAnd) || p.isWord(kwOr) {
		or := p.next().word.kw == kwOr
		r := p.unit(u.q, allowTerm|allowIdent)
		if p.err != nil {
			return u
		}
		at := u.span.to(r.span)
		u = unit{span: at, n: &logic{span: at, or: or, l: u.n, r: r.n}, q: r.q}
	}
	return u
}

// unit parses one primitive, identifier, comparison or parenthesis.
func (p *parser) unit(q qualifiers, a allow) unit {
	u := p.element(q, a)
	if p.err != nil || u.num == nil {
		return u
	}
	return p.finish(u, q, a)
}

// goOn parses the rest of a number.
func (p *parser) goOn(u unit) unit {
	x := p.arithFrom(placed{u.span, u.num})
	u.span, u.num, u.plain = x.at, x.n, false
	return u
}

// finish makes a node of a number: a comparison, or an identifier.
func (p *parser) finish(u unit, q qualifiers, a allow) unit {
	if p.arithOp() != "" && a&allowTerm != 0 {
		u = p.goOn(u)
	}
	if op := p.relation(); op != "" && a&allowTerm != 0 {
		p.next()
		r := p.arithFrom(p.operand())
		if p.err != nil {
			return u
		}
		at := u.span.to(r.at)
		return unit{span: at, n: &relation{span: at, op: op, l: u.num, r: r.n}, q: nothing}
	}
	if p.err != nil {
		return u
	}
	k, ok := u.num.(*constant)
	if !ok || !u.plain {
		p.unexpected()
		p.hint(`a number is to be compared, as in "len > 100"`)
		return u
	}
	t := token{span: k.span, kind: tokNum, num: k.k, text: p.expr[k.off:k.end]}
	if a&allowIdent == 0 {
		p.bare(t)
		return u
	}
	id := &ident{span: u.span, qualifiers: q, tok: t, bits: -1}
	p.resolve(id)
	return unit{span: u.span, n: id, q: q, ident: true}
}

// element is unit, but a number is returned as such.
func (p *parser) element(q qualifiers, a allow) unit {
	p.enter()
	defer p.leave()
	switch {
	case p.isWord(kwNot):
		not := p.next()
		u := p.unit(q, a)
		if p.err != nil {
			return u
		}
		at := not.span.to(u.span)
		return unit{span: at, n: &negation{at, u.n}, q: u.q, ident: u.ident}
	case p.isOp("("):
		return p.parenthesis(q, a)
	case p.tok.kind == tokNum, a&allowTerm != 0 && (p.isOp("-") || p.isWord(kwLen)):
		plain := p.tok.kind == tokNum
		n := p.operand()
		if p.err != nil {
			return unit{}
		}
		return unit{span: n.at, num: n.n, plain: plain}
	case p.tok.kind == tokWord && a&allowTerm != 0:
		return p.primitive()
	}
	return p.identifier(q, a)
}

// parenthesis parses what begins with "(": an expression, identifiers to
// which qualifiers carry over, or a number.
func (p *parser) parenthesis(q qualifiers, a allow) unit {
	open := p.next()
	u := p.element(q, a)
	if p.err != nil {
		return u
	}
	if u.num != nil {
		if p.arithOp() != "" && a&allowTerm != 0 {
			u = p.goOn(u)
		}
		if p.isOp(")") {
			u.span = open.span.to(p.next().span)
			return u
		}
		if u = p.finish(u, q, a); p.err != nil {
			return u
		}
	}
	if u.ident {
		return p.list(open, u, q)
	}
	u = p.exprFrom(u)
	end := p.expect(")")
	u.span = open.span.to(end.span)
	u.q = q
	return u
}

// list parses the rest of identifiers in parentheses: (80 or 443). The
// language has no parentheses at the beginning of parentheses here.
func (p *parser) list(open token, u unit, q qualifiers) unit {
	if u.group {
		p.fail(u.span, "identifiers are nested in a way that the language does not have")
		p.hint("leave out the inner parentheses, or repeat the qualifiers")
		return u
	}
	for p.isWord(kwAnd) || p.isWord(kwOr) {
		or := p.next().word.kw == kwOr
		r := p.unit(q, allowIdent)
		if p.err != nil {
			return u
		}
		at := u.span.to(r.span)
		u.n = &logic{span: at, or: or, l: u.n, r: r.n}
		u.span = at
	}
	u.span = open.span.to(p.expect(")").span)
	u.group, u.q = true, q
	return u
}

// identifier parses a name or address.
func (p *parser) identifier(q qualifiers, a allow) unit {
	switch p.tok.kind {
	case tokName, tokIPv4, tokIPv6, tokMAC, tokARC:
	default:
		p.unexpected()
		return unit{}
	}
	if a&allowIdent == 0 {
		p.bare(p.tok)
		return unit{}
	}
	t := p.next()
	id := &ident{span: t.span, qualifiers: q, tok: t, bits: -1}
	switch {
	case (t.kind == tokIPv4 || t.kind == tokIPv6) && p.isOp("/"):
		p.next()
		n := p.number()
		id.bits = int(min(n.num, 1<<16))
		id.span = id.span.to(n.span)
	case t.kind == tokIPv4 && p.isWord(kwMask):
		p.next()
		if p.tok.kind != tokIPv4 {
			p.unexpected()
			p.hint("a mask is written as 255.255.255.0")
			return unit{}
		}
		m := p.next()
		id.mask = &m
		id.span = id.span.to(m.span)
	}
	if p.err != nil {
		return unit{}
	}
	p.resolve(id)
	return unit{span: id.span, n: id, q: q, ident: true}
}

// number takes a number without parentheses.
func (p *parser) number() token {
	if p.tok.kind != tokNum {
		p.unexpected()
	}
	return p.next()
}

// optionalNumber takes a number, in any number of parentheses, if there is
// one.
func (p *parser) optionalNumber() (n uint32, has bool, at span) {
	if p.tok.kind != tokNum && !p.isOp("(") {
		return 0, false, span{}
	}
	open := 0
	at = p.tok.span
	for p.isOp("(") {
		p.next()
		if open++; open > maxDepth {
			p.fail(p.tok.span, "nested more than %d deep", maxDepth)
		}
	}
	t := p.number()
	at = at.to(t.span)
	for ; open > 0 && p.err == nil; open-- {
		at = at.to(p.expect(")").span)
	}
	return t.num, true, at
}

// unexpected reports the next token as wrong in its place.
func (p *parser) unexpected() {
	t := p.tok
	switch {
	case p.err != nil:
	case t.kind == tokError:
		p.fail(t.span, "%s", t.msg)
		if t.text == "," {
			p.hint(`"or" stands between alternatives: port 80 or 443`)
		}
	case t.kind == tokEnd && strings.TrimSpace(p.expr[:t.off]) != "":
		p.fail(span{len(p.expr), len(p.expr)}, "the expression ends too early")
	case t.kind == tokEnd:
		p.fail(span{len(p.expr), len(p.expr)}, "there is no expression")
	default:
		p.fail(t.span, "%s is unexpected here", describe(t))
		p.suggest(t)
	}
}

func describe(t token) string {
	switch t.kind {
	case tokNum:
		return "a number"
	case tokName:
		return "a name"
	case tokIPv4, tokIPv6, tokMAC, tokARC:
		return "an address"
	}
	return fmt.Sprintf("%q", t.text)
}

// suggest gives the hint for a token that is wrong in its place.
func (p *parser) suggest(t token) {
	last, next := p.last, scan(p.expr, t.end)
	low := strings.ToLower(t.text)
	w, known := words[low]
	meant := meantWord(low)
	switch {
	case t.kind == tokName && known && low != t.text:
		p.hint("the words of a filter are in lower case: %s", low)
	case t.kind == tokName && last.kind == tokOp && last.text != ")":
		p.hint("%s", p.meantNumber(low))
	case t.kind == tokName && meant != "":
		p.hint("did you mean %s?", meant)
	case t.kind == tokNum && last.word.kw == kwProto && (last.text == "tcp" || last.text == "udp" || last.text == "sctp"):
		p.hint("%s port %s", last.text, t.text)
	case t.kind == tokIPv4 && (last.text == "ip" || last.text == "arp") || t.kind == tokIPv6 && last.text == "ip6":
		p.hint("%s host %s", last.text, t.text)
	case t.kind == tokMAC && last.text == "ether":
		p.hint("ether host %s", t.text)
	case t.kind == tokWord && w.kw == kwProto && (last.text == "proto" || last.text == "protochain"):
		p.hint(`\%s: a word of the language is a name after a backslash`, t.text)
	case t.text == ":" && last.kind == tokIPv4 && next.kind == tokNum:
		p.hint("host %s and port %s", last.text, next.text)
	case t.text == ":" && last.kind == tokNum:
		p.hint("a range of ports is written as portrange first-last")
	case t.text == "%" && last.kind == tokIPv6:
		p.hint("an address stands without its zone: %s", last.text)
	case t.text == "[" && next.kind == tokIPv6:
		p.hint("an address stands without brackets: %s", next.text)
	case t.kind != tokOp && p.ends(last):
		p.hint(`"and" or "or" is missing before it`)
	}
}

// ends reports whether a primitive may end with a token.
func (p *parser) ends(t token) bool {
	switch t.word.kw {
	case kwAnd, kwOr, kwNot, kwSrc, kwDst, kwType, kwMask, kwAddr:
		return false
	}
	return t.kind != tokEnd && (t.kind != tokOp || t.text == ")" || t.text == "]")
}

// meantNumber returns the number that a name stands for if one takes the
// protocol for granted, of which bytes were last asked: tcpflags of
// tcp[flags]; empty where there is none.
func (p *parser) meantNumber(s string) string {
	at, number := -1, ""
	for _, pr := range []string{"tcp", "icmp", "icmp6"} {
		for _, name := range []string{pr + s, pr + "-" + s} {
			i := strings.LastIndex(p.expr[:p.last.end], pr+"[")
			if _, ok := constants[name]; ok && i > at {
				at, number = i, name
			}
		}
	}
	return number
}

// usualWords are those of the language that are typed most, the likelier first.
var usualWords = [...]string{"port", "host", "tcp", "udp", "icmp", "icmp6", "arp", "net", "src", "dst", "and", "not", "portrange", "proto"}

// meantWord returns the usual word that s is one slip of the hand away from.
func meantWord(s string) string {
	for _, w := range usualWords {
		if oneSlip(s, w) {
			return w
		}
	}
	return ""
}

// oneSlip reports whether b is a with one letter too many, too few or another,
// or with two that changed places.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	rest, other := a[i:], b[i:]
	switch len(b) - len(a) {
	case 0:
		return rest != "" && (rest[1:] == other[1:] ||
			len(rest) > 1 && rest[0] == other[1] && rest[1] == other[0] && rest[2:] == other[2:])
	case 1:
		return rest == other[1:]
	}
	return false
}

// bare reports an identifier without a qualifier, where none carries over.
func (p *parser) bare(t token) {
	switch t.kind {
	case tokNum:
		p.fail(t.span, "a number alone says nothing")
		switch {
		case !numeric(t.text):
			p.hint(`a number is to be compared, as in "%s"`, comparedAs(t.text))
		case t.num <= 65535:
			p.hint("port %s", t.text)
		}
	case tokMAC:
		p.fail(t.span, "an Ethernet address alone says nothing")
		p.hint("ether host %s", t.text)
	case tokName:
		p.bareName(t)
	default:
		p.fail(t.span, "an address alone says nothing")
		p.hint("host %s", t.text)
	}
}

func (p *parser) bareName(t token) {
	low := strings.ToLower(t.text)
	w := words[low]
	if w.kw != kwNone && low == t.text {
		p.fail(t.span, "after a backslash this is a name, and a name alone says nothing")
		p.hint("%s", t.text)
		return
	}
	p.fail(t.span, "%q is no word of the filter language", clip(t.text, 40))
	if w.kw != kwNone {
		p.hint("the words of a filter are in lower case: %s", low)
	} else if _, _, ok := lookupService(t.text); ok {
		p.hint("port %s", t.text)
	} else if _, ok := constants["tcp-"+low]; ok {
		p.hint("%s", comparedAs("tcp-"+low))
	} else if displayFilter(low) {
		p.hint("this is of Wireshark's display filters; here it is tcp port 80, host 10.0.0.1, tcp[tcpflags] & tcp-syn != 0")
	} else if w := meantWord(low); w != "" {
		p.hint("did you mean %s? A name needs host before it: host %s", w, t.text)
	} else {
		p.hint("host %s", clip(t.text, 40))
	}
}

// comparedAs returns an example of what the name of a number is for.
func comparedAs(name string) string {
	pr, _, value := strings.Cut(name, "-")
	switch {
	case !value:
		for _, field := range []string{"flags", "type", "code"} {
			pr = strings.TrimSuffix(pr, field)
		}
		return pr + "[" + name + "] != 0"
	case pr == "tcp":
		return "tcp[tcpflags] & " + name + " != 0"
	}
	return pr + "[" + pr + "type] = " + name
}

// displayFilter reports whether a name is a field of Wireshark's, as far as its
// protocol says so.
func displayFilter(name string) bool {
	pr, field, ok := strings.Cut(name, ".")
	switch pr {
	case "tcp", "udp", "ip", "ipv6", "eth", "icmp", "arp", "frame":
		return ok && field != ""
	}
	return false
}
