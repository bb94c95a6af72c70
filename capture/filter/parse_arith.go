package filter

// arithOp returns the next token if it is an operator between numbers.
func (p *parser) arithOp() string {
	if p.tok.kind != tokOp || precedence(p.tok.text) < 0 {
		return ""
	}
	return p.tok.text
}

// relation returns the next token if it compares.
func (p *parser) relation() string {
	if p.tok.kind != tokOp {
		return ""
	}
	switch p.tok.text {
	case "<", ">", "<=", ">=", "=", "==", "!=":
		return p.tok.text
	}
	return ""
}

// precedence of an operator, 0 for the two that have none in libpcap's
// grammar, -1 for what is no operator.
func precedence(op string) int {
	switch op {
	case "%", "^":
		return 0
	case "|":
		return 1
	case "&":
		return 2
	case "<<", ">>":
		return 3
	case "+", "-":
		return 4
	case "*", "/":
		return 5
	}
	return -1
}

// reduces reports whether top is applied before op, which stands to its
// right. % and ^ were given no precedence in libpcap's grammar, and so always
// take all that stands to their right: 7 % 2 * 5 is 7 % 10.
func reduces(top, op string) bool {
	a, b := precedence(top), precedence(op)
	return a > 0 && b > 0 && a >= b
}

// placed is a number with where it stands, the parentheses around it included; n is
// nil after an error.
type placed struct {
	at span
	n  arith
}

// apply is l op r.
func apply(op string, l, r placed) placed {
	at := l.at.to(r.at)
	return placed{at, &operation{at, op, l.n, r.n}}
}

// arithFrom parses the rest of a number that begins with first.
func (p *parser) arithFrom(first placed) placed {
	p.enter()
	defer p.leave()
	operands := []placed{first}
	var ops []string
	reduce := func() {
		op, n := ops[len(ops)-1], len(operands)
		ops = ops[:len(ops)-1]
		operands = append(operands[:n-2], apply(op, operands[n-2], operands[n-1]))
	}
	for op := p.arithOp(); op != "" && p.err == nil; op = p.arithOp() {
		for len(ops) > 0 && reduces(ops[len(ops)-1], op) {
			reduce()
		}
		p.next()
		ops = append(ops, op)
		operands = append(operands, p.operand())
	}
	for len(ops) > 0 && p.err == nil {
		reduce()
	}
	return operands[0]
}

// operand parses a number as far as no operator stands beside it.
func (p *parser) operand() placed {
	p.enter()
	defer p.leave()
	switch {
	case p.tok.kind == tokNum:
		t := p.next()
		return placed{t.span, &constant{t.span, t.num}}
	case p.isWord(kwLen):
		t := p.next()
		return placed{t.span, &pktLen{t.span}}
	case p.isOp("-"):
		t := p.next()
		x := p.operand()
		for op := p.arithOp(); p.err == nil && op != "" && precedence(op) == 0; op = p.arithOp() {
			// % and ^ take what they can get, from a minus sign too.
			p.next()
			if r := p.arithFrom(p.operand()); p.err == nil {
				x = apply(op, x, r)
			}
		}
		at := t.span.to(x.at)
		return placed{at, &minus{at, x.n}}
	case p.isOp("("):
		open := p.next()
		x := p.arithFrom(p.operand())
		x.at = open.span.to(p.expect(")").span)
		return x
	case p.isWord(kwProto):
		return p.load(p.next())
	}
	p.unexpected()
	return placed{}
}

// load parses what follows the protocol in proto[index:size].
func (p *parser) load(t token) placed {
	p.expect("[")
	if p.err != nil {
		return placed{}
	}
	l := &load{span: t.span, proto: proto(t.word.value), size: 1}
	l.index = p.arithFrom(p.operand()).n
	if p.isOp(":") {
		p.next()
		l.size = p.number().num
	}
	end := p.expect("]")
	l.span = l.span.to(end.span)
	return placed{l.span, l}
}
