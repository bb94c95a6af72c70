package filter

// wanField is a field of ATM's pseudo-header or of SS7 that is compared by its
// name. Those that begin with H are of high-speed links (ITU-T Q.703, annex A).
type wanField uint8

const (
	fieldVPI wanField = iota // virtual path
	fieldVCI                 // virtual channel
	fieldSIO                 // service information octet
	fieldOPC                 // originating point code
	fieldDPC                 // destination point code
	fieldSLS                 // signalling link selection
	fieldHSIO
	fieldHOPC
	fieldHDPC
	fieldHSLS
)

func (f wanField) String() string {
	return [...]string{"vpi", "vci", "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc",
		"hsls"}[f]
}

// field parses what a field is compared with: a number, an operator and a
// number, or numbers in parentheses with "or" between them. No number in
// parentheses of its own is one here, and there is no arithmetic.
func (p *parser) field(t token) unit {
	f := wanField(t.word.value)
	if p.isOp("(") {
		return p.fieldList(t.span, f)
	}
	op := "="
	if p.relation() != "" {
		op = p.next().text
	}
	n := p.number()
	return p.term(&fieldTest{t.span.to(n.span), f, op, n.num})
}

func (p *parser) fieldList(at span, f wanField) unit {
	p.next()
	var all node
	for p.err == nil {
		n := p.number()
		var one node = &fieldTest{at.to(n.span), f, "=", n.num}
		if all == nil {
			all = one
		} else {
			all = &logic{span: at.to(n.span), or: true, l: all, r: one}
		}
		if !p.isWord(kwOr) {
			break
		}
		p.next()
	}
	p.expect(")")
	return p.term(all)
}
